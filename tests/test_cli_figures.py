"""``xrdlib figures``: what it writes and prints, and one clear line for what it cannot use."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(run: Run) -> Run:
    """Run ``xrdlib figures``."""
    return partial(run, "figures")


def test_some_figures_at_one_width(run: Run, tmp_path: Path) -> None:
    code, out, err = run("--out", "figures", "--only", "01.1 bins", "--width", "column")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "01.1 profile: 8.6 x 6.0 cm"
    assert lines[1].startswith("02.1 bins: 8.6 x ")
    assert lines[2:] == ["Captions: figures/captions.md", "List: figures/figures.json"]
    record = json.loads((tmp_path / "figures" / "figures.json").read_text())
    assert (record["schema"], record["study"], record["experiment"]) == ("xrdlib.figures/1", "lab", "lab")
    assert record["figures"][0]["command"] == "xrdlib figures --out figures --only '01.1 bins' --width column"
    assert not (tmp_path / "figures" / "page").exists()
    assert "    xrdlib figures --out figures" in (tmp_path / "figures" / "captions.md").read_text()


def test_another_study_experiment_and_what_is_not_defined(run: Run, study, tmp_path: Path) -> None:
    code, out, err = run(
        "--study",
        str(study.path),
        "--experiment",
        "0.008 0.001 5200 3500 0.0025 3000 -50",
        "--out",
        "a",
        "--only",
        "10.2",
    )
    assert (code, err) == (0, "")
    assert out.startswith("10.2 growth: not made: ")
    assert json.loads((tmp_path / "a" / "figures.json").read_text())["experiment"] == "given"


def test_what_cannot_be_used_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for arguments, message in (
        (("--out", "a", "--only", "3.9"), "figure '3.9': unknown"),
        (("--out", "a", "--width", "poster"), "--width poster: column or page expected"),
        (("--out", "a", "--study", "nowhere"), "nowhere: no such study folder"),
        (("--out", "a", "--experiment", "foo"), "no such file and no experiment of that name"),
        (("--out", "a", "--cm"), "--cm: has no meaning for 'lab'"),
        (("--out", "a", "--step", "4"), "--step: has no meaning for 'lab'"),
        (("--out", "file", "--only", "01.1"), "file: a file, not a folder"),
        ((), "Missing option '--out'"),
    ):
        code, _, err = run(*arguments)
        assert code == 2
        assert message in err
        assert err.count("\n") == 1
    assert not (tmp_path / "a").exists()
