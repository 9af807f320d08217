"""How many training samples a temperature, a radius or a box around an experiment leaves, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.plots.style import COLOURS, PAGE, legend_columns, new_figure, styled
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.remedies import RegionWeights

__all__ = ["draw_reach", "draw_weights", "off_the_grid", "plot_region"]

FloatArray = NDArray[np.float64]

TEMPERATURES = np.geomspace(0.02, 2.0, 41)
REACH = np.linspace(0.05, 1.5, 59)  # radius in units of the ranges; half width likewise
_PLANES = (("L2", "Rp2"), ("L1", "Dmax1"), ("Rp1", "D02"))
_CROWD = 3000  # more points than this are a picture in PDF and SVG, which would be slow to open
_GRID, _SHIFT = 30, 2.0  # fewer different values than this are a grid; % of range


@styled
def plot_region(
    region: RegionWeights,
    *,
    temperature: float = 0.3,
    radius: float = 0.6,
    half_width: float = 10.0,
    planes: Sequence[tuple[str, str]] | None = None,
    width: float = PAGE,
) -> Figure:
    """What weights, radii and boxes leave of a training set; and the region in planes of two parameters.

    Parameters
    ----------
    region : RegionWeights
    temperature, radius, half_width : float
        Those marked and drawn, in units of the ranges, and in % of range.
    planes : sequence of pairs of str, optional
        Parameters across and up; by default three pairs on a page's width, one in a column. Points of a grid are
        shifted by up to 2 % of the range.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        For another parameter, or no plane.
    """
    if planes is None:
        planes = _PLANES if width > 12 else _PLANES[:1]
    if not planes or any(name not in PARAMETERS for pair in planes for name in pair):
        raise ValueError(f"planes = {planes}: pairs of {', '.join(PARAMETERS)} expected")
    n = len(planes)
    if width > 12:
        heights = (0.4 * width, 0.92 * width / n + 1.0)
        figure = new_figure(width, sum(heights))
    else:
        heights = (1.35 * width, 0.85 * width * n + 1.6)
        figure = new_figure(width, sum(heights))
    parts = figure.add_gridspec(2, 1, height_ratios=heights)
    top, bottom = figure.add_subfigure(parts[0]), figure.add_subfigure(parts[1])
    first, second = top.subplots(1, 2) if width > 12 else top.subplots(2, 1)
    draw_weights(first, region)
    first.plot([temperature], [100 * region.effective(temperature) / region.size], **_mark("blue", "o"))
    first.plot([temperature], [region.weight_within(temperature)], **_mark("orange", "s"))
    draw_reach(second, region)
    first.legend(loc="center left")
    second.legend(loc="lower right")
    for reach, inside, colour, marker in (
        (radius, region.inside_radius(radius), "blue", "o"),
        (half_width / 100, region.inside_box(half_width), "green", "s"),
    ):
        second.plot([100 * reach], [max(int(inside.sum()), 0.5)], **_mark(colour, marker))
    rows, columns = (1, n) if width > 12 else (n, 1)
    drawn = bottom.subplots(rows, columns, squeeze=False).ravel()
    for ax, pair in zip(drawn, planes, strict=True):
        _plane(ax, region, pair, radius, half_width)
    handles, labels = drawn[0].get_legend_handles_labels()
    bottom.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels, width), markerscale=1.3)
    return figure


def draw_weights(ax: Axes, region: RegionWeights) -> None:
    """Effective size and weight within the note's radius against the temperature; two lines."""
    size = [100 * region.effective(t) / region.size for t in TEMPERATURES]
    within = [region.weight_within(t) for t in TEMPERATURES]
    ax.plot(TEMPERATURES, size, color=COLOURS["blue"], label="effective size")
    ax.plot(TEMPERATURES, within, "--", color=COLOURS["orange"], label=f"weight within {region.note_radius:g}")
    ax.set_xscale("log")
    ax.set_xlim(TEMPERATURES[0], TEMPERATURES[-1])
    ax.set_ylim(0, 105)
    ticks = (0.03, 0.1, 0.3, 1.0)
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_xlabel("Temperature (in units of the ranges)")
    ax.set_ylabel("Share of training set (%)")


def draw_reach(ax: Axes, region: RegionWeights) -> None:
    """Training samples within a radius and within a box against how far these reach; two lines, and the truth's."""
    counts = np.array([[region.inside_radius(r).sum(), region.inside_box(100 * r).sum()] for r in REACH], dtype=float)
    counts = np.where(counts > 0, counts, np.nan)
    ax.plot(100 * REACH, counts[:, 0], color=COLOURS["blue"], label="within a radius")
    ax.plot(100 * REACH, counts[:, 1], "--", color=COLOURS["green"], label="within a box")
    if region.away is not None and region.word != "truth":
        for reach, colour, line in (
            (100 * float(region.truth_distance or 0.0), "blue", "-"),
            (float(region.away.max()), "green", "--"),
        ):
            ax.axvline(reach, color=COLOURS[colour], linestyle=line, linewidth=0.7, alpha=0.8, zorder=1)
        ax.plot([], [], color=COLOURS["grey"], linewidth=0.7, label="from here on with the truth")
    ax.set_yscale("log")
    ax.set_ylim(0.5, 2 * region.size)
    ax.set_xlim(0, 100 * REACH[-1])
    ax.set_xlabel("Radius, or half width of the box (% of range)")
    ax.set_ylabel("Training samples")


def _mark(colour: str, marker: str) -> dict[str, Any]:
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.6}
    return {
        "color": COLOURS[colour],
        "marker": marker,
        "linestyle": "none",
        "markersize": 6,
        "zorder": 4,
        "clip_on": False,
        **edge,
    }


def _plane(ax: Axes, region: RegionWeights, pair: tuple[str, str], radius: float, half_width: float) -> None:
    across, up = (PARAMETERS.index(name) for name in pair)
    fractions = 100 * SPACE.normalise(region.training)
    points = fractions + off_the_grid(fractions)
    near, boxed = region.inside_radius(radius), region.inside_box(half_width)
    dots: dict[str, Any] = {"linestyle": "none", "marker": ".", "markeredgewidth": 0}
    for rows, colour, size, label in (
        (~near & ~boxed, "light", 2.0, "training samples"),
        (near, "blue", 3.5, f"within radius {radius:g}"),
        (boxed, "green", 5.0, f"within ±{half_width:g} %"),
    ):
        label = label if rows.any() else f"{label} (none)"
        look: dict[str, Any] = {"color": COLOURS[colour], "markersize": size, "label": label, **dots}
        ax.plot(points[rows, across], points[rows, up], rasterized=len(points) > _CROWD, **look)
    here = 100 * SPACE.normalise(region.centre)[[across, up]]
    ax.add_patch(Circle(tuple(here), 100 * radius, fill=False, edgecolor=COLOURS["blue"], linewidth=0.9, zorder=3))
    corner = (here[0] - half_width, here[1] - half_width)
    box: dict[str, Any] = {"fill": False, "edgecolor": COLOURS["green"], "linewidth": 1.2, "zorder": 3}
    ax.add_patch(Rectangle(corner, 2 * half_width, 2 * half_width, **box))
    edge: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.6, "linestyle": "none", "zorder": 4}
    ax.plot(*here[:, None], marker="P", color=COLOURS["vermillion"], markersize=7, label="centre", **edge)
    if region.true is not None and region.word != "truth":
        true = 100 * SPACE.normalise(region.true)[[across, up]]
        ax.plot(*true[:, None], marker="*", color="black", markersize=10, label="truth", **edge)
    ax.set_aspect("equal")
    ax.set_xlim(-4, 104)
    ax.set_ylim(-4, 104)
    ax.set_xlabel(f"{pair[0]} (% of its range)")
    ax.set_ylabel(f"{pair[1]} (% of its range)")


def off_the_grid(fractions: FloatArray) -> FloatArray:
    """Small shifts (% of range) for a map of samples (n, 7), where points of a grid would lie on top of each other."""
    shifts = np.random.default_rng(0).uniform(-_SHIFT, _SHIFT, fractions.shape)
    gridded = [np.unique(np.round(column, 2)).size < _GRID for column in fractions.T]
    return np.asarray(shifts * gridded)
