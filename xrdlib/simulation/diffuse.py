"""Diffuse scattering: a share of what disorder takes from the sublayers' Bragg peaks, as a broad foot around them.

A sublayer of thickness dl that scatters weakly reflects, integrated over angle, Q dl with
Q = pi |sigma|^2 / (K sin 2thB), the kinematic limit of the recursion in ``diffraction``. Displaced atoms leave it E^2
of that; the rest goes elsewhere in reciprocal space. How it is distributed there depends on the defects. Here it is a
Lorentzian around each sublayer's peak, without absorption: a model of the foot under a measured curve, not a theory of
the defects.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal
from xrdlib.simulation.diffraction import Bragg, check_disorder, relative_strain, stack
from xrdlib.simulation.strain import FloatArray, StrainParameters, as_parameters, strain_layers

__all__ = ["diffuse_scattering"]


def diffuse_scattering(
    parameters: ArrayLike | StrainParameters,
    angle: ArrayLike,
    *,
    fwhm: float,
    crystal: Crystal = GGG_444,
    layer_thickness: float = 100.0,
    disorder: float = 1.0,
    damage: float = 0.0,
    bragg: Bragg = "linear",
) -> FloatArray:
    """All that disorder takes from the coherent reflectivity of one sample, spread around its sublayers' peaks.

    Parameters
    ----------
    parameters : StrainParameters or array_like, shape (7,)
        Lengths in A.
    angle : array_like, shape (m,)
        dth = thB - theta, arcsec.
    fwhm : float
        Of the Lorentzian around each sublayer's peak, arcsec.
    crystal, layer_thickness, disorder, damage, bragg
        As in ``reflectivity``; there is no film.

    Returns
    -------
    ndarray, shape (m,)
        In units of the incident beam, as reflectivity; 0 for a perfect lattice.
    """
    rows = as_parameters(parameters)
    if rows.shape[0] != 1:
        raise ValueError(f"parameters: one row of seven numbers expected, {rows.shape[0]} given")
    if not fwhm > 0:
        raise ValueError(f"fwhm: {fwhm} arcsec given, a positive width expected")
    static, loss = check_disorder(disorder, damage, 1)
    strain, n_layers = strain_layers(rows, layer_thickness=layer_thickness)
    layers = stack(strain, n_layers, crystal, None, layer_thickness, bragg)
    factor = static[0] * np.exp(-loss[0] * relative_strain(strain)[0] ** 2)
    o = layers.optics
    strength = np.pi * float(o.weight @ np.abs(o.sigma_layer) ** 2) / o.slope  # Q, rad/A
    taken = (1 - factor**2) * strength * layer_thickness / ARCSEC
    x = 2 * (np.asarray(angle, dtype=np.float64) - layers.shift[0][:, None] / ARCSEC) / fwhm
    return np.asarray(taken @ (2 / (np.pi * fwhm) / (1 + x**2)))
