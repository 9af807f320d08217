"""What an ensemble brings, as a table and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed
from xrdlib.diagnostics._intervals import Interval
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.remedies.ensembles._ensemble import Ensemble
    from xrdlib.remedies.ensembles._scores import SetScore

__all__ = ["sentences", "table", "verdict"]

MEASURES = {"error": "experiment (%)", "curve_rmse": "curve (log10)", "profile": "profile (1e-3)"}
_DIGITS = {"error": 2, "curve_rmse": 3, "profile": 2}
_NAMED = 8  # members that are named one by one


def table(e: Ensemble) -> pd.DataFrame:
    """For `Ensemble.table`."""
    cells = {}
    for measure, words in MEASURES.items():
        each, final, ours = e.of_members(measure), e.final.measures[measure], e.combined.measures[measure]
        if each is None or final is None or ours is None:
            continue
        digits = _DIGITS[measure]
        values = (final, float(e.weights @ each), each.min(), ours)
        cells[words] = [*(f"{v:.{digits}f}" for v in values), f"{final - ours:+.{digits}f}"]
    for t in e.tests:
        values = t.final.value, t.members.value, t.best, t.ensemble.value
        gain = f"{t.gain.value:+.2f} ({t.gain.low:+.2f} to {t.gain.high:+.2f})"
        cells[f"{t.test_set} samples (%)"] = [*(f"{v:.2f}" for v in values), gain]
    return pd.DataFrame(cells, index=["final", "members", "best one", "ensemble", "gain"]).T


def verdict(gain: Interval, digits: int = 2) -> str:
    """``better``, ``worse`` or that it cannot be told, of a gain with its interval."""
    if not gain.excludes(0):
        return "which cannot be told from none"
    if round(abs(gain.value), digits) == 0:
        return "too small to matter"
    return "more than chance" if gain.value > 0 else "a loss beyond chance"


def sentences(e: Ensemble) -> list[str]:
    """For `Ensemble.sentences`."""
    said = [_what(e), *_weights(e), _target(e), *_curve(e)]
    for t in e.tests:
        said.append(_test(t))
    said += _most(e)
    return [*said, *e.undefined, *_spread(e)]


def _what(e: Ensemble) -> str:
    labels = e.members.labels
    names = listed(list(labels)) if len(labels) <= _NAMED else f"{labels[0]} to {labels[-1]}"
    word = "members" if len(e.members.studies) > 1 else "epochs" if len(labels) > 1 else "epoch"
    with_truth = " They were chosen with the truth in hand: no score on this experiment is fair." if _told(e) else ""
    if e.how == "median":
        how = "The median"
    else:
        how = "The mean" if e.weighting == "equal" and max(e.members.counts) == 1 else "A weighted mean"
    chosen = f"{e.members.chosen}: {names}"
    return f"{how} of {len(labels)} {word} ({chosen}), compared with final, epoch {e.final_epoch}.{with_truth}"


def _told(e: Ensemble) -> bool:
    return "ideal" in e.members.chosen


def _weights(e: Ensemble) -> list[str]:
    if len(e.weights) < 2 or np.ptp(e.weights) < 1e-12:
        return []
    effective = 1 / np.square(e.weights).sum()
    by = {"validation": " (1 / validation loss^2)", "curve": " (1 / error of the re-simulated curve^2)"}.get(
        e.weighting, ""
    )
    most = int(e.weights.argmax())
    return [
        f"Weights{by} reach from {100 * e.weights.min():.1f} to {100 * e.weights[most]:.1f} % (that of "
        f"{e.members.labels[most]}), as many as {effective:.1f} equal members."
    ]


def _target(e: Ensemble) -> str:
    each, final, ours = e.of_members("error"), e.final.error, e.combined.error
    if each is None or final is None or ours is None:
        return "True parameters unknown: whether the combined ones are better cannot be said, only how the curve fits."
    return (
        f"On {e.target} the ensemble errs by {ours:.2f} % of range, final by {final:.2f}; its members by "
        f"{float(e.weights @ each):.2f} on average, the best of them by {each.min():.2f} (which only the truth tells). "
        "One curve is one number: it has no interval, and no rule follows from it."
    )


def _curve(e: Ensemble) -> list[str]:
    rmse = np.array([r.curve_rmse for r in e.readings])
    text = (
        f"Re-simulated, the combined parameters miss the curve by {e.combined.curve_rmse:.3f} (RMSE of log10 "
        f"intensity), final's by {e.final.curve_rmse:.3f}, the members' by {rmse.min():.3f} to {rmse.max():.3f}"
    )
    if len(rmse) > 1 and e.combined.curve_rmse > rmse.max():
        text += ": a mean of parameters need not make a mean of curves, and this one is worse than every member"
    profile, final = e.combined.profile, e.final.profile
    if profile is None or final is None:
        return [f"{text}."]
    return [f"{text}; its profile is off by {profile:.2f} (1e-3 of strain), final's by {final:.2f}."]


def _test(t: SetScore) -> str:
    part = " (the second half; the first chose the members)" if t.left_out else ""
    return (
        f"On {t.n} {t.test_set} test samples{part} it errs by {t.ensemble.value:.2f} against {t.final.value:.2f} at "
        f"final: a gain of {t.gain.value:+.3f} ({t.gain.low:+.3f} to {t.gain.high:+.3f}) % of range, "
        f"{verdict(t.gain)}; {t.better:.0f} % of them are read better. Over a member picked at random it gains "
        f"{t.jensen:.3f}."
    )


def _most(e: Ensemble) -> list[str]:
    """What averages of such members can gain at most, on the test set that gains most."""
    known = [(t.test_set, t.squares) for t in e.tests if t.squares is not None]
    if not known or len(e.readings) < 2:
        return []
    name, s = known[0]
    if not s.members > 0:
        return []
    share = 100 * s.ambiguity / s.members
    text = (
        f"An average gains what its members disagree, no more: of their squared error ({name}: {s.members:.1f}, in % "
        f"of range squared) {s.ambiguity:.2f} or {share:.1f} % is disagreement, {s.ensemble:.1f} is left"
    )
    if s.floor is None:
        return [f"{text}."]
    left = 100 * s.floor / s.members
    return [
        f"{text}. Infinitely many members like these would leave {left:.1f} %: what all of them get wrong together."
    ]


def _spread(e: Ensemble) -> list[str]:
    inside = e.inside
    if e.true is None or inside is None or len(e.readings) < 2:
        return []
    off = np.abs(e.combined.parameters - e.true)
    one, two = int((off <= e.sd).sum()), int((off <= 2 * e.sd).sum())
    outside = [p for p, here in zip(PARAMETERS, inside, strict=True) if not here]
    text = (
        f"Of the seven true parameters {one} lie within one SD of the ensemble's, {two} within two, "
        f"{int(inside.sum())} between the lowest and the highest member"
    )
    return [f"{text}; outside are {listed(outside)}." if 0 < len(outside) < 5 else f"{text}."]
