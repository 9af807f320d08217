"""Measurement augmentation: stored reflectivity into curves as a diffractometer might have recorded them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrdlib.simulation import Grid, Scan, resolution_matrix

__all__ = ["Measurement"]

Range = tuple[float, float]


@dataclass(frozen=True)
class Measurement:
    """Ranges from which the nuisances of a measurement are drawn.

    Attributes
    ----------
    fwhm : tuple of float
        Resolution, arcsec, uniform.
    lorentz_fraction : tuple of float
        Uniform.
    background : tuple of float
        Relative to the peak, log-uniform.
    peak_counts : tuple of float
        Counts in the peak, log-uniform.
    stop : tuple of float
        Where the scan ends, arcsec, uniform; half of the curves keep the whole scan.
    offset : tuple of float
        Error of the angle's origin, arcsec, uniform.
    curves_per_instrument : int
        So many curves share one draw of resolution and offset, which makes the convolution a matrix product.
    """

    fwhm: Range = (25.0, 50.0)
    lorentz_fraction: Range = (0.0, 0.5)
    background: Range = (1e-4, 1e-2)
    peak_counts: Range = (1e4, 1e6)
    stop: Range = (800.0, 2732.0)
    offset: Range = (-2.0, 2.0)
    curves_per_instrument: int = 256

    def __post_init__(self) -> None:
        for name in ("fwhm", "lorentz_fraction", "background", "peak_counts", "stop", "offset"):
            low, high = (float(v) for v in getattr(self, name))
            if not low <= high or (name in ("background", "peak_counts", "fwhm") and low <= 0):
                raise ValueError(f"measurement: {name} = {low, high} given, a range (low, high) expected")
            object.__setattr__(self, name, (low, high))
        if not 0 <= self.lorentz_fraction[0] <= self.lorentz_fraction[1] <= 1:
            raise ValueError(f"measurement: lorentz_fraction = {self.lorentz_fraction} given, within 0 to 1 expected")
        if self.curves_per_instrument < 1:
            raise ValueError(f"measurement: curves_per_instrument = {self.curves_per_instrument}, at least 1 expected")

    def draw(
        self, reflectivity: NDArray[np.float32], grid: Grid, scan: Scan, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Measure each curve once, with nuisances of its own; resolution and offset are shared by some (see above).

        Parameters
        ----------
        reflectivity : ndarray, shape (n, n_grid)
            On ``grid``, before any resolution function.
        grid : Grid
        scan : Scan
        rng : numpy.random.Generator

        Returns
        -------
        intensity : ndarray of float32, shape (n, n_points)
            On the scan, in units of each curve's noise-free peak, background and counting noise included.
        n_valid : ndarray of int, shape (n,)
            Number of points up to where the curve's scan ended.
        """
        n = reflectivity.shape[0]
        curves = np.empty((n, scan.n_points), dtype=np.float32)
        for start in range(0, n, self.curves_per_instrument):
            rows = slice(start, start + self.curves_per_instrument)
            angle = scan.angle + rng.uniform(*self.offset)
            matrix = resolution_matrix(angle, grid, rng.uniform(*self.fwhm), rng.uniform(*self.lorentz_fraction))
            curves[rows] = reflectivity[rows] @ matrix.astype(np.float32)
        curves /= curves.max(axis=1, keepdims=True)
        curves += _log_uniform(rng, self.background, n)
        counts = _log_uniform(rng, self.peak_counts, n)
        intensity = rng.poisson(curves * counts).astype(np.float32) / counts
        stop = np.where(rng.random(n) < 0.5, scan.stop, rng.uniform(*self.stop, size=n))
        n_valid = np.searchsorted(scan.angle, stop + 1e-6, side="right")  # a whole scan has its last point
        return intensity, n_valid.astype(np.int64)


def _log_uniform(rng: np.random.Generator, limits: Range, n: int) -> NDArray[np.float32]:
    return np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), size=(n, 1))).astype(np.float32)
