"""The numbers that a figure shows, read back from what was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PathCollection, QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

__all__ = ["drawn"]

FloatArray = NDArray[np.float64]

_COLUMNS = ["panel", "x_axis", "y_axis", "kind", "series", "x", "y", "x_end", "y_end", "value"]


def drawn(figure: Figure) -> pd.DataFrame:
    """Every line, marker, bar, band and map of a figure as numbers.

    Parameters
    ----------
    figure : Figure

    Returns
    -------
    pandas.DataFrame
        Columns panel (from 1, in the order of drawing), x_axis and y_axis (their labels, in one line), kind, series
        (its label in the legend, else its number in the panel), x, y, x_end and y_end (of bars and of a line across a
        panel: NaN where it has none), value (of maps and coloured markers). Contours are left out: they are no
        numbers but drawn from some; and so are crowds of points that are pictures in a PDF, too (rasterized).
    """
    parts = []
    for number, ax in enumerate(_all_axes(figure), 1):
        for i, (kind, artist, values) in enumerate(_series(ax), 1):
            rows = np.full((len(values), 5), np.nan)
            rows[:, : values.shape[1]] = values
            part = pd.DataFrame(rows, columns=_COLUMNS[5:])
            label = _line(artist.get_label())
            head: list[int | str] = [
                number,
                _line(ax.get_xlabel()),
                _line(ax.get_ylabel()),
                kind,
                str(i) if label.startswith("_") else label,
            ]
            for place, (name, value) in enumerate(zip(_COLUMNS[:5], head, strict=True)):
                part.insert(place, name, value)
            parts.append(part)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)


def _line(text: object) -> str:
    """A label in one line: what reads a table line by line (gnuplot, awk) takes a line break for a row's end."""
    return str(text).replace("\n", " ")


def _all_axes(figure: Figure) -> list[Axes]:
    axes = list(figure.axes)
    for ax in axes:  # grows: insets have insets
        axes += [child for child in ax.child_axes if isinstance(child, Axes) and child not in axes]
    return axes


def _series(ax: Axes) -> Iterator[tuple[str, Any, FloatArray]]:
    """Kind, artist and numbers (n, 2 to 5) of what an axes holds and shows."""
    for artist in ax.get_children():
        if not artist.get_visible() or artist.get_rasterized():
            continue
        if isinstance(artist, Line2D):
            x_data, y_data = artist.get_transform().contains_branch_seperately(ax.transData)
            values = np.column_stack([_floats(artist.get_xdata(), x_data), _floats(artist.get_ydata(), y_data)])
            if x_data or y_data:
                yield "line", artist, values[:1] if not (x_data and y_data) else values
        elif isinstance(artist, AxesImage):
            yield "map", artist, _pixels(artist)
        elif isinstance(artist, Collection) and not isinstance(artist, ContourSet):
            yield from _collection(artist, ax)
        elif (
            isinstance(artist, Rectangle)
            and artist is not ax.patch
            and artist.get_transform().contains_branch(ax.transData)
        ):
            (x, y), w, h = artist.get_xy(), artist.get_width(), artist.get_height()
            yield "bar", artist, np.array([[x, y, x + w, y + h]])


def _collection(artist: Collection, ax: Axes) -> Iterator[tuple[str, Any, FloatArray]]:
    if isinstance(artist, QuadMesh):
        corners = np.asarray(artist.get_coordinates(), dtype=np.float64)
        middle = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
        yield "map", artist, _valued(middle.reshape(-1, 2), artist)
        return
    if artist.get_offset_transform().contains_branch(ax.transData):
        kind = "markers" if isinstance(artist, PathCollection) else "map"
        yield kind, artist, _valued(np.asarray(np.ma.filled(artist.get_offsets(), np.nan), dtype=np.float64), artist)
    elif artist.get_transform().contains_branch(ax.transData):
        kind = "segment" if isinstance(artist, LineCollection) else "band"
        for path in artist.get_paths():
            vertices = np.asarray(path.vertices, dtype=np.float64)
            if len(vertices):
                yield kind, artist, vertices


def _valued(places: FloatArray, artist: Collection) -> FloatArray:
    """Places (n, 2) with their values, where colours stand for some."""
    colours = artist.get_array()
    if colours is None or np.size(colours) != len(places):
        return places
    values = np.ma.filled(np.ma.asarray(colours, dtype=np.float64), np.nan).ravel()
    return np.column_stack([places, np.full((len(places), 2), np.nan), values])


def _pixels(image: AxesImage) -> FloatArray:
    array = np.ma.filled(np.ma.asarray(image.get_array(), dtype=np.float64), np.nan)
    if array.ndim == 3:
        return np.empty((0, 2))
    left, right, bottom, top = image.get_extent()
    n_y, n_x = array.shape
    if image.origin == "upper":
        bottom, top = top, bottom
    x = left + (np.arange(n_x) + 0.5) * (right - left) / n_x
    y = bottom + (np.arange(n_y) + 0.5) * (top - bottom) / n_y
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return np.column_stack([places, np.full((len(places), 2), np.nan), array.ravel()])


def _floats(values: Any, is_data: bool) -> FloatArray:
    """Numbers on an axis; NaN for places that are fractions of the panel."""
    array: FloatArray = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
    return array if is_data else np.full_like(array, np.nan)
