"""What every test shares: fixed seeds, deterministic hypothesis, the stored reference curves, ../shared."""

from __future__ import annotations

import os
import random
import subprocess
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


_FORKS = """
import os, signal, sys, threading

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def counted(call):
    def commit(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            die()
        return call(*args, **kwargs)
    return commit

for kind, when in MOMENTS:
    child = os.fork()  # safe: nothing but imports has run so far
    if child == 0:
        if kind == "commits":
            left = when
            os.replace, os.rename = counted(os.replace), counted(os.rename)
        else:
            threading.Timer(when, die).start()
        try:
            work()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print("killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else f"exit {status}")
"""


@pytest.fixture
def killed() -> Callable[[str, list[tuple[str, float]]], list[str]]:
    """Function that runs ``work()`` of a piece of code once for each moment, and SIGKILLs it at that moment.

    A moment is ("commits", n), when n files have been put in their places and the next is about to be, or
    ("seconds", t). Returns "killed" or "exit STATUS" for each.
    """
    if not hasattr(os, "fork"):
        pytest.skip("needs os.fork")

    def run(code: str, moments: list[tuple[str, float]]) -> list[str]:
        script = f"MOMENTS = {moments!r}\n{code}\n{_FORKS}"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout.split("\n")[:-1]

    return run


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
