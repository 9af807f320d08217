"""Tables of numbers in text files: encoding, comments, headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.readers.commas import DataLines, Ways, choose, is_numeric, ways_of
from xrdlib.data.readers.raw import CurveFormatError, line_error

__all__ = ["Table", "read_table"]


@dataclass(frozen=True)
class Table:
    """Numbers of a text file and how they were read.

    Attributes
    ----------
    values : ndarray, shape (n, n_columns)
    lines : tuple of int
        Line number of each row in the file, from 1.
    separator, decimal, encoding : str
        As used; separator "whitespace" covers blanks and tabs.
    indexed : bool
        Each line was ``index -> value``; the index is not among the columns.
    header, comments : tuple of str
        Text lines before the first number; comment lines without their mark.
    warnings : tuple of str
    """

    values: NDArray[np.float64]
    lines: tuple[int, ...]
    separator: str
    decimal: str
    encoding: str
    indexed: bool
    header: tuple[str, ...]
    comments: tuple[str, ...]
    warnings: tuple[str, ...]


_INDEX = re.compile(r"([0-9]+)\s*(?:->|=>|\u2192|:|=)\s*(.+)")
_COMMENT = re.compile(r"(?:#|;|%|!|//)\s*(.*)")
_INLINE_COMMENT = re.compile(r"\s+(?:#|%|!|//).*")
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|[A-Z/0]+[!?])")


def read_table(
    raw: bytes,
    *,
    separator: str | None = None,
    decimal: str | None = None,
    skip: int = 0,
) -> Table:
    """Read the columns of numbers of a text file.

    Parameters
    ----------
    raw : bytes
        UTF-8 (with or without BOM), UTF-16 with BOM, or Latin-1; any line ends.
    separator : {" ", "\\t", ";", ","}, optional
        Found by itself where the file leaves no doubt; " " is any white space.
    decimal : {".", ","}, optional
        Likewise.
    skip : int
        Lines to leave out at the top.

    Returns
    -------
    Table

    Raises
    ------
    CurveFormatError
        If the file holds no numbers, text among them, lines of unlike length, an index that skips, or commas
        that can be read in two ways.
    """
    ways = ways_of(separator, decimal)
    if skip < 0:
        raise CurveFormatError(f"skip: {skip} given; a number of lines, 0 or more, expected")
    text, encoding = decoded(raw)
    lines = re.split(r"\r\n|\n|\r", text)
    comments, warnings = _comments(lines, ways, skip)
    header, data, indexed = _data_lines(lines, ways, skip)
    chosen = choose(data, ways)
    return Table(
        values=chosen.array(),
        lines=tuple(number for number, _ in data),
        separator=chosen.separator,
        decimal=chosen.decimal,
        encoding=encoding,
        indexed=indexed,
        header=header,
        comments=comments,
        warnings=warnings,
    )


def decoded(raw: bytes) -> tuple[str, str]:
    """Text of a file, and its encoding."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16", "latin-1"]
    else:
        encodings = ["utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8", "latin-1"]
    for encoding in encodings:  # Latin-1 decodes anything
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if not text.strip():
        raise CurveFormatError("the file is empty; a text file with numbers is expected")
    if "\0" in text:
        raise CurveFormatError("not a text file; export the curve as text")
    return text.replace("\u2212", "-"), encoding


def _comments(lines: list[str], ways: Ways, skip: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Comment lines without their mark, and warnings about numbers among them."""
    comments, warnings, in_data = [], [], False
    for number, line in enumerate(lines[skip:], start=skip + 1):
        if comment := _comment(line):
            comments.append(comment[1].rstrip())
            if in_data and is_numeric(comment[1].strip(), ways):
                warnings.append(
                    f"line {number}: a commented-out number was skipped; without an angle column all points "
                    "after it are one step off"
                )
        else:
            in_data = in_data or is_numeric(_without_index(line), ways)
    return tuple(comments), tuple(warnings)


def _comment(line: str) -> re.Match[str] | None:
    line = line.strip()
    return None if _SPREADSHEET_ERROR.match(line) else _COMMENT.fullmatch(line)


def _without_index(line: str) -> str:
    indexed = _INDEX.fullmatch(_INLINE_COMMENT.sub("", line.strip()))
    return indexed[2] if indexed else _INLINE_COMMENT.sub("", line.strip())


def _data_lines(lines: list[str], ways: Ways, skip: int) -> tuple[tuple[str, ...], DataLines, bool]:
    """Header lines, lines with data without their index, and whether they had one."""
    kept = [(number, _INLINE_COMMENT.sub("", line.strip())) for number, line in enumerate(lines, start=1)]
    kept = [(number, line) for number, line in kept[skip:] if line and not _comment(line)]
    first = next((i for i, (_, line) in enumerate(kept) if is_numeric(_without_index(line), ways)), None)
    if first is None:
        raise CurveFormatError(
            "no line of numbers found; is it the curve's text file? (separator= and decimal=, if given, must "
            "be those of the file)"
        )
    header, data = tuple(line for _, line in kept[:first]), kept[first:]
    indices = [_INDEX.fullmatch(line) for _, line in data]
    if not any(indices):
        return header, data, False
    expected = int(indices[0][1]) if indices[0] else None
    for (number, line), index in zip(data, indices, strict=True):
        if index is None or expected is None:
            raise line_error(number, line, "all lines must be 'index -> value' if some are")
        if int(index[1]) != expected:
            raise line_error(number, line, f"index {expected} expected; a point is missing or out of order")
        expected += 1
    return header, [(number, _without_index(line)) for number, line in data], True
