"""How far a curve is from training curves, in several senses, and how often held-out curves are as far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics.gap._properties import PROPERTIES, properties
from xrdlib.diagnostics.lookup._lookup import Inputs, nearest

__all__ = ["NEAR", "Distances", "Novelty", "combined", "conformal", "extremes"]

FloatArray = NDArray[np.float64]

NEAR = 10  # neighbours: their mean is what a curve is compared with, the last one's distance the density
_COMPONENTS = 100


@dataclass(frozen=True)
class Distances:
    """Of n curves to the training curves.

    Attributes
    ----------
    nearest, density : ndarray, shape (n,)
        RMS of log10 intensity to the nearest training curve, and to the tenth.
    residual : ndarray, shape (n,)
        RMS of what principal components of the training curves leave.
    properties : ndarray, shape (n,)
        To the nearest training curve in the space of ``PROPERTIES``, each in units of its spread.
    values : ndarray, shape (n, 8)
        Those properties.
    index : ndarray of int, shape (n, 10)
        Nearest training curves.
    """

    nearest: FloatArray
    density: FloatArray
    residual: FloatArray
    properties: FloatArray
    values: FloatArray
    index: NDArray[np.int64]


class Novelty:
    """Distances to training curves.

    Parameters
    ----------
    inputs : ndarray, shape (n, m)
        Training curves as the network sees them.
    angle : ndarray, shape (m,)
    """

    def __init__(self, inputs: Inputs, angle: FloatArray) -> None:
        self.inputs, self.angle = inputs, angle
        self.mean = inputs.mean(axis=0)
        centred = inputs - self.mean
        vectors = np.linalg.eigh(centred.T @ centred)[1]
        self.components = vectors[:, ::-1][:, : max(1, min(_COMPONENTS, len(inputs) // 10))]
        values = properties(inputs, angle)
        self.centre = np.median(values, axis=0)
        low, high = np.quantile(values, [0.16, 0.84], axis=0)
        self.scale = np.maximum((high - low) / 2, [p.floor for p in PROPERTIES])
        self.values = values

    def __call__(self, curves: Inputs) -> Distances:
        """Of curves (n, m)."""
        index, distance = nearest(curves, self.inputs, min(NEAR, len(self.inputs)))
        centred = curves - self.mean
        left = centred - (centred @ self.components) @ self.components.T
        values = properties(curves, self.angle)
        return Distances(
            nearest=distance[:, 0],
            density=distance[:, -1],
            residual=np.sqrt(np.square(left, dtype=np.float64).mean(axis=1)),
            properties=self.apart(values),
            values=values,
            index=index,
        )

    def apart(self, values: FloatArray, keep: NDArray[np.bool_] | None = None) -> FloatArray:
        """Distance (n,) of properties (n, 8) to the nearest of the training curves, by all or some of them."""
        some = np.ones(len(PROPERTIES), dtype=bool) if keep is None else keep
        if not some.any():
            return np.zeros(len(values))
        ours, theirs = (((v - self.centre) / self.scale)[:, some].astype(np.float32) for v in (values, self.values))
        return nearest(ours, theirs, 1)[1][:, 0]


def conformal(value: float, held_out: FloatArray) -> float:
    """Share of held-out curves and this one that are as far: exact if this curve is one more of them."""
    return float((1 + np.sum(held_out >= value)) / (1 + held_out.size))


def extremes(values: FloatArray, held_out: FloatArray) -> FloatArray:
    """Most extreme single property of curves (n, 8): distance from the median over that of the outermost 1 %.

    Median and quantiles are those of held-out curves (m, 8), on the side where the property lies.
    """
    low, middle, high = np.quantile(held_out, [0.01, 0.5, 0.99], axis=0)
    floor = np.array([p.floor for p in PROPERTIES])
    above, below = np.maximum(high - middle, floor), np.maximum(middle - low, floor)
    return np.asarray(np.maximum((values - middle) / above, (middle - values) / below).max(axis=1))


def combined(values: FloatArray, held_out: FloatArray, group: NDArray[np.int64]) -> tuple[float, int]:
    """p of several distances together: how often the smallest of their p is as small among held-out curves.

    Ranks make it right for any dependence between the distances (min-p, Westfall and Young 1993). Held-out curves of
    one group share an instrument, which a new curve shares with none of them: each is ranked among the other groups,
    and groups are what is counted.

    Parameters
    ----------
    values : ndarray, shape (k,)
    held_out : ndarray, shape (n, k)
    group : ndarray of int, shape (n,)

    Returns
    -------
    p : float
        (1 + groups as far) / (1 + groups), a group counting by its share of curves that are.
    count : int
        Held-out curves that are as far.
    """
    others = group[:, None] != group[None, :]
    # of each curve, held out or not, the share of the others that lie as far
    counts = [((h >= h[:, None]) & others).sum(axis=1) + (v >= h) for v, h in zip(values, held_out.T, strict=True)]
    theirs = np.min(counts, axis=0) / (1 + others.sum(axis=1))
    as_far = theirs <= (held_out >= values).mean(axis=0).min()
    _, which, size = np.unique(group, return_inverse=True, return_counts=True)
    groups = float(np.sum(as_far / size[which]))
    return (1 + groups) / (1 + size.size), int(as_far.sum())
