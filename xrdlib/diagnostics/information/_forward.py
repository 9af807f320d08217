"""What turns parameters into curves, and how the curves change with them: the simulator, or any callable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.simulation import (
    CRYSTALS,
    PARAMETERS,
    YIG_FILM,
    Crystal,
    Film,
    Grid,
    Instrument,
    reflectivity,
    resolution_matrix,
)
from xrdlib.simulation.derivatives import reflectivity_jacobian
from xrdlib.simulation.simulate import scan_grid
from xrdlib.training import Study

__all__ = ["INSTRUMENTAL", "Derivatives", "Forward", "Simulate", "Source", "forward_model"]

FloatArray = NDArray[np.float64]
Simulate = Callable[[FloatArray], FloatArray]
Source = Study | DatasetConfig | Simulate

# what shapes a curve beside the seven parameters; disorder is the sample's, the others the instrument's
INSTRUMENTAL = ("disorder", "fwhm", "lorentz_fraction", "offset")

_DIFFERENCE = 1e-4  # of the range: a callable's central differences
_FWHM_STEP, _OFFSET_STEP = 0.2, 0.05  # arcsec
_CHUNK = 64  # samples whose reflectivity and derivatives are in memory together


class Derivatives(NamedTuple):
    """Curves (n, m) and their derivatives by the seven parameters, per range (n, 7, m), and by ``INSTRUMENTAL``.

    The latter have shape (n, 4, m), per unit (arcsec for fwhm and offset); of a callable (n, 0, m).
    """

    curves: FloatArray
    parameters: FloatArray
    instrumental: FloatArray


@dataclass(frozen=True)
class Forward:
    """A callable as forward model, differentiated by central differences.

    Attributes
    ----------
    angle : ndarray, shape (m,)
        arcsec, or the index of a point where the angles are not known.
    curves : callable
        Parameters (n, 7), lengths in A, to intensities (n, m).
    """

    angle: FloatArray
    curves: Simulate

    def derivatives(
        self, parameters: FloatArray, disorder: FloatArray | None = None, *, instrumental: bool = True
    ) -> Derivatives:
        """Curves and derivatives of parameters (n, 7); a callable knows neither disorder nor instrument."""
        steps = _DIFFERENCE * np.diag(SPACE.range)
        slopes = [(self.curves(parameters + h) - self.curves(parameters - h)) / (2 * _DIFFERENCE) for h in steps]
        curves = self.curves(parameters)
        return Derivatives(curves, np.stack(slopes, axis=1), np.empty((len(curves), 0, curves.shape[1])))


@dataclass(frozen=True)
class _Simulator(Forward):
    """The library's forward model, its derivatives at a held number of sublayers."""

    config: DatasetConfig
    instrument: Instrument
    disorder: float
    grid: Grid
    resolution: FloatArray

    @property
    def sample(self) -> tuple[Crystal, Film | None, float]:
        """Crystal, film and thickness of the sublayers (A)."""
        return CRYSTALS[self.config.crystal], YIG_FILM if self.config.film else None, self.config.layer_thickness

    def matrix(self, *, fwhm: float = 0.0, offset: float = 0.0, lorentz_fraction: float | None = None) -> FloatArray:
        """Resolution matrix of the instrument, changed by a little."""
        fraction = self.instrument.lorentz_fraction if lorentz_fraction is None else lorentz_fraction
        return resolution_matrix(self.angle + offset, self.grid, self.instrument.fwhm + fwhm, fraction)

    @property
    def changes(self) -> list[FloatArray]:
        """Of the resolution matrix by fwhm, Lorentz fraction and offset."""
        wide, narrow = (self.matrix(fwhm=sign * _FWHM_STEP) for sign in (1, -1))
        late, early = (self.matrix(offset=sign * _OFFSET_STEP) for sign in (1, -1))
        shape = self.matrix(lorentz_fraction=1.0) - self.matrix(lorentz_fraction=0.0)
        return [(wide - narrow) / (2 * _FWHM_STEP), shape, (late - early) / (2 * _OFFSET_STEP)]

    def derivatives(
        self, parameters: FloatArray, disorder: FloatArray | None = None, *, instrumental: bool = True
    ) -> Derivatives:
        """Curves and derivatives of parameters (n, 7), with disorder (n,) where each has its own.

        ``instrumental`` False leaves those by ``INSTRUMENTAL`` out, shape (n, 0, m).
        """
        crystal, film, thickness = self.sample
        static = np.broadcast_to(self.disorder if disorder is None else disorder, len(parameters))
        changes = self.changes if instrumental else []
        parts = []
        for start in range(0, len(parameters), _CHUNK):
            rows = slice(start, start + _CHUNK)
            stored, slopes = reflectivity_jacobian(
                parameters[rows],
                self.grid.angle,
                crystal=crystal,
                film=film,
                layer_thickness=thickness,
                disorder=static[rows],
            )
            convolved = slopes[:, : len(PARAMETERS) + 1] @ self.resolution
            by_parameter = convolved[:, : len(PARAMETERS)] * SPACE.range[:, None]
            others = [convolved[:, -1], *(stored @ change for change in changes)] if instrumental else []
            by_others = np.stack(others, axis=1) if others else np.empty((len(stored), 0, self.angle.size))
            parts.append(Derivatives(stored @ self.resolution, by_parameter, by_others))
        return Derivatives(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def forward_model(source: Source, instrument: Instrument, disorder: float, angle: FloatArray | None = None) -> Forward:
    """The forward model of a study, a kind of sample and scan, or a callable.

    Parameters
    ----------
    source : Study, DatasetConfig or callable
        A callable turns parameters (n, 7) into intensities (n, m).
    instrument : Instrument
        Resolution; scale, background and noise are left out.
    disorder : float
    angle : ndarray, shape (m,), optional
        Where to simulate, arcsec; by default the scan. Of a callable only to label its points.
    """
    if isinstance(source, Study):
        source = source.config.dataset
    if not isinstance(source, DatasetConfig):
        if angle is None:
            middle = SPACE.denormalise(np.full((1, len(PARAMETERS)), 0.5))
            angle = np.arange(source(middle).shape[1], dtype=np.float64)
        return Forward(angle, source)
    config, scan = source, source.scan
    crystal, film = CRYSTALS[config.crystal], YIG_FILM if config.film else None
    grid = scan_grid(scan, crystal, film, Instrument(instrument.fwhm))
    angle = scan.angle if angle is None else angle
    matrix = resolution_matrix(angle, grid, instrument.fwhm, instrument.lorentz_fraction)

    def curves(parameters: FloatArray) -> FloatArray:
        stored = reflectivity(
            parameters,
            grid.angle,
            crystal=crystal,
            film=film,
            layer_thickness=config.layer_thickness,
            disorder=np.full(len(parameters), disorder),
        )
        return np.asarray(stored @ matrix)

    return _Simulator(angle, curves, config, instrument, disorder, grid, matrix)
