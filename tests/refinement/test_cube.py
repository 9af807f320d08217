import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xrdlib.data import LAB_EXPERIMENT, SPACE, sample
from xrdlib.refinement._cube import from_cube, to_cube

unit = arrays(np.float64, 7, elements=st.floats(0, 1))


@given(unit)
def test_every_point_of_the_cube_is_inside_the_space(point):
    SPACE.check(from_cube(point)[0])


def test_there_and_back_again():
    for parameters in (*sample(200, "uniform", seed=3), LAB_EXPERIMENT.to_array()):
        np.testing.assert_allclose(from_cube(to_cube(parameters))[0], parameters, rtol=1e-12)


def test_what_is_outside_comes_to_the_edge():
    outside = np.array([0.05, 0.06, 100.0, 9000.0, -1.0, 9000.0, 50.0])
    moved = from_cube(to_cube(outside))[0]
    SPACE.check(moved)
    assert moved[0] == SPACE.maximum[0]
    assert moved[6] == 0.0
    assert moved[3] == pytest.approx(500.0)  # Rp1 cannot lie below L1


@pytest.mark.parametrize("seed", range(5))
def test_derivatives_are_those_of_differences(seed):
    point = np.random.default_rng(seed).uniform(0.05, 0.95, 7)
    _, slope = from_cube(point)
    for i in range(7):
        step = np.zeros(7)
        step[i] = 1e-6
        difference = (from_cube(point + step)[0] - from_cube(point - step)[0]) / 2e-6
        np.testing.assert_allclose(slope[:, i], difference, rtol=1e-6, atol=1e-9 * SPACE.range.max())
