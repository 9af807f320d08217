"""How studies read one target: errors at the named epochs, profile and curve; noise draws of one together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib._section import by_parameter, number
from xrdlib.data import Experiment
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._seeds import difference_of_means
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.errors.sample_errors import sample_errors
from xrdlib.diagnostics.target import Target
from xrdlib.training import Study, StudyConfig

__all__ = ["MEASURES", "TargetScores", "draws_of_one", "on_targets"]

FloatArray = NDArray[np.float64]

# measure: what people call it, and its unit
MEASURES = {
    "final": ("error at final", "%"),
    "ideal": ("error at ideal", "%"),
    "chosen": ("error at chosen", "%"),
    "regret": ("regret", "%"),
    "profile": ("profile", "1e-3"),
    "curve_rmse": ("curve RMSE", ""),
    "curve_rmse_chosen": ("RMSE at chosen", ""),
}


class TargetScores(NamedTuple):
    """One target, or several noise draws of one experiment, in each of k studies.

    Attributes
    ----------
    name : str
    members : tuple of str
        The m noise draws, or the target alone.
    epochs : dict of str to ndarray of int, shape (k, m)
        ``final``, ``chosen``, and ``ideal`` where the truth is known.
    values : dict of str to ndarray, shape (k, m)
        Of `MEASURES`: mean error of the seven at the named epochs and regret in % of range; at final the profile error
        (1e-3) and the curve's RMSE (log10 intensity), which is there for ``chosen``, too. Without truth the RMSEs only.
    errors : ndarray of shape (k, m, 7), or None
        Of each parameter at final, % of range.
    differences : dict of str to tuple of Interval
        Each study's mean over the draws minus the first study's; t intervals over the draws, without ends for one.
    """

    name: str
    members: tuple[str, ...]
    epochs: dict[str, NDArray[np.int64]]
    values: dict[str, FloatArray]
    errors: FloatArray | None
    differences: dict[str, tuple[Interval, ...]]

    @property
    def known(self) -> bool:
        """Whether the true parameters are."""
        return self.errors is not None

    @property
    def measure(self) -> str:
        """The one that counts: error at final, or without truth the curve's RMSE there."""
        return "final" if self.known else "curve_rmse"

    def to_dict(self, k: int) -> dict[str, Any]:
        """Scores of the k-th study, for JSON."""
        return {
            "members": list(self.members),
            "epochs": {name: e[k].tolist() for name, e in self.epochs.items()},
            "values": {m: number(v[k].mean()) for m, v in self.values.items()},
            "differences": {m: d[k].to_dict() for m, d in self.differences.items()},
            "error_percent": None if self.errors is None else by_parameter(self.errors[k].mean(axis=0)),
        }


def draws_of_one(targets: Sequence[Target]) -> dict[str, list[Target]]:
    """Targets in groups, by name: those experiments together that differ in nothing but name and noise."""
    groups: dict[object, list[Target]] = {}
    for target in targets:
        e = target.source
        noisy = isinstance(e, Experiment) and e.instrument.peak_counts is not None
        key = (e.parameters, e.instrument, e.disorder) if isinstance(e, Experiment) and noisy else target.name
        groups.setdefault(key, []).append(target)
    return {_name([t.name for t in group], {t.name for t in targets}): group for group in groups.values()}


def _name(members: list[str], taken: set[str]) -> str:
    """What the names have in common, where that is not the name of something else."""
    if len(members) == 1:
        return members[0]
    stems = {m.rstrip("0123456789").rstrip("_- ") for m in members}
    shared = stems.pop()
    return f"{members[0]} to {members[-1]}" if stems or not shared or shared in taken else shared


def on_targets(studies: Sequence[Study], name: str, group: Sequence[Target]) -> TargetScores:
    """Scores of one group of `draws_of_one` in every study."""
    members = tuple(target.name for target in group)
    # each study sees an experiment on its own scan and kind of sample
    found = [[checkpoints(s, Target.of(_source(target), s)) for target in group] for s in studies]
    known = group[0].true is not None
    named = ("final", "ideal", "chosen") if known else ("final", "chosen")
    epochs = {one: np.array([[c.named[one] for c in row] for row in found]) for one in named}
    scored = [[_scores(c, s.config) for c in row] for s, row in zip(studies, found, strict=True)]
    values = {m: np.array([[one[m] for one in row] for row in scored]) for m in scored[0][0]}
    errors = [[c.errors[c.row(c.final)] for c in row if c.errors is not None] for row in found]
    return TargetScores(
        name=name,
        members=members,
        epochs=epochs,
        values=values,
        errors=np.array(errors) if known else None,
        differences={m: tuple(_over_draws(v[0], other) for other in v) for m, v in values.items()},
    )


def _source(target: Target) -> Target | Experiment:
    return target.source if isinstance(target.source, Experiment) else target


def _scores(c: Checkpoints, config: StudyConfig) -> dict[str, float]:
    at = {name: c.row(epoch) for name, epoch in c.named.items()}
    scores = {}
    if c.true is not None and c.error is not None and c.regret is not None:
        profile = sample_errors(c.predictions[at["final"]], c.true, config.dataset).profile[0]
        scores = {name: float(c.error[i]) for name, i in at.items()}
        scores |= {"regret": c.regret, "profile": float(profile)}
    rmse = {"curve_rmse": "final", "curve_rmse_chosen": "chosen"}
    return scores | {m: float(c.curve_rmse[at[name]]) for m, name in rmse.items()}


def _over_draws(first: FloatArray, other: FloatArray) -> Interval:
    if first.size > 1:
        return difference_of_means(first, other, True)[0]
    return Interval(float(other[0] - first[0]), np.nan, np.nan)
