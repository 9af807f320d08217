"""What the remedies are worth, at every place where they were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from xrdlib.plots.style import COLOURS, PAGE, legend_columns, new_figure, styled

if TYPE_CHECKING:
    from xrdlib.remedies import RemedySummary

__all__ = ["plot_remedies"]

_MARK: dict[str, Any] = {"marker": "o", "markersize": 3.5, "linestyle": "none"}
_LEGEND: tuple[tuple[str, dict[str, Any]], ...] = (
    ("clear", {"color": COLOURS["blue"]}),
    ("not clear", {"color": COLOURS["blue"], "markerfacecolor": "white"}),
    ("told more than curves tell", {"color": COLOURS["vermillion"]}),
)


@styled
def plot_remedies(summary: RemedySummary, *, width: float = PAGE) -> Figure:
    """Change of the error at each place, mean and 95 % interval over the trainings; filled where it is clear.

    Parameters
    ----------
    summary : RemedySummary
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        One row for each remedy, one panel for each place: side by side, in a column three to a row.
    """
    keys = [k for k in summary.keys if not k.startswith("answer")]
    places = summary.places
    wide = width > 12
    n_columns = len(places) if wide else 3
    n_rows = -(-len(places) // n_columns)
    figure = new_figure(width, n_rows * ((0.36 if wide else 0.32) * len(keys) + 1.3) + 1.3)
    axes = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
    for ax, place in zip(axes, places, strict=False):
        _panel(ax, summary, keys, place)
        ax.xaxis.set_major_locator(MaxNLocator(3 if wide else 2))
    for ax in axes[len(places) :]:
        ax.set_visible(False)
    axes[0].set_yticks(np.arange(len(keys))[::-1], keys)
    axes[0].set_ylim(-0.7, len(keys) - 0.3)
    figure.supxlabel("Change of the error (% of range, of profiles 10⁻³)", fontsize=7.5)
    handles = [Line2D([], [], label=label, **_MARK, **look) for label, look in _LEGEND]
    labels = [label for label, _ in _LEGEND]
    figure.legend(handles=handles, loc="outside upper center", ncols=legend_columns(labels, width))
    return figure


def _panel(ax: Axes, summary: RemedySummary, keys: list[str], place: str) -> None:
    for row, key in zip(range(len(keys))[::-1], keys, strict=True):
        change = summary.changes[key, place]
        d = change.difference
        colour = COLOURS["vermillion"] if summary.told(key, place) else COLOURS["blue"]
        ax.plot([d.low, d.high], [row, row], color=colour, linewidth=1, solid_capstyle="butt")
        ax.plot(d.value, row, color=colour, markerfacecolor=colour if change.clear else "white", **_MARK)
    ax.axvline(0, color=COLOURS["grey"], linewidth=0.7, zorder=0)
    name = place.removesuffix(" error").replace("_", " ")
    ax.set_title(name.replace(" profile", "\nprofile").replace(" measured", "\nmeasured"))
    ax.margins(x=0.12)
    ax.tick_params(axis="y", length=0)
