"""A curve among training curves: the nearest, where it differs from them, and the properties it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib.plots.curves import ANGLE_LABEL, log_axis
from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, plain, styled

if TYPE_CHECKING:
    from xrdlib.diagnostics import Gap

__all__ = ["plot_gap"]

_USUAL = 2.0  # times the RMS: so many of 20 held-out differences lie within it


@styled
def plot_gap(gap: Gap, *, width: float = PAGE) -> Figure:
    """The curve with its nearest training curves, its difference from them by angle, and its properties.

    Parameters
    ----------
    gap : Gap
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Above left: the curve as the network sees it, its five nearest training curves, and where 90 % of held-out
        curves near it would lie around these. Below: the difference in units of what is usual at each angle.
        Right (in a column: at the bottom): its properties as percentiles among those of held-out curves; those outside
        are filled.
    """
    if width > 12:
        figure = new_figure(width, 0.58 * width)
        axes = figure.subplot_mosaic("CP;ZP", height_ratios=(1.6, 1), width_ratios=(1.75, 1))
    else:
        figure = new_figure(width, 1.9 * width)
        axes = figure.subplot_mosaic("C;Z;P", height_ratios=(1.4, 0.8, 1.2))
    _curves(axes["C"], gap)
    _differences(axes["Z"], gap)
    _properties(axes["P"], gap, "\n" if width > 12 else ": ")
    legend_above(figure, [axes["C"], axes["P"]], width)
    return figure


def _curves(ax: Axes, gap: Gap) -> None:
    log_axis(ax)
    low, high = 10.0**gap.usual
    ax.fill_between(gap.angle, low, high, color=COLOURS["sky"], alpha=0.35, linewidth=0, label="90 % held out, near it")
    for i, curve in enumerate(gap.nearest):
        label = "nearest training curves" if i == 0 else None
        ax.plot(gap.angle, 10**curve, color=COLOURS["blue"], linewidth=0.5, alpha=0.7, label=label)
    shown = np.arange(gap.angle.size) < gap.n_covered
    ax.plot(
        gap.angle[shown], 10 ** gap.curve[shown], color=COLOURS["vermillion"], linewidth=0.9, label=plain(gap.target)
    )
    if not shown.all():
        ax.plot(gap.angle[~shown], 10 ** gap.curve[~shown], ":", color=COLOURS["vermillion"], label="filled for it")
    ax.set_ylabel("Intensity (of the peak)")
    ax.set_xlim(gap.angle[0], gap.angle[-1])
    ax.set_xlabel(ANGLE_LABEL)


def _differences(ax: Axes, gap: Gap) -> None:
    ax.axhspan(-_USUAL, _USUAL, color=COLOURS["light"], alpha=0.6, linewidth=0, zorder=0)
    ax.plot(gap.angle, gap.z, color=COLOURS["vermillion"], linewidth=0.7)
    for stretch in gap.stretches[1:]:
        ax.axvline(stretch.start, color=COLOURS["grey"], linestyle=":", linewidth=0.7)
    ax.set_xlim(gap.angle[0], gap.angle[-1])
    ax.set_yscale("symlog", linthresh=5)
    reach = max(4.0, 1.2 * float(np.abs(gap.z).max()))
    ax.set_ylim(-reach, reach)
    ticks = [t for t in (3, 10, 30, 100, 300, 1000, 3000) if t <= reach][-4:]
    places = [-t for t in reversed(ticks)] + [0, *ticks]
    ax.set_yticks(places, [str(t) for t in places])
    ax.minorticks_off()
    ax.set_xlabel(ANGLE_LABEL)
    ax.set_ylabel("Difference\n(of what is usual)")


def _properties(ax: Axes, gap: Gap, between: str) -> None:
    from xrdlib.diagnostics.gap._properties import PROPERTIES

    rows, outside = np.arange(len(PROPERTIES)), gap.outside_properties
    ax.axvspan(2.5, 97.5, color=COLOURS["light"], alpha=0.6, linewidth=0, zorder=0, label="95 % of held-out")
    for which, face, label in ((~outside, "white", "property"), (outside, COLOURS["vermillion"], "property outside")):
        if which.any():
            ax.plot(
                gap.percentiles[which],
                rows[which],
                "o",
                color=COLOURS["vermillion"],
                markerfacecolor=face,
                markersize=5,
                clip_on=False,
                zorder=3,
                label=label,
            )
    texts = [f"{p.name}{between}{p.shown(v)}" for p, v in zip(PROPERTIES, gap.values, strict=True)]
    ax.set_yticks(rows, texts)
    ax.tick_params(axis="y", length=0, labelsize=6.5)
    ax.set_ylim(rows.size - 0.5, -0.5)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Held-out curves with less (%)")
