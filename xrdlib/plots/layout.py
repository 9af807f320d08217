"""Whether the words of a figure can be read: all of them on the page, none over another, none too small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis, Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

__all__ = ["layout_problems"]

FloatArray = NDArray[np.float64]

_SHRINK = 0.96  # a text's box has some air above and below
_OFF_PAGE = 1.0  # pixels, of antialiasing
_SMALLEST = 6.0  # points


class _Word(NamedTuple):
    """A text that is drawn: its box along the page, and its four corners, which may be turned, (4, 2)."""

    text: str
    box: Bbox
    corners: FloatArray
    size: float
    cut: bool
    legend: Legend | None


def layout_problems(figure: Figure, *, smallest: float = _SMALLEST) -> list[str]:
    """What is wrong with the words of a figure as it would be drawn: one sentence each.

    Tick labels, labels, titles, annotations and legends are looked at, each as the renderer places it; a text that
    is turned counts as the slanted box that it fills.

    Parameters
    ----------
    figure : Figure
        Drawn on the way.
    smallest : float
        Size of letters, points, below which they count as illegible.

    Returns
    -------
    list of str
        Empty where every text is inside the figure and its clip box, overlaps neither another text nor a legend of
        which it is no part, and is large enough.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw(renderer)
    words = list(_words(figure, renderer, None))
    page = figure.bbox
    found = []
    for word in words:
        if word.size < smallest:
            found.append(f"{word.text!r}: {word.size:.1f} pt, below {smallest:g}")
        if word.cut:
            found.append(f"{word.text!r}: cut off by its axes")
        out = max(page.x0 - word.box.x0, page.y0 - word.box.y0, word.box.x1 - page.x1, word.box.y1 - page.y1)
        if out > _OFF_PAGE:
            found.append(f"{word.text!r}: {out * 25.4 / figure.dpi:.1f} mm outside the figure")
    for i, one in enumerate(words):
        found += [f"{one.text!r} and {other.text!r}: overlap" for other in words[:i] if _overlap(one, other)]
    legends = {id(word.legend): word.legend for word in words if word.legend is not None}
    for legend in legends.values():
        box = _corners(legend.get_window_extent(renderer).shrunk(_SHRINK, _SHRINK))
        strangers = (word for word in words if word.legend is not legend)
        found += [f"{word.text!r}: over a legend" for word in strangers if not _apart(word.corners, box)]
    return found


def _words(artist: Artist, renderer: Any, legend: Legend | None) -> Iterator[_Word]:
    """The texts of an artist and of what belongs to it, those that are drawn."""
    if not artist.get_visible():
        return
    if isinstance(artist, Legend):
        legend = artist
    if isinstance(artist, Text):
        if artist.get_text().strip() and (word := _word(artist, renderer, legend)) is not None:
            yield word
        return
    for child in _children(artist):
        yield from _words(child, renderer, legend)


def _children(artist: Artist) -> list[Artist]:
    """What is drawn with an artist."""
    if isinstance(artist, Axis):
        low, high = sorted(artist.get_view_interval())
        slack = 1e-9 * (high - low)
        ticks = [*artist.get_major_ticks(), *artist.get_minor_ticks()]  # some exist beyond the ends, and are not drawn
        shown: list[Tick] = [tick for tick in ticks if low - slack <= tick.get_loc() <= high + slack]
        return [artist.label, artist.offsetText, *shown]
    children = list(artist.get_children())
    if isinstance(artist, Axes) and not artist.axison:
        children = [child for child in children if not isinstance(child, Axis)]
    return children


def _word(text: Text, renderer: Any, legend: Legend | None) -> _Word | None:
    whole, seen = text.get_window_extent(renderer), text.get_tightbbox(renderer)
    if seen is None or seen.width <= 0 or seen.height <= 0:
        return None  # an annotation of a point that is out of view
    cut = seen.width < whole.width - _OFF_PAGE or seen.height < whole.height - _OFF_PAGE
    angle = text.get_rotation()
    if angle % 90:
        text.set_rotation(0)
        level = text.get_window_extent(renderer)
        text.set_rotation(angle)
        # a turned box and the box along the page around it have one centre
        middle, half = np.array([(whole.x0 + whole.x1) / 2, (whole.y0 + whole.y1) / 2]), (level.width, level.height)
        straight = _corners(Bbox.from_bounds(-half[0] / 2, -half[1] / 2, *half).shrunk(_SHRINK, _SHRINK))
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        corners = middle + straight @ np.array([[c, s], [-s, c]])
    else:
        corners = _corners(whole.shrunk(_SHRINK, _SHRINK))
    return _Word(text.get_text(), seen, corners, float(text.get_fontsize()), cut, legend)


def _corners(box: Bbox) -> FloatArray:
    return np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])


def _overlap(one: _Word, other: _Word) -> bool:
    return not _apart(one.corners, other.corners)


def _apart(one: FloatArray, other: FloatArray) -> bool:
    """Whether two rectangles, turned or not, are apart: a side of one of them has the other on its far side."""
    for corners in (one, other):
        for side in (corners[1] - corners[0], corners[3] - corners[0]):
            a, b = one @ side, other @ side
            if a.max() <= b.min() or b.max() <= a.min():
                return True
    return False
