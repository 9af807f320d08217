from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from xrdlib.data import LAB_EXPERIMENT, MeasuredCurve
from xrdlib.refinement import CurveModel

LAB = LAB_EXPERIMENT.to_array()
NUISANCES = {
    "scale": 1.5,
    "background": 3e-4,
    "offset": 0.7,
    "fwhm": 37.0,
    "lorentz_fraction": 0.15,
    "disorder": 0.93,
    "damage": 0.0,
}


@pytest.fixture(scope="session")
def make_curve() -> Callable[..., MeasuredCurve]:
    """A curve as the fit's model has it, or with counting noise; of the lab's experiment unless told otherwise."""

    def make(
        parameters: NDArray[np.float64] = LAB,
        *,
        counts: float | None = None,
        seed: int = 0,
        step: float = 8.0,
        **nuisances: float,
    ) -> MeasuredCurve:
        angle = np.arange(-120.0, 1150.0, step)
        model = CurveModel(angle)
        values = np.array(list((NUISANCES | nuisances).values()))
        curve = model(parameters, values, model.n_layers(parameters)).intensity
        metadata = {"file": "made.txt", "fwhm": 45.0}
        if counts is not None:
            curve = np.random.default_rng(seed).poisson(curve * counts / curve.max()).astype(float)
            metadata["counts_per_unit"] = 1.0
        return MeasuredCurve(angle, curve, metadata)

    return make
