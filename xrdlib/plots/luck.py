"""How much of a regret is left when the epoch is chosen elsewhere, and what regret noise alone brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib.plots.style import COLOURS, COLUMN, PAGE, legend_above, new_figure, styled

if TYPE_CHECKING:
    from xrdlib.diagnostics import Luck

__all__ = ["plot_luck"]

_LOOK = {"experiment": ("vermillion", "o", -0.13), "test samples": ("blue", "s", 0.13)}
_LOWEST = -150.0  # %: further below final than this (or above its opposite) is drawn at the edge


@styled
def plot_luck(luck: Luck, *, width: float = PAGE) -> Figure:
    """Share of the regret kept by what the epoch was chosen on; and the regrets that noise alone brings.

    Parameters
    ----------
    luck : Luck
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Left (above, in a narrow figure) points with their 95 % intervals, 0 % being as good as final; right a
        histogram of the regrets of traces that never rise but are as noisy as this one, where that is defined.
    """
    if width > 12:
        figure = new_figure(width, 0.42 * width)
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    else:
        figure = new_figure(width, 1.35 * width)
        left, right = figure.subplots(2, 1, height_ratios=(1.5, 1))
    _shares(left, luck)
    _noise(right, luck)
    legend_above(figure, [left, right], min(width, 1.2 * COLUMN))
    return figure


def _shares(ax: Axes, luck: Luck) -> None:
    ways = list(dict.fromkeys(t.chosen_on for t in luck.transfers))
    ax.axvspan(_LOWEST - 15, 0, color=COLOURS["light"], alpha=0.5, linewidth=0, zorder=0, label="worse than final")
    ax.axvline(100, color=COLOURS["grey"], linestyle=":", linewidth=0.8, zorder=1)
    for scored_on, (colour, marker, shift) in _LOOK.items():
        found = [t for t in luck.transfers if t.scored_on == scored_on and not np.isnan(t.share.value)]
        y = np.array([ways.index(t.chosen_on) + shift for t in found])
        value, low, high = np.clip(np.array([t.share for t in found]).reshape(-1, 3).T, _LOWEST, -_LOWEST)
        ax.hlines(y, low, high, color=COLOURS[colour], linewidth=1.2)
        ax.plot(value, y, marker, color=COLOURS[colour], markersize=4.5, zorder=3, label=scored_on)
    ax.set_yticks(range(len(ways)), [_two_lines(way) for way in ways])
    ax.set_ylim(max(len(ways), 1) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ends = np.array([(t.share.value, t.share.low, t.share.high) for t in luck.transfers]).ravel()
    ends = np.append(ends[np.isfinite(ends)], [-20, 110])
    ax.set_xlim(max(_LOWEST, 1.1 * ends.min()), min(1.1 * ends.max(), -_LOWEST))
    ax.set_xlabel("Share of the regret kept (%)")
    ax.set_ylabel("Epoch chosen on")


def _noise(ax: Axes, luck: Luck) -> None:
    wobble = luck.wobble
    percent = luck.unit.startswith("%")
    ax.set_xlabel("Regret (% of range)" if percent else "Regret (RMSE of log₁₀ intensity)")
    ax.set_ylabel("Noisy traces (%)")
    ax.axvline(wobble.regret, color=COLOURS["vermillion"], linestyle="--", label="regret seen", zorder=3)
    if wobble.drawn.size:
        share = np.full(wobble.drawn.size, 100 / wobble.drawn.size)
        ax.hist(wobble.drawn, bins=30, weights=share, color=COLOURS["sky"], label="regret of noise alone")
    ax.set_xlim(left=0)


def _two_lines(text: str) -> str:
    """Long labels in two lines, broken where that makes them most even."""
    words = text.split(" ")
    if len(text) < 18:
        return text
    halves = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return "\n".join(min(halves, key=lambda pair: max(map(len, pair))))
