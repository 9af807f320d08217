"""Times of derivatives, sensitivity and bounds (`pytest benchmarks`); nothing is asserted about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from xrdlib.data import LAB_EXPERIMENT, SPACE, DatasetConfig
from xrdlib.data.sampling import sample
from xrdlib.diagnostics import network_limits, sensitivity
from xrdlib.simulation import Scan, reflectivity, simulation_grid
from xrdlib.simulation.derivatives import reflectivity_jacobian
from xrdlib.simulation.torch_kernel import reflectivity_torch
from xrdlib.training import reference_study

ANGLE = simulation_grid(Scan()).angle
ROWS = sample(64, "uniform", seed=0)


def test_jacobians_of_64_curves(benchmark: Any) -> None:
    benchmark(reflectivity_jacobian, ROWS, ANGLE, threads=1)


def test_the_same_by_central_differences(benchmark: Any) -> None:
    steps = 1e-4 * np.concatenate([np.diag(SPACE.range), -np.diag(SPACE.range)])
    inside = SPACE.denormalise(0.01 + 0.98 * SPACE.normalise(ROWS))
    rows = (inside[:, None] + steps).reshape(-1, 7)
    benchmark(reflectivity, rows, ANGLE, threads=1)


def test_the_same_of_2_curves_by_torch(benchmark: Any) -> None:
    """Seven products of the Jacobian with a vector."""
    rows = torch.tensor(ROWS[:2])

    def jacobian() -> list[Any]:
        units = [unit.expand_as(rows).contiguous() for unit in torch.eye(7, dtype=torch.float64)]
        kernel = lambda p: reflectivity_torch(p, torch.tensor(ANGLE))  # noqa: E731
        return [torch.autograd.functional.jvp(kernel, rows, unit) for unit in units]

    benchmark.pedantic(jacobian, rounds=2)


def test_sensitivity_of_500_samples(benchmark: Any) -> None:
    found = benchmark.pedantic(sensitivity, (DatasetConfig(), LAB_EXPERIMENT.to_array()), {"n": 500}, rounds=2)
    assert found.samples["range"].shape == (500, 7)


def test_network_against_the_bound_of_300_samples(benchmark: Any) -> None:
    found = benchmark.pedantic(network_limits, (reference_study("measured"),), {"n": 300}, rounds=2)
    assert found.bound.shape == (300, 7)
