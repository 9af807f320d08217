"""Errors of parameters, curves and profiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import intensities, vectors

__all__ = ["CurveDifference", "CurveMisfit", "curve_difference", "curve_error", "parameter_error", "profile_error"]

FloatArray = NDArray[np.float64]

_FAINTEST = 1e-200  # a curve without a higher intensity is none
_LARGEST_STRAIN = 1e100
_FLOOR = 1e-12  # of a simulated curve's maximum: keeps its logarithm finite


class CurveMisfit(NamedTuple):
    """Misfit of simulated curves in log10 intensity, with the scale and background that minimise the RMSE.

    Each of the leading shape of the curves.
    """

    rmse: FloatArray
    mae: FloatArray
    scale: FloatArray
    background: FloatArray


class CurveDifference(NamedTuple):
    """Difference of simulated curves in log10 intensity, nothing fitted; each of the leading shape of the curves.

    ``r2`` is 1 - (mean squared difference) / (variance of the true curve): 1 for equal curves, 0 for one that is no
    closer than the true curve's mean, nan where the true curve is flat.
    """

    rmse: FloatArray
    mae: FloatArray
    r2: FloatArray


def parameter_error(predicted: ArrayLike, true: ArrayLike, span: ArrayLike) -> FloatArray:
    """Absolute errors in % of each parameter's range.

    Parameters
    ----------
    predicted, true : array_like, shapes that broadcast to (..., 7)
    span : array_like, shape (7,)
        Maximum - minimum of each parameter. Never the value: Rp2 crosses 0.

    Returns
    -------
    ndarray, shape (..., 7)
        NaN where the prediction or the truth is NaN.

    Raises
    ------
    ValueError
        If one holds anything but numbers, a span is not positive, or the shapes do not fit.
    """
    given = {"predicted": vectors(predicted, "predicted", finite=False), "true": vectors(true, "true", finite=False)}
    width = vectors(span, "span")
    if not (width > 0).all():
        raise ValueError(f"span: positive widths of ranges expected, {width[~(width > 0)][0]:g} given")
    _fitting(given | {"span": width})
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(100 * np.abs(np.subtract(*given.values())) / width)


def _fitting(arrays: dict[str, FloatArray]) -> None:
    try:
        np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise ValueError(f"{shapes}: shapes that do not fit each other") from None


def curve_error(simulated: ArrayLike, observed: ArrayLike) -> CurveMisfit:
    """Misfit in log10 intensity after fitting scale and background, ``observed ~ scale simulated + background``.

    For a given ratio r = background / scale the best scale is the mean of log(observed) - log(simulated + r),
    so that only r is searched: on a logarithmic grid, by golden section around its best point, and at last by
    Gauss-Newton steps in log(r), after which exact data leave no misfit.

    Parameters
    ----------
    simulated : array_like, shape (..., m)
        Non-negative intensities.
    observed : array_like, shape (..., m) or (m,)
        Measured intensities. A zero counts as half of the curve's smallest positive intensity: of counts, half a one.

    Returns
    -------
    CurveMisfit

    Raises
    ------
    ValueError
        If the curves differ in length, hold a value that is negative or not finite, or are 0 everywhere.
    """
    model, data = intensities(simulated, "simulated"), intensities(observed, "observed")
    if model.shape[-1] != data.shape[-1]:
        raise ValueError(
            f"simulated has {model.shape[-1]} points, observed {data.shape[-1]}; the same scan is expected"
        )
    _fitting({"simulated": model, "observed": data})
    for name, curves in (("simulated", model), ("observed", data)):
        if not (curves.max(axis=-1) > _FAINTEST).all():
            raise ValueError(f"{name}: a curve is 0 everywhere; intensities are expected")
    top = model.max(axis=-1, keepdims=True)
    model = model / top
    smallest = np.where(data > 0, data, np.inf).min(axis=-1, keepdims=True)
    log_data = np.where(data > 0, np.log(np.where(data > 0, data, 1.0)), np.log(smallest) - np.log(2))

    def residual(ratio: FloatArray) -> FloatArray:
        difference = log_data - np.log(np.maximum(model + ratio[..., None], _FLOOR))
        return np.asarray(difference - difference.mean(axis=-1, keepdims=True))

    def spread(ratio: FloatArray) -> FloatArray:
        return np.asarray(np.square(residual(ratio)).mean(axis=-1))

    shape = np.broadcast_shapes(model.shape[:-1], data.shape[:-1])
    # log10 of the ratio; the lowest stands for no background at all
    exponents = np.arange(-9.0, 0.6, 0.5)
    best = np.argmin(np.stack([spread(np.full(shape, 10.0**e)) for e in exponents]), axis=0)
    low, high = exponents[np.maximum(best - 1, 0)], exponents[np.minimum(best + 1, exponents.size - 1)]
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(14):
        left, right = high - golden * (high - low), low + golden * (high - low)
        keep_left = spread(10.0**left) < spread(10.0**right)
        low, high = np.where(keep_left, low, left), np.where(keep_left, right, high)
    ratio = 10.0 ** ((low + high) / 2)
    for _ in range(3):
        error = residual(ratio)
        slope = -ratio[..., None] / (model + ratio[..., None])  # of log(observed) - log(model), by log(r)
        slope = slope - slope.mean(axis=-1, keepdims=True)
        bend = np.square(slope).sum(axis=-1)
        change = np.divide((error * slope).sum(axis=-1), bend, out=np.zeros(shape), where=bend > 1e-30)
        better = ratio * np.exp(-np.clip(change, -1.0, 1.0))
        ratio = np.where(spread(better) < spread(ratio), better, ratio)
    ratio = np.where(spread(np.zeros(shape)) <= spread(ratio), 0.0, ratio)
    difference = log_data - np.log(np.maximum(model + ratio[..., None], _FLOOR))
    log_scale = difference.mean(axis=-1)
    off = (difference - log_scale[..., None]) / np.log(10)
    scale = np.exp(log_scale)
    return CurveMisfit(
        np.sqrt(np.square(off).mean(axis=-1)), np.abs(off).mean(axis=-1), scale / top[..., 0], scale * ratio
    )


def curve_difference(predicted: ArrayLike, true: ArrayLike) -> CurveDifference:
    """How far two simulated curves are apart in log10 intensity.

    Unlike `curve_error` it fits neither scale nor background: both curves are in the unit of the incident beam.

    Parameters
    ----------
    predicted, true : array_like, shapes that broadcast to (..., m)
        Intensities on one scan; at least 1e-12 of the curve's maximum is assumed everywhere.

    Returns
    -------
    CurveDifference

    Raises
    ------
    ValueError
        If the curves differ in length, or hold a value that is negative or not finite.
    """
    curves = [intensities(c, name) for c, name in ((predicted, "predicted"), (true, "true"))]
    if curves[0].shape[-1] != curves[1].shape[-1]:
        raise ValueError(
            f"predicted has {curves[0].shape[-1]} points, true {curves[1].shape[-1]}; the same scan is expected"
        )
    _fitting(dict(zip(("predicted", "true"), curves, strict=True)))
    for name, curve in zip(("predicted", "true"), curves, strict=True):
        if not (curve.max(axis=-1) > _FAINTEST).all():
            raise ValueError(f"{name}: intensities must be finite, not negative, and not 0 everywhere")
    logs = [np.log10(np.maximum(c, _FLOOR * c.max(axis=-1, keepdims=True))) for c in curves]
    difference, variance = logs[0] - logs[1], logs[1].var(axis=-1)
    square = np.square(difference).mean(axis=-1)
    unexplained = np.divide(square, variance, out=np.full(square.shape, np.nan), where=variance > 0)
    return CurveDifference(np.sqrt(square), np.abs(difference).mean(axis=-1), 1 - unexplained)


def profile_error(predicted: ArrayLike, true: ArrayLike) -> FloatArray:
    """Mean absolute difference of two strain profiles, in 1e-3, over the depth down to the deeper of their two ends.

    Over that depth, and not over a fixed one: how thin a damaged layer is must not make its error look small.

    Parameters
    ----------
    predicted, true : array_like, shapes (..., m) and (..., k)
        Strain of sublayers of one thickness, surface first; 0 beyond a profile's own end. The shorter is continued
        by zeros.

    Returns
    -------
    ndarray of the leading shape
        0 where neither profile has a strained sublayer.

    Raises
    ------
    ValueError
        For anything but finite strains, or shapes that do not fit.
    """
    a, b = (np.atleast_1d(vectors(p, name)) for p, name in ((predicted, "predicted"), (true, "true")))
    for name, profile in (("predicted", a), ("true", b)):
        if (np.abs(profile) > _LARGEST_STRAIN).any():
            raise ValueError(f"{name}: strains expected, {np.abs(profile).max():g} given")
    _fitting({"predicted": a[..., :1], "true": b[..., :1]})
    n = max(a.shape[-1], b.shape[-1])
    a, b = (np.pad(p, [(0, 0)] * (p.ndim - 1) + [(0, n - p.shape[-1])]) for p in (a, b))
    strained = (a != 0) | (b != 0)
    deepest = np.where(strained, np.arange(1, n + 1), 0).max(axis=-1, initial=0)
    return np.asarray(1e3 * np.abs(a - b).sum(axis=-1) / np.maximum(deepest, 1))
