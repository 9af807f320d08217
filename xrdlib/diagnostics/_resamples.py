"""Pearson, Spearman and concordance of two errors with bootstrap intervals, all resamples at once.

A resample is a row of counts: how often each sample was drawn. Means, ranks and pairs of all resamples are then
products of matrices: `_intervals.bootstrap` with the same resamples, several times faster.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics._intervals import UNDEFINED, Interval, percentile_interval

__all__ = ["Coefficients", "Resamples"]

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9  # of errors in %, in 1e-3 of strain or in log10 intensity


class Coefficients(NamedTuple):
    """Correlation of values and of ranks."""

    pearson: Interval
    spearman: Interval


class Resamples:
    """Bootstrap resamples of ``size`` samples, and statistics of errors of shape (size,).

    A statistic is not defined (nan) for fewer than three samples, or where one of two errors is constant.

    Parameters
    ----------
    size : int
    n : int
        Resamples.
    seed : int
    """

    def __init__(self, size: int, *, n: int = 1000, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        drawn = [np.bincount(rng.integers(size, size=size), minlength=size) for _ in range(n)]
        # (1 + n, size): the samples themselves first
        self._counts = np.array([np.ones(size), *drawn])

    def mean(self, values: FloatArray) -> Interval:
        """Mean."""
        return _interval(self._counts @ values / values.size)

    def correlate(self, x: FloatArray, *others: FloatArray) -> list[Coefficients]:
        """Correlation of ``x`` with each of the others."""
        if x.size < 3:
            return [Coefficients(UNDEFINED, UNDEFINED) for _ in others]
        ranks = self._ranks(x)
        return [
            Coefficients(self._pearson(x, y), self._spearman(ranks, self._ranks(y)))
            if _comparable(x, y)
            else Coefficients(UNDEFINED, UNDEFINED)
            for y in others
        ]

    def concordance(self, x: FloatArray, y: FloatArray) -> Interval:
        """Share (%) of pairs of samples of which the one with the smaller x has the smaller y, too.

        50 is a coin's, 100 a perfect proxy's; Kendall's tau is 2 concordance / 100 - 1. A tie counts half.
        """
        if not _comparable(x, y):
            return UNDEFINED
        w = self._counts.astype(np.float32)
        same = np.sign(x[:, None] - x).astype(np.float32) * np.sign(y[:, None] - y).astype(np.float32)
        # a sample drawn twice is no pair with itself
        pairs = w.sum(axis=1) ** 2 - np.square(w).sum(axis=1)
        more = ((w @ same) * w).sum(axis=1)
        # nor is a pair left where one sample was drawn every time
        share = np.divide(more, pairs, out=np.full(pairs.shape, np.nan, dtype=np.float32), where=pairs > 0)
        return _interval(np.asarray(50 + 50 * share, dtype=np.float64))

    def _pearson(self, x: FloatArray, y: FloatArray) -> Interval:
        x, y = x - x.mean(), y - y.mean()
        mean_x, mean_y, xx, yy, xy = (self._counts @ v / x.size for v in (x, y, x * x, y * y, x * y))
        return _interval(_quotient(xy - mean_x * mean_y, xx - mean_x**2, yy - mean_y**2))

    def _spearman(self, a: FloatArray, b: FloatArray) -> Interval:
        xx, yy, xy = (np.einsum("ij,ij,ij->i", self._counts, p, q) for p, q in ((a, a), (b, b), (a, b)))
        return _interval(_quotient(xy, xx, yy))

    def _ranks(self, values: FloatArray) -> FloatArray:
        """Mean ranks in each resample less their mean, shape (1 + n, size); equal values share one."""
        different, which = np.unique(values, return_inverse=True)
        order = np.argsort(which, kind="stable")
        starts = np.searchsorted(which[order], np.arange(different.size))
        drawn = np.add.reduceat(self._counts[:, order], starts, axis=1)
        ranks = np.cumsum(drawn, axis=1) - (drawn + values.size) / 2
        return np.asarray(ranks[:, which])


def _interval(again: FloatArray) -> Interval:
    return percentile_interval(float(again[0]), again[1:])


def _comparable(x: FloatArray, y: FloatArray) -> bool:
    return bool(x.size >= 3 and np.ptp(x) > _ROUNDING and np.ptp(y) > _ROUNDING)


def _quotient(xy: FloatArray, xx: FloatArray, yy: FloatArray) -> FloatArray:
    """Correlation of each resample; nan where all samples drawn are equal."""
    varied = (xx > 1e-12 * xx[0]) & (yy > 1e-12 * yy[0])
    return np.asarray(np.divide(xy, np.sqrt(np.abs(xx * yy)), out=np.full(xy.shape, np.nan), where=varied))
