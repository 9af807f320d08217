"""The noise of a trace from epoch to epoch: its size at every epoch, its correlation, and more of the same kind."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["draw_noise", "smoother", "trace_noise"]

FloatArray = NDArray[np.float64]

_PHI = np.arange(0, 0.96, 0.05)
# Added to the lag-1 correlation, about its standard error in 80 epochs: too low an estimate takes noise for a trend.
_CAUTION = 0.1


@lru_cache
def smoother(n: int) -> FloatArray:
    """Matrix (n, n) that smooths a trace: local lines, tricube weights, a quarter of the points (Cleveland 1979)."""
    t = np.arange(n, dtype=np.float64)
    near = min(n, 2 * max(5, round(n / 8)) + 1)
    rows = np.empty((n, n))
    for i in range(n):
        distance = np.abs(t - i)
        weight = np.clip(1 - (distance / (np.sort(distance)[near - 1] + 1)) ** 3, 0, None) ** 3
        design = np.stack([np.ones(n), t - i], axis=1)
        rows[i] = np.linalg.pinv(design * np.sqrt(weight)[:, None])[0] * np.sqrt(weight)
    return rows


@lru_cache
def _left_by_smoothing(n: int) -> FloatArray:
    """Lag-1 correlation and variance of what smoothing leaves of AR(1) noise of unit variance, (2, len(_PHI))."""
    leave = np.eye(n) - smoother(n)
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    left = [leave @ phi**lag @ leave.T for phi in _PHI]
    return np.array([[np.trace(c, 1) / np.trace(c), np.trace(c) / n] for c in left]).T


def trace_noise(traces: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Size of each trace's noise at each point, (k, n), and its lag-1 correlation, (k,)."""
    n = traces.shape[1]
    s = smoother(n)
    left = traces - traces @ s.T
    tiny = 1e-12 * np.ptp(traces, axis=1, keepdims=True)
    size = np.sqrt(np.square(left) @ np.abs(s / np.abs(s).sum(axis=1, keepdims=True)).T) + tiny
    even = left / size
    lag = (even[:, 1:] * even[:, :-1]).sum(axis=1) / np.square(even).sum(axis=1)
    correlation, variance = _left_by_smoothing(n)
    phi = np.interp(lag + _CAUTION, correlation, _PHI)
    return size / np.sqrt(np.interp(phi, _PHI, variance))[:, None], phi


def draw_noise(size: FloatArray, phi: float, normal: FloatArray) -> FloatArray:
    """Autocorrelated noise, (n_draws, n), of standard normal numbers of the same shape."""
    noise = np.empty_like(normal)
    noise[:, 0] = normal[:, 0]
    for t in range(1, normal.shape[1]):
        noise[:, t] = phi * noise[:, t - 1] + np.sqrt(1 - phi**2) * normal[:, t]
    return size * noise
