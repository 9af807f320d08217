"""What every test shares: fixed seeds, deterministic hypothesis, the stored reference curves, ../shared."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def make_diagnosis() -> Callable[..., Any]:
    """Function that makes a Diagnosis of five epochs by hand, without any training: for figures and reports.

    Of a virtual experiment: final is epoch 5, ideal 3, chosen 2; of a curve without truth (``known=False``) final is
    5 and chosen 2. Epoch 1 predicts D01 below its range.
    """
    import pandas as pd

    from xrdlib.data import LAB_EXPERIMENT, SPACE, DatasetConfig, Experiment, MeasuredCurve
    from xrdlib.diagnostics import Checkpoints, Coverage, Diagnosis, Nuisances, Target, Tracking
    from xrdlib.metrics import parameter_error
    from xrdlib.simulation import Instrument, Scan, simulate
    from xrdlib.training import Study, StudyConfig
    from xrdlib.training.config import TrainingConfig

    scan = Scan(-80.0, 10.0, 120)
    sample = DatasetConfig(scan_start=scan.start, scan_step=scan.step, scan_points=scan.n_points)
    true = LAB_EXPERIMENT.to_array()
    fractions = SPACE.normalise(true) + np.outer([-0.05, 0.05, 0.01, 0.02, 0.03], [1, 1, 1, -2, 1, 3, -4])
    predictions = SPACE.denormalise(fractions)
    inside = np.clip(predictions, SPACE.minimum, SPACE.maximum)
    curves = simulate(inside, scan=scan)
    val_loss = np.array([0.20, 0.12, 0.11, 0.10, 0.09])
    rmse = np.array([0.5, 0.1, 0.3, 0.2, 0.4])
    training = SPACE.denormalise(np.random.default_rng(0).uniform(size=(200, 7)))

    def make(name: str = "lab", study: str = "lab", *, known: bool = True) -> Diagnosis:
        experiment = Experiment(name, LAB_EXPERIMENT, Instrument(background=1e-4, peak_counts=6e4))
        if known:
            target = Target.from_experiment(experiment, StudyConfig(dataset=sample))
        else:
            curve = MeasuredCurve(scan.angle, experiment.curve(scan), {"warnings": ["the scan ends <early> & low"]})
            target = Target.from_curve(curve, name)
        epochs = np.arange(1, 6)
        errors = parameter_error(predictions, true, SPACE.range) if known else None
        history = pd.DataFrame({"epoch": epochs, "train_loss": val_loss + 0.01, "val_loss": val_loss})
        opened = Study(Path(study), StudyConfig(study, training=TrainingConfig(epochs=5)), history)
        opened.__dict__["training_parameters"] = training
        checkpoints = Checkpoints(
            study=study,
            target=name,
            epochs=epochs,
            predictions=predictions,
            val_loss=val_loss,
            errors=errors,
            curve_rmse=rmse,
            curve_mae=0.8 * rmse,
            curves=curves,
            nuisances=Nuisances(),
            true=target.true,
            noise=0.02,
            n_trained=5,
            final=5,
        )
        coverage = Coverage(
            parameters=true if known else inside[1],
            predicted=not known,
            n_training=200,
            nearest=training[:10],
            distance=np.linspace(0.173, 0.3, 10),
            radii=(0.5, 1.0, 2.0),
            counts=np.array([7, 93, 200]),
            distance_percentile=43.0,
            counts_percentile=np.array([33.0, 26.0, 3.0]),
            calibration="grid",
            violations=[],
        )
        regret = checkpoints.regret
        error = rmse if checkpoints.error is None else checkpoints.error
        measure = "parameter error" if known else "curve error"
        tracking = Tracking(
            epochs, val_loss, error, measure, 0.31, -0.72, 0.11, 0.12, regret, np.linspace(0, 4, 50), "grid"
        )
        return Diagnosis(target, opened, checkpoints, coverage, tracking)

    return make
