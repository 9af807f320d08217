"""The shipped data are what data/README.md says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from xrdlib.training.reference import REFERENCE_STUDIES, reference_study

README = REFERENCE_STUDIES.parent / "README.md"


def _hash(folder: Path) -> str:
    files = sorted((f"./{f.relative_to(folder).as_posix()}" for f in folder.rglob("*") if f.is_file()), key=str.encode)
    lines = (f"{hashlib.sha256((folder / f).read_bytes()).hexdigest()}  {f}\n" for f in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("name", ["lab", "measured"])
def test_hash(name: str) -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if f"`reference_studies/{name}`" in line)
    assert re.findall(r"`([0-9a-f]{64})`", row) == [_hash(REFERENCE_STUDIES / name)]


def test_they_are_small_enough_to_ship() -> None:
    assert sum(f.stat().st_size for f in REFERENCE_STUDIES.rglob("*") if f.is_file()) < 20e6


@pytest.mark.parametrize("name", ["lab", "measured"])
def test_a_new_curve_can_be_diagnosed_at_many_epochs(name: str) -> None:
    study = reference_study(name)
    assert len(study.checkpoints) >= 20
    assert study.final in study.checkpoints
