"""Tables of numbers in text files: encoding, comments, headers, separators, decimal marks.

A file is read in every way it could be meant (separator and decimal mark), and only a way in which each
line gives the same number of numbers is kept. What remains undecided is an error that says how to decide,
never a guess.

A comma is the separator if that is the only way to read the file (``1.5,2E-3``, ``1, 2``), and the decimal
mark if the fields are separated by something else (``1,5;2E-3``, ``1,5  2E-3``). One comma in every line and
nothing else (``1,5``) is decided by the numbers before it: an angle goes up (or down) in nearly equal steps,
which the whole part of an intensity with a peak cannot do. In between (nearly always up), and where each
comma is followed by three digits as in thousands (``1,234``), ``decimal=`` or ``separator=`` must say it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["CurveFormatError", "Table", "line_error", "read_table"]


class CurveFormatError(ValueError):
    """A curve that cannot be read or used; the message is one line that says what to do."""


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


_Ways = list[tuple[str, str]]  # separator, decimal mark
_Lines = list[tuple[int, str]]  # line number, text


class _Reading(NamedTuple):
    """Lines split at one separator with one decimal mark; a row is None where that does not give numbers."""

    separator: str
    decimal: str
    rows: list[list[float] | None]
    columns: int  # of most lines
    bad: list[int]  # rows that are None or of another length

    def array(self) -> NDArray[np.float64]:
        return np.array(self.rows, dtype=np.float64)


_EXPONENT = r"(?:[eEdD][+-]?[0-9]+)?"  # D: Fortran's, 1.0D-04
_SPECIAL = r"[+-]?(?:nan|inf|infinity)"
_NUMBER = {
    ".": re.compile(rf"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){_EXPONENT}|{_SPECIAL}", re.IGNORECASE),
    ",": re.compile(rf"[+-]?[0-9]+(?:,[0-9]+)?{_EXPONENT}|{_SPECIAL}", re.IGNORECASE),
}
_WAYS = [(s, d) for s in ("whitespace", ";", ",", "tab") for d in (".", ",") if s != d]
_SEPARATORS = {" ": "whitespace", "whitespace": "whitespace", "\t": "tab", "tab": "tab", ";": ";", ",": ","}
_INDEX = re.compile(r"([0-9]+)\s*(?:->|=>|\u2192|:|=)\s*(.+)")
_COMMENT = re.compile(r"(?:#|;|%|!|//)\s*(.*)")
_INLINE_COMMENT = re.compile(r"\s+(?:#|%|!|//).*")
_SPREADSHEET_ERROR = re.compile(r"#(?:N/A|[A-Z/0]+[!?])")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def read_table(
    path: str | os.PathLike[str],
    *,
    separator: str | None = None,
    decimal: str | None = None,
    skip: int = 0,
) -> Table:
    """Read the columns of numbers of a text file.

    Parameters
    ----------
    path : path-like
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
        If the file cannot be read, holds no numbers, text among them, lines of unlike length, an index
        that skips, or commas that can be read in two ways.
    """
    ways = _ways(separator, decimal)
    if skip < 0:
        raise CurveFormatError(f"skip: {skip} given; a number of lines, 0 or more, expected")
    try:
        text, encoding = _read_text(path)
        lines = re.split(r"\r\n|\n|\r", text)
        comments, warnings = _comments(lines, ways, skip)
        header, data, indexed = _data_lines(lines, ways, skip)
        chosen = _choose(data, ways)
    except CurveFormatError as error:
        raise CurveFormatError(f"{os.fspath(path)}: {error}") from None
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


def _ways(separator: str | None, decimal: str | None) -> _Ways:
    """The separators and decimal marks to try."""
    if separator is not None and separator not in _SEPARATORS:
        raise CurveFormatError(f"separator: {separator!r} given; ' ', '\\t', ';' or ',' expected")
    if decimal not in (None, ".", ","):
        raise CurveFormatError(f"decimal: {decimal!r} given; '.' or ',' expected")
    # a tab is white space like any other unless it is asked for
    wanted = {"whitespace", ";", ","} if separator is None else {_SEPARATORS[separator]}
    ways = [(s, d) for s, d in _WAYS if s in wanted and decimal in (None, d)]
    if not ways:
        raise CurveFormatError("separator and decimal are both ','; one of them must be another character")
    return ways


def _read_text(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Text of the file, and its encoding."""
    if os.path.isdir(path):
        raise CurveFormatError("a folder; give the file with the curve in it")
    try:
        raw = Path(path).read_bytes()
    except FileNotFoundError:
        raise CurveFormatError("no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise CurveFormatError(f"cannot be read: {error}") from None
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


def _comments(lines: list[str], ways: _Ways, skip: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Comment lines without their mark, and warnings about numbers among them."""
    comments, warnings, in_data = [], [], False
    for number, line in enumerate(lines[skip:], start=skip + 1):
        if comment := _comment(line):
            comments.append(comment[1].rstrip())
            if in_data and _is_numeric(comment[1].strip(), ways):
                warnings.append(
                    f"line {number}: a commented-out number was skipped; without an angle column all points "
                    "after it are one step off"
                )
        else:
            in_data = in_data or _is_numeric(_without_index(line), ways)
    return tuple(comments), tuple(warnings)


def _comment(line: str) -> re.Match[str] | None:
    line = line.strip()
    return None if _SPREADSHEET_ERROR.match(line) else _COMMENT.fullmatch(line)


def _without_index(line: str) -> str:
    indexed = _INDEX.fullmatch(_INLINE_COMMENT.sub("", line.strip()))
    return indexed[2] if indexed else _INLINE_COMMENT.sub("", line.strip())


def _data_lines(lines: list[str], ways: _Ways, skip: int) -> tuple[tuple[str, ...], _Lines, bool]:
    """Header lines, lines with data without their index, and whether they had one."""
    kept = [(number, _INLINE_COMMENT.sub("", line.strip())) for number, line in enumerate(lines, start=1)]
    kept = [(number, line) for number, line in kept[skip:] if line and not _comment(line)]
    first = next((i for i, (_, line) in enumerate(kept) if _is_numeric(_without_index(line), ways)), None)
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


def _fields(line: str, separator: str) -> list[str]:
    if separator == "whitespace":
        return line.split()
    fields = [f.strip() for f in line.split("\t" if separator == "tab" else separator)]
    return fields[:-1] if len(fields) > 1 and not fields[-1] else fields  # "1;2;" has two fields


def _numbers(line: str, separator: str, decimal: str) -> list[float] | None:
    fields = _fields(line, separator)
    if not fields or not all(_NUMBER[decimal].fullmatch(f) for f in fields):
        return None
    return [float(f.replace(",", ".").replace("D", "e").replace("d", "e")) for f in fields]


def _is_numeric(line: str, ways: _Ways) -> bool:
    return any(_numbers(line, *way) for way in ways)


def _read_as(data: _Lines, separator: str, decimal: str) -> _Reading:
    rows = [_numbers(line, separator, decimal) for _, line in data]
    counts = Counter(len(row) for row in rows if row is not None)
    columns = counts.most_common(1)[0][0] if counts else 0
    bad = [i for i, row in enumerate(rows) if row is None or len(row) != columns]
    return _Reading(separator, decimal, rows, columns, bad)


def _choose(data: _Lines, ways: _Ways) -> _Reading:
    """The one reading that turns every line into as many numbers."""
    readings = [_read_as(data, *way) for way in ways]
    best = min(readings, key=lambda r: len(r.bad))
    if best.bad:
        raise _bad_line(data, best)
    distinct: list[_Reading] = []
    for reading in (r for r in readings if not r.bad):
        if not any(np.array_equal(reading.array(), r.array(), equal_nan=True) for r in distinct):
            distinct.append(reading)
    chosen = distinct[0] if len(distinct) == 1 else _decide_comma(data, distinct)
    if chosen.decimal == "," and any(decimal == "." for _, decimal in ways):
        _refuse_thousands(data, chosen)
    return chosen


def _decide_comma(data: _Lines, readings: list[_Reading]) -> _Reading:
    """Decimal mark or separator, for lines with one comma and nothing else (see the module's docstring)."""
    separated = next(r for r in readings if r.separator == ",")
    decimal = next(r for r in readings if r is not separated)
    steps = np.diff(separated.array()[:, 0])
    middle = float(np.median(steps)) if steps.size else 0.0
    same_way = float(np.mean(np.sign(steps) == np.sign(middle))) if middle else 0.0
    if same_way == 1 and np.all(np.abs(steps - middle) <= 0.05 * abs(middle) + 1):
        return separated
    if steps.size and same_way < 0.9:
        return decimal
    raise line_error(
        *data[0],
        "the comma may be a decimal mark or a separator; give decimal=',' for one column with decimal commas "
        "or separator=',' for two columns",
    )


def _refuse_thousands(data: _Lines, chosen: _Reading) -> None:
    commas = [(number, f) for number, line in data for f in _fields(line, chosen.separator) if "," in f]
    if all(_THOUSANDS.fullmatch(text) for _, text in commas):
        raise line_error(
            *commas[0],
            "the comma may be a decimal mark or separate thousands; give decimal=',' if it is decimal, or "
            "remove the commas",
        )


def _bad_line(data: _Lines, reading: _Reading) -> CurveFormatError:
    """Error about the first line that does not fit the reading."""
    number, line = data[reading.bad[0]]
    row = reading.rows[reading.bad[0]]
    if row is not None:
        problem = f"columns: {len(row)}, but {reading.columns} in most lines; correct it, or skip=N skips N lines"
        return line_error(number, line, problem)
    fields = _fields(line, reading.separator)
    wrong = next((f for f in fields if not _NUMBER[reading.decimal].fullmatch(f)), line)
    return line_error(number, wrong, "not a number; correct it, or make the line a comment with #")


def line_error(number: int, value: str, problem: str) -> CurveFormatError:
    """Error about a line of a file; the file's name is put in front by whoever knows it."""
    shown = value if len(value) <= 40 else value[:37] + "..."
    return CurveFormatError(f"line {number}: {shown!r}: {problem}")
