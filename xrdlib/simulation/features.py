"""What one reads off a rocking curve by eye: where the strained peak lies, how far apart fringes are.

A sublayer of strain e diffracts at ``dth = e tan(thB)`` from the substrate (linear form of the Bragg law); a layer of
uniform strain and thickness t gives fringes of period ``lambda / (2 t cos thB)`` (kinematic limit; Pietsch, Holy and
Baumbach, High-Resolution X-Ray Scattering, 2004).
"""

from __future__ import annotations

from math import cos
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from xrdlib._arrays import intensities, number, vector
from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film
from xrdlib.simulation.diffraction import Bragg, stack
from xrdlib.simulation.strain import StrainParameters, as_parameters, strain_layers

__all__ = ["StrainedPeak", "fringe_period", "fringe_spacing", "strained_peak"]


class StrainedPeak(NamedTuple):
    """The most strained sublayer: its strain, its depth (A) and the angle at which it diffracts (arcsec)."""

    strain: float
    depth: float
    angle: float


def strained_peak(
    parameters: ArrayLike | StrainParameters,
    *,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    bragg: Bragg = "linear",
) -> StrainedPeak:
    """Find where the most strained sublayer of one sample diffracts: the upper end of its part of the curve.

    The outermost peak of the curve lies a little inside that angle, where enough sublayers of nearly
    the same strain scatter together.

    Parameters
    ----------
    parameters : StrainParameters or array_like, shape (7,)
        In the order of ``PARAMETERS``, lengths in A.
    crystal, film : Crystal, Film or None
    layer_thickness : float
        Thickness of a sublayer, A.
    bragg : {"linear", "exact"}
        As in `simulate`.

    Returns
    -------
    StrainedPeak
        Strain (relative to the unstrained film, where there is one), depth in A, and angle dth from the substrate
        peak in arcsec. Without any strained sublayer: strain 0, depth nan, and the angle of the unstrained material.

    Raises
    ------
    ValueError
        For anything but one row of seven numbers that has a profile, or a film too thin for it.
    """
    rows = as_parameters(parameters)
    if rows.shape[0] != 1:
        raise ValueError(f"parameters: one row of seven numbers expected, {rows.shape[0]} given")
    strain, n_layers = strain_layers(rows, layer_thickness=layer_thickness)
    layers = stack(strain, n_layers, crystal, film, layer_thickness, bragg)
    if n_layers[0] == 0:
        return StrainedPeak(0.0, float("nan"), layers.optics.film_shift / ARCSEC)
    top = int(np.argmax(strain[0]))
    return StrainedPeak(float(strain[0, top]), (top + 0.5) * layer_thickness, float(layers.shift[0, top]) / ARCSEC)


def fringe_period(thickness: float, *, crystal: Crystal = GGG_444) -> float:
    """Period in arcsec of the fringes of a layer, ``lambda / (2 thickness cos thB)``.

    Parameters
    ----------
    thickness : float
        A.
    crystal : Crystal

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the thickness is not positive.
    """
    if not number(thickness, "thickness") > 1e-3:
        raise ValueError(f"thickness: {thickness} A given, a positive length expected")
    return crystal.wavelength / (2 * thickness * cos(crystal.bragg_angle)) / ARCSEC


def fringe_spacing(angle: ArrayLike, intensity: ArrayLike) -> float:
    """Median distance in arcsec between neighbouring maxima of log intensity, to compare with `fringe_period`.

    The median, because the layer's main peak is twice as wide as its fringes and the substrate's flank hides some.

    Parameters
    ----------
    angle, intensity : array_like, shape (m,)
        A curve without noise; arcsec, > 0.

    Returns
    -------
    float
        nan where the curve has fewer than two maxima.
    """
    from scipy.signal import find_peaks  # half a second to import

    curve = vector(intensities(intensity, "intensity", positive=True), "intensity")
    at = vector(angle, "angle")
    if at.size != curve.size:
        raise ValueError(f"angle: one for each intensity expected, {at.size} for {curve.size} given")
    maxima = find_peaks(np.log10(curve), prominence=0.02)[0]
    if maxima.size < 2:
        return float("nan")
    with np.errstate(over="ignore"):
        return float(np.median(np.diff(at[maxima])))
