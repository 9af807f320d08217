"""Lines of numbers: which character separates the columns, and which is the decimal mark.

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

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.readers.raw import CurveFormatError, line_error

__all__ = ["DataLines", "Reading", "Ways", "choose", "is_numeric", "ways_of"]

Ways = list[tuple[str, str]]  # separator, decimal mark
DataLines = list[tuple[int, str]]  # line number, text


class Reading(NamedTuple):
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
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def ways_of(separator: str | None, decimal: str | None) -> Ways:
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


def is_numeric(line: str, ways: Ways) -> bool:
    """Whether a line is numbers and nothing else."""
    return any(_numbers(line, *way) for way in ways)


def choose(data: DataLines, ways: Ways) -> Reading:
    """The one reading that turns every line into as many numbers."""
    readings = [_read_as(data, *way) for way in ways]
    best = min(readings, key=lambda r: len(r.bad))
    if best.bad:
        raise _bad_line(data, best)
    distinct: list[Reading] = []
    for reading in (r for r in readings if not r.bad):
        if not any(np.array_equal(reading.array(), r.array(), equal_nan=True) for r in distinct):
            distinct.append(reading)
    chosen = distinct[0] if len(distinct) == 1 else _decide_comma(data, distinct)
    if chosen.decimal == "," and any(decimal == "." for _, decimal in ways):
        _refuse_thousands(data, chosen)
    return chosen


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


def _read_as(data: DataLines, separator: str, decimal: str) -> Reading:
    rows = [_numbers(line, separator, decimal) for _, line in data]
    counts = Counter(len(row) for row in rows if row is not None)
    columns = counts.most_common(1)[0][0] if counts else 0
    bad = [i for i, row in enumerate(rows) if row is None or len(row) != columns]
    return Reading(separator, decimal, rows, columns, bad)


def _decide_comma(data: DataLines, readings: list[Reading]) -> Reading:
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


def _refuse_thousands(data: DataLines, chosen: Reading) -> None:
    commas = [(number, f) for number, line in data for f in _fields(line, chosen.separator) if "," in f]
    if all(_THOUSANDS.fullmatch(text) for _, text in commas):
        raise line_error(
            *commas[0],
            "the comma may be a decimal mark or separate thousands; give decimal=',' if it is decimal, or "
            "remove the commas",
        )


def _bad_line(data: DataLines, reading: Reading) -> CurveFormatError:
    """Error about the first line that does not fit the reading."""
    number, line = data[reading.bad[0]]
    row = reading.rows[reading.bad[0]]
    if row is not None:
        problem = f"columns: {len(row)}, but {reading.columns} in most lines; correct it, or skip=N skips N lines"
        return line_error(number, line, problem)
    fields = _fields(line, reading.separator)
    wrong = next((f for f in fields if not _NUMBER[reading.decimal].fullmatch(f)), line)
    return line_error(number, wrong, "not a number; correct it, or make the line a comment with #")
