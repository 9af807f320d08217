"""What `decide` returns: the way through the tree, where it leads, and what would change it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from xrdlib._section import Section, number
from xrdlib.diagnostics.decision._answers import Answer, yours
from xrdlib.diagnostics.decision._decision_text import advice, changes, findings, when
from xrdlib.diagnostics.decision._leaves import Leaf
from xrdlib.diagnostics.decision._note import NoteTree, note_tree
from xrdlib.diagnostics.decision._tree import QUESTIONS, YOURS, Branch, Place, Ways, outline, state, ways

__all__ = ["Alternative", "Decision", "Recommendation", "Step"]


class Step(NamedTuple):
    """A question on the way, and on which answers of questions left open it depends that it is asked."""

    question: str
    answer: Answer
    given: Ways


class Recommendation(NamedTuple):
    """A leaf that the answers lead to, and on which answers of questions left open that depends."""

    given: Ways
    leaf: Leaf


class Alternative(NamedTuple):
    """A branch not taken: the question, the answer it would need, what would have to be different, where it leads."""

    question: str
    answer: bool
    otherwise: str
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, repr=False)
class Decision(Section):
    """The way through the tree for one target.

    Attributes
    ----------
    study, target : str
        Names.
    answers : dict of str to Answer
        To every question of the tree, asked on this way or not.
    note : NoteTree
        The note's literal answer.
    paragraph : str
        For a thesis: which epoch was selected by what, and what that is worth.
    """

    study: str
    target: str
    answers: dict[str, Answer]
    note: NoteTree
    paragraph: str

    name = "decision"
    title = "What to do"

    @property
    def values(self) -> dict[str, bool | None]:
        """The answers as plain values."""
        return {question: answer.value for question, answer in self.answers.items()}

    @property
    def places(self) -> tuple[Place, ...]:
        """The whole tree, from the root down."""
        return tuple(outline())

    @property
    def path(self) -> tuple[Step, ...]:
        """The questions that are asked, from the root on; with questions left open, those of both continuations."""
        found = {}
        for place in self.places:
            if place.question is not None and self.state(place) != "left":
                found[place.question] = self._open(place.ways)
        return tuple(Step(question, self.answers[question], given) for question, given in found.items())

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """Where the answers lead: one leaf, or several with what they depend on."""
        return tuple(
            Recommendation(self._open(place.ways), place.leaf) for place in ways(self.values) if place.leaf is not None
        )

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The branches not taken, and where the other answers would lead from there."""
        found = []
        for place in self.places:
            if isinstance(place.node, Branch) and self.state(place) != "left":
                answer = self.answers[place.node.question]
                if answer.value is not None:
                    ends = ways(self.values, place.node.to(not answer.value))
                    leaves = dict.fromkeys(end.leaf for end in ends if end.leaf is not None)
                    found.append(Alternative(place.node.question, not answer.value, answer.otherwise, tuple(leaves)))
        return tuple(found)

    @property
    def advice(self) -> list[str]:
        """What to do and what that was worth, a sentence for each recommendation, and which answers are borderline."""
        return advice(self)

    @property
    def changes(self) -> list[str]:
        """What would have to be different, and where it would lead: a sentence for each branch not taken."""
        return changes(self)

    @staticmethod
    def label(question: str) -> str:
        """A question of the tree in a few words."""
        return QUESTIONS[question].label

    def state(self, place: Place) -> str:
        """Of a place of the tree: "taken", "open" (it depends on a question left open) or "left"."""
        return state(place, self.values)

    def what_if(self, **answers: bool | None) -> Decision:
        """The same with other answers, measured ones too; None is a question left open, or the measured answer again.

        Raises
        ------
        ValueError
            For a question that the tree does not have, or an answer that is none.
        """
        changed = dict(self.answers)
        for question, value in answers.items():
            if question not in QUESTIONS:
                raise ValueError(f"{question}: no question of the tree; there are {', '.join(QUESTIONS)}")
            given = yours(question, value)
            if question in YOURS:
                changed[question] = given
            elif value is not None and value != self.answers[question].value:
                changed[question] = replace(
                    self.answers[question],
                    value=value,
                    by="what if",
                    because="",
                    short="",
                    otherwise="",
                    numbers=(),
                    limit="",
                    borderline=False,
                    nearly="",
                )
        note = note_tree(bool(self.note.answers["Q1"]), changed["critical"].value, self.note.by_rule)
        return replace(self, answers=changed, note=note)

    def _open(self, given: Ways) -> Ways:
        return tuple((question, answer) for question, answer in given if self.answers[question].value is None)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per question asked and number behind its answer.

        Columns question, answer, by, given (what it depends on that it is asked), number, value, low, high, threshold.
        """
        columns = ["question", "answer", "by", "given", "number", "value", "low", "high", "threshold"]
        rows: list[tuple[Any, ...]] = []
        for step in self.path:
            head = (step.question, step.answer.value, step.answer.by, when(step.given))
            for n in step.answer.numbers:
                rows.append((*head, n.name, *n.value, np.nan if n.threshold is None else n.threshold))
            if not step.answer.numbers:
                rows.append((*head, "", *[np.nan] * 4))
        return pd.DataFrame(rows, columns=columns)

    @property
    def table(self) -> pd.DataFrame:
        """The way: question, answer, who gave it."""
        labels = [self.label(step.question) for step in self.path]
        answers = [s.answer for s in self.path]
        rows = [(a.word + (", borderline" if a.borderline else ""), a.by, a.short) for a in answers]
        return pd.DataFrame(rows, index=labels, columns=["answer", "by", ""])

    def to_dict(self) -> dict[str, Any]:
        """Path, recommendations, alternatives, the note's answer, the paragraph."""
        return {
            "path": [
                {
                    "question": step.question,
                    "text": QUESTIONS[step.question].text,
                    "note": QUESTIONS[step.question].note or None,
                    "answer": step.answer.value,
                    "borderline": step.answer.borderline,
                    "by": step.answer.by,
                    "because": step.answer.because or None,
                    "given": dict(step.given),
                    "numbers": {
                        n.name: {**n.value.to_dict(), "threshold": number(n.threshold)} for n in step.answer.numbers
                    },
                }
                for step in self.path
            ],
            "recommendations": [
                {
                    "given": dict(r.given),
                    "remedies": list(r.leaf.remedies),
                    "advice": r.leaf.advice,
                    "worth": r.leaf.worth,
                }
                for r in self.recommendations
            ],
            "alternatives": [
                {
                    "question": a.question,
                    "answer": a.answer,
                    "if": a.otherwise or None,
                    "remedies": [list(leaf.remedies) for leaf in a.leaves],
                }
                for a in self.alternatives
            ],
            "note": self.note.to_dict(),
            "paragraph": self.paragraph,
        }

    @property
    def sentences(self) -> list[str]:
        """What to do, why, what would change it, and what the note's tree says."""
        return findings(self)
