"""Samples of the parameter space: the lab's stratified grid, and continuous uniform and Sobol points.

The constraints couple the parameters only within the blocks (Dmax1, D01, D02), (L1, Rp1, L2) and (Rp2).
Combinations of the grid are therefore enumerated per block (728, 825 and 14 of them instead of their
8 408 400 products). Continuous points come from `xrdlib.data._continuous`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data._continuous import BLOCKS, from_unit_cube
from xrdlib.data.space import CONSTRAINTS, SPACE, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "SamplingReport", "sample", "sample_grid"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Seed = int | np.random.SeedSequence

METHODS = ("grid", "uniform", "sobol")
N_BINS = 3


def sample(n: int, method: str, *, seed: Seed, space: ParameterSpace = SPACE) -> FloatArray:
    """Draw ``n`` points of the constrained parameter space.

    Parameters
    ----------
    n : int
        At least 1.
    method : {"grid", "uniform", "sobol"}
        ``grid``: distinct grid points, equally many from each stratum, see `sample_grid`. ``uniform``:
        independent, uniform over the constrained space. ``sobol``: scrambled Sobol points (Owen 1998,
        J. Complexity 14, 466) mapped to the same distribution. Of the last two the first m points do not
        depend on ``n``.
    seed : int or numpy.random.SeedSequence
        The points depend on this, ``n``, ``method`` and ``space`` only.
    space : ParameterSpace

    Returns
    -------
    ndarray, shape (n, 7)
        In the order of ``PARAMETERS``, lengths in A.

    Raises
    ------
    ValueError
        For another method, ``n`` or ``seed``; for more grid points than there are; for an empty space.

    Warns
    -----
    UserWarning
        Where ``grid`` uses up strata and therefore cannot be even.
    """
    if method == "grid":
        parameters, report = sample_grid(n, seed=seed, space=space)
        if report.n_exhausted:
            warnings.warn(report.to_text(), stacklevel=2)
        return parameters
    if method not in METHODS:
        raise ValueError(f"method = {method!r}: one of {', '.join(METHODS)} expected")
    n, rng = _positive(n), _generator(seed)
    if method == "uniform":
        return from_unit_cube(rng.random((n, len(PARAMETERS))), space)
    from scipy.stats import qmc  # half a second to import

    engine = qmc.Sobol(len(PARAMETERS), scramble=True, rng=rng)
    # a power of two first: otherwise scipy warns about balance, which is the caller's choice of n
    first = 2 ** (n.bit_length() - 1)
    return from_unit_cube(np.concatenate([engine.random(first), engine.random(n - first)]), space)


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


def sample_grid(n: int, *, seed: Seed, space: ParameterSpace = SPACE) -> tuple[FloatArray, SamplingReport]:
    """Draw ``n`` distinct grid points, equally many from each non-empty stratum, in random order.

    A stratum is one combination of the seven parameters' bins (low, medium or high third of the range).
    Within a stratum every combination of grid values is equally likely. A stratum with too few combinations
    gives all it has, and the others fill the rest evenly; what is left of an uneven division goes to
    strata chosen at random.

    Parameters
    ----------
    n : int
        At least 1.
    seed : int or numpy.random.SeedSequence
    space : ParameterSpace

    Returns
    -------
    parameters : ndarray, shape (n, 7)
        In the order of ``PARAMETERS``, lengths in A. No two rows are equal.
    report : SamplingReport

    Raises
    ------
    ValueError
        For another ``n`` or ``seed``, or for more points than the grid has (8 408 400 in the lab's space).
    """
    n, rng = _positive(n), _generator(seed)
    blocks = [_GridBlock.enumerate(names, space) for names in BLOCKS]
    sizes = [block.sizes for block in blocks]
    combinations = np.einsum("i,j,k->ijk", *sizes).ravel()
    if n > combinations.sum():
        raise ValueError(f"n = {n}: the grid has {combinations.sum()} points; method 'uniform' has no limit")
    counts = _even_counts(n, combinations, rng)
    shape = [size.size for size in sizes]
    picks = [np.empty(n, dtype=np.intp) for _ in blocks]
    places = np.split(rng.permutation(n), np.cumsum(counts)[:-1])  # the order is shuffled as it is filled
    for stratum, place in enumerate(places):
        which = np.unravel_index(stratum, shape)
        members = [block.members[i] for block, i in zip(blocks, which, strict=True)]
        drawn = rng.choice(int(combinations[stratum]), size=place.size, replace=False, shuffle=False)
        rows = np.unravel_index(drawn, [member.size for member in members])
        for pick, member, row in zip(picks, members, rows, strict=True):
            pick[place] = member[row]
    parameters = np.empty((n, len(PARAMETERS)))
    bins = np.empty((combinations.size, len(PARAMETERS)), dtype=np.int64)
    for block, pick, stratum_of_block in zip(blocks, picks, np.indices(shape).reshape(3, -1), strict=True):
        parameters[:, block.columns] = block.points[pick]
        bins[:, block.columns] = block.bins[stratum_of_block]
    return parameters, SamplingReport(bins, combinations, counts)


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


def _positive(n: int) -> int:
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"n = {n}: a whole number of samples, at least 1, expected")
    return int(n)


def _generator(seed: Seed) -> np.random.Generator:
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0
    if not (whole or isinstance(seed, np.random.SeedSequence)):
        raise ValueError(f"seed = {seed!r}: a whole number >= 0 or a numpy.random.SeedSequence expected")
    if isinstance(seed, np.random.SeedSequence):
        # a fresh copy, for scipy spawns from what it is given and would change the caller's
        seed = np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
    return np.random.default_rng(seed)
