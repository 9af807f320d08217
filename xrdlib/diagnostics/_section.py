"""What every diagnostic's result has in common: a tidy frame, a table to look at, sentences that conclude."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod

import pandas as pd

__all__ = ["Section"]


class Section(ABC):
    """Base of the result dataclasses.

    ``frame`` holds the numbers, tidy; ``table`` the same as text for people; ``sentences`` what they mean.
    """

    title: str

    @property
    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """Tidy numbers, one observation per row."""

    @property
    @abstractmethod
    def table(self) -> pd.DataFrame:
        """Text cells, for terminal and notebook."""

    @property
    @abstractmethod
    def sentences(self) -> list[str]:
        """The findings, one sentence each."""

    def to_text(self) -> str:
        """Title, table and findings as plain text."""
        lines = [self.title, "=" * len(self.title), self.table.to_string(), "", *(f"- {s}" for s in self.sentences)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(s)}</li>" for s in self.sentences)
        return f"<h4>{html.escape(self.title)}</h4>{self.table.to_html(border=0)}<ul>{items}</ul>"
