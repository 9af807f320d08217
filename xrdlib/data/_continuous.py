"""Continuous points of the parameter space: from the unit cube to the constrained space, uniform to uniform.

A point is built directly from seven numbers u in [0, 1): in each block of coupled parameters first the *hinge*
(D01, L1, Rp2), from its marginal distribution, then its partners, which are uniform between limits that depend on
the hinge only (Rosenblatt 1952, Ann. Math. Stat. 23, 470). Nothing is rejected, so Sobol points stay evenly spread
and the first m of n points are the points of m.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.space import CONSTRAINTS, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

__all__ = ["BLOCKS", "from_unit_cube"]

FloatArray = NDArray[np.float64]

# constraints couple the parameters within a block only; the hinge comes first
BLOCKS = (("D01", "Dmax1", "D02"), ("L1", "Rp1", "L2"), ("Rp2",))


def from_unit_cube(u: FloatArray, space: ParameterSpace) -> FloatArray:
    """Points of [0, 1)^7 to points of the constrained space: uniform goes to uniform."""
    rows = np.empty_like(u)
    for hinge, *partners in BLOCKS:
        column = PARAMETERS.index(hinge)
        rows[:, column] = value = _hinge_quantile(u[:, column], hinge, partners, space)
        for partner in partners:
            column = PARAMETERS.index(partner)
            low, high = _partner_limits(value, hinge, partner, space)
            rows[:, column] = low + u[:, column] * np.maximum(high - low, 0.0)
    return rows


def _partner_limits(
    value: FloatArray, hinge: str, partner: str, space: ParameterSpace
) -> tuple[FloatArray, FloatArray]:
    """Limits of a partner at given values of its hinge: its range, cut by the constraints between the two."""
    column = PARAMETERS.index(partner)
    low, high = np.full_like(value, space.minimum[column]), np.full_like(value, space.maximum[column])
    for constraint in CONSTRAINTS:
        if {hinge, partner} == set(constraint.names):
            factor = constraint.coefficient(partner)
            limit = (constraint.bound - constraint.coefficient(hinge) * value) / factor
            low, high = (low, np.minimum(high, limit)) if factor > 0 else (np.maximum(low, limit), high)
    return low, high


def _hinge_quantile(u: FloatArray, hinge: str, partners: list[str], space: ParameterSpace) -> FloatArray:
    """Quantile function of the hinge's marginal distribution at u, shape (n,).

    The density is the product of the widths left to the partners, each piecewise linear in the hinge. At
    most two partners: on each piece a parabola, given exactly by three points; its integral is a cubic.
    """
    from scipy.interpolate import PPoly

    def widths(value: FloatArray) -> FloatArray:
        """Fractions of their ranges left to the partners, shape (n_partners, n)."""
        left = np.ones((len(partners), value.size))
        for i, partner in enumerate(partners):
            low, high = _partner_limits(value, hinge, partner, space)
            left[i] = (high - low) / space.range[PARAMETERS.index(partner)]
        return left

    knots = _hinge_knots(hinge, partners, space)
    knots = knots[(widths(knots) >= -1e-9).all(axis=0)]  # an interval, for the widths are concave
    if knots.size < 2:
        raise ValueError(f"space: no {', '.join([hinge, *partners])} within the ranges meet the constraints")
    step = np.diff(knots)
    at = [widths(knots[:-1] + part * step).prod(axis=0) for part in (0.0, 0.5, 1.0)]
    bend, slope = 2 * at[0] - 4 * at[1] + 2 * at[2], -3 * at[0] + 4 * at[1] - at[2]
    density = PPoly(np.array([bend / step**2, slope / step, at[0]]), knots)
    cumulative = density.antiderivative()
    target = u * float(cumulative(knots[-1]))
    table = np.linspace(knots[0], knots[-1], 2049)
    cell = np.clip(np.searchsorted(cumulative(table), target, side="right") - 1, 0, table.size - 2)
    value = np.interp(target, cumulative(table), table)
    for _ in range(2):  # Newton, from the table's 1e-8: once would do but where the density vanishes
        height = density(value)
        error = np.divide(cumulative(value) - target, height, out=np.zeros_like(value), where=height > 0)
        value = np.clip(value - error, table[cell], table[cell + 1])
    return np.asarray(value, dtype=np.float64)


def _hinge_knots(hinge: str, partners: list[str], space: ParameterSpace) -> FloatArray:
    """The ends of the hinge's range and, between them, where a constraint meets an end of a partner's."""
    column = PARAMETERS.index(hinge)
    ends = space.minimum[column], space.maximum[column]
    knots = list(ends)
    for constraint in CONSTRAINTS:
        for partner in set(partners) & set(constraint.names):
            other = PARAMETERS.index(partner)
            for end in (space.minimum[other], space.maximum[other]):
                rest = constraint.bound - constraint.coefficient(partner) * end
                knots.append(rest / constraint.coefficient(hinge))
    return np.unique(np.clip(knots, *ends))
