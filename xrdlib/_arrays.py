"""Arguments that are numbers: arrays and single ones, whatever was given, or a ValueError that names the argument."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["intensities", "is_whole", "number", "require_numbers", "shown", "vector", "vectors"]

FloatArray = NDArray[np.float64]

_KINDS = {"c": "complex numbers", "U": "text", "S": "bytes", "M": "dates", "m": "times", "V": "records"}
_BRIGHTEST = 1e100  # of an intensity: squares and sums of larger ones overflow


def vectors(values: ArrayLike, name: str, *, finite: bool = True) -> FloatArray:
    """Real numbers of any shape as float64; unless ``finite`` is false, none that is nan or infinite."""
    try:
        given = np.asarray(values)
        if given.dtype.kind == "O" and not all(isinstance(v, Real) for v in given.flat):
            raise ValueError(f"{name}: numbers expected, {shown(values)} given")
        if given.dtype.kind not in "biufO":
            raise ValueError(f"{name}: numbers expected, {_KINDS.get(given.dtype.kind, given.dtype)} given")
        with np.errstate(over="ignore"):  # then infinite
            array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        if str(error).startswith(f"{name}: "):
            raise
        raise ValueError(f"{name}: numbers expected, {shown(values)} given") from None
    if finite and not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))[0].tolist()
        at = f" at {', '.join(map(str, where))}" if where else ""
        raise ValueError(f"{name}: finite numbers expected, {array[tuple(where)]}{at} given")
    return array


def vector(values: ArrayLike, name: str, size: int | None = None) -> FloatArray:
    """Finite numbers of shape (n,); of a single number (1,)."""
    array = np.atleast_1d(vectors(values, name))
    if array.ndim != 1 or (size is not None and array.size != size):
        raise ValueError(f"{name}: shape ({'n' if size is None else size},) expected, {array.shape} given")
    return array


def intensities(values: ArrayLike, name: str, *, positive: bool = False, brightest: float = _BRIGHTEST) -> FloatArray:
    """Curves of shape (..., m), m >= 1: finite, not negative (``positive``: and not zero), of any reasonable unit."""
    curves = vectors(values, name, finite=False)
    if curves.ndim == 0 or curves.shape[-1] == 0:
        raise ValueError(f"{name}: curves of shape (..., m) expected, {curves.shape} given")
    if curves.size == 0:
        return curves
    lowest, highest = float(curves.min()), float(curves.max())  # nan where there is one
    if not (math.isfinite(lowest) and math.isfinite(highest) and lowest >= 0 and (lowest > 0 or not positive)):
        raise ValueError(f"{name}: intensities must be finite and {'positive' if positive else 'not negative'}")
    if highest > brightest:
        raise ValueError(f"{name}: intensities up to {highest:g}; divide them by their maximum")
    return curves


def number(value: object, name: str, *, infinite: bool = False) -> float:
    """A single real number, finite unless ``infinite`` ones are allowed (nan never is)."""
    try:
        found = float(value) if isinstance(value, Real) else math.nan
    except OverflowError:
        found = math.nan
    if math.isnan(found) or not (infinite or math.isfinite(found)):
        raise ValueError(f"{name} = {shown(value)} given, a {'' if infinite else 'finite '}number expected")
    return found


def require_numbers(where: str, **values: object) -> None:
    """ValueError for the first of these that is not a finite number."""
    for name, value in values.items():
        number(value, f"{where}: {name}")


def is_whole(value: object) -> bool:
    """Whether something is a whole number (of python or numpy) and no truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value for a message: one line, not too long."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # a whole number of thousands of digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
