"""Rigaku RAS: a header of ``*KEY "value"`` lines and three columns (angle, intensity, attenuator) per scan.

Whether the intensity has been corrected for the attenuator differs between programs. Where the attenuator switched in
the middle of a scan the curve itself tells: of the two ways the one is taken in which it goes on without a jump.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from xrdlib.data.readers.ranges import Range, chosen
from xrdlib.data.readers.raw import CurveFormatError, FloatArray, RawScan, Reading, line_error
from xrdlib.data.readers.vendor import WITHOUT_MEANING, as_scan, in_counts, numbers_in, plausible

__all__ = ["read_ras"]

_KEY = re.compile(r"\*([A-Za-z0-9_-]+)\s*(.*)")
_OMEGA = {"omega", "thetas"}
_COUPLED = {"twothetaomega", "omegatwotheta", "twothetatheta", "thetatwotheta"}


class _Block(NamedTuple):
    """One scan of the file: its header, and the lines of its data with their numbers."""

    header: dict[str, str]
    lines: list[tuple[int, str]]


def read_ras(raw: bytes, reading: Reading) -> RawScan:
    """The scan of a RAS file, all ranges of it joined unless one is asked for."""
    reading.refuse(WITHOUT_MEANING, "a RAS file says it itself")
    blocks = _blocks(_decoded(raw))
    wanted = chosen(len(blocks), reading.scan)
    ranges = [_range(blocks[n - 1], n) for n in wanted]
    header = blocks[wanted[0] - 1].header
    length = numbers_in(header.get("HW_XG_WAVE_LENGTH_ALPHA1"), "*HW_XG_WAVE_LENGTH_ALPHA1")
    facts: dict[str, Any] = {
        "format": "Rigaku RAS",
        "wavelength": float(length[0]) if length.size else None,
        "sample": header.get("FILE_SAMPLE") or header.get("FILE_COMMENT") or None,
        "hkl": None,
        "material": None,
        "instrument": (header.get("HW_GONIOMETER_NAME", "").rpartition("|")[2] or None),
        "anode": header.get("HW_XG_TARGET_NAME") or None,
    }
    return as_scan(ranges, facts, n_scans=len(blocks), radiation=header.get("MEAS_COND_XG_WAVE_TYPE", ""))


def _decoded(raw: bytes) -> str:
    """Text in the instrument's code page: names of parts are Japanese in it."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _blocks(text: str) -> list[_Block]:
    found: list[_Block] = []
    header: dict[str, str] = {}
    data: list[tuple[int, str]] | None = None
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        stripped = line.strip()
        key = _KEY.match(stripped)
        if key is None:
            if data is not None and stripped:
                data.append((number, stripped))
            continue
        name, value = key[1].upper(), key[2].strip().strip('"').strip()
        if name == "RAS_INT_START":
            data = []
        elif name == "RAS_INT_END" and data is not None:
            found.append(_Block(header, data))
            header, data = {}, None
        elif data is not None:
            raise line_error(number, stripped, "a header among the data: the file is damaged, export it again")
        elif name == "RAS_HEADER_START":
            header = {}
        else:
            header[name] = value
    if data is not None:
        raise CurveFormatError(
            f"the file ends within the data, after {len(data)} points (no *RAS_INT_END): truncated; copy it again"
        )
    return found


def _range(block: _Block, number: int) -> Range:
    place, header = f"scan {number}", block.header
    values = _values(block.lines, place)
    warnings, inferred = [], []
    said = numbers_in(header.get("MEAS_DATA_COUNT"), f"{place}, *MEAS_DATA_COUNT")
    if said.size and said[0] != len(values):
        warnings.append(f"{place}: {len(values)} points, but {said[0]:g} in the header; broken off?")
    unit_x = header.get("MEAS_SCAN_UNIT_X", "deg")
    if unit_x.lower() not in ("deg", "degree", ""):
        raise CurveFormatError(f"{place}: angles in {unit_x[:40]!r}; deg expected")
    axes = _other_axes(header)
    axis = _axis(header, float(values[0, 0]), axes, place)
    time = np.full(len(values), _seconds(header, place))
    unit_y = header.get("MEAS_SCAN_UNIT_Y", "")
    if unit_y.lower() not in ("counts", "count", "cps", ""):
        raise CurveFormatError(f"{place}: intensities in {unit_y[:40]!r}; counts or cps expected")
    if not unit_y:
        inferred.append("the file does not say the unit of its intensities: taken as counts")
    stored, unit = in_counts(values[:, 1], time, is_rate=unit_y.lower() == "cps")
    factor = values[:, 2]
    raw, text, doubt = _is_raw(stored, factor)
    inferred += [text] if text else []
    warnings += [f"{place}: {doubt}"] if doubt else []
    fixed = {name: at for name, at in axes.items() if name in ("Chi", "Phi")}
    if "Omega" in axes and "TwoTheta" in axes:
        coupled = _word(_name(header)) in _COUPLED
        fixed |= (
            {"Omega - 2Theta / 2": axes["Omega"] - axes["TwoTheta"] / 2} if coupled else {"2Theta": axes["TwoTheta"]}
        )
    return Range(
        numbers=(number,),
        axis=axis,
        unit=unit,
        scan_axis=header.get("MEAS_SCAN_AXIS_X") or _name(header),
        mode=header.get("MEAS_SCAN_MODE", ""),
        status="",
        started=header.get("MEAS_SCAN_START_TIME", ""),
        position=values[:, 0],
        counted=stored if raw else stored / factor,
        corrected=stored * factor if raw else stored,
        factor=factor,
        time=time,
        fixed=fixed,
        warnings=tuple(warnings),
        inferred=tuple(inferred),
    )


def _values(lines: list[tuple[int, str]], place: str) -> FloatArray:
    """Angle, intensity and attenuator (1 where there is no column), shape (n, 3)."""
    rows = []
    for number, line in lines:
        row = numbers_in(line.replace(",", " "), f"line {number}")
        if row.size not in (2, 3):
            raise line_error(number, line, f"{row.size} columns; angle, intensity and attenuator expected")
        if row.size == 3 and not plausible(row)[2]:
            raise line_error(number, line, "the attenuator's factor must be positive")
        rows.append([row[0], row[1], row[2] if row.size == 3 else 1.0])
    if not rows:
        raise CurveFormatError(f"{place}: no data between *RAS_INT_START and *RAS_INT_END")
    return np.array(rows, dtype=np.float64)


def _name(header: dict[str, str]) -> str:
    return header.get("MEAS_SCAN_AXIS_X_INTERNAL") or header.get("MEAS_SCAN_AXIS_X", "")


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).replace("2theta", "twotheta")


def _other_axes(header: dict[str, str]) -> dict[str, float]:
    """Where the axes stood when the scan began, degrees."""
    found = {}
    for key, name in header.items():
        if key.startswith("MEAS_COND_AXIS_NAME_INTERNAL-"):
            at = header.get(f"MEAS_COND_AXIS_POSITION-{key.rpartition('-')[2]}", "")
            if re.fullmatch(r"[+-]?[0-9]+\.?[0-9]*", at):
                found[name] = float(at)
    return found


def _axis(header: dict[str, str], start: float, axes: dict[str, float], place: str) -> str:
    """Omega or 2Theta: whose angles the first column holds."""
    name = _name(header)
    word = _word(name)
    if not name:
        raise CurveFormatError(f"{place}: the header does not say which axis was moved (*MEAS_SCAN_AXIS_X)")
    if word in _OMEGA:
        return "Omega"
    if word in _COUPLED:
        away = {axis: abs(start - axes[n]) for axis, n in (("2Theta", "TwoTheta"), ("Omega", "Omega")) if n in axes}
        return "Omega" if len(away) == 2 and away["Omega"] < 0.1 < away["2Theta"] else "2Theta"
    raise CurveFormatError(f"{place}: a scan of {name[:40]}; a rocking curve moves Omega")


def _seconds(header: dict[str, str], place: str) -> float:
    """Counting time of a point, nan where the header does not say it."""
    speed = numbers_in(header.get("MEAS_SCAN_SPEED"), f"{place}, *MEAS_SCAN_SPEED")
    step = numbers_in(header.get("MEAS_SCAN_STEP"), f"{place}, *MEAS_SCAN_STEP")
    unit = header.get("MEAS_SCAN_SPEED_UNIT", "deg/min").lower()
    time = np.nan
    if unit.startswith("s") and speed.size:
        time = float(speed[0])
    elif unit == "deg/min" and speed.size and step.size and speed[0] != 0:
        time = float(60 * abs(step[0] / speed[0]))
    return time if 1e-9 < time < 1e9 else float("nan")


def _is_raw(intensity: FloatArray, factor: FloatArray) -> tuple[bool, str, str]:
    """Whether the intensity is still to be multiplied, what to say of it, and what is doubtful."""
    if np.all(factor == 1):
        return False, "", ""
    if np.ptp(factor) == 0:
        return True, f"the attenuator's factor is {factor[0]:g} throughout: the intensity was multiplied by it", ""
    jumps = []
    for i in np.flatnonzero(np.diff(factor)):  # between points i and i + 1
        if 0 < i < intensity.size - 2 and np.all(intensity[i - 1 : i + 3] > 0):
            before, here, after = np.diff(np.log(intensity[i - 1 : i + 3]))
            expected = (before + after) / 2
            jumps.append((abs(here - expected), abs(here + np.log(factor[i + 1] / factor[i]) - expected)))
    as_is, multiplied = np.median(jumps, axis=0) if jumps else (1.0, 1.0)
    switches = "where the attenuator switched, the curve goes on without a jump"
    if as_is < 0.5 * multiplied:
        return False, f"the intensity is already corrected for the attenuator: {switches}", ""
    if multiplied < 0.5 * as_is:
        return True, f"the intensity was multiplied by the attenuator's factors: {switches} then", ""
    return (
        True,
        "the intensity was multiplied by the attenuator's factors",
        ("the curve does not tell whether it had been corrected for the attenuator already; it was multiplied"),
    )
