"""The front page's map has every notebook, with its own question, and its verdicts are those of docs/claims.md."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def markdown(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def rows(text: str, n_columns: int) -> list[list[str]]:
    found = [[c.strip() for c in line.strip("| ").split(" | ")] for line in text.splitlines() if line.startswith("| ")]
    return [row for row in found if len(row) == n_columns and row[0] not in ("notebook", "the note")]


@pytest.fixture(scope="module")
def front() -> str:
    return markdown(NOTEBOOKS[0])


def test_every_notebook_is_on_the_map(front: str) -> None:
    links = re.findall(r"^\| \[(\d\d)\]\((\S+\.ipynb)\)", front, re.MULTILINE)
    assert [name for _, name in links] == [path.name for path in NOTEBOOKS[1:]]
    assert all(name.startswith(number) for number, name in links)


def test_the_teaching_path_takes_about_as_long_as_said(front: str) -> None:
    taught = [int(minutes) for path, minutes in re.findall(r"\| (T(?:, A)?) \| (\d+) \|", front)]
    assert len(taught) >= 5
    (said,) = re.findall(r"teaching path\*\*, about (\d+) minutes", front)
    assert abs(sum(taught) - int(said)) <= 10


def test_verdicts_are_those_of_the_claims(front: str) -> None:
    claims = {row[0]: (row[2], row[3]) for row in rows((ROOT / "docs" / "claims.md").read_text(encoding="utf-8"), 4)}
    shown = rows(front.partition("## 4.")[0], 3)
    assert len(shown) >= 8
    for claim, verdict, number in shown:
        said, where = claims[claim]
        assert verdict == said, claim
        assert number in where.split(", "), claim


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_links_back_and_forth(path: Path) -> None:
    text, i = markdown(path), NOTEBOOKS.index(path)
    if i > 0:
        assert f"]({NOTEBOOKS[i - 1].name})" in text, "no way back"
    if i + 1 < len(NOTEBOOKS):
        assert f"]({NOTEBOOKS[i + 1].name})" in text.partition("## Next")[2], "no way on"
