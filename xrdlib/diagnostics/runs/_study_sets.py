"""Two studies on one test set: in pairs where they share samples, and whether the samples' curves are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval, share
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.diagnostics._seeds import difference_of_means
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, StudyError

__all__ = ["SetScore", "on_test_set", "own_errors"]

FloatArray = NDArray[np.float64]

_SAME = 1e-6  # of a range: samples closer than this are one
_FEWEST = 10  # shared samples, below which a bootstrap of pairs says nothing


class SetScore(NamedTuple):
    """One study against the first on one test set, errors in % of range.

    ``difference`` and ``by_parameter`` are the study's errors minus those of the first; ``better`` is the share (%) of
    shared samples whose mean error fell, ``equal`` of those where it stayed. ``paired`` says whether they are over the
    ``n`` shared samples; else each study has all of its own. ``unlike`` says in what their curves differ.
    """

    test_set: str
    study: int
    n: int
    paired: bool
    first: float
    other: float
    difference: Interval
    by_parameter: tuple[Interval, ...]
    better: Interval
    equal: float
    unlike: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "n_shared": self.n,
            "paired": self.paired,
            "first": self.first,
            "other": self.other,
            "difference": self.difference.to_dict(),
            "by_parameter": {p: d.to_dict() for p, d in zip(PARAMETERS, self.by_parameter, strict=True)},
            "better_percent": self.better.to_dict(),
            "unlike": list(self.unlike),
        }


def own_errors(studies: Sequence[Study]) -> dict[str, FloatArray]:
    """Of each test set the mean errors at final, (k, 7), % of range, over all samples; nan where a study lacks it."""
    sets = dict.fromkeys(name for s in studies for name in s.test_sets)
    missing = np.full(7, np.nan)
    return {
        name: np.array([_at_final(s, name)[0].mean(axis=0) if name in s.test_sets else missing for s in studies])
        for name in sets
    }


def on_test_set(first: Study, other: Study, test_set: str, k: int, seed: int) -> SetScore:
    """The k-th study against the first: in pairs where they share samples, else by Welch's test."""
    errors, truth = zip(*(_at_final(s, test_set) for s in (first, other)), strict=True)
    rows = _shared(*truth)
    paired = len(rows[0]) >= _FEWEST
    a, b = (e[r] if paired else e for e, r in zip(errors, rows, strict=True))
    # the mean of the seven and each of them
    one, two = (np.column_stack([e.mean(axis=1), e]) for e in (a, b))
    if paired:
        drawn = Resamples(len(one), seed=seed)
        mean, *single = (drawn.mean(change) for change in (two - one).T)
    else:
        mean, *single = (difference_of_means(x, y, False)[0] for x, y in zip(one.T, two.T, strict=True))
    same_rows = len(truth[0]) == len(truth[1]) == len(rows[0]) and bool((rows[0] == rows[1]).all())
    change = two[:, 0] - one[:, 0] if paired else np.empty(0)
    return SetScore(
        test_set=test_set,
        study=k,
        n=len(rows[0]),
        paired=paired,
        first=float(a.mean()),
        other=float(b.mean()),
        difference=mean,
        by_parameter=tuple(single),
        better=share(change < 0),
        equal=float(100 * (change == 0).mean()) if paired else float("nan"),
        unlike=_unlike_curves(first, other, same_rows),
    )


def _at_final(study: Study, test_set: str) -> tuple[FloatArray, FloatArray]:
    """Errors (n, 7), % of range, at the final epoch and true parameters (n, 7)."""
    predicted, true = study.test_predictions(test_set)
    errors = parameter_error(predicted[study.final - 1], true, SPACE.range)
    if not np.isfinite(errors).all():
        raise StudyError(f"{study.path}: {test_set} test predictions of the final epoch are not all numbers")
    if len(errors) < 2:
        raise StudyError(f"{study.path}: test set {test_set} has one sample; two at least are needed")
    return errors, true


def _shared(first: FloatArray, other: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the samples that both sets hold, in the order of the first; each once."""
    # rounded, as parameters may have been through other units
    keys = [np.round(SPACE.normalise(true) / _SAME).astype(np.int64) for true in (first, other)]
    places = [{row.tobytes(): i for i, row in reversed(list(enumerate(k)))} for k in keys]
    pairs = [(i, places[1][key]) for key, i in places[0].items() if key in places[1]]
    rows = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _unlike_curves(first: Study, other: Study, same_rows: bool) -> tuple[str, ...]:
    """In what two studies' test curves of the same parameters differ, as short texts."""
    a, b = first.config, other.config
    if a.foreign or b.foreign:
        return ("how those of a study trained elsewhere were made is not known",)
    said = ["the measurement they passed through"] * (a.measurement != b.measurement)
    for key, what in (
        ("disorder", "disorder"),
        ("film", "film"),
        ("crystal", "crystal"),
        ("layer_thickness", "sublayers"),
        ("scan", "scan"),
    ):
        if getattr(a.dataset, key) != getattr(b.dataset, key):
            said.append(what)
    drawn = a.measurement is not None or len(set(a.dataset.disorder)) > 1
    if not said and drawn and (a.seed != b.seed or not same_rows):
        said.append("draws of noise, resolution or disorder")
    return tuple(said)
