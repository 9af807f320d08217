"""The honest reading of the table of remedies, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xrdlib.remedies.worth.summary import RemedySummary

__all__ = ["findings"]


def findings(s: RemedySummary) -> list[str]:
    """What the table says, one sentence each."""
    tested = [key for key in s.keys if not key.startswith("answer")]
    count = sum(s.tested(key, place) for key in tested for place in s.places)
    said = [
        f"{len(s.runs)} trainings that differ in weights, order and dropout; before is the epoch with the lowest "
        "validation loss of each, with the standard deviation (SD) between trainings. Changes are paired by training, "
        "+- half of their 95 % t interval. All share the dataset, the added curves, the test sets and the noise draws: "
        "the intervals do not speak of others.",
        f"{count} comparisons: one in twenty intervals excludes 0 by chance. A star marks what is left when one false "
        "among twenty starred is accepted (Benjamini and Hochberg). The best row of so many looks better than it is.",
    ]
    said += [_at_experiment(s, tested, place) for place in s.places[:-2]]
    said += _harm(s, tested)
    said += _circular(s)
    said += _neighbourhood(s)
    return said + _unclear(s, tested)


def _at_experiment(s: RemedySummary, tested: list[str], place: str) -> str:
    name = place.removesuffix(" error").replace("_", " ")
    name = f"On {name}" if place.endswith("error") else f"In the {name} (1e-3)"
    clear = [k for k in tested if s.changes[k, place].clear]
    better = [k for k in clear if s.changes[k, place].difference.value < 0]
    worse = [k for k in clear if s.changes[k, place].difference.value > 0]
    honest, told = [k for k in better if not s.told(k, place)], [k for k in better if s.told(k, place)]
    what = "what the network says of the noise-free curve" if "measured" in place else "the truth"
    words = (f"better without {what}", honest), ("better when told", told), ("worse", worse)
    return f"{name}: " + "; ".join(f"{word}: {_list(s, keys, place) or 'nothing'}" for word, keys in words) + "."


def _list(s: RemedySummary, keys: list[str], place: str) -> str:
    order = sorted(keys, key=lambda k: s.changes[k, place].difference.value)
    return ", ".join(f"{k} ({s.changes[k, place].difference.value:+.2f})" for k in order)


def _harm(s: RemedySummary, tested: list[str]) -> list[str]:
    tests = s.places[-2:]
    both = []
    for key in tested:
        gains = any(s.changes[key, p].difference.value < 0 and s.changes[key, p].clear for p in s.places[:-2])
        harms = [p for p in tests if s.changes[key, p].difference.value > 0 and s.changes[key, p].clear]
        if gains and harms:
            both.append(f"{key} ({', '.join(f'{p} {s.changes[key, p].difference.value:+.2f}' for p in harms)})")
    helped = [
        f"{key} ({', '.join(f'{p} {s.changes[key, p].difference.value:+.2f}' for p in tests)})"
        for key in tested
        if all(s.changes[key, p].clear and s.changes[key, p].difference.value < 0 for p in tests)
    ]
    said = [f"Helps an experiment and harms the test sets: {'; '.join(both)}."] if both else []
    if any("measurement" in text for text in both):
        said.append("The test sets are noise-free: not what measurement was trained for.")
    if any(text.startswith("augment") and "added" not in text for text in both):
        said.append(
            "Part of what augment costs on the test sets is its fixed cost: an epoch sees as many curves as before, of "
            "which those near the experiment take the place of others."
        )
    return [*said, f"Better on both whole test sets: {'; '.join(helped)}."] if helped else said


def _circular(s: RemedySummary) -> list[str]:
    place = s.places[0]
    if not {("answer_truth", place), ("answer_chosen", place)} <= set(s.changes):
        return []
    pairs = [
        (key, other)
        for key in s.keys
        if "_truth" in key
        and (other := key.replace("_truth", "_chosen")) in s.keys
        and not key.startswith(("answer", "select"))
    ]
    apart = ", ".join(
        f"{a.replace('_truth', '')} {s.changes[a, place].after:.2f} against {s.changes[b, place].after:.2f}"
        for a, b in pairs
    )
    said = [
        "A remedy centred on the truth is told the answer: who answers the centre whatever the curve has an error of "
        "0.00 there. Centred on what the network itself says of the curve (which, kept within the ranges, errs by "
        f"{s.changes['answer_chosen', place].after:.2f}), the same remedies give, error on {s.experiment} with and "
        f"without the truth: {apart}."
    ]
    held = [(k, s.held(k)) for k in s.keys if "_chosen" in k and s.held(k) is not None]
    if held:
        texts = ", ".join(f"{k} {n} of {len(s.runs)}" for k, n in held)
        said.append(f"Trainings in which the region around the network's own answer held the truth: {texts}.")
    return said


def _neighbourhood(s: RemedySummary) -> list[str]:
    quantity, slope = "around error", "around follow"
    keys = [k for k in s.keys if (k, quantity) in s.changes and k.startswith(("augment", "finetune", "weight"))]
    if not keys:
        return []
    before = s.changes[keys[0], quantity].before, s.changes[keys[0], slope].before
    found = ", ".join(f"{k} {s.changes[k, quantity].after:.2f} and {s.changes[k, slope].after:.2f}" for k in keys)
    return [
        "Whether a network still reads the curve is seen on new samples within 10 % of range of the experiment: error "
        f"and slope of prediction against truth, before {before[0]:.2f} and {before[1]:.2f}; {found}."
    ]


def _unclear(s: RemedySummary, tested: list[str]) -> list[str]:
    small = [key for key in tested if not any(s.changes[key, p].clear for p in s.places)]
    if not small:
        return []
    alone = [
        f"{k} at {p.removesuffix(' error').replace('_', ' ')} ({s.changes[k, p].difference.value:+.2f})"
        for k in small
        for p in s.places
        if s.changes[k, p].difference.excludes(0)
    ]
    more = f"; of single intervals these exclude 0: {', '.join(alone)}" if alone else ""
    return [f"Not shown to change anything, which is no proof that they do not: {', '.join(small)}{more}."]
