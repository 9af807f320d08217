"""Fisher information of a counted curve, and the Cramer-Rao bound that follows from it.

Point i of a curve counts ``mu_i = counts (I_i / I_peak + background)`` photons, Poisson distributed, so that
``F = sum_i dmu_i dmu_i^T / mu_i``. No unbiased estimator has a covariance below F^-1 (Rao 1945; Cramer 1946). A prior
adds its information: exact for a Gaussian, for a uniform one a Gaussian of the same covariance stands in. The result is
a scale for errors and no theorem. The theorem for biased estimators (Van Trees 1968; Gill and Levit 1995) averages F
over the prior before inverting; the average of the inverses taken here is larger (Jensen), and errors may be smaller.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics.information._forward import INSTRUMENTAL, Derivatives
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Measurement

__all__ = [
    "HIDDEN",
    "NUISANCES",
    "UNIFORM",
    "Combinations",
    "combinations",
    "effective",
    "information",
    "nuisance_precision",
    "spread",
]

FloatArray = NDArray[np.float64]

NUISANCES = ("scale", "background", *INSTRUMENTAL)
UNIFORM = 1 / np.sqrt(12)  # standard deviation of a uniform prior, in units of the range
HIDDEN = 0.6  # of the prior's standard deviation: a bound above it means that the curve is nearly flat in the parameter
_UNKNOWN = 10.0  # ranges: beyond it a parameter counts as not determined at all
_K = len(PARAMETERS)


def information(
    found: Derivatives, counts: FloatArray, background: FloatArray, measured: NDArray[np.bool_] | None = None
) -> FloatArray:
    """Fisher information of n curves, parameters in units of their ranges.

    Parameters
    ----------
    found : Derivatives
    counts, background : ndarray, shape (n,)
        Counts in the peak, background relative to it.
    measured : ndarray of bool, shape (n, m), optional
        Points that were measured; by default all.

    Returns
    -------
    ndarray, shape (n, 7 + q, 7 + q)
        The parameters, log of scale, log of background, and ``INSTRUMENTAL`` where the model has it.
    """
    scale = (counts / found.curves.max(axis=1))[:, None]
    signal = scale * found.curves
    ground = np.broadcast_to((counts * background)[:, None], signal.shape)
    slopes = scale[:, None] * np.concatenate([found.parameters, found.instrumental], axis=1)
    slopes = np.concatenate([slopes[:, :_K], signal[:, None], ground[:, None], slopes[:, _K:]], axis=1)
    weight = 1 / (signal + ground)
    if measured is not None:
        weight = np.where(measured, weight, 0.0)
    slopes = slopes * np.sqrt(weight)[:, None]
    return np.asarray(slopes @ slopes.transpose(0, 2, 1))


def nuisance_precision(measurement: Measurement, disorder: tuple[float, float], n: int) -> FloatArray:
    """Information that the ranges of a measurement add about the first n of ``NUISANCES``; inf where they are known."""
    low, high = np.log(measurement.background)
    ranges = (measurement.fwhm, measurement.lorentz_fraction, measurement.offset)
    widths = np.array([high - low, disorder[1] - disorder[0], *(b - a for a, b in ranges)])
    with np.errstate(divide="ignore"):
        return np.concatenate([[0.0], 12 / widths**2])[:n]  # nothing is known about the scale


def effective(fisher: FloatArray, precision: FloatArray | None) -> FloatArray:
    """Information (n, 7, 7) about the parameters alone: nuisances known (None), or free within their precision."""
    own = fisher[:, :_K, :_K]
    if precision is None:
        return own
    free = np.flatnonzero(np.isfinite(precision)) + _K
    cross = fisher[:, :_K, free]
    rest = fisher[:, free[:, None], free] + np.diag(precision[free - _K])
    return np.asarray(own - cross @ np.linalg.solve(rest, cross.transpose(0, 2, 1)))


def spread(fisher: FloatArray, prior: FloatArray | None) -> FloatArray:
    """Bound on the standard deviation of each parameter, (n, 7), in units of the range; inf where not determined.

    Parameters
    ----------
    fisher : ndarray, shape (n, 7, 7)
    prior : ndarray of shape (7, 7), or None
        Covariance of the prior in units of the ranges.
    """
    total = fisher if prior is None else fisher + np.linalg.inv(prior)
    # scaled to a unit diagonal: the parameters' information differs by many powers of ten
    size = np.sqrt(np.maximum(np.diagonal(total, axis1=1, axis2=2), 1e-30))
    values, vectors = np.linalg.eigh(total / (size[:, :, None] * size[:, None, :]))
    variance = (vectors**2 / np.maximum(values, 1e-15)[:, None, :]).sum(axis=2) / size**2
    sigma = np.sqrt(variance)
    return np.where(sigma > _UNKNOWN, np.inf, sigma)


class Combinations(NamedTuple):
    """Independent combinations of parameters (in units of their ranges) from the best known to the worst.

    ``weights`` (7, 7): one combination a row, of length 1, its largest weight positive; ``sigma`` (7,): how well each
    is known in units of the range, uniform prior included.
    """

    weights: FloatArray
    sigma: FloatArray


def combinations(fisher: FloatArray) -> Combinations:
    """Eigenvectors of the information (7, 7) measured in that of the uniform prior."""
    values, vectors = np.linalg.eigh(fisher * UNIFORM**2)
    weights = vectors.T[::-1]
    largest = weights[np.arange(_K), np.abs(weights).argmax(axis=1)]
    sigma = UNIFORM / np.sqrt(1 + np.maximum(values[::-1], 0))
    return Combinations(np.asarray(weights * np.sign(largest)[:, None]), np.asarray(sigma))
