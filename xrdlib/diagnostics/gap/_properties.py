"""What a diffractometer leaves on a curve, each estimated from the curve itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PROPERTIES", "Property", "covered", "properties", "running_mean"]

FloatArray = NDArray[np.float64]
Inputs = NDArray[np.float32]

_APEX = 24.0  # arcsec, within which the substrate's peak has its highest point
_WING = -50.0  # arcsec, below which the substrate's wing lies
_FRINGES = (100.0, 500.0)  # arcsec: every curve that the network takes reaches that far
_PERIODS = 100.0  # arcsec: longer than a fringe of any but the thinnest layers
_TAIL = 0.15  # share of the covered points
_LOWEST = 0.1
_NORMAL = 0.6745  # median of |x| of a standard normal distribution


class Property(NamedTuple):
    """A property of a curve: its name, its unit as shown, a scale below which differences hardly matter, how shown.

    Those kept as log10 are shown as a number ("power").
    """

    name: str
    unit: str
    floor: float
    power: bool = False

    def shown(self, value: float) -> str:
        """A value with its unit."""
        text = f"{10**value:.2g}" if self.power else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
        return f"{text} {self.unit}".rstrip()


PROPERTIES = (
    Property("peak position", "arcsec", 0.3),
    Property("peak width", "arcsec", 0.3),
    Property("wing of the peak", "of the peak", 0.02, power=True),
    Property("background", "of the peak", 0.05, power=True),
    Property("fringe contrast", "in log10", 0.02, power=True),
    Property("contrast at the end", "in log10", 0.05, power=True),
    Property("noise", "in log10", 0.05, power=True),
    Property("end of the scan", "arcsec", 4.0),
)


def covered(inputs: Inputs) -> NDArray[np.int64]:
    """Number of points (n,) up to where each curve's own scan ends: what follows is filled with one level."""
    same = (inputs == inputs[:, -1:])[:, ::-1]
    run = np.where(same.all(axis=1), same.shape[1], same.argmin(axis=1))
    return np.asarray(same.shape[1] - np.where(run < 2, 0, run), dtype=np.int64)


def properties(inputs: Inputs, angle: FloatArray) -> FloatArray:
    """The properties of curves in the order of ``PROPERTIES``.

    Parameters
    ----------
    inputs : ndarray, shape (n, m)
        log10 of intensity / peak.
    angle : ndarray, shape (m,)
        Arcsec from the substrate's peak, evenly spaced.

    Returns
    -------
    ndarray, shape (n, 8)
        Peak position and width (twice the half width on the side away from the layer), the mean level of the wing on
        that side, the median of the lowest tenth of the points (log10 of the peak's intensity), log10 of the RMS
        deviation of log10 intensity from its mean over 100 arcsec between 100 and 500 arcsec and over the last 15 % of
        the scan, log10 of the scatter of log10 intensity from point to point (fourth differences, median), and where
        the scan ends (arcsec).
    """
    x = np.asarray(inputs, dtype=np.float64)
    step, n, at = angle[1] - angle[0], covered(inputs), np.arange(x.shape[1])
    apex, width = _peak(x, angle)
    wing = x[:, angle <= _WING].mean(axis=1) if angle[0] <= _WING else x[:, 0]
    valid = at < n[:, None]
    ordered = np.sort(np.where(valid, x, np.inf), axis=1)
    low = ordered[np.arange(len(x)), np.maximum(_LOWEST * n, 1).astype(int) // 2]
    size = max(3, round(_PERIODS / step) | 1)
    detail = np.square(running_mean(x, 3) - running_mean(x, size))
    fringes = (angle > _FRINGES[0]) & (angle < _FRINGES[1])
    tail = (at >= ((1 - _TAIL) * n)[:, None]) & (at < (n - size // 2)[:, None])
    rough = np.abs(np.diff(x, 4, axis=1))
    inside = np.arange(rough.shape[1]) < (n - 4)[:, None]
    ordered = np.sort(np.where(inside, rough, np.inf), axis=1)
    count = np.maximum(inside.sum(axis=1), 1)
    noise = np.where(inside.any(axis=1), ordered[np.arange(len(x)), (count - 1) // 2], 0) / np.sqrt(70) / _NORMAL
    return np.column_stack(
        [
            apex,
            width,
            wing,
            low,
            np.log10(1e-4 + np.sqrt(_mean(detail, np.broadcast_to(fringes, detail.shape)))),
            np.log10(1e-4 + np.sqrt(_mean(detail, tail))),
            np.log10(1e-6 + noise),
            angle[np.maximum(n, 1) - 1],
        ]
    )


def running_mean(values: FloatArray, size: int) -> FloatArray:
    """Mean over ``size`` (odd) neighbouring points along the last axis, the ends repeated; of shape (n, m)."""
    half = size // 2
    total = np.cumsum(np.pad(values, [(0, 0), (half + 1, half)], mode="edge"), axis=1)
    return np.asarray((total[:, size:] - total[:, :-size]) / size)


def _mean(values: FloatArray, where: NDArray[np.bool_]) -> FloatArray:
    return np.asarray((values * where).sum(axis=1) / np.maximum(where.sum(axis=1), 1))


def _peak(x: FloatArray, angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Position of the apex (a parabola through the highest three points) and twice the lower side's half width."""
    step, rows = angle[1] - angle[0], np.arange(len(x))
    near = np.flatnonzero(np.abs(angle) <= max(_APEX, step))
    near = near[(near > 0) & (near < angle.size - 1)]
    top = near[0] + x[:, near].argmax(axis=1)
    before, here, after = x[rows, top - 1], x[rows, top], x[rows, top + 1]
    bend = before - 2 * here + after
    shift = np.where(bend < 0, np.clip(0.5 * (before - after) / np.where(bend < 0, bend, -1), -1, 1), 0)
    half = here - 0.25 * (before - after) * shift - np.log10(2)
    below = (x < half[:, None]) & (np.arange(x.shape[1]) < top[:, None])
    last = np.where(below.any(axis=1), x.shape[1] - 1 - below[:, ::-1].argmax(axis=1), 0)
    rise = x[rows, last + 1] - x[rows, last]
    fraction = np.clip((half - x[rows, last]) / np.where(rise > 0, rise, 1), 0, 1)
    apex = angle[top] + shift * step
    return apex, 2 * (apex - angle[last] - fraction * step)
