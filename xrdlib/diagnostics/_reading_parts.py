"""The parts of a `CurveReading`: layer, what a network sees, fringes; and how each is found."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, MeasuredCurve
from xrdlib.data.peak import SubstratePeak, despiked, standing_out, structure
from xrdlib.simulation import Crystal
from xrdlib.simulation.crystals import ARCSEC
from xrdlib.simulation.features import fringe_period
from xrdlib.training import StudyConfig

__all__ = ["Fringes", "Layer", "NetworkView", "find_fringes", "find_half", "find_layer", "network_view", "strain_at"]

_TAIL = 0.02  # of what stands out of background and wings, beyond the layer's end
_SEEN = 0.01  # of peak times FWHM: less than that is no layer
_PER_FRINGE = 5  # steps that resolve one, as in the simulation's own grid


class Layer(NamedTuple):
    """Where the layer is seen.

    ``side`` of the peak, ``end`` in arcsec (nan without a layer): 98 % of what stands out of background and
    wings lies before it, and ``strain`` that diffracts there; the share (%) of it on the ``other`` side; whether it
    still stands out at the end of the scan (``to_end``).

    On simulated curves of the uniform space whose strained peak is in the scan (4e4 counts in the peak, background
    3e-3) the end is that of the most strained sublayer within -12 and +2 % for two of three, but 25 % short or more for
    one of twenty: a narrow, strongly strained part drowns.
    """

    side: Literal["positive", "negative", "none"]
    end: float
    strain: float
    other: float
    to_end: bool


class NetworkView(NamedTuple):
    """What a study's network sees of a curve.

    ``refused``: why it cannot read it, or None; its scan in arcsec and its number of points; how many of these
    are measured and how many are ``filled`` with the level of the curve's last points; points of the curve that it
    does not see, ``below`` and ``above`` its scan.
    """

    refused: str | None
    start: float
    stop: float
    n_points: int
    filled: int
    below: int
    above: int


class Fringes(NamedTuple):
    """Period (arcsec) of the fringes of the ``thickest`` layer (A) of the parameter space, in steps of the scan;
    ``blurred``: period of which a Gaussian resolution as wide as the peak leaves a tenth of the contrast (nan: peak
    cut off).
    """

    thickest: float
    period: float
    steps: float
    blurred: float

    @property
    def verdict(self) -> Literal["resolved", "hardly resolved", "not resolved"]:
        """By the step alone: five steps a fringe, or at least two."""
        if self.steps >= _PER_FRINGE:
            return "resolved"
        return "hardly resolved" if self.steps > 2 else "not resolved"


def strain_at(angle: NDArray[np.float64], crystal: Crystal) -> NDArray[np.float64]:
    """Strain that diffracts at an angle (arcsec), linear form."""
    return angle * ARCSEC / math.tan(crystal.bragg_angle)


def find_half(curve: MeasuredCurve, peak: SubstratePeak) -> tuple[float, float] | None:
    """Where the curve passes half the peak's height: a width without a place cannot be drawn."""
    if not (math.isfinite(peak.fwhm) and peak.height > 0):
        return None
    clean, x, half = despiked(curve.intensity), curve.angle, peak.height / 2
    low = np.flatnonzero(clean <= half)
    before, after = low[x[low] < peak.position], low[x[low] > peak.position]
    if not (before.size and after.size):
        return None
    left, right = before[-1], after[0]
    ends = (
        np.interp(half, clean[[left, left + 1]], x[[left, left + 1]]),
        np.interp(half, clean[[right, right - 1]], x[[right, right - 1]]),
    )
    return float(ends[0]), float(ends[1])


def find_layer(curve: MeasuredCurve, crystal: Crystal) -> Layer:
    """On which side the layer is, and where it ends."""
    known = curve.metadata
    sums = np.array(structure(curve.angle, curve.intensity, known))  # below, above
    if sums.max() <= _SEEN * known["peak_intensity"] * (known["fwhm"] or known["step"]):
        return Layer("none", math.nan, math.nan, 0.0, False)
    sign = -1 if sums[0] > sums[1] else 1
    extra = standing_out(curve.angle, curve.intensity, known) * np.gradient(curve.angle)
    side = sign * curve.angle > 0
    distance, extra = np.abs(curve.angle[side])[::sign], extra[side][::sign]  # outwards from the peak
    end = float(sign * distance[np.searchsorted(np.cumsum(extra), (1 - _TAIL) * extra.sum())])
    return Layer(
        "positive" if sign > 0 else "negative",
        end,
        float(strain_at(np.asarray(end), crystal)),
        float(100 * sums.min() / sums.sum()),
        bool(np.all(extra[-5:] > 0)),
    )


def network_view(curve: MeasuredCurve, config: StudyConfig) -> NetworkView:
    """What is filled in and left out when a study's network reads the curve."""
    scan, preprocess = config.dataset.scan, config.preprocess
    refused = None
    try:
        preprocess.measured(curve)
    except ValueError as error:
        refused = str(error).removeprefix("curve: ")
    slack = 1e-6  # arcsec, as in the network's own reading
    return NetworkView(
        refused,
        scan.start,
        scan.stop,
        scan.n_points,
        int(np.sum(scan.angle > curve.angle[-1] + slack)),
        int(np.sum(curve.angle < scan.start - scan.step / 2)),
        int(np.sum(curve.angle > scan.stop + scan.step / 2)),
    )


def find_fringes(curve: MeasuredCurve, crystal: Crystal) -> Fringes:
    """Whether the scan's steps, and a resolution as wide as the peak, leave fringes."""
    known = curve.metadata
    thickest = float(SPACE.maximum[2])  # L1
    period = fringe_period(thickest, crystal=crystal)
    # a Gaussian of width F leaves exp(-(pi F / period)^2 / (4 ln 2)) of a cosine
    blurred = math.pi * (known["fwhm"] or math.nan) / math.sqrt(4 * math.log(2) * math.log(10))
    return Fringes(thickest, period, period / known["step"], blurred)
