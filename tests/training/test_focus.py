"""Weights of training samples by their distance from one point."""

import numpy as np
import pytest

from xrdlib.data import LAB, SPACE, sample
from xrdlib.training import Focus, effective_size

CENTRE = tuple(LAB.parameters.to_array())
POINTS = sample(400, "uniform", seed=0)


def test_distance_is_that_of_fractions_of_range():
    moved = np.array([CENTRE, CENTRE, CENTRE])
    moved[1, 2] += 0.3 * SPACE.range[2]
    moved[2, :2] += [0.03 * SPACE.range[0], 0.04 * SPACE.range[1]]
    np.testing.assert_allclose(Focus(CENTRE).distance(moved), [0.0, 0.3, 0.05], atol=1e-12)


def test_weights_fall_exponentially_and_have_mean_one():
    focus = Focus(CENTRE, temperature=0.2)
    weights, distance = focus.weights(POINTS), focus.distance(POINTS)
    assert weights.mean() == pytest.approx(1.0)
    np.testing.assert_allclose(np.log(weights[1:] / weights[0]), -(distance[1:] - distance[0]) / 0.2, rtol=1e-9)


def test_without_temperature_all_count_exactly_one():
    np.testing.assert_array_equal(Focus(CENTRE).weights(POINTS), 1.0)


def test_beyond_the_radius_nothing_counts():
    focus = Focus(CENTRE, radius=0.8, temperature=0.5)
    weights, inside = focus.weights(POINTS), focus.distance(POINTS) <= 0.8
    assert 0 < inside.sum() < len(POINTS)
    assert (weights[~inside] == 0).all()
    assert weights[inside].mean() == pytest.approx(1.0)


def test_a_tiny_temperature_leaves_the_nearest_sample():
    focus = Focus(CENTRE, temperature=1e-6)
    weights = focus.weights(POINTS)
    assert weights.argmax() == focus.distance(POINTS).argmin()
    assert effective_size(weights) == pytest.approx(1.0)


def test_no_sample_within_the_radius():
    nearest = Focus(CENTRE).distance(POINTS).min()
    with pytest.raises(ValueError, match=rf"no sample within 0\.01 .* the nearest is at {nearest:.3f}"):
        Focus(CENTRE, radius=0.01).weights(POINTS)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"temperature": 0.0}, r"temperature = 0\.0"),
        ({"temperature": -1.0}, r"temperature = -1\.0"),
        ({"temperature": float("nan")}, "temperature = nan"),
        ({"radius": 0.0}, r"radius = 0\.0"),
        ({"centre": (1.0, 2.0)}, "seven finite numbers"),
    ],
)
def test_bad_focus(values, text):
    with pytest.raises(ValueError, match=text):
        Focus(**{"centre": CENTRE, **values})


def test_effective_size():
    assert effective_size(np.ones(7)) == 7.0
    assert effective_size([1.0, 1.0, 0.0, 0.0]) == 2.0
    assert effective_size([3.0, 1.0]) == pytest.approx(16 / 10)


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0, -1.0, 1.0], [np.nan, 1.0], []])
def test_effective_size_of_nothing(weights):
    with pytest.raises(ValueError, match="finite ones, none negative and not all 0"):
        effective_size(weights)
