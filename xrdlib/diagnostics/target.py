"""What is diagnosed: a virtual experiment with known parameters, or a measured curve; and its re-simulation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xrdlib._shown import Shown
from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.space import format_parameters
from xrdlib.metrics import curve_error
from xrdlib.simulation import CRYSTALS, YIG_FILM, Grid, Instrument, Scan, reflectivity, resolution_matrix
from xrdlib.simulation.simulate import scan_grid
from xrdlib.training import Study, StudyConfig

__all__ = ["Nuisances", "Target", "fit_nuisances", "resimulate"]

FloatArray = NDArray[np.float64]

FWHM = (25.0, 30.0, 35.0, 40.0, 45.0, 50.0)
LORENTZ_FRACTION = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
DISORDER = (0.85, 0.88, 0.91, 0.94, 0.97, 1.0)


@dataclass(frozen=True)
class Nuisances:
    """What else shapes a curve: resolution (fwhm in arcsec, Lorentz fraction) and disorder E; fitted or known."""

    fwhm: float = 30.0
    lorentz_fraction: float = 0.0
    disorder: float = 1.0
    fitted: bool = False

    @property
    def at_edge(self) -> list[str]:
        """Fitted values at an end of the values searched, beyond which the best may lie; a perfect E = 1 is none."""
        if not self.fitted:
            return []
        ends = {"resolution": (self.fwhm, FWHM[:: len(FWHM) - 1]), "disorder": (self.disorder, DISORDER[:1])}
        ends["Lorentz fraction"] = (self.lorentz_fraction, LORENTZ_FRACTION[-1:])
        return [name for name, (value, edges) in ends.items() if value in edges]


@dataclass(frozen=True, repr=False)
class Target(Shown):
    """One curve to be explained.

    Attributes
    ----------
    name : str
    angle, intensity : ndarray, shape (m,)
        The curve: arcsec from the substrate peak, any unit of intensity.
    true : ndarray of shape (7,), or None
        Parameters in A, where they are known.
    nuisances : Nuisances or None
        Where they are known; None has them fitted.
    source : Experiment or MeasuredCurve
    """

    name: str
    angle: FloatArray
    intensity: FloatArray
    true: FloatArray | None
    nuisances: Nuisances | None
    source: Experiment | MeasuredCurve

    def _facts(self) -> list[tuple[str, str]]:
        return [
            ("curve", self.name),
            ("points", f"{self.angle.size}"),
            ("angle", f"{self.angle[0]:.1f} to {self.angle[-1]:.1f} arcsec"),
            ("parameters", "not known" if self.true is None else ", ".join(format_parameters(self.true))),
        ]

    @classmethod
    def from_experiment(cls, experiment: Experiment, config: StudyConfig | None = None) -> Target:
        """A virtual experiment, on the scan and kind of sample of a study (by default the lab's)."""
        config = config or StudyConfig()
        i = experiment.instrument
        return cls(
            experiment.name,
            config.dataset.scan.angle,
            config.curve(experiment),
            experiment.parameters.to_array(),
            Nuisances(i.fwhm, i.lorentz_fraction, experiment.disorder),
            experiment,
        )

    @classmethod
    def from_curve(cls, curve: MeasuredCurve, name: str) -> Target:
        """A measured curve, parameters unknown."""
        curve.checked()
        return cls(name, curve.angle, curve.intensity, None, None, curve)

    @classmethod
    def of(cls, source: Target | Experiment | MeasuredCurve, study: Study) -> Target:
        """Whatever can be a target, as a study would see it; a measured curve is named by its file."""
        if isinstance(source, Experiment):
            return cls.from_experiment(source, study.config)
        if isinstance(source, MeasuredCurve):
            return cls.from_curve(source, Path(str(source.metadata.get("file", "measured curve"))).name)
        return source

    def tracked_in(self, study: Study) -> bool:
        """Whether the study kept this very experiment's predictions at every epoch."""
        return self.source in study.config.experiments

    def inputs(self, study: Study) -> NDArray[np.float32]:
        """The curve as the study's network sees it, shape (1, n_points)."""
        if isinstance(self.source, MeasuredCurve):
            return study.config.preprocess.measured(self.source)
        return study.config.preprocess(study.config.curve(self.source)[None])


def _reflectivity(parameters: FloatArray, angle: FloatArray, config: DatasetConfig, disorder: FloatArray) -> FloatArray:
    # what a network says may lie outside; the edge of the range is what can be simulated
    inside = np.clip(parameters, SPACE.minimum, SPACE.maximum)
    return reflectivity(
        inside,
        angle,
        crystal=CRYSTALS[config.crystal],
        film=YIG_FILM if config.film else None,
        layer_thickness=config.layer_thickness,
        disorder=disorder,
    )


def _grid(angle: FloatArray, fwhm: float, config: DatasetConfig) -> Grid:
    """The grid of an even scan that covers measured angles."""
    step = float(np.median(np.diff(angle)))
    scan = Scan(float(angle[0]), step, int(np.ceil((angle[-1] - angle[0]) / step - 1e-6)) + 1)
    return scan_grid(scan, CRYSTALS[config.crystal], YIG_FILM if config.film else None, Instrument(fwhm))


def resimulate(parameters: FloatArray, angle: FloatArray, nuisances: Nuisances, config: DatasetConfig) -> FloatArray:
    """Curves of parameters (n, 7), clipped to their ranges, at ``angle`` (m,) in arcsec; shape (n, m)."""
    grid = _grid(angle, nuisances.fwhm, config)
    stored = _reflectivity(parameters, grid.angle, config, np.full(len(parameters), nuisances.disorder))
    return stored @ resolution_matrix(angle, grid, nuisances.fwhm, nuisances.lorentz_fraction)


def fit_nuisances(
    parameters: FloatArray, angle: FloatArray, intensity: FloatArray, config: DatasetConfig
) -> tuple[Nuisances, int]:
    """Resolution and disorder under which one of the rows of ``parameters`` (n, 7) comes closest to a curve.

    A search over the values of ``FWHM``, ``LORENTZ_FRACTION`` and ``DISORDER``, scale and background fitted for
    each; the measure is the RMSE of log10 intensity over all points.

    Returns
    -------
    nuisances : Nuisances
    row : int
        The row that came closest.
    """
    grid = _grid(angle, min(FWHM), config)
    n = len(parameters)
    # (E, row, angle)
    stored = _reflectivity(np.tile(parameters, (len(DISORDER), 1)), grid.angle, config, np.repeat(DISORDER, n))
    best, found = np.inf, (Nuisances(fitted=True), 0)
    for fwhm in FWHM:
        gauss, lorentz = (stored @ resolution_matrix(angle, grid, fwhm, fraction) for fraction in (0.0, 1.0))
        for fraction in LORENTZ_FRACTION:
            rmse = curve_error((1 - fraction) * gauss + fraction * lorentz, intensity).rmse
            i = int(rmse.argmin())
            if rmse[i] < best:
                best, found = float(rmse[i]), (Nuisances(fwhm, fraction, DISORDER[i // n], fitted=True), i % n)
    return found
