"""Which epoch each rule picks for a target, and what that gains over the final one on fresh draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from xrdlib.plots.style import COLOURS, PAGE, legend_columns, new_figure, styled
from xrdlib.plots.traces import epoch_axis

if TYPE_CHECKING:
    from xrdlib.remedies import Selection

__all__ = ["plot_selection"]

# rule: colour, marker and line on the trace, and its name
_LOOK = {
    "final": ("vermillion", "o", "-", "final"),
    "parameters": ("blue", "s", "--", "true parameters"),
    "curve": ("green", "^", "-.", "own curve"),
    "neighbours": ("purple", "D", ":", "neighbours"),
    "weighted": ("orange", "v", (0, (4, 1, 1, 1, 1, 1)), "weighted loss"),
}
_KINDS = ("o", "s", "^", "D")
_AXIS = {
    "parameters": "Gain in parameters\n(% of range)",
    "profile": "Gain in the profile\n(10⁻³ of strain)",
    "curve": "Gain in the curve\n(RMSE of log₁₀ intensity)",
}


@styled
def plot_selection(selection: Selection, *, width: float = PAGE) -> Figure:
    """The target's error at every epoch with what each rule picks; and the gains of these epochs over final.

    Parameters
    ----------
    selection : Selection
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        First the trace. Then by yardstick the gains on fresh draws with their 95 % intervals, right of the line being
        better than final; hollow where an epoch was scored on the very draw that picked it. The epochs are those of
        the table, which are others than on the trace where curves had to be recorded anew at the stored epochs. What
        is not defined is left out.
    """
    measures = [m for m in _AXIS if selection.scores and m in selection.scores[0].at_final]
    wide = width > 12
    if not measures:
        figure = new_figure(width, (0.4 if wide else 0.7) * width)
        axes = [figure.add_subplot()]
    elif wide:
        figure = new_figure(width, 0.62 * width)
        grid = figure.add_gridspec(2, len(measures))
        axes = [figure.add_subplot(grid[0, :]), *(figure.add_subplot(grid[1, i]) for i in range(len(measures)))]
    else:
        figure = new_figure(width, (0.75 + 0.45 * len(measures)) * width)
        ratios = (1.5, *[1] * len(measures))
        axes = list(np.atleast_1d(figure.subplots(1 + len(measures), 1, height_ratios=ratios)))
    _trace(axes[0], selection)
    for i, (ax, measure) in enumerate(zip(axes[1:], measures, strict=True)):
        _gains(ax, selection, measure, named=i == 0 or not wide)
    handles, labels = axes[0].get_legend_handles_labels()
    kinds = _kind_handles(selection)
    figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, width))
    if kinds:
        names = [str(k.get_label()) for k in kinds]
        figure.legend(handles=kinds, loc="outside lower center", ncols=legend_columns(names, width))
    return figure


def _trace(ax: Axes, selection: Selection) -> None:
    epochs = selection.epochs
    ax.plot(epochs, selection.trace, color="0.35", linewidth=0.8, marker="." if epochs.size < 30 else "", zorder=2)
    rows = {int(epoch): i for i, epoch in enumerate(epochs)}
    drawn: list[int] = []
    for rule, epoch in selection.picks.items():
        colour, marker, line, name = _LOOK[rule]
        told = ", told the truth" if rule in selection.told and rule != "parameters" else ""
        look: dict[str, Any] = {"color": COLOURS[colour], "label": f"{name}{told} (epoch {epoch})"}
        # rules that agree lie on one another: each is a little smaller than the last
        size = 6.0 - drawn.count(epoch)
        ax.axvline(epoch, color=COLOURS[colour], linestyle=line, linewidth=0.8, alpha=0.7, zorder=1)
        ax.plot([epoch], [selection.trace[rows[epoch]]], marker, markersize=size, zorder=3, clip_on=False, **look)
        drawn.append(epoch)
    ax.set_ylabel("Mean parameter error\n(% of range)" if selection.known else "Curve RMSE\n(log₁₀ intensity)")
    epoch_axis(ax)


def _gains(ax: Axes, selection: Selection, measure: str, *, named: bool) -> None:
    rules = list(selection.scores[0].gains)
    n = len(selection.scores)
    ax.axvline(0, color=COLOURS["grey"], linewidth=0.8, zorder=1)
    for k, scores in enumerate(selection.scores):
        shift = 0.22 * (k - (n - 1) / 2)
        for row, rule in enumerate(rules):
            colour = COLOURS[_LOOK[rule][0]]
            gain = scores.gains[rule][measure]
            if np.isfinite(gain.low):
                ax.hlines(row + shift, gain.low, gain.high, color=colour, linewidth=1.2, zorder=2)
            ax.plot([gain.value], [row + shift], _KINDS[k % len(_KINDS)], color=colour, markersize=4, zorder=3)
            if k == 0:
                seemed = scores.seemed[rule][measure]
                hollow: dict[str, Any] = {"markerfacecolor": "none", "markersize": 7, "markeredgewidth": 0.7}
                ax.plot([seemed], [row + shift], "o", color=colour, zorder=4, **hollow)
    ax.set_yticks(range(len(rules)), [_LOOK[rule][3] for rule in rules] if named else [""] * len(rules))
    ax.set_ylim(len(rules) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.1)
    ax.set_xlabel(_AXIS[measure])
    ax.xaxis.set_major_locator(MaxNLocator(4))


def _kind_handles(selection: Selection) -> list[Line2D]:
    """What the markers of the gains mean."""
    look: dict[str, Any] = {"color": "0.35", "linestyle": "none"}
    kinds = [
        Line2D([], [], marker=_KINDS[k % len(_KINDS)], markersize=4, label=_short(s.on), **look)
        for k, s in enumerate(selection.scores)
    ]
    if kinds:
        hollow = Line2D([], [], marker="o", markersize=7, markerfacecolor="none", label="where it was picked", **look)
        kinds.append(hollow)
    return kinds


def _short(on: str) -> str:
    return on.split(" (")[0]
