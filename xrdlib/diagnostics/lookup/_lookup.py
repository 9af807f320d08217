"""Looking up: nearest rows, and what the nearest answer together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics.target import Nuisances, Target, resimulate
from xrdlib.metrics import CurveMisfit, curve_error, parameter_error
from xrdlib.training import StudyConfig

__all__ = ["MEANS", "Averages", "Lookup", "averages", "nearest", "nearest_curves", "running_mean"]

FloatArray = NDArray[np.float64]
Inputs = NDArray[np.float32]

MEANS = ("curve of mean parameters", "mean of intensities", "mean of logarithms")
_SPARE = 16  # neighbours more than asked for, whose distances are then taken without cancellation


@dataclass(frozen=True)
class Lookup:
    """The training samples nearest to one target, nearest first.

    Attributes
    ----------
    parameters : ndarray, shape (n, 7)
        Lengths in A.
    distance : ndarray, shape (n,)
        Between parameters, in units of the ranges, or between curves, RMSE of log10 intensity.
    curves : ndarray, shape (n, m)
        Re-simulated at the target's angles, peak 1.
    """

    parameters: FloatArray
    distance: FloatArray
    curves: FloatArray

    @classmethod
    def of(
        cls, parameters: FloatArray, distance: FloatArray, target: Target, nuisances: Nuisances, config: StudyConfig
    ) -> Lookup:
        """With their curves, re-simulated."""
        curves = resimulate(parameters, target.angle, nuisances, config.dataset)
        return cls(parameters, distance, curves / curves.max(axis=1, keepdims=True))

    def first(self, k: int) -> Lookup:
        """The k nearest of them."""
        return Lookup(self.parameters[:k], self.distance[:k], self.curves[:k])


@dataclass(frozen=True)
class Averages:
    """What the 1, 2, ... n nearest answer: row k - 1 is that of k neighbours.

    Attributes
    ----------
    parameters : ndarray, shape (n, 7)
        Means, lengths in A.
    errors : ndarray of shape (n, 7), or None
        % of range; None where the truth is unknown.
    misfits : dict of str to CurveMisfit
        By the names of ``MEANS``: of the curve re-simulated from the mean parameters, of the mean of the curves, and
        of the mean of their logarithms; scale and background fitted.
    curves : dict of str to ndarray, shape (n, m)
        By the same names, with that scale and background.
    """

    parameters: FloatArray
    errors: FloatArray | None
    misfits: dict[str, CurveMisfit]
    curves: dict[str, FloatArray]


def nearest_curves(query: Inputs, inputs: Inputs, k: int) -> tuple[NDArray[np.int64], FloatArray]:
    """Index and RMSE of the k rows of ``inputs`` (n, m) nearest to a curve (m,), nearest first."""
    distance = np.sqrt(np.square(inputs - query, dtype=np.float64).mean(axis=1))
    index = np.argsort(distance, kind="stable")[:k]
    return index, distance[index]


def nearest(queries: Inputs, inputs: Inputs, k: int) -> tuple[NDArray[np.int64], FloatArray]:
    """The k rows of ``inputs`` (n, m) nearest to each query (q, m), nearest first; equals in the order of ``inputs``.

    Returns
    -------
    index : ndarray of int, shape (q, k)
    distance : ndarray, shape (q, k)
        RMSE.
    """
    centre = inputs.mean(axis=0)
    centred = inputs - centre
    # |a - b|^2 = |a|^2 - 2 a b + |b|^2 in one matrix product; it cancels, so that the best are then looked at again
    rough = np.square(centred).sum(axis=1) - 2 * (queries - centre) @ centred.T
    some = min(k + _SPARE, len(inputs))
    candidates = np.sort(np.argpartition(rough, some - 1, axis=1)[:, :some], axis=1)
    index = np.empty((len(queries), k), dtype=np.int64)
    distance = np.empty((len(queries), k))
    for i, (query, rows) in enumerate(zip(queries, candidates, strict=True)):
        order, distance[i] = nearest_curves(query, inputs[rows], k)
        index[i] = rows[order]
    return index, distance


def running_mean(values: FloatArray, distance: FloatArray, *, weighted: bool) -> FloatArray:
    """Means of the first 1, 2, ... n of ``values`` (..., n, c), whose ``distance`` (..., n) ascends.

    Weighted by 1 / distance; where a distance is 0, those at 0 are all that counts.
    """
    weight = np.ones_like(distance)
    if weighted:
        exact = distance == 0
        weight = np.where(exact[..., :1], exact, 1 / np.where(exact, 1.0, distance))
    total = np.cumsum(weight, axis=-1)[..., None]
    return np.asarray(np.cumsum(values * weight[..., None], axis=-2) / total)


def averages(lookup: Lookup, target: Target, nuisances: Nuisances, config: StudyConfig, *, weighted: bool) -> Averages:
    """The answers of every number of neighbours, and how close each comes to the target."""
    fractions = running_mean(SPACE.normalise(lookup.parameters), lookup.distance, weighted=weighted)
    parameters = SPACE.denormalise(fractions)
    logs = running_mean(np.log10(lookup.curves), lookup.distance, weighted=weighted)
    simulated = dict(
        zip(
            MEANS,
            (
                resimulate(parameters, target.angle, nuisances, config.dataset),
                running_mean(lookup.curves, lookup.distance, weighted=weighted),
                10**logs,
            ),
            strict=True,
        )
    )
    misfits = {name: curve_error(curves, target.intensity) for name, curves in simulated.items()}
    return Averages(
        parameters=parameters,
        errors=None if target.true is None else parameter_error(parameters, target.true, SPACE.range),
        misfits=misfits,
        curves={
            name: misfits[name].scale[:, None] * curves + misfits[name].background[:, None]
            for name, curves in simulated.items()
        },
    )
