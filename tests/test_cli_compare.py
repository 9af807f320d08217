"""``xrdlib compare``: what it prints and writes, and one clear line for what it cannot use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training import reference_study

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(run: Run) -> Run:
    """Run ``xrdlib compare``."""
    return partial(run, "compare")


def test_two_studies(run: Run, tmp_path: Path) -> None:
    folder = str(reference_study("measured").path)
    code, out, err = run("lab", folder, "lab", "--json", "r.json", "--out", "figures")
    assert (code, err) == (0, "")
    table = out[: out.index("\n- ")]
    assert max(map(len, table.splitlines())) <= 80
    assert "+2.15 (" in table  # grid test set, whole in its cell
    assert "measured errs by" in out
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["schema"] == "xrdlib.compare/1"
    assert result["command"].startswith("xrdlib compare lab ")
    assert [s["name"] for s in result["studies"]] == ["lab", "measured", "lab (2)"]
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {"studies.png", "studies.pdf"}


def test_experiments_by_name_numbers_and_file(run: Run, tmp_path: Path) -> None:
    curve = simulate(LAB_EXPERIMENT, scan=Scan(-280.0, 4.0, 400), instrument=Instrument(38, 0.2, background=2e-4))
    np.savetxt(tmp_path / "curve.txt", curve, fmt="%.5e")
    asked = ["dense", "0.008 0.001 5200e-8 3500e-8 0.0025 3000e-8 -50e-8", "curve.txt"]
    options = [text for one in asked for text in ("--experiment", one)]
    assert run("lab", "measured", *options, "--cm", "--step", "4")[2].startswith("xrdlib: --cm: has no meaning for")
    options[3] = "0.008 0.001 5200 3500 0.0025 3000 -50"
    code, _, err = run("lab", "measured", *options, "--step", "4", "--json", "r.json")
    assert (code, err) == (0, "")
    result = json.loads((tmp_path / "r.json").read_text())
    assert list(result["studies"][1]["targets"]) == ["dense", "given", "curve.txt"]
    assert result["studies"][0]["targets"]["curve.txt"]["error_percent"] is None


def test_what_cannot_be_used_is_one_line(run: Run, tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    shutil.copytree(reference_study("lab").path, unfinished)
    lines = (unfinished / "history.csv").read_text().splitlines(keepends=True)
    (unfinished / "history.csv").write_text("".join(lines[:-1]))
    for arguments, message in (
        (("lab",), "studies: 1 given, two or more expected"),
        (("lab", "nowhere"), "nowhere: no such study folder"),
        (("lab", "unfinished"), "79 of 80 epochs"),
        (("lab", "measured", "--experiment", "foo"), "no such file and no experiment of that name"),
        (("lab", "measured", "--experiment", "dense", "--step", "4"), "--step: has no meaning without an --experiment"),
        (("lab", "measured", "--cm"), "--cm: has no meaning without an --experiment"),
        (("lab", "measured", "--json", "no/r.json"), "the folder no does not exist"),
        (("lab", "measured", "--out", "unfinished/config.toml"), "a file, not a folder"),
    ):
        code, _, err = run(*arguments)
        assert code == 2
        assert message in err
        assert err.count("\n") == 1
