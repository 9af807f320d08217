"""The tree answered by toggles: picture, words and recommendation follow every one."""

from __future__ import annotations

import pytest

from xrdlib import reference_study
from xrdlib.data import LAB, MeasuredCurve
from xrdlib.diagnostics import Decision, decide
from xrdlib.simulation import Scan
from xrdlib.training import Study
from xrdlib.widgets import DecisionExplorer, decision_explorer


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def decision(study: Study) -> Decision:
    return decide(study, LAB)


@pytest.fixture
def explorer(study: Study, decision: Decision) -> DecisionExplorer:
    return decision_explorer(study, decision)


def test_starts_as_measured_with_the_users_questions_open(explorer: DecisionExplorer, decision: Decision) -> None:
    assert explorer.shown == decision
    assert list(explorer.answers) == list(decision.values)
    for control in explorer.answers.values():
        assert control.value == "as it is"
        assert control.index == 0  # or a browser would show no button as pressed
    assert "measured: no" in [label for label, _ in explorer.answers["sparse"].options]
    assert "open" in [label for label, _ in explorer.answers["critical"].options]
    assert "If it is not critical: take final as it is" in explorer.readout.value


def test_answers_lead_to_a_recommendation(explorer: DecisionExplorer) -> None:
    for question, value in (("critical", True), ("several", False), ("publication", True)):
        before = explorer.image.value, explorer.readout.value
        explorer.answers[question].value = value
        assert explorer.image.value != before[0]
        assert explorer.readout.value != before[1]
    assert "<p>Recommended: train the study with several seeds" in explorer.readout.value
    assert "Solution 2 (ensemble)" in explorer.readout.value
    assert "Supposed" not in explorer.readout.value


def test_what_if_a_measured_answer_were_different_and_back(explorer: DecisionExplorer) -> None:
    start = explorer.image.value, explorer.readout.value
    explorer.answers["known"].value = False
    assert "Supposed, not measured: Curve known?" in explorer.readout.value
    assert "Recommended: no remedy that picks or averages" in explorer.readout.value
    assert explorer.image.value != start[0]
    explorer.answers["known"].value = True  # as measured
    assert "Supposed" not in explorer.readout.value
    explorer.answers["known"].value = "as it is"
    assert (explorer.image.value, explorer.readout.value) == start


def test_every_leaf_can_be_reached_by_toggles(explorer: DecisionExplorer) -> None:
    reached = {r.leaf for r in explorer.shown.recommendations}
    explorer.answers["special"].value = True
    reached |= {r.leaf for r in explorer.shown.recommendations}
    explorer.answers["sparse"].value = True
    reached |= {r.leaf for r in explorer.shown.recommendations}
    explorer.answers["known"].value = False
    reached |= {r.leaf for r in explorer.shown.recommendations}
    explorer.answers["aware"].value = True
    reached |= {r.leaf for r in explorer.shown.recommendations}
    assert reached == {place.leaf for place in explorer.decision.places if place.leaf is not None}


def test_given_answers_are_there_from_the_start(study: Study, decision: Decision) -> None:
    explorer = decision_explorer(study, decision, critical=False)
    assert explorer.answers["critical"].value is False
    assert "Recommended: take final as it is" in explorer.readout.value
    explorer.answers["critical"].value = "as it is"
    assert explorer.shown == decision


def test_a_curve_without_known_parameters(study: Study) -> None:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {"file": "<A>.txt"})
    explorer = decision_explorer(study, curve)
    before = explorer.image.value
    explorer.answers["known"].value = not explorer.decision.values["known"]
    assert explorer.image.value != before
