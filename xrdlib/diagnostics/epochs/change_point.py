"""Where a noisy trace stops falling and begins to rise, and whether that is more than noise.

Two questions, two models. *Does it rise?* A continuous line of two pieces, slope <= 0 before its break and >= 0 after
it, by least squares at every break (a broken-stick regression; the search over breaks is Quandt 1958). That its rise
is real cannot be read from a table, since the break was searched for (Davies 1987); so the gain over the best two-piece
line that never rises is compared with its gain in traces made of that line and noise like this trace's own:
autocorrelated, and as loud at each epoch as here. *Where does it turn?* At the lowest point of a trend that need not be
straight (`_turn`), with an interval from traces made of that trend and such noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import vectors
from xrdlib.diagnostics.epochs._trace_noise import Places, draw_noise, places_of, trace_noise
from xrdlib.diagnostics.epochs._turn import trends, turn_of

__all__ = ["MIN_POINTS", "ChangePoint", "change_point", "rising"]

FloatArray = NDArray[np.float64]

MIN_POINTS = 12
_LARGEST = 1e100
_REDRAWN = 199  # traces behind the interval of the turn
_SHORTEST = 4  # points of the piece after the break, and before it unless the trace rises from its start


@dataclass(frozen=True)
class ChangePoint:
    """The turn of a trace that falls or is level first and rises then.

    Attributes
    ----------
    index : int or None
        Of the turn, from 0; None where nothing rises, or where it is not defined.
    low, high : int or None
        Ends of its 95 % interval, from traces made of the trend and noise. On 80 epochs with correlated noise it was
        measured to hold the turn of two-piece lines, of exponential falls with a late rise and of smooth U in 90 % of
        cases or more.
    slope_before, slope_after : float
        Mean slopes of the trend up to its turn and from there on, the trace's unit per unit of ``at``; nan without one.
    p_value : float
        Share of never rising traces with noise like this one's in which a rise gains as much; nan where not defined:
        fewer than ``MIN_POINTS`` points, or a constant trace.
    line : ndarray, shape (n,)
        The trend; nan without a turn.
    """

    index: int | None
    low: int | None
    high: int | None
    slope_before: float
    slope_after: float
    p_value: float
    line: FloatArray

    def significant(self, level: float = 0.05) -> bool:
        """Whether the trace rises after its turn, and noise alone would hardly do that."""
        return self.index is not None and self.p_value < level


@dataclass(frozen=True)
class _Pieces:
    """Columns, one per break, of all two-piece lines through n places: centred, of unit length."""

    before: FloatArray  # (n, n_breaks) of min(place - break, 0)
    after: FloatArray  # (n, n_breaks) of max(place - break, 0)
    overlap: FloatArray  # (n_breaks,) scalar products of the two


@lru_cache
def _pieces(at: Places) -> _Pieces:
    breaks = np.r_[0, np.arange(_SHORTEST - 1, len(at) - _SHORTEST + 1)]
    away = np.subtract.outer(at, np.array(at)[breaks])
    columns = np.stack([np.minimum(away, 0), np.maximum(away, 0)])
    columns -= columns.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(columns, axis=1, keepdims=True)
    columns /= np.where(lengths > 0, lengths, 1.0)  # no piece before a break at the first point
    return _Pieces(columns[0], columns[1], (columns[0] * columns[1]).sum(axis=0))


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
    """Where a trace turns upwards, and whether that is more than noise.

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
    values = vectors(trace, "trace", finite=False)
    if values.ndim != 1 or not (np.abs(values) <= _LARGEST).all():  # nan, too
        raise ValueError(f"trace: shape {values.shape}; finite numbers of shape (n,) expected")
    places = places_of(values.size, at)
    p_value = float(_p_values(values[None], places, n_draws, seed)[0])
    nowhere = ChangePoint(None, None, None, np.nan, np.nan, p_value, np.full(values.size, np.nan))
    if not p_value < 1:
        return nowhere
    line = trends(values[None], places)
    index, last = int(turn_of(line)[0]), values.size - 1
    if index == last:
        return nowhere
    size, phi = trace_noise(values[None], places)
    normal = np.random.default_rng(seed + 1).normal(size=(min(n_draws, _REDRAWN), values.size))
    again = turn_of(trends(line + draw_noise(size[0], float(phi[0]), normal, places), places))
    low, high = np.percentile(again, [2.5, 97.5], method="nearest")
    to_it, from_it = places[index] - places[0], places[last] - places[index]
    return ChangePoint(
        index=index,
        low=min(int(low), index),  # the turn of the trace itself belongs to its interval
        high=max(int(high), index),
        slope_before=float(line[0, index] - line[0, 0]) / to_it if index else 0.0,
        slope_after=float(line[0, last] - line[0, index]) / from_it,
        p_value=p_value,
        line=line[0],
    )


def rising(
    traces: ArrayLike, at: ArrayLike | None = None, *, n_draws: int = 99, seed: int = 0
) -> tuple[FloatArray, NDArray[np.int64]]:
    """P-value and turn (index from 0) of each of many traces, shape (k, n); as `change_point`.

    One whose trend does not rise at all turns at its last point.
    """
    values = np.asarray(traces, dtype=np.float64)
    places = places_of(values.shape[1], at)
    p_value = _p_values(values, places, n_draws, seed)
    turns = np.full(len(values), values.shape[1] - 1)
    told = p_value < 1
    if told.any():
        turns[told] = turn_of(trends(values[told], places))
    return p_value, turns


def _p_values(traces: FloatArray, places: Places, n_draws: int, seed: int) -> FloatArray:
    if n_draws < 19:
        raise ValueError(f"n_draws = {n_draws}: 19 or more expected, fewer cannot reach a level of 5 %")
    k, n = traces.shape
    p_value = np.full(k, np.nan)
    if n < MIN_POINTS:
        return p_value
    p = _pieces(places)
    up, never = _best(traces, p, 1), _best(traces, p, -1)
    gain, level = _gain(traces, up, never), never.lines(traces)
    normal = np.random.default_rng(seed).normal(size=(n_draws, n))
    defined = np.ptp(traces, axis=1) > 1e-9 * np.abs(traces).max(axis=1)
    p_value[defined] = 1.0
    size, phi = trace_noise(np.where(defined[:, None], traces, np.arange(n)), places)
    for i in np.flatnonzero(defined & (gain > 0)):
        again = level[i] + draw_noise(size[i], float(phi[i]), normal, places)
        chance = _gain(again, _best(again, p, 1), _best(again, p, -1))
        p_value[i] = (1 + np.sum(chance >= gain[i])) / (n_draws + 1)
    return p_value
