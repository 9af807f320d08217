"""The one style of every figure, and how a figure is saved: nothing here changes matplotlib's global state."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from matplotlib import get_backend
from matplotlib import style as mpl_style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib._version import __version__
from xrdlib.plots._pdf_fonts import slim_fonts

__all__ = [
    "COLOURS",
    "COLUMN",
    "PAGE",
    "XrdFigure",
    "axes_for",
    "legend_above",
    "legend_columns",
    "new_figure",
    "plain",
    "save_figure",
    "style",
    "styled",
]

P = ParamSpec("P")
T = TypeVar("T")

COLUMN, PAGE = 8.6, 17.0  # cm
_INCH = 2.54  # cm
_WIDGETS = ("widget", "ipympl", "module://ipympl.backend_nbagg")  # names of one of matplotlib's backends
_STYLE = Path(__file__).with_name("xrdlib.mplstyle")
_PROGRAM = f"xrdlib {__version__}"
# dates would make every file differ from the last
_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": _PROGRAM},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": _PROGRAM},
    "svg": {"Date": None, "Creator": _PROGRAM},
}

COLOURS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#767676",
    "light": "#D0D0D0",
    "navy": "#003B5C",
}


def style() -> AbstractContextManager[None]:
    """The library's style for the length of a ``with`` block; matplotlib's settings are as before after it.

    It stands on matplotlib's defaults: what a user has set in a matplotlibrc or with ``rcParams`` does not enter.
    """
    return mpl_style.context(["default", _STYLE])


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator: the function runs inside `style`."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        with style():
            return function(*args, **kwargs)

    return inside


class XrdFigure(Figure):
    """A figure that pyplot does not know and that is always drawn in the library's style.

    matplotlib reads part of its settings (fonts, ticks) only when it draws; a notebook shows the figure without
    pyplot ever having been imported: as a picture, or after ``%matplotlib widget`` to be panned and zoomed.
    """

    def draw(self, renderer: Any) -> None:
        """Draw in the library's style."""
        with style():
            super().draw(renderer)

    def savefig(self, fname: Any, **kwargs: Any) -> None:
        """Save in the library's style."""
        with style():
            super().savefig(fname, **kwargs)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        if get_backend(auto_select=False) not in _WIDGETS:
            return {}
        from ipympl.backend_nbagg import Canvas, FigureManager

        canvas: Any = self.canvas
        if not isinstance(canvas, Canvas):
            canvas = Canvas(self)
            FigureManager(canvas, 0)
        bundle: dict[str, Any] = canvas._repr_mimebundle_()
        return bundle

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi, metadata={"Software": None})
        return buffer.getvalue()


def new_figure(width: float, height: float) -> XrdFigure:
    """An empty figure of a size in cm."""
    if not (width > 0 and height > 0):
        raise ValueError(f"width = {width}, height = {height}: positive lengths in cm expected")
    with style():
        return XrdFigure(figsize=(width / _INCH, height / _INCH))


def axes_for(ax: Axes | None, width: float, height: float) -> tuple[Figure | Axes, Axes]:
    """What a one-panel plot returns, and where it draws: the given axes, or a new figure and its axes."""
    if ax is not None:
        return ax, ax
    figure = new_figure(width, height)
    return figure, figure.add_subplot()


def legend_columns(labels: Sequence[str], width: float) -> int:
    """Columns of a legend across a figure of a width in cm: as few rows as fit."""
    for n_rows in range(1, len(labels) + 1):
        # filled column by column; a character takes 1.4 mm, handle and gaps 11
        columns = [labels[i : i + n_rows] for i in range(0, len(labels), n_rows)]
        if sum(1.1 + 0.14 * max(map(len, column)) for column in columns) <= width:
            return len(columns)
    return 1


def legend_above(figure: Figure, axes: Sequence[Axes], width: float) -> None:
    """One legend of several axes across the top of a figure of a width in cm."""
    drawn = [ax.get_legend_handles_labels() for ax in axes]
    handles, labels = ([one for part in parts for one in part] for parts in zip(*drawn, strict=True))
    figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, width))


def plain(text: str) -> str:
    """A name from outside (a file, a study) as matplotlib text: its dollar signs are no mathematics."""
    return text.replace("$", r"\$")


def save_figure(
    figure: Figure, path: str | os.PathLike[str], kinds: Sequence[str] = ("png", "pdf")
) -> tuple[Path, ...]:
    """Write a figure as files that need nothing else; equal figures give equal bytes, and one layout all kinds.

    Parameters
    ----------
    figure : Figure
    path : path-like
        Without suffix; ``.png`` and so on are appended.
    kinds : sequence of {"png", "pdf", "svg"}
        PNG at 300 dpi; PDF with embedded fonts (TrueType); SVG with letters as outlines, because a font that is
        embedded in an SVG is ignored by most programs that read one, and another font would not fit the layout.

    Returns
    -------
    tuple of Path
        One for each kind.

    Raises
    ------
    ValueError
        For another kind.
    OSError
        If the folder is missing or cannot be written; existing files are then as they were.
    """
    base = Path(path)
    if unknown := [kind for kind in kinds if kind not in _METADATA]:
        raise ValueError(f"kinds: {', '.join(unknown)} unknown; there are {', '.join(_METADATA)}")
    if not base.parent.is_dir():
        raise FileNotFoundError(f"{base}: the folder {base.parent} does not exist")
    contents = {}
    engine = figure.get_layout_engine()
    with style(), slim_fonts():
        try:
            for kind in kinds:
                buffer = BytesIO()
                figure.savefig(buffer, format=kind, metadata=_METADATA[kind])
                contents[kind] = buffer.getvalue()
                figure.set_layout_engine("none")  # laid out once
        finally:
            figure.set_layout_engine(engine or "none")  # None would be the style's
    written = []
    for kind, data in contents.items():
        target = base.with_name(f"{base.name}.{kind}")
        draft = base.with_name(f".{base.name}.{kind}.{os.getpid()}")
        try:
            draft.write_bytes(data)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        written.append(target)
    return tuple(written)
