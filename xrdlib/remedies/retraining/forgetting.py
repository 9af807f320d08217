"""What a fine-tuning gains on an experiment, and what the network forgets of everything else, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval, share
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.metrics import parameter_error
from xrdlib.remedies.retraining import _forgetting_text as text
from xrdlib.remedies.retraining.fine_tuning import stop_early
from xrdlib.remedies.worth._scored import Scorer
from xrdlib.training import Study, StudyError
from xrdlib.training.parent import fingerprint

__all__ = ["Forgetting", "forgetting"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Forgetting(Section):
    """A fine-tuned study beside the network that it started from, which is epoch 0.

    Attributes
    ----------
    parent, study : str
        Names.
    started : int
        Epoch of the parent.
    rate : float
        Highest learning rate.
    n_training : int
        Samples trained on.
    radius : float
        Within which they are, in units of the ranges.
    told : tuple of str
        Experiments whose true parameters are the centre of the region: they were told the answer.
    epochs : ndarray of int, shape (n + 1,)
        From 0.
    val_loss : ndarray, shape (n + 1,)
        Of the parent's whole validation set.
    experiments : dict of str to ndarray, shape (n + 1,)
        Mean error of each tracked experiment, % of range; those that differ in their noise only as one, their mean.
    tests : dict of str to ndarray, shape (n + 1,)
        Mean error of each test set, % of range.
    changes : dict of str to tuple of Interval, n + 1 of them
        Of a test set's mean error since epoch 0, bootstrap over its samples.
    worse : dict of str to Interval
        Share (%) of a test set's samples whose error is larger after the last epoch.
    answer : dict of str to float
        Error of who answers the centre of the region to every curve: by experiment and test set.
    tolerance : float
        %, of `stop_early`.
    stop : int
        The epoch that `stop_early` would keep.
    """

    parent: str
    study: str
    started: int
    rate: float
    n_training: int
    radius: float
    told: tuple[str, ...]
    epochs: NDArray[np.int64]
    val_loss: FloatArray
    experiments: dict[str, FloatArray]
    tests: dict[str, FloatArray]
    changes: dict[str, tuple[Interval, ...]]
    worse: dict[str, Interval]
    answer: dict[str, float]
    tolerance: float
    stop: int

    name = "forgetting"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Fine-tuning of study {self.parent}, epoch {self.started}, and what it forgot"

    @property
    def last(self) -> int:
        """Last epoch."""
        return int(self.epochs[-1])

    @property
    def frame(self) -> pd.DataFrame:
        """One row per epoch: validation loss, errors of experiments and test sets, changes with their intervals."""
        frame = pd.DataFrame({"epoch": self.epochs, "val_loss": self.val_loss, **self.experiments, **self.tests})
        for name, changes in self.changes.items():
            for part in Interval._fields:
                frame[f"{name}_change_{part}"] = [getattr(c, part) for c in changes]
        return frame

    @property
    def table(self) -> pd.DataFrame:
        """Epochs as text, errors in % of range."""
        return text.table(self)

    @property
    def sentences(self) -> list[str]:
        """What was gained, what was forgotten, where to stop, and what the centre alone was worth."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Errors at every epoch, changes with intervals, the epoch to stop at."""
        return {
            "parent": self.parent,
            "epoch": self.started,
            "learning_rate": number(self.rate),
            "training_samples": self.n_training,
            "radius": number(self.radius),
            "told_the_truth": list(self.told),
            "epochs": self.epochs.tolist(),
            "validation_loss": self.val_loss.tolist(),
            "experiments": {name: trace.tolist() for name, trace in self.experiments.items()},
            "test_sets": {
                name: {
                    "error": trace.tolist(),
                    "change": [c.to_dict() for c in self.changes[name]],
                    "worse_percent": self.worse[name].to_dict(),
                }
                for name, trace in self.tests.items()
            },
            "answer_the_centre": dict(self.answer),
            "stop": {"tolerance_percent": float(self.tolerance), "epoch": self.stop},
        }


def forgetting(parent: Study, tuned: Study, *, tolerance: float = 5.0, seed: int = 0) -> Forgetting:
    """Follow a fine-tuning from the network it started from: the experiments, and both whole test sets.

    Parameters
    ----------
    parent : Study
        That the tuning started from.
    tuned : Study
        As `fine_tune` returns it.
    tolerance : float
        Of `stop_early`, %.
    seed : int
        Of the bootstrap over test samples.

    Returns
    -------
    Forgetting

    Raises
    ------
    ValueError
        If the study is not fine-tuned, or the tolerance is negative.
    StudyError
        If it was made of another parent.
    """
    stop = stop_early(parent, tuned, tolerance=tolerance)
    origin, focus = tuned.config.parent, tuned.config.focus
    assert origin is not None
    if origin.fingerprint != fingerprint(parent.path):
        raise StudyError(f"{tuned.path}: was made of a study {origin.study} that is not {parent.path}")
    started = origin.epochs[0]
    scorer = Scorer(parent)
    rows = [scorer.experiments(_experiments(parent, started))]
    rows += [scorer.experiments(_experiments(tuned, epoch)) for epoch in range(1, tuned.n_epochs + 1)]
    names = [key.removesuffix(" error") for key in rows[0] if key.endswith(" error")]
    tests, changes, worse = {}, {}, {}
    answer: dict[str, float] = {}
    if focus is not None:
        centre = np.array(focus.centre)
        same = scorer.experiments({e.name: centre for e in parent.config.experiments})
        answer = {name: same[f"{name} error"] for name in names}
    for name in parent.test_sets:
        error = _test_errors(parent, tuned, name, started)
        drawn = Resamples(error.shape[1], seed=seed)
        tests[name] = error.mean(axis=1)
        changes[name] = tuple(drawn.mean(e - error[0]) for e in error)
        worse[name] = share(error[-1] > error[0])
        if focus is not None:
            true = parent.test_predictions(name)[1]
            answer[name] = float(parameter_error(centre, true, SPACE.range).mean())
    return Forgetting(
        parent=parent.config.name,
        study=tuned.config.name,
        started=started,
        rate=tuned.config.training.learning_rate,
        n_training=len(tuned.training_parameters),
        radius=np.inf if focus is None else focus.radius,
        told=tuple(name for name in names if answer.get(name, np.inf) < 1e-6),
        epochs=np.arange(tuned.n_epochs + 1),
        val_loss=np.array([parent.val_loss(started), *tuned.history["val_loss"]]),
        experiments={name: np.array([row[f"{name} error"] for row in rows]) for name in names},
        tests=tests,
        changes=changes,
        worse=worse,
        answer=answer,
        tolerance=float(tolerance),
        stop=stop,
    )


def _experiments(study: Study, epoch: int) -> dict[str, FloatArray]:
    return {e.name: study.experiment_predictions(e.name)[epoch - 1] for e in study.config.experiments}


def _test_errors(parent: Study, tuned: Study, name: str, started: int) -> FloatArray:
    """Mean error of every sample before and after each epoch, shape (n + 1, n_samples), % of range."""
    before, true = parent.test_predictions(name)
    after = tuned.test_predictions(name)[0]
    every = np.concatenate([before[started - 1][None], after])
    return np.asarray(parameter_error(every, true, SPACE.range).mean(axis=2))
