"""Test 2 of the note: how much the curve changes with each parameter, by three yardsticks, and where along it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from xrdlib._section import Section, by_parameter, number
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.diagnostics._correlation import correlation
from xrdlib.diagnostics._intervals import Interval, bootstrap_all
from xrdlib.diagnostics.information._forward import Source, forward_model
from xrdlib.diagnostics.information._sensitivity_text import sentences
from xrdlib.diagnostics.information._steps import jumps, population_of, slopes, steps
from xrdlib.simulation import PARAMETERS, Instrument, as_parameters
from xrdlib.training import Study

__all__ = ["NOTE", "Sensitivity", "sensitivity"]

FloatArray = NDArray[np.float64]

NOTE = {"Dmax1": "LOW", "D01": "LOW", "L1": "MED", "Rp1": "HIGH", "D02": "LOW", "L2": "MED", "Rp2": "HIGH"}
MEASURES = ("value", "range", "jacobian", "background")
_SCORE = {"HIGH": 3, "MED": 2, "LOW": 1}
_INSTRUMENT = Instrument()


@dataclass(frozen=True, repr=False)
class Sensitivity(Section):
    """Changes of log10 intensity, curves neither scaled nor with background.

    Three yardsticks: a step of ``step`` times the parameter's *value* (the note's), of ``step`` times its *range*,
    and the *jacobian*, the derivative times the same step of the range, at a held number of sublayers. *background* is
    the step of the range again, with a background of 1e-3 of the peak added to the curves.

    Attributes
    ----------
    parameters : ndarray, shape (7,)
        The point, lengths in A.
    predicted : bool
        Whether the point is a prediction, the truth being unknown.
    reproduced : bool
        False where that prediction's curve is not the observed one.
    instrument : Instrument
    disorder : float
        Of all curves; a callable has its own.
    step : float
    angle, curve : ndarray, shape (m,)
        arcsec; the point's curve.
    slope : ndarray, shape (7, m)
        Of log10 intensity at the point, per range of the parameter.
    mean_slope : ndarray, shape (7, m)
        RMS of the same over the samples.
    rmse, mae : dict of str to ndarray of shape (7,)
        Of the point, under "value", "range", "jacobian" and "background".
    samples : dict of str to ndarray of shape (n, 7)
        RMSE of every sample.
    population : str
        What the samples are.
    expected : mapping of str to str
        The note's HIGH, MED or LOW of every parameter.
    jumped : ndarray of bool of shape (n, 7), or None
        Which steps of the range changed the number of sublayers; None for a simulator without.
    """

    parameters: FloatArray
    predicted: bool
    reproduced: bool
    instrument: Instrument | None
    disorder: float
    step: float
    angle: FloatArray
    curve: FloatArray
    slope: FloatArray
    mean_slope: FloatArray
    rmse: dict[str, FloatArray]
    mae: dict[str, FloatArray]
    samples: dict[str, FloatArray]
    population: str
    expected: Mapping[str, str]
    jumped: NDArray[np.bool_] | None

    name = "sensitivity"
    title = "Sensitivity of the curve to each parameter"

    @property
    def mean(self) -> dict[str, FloatArray]:
        """Mean RMSE over the samples, shape (7,), by each yardstick."""
        return {measure: values.mean(axis=0) for measure, values in self.samples.items()}

    def intervals(self, measure: str) -> list[Interval]:
        """Bootstrap intervals of ``mean``, one for each parameter."""
        return bootstrap_all(lambda rows: rows.mean(axis=0), self.samples[measure], n=300)

    def error_of_mean(self, measure: str) -> FloatArray:
        """Standard error of ``mean``, shape (7,); nan of a single sample."""
        rows = self.samples[measure]
        return np.asarray(rows.std(axis=0, ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else np.full(7, np.nan))

    def uncertain(self, measure: str) -> list[tuple[str, str]]:
        """Neighbours in the order of ``mean`` whose difference has an interval that holds 0."""
        rows = self.samples[measure]
        order = np.argsort(-rows.mean(axis=0), kind="stable")
        differences = bootstrap_all(lambda r: -np.diff(r[:, order].mean(axis=0)), rows, n=300)
        pairs = zip(order[:-1], order[1:], differences, strict=True)
        return [(PARAMETERS[i], PARAMETERS[j]) for i, j, d in pairs if not d.excludes(0)]

    def levels(self, values: FloatArray) -> list[str]:
        """HIGH, MED and LOW by rank, as many of each as the note has."""
        named = sorted(self.expected.values(), key=lambda level: -_SCORE[level])
        order = np.argsort(-values, kind="stable")
        return [named[int(np.flatnonzero(order == i)[0])] for i in range(values.size)]

    def agreement(self, values: FloatArray) -> tuple[float, float]:
        """Spearman correlation with the note's levels, and the share (%) of random orders that agree as well.

        nan where all values are equal.
        """
        if np.ptp(values) == 0:
            return float("nan"), float("nan")
        note = rankdata([_SCORE[self.expected[name]] for name in PARAMETERS])
        ranks = rankdata(values)
        every = np.array(list(permutations(ranks)))
        rho = correlation(ranks, note)
        return float(rho), float(100 * np.mean(correlation(every, note) >= rho - 1e-9))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per scope (experiment, samples), yardstick and parameter: RMSE, interval, rank, level, the note's."""
        rows = []
        for scope, source in (("experiment", self.rmse), ("samples", self.mean)):
            for measure in MEASURES:
                values, levels = source[measure], self.levels(source[measure])
                ends = self.intervals(measure) if scope == "samples" else [None] * values.size
                ranks = rankdata(-values, method="min")
                for i, name in enumerate(PARAMETERS):
                    mae = self.mae[measure][i] if scope == "experiment" else np.nan
                    low, high = (np.nan, np.nan) if (interval := ends[i]) is None else interval[1:]
                    cells = (scope, measure, name, values[i], mae, low, high, int(ranks[i]), levels[i])
                    rows.append((*cells, self.expected[name]))
        columns = ["scope", "measure", "parameter", "rmse", "mae", "low", "high", "rank", "level", "note"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def table(self) -> pd.DataFrame:
        """RMSE of log10 intensity and its level, of the point and of the samples' mean.

        In parentheses the standard error of the mean in units of its last digit.
        """
        columns = {"note": [self.expected[name] for name in PARAMETERS]}
        for measure in ("value", "range"):
            values = self.rmse[measure]
            cells = [f"{_short(v)} {level}" for v, level in zip(values, self.levels(values), strict=True)]
            columns[f"{100 * self.step:g} % of {measure}"] = cells
        for measure in ("value", "range"):
            values, errors = self.mean[measure], self.error_of_mean(measure)
            columns[f"{measure}, mean"] = [
                f"{_with_error(v, e)} {level}" for v, e, level in zip(values, errors, self.levels(values), strict=True)
            ]
        return pd.DataFrame(columns, index=list(PARAMETERS))

    def to_dict(self) -> dict[str, Any]:
        """Changes by each yardstick, of the point and of the samples, and how they agree with the note's order."""
        found: dict[str, Any] = {
            "point": by_parameter(self.parameters),
            "point_is_prediction": self.predicted,
            "reproduced": self.reproduced,
            "step": self.step,
            "conditions": {
                "from_arcsec": float(self.angle[0]),
                "to_arcsec": float(self.angle[-1]),
                "fwhm": None if self.instrument is None else self.instrument.fwhm,
                "lorentz_fraction": None if self.instrument is None else self.instrument.lorentz_fraction,
                "disorder": None if self.instrument is None else self.disorder,
            },
            "note": dict(self.expected),
            "samples": {"set": self.population, **{m: len(v) for m, v in self.samples.items()}},
        }
        for measure in MEASURES:
            found[measure] = {
                "rmse": by_parameter(self.rmse[measure]),
                "mae": by_parameter(self.mae[measure]),
                "mean_rmse": by_parameter(self.mean[measure]),
                "mean_rmse_error": by_parameter(self.error_of_mean(measure)),
                "level": dict(zip(PARAMETERS, self.levels(self.rmse[measure]), strict=True)),
                "mean_level": dict(zip(PARAMETERS, self.levels(self.mean[measure]), strict=True)),
                "spearman_with_note": number(self.agreement(self.rmse[measure])[0]),
                "mean_spearman_with_note": number(self.agreement(self.mean[measure])[0]),
            }
        return found

    @property
    def sentences(self) -> list[str]:
        """Rankings against the note's and their conditions, why the value is the wrong yardstick, steps and slopes."""
        return sentences(self)


def sensitivity(
    source: Source,
    parameters: ArrayLike,
    *,
    step: float = 0.01,
    n: int = 500,
    n_slopes: int | None = None,
    instrument: Instrument = _INSTRUMENT,
    disorder: float = 1.0,
    angle: ArrayLike | None = None,
    expected: Mapping[str, str] = NOTE,
    predicted: bool = False,
    reproduced: bool = True,
    seed: int = 0,
) -> Sensitivity:
    """How much each parameter changes the curve: of one point, and on average.

    Parameters
    ----------
    source : Study, DatasetConfig or callable
        Whose forward model. A study's samples are those of the test set that resembles its training; of the others
        samples are drawn from the constrained space. A callable turns parameters (n, 7) into intensities (n, m) > 0.
    parameters : array_like, shape (7,)
        The point, lengths in A.
    step : float
        Fraction of value and of range.
    n : int
        Samples to average over.
    n_slopes : int, optional
        Samples of these whose derivatives are taken, too; by default all.
    instrument : Instrument
        Resolution.
    disorder : float
    angle : array_like, shape (m,), optional
        Where a curve was measured, arcsec; by default the scan. Of a callable's points.
    expected : mapping of str to {"HIGH", "MED", "LOW"}
        The ranking to compare with; by default the note's.
    predicted : bool
        Whether the point is a prediction; only said in the text.
    reproduced : bool
        False where that prediction's curve is not the observed one; only said in the text.
    seed : int
        Of the samples.

    Returns
    -------
    Sensitivity

    Raises
    ------
    ValueError
        For a step that is not positive, no sample, a ranking that misses a parameter, a point that cannot be simulated.
    """
    if not 0 < step <= 0.5:
        raise ValueError(f"step = {step}: a fraction, above 0 and at most 0.5, expected")
    if n < 1 or (n_slopes is not None and n_slopes < 1):
        raise ValueError(f"n = {n}, n_slopes = {n_slopes}: at least one sample expected")
    if set(expected) != set(PARAMETERS) or not set(expected.values()) <= set(_SCORE):
        raise ValueError(f"expected: HIGH, MED or LOW for each of {' '.join(PARAMETERS)} expected, {expected} given")
    point = as_parameters(parameters)[0]
    model = forward_model(source, instrument, disorder, None if angle is None else np.asarray(angle, dtype=np.float64))
    rows, population = population_of(source, n, seed)
    found = slopes(model, np.concatenate([point[None], rows[:n_slopes]]))
    changes = steps(model, np.concatenate([point[None], rows]), step)
    jacobian = step * found.rmse
    rmse = {measure: values for measure, (values, _) in changes.items()} | {"jacobian": jacobian}
    mae = {measure: values[0] for measure, (_, values) in changes.items()}
    return Sensitivity(
        parameters=point,
        predicted=predicted,
        reproduced=reproduced,
        instrument=instrument if isinstance(source, Study | DatasetConfig) else None,
        disorder=disorder,
        step=step,
        angle=model.angle,
        curve=found.curve,
        slope=found.first,
        mean_slope=found.rms,
        rmse={measure: rmse[measure][0] for measure in MEASURES},
        mae=mae | {"jacobian": step * np.abs(found.first).mean(axis=1)},
        samples={measure: rmse[measure][1:] for measure in MEASURES},
        population=population,
        expected=dict(expected),
        jumped=jumps(source, rows, step),
    )


def _short(value: float) -> str:
    return f"{value:.4f}" if value >= 5e-4 or value == 0 else f"{value:.0e}"


def _with_error(value: float, error: float) -> str:
    """0.0746(41): the error in units of the last digit; more digits for a small value."""
    digits = 4 if value >= 5e-3 else 5
    return f"{value:.{digits}f}" + ("" if np.isnan(error) else f"({10**digits * error:.0f})")
