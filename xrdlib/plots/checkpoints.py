"""One target at the named epochs of a study: curves, profiles, parameter errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.plots.curves import ANGLE_LABEL, INTENSITY_LABEL, label_profile, log_axis
from xrdlib.plots.named import mark_epochs, named_epochs
from xrdlib.plots.style import COLOURS, COLUMN, PAGE, legend_columns, new_figure, styled
from xrdlib.plots.traces import epoch_axis, shade_outside
from xrdlib.simulation import PARAMETERS, strain_profile

if TYPE_CHECKING:
    from xrdlib.diagnostics import Checkpoints, Diagnosis

__all__ = ["plot_checkpoints", "plot_parameter_errors"]

FloatArray = NDArray[np.float64]


@styled
def plot_checkpoints(diagnosis: Diagnosis, *, width: float = PAGE) -> Figure:
    """The target's curve with what the named epochs make of it, their residuals, and their strain profiles.

    A predicted parameter outside its range is drawn at the edge of the range, as it was re-simulated.

    Parameters
    ----------
    diagnosis : Diagnosis
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    c, target = diagnosis.checkpoints, diagnosis.target
    if width > 12:
        figure = new_figure(width, 0.56 * width)
        axes = figure.subplot_mosaic("CP;RP", height_ratios=(2.2, 1), width_ratios=(1.35, 1))
    else:
        figure = new_figure(width, 1.75 * width)
        axes = figure.subplot_mosaic("C;R;P", height_ratios=(2.2, 1, 1.8))
    curve, residual, profile = (axes[key] for key in "CRP")
    residual.sharex(curve)
    log_axis(curve)
    observed = np.where(target.intensity > 0, target.intensity, np.nan)
    known = "measured curve" if target.true is None else "experiment"
    dots: dict[str, Any] = {"color": COLOURS["grey"], "markersize": 2.5, "markeredgewidth": 0, "zorder": 1.5}
    curve.plot(target.angle, observed, ".", label=known, **dots)
    curve.set_ylim(*curve.get_ylim())  # what was observed decides, not how deep a simulated minimum is
    for named in named_epochs(c):
        i = c.row(named.epoch)
        look: dict[str, Any] = {"color": named.colour, "linestyle": named.line, "linewidth": 0.9, "label": named.label}
        curve.plot(target.angle, c.curves[i], **look)
        residual.plot(target.angle, np.log10(c.curves[i] / observed), **look)
        one = strain_profile(np.clip(c.predictions[i], SPACE.minimum, SPACE.maximum))
        profile.plot(one.depth, 1e3 * one.strain, **look)
    if target.true is not None:
        true = strain_profile(target.true)
        profile.plot(true.depth, 1e3 * true.strain, ":", color="black", label="true", zorder=3)
    curve.set_ylabel(INTENSITY_LABEL)
    curve.tick_params(labelbottom=False)
    residual.axhline(0, color="black", linewidth=0.5, zorder=1)
    residual.set(xlabel=ANGLE_LABEL, ylabel="log₁₀ (model\n/ observed)")
    label_profile(profile)
    figure.align_ylabels([curve, residual])
    handles = dict(zip(*reversed(curve.get_legend_handles_labels()), strict=True))
    handles |= dict(zip(*reversed(profile.get_legend_handles_labels()), strict=True))
    columns = legend_columns(list(handles), width)
    figure.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=columns, markerscale=2)
    return figure


@styled
def plot_parameter_errors(checkpoints: Checkpoints, *, width: float = COLUMN) -> Figure:
    """Errors of the seven parameters at the named epochs; without a truth, the predictions at every epoch.

    Parameters
    ----------
    checkpoints : Checkpoints
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Errors in % of each parameter's range; or, the truth being unknown, one panel per parameter with the
        prediction as % of its range (0 the minimum, 100 the maximum) against epoch.
    """
    if checkpoints.errors is None:
        return _predictions(checkpoints, width)
    figure = new_figure(width, 0.85 * width if width <= COLUMN else 0.5 * width)
    ax = figure.add_subplot()
    found = named_epochs(checkpoints)
    for k, named in enumerate(found):
        error = checkpoints.errors[checkpoints.row(named.epoch)]
        y = np.arange(len(PARAMETERS)) + 0.24 * (k - (len(found) - 1) / 2)
        ax.hlines(y, 0, error, color=named.colour, linewidth=1.2)
        ax.plot(error, y, markersize=4.5, clip_on=False, zorder=3, **named.point)
    ax.set_yticks(range(len(PARAMETERS)), PARAMETERS)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(left=0)
    ax.grid(axis="x")
    ax.set_xlabel("Error (% of the parameter's range)")
    figure.legend(loc="outside upper center", ncols=legend_columns([named.label for named in found], width))
    return figure


def _predictions(checkpoints: Checkpoints, width: float) -> Figure:
    wide = width > 12
    figure = new_figure(width, 0.5 * width if wide else 1.45 * width)
    grid = figure.subplots(2, 4, sharex=True) if wide else figure.subplots(4, 2, sharex=True)
    corner = grid[0, -1]
    axes = [ax for ax in grid.flat if ax is not corner]
    fractions = 100 * SPACE.normalise(checkpoints.predictions)
    marker = "." if len(checkpoints.epochs) < 30 else ""
    for ax, name, values in zip(axes, PARAMETERS, fractions.T, strict=True):
        ax.plot(checkpoints.epochs, values, color="0.35", marker=marker, markersize=3, linewidth=0.8, zorder=2)
        mark_epochs(ax, checkpoints, values)
        ax.set_title(name)
        _range_axis(ax, values)
    for ax in grid[-1]:
        epoch_axis(ax)
    corner.axis("off")
    handles, labels = axes[0].get_legend_handles_labels()
    outside = Line2D([], [], color=COLOURS["light"], alpha=0.5, linewidth=5)
    corner.legend([*handles, outside], [*labels, "outside the range"], loc="center")
    figure.supylabel("Prediction (% of the parameter's range)", fontsize=7.5)
    return figure


def _range_axis(ax: Axes, values: FloatArray) -> None:
    """The whole range, more where a prediction leaves it."""
    ax.set_ylim(min(-8.0, float(values.min()) - 8), max(108.0, float(values.max()) + 8))
    shade_outside(ax, 0, 100)
    ax.set_yticks([0, 50, 100])
    ax.yaxis.set_minor_locator(NullLocator())
