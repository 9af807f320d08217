"""Which parameters a counted curve can tell at all: Fisher information, Cramer-Rao bound, degenerate combinations."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xrdlib._section import Section, by_parameter, number
from xrdlib.data import SPACE
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.diagnostics.information._fisher import (
    HIDDEN,
    UNIFORM,
    Combinations,
    combinations,
    effective,
    information,
    nuisance_precision,
    spread,
)
from xrdlib.diagnostics.information._forward import Source, forward_model
from xrdlib.diagnostics.information._identifiability_text import percent, sentences
from xrdlib.diagnostics.information._prior import allowed
from xrdlib.diagnostics.information.limits import Limits, network_limits
from xrdlib.diagnostics.information.perturbation import BACKGROUND, COUNTS
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS, Instrument, as_parameters
from xrdlib.training import Measurement, Study

__all__ = ["Identifiability", "identifiability"]

FloatArray = NDArray[np.float64]

_DISORDER = (0.85, 1.0)  # where a dataset has none: what measured curves have
_SHOWN = 0.3  # smallest weight of a combination that is written out
_INSTRUMENT = Instrument()


@dataclass(frozen=True, repr=False)
class Identifiability(Section):
    """Cramer-Rao bounds at one point, 1 sigma in % of range.

    Attributes
    ----------
    parameters : ndarray, shape (7,)
        The point, lengths in A.
    predicted : bool
        Whether the point is a prediction, the truth being unknown.
    reproduced : bool
        False where that prediction's curve is not the observed one.
    counts, background : float
        Counts in the peak, and background relative to it.
    instrument : Instrument
    disorder : float
    bounds : dict of str to ndarray of shape (7,)
        "known", "free": nuisances (scale, background, disorder, resolution, angular origin) known, or marginalised
        within their ranges, which are their prior; inf where not determined. With "_prior" also the prior of the
        parameters, a Gaussian as wide as the uniform one, and no more than the constraints leave. "alone": all other
        parameters known, nuisances as in the case.
    case : {"known", "free"}
        Which of them the verdicts take.
    correlation : ndarray, shape (7, 7)
        Of the errors, of the case, uniform prior included.
    combinations : Combinations
        Of the same.
    error : ndarray of shape (7,), or None
        Absolute error of a study's final epoch at the point, % of range.
    limits : Limits or None
        The same for a study's test samples.
    """

    parameters: FloatArray
    predicted: bool
    reproduced: bool
    counts: float
    background: float
    instrument: Instrument
    disorder: float
    bounds: dict[str, FloatArray]
    case: str
    correlation: FloatArray
    combinations: Combinations
    error: FloatArray | None
    limits: Limits | None

    name = "identifiability"
    title = "What the curve can tell at all"

    @property
    def bound(self) -> FloatArray:
        """1 sigma in % of range, prior included, of the case; a scale for errors, shape (7,)."""
        return self.bounds[f"{self.case}_prior"]

    @property
    def n_measurable(self) -> float:
        """Effective number of combinations that the curve, not the prior, decides: sum of 1 - (sigma / prior)^2."""
        return float((1 - (self.combinations.sigma / UNIFORM) ** 2).sum())

    @property
    def verdicts(self) -> list[str]:
        """Of each parameter: "hidden" (bound above 60 % of what is known without the curve), or what the error says.

        "at the bound" within 2 sigma, else "network"; "told" where no error is known.
        """
        hidden = self.bound > 100 * HIDDEN * allowed(self.parameters[None])[0]
        if self.error is None:
            return ["hidden" if h else "told" for h in hidden]
        within = self.error <= 2 * self.bound
        return ["hidden" if h else "at the bound" if w else "network" for h, w in zip(hidden, within, strict=True)]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per parameter: the bounds, the network's error, and those of the test samples; % of range."""
        frame = pd.DataFrame({"parameter": PARAMETERS, **self.bounds, "verdict": self.verdicts})
        if self.error is not None:
            frame["error"] = self.error
        if self.limits is not None:
            frame["samples_rmse"], frame["samples_bound"] = self.limits.rmse, self.limits.best
            frame["samples_ratio"], frame["samples_median_ratio"] = (
                [r.value for r in self.limits.ratio],
                self.limits.typical,
            )
            for end in ("value", "low", "high"):
                frame[f"samples_physics_{end}"] = [getattr(share, end) for share in self.limits.physics]
            frame["samples_hidden"], frame["samples_verdict"] = self.limits.hidden, self.limits.verdicts
        return frame

    @property
    def table(self) -> pd.DataFrame:
        """Bounds and errors, % of range: of the point, and (RMS) of the test samples."""
        columns = {}
        for title, case in (("no prior", self.case), ("bound", f"{self.case}_prior")):
            columns[title] = [percent(v) for v in self.bounds[case]]
        if self.error is not None:
            columns["error"] = [percent(v) for v in self.error]
        columns["verdict"] = self.verdicts
        if self.limits is not None:
            columns["RMS bound"] = [percent(v) for v in self.limits.best]
            columns["RMS error"] = [percent(v) for v in self.limits.rmse]
            columns["limited by"] = self.limits.verdicts
        return pd.DataFrame(columns, index=list(PARAMETERS))

    @property
    def described(self) -> list[str]:
        """The combinations in words, best known first."""
        texts = []
        for weights, sigma in zip(*self.combinations, strict=True):
            order = [i for i in np.argsort(-np.abs(weights)) if abs(weights[i]) >= _SHOWN]
            terms = "".join(f" {'-' if weights[i] < 0 else '+'} {abs(weights[i]):.2f} {PARAMETERS[i]}" for i in order)
            texts.append(f"{terms.removeprefix(' + ')}: {percent(100 * sigma)} % of range")
        return texts

    def to_dict(self) -> dict[str, Any]:
        """Conditions, bounds, combinations, and the network against the bounds."""
        weights, sigma = self.combinations
        return {
            "point": by_parameter(self.parameters),
            "point_is_prediction": self.predicted,
            "reproduced": self.reproduced,
            "counts": self.counts,
            "background": self.background,
            "instrument": {k: v for k, v in asdict(self.instrument).items() if k in ("fwhm", "lorentz_fraction")},
            "disorder": self.disorder,
            "case": self.case,
            "bounds": {case: by_parameter(values) for case, values in self.bounds.items()},
            "error": None if self.error is None else by_parameter(self.error),
            "verdict": dict(zip(PARAMETERS, self.verdicts, strict=True)),
            "n_measurable": number(self.n_measurable),
            "combinations": [
                {"weights": by_parameter(w), "sigma": float(100 * s)} for w, s in zip(weights, sigma, strict=True)
            ],
            "samples": None if self.limits is None else self.limits.to_dict(),
        }

    @property
    def sentences(self) -> list[str]:
        """Best and worst known parameters and combinations; the network's errors against the bounds."""
        return sentences(self)


def identifiability(
    source: Source,
    parameters: ArrayLike,
    *,
    counts: float = COUNTS,
    background: float = BACKGROUND,
    instrument: Instrument = _INSTRUMENT,
    disorder: float = 1.0,
    nuisances: bool | None = None,
    prediction: ArrayLike | None = None,
    predicted: bool = False,
    reproduced: bool = True,
    angle: ArrayLike | None = None,
    n: int = 600,
    seed: int = 0,
) -> Identifiability:
    """How well a counted curve can tell each parameter, and how far a study's network is from that.

    Parameters
    ----------
    source : Study, DatasetConfig or callable
        Whose forward model. With a Study its final epoch is compared with the bounds on its test samples.
    parameters : array_like, shape (7,)
        The point, lengths in A.
    counts, background : float
        Counts in the peak, and background relative to it.
    instrument : Instrument
        Resolution.
    disorder : float
    nuisances : bool, optional
        Whether scale, background, disorder, resolution and angular origin are unknown within the ranges of the study's
        measurement (by default those of `Measurement`); None: where the study's curves were measured.
    prediction : array_like, shape (7,), optional
        What the final epoch makes of the point's curve, lengths in A.
    predicted : bool
        Whether the point is itself a prediction; only said in the text.
    reproduced : bool
        False where that prediction's curve is not the observed one; only said in the text.
    angle : array_like, shape (m,), optional
        Where the curve was measured, arcsec; by default the scan.
    n : int
        Test samples for the comparison; 0 leaves it out.
    seed : int

    Returns
    -------
    Identifiability

    Raises
    ------
    ValueError
        For counts that are not positive, a negative background, or parameters that cannot be simulated.
    """
    if not (np.isfinite(counts) and counts > 0):
        raise ValueError(f"counts = {counts}: a positive number expected")
    if not (np.isfinite(background) and background >= 0):
        raise ValueError(f"background = {background}: zero or a positive fraction of the peak expected")
    point = as_parameters(parameters)[0]
    study = source if isinstance(source, Study) else None
    measurement = study.config.measurement if study is not None else None
    config = study.config.dataset if study is not None else source
    widths = config.disorder if isinstance(config, DatasetConfig) and np.ptp(config.disorder) > 0 else _DISORDER
    if nuisances is None:
        nuisances = measurement is not None
    model = forward_model(source, instrument, disorder, None if angle is None else np.asarray(angle, dtype=np.float64))
    fisher = information(model.derivatives(point[None]), np.array([counts]), np.array([background]))
    n_nuisances = fisher.shape[1] - len(PARAMETERS)
    precision = nuisance_precision(measurement or Measurement(), widths, n_nuisances)
    by_case = {"known": effective(fisher, None), "free": effective(fisher, precision)}
    prior = np.eye(len(PARAMETERS)) * UNIFORM**2
    bounds = {case: 100 * spread(f, None)[0] for case, f in by_case.items()}
    most = allowed(point[None])[0]
    bounds |= {f"{case}_prior": 100 * np.minimum(spread(f, prior)[0], most) for case, f in by_case.items()}
    case = "free" if nuisances else "known"
    with np.errstate(divide="ignore"):
        bounds["alone"] = 100 / np.sqrt(np.diagonal(by_case[case][0]))
    covariance = np.linalg.inv(by_case[case][0] + np.linalg.inv(prior))
    size = np.sqrt(np.diagonal(covariance))
    error = None
    if prediction is not None:
        error = parameter_error(as_parameters(prediction)[0], point, SPACE.range)
    limits = None
    if study is not None and n:
        limits = network_limits(study, n=n, counts=counts, background=background, seed=seed)
    return Identifiability(
        parameters=point,
        predicted=predicted,
        reproduced=reproduced,
        counts=counts,
        background=background,
        instrument=instrument,
        disorder=disorder,
        bounds=bounds,
        case=case,
        correlation=covariance / np.outer(size, size),
        combinations=combinations(by_case[case][0]),
        error=error,
        limits=limits,
    )
