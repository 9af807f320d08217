"""The tutorials' blocks run as they stand, in order, and print what their pages show."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(DOCS.glob("tutorials/*.md"))


@pytest.fixture(scope="module")
def tutorials() -> ModuleType:
    """docs/run_tutorials.py."""
    spec = importlib.util.spec_from_file_location("run_tutorials", DOCS / "run_tutorials.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are not shown; a crystal that a page registers is gone afterwards."""
    from xrdlib.simulation import crystals

    monkeypatch.setenv("MPLBACKEND", "Agg")
    kept = dict(crystals.CRYSTALS)
    yield
    crystals.CRYSTALS.clear()
    crystals.CRYSTALS.update(kept)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_prints_what_it_shows(tutorials: ModuleType, page: Path, tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    assert tutorials.run(page, tmp_path) == page.read_text(encoding="utf-8")
    plt.close("all")
    shown = set(page.parent.glob(f"{page.stem}*.png"))
    assert {p.name for p in shown} == {p.name for p in tmp_path.glob("*.png")}, "python docs/run_tutorials.py"
    assert all(f"]({picture.name})" in page.read_text(encoding="utf-8") for picture in shown)


def test_there_are_three() -> None:
    assert [page.stem for page in PAGES] == ["own_crystal", "own_diagnostic", "own_profile"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\nprint(1)\n```\n", "```python\nprint(1)\n```\n\n```text\n1\n```\n"),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "```python\nprint(1)\n```\n\n```text\n1\n```\n"),
        ("```python\na = 1\n```\n\n```text\n2\n```\n", "```python\na = 1\n```\n"),
        (
            "```python\na = 3\n```\nwords\n\n```python\nprint(a)\n```\n",
            "```python\na = 3\n```\nwords\n\n```python\nprint(a)\n```\n\n```text\n3\n```\n",
        ),
        ("    print(1)\n\n```\nprint(1)\n```\n", "    print(1)\n\n```\nprint(1)\n```\n"),
    ],
    ids=["missing", "wrong", "too much", "one namespace", "no Python"],
)
def test_what_a_block_prints_takes_the_place_of_what_is_shown(
    tutorials: ModuleType, tmp_path: Path, text: str, expected: str
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    assert tutorials.run(page, tmp_path) == expected


def test_an_error_has_the_line_of_its_page(tutorials: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n\n```python\nx = 1\nx / 0\n```\n", encoding="utf-8")
    before = Path.cwd()
    with pytest.raises(ZeroDivisionError) as error:
        tutorials.run(page, tmp_path)
    assert (error.traceback[-1].path, error.traceback[-1].lineno) == (page, 4)  # counted from 0
    assert Path.cwd() == before
