"""The decision tree as an outline, the way taken and the numbers behind it marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray

from xrdlib.plots.style import COLOURS, PAGE, new_figure, styled

if TYPE_CHECKING:
    from xrdlib.diagnostics import Decision
    from xrdlib.diagnostics.decision._tree import Place, Ways

__all__ = ["DrawnTree", "draw_tree", "plot_decision", "tree_height"]

_ROW, _LEGEND = 0.44, 0.6  # cm
_BESIDE = 0.66  # of the width, where numbers and remedies stand in a wide figure
# of lines and marks; of texts
_LOOK: dict[str, tuple[dict[str, Any], str]] = {
    "taken": ({"color": COLOURS["vermillion"], "linewidth": 2.2, "linestyle": "-", "zorder": 3}, "black"),
    "open": ({"color": COLOURS["blue"], "linewidth": 1.6, "linestyle": (0, (2, 1.2)), "zorder": 2.5}, COLOURS["blue"]),
    "left": ({"color": COLOURS["light"], "linewidth": 1.0, "linestyle": "-", "zorder": 2}, COLOURS["grey"]),
}
_NAMES = {"taken": "taken", "open": "depends on an open answer", "left": "not taken"}


class _Drawn(NamedTuple):
    """What stands for one place: the way to it from the place above, shape (n, 2), its mark, and its texts."""

    place: Place
    way: NDArray[np.float64]
    mark: Line2D
    texts: tuple[Text, ...]


class DrawnTree:
    """A drawn tree, whose marks can be moved to another decision.

    Parameters
    ----------
    ax : Axes
        Filled by the tree.
    decision : Decision
        Whose numbers are written beside its questions.
    width, height : float
        Of the axes, cm.
    """

    def __init__(self, ax: Axes, decision: Decision, width: float, height: float) -> None:
        ax.set(xlim=(0, width), ylim=(height, 0))
        ax.axis("off")
        self._indent = 0.75 if _wide(width) else 0.28
        self._beside = _BESIDE * width if _wide(width) else None
        # one line for each look, each over the last: two ways share a part of their trunk
        self._ways = {s: ax.plot([], [], solid_joinstyle="miter", **_LOOK[s][0])[0] for s in ("left", "open", "taken")}
        self._places: list[_Drawn] = []
        y, rows = 0.5 * _ROW, {}
        for place in decision.places:
            rows[place.ways] = y
            self._places.append(self._draw(ax, decision, place, rows))
            y += _ROW * _lines(decision, place, width)
        self.show(decision)

    @property
    def moving(self) -> list[Artist]:
        """Everything that `show` may change, in the order in which it is drawn."""
        return [
            *self._ways.values(),
            *(d.mark for d in self._places),
            *(text for d in self._places for text in d.texts),
        ]

    def show(self, decision: Decision) -> None:
        """Mark the way of a decision."""
        states = [decision.state(drawn.place) for drawn in self._places]
        for state, line in self._ways.items():
            gap = np.full((1, 2), np.nan)
            parts = [part for d, s in zip(self._places, states, strict=True) if s == state for part in (d.way, gap)]
            line.set_data(*np.concatenate([gap, *parts]).T)
        for (place, _, mark, texts), state in zip(self._places, states, strict=True):
            look, colour = _LOOK[state]
            mark.set_color(look["color"])
            for text in texts:
                text.set_color(colour)
            texts[0].set_fontweight("bold" if place.leaf is not None and state != "left" else "normal")

    def _draw(self, ax: Axes, decision: Decision, place: Place, rows: dict[Ways, float]) -> _Drawn:
        y, depth = rows[place.ways], len(place.ways)
        x = 0.12 + depth * self._indent
        left, above = x - self._indent, rows[place.ways[:-1]]
        way = np.array([(left, above), (left, y), (x, y)] if place.ways else []).reshape(-1, 2)
        (mark,) = ax.plot([x], [y], "o" if place.leaf is None else "s", markersize=3.4, zorder=4)
        at: dict[str, Any] = {"va": "center_baseline", "ha": "left"}
        texts = [ax.text(x + 0.15, y, place.text, **at)]
        where = (x + 0.15, y + _ROW) if self._beside is None else (self._beside, y)
        if beside := _note(decision, place, self._beside is not None):
            texts.append(ax.text(*where, beside, fontsize=6.5, fontstyle="italic", **at))
        return _Drawn(place, way, mark, tuple(texts))


def draw_tree(
    figure: Figure, decision: Decision, width: float, height: float, *, every_look: bool = False
) -> DrawnTree:
    """Draw into an empty figure of a size in cm; above it a legend, of looks that do not occur, too, where asked."""
    top = 1 - _LEGEND / height
    ax = figure.add_axes((0, 0, 1, top))
    figure.set_layout_engine("none")
    tree = DrawnTree(ax, decision, width, height - _LEGEND)
    states = {decision.state(place) for place in decision.places}
    shown = [state for state in _LOOK if every_look or state in states]
    look = {state: {k: v for k, v in _LOOK[state][0].items() if k != "zorder"} for state in shown}
    handles = [Line2D([], [], label=_NAMES[state], **look[state]) for state in shown]
    figure.legend(handles=handles, loc="upper left", ncols=len(handles), handlelength=1.8, columnspacing=1.0)
    return tree


def tree_height(decision: Decision, width: float) -> float:
    """Of the whole figure, cm."""
    return _LEGEND + _ROW * sum(_lines(decision, place, width) for place in decision.places)


def _wide(width: float) -> bool:
    return width > 12


def _note(decision: Decision, place: Place, wide: bool) -> str:
    """What stands beside a place, or below it: numbers behind an answer; remedies where there is room."""
    if place.leaf is not None:
        return ", ".join(place.leaf.remedies) if wide else ""
    answer = decision.answers[str(place.question)]
    return answer.short + (", borderline" if answer.borderline else "")


def _lines(decision: Decision, place: Place, width: float) -> int:
    return 2 if not _wide(width) and _note(decision, place, False) else 1


@styled
def plot_decision(decision: Decision, *, width: float = PAGE) -> Figure:
    """The whole tree, the way taken in red, what depends on an open answer in blue, the rest grey.

    Parameters
    ----------
    decision : Decision
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        From each question its two answers branch off below it; squares are ends. Beside a question that was measured
        (beneath it, in a narrow figure) stand its numbers, beside an end the keys of its remedies.
    """
    height = tree_height(decision, width)
    figure = new_figure(width, height)
    draw_tree(figure, decision, width, height)
    return figure
