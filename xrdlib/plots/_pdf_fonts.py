"""PDF files in half the time: fonts are embedded without the tables that only a layout program needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Any

from fontTools import subset, ttLib  # type: ignore[import-untyped]

__all__ = ["slim_fonts"]

# ligatures, positions, kerning: a PDF's glyphs are chosen and placed already, and its readers do not look
_LAYOUT = ("GSUB", "GPOS", "GDEF", "kern")


@contextmanager
def slim_fonts() -> Iterator[None]:
    """While the block runs, what matplotlib embeds into a PDF is cut from fonts without their layout tables.

    Cutting these down to a figure's few glyphs takes longer than to draw it. The font itself is embedded as before.
    """
    whole = subset.load_font

    def load(file: Any, options: Any, **others: Any) -> Any:
        number = getattr(options, "font_number", 0)
        if others or not isinstance(file, str) or number > 0:  # a call other than matplotlib's
            return whole(file, options, **others)
        return whole(BytesIO(_slim(str(file))), options)

    subset.load_font = load
    try:
        yield
    finally:
        subset.load_font = whole


@cache
def _slim(file: str) -> bytes:
    with ttLib.TTFont(file, recalcTimestamp=False) as font:
        for name in _LAYOUT:
            if name in font:
                del font[name]
        buffer = BytesIO()
        font.save(buffer)
    return buffer.getvalue()
