"""Samples of the parameter space: the lab's stratified grid, and continuous uniform and Sobol points.

The constraints couple the parameters only within the blocks (Dmax1, D01, D02), (L1, Rp1, L2) and (Rp2).
Combinations of the grid are therefore enumerated per block (728, 825 and 14 of them instead of their
8 408 400 products), and a continuous point is built directly from seven numbers u in [0, 1): in each block
first the *hinge* (D01, L1, Rp2), from its marginal distribution, then its partners, which are uniform
between limits that depend on the hinge only (Rosenblatt 1952, Ann. Math. Stat. 23, 470). Nothing is
rejected, so Sobol points stay evenly spread and the first m of n points are the points of m.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.data.space import CONSTRAINTS, SPACE, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "METHODS",
    "SamplingReport",
    "StrataImbalance",
    "bin_counts",
    "sample",
    "sample_grid",
    "strata_imbalance",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Seed = int | np.random.SeedSequence

METHODS = ("grid", "uniform", "sobol")
N_BINS = 3
_BLOCKS = (("D01", "Dmax1", "D02"), ("L1", "Rp1", "L2"), ("Rp2",))  # the hinge first


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
        return _from_unit_cube(rng.random((n, len(PARAMETERS))), space)
    from scipy.stats import qmc  # half a second to import

    engine = qmc.Sobol(len(PARAMETERS), scramble=True, rng=rng)
    # a power of two first: otherwise scipy warns about balance, which is the caller's choice of n
    first = 2 ** (n.bit_length() - 1)
    return _from_unit_cube(np.concatenate([engine.random(first), engine.random(n - first)]), space)


# --- continuous points ------------------------------------------------------------------------------


def _from_unit_cube(u: FloatArray, space: ParameterSpace) -> FloatArray:
    """Points of [0, 1)^7 to points of the constrained space: uniform goes to uniform."""
    rows = np.empty_like(u)
    for hinge, *partners in _BLOCKS:
        column = PARAMETERS.index(hinge)
        rows[:, column] = value = _hinge_quantile(u[:, column], hinge, partners, space)
        for partner in partners:
            column = PARAMETERS.index(partner)
            low, high = _partner_limits(value, hinge, partner, space)
            rows[:, column] = low + u[:, column] * np.maximum(high - low, 0.0)
    return rows


def _partner_limits(
    value: FloatArray, hinge: str, partner: str, space: ParameterSpace
) -> tuple[FloatArray, FloatArray]:
    """Limits of a partner at given values of its hinge: its range, cut by the constraints between the two."""
    column = PARAMETERS.index(partner)
    low, high = np.full_like(value, space.minimum[column]), np.full_like(value, space.maximum[column])
    for constraint in CONSTRAINTS:
        if {hinge, partner} == set(constraint.names):
            factor = constraint.coefficient(partner)
            limit = (constraint.bound - constraint.coefficient(hinge) * value) / factor
            low, high = (low, np.minimum(high, limit)) if factor > 0 else (np.maximum(low, limit), high)
    return low, high


def _hinge_quantile(u: FloatArray, hinge: str, partners: list[str], space: ParameterSpace) -> FloatArray:
    """Quantile function of the hinge's marginal distribution at u, shape (n,).

    The density is the product of the widths left to the partners, each piecewise linear in the hinge. At
    most two partners: on each piece a parabola, given exactly by three points; its integral is a cubic.
    """
    from scipy.interpolate import PPoly

    def widths(value: FloatArray) -> FloatArray:
        """Fractions of their ranges left to the partners, shape (n_partners, n)."""
        left = np.ones((len(partners), value.size))
        for i, partner in enumerate(partners):
            low, high = _partner_limits(value, hinge, partner, space)
            left[i] = (high - low) / space.range[PARAMETERS.index(partner)]
        return left

    knots = _hinge_knots(hinge, partners, space)
    knots = knots[(widths(knots) >= -1e-9).all(axis=0)]  # an interval, for the widths are concave
    if knots.size < 2:
        raise ValueError(f"space: no {', '.join([hinge, *partners])} within the ranges meet the constraints")
    step = np.diff(knots)
    at = [widths(knots[:-1] + part * step).prod(axis=0) for part in (0.0, 0.5, 1.0)]
    bend, slope = 2 * at[0] - 4 * at[1] + 2 * at[2], -3 * at[0] + 4 * at[1] - at[2]
    density = PPoly(np.array([bend / step**2, slope / step, at[0]]), knots)
    cumulative = density.antiderivative()
    target = u * float(cumulative(knots[-1]))
    table = np.linspace(knots[0], knots[-1], 2049)
    cell = np.clip(np.searchsorted(cumulative(table), target, side="right") - 1, 0, table.size - 2)
    value = np.interp(target, cumulative(table), table)
    for _ in range(2):  # Newton, from the table's 1e-8: once would do but where the density vanishes
        height = density(value)
        error = np.divide(cumulative(value) - target, height, out=np.zeros_like(value), where=height > 0)
        value = np.clip(value - error, table[cell], table[cell + 1])
    return np.asarray(value, dtype=np.float64)


def _hinge_knots(hinge: str, partners: list[str], space: ParameterSpace) -> FloatArray:
    """The ends of the hinge's range and, between them, where a constraint meets an end of a partner's."""
    column = PARAMETERS.index(hinge)
    ends = space.minimum[column], space.maximum[column]
    knots = list(ends)
    for constraint in CONSTRAINTS:
        for partner in set(partners) & set(constraint.names):
            other = PARAMETERS.index(partner)
            for end in (space.minimum[other], space.maximum[other]):
                rest = constraint.bound - constraint.coefficient(partner) * end
                knots.append(rest / constraint.coefficient(hinge))
    return np.unique(np.clip(knots, *ends))


# --- stratified grid --------------------------------------------------------------------------------


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
    blocks = [_GridBlock.enumerate(names, space) for names in _BLOCKS]
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


# --- how even is a sample ---------------------------------------------------------------------------


class StrataImbalance(NamedTuple):
    """Samples in the fullest and in the emptiest occupied stratum, and their ratio."""

    n_occupied: int
    smallest: int
    largest: int
    ratio: float


def strata_imbalance(parameters: ArrayLike, *, bins: int = N_BINS, space: ParameterSpace = SPACE) -> StrataImbalance:
    """Compare the fullest with the emptiest 7-D bin that holds any of the samples, shape (n, 7), n >= 1."""
    counts = np.unique(_binned(parameters, bins, space), axis=0, return_counts=True)[1]
    smallest, largest = int(counts.min()), int(counts.max())
    return StrataImbalance(counts.size, smallest, largest, largest / smallest)


def bin_counts(parameters: ArrayLike, *, bins: int = N_BINS, space: ParameterSpace = SPACE) -> pd.DataFrame:
    """How many samples are in each bin of each parameter.

    Parameters
    ----------
    parameters : array_like, shape (n, 7)
        At least one row.
    bins : int
        Equal parts of each parameter's range.
    space : ParameterSpace

    Returns
    -------
    pandas.DataFrame
        One row per parameter; columns LOW, MED, HIGH (1, 2, ... for other ``bins``) with the counts, and
        ``ratio``, the largest count over the smallest (inf where a bin is empty).
    """
    import pandas as pd

    which = _binned(parameters, bins, space)
    counts = np.stack([np.bincount(column, minlength=bins) for column in which.T])
    names = ["LOW", "MED", "HIGH"] if bins == 3 else [str(i + 1) for i in range(bins)]
    frame = pd.DataFrame(counts, index=pd.Index(PARAMETERS, name="parameter"), columns=names)
    with np.errstate(divide="ignore"):
        return frame.assign(ratio=counts.max(axis=1) / counts.min(axis=1))


def _binned(parameters: ArrayLike, bins: int, space: ParameterSpace) -> IntArray:
    which = space.bins(parameters, bins)
    if which.shape[0] == 0:
        raise ValueError("parameters: at least one row expected")
    return which


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
