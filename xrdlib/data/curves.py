"""Measured rocking curves: read from a file, put on the substrate peak, saved again.

Angles are the lab's, dth = thB - theta in arcsec: an expanded layer lies at positive angles. An instrument's
omega or 2theta axis runs the other way: its own formats say so, a text file does not (``reverse=True``).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib._arrays import intensities, vector
from xrdlib._shown import Shown
from xrdlib._version import __version__
from xrdlib.data._described import check_scan, describe, inferences, suspicions
from xrdlib.data.peak import find_substrate_peak
from xrdlib.data.readers import CurveFormatError, RawScan, Reading, read_scan
from xrdlib.data.readers.columns import SAVED

__all__ = ["CurveFormatError", "MeasuredCurve", "load_curve"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class MeasuredCurve(Shown):
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

    def checked(self) -> MeasuredCurve:
        """This curve, or a CurveFormatError if it was put together by hand and is none."""
        try:
            angle, curve = vector(self.angle, "angle"), vector(intensities(self.intensity, "intensity"), "intensity")
        except ValueError as error:
            raise CurveFormatError(f"curve: {error}; load_curve checks files") from None
        if angle.size != curve.size or not (np.diff(angle) > 0).all() or not curve.any():
            raise CurveFormatError(
                f"curve: {curve.size} intensities, not all 0, and as many angles that rise throughout expected; "
                "load_curve checks files"
            )
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write two columns, and the metadata as comments; `load_curve` reads the same numbers, bit by bit.

        Raises
        ------
        CurveFormatError
            If the file cannot be written; an existing one is then left as it was.
        """
        facts = {"xrdlib_version": __version__} | self.metadata
        header = [SAVED, *(f"{key}: {json.dumps(value, default=str)}" for key, value in facts.items())]
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

    def _facts(self) -> list[tuple[str, str]]:
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
    two_theta: bool = False,
    peak: float | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    skip: int = 0,
    scan: int | None = None,
) -> MeasuredCurve:
    """Read a rocking curve from a file and put its angle 0 on the substrate peak.

    The format is recognised by what the file holds, gzipped or not:

    - text: one column (intensity), ``index -> value`` lines, or two columns (angle, intensity), in rising or
      falling order. Lines that start with ``#``, ``;``, ``%``, ``!`` or ``//`` are comments, text before the first
      number is a header. How commas are read is described in `xrdlib.data.readers.commas`;
    - PANalytical XRDML and Rigaku RAS: scans of omega, or coupled ones. Axis, direction, unit and attenuation are
      the file's; ranges that are parts of one curve are joined (`xrdlib.data.readers.merging`). What is done to them
      is described in docs/measured_curves.md.

    Parameters
    ----------
    path : path-like
        A file of one of these formats, or one that `MeasuredCurve.save` wrote.
    step : float, optional
        Angular step in arcsec; needed where the file has no angles (an index is none). This and the next three,
        and those from ``separator`` to ``skip``, are for text.
    columns : sequence of int, optional
        Which columns are meant, from 0: ``(angle, intensity)`` or ``(intensity,)``. Needed from three on.
    unit : {"arcsec", "degree", "mrad"}
        Of the angle column.
    reverse : bool
        The file's axis runs the other way (omega): change the sign of the angles.
    two_theta : bool
        The file's axis is 2theta: halve the angles, and change their sign.
    peak : float, optional
        Position of the substrate peak, used as it is: the angle as in the file (an instrument's: omega or 2theta in
        degrees), or the index (from 0, may be fractional) where the file has no angles. By default that of
        `xrdlib.data.peak.find_substrate_peak`.
    separator, decimal : str, optional
        Column separator (" ", "\\t", ";" or ",") and decimal mark ("." or ","), where a file is ambiguous.
    skip : int
        Lines to leave out at the top.
    scan : int, optional
        Which scan of an instrument's file, from 1; by default all of them, joined.

    Returns
    -------
    MeasuredCurve
        Its metadata holds, for every file:

        - ``file``; ``format``: "intensity", "index, intensity", "angle, intensity", "saved", "PANalytical XRDML
          <schema>" or "Rigaku RAS"; ``compressed``: "gzip" or None; ``unit`` of its angles;
        - ``inferred``: sentences on all that was not said but concluded (axis, direction, peak, step, background);
          ``warnings``: on what is suspicious;
        - ``descending``: the angles fell in the file; ``reversed``: they run with theta, their sign was changed;
        - ``n_points``; ``step``, ``step_min``, ``step_max`` (arcsec); ``uniform``: within 5 % of each other;
        - ``peak_index`` (fractional, in the returned arrays); ``peak_from``: "found", "argument" or "file";
          ``peak_intensity``, the highest point within ``fwhm`` (arcsec, None if cut off) of angle 0; ``peak_position``,
          the angle in the file (an instrument's: deg), where there are angles;
        - ``background``, ``background_spread``, ``background_points`` ([first, stop)), ``background_flat``,
          ``background_method``: see `xrdlib.data.peak`;
        - ``counts_per_unit``: detector counts that one unit of intensity stands for (1.0: plain counts); None where
          unknown or not the same for all points.

        Of text: ``columns`` (those used) of ``n_columns``, ``separator``, ``decimal``, ``encoding``, ``header`` (its
        lines), ``skipped``; of a saved curve ``source``, the metadata it was first saved with.

        Of an instrument's file (None where it does not say): ``axis`` whose positions were used ("Omega",
        "2Theta"), ``scan_axis`` and ``scan_mode`` as the file names them;
        ``scan`` (numbers of those used) of ``n_scans``, ``status``, ``fixed_axes``; ``intensity_unit`` ("counts" or
        "counts per second"); ``counting_time`` (s per point that the intensity stands for; ``counting_times`` point
        by point where they differ); ``attenuation``, the attenuator's factor (point by point where it changed);
        ``normalised``, what was done to the counts; ``wavelength`` (A), ``anode``, ``date``, ``sample``, ``hkl``,
        ``material``, ``instrument``.

    Raises
    ------
    CurveFormatError
        One line with the file, the place in it, the value, what is allowed and what to do: for a file that is
        missing, empty, truncated, of a format that is not read, or not a table of numbers; an unknown step; columns
        not chosen; scans that are not parts of one curve, or of an axis other than omega; fewer than 50 points;
        intensities that are not finite, negative, or all equal; angles that repeat or turn round; an argument that
        has no meaning for the format.

    Examples
    --------
    >>> curve = load_curve("implanted.txt", step=4.018235972)  # doctest: +SKIP
    >>> curve = load_curve("implanted.xrdml.gz")  # doctest: +SKIP
    """
    reading = Reading(step, columns, unit, reverse, two_theta, separator, decimal, skip, scan)
    try:
        return _build(read_scan(path, reading), os.fspath(path), peak)
    except CurveFormatError as error:
        raise CurveFormatError(f"{os.fspath(path)}: {' '.join(str(error).split())}") from None


def _build(scan: RawScan, file: str, peak: float | None) -> MeasuredCurve:
    """Check a scan, put it on its peak, and say what it looks like."""
    check_scan(scan)
    axis, intensity = scan.axis, scan.intensity
    points = {"attenuation": scan.attenuation, "counting_times": scan.counting_time}
    by_point = {name: values for name, values in points.items() if values is not None}
    descending = bool(axis[0] > axis[-1])
    if descending:
        axis, intensity = axis[::-1], intensity[::-1]
        by_point = {name: values[::-1] for name, values in by_point.items()}

    found = find_substrate_peak(axis, intensity)
    if peak is not None and not axis[0] <= peak <= axis[-1]:
        raise CurveFormatError(f"peak={peak:g} is outside the scan; {axis[0]:g} to {axis[-1]:g} expected")
    if peak is not None:
        zero, peak_from = float(peak), "argument"
    elif scan.zero is not None:
        zero, peak_from = scan.zero, "file"
    else:
        zero, peak_from = found.position, "found"
    angle = (axis - zero) * scan.scale
    if scan.reverse:
        angle, intensity = -angle[::-1], intensity[::-1]
        by_point = {name: values[::-1] for name, values in by_point.items()}
    angle, intensity = np.ascontiguousarray(angle), np.ascontiguousarray(intensity)
    if not np.all(np.diff(angle) > 0):
        raise CurveFormatError(f"{scan.axis_name} lie too close to each other to tell them apart; is it an angle?")

    metadata: dict[str, Any] = {
        "file": file,
        **scan.facts,
        **{name: values.tolist() for name, values in by_point.items()},
        "descending": descending,
        "reversed": scan.reverse,
        "peak_from": peak_from,
        **describe(angle, intensity, found.fwhm * scan.scale),
    }
    if not scan.indexed:
        metadata["peak_position"] = zero
    metadata["inferred"] = [*scan.inferred, *inferences(angle, intensity, metadata)]
    metadata["warnings"] = [*scan.warnings, *suspicions(angle, intensity, scan, metadata)]
    return MeasuredCurve(angle, intensity, metadata)
