"""Trainings against epochs, on made-up runs in which one or the other, or neither, has independent errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from xrdlib.data import LAB, SPACE, sample
from xrdlib.remedies import seeds_or_epochs, spread_of_runs
from xrdlib.training import Replicas, StudyConfig, StudyError, TrainingConfig, reference_replicas

RUNS, EPOCHS, N = 5, 44, 300
STORED = [1, *range(4, EPOCHS + 1, 4)]


def made(of_run: float, of_epoch: float, bias: float = 0.0) -> Replicas:
    """Runs with errors (% of range) of their own, of every epoch's own, and common to all."""
    rng = np.random.default_rng(0)
    true = {"grid": sample(N, "grid", seed=1), "uniform": sample(N, "uniform", seed=2)}
    truth = np.concatenate(list(true.values()))
    own = rng.normal(0, of_run, (RUNS, 1, 2 * N, 7)) + rng.normal(0, of_epoch, (RUNS, len(STORED), 2 * N, 7)) + bias
    lab = SPACE.normalise(LAB.parameters) + 0.01 * (rng.normal(0, of_run, (RUNS, 1, 1, 7)) + bias)
    store = xr.Dataset(
        {
            "val_loss": (("run", "epoch"), np.ones((RUNS, EPOCHS))),
            "experiment_prediction": (("run", "epoch", "experiment", "parameter"), np.repeat(lab, EPOCHS, axis=1)),
            "prediction": (("run", "stored_epoch", "sample", "parameter"), SPACE.normalise(truth) + 0.01 * own),
            "truth": (("sample", "parameter"), truth),
        },
        {
            "run": np.array(["base", *(f"all_{i}" for i in range(1, RUNS))], dtype=object),
            "varied": ("run", np.array(["nothing", *["all"] * (RUNS - 1)], dtype=object)),
            "stored_epoch": STORED,
            "experiment": np.array(["lab"], dtype=object),
            "test_set": ("sample", np.repeat(np.array(["grid", "uniform"], dtype=object), N)),
        },
    )
    return Replicas(Path("made"), store, StudyConfig("made", training=TrainingConfig(epochs=EPOCHS)))


def test_where_runs_differ_their_mean_wins_and_that_of_epochs_does_not() -> None:
    found = seeds_or_epochs(made(4.0, 0.0))
    for where in ("grid", "uniform"):
        one = found.find("seeds", where, 1).error
        for m in (2, RUNS):
            assert one / found.find("seeds", where, m).error == pytest.approx(np.sqrt(m), rel=0.05)
        assert found.find("seeds", where, RUNS).gain.low > 0
        for way in ("late", "spread"):
            assert found.find(way, where, RUNS).gain.value == pytest.approx(0, abs=1e-9)
    text = " ".join(found.sentences)
    assert text.count(f"{RUNS} trainings gain") == text.count("more than other samples could turn") == 2
    assert f"intervals over test samples, of these {RUNS} trainings" in text


def test_where_only_epochs_differ_both_win_alike() -> None:
    found = seeds_or_epochs(made(0.0, 4.0))
    for way in ("seeds", "late"):
        assert found.find(way, "grid", 1).error / found.find(way, "grid", 4).error == pytest.approx(2, rel=0.05)


def test_what_all_have_in_common_stays() -> None:
    found = seeds_or_epochs(made(0.0, 0.0, bias=5.0))
    for score in found.scores:
        assert score.error == pytest.approx(5)
        assert score.gain.value == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(list(found.floor.values()), 25)


def test_floor_is_the_squared_bias() -> None:
    found = seeds_or_epochs(made(3.0, 0.0, bias=5.0))
    np.testing.assert_allclose(list(found.floor.values()), 25, rtol=0.1)
    members, ensemble = found.find("seeds", "grid", RUNS).squares
    assert members == pytest.approx(25 + 9, rel=0.1)
    assert ensemble == pytest.approx(25 + 9 / RUNS, rel=0.1)


def test_every_choice_of_runs_counts() -> None:
    found = seeds_or_epochs(made(1.0, 1.0))
    assert [found.find("seeds", "grid", m).n_ensembles for m in range(1, RUNS + 1)] == [5, 10, 10, 5, 1]
    assert found.find("late", "grid", 2).n_ensembles == RUNS
    singles = [found.find(way, "uniform", 1).error for way in ("seeds", "late", "spread")]
    assert np.ptp(singles) == 0
    assert np.isnan(found.find("seeds", "experiment", 2).gain.low)


def test_frame_table_and_json() -> None:
    found = seeds_or_epochs(made(1.0, 1.0))
    assert max(map(len, found.table.to_string().splitlines())) <= 80
    assert len(found.frame) == len(found.scores)
    assert len(json.loads(json.dumps(found.to_dict(), allow_nan=False))["scores"]) == len(found.scores)


def test_refused() -> None:
    with pytest.raises(StudyError, match=r"no replicas that differ in 'data'"):
        seeds_or_epochs(made(1.0, 1.0), varied="data")
    with pytest.raises(StudyError, match=r"experiment 'other'"):
        seeds_or_epochs(made(1.0, 1.0), "other")
    with pytest.raises(StudyError, match=r"epoch = 7: test predictions are stored of epochs 1, 4"):
        spread_of_runs(made(1.0, 1.0), epoch=7)


def test_spread_of_runs() -> None:
    found = spread_of_runs(made(0.0, 4.0), epoch=8)
    assert found.k == RUNS
    assert found.what == "5 trainings at epoch 8"
    assert found.test("grid").within(1).value > found.nominal(1)  # the truth is their centre, not one of them


def test_the_shipped_replicas() -> None:
    found = seeds_or_epochs(reference_replicas("lab"))
    assert (found.n_runs, found.last, found.n_samples) == (6, 80, 200)
    assert found.places == ("experiment", "grid", "uniform")
