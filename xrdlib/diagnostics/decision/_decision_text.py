"""A decision in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xrdlib._words import listed
from xrdlib.diagnostics.decision._tree import QUESTIONS, Ways

if TYPE_CHECKING:
    from xrdlib.diagnostics.decision._answers import Answer
    from xrdlib.diagnostics.decision._decision import Alternative, Decision, Step
    from xrdlib.diagnostics.decision._leaves import Leaf

__all__ = ["advice", "changes", "findings", "when"]


def findings(d: Decision) -> list[str]:
    """What to do, why, what would change it, and what the note's tree says."""
    return [*advice(d), *map(_step, d.path), *changes(d), d.note.sentence]


def when(given: Ways) -> str:
    """Conditions as a clause: "it is critical and it is the only one"; empty without any."""
    return listed([condition(question, answer) for question, answer in given]) if given else ""


def condition(question: str, answer: bool) -> str:
    """What an answer says."""
    q = QUESTIONS[question]
    return q.holds if answer else q.fails


def advice(d: Decision) -> list[str]:
    """One sentence, or one for each answer to the questions left open; then one for each borderline answer."""
    found = d.recommendations
    doubts = [_borderline(a, d.answers[a.question]) for a in d.alternatives if d.answers[a.question].borderline]
    if not found[0].given:
        return [f"Recommended: {_fit_first(d.answers['known'])}{_leaf(found[0].leaf)}.", *doubts]
    open_ones = listed([f"whether {QUESTIONS[s.question].holds}" for s in d.path if s.answer.value is None])
    said = [f"What to do depends on what only you know: {open_ones}."]
    return [*said, *(f"If {when(r.given)}: {_leaf(r.leaf)}." for r in found), *doubts]


def changes(d: Decision) -> list[str]:
    """One sentence for each branch not taken."""
    return [_alternative(a) for a in d.alternatives]


def _step(step: Step) -> str:
    q, a = QUESTIONS[step.question], step.answer
    label = f"{q.text[:-1]} (the note's {q.note})?" if q.note else q.text
    by = {"measured": "measured", "you": "you said so", "what if": "supposed"}[a.by]
    if a.value is None:
        return f"{label} Not answered{f'; asked if {when(step.given)}' if step.given else ''}."
    because = (f": {a.because}" if a.because else "") + (f"; {a.limit}" if a.limit else "")
    asked = f"; asked if {when(step.given)}" if step.given else ""
    borderline = ", borderline" if a.borderline else ""
    return f"{label} {a.word.capitalize()}{borderline} ({by}{asked}){because}."


def _leaf(leaf: Leaf) -> str:
    return f"{leaf.advice} ({_keys(leaf.remedies)}); measured on study lab: {leaf.worth}"


def _fit_first(known: Answer) -> str:
    """What to try before anything else where the curve is nearly reproduced, a clause; else empty."""
    if not known.nearly:
        return ""
    return (
        f"first a fit that starts from the prediction (refine, or xrdlib fit), for that is nearly close "
        f"({known.nearly}); only if the fit does not describe the curve, either: "
    )


def _borderline(a: Alternative, answer: Answer) -> str:
    text = QUESTIONS[a.question].text
    return f'The answer {answer.word} to "{text}" is borderline; the other leads to {_leads(a)}.'


def _leads(a: Alternative) -> str:
    return " or ".join(f"{leaf.label} ({_keys(leaf.remedies)})" for leaf in a.leaves)


def _alternative(a: Alternative) -> str:
    needs = f", if {a.otherwise}" if a.otherwise else ""
    return f'Not taken: {"yes" if a.answer else "no"} to "{QUESTIONS[a.question].text}"{needs}; then {_leads(a)}.'


def _keys(remedies: tuple[str, ...]) -> str:
    return ", ".join(remedies)
