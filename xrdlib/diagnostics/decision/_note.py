"""The note's decision tree as it stands, beside ours."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["NoteTree", "note_tree"]

_SPARSE = (("augment_truth", "select_parameters"), "Solution 3 (augment) or Solution 1 (the ideal checkpoint)")
_CRITICAL = (("ensemble_note", "finetune_truth"), "Solution 2 (ensemble) or Solution 4 (fine-tune)")
_FINAL = (("final",), 'the "final" checkpoint')


class NoteTree(NamedTuple):
    """The note's answer.

    Attributes
    ----------
    answers : dict of str to bool or None
        To its Q1 and, where it comes to that, Q2.
    ends : tuple of (remedies, text)
        One, or two where Q2 is not answered: the first if it is critical.
    by_rule : str
        What its thresholds say of Q1.
    """

    answers: dict[str, bool | None]
    ends: tuple[tuple[tuple[str, ...], str], ...]
    by_rule: str

    @property
    def path(self) -> str:
        """The questions it asks, with their answers."""
        return ", ".join(f"{q} {_word(a)}" for q, a in self.answers.items())

    @property
    def sentence(self) -> str:
        """Path, end, and what is wrong with it."""
        if len(self.ends) > 1:
            end = f"{self.ends[0][1]} if it is critical, {self.ends[1][1]} if not"
        else:
            end = self.ends[0][1]
        return (
            f"The note's own tree says: {self.path} (its thresholds call the region {self.by_rule}), so {end}. In it "
            "both answers to Q2 end the way, so that its Q3 and Q4 can never be reached; here every question can be."
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "answers": dict(self.answers),
            "ends": [{"remedies": list(remedies), "text": text} for remedies, text in self.ends],
            "unreachable": ["Q3", "Q4"],
        }


def note_tree(sparse: bool, critical: bool | None, by_rule: str) -> NoteTree:
    """Go through the note's tree with its own verdict on the region.

    Parameters
    ----------
    sparse : bool
        Whether its rule calls the region sparse.
    critical : bool or None
    by_rule : str
    """
    if sparse:
        return NoteTree({"Q1": True}, (_SPARSE,), by_rule)
    ends = {True: (_CRITICAL,), False: (_FINAL,), None: (_CRITICAL, _FINAL)}[critical]
    return NoteTree({"Q1": False, "Q2": critical}, ends, by_rule)


def _word(answer: bool | None) -> str:
    return {True: "yes", False: "no", None: "not answered"}[answer]
