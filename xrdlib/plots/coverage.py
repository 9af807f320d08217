"""How densely training samples surround a point, and what absolute radii make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from xrdlib._words import ordinal
from xrdlib.data import SPACE
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.plots.style import COLOURS, COLUMN, PAGE, axes_for, legend_above, new_figure, styled
from xrdlib.simulation import PARAMETERS, as_parameters

if TYPE_CHECKING:
    from xrdlib.diagnostics import Coverage

__all__ = ["plot_coverage", "plot_radius_calibration"]

FloatArray = NDArray[np.float64]

_BINS = 24
_GRID = 30  # fewer different values than this are a grid
_VERDICTS = ("blue", "light", "vermillion")  # of the note, from the best covered to the sparsest
_CROSS: dict[str, Any] = {"color": "black", "markersize": 5, "markeredgewidth": 1.2, "zorder": 4}
_WRITTEN = 22.0  # %: a verdict's name fits into a bar that long


@styled
def plot_coverage(coverage: Coverage, training: ArrayLike | None = None, *, width: float = PAGE) -> Figure:
    """Where a point lies in every parameter's range, how its neighbourhood compares, and what the note's rule says.

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
        figure = new_figure(width, 0.47 * width)
        axes = figure.subplot_mosaic(
            [["strips", "rank"], ["strips", "note"]], width_ratios=(1.45, 1), height_ratios=(1.35, 1)
        )
    else:
        figure = new_figure(width, 1.85 * width)
        axes = figure.subplot_mosaic([["strips"], ["rank"], ["note"]], height_ratios=(1.9, 1.1, 0.8))
    _strips(axes["strips"], coverage, training)
    _ranks(axes["rank"], coverage)
    _verdicts(axes["note"], coverage)
    legend_above(figure, [axes["strips"], axes["rank"]], width)
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
    for edge in (coverage.edge, 100 - coverage.edge):
        ax.axvline(edge, color=COLOURS["grey"], linestyle=":", linewidth=0.6, zorder=1)
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


def _ranks(ax: Axes, coverage: Coverage) -> None:
    """Share of test samples that are surrounded more densely, by the k-th neighbour and by counts."""
    k, n = coverage.distance.size, coverage.n_training
    intervals, texts = [coverage.distance_interval], [f"{ordinal(k)} neighbour\nat {coverage.distance[-1]:.2f}"]
    typical = np.median(coverage.yardstick.counts, axis=0)
    for radius, count, usual, interval in zip(coverage.radii, coverage.counts, typical, coverage.denser, strict=True):
        # a radius within which most samples have none, or everything, ranks nobody
        if 0 < usual < n:
            intervals.append(interval)
            texts.append(f"{count} within {radius:g}")
    rows, values = np.arange(len(texts)), np.array([i.value for i in intervals])
    ax.axvspan(25, 75, color=COLOURS["light"], alpha=0.5, linewidth=0, zorder=0, label="ordinary")
    errors = [values - [i.low for i in intervals], [i.high for i in intervals] - values]
    ax.errorbar(values, rows, xerr=errors, fmt="o", color=COLOURS["vermillion"], markersize=4, zorder=3, clip_on=False)
    ax.set_yticks(rows, texts)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(rows.size - 0.5, -0.5)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Test samples in denser places (%)")


def _verdicts(ax: Axes, coverage: Coverage) -> None:
    """The note's verdicts on the test samples as bars, and on this point in the labels."""
    labels, given = coverage.rule.labels, coverage.verdicts
    shares = coverage.note.set_index(["question", "verdict"])["test_samples"]
    for row, (question, verdicts) in enumerate(labels.items()):
        start = 0.0
        for i, verdict in enumerate(verdicts):
            colour = _VERDICTS[i] if i + 1 < len(verdicts) else _VERDICTS[-1]
            part = float(shares[question, verdict])
            ax.barh(row, part, 0.62, left=start, color=COLOURS[colour])
            if part >= _WRITTEN:
                ink = "black" if colour == "light" else "white"
                ax.text(
                    start + part / 2, row, f"{verdict} {part:.0f} %", color=ink, ha="center", va="center", fontsize=6.5
                )
            start += part
    texts = [f"{text}\nhere: {given[question][0]}" for question, text in coverage.rule.questions.items()]
    ax.set_yticks(np.arange(len(labels)), texts)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlim(0, 100)
    ax.set_xlabel("Test samples by verdict (%)")


@styled
def plot_radius_calibration(coverage: Coverage, ax: Axes | None = None, *, width: float = COLUMN) -> Figure | Axes:
    """Share of the training set within a radius against the radius: the point, and the band of test samples.

    In seven dimensions the share grows with the seventh power of the radius until everything is inside: a fixed
    threshold is passed by everybody within a small change of the radius.

    Parameters
    ----------
    coverage : Coverage
        With many ``radii``, such as ``numpy.linspace(0.1, 2, 39)``.
    ax : Axes, optional
        Where to draw; by default a new figure.
    width : float
        Of the new figure, cm.

    Returns
    -------
    Figure, or Axes where ``ax`` is given

    Raises
    ------
    ValueError
        For a coverage of fewer than five radii.
    """
    if len(coverage.radii) < 5:
        raise ValueError(f"coverage: {len(coverage.radii)} radii, at least 5 expected; ask coverage(..., radii=...)")
    shown, ax = axes_for(ax, width, 0.75 * width if width <= COLUMN else 0.45 * width)
    radii, n, rule = np.array(coverage.radii), coverage.n_training, coverage.rule
    low, quarter, middle, three_quarters, high = (
        100 * np.percentile(coverage.yardstick.counts, (5, 25, 50, 75, 95), axis=0) / n
    )
    name = coverage.yardstick.name
    floor = 100 / n / 2  # half a sample stands for none on the logarithmic axis
    for (bottom, top), alpha, label in (
        ((low, high), 0.35, f"90 % of {name} test samples"),
        ((quarter, three_quarters), 0.75, "half of them"),
    ):
        ax.fill_between(
            radii,
            np.maximum(bottom, floor),
            np.maximum(top, floor),
            color=COLOURS["sky"],
            alpha=alpha,
            linewidth=0,
            label=label,
        )
    here = 100 * coverage.counts / n
    label = "prediction" if coverage.predicted else "experiment"
    ax.plot(radii, np.where(here > 0, here, np.nan), color=COLOURS["vermillion"], label=label)
    inside = (middle > 1.0) & (middle < 20.0)
    if inside.any():
        first = int(np.flatnonzero(inside)[0])
        guide = radii[radii <= radii[first] * 1.8]
        ax.plot(
            guide, middle[first] * (guide / radii[first]) ** 7, ":", color="black", linewidth=0.8, label="∝ radius⁷"
        )
    marks = [(rule.sparse_radius, rule.sparse_share, f"{rule.sparse_share:g} %")]
    marks += [(rule.radius, 100 * count / n, f"{count} samples") for count in (rule.few, rule.many)]
    ax.plot([x for x, *_ in marks], [y for _, y, _ in marks], "x", label="the note's thresholds", **_CROSS)
    for x, y, text in marks:
        ax.annotate(text, (x, y), (5, 0), textcoords="offset points", fontsize=6.5, va="center")
    ax.set_yscale("log")
    ax.set_ylim(floor, 200)
    ax.set_xlim(radii[0], radii[-1])
    ax.set_xlabel("Radius (in units of the ranges)")
    ax.set_ylabel("Training samples within it (%)")
    ax.legend(loc="lower right")
    return shown
