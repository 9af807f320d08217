"""The questions, the tree they make, and every way through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from xrdlib.diagnostics.decision._leaves import LEAVES, Leaf

__all__ = ["MEASURED", "QUESTIONS", "TREE", "YOURS", "Branch", "Place", "Question", "Ways", "outline", "state", "ways"]

Answers = Mapping[str, bool | None]
Ways = tuple[tuple[str, bool], ...]  # questions with the answers given to them, from the root on


class Question(NamedTuple):
    """A question of the tree.

    Attributes
    ----------
    label, text : str
        In a few words, and in full.
    note : str
        The note's number of it, empty for ours.
    holds, fails : str
        What its two answers say, for a condition.
    """

    label: str
    text: str
    note: str
    holds: str
    fails: str


@dataclass(frozen=True)
class Branch:
    """A question in the tree, with what each answer leads to: another branch, or the key of a leaf."""

    question: str
    yes: Branch | str
    no: Branch | str

    def to(self, answer: bool) -> Branch | str:
        """Where an answer leads."""
        return self.yes if answer else self.no


class Place(NamedTuple):
    """A branch or leaf in the tree, with the answers that lead to it."""

    ways: Ways
    node: Branch | str

    @property
    def question(self) -> str | None:
        """Key of the question that is asked here; None at a leaf."""
        return self.node.question if isinstance(self.node, Branch) else None

    @property
    def leaf(self) -> Leaf | None:
        """The end; None at a question."""
        return LEAVES[self.node] if isinstance(self.node, str) else None

    @property
    def text(self) -> str:
        """The answer that leads here, and the question or the end in words: "yes: Is the region sparse (Q1)?"."""
        answer = f"{'yes' if self.ways[-1][1] else 'no'}: " if self.ways else ""
        if self.leaf is not None:
            return answer + self.leaf.label
        q = QUESTIONS[str(self.question)]
        return answer + (f"{q.text[:-1]} ({q.note})?" if q.note else q.text)


QUESTIONS = {
    "known": Question(
        "Curve known?",
        "Does the network know such curves?",
        "",
        "the network knows such curves",
        "the network does not know such curves",
    ),
    "aware": Question(
        "Measurement model?",
        "Was it trained through a measurement model?",
        "",
        "it was trained through a measurement model",
        "it was not trained through a measurement model",
    ),
    "sparse": Question(
        "Sparse region?", "Is the region sparse?", "Q1", "the region is sparse", "the region is not sparse"
    ),
    "special": Question(
        "Regret beyond luck?",
        "Is its regret special, and more than luck?",
        "",
        "its regret is special and more than luck",
        "its regret is ordinary or luck",
    ),
    "critical": Question("Critical?", "Is this experiment critical?", "Q2", "it is critical", "it is not critical"),
    "several": Question(
        "Several similar?",
        "Are there several similar experiments?",
        "Q3",
        "there are several similar ones",
        "it is the only one",
    ),
    "publication": Question(
        "Publication?", "Is it for publication?", "Q4", "it is for publication", "it is not for publication"
    ),
}
YOURS = ("critical", "several", "publication")
MEASURED = tuple(key for key in QUESTIONS if key not in YOURS)

TREE = Branch(
    "known",
    no=Branch("aware", no="measurement", yes="model"),
    yes=Branch(
        "sparse",
        yes=Branch("critical", no="final_sparse", yes=Branch("several", no="region", yes="region_more")),
        no=Branch(
            "special",
            yes=Branch(
                "critical",
                no="select",
                yes=Branch("several", yes="retrain", no=Branch("publication", no="finetune", yes="seeds")),
            ),
            no=Branch(
                "critical",
                no="final",
                yes=Branch("several", yes="retrain", no=Branch("publication", no="epochs", yes="seeds")),
            ),
        ),
    ),
)


def outline(node: Branch | str = TREE, before: Ways = ()) -> Iterator[Place]:
    """Every place of the tree from the root down, of two branches the shorter first."""
    yield Place(before, node)
    if isinstance(node, Branch):
        for answer in sorted((False, True), key=lambda a: _size(node.to(a))):
            yield from outline(node.to(answer), (*before, (node.question, answer)))


def ways(answers: Answers, node: Branch | str = TREE, before: Ways = ()) -> Iterator[Place]:
    """The leaves that answers lead to; where one is None, both ways are gone."""
    if isinstance(node, str):
        yield Place(before, node)
        return
    given = answers[node.question]
    for answer in (True, False) if given is None else (given,):
        yield from ways(answers, node.to(answer), (*before, (node.question, answer)))


def state(place: Place, answers: Answers) -> str:
    """Whether answers lead to a place: "taken", "open" (it depends on what was not answered) or "left"."""
    if any(answers[question] not in (None, answer) for question, answer in place.ways):
        return "left"
    return "open" if any(answers[question] is None for question, _ in place.ways) else "taken"


def _size(node: Branch | str) -> int:
    return 1 if isinstance(node, str) else _size(node.yes) + _size(node.no)
