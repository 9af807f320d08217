"""A decision in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xrdlib._words import listed
from xrdlib.diagnostics.decision._tree import QUESTIONS, Ways

if TYPE_CHECKING:
    from xrdlib.diagnostics.decision._decision import Alternative, Decision, Step

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
    """One sentence, or one for each answer to the questions left open."""
    found = d.recommendations
    if not found[0].given:
        return [f"Recommended: {found[0].leaf.advice} ({_keys(found[0].leaf.remedies)})."]
    open_ones = listed([f"whether {QUESTIONS[s.question].holds}" for s in d.path if s.answer.value is None])
    said = [f"What to do depends on what only you know: {open_ones}."]
    return said + [f"If {when(r.given)}: {r.leaf.advice} ({_keys(r.leaf.remedies)})." for r in found]


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
    return f"{label} {a.word.capitalize()} ({by}{asked}){because}."


def _alternative(a: Alternative) -> str:
    leads = " or ".join(f"{leaf.label} ({_keys(leaf.remedies)})" for leaf in a.leaves)
    needs = f", if {a.otherwise}" if a.otherwise else ""
    return f'Not taken: {"yes" if a.answer else "no"} to "{QUESTIONS[a.question].text}"{needs}; then {leads}.'


def _keys(remedies: tuple[str, ...]) -> str:
    return ", ".join(remedies)
