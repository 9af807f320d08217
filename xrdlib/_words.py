"""Small pieces of English that tables, sentences and figures share."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["first_line", "listed", "ordinal", "unprintable"]

_LONGEST = 100


def first_line(error: Exception) -> str:
    """What an error of another library says, in one line."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def listed(texts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def unprintable(name: object) -> str | None:
    """Why something is no name that can be printed, plotted and be part of a file's; None where it is one."""
    if not isinstance(name, str):
        return f"a {type(name).__name__} given, text expected"
    if not 1 <= len(name) <= _LONGEST:
        return f"{len(name)} characters given, 1 to {_LONGEST} expected"
    return None if name.isprintable() else f"{name!a} given, printable characters expected"


def ordinal(k: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th") if k % 100 not in (11, 12, 13) else "th"
    return f"{k}{ending}"
