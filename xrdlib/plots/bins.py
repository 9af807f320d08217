"""Errors in parts of each parameter's range, and how they change between two epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, styled
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics import ParameterBins

__all__ = ["draw_bins", "plot_parameter_bins"]

FloatArray = NDArray[np.float64]

_SHADES = 0.84  # of a parameter's width is filled by its bins


@styled
def plot_parameter_bins(bins: ParameterBins, *, width: float = PAGE) -> Figure:
    """Ratio of each bin's error to the parameter's overall error; below, the change between two epochs, if known.

    Parameters
    ----------
    bins : ParameterBins
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    compared = bins.change is not None
    height = 0.4 * width if width > 12 else 0.75 * width
    figure = new_figure(width, height * (1.65 if compared else 1))
    panels = figure.subplots(1 + compared, 1, sharex=True, squeeze=False)[:, 0]
    _panel(panels[0], bins, bins.ratio, 1.0)
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel("Error in the bin\n/ overall error")
    if bins.change is not None:
        _panel(panels[1], bins, bins.change, 0.0)
        panels[1].set_ylabel(f"Change of the error, epoch\n{bins.other_epoch} to {bins.epoch} (% of range)")
    last: Axes = panels[-1]
    last.set_xticks(range(len(PARAMETERS)), PARAMETERS)
    last.tick_params(axis="x", length=0)
    end = f"{bins.labels[0]} to {bins.labels[-1]}" if bins.n_bins == 3 else f"{bins.n_bins}, lowest first"
    last.set_xlabel(f"Parameter (bins: {end})")
    figure.align_ylabels()
    legend_above(figure, [panels[0]], width)
    return figure


def _panel(ax: Axes, bins: ParameterBins, values: FloatArray, level: float) -> None:
    x = np.arange(len(PARAMETERS))[:, None] + _SHADES * ((np.arange(bins.n_bins) + 0.5) / bins.n_bins - 0.5)
    here = np.zeros(x.shape, dtype=bool)
    if bins.here is not None:
        here[np.arange(len(PARAMETERS)), bins.here] = True
    for i in range(0, len(PARAMETERS), 2):
        ax.axvspan(i - 0.5, i + 0.5, color=COLOURS["light"], alpha=0.3, linewidth=0, zorder=0)
    ax.axhline(level, color="black", linewidth=0.6, zorder=1)
    who = "prediction" if bins.predicted else "experiment"
    for mask, look, label in (
        (~here, {"color": COLOURS["blue"], "markerfacecolor": "white"}, "bins of test samples"),
        (here, {"color": COLOURS["vermillion"]}, f"bin of the {who}"),
    ):
        if mask.any():
            draw_bins(ax, x[mask], values[mask], label=label, **look)
    ax.set_xlim(-0.5, len(PARAMETERS) - 0.5)
    ax.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))


def draw_bins(ax: Axes, x: FloatArray, values: FloatArray, **look: Any) -> tuple[Any, Any]:
    """Points with intervals, ``values`` of shape (n, 3); two lines, so that they can be moved."""
    spans = ax.plot(*interval_line(x, values), color=look["color"], linewidth=1.0)[0]
    points = ax.plot(x, values[:, 0], "o", markersize=3.5, **look)[0]
    return points, spans


def interval_line(x: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """x and y of one line that draws the intervals of ``values`` (n, 3), interrupted between them."""
    gap = np.full(len(x), np.nan)
    return np.stack([x, x, gap], axis=1).ravel(), np.stack([values[:, 1], values[:, 2], gap], axis=1).ravel()
