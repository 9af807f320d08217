"""The background of a measured curve, as a fit of one point's simulation sees it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics.target import Nuisances, Target, resimulate
from xrdlib.metrics import curve_error
from xrdlib.training import Study

__all__ = ["fitted_background"]


def fitted_background(study: Study, target: Target, parameters: NDArray[np.float64], nuisances: Nuisances) -> float:
    """Background relative to the peak under which a point's curve comes closest to a target's.

    Parameters
    ----------
    study : Study
    target : Target
    parameters : ndarray, shape (7,)
        Lengths in A.
    nuisances : Nuisances
        Resolution and disorder.
    """
    curve = resimulate(parameters[None], target.angle, nuisances, study.config.dataset)
    fit = curve_error(curve, target.intensity)
    return float(fit.background[0] / (fit.scale[0] * curve.max()))
