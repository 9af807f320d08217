"""Times of fitting a measured curve (`pytest benchmarks`); nothing is asserted about them."""

from __future__ import annotations

from typing import Any

import numpy as np

from xrdlib.data import LAB_EXPERIMENT, MeasuredCurve
from xrdlib.refinement import CurveModel, refine
from xrdlib.simulation import Instrument, Scan, simulate

SCAN = Scan(-290.0, 4.0, 360)
TRUTH = LAB_EXPERIMENT.to_array()


def test_curve_of_360_points_with_its_derivatives(benchmark: Any) -> None:
    model = CurveModel(SCAN.angle)
    nuisances = np.array([1.0, 1e-4, 0.0, 38.0, 0.2, 0.95, 0.0])
    found = benchmark(model, TRUTH, nuisances, model.n_layers(TRUTH))
    assert found.slope.shape == (360, 14)


def test_fit_from_one_start(benchmark: Any) -> None:
    intensity = simulate(TRUTH, scan=SCAN, instrument=Instrument(38.0, 0.2, scale=6e5, background=100.0))
    counts = np.random.default_rng(0).poisson(intensity).astype(float)
    curve = MeasuredCurve(SCAN.angle, counts, {"fwhm": 38.0})
    fit = benchmark.pedantic(refine, (curve,), {"starts": 1.02 * TRUTH[None]}, rounds=3)
    assert fit.converged
