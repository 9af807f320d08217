"""What every test shares: fixed seeds, deterministic hypothesis, the stored reference curves, ../shared."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

os.environ.setdefault("MPLBACKEND", "Agg")  # no window on anybody's screen

# No deadline: the first call of a numba kernel compiles it. Derandomised: the same examples on every machine.
settings.register_profile("xrdlib", deadline=None, derandomize=True)
settings.load_profile("xrdlib")


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Fix the global generators; torch's only where a test has imported torch, which takes seconds."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  (for other packages: xrdlib itself takes explicit generators only)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ../shared beside the repository; a checkout without it skips the test."""
    path = ROOT.parent / "shared"
    if not path.is_dir():
        pytest.skip("no folder ../shared beside the repository")
    return path


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, np.ndarray]]:
    """Function that loads tests/data/NAME.npz as a dict of arrays (see tests/data/README.md)."""

    def load(name: str) -> dict[str, np.ndarray]:
        with np.load(ROOT / "tests" / "data" / f"{name}.npz", allow_pickle=False) as archive:
            return dict(archive)

    return load
