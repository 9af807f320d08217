"""Cost of a curve, a dataset and an epoch. Run with ``pytest benchmarks``; prints, asserts nothing about time.

One thread unless the name says otherwise: a mean of 0.09 s for 1000 curves is 0.09 core-milliseconds per curve.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from xrdlib.data import Dataset, DatasetConfig, build_dataset, sample
from xrdlib.simulation import Scan, measure, reflectivity, simulation_grid
from xrdlib.simulation.instrument import Instrument
from xrdlib.simulation.torch_kernel import reflectivity_torch
from xrdlib.training import Measurement, Network, NetworkConfig

N = 1000


@pytest.fixture(scope="module")
def parameters() -> np.ndarray:
    return sample(N, "grid", seed=0)


def test_1000_curves_on_the_scan(benchmark: Any, parameters: np.ndarray) -> None:
    """701 angles, two polarisations, some 45 sublayers: the public comparison."""
    benchmark(reflectivity, parameters, Scan().angle, threads=1)


def test_1000_curves_on_the_simulation_grid(benchmark: Any, parameters: np.ndarray) -> None:
    benchmark(reflectivity, parameters, simulation_grid(Scan()).angle, threads=1)


def test_10_curves_by_the_closed_form(benchmark: Any, parameters: np.ndarray) -> None:
    benchmark(reflectivity, parameters[:10], Scan().angle, exact=True, threads=1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("gradient", [False, True], ids=["forward", "with gradient"])
def test_64_curves_by_torch(benchmark: Any, parameters: np.ndarray, dtype: torch.dtype, gradient: bool) -> None:
    rows = torch.tensor(parameters[:64], dtype=dtype, requires_grad=gradient)
    angle = torch.tensor(Scan().angle)

    def curves() -> None:
        found = reflectivity_torch(rows, angle)
        if gradient:
            found.sum().backward()

    benchmark.pedantic(curves, rounds=3, warmup_rounds=1)


def test_convolution_of_1000_curves(benchmark: Any, parameters: np.ndarray) -> None:
    grid = simulation_grid(Scan())
    curves = reflectivity(parameters, grid.angle)
    benchmark(measure, curves, grid, Scan().angle, Instrument())


def test_measurement_of_1000_curves(benchmark: Any, parameters: np.ndarray) -> None:
    grid = simulation_grid(Scan(), fwhm=25)
    curves = reflectivity(parameters, grid.angle).astype(np.float32)
    benchmark(Measurement().draw, curves, grid, Scan(), np.random.default_rng(0))


def test_training_step_of_128_curves(benchmark: Any) -> None:
    torch.manual_seed(0)
    network = Network(701, NetworkConfig())
    optimiser = torch.optim.AdamW(network.parameters())
    inputs, targets = torch.randn(128, 701), torch.rand(128, 7)

    def step() -> None:
        optimiser.zero_grad()
        (network(inputs) - targets).abs().mean().backward()
        optimiser.step()

    benchmark(step)


def test_dataset_of_10000(benchmark: Any, tmp_path: Path) -> None:
    """All cores, processes and storage included."""

    def build() -> Dataset:
        shutil.rmtree(tmp_path / "d", ignore_errors=True)
        return build_dataset(tmp_path / "d", DatasetConfig(size=10_000), progress=False)

    dataset = benchmark.pedantic(build, rounds=2)
    assert dataset.check() < 1e-5
