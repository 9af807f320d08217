"""The first mechanism, chance in training: how far apart runs of one study end, by what differs between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import UNDEFINED, Interval, bootstrap
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.runs._runs import agreed, deviation, early_and_late, rms, sample_transfer, transfer
from xrdlib.diagnostics.runs._variation_text import SOURCES, sentences
from xrdlib.metrics import parameter_error
from xrdlib.training import Replicas, Study, StudyError
from xrdlib.training.replicas import VARIED

__all__ = ["SOURCES", "Spread", "Variation", "variation"]

FloatArray = NDArray[np.float64]


class Spread(NamedTuple):
    """How far runs lie apart that differ in one source: SDs over runs, % of range.

    ``late``: of the experiment's error, root mean square over the late epochs; ``last``: at the last epoch; their
    intervals are those of an SD of so few normal values (chi-square). ``samples``: of the test samples' errors at
    the last epoch, root mean square over samples; its interval is over samples, of the same few runs.
    """

    source: str
    n_runs: int
    last: Interval
    late: Interval
    samples: Interval


@dataclass(frozen=True, repr=False)
class Variation(Section):
    """One experiment's error in runs that differ in nothing but chance.

    Attributes
    ----------
    target : str
    runs : tuple of str
        ``base`` first; last, where it was given, the study itself.
    sources : dict of str to list of int
        Runs of each of ``SOURCES``, the one they are compared with included.
    errors, val_loss : ndarray, shape (n_runs, n_epochs)
        Mean parameter error in % of range, and validation loss.
    spreads : tuple of Spread
    step : Interval
        Change of the experiment's error from one late epoch to the next within a run, % of range: root mean square
        over steps and runs, bootstrap over runs.
    within : Interval
        SD of the error over the late epochs of one run, % of range: root mean square over runs, bootstrap over runs.
        It is what an SD between runs is to be compared with; steps between neighbours are no draws of an epoch.
    transfer : Interval
        Share of a run's regret that is recovered by taking the epoch that is ideal in another run; from so few runs
        the interval is rather too short (see `xrdlib.diagnostics.runs._runs.transfer`).
    sample_transfer : Interval
        The same for test samples, between stored epochs.
    worse, better : Interval
        Share of the test samples that every run of the main source reads worse, or better, at late than at middle
        epochs: what of a change is not chance.
    test_set : str
    n_samples : int
    """

    target: str
    runs: tuple[str, ...]
    sources: dict[str, list[int]]
    errors: FloatArray
    val_loss: FloatArray
    spreads: tuple[Spread, ...]
    step: Interval
    within: Interval
    transfer: Interval
    sample_transfer: Interval
    worse: Interval
    better: Interval
    test_set: str
    n_samples: int

    name = "variation"
    title = "Chance in training: the same study trained again"

    @property
    def main(self) -> str:
        """The source whose runs count as the study's population: everything together, where such runs are."""
        return next(iter(self.sources))

    @staticmethod
    def words(source: str) -> str:
        """What a source is, in words."""
        return SOURCES[source]

    @property
    def final(self) -> NDArray[np.int64]:
        """Final epoch of each run, shape (n_runs,)."""
        return np.asarray(self.val_loss.argmin(axis=1) + 1)

    @property
    def ideal(self) -> NDArray[np.int64]:
        """Ideal epoch of each run, shape (n_runs,)."""
        return np.asarray(self.errors.argmin(axis=1) + 1)

    @property
    def final_error(self) -> FloatArray:
        """Error at each run's final epoch, % of range, shape (n_runs,)."""
        return np.asarray(self.errors[np.arange(len(self.errors)), self.final - 1])

    @property
    def regret(self) -> FloatArray:
        """Of each run, % of range, shape (n_runs,)."""
        return np.asarray(self.final_error - self.errors.min(axis=1))

    def by_epoch(self, source: str | None = None) -> pd.DataFrame:
        """Per epoch: SD between the runs of a source, and the change from the epoch before within a run.

        Both in % of range; the change is the root mean square over the source's runs.
        """
        rows = self.errors[self.sources[source or self.main]]
        change = np.full(rows.shape[1], np.nan)
        change[1:] = rms(np.diff(rows, axis=1), axis=0)
        epochs = np.arange(1, rows.shape[1] + 1)
        return pd.DataFrame({"epoch": epochs, "between_runs": rows.std(axis=0, ddof=1), "epoch_to_epoch": change})

    @property
    def frame(self) -> pd.DataFrame:
        """One row per run: final and ideal epoch, error at both and regret, % of range."""
        return pd.DataFrame(
            {
                "run": self.runs,
                "final": self.final,
                "ideal": self.ideal,
                "final_error": self.final_error,
                "ideal_error": self.errors.min(axis=1),
                "regret": self.regret,
            }
        )

    @property
    def table(self) -> pd.DataFrame:
        """SDs by source, and within a run."""
        cells = {
            s.source: {
                "runs": str(s.n_runs),
                "SD, last epoch": _short(s.last),
                "SD, late epochs": _short(s.late),
                "test samples": _short(s.samples),
            }
            for s in self.spreads
        }
        cells["within a run"] = {"runs": str(len(self.runs)), "SD, late epochs": _short(self.within, 2)}
        return pd.DataFrame(cells).T.fillna("")

    def to_dict(self) -> dict[str, Any]:
        """SDs by source, transfer of the ideal epoch, and every run."""
        return {
            "target": self.target,
            "sources": {
                s.source: {"n_runs": s.n_runs, **{k: getattr(s, k).to_dict() for k in ("last", "late", "samples")}}
                for s in self.spreads
            },
            "epoch_to_epoch": self.step.to_dict(),
            "within_run": self.within.to_dict(),
            "transfer": self.transfer.to_dict(),
            "sample_transfer": self.sample_transfer.to_dict(),
            "worse_in_all_runs": self.worse.to_dict(),
            "better_in_all_runs": self.better.to_dict(),
            "runs": self.frame.to_dict("records"),
            "test_set": self.test_set,
        }

    @property
    def sentences(self) -> list[str]:
        """How large each source is, whether the ideal epoch repeats, and whether runs come to rest together."""
        return sentences(self)


def variation(
    replicas: Replicas, target: str, *, study: Study | None = None, test_set: str | None = None, seed: int = 0
) -> Variation:
    """How much of an experiment's trace is chance, and which.

    Parameters
    ----------
    replicas : Replicas
    target : str
        Name of a tracked experiment.
    study : Study, optional
        The study itself, trained with another number of threads: what differs from ``base`` is rounding.
    test_set : {"grid", "uniform"}, optional
        By default the one that resembles the training set.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Variation

    Raises
    ------
    StudyError
        If the experiment was not tracked, or ``study`` is another study.
    """
    config = replicas.config
    test_set = test_set or like_training(replicas)
    true = {e.name: e.parameters.to_array() for e in config.experiments}
    predicted = replicas.experiment_predictions(target)
    sampled, sample_true = replicas.test_predictions(test_set)
    val_loss, runs = replicas.val_loss, replicas.runs
    have = set(replicas.store["varied"].to_numpy())
    ordered = [s for s in SOURCES if s in VARIED and s in have]
    sources = {s: replicas.varying(s) for s in ordered}
    if study is not None:
        if extra := {d.split(" ")[0] for d in config.differences(study.config.to_dict())} - {
            "name",
            "training.threads",
        }:
            raise StudyError(f"{study.path}: not the study of these replicas; it differs in {', '.join(sorted(extra))}")
        theirs, theirs_true = study.test_predictions(test_set)
        place = {row.tobytes(): i for i, row in enumerate(theirs_true)}
        at = np.array([place[row.tobytes()] for row in sample_true])
        sampled = np.concatenate([sampled, theirs[replicas.stored_epochs - 1][None][:, :, at]])
        predicted = np.concatenate([predicted, study.experiment_predictions(target)[None]])
        val_loss = np.concatenate([val_loss, study.history["val_loss"].to_numpy()[None]])
        sources["rounding"], runs = [0, len(runs)], (*runs, study.config.name)
    if not sources:
        raise StudyError(f"{replicas.path}: no replicas besides base; nothing can be compared")
    errors = parameter_error(predicted, true[target], SPACE.range).mean(axis=2)
    sample_errors = parameter_error(sampled, sample_true, SPACE.range).mean(axis=3)
    late = early_and_late(np.arange(1, errors.shape[1] + 1))[1]
    main = sources[next(iter(sources))]
    short = val_loss[:, replicas.stored_epochs - 1]
    worse, better = agreed(sample_errors[main], replicas.stored_epochs, seed)
    return Variation(
        target=target,
        runs=runs,
        sources=sources,
        errors=errors,
        val_loss=val_loss,
        spreads=tuple(_spread(s, errors[r], sample_errors[r, -1], late, seed) for s, r in sources.items()),
        step=_over_runs(lambda e: rms(np.diff(e, axis=1), axis=1), errors[:, late], seed),
        within=_over_runs(lambda e: np.asarray(e.std(axis=1, ddof=1)), errors[:, late], seed),
        transfer=transfer(errors[main], val_loss[main], seed),
        sample_transfer=sample_transfer(sample_errors[main], short[main], seed),
        worse=worse,
        better=better,
        test_set=test_set,
        n_samples=sample_errors.shape[2],
    )


def _spread(source: str, errors: FloatArray, sampled: FloatArray, late: NDArray[np.bool_], seed: int) -> Spread:
    """Of the runs of one source: errors (n_runs, n_epochs), and of test samples at the last epoch (n_runs, n)."""
    variance = sampled.var(axis=0, ddof=1)
    return Spread(
        source=source,
        n_runs=len(errors),
        last=deviation(errors[:, -1:]),
        late=deviation(errors[:, late]),
        samples=bootstrap(lambda v: float(np.sqrt(v.mean())), variance, seed=seed),
    )


def _over_runs(each: Callable[[FloatArray], FloatArray], errors: FloatArray, seed: int) -> Interval:
    """Root mean square over runs of what ``each`` makes (n_runs,) of errors (n_runs, n_epochs); two epochs at least."""
    if errors.shape[1] < 2:
        return UNDEFINED
    return bootstrap(lambda s: float(rms(s)), each(errors), seed=seed)


def _short(interval: Interval, digits: int = 1) -> str:
    if not np.isfinite(interval.value):
        return "-"
    return f"{interval.value:.2f} ({interval.low:.{digits}f} to {interval.high:.{digits}f})"
