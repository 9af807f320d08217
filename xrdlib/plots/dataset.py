"""How evenly a dataset fills the bins of its parameters, and whether density matters for the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from xrdlib.plots.style import COLOURS, COLUMN, PAGE, axes_for, legend_above, new_figure, styled
from xrdlib.plots.traces import epoch_axis
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

    from xrdlib.diagnostics import DatasetQuality, DensityEffect, Samplings

__all__ = ["plot_bins", "plot_dataset_quality", "plot_density_effect", "plot_samplings"]

FloatArray = NDArray[np.float64]

_BIN_SHADES = ("sky", "blue", "navy")
_GROUPS = {"dense": ("blue", "-"), "sparse": ("vermillion", "--")}


@styled
def plot_bins(counts: pd.DataFrame, ax: Axes | None = None, *, width: float = COLUMN) -> Figure | Axes:
    """How uneven a dataset is: samples in each bin of each parameter, and the largest count over the smallest.

    Parameters
    ----------
    counts : pandas.DataFrame
        Of `xrdlib.data.bin_counts`.
    ax : Axes, optional
        Where to draw; by default a new figure.
    width : float
        Of the new figure, cm.

    Returns
    -------
    Figure, or Axes where ``ax`` is given
    """
    shown, ax = axes_for(ax, width, 0.75 * width if width <= COLUMN else 0.42 * width)
    bins = [name for name in counts.columns if name != "ratio"]
    values = counts[bins].to_numpy(dtype=np.float64)
    x, bar = np.arange(len(counts)), 0.8 / len(bins)
    shades = LinearSegmentedColormap.from_list("bins", [COLOURS[c] for c in _BIN_SHADES])
    for k, name in enumerate(bins):
        offset = (k - (len(bins) - 1) / 2) * bar
        ax.bar(x + offset, values[:, k], bar, color=shades(k / max(len(bins) - 1, 1)), label=str(name))
    for i, ratio in enumerate(counts["ratio"]):
        text = ("{:.1f}×" if ratio < 10 else "{:.0f}×").format(ratio) if np.isfinite(ratio) else "∞"
        tallest = int(values[i].argmax())
        at = (i + (tallest - (len(bins) - 1) / 2) * bar, values[i, tallest])
        ax.annotate(text, at, (0, 2), textcoords="offset points", ha="center", fontsize=6.5)
    even = values.sum(axis=1)[0] / len(bins)
    ax.axhline(even, color=COLOURS["vermillion"], linestyle="--", linewidth=0.8, label="even")
    ax.set_xticks(x, [str(name) for name in counts.index])
    ax.tick_params(axis="x", length=0)
    ax.set(xlabel="Parameter (above the bars: largest count / smallest)", ylabel="Number of samples")
    ax.margins(y=0.1)
    above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": min(len(bins) + 1, 4)}
    ax.legend(**above)
    return shown


@styled
def plot_dataset_quality(quality: DatasetQuality, ax: Axes | None = None, *, width: float = PAGE) -> Figure | Axes:
    """Share of samples in each part of each range, and the share that the constraints leave there.

    Parameters
    ----------
    quality : DatasetQuality
    ax : Axes, optional
        Where to draw; by default a new figure.
    width : float
        Of the new figure, cm.

    Returns
    -------
    Figure, or Axes where ``ax`` is given
    """
    shown, ax = axes_for(ax, width, 0.75 * width if width <= COLUMN else 0.42 * width)
    _shares(ax, quality)
    ax.set_ylabel("Share of samples (%)")
    if isinstance(shown, Figure):
        legend_above(shown, [ax], width)
    return shown


@styled
def plot_samplings(samplings: Samplings, *, width: float = PAGE) -> Figure:
    """As `plot_dataset_quality`, one panel for each way of sampling.

    Parameters
    ----------
    samplings : Samplings
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    figure = new_figure(width, 0.62 * width if width > 12 else 1.3 * width)
    panels = np.atleast_1d(figure.subplots(len(samplings.qualities), 1, sharex=True, sharey=True))
    for ax, (method, quality) in zip(panels, samplings.qualities.items(), strict=True):
        _shares(ax, quality)
        strata = f"{quality.strata.smallest} to {quality.strata.largest} in a 7-D stratum"
        ax.set_title(f"{method}: {strata}, peak in scan {quality.in_scan.value:.0f} %", loc="left")
        ax.label_outer()
    figure.supylabel("Share of samples (%)", fontsize=7.5)
    legend_above(figure, [panels[0]], width)
    return figure


def _shares(ax: Axes, quality: DatasetQuality) -> None:
    names = [str(name) for name in quality.counts.columns if name != "ratio"]
    values = 100 * quality.counts.drop(columns="ratio").to_numpy(dtype=np.float64) / quality.size
    x, bar = np.arange(len(PARAMETERS)), 0.8 / len(names)
    shades = LinearSegmentedColormap.from_list("bins", [COLOURS[c] for c in _BIN_SHADES])
    for k, name in enumerate(names):
        at = x + (k - (len(names) - 1) / 2) * bar
        ax.bar(at, values[:, k], bar, color=shades(k / max(len(names) - 1, 1)), label=name)
        ends = at - 0.45 * bar, at + 0.45 * bar
        label = "left by the constraints" if k == 0 else "_"
        ax.hlines(100 * quality.expected[:, k], *ends, color=COLOURS["orange"], linewidth=1.8, label=label)
    ax.axhline(100 / len(names), color=COLOURS["vermillion"], linestyle="--", linewidth=0.8, label="even")
    ax.set_xticks(x, PARAMETERS)
    ax.tick_params(axis="x", length=0)


@styled
def plot_density_effect(effect: DensityEffect, *, width: float = PAGE) -> Figure:
    """Error of every test sample against its distance to training samples; mean errors of dense and sparse by epoch.

    Parameters
    ----------
    effect : DensityEffect
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    wide = width > 12
    figure = new_figure(width, 0.4 * width if wide else 1.35 * width)
    left, right = figure.subplots(1, 2) if wide else figure.subplots(2, 1)
    at_final = effect.error[effect.epochs == effect.final][0]
    left.plot(effect.distance, at_final, ".", color=COLOURS["grey"], markersize=2, markeredgewidth=0, alpha=0.6)
    for group, (colour, _) in _GROUPS.items():
        chosen = effect.groups[group]
        left.plot(
            effect.distance[chosen], at_final[chosen], ".", color=COLOURS[colour], markersize=2, markeredgewidth=0
        )
    edges = np.percentile(effect.distance, np.linspace(0, 100, 11))
    which = np.clip(np.searchsorted(edges, effect.distance, side="right") - 1, 0, 9)
    parts = [part for part in range(10) if np.any(which == part)]
    middles = [(np.median(effect.distance[which == part]), np.median(at_final[which == part])) for part in parts]
    left.plot(*np.transpose(middles), "o-", color="black", markersize=3, label="median of a tenth")
    left.set_xlabel(f"Distance of neighbour {effect.k} (in units of the ranges)")
    left.set_ylabel("Mean error at final (% of range)")
    for group, (colour, line) in _GROUPS.items():
        mean = effect.error[:, effect.groups[group]].mean(axis=1)
        right.plot(effect.epochs, mean, line, color=COLOURS[colour], label=f"{group[:-1]}est {effect.quarter:.0f} %")
    marked = {effect.early: "early", effect.final: "final"}
    if len(marked) == 1:
        marked = {effect.final: "early, final"}
    near = 0 < effect.final - effect.early < 0.15 * np.ptp(effect.epochs)
    for epoch, text in marked.items():
        right.axvline(epoch, color=COLOURS["grey"], linestyle=":", linewidth=0.8)
        right.annotate(
            text,
            (epoch, 1),
            (-2, -10 if near and epoch == effect.early else -2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=6.5,
        )
    right.set_ylim(bottom=0)
    right.set_ylabel("Mean error (% of range)")
    epoch_axis(right)
    legend_above(figure, [left, right], width)
    return figure
