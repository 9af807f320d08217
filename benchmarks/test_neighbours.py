"""Cost of looking curves up. Run with ``pytest benchmarks``; prints, asserts nothing about time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB
from xrdlib.diagnostics import Target, checkpoints, neighbour_baseline
from xrdlib.diagnostics.lookup._lookup import nearest


@pytest.mark.parametrize("name", ["lab", "measured"])
def test_baseline_of_one_target(benchmark: Any, name: str) -> None:
    """As in ``diagnose``: 7 000 curves to look up in, 300 test samples."""
    study = reference_study(name)
    target = Target.from_experiment(LAB, study.config)
    found = checkpoints(study, target)
    benchmark(neighbour_baseline, study, target, found=found)


def test_300_curves_among_10000(benchmark: Any) -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(10_000, 701)).astype(np.float32)
    benchmark(nearest, inputs[:300] + 1, inputs, 50)
