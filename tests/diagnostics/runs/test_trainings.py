"""Two ways of training that differ by a planted amount, and two that do not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from xrdlib.data import LAB, SPACE
from xrdlib.diagnostics._seeds import holm
from xrdlib.diagnostics.runs.trainings import compare_trainings
from xrdlib.training import Replicas, StudyConfig, StudyError


def _replicas(shift: float, seed: int, n_runs: int = 6, *, shared: int | None = None, config_seed: int = 0) -> Replicas:
    """Predictions off by (10 + shift +- 0.5) % of range at every epoch; validation loss lowest at epoch 2.

    The scatter is drawn anew for the experiment and for each test set; with ``shared`` most of it is drawn from that.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.normal(0, 0.5, (3, n_runs))
    if shared is not None:
        drawn = 0.2 * drawn + np.random.default_rng(shared).normal(0, 0.5, (3, n_runs))
    off, *of_sets = (10 + shift + drawn)[:, :, None, None, None] / 100
    truth = SPACE.denormalise(rng.uniform(0.2, 0.8, (40, 7)))
    lab = SPACE.normalise(LAB.parameters.to_array())
    store = xr.Dataset(
        {
            "val_loss": (("run", "epoch"), np.tile([0.3, 0.1, 0.2], (n_runs, 1))),
            "experiment_prediction": (("run", "epoch", "experiment", "parameter"), lab + np.tile(off, (1, 3, 1, 7))),
            "prediction": (
                ("run", "stored_epoch", "sample", "parameter"),
                SPACE.normalise(truth) + np.concatenate([np.tile(o, (1, 2, 20, 7)) for o in of_sets], axis=2),
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
    return Replicas(Path("made.zarr"), store, StudyConfig(seed=config_seed, experiments=(LAB,)))


def test_a_planted_difference_is_found() -> None:
    found = compare_trainings(_replicas(0, 1), _replicas(2, 2), names=("plain", "worse"))
    for quantity in ("lab, error at final", "grid test set, error near final"):
        difference = found.differences[quantity]
        assert difference.low < 2 < difference.high
        assert difference.excludes(0)
        assert found.p_values[quantity] < 0.05
        assert f"{quantity}: plain is better beyond the scatter of the seeds" in found.to_text()
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


def test_one_run_is_no_family() -> None:
    several = _replicas(0, 1)
    single = replace(several, store=several.store.isel(run=[0]))
    for pair in ((single, several), (several, single), (single, single)):
        with pytest.raises(StudyError, match=r"no replicas that differ in 'all'; these differ in nothing"):
            compare_trainings(*pair, names=("a", "b"))


def test_bad_input() -> None:
    broken = _replicas(0, 1)
    broken.store["experiment_prediction"][2, 1] = np.nan
    with pytest.raises(StudyError, match=r"made.zarr: lab, error at final is not finite in all_2"):
        compare_trainings(_replicas(0, 1), broken, names=("a", "b"))
    with pytest.raises(StudyError, match=r"names = \('a', 'a'\): two different ones"):
        compare_trainings(_replicas(0, 1), _replicas(0, 2), names=("a", "a"))


def test_four_equal_quantities_are_beyond_the_scatter_in_one_of_twenty_comparisons() -> None:
    """An interval each excludes 0 in one of five comparisons of so many; Holm's verdict does not."""
    found = [compare_trainings(_replicas(0, 2 * k), _replicas(0, 2 * k + 1), names=("a", "b")) for k in range(60)]
    one_or_more = [any(d.excludes(0) for d in f.differences.values()) for f in found]
    assert sum(bool(f.clear) for f in found) <= 7  # 3 expected; more than 7 in 1 of 100 trials
    assert sum(one_or_more) > sum(bool(f.clear) for f in found)
    lucky = next(f for f, one in zip(found, one_or_more, strict=True) if one and not f.clear)
    assert "the interval excludes 0, but that is no surprise among 4 quantities" in lucky.to_text()
    assert "is better" not in lucky.to_text()
    assert "Of twenty such intervals one excludes 0 by chance" in lucky.to_text()


def testholm() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.6, 0.9])), [1, 1])


class TestPairs:
    def test_what_runs_with_the_same_seeds_share_is_taken_out(self) -> None:
        """0.4 % between families whose runs scatter by 0.5 % alike and 0.1 % apart: seen in pairs only."""
        first = _replicas(0, 1, shared=9)
        same, other = (_replicas(0.4, 2, shared=9, config_seed=s) for s in (0, 1))
        pairs = compare_trainings(first, same, names=("plain", "worse"))
        whole = compare_trainings(first, other, names=("plain", "worse"))
        assert (pairs.paired, whole.paired) == (True, False)
        quantities = ["lab, error at final", "grid test set, error near final", "uniform test set, error near final"]
        assert pairs.clear == quantities
        assert whole.clear == []
        for quantity in quantities:
            assert pairs.differences[quantity].value == pytest.approx(whole.differences[quantity].value)
            assert pairs.correlations[quantity] > 0.8
            assert np.isnan(whole.correlations[quantity])
        assert "compared in pairs (paired t); their values correlate by +0." in pairs.to_text()
        assert "taken as independent (Welch)" in whole.to_text()

    def test_by_name_in_any_order(self) -> None:
        first, second = _replicas(0, 1, shared=9), _replicas(0.4, 2, shared=9)
        turned = replace(second, store=second.store.isel(run=[3, 0, 5, 1, 4, 2]))
        found = [compare_trainings(first, other, names=("a", "b")) for other in (second, turned)]
        assert found[0].to_dict() == found[1].to_dict()

    def test_runs_of_other_names_are_no_pairs(self) -> None:
        found = compare_trainings(_replicas(0, 1), _replicas(0, 2, n_runs=5), names=("a", "b"))
        assert not found.paired

    def test_without_any_scatter(self) -> None:
        """Regrets of 0 in every run: no difference, and no nan."""
        for config_seed in (0, 1):
            found = compare_trainings(_replicas(0, 1), _replicas(0, 2, config_seed=config_seed), names=("a", "b"))
            assert found.differences["lab, regret"] == pytest.approx((0, 0, 0), abs=1e-9)
            assert found.p_values["lab, regret"] == 1
            assert "nan" not in found.to_text()
            json.dumps(found.to_dict(), allow_nan=False)
        same = compare_trainings(_replicas(0, 1), _replicas(1, 1), names=("a", "b"))
        assert same.differences["lab, error at final"] == pytest.approx((1, 1, 1))
        assert same.p_values["lab, error at final"] == 0
