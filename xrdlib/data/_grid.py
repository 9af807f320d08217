"""Distinct points of the lab's grid, equally many from each stratum.

The constraints couple the parameters only within the blocks (Dmax1, D01, D02), (L1, Rp1, L2) and (Rp2).
Combinations of the grid are therefore enumerated per block (728, 825 and 14 of them instead of their
8 408 400 products).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data._continuous import BLOCKS
from xrdlib.data.space import CONSTRAINTS, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GridDraw", "SamplingReport", "draw_grid"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_BINS = 3


@dataclass(frozen=True, eq=False)
class SamplingReport:
    """How a stratified grid sample came out.

    Attributes
    ----------
    bins : ndarray of int, shape (n_strata, 7)
        The bin of each parameter that makes up each non-empty stratum, 0 the lowest.
    combinations : ndarray of int, shape (n_strata,)
        How many grid points a stratum holds.
    counts : ndarray of int, shape (n_strata,)
        How many of them were drawn.
    """

    bins: IntArray
    combinations: IntArray
    counts: IntArray

    @property
    def n_strata(self) -> int:
        """Number of non-empty strata."""
        return self.counts.size

    @property
    def n_exhausted(self) -> int:
        """Number of strata that gave every combination they hold and still fewer samples than others."""
        return int(np.count_nonzero((self.counts == self.combinations) & (self.counts < self.counts.max())))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per stratum: the bin of each parameter, ``combinations`` and ``samples``."""
        import pandas as pd

        frame = pd.DataFrame(self.bins, columns=list(PARAMETERS))
        return frame.assign(combinations=self.combinations, samples=self.counts)

    def to_text(self) -> str:
        """One line for the terminal."""
        n, low, high = int(self.counts.sum()), int(self.counts.min()), int(self.counts.max())
        text = f"{n} grid samples from {self.n_strata} strata, {low} to {high} of each"
        if not self.n_exhausted:
            return text
        return (
            f"{text}: {self.n_exhausted} strata hold too few combinations for an equal share "
            f"({n / self.n_strata:.1f}); all of theirs are taken and the other strata fill the rest evenly"
        )


class GridDraw(NamedTuple):
    """Grid points that were drawn: which points of each block."""

    blocks: list[_GridBlock]
    picks: list[NDArray[np.int32]]  # (n,) each

    def points(self, rows: slice) -> FloatArray:
        """Some of them, shape (n_rows, 7)."""
        parameters = np.empty((self.picks[0][rows].size, len(PARAMETERS)))
        for block, pick in zip(self.blocks, self.picks, strict=True):
            parameters[:, block.columns] = block.points[pick[rows]]
        return parameters


def draw_grid(n: int, rng: np.random.Generator, space: ParameterSpace) -> tuple[GridDraw, SamplingReport]:
    """Draw n grid points; see `xrdlib.data.sampling.sample_grid`."""
    blocks = [_GridBlock.enumerate(names, space) for names in BLOCKS]
    sizes = [block.sizes for block in blocks]
    combinations = np.einsum("i,j,k->ijk", *sizes).ravel()
    if n > combinations.sum():
        raise ValueError(f"n = {n}: the grid has {combinations.sum()} points; method 'uniform' has no limit")
    counts = _even_counts(n, combinations, rng)
    shape = [size.size for size in sizes]
    picks = [np.empty(n, dtype=np.int32) for _ in blocks]
    places = np.split(rng.permutation(n), np.cumsum(counts)[:-1])  # the order is shuffled as it is filled
    for stratum, place in enumerate(places):
        which = np.unravel_index(stratum, shape)
        members = [block.members[i] for block, i in zip(blocks, which, strict=True)]
        drawn = rng.choice(int(combinations[stratum]), size=place.size, replace=False, shuffle=False)
        rows = np.unravel_index(drawn, [member.size for member in members])
        for pick, member, row in zip(picks, members, rows, strict=True):
            pick[place] = member[row]
    bins = np.empty((combinations.size, len(PARAMETERS)), dtype=np.int64)
    for block, stratum_of_block in zip(blocks, np.indices(shape).reshape(3, -1), strict=True):
        bins[:, block.columns] = block.bins[stratum_of_block]
    return GridDraw(blocks, picks), SamplingReport(bins, combinations, counts)


class _GridBlock(NamedTuple):
    """The valid grid points of one block of parameters, and which of them each of its strata holds."""

    columns: list[int]
    points: FloatArray  # (n_points, n_columns)
    bins: IntArray  # (n_strata, n_columns)
    members: list[NDArray[np.intp]]  # rows of points, one array per stratum

    @property
    def sizes(self) -> IntArray:
        return np.array([member.size for member in self.members], dtype=np.int64)

    @classmethod
    def enumerate(cls, names: tuple[str, ...], space: ParameterSpace) -> _GridBlock:
        columns = [PARAMETERS.index(name) for name in names]
        points = np.stack(np.meshgrid(*(space.grid(name) for name in names), indexing="ij"), -1)
        rows = np.zeros((points.size // len(names), len(PARAMETERS)))
        rows[:, columns] = points.reshape(-1, len(names))
        for constraint in CONSTRAINTS:
            if set(constraint.names) <= set(names):
                rows = rows[constraint.excess(rows) <= space.slack(constraint)]
        bins, stratum = np.unique(space.bins(rows, N_BINS)[:, columns], axis=0, return_inverse=True)
        members = [np.flatnonzero(stratum.ravel() == i) for i in range(len(bins))]
        return cls(columns, rows[:, columns], bins, members)


def _even_counts(n: int, available: IntArray, rng: np.random.Generator) -> IntArray:
    """Divide n <= available.sum() as evenly as what is available in each place allows."""
    low, high = 0, int(available.max(initial=0))
    while low < high:  # the highest level that n can pay for everywhere
        level = (low + high + 1) // 2
        low, high = (level, high) if np.minimum(available, level).sum() <= n else (low, level - 1)
    counts = np.minimum(available, low)
    open_to_more = np.flatnonzero(available > low)
    counts[rng.choice(open_to_more, size=n - int(counts.sum()), replace=False, shuffle=False)] += 1
    return counts
