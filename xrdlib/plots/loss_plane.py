"""Contours of validation loss and of one target's error over a plane of weights, with the path of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, plain, styled

if TYPE_CHECKING:
    from xrdlib.diagnostics import LossPlane

__all__ = ["plot_loss_plane"]

_LEVELS = 12
_LABELLED = 5  # epochs
_LINE, _LONG = 40, 28  # characters that fit above one of three panels; of a name


@styled
def plot_loss_plane(plane: LossPlane, *, width: float = PAGE) -> Figure:
    """Validation loss, the target's error and its neighbours' error side by side, the path of epochs on each.

    The path is a shadow: checkpoints lie above the plane, and their own losses differ from those drawn beneath them.

    Parameters
    ----------
    plane : LossPlane
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    wide = width > 12
    figure = new_figure(width, 0.44 * width if wide else 2.35 * width)
    axes = figure.subplots(1, 3, sharex=True, sharey=True) if wide else figure.subplots(3, 1, sharex=True, sharey=True)
    unit = "% of range" if plane.measure == "error (%)" else "RMSE of log₁₀ intensity"
    name = plane.target if len(plane.target) <= _LONG else f"{plane.target[: _LONG - 1]}…"
    titles = {
        "val_loss": "Validation loss (fraction of range)",
        "error": f"Error of {plain(name)} ({unit})",
        "neighbours": f"Error of {plane.final_neighbours.size} neighbours (% of range)",
    }
    for ax, (what, title) in zip(axes, titles.items(), strict=True):
        _surface(figure, ax, plane, getattr(plane, what))
        _path(ax, plane)
        low = plane.lowest(what)
        ax.plot([low.x], [low.y], "*", color=COLOURS["orange"], markersize=7, markeredgecolor="black", **_ON_TOP)
        ax.set_title(title.replace(" (", "\n(") if len(title) > (_LINE if wide else 1.3 * _LINE) else title, fontsize=7)
        ax.set_xlabel("Distance along axis 1")
    ax.plot([], [], "*", color=COLOURS["orange"], markersize=7, markeredgecolor="black", label="lowest computed on it")
    for ax in axes if not wide else axes[:1]:
        ax.set_ylabel("Distance along axis 2")
    if not wide:
        for ax in axes[:-1]:
            ax.set_xlabel("")
    legend_above(figure, [axes[-1]], width)
    return figure


_ON_TOP: dict[str, Any] = {"zorder": 5, "clip_on": False}


def _surface(figure: Figure, ax: Axes, plane: LossPlane, values: NDArray[np.float64]) -> None:
    # far from the path the surface climbs steeply: the colours are for where networks are any good
    low, high = float(values.min()), float(np.percentile(values, 80))
    levels = np.linspace(low, high if high > low else low + 1e-9, _LEVELS)
    filled = ax.contourf(plane.x, plane.y, values, levels=levels, cmap="viridis", extend="max")
    ax.contour(plane.x, plane.y, values, levels=levels, colors="white", linewidths=0.3)
    bar = figure.colorbar(filled, ax=ax, orientation="horizontal", pad=0.02, aspect=25, shrink=0.95)
    bar.set_ticks([float(level) for level in (levels[0], levels[_LEVELS // 2], levels[-1])])
    bar.ax.xaxis.set_major_formatter("{x:.3g}")


def _path(ax: Axes, plane: LossPlane) -> None:
    x, y = plane.path.T
    ax.plot(x, y, "-", color="white", linewidth=1.8, zorder=3)
    ax.plot(x, y, ".-", color="black", linewidth=0.7, markersize=3, zorder=3.1, label="stored epochs")
    length = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    shown = {int(np.abs(length - at).argmin()) for at in np.linspace(0, length[-1], _LABELLED)[:-1]}
    for i in shown:
        text = ax.annotate(
            str(plane.epochs[i]), (x[i], y[i]), (0, 4), textcoords="offset points", ha="center", fontsize=6, zorder=6
        )
        text.set_path_effects([withStroke(linewidth=1.5, foreground="white")])
    for epoch, name, colour, marker in ((plane.final, "final", "vermillion", "o"), (plane.best, "best", "sky", "s")):
        i = plane.row(epoch)
        ax.plot(
            [x[i]],
            [y[i]],
            marker,
            color=COLOURS[colour],
            markeredgecolor="black",
            # to be seen behind a star
            markersize=8.5 if name == "final" else 5.5,
            zorder=4,
            linestyle="none",
            label=f"{name} (epoch {epoch})",
        )
