"""The options on reading a curve's file: the same for every command that takes one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from xrdlib.cli.reading import as_options
from xrdlib.data import LAB_EXPERIMENT
from xrdlib.simulation import Scan, simulate

Run = Callable[..., tuple[int, str, str]]
PEAK = 25.4


@pytest.fixture
def two_scans(tmp_path: Path) -> Path:
    """A RAS file: the lab's experiment, and the same over half of the angles."""
    counts = 6e4 * np.asarray(simulate(LAB_EXPERIMENT)) / np.max(simulate(LAB_EXPERIMENT)) + 60
    omega = PEAK - Scan().angle / 3600
    scans = []
    for part in (slice(None), slice(350)):
        rows = "\n".join(f"{x:.7f} {y:.0f} 1.0" for x, y in zip(omega[part], counts[part], strict=True))
        scans.append(f'*MEAS_SCAN_AXIS_X "Omega"\n*RAS_INT_START\n{rows}\n*RAS_INT_END')
    path = tmp_path / "two.ras"
    path.write_text("\n".join(["*RAS_DATA_START", *scans, "*RAS_DATA_END"]))
    return path


@pytest.mark.usefixtures("two_scans")
def test_a_scan_of_an_instruments_file_is_diagnosed(run: Run, tmp_path: Path) -> None:
    arguments = ("diagnose", "two.ras", "--only", "bins", "--study", "lab", "--json", "r.json")
    code, _, err = run(*arguments, "--scan", "1")
    assert (code, err) == (0, "")
    facts = json.loads((tmp_path / "r.json").read_text())["experiment"]["curve"]
    assert (facts["n_points"], facts["warnings"]) == (701, [])
    assert facts["step"] == pytest.approx(Scan().step, rel=1e-4)
    code, _, err = run(*arguments, "--scan", "3")
    assert code == 2
    assert "--scan 3 given; 1 to 2 expected" in err


@pytest.mark.usefixtures("two_scans")
@pytest.mark.parametrize(
    ("option", "value"), [("--step", "4"), ("--unit", "degree"), ("--skip", "1"), ("--decimal", ",")]
)
def test_what_the_file_says_itself_is_refused(run: Run, option: str, value: str) -> None:
    code, _, err = run("diagnose", "two.ras", "--study", "lab", option, value)
    assert code == 2
    assert f"{option} {value}" in err
    assert "a RAS file says it itself" in err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--scan", "1"),
        ("--unit", "degree"),
        ("--columns", "0,1"),
        ("--skip", "1"),
        ("--separator", "tab"),
        ("--decimal", ","),
        ("--peak", "3"),
        ("--reverse", None),
    ],
)
def test_options_without_a_file_are_refused(run: Run, option: str, value: str | None) -> None:
    for command, words in (
        (("diagnose", "lab"), f"{option}: has no meaning for 'lab'"),
        (("remedy", "weight", "--out", "there"), f"{option}: has no meaning without an --experiment"),
    ):
        code, _, err = run(*command, option, *([] if value is None else [value]))
        assert code == 2
        assert words in err


def test_commas_that_could_be_either_are_read_as_told(run: Run, tmp_path: Path) -> None:
    counts = 6e4 * np.asarray(simulate(LAB_EXPERIMENT)) / np.max(simulate(LAB_EXPERIMENT)) + 60
    lines = [f"{x:.3f} {y:.3f}".replace(".", ",") for x, y in zip(Scan().angle, counts, strict=True)]
    (tmp_path / "mine.txt").write_text("\n".join(lines))
    code, told, err = run("show", "mine.txt", "--separator", " ", "--decimal", ",")
    assert (code, err) == (0, "")
    assert "701" in told
    (tmp_path / "tabs.txt").write_text("\n".join(lines).replace(" ", "\t"))
    assert run("show", "tabs.txt", "--separator", "tab", "--decimal", ",")[0] == 0
    code, _, err = run("show", "mine.txt", "--separator", ",", "--decimal", ",")
    assert (code, "separator and decimal are both ','" in err) == (2, True)


def test_python_arguments_in_texts_become_options() -> None:
    for text, expected in (
        ("3 columns; say which, for example columns=(0, 1)", "3 columns; say which, for example --columns 0,1"),
        ("columns=(2,) given", "--columns 2 given"),
        ("give unit='degree'", "give --unit degree"),
        ("decimal=',' given, but", "--decimal , given, but"),
        ("is it the right column (columns=)?", "is it the right column (--columns)?"),
        ("leave step= out, set unit=, or give peak=", "leave --step out, set --unit, or give --peak"),
        ("give reverse=True (2theta: two_theta=True)", "give --reverse (2theta: --two-theta)"),
    ):
        assert as_options(text) == expected
