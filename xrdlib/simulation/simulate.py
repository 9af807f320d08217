"""The forward model: parameters, or any strain profile, in; rocking curves out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from xrdlib._arrays import vectors
from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film, Scan
from xrdlib.simulation.diffraction import Bragg, propagate, reflectivity, scan_angles, stack
from xrdlib.simulation.instrument import (
    STRAINED_DEPTH,
    Grid,
    Instrument,
    count_photons,
    resolution_matrix,
    simulation_grid,
)
from xrdlib.simulation.strain import MAX_DEPTH, FloatArray, StrainParameters, as_parameters, check_thickness

__all__ = ["measure", "scan_grid", "simulate", "simulate_profile"]

_LARGEST_STRAIN = 0.1  # of a profile given by hand; larger numbers are in another unit

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


def simulate_profile(
    strain: ArrayLike,
    *,
    scan: Scan = _DEFAULT_SCAN,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: ArrayLike = 1.0,
    instrument: Instrument | None = _DEFAULT_INSTRUMENT,
    exact: bool = False,
    bragg: Bragg = "linear",
    rng: np.random.Generator | None = None,
) -> FloatArray:
    """Simulate rocking curves of any strain profile, given sublayer by sublayer.

    ``simulate_profile(strain_profile(parameters).strain)`` is ``simulate(parameters)``.

    Parameters
    ----------
    strain : array_like, shape (k,) or (n, k)
        Strain in the middle of each sublayer, the surface's first; dimensionless, negative where the lattice is
        compressed. Below the last there is no strain. An empty one is the bare substrate.
    disorder : float or array_like, of strain's shape
        Static Debye-Waller factor of each sublayer, 0 < E <= 1.
    scan, crystal, film, layer_thickness, instrument, exact, bragg, rng
        As in `simulate`.

    Returns
    -------
    ndarray, shape (n_points,) or (n, n_points), float64
        Intensity, as of `simulate`.

    Raises
    ------
    ValueError
        For strains that are no finite numbers within 0.1 (per cent, say, or ppm), a profile deeper than 20
        micrometres, or an impossible disorder, crystal, film or instrument.

    Examples
    --------
    >>> from xrdlib.simulation import simulate_profile
    >>> curve = simulate_profile([0.001, 0.002, 0.004, 0.004, 0.001], layer_thickness=500)
    >>> curve.shape
    (701,)
    """
    given = vectors(strain, "strain")
    factor = vectors(disorder, "disorder")
    check_thickness(layer_thickness)
    _check_profile(given, factor, layer_thickness)
    rows = np.atleast_2d(given)
    n_layers = np.full(rows.shape[0], rows.shape[1])
    layers = stack(rows, n_layers, crystal, film, layer_thickness, bragg)
    grid = None
    if instrument is not None:
        grid = scan_grid(scan, crystal, film, instrument, depth=rows.shape[1] * layer_thickness)
    theta = scan_angles(scan.angle if grid is None else grid.angle) * ARCSEC
    each = np.array(np.broadcast_to(factor, given.shape)).reshape(rows.shape)
    curves = propagate(theta, layers, each, layer_thickness, exact=exact)
    if instrument is not None and grid is not None:
        curves = measure(curves, grid, scan.angle, instrument, rng)
    return curves[0] if given.ndim == 1 else curves


def _check_profile(strain: FloatArray, factor: FloatArray, layer_thickness: float) -> None:
    if strain.ndim not in (1, 2):
        raise ValueError(f"strain: shape (k,) or (n, k) expected, one number per sublayer, {strain.shape} given")
    if strain.shape[-1] * layer_thickness > MAX_DEPTH:
        raise ValueError(
            f"strain: {strain.shape[-1]} sublayers of {layer_thickness:g} A given, at most {MAX_DEPTH:g} A expected"
        )
    far = np.argwhere(np.abs(strain) > _LARGEST_STRAIN)
    if far.size:
        raise ValueError(
            f"strain: {strain[tuple(far[0])]:g} of sublayer {far[0, -1]} given, within {_LARGEST_STRAIN:g} expected; "
            "strain is dimensionless, neither per cent nor ppm"
        )
    if factor.shape not in ((), strain.shape):
        raise ValueError(f"disorder: a number, or one for each sublayer expected, shape {factor.shape} given")
    wrong = (factor <= 0) | (factor > 1)
    if wrong.any():
        raise ValueError(f"disorder: {factor[wrong][0]} given, 0 < E <= 1 expected")


def scan_grid(
    scan: Scan, crystal: Crystal, film: Film | None, instrument: Instrument, *, depth: float = STRAINED_DEPTH
) -> Grid:
    """The grid that ``simulate`` uses for these arguments; fine enough for strain down to a ``depth`` in A."""
    thickness = max(depth, STRAINED_DEPTH) if film is None else film.thickness
    return simulation_grid(scan, fwhm=instrument.fwhm, crystal=crystal, thickness=thickness)


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
