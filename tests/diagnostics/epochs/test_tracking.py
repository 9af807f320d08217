"""Tracking on made-up traces with known answers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB, MeasuredCurve
from xrdlib.diagnostics import Checkpoints, Target, checkpoints, track
from xrdlib.diagnostics.comparable import like_target, unlike_test_set
from xrdlib.simulation import Scan
from xrdlib.training import Study, StudyError, reference_study


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def found(study: Study) -> Checkpoints:
    return checkpoints(study, Target.from_experiment(LAB))


def _with_error(found: Checkpoints, error: np.ndarray) -> Checkpoints:
    return replace(found, errors=np.repeat(error[:, None], 7, axis=1))


def test_error_that_follows_the_loss(study: Study, found: Checkpoints) -> None:
    tracking = track(study, _with_error(found, 3 * found.val_loss + 1))
    assert tracking.pearson == pytest.approx(1)
    assert tracking.spearman_changes.value == pytest.approx(1)
    assert tracking.regret == pytest.approx(0)
    assert tracking.regret_percentile == 0
    assert "falls with the validation loss" in tracking.sentences[0]


def test_error_that_goes_the_other_way_is_flagged(study: Study, found: Checkpoints) -> None:
    tracking = track(study, _with_error(found, 50 - 200 * found.val_loss))
    assert tracking.spearman == pytest.approx(-1)
    assert "rises while the validation loss falls" in tracking.sentences[0]
    assert tracking.regret_percentile > 99
    assert any("exceptional" in sentence for sentence in tracking.sentences)


def test_noise_around_a_trend_shows_in_the_changes(study: Study, found: Checkpoints) -> None:
    rng = np.random.default_rng(0)
    trend = np.linspace(30, 10, found.epochs.size)
    noisy = replace(found, val_loss=np.linspace(0.2, 0.1, trend.size) + rng.normal(0, 1e-3, trend.size))
    tracking = track(study, _with_error(noisy, trend + rng.normal(0, 1, trend.size)))
    assert tracking.pearson > 0.9  # the common trend
    assert abs(tracking.pearson_changes.value) < 0.35  # and nothing else in common


def test_sample_regret_is_of_the_same_epochs(study: Study, found: Checkpoints) -> None:
    tracking = track(study, found)
    assert tracking.sample_regret.shape == (study.config.training.test_size,)
    assert tracking.sample_regret.min() >= 0


def test_constant_trace_has_no_correlation(study: Study, found: Checkpoints) -> None:
    tracking = track(study, _with_error(found, np.full(found.epochs.size, 5.0)))
    assert np.isnan(tracking.pearson)
    assert tracking.divergence.epoch is None
    assert "A divergence epoch is not defined" in tracking.to_text()
    assert "nan" not in tracking.to_text()
    json.dumps(tracking.to_dict(), allow_nan=False)


def test_changes_that_go_together_have_an_interval_above_zero(study: Study, found: Checkpoints) -> None:
    steps = np.random.default_rng(0).normal(size=found.epochs.size)
    both = replace(found, val_loss=0.2 + 0.01 * steps)
    tracking = track(study, _with_error(both, 10 + steps))
    assert tracking.pearson_changes.low > 0.9
    independent = track(study, _with_error(both, 10 + np.random.default_rng(1).normal(size=found.epochs.size)))
    assert not independent.pearson_changes.excludes(0)


def _broken(n: int, at: int) -> np.ndarray:
    t = np.arange(1, n + 1)
    return 10 - 0.2 * np.minimum(t - at, 0) + 0.2 * np.maximum(t - at, 0)


def test_planted_divergence_epoch(study: Study, found: Checkpoints) -> None:
    n = found.epochs.size
    noise = np.random.default_rng(0).normal(0, 0.5, n)
    tracking = track(study, _with_error(found, _broken(n, 40) + noise))
    assert tracking.divergence.epoch is not None
    assert abs(tracking.divergence.epoch - 40) <= 2
    assert "The divergence epoch is epoch" in tracking.to_text()
    assert tracking.divergence.rise == pytest.approx(8, rel=0.1)
    assert tracking.to_dict()["divergence"]["epoch"] == tracking.divergence.epoch


def test_an_error_that_rises_with_the_loss_does_not_diverge(study: Study, found: Checkpoints) -> None:
    n = found.epochs.size
    rising = replace(found, val_loss=0.01 * _broken(n, 40))
    tracking = track(study, _with_error(rising, _broken(n, 40)))
    assert tracking.divergence.turn == 40
    assert tracking.divergence.epoch is None
    assert "the validation loss does not fall after it" in tracking.to_text()


def test_a_healthy_error_does_not_diverge(study: Study, found: Checkpoints) -> None:
    falling = 10 + 10 * np.exp(-np.arange(found.epochs.size) / 10)
    noise = np.random.default_rng(1).normal(0, 0.3, falling.size)
    tracking = track(study, _with_error(found, falling + noise))
    assert tracking.divergence.epoch is None
    assert "No divergence can be told from noise" in tracking.to_text()


def test_shares_have_intervals(study: Study, found: Checkpoints) -> None:
    tracking = track(study, found)
    for one in (tracking.regret_rank, tracking.spearman_percentile, tracking.divergence.share):
        assert 0 <= one.low <= one.value <= one.high <= 100
        assert one.low < one.high
    assert tracking.regret_rank.value == tracking.regret_percentile


def test_few_epochs(study: Study, found: Checkpoints) -> None:
    for n in (1, 2, 5):
        few = _first(found, n)
        tracking = track(study, few)
        assert tracking.divergence.epoch is None
        assert tracking.divergence.share.to_dict()["value"] is None
        assert "nan" not in tracking.to_text()
        json.dumps(tracking.to_dict(), allow_nan=False)


def _first(found: Checkpoints, n: int) -> Checkpoints:
    parts = {
        name: getattr(found, name)[:n]
        for name in ("epochs", "predictions", "val_loss", "errors", "curve_rmse", "curve_mae", "curves")
    }
    return replace(found, **parts, final=int(found.epochs[:n][found.val_loss[:n].argmin()]))


def test_unknown_truth_has_no_rank(study: Study, found: Checkpoints) -> None:
    tracking = track(study, replace(found, errors=None, true=None))
    assert tracking.measure == "curve error"
    assert tracking.regret_percentile is None
    assert np.isnan(tracking.regret_rank.value)
    assert np.isnan(tracking.spearman_percentile.value)
    assert "diverge by the same test, in their parameter errors (up to 5 % by chance)" in tracking.to_text()
    assert "its rank" not in tracking.to_text()
    json.dumps(tracking.to_dict(), allow_nan=False)


def test_what_the_test_samples_are_not(study: Study, found: Checkpoints) -> None:
    lab, measured = study.config.experiments[:2]
    assert track(study, found).unlike == ()  # not asked
    between = track(study, found, Target.from_experiment(lab), test_set="grid").unlike
    assert between == ("it lies between the points of the grid",)
    assert track(study, found, Target.from_experiment(lab), test_set="uniform").unlike == ()
    through = track(study, checkpoints(study, Target.of(measured, study)), Target.of(measured, study))
    assert any("36 instead of 30" in text for text in through.unlike)
    assert any("counting noise" in text for text in through.unlike)
    assert "It is not like the uniform test samples" in through.to_text()
    aware = reference_study("measured")
    assert unlike_test_set(aware, Target.of(measured, aware), "uniform") == ()
    assert "no counting noise" in unlike_test_set(aware, Target.of(lab, aware), "uniform")


def test_a_measured_curve_is_unlike_every_test_sample(study: Study) -> None:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    (text,) = unlike_test_set(study, Target.from_curve(curve, "mine"), "grid")
    assert text == "it is measured, they are noise-free simulations"


def test_an_experiment_between_the_grid_s_points_ranks_among_such(study: Study, found: Checkpoints) -> None:
    tracking = track(study, found, Target.from_experiment(LAB))
    assert (tracking.test_set, tracking.other_set) == ("uniform", "grid")
    assert tracking.unlike == ()
    uniform, grid = (track(study, found, test_set=name) for name in ("uniform", "grid"))
    assert tracking.regret_rank == uniform.regret_rank
    assert tracking.other_rank == grid.regret_rank
    assert tracking.divergence.share == uniform.divergence.share
    assert tracking.divergence.others[0].share == grid.divergence.share
    (said,) = (text for text in tracking.sentences if text.startswith("A regret of"))
    assert "of 2000 uniform and" in said
    assert "of 2000 grid test samples" in said
    # one on the grid among the grid's, one of unknown parameters between them
    assert like_target(study, study.training_parameters[0]) == "grid"
    assert like_target(study, None) == "uniform"
    aware = reference_study("measured")
    assert like_target(aware, None) == like_target(aware, study.training_parameters[0]) == "uniform"


def test_few_epochs_say_that_they_see_little(study: Study, found: Checkpoints) -> None:
    few = track(study, _first(found, 24))
    assert "No divergence can be told from noise (24 epochs show large rises only)" in few.to_text()
    assert "show large rises only" not in track(study, found).to_text()


def test_unknown_test_set(study: Study, found: Checkpoints) -> None:
    with pytest.raises(ValueError, match=r"test set 'sobol'"):
        track(study, found, test_set="sobol")


def test_samples_without_finite_predictions_are_left_out(study: Study, found: Checkpoints) -> None:
    copy = replace(study)
    predictions = study.predictions.copy()
    values = predictions["prediction"].to_numpy().copy()
    values[3, 10:] = np.nan
    predictions["prediction"] = (predictions["prediction"].dims, values)
    copy.__dict__["predictions"] = predictions
    tracking = track(copy, found, test_set="grid")
    assert tracking.sample_regret.shape == (10,)
    assert tracking.left_out == 1990
    assert "1990 grid test samples with a prediction that is not finite are left out." in tracking.sentences
    json.dumps(tracking.to_dict(), allow_nan=False)
    with pytest.raises(StudyError, match=r"study lab: no sample of test set 'uniform' has finite predictions"):
        track(copy, found, test_set="uniform")
