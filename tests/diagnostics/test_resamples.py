"""All resamples at once give what drawing them one by one gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr

from xrdlib.diagnostics._intervals import bootstrap
from xrdlib.diagnostics._resamples import Resamples


@pytest.fixture(scope="module")
def errors() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.gamma(2, size=60).round(1)  # with ties
    return x, 0.5 * x + rng.gamma(2, size=60)


def test_coefficients_are_those_of_the_slow_bootstrap(errors: tuple[np.ndarray, np.ndarray]) -> None:
    (found,) = Resamples(60, n=200, seed=3).correlate(*errors)
    for method, mine in ((pearsonr, found.pearson), (spearmanr, found.spearman)):
        slow = bootstrap(lambda a, b, method=method: float(method(a, b).statistic), *errors, n=200, seed=3)
        np.testing.assert_allclose(mine, slow, rtol=1e-9)


def test_mean_is_that_of_the_slow_bootstrap(errors: tuple[np.ndarray, np.ndarray]) -> None:
    slow = bootstrap(lambda a: float(a.mean()), errors[0], n=200, seed=3)
    np.testing.assert_allclose(Resamples(60, n=200, seed=3).mean(errors[0]), slow, rtol=1e-12)


def test_concordance_is_kendalls_tau() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 80))
    found = Resamples(80).concordance(x, y)
    assert found.value == pytest.approx(50 + 50 * kendalltau(x, y).statistic, abs=1e-4)
    assert found.low < found.value < found.high
    assert Resamples(80).concordance(x, np.exp(x)).value == pytest.approx(100)
    assert Resamples(80).concordance(x, -x).value == pytest.approx(0)


def test_intervals_hold_the_truth_as_often_as_they_promise() -> None:
    held = 0
    for seed in range(60):
        x, y = np.random.default_rng(seed).normal(size=(2, 100))
        held += not Resamples(100, n=200, seed=seed).correlate(x, y)[0].spearman.excludes(0)
    assert 51 <= held <= 60  # 95 % of 60 is 57


def test_five_samples_of_which_a_resample_may_take_one_only() -> None:
    """Such a resample has no pair: it is left out, without a warning."""
    x = np.arange(5.0)
    found = Resamples(5, n=2000).concordance(x, np.array([0.0, 2.0, 1.0, 3.0, 4.0]))
    assert found.value == pytest.approx(90)
    assert 0 <= found.low < found.value < found.high <= 100


def test_no_resample_with_a_pair_has_no_interval() -> None:
    found = Resamples(3, n=1, seed=next(s for s in range(100) if len(set(_drawn(s))) == 1)).concordance(
        np.arange(3.0), np.arange(3.0)
    )
    assert found.value == 100
    assert np.isnan([found.low, found.high]).all()


def _drawn(seed: int) -> list[int]:
    return np.random.default_rng(seed).integers(3, size=3).tolist()


def test_constant_or_too_short_is_not_defined(errors: tuple[np.ndarray, np.ndarray]) -> None:
    flat = np.full(60, 0.1)
    drawn = Resamples(60, n=20)
    assert np.isnan(drawn.correlate(flat, errors[0])[0].pearson.value)
    assert np.isnan(drawn.correlate(errors[0], flat)[0].spearman.value)
    assert np.isnan(drawn.concordance(errors[0], flat).value)
    assert np.isnan(Resamples(2, n=20).correlate(np.arange(2.0), np.arange(2.0))[0].spearman.value)
    assert not drawn.concordance(errors[0], flat).excludes(50)
