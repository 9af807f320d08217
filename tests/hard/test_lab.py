"""JupyterLab and Voila run code: `make lab` and `make voila` listen to this machine only, and want their token."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def recipe(target: str, command: str) -> str:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(
        ["make", "-n", "-o", ".venv/.installed-dev", target], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return next(line for line in done.stdout.splitlines() if f"bin/{command} " in line)


def test_only_this_machine_and_only_with_the_token() -> None:
    line = recipe("lab", "jupyter")
    assert "--ServerApp.ip=127.0.0.1" in line
    assert "--IdentityProvider.token" not in line  # by default it is a new random one
    assert "--ServerApp.allow_remote_access=False" in line


def test_voila_too() -> None:
    line = recipe("voila", "voila")
    assert "--Voila.ip=127.0.0.1" in line
    assert "--Voila.auto_token=True" in line  # by default it has none
    assert "voila/explorers.ipynb" in line  # one page, no tree of files
    assert "strip_sources" not in line


def test_nothing_in_the_repository_switches_the_token_off() -> None:
    texts = [ROOT / "Makefile", *(ROOT / "docs").rglob("*.md"), ROOT / "README.md", *(ROOT / ".github").rglob("*.yml")]
    for file in texts:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"""token\s*=\s*(''|""|\s|$)|--ip[= ](\*|0\.0\.0\.0)|disable_check_xsrf""", text), file
    for folder in (ROOT, ROOT / "notebooks", ROOT / "docs"):
        assert not list(folder.glob("jupyter_*config*"))
