"""The shipped data are what data/README.md says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from xrdlib.training import StudyConfig
from xrdlib.training.reference import REFERENCE_STUDIES, reference_replicas, reference_study

README = REFERENCE_STUDIES.parent / "README.md"


def _hash(folder: Path) -> str:
    files = sorted((f"./{f.relative_to(folder).as_posix()}" for f in folder.rglob("*") if f.is_file()), key=str.encode)
    lines = (f"{hashlib.sha256((folder / f).read_bytes()).hexdigest()}  {f}\n" for f in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("name", ["lab", "measured", "lab_replicas.zarr", "lab_weighted_replicas.zarr"])
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


@pytest.mark.parametrize(("name", "config"), [("lab", "lab_one_thread"), ("lab_weighted", "lab_weighted")])
def test_replicas_are_of_the_configuration_beside_them(name: str, config: str) -> None:
    replicas = reference_replicas(name)
    asked = StudyConfig.load(REFERENCE_STUDIES.parent / "configs" / f"{config}.toml")
    assert asked.differences(replicas.config.to_dict()) == [f"name = base (asked: {asked.name})"]
    assert len(replicas.varying("all")) >= 4


def test_the_weighted_twin_differs_in_the_loss_only() -> None:
    differences = reference_replicas("lab").config.differences(reference_replicas("lab_weighted").config.to_dict())
    assert [d.split(" ")[0] for d in differences] == ["training.parameter_weights"]
    differences = reference_study("lab").config.differences(reference_replicas("lab").config.to_dict())
    assert [d.split(" ")[0] for d in differences] == ["name", "training.threads"]
