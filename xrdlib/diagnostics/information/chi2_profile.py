"""What a curve excludes: the chi2 profile of one parameter, all others fitted again.

The Cramer-Rao bound is local. A profile is not: the parameter is held at one value after the other, the others are
fitted to the point's own curve (Levenberg and Marquardt, several starts), and chi2 says how badly that must end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.data import SPACE
from xrdlib.data.space import format_parameter
from xrdlib.diagnostics.information._forward import Forward, Source, forward_model
from xrdlib.diagnostics.information.perturbation import BACKGROUND, COUNTS
from xrdlib.simulation import PARAMETERS, Instrument, as_parameters

__all__ = ["Chi2Profile", "chi2_profile"]

FloatArray = NDArray[np.float64]

_INSTRUMENT = Instrument()
_ITERATIONS = 25
_SCATTER = 0.03  # of the ranges, of the further starts
_ALIKE = 1.0  # in chi2: starts that end so close to the best agree with it


@dataclass(frozen=True)
class Chi2Profile:
    """Chi2 of a curve's expected counts against values of one parameter.

    Attributes
    ----------
    name : str
        The parameter.
    parameters : ndarray, shape (7,)
        Of the curve, lengths in A.
    values, chi2 : ndarray, shape (k,)
        Values of the parameter, and the lowest chi2 found with it: an upper limit of the lowest there is.
    agreeing : ndarray of int, shape (k,)
        How many of the ``n_starts`` end within 1 of that.
    n_starts : int
    counts, background : float
        Counts in the peak, and background relative to it.
    """

    name: str
    parameters: FloatArray
    values: FloatArray
    chi2: FloatArray
    agreeing: NDArray[np.int64]
    n_starts: int
    counts: float
    background: float

    @property
    def sentence(self) -> str:
        """Which of the values the curve excludes."""
        own = float(self.parameters[PARAMETERS.index(self.name)])
        pairs = [
            f"{format_parameter(self.name, float(v))} by {np.sqrt(c):.1f} sigma"
            for v, c in zip(self.values, self.chi2, strict=True)
        ]
        return (
            f"The curve with {self.name} = {format_parameter(self.name, own)} differs from the nearest one found with "
            f"{', '.join(pairs)} ({self.counts:.0e} counts, a background of {self.background:g}, scale and background "
            f"known; the other six fitted from {self.n_starts} starts, of which {self.agreeing.min()} to "
            f"{self.agreeing.max()} agree)."
        )


def chi2_profile(
    source: Source,
    parameters: ArrayLike,
    name: str,
    values: ArrayLike,
    *,
    counts: float = COUNTS,
    background: float = BACKGROUND,
    instrument: Instrument = _INSTRUMENT,
    disorder: float = 1.0,
    n_starts: int = 4,
    seed: int = 0,
) -> Chi2Profile:
    """How badly values of one parameter must fit the curve of a point, the others fitted again within their ranges.

    Parameters
    ----------
    source : Study, DatasetConfig or callable
        Whose forward model.
    parameters : array_like, shape (7,)
        Of the curve, lengths in A.
    name : str
        The parameter.
    values : array_like, shape (k,)
        Its values to try, within its range.
    counts, background : float
        Counts in the peak, and background relative to it.
    instrument : Instrument
        Resolution.
    disorder : float
    n_starts : int
        Fits of each value: from the point's other parameters, and from points around.
    seed : int
        Of these.

    Returns
    -------
    Chi2Profile

    Raises
    ------
    ValueError
        For an unknown parameter, values outside its range, or no start.
    """
    if name not in PARAMETERS:
        raise ValueError(f"name = {name!r}: one of {' '.join(PARAMETERS)} expected")
    column, tried = PARAMETERS.index(name), np.atleast_1d(np.asarray(values, dtype=np.float64))
    if not ((tried >= SPACE.minimum[column]) & (tried <= SPACE.maximum[column])).all():
        low, high = SPACE.minimum[column], SPACE.maximum[column]
        raise ValueError(f"values: {name} between {low:g} and {high:g} expected, {tried} given")
    if n_starts < 1 or not counts > 0 or not background >= 0:
        given = f"n_starts = {n_starts}, counts = {counts}, background = {background}"
        raise ValueError(f"{given}: at least one start, positive counts, background >= 0 expected")
    point = as_parameters(parameters)[0]
    model = forward_model(source, instrument, disorder)
    curve = model.curves(point[None])[0]
    unit = counts / curve.max()
    scatter = _SCATTER * np.random.default_rng(seed).normal(size=(n_starts, len(PARAMETERS)))
    scatter[0] = 0.0
    rows = np.tile(point + scatter * SPACE.range, (tried.size, 1))
    rows = np.clip(rows, SPACE.minimum, SPACE.maximum)
    rows[:, column] = np.repeat(tried, n_starts)
    free = np.delete(np.arange(len(PARAMETERS)), column)
    chi2 = _fit(model, rows, free, unit, unit * curve, counts * background).reshape(tried.size, n_starts)
    best = chi2.min(axis=1)
    agreeing = (chi2 <= best[:, None] + _ALIKE).sum(axis=1)
    return Chi2Profile(name, point, tried, best, agreeing, n_starts, counts, background)


def _fit(
    model: Forward, rows: FloatArray, free: NDArray[np.int64], unit: float, signal: FloatArray, ground: float
) -> FloatArray:
    """Lowest chi2 (n,) of every row, its ``free`` parameters fitted to the expected counts ``signal + ground``."""
    weight = 1 / np.sqrt(signal + ground)
    chi2, damping = np.full(len(rows), np.inf), np.full(len(rows), 1e-3)
    kept, step = rows.copy(), np.zeros((len(rows), free.size))
    gram, pull = np.zeros((len(rows), free.size, free.size)), np.zeros((len(rows), free.size))
    for _ in range(_ITERATIONS):
        new = kept.copy()
        new[:, free] += step * SPACE.range[free]
        new = np.clip(new, SPACE.minimum, SPACE.maximum)
        at = model.derivatives(new, instrumental=False)
        off = (signal - unit * at.curves) * weight
        better = (found := (off**2).sum(axis=1)) < chi2
        slope = unit * at.parameters[:, free] * weight
        gram[better] = (slope @ slope.transpose(0, 2, 1))[better]
        pull[better] = np.einsum("nkm,nm->nk", slope, off)[better]
        chi2, kept = np.where(better, found, chi2), np.where(better[:, None], new, kept)
        damping = np.clip(np.where(better, damping / 4, damping * 8), 1e-9, 1e6)
        size = np.sqrt(np.maximum(np.diagonal(gram, axis1=1, axis2=2), 1e-12))
        scaled = gram / (size[:, :, None] * size[:, None, :]) + damping[:, None, None] * np.eye(free.size)
        step = np.linalg.solve(scaled, (pull / size)[..., None])[..., 0] / size
    return chi2
