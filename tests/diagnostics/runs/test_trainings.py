"""Two ways of training that differ by a planted amount, and two that do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from xrdlib.data import LAB, SPACE
from xrdlib.diagnostics.runs.trainings import compare_trainings
from xrdlib.training import Replicas, StudyConfig, StudyError


def _replicas(shift: float, seed: int, n_runs: int = 6) -> Replicas:
    """Predictions off by (10 + shift +- 0.5) % of range at every epoch; validation loss lowest at epoch 2."""
    rng = np.random.default_rng(seed)
    off = (10 + shift + rng.normal(0, 0.5, n_runs))[:, None, None, None] / 100
    truth = SPACE.denormalise(rng.uniform(0.2, 0.8, (40, 7)))
    lab = SPACE.normalise(LAB.parameters.to_array())
    store = xr.Dataset(
        {
            "val_loss": (("run", "epoch"), np.tile([0.3, 0.1, 0.2], (n_runs, 1))),
            "experiment_prediction": (("run", "epoch", "experiment", "parameter"), lab + np.tile(off, (1, 3, 1, 7))),
            "prediction": (
                ("run", "stored_epoch", "sample", "parameter"),
                SPACE.normalise(truth) + np.tile(off, (1, 2, 40, 7)),
            ),
            "truth": (("sample", "parameter"), truth),
        },
        {
            "run": ["base", *(f"all_{k}" for k in range(1, n_runs))],
            "varied": ("run", ["nothing", *["all"] * (n_runs - 1)]),
            "epoch": [1, 2, 3],
            "stored_epoch": [1, 3],
            "experiment": ["lab"],
            "test_set": ("sample", np.repeat(["grid", "uniform"], 20)),
        },
    )
    return Replicas(Path("made.zarr"), store, StudyConfig(experiments=(LAB,)))


def test_a_planted_difference_is_found() -> None:
    found = compare_trainings(_replicas(0, 1), _replicas(2, 2), names=("plain", "worse"))
    for quantity in ("lab, error at final", "grid test set, error near final"):
        difference = found.differences[quantity]
        assert difference.low < 2 < difference.high
        assert difference.excludes(0)
    assert "lab, error at final: plain is better beyond the scatter of the seeds." in found.sentences
    assert found.values["lab, regret"][0] == pytest.approx(np.zeros(6), abs=1e-9)


def test_equal_trainings_are_not_told_apart_more_often_than_by_chance() -> None:
    fired = [
        compare_trainings(_replicas(0, 2 * k), _replicas(0, 2 * k + 1), names=("a", "b"))
        .differences["lab, error at final"]
        .excludes(0)
        for k in range(40)
    ]
    assert sum(fired) <= 6  # 2 expected; more than 6 in 1 of 100 trials


def test_the_table_holds_what_the_frame_holds() -> None:
    found = compare_trainings(_replicas(0, 1), _replicas(2, 2), names=("plain", "worse"))
    rows = found.frame.query("quantity == 'lab, error at final' and training == 'worse'")["value"]
    cell = found.table.loc["lab, error at final", "worse"]
    assert cell == f"{rows.mean():.2f} +- {rows.std():.2f}"
    assert found.to_dict()["quantities"]["lab, regret"]["plain"] == pytest.approx([0.0] * 6, abs=1e-9)


def test_replicas_without_that_experiment_are_refused() -> None:
    with pytest.raises(StudyError, match=r"these replicas track lab"):
        compare_trainings(_replicas(0, 1), _replicas(0, 2), names=("a", "b"), experiment="other")
    single = _replicas(0, 1)
    single = replace(single, store=single.store.isel(run=[0]))
    with pytest.raises(StudyError, match=r"no replicas that differ in 'all'; these differ in nothing"):
        compare_trainings(single, _replicas(0, 2), names=("a", "b"))
