"""Errors of parameters, curves and profiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CurveMisfit", "curve_error", "parameter_error"]

FloatArray = NDArray[np.float64]

_FLOOR = 1e-12  # of a simulated curve's maximum: keeps its logarithm finite


class CurveMisfit(NamedTuple):
    """Misfit of simulated curves in log10 intensity, with the scale and background that minimise the RMSE.

    Each of the leading shape of the curves.
    """

    rmse: FloatArray
    mae: FloatArray
    scale: FloatArray
    background: FloatArray


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
    """
    return np.asarray(100 * np.abs(np.subtract(predicted, true)) / np.asarray(span, dtype=np.float64))


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
    model, data = np.asarray(simulated, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    if model.shape[-1] != data.shape[-1]:
        raise ValueError(
            f"simulated has {model.shape[-1]} points, observed {data.shape[-1]}; the same scan is expected"
        )
    for name, curves in (("simulated", model), ("observed", data)):
        if not (np.isfinite(curves).all() and (curves >= 0).all()):
            raise ValueError(f"{name}: intensities must be finite and not negative")
        if not (curves.max(axis=-1) > 0).all():
            raise ValueError(f"{name}: a curve is 0 everywhere; intensities are expected")
    top = model.max(axis=-1, keepdims=True)
    model = model / top
    smallest = np.where(data > 0, data, np.inf).min(axis=-1, keepdims=True)
    log_data = np.log(np.where(data > 0, data, smallest / 2))

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
