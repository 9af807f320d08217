"""How much of a squared error is within the samples' own bounds, and what that says of where the error comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from xrdlib.diagnostics._intervals import Interval, bootstrap_all

__all__ = ["AT_BOUND", "share_within", "verdict"]

FloatArray = NDArray[np.float64]


def _of_normal(share: float) -> float:
    """What `share_within` tends to for normal errors of which the bounds make ``share`` of the variance.

    E min(x^2, t^2) of a normal x of unit variance, t^2 = share.
    """
    t = np.sqrt(share)
    inside = erf(t / np.sqrt(2))
    return float(inside - np.sqrt(2 / np.pi) * t * np.exp(-share / 2) + share * (1 - inside))


AT_BOUND = _of_normal(1.0)  # 0.52: of errors that scatter as their bounds say
_PHYSICS, _NETWORK = _of_normal(2 / 3), _of_normal(1 / 3)  # 0.39 and 0.23: errors 1.22 and 1.73 times their bounds


def share_within(error: FloatArray, bound: FloatArray) -> list[Interval]:
    """``sum min(error^2, bound^2) / sum error^2`` of each column with its bootstrap interval; 1 where no error is.

    Unlike a ratio of mean squares it is not decided by a few samples with wide bounds: a bound beyond its own sample's
    error counts no more than that error.

    Parameters
    ----------
    error, bound : ndarray, shape (n, k)
        In one unit.
    """

    def share(within: FloatArray, square: FloatArray) -> FloatArray:
        total = square.sum(axis=0)
        return np.asarray(np.divide(within.sum(axis=0), total, out=np.ones(total.shape), where=total > 0))

    square = error**2
    return bootstrap_all(share, np.minimum(square, bound**2), square, n=500)


def verdict(share: Interval) -> str:
    """Whether an error is of the bound's size ("physics"), beyond it ("network"), or "both"; by the whole interval.

    "undecided" where the interval holds one of the limits, which are those of errors 1.22 and 1.73 times their bounds.
    """
    if share.low >= _PHYSICS:
        return "physics"
    if share.high < _NETWORK:
        return "network"
    return "both" if share.low >= _NETWORK and share.high < _PHYSICS else "undecided"
