"""What is wrong with a scan, what a finished curve looks like, what is suspicious about it, and what was inferred."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xrdlib.data.peak import despiked, estimate_background, structure
from xrdlib.data.readers.raw import CurveFormatError, FloatArray, RawScan, value_error
from xrdlib.simulation import GGG_444

__all__ = ["check_scan", "describe", "inferences", "suspicions"]

MIN_POINTS = 50
_LARGEST = 1e30  # of an intensity: squares of larger ones overflow
_WIDTHS = 10.0, 300.0  # arcsec: full width at half maximum of a substrate's peak
_MISSET = 3.0  # deg: omega is set to zero by hand, and surfaces are miscut
_FLAT = 0.3  # of the FWHM: rounding makes no flat top as wide


def check_scan(scan: RawScan) -> None:
    """CurveFormatError for values or angles that no curve has."""
    axis, intensity = scan.axis, scan.intensity
    for wrong, values, what in (
        (~np.isfinite(axis), axis, "an angle must be a finite number; remove or correct the line"),
        (~np.isfinite(intensity), intensity, "an intensity must be a finite number; remove or correct it"),
        (intensity < 0, intensity, "an intensity must be >= 0; undo a subtraction of the background"),
        (intensity > _LARGEST, intensity, f"an intensity must be below {_LARGEST:g}; divide all by their maximum"),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise value_error(scan.places[row], f"{values[row]:g}", what)
    if not intensity.any():
        raise CurveFormatError("all intensities are 0; is it the right column (columns=) or scan?")
    if intensity.size < MIN_POINTS:
        raise CurveFormatError(f"{intensity.size} points; at least {MIN_POINTS} expected")
    if not scan.indexed:
        _check_axis(scan)


def _check_axis(scan: RawScan) -> None:
    """Angles must rise or fall throughout, and by the step if one is given."""
    axis, step = scan.axis, scan.step
    steps = np.diff(axis) * (1 if axis[-1] >= axis[0] else -1)
    if np.any(steps <= 0):
        row = int(np.argmax(steps <= 0)) + 1
        problem = "repeats the angle before it" if steps[row - 1] == 0 else "the angles turn round here"
        advice = "they must rise or fall throughout; correct the line, or say which columns are meant (columns=)"
        raise value_error(scan.places[row], f"{axis[row]:g}", f"{problem}; {advice}")
    own = float(np.median(steps)) * scan.scale
    if not (own > 0 and np.abs(axis).max() * scan.scale < 1e9):
        raise CurveFormatError(
            f"{scan.axis_name} go from {axis[0]:g} to {axis[-1]:g}; is it the right column (columns=)?"
        )
    if step is not None and abs(own - step) > 0.01 * step:
        raise CurveFormatError(
            f"step={step:g} given, but the angles go by {own:g} arcsec; leave step= out, set unit=, or give "
            "columns= with the intensity alone"
        )


def describe(angle: FloatArray, intensity: FloatArray, fwhm: float) -> dict[str, Any]:
    """What the finished curve looks like; ``fwhm`` in arcsec, nan where it is cut off."""
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


def suspicions(angle: FloatArray, intensity: FloatArray, scan: RawScan, known: dict[str, Any]) -> list[str]:
    """Texts about what is readable but suspicious."""
    texts = []
    level = known["background"]
    if not known["uniform"]:
        texts.append(f"steps from {known['step_min']:.4g} to {known['step_max']:.4g} arcsec, not uniform")
    texts += _wrong_unit(scan, float(angle[-1] - angle[0]))
    if not 3 <= known["peak_index"] <= angle.size - 4:
        texts.append("the highest peak is at the end of the scan; set the substrate's with peak=")
    elif known["fwhm"] is None:
        texts.append("the highest peak does not fall to half its height on both sides: is the substrate's in the scan?")
    elif not _WIDTHS[0] <= known["fwhm"] <= _WIDTHS[1]:
        step = "; is step= right?" if scan.indexed else "; is it the substrate's, and the unit of the angles right?"
        texts.append(
            f"the highest peak is {known['fwhm']:.3g} arcsec wide at half its height, a substrate's is "
            f"{_WIDTHS[0]:g} to {_WIDTHS[1]:g}{step}"
        )
    texts += _other_reflection(known)
    if known["peak_intensity"] < 5 * level:
        texts.append("no clear peak: less than 5 times the background")
    texts += _saturated(angle, intensity, known)
    if not known["background_flat"]:
        texts.append("no flat end: the background is an upper limit")
    spikes = np.flatnonzero(intensity > 3 * despiked(intensity).max())
    if spikes.size:
        flipped = known["descending"] != known["reversed"]
        place = scan.places[len(scan.places) - 1 - spikes[0] if flipped else spikes[0]]
        texts.append(f"{place}: {intensity[spikes[0]]:g} is an outlier above the peak; correct it")
    below, above = structure(angle, intensity, known)
    if below > max(above, 0.01 * known["peak_intensity"] * (known["fwhm"] or known["step"])):
        if known.get("axis"):
            texts.append(
                f"the layer seems to lie at higher {known['axis']} than the highest peak, at negative dth: a "
                "contracted layer, or the highest peak is not the substrate's (then give peak=)"
            )
        else:
            direction = "if the axis is omega, give reverse=True (2theta: two_theta=True)"
            if known["reversed"]:
                direction = "the axis was said to run with theta: leave that out if it is dth"
            texts.append(
                f"the layer seems to lie at negative angles; {direction}; if the highest peak is not the substrate's, "
                "give peak=, and if that is not in the scan, measure it"
            )
    return texts


def _wrong_unit(scan: RawScan, span: float) -> list[str]:
    """Whether the angles make sense in the unit they are said to have."""
    if 36 <= span <= 36_000:
        return []
    unit, text = scan.facts.get("unit"), f"the scan spans {span:.4g} arcsec"
    if scan.indexed:
        return [f"{text}; is the step (step=) right?"]
    if unit == "arcsec" and span <= 10:
        return [f"{text}: the angles are probably degrees; give unit='degree'"]
    if unit == "degree" and span > 36_000 and not scan.facts.get("axis"):
        return [f"{text}: the angles are probably arcsec (leave unit= out) or millidegrees, or is it a powder pattern?"]
    return [f"{text}; is the unit of the angles (unit=) right?" if not scan.facts.get("axis") else f"{text}, unusual"]


def _other_reflection(known: dict[str, Any]) -> list[str]:
    """Whether an instrument's angles and indices are those of the reflection that is simulated."""
    axis, hkl = known.get("axis"), known.get("hkl")
    expected = math.degrees(GGG_444.bragg_angle)
    if axis is None:
        return _doubled(known, expected)
    texts = []
    theta = known["peak_position"] / (2 if axis == "2Theta" else 1)
    if abs(theta - expected) > _MISSET:
        texts.append(
            f"the highest peak is at theta = {theta:.2f} deg, GGG (444) reflects at {expected:.2f}: another crystal or "
            "reflection, of which no curve is simulated?"
        )
    if hkl is not None and hkl.replace("-", "") != "4 4 4":
        texts.append(f"the file says reflection {hkl}; curves are simulated for 4 4 4")
    return texts


def _doubled(known: dict[str, Any], expected: float) -> list[str]:
    """Whether the angles of a text are where 2theta of the reflection is."""
    at = known.get("peak_position")
    if known.get("unit") != "degree" or known.get("two_theta") or at is None or abs(at - 2 * expected) > _MISSET:
        return []
    return [
        f"the highest peak is at {at:.2f} deg, where 2theta of GGG (444) is {2 * expected:.2f}: if the axis is 2theta, "
        "give two_theta=True"
    ]


def _saturated(angle: FloatArray, intensity: FloatArray, known: dict[str, Any]) -> list[str]:
    """A flat top: successive points with the very same, highest intensity."""
    top = intensity == intensity.max()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], top, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    first, last = int(starts[longest]), int(stops[longest]) - 1
    wide = angle[last] - angle[first] > _FLAT * (known["fwhm"] or 0.0)
    positive = intensity[intensity > 0]
    if last - first >= 2 and wide and intensity.max() >= 100 * positive.min():  # few counts are often equal
        return [
            f"{last - first + 1} successive points have the same highest intensity, {intensity.max():g}: the detector "
            "was probably saturated, and the peak is higher than it looks"
        ]
    return []


def inferences(angle: FloatArray, intensity: FloatArray, known: dict[str, Any]) -> list[str]:
    """Sentences about peak, step, direction and background."""
    where = f"point {known['peak_index']:.2f} (from 0)"
    width = "" if known["fwhm"] is None else f", {known['fwhm']:.1f} arcsec wide at half its height"
    peak = {
        "found": f"the substrate peak is the highest one, at {where}{width}",
        "argument": f"the substrate peak is where peak= says, at {where}",
        "file": f"angle 0 is where the file says, at {where}",
    }[known["peak_from"]]
    if known.get("peak_position") is not None:
        named = f"{known['axis']}" if known.get("axis") else "in the file"
        unit = "deg" if known.get("axis") else known["unit"]
        peak += f", {named} {known['peak_position']:.{5 if unit.startswith('deg') else 2}f} {unit}"
    steps = f"{known['step']:.6g} arcsec" if known["uniform"] else "not uniform"
    below, above = structure(angle, intensity, known)
    floor = 0.01 * known["peak_intensity"] * (known["fwhm"] or known["step"])
    if max(below, above) <= floor:
        side = "no layer stands out that would show whether the direction is right"
    elif above >= below:
        side = "the layer lies at positive dth, as an expanded one does"
    else:
        side = "the layer lies at negative dth, as a contracted one does"
        side += "" if known.get("axis") else ": is the direction right?"
    first, stop = known["background_points"]
    ends = f"points {first} to {stop - 1} ({angle[first]:.0f} to {angle[stop - 1]:.0f} arcsec)"
    limit = "" if known["background_flat"] else ", an upper limit"
    return [peak, f"the step is {steps}", side, f"the background is {known['background']:.4g}, from {ends}{limit}"]
