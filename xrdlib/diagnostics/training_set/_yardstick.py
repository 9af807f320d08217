"""What test samples find around themselves in a training set: the yardstick for what one point finds.

All coordinates here are fractions of the parameters' ranges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

__all__ = ["ROUNDING", "Yardstick", "counts_within", "yardstick"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# of a distance: grid points lie exactly on round radii, and the sums below are in float32
ROUNDING = 5e-6
_ROWS, _POINTS = 8192, 100  # one block of distances stays in the cache


@dataclass(frozen=True)
class Yardstick:
    """Neighbourhoods of test samples in the same training set.

    Attributes
    ----------
    name : str
        The test set.
    nearest, kth : ndarray, shape (n,)
        Distance to the nearest and to the k-th nearest training sample.
    counts : ndarray of int, shape (n, n_radii)
        Training samples within each radius.
    box_distance : ndarray, shape (n,)
        Half the side of the smallest box around a test sample that holds a training sample.
    edge_distance : ndarray, shape (n,)
        Smallest distance of one of the seven parameters to an end of its range.
    """

    name: str
    nearest: FloatArray
    kth: FloatArray
    counts: IntArray
    box_distance: FloatArray
    edge_distance: FloatArray

    @property
    def size(self) -> int:
        """Number of test samples."""
        return self.kth.size


def yardstick(name: str, training: FloatArray, others: FloatArray, k: int, radii: tuple[float, ...]) -> Yardstick:
    """Measure the neighbourhoods of ``others`` (n, 7) in ``training`` (n_training, 7)."""
    # quick to build rather than to ask: a few hundred questions, of up to a million points
    tree = cKDTree(training, balanced_tree=False, compact_nodes=False)
    distance = np.asarray(tree.query(others, k=[1, k])[0])
    return Yardstick(
        name=name,
        nearest=distance[:, 0],
        kth=distance[:, 1],
        counts=counts_within(training, others, radii),
        box_distance=np.asarray(tree.query(others, p=np.inf)[0]),
        edge_distance=np.minimum(others, 1 - others).min(axis=1),
    )


def counts_within(training: FloatArray, points: FloatArray, radii: tuple[float, ...]) -> IntArray:
    """How many rows of ``training`` (n, 7) lie within each radius of ``points`` (m, 7), shape (m, n_radii).

    Block by block from ``|a - b|^2 = |a|^2 - 2 a.b + |b|^2``. A tree would be slower: the radii of interest hold a
    large part of everything.
    """
    counts = np.zeros((len(points), len(radii)), dtype=np.int64)
    b = points - 0.5
    left = np.concatenate([-2 * b, np.ones((len(b), 1))], axis=1).astype(np.float32)
    limits = ((np.array(radii) + ROUNDING) ** 2 - np.square(b).sum(axis=1)[:, None]).astype(np.float32)
    for start in range(0, len(training), _ROWS):
        a = (training[start : start + _ROWS] - 0.5).T
        right = np.concatenate([a, np.square(a).sum(axis=0, keepdims=True)]).astype(np.float32)
        for first in range(0, len(points), _POINTS):
            rows = slice(first, first + _POINTS)
            squared = left[rows] @ right
            for column, limit in enumerate(limits[rows].T):
                inside = squared <= limit[:, None]
                counts[rows, column] += [np.count_nonzero(row) for row in inside]
    return counts
