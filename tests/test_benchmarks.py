"""The command that prints docs/performance.md runs, and the page has all its tables. No time is asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEADINGS = {
    "kernel": "## A curve",
    "scaling": "## How it grows",
    "derivatives": "## Derivatives",
    "start": "## Start-up",
    "data": "## Data",
    "training": "## Training",
    "diagnostics": "## Diagnostics",
    "commands": "## Commands",
}


def report(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "benchmarks" / "report.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def shape(page: str) -> list[list[str]]:
    """First cells of all rows of all tables, without numbers, by table."""
    tables = re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
    return [[re.sub(r"[\d.]+", "", row.split("|")[1]) for row in table.splitlines()] for table in tables]


@pytest.mark.slow
def test_the_whole_command_runs(tmp_path: Path) -> None:
    done = report("--quick", "--figures", tmp_path, "--out", tmp_path / "page.md")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == done.stdout
    assert re.findall(r"^## .*", done.stdout, re.MULTILINE) == list(HEADINGS.values())
    figures = re.findall(r"\(figures/(.*?)\)", done.stdout)
    assert figures
    for figure in figures:
        assert (tmp_path / figure).read_bytes().startswith(b"\x89PNG")
    for rows in re.findall(r"(?:^\|.*\n)+", done.stdout, re.MULTILINE):
        assert len({line.count("|") for line in rows.splitlines()}) == 1
    assert "nan" not in done.stdout


def test_one_section_alone_and_an_unknown_one() -> None:
    done = report("--quick", "--only", "kernel")
    assert done.returncode == 0, done.stderr
    assert "core-ms per curve" in done.stdout
    assert HEADINGS["training"] not in done.stdout
    deviation = re.search(r"angles\): (\S+);", " ".join(done.stdout.split()))
    assert deviation is not None
    assert 0 < float(deviation[1]) < 1e-5
    refused = report("--only", "kernle")
    assert refused.returncode == 2
    assert "kernle" in refused.stderr


def test_the_page_in_the_repository_is_whole() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert re.findall(r"^## .*", page, re.MULTILINE) == list(HEADINGS.values())
    assert "make bench" in page
    assert len(shape(page)) >= 13
    for link in re.findall(r"\]\(([\w/]+\.\w+)\)", page):
        assert (ROOT / "docs" / link).is_file(), link
        assert (ROOT / "docs" / link).stat().st_size < 100_000
