"""Samples of the parameter space: the lab's stratified grid, and continuous uniform and Sobol points.

Grid points come from `xrdlib.data._grid`, continuous ones from `xrdlib.data._continuous`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from xrdlib._arrays import is_whole, shown
from xrdlib.data._continuous import from_unit_cube
from xrdlib.data._grid import SamplingReport, draw_grid
from xrdlib.data.space import SPACE, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

__all__ = ["BLOCK", "METHODS", "SamplingReport", "sample", "sample_blocks", "sample_grid"]

FloatArray = NDArray[np.float64]
Seed = int | np.random.SeedSequence

_MOST = 2_000_000_000
METHODS = ("grid", "uniform", "sobol")
BLOCK = 65_536  # rows drawn at a time


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
    blocks = sample_blocks(n, method, seed=seed, space=space)
    parameters, start = np.empty((n, len(PARAMETERS))), 0
    for block in blocks:
        parameters[start : start + len(block)] = block
        start += len(block)
    return parameters


def sample_blocks(n: int, method: str, *, seed: Seed, space: ParameterSpace = SPACE) -> Iterator[FloatArray]:
    """Draw the points of `sample` (which see) a block after another: of any number of them few are in memory.

    Returns
    -------
    iterator of ndarray, shape (``BLOCK``, 7)
        The last block may have fewer rows. Of ``grid`` points 12 bytes each are held until the end.
    """
    n, rng = _positive(n), _generator(seed)
    if method == "grid":
        draw, report = draw_grid(n, rng, space)
        if report.n_exhausted:
            warnings.warn(report.to_text(), stacklevel=3)
        return (draw.points(slice(i, i + BLOCK)) for i in range(0, n, BLOCK))
    if method not in METHODS:
        raise ValueError(f"method = {method!r}: one of {', '.join(METHODS)} expected")
    random = rng.random if method == "uniform" else _sobol(rng)
    return (from_unit_cube(random((min(BLOCK, n - i), len(PARAMETERS))), space) for i in range(0, n, BLOCK))


def _sobol(rng: np.random.Generator) -> Callable[[tuple[int, int]], FloatArray]:
    """Function that draws the next Sobol points, as many as there are rows in a shape."""
    from scipy.stats import qmc  # half a second to import

    engine = qmc.Sobol(len(PARAMETERS), scramble=True, rng=rng)

    def random(shape: tuple[int, int]) -> FloatArray:
        # a power of two first: otherwise scipy warns about balance, which is the caller's choice of n
        first = 2 ** (shape[0].bit_length() - 1)
        return np.concatenate([engine.random(first), engine.random(shape[0] - first)])

    return random


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
    draw, report = draw_grid(_positive(n), _generator(seed), space)
    return draw.points(slice(None)), report


def _positive(n: int) -> int:
    if not is_whole(n) or not 1 <= n <= _MOST:
        raise ValueError(f"n = {shown(n)}: a whole number of samples, 1 to {_MOST}, expected")
    return int(n)


def _generator(seed: Seed) -> np.random.Generator:
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool) and seed >= 0
    if not (whole or isinstance(seed, np.random.SeedSequence)):
        raise ValueError(f"seed = {shown(seed)}: a whole number >= 0 or a numpy.random.SeedSequence expected")
    if isinstance(seed, np.random.SeedSequence):
        # a fresh copy, for scipy spawns from what it is given and would change the caller's
        seed = np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
    return np.random.default_rng(seed)
