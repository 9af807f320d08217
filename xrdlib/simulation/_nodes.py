"""Chebyshev nodes for functions of the angle that turn no faster than a known phase, and interpolation between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.special import jv

__all__ = ["interpolation"]

FloatArray = NDArray[np.float64]

_TRUNCATION = 1e-17  # largest coefficient left out of Chebyshev's series


@lru_cache(maxsize=32)
def _n_nodes(phase: float) -> int:
    """Number of nodes that have exp(i phase x), |x| <= 1, to rounding; its coefficients are Bessel functions."""
    n = ceil(phase) + 2
    while abs(float(jv(n, phase))) > _TRUNCATION:
        n += 1
    return n + 1


def interpolation(angle: FloatArray, slope: float, groups: Sequence[int]) -> list[FloatArray]:
    """Nodes for groups of sublayers of growing size, and the matrices that bring values from one to the next.

    Parameters
    ----------
    angle : ndarray, shape (m,)
        rad, in any order.
    slope : float
        Growth of a sublayer's phase per rad.
    groups : sequence of int
        Sublayers in a group, growing.

    Returns
    -------
    list of ndarray
        The nodes of the first group, shape (d,), rad; the matrices from each group's nodes to those of the next; last
        the matrix (m, d) from the last group's nodes to ``angle``. Where angles are few they are the nodes.
    """
    middle = (angle.max() + angle.min()) / 2 if angle.size else 0.0
    half = float(np.abs(angle - middle).max(initial=0.0))
    x = (angle - middle) / (half or 1.0)
    matrices: list[FloatArray] = []
    for group in reversed(groups):
        # rounded up, so that a few numbers come again and again
        n = _n_nodes(ceil(slope * half * group * 10) / 10)
        if n >= x.size:
            matrices.insert(0, np.eye(x.size))
            continue
        at = np.pi * (np.arange(n) + 0.5) / n
        degree = np.arange(n)
        # values to coefficients by discrete orthogonality, coefficients to values
        forward = np.cos(degree[:, None] * at) * np.where(degree == 0, 1, 2)[:, None] / n
        matrices.insert(0, np.cos(degree * np.arccos(np.clip(x, -1, 1))[:, None]) @ forward)
        x = np.cos(at)
    return [np.asarray(middle + half * x), *matrices]
