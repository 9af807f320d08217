"""Where a trace turns upwards, whatever the shape of its fall and of its rise.

Two straight lines put the turn of a steep fall with a slow rise far too early. So the trend is the best, by least
squares, of a family: a fall that is straight or parabolic up to a break, or exponential, and a rise from that break on
that is straight, parabolic, or levels off. The turn is the lowest point of that trend.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics.epochs._trace_noise import Places

__all__ = ["trends", "turn_of"]

FloatArray = NDArray[np.float64]

_SHORTEST = 4  # points from the break on
_DECAYS = 6  # exponential falls: constants of 1, 2, 4, ... shortest steps
_LEVELLING = (5.0, 15.0)  # rises that level off: constants of a fifth and a fifteenth of the whole


class _Family(NamedTuple):
    """Columns, one per pair of a fall and a rise: centred, of unit length."""

    fall: FloatArray  # (n, n_pairs)
    rise: FloatArray  # (n, n_pairs)
    overlap: FloatArray  # (n_pairs,)


@lru_cache(maxsize=8)
def _family(at: Places) -> _Family:
    t = (np.array(at) - at[0]) / float(np.diff(at).min())
    n = t.size
    decays = [-np.exp(-t / 2.0**k) for k in range(_DECAYS)]
    falls, rises = [], []
    for i, start in enumerate(t[: n - _SHORTEST + 1]):
        to_it, from_it = np.minimum(t - start, 0), np.maximum(t - start, 0)
        ending = [to_it, -(to_it**2)] if i > 1 else [to_it]
        cut = [-np.exp(-np.minimum(t, start) / 2.0**k) for k in range(_DECAYS)] if i > 1 else []
        levelling = [1 - np.exp(-from_it * part / t[-1]) for part in _LEVELLING]
        # a decay that goes on beneath the rise must not win over it again: with a convex rise it cannot
        for some, ways in ((ending + decays, [from_it, from_it**2]), (ending + cut, levelling)):
            falls += [fall for fall in some for _ in ways]
            rises += [way for _ in some for way in ways]
    fall, rise = (_unit(np.array(columns).T) for columns in (falls, rises))
    return _Family(fall, rise, (fall * rise).sum(axis=0))


def _unit(columns: FloatArray) -> FloatArray:
    columns = columns - columns.mean(axis=0)
    length = np.linalg.norm(columns, axis=0)
    return np.asarray(columns / np.where(length > 0, length, 1.0))


def trends(traces: FloatArray, at: Places) -> FloatArray:
    """Best trend of each of some traces, both (k, n): it falls first and rises then, or does one of the two only.

    With two columns the solution is the free one where it has the right signs, else the better of the two edges.
    """
    f = _family(at)
    mean = traces.mean(axis=1, keepdims=True)
    a, b = (traces - mean) @ f.fall, (traces - mean) @ f.rise
    free = np.maximum(1 - f.overlap**2, 1e-9)
    fall, rise = (a - f.overlap * b) / free, (b - f.overlap * a) / free
    inside = (fall <= 0) & (rise >= 0)
    edge_a, edge_b = np.minimum(a, 0), np.maximum(b, 0)
    falls = edge_a**2 >= edge_b**2
    fall = np.where(inside, fall, np.where(falls, edge_a, 0))
    rise = np.where(inside, rise, np.where(falls, 0, edge_b))
    best = (fall * a + rise * b).argmax(axis=1)
    each = np.arange(len(traces)), best
    return np.asarray(mean + (f.fall[:, best] * fall[each] + f.rise[:, best] * rise[each]).T)


def turn_of(trend: FloatArray) -> NDArray[np.int64]:
    """Index of the lowest point of each trend (k, n), the last where several are equally low."""
    n = trend.shape[1]
    level = 1e-9 * np.ptp(trend, axis=1, keepdims=True)
    return np.asarray(n - 1 - (trend <= trend.min(axis=1, keepdims=True) + level)[:, ::-1].argmax(axis=1))
