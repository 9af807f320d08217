"""From the scan ranges of an instrument's file to one scan, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.readers.merging import combine
from xrdlib.data.readers.ranges import Range, numbers
from xrdlib.data.readers.raw import UNITS, FloatArray, RawScan, value_error
from xrdlib.simulation.crystals import CU_K_ALPHA1

__all__ = ["COUNTS", "RATE", "WITHOUT_MEANING", "as_scan", "in_counts", "numbers_in", "plausible"]

WITHOUT_MEANING = ("step", "columns", "unit", "reverse", "two_theta", "separator", "decimal", "skip")
COUNTS, RATE = "counts", "counts per second"


def as_scan(ranges: Sequence[Range], facts: dict[str, Any], *, n_scans: int, radiation: str) -> RawScan:
    """The file's scan: ranges joined, counts as the detector saw them, corrected for the attenuator.

    Parameters
    ----------
    ranges : sequence of Range
        Those to use.
    facts : dict
        Metadata of the file: ``format``, ``wavelength`` (A or None) and others.
    n_scans : int
        Scans in the file.
    radiation : str
        What the file says of it, such as "K-Alpha 1"; empty where it does not.

    Returns
    -------
    RawScan
    """
    found = combine(ranges)
    unit = found.unit
    intensity, attenuation = found.corrected, found.factor
    normalised, inferred, warnings = [], [f"the file is {facts['format']}"], list(found.warnings)
    inferred += [_axis_text(found), *found.inferred]
    if len(ranges) < n_scans:
        inferred.append(f"of {n_scans} scans, scan {numbers(found)} was asked for")
    if not found.complete:
        warnings.append(f"the scan is not complete ({found.status.lower()}): its angles may be those that were planned")
    attenuated = bool(np.any(attenuation != 1))
    if attenuated:
        normalised.append("corrected for the beam attenuator")
    known_time = bool(np.isfinite(found.time).all())
    same_time = known_time and bool(np.ptp(found.time) <= 1e-3 * found.time.max())
    common = float(np.median(found.time)) if known_time else None
    if known_time and not same_time:
        intensity = intensity * (np.median(found.time) / found.time)
        normalised.append(f"scaled to the median counting time, {common:g} s")
    elif not known_time and len(found.numbers) > 1:
        warnings.append("the counting times of the joined scans are unknown, and were taken as equal")
    inferred.append(_intensity_text(unit, common, normalised))

    plain = unit == COUNTS and not normalised
    if plain and np.mean(np.abs(intensity - np.round(intensity)) < 0.05) < 0.95:
        plain = False
        inferred.append("the counts are no whole numbers: how many were detected per unit is unknown")
    facts = {
        **facts,
        "axis": found.axis,
        "unit": "degree",
        "scan_axis": found.scan_axis or None,
        "scan_mode": found.mode or None,
        "status": found.status or None,
        "date": found.started or None,
        "scan": list(found.numbers),
        "n_scans": n_scans,
        "fixed_axes": dict(found.fixed),
        "counting_time": common,
        "intensity_unit": unit,
        "attenuation": float(attenuation[0]) if np.ptp(attenuation) == 0 else None,  # else point by point, later
        "normalised": normalised,
        "counts_per_unit": 1.0 if plain else None,
    }
    return RawScan(
        found.position,
        intensity,
        UNITS["degree"] / (2 if found.axis == "2Theta" else 1),
        True,
        [f"scan {numbers(found)}, point {i}" for i in range(1, intensity.size + 1)],
        f"{found.axis} in deg",
        attenuation=attenuation if np.ptp(attenuation) > 0 else None,
        counting_time=found.time if known_time and not same_time else None,
        facts=facts,
        warnings=warnings + _wavelength_warnings(facts["wavelength"], radiation),
        inferred=inferred,
    )


def in_counts(values: FloatArray, time: FloatArray, *, is_rate: bool) -> tuple[FloatArray, str]:
    """Counts where they are known, and what they are."""
    if is_rate and not np.isfinite(time).all():
        return values, RATE
    return (values * time if is_rate else values), COUNTS


def plausible(values: FloatArray) -> NDArray[np.bool_]:
    """Which numbers can be a factor of an attenuator or seconds."""
    return (values > 1e-9) & (values < 1e9)


def numbers_in(text: str | None, place: str) -> FloatArray:
    """Numbers with blanks between them, shape (n,)."""
    values = []
    for word in (text or "").split():
        try:
            values.append(float(word))
        except ValueError:
            raise value_error(place, word, "not a number; the file is damaged, export the scan again") from None
    return np.array(values, dtype=np.float64)


def _axis_text(found: Range) -> str:
    named = f"a scan of {found.scan_axis}" if found.scan_axis else "a scan"
    if found.axis == "2Theta":
        return f"{named}: theta is 2Theta / 2, and dth = -(2Theta - that of the substrate peak) / 2"
    return f"{named}: theta is Omega, and dth = -(Omega - that of the substrate peak)"


def _intensity_text(unit: str, time: float | None, normalised: list[str]) -> str:
    per = f" in {time:g} s per point" if unit == COUNTS and time is not None else ""
    return f"the intensity is in {unit}{per}{''.join(f', {text}' for text in normalised)}"


def _wavelength_warnings(wavelength: float | None, radiation: str) -> list[str]:
    if wavelength is None:
        return []
    texts = []
    if not abs(wavelength - CU_K_ALPHA1) <= 1e-4:
        texts.append(f"measured at {wavelength:g} A; curves are simulated at {CU_K_ALPHA1} A (Cu K-alpha 1)")
    word = radiation.lower().replace("-", "").replace(" ", "")
    if word and not word.endswith("1"):
        texts.append(f"the radiation is said to be {radiation}; curves are simulated for K-alpha 1 alone")
    return texts
