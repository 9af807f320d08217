"""What every diagnostic's result has in common: a tidy frame, a table to look at, sentences that conclude."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib.simulation import PARAMETERS

__all__ = ["Section", "by_parameter", "number"]


class Section(ABC):
    """Base of the result dataclasses.

    ``frame`` holds the numbers, tidy; ``table`` the same as text for people; ``sentences`` what they mean;
    ``to_dict`` is the section's object in the JSON file, under the key ``name``.
    """

    name: str
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

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain JSON types (docs/json.md); None for what is not defined."""

    def to_text(self) -> str:
        """Title, table and findings as plain text."""
        lines = [self.title, "=" * len(self.title), self.table.to_string(), "", *(f"- {s}" for s in self.sentences)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(s)}</li>" for s in self.sentences)
        with pd.option_context("display.max_colwidth", None):  # by default pandas cuts long cells
            table = self.table.to_html(border=0)
        return f"<h4>{html.escape(self.title)}</h4>{table}<ul>{items}</ul>"


def by_parameter(values: NDArray[np.float64]) -> dict[str, float | None]:
    """Seven numbers under the parameters' names."""
    return {name: number(v) for name, v in zip(PARAMETERS, values, strict=True)}


def number(value: float | None) -> float | None:
    """A float for JSON, which knows neither nan nor infinity."""
    return float(value) if value is not None and np.isfinite(value) else None
