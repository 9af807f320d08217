"""What every test shares: fixed seeds, deterministic hypothesis, the stored reference curves, ../shared."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
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

for number, (kind, when) in enumerate(MOMENTS):
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
    ("seconds", t); ``work()`` finds its number in ``number``. Returns "killed" or "exit STATUS" for each.
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
def tiny() -> Any:
    """Configuration of a noise-free study small enough to train in a second."""
    from xrdlib.data import LAB, LAB_EXPERIMENT, DatasetConfig, Experiment
    from xrdlib.simulation import Instrument
    from xrdlib.training import NetworkConfig, StudyConfig, TrainingConfig

    measured = Experiment("measured", LAB_EXPERIMENT, Instrument(36.0, 0.2, background=2e-3, peak_counts=6e4), 0.94, 5)
    return StudyConfig(
        name="tiny",
        seed=7,
        dataset=DatasetConfig(
            size=60,
            sampling="uniform",
            seed=2,
            layer_thickness=400.0,
            scan_start=-84.0,
            scan_step=12.0,
            scan_points=101,
            chunk_size=20,
        ),
        network=NetworkConfig(channels=(4,), kernels=(16,), strides=(8,), width=8, blocks=1),
        training=TrainingConfig(epochs=3, batch_size=16, test_size=20, threads=1),
        experiments=(LAB, measured),
    )


@pytest.fixture(scope="session")
def random_config(tiny: Any) -> Any:
    """Configuration with everything random at once: augmentation, disorder, dropout; and float16 weights."""
    from xrdlib.training import Measurement

    return replace(
        tiny,
        name="random",
        dataset=replace(tiny.dataset, disorder=(0.85, 1.0)),
        network=replace(tiny.network, dropout=0.2),
        training=replace(tiny.training, checkpoint_precision="float16"),
        measurement=Measurement(stop=(400.0, 1116.0), curves_per_instrument=16),
    )


@pytest.fixture(scope="session")
def study(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A finished study of ``tiny``; not to be changed."""
    from xrdlib.training import run_study

    return run_study(tiny, tmp_path_factory.mktemp("study") / "tiny", workers=1, progress=False)


@pytest.fixture(scope="session")
def random_study(random_config: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A finished study of ``random_config``; not to be changed."""
    from xrdlib.training import run_study

    return run_study(random_config, tmp_path_factory.mktemp("study") / "random", workers=1, progress=False)


@pytest.fixture(scope="session")
def make_diagnosis() -> Callable[..., Any]:
    """Function that makes a Diagnosis of five epochs by hand, without any training: for figures and reports.

    Of a virtual experiment: final is epoch 5, ideal 3, chosen 2; of a curve without truth (``known=False``) final is
    5 and chosen 2. Epoch 1 predicts D01 below its range.
    """
    import pandas as pd

    from xrdlib.data import LAB_EXPERIMENT, SPACE, DatasetConfig, Experiment, MeasuredCurve
    from xrdlib.diagnostics import Checkpoints, Coverage, Diagnosis, NoteRule, Nuisances, Target, Tracking
    from xrdlib.diagnostics._intervals import Interval
    from xrdlib.diagnostics.epochs.divergence import divergence
    from xrdlib.diagnostics.training_set._yardstick import Yardstick
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
        # of 100 test samples 43 have their 10th neighbour nearer; 0, 33, 33, 26 and 3 have fewer within the radii
        counts = np.array([0, 2, 7, 93, 199])
        fewer = np.array([0, 33, 33, 26, 3])
        yardstick = Yardstick(
            name="grid",
            nearest=np.linspace(0.1, 0.4, 100),
            kth=np.where(np.arange(100) < 43, 0.2, 0.5),
            counts=np.where(np.arange(100)[:, None] < fewer, counts - 1, counts + 1),
            box_distance=np.linspace(0.04, 0.3, 100),
            edge_distance=np.linspace(0.0, 0.1, 100),
        )
        coverage = Coverage(
            parameters=true if known else inside[1],
            predicted=not known,
            n_training=200,
            nearest=training[:10],
            rows=np.arange(10),
            distance=np.linspace(0.173, 0.3, 10),
            radii=(0.1, 0.25, 0.5, 1.0, 2.0),
            counts=counts,
            value_gap=np.linspace(0.1, 2.0, 7),
            boxes=(5.0, 10.0, 25.0),
            box_counts=np.array([0, 0, 3]),
            edge=5.0,
            rule=NoteRule(),
            yardstick=yardstick,
            violations=[],
        )
        regret = checkpoints.regret
        error = rmse if checkpoints.error is None else checkpoints.error
        measure = "parameter error" if known else "curve error"
        changes = Interval(0.11, -0.2, 0.4)
        tracking = Tracking(
            epochs=epochs,
            val_loss=val_loss,
            error=error,
            measure=measure,
            pearson=0.31,
            spearman=-0.72,
            pearson_changes=changes,
            spearman_changes=changes,
            regret=regret,
            sample_regret=np.linspace(0, 4, 50),
            test_set="grid",
            sample_spearman=np.linspace(-0.9, 0.9, 50),
            divergence=divergence(epochs, error, val_loss, np.outer(np.arange(1, 4), error)),
        )
        return Diagnosis(target, opened, checkpoints, tracking=tracking, coverage=coverage)

    return make


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run ``xrdlib`` in an empty folder, in a terminal of 80 columns: exit code, standard output, standard error."""
    from xrdlib.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xrdlib", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return int(stop.value.code or 0), out, err

    return call
