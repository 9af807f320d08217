"""Differences between trainings whose scatter is that of their seeds: t intervals, and many of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ttest_ind, ttest_rel

from xrdlib.diagnostics._intervals import Interval

__all__ = ["difference_of_means", "holm"]

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9  # % of range


def difference_of_means(first: FloatArray, second: FloatArray, paired: bool) -> tuple[Interval, float]:
    """Mean of the second family minus that of the first with its interval, and p on its own."""
    value = float(second.mean() - first.mean())
    scatters = [second - first] if paired else [first, second]
    if max(np.ptp(s) for s in scatters) < _ROUNDING:  # no scatter at all: the limit of t
        return Interval(value, value, value), float(abs(value) < _ROUNDING)
    result = ttest_rel(second, first) if paired else ttest_ind(second, first, equal_var=False)
    low, high = result.confidence_interval(0.95)
    return Interval(value, float(low), float(high)), float(result.pvalue)


def holm(p: FloatArray) -> FloatArray:
    """Holm's adjusted p-values: the smallest times their number, the next times one less, and so on."""
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1.0)
    return adjusted
