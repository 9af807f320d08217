"""Tables of data and training: sampling, datasets, instrument, training step and epoch, coverage."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from measuring import Effort, core_time, cores, digits, prose, say, table, wall_time

from xrdlib import reference_study
from xrdlib.data import LAB_EXPERIMENT, DatasetConfig, build_dataset, sample
from xrdlib.diagnostics import coverage, coverage_of, dataset_quality, density_effect
from xrdlib.simulation import Instrument, Scan, measure, reflectivity, simulation_grid
from xrdlib.training import Measurement, Network, NetworkConfig, TrainingConfig, run_study
from xrdlib.training.optimiser import Optimiser

_BATCH = 512
_LARGE: dict[str, dict[str, bool]] = {
    "AdamW, float32": {},
    "AdamW, bfloat16": {"bfloat16": True},
    "Muon, bfloat16": {"muon": True, "bfloat16": True},
}


def data(effort: Effort) -> str:
    """Sampling, datasets, and what the instrument costs."""
    text = "## Data\n\n"
    million = effort.pick(1_000_000, 1000)
    rows: list[tuple[object, ...]] = []
    for method in ("grid", "uniform", "sobol"):
        say(f"sampling: {method}")
        seconds = wall_time(lambda m=method: sample(million, m, seed=0), effort.pick(3, 1))
        rows.append(
            (f"`sample({million}, {method!r})`", f"{digits(seconds)} s", f"{million / seconds / 1e6:.2f} M samples")
        )
    for size in (effort.pick(10_000, 20), effort.pick(100_000, 40)):
        say(f"dataset of {size}")
        seconds, stored = _dataset(size)
        rows.append(
            (
                f"dataset of {size} curves, {cores()} processes, {digits(stored / 1e6)} MB",
                f"{digits(seconds)} s", f"{size / seconds:.0f} curves",
            )
        )  # fmt: skip
    text += table(("", "time", "per second"), rows)
    text += prose(
        """Every process that builds imports what this report imports, too, which the command's do not. Datasets of a
        million and more, their memory, other machines: [scaling.md](scaling.md)."""
    )
    return text + _instrument(effort)


def _dataset(size: int) -> tuple[float, int]:
    """Seconds of wall clock, processes and storage included, and bytes."""
    folder = Path(tempfile.mkdtemp(prefix="xrdlib-bench-"))
    try:
        config = DatasetConfig(size=size)
        seconds = wall_time(lambda: _fresh(folder / "d", config), 1)
        return seconds, sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    finally:
        shutil.rmtree(folder)


def _fresh(folder: Path, config: DatasetConfig) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    build_dataset(folder, config, progress=False)


def _instrument(effort: Effort) -> str:
    say("instrument")
    n = effort.pick(1000, 10)
    grid = simulation_grid(Scan(), fwhm=25)
    curves = reflectivity(sample(n, "grid", seed=0), grid.angle)
    single, rng = curves.astype(np.float32), np.random.default_rng(0)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        convolved = core_time(lambda: measure(curves, grid, Scan().angle, Instrument()), effort.rounds) / n
        measured = core_time(lambda: Measurement().draw(single, grid, Scan(), rng), effort.rounds) / n
    finally:
        torch.set_num_threads(before)
    return table(
        ("", "core-ms per curve"),
        [
            (f"resolution function, {n} curves at once", digits(1e3 * convolved)),
            ("a random instrument (resolution, scale, background, counts), as in training", digits(1e3 * measured)),
        ],
    )  # fmt: skip


def training(effort: Effort) -> str:
    """A step, and an epoch of either reference study."""
    say("training step")
    torch.manual_seed(0)
    network = Network(701, NetworkConfig())
    optimiser = torch.optim.AdamW(network.parameters())
    inputs, targets = torch.randn(128, 701), torch.rand(128, 7)

    def step() -> None:
        optimiser.zero_grad()
        (network(inputs) - targets).abs().mean().backward()
        optimiser.step()

    before = torch.get_num_threads()
    rows: list[tuple[object, ...]] = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        seconds = wall_time(step, effort.pick(50, 1))
        rows.append((f"step of 128 curves, threads: {threads}", f"{digits(1e3 * seconds)} ms", f"{128 / seconds:.0f}"))
    torch.set_num_threads(1)
    for what, options in _LARGE.items():
        seconds = wall_time(_large_step(TrainingConfig(**options)), effort.pick(20, 1))
        what = f"step of {_BATCH} curves, reference model, {what}, one thread"
        rows.append((what, f"{digits(1e3 * seconds)} ms", f"{_BATCH / seconds:.0f}"))
    torch.set_num_threads(before)
    for name in ("lab", "measured"):
        say(f"epochs of {name}")
        seconds, size, threads = _epoch(effort, name)
        what = f"epoch of study `{name}` ({size} curves, threads: {threads})"
        rows.append((what, f"{digits(seconds)} s", f"{size / seconds:.0f}"))
    return (
        "## Training\n\n"
        "An epoch contains its random instruments, the validation set, both test sets and what is written.\n\n"
        + table(("", "time", "curves per second"), rows)
    )


def _large_step(training: TrainingConfig) -> Callable[[], None]:
    """A step of the network of data/reference_model, of so many curves."""
    network = Network(701, reference_study("accurate").config.network)
    optimiser = Optimiser(network, training)
    inputs, targets = torch.randn(_BATCH, 701), torch.rand(_BATCH, 7)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            predicted = network(inputs)
        optimiser.step((predicted - targets).abs().mean(), 1e-3)

    return step


def _epoch(effort: Effort, name: str) -> tuple[float, int, int]:
    """Seconds of an epoch after the first, from the times at which checkpoints were written; curves; threads."""
    config = reference_study(name).config
    size, test_size = effort.pick(config.dataset.size, 50), effort.pick(config.training.test_size, 20)
    config = replace(
        config,
        dataset=replace(config.dataset, size=size),
        training=replace(config.training, epochs=effort.pick(3, 2), test_size=test_size),
    )
    folder = Path(tempfile.mkdtemp(prefix="xrdlib-bench-"))
    try:
        run_study(config, folder / "s", progress=False)
        written = sorted(f.stat().st_mtime for f in (folder / "s" / "checkpoints").glob("epoch_*.safetensors"))
    finally:
        shutil.rmtree(folder)
    return (written[-1] - written[0]) / (len(written) - 1), config.dataset.size, config.training.threads


def diagnostics(effort: Effort) -> str:
    """What looks through a whole training set."""
    size = effort.pick(1_000_000, 2000)
    million = sample(size, "uniform", seed=0)
    others = sample(effort.pick(500, 10), "uniform", seed=1)
    study, rounds = reference_study("lab"), effort.pick(2, 1)
    asked: dict[str, Callable[[], object]] = {
        f"coverage and nearest neighbours of a point among {size} samples, beside {len(others)} test samples": (
            lambda: coverage_of(million, LAB_EXPERIMENT, others)
        ),
        f"quality of a dataset of {size} samples": lambda: dataset_quality(million),
        "coverage in study `lab` (9 000 training, 2 000 test samples)": lambda: coverage(study, LAB_EXPERIMENT),
        "does density matter, study `lab`": lambda: density_effect(study),
    }
    rows = []
    for name, function in asked.items():
        say(f"diagnostics: {name}")
        rows.append((name, f"{digits(wall_time(function, rounds))} s"))
    return "## Diagnostics\n\n" + table(("", "time"), rows)
