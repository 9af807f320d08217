"""What was damaged or edited is named, whatever file it is, and never becomes another number."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import zarr
from safetensors.torch import load_file, save_file

from xrdlib.data import Dataset, build_dataset
from xrdlib.training import Replicas, Study, StudyError, check_study, export_study, run_study
from xrdlib.training.hashes import HASHES, read_hashes
from xrdlib.training.reference import REFERENCE_STUDIES, reference_study


@pytest.fixture
def copy(study: Study, tmp_path: Path) -> Path:
    """A copy of a finished study that may be damaged."""
    return Path(shutil.copytree(study.path, tmp_path / "copy"))


def flip(file: Path, at: float = 0.5) -> None:
    """One bit, at a fraction of the file."""
    content = bytearray(file.read_bytes())
    content[int(at * (len(content) - 1))] ^= 4
    file.write_bytes(bytes(content))


def covered(folder: Path) -> list[str]:
    found = read_hashes(folder)
    assert found is not None
    return sorted(found)


def use_everything(folder: Path) -> list[Any]:
    """All numbers that a diagnosis may take from a study."""
    study = Study.open(folder)
    found = [study.history.to_numpy(), study.training_parameters, study.final]
    for name in study.test_sets:
        found += study.test_predictions(name)
    for experiment in study.config.experiments:
        found += [study.experiment_predictions(experiment.name), study.experiment_errors(experiment.name)]
    return [*found, study.predict(np.zeros((1, study.config.dataset.scan_points)))]


def same(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


class TestOfAFinishedStudy:
    def test_hashes_cover_what_a_diagnosis_reads(self, study: Study) -> None:
        names = covered(study.path)
        kinds = {"config.toml", "history.csv", "checkpoints", "predictions.zarr"}
        assert {name.split("/")[0] for name in names} == kinds
        assert sum(name.startswith("checkpoints/") for name in names) == 3
        assert sum("prediction/c/" in name for name in names) == 6

    @pytest.mark.parametrize("at", [0.0, 0.37, 0.5, 1.0])
    def test_a_flipped_bit_in_any_file(self, study: Study, tmp_path: Path, at: float) -> None:
        """Named by `check`; by everything else an error, or (a comment, a blank) the very same numbers."""
        right, refused = use_everything(study.path), 0
        names = covered(study.path)
        for name in names:
            folder = Path(shutil.copytree(study.path, tmp_path / "s", ignore=shutil.ignore_patterns("dataset.zarr")))
            flip(folder / name, at)
            with pytest.raises(StudyError) as error:
                check_study(Study.open(folder))
            assert str(folder) in str(error.value)
            assert "\n" not in str(error.value)
            text, found = None, None
            try:
                found = use_everything(folder)
            except StudyError as why:
                text = str(why)
            if text is None:
                assert same(found, right), name
            else:
                refused += 1
                assert str(folder) in text
                assert "\n" not in text
            shutil.rmtree(folder)
        assert refused >= len(names) - 1  # all but a word of config.toml that says nothing

    @pytest.mark.parametrize("keep", [0, 7, 100, -1])
    def test_truncated_weights(self, copy: Path, keep: int) -> None:
        file = copy / "checkpoints" / "epoch_0002.safetensors"
        file.write_bytes(file.read_bytes()[:keep])
        for call in (lambda: Study.open(copy).network(2), lambda: check_study(Study.open(copy))):
            with pytest.raises(StudyError, match=r"epoch_0002.safetensors"):
                call()

    def test_weights_of_another_epoch(self, copy: Path) -> None:
        """Good weights, at the wrong place."""
        files = [copy / "checkpoints" / f"epoch_{n:04d}.safetensors" for n in (1, 2)]
        shutil.copyfile(files[0], files[1])
        assert Study.open(copy).network(1)
        with pytest.raises(
            StudyError, match=r"changed checkpoints/epoch_0002.safetensors\); take the study from where"
        ):
            Study.open(copy).network(2)

    def test_weights_that_were_not_there(self, copy: Path) -> None:
        (copy / "checkpoints" / "epoch_0002.safetensors").rename(copy / "checkpoints" / "epoch_0004.safetensors")
        with pytest.raises(StudyError, match=r"added checkpoints/epoch_0004"):
            Study.open(copy).network(4)
        with pytest.raises(
            StudyError, match=r"missing checkpoints/epoch_0002.safetensors; added checkpoints/epoch_0004"
        ):
            check_study(Study.open(copy))

    def test_a_number_of_the_history(self, copy: Path) -> None:
        file = copy / "history.csv"
        file.write_text(file.read_text().replace("0.", "0.1", 1))
        with pytest.raises(StudyError, match=r"^.*copy: not as it was when it was finished \(changed history.csv\)"):
            Study.open(copy)

    def test_a_configuration_edited_by_hand(self, copy: Path) -> None:
        """A value is refused at once; a comment changes nothing and is only named."""
        file = copy / "config.toml"
        text = file.read_text()
        file.write_text(text.replace("learning_rate = 0.002", "learning_rate = 0.003"))
        with pytest.raises(StudyError, match=r"training.learning_rate = 0.002 \(asked: 0.003\)"):
            Study.open(copy)
        file.write_text(f"# mine\n{text}")
        with pytest.raises(StudyError, match=r"changed config.toml"):
            check_study(Study.open(copy))

    def test_edited_in_both_places(self, copy: Path) -> None:
        (copy / "config.toml").write_text((copy / "config.toml").read_text().replace("seed = 7", "seed = 8", 1))
        group = zarr.open_group(copy / "predictions.zarr", mode="r+")
        group.attrs["config"] = {**group.attrs["config"], "seed": 8}  # type: ignore[dict-item]
        with pytest.raises(StudyError, match=r"changed predictions.zarr/zarr.json"):
            Study.open(copy)

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b"[1]", b'{"format": 1}', b'{"format": 1, "sha256": 3}', b"\xff\xfe"]
    )
    def test_hashes_that_are_none(self, copy: Path, content: bytes) -> None:
        (copy / HASHES).write_bytes(content)
        with pytest.raises(StudyError, match=rf"^{copy / HASHES}: damaged"):
            Study.open(copy)

    def test_hashes_of_another_format(self, copy: Path) -> None:
        (copy / HASHES).write_text(json.dumps({"format": 2, "sha256": {}}))
        with pytest.raises(StudyError, match=r"hashes.json: format 2, this xrdlib reads format 1"):
            Study.open(copy)


class TestWithoutHashes:
    """As studies were before there were hashes, and as they are while they are trained: checksums are in the chunks."""

    @pytest.fixture
    def bare(self, copy: Path) -> Path:
        (copy / HASHES).unlink()
        return copy

    def test_it_is_said(self, bare: Path, run: Any) -> None:
        assert check_study(Study.open(bare)).n_files is None
        code, out, _ = run("study", "check", str(bare))
        assert code == 0
        assert "no hashes of its files ('xrdlib study export' makes a copy that has them)" in out

    @pytest.mark.parametrize(
        "name", ["prediction/c/1/0/0", "experiment_prediction/c/2/0/0", "truth/c/0/0", "training/c/0/0"]
    )
    @pytest.mark.parametrize("how", ["flip", "lose", "cut"])
    def test_a_chunk(self, bare: Path, name: str, how: str) -> None:
        file = bare / "predictions.zarr" / name
        if how == "flip":
            flip(file)
        elif how == "cut":
            file.write_bytes(file.read_bytes()[:-5])
        else:
            file.unlink()
        with pytest.raises(StudyError, match=rf"^{bare / 'predictions.zarr'}: ") as error:
            Study.open(bare)
        assert "\n" not in str(error.value)

    def test_weights_that_are_not_finite(self, bare: Path) -> None:
        file = bare / "checkpoints" / "epoch_0002.safetensors"
        weights = load_file(file)
        name = next(n for n in weights if weights[n].ndim == 2)
        weights[name][0, 0] = torch.nan
        save_file(weights, file)
        for call in (lambda: Study.open(bare).network(2), lambda: check_study(Study.open(bare))):
            with pytest.raises(StudyError, match=r"epoch_0002.safetensors: weights that are not finite numbers"):
                call()

    def test_weights_that_do_not_give_the_predictions(self, bare: Path) -> None:
        file = bare / "checkpoints" / "epoch_0002.safetensors"
        weights = load_file(file)
        name = next(n for n in reversed(weights) if weights[n].shape == (7,))
        weights[name] += 0.01
        save_file(weights, file)
        with pytest.raises(StudyError, match=r"weights and stored predictions disagree by 1\.0"):
            check_study(Study.open(bare))


class TestFormats:
    @pytest.mark.parametrize("version", [0, 2, "1", None])
    def test_a_study_of_another_format(self, copy: Path, version: object) -> None:
        zarr.open_group(copy / "predictions.zarr", mode="r+").attrs["format"] = version
        with pytest.raises(
            StudyError, match=rf"predictions.zarr: format {version} of a study, this xrdlib reads format 1"
        ):
            Study.open(copy)

    def test_predictions_in_an_older_zarr_format(self, copy: Path) -> None:
        shutil.rmtree(copy / "predictions.zarr")
        group = zarr.create_group(copy / "predictions.zarr", zarr_format=2, attributes={"config": {}})
        group.create_array("prediction", data=np.zeros((3, 40, 7)))
        with pytest.raises(StudyError, match=r"predictions.zarr: predictions are missing or damaged"):
            Study.open(copy)

    def test_a_dataset_in_an_older_zarr_format(self, tmp_path: Path) -> None:
        zarr.create_group(tmp_path / "d", zarr_format=2, attributes={"format": 2, "config": {}})
        with pytest.raises(ValueError, match=rf"^{tmp_path / 'd'}: not a dataset of xrdlib"):
            Dataset.open(tmp_path / "d")

    def test_a_training_on_a_damaged_dataset(self, study: Study, tmp_path: Path) -> None:
        folder = tmp_path / "d"
        build_dataset(folder, study.config.dataset, workers=1, progress=False)
        flip(folder / "reflectivity" / "c" / "1" / "0")
        with pytest.raises(ValueError, match=r"reflectivity: chunk 1 \(samples 20 to 39\) is damaged"):
            run_study(study.config, tmp_path / "s", dataset=Dataset.open(folder), progress=False)


class TestCheck:
    def test_good(self, study: Study, random_study: Study) -> None:
        for one in (study, random_study):
            found = check_study(one)
            assert found.n_files == len(covered(one.path))
            assert found.n_checkpoints == 3
            assert found.difference < 0.01
            predictions = 3 * (40 + 2) * 7 + 40 * 7 + 54 * 7 + 3 * 4
            weights = sum(v.numel() for n in (1, 2, 3) for v in load_file(one._file(n)).values())
            assert found.n_numbers == predictions + weights

    def test_a_copy_has_hashes_of_its_own(self, study: Study, tmp_path: Path) -> None:
        small = export_study(study, tmp_path / "small", every=2)
        assert set(covered(small.path)) <= set(covered(study.path))
        assert check_study(small).n_files == len(covered(small.path))

    def test_a_study_without_weights(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(1)
        from xrdlib.data import LAB_EXPERIMENT, sample

        true = sample(20, "grid", seed=1)
        study = Study.from_predictions(
            tmp_path / "s",
            val_loss=[2.0, 1.0],
            training=sample(50, "grid", seed=2),
            test=(true + rng.normal(size=(2, 20, 7)) * 1e-5, true),
            experiments={"lab": (np.tile(LAB_EXPERIMENT.to_array(), (2, 1)), LAB_EXPERIMENT)},
        )
        found = check_study(study)
        assert (found.n_checkpoints, found.difference) == (0, 0.0)
        assert found.n_files == len(covered(study.path))

    @pytest.mark.parametrize("name", ["lab", "measured"])
    def test_the_shipped_ones(self, name: str) -> None:
        found = check_study(reference_study(name))
        assert found.n_files is not None
        assert found.n_files > 150

    def test_every_shipped_folder_has_hashes(self) -> None:
        for folder in REFERENCE_STUDIES.iterdir():
            if folder.suffix == ".zarr":
                assert zarr.open_group(folder, mode="r").attrs["sha256"]
            else:
                assert covered(folder)

    def test_the_command(self, copy: Path, run: Any) -> None:
        code, out, _ = run("study", "check", str(copy))
        assert code == 0
        assert f"{copy}: {len(covered(copy))} files as they were when the study was finished" in out
        assert "stored numbers, all of them finite" in out
        flip(copy / "checkpoints" / "epoch_0002.safetensors", 0.9)
        code, _, err = run("study", "check", str(copy))
        assert code == 2
        assert err.startswith(f"xrdlib: {copy}: not as it was when it was finished (changed checkpoints/epoch_0002")
        assert len(err.splitlines()) == 1


class TestReplicas:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        return Path(shutil.copytree(REFERENCE_STUDIES / "lab_weighted_replicas.zarr", tmp_path / "r.zarr"))

    def test_a_flipped_bit_in_any_file(self, copy: Path) -> None:
        for file in sorted(f for f in copy.rglob("*") if f.is_file() and f != copy / "zarr.json"):
            content = file.read_bytes()
            flip(file, 0.6)
            with pytest.raises(StudyError, match=rf"^{copy}"):
                Replicas.open(copy)
            file.write_bytes(content)
        assert Replicas.open(copy).runs[0] == "base"

    def test_an_edited_configuration(self, copy: Path) -> None:
        group = zarr.open_group(copy, mode="r+")
        group.attrs["config"] = {**group.attrs["config"], "seed": 8}  # type: ignore[dict-item]
        with pytest.raises(StudyError, match=r"not as it was when it was written \(configuration\)"):
            Replicas.open(copy)


def test_dataset_check_and_repair(run: Any, tmp_path: Path) -> None:
    """The command: good, damaged and named, repaired, built again."""
    build = ("dataset", "build", "d.zarr", "--size", "1200", "--workers", "1")
    assert run(*build)[0] == 0
    whole = {f: f.read_bytes() for f in (tmp_path / "d.zarr").rglob("*") if f.is_file()}
    code, out, _ = run("dataset", "check", "d.zarr")
    assert code == 0
    assert "d.zarr: 3 chunks, all whole" in out
    flip(tmp_path / "d.zarr" / "reflectivity" / "c" / "1" / "0")
    (tmp_path / "d.zarr" / "peak_in_scan" / "c" / "2").unlink()
    code, _, err = run("dataset", "check", "d.zarr")
    assert code == 2
    assert err.startswith("xrdlib: d.zarr: 2 of 3 chunks are damaged (1, 2); 'xrdlib dataset check d.zarr --repair'")
    assert run("dataset", "check", "d.zarr", "--repair")[0] == 0
    assert run("dataset", "check", "d.zarr")[0] == 2  # not built yet
    assert run(*build)[0] == 0
    assert {f: f.read_bytes() for f in (tmp_path / "d.zarr").rglob("*") if f.is_file()} == whole
