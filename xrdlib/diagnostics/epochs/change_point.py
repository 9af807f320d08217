"""Where a noisy trace stops falling and begins to rise, and whether that is more than noise.

The model is a continuous line of two pieces, slope <= 0 before its break and >= 0 after it, by least squares at every
break (a broken-stick regression; the search over breaks is Quandt 1958). That its rise is real cannot be read from a
table, since the break was searched for (Davies 1987); so the gain over the best two-piece line that never rises is
compared with its gain in traces made of that line and noise like this trace's own: autocorrelated, and as loud at each
epoch as here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.diagnostics.epochs._trace_noise import draw_noise, trace_noise

__all__ = ["MIN_POINTS", "ChangePoint", "change_point", "rising"]

FloatArray = NDArray[np.float64]

MIN_POINTS = 12
_SHORTEST = 4  # points of the piece after the break, and before it unless the trace rises from its start


@dataclass(frozen=True)
class ChangePoint:
    """The two-piece line that falls or is level first and rises then.

    Attributes
    ----------
    index : int or None
        Of the break, from 0; None where no such line rises, or where it is not defined.
    low, high : int or None
        Ends of the break's 95 % interval, from traces made of the line and noise.
    slope_before, slope_after : float
        The trace's unit per unit of ``at``; nan without a break.
    p_value : float
        Share of never rising traces with noise like this one's in which a rise gains as much; nan where not defined:
        fewer than ``MIN_POINTS`` points, or a constant trace.
    line : ndarray, shape (n,)
        The two pieces; nan without a break.
    """

    index: int | None
    low: int | None
    high: int | None
    slope_before: float
    slope_after: float
    p_value: float
    line: FloatArray

    def significant(self, level: float = 0.05) -> bool:
        """Whether the trace rises after the break, and noise alone would hardly do that."""
        return self.index is not None and self.p_value < level


@dataclass(frozen=True)
class _Pieces:
    """Columns, one per break, of all two-piece lines through n places: centred, of unit length."""

    breaks: NDArray[np.int64]
    before: FloatArray  # (n, n_breaks) of min(place - break, 0)
    after: FloatArray  # (n, n_breaks) of max(place - break, 0)
    overlap: FloatArray  # (n_breaks,) scalar products of the two
    lengths: FloatArray  # (2, n_breaks) before they were divided by it


@lru_cache
def _pieces(at: tuple[float, ...]) -> _Pieces:
    breaks = np.r_[0, np.arange(_SHORTEST - 1, len(at) - _SHORTEST + 1)]
    away = np.subtract.outer(at, np.array(at)[breaks])
    columns = np.stack([np.minimum(away, 0), np.maximum(away, 0)])
    columns -= columns.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(columns, axis=1)
    lengths[lengths == 0] = 1.0  # no piece before a break at the first point
    columns /= lengths[:, None]
    return _Pieces(breaks, columns[0], columns[1], (columns[0] * columns[1]).sum(axis=0), lengths)


@dataclass(frozen=True)
class _Fit:
    """Best line of each trace (k, n): what it explains of the squares, and its break and slopes, each (k,)."""

    pieces: _Pieces
    explained: FloatArray
    column: NDArray[np.int64]
    before: FloatArray
    after: FloatArray

    def lines(self, traces: FloatArray) -> FloatArray:
        p = self.pieces
        shape = p.before[:, self.column] * self.before + p.after[:, self.column] * self.after
        return np.asarray(traces.mean(axis=1, keepdims=True) + shape.T)


def _best(traces: FloatArray, p: _Pieces, sign: int) -> _Fit:
    """Least squares over all breaks with slope <= 0 before and sign * slope >= 0 after.

    With two columns the solution is the free one where it has the right signs, else the better of the two edges.
    """
    centred = traces - traces.mean(axis=1, keepdims=True)
    b, a = centred @ p.before, centred @ p.after  # (k, n_breaks)
    free = 1 - p.overlap**2
    before, after = (b - p.overlap * a) / free, (a - p.overlap * b) / free
    inside = (before <= 0) & (sign * after >= 0)
    edge_b, edge_a = np.minimum(b, 0), sign * np.maximum(sign * a, 0)
    falls = edge_b**2 >= edge_a**2
    before = np.where(inside, before, np.where(falls, edge_b, 0))
    after = np.where(inside, after, np.where(falls, 0, edge_a))
    explained = before * b + after * a
    best = explained.argmax(axis=1)
    each = np.arange(len(traces)), best
    return _Fit(p, explained[each], best, before[each], after[each])


def _gain(traces: FloatArray, up: _Fit, never: _Fit) -> FloatArray:
    """By how much the rising line is better than one that never rises, in units of what it leaves unexplained."""
    total = np.square(traces - traces.mean(axis=1, keepdims=True)).sum(axis=1)
    left = np.maximum(total - up.explained, 1e-12 * total)
    return np.asarray(np.divide(up.explained - never.explained, left, out=np.zeros(len(traces)), where=left > 0))


def change_point(trace: ArrayLike, at: ArrayLike | None = None, *, n_draws: int = 499, seed: int = 0) -> ChangePoint:
    """The best two-piece line that rises after its break, and its significance.

    Parameters
    ----------
    trace : array_like, shape (n,)
    at : array_like, shape (n,), optional
        Where its points are, such as epochs, ascending; by default 0, 1, 2, ...
    n_draws : int
        Traces of noise that it is compared with.
    seed : int
        Of those.

    Returns
    -------
    ChangePoint

    Raises
    ------
    ValueError
        If the trace is not one-dimensional, holds nan or infinity, its places do not ascend, or n_draws is below 19.
    """
    values = np.asarray(trace, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"trace: shape {values.shape}; finite numbers of shape (n,) expected")
    p_value, up = _p_values(values[None], at, n_draws, seed)
    line = up.lines(values[None])[0] if up else np.full(values.size, np.nan)
    if up is None or up.after[0] <= 0 or p_value[0] == 1:
        return ChangePoint(None, None, None, np.nan, np.nan, float(p_value[0]), np.full(values.size, np.nan))
    p, column = up.pieces, up.column[0]
    size, phi = trace_noise(values[None])
    normal = np.random.default_rng(seed + 1).normal(size=(n_draws, values.size))
    again = p.breaks[_best(line + draw_noise(size[0], float(phi[0]), normal), p, 1).column]
    low, high = np.percentile(again, [2.5, 97.5], method="nearest")
    index = int(p.breaks[column])
    return ChangePoint(
        index=index,
        low=min(int(low), index),  # the break of the trace itself belongs to its interval
        high=max(int(high), index),
        slope_before=float(up.before[0] / p.lengths[0, column]),
        slope_after=float(up.after[0] / p.lengths[1, column]),
        p_value=float(p_value[0]),
        line=line,
    )


def rising(
    traces: ArrayLike, at: ArrayLike | None = None, *, n_draws: int = 99, seed: int = 0
) -> tuple[FloatArray, NDArray[np.int64]]:
    """P-value and break (index from 0) of each of many traces, shape (k, n); as `change_point`."""
    values = np.asarray(traces, dtype=np.float64)
    p_value, up = _p_values(values, at, n_draws, seed)
    breaks = np.zeros(len(values), dtype=np.int64) if up is None else up.pieces.breaks[up.column]
    return p_value, breaks


def _p_values(traces: FloatArray, at: ArrayLike | None, n_draws: int, seed: int) -> tuple[FloatArray, _Fit | None]:
    if n_draws < 19:
        raise ValueError(f"n_draws = {n_draws}: 19 or more expected, fewer cannot reach a level of 5 %")
    k, n = traces.shape
    places = np.arange(n, dtype=np.float64) if at is None else np.asarray(at, dtype=np.float64)
    if places.shape != (n,) or not (np.diff(places) > 0).all():
        raise ValueError(f"at: shape {places.shape}; {n} ascending numbers expected, one for each point")
    p_value = np.full(k, np.nan)
    if n < MIN_POINTS:
        return p_value, None
    p = _pieces(tuple(places.tolist()))
    up, never = _best(traces, p, 1), _best(traces, p, -1)
    gain, level = _gain(traces, up, never), never.lines(traces)
    normal = np.random.default_rng(seed).normal(size=(n_draws, n))
    defined = np.ptp(traces, axis=1) > 1e-9 * np.abs(traces).max(axis=1)
    p_value[defined] = 1.0
    size, phi = trace_noise(np.where(defined[:, None], traces, np.arange(n)))
    for i in np.flatnonzero(defined & (gain > 0)):
        again = level[i] + draw_noise(size[i], float(phi[i]), normal)
        chance = _gain(again, _best(again, p, 1), _best(again, p, -1))
        p_value[i] = (1 + np.sum(chance >= gain[i])) / (n_draws + 1)
    return p_value, up
