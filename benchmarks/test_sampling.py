"""Cost of drawing a million points of the parameter space. Prints, asserts nothing about time. One thread."""

from __future__ import annotations

from typing import Any

import pytest

from xrdlib.data import sample
from xrdlib.data.sampling import METHODS


@pytest.mark.filterwarnings("ignore:.*strata hold too few combinations")
@pytest.mark.parametrize("method", METHODS)
def test_sample_of_a_million(benchmark: Any, method: str) -> None:
    points = benchmark.pedantic(sample, (1_000_000, method), {"seed": 0}, rounds=3)
    assert points.shape == (1_000_000, 7)
