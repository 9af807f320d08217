"""Whole studies against each other: which is better at what, and by more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, by_parameter
from xrdlib.data import LAB, Experiment, MeasuredCurve
from xrdlib.diagnostics._intervals import UNDEFINED, Interval
from xrdlib.diagnostics.runs import _studies_text as text
from xrdlib.diagnostics.runs._study_origin import changes, origin, shares_chance, study_names
from xrdlib.diagnostics.runs._study_scatter import Scatter, scatter_of_seeds
from xrdlib.diagnostics.runs._study_sets import SetScore, on_test_set, own_errors
from xrdlib.diagnostics.runs._study_targets import MEASURES, TargetScores, draws_of_one, on_targets
from xrdlib.diagnostics.target import Target
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Replicas, Study, StudyError, reference_replicas

__all__ = ["MEASURES", "Scatter", "SetScore", "Studies", "TargetScores", "compare_studies"]

FloatArray = NDArray[np.float64]
Source = str | Target | Experiment | MeasuredCurve


@dataclass(frozen=True, repr=False)
class Studies(Section):
    """Several studies, each compared with the first.

    Attributes
    ----------
    names : tuple of str
        Of the k studies, each different.
    n_epochs, finals : tuple of int
        How many epochs each has, and its final one.
    targets : tuple of TargetScores
        Experiments and measured curves; several noise draws of one experiment are one of them.
    errors : dict of str to ndarray, shape (k, 7)
        Mean errors over each test set at final, % of range, of every study with all its samples; nan without the set.
    sets : tuple of SetScore
        For each other study one for each test set that it and the first have.
    scatter : dict of str to Scatter
        Between trainings like the first study's that differ in seeds only: of a target's error at final under its
        name, of a test set's mean error under ``grid test set`` and ``uniform test set``; empty where not known.
    changes : tuple of tuple of str
        In what each study's configuration differs from that of the first.
    origins : tuple of str
        What a remedy made each study from, in words; empty for a study that was trained for itself.
    shared_chance : tuple of bool
        Whether each study holds weights of another, whose chance it shares: seeds are no yardstick for it.
    not_common : tuple of str
        Experiments left out because not every study tracks the same.
    """

    names: tuple[str, ...]
    n_epochs: tuple[int, ...]
    finals: tuple[int, ...]
    targets: tuple[TargetScores, ...]
    errors: dict[str, FloatArray]
    sets: tuple[SetScore, ...]
    scatter: dict[str, Scatter]
    changes: tuple[tuple[str, ...], ...]
    origins: tuple[str, ...]
    shared_chance: tuple[bool, ...]
    not_common: tuple[str, ...]

    name = "studies"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Studies against study {self.names[0]}"

    def target(self, name: str) -> TargetScores:
        """One of ``targets`` by its name."""
        return next(t for t in self.targets if t.name == name)

    def test_set(self, name: str, study: int = 1) -> SetScore:
        """Score of a study, by its place, on a test set."""
        return next(s for s in self.sets if (s.test_set, s.study) == (name, study))

    def identical(self, study: int) -> bool:
        """Whether a study, by its place, has all scores of the first."""
        targets = (np.array_equal(v[study], v[0]) for t in self.targets for v in t.values.values())
        return (
            bool(self.targets or self.sets)
            and all(targets)
            and all(s.equal == 100 for s in self.sets if s.study == study)
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row per study, target or test set, and measure: value, and the difference to the first study."""
        rows: list[tuple[object, ...]] = []
        for t in self.targets:
            for k, name in enumerate(self.names):
                rows += [(t.name, name, m, v[k].mean(), *t.differences[m][k]) for m, v in t.values.items()]
                if t.errors is not None:
                    single = t.errors.mean(axis=1)
                    change = single[k] - single[0]
                    rows += [
                        (t.name, name, p, value, d, np.nan, np.nan)
                        for p, value, d in zip(PARAMETERS, single[k], change, strict=True)
                    ]
        for test_set, errors in self.errors.items():
            where, of = f"{test_set} test set", {s.study: s for s in self.sets if s.test_set == test_set}
            for k, name in enumerate(self.names):
                if k in of:
                    differences = (of[k].difference, *of[k].by_parameter)
                    rows.append((where, name, "better", of[k].better.value, np.nan, *of[k].better[1:]))
                else:
                    differences = (UNDEFINED,) * 8 if k else (Interval(0.0, 0.0, 0.0),) * 8
                values = (errors[k].mean(), *errors[k])
                rows += [
                    (where, name, measure, value, *difference)
                    for measure, value, difference in zip(("final", *PARAMETERS), values, differences, strict=True)
                ]
        return pd.DataFrame(rows, columns=["where", "study", "measure", "value", "difference", "low", "high"])

    @property
    def table(self) -> pd.DataFrame:
        """Targets and test sets, a column for each study."""
        return text.table(self)

    @property
    def parameter_table(self) -> pd.DataFrame:
        """Differences to the first study by parameter and test set."""
        return text.parameter_table(self)

    @property
    def sentences(self) -> list[str]:
        """Which study is better at what, how they differ, and what cannot be told."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Every study's scores, and its differences to the first."""
        return {
            "studies": [
                {
                    "name": name,
                    "n_epochs": self.n_epochs[k],
                    "final": self.finals[k],
                    "changes": list(self.changes[k]),
                    "origin": self.origins[k] or None,
                    "targets": {t.name: t.to_dict(k) for t in self.targets},
                    "test_set_errors": {s: by_parameter(e[k]) for s, e in self.errors.items()},
                    "against_first": {s.test_set: s.to_dict() for s in self.sets if s.study == k},
                }
                for k, name in enumerate(self.names)
            ],
            "seeds": {
                name: {"sd": s.sd.to_dict(), "limit": s.limit, "n_runs": s.n_runs} for name, s in self.scatter.items()
            },
            "not_common": list(self.not_common),
        }


def compare_studies(
    studies: Sequence[Study],
    experiments: Sequence[Source] | None = None,
    *,
    replicas: Replicas | None = None,
    seed: int = 0,
) -> Studies:
    """Compare studies with the first of them: on experiments, and on both test sets.

    Parameters
    ----------
    studies : sequence of Study
        Two or more; the first is what the others are compared with ("before").
    experiments : sequence, optional
        Names of tracked experiments, experiments, measured curves or targets; what a study did not track, the weights
        it has predict. By default the experiments that all studies track.
    replicas : Replicas, optional
        Of the first study's configuration, to say how far seeds alone scatter; by default those that ship of study
        ``lab``, where it is of that configuration.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Studies

    Raises
    ------
    ValueError
        For a single study, or an experiment that none of them knows.
    StudyError
        If a study is not finished, has neither predictions of an experiment nor weights, or test predictions that are
        not numbers; if ``replicas`` are not of the first study's configuration.
    """
    if len(studies) < 2:
        raise ValueError(f"studies: {len(studies)} given, two or more expected")
    for study in studies:
        if study.n_epochs < study.config.training.epochs:
            raise StudyError(f"{study.path}: unfinished, {study.n_epochs} of {study.config.training.epochs} epochs")
    first, *others = studies
    known: dict[str, Experiment] = {}
    for e in (e for s in studies for e in s.config.experiments):
        known.setdefault(e.name, e)
    common = [e for e in first.config.experiments if all(e in s.config.experiments for s in others)]
    wanted: Sequence[Source] = common if experiments is None else experiments
    targets = [Target.of(_known(w, {"lab": LAB} | known), first) for w in wanted]
    names = [t.name for t in targets]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"experiments: {', '.join(twice)} given more than once")
    called = study_names(studies)
    found = tuple(on_targets(studies, name, group) for name, group in draws_of_one(targets).items())
    return Studies(
        names=called,
        n_epochs=tuple(s.n_epochs for s in studies),
        finals=tuple(s.final for s in studies),
        targets=found,
        errors=own_errors(studies),
        sets=tuple(
            on_test_set(first, other, name, k, seed)
            for k, other in enumerate(others, start=1)
            for name in first.test_sets
            if name in other.test_sets
        ),
        scatter=_scatter(replicas, first, found),
        changes=tuple(changes(first, s, called[0]) for s in studies),
        origins=tuple(origin(s) for s in studies),
        shared_chance=tuple(shares_chance(s) for s in studies),
        not_common=() if experiments is not None else tuple(n for n, e in known.items() if e not in common),
    )


def _known(source: Source, known: dict[str, Experiment]) -> Target | Experiment | MeasuredCurve:
    if not isinstance(source, str):
        return source
    if source not in known:
        raise ValueError(f"experiment {source!r}: none of these studies tracks it; they track {', '.join(known)}")
    return known[source]


def _scatter(given: Replicas | None, first: Study, targets: Sequence[TargetScores]) -> dict[str, Scatter]:
    if given is not None:
        found = scatter_of_seeds(given, first, targets)
        if not found:
            raise StudyError(f"{given.path}: these replicas are of another configuration than {first.path}")
        return found
    try:
        return scatter_of_seeds(reference_replicas("lab"), first, targets)
    except StudyError:  # installed without the repository's data
        return {}
