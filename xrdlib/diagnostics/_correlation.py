"""How two traces go together, with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from xrdlib.diagnostics._intervals import UNDEFINED, Interval, percentile_interval

__all__ = ["block_interval", "correlation", "slope_after"]

FloatArray = NDArray[np.float64]


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
        return UNDEFINED
    length = max(1, round(m ** (1 / 3)))
    starts = np.random.default_rng(seed).integers(m - length + 1, size=(n, -(-m // length)))
    rows = (starts[:, :, None] + np.arange(length)).reshape(n, -1)[:, :m]
    return percentile_interval(value, correlation(x[rows], y[rows], ranks=ranks))


def slope_after(epochs: NDArray[np.int64], trace: FloatArray, breaks: NDArray[np.int64]) -> FloatArray:
    """Least-squares slope per epoch of a trace (n,) from each break (an index) on; nan where one point is left."""
    # few different breaks, many traces
    slopes = np.full(trace.size, np.nan)
    for i in np.unique(breaks):
        t = epochs[i:] - epochs[i:].mean()
        if t.size > 1:
            slopes[i] = (t * trace[i:]).sum() / (t * t).sum()
    return slopes[breaks]
