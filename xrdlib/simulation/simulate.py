"""The forward model: parameters in, rocking curves out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xrdlib._arrays import vectors
from xrdlib.simulation.crystals import GGG_444, Crystal, Film, Scan
from xrdlib.simulation.diffraction import Bragg, reflectivity
from xrdlib.simulation.instrument import Grid, Instrument, count_photons, resolution_matrix, simulation_grid
from xrdlib.simulation.strain import FloatArray, StrainParameters, as_parameters

__all__ = ["simulate"]

_DEFAULT_SCAN = Scan()
_DEFAULT_INSTRUMENT = Instrument()


def simulate(
    parameters: ArrayLike | StrainParameters,
    *,
    scan: Scan = _DEFAULT_SCAN,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: ArrayLike = 1.0,
    damage: ArrayLike = 0.0,
    instrument: Instrument | None = _DEFAULT_INSTRUMENT,
    exact: bool = False,
    bragg: Bragg = "linear",
    rng: np.random.Generator | None = None,
) -> FloatArray:
    """Simulate rocking curves.

    Parameters
    ----------
    parameters : StrainParameters or array_like, shape (7,) or (n, 7)
        Lengths in A, in the order ``PARAMETERS``.
    scan : Scan
        Angles of the curve, arcsec from the substrate peak; by default the lab's 701 points.
    crystal, film : Crystal, Film or None
        Substrate and optional film.
    layer_thickness : float
        Thickness of a sublayer, A.
    disorder : float or array_like, shape (n,)
        Static Debye-Waller factor of the sublayers, 0 < E <= 1.
    damage : float or array_like, shape (n,)
        How much further E falls where strain is largest: a sublayer has ``disorder * exp(-damage * r**2)``, r its
        strain over the sample's largest; 0 is one E for all sublayers.
    instrument : Instrument or None
        Resolution, scale, background, noise; None returns the reflectivity itself.
    exact : bool
        Closed form instead of the faster expansion (which is within 1e-5 of it).
    bragg : {"linear", "exact"}
        Shift of a layer's peak: linear in strain (the lab's), or by the exact Bragg law.
    rng : numpy.random.Generator, optional
        Needed for an instrument with counting noise.

    Returns
    -------
    ndarray, shape (n_points,) or (n, n_points), float64
        Intensity: dimensionless, in units of the incident beam for ``scale = 1``.

    Raises
    ------
    ValueError
        For parameters that are not seven finite numbers, or an impossible crystal, film or instrument.

    Examples
    --------
    >>> import xrdlib
    >>> curve = xrdlib.simulate([0.008094, 0.000943, 5200, 3500, 0.00255, 3000, -50])
    >>> curve.shape
    (701,)
    """
    rows = as_parameters(parameters)
    single = isinstance(parameters, StrainParameters) or np.ndim(parameters) == 1
    grid = scan_grid(scan, crystal, film, instrument) if instrument is not None else None
    curves = reflectivity(
        rows,
        scan.angle if grid is None else grid.angle,
        crystal=crystal,
        film=film,
        layer_thickness=layer_thickness,
        disorder=disorder,
        damage=damage,
        bragg=bragg,
        exact=exact,
    )
    if instrument is not None and grid is not None:
        curves = measure(curves, grid, scan.angle, instrument, rng)
    return curves[0] if single else curves


def scan_grid(scan: Scan, crystal: Crystal, film: Film | None, instrument: Instrument) -> Grid:
    """The grid that ``simulate`` uses for these arguments."""
    if film is None:
        return simulation_grid(scan, fwhm=instrument.fwhm, crystal=crystal)
    return simulation_grid(scan, fwhm=instrument.fwhm, crystal=crystal, thickness=film.thickness)


def measure(
    curves: FloatArray,
    grid: Grid,
    angle: ArrayLike,
    instrument: Instrument,
    rng: np.random.Generator | None = None,
) -> FloatArray:
    """Reflectivity on a grid, shape (n, n_grid), as the instrument records it at ``angle``, shape (n, m)."""
    curves = vectors(curves, "curves")
    if curves.ndim == 0 or curves.shape[-1] != grid.angle.size:
        raise ValueError(
            f"curves: shape (..., {grid.angle.size}) expected, one value per angle of the grid, {curves.shape} given"
        )
    matrix = resolution_matrix(angle, grid, instrument.fwhm, instrument.lorentz_fraction)
    intensity = instrument.scale * (curves @ matrix) + instrument.background
    if instrument.peak_counts is None:
        return intensity
    if rng is None:
        raise ValueError("rng: an instrument with counting noise needs a numpy.random.Generator")
    return count_photons(intensity, instrument.peak_counts, rng)
