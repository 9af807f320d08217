"""Answers to exercises: a wrong one is told why, and nothing a reader types raises."""

from __future__ import annotations

import pytest

from xrdlib.widgets import check_choice, check_number

TEXTS = {"right": "the layer's own peak.", "low": "this is a fringe.", "high": "nothing diffracts there."}
REASONS = {"a": "strain moves the peak.", "b": "resolution only smears it."}


@pytest.mark.parametrize(
    ("answer", "right", "says"),
    [
        (731, True, "Right: 731 arcsec; the layer's own peak."),
        (740.9, True, "Right: 740.9 arcsec"),
        (600, False, "Not yet: 600 arcsec is too low; this is a fringe."),
        ("900", False, "Not yet: 900 arcsec is too high; nothing diffracts there."),
        (float("nan"), False, "not a number one can measure"),
        (None, False, "None is not a number; give one in arcsec."),
        ("about 700", False, "'about 700' is not a number"),
    ],
)
def test_number(answer: object, right: bool, says: str) -> None:
    verdict = check_number(answer, 731, within=10, unit="arcsec", **TEXTS)
    assert verdict.right is right
    assert says in repr(verdict)


@pytest.mark.parametrize(
    ("answer", "right", "says"),
    [
        ("a", True, "Right: strain moves the peak."),
        (" A ", True, "Right: strain"),
        ("b", False, "Not yet: resolution only smears it."),
        ("c", False, "Not yet: 'c' is none of the answers; choose a, b."),
        (None, False, "none of the answers"),
    ],
)
def test_choice(answer: object, right: bool, says: str) -> None:
    verdict = check_choice(answer, "a", REASONS)
    assert verdict.right is right
    assert says in repr(verdict)


def test_a_question_without_its_answer_is_the_notebook_s_mistake() -> None:
    with pytest.raises(ValueError, match="right = 'z'"):
        check_choice("a", "z", REASONS)


def test_what_a_reader_types_is_text_not_html() -> None:
    assert "<script>" not in check_choice("<script>", "a", REASONS)._repr_html_()
