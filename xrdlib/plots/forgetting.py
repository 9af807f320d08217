"""A fine-tuning by epoch: what the experiment gains, and what all other curves lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from xrdlib.plots.style import COLOURS, PAGE, legend_columns, new_figure, plain, styled

if TYPE_CHECKING:
    from xrdlib.remedies import Forgetting

__all__ = ["plot_forgetting"]

_LOOK = (("vermillion", "o"), ("orange", "D"), ("purple", "v"), ("sky", "P"), ("black", "X"))
_TESTS = (("blue", "s", "-"), ("green", "^", "--"))


@styled
def plot_forgetting(found: Forgetting, *, experiment: str | None = None, width: float = PAGE) -> Figure:
    """Changes of the errors by epoch; and the exchange: the experiment's change against those of the test sets.

    Parameters
    ----------
    found : Forgetting
    experiment : str, optional
        Whose exchange is shown; by default the first.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Bands and bars are 95 % intervals over test samples. Below 0 is better than the network before. The grey line,
        where there is one, is the epoch that stopping early would keep.

    Raises
    ------
    ValueError
        For an experiment that is not tracked.
    """
    name = next(iter(found.experiments)) if experiment is None else experiment
    if name not in found.experiments:
        raise ValueError(f"experiment = {experiment!r}: one of {', '.join(found.experiments)} expected")
    if width > 12:
        figure = new_figure(width, 0.47 * width)
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    else:
        figure = new_figure(width, 1.75 * width)
        left, right = figure.subplots(2, 1)
    _changes(left, found)
    _exchange(right, found, name)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, width))
    return figure


def _changes(ax: Axes, found: Forgetting) -> None:
    ax.axhline(0, color=COLOURS["grey"], linewidth=0.7, zorder=1)
    for (colour, marker), (name, trace) in zip(_LOOK, found.experiments.items(), strict=False):
        look: dict[str, Any] = {"color": COLOURS[colour], "marker": marker, "markersize": 3.5, "label": plain(name)}
        ax.plot(found.epochs, trace - trace[0], linewidth=0.9, **look)
    for (colour, marker, line), (name, changes) in zip(_TESTS, found.changes.items(), strict=False):
        value, low, high = np.array(changes).T
        ax.fill_between(found.epochs, low, high, color=COLOURS[colour], alpha=0.25, linewidth=0)
        look = {"color": COLOURS[colour], "marker": marker, "markersize": 3.5, "label": f"{name} test set"}
        ax.plot(found.epochs, value, line, linewidth=1.4, zorder=3, **look)
    if found.stop < found.last:
        ax.axvline(
            found.stop,
            color=COLOURS["grey"],
            linestyle=":",
            linewidth=1.2,
            zorder=1,
            label=f"stopping early: epoch {found.stop}",
        )
    ax.set_xlabel("Epoch of the fine-tuning")
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    ax.set_ylabel("Change of the error (% of range)")


def _exchange(ax: Axes, found: Forgetting, name: str) -> None:
    change = found.experiments[name] - found.experiments[name][0]
    ax.axhline(0, color=COLOURS["grey"], linewidth=0.7, zorder=1)
    ax.axvline(0, color=COLOURS["grey"], linewidth=0.7, zorder=1)
    for (colour, marker, line), changes in zip(_TESTS, found.changes.values(), strict=False):
        value, low, high = np.array(changes).T
        bars = [value - low, high - value]
        look: dict[str, Any] = {"color": COLOURS[colour], "marker": marker, "markersize": 3.5, "linestyle": line}
        ax.errorbar(value, change, xerr=bars, linewidth=0.9, elinewidth=0.6, **look)
    first = next(iter(found.changes.values()))
    ends = {found.stop, found.last} - {0, 1}
    apart = len(ends) < 2 or abs(change[found.stop] - change[found.last]) > 0.1 * np.ptp(change)
    for epoch in sorted({1, found.stop, found.last} - {0}):
        # the way out on its left, where it leads on its right
        side = -1 if epoch == 1 else 1
        place: dict[str, Any] = {"textcoords": "offset points", "fontsize": 6.5, "va": "center", "zorder": 5}
        end = first[epoch].low if side < 0 else first[epoch].high
        ha = "right" if side < 0 else "left"
        up = 0.0
        if not apart and epoch in ends:
            other = found.stop + found.last - epoch
            up = 5.5 if (change[epoch], other) > (change[other], epoch) else -5.5
        text = ax.annotate(f"epoch {epoch}", (end, change[epoch]), (4 * side, up), ha=ha, **place)
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])
    ax.set_xlabel("Change over the test set (% of range)")
    ax.set_ylabel(f"Change of {plain(name)} (% of range)")
    ax.margins(x=0.2, y=0.12)
