"""PANalytical XRDML, schema 1.0 to 2.x.

``counts`` are what the detector saw and are multiplied by the attenuation factors; ``intensities`` (older files) have
been multiplied by the instrument's software, and are taken as they are.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from xrdlib.data.readers._xml import parse_xml
from xrdlib.data.readers.ranges import Range, chosen
from xrdlib.data.readers.raw import CurveFormatError, FloatArray, RawScan, Reading, value_error
from xrdlib.data.readers.vendor import WITHOUT_MEANING, as_scan, in_counts, numbers_in, plausible

__all__ = ["read_xrdml"]

_COUPLED = {"gonio", "2thetaomega", "omega2theta", "2thetatheta", "theta2theta"}


def read_xrdml(raw: bytes, reading: Reading) -> RawScan:
    """The scan of an XRDML file, all ranges of it joined unless one is asked for."""
    reading.refuse(WITHOUT_MEANING, "an XRDML file says it itself")
    root = parse_xml(raw)
    if root.tag != "xrdMeasurements":
        raise CurveFormatError(f"XML, but not XRDML: <{root.tag[:40]}> where <xrdMeasurements> is expected")
    pairs = [(m, scan) for m in root.findall("xrdMeasurement") for scan in m.findall("scan")]
    wanted = chosen(len(pairs), reading.scan)
    ranges = [_range(pairs[n - 1][1], n) for n in wanted]
    measurement, first = pairs[wanted[0] - 1]
    version = re.search(rb"XRDMeasurement/([0-9.]+)", raw[:4096])
    facts = {
        "format": f"PANalytical XRDML{' ' + version[1].decode() if version else ''}",
        **_facts(root, measurement, first),
    }
    used = measurement.find("usedWavelength")
    radiation = used.get("intended", "") if used is not None else ""
    return as_scan(ranges, facts, n_scans=len(pairs), radiation=radiation)


def _facts(root: Element, measurement: Element, scan: Element) -> dict[str, Any]:
    """What else the file says that is of use."""
    hkl = [_text(scan, f"reflection/hkl/{index}") for index in "hkl"]
    length = numbers_in(_text(measurement, "usedWavelength/kAlpha1"), "<kAlpha1>")
    names = [_text(root, "sample/id"), _text(root, "sample/name")]
    return {
        "wavelength": float(length[0]) if length.size else None,
        "sample": ", ".join(name for name in names if name) or None,
        "hkl": " ".join(i for i in hkl if i) or None,
        "material": _text(scan, "reflection/material"),
        "instrument": _text(scan, "header/source/instrumentID"),
        "anode": _text(measurement, "incidentBeamPath/xRayTube/anodeMaterial"),
    }


def _text(element: Element, path: str) -> str | None:
    return (element.findtext(path) or "").strip() or None


def _range(scan: Element, number: int) -> Range:
    """One ``<scan>``."""
    place = f"scan {number}"
    status = scan.get("status", "")
    complete = status in ("", "Completed")
    points = scan.find("dataPoints")
    if points is None:
        raise CurveFormatError(f"{place}: no <dataPoints>; was the measurement saved?")
    counts, stored = points.find("counts"), points.find("intensities")
    data = counts if counts is not None else stored
    if data is None:
        raise CurveFormatError(f"{place}: neither <counts> nor <intensities>; was the measurement saved?")
    values = numbers_in(data.text, f"{place}, <{data.tag}>")
    unit = data.get("unit", "counts")
    if unit not in ("counts", "cps"):
        raise CurveFormatError(f"{place}: intensities in {unit[:40]!r}; counts or cps expected")
    factor = _per_point(points, ("beamAttenuationFactors", "commonBeamAttenuationFactor"), values.size, place, 1.0)
    time = _per_point(points, ("countingTimes", "commonCountingTime"), values.size, place, np.nan)
    values, unit = in_counts(values, time, is_rate=unit == "cps")
    raw = data is counts
    warnings = []
    if raw and any(points.find(name) is not None for name in ("divergenceCorrections", "commonDivergenceCorrection")):
        warnings.append(f"{place}: the file has corrections for a moving divergence slit; they were not applied")
    positions = _positions(points, values.size, place)
    scan_axis = scan.get("scanAxis", "")
    axis, more = _axis(scan_axis, positions, place)
    fixed = {name: float(p[0]) for name, p in positions.items() if p.size and np.ptp(p) == 0}
    if axis == "Omega" and "2Theta" in positions and "2Theta" not in fixed:
        fixed["Omega - 2Theta / 2"] = float(positions["Omega"][0] - positions["2Theta"][0] / 2)
    return Range(
        numbers=(number,),
        axis=axis,
        unit=unit,
        scan_axis=scan_axis,
        mode=scan.get("mode", ""),
        status=status,
        started=_text(scan, "header/startTimeStamp") or "",
        position=positions[axis],
        counted=values if raw else values / factor,
        corrected=values * factor if raw else values,
        factor=factor,
        time=time,
        fixed=fixed,
        complete=complete,
        warnings=(*warnings, *more),
        inferred=_attenuation_text(factor, raw),
    )


def _attenuation_text(factor: FloatArray, raw: bool) -> tuple[str, ...]:
    if not np.any(factor != 1):
        return ()
    shown = ", ".join(f"{f:g}" for f in np.unique(factor)[:6])
    if raw:
        return (f"<counts> are behind the beam attenuator: they were multiplied by its factors ({shown})",)
    return (f"<intensities> are already corrected for the beam attenuator (factors {shown}): taken as they are",)


def _per_point(points: Element, names: tuple[str, str], n: int, place: str, default: float) -> FloatArray:
    """A list of positive numbers, one for all, or the default, shape (n,)."""
    each, common = (points.find(name) for name in names)
    element = each if each is not None else common
    if element is None:
        return np.full(n, default)
    values = numbers_in(element.text, f"{place}, <{element.tag}>")
    if element is common and values.size == 1:
        values = np.full(n, values[0])
    if values.size != n:
        raise CurveFormatError(f"{place}: {values.size} numbers in <{element.tag}>, {n} expected; damaged file")
    if not plausible(values).all():
        value = values[int(np.argmin(plausible(values)))]
        raise value_error(f"{place}, <{element.tag}>", f"{value:g}", "a positive number expected; damaged file")
    return values


def _positions(points: Element, n: int, place: str) -> dict[str, FloatArray]:
    """Positions of all axes, each of shape (n,), degrees for Omega and 2Theta."""
    found = {}
    for element in points.findall("positions"):
        name, unit = element.get("axis", ""), element.get("unit", "deg")
        if name in ("Omega", "2Theta") and unit != "deg":
            raise CurveFormatError(f"{place}: {name} in {unit[:40]!r}; deg expected")
        at = f"{place}, positions of {name[:40]}"
        texts = {child.tag: numbers_in(child.text, at) for child in element}
        listed, start, end = (texts.get(k) for k in ("listPositions", "startPosition", "endPosition"))
        common = texts.get("commonPosition")
        if listed is not None and listed.size == n:
            found[name] = listed
        elif start is not None and end is not None and start.size == end.size == 1:
            found[name] = np.linspace(start[0], end[0], n)
        elif common is not None and common.size == 1:
            found[name] = np.full(n, common[0])
        elif name in ("Omega", "2Theta"):
            size = "none" if listed is None else listed.size
            raise CurveFormatError(f"{at}: {size} for {n} intensities; damaged file")
    return found


def _axis(scan_axis: str, positions: dict[str, FloatArray], place: str) -> tuple[str, list[str]]:
    """Omega or 2Theta, and warnings: which positions say where theta is."""
    moved = [name for name, p in positions.items() if p.size and np.ptp(p) != 0]  # nan moved, too
    word = re.sub(r"[^a-z0-9]", "", scan_axis.lower())
    if "Omega" in moved:
        texts = []
        if "2Theta" in moved:
            ratio = float(np.ptp(positions["2Theta"]) / np.ptp(positions["Omega"]))
            if not abs(ratio - 2) <= 0.02:
                texts.append(f"{place}: 2Theta moved {ratio:.3g} times as far as Omega; 0 or 2 times expected")
        return "Omega", texts
    if "2Theta" in moved and (word in _COUPLED and "Omega" not in positions):
        return "2Theta", []
    if "2Theta" in moved:
        raise CurveFormatError(
            f"{place}: a scan of {scan_axis[:40] or '2Theta'} in which Omega stood still or is not said; a rocking "
            "curve moves Omega"
        )
    if moved:
        raise CurveFormatError(f"{place}: a scan of {', '.join(m[:40] for m in moved)}; a rocking curve moves Omega")
    raise CurveFormatError(f"{place}: no positions of a moving axis; Omega (or 2Theta of a coupled scan) expected")
