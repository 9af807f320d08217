"""The questions of the tree that can be answered by measuring, and who answers the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xrdlib.data import MeasuredCurve
from xrdlib.diagnostics._checkpoints_text import beside
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.checkpoints import NEARLY, Checkpoints
from xrdlib.diagnostics.comparable import unlike_test_set
from xrdlib.diagnostics.decision._chance import Chance, holds
from xrdlib.diagnostics.epochs.tracking import Tracking
from xrdlib.diagnostics.target import Target
from xrdlib.diagnostics.training_set.coverage import Coverage
from xrdlib.training import Study

__all__ = ["Answer", "Number", "Thresholds", "aware", "fair_limit", "known", "sparse", "special", "yours"]


@dataclass(frozen=True)
class Thresholds:
    """Where the measured answers turn; the arguments of `decide`."""

    fair: float = 0.1
    sparse: float = 75.0
    special: float = 90.0
    luck: float = 0.05

    def __post_init__(self) -> None:
        for name, highest, what in (("sparse", 100, "a percentage"), ("special", 100, "a percentage"), ("luck", 1, "")):
            value = getattr(self, name)
            if not 0 <= value <= highest:
                raise ValueError(f"{name} = {value}: {what or 'a probability'} from 0 to {highest} expected")
        if not 0 < self.fair < np.inf:
            raise ValueError(f"fair = {self.fair}: a positive RMSE of log10 intensity expected")


class Number(NamedTuple):
    """A number behind an answer, with its interval (nan where there is none) and the threshold it is held against."""

    name: str
    value: Interval
    threshold: float | None = None


@dataclass(frozen=True)
class Answer:
    """An answer to one question.

    Attributes
    ----------
    value : bool or None
        None where only the user knows, and did not say.
    by : str
        "measured", "you", or "what if" where a measured answer was replaced.
    because : str
        The measurement in words, a clause; empty where nothing was measured.
    limit : str
        What it is held against, where ``because`` does not say it.
    short : str
        The same for a figure.
    otherwise : str
        What would have to be different for the other answer, a condition after "if"; empty where it is the user's.
    numbers : tuple of Number
    borderline : bool
        Whether an interval holds its threshold so that the other answer cannot be excluded.
    nearly : str
        By how much a curve is missed that is nearly reproduced; empty where it is, or is missed by more.
    """

    value: bool | None
    by: str
    because: str = ""
    short: str = ""
    otherwise: str = ""
    numbers: tuple[Number, ...] = ()
    limit: str = ""
    borderline: bool = False
    nearly: str = ""

    @property
    def word(self) -> str:
        """ "yes", "no" or "not answered"."""
        return {True: "yes", False: "no", None: "not answered"}[self.value]


def fair_limit(found: Checkpoints, thresholds: Thresholds) -> float:
    """RMSE of log10 intensity below which the curve counts as reproduced."""
    return max(thresholds.fair, 2 * found.noise)


def known(study: Study, target: Target, found: Checkpoints, thresholds: Thresholds) -> Answer:
    """Is the curve simulated as the network's own, or does an epoch reproduce it? The place for a measured gap."""
    best, limit = float(found.curve_rmse.min()), fair_limit(found, thresholds)
    unlike = unlike_test_set(study, target, "uniform")  # never for lying between the points of a grid
    reproduced = best < limit
    shown, held = beside(best, limit)
    rmse = f"RMSE of log10 intensity {shown} at epoch {found.chosen}"
    none = "no epoch reproduces it" if found.only is None else "the only epoch does not reproduce it"
    nearly = ""
    if isinstance(target.source, MeasuredCurve):
        kind = "it is a measured curve"
    else:
        kind = f"its curve differs from those it was trained on ({'; '.join(unlike)})"
    if not unlike:
        because = "it is simulated as the training curves were"
        if not reproduced:
            because += f" (though {none}: {rmse}, {held} would be fair)"
        otherwise = "its curve were measured, or recorded in another way than theirs, and no epoch reproduced it"
    elif reproduced:
        because = f"{kind}, and an epoch reproduces it: {rmse}, below {held}"
        if (final := float(found.curve_rmse[found.row(found.final)])) >= limit:
            because += f" (final does not: {beside(final, limit)[0]})"
        otherwise = f"no epoch came closer than an RMSE of {held}"
    else:
        because = f"{kind}, and {none}: {'at best ' if found.only is None else ''}{rmse}, {held} would be fair"
        otherwise = f"an epoch came closer than an RMSE of {held}"
        nearly = f"{rmse}, below {held} would be fair" if best < NEARLY * limit else ""
    short = f"best RMSE {shown}, limit {held}" if unlike else "simulated as its training curves"
    numbers = (Number("curve_rmse", _exact(best), limit),)
    return Answer(not unlike or reproduced, "measured", because, short, otherwise, numbers, nearly=nearly)


def aware(study: Study) -> Answer:
    """Was the study trained through a measurement model?"""
    value = study.config.measurement is not None
    because = (
        "it was trained on simulated measurements" if value else "it was trained on curves without background and noise"
    )
    otherwise = "it had not been" if value else "its configuration had a section [measurement]"
    return Answer(value, "measured", because, "it was" if value else "it was not", otherwise)


def sparse(found: Coverage, threshold: float) -> Answer:
    """Is the training set sparser here than around most test samples?"""
    at = found.distance_interval
    where = "its prediction" if found.predicted else "it"
    because = f"around {at:.0f} % of test samples the training set is denser than around {where}"
    limit = f"above {threshold:g} is sparse"
    short = f"denser around {at.value:.0f} % (limit {threshold:g} %)"
    value = at.value > threshold
    otherwise = f"it were denser around {'at most' if value else 'more than'} {threshold:g} % of test samples"
    borderline = not found.violations and holds(at, threshold)
    if borderline:
        because += f", which is borderline: the interval holds {threshold:g}"
    if found.violations:
        because = f"it lies outside the parameter space ({'; '.join(found.violations)})"
        short, otherwise, value, limit = "outside the parameter space", "it lay inside the parameter space", True, ""
    numbers = (Number("distance_percentile", at, threshold),)
    return Answer(value, "measured", because, short, otherwise, numbers, limit, borderline)


def special(found: Checkpoints, tracking: Tracking, luck: Chance, threshold: float) -> Answer:
    """Is the regret larger than most test samples', and more than taking the best of many epochs brings?

    Where the truth is unknown it is the curve's error that is asked for luck, and there is no rank.
    """
    rank, p = tracking.regret_rank, luck.wobble.p_value
    ranked = not np.isnan(rank.value)
    far = not ranked or rank.value >= threshold
    value = luck.more and far
    doubts = _doubts(rank, threshold, far, luck)
    if luck.wobble.regret <= 0:
        said, short = "there is none: final is the best epoch", "no regret"
    else:
        shown = luck.in_words
        rather = "more than" if luck.more else "not shown to be more than"
        rank_said = (
            f"it exceeds that of {rank:.0f} % of {tracking.test_set} test samples (special from {threshold:g} on"
            f"{', but its curve is not like theirs' if tracking.unlike else ''})"
            if ranked
            else "the truth being unknown it is that of the curve's error, and has no rank"
        )
        chance = "luck" if ranked else "the wobble of the epochs"  # that a given curve is closer is no luck
        said = "; ".join([rank_said, f"it is {rather} {chance} ({shown})", *doubts])
        place = f"rank {rank.value:.0f} % (limit {threshold:g} %)" if ranked else "no rank"
        short = f"{place}; {'p not defined' if np.isnan(p) else f'p {p:.2g}'}"
    missing = [] if far else [f"its regret exceeded that of {threshold:g} % of test samples"]
    missing += [] if luck.more else ["it were more than noise alone brings, or the error rose beyond noise"]
    otherwise = " and ".join(missing)
    if value:
        losing = [f"its regret exceeded that of fewer than {threshold:g} % of test samples"] if ranked else []
        otherwise = " or ".join([*losing, "its regret were what noise alone brings"])
    numbers = (
        Number("regret_percentile", rank, threshold),
        Number("p_value", luck.p_value, luck.level),
        Number("divergence_epoch", _exact(np.nan if luck.divergence is None else luck.divergence)),
    )
    return Answer(value, "measured", said, short, otherwise, numbers, borderline=bool(doubts))


def _doubts(rank: Interval, threshold: float, far: bool, luck: Chance) -> list[str]:
    """Why the other answer cannot be excluded, clauses; empty where it can be."""
    near, close = holds(rank, threshold), luck.borderline
    possible_far, possible_more = far or near, luck.more or close
    if luck.wobble.regret <= 0 or not (possible_far and possible_more) or not (near or close):
        return []
    said = [f"this is borderline: the interval of its rank holds {threshold:g}"] if near else []
    return said + ([f"it is borderline whether that is rarer than {100 * luck.level:g} %"] if close else [])


def yours(question: str, value: bool | None) -> Answer:
    """What only the user knows."""
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{question} = {value!r}: True, False or None (not answered) expected")
    return Answer(value, "you")


def _exact(value: float) -> Interval:
    return Interval(float(value), np.nan, np.nan)
