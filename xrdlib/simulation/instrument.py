"""What the diffractometer makes of a reflectivity: resolution, scale, background, counting noise.

``I = scale (R * g) + background`` with a pseudo-Voigt g of unit area, full width F and Lorentz fraction eta::

    g(x) = eta (2 / pi F) / (1 + 4 x^2 / F^2) + (1 - eta) (2 / F) sqrt(ln 2 / pi) exp(-4 ln 2 x^2 / F^2)

The convolution is a quadrature over a grid of its own, wider than the scan and finer where the curve is:
the substrate's peak is 6 arcsec wide, the lab's step 4. Each evenly spaced part of the grid carries the
end-corrected weights of Gregory's formula, so that the joints cost no accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import intensities, is_whole, number, require_numbers, shown, vector
from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Scan

__all__ = ["Grid", "Instrument", "count_photons", "resolution_matrix", "simulation_grid"]

FloatArray = NDArray[np.float64]

# arcsec on either side of the substrate peak, and the largest step there: its flank is 6 arcsec wide and steep
_NEAR, _NEAR_STEP = 12.0, 0.26
_AROUND, _AROUND_STEP = 60.0, 1.05
_PER_FRINGE = 5  # points
_MARGIN = 150.0  # arcsec beyond either end of the scan
_MOST_POINTS, _LARGEST_MATRIX = 1e6, 2e8  # 1.6 GB
_FEWEST_COUNTS, _MOST_COUNTS = 1e-6, 1e15
_FAINTEST, _BRIGHTEST = 1e-200, 1e100
STRAINED_DEPTH = 7500.0  # A, the deepest strained region of the parameter space


@dataclass(frozen=True)
class Instrument:
    """Resolution, scale and background of a measurement.

    Attributes
    ----------
    fwhm : float
        Full width at half maximum of the resolution function, arcsec.
    lorentz_fraction : float
        Fraction of Lorentzian in the pseudo-Voigt, 0 (Gaussian) to 1.
    scale : float
        Intensity per reflectivity.
    background : float
        Constant intensity under the curve, in units of the scaled curve.
    peak_counts : float, optional
        Counts expected at the curve's maximum; None is a curve without counting noise.
    """

    fwhm: float = 30.0
    lorentz_fraction: float = 0.0
    scale: float = 1.0
    background: float = 0.0
    peak_counts: float | None = None

    def __post_init__(self) -> None:
        require_numbers("instrument", fwhm=self.fwhm, lorentz_fraction=self.lorentz_fraction)
        require_numbers("instrument", scale=self.scale, background=self.background)
        if self.peak_counts is not None:
            require_numbers("instrument", peak_counts=self.peak_counts)
        for name, value, allowed, what in (
            ("fwhm", self.fwhm, self.fwhm >= 1, "at least 1 arcsec (instrument=None is the reflectivity itself)"),
            ("lorentz_fraction", self.lorentz_fraction, 0 <= self.lorentz_fraction <= 1, "0 to 1"),
            ("scale", self.scale, _FAINTEST <= self.scale <= _BRIGHTEST, f"a positive number up to {_BRIGHTEST:g}"),
            ("background", self.background, 0 <= self.background <= _BRIGHTEST, "zero or a positive intensity"),
            (
                "peak_counts",
                self.peak_counts,
                self.peak_counts is None or _FEWEST_COUNTS <= self.peak_counts <= _MOST_COUNTS,
                f"None, or positive up to {_MOST_COUNTS:g},",
            ),
        ):
            if not allowed:
                raise ValueError(f"instrument: {name} = {value} given, {what} expected")


@dataclass(frozen=True)
class Grid:
    """Angles (arcsec, increasing) to simulate and their quadrature weights (arcsec), each of shape (n,)."""

    angle: FloatArray
    weight: FloatArray

    def __post_init__(self) -> None:
        angle = vector(self.angle, "angle")
        object.__setattr__(self, "angle", angle)
        object.__setattr__(self, "weight", vector(self.weight, "weight"))
        if self.weight.size != angle.size:
            raise ValueError(f"weight: one for each angle expected, {self.weight.size} for {angle.size} given")
        if not (np.diff(angle) > 0).all():
            raise ValueError("angle: of a grid, increasing ones expected")


def simulation_grid(
    scan: Scan,
    *,
    fwhm: float = 30.0,
    thickness: float = STRAINED_DEPTH,
    crystal: Crystal = GGG_444,
    refine: int = 1,
) -> Grid:
    """Grid on which to simulate a curve that is convolved onto a scan.

    Parameters
    ----------
    scan : Scan
    fwhm : float
        Narrowest resolution function to be used, arcsec.
    thickness : float
        Thickest coherent part of the sample, A; its fringes are sampled five times each.
    crystal : Crystal
        Substrate; gives the fringe period lambda / (2 thickness cos thB).
    refine : int
        Divides every step, for tests of convergence.

    Returns
    -------
    Grid
        The step is about 0.25 arcsec within 12 arcsec of the substrate peak, 1 arcsec within 60, elsewhere the
        scan's own or a fraction of it; 150 arcsec wider than the scan on either side, whose angles are all in it.
    """
    for name, value, least, most in (("fwhm", fwhm, 1, 1e6), ("thickness", thickness, 0, 1e9)):
        if not least <= number(value, name) <= most:
            raise ValueError(f"{name} = {value:g} given, {least:g} to {most:g} expected")
    if not is_whole(refine) or refine < 1:
        raise ValueError(f"refine = {shown(refine)} given, a whole number, at least 1, expected")
    period = crystal.wavelength / (2 * max(thickness, 1.0) * np.cos(crystal.bragg_angle)) / ARCSEC
    margin = ceil(max(_MARGIN, 5 * fwhm) / scan.step)
    # in scan steps from the scan's start; the substrate's peak is always inside, for its wings reach everywhere
    first = min(-margin, int(np.floor((-_MARGIN - scan.start) / scan.step)))
    last = max(scan.n_points - 1 + margin, int(np.ceil((_MARGIN - scan.start) / scan.step)))
    joints = [first]
    for angle, outwards in ((-_AROUND, np.floor), (-_NEAR, np.floor), (_NEAR, np.ceil), (_AROUND, np.ceil)):
        joints.append(int(np.clip(outwards((angle - scan.start) / scan.step), joints[-1], last)))
    joints.append(last)
    coarse = min(scan.step, fwhm / 6, period / _PER_FRINGE)
    around, near = min(coarse, _AROUND_STEP, fwhm / 20), min(coarse, _NEAR_STEP, fwhm / 60)
    spans = list(zip(joints[:-1], joints[1:], (coarse, around, near, around, coarse), strict=True))
    needed = sum((end - begin) * scan.step / step for begin, end, step in spans) * refine
    if needed > _MOST_POINTS or needed * scan.n_points > _LARGEST_MATRIX:
        raise ValueError(
            f"scan: {scan.n_points} points from {scan.start:g} by {scan.step:g} arcsec, with fwhm = {fwhm:g} and "
            f"thickness = {thickness:g}, need {needed:.1e} angles, too many; take fewer points or a wider step"
        )
    indices: list[FloatArray] = []
    weights: list[FloatArray] = []
    for begin, end, step in spans:
        if end == begin:
            continue
        parts = ceil(scan.step / step - 1e-9) * refine
        n = (end - begin) * parts + 1
        index = begin + np.arange(n) / parts
        weight = _gregory(n) * scan.step / parts
        if indices:  # the joint belongs to both parts
            weights[-1][-1] += weight[0]
            index, weight = index[1:], weight[1:]
        indices.append(index)
        weights.append(weight)
    return Grid(scan.start + scan.step * np.concatenate(indices), np.concatenate(weights))


def _gregory(n: int) -> FloatArray:
    """Weights of Gregory's end-corrected trapezoidal rule, fourth order, for n evenly spaced points."""
    weight = np.ones(n)
    if n >= 6:
        ends = np.array([3 / 8, 7 / 6, 23 / 24])
        weight[:3], weight[-3:] = ends, ends[::-1]
    else:
        weight[[0, -1]] = 0.5
    return weight


def resolution_matrix(angle: ArrayLike, grid: Grid, fwhm: float, lorentz_fraction: float) -> FloatArray:
    """Matrix that convolves a reflectivity on ``grid`` with the pseudo-Voigt and reads it at ``angle``.

    Parameters
    ----------
    angle : array_like, shape (m,)
        arcsec; need not lie on the grid.
    grid : Grid
        n angles.
    fwhm, lorentz_fraction : float
        As in ``Instrument``.

    Returns
    -------
    ndarray, shape (n, m)
        ``reflectivity @ matrix`` is the convolved curve.
    """
    if not number(fwhm, "fwhm") >= 0.01:
        raise ValueError(f"fwhm = {fwhm:g} given, at least 0.01 arcsec expected")
    if not 0 <= number(lorentz_fraction, "lorentz_fraction") <= 1:
        raise ValueError(f"lorentz_fraction = {lorentz_fraction:g} given, 0 to 1 expected")
    at = vector(angle, "angle")
    if (np.abs(at) > _BRIGHTEST).any():
        raise ValueError(f"angle: {at[np.argmax(np.abs(at))]:g} arcsec given, up to {_BRIGHTEST:g} expected")
    x = (at[None, :] - grid.angle[:, None]) * (2 / fwhm)
    square = x * x
    gauss = np.exp(-np.log(2) * square)
    gauss *= (1 - lorentz_fraction) * np.sqrt(np.log(2) / np.pi) * 2 / fwhm
    if lorentz_fraction > 0:
        gauss += lorentz_fraction * (2 / (np.pi * fwhm)) / (1 + square)
    return np.asarray(gauss * grid.weight[:, None])


def count_photons(intensity: ArrayLike, peak_counts: float, rng: np.random.Generator) -> FloatArray:
    """One Poisson draw of each curve, in the curve's own units.

    Parameters
    ----------
    intensity : array_like, shape (..., m)
    peak_counts : float
        Counts expected at each curve's maximum.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (..., m)
    """
    expected = intensities(intensity, "intensity")
    if not (expected.max(axis=-1) > _FAINTEST).all():
        raise ValueError("intensity: a curve is 0 everywhere; intensities are expected")
    if not _FEWEST_COUNTS <= number(peak_counts, "peak_counts") <= _MOST_COUNTS:
        raise ValueError(f"peak_counts = {peak_counts:g} given, positive, up to {_MOST_COUNTS:g}, expected")
    unit = expected.max(axis=-1, keepdims=True) / peak_counts
    return np.asarray(rng.poisson(expected / unit) * unit)
