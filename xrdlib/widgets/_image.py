"""Figures as PNG in a widget: the one way of drawing that works in JupyterLab, Voila and nbval alike."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.text import Text

__all__ = ["Explorer", "Picture", "moving_labels"]

DPI = 130  # a page's width is 870 pixels, letters 13
QUICK = {"compress_level": 1}
NO_VERSION: Any = {"Software": None}
# Voila has no style of its own for a table in a widget
STYLE = """<style>
.xrdlib-explorer table { border-collapse: collapse; margin: .3em 0; font-variant-numeric: tabular-nums }
.xrdlib-explorer :is(th, td) { padding: .1em .7em; text-align: right; line-height: 1.5; white-space: nowrap }
.xrdlib-explorer tbody th { text-align: left }
</style>"""


class Picture(ipywidgets.Image):  # type: ignore[misc]
    """A figure of which some lines move.

    Its layout is found once. What does not move (axes, numbers, legend: nine tenths of the time) is drawn again only
    when an axis has got other limits.

    Parameters
    ----------
    figure : Figure
    moving : sequence of Artist
        What `redraw` draws on top of the rest.
    """

    def __init__(self, figure: Figure, moving: Sequence[Artist]) -> None:
        super().__init__(format="png", layout={"max_width": "100%", "object_fit": "contain"})
        figure.set_dpi(DPI)
        self._figure, self._moving = figure, tuple(moving)
        self._canvas = FigureCanvasAgg(figure)
        self._canvas.draw()  # type: ignore[no-untyped-call]
        figure.set_layout_engine("none")
        for artist in self._moving:
            artist.set_animated(True)
        self._limits: list[tuple[float, float, float, float]] = []
        self._rest: Any = None

    def redraw(self) -> None:
        """Render the figure into ``value``; equal figures give equal bytes."""
        limits = [(*ax.get_xlim(), *ax.get_ylim()) for ax in self._figure.axes]
        if limits != self._limits:
            self._canvas.draw()  # type: ignore[no-untyped-call]
            self._rest = self._canvas.copy_from_bbox(self._figure.bbox)  # type: ignore[no-untyped-call]
            self._limits = limits
        self._canvas.restore_region(self._rest)  # type: ignore[no-untyped-call]
        renderer = self._canvas.get_renderer()  # type: ignore[no-untyped-call]
        for artist in self._moving:
            artist.draw(renderer)
        buffer = BytesIO()
        # without the software's version; quick rather than small: the picture goes no further than the browser
        imsave(buffer, np.asarray(renderer.buffer_rgba()), format="png", metadata=NO_VERSION, pil_kwargs=QUICK)
        self.value = buffer.getvalue()


class Explorer(ipywidgets.VBox):  # type: ignore[misc]
    """Base of the explorers: controls, pictures, and a read-out, from top to bottom.

    Where no widget can live (a notebook on a web page), the first picture as it was when the cell ran stands in.

    Attributes
    ----------
    pictures : tuple of Picture
    readout : ipywidgets.HTML
    """

    def __init__(self, controls: list[ipywidgets.Widget], *pictures: Picture) -> None:
        self.pictures = pictures
        self.readout = ipywidgets.HTML()
        wrap = {"display": "flex", "flex_flow": "row wrap"}
        rows = [ipywidgets.Box(controls, layout=wrap), ipywidgets.Box(pictures, layout=wrap)]
        super().__init__([*rows, ipywidgets.HTML(STYLE, layout={"display": "none"}), self.readout])
        for name in ("xrdlib-explorer", type(self).__name__):  # by which a page's style sheet, and a test, finds it
            self.add_class(name)

    @property
    def image(self) -> Picture:
        """The first picture."""
        return self.pictures[0]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": type(self).__name__, "image/png": b64encode(self.image.value).decode()}


def moving_labels(ax: Axes) -> list[Text]:
    """Labels of the two axes as texts that may change: an axis' own belong to what does not move."""
    across = ax.text(0.5, -0.13, "Dmax1 (% of its range)", transform=ax.transAxes, ha="center", va="top")
    up = ax.text(-0.16, 0.5, "Dmax1 (% of its range)", transform=ax.transAxes, ha="right", va="center", rotation=90)
    return [across, up]
