"""Where starts ended, and what each model of the disorder came to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DISORDER_MODELS", "DisorderFit", "Minimum"]

FloatArray = NDArray[np.float64]

DISORDER_MODELS = ("even", "growing", "both")


@dataclass(frozen=True)
class Minimum:
    """An end that one or more starts came to: parameters (7,), RMSE of log10 intensity, labels of the starts."""

    parameters: FloatArray
    rmse: float
    reached_from: tuple[str, ...]


@dataclass(frozen=True)
class DisorderFit:
    """One model of the disorder.

    Attributes
    ----------
    name : {"even", "growing", "both"}
    parameters : ndarray, shape (7,)
        Where it ended, lengths in A.
    rmse : float
        Of log10 intensity.
    n_free : int
        What was fitted.
    aic, bic : float
        Criteria of Akaike and Schwarz (lower is better), the points counted as so many as are independent.
    aic_white, bic_white : float
        The same as if all points were.
    kept : bool
    """

    name: str
    parameters: FloatArray
    rmse: float
    n_free: int
    aic: float
    bic: float
    aic_white: float
    bic_white: float
    kept: bool = False

    @classmethod
    def of(
        cls, name: str, parameters: FloatArray, rmse: float, deviance: float, n_free: int, m: int, rho: float
    ) -> DisorderFit:
        """Of a sum of squared residuals over m points whose neighbours correlate by rho; their variance is not known.

        Nor is it of counts: what the model lacks adds to their scatter.
        """
        share = (1 - rho) / (1 + rho)
        size = m * np.log(max(deviance, 1e-300) / m)
        n = share * m
        values = (share * size + 2 * n_free, share * size + n_free * np.log(n))
        white = (size + 2 * n_free, size + n_free * np.log(m))
        return cls(name, parameters, rmse, n_free, float(values[0]), float(values[1]), float(white[0]), float(white[1]))
