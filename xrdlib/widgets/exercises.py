"""Answers to a notebook's exercises: right, or why not. Nothing raises: a wrong answer is part of the lesson."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

__all__ = ["Verdict", "check_choice", "check_number"]


@dataclass(frozen=True)
class Verdict:
    """What a check cell shows.

    Attributes
    ----------
    right : bool
    reason : str
        Why it is right, or why not and what to look at.
    """

    right: bool
    reason: str

    def __repr__(self) -> str:
        return f"{'Right' if self.right else 'Not yet'}: {self.reason}"

    def _repr_html_(self) -> str:
        colour = "#1b7837" if self.right else "#b35806"
        word = "Right" if self.right else "Not yet"
        return (
            f'<div style="border-left:4px solid {colour};padding:4px 10px">'
            f"<b>{word}:</b> {html.escape(self.reason)}</div>"
        )


def check_number(
    answer: object, expected: float, *, within: float, right: str, low: str, high: str, unit: str = ""
) -> Verdict:
    """Judge a number.

    Parameters
    ----------
    answer : object
        What the reader gave; anything but a finite number is told so.
    expected : float
    within : float
        How far off still counts as right, in the same unit.
    right, low, high : str
        What to say of an answer that is right, too low, too high.
    unit : str

    Returns
    -------
    Verdict

    Examples
    --------
    >>> check_number(700, 731, within=10, right="the peak.", low="look further out.", high="too far.", unit="arcsec")
    Not yet: 700 arcsec is too low; look further out.
    """
    try:
        value = float(answer)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Verdict(False, f"{answer!r} is not a number; give one{f' in {unit}' if unit else ''}.")
    shown = f"{value:.4g} {unit}".rstrip()
    if not isfinite(value):
        return Verdict(False, f"{shown} is not a number one can measure.")
    if abs(value - expected) <= within:
        return Verdict(True, f"{shown}; {right}")
    word, reason = ("low", low) if value < expected else ("high", high)
    return Verdict(False, f"{shown} is too {word}; {reason}")


def check_choice(answer: object, right: str, reasons: Mapping[str, str]) -> Verdict:
    """Judge one of several answers.

    Parameters
    ----------
    answer : object
        What the reader gave; case and blanks do not count.
    right : str
        The key of the right answer.
    reasons : mapping of str to str
        What to say of each answer, the right one included.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        If there is no reason for the right answer: a mistake in the notebook, not the reader's.
    """
    if right not in reasons:
        raise ValueError(f"right = {right!r}: one of the answers {', '.join(reasons)} expected")
    given = next((key for key in reasons if key.lower() == str(answer).strip().lower()), None)
    if given is None:
        return Verdict(False, f"{answer!r} is none of the answers; choose {', '.join(reasons)}.")
    return Verdict(given == right, reasons[given])
