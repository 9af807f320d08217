"""The least-squares problem: what is free, within which bounds, and what the residuals are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from xrdlib.refinement._cube import from_cube, to_cube
from xrdlib.refinement.model import NUISANCES, CurveModel
from xrdlib.simulation import PARAMETERS

__all__ = ["Likelihood", "Point", "Problem", "Solution", "misfit"]

FloatArray = NDArray[np.float64]
Likelihood = Literal["log", "poisson"]

_N = len(PARAMETERS)
_LOGARITHMIC = np.array([name in ("scale", "background", "fwhm") for name in NUISANCES])
_AT_BOUND = 1e-4  # of the way between two bounds
_MOST_ROUNDS = 6


def misfit(
    value: FloatArray, intensity: FloatArray, likelihood: Likelihood, counts_per_unit: float = 1.0
) -> FloatArray:
    """Residuals (m,) of a curve against a measured one, both (m,).

    "log": log10 of their ratio, a measured zero counted as half of the smallest positive intensity; "poisson": signed
    roots of the deviance.
    """
    if likelihood == "log":
        smallest = intensity[intensity > 0].min()
        return np.asarray(np.log10(value / np.where(intensity > 0, intensity, smallest / 2)))
    counts, expected = intensity * counts_per_unit, value * counts_per_unit
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(counts > 0, counts * np.log(counts / expected), 0.0)
    deviance = np.maximum(2 * (expected - counts + logarithm), 0.0)
    return np.asarray(np.sign(expected - counts) * np.sqrt(deviance))


@dataclass(frozen=True)
class Point:
    """Parameters (7,) in A and nuisances (7,), in the order of ``NUISANCES``."""

    parameters: FloatArray
    nuisances: FloatArray


@dataclass(frozen=True)
class Solution:
    """Where one start ended."""

    point: Point
    cost: float
    converged: bool
    n_evaluations: int


@dataclass(frozen=True, eq=False)
class Problem:
    """One curve, one likelihood, bounds of the nuisances.

    Attributes
    ----------
    model : CurveModel
    intensity : ndarray, shape (m,)
    likelihood : {"log", "poisson"}
        Residuals of log10 intensity, all points alike; or the signed roots of the Poisson deviance of counts.
    counts_per_unit : float
        Counts per unit of intensity, for "poisson".
    bounds : dict of str to tuple of float
        Of every nuisance.
    fixed : dict of str to float
        Nuisances that are not fitted.
    """

    model: CurveModel
    intensity: FloatArray
    likelihood: Likelihood
    counts_per_unit: float
    bounds: dict[str, tuple[float, float]]
    fixed: dict[str, float] = field(default_factory=dict)

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Which of the 14 variables are fitted."""
        return np.array([True] * _N + [name not in self.fixed for name in NUISANCES])

    def residuals(self, point: Point, n_layers: int) -> tuple[FloatArray, FloatArray]:
        """Residuals (m,) and their derivatives (m, 14) by parameters and nuisances in their own units."""
        value, slope = self.model(point.parameters, point.nuisances, n_layers)
        value = np.maximum(value, 1e-300)
        residual = misfit(value, self.intensity, self.likelihood, self.counts_per_unit)
        if self.likelihood == "log":
            return residual, slope / (value * np.log(10))[:, None]
        counts, expected = self.intensity * self.counts_per_unit, value * self.counts_per_unit
        # near its zero the residual is (expected - counts) / sqrt(expected)
        near = np.abs(expected - counts) < 1e-4 * expected
        rate = (1 - counts / expected) / np.where(near, 1.0, residual)
        rate = np.where(near, 1 / np.sqrt(expected), rate)
        return residual, slope * (rate * self.counts_per_unit)[:, None]

    def scores(self, point: Point, n_layers: int) -> tuple[FloatArray, FloatArray]:
        """Residuals (m,) and derivatives (m, 14) whose products are the likelihood's gradient and expected information.

        Of counts those of Pearson: the roots of the deviance have neither where counts are few.
        """
        if self.likelihood == "log":
            return self.residuals(point, n_layers)
        value, slope = self.model(point.parameters, point.nuisances, n_layers)
        expected = np.maximum(value, 1e-300) * self.counts_per_unit
        root = np.sqrt(expected)
        return (expected - self.intensity * self.counts_per_unit) / root, slope * (self.counts_per_unit / root)[:, None]

    def rmse(self, point: Point, n_layers: int | None = None) -> float:
        """RMS of log10 intensity, whatever the likelihood."""
        layers = self.model.n_layers(point.parameters) if n_layers is None else n_layers
        value = np.maximum(self.model(point.parameters, point.nuisances, layers).intensity, 1e-300)
        return float(np.sqrt(np.mean(misfit(value, self.intensity, "log") ** 2)))

    def solve(self, start: Point, *, max_evaluations: int, only_nuisances: bool = False) -> Solution:
        """Least squares from a start, the number of sublayers held and set again until it stays.

        The profile ends where its strain falls to 1e-4, so that the number of sublayers jumps with the parameters;
        between jumps the misfit is smooth, and each round of the fit takes place there.
        """
        free = self.free.copy()
        if only_nuisances:
            free[:_N] = False
        x = self.pack(start)
        low, high = self._ends
        seen: set[int] = set()
        used, converged = 0, False
        for _ in range(_MOST_ROUNDS):
            point = self.unpack(x)
            layers = self.model.n_layers(point.parameters)
            if layers in seen or used >= max_evaluations:
                break
            # TRF wants a start off its bounds
            inside = np.clip(x, low + 1e-9 * (high - low), high - 1e-9 * (high - low))
            step = _Step(self, inside, free, layers)
            found = least_squares(
                step.residual,
                inside[free],
                jac=step.jacobian,
                bounds=(low[free], high[free]),
                x_scale="jac",
                max_nfev=max_evaluations - used,
            )
            used += int(found.nfev)
            x = step.whole(found.x)
            seen.add(layers)
            converged = found.status > 0
        point = self.unpack(self._snapped(x))
        residual, _ = self.residuals(point, self.model.n_layers(point.parameters))
        return Solution(point, 0.5 * float(residual @ residual), converged, used)

    def at_bound(self, point: Point) -> NDArray[np.bool_]:
        """Which of the 14 variables lie at an end of what is allowed, a constraint or a range."""
        low, high = self._ends
        x = self.pack(point)
        return np.asarray(self.free & ((x - low < _AT_BOUND * (high - low)) | (high - x < _AT_BOUND * (high - low))))

    def _snapped(self, x: FloatArray) -> FloatArray:
        """What is all but at a bound, at it."""
        low, high = self._ends
        near = 1e-6 * (high - low)
        return np.where(x - low < near, low, np.where(high - x < near, high, x))

    @cached_property
    def _ends(self) -> tuple[FloatArray, FloatArray]:
        ends = np.array([self.bounds[name] for name in NUISANCES])
        with np.errstate(divide="ignore"):
            ends = np.where(_LOGARITHMIC[:, None], np.log(np.maximum(ends, 1e-300)), ends)
        return np.concatenate([np.zeros(_N), ends[:, 0]]), np.concatenate([np.ones(_N), ends[:, 1]])

    def pack(self, point: Point) -> FloatArray:
        with np.errstate(divide="ignore"):
            values = np.where(_LOGARITHMIC, np.log(np.maximum(point.nuisances, 1e-300)), point.nuisances)
        return np.concatenate([to_cube(point.parameters), values])

    def unpack(self, x: FloatArray) -> Point:
        values = np.where(_LOGARITHMIC, np.exp(np.where(_LOGARITHMIC, x[_N:], 0.0)), x[_N:])
        for i, name in enumerate(NUISANCES):
            values[i] = self.fixed.get(name, values[i])  # exp(log(x)) is not always x
        return Point(from_cube(x[:_N])[0], values)

    def chain(self, x: FloatArray) -> FloatArray:
        chain = np.zeros((x.size, x.size))
        chain[:_N, :_N] = from_cube(x[:_N])[1]
        own = np.where(_LOGARITHMIC, np.exp(np.where(_LOGARITHMIC, x[_N:], 0.0)), 1.0)
        chain[np.arange(_N, x.size), np.arange(_N, x.size)] = own
        return chain


class _Step:
    """Residuals and their derivatives by the free variables, worked out together and asked for one after the other."""

    def __init__(self, problem: Problem, x: FloatArray, free: NDArray[np.bool_], n_layers: int) -> None:
        self._problem, self._x, self._free, self._n_layers = problem, x, free, n_layers
        self._known: tuple[bytes, FloatArray, FloatArray] | None = None

    def whole(self, part: FloatArray) -> FloatArray:
        """All 14 variables, those that are free as given."""
        x = self._x.copy()
        x[self._free] = part
        return x

    def residual(self, part: FloatArray) -> FloatArray:
        return self._both(part)[1]

    def jacobian(self, part: FloatArray) -> FloatArray:
        return self._both(part)[2]

    def _both(self, part: FloatArray) -> tuple[bytes, FloatArray, FloatArray]:
        key = part.tobytes()
        if self._known is None or self._known[0] != key:
            x = self.whole(part)
            residual, slope = self._problem.residuals(self._problem.unpack(x), self._n_layers)
            self._known = key, residual, (slope @ self._problem.chain(x))[:, self._free]
        return self._known
