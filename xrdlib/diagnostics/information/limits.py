"""A network's errors against what counting allows: what physics cannot tell, and what the network has not learnt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval, bootstrap_all
from xrdlib.diagnostics._section import by_parameter
from xrdlib.diagnostics.information._fisher import HIDDEN, effective, information, nuisance_precision, spread
from xrdlib.diagnostics.information._forward import forward_model
from xrdlib.diagnostics.information._identifiability_text import limits_sentences
from xrdlib.diagnostics.information.perturbation import BACKGROUND, COUNTS
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS, Instrument
from xrdlib.training import Study, StudyError

__all__ = ["Limits", "network_limits"]

FloatArray = NDArray[np.float64]

_PHYSICS, _NETWORK = 2 / 3, 1 / 3  # shares of the squared error
_MEDIAN = 0.6745  # median of |x| for a normal x of unit variance
_PER_INSTRUMENT = 50  # samples that share a resolution function


@dataclass(frozen=True)
class Limits:
    """Errors of a study's final epoch on its test samples, and the bounds of the same samples.

    All in % of range. The prior in the bounds is a Gaussian with the covariance of the training parameters, which is
    what the network can know without a curve.

    Attributes
    ----------
    study, test_set : str
    epoch : int
        The final one.
    error : ndarray, shape (n, 7)
        Absolute.
    bound : ndarray, shape (n, 7)
        1 sigma.
    prior : ndarray, shape (7,)
        Standard deviation of the training parameters.
    measured : bool
        Whether the curves were measured: drawn counts, background, resolution, disorder and end of scan, nuisances
        marginalised. Else noise-free, and the bound is that of the counts given: a yardstick.
    counts, background : float
        Where not drawn.
    """

    study: str
    test_set: str
    epoch: int
    error: FloatArray
    bound: FloatArray
    prior: FloatArray
    measured: bool
    counts: float
    background: float

    @property
    def n(self) -> int:
        """Samples."""
        return len(self.error)

    @property
    def rmse(self) -> FloatArray:
        """Of the network, shape (7,)."""
        return np.asarray(np.sqrt((self.error**2).mean(axis=0)))

    @property
    def best(self) -> FloatArray:
        """RMS of the bounds, shape (7,): what no estimator could undercut on average if all were Gaussian."""
        return np.asarray(np.sqrt((self.bound**2).mean(axis=0)))

    @cached_property
    def ratio(self) -> list[Interval]:
        """``rmse`` over ``best`` with its bootstrap interval."""

        def of(error: FloatArray, bound: FloatArray) -> FloatArray:
            return np.asarray(np.sqrt((error**2).mean(axis=0) / (bound**2).mean(axis=0)))

        return bootstrap_all(of, self.error, self.bound, n=500)

    @property
    def typical(self) -> FloatArray:
        """Median of |error| over the bound, 1 for a normal error of the bound's size, shape (7,)."""
        return np.asarray(np.median(self.error / self.bound, axis=0) / _MEDIAN)

    @property
    def hidden(self) -> FloatArray:
        """Share (%) of samples whose bound exceeds 60 % of the prior's standard deviation, shape (7,)."""
        return np.asarray(100 * (self.bound > HIDDEN * self.prior).mean(axis=0))

    @property
    def told(self) -> FloatArray:
        """RMSE of the network and RMS of the bounds among the samples that are not hidden, shape (2, 7)."""
        seen = np.where(self.bound > HIDDEN * self.prior, np.nan, 1.0)
        some = np.isfinite(seen).any(axis=0)
        rows = [
            np.nansum((seen * x) ** 2, axis=0) / np.maximum(np.nansum(seen, axis=0), 1)
            for x in (self.error, self.bound)
        ]
        return np.where(some, np.sqrt(rows), np.nan)

    @property
    def physics(self) -> FloatArray:
        """Share (0 to 1) of the network's squared error that the bounds account for, shape (7,)."""
        return np.asarray(np.minimum(1.0, (self.best / self.rmse) ** 2))

    @property
    def verdicts(self) -> list[str]:
        """What limits each parameter.

        "physics" where the bounds account for two thirds of the squared error, "network" where for less than a third,
        else "both".
        """
        return ["physics" if s >= _PHYSICS else "network" if s < _NETWORK else "both" for s in self.physics]

    @property
    def sentences(self) -> list[str]:
        """Which parameters the physics limits and which the network, and what the bound is worth."""
        return limits_sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "epoch": self.epoch,
            "test_set": self.test_set,
            "n_samples": self.n,
            "measured": self.measured,
            "rmse": by_parameter(self.rmse),
            "bound": by_parameter(self.best),
            "ratio": {p: r.to_dict() for p, r in zip(PARAMETERS, self.ratio, strict=True)},
            "typical_ratio": by_parameter(self.typical),
            "hidden_percent": by_parameter(self.hidden),
            "rmse_not_hidden": by_parameter(self.told[0]),
            "bound_not_hidden": by_parameter(self.told[1]),
            "physics_share": by_parameter(self.physics),
            "prior": by_parameter(self.prior),
            "verdict": dict(zip(PARAMETERS, self.verdicts, strict=True)),
        }


def network_limits(
    study: Study, *, n: int = 300, counts: float = COUNTS, background: float = BACKGROUND, seed: int = 0
) -> Limits:
    """Compare a study's final epoch with the Cramer-Rao bound, on the test set that resembles its training.

    Parameters
    ----------
    study : Study
    n : int
        Test samples (as many as there are, at most).
    counts, background : float
        For a study of noise-free curves.
    seed : int
        Of the choice of samples, and of their nuisances.

    Returns
    -------
    Limits

    Raises
    ------
    StudyError
        If the study's predictions are not finite.
    """
    if n < 2:
        raise ValueError(f"n = {n}: at least two samples expected")
    config, rng = study.config, np.random.default_rng(seed)
    name = "grid" if config.dataset.sampling == "grid" else "uniform"
    predicted, true = study.test_predictions(name)
    rows = np.sort(rng.permutation(len(true))[:n])
    final, true = predicted[study.final - 1, rows], true[rows]
    if not np.isfinite(final).all():
        raise StudyError(f"{study.path}: predictions of epoch {study.final} for test set {name} are not finite")
    training = SPACE.normalise(study.training_parameters)
    prior = np.cov(training.T)
    sigma = _bounds(study, true, prior, counts, background, rng)
    return Limits(
        study=config.name,
        test_set=name,
        epoch=study.final,
        error=parameter_error(final, true, SPACE.range),
        bound=100 * sigma,
        prior=100 * training.std(axis=0),
        measured=config.measurement is not None,
        counts=counts,
        background=background,
    )


def _bounds(
    study: Study, true: FloatArray, prior: FloatArray, counts: float, background: float, rng: np.random.Generator
) -> FloatArray:
    """Bounds (n, 7) in units of the range, each sample under conditions as the study's curves have them."""
    measurement, disorder = study.config.measurement, study.config.dataset.disorder
    found = []
    for start in range(0, len(true), _PER_INSTRUMENT):
        part = true[start : start + _PER_INSTRUMENT]
        k = len(part)
        if measurement is None:
            model = forward_model(study, Instrument(), 1.0)
            drawn, measured = [np.full(k, counts), np.full(k, background)], None
            static, precision = np.full(k, np.mean(disorder)), None
        else:
            resolution = Instrument(rng.uniform(*measurement.fwhm), rng.uniform(*measurement.lorentz_fraction))
            model = forward_model(study, resolution, 1.0)
            ends = np.where(rng.random(k) < 0.5, np.inf, rng.uniform(*measurement.stop, size=k))
            drawn = [
                np.exp(rng.uniform(np.log(low), np.log(high), size=k))
                for low, high in (measurement.peak_counts, measurement.background)
            ]
            measured = model.angle <= ends[:, None]
            static, precision = rng.uniform(*disorder, size=k), nuisance_precision(measurement, disorder, 6)
        fisher = information(model.derivatives(part, static), drawn[0], drawn[1], measured)
        found.append(spread(effective(fisher, precision), prior))
    return np.concatenate(found)
