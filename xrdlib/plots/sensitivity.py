"""Where along the curve each parameter acts, what a counted curve can tell of it, and what it excludes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.plots.curves import ANGLE_LABEL, INTENSITY_LABEL, log_axis
from xrdlib.plots.style import COLOURS, COLUMN, PAGE, legend_columns, new_figure, styled
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics import Chi2Profile, Identifiability, Sensitivity

__all__ = ["plot_chi2_profile", "plot_identifiability", "plot_sensitivity"]

_ROWS = np.arange(len(PARAMETERS))
_DECADES = 3.5  # of the heat map, below its largest value
_PRIOR = 100 / np.sqrt(12)  # % of range, a uniform prior's standard deviation


@styled
def plot_sensitivity(found: Sensitivity, *, mean: bool = False, width: float = PAGE) -> Figure:
    """The curve, where along it each parameter acts, and how much it does so by two yardsticks.

    Parameters
    ----------
    found : Sensitivity
    mean : bool
        Draw the RMS over the samples in the heat map instead of the experiment's own.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Heat map: change of log10 intensity for a step of the range. At its right the change's RMSE for that step and
        for the same share of the value, and the note's level of each parameter.
    """
    wide = width > 12
    figure = new_figure(width, 0.55 * width if wide else 1.75 * width)
    if wide:
        axes = figure.subplot_mosaic("CB;HB", width_ratios=(1.75, 1), height_ratios=(1, 1.35))
    else:
        axes = figure.subplot_mosaic("C;H;B", height_ratios=(1, 1.35, 1.5))
    curve, heat, bars = (axes[key] for key in "CHB")
    curve.sharex(heat)
    log_axis(curve)
    curve.plot(found.angle, found.curve, color="black", linewidth=0.8)
    curve.set_ylabel(INTENSITY_LABEL)
    curve.tick_params(labelbottom=False)
    changes = found.step * (found.mean_slope if mean else np.abs(found.slope))
    top = float(changes.max()) or 1.0
    floor = top * 10**-_DECADES
    image = heat.pcolormesh(
        found.angle, _ROWS, np.maximum(changes, floor), cmap="cividis", norm=LogNorm(floor, top), shading="nearest"
    )
    image.set_rasterized(True)  # thousands of rectangles would be a large PDF
    heat.set_yticks(_ROWS, PARAMETERS)
    heat.invert_yaxis()
    heat.tick_params(axis="y", length=0)
    heat.set_xlabel(ANGLE_LABEL)
    # above the map: beside it, the curve's axis would not end where the map's does
    bar = figure.colorbar(image, ax=[curve, heat], location="top", aspect=50, pad=0.02, extend="min")
    percent = f"{100 * found.step:g} % of range"
    bar.set_label(f"Change of log₁₀ intensity by {percent}{', RMS of the samples' if mean else ''}")
    _changes(bars, found, percent)
    labels = bars.get_legend_handles_labels()[1]
    figure.legend(loc="outside lower center", ncols=legend_columns(labels, width))
    return figure


def _changes(ax: Axes, found: Sensitivity, percent: str) -> None:
    shown = found.rmse["range"], found.rmse["value"], found.mean["range"]
    low = min(float(v[v > 0].min(initial=1.0)) for v in shown)
    left = 10 ** np.floor(np.log10(low))
    ax.hlines(_ROWS, np.maximum(shown[1], left), shown[0], color=COLOURS["light"], linewidth=2, zorder=1)
    ax.plot(shown[2], _ROWS, "D", color=COLOURS["grey"], markersize=3.5, label=f"{percent}, mean of samples")
    ax.plot(shown[0], _ROWS, "o", color=COLOURS["vermillion"], markersize=5, label=f"{percent}")
    value = np.where(shown[1] > 0, shown[1], left)
    look: dict[str, Any] = {"color": COLOURS["blue"], "markerfacecolor": "none", "markersize": 5}
    ax.plot(value, _ROWS, "s", **look, label=f"{100 * found.step:g} % of value", clip_on=False)
    ax.set_xscale("log")
    ax.set_xlim(left, 10 ** np.ceil(np.log10(max(float(v.max()) for v in shown))))
    ax.set_yticks(_ROWS, [f"{name} ({found.expected[name]})" for name in PARAMETERS])
    ax.set_ylim(len(_ROWS) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(LogLocator(numticks=8))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(axis="x")
    ax.set_xlabel("RMSE of log₁₀ intensity")
    ax.set_title("In parentheses: the note's level")


@styled
def plot_identifiability(found: Identifiability, *, width: float = PAGE) -> Figure:
    """Bounds and errors of each parameter, and the combinations of parameters from best to worst known.

    Parameters
    ----------
    found : Identifiability
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    wide = width > 12
    figure = new_figure(width, 0.46 * width if wide else 1.7 * width)
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1)) if wide else figure.subplots(2, 1)
    _bounds(left, found)
    weights, sigma = found.combinations
    image = right.imshow(weights, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    for i, j in zip(*np.nonzero(np.abs(weights) >= 0.3), strict=True):
        colour = "white" if abs(weights[i, j]) > 0.7 else "black"
        text = f"{weights[i, j]:.1f}".replace("-", "−")
        right.text(j, i, text, ha="center", va="center", color=colour, fontsize=6.5)
    right.set_xticks(_ROWS, PARAMETERS, rotation=45, ha="right", rotation_mode="anchor")
    right.set_yticks(_ROWS, [f"{100 * s:.2g}" for s in sigma])
    right.tick_params(length=0)
    right.set_ylabel("1 σ of the combination (% of range)")
    figure.colorbar(image, ax=right, label="Weight", ticks=[-1, 0, 1])
    labels = left.get_legend_handles_labels()[1]
    figure.legend(loc="outside upper center", ncols=legend_columns(labels, width))
    return figure


def _bounds(ax: Axes, found: Identifiability) -> None:
    shown: list[tuple[Any, str, dict[str, Any]]] = [
        (found.bound, "bound, here", {"marker": "|", "markersize": 8, "markeredgewidth": 2, "color": COLOURS["blue"]})
    ]
    if found.error is not None:
        shown.append(
            (found.error, "error at final, here", {"marker": "o", "markersize": 4.5, "color": COLOURS["vermillion"]})
        )
    offset = 0.0
    if found.limits is not None:
        offset = 0.2
        ax.hlines(_ROWS + offset, found.limits.best, found.limits.rmse, color=COLOURS["light"], linewidth=3, zorder=1)
        grey: dict[str, Any] = {"marker": "|", "markersize": 8, "markeredgewidth": 2, "color": COLOURS["sky"]}
        shown.append((found.limits.best, "bound, RMS of test samples", grey))
        rmse: dict[str, Any] = {"marker": "s", "markersize": 4, "color": COLOURS["orange"]}
        shown.append((found.limits.rmse, "error at final, RMS of test samples", rmse))
    for values, label, look in shown:
        rows = _ROWS + (offset if "samples" in label else -offset)
        ax.plot(np.maximum(values, 1e-3), rows, linestyle="none", label=label, zorder=3, clip_on=False, **look)
    ax.axvline(_PRIOR, color="black", linestyle=":", linewidth=0.9, label="uniform prior")
    ax.set_xscale("log")
    low = min(float(np.min(values)) for values, _, _ in shown)
    ax.set_xlim(10 ** np.floor(np.log10(max(low, 1e-3))), 100)
    ax.set_yticks(_ROWS, PARAMETERS)
    ax.set_ylim(len(_ROWS) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.set_xlabel("1 σ, or error (% of the parameter's range)")


@styled
def plot_chi2_profile(found: Chi2Profile, *, width: float = COLUMN) -> Figure:
    """By how many standard deviations a curve excludes values of a parameter, the others fitted again.

    Parameters
    ----------
    found : Chi2Profile
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    figure = new_figure(width, 0.4 * width if width > 12 else 0.65 * width)
    ax = figure.subplots()
    column = PARAMETERS.index(found.name)
    factor, label = (1.0, f"{found.name} (Å)") if PARAMETER_UNITS[found.name] else (1e3, f"{found.name} (10⁻³)")
    order = np.argsort(found.values)
    ax.plot(factor * found.values[order], np.sqrt(found.chi2[order]), "o-", color=COLOURS["blue"], markersize=4)
    ax.axvline(factor * found.parameters[column], color="black", linestyle=":", linewidth=0.9, label="the curve's own")
    ax.axhline(2, color=COLOURS["grey"], linestyle="--", linewidth=0.9, label="2 σ")
    ax.set_ylim(0, 1.08 * max(3.0, float(np.sqrt(found.chi2.max()))))
    ax.set_xlabel(label)
    ax.set_ylabel("Excluded by (σ)")
    ax.grid(axis="y")
    figure.legend(loc="outside upper center", ncols=2)
    return figure
