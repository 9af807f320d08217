"""How two traces go together, and shares of samples, with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata

from xrdlib.diagnostics._intervals import Interval

__all__ = ["block_interval", "correlation", "percent", "share", "slope_after"]

FloatArray = NDArray[np.float64]

_NOWHERE = Interval(np.nan, np.nan, np.nan)


def correlation(x: FloatArray, y: FloatArray, *, ranks: bool = False) -> FloatArray:
    """Pearson's coefficient, or Spearman's of ``ranks``, along the last axis; nan where constant or below 3 points."""
    x, y = np.broadcast_arrays(x, y)
    if x.shape[-1] < 3:
        return np.full(x.shape[:-1], np.nan)
    if ranks:
        x, y = rankdata(x, axis=-1), rankdata(y, axis=-1)
    # a trace that differs by rounding only is constant
    flat = [np.ptp(v, axis=-1) <= 1e-12 * np.abs(v).max(axis=-1) for v in (x, y)]
    x, y = (v - v.mean(axis=-1, keepdims=True) for v in (x, y))
    size = np.sqrt(np.square(x).sum(axis=-1) * np.square(y).sum(axis=-1))
    defined = ~(flat[0] | flat[1]) & (size > 0)
    return np.asarray(np.divide((x * y).sum(axis=-1), size, out=np.full(size.shape, np.nan), where=defined))


def block_interval(x: FloatArray, y: FloatArray, *, ranks: bool = False, n: int = 1000, seed: int = 0) -> Interval:
    """A coefficient of two series without a trend, shape (m,), with its moving-block bootstrap interval.

    Blocks of m^(1/3) neighbours are drawn together (Kuensch 1989), since neighbouring values are not independent.
    """
    m = x.size
    value = float(correlation(x, y, ranks=ranks))
    if np.isnan(value):
        return _NOWHERE
    length = max(1, round(m ** (1 / 3)))
    starts = np.random.default_rng(seed).integers(m - length + 1, size=(n, -(-m // length)))
    rows = (starts[:, :, None] + np.arange(length)).reshape(n, -1)[:, :m]
    again = correlation(x[rows], y[rows], ranks=ranks)
    low, high = np.nanpercentile(again, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def share(which: NDArray[np.bool_]) -> Interval:
    """Share (%) of samples for which something holds, with Wilson's interval; not defined without samples."""
    if which.size == 0:
        return _NOWHERE
    ends = binomtest(int(which.sum()), which.size).proportion_ci(method="wilson")
    return Interval(100 * float(which.mean()), 100 * float(ends.low), 100 * float(ends.high))


def percent(value: Interval) -> str:
    """A share with its interval and sign, whole numbers but where those would hide the last per cent."""
    return f"{value:{'.1f' if not 1 <= value.value <= 99 else '.0f'}} %"


def slope_after(epochs: NDArray[np.int64], trace: FloatArray, breaks: NDArray[np.int64]) -> FloatArray:
    """Least-squares slope per epoch of a trace (n,) from each break (an index) on; nan where one point is left."""
    # few different breaks, many traces
    slopes = np.full(trace.size, np.nan)
    for i in np.unique(breaks):
        t = epochs[i:] - epochs[i:].mean()
        if t.size > 1:
            slopes[i] = (t * trace[i:]).sum() / (t * t).sum()
    return slopes[breaks]
