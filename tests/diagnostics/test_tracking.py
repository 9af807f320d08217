"""Tracking on made-up traces with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB
from xrdlib.diagnostics import Checkpoints, Target, checkpoints, track
from xrdlib.training import Study, reference_study


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
    assert tracking.spearman_changes == pytest.approx(1)
    assert tracking.regret == pytest.approx(0)
    assert tracking.regret_percentile == 0
    assert "falls with the validation loss" in tracking.sentences[0]


def test_error_that_goes_the_other_way_is_flagged(study: Study, found: Checkpoints) -> None:
    tracking = track(study, _with_error(found, 50 - 200 * found.val_loss))
    assert tracking.spearman == pytest.approx(-1)
    assert "rises while the validation loss falls" in tracking.sentences[0]
    assert tracking.regret_percentile > 99
    assert "exceptional" in tracking.sentences[1]


def test_noise_around_a_trend_shows_in_the_changes(study: Study, found: Checkpoints) -> None:
    rng = np.random.default_rng(0)
    trend = np.linspace(30, 10, found.epochs.size)
    noisy = replace(found, val_loss=np.linspace(0.2, 0.1, trend.size) + rng.normal(0, 1e-3, trend.size))
    tracking = track(study, _with_error(noisy, trend + rng.normal(0, 1, trend.size)))
    assert tracking.pearson > 0.9  # the common trend
    assert abs(tracking.pearson_changes) < 0.35  # and nothing else in common


def test_sample_regret_is_of_the_same_epochs(study: Study, found: Checkpoints) -> None:
    tracking = track(study, found)
    assert tracking.sample_regret.shape == (study.config.training.test_size,)
    assert tracking.sample_regret.min() >= 0


def test_constant_trace_has_no_correlation(study: Study, found: Checkpoints) -> None:
    tracking = track(study, _with_error(found, np.full(found.epochs.size, 5.0)))
    assert np.isnan(tracking.pearson)
