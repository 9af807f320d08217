"""The explorer of replicas shows what the library computed, for every experiment, source and epoch."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.training import StudyError, reference_replicas, reference_study
from xrdlib.widgets import MechanismsExplorer, mechanisms_explorer


@pytest.fixture(scope="module")
def explorer() -> MechanismsExplorer:
    return mechanisms_explorer(reference_replicas(), "sparse", study=reference_study("lab"))


@pytest.fixture(autouse=True)
def _start(request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue("explorer")
    found.experiment.value, found.source.value, found.epoch.value = "sparse", "all", 77


def test_starts_with_what_was_asked(explorer: MechanismsExplorer) -> None:
    assert explorer.shown.variation.target == "sparse"
    assert [value for _, value in explorer.source.options] == [
        "all", "weights", "order", "dropout", "data", "rounding",
    ]  # fmt: skip
    assert "lab_measured_1" in explorer.experiment.options


def test_an_epoch_moves_both_pictures_and_the_readout(explorer: MechanismsExplorer) -> None:
    before = [picture.value for picture in explorer.pictures]
    explorer.epoch.value = 12
    assert all(picture.value != old for picture, old in zip(explorer.pictures, before, strict=True))
    v = explorer.shown.variation
    here = v.errors[v.sources["all"], 11]
    assert f"err on sparse by {here.min():.1f} to {here.max():.1f}" in explorer.readout.value
    assert "Epoch 12: 6 runs that differ in weights, order and dropout together" in explorer.readout.value
    assert explorer.table.loc["base", "this epoch"] == f"{v.errors[0, 11]:.1f}"


def test_a_source_shows_its_runs(explorer: MechanismsExplorer) -> None:
    before = explorer.pictures[0].value
    explorer.source.value = "rounding"
    assert explorer.pictures[0].value != before
    assert list(explorer.table.index) == ["base", "lab"]
    assert "2 runs that differ in rounding" in explorer.readout.value
    v = explorer.shown.variation
    lines = [line for line in explorer._runs if np.isfinite(np.asarray(line.get_ydata())).all()]
    np.testing.assert_array_equal([line.get_ydata() for line in lines], v.errors[v.sources["rounding"]])


def test_an_experiment_changes_everything_and_back(explorer: MechanismsExplorer) -> None:
    start = [picture.value for picture in explorer.pictures], explorer.readout.value
    explorer.experiment.value = "lab"
    assert all(p.value != old for p, old in zip(explorer.pictures, start[0], strict=True))
    b = explorer.shown.bias_variance
    np.testing.assert_array_equal(explorer._own[1].get_ydata(), np.sqrt(b.target_variance))
    explorer.experiment.value = "sparse"
    assert ([picture.value for picture in explorer.pictures], explorer.readout.value) == start


def test_the_share_of_better_epochs_is_counted(explorer: MechanismsExplorer) -> None:
    v = explorer.shown.variation
    rows = v.sources["all"]
    explorer.epoch.value = 30
    better = int(sum(v.errors[i, 29] < v.final_error[i] for i in rows))
    assert f"{better} of them read it better than at their final epochs" in explorer.readout.value


def test_an_experiment_that_was_not_tracked() -> None:
    with pytest.raises(StudyError, match=r"experiment 'nobody': these replicas track lab"):
        mechanisms_explorer(reference_replicas(), "nobody")
