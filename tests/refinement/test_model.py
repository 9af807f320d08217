import numpy as np
import pytest

import xrdlib
from xrdlib.data import LAB_EXPERIMENT
from xrdlib.refinement import NUISANCES, CurveModel
from xrdlib.simulation import GGG_444, YIG_FILM, Instrument, Scan

VALUES = np.array([1.3, 2e-3, 0.4, 38.0, 0.2, 0.93, 0.2])
PARAMETERS = LAB_EXPERIMENT.to_array()


def test_the_model_is_the_simulation():
    scan = Scan()
    model = CurveModel(scan.angle)
    values = VALUES.copy()
    values[2] = 0.0
    curve = model(PARAMETERS, values, model.n_layers(PARAMETERS)).intensity
    simulated = xrdlib.simulate(
        PARAMETERS, disorder=0.93, damage=0.2, instrument=Instrument(38.0, 0.2, scale=1.3, background=2e-3)
    )
    # the simulation's grid is made for 38 arcsec, the model's for 25
    np.testing.assert_allclose(curve, simulated, rtol=2e-4)


@pytest.mark.parametrize("film", [None, YIG_FILM])
def test_derivatives_are_those_of_differences(film):
    model = CurveModel(np.arange(-90.0, 1200.0, 13.7), GGG_444, film)
    layers = model.n_layers(PARAMETERS)
    slope = model(PARAMETERS, VALUES, layers).slope
    x = np.concatenate([PARAMETERS, VALUES])
    for i in range(x.size):
        low, high = x.copy(), x.copy()
        low[i] -= 1e-5 * abs(x[i])
        high[i] += 1e-5 * abs(x[i])
        ends = [model(v[:7], v[7:], layers).intensity for v in (low, high)]
        difference = (ends[1] - ends[0]) / (high[i] - low[i])
        np.testing.assert_allclose(slope[:, i], difference, atol=1e-5 * np.abs(difference).max(), rtol=0)


def test_an_offset_moves_the_curve():
    angle = np.arange(-90.0, 1200.0, 4.0)
    model, moved = CurveModel(angle), VALUES.copy()
    layers = model.n_layers(PARAMETERS)
    values = VALUES.copy()
    values[NUISANCES.index("offset")], moved[NUISANCES.index("offset")] = 0.0, 4.0
    at_rest, shifted = (model(PARAMETERS, v, layers).intensity for v in (values, moved))
    np.testing.assert_allclose(shifted[:-1], at_rest[1:], rtol=1e-10)
