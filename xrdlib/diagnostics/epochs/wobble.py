"""The regret that comes of taking the best of many noisy numbers, without any divergence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from xrdlib._section import number
from xrdlib.diagnostics._intervals import UNDEFINED, Interval
from xrdlib.diagnostics.epochs._trace_noise import Places, draw_noise, places_of, smoother, trace_noise
from xrdlib.diagnostics.epochs.change_point import MIN_POINTS

__all__ = ["Wobble", "wobble", "wobble_p_values"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Wobble:
    """A trace's regret beside those of traces that never rise but are as noisy.

    Attributes
    ----------
    regret : float
        Error at final minus the lowest, in the trace's unit.
    drawn : ndarray, shape (n_draws,)
        Regrets of traces that follow this one's trend, but level where it rises, with noise like its own; empty where
        that is not defined: fewer than 12 epochs, or a constant trace.
    """

    regret: float
    drawn: FloatArray

    @property
    def expected(self) -> Interval:
        """Mean of ``drawn`` with the middle 95 % of them."""
        if self.drawn.size == 0:
            return UNDEFINED
        low, high = np.percentile(self.drawn, [2.5, 97.5])
        return Interval(float(self.drawn.mean()), float(low), float(high))

    @property
    def p_value(self) -> float:
        """Share of ``drawn`` that are as large as the regret; nan where that is not defined."""
        return float((1 + np.sum(self.drawn >= self.regret)) / (self.drawn.size + 1)) if self.drawn.size else np.nan

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"regret": number(self.regret), "expected": self.expected.to_dict(), "p_value": number(self.p_value)}


def wobble(trace: FloatArray, final: int, at: ArrayLike | None = None, *, n_draws: int = 999, seed: int = 0) -> Wobble:
    """Compare a trace's regret with what its noise alone brings.

    Parameters
    ----------
    trace : ndarray, shape (n,)
    final : int
        Index of the final epoch.
    at : array_like, shape (n,), optional
        The epochs, ascending; by default 0, 1, 2, ...
    n_draws : int
    seed : int

    Returns
    -------
    Wobble
    """
    drawn = next(_drawn(trace[None], final, places_of(trace.size, at), n_draws, seed), np.empty(0))
    return Wobble(float(trace[final] - trace.min()), drawn)


def wobble_p_values(
    traces: FloatArray, final: int, at: ArrayLike | None = None, *, n_draws: int = 99, seed: int = 0
) -> FloatArray:
    """The p-values of many traces, shape (k, n); empty where they are not defined."""
    seen = traces[:, final] - traces.min(axis=1)
    found = zip(seen, _drawn(traces, final, places_of(traces.shape[1], at), n_draws, seed), strict=False)
    return np.array([Wobble(float(regret), drawn).p_value for regret, drawn in found])


def _drawn(traces: FloatArray, final: int, at: Places, n_draws: int, seed: int) -> Iterator[FloatArray]:
    n = traces.shape[1]
    if n < MIN_POINTS:
        return
    normal = np.random.default_rng(seed).normal(size=(n_draws, n))
    defined = np.ptp(traces, axis=1) > 1e-9 * np.abs(traces).max(axis=1)
    size, phi = trace_noise(np.where(defined[:, None], traces, np.arange(n)), at)
    trends = traces @ smoother(at).T
    for i, known in enumerate(defined):
        if not known:
            yield np.empty(0)
            continue
        never_rising = isotonic_regression(trends[i], increasing=False).x
        again = never_rising + draw_noise(size[i], float(phi[i]), normal, at)
        yield again[:, final] - again.min(axis=1)
