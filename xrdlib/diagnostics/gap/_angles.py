"""Where along the scan a curve differs from its nearest training curves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics._seeds import holm
from xrdlib.diagnostics.gap._novelty import conformal
from xrdlib.diagnostics.gap._properties import covered, running_mean
from xrdlib.diagnostics.lookup._lookup import Inputs

__all__ = ["Stretch", "stretches", "z_scores"]

FloatArray = NDArray[np.float64]

_LEAST = 0.01  # of log10 intensity: what interpolation and rounding leave
_PEAK, _FLANK = 60.0, 150.0  # arcsec
_ABOVE = 0.5  # of log10 over the lowest level: there the layer still diffracts
_SMOOTH = 60.0  # arcsec


class Stretch(NamedTuple):
    """A range of angles (arcsec): RMS of z there, and how often held-out curves near this one have as much.

    That p value holds for all ranges together (Holm).
    """

    name: str
    start: float
    stop: float
    z: float
    p_value: float


def z_scores(off: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Difference of a curve (m,) from its nearest training curves over that of held-out ones (n, m), and theirs.

    RMS of theirs at each angle, but at least 0.01 of log10 intensity.
    """
    usual = np.maximum(np.sqrt(np.square(others).mean(axis=0)), _LEAST)
    return off / usual, others / usual


def stretches(curve: Inputs, angle: FloatArray, z: FloatArray, others: FloatArray) -> list[Stretch]:
    """The parts of a curve (m,) by name, with its z (m,) and those of others (n, m)."""
    n = int(covered(curve[None])[0])
    end = float(angle[n - 1])
    size = max(3, round(_SMOOTH / (angle[1] - angle[0])) | 1)
    smooth = running_mean(np.asarray(curve[None, :n], dtype=np.float64), size)[0]
    high = np.flatnonzero(smooth > np.quantile(smooth, 0.05) + _ABOVE)
    edge = max(_FLANK, float(angle[high[-1]]) if high.size else _FLANK)
    bounds = [
        ("substrate peak", angle[0] - 1, _PEAK),
        ("its flank", _PEAK, _FLANK),
        ("plateau and fringes", _FLANK, edge),
        ("tail", edge, end),
        ("beyond its end", end, angle[-1] + 1),
    ]
    found, p_values = [], []
    for name, start, stop in bounds:
        here = (angle > start) & (angle <= stop)
        if here.any():
            own, theirs = (np.sqrt(np.square(v[..., here]).mean(axis=-1)) for v in (z, others))
            p_values.append(conformal(float(own), theirs))
            found.append(Stretch(name, float(angle[here][0]), float(angle[here][-1]), float(own), np.nan))
    adjusted = holm(np.array(p_values))
    return [s._replace(p_value=float(p)) for s, p in zip(found, adjusted, strict=True)]
