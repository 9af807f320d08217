"""What the constraints of the parameter space leave of a parameter where the others are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.data.space import CONSTRAINTS, TOLERANCE
from xrdlib.diagnostics.information._fisher import UNIFORM
from xrdlib.simulation import PARAMETERS

__all__ = ["allowed"]

FloatArray = NDArray[np.float64]

_NARROWEST = 0.01  # of the range: where nothing at all is left, the others are not known exactly either


def allowed(parameters: FloatArray) -> FloatArray:
    """Standard deviation that range and constraints alone leave each parameter, the other six given.

    A Gaussian prior of the whole range does not know that D01 <= Dmax1, or Rp1 <= L1.

    Parameters
    ----------
    parameters : ndarray, shape (n, 7)
        Lengths in A.

    Returns
    -------
    ndarray, shape (n, 7)
        In units of the ranges: of a uniform distribution over the interval that is left; over the whole range where
        the others leave none, which only happens outside of the parameter space.
    """
    low, high = (np.broadcast_to(end, parameters.shape).copy() for end in (SPACE.minimum, SPACE.maximum))
    for constraint in CONSTRAINTS:
        excess = constraint.excess(parameters)
        for name in constraint.names:
            column = PARAMETERS.index(name)
            limit = parameters[:, column] - constraint.coefficient(name) * excess
            if constraint.coefficient(name) > 0:
                high[:, column] = np.minimum(high[:, column], limit)
            else:
                low[:, column] = np.maximum(low[:, column], limit)
    width = (high - low) / SPACE.range
    return np.asarray(UNIFORM * np.where(width < -TOLERANCE, 1.0, np.maximum(width, _NARROWEST)))
