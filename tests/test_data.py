"""The shipped data are what data/README.md says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from xrdlib.data import SPACE, sample
from xrdlib.metrics import parameter_error
from xrdlib.simulation import simulate
from xrdlib.training import StudyConfig
from xrdlib.training.reference import REFERENCE_MODEL, REFERENCE_STUDIES, reference_replicas, reference_study

README = REFERENCE_STUDIES.parent / "README.md"


def _hash(folder: Path) -> str:
    files = sorted((f"./{f.relative_to(folder).as_posix()}" for f in folder.rglob("*") if f.is_file()), key=str.encode)
    lines = (f"{hashlib.sha256((folder / f).read_bytes()).hexdigest()}  {f}\n" for f in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "reference_studies/lab",
        "reference_studies/measured",
        "reference_studies/lab_replicas.zarr",
        "reference_studies/lab_weighted_replicas.zarr",
        "reference_model/accurate",
        "reference_model/accurate_measured",
    ],
)
def test_hash(name: str) -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if f"`{name}`" in line)
    assert re.findall(r"`([0-9a-f]{64})`", row) == [_hash(README.parent / name)]


def test_they_are_small_enough_to_ship() -> None:
    for folder, most in ((REFERENCE_STUDIES, 20e6), (REFERENCE_MODEL, 10e6)):
        assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) < most


THESIS = (2.40, 3.92, 2.02, 2.00, 4.85, 6.31, 14.98)  # MAE, % of range, of the CNN behind the lab's note


def test_the_accurate_network_beats_the_thesis_in_every_parameter() -> None:
    study = reference_study("accurate")
    parameters = sample(4000, "uniform", seed=77)
    (said,) = study.predict(study.config.preprocess(simulate(parameters, scan=study.config.dataset.scan)))
    errors = parameter_error(said, parameters, SPACE.range)
    upper = errors.mean(axis=0) + 4 * errors.std(axis=0) / 4000**0.5
    assert (upper < THESIS).all(), upper


def test_both_accurate_networks_read_the_lab_through_a_diffractometer_as_they_were_trained() -> None:
    measured = "lab_measured_1"
    noise_free, aware = (reference_study(name) for name in ("accurate", "accurate_measured"))
    assert noise_free.checkpoints == (noise_free.final,)
    assert aware.checkpoints == (aware.final,)
    errors = [s.experiment_errors(measured)[s.final - 1].mean() for s in (noise_free, aware)]
    assert errors[1] < 0.5 * errors[0]


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
