"""From a curve, simulated or measured, to what the network sees: log10 intensity on one scan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import number, shown, vectors
from xrdlib.data.curves import CurveFormatError, MeasuredCurve
from xrdlib.simulation import Scan

__all__ = ["Preprocess"]

_PEAK = 60.0  # arcsec around the substrate peak in which its height is looked for
_TAIL = 15  # points whose median stands for everything beyond a curve's end


@dataclass(frozen=True)
class Preprocess:
    """Curves as network inputs.

    Each curve is divided by its substrate peak and its log10 taken. What lies beyond a curve's end is filled with
    the level of its last points, and so it is for the curves in training.

    Attributes
    ----------
    scan : Scan
    floor : float
        Intensities below this fraction of the peak count as this.
    """

    scan: Scan
    floor: float

    def __post_init__(self) -> None:
        number(self.floor, "floor")
        if not self.scan.start <= 0 <= self.scan.stop:
            raise ValueError(
                f"scan: {self.scan.start:g} to {self.scan.stop:g} arcsec does not contain the substrate peak at 0, by "
                "which curves are divided"
            )

    def __call__(self, intensity: ArrayLike, n_valid: ArrayLike | None = None) -> NDArray[np.float32]:
        """Curves of shape (n, n_points) on the scan; of each only the first ``n_valid`` points, shape (n,), count."""
        curves = _checked(intensity, self.scan.n_points)
        near = np.abs(self.scan.angle) <= _PEAK
        peak = curves[:, near].max(axis=1, keepdims=True)
        if not (peak > 0).all():
            raise ValueError(f"intensity: curve {int(np.argmin(peak))} is 0 where the substrate peak is expected")
        with np.errstate(over="ignore"):
            curves = curves / peak
        if not math.isfinite(float(curves.max(initial=0.0))):
            raise ValueError("intensity: a substrate peak that is next to nothing beside the rest of its curve")
        if n_valid is not None:
            curves = _fill(curves, _valid_points(n_valid, curves.shape))
        return np.asarray(np.log10(np.maximum(curves, self.floor)), dtype=np.float32)

    def measured(self, curve: MeasuredCurve) -> NDArray[np.float32]:
        """A measured curve of any step, interpolated (in log intensity) on the scan; shape (1, n_points).

        Raises
        ------
        CurveFormatError
            If the curve does not reach from the scan's start (or one step later, for the origin lies between two
            points) at least 500 arcsec beyond the substrate peak.
        """
        curve.checked()
        angle, needed = self.scan.angle, (self.scan.start + self.scan.step, 500.0)
        if curve.angle[0] > needed[0] or curve.angle[-1] < needed[1]:
            raise CurveFormatError(
                f"curve: covers {curve.angle[0]:.0f} to {curve.angle[-1]:.0f} arcsec from the substrate peak; the "
                f"network needs at least {needed[0]:.0f} to {needed[1]:.0f}{_advice(curve, *needed)}"
            )
        lowest = self.floor * curve.intensity.max()
        values = np.exp(np.interp(angle, curve.angle, np.log(np.maximum(curve.intensity, lowest))))
        n_valid = int(np.searchsorted(angle, curve.angle[-1] + 1e-6, side="right"))
        return self(values[None], np.array([n_valid]))


def _advice(curve: MeasuredCurve, low: float, high: float) -> str:
    """What to do about a curve that does not cover the range from ``low`` to ``high``, arcsec, a clause."""
    first, last = float(curve.angle[0]), float(curve.angle[-1])
    whole = -last <= low and -first >= high
    # half as much again is more than an origin that is off, a quarter of the range more than a wrong unit
    now, turned = (max(min(b, high) - max(a, low), 0.0) for a, b in ((first, last), (-last, -first)))
    wider = "measure a wider scan, or fit it without the network (refine(curve), or xrdlib fit --study none)"
    more = turned > max(1.5 * now, 0.25 * (high - low))
    if curve.metadata.get("axis") or not (whole or more):  # an instrument's file names its axis
        return f"; {wider}"
    if curve.metadata.get("reversed"):
        direction = "leave out what says that the angles run with theta (reverse=True or two_theta=True)"
    else:
        direction = "if it is omega, give reverse=True (2theta: two_theta=True)"
    text = f", of which the negated angles, {-last:.0f} to {-first:.0f}, cover {'all' if whole else 'more'}"
    text += f": the axis seems to run the other way; {direction}"
    return text if whole else f"{text}, and {wider}"


def _checked(intensity: ArrayLike, n_points: int) -> NDArray[np.floating]:
    """Curves as they are where they are floats; a look at the extremes, for an epoch's curves are many."""
    plain = isinstance(intensity, np.ndarray) and intensity.dtype in (np.float32, np.float64)
    curves = np.asarray(intensity) if plain else vectors(intensity, "intensity")
    if curves.ndim != 2 or curves.shape[1] != n_points:
        raise ValueError(f"intensity: curves of shape (n, {n_points}) expected, {curves.shape} given")
    low, high = float(curves.min(initial=0.0)), float(curves.max(initial=0.0))
    if not (low >= 0 and math.isfinite(high)):
        raise ValueError("intensity: finite intensities, none negative, expected")
    return curves


def _valid_points(n_valid: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    given = vectors(n_valid, "n_valid")
    if given.shape not in ((shape[0],), (1,)) or not ((given >= 1) & (given <= shape[1]) & (given % 1 == 0)).all():
        raise ValueError(f"n_valid: {shape[0]} whole numbers from 1 to {shape[1]} expected, {shown(n_valid)} given")
    return given.astype(np.int64)


def _fill(curves: NDArray[np.floating], n_valid: NDArray[np.integer]) -> NDArray[np.floating]:
    last = np.maximum(n_valid[:, None] - 1 - np.arange(_TAIL), 0)
    level = np.median(np.take_along_axis(curves, last, axis=1), axis=1)
    return np.where(np.arange(curves.shape[1]) < n_valid[:, None], curves, level[:, None])
