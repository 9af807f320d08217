"""The tree itself: every question can be asked, every leaf reached, every set of answers leads to one leaf."""

from __future__ import annotations

from itertools import product

import pytest

from xrdlib.diagnostics.decision._leaves import LEAVES
from xrdlib.diagnostics.decision._note import note_tree
from xrdlib.diagnostics.decision._tree import MEASURED, QUESTIONS, YOURS, Branch, outline, state, ways
from xrdlib.remedies import AVERAGED, ENSEMBLES
from xrdlib.remedies.worth.protocol import TRAINED
from xrdlib.remedies.worth.untrained import SELECTED

EVERY = [dict(zip(QUESTIONS, values, strict=True)) for values in product((True, False), repeat=len(QUESTIONS))]
REMEDIES = {*TRAINED, *SELECTED, *ENSEMBLES, *AVERAGED, "final", "ensemble_seeds", "select_curve"}


def test_every_answer_leads_to_one_leaf_and_every_leaf_is_reached() -> None:
    reached = set()
    for answers in EVERY:
        (end,) = ways(answers)
        assert dict(end.ways).items() <= answers.items()
        reached.add(end.node)
    assert reached == set(LEAVES)


def test_every_question_is_asked_of_somebody() -> None:
    asked = {question for answers in EVERY for end in ways(answers) for question, _ in end.ways}
    assert asked == set(QUESTIONS)
    assert set(YOURS) | set(MEASURED) == set(QUESTIONS)


def test_no_question_is_asked_twice_and_none_in_vain() -> None:
    for place in outline():
        questions = [question for question, _ in place.ways]
        assert len(set(questions)) == len(questions)
        if isinstance(place.node, Branch):
            assert place.node.yes != place.node.no


def test_measured_questions_come_before_the_users() -> None:
    for place in outline():
        mine = [question in YOURS for question, _ in place.ways]
        assert mine == sorted(mine)


def test_remedies_are_those_of_the_table_and_none_is_told_the_answer() -> None:
    used = {remedy for leaf in LEAVES.values() for remedy in leaf.remedies}
    assert used <= REMEDIES
    assert not {remedy for remedy in used if "truth" in remedy or remedy == "select_parameters"}


def test_states_of_places() -> None:
    answers = dict.fromkeys(QUESTIONS, True) | {"sparse": False, "critical": None}
    states = {place.ways: state(place, answers) for place in outline()}
    assert states[()] == "taken"
    assert states[(("known", True), ("sparse", True))] == "left"
    before = (("known", True), ("sparse", False), ("special", True))
    assert states[before] == "taken"
    assert states[(*before, ("critical", True))] == states[(*before, ("critical", False))] == "open"
    assert states[(*before, ("critical", True), ("several", False))] == "left"


@pytest.mark.parametrize(("sparse", "critical"), [*product((True, False), (True, False, None))])
def test_the_notes_tree_never_gets_beyond_its_second_question(sparse: bool, critical: bool | None) -> None:
    found = note_tree(sparse, critical, "as it is")
    assert set(found.answers) == ({"Q1"} if sparse else {"Q1", "Q2"})
    ends = [remedies for remedies, _ in found.ends]
    assert ends == (
        [("augment_truth", "select_parameters")] if sparse else
        [("ensemble_note", "finetune_truth")] if critical else
        [("final",)] if critical is False else
        [("ensemble_note", "finetune_truth"), ("final",)]
    )  # fmt: skip
    assert {remedy for end in ends for remedy in end} <= REMEDIES
    assert "Q3 and Q4 can never be reached" in found.sentence
    assert found.to_dict()["unreachable"] == ["Q3", "Q4"]
