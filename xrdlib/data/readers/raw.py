"""What every reader gives, and the one error they raise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNITS", "CurveFormatError", "FloatArray", "RawScan", "Reading", "line_error", "value_error"]

FloatArray = NDArray[np.float64]

UNITS = {"arcsec": 1.0, "degree": 3600.0, "mrad": 180 * 3.6 / math.pi}  # arcsec each


class CurveFormatError(ValueError):
    """A curve that cannot be read or used; the message is one line that says what to do."""


@dataclass(frozen=True)
class Reading:
    """What the user says of a file; see `xrdlib.load_curve`."""

    step: float | None = None
    columns: Sequence[int] | None = None
    unit: str = "arcsec"
    reverse: bool = False
    two_theta: bool = False
    separator: str | None = None
    decimal: str | None = None
    skip: int = 0
    scan: int | None = None

    def refuse(self, names: Sequence[str], why: str) -> None:
        """CurveFormatError if one of these is not as it is by default."""
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in names and value != each.default:
                raise CurveFormatError(f"{each.name}={value!r} given, but {why}; leave {each.name}= out")


@dataclass(frozen=True, eq=False)
class RawScan:
    """One scan as the file has it.

    Attributes
    ----------
    axis : ndarray, shape (n,)
        Angles in the file's unit, or the index of the point where there are none; rising or falling.
    intensity : ndarray, shape (n,)
    scale : float
        Arcsec of theta per unit of the axis (half as much for 2theta).
    reverse : bool
        The axis rises with theta: dth = thB - theta falls.
    places : sequence of str
        Where each point is in the file, such as "line 57".
    axis_name : str
        What the axis is called in messages, with its unit.
    step : float, optional
        The user's, arcsec, where the file has angles to compare it with.
    indexed : bool
        No angles in the file.
    zero : float, optional
        Where the file itself says that the substrate peak is.
    attenuation, counting_time : ndarray, shape (n,), optional
        Factor of the beam attenuator (already multiplied into the intensity) and seconds, point by point.
    facts : dict
        Metadata.
    warnings, inferred : list of str
    """

    axis: FloatArray
    intensity: FloatArray
    scale: float
    reverse: bool
    places: Sequence[str]
    axis_name: str
    step: float | None = None
    indexed: bool = False
    zero: float | None = None
    attenuation: FloatArray | None = None
    counting_time: FloatArray | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    inferred: list[str] = field(default_factory=list)


def value_error(place: str, value: str, problem: str) -> CurveFormatError:
    """Error about a value in a file; the file's name is put in front by whoever knows it."""
    shown = value if len(value) <= 40 else value[:37] + "..."
    return CurveFormatError(f"{place}: {shown!r}: {problem}")


def line_error(number: int, value: str, problem: str) -> CurveFormatError:
    """Error about a line of a file."""
    return value_error(f"line {number}", value, problem)
