"""Test samples by mean and variability of their error over epochs, the experiment among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib.plots.style import COLOURS, COLUMN, axes_for, plain, styled

if TYPE_CHECKING:
    from xrdlib.diagnostics import DataMap

__all__ = ["plot_data_map"]


@styled
def plot_data_map(found: DataMap, ax: Axes | None = None, *, width: float = COLUMN) -> Figure | Axes:
    """Mean error against its SD over epochs, one point per test sample; those forgotten at least once apart.

    Parameters
    ----------
    found : DataMap
    ax : Axes, optional
        Where to draw; by default a new figure.
    width : float
        Of the new figure, cm.

    Returns
    -------
    Figure, or Axes where ``ax`` is given
    """
    shown, ax = axes_for(ax, width, 0.85 * width if width <= COLUMN else 0.5 * width)
    ever = found.right.any(axis=0)
    groups = (
        ("never right", ~ever, "grey", "."),
        ("right, then wrong, at least once", found.events > 0, "orange", "."),
        ("right and never lost", ever & (found.events == 0), "blue", "."),
    )
    for label, where, colour, marker in groups:
        ax.plot(
            found.spread[where],
            found.mean[where],
            marker,
            color=COLOURS[colour],
            markersize=3,
            markeredgewidth=0,
            label=f"{label} ({100 * np.mean(where):.0f} %)",
        )
    ax.axhline(found.threshold, color="black", linestyle=":", linewidth=0.8, label="right below this error")
    ax.plot(
        [found.target_spread],
        [found.target_mean],
        "*",
        color=COLOURS["vermillion"],
        markeredgecolor="black",
        markersize=9,
        linestyle="none",
        label=f"experiment {plain(found.target)}",
        zorder=4,
    )
    ax.set(xlabel="SD of the error over epochs (% of range)", ylabel="Mean error (% of range)")
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1 if width <= COLUMN else 2)
    return shown
