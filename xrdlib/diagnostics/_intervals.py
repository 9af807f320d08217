"""Bootstrap intervals (Efron 1979): samples are drawn again with replacement, and the statistic's percentiles taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "bootstrap", "bootstrap_all"]

FloatArray = NDArray[np.float64]


class Interval(NamedTuple):
    """A number with the ends of its 95 % interval; nan where it is not defined."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        if np.isnan(self.value):
            return "not defined"
        return f"{self.value:{spec}} ({self.low:{spec}} to {self.high:{spec}})"

    def excludes(self, value: float) -> bool:
        """Whether a value lies outside the interval; never where it is not defined."""
        return self.low > value or self.high < value

    def to_dict(self) -> dict[str, float | None]:
        """For JSON."""
        return {k: float(v) if np.isfinite(v) else None for k, v in self._asdict().items()}


def bootstrap(
    statistic: Callable[..., float], *samples: NDArray[Any], n: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval:
    """A statistic of samples with its percentile interval.

    Parameters
    ----------
    statistic : callable
        Of resampled ``samples``; a float.
    samples : ndarray, each of the same length
        Drawn again together: row i of one belongs to row i of the others.
    n : int
        Resamples.
    level : float
        Coverage of the interval.
    seed : int

    Returns
    -------
    Interval
    """
    return bootstrap_all(lambda *s: np.array([statistic(*s)]), *samples, n=n, level=level, seed=seed)[0]


def bootstrap_all(
    statistic: Callable[..., FloatArray], *samples: NDArray[Any], n: int = 1000, level: float = 0.95, seed: int = 0
) -> list[Interval]:
    """As `bootstrap`, for several statistics, shape (k,), of the same resamples."""
    size = len(samples[0])
    rng = np.random.default_rng(seed)
    value = np.asarray(statistic(*samples), dtype=np.float64)
    again = np.empty((n, value.size))
    for i in range(n):
        rows = rng.integers(size, size=size)
        again[i] = statistic(*(s[rows] for s in samples))
    tail = 50 * (1 - level)
    low, high = np.nanpercentile(again, [tail, 100 - tail], axis=0) if size else (value, value)
    return [Interval(float(v), float(a), float(b)) for v, a, b in zip(value, low, high, strict=True)]
