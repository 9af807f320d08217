"""What the remedies are worth, at four places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xrdlib.plots.style import COLOURS, PAGE, new_figure, styled

if TYPE_CHECKING:
    from xrdlib.remedies import RemedySummary

__all__ = ["plot_remedies"]


@styled
def plot_remedies(summary: RemedySummary, *, width: float = PAGE) -> Figure:
    """Change of the error at each place, mean and 95 % interval over the trainings; filled where it is clear.

    Parameters
    ----------
    summary : RemedySummary
    width : float
        cm.

    Returns
    -------
    Figure
    """
    keys = [k for k in summary.keys if not k.startswith("answer")]
    figure = new_figure(width, 0.42 * len(keys) + 2.0)
    axes = figure.subplots(1, len(summary.places), sharey=True)
    rows = np.arange(len(keys))[::-1]
    for ax, place in zip(axes, summary.places, strict=True):
        for row, key in zip(rows, keys, strict=True):
            change = summary.changes[key, place]
            d = change.difference
            colour = COLOURS["vermillion"] if summary.told(key, place) else COLOURS["blue"]
            ax.plot([d.low, d.high], [row, row], color=colour, lw=1, solid_capstyle="butt")
            ax.plot(d.value, row, "o", ms=3, color=colour, mfc=colour if change.clear else "white")
        ax.axvline(0, color="0.6", lw=0.8, zorder=0)
        name = place.removesuffix(" error").replace("_", " ")
        ax.set_title(name.replace(" profile", "\nprofile").replace(" measured", "\nmeasured"), fontsize="small")
        ax.margins(x=0.12)
        ax.xaxis.set_major_locator(MaxNLocator(3))
    axes[0].set_yticks(rows, keys)
    figure.supxlabel(
        "change of the error (% of range, profile 1e-3); filled: clear; vermillion: told more than curves tell"
    )
    return figure
