"""What a fit found: parameters, instrument, profile, and how far to trust them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import median_filter

from xrdlib._section import Section
from xrdlib.data import SPACE, DatasetConfig, MeasuredCurve
from xrdlib.refinement import _saved, _text
from xrdlib.refinement._ends import DisorderFit, Minimum
from xrdlib.refinement._problem import Likelihood, Point, Problem, Solution, misfit
from xrdlib.refinement._uncertainty import covariances, neighbour_correlation
from xrdlib.refinement.model import NUISANCES
from xrdlib.refinement.starts import Start
from xrdlib.simulation import PARAMETERS, StrainParameters, as_parameters
from xrdlib.simulation.derivatives import strain_jacobian
from xrdlib.simulation.strain import strain_layers

__all__ = ["VARIABLES", "DisorderFit", "Minimum", "Refinement", "describe"]

FloatArray = NDArray[np.float64]

VARIABLES = (*PARAMETERS, *NUISANCES)


@dataclass(frozen=True, repr=False)
class Refinement(Section):
    """A fitted curve.

    Attributes
    ----------
    curve : str
        Name of the file.
    angle, intensity, model, start_model : ndarray, shape (m,)
        The curve as measured (arcsec, its own unit), as fitted, and as the start has it, only the nuisances fitted.
    parameters, start_parameters : ndarray, shape (7,)
        Lengths in A.
    nuisances : dict of str to float
        scale, background, offset (arcsec, of the curve's origin), fwhm (arcsec), lorentz_fraction, disorder, damage.
    covariance, covariance_white : ndarray, shape (14, 14)
        Of parameters and nuisances, nan for what was not fitted or lies at an end of its range; what lies at a
        constraint moves with what limits it. The first allows for misfits that are correlated along the curve and
        unlike in size, the second does not.
    at_bound : tuple of str
        Fitted, and at an end of the range or at a constraint.
    start : str
        Where the best fit started.
    minima : tuple of Minimum
        Where the starts converged, the lowest first; where models of disorder were compared, of the simplest.
    not_converged : tuple of str
        The starts that did not.
    disorder_fits : tuple of DisorderFit
        Where several were compared.
    likelihood : str
    counts_per_unit : float
    converged, interrupted : bool
    n_evaluations : int
        Of the model, by the best fit.
    seconds : float
    sample : DatasetConfig
        Crystal, film, sublayers.
    warnings : tuple of str
        What `load_curve` found suspicious about the curve.
    """

    curve: str
    angle: FloatArray
    intensity: FloatArray
    model: FloatArray
    start_model: FloatArray
    parameters: FloatArray
    start_parameters: FloatArray
    nuisances: dict[str, float]
    covariance: FloatArray
    covariance_white: FloatArray
    at_bound: tuple[str, ...]
    start: str
    minima: tuple[Minimum, ...]
    not_converged: tuple[str, ...]
    disorder_fits: tuple[DisorderFit, ...]
    likelihood: Likelihood
    counts_per_unit: float
    converged: bool
    interrupted: bool
    n_evaluations: int
    seconds: float
    sample: DatasetConfig
    warnings: tuple[str, ...] = ()

    name = "fit"
    title = "Fit of the curve"

    @property
    def sigma(self) -> FloatArray:
        """Standard deviation of the parameters (7,); nan at an end of the range."""
        return np.sqrt(np.diag(self.covariance)[: len(PARAMETERS)])

    @property
    def nuisance_sigma(self) -> dict[str, float]:
        """Standard deviation of the nuisances; nan at an end of the range or where fixed."""
        return dict(zip(NUISANCES, np.sqrt(np.diag(self.covariance)[len(PARAMETERS) :]).tolist(), strict=True))

    @property
    def correlation(self) -> pd.DataFrame:
        """Correlation matrix of parameters and nuisances; empty where not fitted, or lost in rounding."""
        size = np.sqrt(np.diag(self.covariance))
        matrix = self.covariance / np.outer(size, size)
        # of directions that the curve hardly feels the covariance is huge, and others' entries are its rounding
        lost = np.abs(matrix) > 1 + 1e-6
        return pd.DataFrame(np.where(lost, np.nan, matrix), index=VARIABLES, columns=VARIABLES)

    @property
    def unidentifiable(self) -> tuple[str, ...]:
        """Parameters whose deviation is larger than that of knowing nothing but the range."""
        with np.errstate(invalid="ignore"):
            wide = self.sigma > SPACE.range / np.sqrt(12)
        return tuple(name for name, is_wide in zip(PARAMETERS, wide, strict=True) if is_wide)

    @cached_property
    def log_misfit(self) -> FloatArray:
        """log10 of fitted over measured intensity, (m,); a zero counts as half of the smallest intensity."""
        return misfit(self.model, self.intensity, "log")

    @cached_property
    def residual(self) -> FloatArray:
        """What was minimised, (m,): `log_misfit`, or the signed roots of the Poisson deviance."""
        return misfit(self.model, self.intensity, self.likelihood, self.counts_per_unit)

    @property
    def log10_rmse(self) -> float:
        """RMS of log10 intensity, all points."""
        return float(np.sqrt(np.mean(self.log_misfit**2)))

    @property
    def log10_rmse_start(self) -> float:
        """The same with the start's parameters, the nuisances fitted."""
        return float(np.sqrt(np.mean(misfit(self.start_model, self.intensity, "log") ** 2)))

    @property
    def neighbour_correlation(self) -> float:
        """Of successive residuals: 0 for noise alone, near 1 where the model is not the sample's."""
        return neighbour_correlation(self.residual)

    @property
    def outliers(self) -> FloatArray:
        """Angles (arcsec) of points off by more than eight times the usual: the median of all, and of 41 neighbours."""
        off = np.abs(self.residual)
        usual = np.maximum(median_filter(off, 41, mode="nearest"), np.median(off))
        return self.angle[:0] if self.exact else self.angle[off > 8 * usual]

    @property
    def exact(self) -> bool:
        """The curve is met to the last digits, and so has no noise."""
        return self.log10_rmse < 1e-4

    @cached_property
    def profile(self) -> pd.DataFrame:
        """Strain with its standard deviation: columns depth (A), strain, sigma."""
        thickness = self.sample.layer_thickness
        strain, count = strain_layers(self.parameters, layer_thickness=thickness)
        by = strain_jacobian(self.parameters, int(count[0]), thickness)[0]
        known = np.nan_to_num(self.covariance[: len(PARAMETERS), : len(PARAMETERS)])
        variance = np.einsum("pz,pq,qz->z", by, known, by)
        depth = (np.arange(count[0]) + 0.5) * thickness
        return pd.DataFrame({"depth": depth, "strain": strain[0], "sigma": np.sqrt(np.maximum(variance, 0))})

    @property
    def frame(self) -> pd.DataFrame:
        """One row per parameter and nuisance: value, sigma, sigma_white, start, at_bound."""
        values = np.concatenate([self.parameters, list(self.nuisances.values())])
        start = np.concatenate([self.start_parameters, np.full(len(NUISANCES), np.nan)])
        return pd.DataFrame(
            {
                "name": VARIABLES,
                "value": values,
                "sigma": np.sqrt(np.diag(self.covariance)),
                "sigma_white": np.sqrt(np.diag(self.covariance_white)),
                "start": start,
                "at_bound": [name in self.at_bound for name in VARIABLES],
            }
        )

    def against(self, true: ArrayLike | StrainParameters) -> pd.DataFrame:
        """The parameters beside others that are known to be true, lengths in A.

        Columns true, fit, off (% of range, absolute), deviations (how many of its own; nan at an end of the range);
        one row per parameter.
        """
        known = as_parameters(true)[0]
        off = np.abs(self.parameters - known)
        return pd.DataFrame(
            {
                "true": known,
                "fit": self.parameters,
                "off": 100 * off / SPACE.range,
                "deviations": off / self.sigma,
            },
            index=list(PARAMETERS),
        )

    def against_table(self, true: ArrayLike | StrainParameters) -> pd.DataFrame:
        """`against` as text, with units."""
        return _text.against(self, true)

    @property
    def table(self) -> pd.DataFrame:
        """Parameters and nuisances as text."""
        return _text.table(self)

    @property
    def sentences(self) -> list[str]:
        """What was found, and how far to trust it."""
        return _text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """The object ``fit`` of the JSON file (docs/json.md)."""
        return _saved.to_dict(self)

    def save(self, path: str | os.PathLike[str], *, command: str = "") -> None:
        """Write everything as JSON; `Refinement.open` reads it again."""
        _saved.write(self, Path(path), command)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Refinement:
        """Read what `save` or ``xrdlib fit --json`` wrote.

        Raises
        ------
        ValueError
            If the file is something else.
        """
        return cls(**_saved.read(Path(path)))


def describe(
    problem: Problem,
    curve: MeasuredCurve,
    *,
    name: str,
    start: Start,
    start_point: Point,
    solution: Solution,
    minima: tuple[Minimum, ...],
    not_converged: tuple[str, ...],
    disorder_fits: tuple[DisorderFit, ...],
    interrupted: bool,
    seconds: float,
    sample: DatasetConfig,
) -> Refinement:
    """The result of a solved problem."""
    point = solution.point
    layers = problem.model.n_layers(point.parameters)
    residual, slope = problem.scores(point, layers)
    bound = problem.at_bound(point)
    directions = problem.chain(problem.pack(point))[:, problem.free & ~bound]
    still = ~directions.any(axis=1)
    spread = covariances(slope, residual, directions)
    for matrix in spread:
        matrix[still] = matrix[:, still] = np.nan
    before = problem.model(
        start_point.parameters, start_point.nuisances, problem.model.n_layers(start_point.parameters)
    )
    return Refinement(
        curve=name,
        angle=curve.angle,
        intensity=curve.intensity,
        model=problem.model(point.parameters, point.nuisances, layers).intensity,
        start_model=before.intensity,
        parameters=point.parameters,
        start_parameters=np.clip(start.parameters, SPACE.minimum, SPACE.maximum),
        nuisances=dict(zip(NUISANCES, map(float, point.nuisances), strict=True)),
        covariance=spread[0],
        covariance_white=spread[1],
        at_bound=tuple(v for v, b in zip(VARIABLES, bound, strict=True) if b),
        start=start.label,
        minima=minima,
        not_converged=not_converged,
        disorder_fits=disorder_fits,
        likelihood=problem.likelihood,
        counts_per_unit=problem.counts_per_unit,
        converged=solution.converged,
        interrupted=interrupted,
        n_evaluations=solution.n_evaluations,
        seconds=seconds,
        sample=sample,
        warnings=tuple(map(str, curve.metadata.get("warnings", ()))),
    )
