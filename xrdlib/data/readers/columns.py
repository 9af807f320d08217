"""Text tables: which column is what, and the curves that `MeasuredCurve.save` wrote."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from xrdlib.data.readers.raw import UNITS, CurveFormatError, FloatArray, RawScan, Reading
from xrdlib.data.readers.text import Table, read_table

__all__ = ["SAVED", "read_columns"]

SAVED = "xrdlib rocking curve, format 1: angle (arcsec), intensity"
_KEPT = ("counts_per_unit", "counting_time", "intensity_unit")  # of a saved curve, true of it as well


def read_columns(raw: bytes, reading: Reading) -> RawScan:
    """One column (intensity), ``index -> value`` lines, two columns (angle, intensity), or two chosen ones."""
    reading.refuse(["scan"], "a text file holds one scan")
    table = read_table(raw, separator=reading.separator, decimal=reading.decimal, skip=reading.skip)
    saved = _saved_metadata(table.comments)
    angle_column, intensity_column = _pick_columns(table, reading)
    has_angles = angle_column is not None
    scale = _scale(reading, has_angles=has_angles, is_saved=saved is not None)
    intensity = table.values[:, intensity_column]
    axis = np.arange(intensity.size, dtype=np.float64) if angle_column is None else table.values[:, angle_column]

    counted = table.indexed or (reading.columns is None and table.values.shape[1] == 2)
    form = "index, intensity" if counted else "intensity"
    if has_angles:
        form = "angle, intensity" if saved is None else "saved"
    facts: dict[str, Any] = {
        "format": form,
        "columns": [c for c in (angle_column, intensity_column) if c is not None],
        "n_columns": int(table.values.shape[1]),
        "unit": reading.unit,
        "separator": table.separator,
        "decimal": table.decimal,
        "encoding": table.encoding,
        "header": list(table.header),
        "skipped": reading.skip,
        "two_theta": reading.two_theta,
        "counts_per_unit": None,
    }
    warnings = list(table.warnings)
    if saved is not None:
        source = saved.get("source")
        facts["source"] = source if isinstance(source, dict) else saved
        facts |= {key: saved[key] for key in _KEPT if key in saved}
        if not _is_positive(facts["counts_per_unit"]):
            facts["counts_per_unit"] = None
    elif has_angles and _counts(axis):
        warnings.append("the angles count the points; if they are an index, give step=")
    return RawScan(
        axis,
        intensity,
        scale,
        reading.reverse or reading.two_theta,
        [f"line {number}" for number in table.lines],
        f"the angles in {reading.unit}" if has_angles else "the index",
        step=reading.step,
        indexed=not has_angles,
        zero=0.0 if saved is not None else None,
        facts=facts,
        warnings=warnings,
        inferred=_inferred(table, facts, reading, saved is not None),
    )


def _inferred(table: Table, facts: dict[str, Any], reading: Reading, is_saved: bool) -> list[str]:
    texts = []
    if (table.separator, table.decimal) != ("whitespace", "."):
        between = "" if facts["n_columns"] == 1 else f", columns separated by {table.separator!r}"
        texts.append(f"numbers with decimal {table.decimal!r}{between}")
    direction = "runs with theta (reverse=True), dth the other way" if reading.reverse else "rises with dth"
    if reading.two_theta:
        direction = "is 2theta (two_theta=True): halved, and dth runs the other way"
    if is_saved:
        texts.append("a curve that xrdlib saved: dth in arcsec, angle 0 as it was")
    elif facts["format"] == "angle, intensity":
        angle, intensity = facts["columns"]
        texts.append(f"column {angle} (from 0) is the angle in {reading.unit}, column {intensity} the intensity")
        texts.append(f"the axis {direction}")
    else:
        what = "the index" if facts["format"].startswith("index") else "nothing but the intensity"
        texts.append(f"the file has {what} and no angles: they go by step={reading.step:g} arcsec")
        texts.append(f"the order of the points {direction}")
    return texts


def _saved_metadata(comments: tuple[str, ...]) -> dict[str, Any] | None:
    """Metadata that `MeasuredCurve.save` wrote, None for any other file."""
    if not comments or comments[0] != SAVED:
        return None
    pairs = (comment.split(": ", 1) for comment in comments[1:] if ": " in comment)
    return {key: _from_json(value) for key, value in pairs}


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a comment that somebody added
        return text


def _pick_columns(table: Table, reading: Reading) -> tuple[int | None, int]:
    """Columns of angle (None: there is none) and intensity."""
    n = table.values.shape[1]
    if reading.columns is not None:
        picked = list(reading.columns)
        if len(set(picked)) != len(picked) or len(picked) not in (1, 2) or not set(picked) <= set(range(n)):
            raise CurveFormatError(
                f"columns={tuple(picked)} given; (angle, intensity) or (intensity,) of 0 to {n - 1} expected"
            )
    elif n > 2:
        raise CurveFormatError(f"{n} columns; say which are angle and intensity, for example columns=(0, 1)")
    else:
        # with a step given, a column that counts the points is no angle
        picked = [1] if n == 2 and reading.step is not None and _counts(table.values[:, 0]) else list(range(n))
    if len(picked) == 1 and reading.step is None:
        raise CurveFormatError("no angles in the file, and no step; give step= in arcsec")
    return (None, picked[0]) if len(picked) == 1 else (picked[0], picked[1])


def _is_positive(value: Any) -> bool:
    return isinstance(value, float | int) and math.isfinite(value) and value > 0


def _counts(column: FloatArray) -> bool:
    return bool(column[0] in (0, 1) and np.all(np.diff(column) == 1))


def _scale(reading: Reading, *, has_angles: bool, is_saved: bool) -> float:
    """Arcsec per unit of the axis."""
    step, unit = reading.step, reading.unit
    if unit not in UNITS:
        raise CurveFormatError(f"unit={unit!r} given; one of {', '.join(UNITS)} expected")
    if step is not None and not (step > 0 and math.isfinite(step)):
        raise CurveFormatError(f"step={step:g} given; a positive number of arcsec expected")
    if unit != "arcsec" and is_saved:
        raise CurveFormatError(f"unit={unit!r} given, but a saved curve is in arcsec; leave unit= out")
    if reading.two_theta and (is_saved or not has_angles):
        what = "a saved curve has theta" if is_saved else "there is no angle column"
        raise CurveFormatError(f"two_theta=True given, but {what}; leave it out")
    if unit != "arcsec" and not has_angles:
        raise CurveFormatError(f"unit={unit!r} given, but there is no angle column; give step= in arcsec")
    if has_angles or step is None:
        return UNITS[unit] / (2 if reading.two_theta else 1)
    return float(step)
