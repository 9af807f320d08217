"""The parameter space: ranges, grid and constraints of the seven strain-profile parameters.

A point is inside when every parameter is within its range and ::

    D01 <= Dmax1        D01 + D02 <= 0.03        Rp1 <= L1        L2 <= L1

The constraints couple the parameters only within three blocks, (Dmax1, D01, D02), (L1, Rp1, L2) and
(Rp2): D01 and L1 each tie their block together. The sampler lives on that.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import is_whole, shown, vectors
from xrdlib.simulation.strain import PARAMETERS, StrainParameters, as_parameters

__all__ = [
    "CONSTRAINTS",
    "LAB_EXPERIMENT",
    "MAX_SURFACE_STRAIN",
    "PARAMETER_UNITS",
    "SPACE",
    "Constraint",
    "ParameterError",
    "ParameterSpace",
    "format_parameter",
    "format_parameters",
]

FloatArray = NDArray[np.float64]

PARAMETER_UNITS: dict[str, str] = dict(zip(PARAMETERS, ("", "", "A", "A", "", "A", "A"), strict=True))
MAX_SURFACE_STRAIN = 0.03
LAB_EXPERIMENT = StrainParameters.from_cm([0.008094, 0.000943, 5200e-8, 3500e-8, 0.00255, 3000e-8, -50e-8])

# In units of a parameter's range: wider than the rounding of grid sums and of float32 storage (4e-8),
# narrower than anything a rocking curve can tell (3e-8 in strain, 7e-3 A).
TOLERANCE = 1e-6
_LARGEST = 1e100  # of what a range can end with
_MOST_BINS = 10_000


class ParameterError(ValueError):
    """Parameters outside their ranges or constraints; the text names each and by how much."""


@dataclass(frozen=True)
class Constraint:
    """The linear constraint ``sum(smaller) <= sum(larger) + bound``.

    Attributes
    ----------
    smaller, larger : tuple of str
        Names of parameters of one unit.
    bound : float
        In the unit of the parameters.
    """

    smaller: tuple[str, ...]
    larger: tuple[str, ...] = ()
    bound: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Every parameter that takes part."""
        return self.smaller + self.larger

    def coefficient(self, name: str) -> float:
        """The factor of ``name`` when all parameters stand on the left: 1, -1, or 0 if it takes no part."""
        return float(name in self.smaller) - float(name in self.larger)

    def excess(self, rows: FloatArray) -> FloatArray:
        """By how much each row of (n, 7) breaks the constraint, shape (n,); <= 0 where it holds."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.nan_to_num(self._sum(rows, self.smaller) - self._sum(rows, self.larger), nan=np.inf) - self.bound

    def describe(self, row: FloatArray) -> str:
        """What is broken in one row, shape (7,), as a phrase with numbers and units."""
        unit = PARAMETER_UNITS[self.names[0]]
        left = f"{' + '.join(self.smaller)} = {_number(float(self._sum(row, self.smaller)), unit)}"
        right = _number(self.bound, unit)
        if self.larger:
            right_sum = float(self._sum(row, self.larger)) + self.bound
            right = f"{' + '.join(self.larger)} = {_number(right_sum, unit)}"
        return f"{left} exceeds {right} by {_number(float(self.excess(row)), unit, digits=4)}"

    @staticmethod
    def _sum(rows: FloatArray, names: tuple[str, ...]) -> FloatArray:
        return np.asarray(rows[..., [PARAMETERS.index(name) for name in names]].sum(axis=-1))


CONSTRAINTS = (
    Constraint(("D01",), ("Dmax1",)),
    Constraint(("D01", "D02"), bound=MAX_SURFACE_STRAIN),
    Constraint(("Rp1",), ("L1",)),
    Constraint(("L2",), ("L1",)),
)


@dataclass(frozen=True)
class ParameterSpace:
    """Ranges and grid steps of the seven parameters, each a tuple in the order of ``PARAMETERS``.

    The constraints ``CONSTRAINTS`` hold in every space.

    Attributes
    ----------
    minimum, maximum, grid_step : tuple of 7 floats
        Strains dimensionless, lengths in A.

    Raises
    ------
    ValueError
        For anything but seven finite numbers each, ``minimum >= maximum``, or a step that is not positive.
    """

    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    grid_step: tuple[float, ...]

    def __post_init__(self) -> None:
        for field in fields(self):
            values = vectors(getattr(self, field.name), field.name, finite=False)
            if values.shape != (len(PARAMETERS),):
                raise ValueError(f"{field.name}: seven numbers expected, {shown(getattr(self, field.name))} given")
            object.__setattr__(self, field.name, tuple(values.tolist()))
        for name, low, high, step in zip(PARAMETERS, self.minimum, self.maximum, self.grid_step, strict=True):
            if not -np.inf < low < high < np.inf:
                raise ValueError(f"{name}: minimum {low:g} must be below maximum {high:g}, both finite")
            if max(-low, high) > _LARGEST:
                raise ValueError(f"{name}: minimum {low:g} and maximum {high:g} must be within {_LARGEST:g}")
            if not 0 < step < np.inf:
                raise ValueError(f"{name}: grid_step = {step:g} given, a positive number expected")

    @property
    def range(self) -> FloatArray:
        """``maximum - minimum``, shape (7,)."""
        return np.subtract(self.maximum, self.minimum)

    def normalise(self, parameters: ArrayLike | StrainParameters) -> FloatArray:
        """Parameters of shape (..., 7) as fractions of their ranges: 0 at the minimum, 1 at the maximum.

        Points outside the ranges go beyond 0 or 1; NaN stays NaN. ValueError unless the last axis is 7 long.
        """
        with np.errstate(over="ignore"):
            return np.asarray((_last_axis_seven(parameters, "parameters") - self.minimum) / self.range)

    def denormalise(self, fractions: ArrayLike) -> FloatArray:
        """The inverse of `normalise`: fractions of shape (..., 7) to parameters, lengths in A."""
        with np.errstate(over="ignore"):
            return np.asarray(_last_axis_seven(fractions, "fractions") * self.range + self.minimum)

    def grid(self, name: str) -> FloatArray:
        """The grid values ``minimum + k grid_step <= maximum`` of one parameter, ascending."""
        if name not in PARAMETERS:
            raise ValueError(f"name = {name!r}: one of {' '.join(PARAMETERS)} expected")
        column = PARAMETERS.index(name)
        low, high, step = self.minimum[column], self.maximum[column], self.grid_step[column]
        # the tolerance keeps the last point where (max - min) / step falls just short of a whole number
        count = int(np.floor((high - low) / step + TOLERANCE)) + 1
        return np.asarray(np.minimum(low + step * np.arange(count), high))

    def bins(self, parameters: ArrayLike | StrainParameters, n_bins: int = 3) -> NDArray[np.int64]:
        """Which of ``n_bins`` equal parts of its range each parameter is in: 0 the lowest.

        A value on an edge belongs to the upper bin, the maximum to the last one; a value outside the range
        to the nearest bin.

        Parameters
        ----------
        parameters : array_like, shape (n, 7) or (7,)
        n_bins : int

        Returns
        -------
        ndarray of int, shape (n, 7)
        """
        if not is_whole(n_bins) or not 1 <= n_bins <= _MOST_BINS:
            raise ValueError(f"n_bins = {shown(n_bins)}: a whole number of bins, 1 to {_MOST_BINS}, expected")
        position = np.floor(self.normalise(as_parameters(parameters)) * n_bins + TOLERANCE)
        return np.clip(position, 0, n_bins - 1).astype(np.int64)

    def valid(self, parameters: ArrayLike | StrainParameters) -> NDArray[np.bool_]:
        """Whether each row is inside its ranges and constraints, shape (n,).

        A row may be out by 1e-6 of a parameter's range: rounding of grid sums and of float32 is no violation.
        """
        rows = as_parameters(parameters)
        fractions = self.normalise(rows)
        inside = ((fractions >= -TOLERANCE) & (fractions <= 1 + TOLERANCE)).all(axis=1)
        for constraint in CONSTRAINTS:
            inside &= constraint.excess(rows) <= self.slack(constraint)
        return np.asarray(inside)

    def slack(self, constraint: Constraint) -> float:
        """The excess that counts as rounding: 1e-6 of the widest range that takes part."""
        return TOLERANCE * max(float(self.range[PARAMETERS.index(name)]) for name in constraint.names)

    def violations(self, parameters: ArrayLike | StrainParameters) -> list[str]:
        """What is outside in one row of seven numbers, one text each; empty exactly where `valid` is true.

        Such as ``"L2 = 6100 A is above its maximum 5000 A by 1100 A"`` or
        ``"D01 + D02 = 0.0312 exceeds 0.03 by 0.0012"``.
        """
        rows = as_parameters(parameters)
        if rows.shape[0] != 1:
            raise ValueError(f"parameters: one row of seven numbers expected, {rows.shape[0]} given")
        texts = []
        for column, name in enumerate(PARAMETERS):
            value, unit = float(rows[0, column]), PARAMETER_UNITS[name]
            slack = TOLERANCE * float(self.range[column])
            for side, word, limit, excess in (
                ("below", "minimum", self.minimum[column], self.minimum[column] - value),
                ("above", "maximum", self.maximum[column], value - self.maximum[column]),
            ):
                if excess > slack:
                    texts.append(
                        f"{name} = {_number(value, unit)} is {side} its {word} {_number(limit, unit)} "
                        f"by {_number(excess, unit, digits=4)}"
                    )
        broken = [c for c in CONSTRAINTS if float(c.excess(rows)[0]) > self.slack(c)]
        return texts + [constraint.describe(rows[0]) for constraint in broken]

    def check(self, parameters: ArrayLike | StrainParameters, *, allow_outside: bool = False) -> FloatArray:
        """The parameters as rows, shape (n, 7), or an error that lists every violation of the first bad row.

        Raises
        ------
        ParameterError
            Unless ``allow_outside``; one line, with what to do. Names the row where there are several.
        ValueError
            For anything but rows of seven finite numbers, whatever ``allow_outside`` says.
        """
        rows = as_parameters(parameters)
        outside = np.flatnonzero(~self.valid(rows))
        if allow_outside or outside.size == 0:
            return rows
        where = f"{outside.size} of {len(rows)} rows are outside; row {outside[0]}: " if len(rows) > 1 else ""
        texts = "; ".join(self.violations(rows[outside[0]]))
        raise ParameterError(f"parameters: {where}{texts} (to go on anyway: --allow-outside)")


SPACE = ParameterSpace(
    minimum=(0.0010, 0.0005, 500.0, 50.0, 0.0010, 500.0, -6500.0),
    maximum=(0.0310, 0.0305, 7000.0, 5050.0, 0.0310, 5000.0, 0.0),
    grid_step=(0.0025, 0.0025, 500.0, 500.0, 0.0025, 500.0, 500.0),
)


def format_parameter(name: str, value: float) -> str:
    """A value for tables and titles: ``"5200 A"`` for lengths (0.1 A), ``"8.094e-3"`` for strains."""
    if name not in PARAMETERS:
        raise ValueError(f"name = {name!r}: one of {' '.join(PARAMETERS)} expected")
    if PARAMETER_UNITS[name]:
        return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0") + f" {PARAMETER_UNITS[name]}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def format_parameters(values: ArrayLike) -> list[str]:
    """Seven parameters with four digits and their units."""
    numbers = np.asarray(values, dtype=np.float64)
    return [format_parameter(name, float(f"{v:.4g}")) for name, v in zip(PARAMETERS, numbers, strict=True)]


def _number(value: float, unit: str, digits: int = 6) -> str:
    return f"{value:.{digits}g} {unit}".rstrip()


def _last_axis_seven(values: ArrayLike | StrainParameters, argument: str) -> FloatArray:
    if isinstance(values, StrainParameters):
        return values.to_array()
    array = vectors(values, argument, finite=False)
    if array.ndim == 0 or array.shape[-1] != len(PARAMETERS):
        raise ValueError(f"{argument}: shape (..., {len(PARAMETERS)}) expected, {array.shape} given")
    return array
