"""Figures as PNG in a widget: the one way of drawing that works in JupyterLab, Voila and nbval alike."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any

import ipywidgets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["Explorer", "Picture"]

DPI = 130  # a page's width is 870 pixels, letters 13


class Picture(ipywidgets.Image):  # type: ignore[misc]
    """A figure that is drawn again each time its lines have changed.

    The layout is found once and then kept, which halves the time of a drawing.
    """

    def __init__(self, figure: Figure) -> None:
        super().__init__(format="png", layout={"max_width": "100%", "object_fit": "contain"})
        figure.set_dpi(DPI)
        self._canvas = FigureCanvasAgg(figure)
        self._canvas.draw()  # type: ignore[no-untyped-call]
        figure.set_layout_engine("none")
        self.redraw()

    def redraw(self) -> None:
        """Render the figure into ``value``; equal figures give equal bytes."""
        buffer = BytesIO()
        # quick rather than small: the picture goes no further than the browser
        self._canvas.print_png(  # type: ignore[no-untyped-call]
            buffer, metadata={"Software": None}, pil_kwargs={"compress_level": 1}
        )
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
        super().__init__([ipywidgets.Box(controls, layout=wrap), ipywidgets.Box(pictures, layout=wrap), self.readout])

    @property
    def image(self) -> Picture:
        """The first picture."""
        return self.pictures[0]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": type(self).__name__, "image/png": b64encode(self.image.value).decode()}
