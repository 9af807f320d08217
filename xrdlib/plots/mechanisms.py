"""What chance does to one experiment's trace: runs of each source, their SDs, and bias against variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from xrdlib.plots.style import COLOURS, PAGE, legend_columns, new_figure, styled
from xrdlib.plots.traces import epoch_axis

if TYPE_CHECKING:
    from xrdlib.diagnostics import BiasVariance, Mechanisms, Variation

__all__ = ["SOURCE_COLOURS", "TITLES", "draw_bias_variance", "plot_mechanisms"]

TITLES = {
    "all": "All three",
    "weights": "Initial weights",
    "order": "Order of batches",
    "dropout": "Dropout",
    "data": "Draw of the dataset",
    "rounding": "Rounding",
}
SOURCE_COLOURS = {
    "all": "vermillion",
    "weights": "blue",
    "order": "green",
    "dropout": "purple",
    "data": "orange",
    "rounding": "sky",
}
_REGION = {"dense": ("blue", "-", "o"), "sparse": ("vermillion", "--", "s")}


@styled
def plot_mechanisms(mechanisms: Mechanisms, *, width: float = PAGE) -> Figure:
    """Every run's error of the experiment by what differs, the SDs, and bias and spread for test samples.

    Parameters
    ----------
    mechanisms : Mechanisms
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    v = mechanisms.variation
    n = len(v.sources)
    wide = width > 12
    columns = min(3 if wide else 2, n)
    rows = -(-n // columns)
    heights = (3.2 * rows + 0.6, 5.2 if wide else 14.0)
    figure = new_figure(width, sum(heights) + 0.9)
    top, bottom = np.asarray(figure.subfigures(2, 1, height_ratios=heights))
    traces = top.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for ax, source in zip(traces.flat, v.sources, strict=False):
        _draw_runs(ax, v, source)
        ax.set_title("Weights, order and dropout" if source == "all" else TITLES[source])
    for ax in traces.flat[n:]:
        ax.axis("off")
    for ax in traces[-1]:
        epoch_axis(ax)
    top.supylabel("Mean parameter error (% of range)", fontsize=7.5)
    handles, labels = traces[0, 0].get_legend_handles_labels()
    top.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, width))
    spreads, bias, spread = bottom.subplots(*((1, 3) if wide else (3, 1)))
    _spreads(spreads, v)
    draw_bias_variance((bias, spread), mechanisms.bias_variance)
    for ax in (bias, spread):
        epoch_axis(ax)
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0))
    return figure


def _draw_runs(ax: Axes, v: Variation, source: str) -> None:
    """The runs of one source, and the one they are compared with in black; ideal epochs marked."""
    epochs = np.arange(1, v.errors.shape[1] + 1)
    first, *others = v.sources[source]
    look: dict[str, Any] = {"linewidth": 0.7, "zorder": 2}
    for run in others:
        ax.plot(epochs, v.errors[run], color=COLOURS[SOURCE_COLOURS[source]], **look)
    ax.plot(epochs, v.errors[first], color="black", label=f"{v.runs[first]}, in every panel", **look)
    ideal = v.ideal[[first, *others]]
    lowest = v.errors[[first, *others], ideal - 1]
    ax.plot(ideal, lowest, "v", color="0.3", markersize=3.5, zorder=3, label="ideal epoch of a run")
    ax.plot([], [], color=COLOURS["grey"], linewidth=0.7, label="runs that differ from it")


def _spreads(ax: Axes, v: Variation) -> None:
    names = [TITLES[s.source] for s in v.spreads]
    rows = np.arange(len(names))
    for shift, what, colour, marker, label in (
        (-0.14, "late", "vermillion", "o", "experiment, late epochs"),
        (0.14, "samples", "blue", "s", f"{v.n_samples} test samples"),
    ):
        intervals = [getattr(s, what) for s in v.spreads]
        value, low, high = (np.array([getattr(i, k) for i in intervals]) for k in ("value", "low", "high"))
        ax.hlines(rows + shift, low, high, color=COLOURS[colour], linewidth=1)
        ax.plot(value, rows + shift, marker, color=COLOURS[colour], markersize=4, label=label)
    if np.isfinite(v.within.value):
        names.append("Within a run")
        ax.hlines(len(rows), v.within.low, v.within.high, color="black", linewidth=1)
        ax.plot([v.within.value], [len(rows)], "D", color="black", markersize=4, label="experiment, over late epochs")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("SD (% of range)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=1)


def draw_bias_variance(axes: Sequence[Axes], b: BiasVariance) -> None:
    """Bias on the first of two axes, spread on the second, of dense and of sparse regions with intervals."""
    for ax, what, label in zip(axes, ("bias", "spread"), ("Bias", "Spread"), strict=True):
        for region, (colour, line, marker) in _REGION.items():
            rows = b.intervals[b.intervals["region"] == region]
            low, high = rows[f"{what}_low"], rows[f"{what}_high"]
            ax.fill_between(rows["epoch"], low, high, color=COLOURS[colour], alpha=0.2, linewidth=0)
            look: dict[str, Any] = {"marker": marker, "markersize": 2.5, "color": COLOURS[colour]}
            ax.plot(rows["epoch"], rows[what], line, label=f"{region} region", **look)
        ax.set_ylim(bottom=0)
        ax.set_ylabel(f"{label} (% of range)")
