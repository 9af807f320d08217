"""The honest reading of the table of remedies, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xrdlib.remedies.summary import RemedySummary

__all__ = ["findings"]


def findings(s: RemedySummary) -> list[str]:
    """What the table says, one sentence each."""
    tested = [key for key in s.keys if not key.startswith("answer")]
    n_places = len(s.places)
    said = [
        f"{len(s.runs)} trainings that differ in weights, order and dropout; before is the epoch with the lowest "
        "validation loss of each. Differences are paired by training, with 95 % t intervals; the +- behind before is "
        "the scatter between trainings.",
        f"{len(tested)} remedies at {n_places} places are {len(tested) * n_places} comparisons, of which one in twenty "
        "excludes 0 by chance: a star marks what Holm leaves (5 % for all together). The best row of so many looks "
        "better than it is.",
    ]
    first, *rest = s.places
    for place in (first, *(p for p in rest if p.startswith(s.experiment))):
        said.append(_at_experiment(s, tested, place))
    said += _harm(s, tested)
    said += _circular(s)
    said += _neighbourhood(s)
    small = [key for key in tested if not any(s.changes[key, p].clear for p in s.places)]
    if small:
        said.append(f"Nothing beyond the scatter of the trainings, anywhere: {', '.join(small)}.")
    return said


def _at_experiment(s: RemedySummary, tested: list[str], place: str) -> str:
    name = place.removesuffix(" error").replace("_", " ")
    better = [k for k in tested if s.changes[k, place].clear and s.changes[k, place].difference.value < 0]
    worse = [k for k in tested if s.changes[k, place].clear and s.changes[k, place].difference.value > 0]
    honest = [k for k in better if not s.told(k)]
    told = [k for k in better if s.told(k)]
    text = f"On {name}: "
    text += (
        f"better without being told the truth {_list(s, honest, place)}; "
        if honest
        else ("no remedy that is not told the truth is better beyond the scatter of the trainings; ")
    )
    text += f"told the truth {_list(s, told, place)}; " if told else "nor is one that is told it; "
    return text + (f"worse {_list(s, worse, place)}." if worse else "none is worse.")


def _list(s: RemedySummary, keys: list[str], place: str) -> str:
    order = sorted(keys, key=lambda k: s.changes[k, place].difference.value)
    return ", ".join(f"{k} ({s.changes[k, place].difference.value:+.2f})" for k in order)


def _harm(s: RemedySummary, tested: list[str]) -> list[str]:
    tests = s.places[-2:]
    both = []
    for key in tested:
        gains = [p for p in s.places[:-2] if s.changes[key, p].difference.value < 0 and s.changes[key, p].clear]
        harms = [p for p in tests if s.changes[key, p].difference.value > 0 and s.changes[key, p].clear]
        if gains and harms:
            text = ", ".join(f"{p} {s.changes[key, p].difference.value:+.2f}" for p in harms)
            both.append(f"{key} ({text})")
    helped = [
        f"{key} ({', '.join(f'{p} {s.changes[key, p].difference.value:+.2f}' for p in tests)})"
        for key in tested
        if all(s.changes[key, p].clear and s.changes[key, p].difference.value < 0 for p in tests)
    ]
    said = [f"Helps the experiment and harms the test sets: {'; '.join(both)}."] if both else []
    return [*said, f"Better on both whole test sets: {'; '.join(helped)}."] if helped else said


def _circular(s: RemedySummary) -> list[str]:
    place = s.places[0]
    if not {("answer_truth", place), ("answer_chosen", place)} <= set(s.changes):
        return []
    pairs = [
        (key, f"{key.replace('_truth', '_chosen')}")
        for key in s.keys
        if "_truth" in key and key.replace("_truth", "_chosen") in s.keys and not key.startswith("answer")
    ]
    apart = ", ".join(
        f"{a.replace('_truth', '')} {s.changes[a, place].after:.2f} against {s.changes[b, place].after:.2f}"
        for a, b in pairs
    )
    alone = s.changes["answer_chosen", place].after
    return [
        f"A remedy centred on the truth is told the answer: who answers the centre whatever the curve has an error of "
        f"0.00 there. Centred on what the network itself says of the curve (which errs by {alone:.2f}), the same "
        f"remedies give, error on {s.experiment} with and without the truth: {apart}."
    ]


def _neighbourhood(s: RemedySummary) -> list[str]:
    keys = [k for k in s.keys if (k, "around error") in s.changes and "_truth" in k]
    if not keys or ("answer_truth", "around error") not in s.changes:
        return []
    first = s.changes[keys[0], "around error"].before
    slope = s.changes[keys[0], "around follow"].before
    found = ", ".join(
        f"{k} {s.changes[k, 'around error'].after:.2f} and {s.changes[k, 'around follow'].after:.2f}" for k in keys
    )
    return [
        "Whether it still reads the curve is seen on new samples within 10 % of range of the experiment: error and "
        f"slope of prediction against truth, before {first:.2f} and {slope:.2f}; {found}."
    ]
