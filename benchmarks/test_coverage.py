"""Cost of coverage, of a million training samples and of a shipped study. Prints, asserts nothing about time.

One thread: the note's check of one experiment, calibration with 500 test samples included.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB_EXPERIMENT, sample
from xrdlib.diagnostics import coverage, coverage_of, dataset_quality, density_effect


@pytest.fixture(scope="module")
def million() -> np.ndarray:
    return sample(1_000_000, "uniform", seed=0)


def test_coverage_of_a_million(benchmark: Any, million: np.ndarray) -> None:
    others = sample(500, "uniform", seed=1)
    found = benchmark.pedantic(coverage_of, (million, LAB_EXPERIMENT, others), rounds=3)
    assert found.n_training == 1_000_000


@pytest.mark.parametrize("name", ["lab", "measured"])
def test_coverage_in_a_study(benchmark: Any, name: str) -> None:
    """9 000 and 57 600 training samples, 2 000 test samples."""
    benchmark(coverage, reference_study(name), LAB_EXPERIMENT)


def test_quality_of_a_million(benchmark: Any, million: np.ndarray) -> None:
    benchmark.pedantic(dataset_quality, (million,), rounds=2)


def test_density_effect_in_a_study(benchmark: Any) -> None:
    benchmark.pedantic(density_effect, (reference_study("lab"),), rounds=2)
