"""Test samples by the mean and the variability of their error over epochs, and how often one is read well and lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.diagnostics._intervals import UNDEFINED, Interval, bootstrap_all
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.runs._runs import percent
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.training import Study, StudyError

__all__ = ["DataMap", "data_map"]

FloatArray = NDArray[np.float64]

_WARMUP = 1 / 8  # of the epochs: before that every sample's error falls, which is no variability


@dataclass(frozen=True, repr=False)
class DataMap(Section):
    """Where test samples and one experiment lie on a map of difficulty and variability.

    After Swayamdipta et al. (2020), who map training samples of a classifier by the mean and SD of the probability of
    the true class over epochs; here it is the error of test samples. Forgetting is that of Toneva et al. (2019):
    right at one epoch and wrong at the next; here right means an error below a threshold.

    Attributes
    ----------
    study, target : str
    epochs : ndarray of int, shape (n_epochs,)
    threshold : float
        % of range.
    mean, spread : ndarray, shape (n_samples,)
        Of each sample's error over epochs, % of range.
    right : ndarray of bool, shape (n_epochs, n_samples)
        Error below the threshold.
    final : int
        Row of the final epoch.
    target_mean, target_spread : float
    target_right : ndarray of bool, shape (n_epochs,)
    test_set : str
    left_out : int
        Test samples with a prediction that is not finite; the others are the ``n_samples``.
    shares : dict of str to Interval
        Of the samples: ``never`` right, ``always`` right, ``forgotten`` at least once; of those that were ever right,
        ``lost`` at the final epoch.
    """

    study: str
    target: str
    epochs: NDArray[np.int64]
    threshold: float
    mean: FloatArray
    spread: FloatArray
    right: NDArray[np.bool_]
    final: int
    target_mean: float
    target_spread: float
    target_right: NDArray[np.bool_]
    test_set: str
    left_out: int
    shares: dict[str, Interval]

    name = "data_map"
    title = "Mean and variability of the error over epochs"

    @property
    def events(self) -> NDArray[np.int64]:
        """How often each sample was forgotten, shape (n_samples,)."""
        return _events(self.right)

    @property
    def target_events(self) -> int:
        """How often the experiment was forgotten."""
        return int(_events(self.target_right[:, None])[0])

    def percentile(self, what: str) -> float:
        """Share (%) of test samples whose ``mean`` or ``spread`` is smaller than the experiment's."""
        samples, own = (self.mean, self.target_mean) if what == "mean" else (self.spread, self.target_spread)
        return float(100 * np.mean(samples < own))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per test sample: mean and spread of its error, times forgotten, right at the final epoch."""
        return pd.DataFrame(
            {"mean": self.mean, "spread": self.spread, "forgotten": self.events, "right": self.right[self.final]}
        )

    @property
    def table(self) -> pd.DataFrame:
        """The experiment beside the median test sample."""
        return pd.DataFrame(
            {
                self.target: [
                    f"{self.target_mean:.2f} %",
                    f"{self.target_spread:.2f} %",
                    str(self.target_events),
                ],
                "median sample": [
                    f"{np.median(self.mean):.2f} %",
                    f"{np.median(self.spread):.2f} %",
                    f"{np.median(self.events):g}",
                ],
                "samples with less": [
                    f"{self.percentile('mean'):.0f} %",
                    f"{self.percentile('spread'):.0f} %",
                    f"{100 * np.mean(self.events < self.target_events):.0f} %",
                ],
            },
            index=["mean error", "SD over epochs", "times forgotten"],
        )

    def to_dict(self) -> dict[str, Any]:
        """The experiment's place, and shares of the samples."""
        return {
            "threshold": self.threshold,
            "mean": number(self.target_mean),
            "mean_percentile": number(self.percentile("mean")),
            "spread": number(self.target_spread),
            "spread_percentile": number(self.percentile("spread")),
            "forgotten": self.target_events,
            "right_at_final": bool(self.target_right[self.final]),
            "shares": {k: v.to_dict() for k, v in self.shares.items()},
            "n_samples": int(self.mean.size),
            "left_out": self.left_out,
            "test_set": self.test_set,
        }

    @property
    def _history(self) -> str:
        if not self.target_right.any():
            return "it was never right"
        now = "right" if self.target_right[self.final] else "wrong"
        return f"it was right at {self.target_right.sum()} epochs, forgotten {self.target_events} times, {now} at final"

    @property
    def sentences(self) -> list[str]:
        """Forgetting among test samples, and whether the experiment's place is unusual."""
        never, always, forgotten, lost = (self.shares[k] for k in ("never", "always", "forgotten", "lost"))
        said = [
            f"Right means an error below {self.threshold:.1f} % of range. Of {self.mean.size} {self.test_set} test "
            f"samples {percent(always)} are right at all of {self.epochs.size} epochs, {percent(never)} never, and "
            f"{percent(forgotten)} are forgotten at least once: right at one epoch, wrong at the next.",
        ]
        if self.left_out:
            said.append(f"Left out: {self.left_out} test samples with a prediction that is not finite.")
        if np.isnan(lost.value):
            said.append("No sample is ever right, so that none can be lost.")
        else:
            said.append(f"Of those that were ever right, {percent(lost)} are wrong at the final epoch.")
        hard, restless = self.percentile("mean"), self.percentile("spread")
        said.append(
            f"{self.target} is {_word(hard, 'easy', 'hard')} (mean error {self.target_mean:.1f}, smaller for "
            f"{hard:.0f} % of test samples) and {_word(restless, 'quiet', 'restless')} (SD over epochs "
            f"{self.target_spread:.1f}, smaller for {restless:.0f} %); {self._history}."
        )
        return said


def data_map(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    *,
    threshold: float | None = None,
    first: int | None = None,
    test_set: str | None = None,
    seed: int = 0,
) -> DataMap:
    """Mean and variability of errors over epochs, and forgetting, for test samples and one experiment.

    Parameters
    ----------
    study : Study
    target : Target or Experiment
        One whose parameters are known.
    threshold : float, optional
        An error below it, % of range, is right; by default the median test sample's at the final epoch.
    first : int, optional
        First epoch that counts; by default the first eighth, in which every error falls, is left out.
    test_set : {"grid", "uniform"}, optional
        By default the one that resembles the training set.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataMap

    Raises
    ------
    StudyError
        If the target's parameters are unknown, fewer than two epochs are left, or a prediction of the target or of
        every test sample is not finite; single samples of which one is not are left out, which is then said.
    """
    target = Target.of(target, study)
    if target.true is None:
        raise StudyError(f"{target.name}: its parameters are unknown, so that its error is, too")
    if threshold is not None and not threshold > 0:
        raise StudyError(f"threshold = {threshold}: an error in % of range, above 0, expected")
    test_set = test_set or like_training(study)
    if target.tracked_in(study):
        epochs, predicted = study.history["epoch"].to_numpy(), study.experiment_predictions(target.name)
    else:
        epochs, predicted = np.array(study.checkpoints), study.predict(target.inputs(study))[:, 0]
    start = int(_WARMUP * study.n_epochs) + 1 if first is None else first
    kept = epochs >= start
    if kept.sum() < 2:
        raise StudyError(f"first = {start}: {kept.sum()} epochs of {study.path} are left, two at least expected")
    epochs, own = epochs[kept], parameter_error(predicted[kept], target.true, SPACE.range).mean(axis=1)
    if (broken := epochs[~np.isfinite(own)]).size:
        raise StudyError(
            f"{target.name}: a prediction of {study.path} is not finite at epochs {_listed(broken)}; no mean over "
            "epochs is defined"
        )
    samples, true = study.test_predictions(test_set)
    errors = parameter_error(samples[epochs - 1], true, SPACE.range).mean(axis=2)
    known = np.isfinite(errors)
    if not known.all(axis=0).any():
        raise StudyError(
            f"{study.path}: no {test_set} test sample has finite predictions at every epoch from {epochs[0]} on; some "
            f"are not finite at epochs {_listed(epochs[~known.all(axis=1)])}"
        )
    errors = errors[:, known.all(axis=0)]
    final = int(np.flatnonzero(epochs == study.final_among(epochs))[0])
    limit = float(np.median(errors[final])) if threshold is None else float(threshold)
    right = errors < limit
    return DataMap(
        study=study.config.name,
        target=target.name,
        epochs=epochs,
        threshold=limit,
        mean=errors.mean(axis=0),
        spread=errors.std(axis=0, ddof=1),
        right=right,
        final=final,
        target_mean=float(own.mean()),
        target_spread=float(own.std(ddof=1)),
        target_right=own < limit,
        test_set=test_set,
        left_out=int((~known.all(axis=0)).sum()),
        shares=_shares(right, final, seed),
    )


def _listed(epochs: NDArray[np.int64]) -> str:
    """The first epochs in words."""
    shown = ", ".join(str(epoch) for epoch in epochs[:5])
    return f"{shown} and {epochs.size - 5} more" if epochs.size > 5 else shown


def _events(right: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray((right[:-1] & ~right[1:]).sum(axis=0), dtype=np.int64)


def _shares(right: NDArray[np.bool_], final: int, seed: int) -> dict[str, Interval]:
    ever = right.any(axis=0)
    flags = np.stack([~ever, right.all(axis=0), _events(right) > 0, ever & ~right[final], ever], axis=1).astype(float)

    def shares(rows: FloatArray) -> FloatArray:
        mean = rows.mean(axis=0)
        return np.array([*mean[:3], mean[3] / mean[4] if mean[4] > 0 else np.nan])

    found = bootstrap_all(shares, flags, seed=seed) if ever.any() else None
    if found is None:
        nothing, all_of = Interval(0.0, 0.0, 0.0), Interval(1.0, 1.0, 1.0)
        found = [all_of, nothing, nothing, UNDEFINED]
    return dict(zip(("never", "always", "forgotten", "lost"), found, strict=True))


def _word(percentile: float, low: str, high: str) -> str:
    return low if percentile < 25 else high if percentile > 75 else f"neither {low} nor {high}"
