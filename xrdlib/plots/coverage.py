"""How densely training samples surround a point, and how evenly a dataset fills its bins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from xrdlib.data import SPACE
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.plots.style import COLOURS, COLUMN, PAGE, axes_for, legend_columns, new_figure, styled
from xrdlib.simulation import PARAMETERS, as_parameters

if TYPE_CHECKING:
    import pandas as pd

    from xrdlib.diagnostics import Coverage

__all__ = ["plot_bins", "plot_coverage"]

FloatArray = NDArray[np.float64]

_BINS = 24
_GRID = 30  # fewer different values than this are a grid
_BIN_SHADES = ("sky", "blue", "navy")


@styled
def plot_coverage(coverage: Coverage, training: ArrayLike | None = None, *, width: float = PAGE) -> Figure:
    """Where a point lies in every parameter's range, and how its neighbourhood compares with test samples'.

    Parameters
    ----------
    coverage : Coverage
    training : array_like, shape (n, 7), optional
        Parameters of the training set, lengths in A; drawn as the shade of each parameter's strip.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    if width > 12:
        figure = new_figure(width, 0.42 * width)
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    else:
        figure = new_figure(width, 1.35 * width)
        left, right = figure.subplots(2, 1, height_ratios=(1.9, 1))
    _strips(left, coverage, training)
    _percentiles(right, coverage)
    handles, labels = (a + b for a, b in zip(*(ax.get_legend_handles_labels() for ax in (left, right)), strict=True))
    figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, width))
    return figure


def _strips(ax: Axes, coverage: Coverage, training: ArrayLike | None) -> None:
    if training is not None:
        fractions = np.clip(100 * SPACE.normalise(as_parameters(training)), 0, 100)
        shade = LinearSegmentedColormap.from_list("shade", ["white", COLOURS["sky"]])
        for row, values in enumerate(fractions.T):
            edges = _edges(values)
            counts = np.histogram(values, edges)[0]
            ax.pcolormesh(edges, [row - 0.36, row + 0.36], counts[None], cmap=shade, vmin=0, vmax=counts.max())
        ax.plot([], [], "s", color=COLOURS["sky"], label="training samples (shade)")
    nearest = 100 * SPACE.normalise(coverage.nearest)
    rows = np.arange(len(PARAMETERS))
    spread = np.linspace(-0.24, 0.24, len(nearest)) if len(nearest) > 1 else np.zeros(1)
    ax.plot(
        nearest.ravel(),
        (rows + spread[:, None]).ravel(),
        ".",
        color="black",
        markersize=2.5,
        markeredgewidth=0,
        label=f"{len(nearest)} nearest",
    )
    here = 100 * SPACE.normalise(coverage.parameters)
    label = "prediction" if coverage.predicted else "experiment"
    tick: dict[str, Any] = {"color": COLOURS["vermillion"], "linestyle": "none", "marker": "|", "markeredgewidth": 2}
    ax.plot(here, rows, markersize=13, **tick)
    ax.plot([], [], markersize=6, label=label, **tick)
    ax.barh(rows, 100, 0.72, facecolor="none", edgecolor=COLOURS["grey"], linewidth=0.4)
    values = zip(PARAMETERS, coverage.parameters, strict=True)
    ax.set_yticks(rows, [f"{name}  {_value(name, value)}" for name, value in values])
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("Position in the parameter's range (%)")


def _edges(values: FloatArray) -> FloatArray:
    """Edges of a histogram of positions in %: around every value of a grid, else equal ones."""
    different = np.unique(np.round(values, 2))
    if different.size >= _GRID:
        return np.linspace(0, 100, _BINS + 1)
    return np.concatenate([[0.0], (different[1:] + different[:-1]) / 2, [100.0]])


def _value(name: str, value: float) -> str:
    """A parameter's value with its unit, typeset."""
    text = f"{value:.4g} Å" if PARAMETER_UNITS[name] else f"{1e3 * value:.3g}×10⁻³"
    return text.replace("-", "−")


def _percentiles(ax: Axes, coverage: Coverage) -> None:
    values = np.array([coverage.distance_percentile, *coverage.counts_percentile])
    texts = [f"have a neighbour\nnearer than {coverage.distance[0]:.2f}"]
    texts += [f"have fewer than {n}\nwithin {r:g}" for r, n in zip(coverage.radii, coverage.counts, strict=True)]
    rows = np.arange(values.size)
    ax.axvspan(25, 75, color=COLOURS["light"], alpha=0.5, linewidth=0, zorder=0, label="ordinary")
    ax.hlines(rows, 0, values, color=COLOURS["vermillion"], linewidth=1.2)
    ax.plot(values, rows, "o", color=COLOURS["vermillion"], markersize=4.5, clip_on=False, zorder=3)
    ax.set_yticks(rows, texts)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(values.size - 0.5, -0.5)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Share of test samples (%)")


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
