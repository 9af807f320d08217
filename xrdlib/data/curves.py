"""Measured rocking curves: read from text, put on the substrate peak, saved again.

Angles are the lab's, dth = thB - theta in arcsec: an expanded layer lies at positive angles. An instrument's
omega or 2theta axis runs the other way (``reverse=True``).
"""

from __future__ import annotations

import contextlib
import html
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.data._text import CurveFormatError, Table, line_error, read_table
from xrdlib.data.peak import despiked, estimate_background, find_substrate_peak, structure

__all__ = ["CurveFormatError", "MeasuredCurve", "load_curve"]

FloatArray = NDArray[np.float64]

MIN_POINTS = 50
UNITS = {"arcsec": 1.0, "degree": 3600.0, "mrad": 180 * 3.6 / math.pi}  # arcsec each
_SAVED = "xrdlib rocking curve, format 1: angle (arcsec), intensity"


@dataclass(frozen=True, eq=False)
class MeasuredCurve:
    """A measured rocking curve.

    Attributes
    ----------
    angle : ndarray, shape (n,)
        dth = thB - theta in arcsec, increasing, 0 at the substrate peak.
    intensity : ndarray, shape (n,)
        As in the file.
    metadata : dict
        What was found; the keys are listed at `load_curve`.
    """

    angle: FloatArray
    intensity: FloatArray
    metadata: dict[str, Any] = field(default_factory=dict)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write two columns, and the metadata as comments; `load_curve` reads the same numbers, bit by bit.

        Raises
        ------
        CurveFormatError
            If the file cannot be written; an existing one is then left as it was.
        """
        header = [
            _SAVED,
            *(f"{key}: {json.dumps(value, default=str)}" for key, value in self.metadata.items()),
        ]
        rows = (f"{x!r} {y!r}" for x, y in zip(self.angle.tolist(), self.intensity.tolist(), strict=True))
        text = "\n".join([*(f"# {line}" for line in header), *rows, ""])
        target = Path(path)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            draft.write_text(text, encoding="utf-8", newline="\n")
            draft.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise CurveFormatError(f"{target}: cannot be written: {error.strerror}") from None

    def __repr__(self) -> str:
        return f"MeasuredCurve({', '.join(f'{name} {value}' for name, value in self._summary())})"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in self._summary())
        return f"<table>{rows}</table>"

    def _summary(self) -> list[tuple[str, str]]:
        known = self.metadata
        rows = [
            ("file", Path(str(known.get("file", "none"))).name),
            ("points", f"{self.angle.size}"),
            ("angle", f"{self.angle[0]:.1f} to {self.angle[-1]:.1f} arcsec"),
            ("peak", f"{self.intensity.max():.3g}"),
        ]
        if "background" in known:
            rows.append(("background", f"{known['background']:.3g}"))
        return rows + [("warning", str(text)) for text in known.get("warnings", [])]


def load_curve(
    path: str | os.PathLike[str],
    *,
    step: float | None = None,
    columns: Sequence[int] | None = None,
    unit: str = "arcsec",
    reverse: bool = False,
    peak: float | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    skip: int = 0,
) -> MeasuredCurve:
    """Read a rocking curve from a text file and put its angle 0 on the substrate peak.

    The file holds one column (intensity), ``index -> value`` lines, or two columns (angle, intensity), in
    rising or falling order. Lines that start with ``#``, ``;``, ``%``, ``!`` or ``//`` are comments, text
    before the first number is a header. How commas are read is described in `xrdlib.data._text`.

    Parameters
    ----------
    path : path-like
        Text file, or one that `MeasuredCurve.save` wrote.
    step : float, optional
        Angular step in arcsec; needed where the file has no angles (an index is none).
    columns : sequence of int, optional
        Which columns are meant, from 0: ``(angle, intensity)`` or ``(intensity,)``. Needed from three on.
    unit : {"arcsec", "degree", "mrad"}
        Of the angle column. A 2theta column has to be halved first.
    reverse : bool
        The file's axis runs the other way (omega, 2theta): change the sign of the angles.
    peak : float, optional
        Position of the substrate peak, used as it is: the angle as in the file, or the index (from 0, may be
        fractional) where the file has no angles. By default that of `xrdlib.data.peak.find_substrate_peak`.
    separator, decimal : str, optional
        Column separator (" ", "\\t", ";" or ",") and decimal mark ("." or ","), where a file is ambiguous.
    skip : int
        Lines to leave out at the top.

    Returns
    -------
    MeasuredCurve
        Its metadata holds:

        - ``file``; ``format``: "intensity", "index, intensity", "angle, intensity" or "saved"; ``columns``
          (those used) of ``n_columns``; ``unit``, ``separator``, ``decimal``, ``encoding``, ``skipped``;
          ``header``, its lines; ``descending``: the angles fell in the file; ``reversed``;
        - ``n_points``; ``step``, ``step_min``, ``step_max`` (arcsec); ``uniform``: within 5 % of each other;
        - ``peak_index`` (fractional, in the returned arrays); ``peak_from``: "found", "argument" or "file";
          ``peak_intensity``, the highest point within ``fwhm`` (arcsec, None if cut off) of angle 0;
        - ``background``, ``background_spread``, ``background_points`` ([first, stop)), ``background_flat``,
          ``background_method``: see `xrdlib.data.peak`;
        - ``warnings``, texts; of a saved curve ``source``, the metadata it was first saved with.

    Raises
    ------
    CurveFormatError
        One line with the file, the line in it, the value, what is allowed and what to do: for a file that is
        missing, empty or not a table of numbers; an unknown step; columns not chosen; fewer than 50 points;
        intensities that are not finite, negative, or all equal; angles that repeat or turn round.

    Examples
    --------
    >>> curve = load_curve("implanted.txt", step=4.018235972)  # doctest: +SKIP
    """
    table = read_table(path, separator=separator, decimal=decimal, skip=skip)
    try:
        return _build(table, os.fspath(path), step, columns, unit, reverse, peak, skip)
    except CurveFormatError as error:
        raise CurveFormatError(f"{os.fspath(path)}: {error}") from None


def _build(
    table: Table,
    file: str,
    step: float | None,
    columns: Sequence[int] | None,
    unit: str,
    reverse: bool,
    peak: float | None,
    skip: int,
) -> MeasuredCurve:
    saved = _saved_metadata(table.comments)
    angle_column, intensity_column = _pick_columns(table, step, columns)
    scale = _scale(step, unit, has_angles=angle_column is not None, is_saved=saved is not None)
    intensity = table.values[:, intensity_column]
    axis = np.arange(intensity.size, dtype=np.float64)
    if angle_column is not None:
        axis = table.values[:, angle_column]
    _check_values(table, axis, intensity)
    if angle_column is not None:
        _check_axis(table, axis, step, scale)
    descending = bool(axis[0] > axis[-1])
    if descending:
        axis, intensity = axis[::-1], intensity[::-1]

    found = find_substrate_peak(axis, intensity)
    if peak is not None and not axis[0] <= peak <= axis[-1]:
        raise CurveFormatError(f"peak={peak:g} is outside the scan; {axis[0]:g} to {axis[-1]:g} expected")
    if peak is not None:
        zero, peak_from = float(peak), "argument"
    elif saved is not None:
        zero, peak_from = 0.0, "file"
    else:
        zero, peak_from = found.position, "found"
    angle = (axis - zero) * scale
    if reverse:
        angle, intensity = -angle[::-1], intensity[::-1]
    angle, intensity = np.ascontiguousarray(angle), np.ascontiguousarray(intensity)

    counted = table.indexed or (columns is None and table.values.shape[1] == 2)
    form = "index, intensity" if counted else "intensity"
    if angle_column is not None:
        form = "angle, intensity" if saved is None else "saved"
    metadata: dict[str, Any] = {
        "file": file,
        "format": form,
        "columns": [c for c in (angle_column, intensity_column) if c is not None],
        "n_columns": int(table.values.shape[1]),
        "unit": unit,
        "separator": table.separator,
        "decimal": table.decimal,
        "encoding": table.encoding,
        "header": list(table.header),
        "skipped": skip,
        "descending": descending,
        "reversed": reverse,
        "peak_from": peak_from,
        **_describe(angle, intensity, found.fwhm * scale),
    }
    metadata["warnings"] = [*table.warnings, *_warnings(angle, intensity, axis, metadata)]
    if saved is not None:
        metadata["source"] = saved.get("source", saved)
    return MeasuredCurve(angle, intensity, metadata)


def _saved_metadata(comments: tuple[str, ...]) -> dict[str, Any] | None:
    """Metadata that `MeasuredCurve.save` wrote, None for any other file."""
    if not comments or comments[0] != _SAVED:
        return None
    pairs = (comment.split(": ", 1) for comment in comments[1:] if ": " in comment)
    return {key: _from_json(value) for key, value in pairs}


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # a comment that somebody added
        return text


def _pick_columns(table: Table, step: float | None, columns: Sequence[int] | None) -> tuple[int | None, int]:
    """Columns of angle (None: there is none) and intensity."""
    n = table.values.shape[1]
    if columns is not None:
        picked = list(columns)
        if len(set(picked)) != len(picked) or len(picked) not in (1, 2) or not set(picked) <= set(range(n)):
            raise CurveFormatError(
                f"columns={tuple(picked)} given; (angle, intensity) or (intensity,) of 0 to {n - 1} expected"
            )
    elif n > 2:
        raise CurveFormatError(f"{n} columns; say which are angle and intensity, for example columns=(0, 1)")
    else:
        # with a step given, a column that counts the points is no angle
        picked = [1] if n == 2 and step is not None and _counts(table.values[:, 0]) else list(range(n))
    if len(picked) == 1 and step is None:
        raise CurveFormatError("no angles in the file, and no step; give step= (--step) in arcsec")
    return (None, picked[0]) if len(picked) == 1 else (picked[0], picked[1])


def _counts(column: FloatArray) -> bool:
    return bool(column[0] in (0, 1) and np.all(np.diff(column) == 1))


def _scale(step: float | None, unit: str, *, has_angles: bool, is_saved: bool) -> float:
    """Arcsec per unit of the axis."""
    if unit not in UNITS:
        raise CurveFormatError(f"unit={unit!r} given; one of {', '.join(UNITS)} expected")
    if step is not None and not (step > 0 and math.isfinite(step)):
        raise CurveFormatError(f"step={step:g} given; a positive number of arcsec expected")
    if unit != "arcsec" and is_saved:
        raise CurveFormatError(f"unit={unit!r} given, but a saved curve is in arcsec; leave unit= out")
    if unit != "arcsec" and not has_angles:
        raise CurveFormatError(f"unit={unit!r} given, but there is no angle column; give step= in arcsec")
    return UNITS[unit] if has_angles or step is None else float(step)


def _check_values(table: Table, axis: FloatArray, intensity: FloatArray) -> None:
    for wrong, values, what in (
        (~np.isfinite(axis), axis, "an angle must be a finite number; remove or correct the line"),
        (~np.isfinite(intensity), intensity, "an intensity must be a finite number; remove or correct it"),
        (intensity < 0, intensity, "an intensity must be >= 0; undo a subtraction of the background"),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise line_error(table.lines[row], f"{values[row]:g}", what)
    if not intensity.any():
        raise CurveFormatError("all intensities are 0; is it the right column (columns=)?")
    if intensity.size < MIN_POINTS:
        raise CurveFormatError(f"{intensity.size} points; at least {MIN_POINTS} expected")


def _check_axis(table: Table, axis: FloatArray, step: float | None, scale: float) -> None:
    """Angles must rise or fall throughout, and by the step if one is given."""
    steps = np.diff(axis) * (1 if axis[-1] >= axis[0] else -1)
    if np.any(steps <= 0):
        row = int(np.argmax(steps <= 0)) + 1
        problem = "repeats the angle before it" if steps[row - 1] == 0 else "the angles turn round here"
        advice = "they must rise or fall throughout; correct the line, or say which columns are meant (columns=)"
        raise line_error(table.lines[row], f"{axis[row]:g}", f"{problem}; {advice}")
    own = float(np.median(steps)) * scale
    if step is not None and abs(own - step) > 0.01 * step:
        raise CurveFormatError(
            f"step={step:g} given, but the angles go by {own:g} arcsec; leave step= out, set unit=, or give "
            "columns= with the intensity alone"
        )


def _describe(angle: FloatArray, intensity: FloatArray, fwhm: float) -> dict[str, Any]:
    """What the finished curve looks like."""
    steps = np.diff(angle)
    uniform = bool(np.ptp(steps) <= 0.05 * steps.mean())
    width = fwhm if math.isfinite(fwhm) else 3 * float(steps.mean())
    near = np.abs(angle) <= max(width, float(steps.max()))
    background = estimate_background(intensity)
    return {
        "n_points": int(angle.size),
        "step": float(steps.mean() if uniform else np.median(steps)),
        "step_min": float(steps.min()),
        "step_max": float(steps.max()),
        "uniform": uniform,
        "peak_index": float(np.interp(0.0, angle, np.arange(angle.size))),
        "peak_intensity": float(intensity[near].max()),
        "fwhm": fwhm if math.isfinite(fwhm) else None,
        "background": background.level,
        "background_spread": background.spread,
        "background_points": [background.first, background.stop],
        "background_flat": background.flat,
        "background_method": "lowest trimmed mean (10 % off each end) of a tenth of the points in a row",
    }


def _warnings(angle: FloatArray, intensity: FloatArray, axis: FloatArray, metadata: dict[str, Any]) -> list[str]:
    """Texts about what is readable but suspicious."""
    texts = []
    span, level = float(angle[-1] - angle[0]), metadata["background"]
    if not metadata["uniform"]:
        texts.append(f"steps from {metadata['step_min']:.4g} to {metadata['step_max']:.4g} arcsec, not uniform")
    if not 36 <= span <= 36_000:
        texts.append(f"the scan spans {span:.4g} arcsec; is the unit of the angles (unit=) right?")
    if metadata["format"] == "angle, intensity" and _counts(axis):
        texts.append("the angles count the points; if they are an index, give step=")
    if not 3 <= metadata["peak_index"] <= angle.size - 4:
        texts.append("the highest peak is at the end of the scan; set the substrate's with peak=")
    if metadata["peak_intensity"] < 5 * level:
        texts.append("no clear peak: less than 5 times the background")
    if not metadata["background_flat"]:
        texts.append("no flat end: the background is an upper limit")
    spikes = np.flatnonzero(intensity > 3 * despiked(intensity).max())
    if spikes.size:
        texts.append(f"point {spikes[0]} ({intensity[spikes[0]]:g}) is an outlier above the peak; correct it")
    below, above = structure(angle, intensity, metadata)
    if below > max(above, 0.01 * metadata["peak_intensity"] * (metadata["fwhm"] or metadata["step"])):
        texts.append(
            "the layer seems to lie at negative angles; if the axis is omega or 2theta, give reverse=True; "
            "if the highest peak is not the substrate's, give peak="
        )
    return texts
