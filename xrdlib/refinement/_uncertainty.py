"""How well a fit determines what it fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["correlation_length", "covariances", "neighbour_correlation"]

FloatArray = NDArray[np.float64]


def neighbour_correlation(residual: FloatArray) -> float:
    """Correlation of successive residuals, 0 to 0.97: what is left of a model that is not quite right."""
    centred = residual - residual.mean()
    total = float(centred @ centred)
    return 0.0 if total == 0 else float(np.clip(centred[1:] @ centred[:-1] / total, 0.0, 0.97))


def correlation_length(residual: FloatArray) -> int:
    """Points over which residuals are correlated: Andrews (1991), Econometrica 59, 817, Bartlett window, AR(1)."""
    rho = neighbour_correlation(residual)
    alpha = 4 * rho**2 / (1 - rho**2) ** 2
    return int(min(1.1447 * (alpha * residual.size) ** (1 / 3), residual.size / 4))


def covariances(slope: FloatArray, residual: FloatArray, directions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Covariance (p, p) of variables, from derivatives (m, p), residuals (m,) and their freedom, in two ways.

    ``directions`` (p, k): changes of the variables along each of the k coordinates that were fitted.
    First with residuals that are correlated between points and unlike in size (the sandwich of White and of Newey and
    West (1987), Econometrica 55, 703); second as if they were independent and alike.
    """
    slope = slope @ directions
    m, k = slope.shape
    size = np.sqrt(np.square(slope).sum(axis=0))
    size[size == 0] = 1.0
    scaled = slope / size
    _, singular, turned = np.linalg.svd(scaled, full_matrices=False)
    # a direction that the curve does not feel at all has a variance that is huge, not infinite
    inverse = (turned.T / np.maximum(singular, 1e-9 * singular.max()) ** 2) @ turned
    freedom = max(m - k, 1)
    white = inverse * float(residual @ residual) / freedom
    force = scaled * residual[:, None]
    length = correlation_length(residual)
    meat = force.T @ force
    for lag in range(1, length + 1):
        part = force[lag:].T @ force[:-lag]
        meat += (1 - lag / (length + 1)) * (part + part.T)
    back = directions / size
    white = back @ white @ back.T
    robust = back @ (inverse @ meat @ inverse) @ back.T * (m / freedom)
    own, alike = np.diag(robust), np.diag(white)
    if (own < 1e-6 * alike).any():  # along what the curve does not feel the sandwich has nothing to go by
        robust = white
    else:  # by chance it may come out below the noise, which it cannot be
        ratio = np.sqrt(np.maximum(alike / np.where(alike > 0, own, 1.0), 1.0))
        robust = robust * np.outer(ratio, ratio)
    return robust, white
