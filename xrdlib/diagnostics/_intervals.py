"""Numbers with 95 % intervals: percentiles of a bootstrap (Efron 1979), and those of shares of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

__all__ = [
    "UNDEFINED",
    "Interval",
    "bootstrap",
    "bootstrap_all",
    "exact_share",
    "percent",
    "percentile_interval",
    "share",
]

FloatArray = NDArray[np.float64]

_ENDS = (2.5, 97.5)


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


UNDEFINED = Interval(np.nan, np.nan, np.nan)


def percentile_interval(value: float, again: FloatArray) -> Interval:
    """A value with the middle 95 % of what resamples give, shape (n,); not defined where the value is not.

    Resamples without a value are left out; without any other, the ends are nan.
    """
    if np.isnan(value):
        return UNDEFINED
    drawn = again[np.isfinite(again)]
    low, high = np.percentile(drawn, _ENDS) if drawn.size else (np.nan, np.nan)
    return Interval(float(value), float(low), float(high))


def bootstrap(statistic: Callable[..., float], *samples: NDArray[Any], n: int = 1000, seed: int = 0) -> Interval:
    """A statistic of samples with its percentile interval.

    Parameters
    ----------
    statistic : callable
        Of resampled ``samples``; a float.
    samples : ndarray, each of the same length
        Drawn again together: row i of one belongs to row i of the others.
    n : int
        Resamples.
    seed : int

    Returns
    -------
    Interval
    """
    return bootstrap_all(lambda *s: np.array([statistic(*s)]), *samples, n=n, seed=seed)[0]


def bootstrap_all(
    statistic: Callable[..., FloatArray], *samples: NDArray[Any], n: int = 1000, seed: int = 0
) -> list[Interval]:
    """As `bootstrap`, for several statistics, shape (k,), of the same resamples."""
    size = len(samples[0])
    rng = np.random.default_rng(seed)
    value = np.asarray(statistic(*samples), dtype=np.float64)
    again = np.empty((n, value.size))
    for i in range(n):
        rows = rng.integers(size, size=size)
        again[i] = statistic(*(s[rows] for s in samples))
    low, high = np.nanpercentile(again, _ENDS, axis=0) if size else (value, value)
    return [Interval(float(v), float(a), float(b)) for v, a, b in zip(value, low, high, strict=True)]


def share(which: NDArray[np.bool_]) -> Interval:
    """Share (%) of samples for which something holds, with Wilson's interval; not defined without samples."""
    from scipy.stats import binomtest  # a third of a second to import

    if which.size == 0:
        return UNDEFINED
    ends = binomtest(int(which.sum()), which.size).proportion_ci(method="wilson")
    return Interval(100 * float(which.mean()), 100 * float(ends.low), 100 * float(ends.high))


def exact_share(count: int, n: int) -> Interval:
    """A share of n samples in % with its exact binomial interval (Clopper and Pearson 1934, Biometrika 26, 404)."""
    tail = 0.025
    low = betaincinv(count, n - count + 1, tail) if count > 0 else 0.0
    high = betaincinv(count + 1, n - count, 1 - tail) if count < n else 1.0
    return Interval(100 * count / n, 100 * float(low), 100 * float(high))


def percent(value: Interval) -> str:
    """A share with its interval and sign, whole numbers but where those would hide the last per cent."""
    return f"{value:{'.1f' if not 1 <= value.value <= 99 else '.0f'}} %"
