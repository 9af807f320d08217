"""Intervals over few draws cover what they say, of means, of pairs and of ratios."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._jackknife import mean_interval, pair_values, ratio_interval

FloatArray = NDArray[np.float64]
REPEATED, DRAWS, EPOCHS = 400, 5, 30


def traces(rng: np.random.Generator, dip: float) -> FloatArray:
    """Errors of draws at every epoch: noise of each epoch and of each draw around a trace with one dip."""
    base = np.where(np.arange(EPOCHS) == 10, -dip, 0.0)
    return base + rng.normal(0, 1, (DRAWS, EPOCHS)) + rng.normal(0, 1, (DRAWS, 1))


def gain(errors: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
    """Of the epoch picked on one draw, scored on another: (pick, scored)."""
    return np.asarray((errors[:, [-1]] - errors[:, rows]).T)


def covered(intervals: list[Interval], truth: float) -> float:
    return float(np.mean([i.low <= truth <= i.high for i in intervals]))


def test_five_draws_cover_their_mean() -> None:
    rng = np.random.default_rng(0)
    found = [mean_interval(rng.normal(3, 2, DRAWS)) for _ in range(REPEATED)]
    assert 0.92 <= covered(found, 3) <= 0.98


@pytest.mark.parametrize("dip", [0.0, 6.0])
def test_all_pairs_of_five_draws_cover_the_gain(dip: float) -> None:
    """Without a dip what is picked is luck and gains nothing elsewhere; a deep one is picked by every draw."""
    rng = np.random.default_rng(1)
    made = (traces(rng, dip) for _ in range(REPEATED))
    found = [mean_interval(pair_values(gain(errors, errors.argmin(axis=1)))) for errors in made]
    assert 0.92 <= covered(found, dip) <= 0.98


def test_ratios_of_five_draws_cover_theirs() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(REPEATED):
        errors = traces(rng, 6)
        errors[:, 5] -= 3
        some, whole = (pair_values(gain(errors, np.full(DRAWS, row))) for row in (5, 10))
        found.append(ratio_interval(some, whole))
    assert 0.92 <= covered(found, 0.5) <= 0.98


def test_pair_values_are_those_of_the_jackknife() -> None:
    pairs = np.random.default_rng(3).normal(size=(6, 6))

    def mean(rows: NDArray[np.int64]) -> float:
        part = pairs[np.ix_(rows, rows)]
        return float(part[~np.eye(len(rows), dtype=bool)].mean())

    everyone = np.arange(6)
    expected = [6 * mean(everyone) - 5 * mean(np.delete(everyone, k)) for k in everyone]
    np.testing.assert_allclose(pair_values(pairs), expected)
    assert pair_values(pairs).mean() == pytest.approx(mean(everyone))
    assert pair_values(pairs[:2, :2]).mean() == pytest.approx((pairs[0, 1] + pairs[1, 0]) / 2)
    with_diagonal = pairs + np.diag(np.full(6, 1e6))
    np.testing.assert_allclose(pair_values(with_diagonal), expected, rtol=1e-6)


def test_fieller_by_its_equation() -> None:
    """At the ends the mean of numerator - ratio x denominator is just not beyond chance."""
    rng = np.random.default_rng(4)
    denominator = rng.normal(5, 1, 8)
    numerator = 0.3 * denominator + rng.normal(0, 0.5, 8)
    found = ratio_interval(numerator, denominator)
    assert found.low < found.value < found.high
    assert found.value == pytest.approx(numerator.mean() / denominator.mean())
    assert mean_interval(numerator - found.low * denominator).low == pytest.approx(0, abs=1e-12)
    assert mean_interval(numerator - found.high * denominator).high == pytest.approx(0, abs=1e-12)
    assert ratio_interval(denominator, denominator) == pytest.approx((1, 1, 1))


def test_few_or_equal_draws() -> None:
    assert mean_interval(np.full(5, 2.0)) == (2, 2, 2)
    assert mean_interval(np.array([1e-16, -1e-16, 0, 0])) == (0, 0, 0)
    three = mean_interval(np.arange(3.0))
    assert (three.value, np.isnan(three.low)) == (1, True)
    assert np.isnan(ratio_interval(np.ones(5), np.array([1.0, -1, 2, -2, 0])).value)
    assert np.isnan(ratio_interval(np.ones(5), np.zeros(5)).value)
    two = ratio_interval(np.ones(2), np.full(2, 4.0))
    assert (two.value, np.isnan(two.low)) == (0.25, True)
