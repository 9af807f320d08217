"""A fit: the curve and what is left of it, the profile with its band, and what the fit cannot tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib.plots.curves import ANGLE_LABEL, INTENSITY_LABEL, label_profile, log_axis
from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, plain, styled
from xrdlib.simulation import PARAMETERS, strain_profile

if TYPE_CHECKING:
    from xrdlib.refinement import Refinement

__all__ = ["plot_fit", "plot_fit_correlation"]

_FIT: dict[str, Any] = {"color": COLOURS["blue"], "linewidth": 1.1}
_START: dict[str, Any] = {"color": COLOURS["vermillion"], "linestyle": "--", "linewidth": 0.9}
_DOTS: dict[str, Any] = {"color": COLOURS["grey"], "markersize": 2.5, "markeredgewidth": 0, "zorder": 1.5}


@styled
def plot_fit(fit: Refinement, *, width: float = PAGE) -> Figure:
    """The curve with its fit and the fit's start, the misfit at every angle, and the strain profile with its band.

    Parameters
    ----------
    fit : Refinement
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Above: intensity, logarithmic; the start has its own parameters and a fitted instrument. Below it: log10 of
        fitted over measured intensity, and its RMSE. Beside them (in a column: at the bottom): strain against depth,
        with one and two standard deviations.
    """
    if width > 12:
        figure = new_figure(width, 0.56 * width)
        axes = figure.subplot_mosaic("CP;RP", height_ratios=(2.2, 1), width_ratios=(1.35, 1))
    else:
        figure = new_figure(width, 1.75 * width)
        axes = figure.subplot_mosaic("C;R;P", height_ratios=(2.2, 1, 1.8))
    curve, misfit, profile = (axes[key] for key in "CRP")
    misfit.sharex(curve)
    _curve(curve, fit)
    _misfit(misfit, fit)
    _profile(profile, fit)
    figure.align_ylabels([curve, misfit])
    legend_above(figure, [curve, misfit, profile], width)
    return figure


def _curve(ax: Axes, fit: Refinement) -> None:
    log_axis(ax)
    observed = np.where(fit.intensity > 0, fit.intensity, np.nan)
    ax.plot(fit.angle, observed, ".", label="curve", **_DOTS)
    ax.set_ylim(*ax.get_ylim())  # what was observed decides, not how deep a simulated minimum is
    ax.plot(fit.angle, fit.start_model, label=f"start: {plain(fit.start)}", **_START)
    ax.plot(fit.angle, fit.model, label="fit", **_FIT)
    ax.set_ylabel(INTENSITY_LABEL)
    ax.tick_params(labelbottom=False)


def _misfit(ax: Axes, fit: Refinement) -> None:
    rmse = fit.log10_rmse
    ax.axhspan(-rmse, rmse, color=COLOURS["light"], alpha=0.6, linewidth=0, zorder=0.5, label=f"± RMSE {rmse:.4f}")
    ax.axhline(0, color="black", linewidth=0.5, zorder=1)
    ax.plot(fit.angle, fit.log_misfit, **_FIT | {"linewidth": 0.8})
    ax.set(xlabel=ANGLE_LABEL, ylabel="log₁₀ (fit\n/ measured)")


def _profile(ax: Axes, fit: Refinement) -> None:
    start = strain_profile(fit.start_parameters, layer_thickness=fit.sample.layer_thickness)
    depth, strain, sigma = (fit.profile[name].to_numpy() for name in ("depth", "strain", "sigma"))
    for n, alpha in ((2, 0.18), (1, 0.3)):
        band = 1e3 * (strain - n * sigma), 1e3 * (strain + n * sigma)
        ax.fill_between(depth, *band, color=COLOURS["blue"], alpha=alpha, linewidth=0, label=f"± {n} σ")
    ax.plot(start.depth, 1e3 * start.strain, **_START)
    ax.plot(depth, 1e3 * strain, **_FIT)
    label_profile(ax)
    # a band without end, where the curve tells nothing, would leave no room for the profile
    highest = 1e3 * max(float(strain.max(initial=0.0)), float(start.strain.max(initial=0.0)))
    ax.set_ylim(top=min(ax.get_ylim()[1], 1.6 * highest) if highest else None)


@styled
def plot_fit_correlation(fit: Refinement, *, width: float = PAGE) -> Figure:
    """Which of the fitted quantities the curve tells apart: their correlations.

    Parameters
    ----------
    fit : Refinement
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Parameters and nuisances against each other, but for those that were fixed or lie at a bound, which are named
        above. What rounds to 1 is written as 1.0.
    """
    whole = fit.correlation
    fitted = np.isfinite(np.diag(whole.to_numpy()))
    names = [name for name, is_fitted in zip(whole.columns, fitted, strict=True) if is_fitted]
    wide = width > 12
    figure = new_figure(width, 0.62 * width if wide else 0.95 * width)
    ax = figure.add_subplot()
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    if left_out := [_short(name) for name in whole.columns if name not in names]:
        ax.set_title(f"Fixed or at a bound: {', '.join(left_out)}", wrap=True)
    if len(names) < 2:
        ax.set(xticks=[], yticks=[])
        return figure
    below = np.tril(np.ones((len(names) - 1,) * 2, dtype=bool))
    matrix = np.where(below, whole.loc[names[1:], names[:-1]].to_numpy(), np.nan)
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    for i, j in zip(*np.nonzero(below), strict=True):
        colour = "white" if abs(matrix[i, j]) > 0.7 else "black"
        ax.text(j, i, _coefficient(matrix[i, j]), ha="center", va="center", color=colour, fontsize=7 if wide else 6)
    n = sum(name in PARAMETERS for name in names)
    if 0 < n < len(names):
        # left of and above the edge: parameters among themselves
        ax.plot((-0.5, n - 0.5, n - 0.5), (n - 1.5, n - 1.5, len(names) - 1.5), color="black", linewidth=0.6)
        ax.set(xlim=(-0.5, len(names) - 1.5), ylim=(len(names) - 1.5, -0.5))
    ax.set_xticks(range(len(names) - 1), map(_short, names[:-1]), rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names) - 1), map(_short, names[1:]))
    bar = ax.inset_axes((0.55, 0.9, 0.42, 0.035))
    figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[-1, 0, 1], label="Correlation")
    return figure


def _coefficient(value: float) -> str:
    """Two decimals without the 0 before them, which has no room in a column: −.80; 1.0 for what rounds to 1."""
    if abs(value) < 0.005:
        return "0"
    size = "1.0" if abs(value) >= 0.995 else f"{abs(value):.2f}"[1:]
    return f"{'−' if value < 0 else ''}{size}"


def _short(name: str) -> str:
    return "Lorentz" if name == "lorentz_fraction" else name
