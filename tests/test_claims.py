"""docs/claims.md is what its command prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.slow
def test_the_page_is_what_the_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, DOCS / "measure_claims.py"], capture_output=True, text=True, check=True, timeout=300
    )
    assert printed.stdout == (DOCS / "claims.md").read_text(encoding="utf-8")
