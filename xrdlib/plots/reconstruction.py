"""Parameter error against curve error, and the samples in which they disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from xrdlib.data import SPACE
from xrdlib.plots.curves import ANGLE_LABEL, DEPTH_LABEL, STRAIN_LABEL, log_axis
from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, styled
from xrdlib.simulation import PARAMETERS, strain_profile

if TYPE_CHECKING:
    from xrdlib.diagnostics import Reconstruction

__all__ = ["plot_examples", "plot_reconstruction"]

# told apart in grey too
_EXAMPLES = (("green", "o"), ("purple", "s"), ("vermillion", "^"), ("orange", "D"))


@styled
def plot_reconstruction(reconstruction: Reconstruction, *, width: float = PAGE) -> Figure:
    """Does a small parameter error mean a good curve? Every test sample, and the correlation of each parameter's error.

    Parameters
    ----------
    reconstruction : Reconstruction
        Its first epoch is drawn.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    if width > 12:
        figure = new_figure(width, 0.45 * width)
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    else:
        figure = new_figure(width, 1.6 * width)
        left, right = figure.subplots(2, 1, height_ratios=(1.5, 1))
    _scatter(left, reconstruction)
    _forest(right, reconstruction)
    legend_above(figure, [left], width)
    return figure


def _scatter(ax: Axes, r: Reconstruction) -> None:
    x, y = r.errors.parameter[0], r.errors.curve_mae[0]
    label = f"{r.samples.size} {r.test_set} samples"
    ax.plot(x, y, ".", color=COLOURS["sky"], markersize=3, markeredgewidth=0, alpha=0.7, label=label, zorder=1.5)
    if (y > 0).any():
        ax.set_yscale("log", nonpositive="mask")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    for example, (colour, marker) in zip(r.examples, _EXAMPLES, strict=True):
        at = [example.errors.parameter], [example.errors.curve_mae]
        ax.plot(*at, marker, color=COLOURS[colour], markersize=5, label=example.label, zorder=3)
    mine = r.experiment
    if mine is not None and np.isfinite(mine.parameter[0]):
        at = [mine.parameter[0]], [mine.curve_mae[0]]
        ax.plot(*at, "*", color="black", markersize=9, markeredgecolor="white", label="experiment", zorder=4)
    pearson, spearman = (r.correlation(method) for method in ("pearson", "spearman"))
    text = f"epoch {r.epochs[0]}\nPearson r = {pearson:z.2f}\nSpearman ρ = {spearman:z.2f}"
    ax.text(0.98, 0.03, text, transform=ax.transAxes, ha="right", va="bottom", fontsize=6.5, linespacing=1.3)
    ax.set_xlim(left=0)
    ax.set(xlabel="Parameter error (mean of seven, % of range)", ylabel="Curve MAE (log₁₀ intensity)")


def _forest(ax: Axes, r: Reconstruction) -> None:
    """Spearman's coefficient of each parameter's error with the curve's; in brackets its share of the mean error."""
    mean = r.parameters[0].mean(axis=0)
    shares = 100 * mean / mean.sum() if mean.any() else np.zeros(len(PARAMETERS))
    for row, name in enumerate(PARAMETERS):
        rho = r.correlation("spearman", error=name)
        ax.plot([rho.low, rho.high], [row, row], "-", color=COLOURS["blue"], linewidth=1.2)
        ax.plot([rho.value], [row], "o", color=COLOURS["blue"], markersize=4)
    ax.axvline(0, color="black", linewidth=0.6, zorder=1)
    ax.axvspan(-r.weak, r.weak, color=COLOURS["light"], alpha=0.4, linewidth=0, zorder=0)
    ax.set_yticks(range(len(PARAMETERS)), [f"{p} ({s:.0f} %)" for p, s in zip(PARAMETERS, shares, strict=True)])
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(-1, 1)
    ax.set_xticks([-1, -0.5, 0, 0.5, 1])
    ax.set(xlabel="Spearman ρ with curve MAE\n(grey: weak by the note)", ylabel="Error of (its share)")


@styled
def plot_examples(reconstruction: Reconstruction, *, width: float = PAGE) -> Figure:
    """Profiles and curves, truth against prediction: best and worst curve, and the two most surprising samples.

    A predicted parameter outside its range is drawn at the edge of the range, as it was simulated.

    Parameters
    ----------
    reconstruction : Reconstruction
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    examples = reconstruction.examples
    if width > 12:
        figure = new_figure(width, 0.58 * width)
        grid = figure.subplots(2, len(examples), sharey="row").T
    else:
        figure = new_figure(width, 2 * width)
        grid = figure.subplots(len(examples), 2)
    true: dict[str, Any] = {"color": COLOURS["grey"], "linewidth": 1.6, "label": "truth"}
    predicted: dict[str, Any] = {"color": COLOURS["vermillion"], "linestyle": "--", "linewidth": 0.9}
    predicted["label"] = f"prediction (epoch {reconstruction.epochs[0]})"
    for example, (profile, curve) in zip(examples, grid, strict=True):
        for parameters, intensity, look in (
            (example.true, example.true_curve, true),
            (example.predicted, example.predicted_curve, predicted),
        ):
            one = strain_profile(np.clip(parameters, SPACE.minimum, SPACE.maximum))
            profile.plot(one.depth, 1e3 * one.strain, **look)
            curve.plot(reconstruction.angle, intensity, **look)
        log_axis(curve)
        profile.set_xlabel(DEPTH_LABEL)
        profile.set_xlim(left=0)
        curve.set_xlabel(ANGLE_LABEL)
        e = example.errors
        title = f"{example.label}\n{e.parameter:.1f} % of range, MAE {e.curve_mae:.2g}"
        profile.set_title(title, fontsize=6.5)
        if profile.get_subplotspec().is_first_col():
            profile.set_ylabel(STRAIN_LABEL)
        if curve.get_subplotspec().is_first_col() or width <= 12:
            curve.set_ylabel("Intensity")
    for profile, _ in grid:
        profile.set_ylim(bottom=0)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure
