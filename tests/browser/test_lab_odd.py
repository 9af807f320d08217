"""Notebooks 01, 03, 05, ... in JupyterLab. A file goes to one process: the other half is in test_lab_even.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("XRDLIB_BROWSER" not in os.environ, reason="four minutes of two cores: `make browser` runs it"),
]

NOTEBOOKS = [path.stem for path in (Path(__file__).resolve().parents[2] / "notebooks").glob("*[13579]_*.ipynb")]


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS))
def test_every_control_of_every_explorer(notebook: str, run_in_jupyterlab) -> None:
    run_in_jupyterlab(notebook)
