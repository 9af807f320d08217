"""Pieces of English."""

from __future__ import annotations

import pytest

from xrdlib._words import listed, ordinal


@pytest.mark.parametrize(("texts", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_lists(texts: list[str], text: str) -> None:
    assert listed(texts) == text


@pytest.mark.parametrize("text", ["1st", "2nd", "3rd", "10th", "11th", "12th", "13th", "21st", "102nd", "111th"])
def test_ordinals(text: str) -> None:
    assert ordinal(int(text[:-2])) == text
