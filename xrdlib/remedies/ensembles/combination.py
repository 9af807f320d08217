"""Several predictions into one: mean, median, and weights that follow from errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.data import SPACE
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.diagnostics.target import Nuisances, Target, resimulate
from xrdlib.metrics import curve_difference, curve_error
from xrdlib.remedies.ensembles.members import Members
from xrdlib.training import Study

__all__ = [
    "HOW",
    "WEIGHTS",
    "combine",
    "curve_weights",
    "error_weights",
    "member_weights",
    "reproduce",
    "unlike_own_curves",
]

FloatArray = NDArray[np.float64]

HOW = ("mean", "median")
WEIGHTS = ("equal", "validation", "curve")


def combine(predictions: ArrayLike, how: str = "mean", weights: ArrayLike | None = None) -> FloatArray:
    """One prediction of several.

    Parameters
    ----------
    predictions : array_like, shape (k, ..., 7)
    how : {"mean", "median"}
        Parameter by parameter; the median of an even number is the middle of the two in the middle.
    weights : array_like, shape (k,), or (k, n) for predictions (k, n, 7), optional
        For the mean, used as fractions of their sum; by default equal.

    Returns
    -------
    ndarray, shape (..., 7)

    Raises
    ------
    ValueError
        If there are no predictions; for weights that are negative, not finite or sum to zero, or of another number; for
        unequal ones of a median, which knows none.
    """
    rows = np.asarray(predictions, dtype=np.float64)
    if how not in HOW:
        raise ValueError(f"how = {how!r}: {' or '.join(HOW)} expected")
    if rows.ndim < 2 or not len(rows):
        raise ValueError(f"predictions: shape {rows.shape} given, (k, ..., 7) with at least one member expected")
    shares = _shares(np.ones(len(rows)) if weights is None else weights, rows.shape[:-1])
    if how == "median":
        if np.ptp(shares, axis=0).max() > 0:
            raise ValueError("weights: the median knows none; take how = 'mean', or equal weights")
        return np.asarray(np.median(rows, axis=0))
    if shares.ndim == 1:
        return np.asarray(np.tensordot(shares, rows, axes=1))
    return np.asarray(np.einsum("kn,kn...->n...", shares, rows))


def _shares(weights: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Weights as fractions of their sum over the members."""
    values = np.asarray(weights, dtype=np.float64)
    if values.ndim not in (1, 2) or values.shape != shape[: values.ndim]:
        raise ValueError(f"weights: shape {values.shape} given, ({shape[0]},) expected, one for each member")
    if not np.isfinite(values).all() or values.min() < 0:
        raise ValueError(f"weights: finite ones, none negative, expected; the lowest given is {values.min():g}")
    total = values.sum(axis=0)
    if not np.all(total > 0):
        raise ValueError("weights: they sum to 0; at least one must be positive")
    return np.asarray(values / total)


def error_weights(errors: ArrayLike, temperature: float | None = None) -> FloatArray:
    """Weights of members by their errors; fractions of 1.

    By default 1 / error^2: the weights with the smallest variance for the mean of independent, unbiased values whose
    standard deviations are as the errors, and without a number to choose. Members that err alike, as epochs of one
    training do, have no such theory; then it is a rule. With a ``temperature`` T, exp(-error / T).

    Parameters
    ----------
    errors : array_like, shape (k,) or (k, n)
        Not negative. Members without any error share all the weight.
    temperature : float, optional
        In the unit of the errors.

    Returns
    -------
    ndarray of the same shape
        Sums to 1 over the members.

    Raises
    ------
    ValueError
        For errors that are negative or not finite, or a temperature that is not positive.
    """
    values = np.asarray(errors, dtype=np.float64)
    if not values.size or not np.isfinite(values).all() or values.min() < 0:
        raise ValueError("errors: finite ones, none negative, expected")
    if temperature is not None:
        if not 0 < temperature < np.inf:
            raise ValueError(f"temperature = {temperature:g}: a positive number expected, in the unit of the errors")
        weights = np.exp(-(values - values.min(axis=0)) / temperature)
    else:
        least = values.min(axis=0)
        # relative to the least, so that no square overflows; where that is 0 only its equals count
        weights = np.where(values > 0, least / np.where(values > 0, values, 1.0), 1.0) ** 2
    return np.asarray(weights / weights.sum(axis=0))


def member_weights(members: Members, weights: str | ArrayLike, curve_rmse: FloatArray) -> FloatArray:
    """Fractions (k,) for a target: ``weights`` as numbers or by name, times how often each member counts.

    Parameters
    ----------
    members : Members
    weights : {"equal", "validation", "curve"} or array_like, shape (k,)
        ``validation``: by validation loss; ``curve``: by the curve error of the re-simulated prediction.
    curve_rmse : ndarray, shape (k,)
    """
    counts = np.array(members.counts, dtype=np.float64)
    if not isinstance(weights, str):
        return _shares(_shares(weights, counts.shape) * counts, counts.shape)
    if weights not in WEIGHTS:
        raise ValueError(f"weights = {weights!r}: {', '.join(WEIGHTS)}, or numbers expected")
    if weights == "validation":
        counts = counts * error_weights(members.val_loss)
    elif weights == "curve":
        counts = counts * error_weights(curve_rmse)
    return _shares(counts, counts.shape)


def reproduce(
    predictions: FloatArray, target: Target, nuisances: Nuisances, config: DatasetConfig
) -> tuple[FloatArray, FloatArray]:
    """Curves (k, m) of predictions (k, 7) with scale and background fitted to a target's, and their RMSE (k,)."""
    simulated = resimulate(predictions, target.angle, nuisances, config)
    misfit = curve_error(simulated, target.intensity)
    return misfit.scale[:, None] * simulated + misfit.background[:, None], misfit.rmse


def curve_weights(predicted: FloatArray, true: FloatArray, config: DatasetConfig) -> FloatArray:
    """Weights (k, n) of members for test samples, each by the error of its own curve.

    Only where the networks saw these curves: see `unlike_own_curves`. Both curves are simulated noise-free (Gaussian,
    30 arcsec), as the test curves of a noise-free study are; neither scale nor background is fitted, for they have
    none. 0.25 ms of one core per member and sample.

    Parameters
    ----------
    predicted : ndarray, shape (k, n, 7)
    true : ndarray, shape (n, 7)
    config : DatasetConfig
    """
    angle = config.scan.angle
    inside = np.clip(true, SPACE.minimum, SPACE.maximum)
    observed = resimulate(inside, angle, Nuisances(), config)
    rmse = [curve_difference(resimulate(rows, angle, Nuisances(), config), observed).rmse for rows in predicted]
    return error_weights(np.stack(rmse))


def unlike_own_curves(*studies: Study) -> str:
    """Why `curve_weights` would look at curves that the networks did not see; empty where they did."""
    for study in studies:
        seen = []
        if study.config.measurement is not None:
            seen.append("a measurement model")
        if study.config.dataset.disorder != (1.0, 1.0):
            seen.append("disorder")
        if seen:
            return (
                f"No test set is scored: the curves of study {study.config.name} were seen through "
                f"{' and '.join(seen)} and are not stored, and weights by the noise-free curve of the true parameters "
                "would be told what no network saw."
            )
    return ""
