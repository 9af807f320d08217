"""The noise of a trace from epoch to epoch: its size at every epoch, its correlation, and more of the same kind.

Traces are known at places (epochs) that may be uneven, as stored weights are: smoothing and correlation go by how far
two places are apart, not by how many points lie between them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Places", "draw_noise", "places_of", "smoother", "trace_noise"]

FloatArray = NDArray[np.float64]
Places = tuple[float, ...]

_PHI = np.arange(0, 0.96, 0.05)
# Added to the lag-1 correlation, about its standard error in 80 epochs: too low an estimate takes noise for a trend.
_CAUTION = 0.1


def places_of(n: int, at: ArrayLike | None = None) -> Places:
    """Where the n points of a trace are, by default at 0, 1, 2, ...; ValueError if they do not ascend."""
    places = np.arange(n, dtype=np.float64) if at is None else np.asarray(at, dtype=np.float64)
    if places.shape != (n,) or not (np.diff(places) > 0).all():
        raise ValueError(f"at: shape {places.shape}; {n} ascending numbers expected, one for each point")
    return tuple(places.tolist())


def _step(at: Places) -> float:
    return float(np.median(np.diff(at))) if len(at) > 1 else 1.0


@lru_cache
def smoother(at: Places) -> FloatArray:
    """Matrix (n, n) that smooths a trace: local lines, tricube weights, a quarter of the points (Cleveland 1979)."""
    n, t, step = len(at), np.array(at), _step(at)
    near = min(n, 2 * max(5, round(n / 8)) + 1)
    rows = np.empty((n, n))
    for i in range(n):
        distance = np.abs(t - t[i])
        weight = np.clip(1 - (distance / (np.sort(distance)[near - 1] + step)) ** 3, 0, None) ** 3
        design = np.stack([np.ones(n), (t - t[i]) / step], axis=1)
        rows[i] = np.linalg.pinv(design * np.sqrt(weight)[:, None])[0] * np.sqrt(weight)
    return rows


@lru_cache
def _left_by_smoothing(at: Places) -> FloatArray:
    """Lag-1 correlation and variance of what smoothing leaves of AR(1) noise of unit variance, (2, len(_PHI))."""
    n = len(at)
    leave = np.eye(n) - smoother(at)
    lag = np.abs(np.subtract.outer(at, at)) / _step(at)
    left = [leave @ phi**lag @ leave.T for phi in _PHI]
    return np.array([[np.trace(c, 1) / np.trace(c), np.trace(c) / n] for c in left]).T


def trace_noise(traces: FloatArray, at: Places) -> tuple[FloatArray, FloatArray]:
    """Size of each trace's noise at each point, (k, n), and its correlation over the median step, (k,)."""
    s = smoother(at)
    left = traces - traces @ s.T
    tiny = 1e-12 * np.ptp(traces, axis=1, keepdims=True)
    size = np.sqrt(np.square(left) @ np.abs(s / np.abs(s).sum(axis=1, keepdims=True)).T) + tiny
    even = left / size
    lag = (even[:, 1:] * even[:, :-1]).sum(axis=1) / np.square(even).sum(axis=1)
    correlation, variance = _left_by_smoothing(at)
    phi = np.interp(lag + _CAUTION, correlation, _PHI)
    return size / np.sqrt(np.interp(phi, _PHI, variance))[:, None], phi


def draw_noise(size: FloatArray, phi: float, normal: FloatArray, at: Places) -> FloatArray:
    """Autocorrelated noise, (n_draws, n), of standard normal numbers of the same shape."""
    noise = np.empty_like(normal)
    noise[:, 0] = normal[:, 0]
    for t, held in enumerate(phi ** (np.diff(at) / _step(at)), start=1):
        noise[:, t] = held * noise[:, t - 1] + np.sqrt(1 - held**2) * normal[:, t]
    return size * noise
