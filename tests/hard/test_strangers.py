"""Files from strangers run no code, write nowhere but where the user said, and fill no memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
import torch
import zarr
from torch import nn

import xrdlib
from xrdlib.data import CurveFormatError, Dataset, DatasetConfig, DatasetError, build_dataset, load_curve
from xrdlib.data.readers.dispatch import MAX_BYTES
from xrdlib.training import (
    Replicas,
    Study,
    StudyError,
    export_study,
    load_npz_dataset,
    run_study,
    track_checkpoints,
)
from xrdlib.training.study import load_network

SOURCE = Path(xrdlib.__file__).parent


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that only a payload creates."""
    return tmp_path / "unpickled"


@pytest.fixture
def payload(marker: Path) -> bytes:
    """A pickle that runs a command when it is read."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(marker),)

    content = pickle.dumps(Evil())
    pickle.loads(content)  # it does run
    assert marker.exists()
    marker.rmdir()
    return content


@pytest.fixture
def copy(study: Study, tmp_path: Path) -> Path:
    return Path(shutil.copytree(study.path, tmp_path / "copy"))


def as_npy(payload: bytes) -> bytes:
    """An array of objects, whose pickle is the payload."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return buffer.getvalue() + payload


def as_npz(payload: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("parameters", "curves"):
            archive.writestr(f"{name}.npy", as_npy(payload))
    return buffer.getvalue()


def as_torch(payload: bytes) -> bytes:
    """What `torch.save` writes, with the payload as its pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", payload)
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", b"little")
    return buffer.getvalue()


DISGUISES = {"pickle": bytes, "npy": as_npy, "npz": as_npz, "torch": as_torch, "gzip": gzip.compress}


@pytest.mark.parametrize("disguise", list(DISGUISES))
class TestNothingIsUnpickled:
    def test_as_weights(self, copy: Path, payload: bytes, marker: Path, disguise: str) -> None:
        (copy / "checkpoints" / "epoch_0002.safetensors").write_bytes(DISGUISES[disguise](payload))
        (copy / "hashes.json").unlink()
        with pytest.raises(StudyError, match=r"epoch_0002.safetensors: not a safetensors file"):
            Study.open(copy).network(2)
        with pytest.raises(StudyError, match=r"start.safetensors"):
            load_network(copy / "start.safetensors", 101, Study.open(copy).config.network)
        assert not marker.exists()

    @pytest.mark.parametrize(
        "name",
        [
            "config.toml",
            "history.csv",
            "hashes.json",
            "predictions.zarr/zarr.json",
            "predictions.zarr/truth/zarr.json",
            "predictions.zarr/truth/c/0/0",
            "predictions.zarr/prediction/c/1/0/0",
        ],
    )
    def test_in_a_study(self, copy: Path, payload: bytes, marker: Path, disguise: str, name: str) -> None:
        (copy / name).write_bytes(DISGUISES[disguise](payload))
        with pytest.raises(StudyError, match=rf"^{copy}") as error:
            Study.open(copy)
        assert "\n" not in str(error.value)
        assert not marker.exists()

    def test_beside_a_study(self, copy: Path, payload: bytes, marker: Path, disguise: str) -> None:
        for name in (
            "data.pkl",
            "checkpoints/epoch_0009.pt",
            "predictions.zarr/truth/c/0/1",
            "conftest.py",
            "xrdlib.py",
        ):
            (copy / name).write_bytes(DISGUISES[disguise](payload))
        (copy / "hashes.json").unlink()
        study = Study.open(copy)
        study.predict(np.zeros((1, 101)))
        export_study(study, copy.with_name("export"))
        assert not marker.exists()

    def test_as_what_a_training_resumes_from(self, copy: Path, payload: bytes, marker: Path, disguise: str) -> None:
        config = Study.open(copy).config
        (copy / "history.csv").write_text("".join((copy / "history.csv").read_text().splitlines(keepends=True)[:-1]))
        (copy / "resume.safetensors").write_bytes(DISGUISES[disguise](payload))
        with pytest.raises(StudyError, match=r"resume.safetensors: cannot be resumed from"):
            run_study(config, copy, workers=1, progress=False)
        assert not marker.exists()

    def test_as_a_curve(self, tmp_path: Path, payload: bytes, marker: Path, disguise: str) -> None:
        for name in ("curve.txt", "curve.xrdml", "curve.ras", "curve.npy", "curve.npz"):
            (tmp_path / name).write_bytes(DISGUISES[disguise](payload))
            with pytest.raises(CurveFormatError, match=rf"^{tmp_path / name}: ") as error:
                load_curve(tmp_path / name, step=4.0)
            assert "\n" not in str(error.value)
        assert not marker.exists()

    def test_as_somebody_s_run(self, tmp_path: Path, payload: bytes, marker: Path, disguise: str) -> None:
        file = tmp_path / "data.npz"
        file.write_bytes(DISGUISES[disguise](payload))
        with pytest.raises(StudyError, match=rf"^{file}: "):
            load_npz_dataset(file)
        with pytest.raises(StudyError, match=rf"^{file}: "):
            track_checkpoints(nn.Linear(5, 7), [file], np.ones((2, 5)))
        assert not marker.exists()

    def test_in_a_dataset(self, tmp_path: Path, payload: bytes, marker: Path, disguise: str) -> None:
        config = DatasetConfig(size=4, chunk_size=2, layer_thickness=400.0, scan_points=61)
        whole = build_dataset(tmp_path / "d", config, workers=1, progress=False).path
        for name in ("zarr.json", "angle/zarr.json", "reflectivity/c/0/0", "done/c/1", "parameters/c/0/0"):
            folder = Path(shutil.copytree(whole, tmp_path / "copy"))
            (folder / name).write_bytes(DISGUISES[disguise](payload))
            with pytest.raises(DatasetError, match=rf"^{folder}"):
                Dataset.open(folder).check()
            shutil.rmtree(folder)
        assert not marker.exists()


class TestOfZarr:
    """Its second format knows filters that unpickle; newer numcodecs refuse them, but xrdlib leans on none."""

    @pytest.fixture
    def allowed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Numcodecs as it was."""
        import numcodecs.pickles

        if hasattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE"):
            monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True)

    def plant(self, store: Path, names: tuple[str, ...], payload: bytes, attributes: dict[str, Any]) -> None:
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir()
        (store / ".zgroup").write_text('{"zarr_format": 2}')
        (store / ".zattrs").write_text(json.dumps(attributes))
        for name in names:
            (store / name).mkdir()
            array = {
                "zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "|O", "compressor": {"id": "pickle"},
                "filters": [{"id": "vlen-utf8"}], "fill_value": "", "order": "C",
            }  # fmt: skip
            (store / name / ".zarray").write_text(json.dumps(array))
            (store / name / ".zattrs").write_text('{"_ARRAY_DIMENSIONS": ["x"]}')
            (store / name / "0").write_bytes(payload)

    @pytest.mark.usefixtures("allowed")
    @pytest.mark.filterwarnings("ignore")
    def test_the_filter_does_unpickle(self, tmp_path: Path, payload: bytes, marker: Path) -> None:
        """Or the tests below would show nothing."""
        self.plant(tmp_path / "s.zarr", ("truth",), payload, {})
        with pytest.raises(Exception, match=r".*"):
            zarr.open_group(tmp_path / "s.zarr", mode="r")["truth"][:]  # type: ignore[index]
        assert marker.exists()

    @pytest.mark.usefixtures("allowed")
    def test_it_is_not_asked(self, copy: Path, tmp_path: Path, payload: bytes, marker: Path) -> None:
        config = Study.open(copy).config
        arrays = ("prediction", "experiment_prediction", "truth", "training")
        self.plant(copy / "predictions.zarr", arrays, payload, {"config": config.to_dict()})
        with pytest.raises(StudyError, match=r"predictions.zarr: predictions are missing or damaged"):
            Study.open(copy)
        arrays = ("val_loss", "prediction", "experiment_prediction", "truth", "varied")
        self.plant(tmp_path / "r.zarr", arrays, payload, {"config": config.to_dict()})
        with pytest.raises(StudyError, match=r"r.zarr: replicas are missing or damaged"):
            Replicas.open(tmp_path / "r.zarr")
        names = ("parameters", "disorder", "peak_in_scan", "reflectivity", "angle", "weight", "done")
        self.plant(tmp_path / "d.zarr", names, payload, {"format": 2, "config": config.dataset.to_dict()})
        for call in (Dataset.open, lambda path: build_dataset(path, config.dataset, workers=1, progress=False)):
            with pytest.raises(DatasetError, match=r"d.zarr: not a dataset of xrdlib"):
                call(tmp_path / "d.zarr")
        assert not marker.exists()


def test_nothing_in_the_source_could() -> None:
    """What unpickles or runs text does not occur in it."""
    forbidden = re.compile(
        r"pickle\.loads?\(|Unpickler|marshal\.|shelve\.|joblib|read_pickle|yaml\.|torch\.jit\.load|allow_pickle=True"
        r"|weights_only=False|shell=True|os\.system|(?<![\w.])(eval|exec)\(|extractall"
    )
    reading = {re.compile(r"torch\.load\("): "weights_only=True", re.compile(r"np\.load\("): "allow_pickle=False"}
    files = list(SOURCE.rglob("*.py"))
    assert len(files) > 200
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            assert not forbidden.search(line), f"{file}:{number}: {line}"
            for call, needed in reading.items():
                assert not call.search(line) or needed in line, f"{file}:{number}: {line}"


NAMES = [
    "../../evil",
    "absolute",  # becomes the path of a folder
    "..",
    "a\\b/c",
    "[/]",
    "[bold]%s{0}~",
    "x\0y",
    "n" * 5000,
    "\x1b[2Jx",
    "a\nb",
]


class TestNames:
    @pytest.mark.slow
    @pytest.mark.parametrize("name", NAMES)
    def test_write_nothing_outside(self, study: Study, tmp_path: Path, run: Any, name: str) -> None:
        """A study of a stranger whose name, experiment and parent are called like paths, through every command."""
        given = tmp_path / "given" / "in" / "here"
        name = str(tmp_path / "evil") if name == "absolute" else name
        shutil.copytree(study.path, given / "s", ignore=shutil.ignore_patterns("dataset.zarr"))
        config = study.config.to_dict()
        config["name"] = name
        config["experiments"][1]["name"] = f"{name}1"
        (given / "s" / "config.toml").write_text(tomli_w.dumps(config), encoding="utf-8")
        zarr.open_group(given / "s" / "predictions.zarr", mode="r+").attrs["config"] = config
        (given / "s" / "hashes.json").unlink()
        before = {p for p in tmp_path.rglob("*") if given / "out" not in p.parents}
        folder, out = str(given / "s"), given / "out"
        out.mkdir()
        commands = [
            ("study", "show", folder),
            ("study", "check", folder),
            ("study", "export", folder, str(out / "export")),
            ("diagnose", "lab", *f"--study {folder} --only coverage --out {out}/report --json {out}/r.json".split()),
            ("compare", folder, folder, "--out", str(out / "compared")),
            ("show", folder),
        ]  # fmt: skip
        for command in commands:
            code, _, err = run(*command)
            assert code == (0 if name.isprintable() and len(name) < 100 else 2), err
            assert "Traceback" not in err
            if code == 2:
                assert re.fullmatch(r"xrdlib: [ -~]*config.toml: [ -~]*name: [ -~]* given, [ -~]* expected\n", err)
            else:
                assert (out / "report" / "report.html").is_file() or command[0] != "diagnose"
        after = {p for p in tmp_path.rglob("*") if p != out and out not in p.parents}
        assert after == before

    @pytest.mark.parametrize("name", ["../x", "/etc/x", "a\0b"])
    def test_a_reference_study_s_name(self, name: str) -> None:
        for call in (xrdlib.reference_study, xrdlib.training.reference_replicas):
            with pytest.raises(StudyError, match=r"no such"):
                call(name)


class TestLinks:
    @pytest.mark.parametrize(
        "name",
        [
            "history.csv",
            "history.csv.partial",
            "resume.safetensors.partial",
            "checkpoints/epoch_0003.safetensors.partial",
            "hashes.json.partial",
            "dataset.zarr/done/c/0",
        ],
    )
    def test_a_training_writes_through_none(self, copy: Path, tmp_path: Path, name: str) -> None:
        config = Study.open(copy).config
        lines = (copy / "history.csv").read_text().splitlines(keepends=True)
        (copy / "history.csv").write_text("".join(lines[:-1]))  # unfinished
        mine = tmp_path / "mine.txt"
        mine.write_text("mine")
        (copy / name).unlink(missing_ok=True)
        (copy / name).symlink_to(mine)
        with pytest.raises(StudyError, match=rf"^{copy / name}: a link; nothing is written through links"):
            run_study(config, copy, workers=1, progress=False)
        assert mine.read_text() == "mine"

    @pytest.mark.parametrize("name", ["checkpoints", "predictions.zarr", "dataset.zarr", "dataset.zarr.partial"])
    def test_nor_into_another_folder(self, copy: Path, tmp_path: Path, name: str) -> None:
        config = Study.open(copy).config
        lines = (copy / "history.csv").read_text().splitlines(keepends=True)
        (copy / "history.csv").write_text("".join(lines[:-1]))
        mine = tmp_path / "mine"
        mine.mkdir()
        shutil.rmtree(copy / name, ignore_errors=True)
        (copy / name).symlink_to(mine)
        with pytest.raises(StudyError, match=rf"^{copy / name}: a link"):
            run_study(config, copy, workers=1, progress=False)
        assert list(mine.iterdir()) == []

    def test_a_dataset(self, tmp_path: Path) -> None:
        config = DatasetConfig(size=4, chunk_size=2, layer_thickness=400.0, scan_points=61)
        folder = build_dataset(tmp_path / "d", config, workers=1, progress=False).path
        shutil.rmtree(folder / "reflectivity" / "c")
        shutil.rmtree(folder / "done" / "c")
        (tmp_path / "mine").mkdir()
        (folder / "reflectivity" / "c").symlink_to(tmp_path / "mine")
        with pytest.raises(DatasetError, match=r"reflectivity/c: a link"):
            build_dataset(folder, config, workers=1, progress=False)
        assert list((tmp_path / "mine").iterdir()) == []

    def test_a_draft_that_is_a_link_is_replaced(self, tmp_path: Path) -> None:
        """A new study in a folder where a kill, or a stranger, left a draft."""
        from xrdlib._disk import write_whole

        mine = tmp_path / "mine.txt"
        mine.write_text("mine")
        (tmp_path / "a.txt.partial").symlink_to(mine)
        write_whole(tmp_path / "a.txt", b"new")
        assert (tmp_path / "a.txt").read_bytes() == b"new"
        assert not (tmp_path / "a.txt").is_symlink()
        assert mine.read_text() == "mine"


class TestBombs:
    XML = '<?xml version="1.0"?>{}<xrdMeasurements>{}</xrdMeasurements>'

    @pytest.mark.parametrize(
        "doctype",
        [
            "<!DOCTYPE x ["
            + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "lol"}">' for i in range(10))
            + "]>",
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        ],
    )
    def test_entities(self, tmp_path: Path, doctype: str) -> None:
        file = tmp_path / "bomb.xrdml"
        for content in ("&e9;", "&e;", ""):
            file.write_text(self.XML.format(doctype, content))
            with pytest.raises(CurveFormatError, match=r"document type or entities"):
                load_curve(file)

    def test_depth(self, tmp_path: Path) -> None:
        (tmp_path / "deep.xrdml").write_text(self.XML.format("", "<a>" * 100_000))
        with pytest.raises(CurveFormatError, match=r"nested deeper than 50 levels"):
            load_curve(tmp_path / "deep.xrdml")

    @pytest.mark.parametrize("head", [b"", b"*RAS_DATA_START\n", b"<?xml version='1.0'?>"])
    def test_gzip(self, tmp_path: Path, head: bytes) -> None:
        file = tmp_path / "bomb.gz"
        with gzip.open(file, "wb", compresslevel=9) as out:
            out.write(head)
            for _ in range(MAX_BYTES // 2**20 + 8):
                out.write(b" " * 2**20)
        assert file.stat().st_size < 200_000
        with pytest.raises(CurveFormatError, match=r"larger than 64 MiB; a single curve is expected"):
            load_curve(file)

    def test_gzip_in_gzip(self, tmp_path: Path) -> None:
        (tmp_path / "x.gz").write_bytes(gzip.compress(gzip.compress(b"1 2\n")))
        with pytest.raises(CurveFormatError, match=r"compressed twice"):
            load_curve(tmp_path / "x.gz")

    def test_a_dataset_that_says_it_is_larger_than_it_is(self, tmp_path: Path) -> None:
        file = tmp_path / "bomb.npz"
        with zipfile.ZipFile(file, "w") as archive:
            for name in ("parameters", "curves"):
                buffer = io.BytesIO()
                header = {"descr": "<f8", "fortran_order": False, "shape": (10**12, 7)}
                np.lib.format.write_array_header_1_0(buffer, header)
                archive.writestr(f"{name}.npy", buffer.getvalue() + b"\0" * 56)
        with pytest.raises(StudyError, match=rf"^{file}: "):
            load_npz_dataset(file)

    def test_a_safetensors_header_that_says_it_is_larger_than_it_is(self, copy: Path) -> None:
        file = copy / "checkpoints" / "epoch_0002.safetensors"
        for size in (2**62, 2**40, 200_000_000):
            file.write_bytes(size.to_bytes(8, "little") + b"{}")
            with pytest.raises(StudyError, match=r"not a safetensors file"):
                Study.open(copy).network(2)


def test_torch_files_are_read_without_code(tmp_path: Path, payload: bytes, marker: Path) -> None:
    """Beside good weights, too."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(marker),)

    torch.save({"model": nn.Linear(5, 7).state_dict(), "extra": Evil()}, tmp_path / "x.pt")
    with pytest.raises(StudyError, match=r"holds Python objects"):
        track_checkpoints(nn.Linear(5, 7), [tmp_path / "x.pt"], np.ones((2, 5)))
    assert not marker.exists()
