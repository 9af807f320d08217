"""The words of a `CurveReading`: its table, and what a look at the curve would tell."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xrdlib.data.peak import LAYER_FROM

if TYPE_CHECKING:
    from xrdlib.diagnostics.reading import CurveReading

__all__ = ["facts", "findings"]

_FOUND = {"found": "found", "argument": "as given", "file": "as in the saved file"}


def facts(reading: CurveReading) -> list[tuple[str, str]]:
    """Name and value of everything that was read or found."""
    curve = reading.curve
    known = curve.metadata
    said = known.get("source", {}) | known  # a saved curve knows what the first file said
    start, stop = (f"{angle:.1f}" for angle in curve.angle[[0, -1]])
    from_strain, to_strain = reading.strain(curve.angle[[0, -1]])
    first, last = known["background_points"][0], known["background_points"][1] - 1
    left, right = reading.background_range
    flat = "flat" if known.get("background_flat", True) else "not flat: an upper limit"
    level, height = known["background"], known["peak_intensity"]
    share = f"{level / height:.2g} of the peak; " if height > 0 else ""  # no counts where the peak was put
    return [
        ("file", _file(known)),
        ("format", _format(known)),
        ("axis", _axis(known)),
        ("unit", str(known.get("unit", "not said"))),
        ("points", f"{curve.angle.size}"),
        ("range", f"{start} to {stop} arcsec, strain {from_strain:.4f} to {to_strain:.4f}"),
        ("step", _step(known)),
        (
            "peak",
            f"{height:.4g} at point {known['peak_index']:.2f}, {_FOUND.get(known['peak_from'], known['peak_from'])}",
        ),
        ("FWHM", "cut off" if known["fwhm"] is None else f"{known['fwhm']:.1f} arcsec"),
        ("counting time", _value(said.get("counting_time"), "s")),
        ("attenuation", _value(said.get("attenuation"))),
        (
            "background",
            f"{level:.3g}; {share}a point scatters by {known['background_spread']:.2g}",
        ),
        ("background from", f"points {first} to {last}, {left:.0f} to {right:.0f} arcsec; {flat}"),
    ]


def _file(known: dict[str, Any]) -> str:
    name = Path(str(known.get("file", "none"))).name
    source = known.get("source")
    return f"{name}, saved from {Path(str(source['file'])).name}" if source and "file" in source else name


def _format(known: dict[str, Any]) -> str:
    text = str(known.get("format", "not said"))
    if known.get("n_columns"):
        which = ", ".join(map(str, known["columns"]))
        text += f"; column{'s' * (len(known['columns']) > 1)} {which} (from 0) of {known['n_columns']}"
    if known.get("separator"):
        text += f"; decimal {known['decimal']!r}, {known['encoding']}"
    return text


def _axis(known: dict[str, Any]) -> str:
    """What the file's axis is, and what was done to it."""
    named = known.get("axis")
    text = str(named) if named else "dth = thB - theta"
    if not named and known.get("format") in ("intensity", "index, intensity"):
        text = "none in the file: step as given, dth rising" if not known.get("reversed") else "none: step as given"
    if known.get("descending"):
        text += "; falling in the file"
    return text + ("; turned round" if known.get("reversed") else "")


def _step(known: dict[str, Any]) -> str:
    if known["uniform"]:
        return f"{known['step']:.6g} arcsec"
    return f"{known['step_min']:.4g} to {known['step_max']:.4g} arcsec (median {known['step']:.4g})"


def _value(value: Any, unit: str = "") -> str:
    """What only some formats say: a number, several, or nothing."""
    if value is None:
        return "not in the file"
    values = list(dict.fromkeys(np.ravel(np.asarray(value, dtype=object)).tolist()))
    shown = [f"{v:.4g}" if isinstance(v, (int, float)) else str(v) for v in values]
    text = ", ".join(shown) if len(shown) <= 4 else f"{len(shown)} values"
    return f"{text} {unit}".strip()


def findings(reading: CurveReading) -> list[str]:
    """One sentence each: peak, layer, what lies beyond it, network, step."""
    return [*_peak(reading), *_layer(reading), *_network(reading), *_fringes(reading)]


def _peak(reading: CurveReading) -> list[str]:
    known, found = reading.curve.metadata, reading.peak
    if known["peak_from"] == "found":
        texts = [f"Angle 0 is the highest peak, taken for the substrate's, at point {known['peak_index']:.2f}"]
    else:
        there = abs(found.position) < 0.5 * known["step"]
        where = "where the highest peak is" if there else f"the highest peak is at {found.position:.1f} arcsec from it"
        texts = [f"Angle 0 is {_FOUND.get(known['peak_from'], known['peak_from'])}, {where}"]
    if known["fwhm"] is None:
        return [texts[0] + "; one of its flanks is cut off."]
    inside = known["fwhm"] / known["step"]
    few = ", too few to find it finely" if inside < 3 else ""
    return [f"{texts[0]}; its {known['fwhm']:.1f} arcsec at half height are {inside:.1f} steps{few}."]


def _layer(reading: CurveReading) -> list[str]:
    layer, angle = reading.layer, reading.curve.angle
    if layer.side == "none":
        strain = float(reading.strain(LAYER_FROM))
        return [
            f"No layer is seen: nothing stands out of background and wings farther than {LAYER_FROM:.0f} arcsec from "
            f"the peak (strain {strain:.4f})."
        ]
    right = layer.side == "positive"
    kind = "an expanded layer's (strain > 0), as after implantation" if right else "a contracted layer's (strain < 0)"
    texts = [
        f"The layer is on the {layer.side} side, {kind}: 98 % of what stands out there lies before {layer.end:.0f} "
        f"arcsec, strain {layer.strain:.4f}, about the largest in it."
    ]
    stop = float(angle[-1] if right else angle[0])
    if layer.to_end:
        texts.append(
            f"It still stands out at that end of the scan, {stop:.0f} arcsec: larger strain may lie beyond, and the "
            "background may be too high."
        )
    else:
        beyond = np.mean(angle > layer.end) if right else np.mean(angle < layer.end)
        texts.append(
            f"Beyond it the scan goes on to {stop:.0f} arcsec (strain {float(reading.strain(stop)):.4f}), "
            f"{100 * float(beyond):.0f} % of its points."
        )
    if layer.other > 10:
        texts.append(f"On the other side there is something as well: {layer.other:.0f} % of all that stands out.")
    return texts


def _network(reading: CurveReading) -> list[str]:
    view, study, curve = reading.network, f"study {reading.config.name}", reading.curve
    sees = f"{view.start:.0f} to {view.stop:.0f} arcsec"
    if view.refused is not None:
        return [f"The network of {study} cannot read it: it {view.refused}."]
    if reading.layer.side == "negative":
        return [f"The network of {study} would read it, but the layer is not where it looks ({sees})."]
    text = f"The network of {study} can read it; it sees {sees}"
    if view.filled:
        measurement = reading.config.measurement
        how = "as its training curves are" if measurement else "as none of its training curves is"
        text += (
            f", of which {curve.angle[-1]:.0f} to {view.stop:.0f} ({view.filled} of {view.n_points} points) are filled "
            f"with the level of the last points, {how}"
        )
        if measurement and curve.angle[-1] < measurement.stop[0]:
            text += f", though these end at {measurement.stop[0]:.0f} arcsec or later"
    unseen = [f"{n} points {word} that" for n, word in ((view.below, "below"), (view.above, "above")) if n]
    text += f"; it does not see the {' and the '.join(unseen)}" if unseen else ""
    step, own = curve.metadata["step"], reading.config.dataset.scan.step
    text += f"; steps of {step:.3g} are interpolated to its {own:.3g} arcsec" if abs(step - own) > 0.01 * own else ""
    return [text + "."]


def _fringes(reading: CurveReading) -> list[str]:
    f = reading.fringes
    texts = [
        f"Fringes of a layer of {f.thickest:.0f} A, the deepest of the parameter space, are {f.period:.1f} arcsec "
        f"apart, {f.steps:.1f} steps: {f.verdict}."
    ]
    if math.isfinite(f.blurred) and f.blurred > f.period:
        # period times thickness is the same for every layer
        texts.append(
            f"The resolution may blur them all the same: were it as wide as the peak, fringes less than "
            f"{f.blurred:.0f} arcsec apart (layers thicker than {f.thickest * f.period / f.blurred:.0f} A) would keep "
            "less than a tenth of their contrast."
        )
    return texts
