"""Every notebook has the shape that readers know, and is stored executed and clean. Running it is nbval's part."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
MAX_LINES = 12
IGNORE = "nbval-ignore-output"
TAGS = {IGNORE, "nbval-raises-exception", "raises-exception"}
TEXT_ONLY = {"text/plain", "text/html"}


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(params=PATHS, ids=lambda path: path.name)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    found = nbformat.read(request.param, as_version=4)
    nbformat.validate(found)
    return found


def test_there_are_notebooks_numbered_and_named_by_one_scheme() -> None:
    assert PATHS
    assert all(re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name) for path in PATHS)
    assert len({path.name[:2] for path in PATHS}) == len(PATHS)


def test_begins_with_title_question_aims_and_imports(notebook: nbformat.NotebookNode) -> None:
    title, aims, imports = notebook.cells[:3]
    assert re.match(r"# \d+\. \S.*\n\n\*\*.+\?\*\*", title.source)
    assert aims.source.startswith("By the end you can\n\n- ")
    assert imports.cell_type == "code"
    lines = [line for line in imports.source.splitlines() if line and not line[0].isspace() and line != ")"]
    assert all(line.startswith(("import ", "from ")) for line in lines)


def test_imports_are_nowhere_else(notebook: nbformat.NotebookNode) -> None:
    for cell in code_cells(notebook)[1:]:
        assert not re.search(r"^\s*(import|from) ", cell.source, re.MULTILINE), cell.source


def test_headings_are_in_order(notebook: nbformat.NotebookNode) -> None:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    *numbered, exercises, end = headings
    assert (exercises, end) == ("Try it", "Next")
    assert [int(heading.split(".")[0]) for heading in numbered] == list(range(1, len(numbered) + 1))


def test_ends_with_next(notebook: nbformat.NotebookNode) -> None:
    assert notebook.cells[-1].cell_type == "markdown"
    assert notebook.cells[-1].source.startswith("## Next\n")


def test_links_lead_somewhere(notebook: nbformat.NotebookNode) -> None:
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (NOTEBOOKS / target).is_file(), target


def test_cells_are_short_and_plain_python(notebook: nbformat.NotebookNode) -> None:
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        assert 0 < len(lines) <= MAX_LINES, cell.source
        assert not any(line.lstrip().startswith(("%", "!", "?")) for line in lines), cell.source
        # a loop or a function belongs into the library, where it is tested
        assert not re.search(r"^\s*(for|while|def|class|lambda)\b", cell.source, re.MULTILINE), cell.source


def test_exercises_have_a_worked_answer_and_a_check(notebook: nbformat.NotebookNode) -> None:
    start = next(i for i, cell in enumerate(notebook.cells) if "## Try it" in cell.source)
    answers, checks = code_cells(notebook_part(notebook, start))[::2], code_cells(notebook_part(notebook, start))[1::2]
    assert answers
    assert len(answers) == len(checks)
    for answer, check in zip(answers, checks, strict=True):
        assert re.match(r"my_\w+ = \S", answer.source)
        assert check.source.startswith("check_")
        assert check.metadata.get("jupyter") == {"source_hidden": True}, "the check tells the answer: hide it"
        assert check.outputs[0].data["text/plain"].startswith("Right: ")


def notebook_part(notebook: nbformat.NotebookNode, start: int) -> nbformat.NotebookNode:
    return nbformat.from_dict({"cells": notebook.cells[start:]})


def test_is_stored_executed_in_order_without_errors(notebook: nbformat.NotebookNode) -> None:
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        kinds = {output.output_type for output in cell.outputs}
        assert "error" not in kinds, cell.source
        assert "stderr" not in {output.get("name") for output in cell.outputs}, cell.source


def test_text_is_compared_strictly_and_pictures_are_not(notebook: nbformat.NotebookNode) -> None:
    for cell in code_cells(notebook):
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        assert (IGNORE in cell.metadata.get("tags", [])) == bool(kinds - TEXT_ONLY), cell.source


def test_metadata_is_clean(notebook: nbformat.NotebookNode) -> None:
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.get("language_info", {"name": "python"}) == {"name": "python"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "jupyter"}, cell.metadata  # no times, no widget states
        assert set(cell.metadata.get("tags", [])) <= TAGS


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_is_small(path: Path) -> None:
    assert path.stat().st_size < 500_000
