"""The constrained parameter space as a unit cube, one to one and differentiable.

Each coordinate is a parameter's fraction of the way from its minimum to the largest value that the parameters before it
allow, in the order Dmax1, D01, D02, L1, Rp1, L2, Rp2: bounds of a cube are all that a least-squares routine knows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.space import MAX_SURFACE_STRAIN, SPACE
from xrdlib.simulation import PARAMETERS

__all__ = ["from_cube", "limits", "to_cube"]

FloatArray = NDArray[np.float64]

_DMAX1, _D01, _L1, _RP1, _D02, _L2, _RP2 = range(len(PARAMETERS))
_ORDER = (_DMAX1, _D01, _D02, _L1, _RP1, _L2, _RP2)


def limits(parameter: int, values: FloatArray) -> tuple[float, dict[int, float]]:
    """Largest allowed value of a parameter given those before it, and its derivatives by them."""
    own = float(SPACE.maximum[parameter])
    if parameter == _D01:
        room = MAX_SURFACE_STRAIN - float(SPACE.minimum[_D02])  # D02 needs its minimum
        tied = (min(own, room), _DMAX1)
    elif parameter == _D02:
        return min(own, MAX_SURFACE_STRAIN - float(values[_D01])), {_D01: -1.0}
    elif parameter in (_RP1, _L2):
        tied = (own, _L1)
    else:
        return own, {}
    own, above = tied
    return (float(values[above]), {above: 1.0}) if values[above] < own else (own, {})


def from_cube(point: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Parameters (7,) of a point of the unit cube (7,), and their derivatives (7, 7) by its coordinates."""
    values, slope = np.empty(point.size), np.zeros((point.size, point.size))
    for i in _ORDER:
        lowest = float(SPACE.minimum[i])
        highest, by = limits(i, values)
        values[i] = lowest + point[i] * (highest - lowest)
        slope[i] = sum((point[i] * d * slope[j] for j, d in by.items()), np.zeros(point.size))
        slope[i, i] = highest - lowest
    return values, slope


def to_cube(parameters: FloatArray) -> FloatArray:
    """Point of the unit cube (7,) of parameters (7,); what is outside the space is first moved to its edge."""
    point, values = np.empty(parameters.size), np.empty(parameters.size)
    for i in _ORDER:
        lowest = float(SPACE.minimum[i])
        highest, _ = limits(i, values)
        values[i] = np.clip(parameters[i], lowest, highest)
        point[i] = 0.5 if highest == lowest else (values[i] - lowest) / (highest - lowest)
    return point
