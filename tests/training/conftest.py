"""Studies small enough to train in a second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xrdlib.data import LAB, LAB_EXPERIMENT, DatasetConfig, Experiment
from xrdlib.simulation import Instrument
from xrdlib.training import Measurement, NetworkConfig, StudyConfig, TrainingConfig, run_study

MEASURED = Experiment("measured", LAB_EXPERIMENT, Instrument(36.0, 0.2, background=2e-3, peak_counts=6e4), 0.94, 5)
TINY = StudyConfig(
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
    experiments=(LAB, MEASURED),
)
# everything random at once
RANDOM = replace(
    TINY,
    name="random",
    dataset=replace(TINY.dataset, disorder=(0.85, 1.0)),
    network=replace(TINY.network, dropout=0.2),
    training=replace(TINY.training, checkpoint_precision="float16"),
    measurement=Measurement(stop=(400.0, 1116.0), curves_per_instrument=16),
)


@pytest.fixture(scope="session")
def tiny():
    """Configuration of a noise-free study."""
    return TINY


@pytest.fixture(scope="session")
def random_config():
    """Configuration with augmentation, disorder, dropout and float16 weights."""
    return RANDOM


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """A finished study; not to be changed."""
    return run_study(TINY, tmp_path_factory.mktemp("study") / "tiny", workers=1, progress=False)


@pytest.fixture(scope="session")
def random_study(tmp_path_factory):
    """A finished study of ``random_config``; not to be changed."""
    return run_study(RANDOM, tmp_path_factory.mktemp("study") / "random", workers=1, progress=False)
