"""One scan range of an instrument's file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.readers.raw import CurveFormatError, FloatArray, value_error

__all__ = ["Range", "chosen", "listed", "numbers"]

_POINTS = ("position", "counted", "corrected", "factor", "time")


@dataclass(frozen=True, eq=False)
class Range:
    """One scan of a file, or what several became.

    Attributes
    ----------
    numbers : tuple of int
        Which scans of the file, from 1.
    axis : {"Omega", "2Theta"}
        Whose positions are used.
    unit : {"counts", "counts per second"}
        Of the intensities.
    scan_axis, mode, status, started : str
        As the file says; empty where it does not.
    position : ndarray, shape (n,)
        Degrees.
    counted : ndarray, shape (n,)
        As the detector saw it: behind the attenuator.
    corrected : ndarray, shape (n,)
        Without attenuator.
    factor : ndarray, shape (n,)
        Of the attenuator.
    time : ndarray, shape (n,)
        Seconds per point; nan where unknown.
    fixed : dict
        Other axes.
    complete : bool
    warnings, inferred : tuple of str
    """

    numbers: tuple[int, ...]
    axis: str
    unit: str
    scan_axis: str
    mode: str
    status: str
    started: str
    position: FloatArray
    counted: FloatArray
    corrected: FloatArray
    factor: FloatArray
    time: FloatArray
    fixed: dict[str, float] = field(default_factory=dict)
    complete: bool = True
    warnings: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()

    @property
    def step(self) -> float:
        """Median step, degrees."""
        return float(np.median(np.abs(np.diff(self.position)))) if self.position.size > 1 else 0.0

    def __str__(self) -> str:
        ends = f"{self.position[0]:.4f} to {self.position[-1]:.4f} deg" if self.position.size else "no points"
        name = f"scan{'s' * (len(self.numbers) > 1)} {numbers(self)}"
        return f"{name} ({self.axis} {ends}, step {self.step:.4g})"

    def check(self) -> None:
        """CurveFormatError if the angles neither rise nor fall throughout, or intensities are none."""
        if self.position.size < 2:
            raise CurveFormatError(f"{self}: at least two points expected")
        rising = np.diff(self.position) * (1 if self.position[-1] >= self.position[0] else -1)
        count = "an intensity must be a number >= 0; the file is damaged, export the scan again"
        for right, values, problem in (
            (np.abs(self.position) <= 360, self.position, "an angle must be a number from -360 to 360 deg"),
            (np.r_[True, rising != 0], self.position, "repeats the angle before it; export the scan again"),
            (np.r_[True, rising > 0], self.position, "the angles turn round here; export the scan again"),
            ((self.counted >= 0) & np.isfinite(self.corrected), self.corrected, count),
        ):
            if not right.all():
                row = int(np.argmin(right))
                raise value_error(f"scan {numbers(self)}, point {row + 1}", f"{values[row]:g}", problem)

    def picked(self, points: NDArray[np.bool_] | slice) -> Range:
        """Some of its points."""
        arrays: dict[str, Any] = {name: getattr(self, name)[points] for name in _POINTS}
        return replace(self, **arrays)

    def rising(self) -> Range:
        """Its points in the order of rising angles."""
        return self if self.position[0] <= self.position[-1] else self.picked(slice(None, None, -1))

    def beside(self, other: Range, text: str = "", warnings: tuple[str, ...] = ()) -> Range:
        """The points of both, in the order of rising angles."""
        order = np.argsort(np.concatenate([self.position, other.position]), kind="stable")
        arrays: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])[order] for name in _POINTS
        }
        return replace(
            self,
            numbers=tuple(sorted({*self.numbers, *other.numbers})),
            warnings=tuple(dict.fromkeys((*self.warnings, *other.warnings, *warnings))),
            inferred=tuple(t for t in dict.fromkeys((*self.inferred, *other.inferred, text)) if t),
            **arrays,
        )


def chosen(n_scans: int, scan: int | None) -> list[int]:
    """Numbers of the scans to read, from 1: all, or the one that is asked for."""
    if n_scans == 0:
        raise CurveFormatError("no scan in the file; was the measurement saved?")
    if scan is None:
        return list(range(1, n_scans + 1))
    if scan not in range(1, n_scans + 1):
        raise CurveFormatError(f"scan={scan} given; 1 to {n_scans} expected, as many as the file holds")
    return [int(scan)]


def numbers(*ranges: Range) -> str:
    """Which scans of the file these are."""
    return ", ".join(str(n) for n in sorted({n for r in ranges for n in r.numbers}))


def listed(ranges: Sequence[Range]) -> str:
    """The ranges, the first six of many."""
    shown = [str(r) for r in ranges[:6]]
    return "; ".join([*shown, f"and {len(ranges) - 6} more"] if len(ranges) > 6 else shown)
