"""What a comparison of epochs is made of: measures at each epoch, and steps from one epoch to another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval, share
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.errors.reconstruction import Reconstruction
from xrdlib.metrics import parameter_error
from xrdlib.training import Study, StudyError

__all__ = [
    "Measure",
    "Shares",
    "Step",
    "every_error",
    "losses",
    "of_experiment",
    "sampled",
    "shares",
    "within_samples",
]

FloatArray = NDArray[np.float64]


class Measure(NamedTuple):
    """One measure at k epochs: values (k,), nan where unknown, and what the best is better by.

    Where it is a mean over test samples, ``lead`` is the second best value less the best, and ``differences`` (k,) is
    each value less the first, both over the same samples; None and empty where it is a single number.
    """

    name: str
    values: FloatArray
    lead: Interval | None = None
    differences: tuple[Interval, ...] = ()

    @property
    def best(self) -> int | None:
        """Index of the lowest value; None if there is no single one, or the measure knows no better and worse."""
        known = self.values[np.isfinite(self.values)]
        if self.name == "loss_gap" or known.size < 2 or (known == known.min()).sum() > 1:
            return None
        return int(np.nanargmin(self.values))

    @property
    def beyond_chance(self) -> bool | None:
        """Whether the lead's interval excludes 0; None where there is no interval."""
        return None if self.lead is None or self.best is None else self.lead.excludes(0)


class Shares(NamedTuple):
    """Shares (%) of one test set's samples whose parameter error fell or rose, at all and by more than the margin."""

    better: Interval
    worse: Interval
    clearly_better: Interval
    clearly_worse: Interval


class Step(NamedTuple):
    """What changes from one epoch to another.

    ``agreement`` is the share (%) of samples for which the epoch with the better parameters has the better curve;
    ``settled`` the median change of the curve MAE, % of its mean, where the parameter error stays within the margin;
    both None for a step to the next epoch, which is here as a yardstick only.
    """

    before: int
    after: int
    shares: dict[str, Shares]
    agreement: Interval | None = None
    settled: float | None = None


def losses(study: Study, named: dict[str, int]) -> list[Measure]:
    """Validation loss, and by how much the training loss is above it, where that is known."""
    at = study.history.iloc[np.array(list(named.values())) - 1]
    validation, training = at["val_loss"].to_numpy(), at["train_loss"].to_numpy()
    gap = [Measure("loss_gap", training - validation)] if np.isfinite(training).all() else []
    return [Measure("val_loss", validation), *gap]


def of_experiment(found: Checkpoints | None, r: Reconstruction, named: dict[str, int]) -> list[Measure]:
    """Its errors; nan at epochs at which its prediction is not known."""
    if found is None:
        return []
    known = {"experiment_error": found.error, "experiment_curve_rmse": found.curve_rmse}
    measures = []
    for name, trace in known.items():
        if trace is not None:
            values = [trace[found.row(e)] if e in found.epochs else np.nan for e in named.values()]
            measures.append(Measure(name, np.array(values, dtype=np.float64)))
    if found.true is not None and r.experiment is not None:
        profile = r.experiment.profile[[r.epochs.index(e) for e in named.values()]]
        measures.append(Measure("experiment_profile", profile))
    return measures


def sampled(name: str, values: FloatArray, drawn: Resamples) -> Measure:
    """A mean over samples, of values (k, n)."""
    mean = values.mean(axis=1)
    order = mean.argsort(kind="stable")
    lead = drawn.mean(values[order[1]] - values[order[0]]) if mean.size > 1 else None
    return Measure(name, mean, lead, tuple(drawn.mean(v - values[0]) for v in values))


def every_error(study: Study, test_set: str) -> FloatArray:
    """Parameter MAE of every epoch and sample of a test set, % of range."""
    predicted, true = study.test_predictions(test_set)
    return np.asarray(parameter_error(predicted, true, SPACE.range).mean(axis=2))


def shares(errors: dict[str, FloatArray], before: int, after: int, margin: float) -> dict[str, Shares]:
    """Of each test set, from errors (n_epochs, n) of every epoch."""
    changes = {s: e[after - 1] - e[before - 1] for s, e in errors.items()}
    for test_set, change in changes.items():
        if not np.isfinite(change).all():
            raise StudyError(f"{test_set} test predictions of epochs {before} and {after} are not all numbers")
    return {s: Shares(*(share(which) for which in (c < 0, c > 0, c < -margin, c > margin))) for s, c in changes.items()}


def within_samples(parameter: FloatArray, curve: FloatArray, k: int, margin: float) -> tuple[Interval, float | None]:
    """Agreement and settled change (see `Step`) between the k-th and the first epoch; both errors are (k, n)."""
    by_parameter, by_curve = parameter[0] - parameter[k], curve[0] - curve[k]
    moved = (by_parameter != 0) & (by_curve != 0)
    still = np.abs(by_parameter) <= margin
    mean = (curve[0] + curve[k]) / 2
    usual = 100 * np.abs(by_curve[still & (mean > 0)]) / mean[still & (mean > 0)]
    return share((by_parameter * by_curve > 0)[moved]), float(np.median(usual)) if usual.size else None
