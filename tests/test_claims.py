"""docs/claims.md and docs/remedies.md are what their commands print."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.slow
@pytest.mark.parametrize(("command", "page"), [("measure_claims.py", "claims.md"), ("show_remedies.py", "remedies.md")])
def test_the_page_is_what_the_command_prints(command: str, page: str) -> None:
    printed = subprocess.run([sys.executable, DOCS / command], capture_output=True, text=True, check=True, timeout=300)
    assert printed.stdout == (DOCS / page).read_text(encoding="utf-8")
