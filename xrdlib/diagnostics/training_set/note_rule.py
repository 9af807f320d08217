"""The lab's note on coverage as a rule: verdicts from absolute distances and counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["NoteRule"]


@dataclass(frozen=True)
class NoteRule:
    """Thresholds of the note's Check 1, the note's values by default; distances in units of the ranges.

    Attributes
    ----------
    near, far : float
        A nearest training sample within ``near`` is good coverage, beyond ``far`` sparse ("extrapolation").
    radius : float
        Where training samples are counted.
    few, many : int
        Fewer than ``few`` of them are very sparse, more than ``many`` well covered. The note has counts of 10 000
        samples in mind, and does not say what becomes of them for other sizes.
    sparse_radius : float
    sparse_share : float
        Less than this share (%) of the training set within ``sparse_radius`` is the note's "sparse region".
    """

    near: float = 0.5
    far: float = 1.0
    radius: float = 1.0
    few: int = 100
    many: int = 500
    sparse_radius: float = 0.5
    sparse_share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.near <= self.far:
            raise ValueError(f"near = {self.near}, far = {self.far}: 0 < near <= far expected")
        if not (self.radius > 0 and self.sparse_radius > 0):
            raise ValueError(f"radius = {self.radius}, sparse_radius = {self.sparse_radius}: positive numbers expected")
        if not 0 <= self.few <= self.many:
            raise ValueError(f"few = {self.few}, many = {self.many}: 0 <= few <= many expected")
        if not 0 <= self.sparse_share <= 100:
            raise ValueError(f"sparse_share = {self.sparse_share}: a share in % expected")

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """The verdicts of each of the note's three questions, from the best covered to the sparsest."""
        return {
            "nearest": ("good", "moderate", "sparse"),
            "count": ("well covered", "moderate", "very sparse"),
            "share": ("not sparse", "sparse"),
        }

    @property
    def questions(self) -> dict[str, str]:
        """What each of the three looks at."""
        return {
            "nearest": "distance of the nearest",
            "count": f"count within {self.radius:g}",
            "share": f"share within {self.sparse_radius:g}",
        }

    def judge(self, nearest: ArrayLike, count: ArrayLike, share: ArrayLike) -> dict[str, NDArray[np.int64]]:
        """Which of ``labels`` each point gets.

        Parameters
        ----------
        nearest : array_like, shape (n,)
            Distance of the nearest training sample.
        count : array_like, shape (n,)
            Training samples within ``radius``.
        share : array_like, shape (n,)
            Share (%) of the training set within ``sparse_radius``.

        Returns
        -------
        dict of str to ndarray of int, shape (n,)
            Indices into ``labels``, 0 the best covered.
        """
        distance, number = np.atleast_1d(nearest), np.atleast_1d(count)
        return {
            "nearest": (distance >= self.near).astype(np.int64) + (distance > self.far),
            "count": (number <= self.many).astype(np.int64) + (number < self.few),
            "share": (np.atleast_1d(share) < self.sparse_share).astype(np.int64),
        }
