"""The measured curve as a function of everything that is fitted, with its derivatives.

``I(dth) = scale (R * g)(dth + offset) + background``: R of the seven parameters, the disorder E and its growth with
strain, g a pseudo-Voigt. All derivatives are closed forms: R's by the adjoint recursion, g's of the formula in
`xrdlib.simulation.instrument`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.simulation import GGG_444, PARAMETERS, Crystal, Film, Grid, Instrument, Scan
from xrdlib.simulation.derivatives import reflectivity_jacobian
from xrdlib.simulation.simulate import scan_grid
from xrdlib.simulation.strain import strain_layers

__all__ = ["NUISANCES", "CurveModel", "Evaluation"]

FloatArray = NDArray[np.float64]

NUISANCES = ("scale", "background", "offset", "fwhm", "lorentz_fraction", "disorder", "damage")


class Evaluation(NamedTuple):
    """Intensity (m,) and its derivatives (m, 14) by the seven parameters and the nuisances."""

    intensity: FloatArray
    slope: FloatArray


@dataclass(frozen=True, eq=False)
class CurveModel:
    """Forward model of one measured curve.

    Attributes
    ----------
    angle : ndarray, shape (m,)
        Measured angles, arcsec, increasing; any spacing.
    crystal, film : Crystal, Film or None
    layer_thickness : float
        A.
    narrowest : float
        Narrowest resolution that will be asked for, arcsec: decides how fine the grid is.
    """

    angle: FloatArray
    crystal: Crystal = GGG_444
    film: Film | None = None
    layer_thickness: float = 100.0
    narrowest: float = 25.0

    @cached_property
    def grid(self) -> Grid:
        """Angles at which the reflectivity is simulated."""
        step = float(np.median(np.diff(self.angle)))
        n_points = int(np.ceil((self.angle[-1] - self.angle[0]) / step - 1e-6)) + 1
        scan = Scan(float(self.angle[0]), step, n_points)
        return scan_grid(scan, self.crystal, self.film, Instrument(self.narrowest))

    def n_layers(self, parameters: FloatArray) -> int:
        """Number of strained sublayers of parameters (7,): held while a fit runs, for it has no derivative."""
        return int(strain_layers(parameters, layer_thickness=self.layer_thickness)[1][0])

    def __call__(self, parameters: FloatArray, nuisances: FloatArray, n_layers: int) -> Evaluation:
        """Curve of parameters (7,) and nuisances (7,), in the order of ``NUISANCES``."""
        from xrdlib.refinement._convolution import convolve_with_slopes  # numba is imported when it is wanted

        scale, background, offset, fwhm, lorentz_fraction, disorder, damage = nuisances
        value, jacobian = reflectivity_jacobian(
            parameters,
            self.grid.angle,
            crystal=self.crystal,
            film=self.film,
            layer_thickness=self.layer_thickness,
            disorder=disorder,
            damage=damage,
            n_layers=n_layers,
            threads=1,
        )
        grid, m = self.grid, self.angle.size
        bell, by_shape = np.empty((m, grid.angle.size)), np.empty((3, m))
        convolve_with_slopes(
            self.angle + offset, grid.angle, grid.weight, value[0], fwhm, lorentz_fraction, bell, by_shape
        )
        curves = bell @ np.concatenate([value[0][None], jacobian[0]]).T
        slope = np.empty((m, len(PARAMETERS) + len(NUISANCES)))
        slope[:, :7] = scale * curves[:, 1:8]
        slope[:, 7] = curves[:, 0]
        slope[:, 8] = 1.0
        slope[:, 9:12] = scale * by_shape.T
        slope[:, 12:] = scale * curves[:, 8:]
        return Evaluation(scale * curves[:, 0] + background, slope)
