"""Coverage against brute force, and that it tells dense from sparse."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT, SPACE
from xrdlib.diagnostics import coverage
from xrdlib.training import Study, reference_study


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


def test_against_brute_force(study: Study) -> None:
    point = LAB_EXPERIMENT.to_array()
    found = coverage(study, point, k=5, radii=(0.3, 0.7))
    distance = np.sqrt((((study.training_parameters - point) / SPACE.range) ** 2).sum(axis=1))
    order = np.argsort(distance)[:5]
    np.testing.assert_allclose(found.distance, distance[order])
    np.testing.assert_allclose(found.nearest[0], study.training_parameters[order[0]])
    assert found.counts.tolist() == [(distance <= r).sum() for r in (0.3, 0.7)]


def test_a_training_sample_has_distance_zero(study: Study) -> None:
    found = coverage(study, study.training_parameters[7])
    assert found.distance[0] == 0
    np.testing.assert_array_equal(found.nearest[0], found.parameters)


def test_tells_dense_from_sparse(study: Study) -> None:
    by_name = {e.name: e.parameters.to_array() for e in study.config.experiments}
    dense, sparse = (coverage(study, by_name[name]) for name in ("dense", "sparse"))
    assert dense.distance[-1] < sparse.distance[-1]
    assert dense.counts[0] > sparse.counts[0]
    corner = coverage(study, SPACE.maximum)
    assert corner.distance_percentile > 95
    assert corner.violations
    assert any("sparser than usual" in s for s in corner.sentences)


def test_percentile_of_test_samples_is_uniform(study: Study) -> None:
    """By construction the percentile of a test sample is uniform: a calibrated verdict, whatever the dimension."""
    _, true = study.test_predictions("grid")
    percentiles = [coverage(study, p).distance_percentile for p in true[1000:1100]]
    assert 35 < np.mean(percentiles) < 65
    assert np.mean(np.array(percentiles) > 75) == pytest.approx(0.25, abs=0.15)


def test_radius_one_holds_half_of_everything(study: Study) -> None:
    """Why the note's absolute radii mislead in seven dimensions."""
    found = coverage(study, LAB_EXPERIMENT.to_array())
    assert 0.3 < found.counts[1] / found.n_training < 0.6


def test_the_kth_neighbour_decides_reliably(study: Study) -> None:
    """Two halves of a training set agree on what is dense by the 10th neighbour, hardly by the first."""
    from scipy.spatial import cKDTree
    from scipy.stats import spearmanr

    training = SPACE.normalise(study.training_parameters)
    points = SPACE.normalise(study.test_predictions("uniform")[1][:500])
    halves = [cKDTree(training[i::2]).query(points, k=[1, 10])[0] for i in range(2)]
    first, tenth = (spearmanr(halves[0][:, k], halves[1][:, k]).statistic for k in range(2))
    assert tenth > first + 0.2


def test_training_parameters_keep_their_strata(study: Study) -> None:
    """The grid's values lie on edges of bins: a rounded copy would fall into other strata."""
    assert SPACE.valid(study.training_parameters).all()
    steps = (study.training_parameters - SPACE.minimum) / SPACE.grid_step
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
