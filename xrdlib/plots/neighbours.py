"""Nearest neighbours beside the network: curves, parameters, and error against the number of neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator, ScalarFormatter
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.plots.curves import ANGLE_LABEL, INTENSITY_LABEL, log_axis
from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, styled
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics import Neighbours

__all__ = ["draw_answers", "draw_error_of_k", "draw_parameters", "neighbour_dots", "plot_neighbours"]

FloatArray = NDArray[np.float64]

_MEAN = "mean of intensities"
_LOOK: dict[str, dict[str, Any]] = {
    "neighbours": {"color": COLOURS["blue"], "linestyle": "--"},
    "parameters": {"color": COLOURS["green"], "linestyle": ":"},
    "network": {"color": COLOURS["vermillion"], "linestyle": "-"},
}


@styled
def plot_neighbours(neighbours: Neighbours, *, space: str = "curve", width: float = PAGE) -> Figure:
    """The target's curve with the answers of neighbours and network; their parameters; error against neighbours.

    Parameters
    ----------
    neighbours : Neighbours
    space : str
        Which nearest samples: ``"curve"``, ``"parameters"``, or ``"curve as trained"`` where it was looked up.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there was no look-up of that name.
    """
    if space not in neighbours.lookups:
        raise ValueError(f"space = {space!r}: one of {', '.join(neighbours.lookups)} expected")
    if width > 12:
        figure = new_figure(width, 0.62 * width)
        axes = figure.subplot_mosaic("CC;PK", height_ratios=(1.25, 1))
    else:
        figure = new_figure(width, 2.0 * width)
        axes = figure.subplot_mosaic("C;P;K", height_ratios=(1.2, 1.1, 1))
    draw_answers(axes["C"], neighbours, space)
    draw_parameters(axes["P"], neighbours, space)
    draw_error_of_k(axes["K"], neighbours, space)
    legend_above(figure, [axes["C"], axes["P"]], width)
    return figure


def draw_answers(ax: Axes, n: Neighbours, space: str) -> tuple[Line2D, Line2D]:
    """The target's curve and those of the answers; returns the neighbours' two lines, which depend on ``k``."""
    log_axis(ax)
    target, i = n.target, n.k - 1
    observed = np.where(target.intensity > 0, target.intensity, np.nan)
    dots: dict[str, Any] = {"color": COLOURS["grey"], "markersize": 2.5, "markeredgewidth": 0, "zorder": 1.5}
    ax.plot(target.angle, observed, ".", label="measured curve" if target.true is None else "experiment", **dots)
    low, high = np.nanmin(observed), np.nanmax(observed)
    ax.set_ylim(0.5 * low, 2.5 * high)
    answer = n.answers[space, n.weighted]
    network = n.found.curves[n.found.row(n.found.final)]
    ax.plot(target.angle, network, label=f"network, final (epoch {n.found.final})", linewidth=0.9, **_LOOK["network"])
    lines = []
    for kind, label, curves in (
        ("neighbours", "mean of the nearest curves", answer.curves[_MEAN]),
        ("parameters", "curve of their mean parameters", answer.curves["curve of mean parameters"]),
    ):
        (line,) = ax.plot(target.angle, curves[i], label=label, linewidth=0.9, **_LOOK[kind])
        lines.append(line)
    ax.set(xlabel=ANGLE_LABEL, ylabel=INTENSITY_LABEL)
    return lines[0], lines[1]


def draw_parameters(ax: Axes, n: Neighbours, space: str) -> tuple[Line2D, Line2D]:
    """Positions in the ranges: neighbours, their mean, network, truth; returns the lines of the first two."""
    rows = np.arange(len(PARAMETERS))
    ax.barh(rows, 100, 0.72, facecolor="none", edgecolor=COLOURS["grey"], linewidth=0.4)
    point: dict[str, Any] = {"linestyle": "none", "markersize": 5, "clip_on": False}
    if n.target.true is not None:
        true = 100 * SPACE.normalise(n.target.true)
        tick: dict[str, Any] = {"marker": "|", "markersize": 11, "markeredgewidth": 1.6, "color": "black"}
        ax.plot(true, rows, linestyle="none", label="true", zorder=2.2, **tick)
    final = 100 * SPACE.normalise(
        np.clip(n.found.predictions[n.found.row(n.found.final)], SPACE.minimum, SPACE.maximum)
    )
    ax.plot(final, rows - 0.2, "o", color=COLOURS["vermillion"], label="network's prediction", zorder=3, **point)
    x, y = neighbour_dots(n, space, n.k)
    (dots,) = ax.plot(x, y, ".", color=COLOURS["sky"], markersize=4.5, markeredgewidth=0, clip_on=False, zorder=2.1)
    dots.set_label("nearest samples")
    mean = 100 * SPACE.normalise(n.answers[space, n.weighted].parameters[n.k - 1])
    (means,) = ax.plot(mean, rows + 0.2, "D", color=COLOURS["blue"], label="their mean", zorder=3, **point)
    means.set_markersize(4)
    ax.set_yticks(rows, PARAMETERS)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(PARAMETERS) - 0.4, -0.6)
    ax.spines["left"].set_visible(False)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Position in the parameter's range (%)")
    return dots, means


def neighbour_dots(n: Neighbours, space: str, k: int) -> tuple[FloatArray, FloatArray]:
    """Where `draw_parameters` puts the k nearest: position in % of range, row."""
    positions = 100 * SPACE.normalise(n.lookups[space].parameters[:k])
    return positions.ravel(), np.tile(np.arange(len(PARAMETERS)) + 0.2, len(positions))


def draw_error_of_k(ax: Axes, n: Neighbours, space: str) -> None:
    """Mean error over the test samples against the number of neighbours; of this curve where there are no others."""
    if n.test is None:
        answer = n.answers[space, n.weighted]
        k = np.arange(1, len(answer.parameters) + 1)
        ax.plot(k, answer.misfits[_MEAN].rmse, label="mean of the nearest curves", **_LOOK["neighbours"])
        ax.axhline(n.network_error, label="network", **_LOOK["network"])
        ax.set_ylabel("Curve RMSE\n(log₁₀ intensity)")
    else:
        errors = n.test.error_of_k
        ax.plot(errors["k"], errors["plain"], color=COLOURS["blue"], linestyle="--", label="by curve")
        ax.plot(errors["k"], errors["weighted"], color=COLOURS["navy"], linestyle="-.", label="by curve, weighted")
        ax.axhline(n.test.network.mean(), label="network", **_LOOK["network"])
        ax.plot(errors["k"], errors["parameters"], ":", color=COLOURS["grey"], label="by parameters")
        ax.set_ylabel("Mean error of test\nsamples (% of range)")
    ax.set_xscale("log")
    ax.set_xticks([1, 2, 5, 10, 20, 50])
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Number of neighbours k")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
