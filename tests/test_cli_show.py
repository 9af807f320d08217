"""``xrdlib show``: what it prints and writes, and one clear line for what it cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import xrdlib
from xrdlib.data import LAB_EXPERIMENT, DatasetConfig, build_dataset, load_curve
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training import reference_study

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def omega(tmp_path: Path) -> Path:
    """The lab's experiment as counts over omega in degrees."""
    scan = Scan(-300.0, 4.0, 420)
    counts = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(38.0, 0.2, scale=6e5, background=120.0))
    counts = np.random.default_rng(0).poisson(counts)
    path = tmp_path / "omega [A].txt"
    np.savetxt(path, np.c_[25.5 - scan.angle[::-1] / 3600, counts[::-1]], fmt="%.7f %d")
    return path


def test_table_sentences_and_files(run: Run, omega: Path, tmp_path: Path) -> None:
    reading = ("--unit", "degree", "--reverse")
    code, out, err = run("show", omega.name, *reading, "--out", "report", "--json", "r.json", "--save", "c.txt")
    assert (code, err) == (0, "")
    table = out[: out.index("\n- ")]
    assert max(map(len, table.splitlines())) <= 80
    assert "omega [A].txt" in table
    assert "points           420" in table
    assert "on the positive side, an expanded layer's" in out
    assert "The network of study measured can read it" in out
    assert "Curve: c.txt\nJSON: r.json\nFigure: report/figures/measured.png and measured.pdf\n" in out
    assert {p.name for p in (tmp_path / "report" / "figures").iterdir()} == {"measured.png", "measured.pdf"}
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["schema"] == "xrdlib.show/1"
    assert result["xrdlib_version"] == xrdlib.__version__
    assert result["command"].startswith("xrdlib show 'omega [A].txt' --unit degree")
    assert result["metadata"]["reversed"] is True
    assert result["metadata"]["unit"] == "degree"
    assert result["layer"]["side"] == "positive"
    assert result["network"]["study"] == "measured"


def test_saved_curve_is_the_same_curve_without_options(run: Run, omega: Path, tmp_path: Path) -> None:
    assert run("show", omega.name, "--unit", "degree", "--reverse", "--save", "c.txt", "--json", "a.json")[0] == 0
    first, again = load_curve(omega, unit="degree", reverse=True), load_curve(tmp_path / "c.txt")
    np.testing.assert_array_equal(first.angle, again.angle)
    np.testing.assert_array_equal(first.intensity, again.intensity)
    code, out, _ = run("show", "c.txt", "--json", "b.json")
    assert code == 0
    assert "c.txt, saved from omega [A].txt" in out
    a, b = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    for key in ("range", "background_range", "layer", "network"):
        assert a[key] == b[key]


def test_what_is_wrong_with_a_reading_is_said(run: Run, omega: Path) -> None:
    out = run("show", omega.name, "--unit", "degree")[1]
    assert "on the negative side" in out
    assert "Warning: the layer seems to lie at negative angles" in out
    out = run("show", omega.name)[1]
    assert "Warning: the scan spans" in out
    assert "cannot read it: it covers" in out


def test_study_of_the_network(run: Run, omega: Path) -> None:
    reading = ("--unit", "degree", "--reverse")
    assert "as its training curves are" in run("show", omega.name, *reading)[1]
    out = run("show", omega.name, *reading, "--study", "lab")[1]
    assert "as none of its training curves is" in out


def test_studies_and_datasets_are_shown_by_their_commands(run: Run, tmp_path: Path) -> None:
    folder = str(reference_study("lab").path)
    assert run("show", "lab") == run("study", "show", "lab")
    assert run("show", folder) == run("study", "show", folder)
    build_dataset(
        tmp_path / "curves", DatasetConfig(size=200, sampling="uniform", scan_step=40.0, scan_points=40), workers=1
    )
    shown = run("dataset", "show", "curves")[1]  # after what building printed
    assert "check" in shown
    assert shown.endswith(run("show", "curves")[1])


def test_folder_that_is_no_dataset(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = run("dataset", "show", "empty")
    assert (code, out) == (2, "")
    assert err == "xrdlib: empty: not a dataset of xrdlib; 'xrdlib dataset build' makes one\n"


def test_what_cannot_be_used_is_one_line(run: Run, omega: Path, tmp_path: Path) -> None:
    name = omega.name
    before = omega.read_bytes()
    (tmp_path / "short.txt").write_text("1\n2\n3\n")
    (tmp_path / "folder").mkdir()
    for arguments, message in (
        (("nowhere.txt",), "nowhere.txt: no such file"),
        (("folder",), "folder: a folder; give the file with the curve in it"),
        (("short.txt", "--step", "4"), "short.txt: 3 points"),
        (("short.txt",), "give --step in arcsec"),
        ((name, "--study", "nowhere"), "nowhere: no such study folder"),
        ((name, "--json", "no/r.json"), "the folder no does not exist"),
        ((name, "--save", "no/c.txt"), "the folder no does not exist"),
        ((name, "--save", name), "the curve's own file"),
        ((name, "--json", str(omega)), "the curve's own file"),
        ((name, "--json", "a", "--save", "./a"), "the same file as --json"),
        ((name, "--save", "folder"), "a folder; a file expected"),
        ((name, "--out", "short.txt"), "short.txt: a file, not a folder"),
        (("lab", "--step", "4"), "--step: has no meaning for lab, a study"),
        (("lab", "--json", "r.json"), "--json: has no meaning for lab, a study"),
        (("lab", "--study", "lab"), "--study: has no meaning for lab, a study"),
    ):
        code, out, err = run("show", *arguments)
        assert (code, out) == (2, ""), arguments
        assert message in err
        assert err.count("\n") == 1
    assert omega.read_bytes() == before
    assert not (tmp_path / "r.json").exists()
