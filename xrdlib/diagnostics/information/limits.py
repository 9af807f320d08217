"""A network's errors against what counting leaves open: what a curve hardly tells, and what the network has not learnt.

The bound of a sample is a scale, not a theorem: it is local, and a Gaussian stands for the prior. The posterior's
standard deviation can be below it, since a curve that is flat in a parameter may still exclude distant values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib._section import by_parameter
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval, bootstrap_all
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.information._fisher import HIDDEN, effective, information, nuisance_precision, spread
from xrdlib.diagnostics.information._forward import forward_model
from xrdlib.diagnostics.information._identifiability_text import limits_sentences
from xrdlib.diagnostics.information._prior import allowed
from xrdlib.diagnostics.information._share import share_within, verdict
from xrdlib.diagnostics.information.perturbation import BACKGROUND, COUNTS
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS, Instrument
from xrdlib.training import Study, StudyError

__all__ = ["Limits", "network_limits"]

FloatArray = NDArray[np.float64]

_MEDIAN = 0.6745  # median of |x| for a normal x of unit variance
_PER_INSTRUMENT = 100  # samples that share a resolution function
_OTHER = (0.1, 10.0)  # times the counts


@dataclass(frozen=True)
class Limits:
    """Errors of a study's final epoch on its test samples, and the bounds of the same samples.

    All in % of range. The prior in the bounds is a Gaussian with the covariance of the training parameters, which is
    what the network can know without a curve; no bound exceeds what the constraints leave (``allowed``).

    Attributes
    ----------
    study, test_set : str
    epoch : int
        The final one.
    true : ndarray, shape (n, 7)
        The samples, lengths in A.
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
    layer_thickness : float or None
        Of a sublayer, A; None for a simulator without.
    at_counts : dict of float to ndarray of shape (n, 7)
        Bounds of noise-free curves at other counts.
    """

    study: str
    test_set: str
    epoch: int
    true: FloatArray
    error: FloatArray
    bound: FloatArray
    prior: FloatArray
    measured: bool
    counts: float
    background: float
    layer_thickness: float | None = None
    at_counts: dict[float, FloatArray] = field(default_factory=dict)

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
        """RMS of the bounds, shape (7,): a scale for ``rmse``, neither a limit of it nor what most samples have."""
        return np.asarray(np.sqrt((self.bound**2).mean(axis=0)))

    @cached_property
    def ratio(self) -> list[Interval]:
        """``rmse`` over ``best`` with its bootstrap interval; a few samples with wide bounds decide it."""

        def of(error: FloatArray, bound: FloatArray) -> FloatArray:
            return np.asarray(np.sqrt((error**2).mean(axis=0) / (bound**2).mean(axis=0)))

        return bootstrap_all(of, self.error, self.bound, n=500)

    @property
    def typical(self) -> FloatArray:
        """Median of the absolute error over the bound, 1 for a normal error of the bound's size, shape (7,)."""
        return np.asarray(np.median(self.error / self.bound, axis=0) / _MEDIAN)

    @property
    def allowed(self) -> FloatArray:
        """Standard deviation without a curve: the prior's, or less where the constraints leave less; shape (n, 7)."""
        return np.asarray(np.minimum(100 * allowed(self.true), self.prior))

    @property
    def is_hidden(self) -> NDArray[np.bool_]:
        """Whether a sample's bound exceeds 60 % of ``allowed``: near its value the curve is flat; shape (n, 7)."""
        return np.asarray(self.bound > HIDDEN * self.allowed)

    @property
    def hidden(self) -> FloatArray:
        """Share (%) of hidden samples, shape (7,)."""
        return np.asarray(100 * self.is_hidden.mean(axis=0))

    @property
    def above_first(self) -> float | None:
        """Share (%) of the samples with hidden D01 whose Rp1 is above the first sublayer's centre.

        There no sublayer is above the peak, the only place where D01 acts. None without such samples or sublayers.
        """
        hidden = self.is_hidden[:, PARAMETERS.index("D01")]
        if self.layer_thickness is None or not hidden.any():
            return None
        return float(100 * (self.true[hidden, PARAMETERS.index("Rp1")] <= self.layer_thickness / 2).mean())

    @property
    def told(self) -> FloatArray:
        """RMSE of the network and RMS of the bounds among the samples that are not hidden, shape (2, 7)."""
        seen = np.where(self.is_hidden, np.nan, 1.0)
        some = np.isfinite(seen).any(axis=0)
        rows = [
            np.nansum((seen * x) ** 2, axis=0) / np.maximum(np.nansum(seen, axis=0), 1)
            for x in (self.error, self.bound)
        ]
        return np.where(some, np.sqrt(rows), np.nan)

    @cached_property
    def physics(self) -> list[Interval]:
        """Share (0 to 1) of the squared error that is within the samples' own bounds, with its bootstrap interval.

        ``sum min(error^2, bound^2) / sum error^2``: 0.52 for errors that scatter as their bounds say.
        """
        return share_within(self.error, self.bound)

    @property
    def verdicts(self) -> list[str]:
        """What limits each parameter, by the interval of `physics`.

        "physics" where errors are at most 1.22 times their bounds (as if these made two thirds of the variance),
        "network" where at least 1.73 times (one third), "both" between; "undecided" where the interval holds a limit.
        """
        return [verdict(share) for share in self.physics]

    @property
    def verdicts_at(self) -> dict[float, list[str]]:
        """The same at other counts in the peak, of a study of noise-free curves."""
        return {c: [verdict(s) for s in share_within(self.error, b)] for c, b in self.at_counts.items()}

    @property
    def sentences(self) -> list[str]:
        """Where errors are of the bounds' size and where not, and what the bound is worth."""
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
            "hidden_D01_above_first_sublayer_percent": self.above_first,
            "rmse_not_hidden": by_parameter(self.told[0]),
            "bound_not_hidden": by_parameter(self.told[1]),
            "physics_share": {p: s.to_dict() for p, s in zip(PARAMETERS, self.physics, strict=True)},
            "prior": by_parameter(self.prior),
            "verdict": dict(zip(PARAMETERS, self.verdicts, strict=True)),
            "verdict_at_counts": {
                f"{counts:g}": dict(zip(PARAMETERS, verdicts, strict=True))
                for counts, verdicts in self.verdicts_at.items()
            },
        }


def network_limits(
    study: Study, *, n: int = 600, counts: float = COUNTS, background: float = BACKGROUND, seed: int = 0
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
    name = like_training(study)
    predicted, true = study.test_predictions(name)
    rows = np.sort(rng.permutation(len(true))[:n])
    final, true = predicted[study.final - 1, rows], true[rows]
    if not np.isfinite(final).all():
        raise StudyError(f"{study.path}: predictions of epoch {study.final} for test set {name} are not finite")
    training = SPACE.normalise(study.training_parameters)
    prior = np.cov(training.T)
    sigma = _bounds(study, true, prior, counts, background, rng)
    measured = config.measurement is not None
    return Limits(
        study=config.name,
        test_set=name,
        epoch=study.final,
        true=true,
        error=parameter_error(final, true, SPACE.range),
        bound=sigma[1.0],
        prior=100 * training.std(axis=0),
        measured=measured,
        counts=counts,
        background=background,
        layer_thickness=config.dataset.layer_thickness,
        at_counts={} if measured else {times * counts: sigma[times] for times in _OTHER},
    )


def _bounds(
    study: Study, true: FloatArray, prior: FloatArray, counts: float, background: float, rng: np.random.Generator
) -> dict[float, FloatArray]:
    """Bounds (n, 7), % of range, each sample under conditions as the study's curves have them; by times the counts."""
    measurement, disorder = study.config.measurement, study.config.dataset.disorder
    found = []
    model = forward_model(study, Instrument(), 1.0)
    for start in range(0, len(true), _PER_INSTRUMENT):
        part = true[start : start + _PER_INSTRUMENT]
        k = len(part)
        if measurement is None:
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
        slopes = model.derivatives(part, static, instrumental=precision is not None)
        found.append(effective(information(slopes, drawn[0], drawn[1], measured), precision))
    fisher, most = np.concatenate(found), allowed(true)
    # known nuisances: the information is proportional to the counts
    times = (1.0,) if measurement is not None else (1.0, *_OTHER)
    return {t: 100 * np.minimum(spread(t * fisher, prior), most) for t in times}
