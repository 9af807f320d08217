"""Findings on the choice of a checkpoint, as a table and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed
from xrdlib.diagnostics._intervals import UNDEFINED, Interval
from xrdlib.diagnostics.epochs._transfer import Transfer
from xrdlib.remedies.selecting._selection_gains import Scores

if TYPE_CHECKING:
    from xrdlib.remedies.selecting.selection import Selection

__all__ = ["label", "sentences", "table"]

_MARK = "†"  # of rules that were told the truth

_NONE = 1e-9
_HARDLY = 0.7  # of the error of a guess


def label(rule: str, k: int, *, told: bool = False) -> str:
    """What picks an epoch by a rule, in words."""
    oracle = " (told the truth)" if told else ""
    return {
        "final": "validation loss",
        "parameters": "true parameters",
        "curve": "its own curve",
        "neighbours": f"{k} nearest test samples{oracle}",
        "weighted": f"weighted held-out loss{oracle}",
    }[rule]


def table(found: Selection) -> pd.DataFrame:
    """Gains over final by rule and what it is scored on; a star where the interval excludes 0."""
    rows = [
        {
            "rule": _marked(found, rule),
            "epoch": _epochs(s, rule),
            "on": s.short,
            "parameters": _gain(gains.get("parameters", UNDEFINED), "+.2f"),
            "share": _percent(s.recovered[rule].get("parameters", UNDEFINED)),
            "profile": _star(gains.get("profile", UNDEFINED), "+.2f"),
            "curve": _star(gains["curve"], "+.3f"),
        }
        for s in found.scores
        for rule, gains in s.gains.items()
    ]
    if not rows:  # nothing to score on: the picks alone
        rows = [{"rule": _marked(found, rule), "epoch": str(epoch)} for rule, epoch in found.picks.items()]
    cells = pd.DataFrame(rows).set_index("rule")
    return cells.loc[:, (cells != "").any()]


def _marked(found: Selection, rule: str) -> str:
    return f"{rule}{_MARK}" if rule in found.told else rule


def sentences(found: Selection) -> list[str]:
    """What each rule picks, what is left of its advantage, and what that costs other samples."""
    said = [_picks(found), _around(found), *_hardly_read(found)]
    if found.known and not found.noisy:
        said.append(
            "It has no counting noise, so there is no fresh draw of it: what its own trace picks is scored on samples "
            "near it and on its curve counted."
        )
    for s in found.scores:
        said += _fresh(found, s) if found.known else [_of_halves(found, s)]
    if any(s.n_epochs < found.epochs.size for s in found.scores):
        n = min(s.n_epochs for s in found.scores)
        said.append(f"Curves recorded anew are read at the {n} epochs with stored weights; the rules pick among those.")
    said += [*_average(found), *_samples(found)]
    if found.scores and found.known:
        said.append(
            "The intervals on draws are Student's t over these few draws, of this one training: in another, other "
            "epochs are good ones, and its ideal need not be near."
        )
    return [*said, *found.undefined]


def _picks(found: Selection) -> str:
    called = {"final": " (final)", "parameters": " (ideal)", "curve": " (chosen)"}
    said = listed([f"{epoch} by {_name(found, rule)}{called.get(rule, '')}" for rule, epoch in found.picks.items()])
    unknown = "" if found.known else "; its true parameters are unknown, so that nothing can say which is ideal"
    return f"Picked are epoch {said}{unknown}."


def _around(found: Selection) -> str:
    told = [rule for rule in ("neighbours", "weighted") if rule in found.told]
    if found.centre != "truth":
        taken = "from what the network makes of its curve"
    elif told:
        verb = "are" if len(told) > 1 else "is"
        taken = (
            f"from its true parameters: {listed(told)} {verb} told the truth ({_MARK}), which nobody has of a measured "
            "curve, as the ideal is"
        )
    else:
        taken = "from its true parameters"
    return (
        f"Distances are taken {taken}; the nearest are {found.test_sets['neighbours']} test samples, the weighted "
        f"{found.test_sets['weighted']} ones, which at T = {found.temperature:g} count as much as "
        f"{found.effective:.0f} weighted alike."
    )


def _hardly_read(found: Selection) -> list[str]:
    if found.guess is None or found.trace.min() < _HARDLY * found.guess:
        return []
    return [
        f"Guessing the training set's mean would err by {found.guess:.1f} % of range, the ideal epoch errs by "
        f"{found.trace.min():.1f}: it hardly reads this curve, and an early epoch, close to that guess, looks good."
    ]


def _fresh(found: Selection, s: Scores) -> list[str]:
    how = f"{s.n} draws, all pairs" if s.paired else f"{s.n}"
    where = f"Scored on {s.on} ({how}), where final errs by {s.at_final['parameters']:.1f} % of range"
    ideal, seemed = s.gains["parameters"]["parameters"], s.seemed["parameters"]["parameters"]
    if seemed < _NONE:
        said = [f"{where}: ideal is final itself, there is no advantage to recover."]
    else:
        said = [f"{where}: ideal {_clause(ideal)}, {seemed:.2f} where it was picked; {_ideal_verdict(ideal, seemed)}."]
    parts = []
    for rules in _alike(s):
        share = s.recovered[rules[0]]["parameters"]
        recovers = "" if np.isnan(share.value) else f", {_shown(share, '.0f')} % of ideal's gain"
        names = listed([_name(found, rule) for rule in rules])
        epochs = _epochs(s, rules[0])
        which = f"epochs {epochs}" if "to" in epochs else f"epoch {epochs}"
        parts.append(f"{which}, picked by {names}: {_clause(s.gains[rules[0]]['parameters'])}{recovers}")
    said.append(f"There {'; '.join(parts)}.")
    return said + _other_yardsticks(found, s)


def _ideal_verdict(ideal: Interval, seemed: float) -> str:
    if np.isnan(ideal.low):
        return "so few draws have no interval"
    if ideal.high < 0:
        return "picked with the truth in hand, it is worse than final elsewhere"
    if ideal.low <= 0:
        return "its advantage cannot be told from luck"
    return "part of its advantage was luck" if ideal.high < seemed - _NONE else "its advantage is more than luck"


def _alike(s: Scores) -> list[list[str]]:
    """The rules but ideal, those together that pick the same epochs."""
    together: dict[tuple[int, ...], list[str]] = {}
    for rule in s.gains:
        if rule != "parameters":
            together.setdefault(s.picks[rule], []).append(rule)
    return list(together.values())


def _other_yardsticks(found: Selection, s: Scores) -> list[str]:
    """Which rules are better by one yardstick and worse by another, beyond chance."""
    parts = []
    for rules in [["parameters"], *_alike(s)]:
        gains = s.gains[rules[0]]
        better = [f"{m} ({_star(g, _SPEC[m])[:-1]})" for m, g in gains.items() if g.low > 0]
        worse = [f"{m} ({_star(g, _SPEC[m])[:-1]})" for m, g in gains.items() if g.high < 0]
        if better and worse:
            names = listed([_name(found, rule) for rule in rules])
            parts.append(f"the epoch picked by {names} has better {listed(better)} and worse {listed(worse)}")
    return [f"The yardsticks contradict each other: {'; '.join(parts)}."] if parts else []


_SPEC = {"parameters": "+.2f", "profile": "+.2f", "curve": "+.3f"}


def _of_halves(found: Selection, s: Scores) -> str:
    parts = [f"{_name(found, rule)} {gains['curve'].value:+.3f}" for rule, gains in s.gains.items()]
    return (
        f"Only its curve can be scored: picked on one half (alternate blocks) and scored on the other, where final "
        f"misses by {s.at_final['curve']:.3f}, the gains over final in RMSE of log10 intensity are "
        f"{'; '.join(parts)} (own curve on the half that picked: {s.seemed['curve']['curve']:+.3f}). A closer curve "
        "need not have better parameters."
    )


def _average(found: Selection) -> list[str]:
    parts, without, none = [], [], []
    for rule, gains in found.average.items():
        if found.picks[rule] == found.picks["final"] or not gains:
            continue
        known = {test_set: gain for test_set, gain in gains.items() if not np.isnan(gain.value)}
        if known:
            each = listed([f"{gain:+.2f} on {test_set}" for test_set, gain in known.items()])
            parts.append(f"{_name(found, rule)} {each}")
        mine = found.test_sets.get(rule)
        if mine in known:
            without.append(f"{found.left_out[rule]} of {mine} for {rule}")
        elif mine in gains:
            none.append(f"{rule} on {mine}, most of which picked its epoch")
    if not parts:
        return []
    left = f", without the samples that picked the epoch ({listed(without)})" if without else ""
    said = f"Gains of these epochs over final on test sets, mean error in % of range{left}: {'; '.join(parts)}"
    return [f"{said}; not scored: {listed(none)}." if none else f"{said}."]


def _samples(found: Selection) -> list[str]:
    """What the rules gain for test samples, and whether that is for being told where they are."""
    defined = {t.key: t for t in found.samples if not np.isnan(t.share.value)}
    said: list[str] = []
    nothing: list[str] = []  # is left without being told
    little: list[str] = []
    for rule in ("curve", "neighbours", "weighted"):
        t, honest = defined.get(rule), defined.get(f"{rule}_prediction")
        if t is None:
            continue
        free = rule == "weighted" and np.isinf(found.temperature)
        name = label(rule, found.k, told=rule != "curve" and not free)
        text = f"{name} {_kept(t)} of {t.n}"
        if honest is not None:
            text += f" ({_kept(honest)[:-1]}, with distances from what final predicts for them)"
            if t.share.low > 0 and honest.share.low <= 0:
                (nothing if honest.share.high <= 0 else little).append(label(rule, found.k))
        said.append(text)
    if not said:
        return []
    sentences = [f"With test samples in its place the rules gain over final: {'; '.join(said)}."]
    for rules, left in ((nothing, "nothing is left"), (little, "what is left cannot be told from nothing")):
        if rules:
            sentences.append(
                f"What test samples gain by {listed(rules)} comes of being told their true parameters: without them "
                f"{left}."
            )
    return sentences


def _kept(t: Transfer) -> str:
    return f"{t.kept:+.2f} % of range, {_shown(t.share, '.0f')} % of the regret,"


def _name(found: Selection, rule: str) -> str:
    return label(rule, found.k, told=rule in found.told)


def _epochs(s: Scores, rule: str) -> str:
    low, high = min(s.picks[rule]), max(s.picks[rule])
    return f"{low}" if low == high else f"{low} to {high}"


def _clause(gain: Interval) -> str:
    """A gain of parameters as a clause."""
    if abs(gain.value) < _NONE and not gain.excludes(0):
        return "gains nothing"
    if gain.value > 0:
        return f"gains {_shown(gain, '.2f')} % of range"
    return f"loses {_shown(Interval(-gain.value, -gain.high, -gain.low), '.2f')} % of range"


def _shown(value: Interval, spec: str) -> str:
    """A number with its interval where it has one."""
    return f"{value.value:{spec}}" if np.isnan(value.low) and not np.isnan(value.value) else f"{value:{spec}}"


def _gain(value: Interval, spec: str) -> str:
    return "" if np.isnan(value.value) else _shown(value, spec)


def _star(value: Interval, spec: str) -> str:
    return "" if np.isnan(value.value) else f"{value.value:{spec}}{'*' if value.excludes(0) else ''}"


def _percent(value: Interval) -> str:
    return "" if np.isnan(value.value) else f"{value.value:.0f} %"
