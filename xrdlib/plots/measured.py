"""A measured curve as it was read: where substrate peak, layer and background are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib.plots.curves import ANGLE_LABEL, INTENSITY_LABEL, STRAIN_LABEL, log_axis
from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, styled

if TYPE_CHECKING:
    from xrdlib.diagnostics import CurveReading

__all__ = ["plot_measured"]


@styled
def plot_measured(reading: CurveReading, *, width: float = PAGE) -> Figure:
    """The whole curve against angle and strain, and (in a column: below it) the substrate peak.

    Parameters
    ----------
    reading : CurveReading
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Left: intensity, logarithmic; the background's level and the points it came from; the layer from the peak to
        where it ends; above, the strain that diffracts at an angle (linear form). Right: the peak, with its apex and
        its width at half height.
    """
    wide = width > 12
    figure = new_figure(width, 0.45 * width if wide else 1.35 * width)
    grid = {"width_ratios": (2, 1)} if wide else {"height_ratios": (1.35, 1)}
    whole, near = figure.subplots(1, 2, **grid) if wide else figure.subplots(2, 1, **grid)
    _whole(whole, reading)
    _near(near, reading)
    legend_above(figure, [whole, near], width)
    return figure


def _whole(ax: Axes, reading: CurveReading) -> None:
    curve, layer = reading.curve, reading.layer
    log_axis(ax)
    if layer.side != "none":
        ax.axvspan(*sorted((0.0, layer.end)), color=COLOURS["sky"], alpha=0.2, linewidth=0, label="layer")
    ax.plot(curve.angle, curve.intensity, ".", color=COLOURS["grey"], markersize=2.5, markeredgewidth=0)
    left, right = reading.background_range
    level = curve.metadata["background"]
    where = (curve.angle >= left) & (curve.angle <= right)
    if level > 0:
        ax.axhline(level, color=COLOURS["vermillion"], linestyle="--", linewidth=0.9, label="background")
    look: dict[str, Any] = {"color": COLOURS["orange"], "markersize": 3, "markeredgewidth": 0}
    ax.plot(curve.angle[where], curve.intensity[where], ".", **look, label="its points")
    ax.axvline(0, color="black", linestyle=":", linewidth=0.9, label="angle 0")
    ax.set(xlabel=ANGLE_LABEL, ylabel=INTENSITY_LABEL)
    per_arcsec = 1e3 * float(reading.strain(1.0))
    conversions = (lambda x: np.asarray(x) * per_arcsec, lambda x: np.asarray(x) / per_arcsec)
    above = ax.secondary_xaxis("top", functions=conversions)
    above.set_xlabel(STRAIN_LABEL)


def _near(ax: Axes, reading: CurveReading) -> None:
    curve, peak = reading.curve, reading.peak
    reach = max(2.0 * peak.fwhm if np.isfinite(peak.fwhm) else 0.0, 8 * curve.metadata["step"])
    centres = (0.0, peak.position) if abs(peak.position) <= 5 * reach else (peak.position,)
    low, high = min(centres) - reach, max(centres) + reach
    shown = (curve.angle >= low) & (curve.angle <= high)
    height = peak.height or curve.intensity.max()  # a lone point is no peak, and all there is
    ax.plot(curve.angle[shown], curve.intensity[shown] / height, ".", color=COLOURS["grey"], markersize=4)
    ax.axvline(0, color="black", linestyle=":", linewidth=0.9)
    apart = abs(peak.position) > 1e-6 * curve.metadata["step"]
    if apart:
        ax.axvline(peak.position, color=COLOURS["blue"], linestyle="-.", linewidth=0.9, label="highest peak")
    if reading.half is not None:
        width = f"FWHM {peak.fwhm:.1f} arcsec"
        ax.plot(reading.half, (0.5, 0.5), "|-", color=COLOURS["blue"], markersize=6, markeredgewidth=1, label=width)
    ax.set_xlim(low, high)
    ax.set_ylim(bottom=0)
    ax.set(xlabel=ANGLE_LABEL, ylabel="Intensity (of the peak)")
