"""Members from several trainings against as many epochs of one training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.remedies.ensembles import _seeds_text as text
from xrdlib.remedies.ensembles.members import member_errors
from xrdlib.training import Replicas

__all__ = ["WAYS", "SeedsOrEpochs", "SizedScore", "seeds_or_epochs"]

FloatArray = NDArray[np.float64]

WAYS = {
    "seeds": "last epochs of several trainings",
    "late": "last epochs of one training",
    "spread": "epochs of one training, over its second half",
}


class SizedScore(NamedTuple):
    """Means of ``m`` members of one kind, on one test set or on the experiment; errors in % of range.

    Attributes
    ----------
    way : str
        One of ``WAYS``.
    where : str
        A test set, or ``"experiment"``.
    m, n_ensembles : int
        Members of each, and how many ensembles there are: every choice of m trainings, or one per training.
    error : float
        Mean over the ensembles.
    lowest, highest : float
        Over the ensembles.
    gain : Interval
        Error of a single member, the last epoch of a training, less that of the ensemble. Over test samples, with
        their interval; of the experiment, one curve, without.
    squares : tuple of float
        (% of range)^2: mean squared error of the members, and of the ensembles.
    """

    way: str
    where: str
    m: int
    n_ensembles: int
    error: float
    lowest: float
    highest: float
    gain: Interval
    squares: tuple[float, float]


@dataclass(frozen=True, repr=False)
class SeedsOrEpochs(Section):
    """Ensembles of trainings and of epochs, of equal numbers of members.

    Attributes
    ----------
    study, target, varied : str
        ``varied``: in what the trainings differ.
    n_runs : int
    last : int
        The epoch taken of each training.
    n_samples : int
        Of each test set.
    scores : tuple of SizedScore
    floor : dict of str to float
        By test set: squared bias, what infinitely many trainings would leave of the squared error, (% of range)^2.
    """

    study: str
    target: str
    varied: str
    n_runs: int
    last: int
    n_samples: int
    scores: tuple[SizedScore, ...]
    floor: dict[str, float]

    name = "seeds_or_epochs"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Several trainings or several epochs of one, study {self.study}"

    def find(self, way: str, where: str, m: int) -> SizedScore:
        """One of the scores."""
        return next(s for s in self.scores if (s.way, s.where, s.m) == (way, where, m))

    @property
    def places(self) -> tuple[str, ...]:
        """The experiment and the test sets."""
        return tuple(dict.fromkeys(s.where for s in self.scores))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per way, place and number of members."""
        rows = [
            (s.way, s.where, s.m, s.n_ensembles, s.error, s.lowest, s.highest, *s.gain, *s.squares) for s in self.scores
        ]
        names = ["way", "where", "members", "ensembles", "error", "lowest", "highest", "gain", "low", "high"]
        return pd.DataFrame(rows, columns=[*names, "squared_members", "squared_ensemble"])

    @property
    def table(self) -> pd.DataFrame:
        """Errors by number of members, as text."""
        return text.table(self)

    @property
    def sentences(self) -> list[str]:
        """What trainings and what epochs are worth as members."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """All scores."""
        return {
            "target": self.target,
            "varied": self.varied,
            "n_runs": self.n_runs,
            "epoch": self.last,
            "n_samples": self.n_samples,
            "floor": {k: number(v) for k, v in self.floor.items()},
            "scores": [
                {**s._asdict(), "gain": s.gain.to_dict(), "squares": [number(v) for v in s.squares]}
                for s in self.scores
            ],
        }


def seeds_or_epochs(
    replicas: Replicas, target: str | None = None, *, varied: str = "all", seed: int = 0
) -> SeedsOrEpochs:
    """Is it worth more to average trainings, or epochs of one?

    Ensembles are means of m = 1, 2, ... members, up to the number of trainings: of *all* choices of m trainings, each
    at its last epoch; and of every training the m last stored epochs, or m stored epochs spread over its second half.

    Parameters
    ----------
    replicas : Replicas
    target : str, optional
        A tracked experiment; by default the first.
    varied : str
        In what the trainings differ.
    seed : int
        Of the bootstrap.

    Returns
    -------
    SeedsOrEpochs

    Raises
    ------
    StudyError
        If no runs differ in ``varied``, or the experiment is not tracked.
    """
    runs = replicas.varying(varied)
    experiments = {e.name: e.parameters.to_array() for e in replicas.config.experiments}
    name = next(iter(experiments)) if target is None else target
    stored = replicas.stored_epochs
    at_experiment = replicas.experiment_predictions(name)[runs][:, stored - 1][:, :, None]
    sets = tuple(dict.fromkeys(replicas.store["test_set"].to_numpy().tolist()))
    places: dict[str, tuple[FloatArray, FloatArray]] = {"experiment": (at_experiment, experiments[name][None])}
    for test_set in sets:
        predicted, true = replicas.test_predictions(test_set)
        places[test_set] = predicted[runs], true
    scores = _scores(places, len(stored), seed)
    return SeedsOrEpochs(
        study=replicas.config.name,
        target=name,
        varied=varied,
        n_runs=len(runs),
        last=int(stored[-1]),
        n_samples=len(places[sets[0]][1]),
        scores=tuple(scores),
        floor={s: _floor(*places[s]) for s in sets},
    )


def _scores(places: Mapping[str, tuple[FloatArray, FloatArray]], n_stored: int, seed: int) -> list[SizedScore]:
    """Of predictions (n_runs, n_stored, n, 7) and truth (n, 7) by place."""
    found = []
    for where, (predicted, true) in places.items():
        n_runs = len(predicted)
        drawn = None if where == "experiment" else Resamples(len(true), seed=seed)
        single = member_errors(predicted[:, -1], true).mean(axis=0)
        for m in range(1, n_runs + 1):
            late = range(n_stored - min(m, n_stored), n_stored)
            over = (
                np.unique(np.linspace(n_stored // 2, n_stored - 1, m).round().astype(int)) if m > 1 else [n_stored - 1]
            )
            chosen = {
                "seeds": [predicted[list(c), -1] for c in combinations(range(n_runs), m)],
                "late": [run[late] for run in predicted],
                "spread": [run[over] for run in predicted],
            }
            for way, groups in chosen.items():
                if len(groups[0]) < m:  # fewer epochs are stored
                    continue
                errors = np.stack([member_errors(g.mean(axis=0), true) for g in groups])
                gain = single - errors.mean(axis=0)
                means = errors.mean(axis=1)
                squares = (_square(np.stack(groups), true), _square(np.stack([g.mean(axis=0) for g in groups]), true))
                interval = Interval(float(gain.mean()), np.nan, np.nan) if drawn is None else drawn.mean(gain)
                ends = float(means.mean()), float(means.min()), float(means.max())
                found.append(SizedScore(way, where, m, len(groups), *ends, interval, squares))
    return found


def _square(predicted: FloatArray, true: FloatArray) -> float:
    return float(np.square(100 * (predicted - true) / SPACE.range).mean())


def _floor(predicted: FloatArray, true: FloatArray) -> float:
    """Squared bias of trainings at their last epoch: that of their mean less what its scatter adds."""
    last = predicted[:, -1]
    scatter = np.square(100 / SPACE.range) * last.var(axis=0, ddof=1)
    return max(_square(last.mean(axis=0), true) - float(scatter.mean()) / len(last), 0.0)
