"""Coverage against brute force, and that it tells dense from sparse where the note's rule does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from xrdlib.data import LAB_EXPERIMENT, SPACE, sample
from xrdlib.diagnostics import Coverage, NoteRule, coverage, coverage_of
from xrdlib.diagnostics._intervals import exact_share
from xrdlib.diagnostics.training_set._yardstick import ROUNDING, counts_within
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, reference_study

CENTRE = SPACE.denormalise(np.full(7, 0.5))


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def found(study: Study) -> Coverage:
    return coverage(study, LAB_EXPERIMENT)


def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A training set that is dense in one half of every range and thin in the other; a point in each."""
    rng = np.random.default_rng(1)
    many, few = rng.uniform(0.0, 0.5, (4000, 7)), rng.uniform(0.5, 1.0, (40, 7))
    others = np.concatenate([rng.uniform(0.0, 0.5, (160, 7)), rng.uniform(0.5, 1.0, (40, 7))])
    return (
        SPACE.denormalise(np.concatenate([many, few])),
        SPACE.denormalise(others),
        SPACE.denormalise(np.array([[0.25] * 7, [0.75] * 7])),
    )


def test_against_brute_force(study: Study) -> None:
    point = LAB_EXPERIMENT.to_array()
    found = coverage(study, point, k=5, radii=(0.3, 0.72), boxes=(12.0, 30.0))
    apart = np.abs(study.training_parameters - point) / SPACE.range
    distance = np.sqrt((apart**2).sum(axis=1))
    order = np.argsort(distance)[:5]
    assert found.rows.tolist() == order.tolist()
    np.testing.assert_allclose(found.distance, distance[order])
    np.testing.assert_array_equal(found.nearest, study.training_parameters[order])
    assert found.radii == (0.3, 0.5, 0.72, 1.0), "the note's own radii are always among them"
    assert found.counts.tolist() == [(distance <= r).sum() for r in found.radii]
    assert found.box_counts.tolist() == [(apart.max(axis=1) <= side / 100).sum() for side in (12.0, 30.0)]
    np.testing.assert_allclose(found.value_gap, 100 * apart.min(axis=0))


def test_counts_of_the_yardstick_against_brute_force() -> None:
    """Blocks of float32 give the counts of float64, for more rows and points than a block holds."""
    training, points = (SPACE.normalise(sample(n, "uniform", seed=n)) for n in (9001, 130))
    distance = np.linalg.norm(training[:, None] - points, axis=2)
    radii = (0.1, 0.37, 1.0)
    expected = np.stack([(distance <= r + ROUNDING).sum(axis=0) for r in radii], axis=1)
    counts = counts_within(training, points, radii)
    assert np.abs(counts - expected).max() <= 1
    assert np.mean(counts == expected) > 0.99


def test_grid_points_exactly_on_a_radius_count() -> None:
    """Rp1 in steps of a tenth of its range: one step is a distance of exactly 0.1."""
    steps = np.tile([0.5], (3, 7))
    steps[1, 3], steps[2, 3] = 0.6, 0.7
    training = SPACE.denormalise(steps)
    found = coverage_of(training, training[0], training, k=1, radii=(0.1, 0.2))
    assert found.counts[:2].tolist() == [2, 3]
    assert found.yardstick.counts[:, :2].tolist() == [[2, 3], [3, 3], [2, 3]]


def test_a_training_sample_has_distance_zero(study: Study) -> None:
    found = coverage(study, study.training_parameters[7])
    assert found.distance[0] == 0
    assert found.rows[0] == 7
    np.testing.assert_array_equal(found.nearest[0], found.parameters)
    assert not found.value_gap.any()


def test_tells_a_planted_sparse_region_from_a_dense_one() -> None:
    training, others, (dense, sparse) = planted()
    a, b = (coverage_of(training, point, others) for point in (dense, sparse))
    assert (a.place, b.place) == ("dense", "sparse")
    # 160 of the 200 others are in the dense half
    assert b.distance_percentile >= 80
    assert "denser than usual" in a.to_text()
    assert "sparser than usual" in b.to_text()


def test_an_ordinary_point_is_ordinary() -> None:
    training, others = sample(4000, "uniform", seed=0), sample(400, "uniform", seed=1)
    places = [coverage_of(training, point, others).place for point in sample(200, "uniform", seed=2)]
    assert places.count("ordinary") == pytest.approx(100, abs=25)


def test_tells_dense_from_sparse(study: Study) -> None:
    by_name = {e.name: e.parameters.to_array() for e in study.config.experiments}
    dense, sparse = (coverage(study, by_name[name]) for name in ("dense", "sparse"))
    assert dense.distance[-1] < sparse.distance[-1]
    assert (dense.place, sparse.place) == ("dense", "sparse")
    # the note's rule by the nearest sample and by counts does not
    verdicts = [c.note[c.note["given"]].set_index("question")["verdict"] for c in (dense, sparse)]
    for question in ("nearest", "count"):
        assert verdicts[0][question] == verdicts[1][question]


def test_outside_the_space_is_said_and_answered(study: Study) -> None:
    corner = coverage(study, SPACE.maximum)
    assert corner.distance_percentile > 95
    assert corner.violations
    assert any("sparser than usual" in s for s in corner.sentences)
    assert any(s.startswith("Outside the parameter space") for s in corner.sentences)
    assert corner.near_edge == list(PARAMETERS)
    assert corner.outside == []
    beyond = SPACE.denormalise(np.full(7, 1.2))
    assert coverage(study, beyond).position == pytest.approx([120] * 7)


def test_percentile_of_test_samples_is_uniform(study: Study) -> None:
    """By construction the percentile of a test sample is uniform: a calibrated verdict, whatever the dimension."""
    training, (_, true) = study.training_parameters, study.test_predictions("grid")
    percentiles = [coverage_of(training, p, true[:400]).distance_percentile for p in true[1000:1100]]
    assert 40 < np.mean(percentiles) < 60
    assert np.mean(np.array(percentiles) > 75) == pytest.approx(0.25, abs=0.15)


def test_radius_one_holds_half_of_everything(found: Coverage) -> None:
    """Why the note's absolute radii mislead in seven dimensions: nobody is sparse by them."""
    row = found.frame.set_index("radius").loc[1.0]
    assert 30 < row["share"] < 60
    assert 40 < row["typical_share"] < 70
    shares = found.note.set_index(["question", "verdict"])["test_samples"]
    assert shares["nearest", "good"] > 99
    assert shares["count", "well covered"] > 99
    assert found.note.groupby("question")["test_samples"].sum().tolist() == pytest.approx([100, 100, 100])
    assert any("hardly tell one place from another" in s for s in found.sentences)


def test_the_rule_is_not_called_blind_where_it_sees() -> None:
    """In a set with planted sparse regions the note's thresholds do separate, and are not blamed."""
    training, others, (dense, sparse) = planted()
    rule = NoteRule(near=0.2, far=0.4, radius=0.5, few=10, many=100, sparse_radius=0.5, sparse_share=1.0)
    a, b = (coverage_of(training, point, others, rule=rule) for point in (dense, sparse))
    assert a.note[a.note["given"]]["verdict"].tolist()[1:] == ["well covered", "not sparse"]
    assert b.note[b.note["given"]]["verdict"].iloc[2] == "sparse"
    text = b.to_text()
    assert "hardly" not in text
    assert "The given thresholds" in text


def test_a_contradiction_within_the_rule_is_said() -> None:
    """One sample close by and nothing else: good by the nearest, sparse by the share."""
    rng = np.random.default_rng(0)
    training = SPACE.denormalise(np.concatenate([np.full((1, 7), 0.52), rng.uniform(0.95, 1.0, (500, 7))]))
    found = coverage_of(training, CENTRE, training[1:201])
    given = found.note[found.note["given"]].set_index("question")["verdict"]
    assert given.to_dict() == {"nearest": "good", "count": "very sparse", "share": "sparse"}
    assert any("contradicts itself" in s and "0 % of test samples" in s for s in found.sentences)
    assert not any("contradicts itself" in s for s in coverage_of(training, training[5], training[1:201]).sentences)


def test_the_rule_at_its_thresholds() -> None:
    judged = NoteRule().judge([0.49, 0.5, 1.0, 1.01], [501, 500, 100, 99], [1.0, 0.99, 50.0, 0.0])
    assert {name: values.tolist() for name, values in judged.items()} == {
        "nearest": [0, 1, 1, 2],
        "count": [0, 1, 1, 2],
        "share": [0, 1, 0, 1],
    }


def test_the_notes_own_example_cannot_be() -> None:
    """Nearest sample at 0.847 and yet 42 within 0.5: whatever is measured, counts agree with the nearest."""
    training, others, (_, sparse) = planted()
    for point in (sparse, SPACE.maximum):
        found = coverage_of(training, point, others, radii=(0.3, 0.6, 0.847, 0.9))
        assert all((n > 0) == (found.distance[0] <= r) for n, r in zip(found.counts, found.radii, strict=True))


def test_edges(found: Coverage) -> None:
    assert found.near_edge == ["D01", "Rp2"]
    assert "D01 and Rp2 lie within 5 %" in found.to_text()
    _, true = reference_study("lab").test_predictions("grid")
    fractions = SPACE.normalise(true)
    expected = np.mean((np.minimum(fractions, 1 - fractions) < 0.05).any(axis=1))
    assert found.edge_interval.value == pytest.approx(100 * expected)
    middle = coverage_of(sample(200, "uniform", seed=0), CENTRE, sample(50, "uniform", seed=1), edge=10)
    assert middle.near_edge == []
    assert "No parameter lies within 10 %" in middle.to_text()


def test_a_parameter_outside_its_range_is_not_at_its_edge() -> None:
    """Dmax1 at more than its maximum, the others in the middle: nothing is within 10 % of an end."""
    training, others = sample(200, "uniform", seed=0), sample(50, "uniform", seed=1)
    point = np.array(CENTRE, dtype=float)
    dmax = PARAMETERS.index("Dmax1")
    point[dmax] = 0.05
    found = coverage_of(training, point, others, edge=10)
    assert (found.outside, found.near_edge) == (["Dmax1"], [])
    assert "No parameter lies within 10 % of an end of its range" in found.to_text()
    assert "Dmax1 lies outside the range" in found.to_text()
    assert found.to_dict()["outside"] == ["Dmax1"]
    # another one at the edge is named, and alone
    point[-1] = SPACE.minimum[-1] + 0.02 * SPACE.range[-1]
    both = coverage_of(training, point, others, edge=10)
    assert both.near_edge == ["Rp2"]
    assert "Rp2 lies within 10 %" in both.to_text()
    assert "Dmax1 lies outside the range" in both.to_text()


def test_boxes_of_test_samples(found: Coverage, study: Study) -> None:
    training, (_, true) = SPACE.normalise(study.training_parameters), study.test_predictions("grid")
    others = SPACE.normalise(true)
    nearest = np.array([np.abs(training - other).max(axis=1).min() for other in others[:300]])
    np.testing.assert_allclose(found.yardstick.box_distance[:300], nearest)
    narrow, _, wide = found.boxes_empty
    assert narrow.value > 90
    assert wide.value < 5


def test_intervals_are_clopper_and_pearsons() -> None:
    for count, n in ((0, 20), (7, 20), (20, 20)):
        low, high = binomtest(count, n).proportion_ci()
        assert exact_share(count, n) == pytest.approx((100 * count / n, 100 * low, 100 * high))


def test_the_kth_neighbour_decides_reliably(study: Study) -> None:
    """Two halves of a training set agree on what is dense by the 10th neighbour, hardly by the first."""
    from scipy.spatial import cKDTree
    from scipy.stats import spearmanr

    training = SPACE.normalise(study.training_parameters)
    points = SPACE.normalise(study.test_predictions("uniform")[1][:500])
    halves = [cKDTree(training[i::2]).query(points, k=[1, 10])[0] for i in range(2)]
    first, tenth = (spearmanr(halves[0][:, k], halves[1][:, k]).statistic for k in range(2))
    assert tenth > first + 0.2


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7), st.integers(1, 50))
def test_invariants(fractions: list[float], k: int) -> None:
    training, others = sample(50, "sobol", seed=3), sample(20, "uniform", seed=4)
    found = coverage_of(training, SPACE.denormalise(fractions), others, k=k)
    assert (np.diff(found.distance) >= 0).all()
    assert (np.diff(found.counts) >= 0).all()
    assert len(set(found.rows.tolist())) == k
    assert 0 <= found.distance_percentile <= 100
    assert found.distance[0] >= found.value_gap.max() / 100 - 1e-9
    json.dumps(found.to_dict(), allow_nan=False)


def test_training_parameters_keep_their_strata(study: Study) -> None:
    """The grid's values lie on edges of bins: a rounded copy would fall into other strata."""
    assert SPACE.valid(study.training_parameters).all()
    steps = (study.training_parameters - SPACE.minimum) / SPACE.grid_step
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)


def test_json_keeps_the_keys_of_its_schema(found: Coverage) -> None:
    made = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    kept = {"point", "point_is_prediction", "n_training", "nearest", "nearest_distance", "distance_percentile"}
    assert kept | {"within", "violations"} <= set(made)
    assert {"radius", "count", "percentile"} <= set(made["within"][0])
    assert made["nearest"] == made["neighbours"][0]["parameters"]
    assert made["note"]["nearest"]["verdict"] == "good"


def test_tables_for_people(found: Coverage) -> None:
    assert max(len(line) for line in found.table.to_string().splitlines()) <= 80
    assert found.table.index.tolist()[2] == "within 0.5"
    assert found.neighbours["row"].tolist() == found.rows.tolist()
    assert found.per_parameter.loc["L1", "position"] == pytest.approx(100 * (5200 - 500) / 6500)


def test_bad_input_is_named(study: Study) -> None:
    training, others = sample(20, "uniform", seed=0), sample(5, "uniform", seed=1)
    with pytest.raises(ValueError, match=r"k = 21: a whole number from 1 to the 20 training samples"):
        coverage_of(training, CENTRE, others, k=21)
    with pytest.raises(ValueError, match=r"k = 0:"):
        coverage_of(training, CENTRE, others, k=0)
    with pytest.raises(ValueError, match=r"k = 9001: .* 9000 training samples"):
        coverage(study, CENTRE, k=9001)
    with pytest.raises(ValueError, match=r"parameters: L1 of row 0 is nan"):
        coverage_of(training, [0.01, 0.01, np.nan, 500, 0.01, 500, 0], others)
    with pytest.raises(ValueError, match=r"training: .* 6 given"):
        coverage_of(training[:, :6], CENTRE, others)
    with pytest.raises(ValueError, match=r"others: at least one row"):
        coverage_of(training, CENTRE, others[:0])
    with pytest.raises(ValueError, match=r"parameters: one point of seven numbers expected, 2 given"):
        coverage_of(training, training[:2], others)
    with pytest.raises(ValueError, match=r"radii = \(0\.5, -1"):
        coverage_of(training, CENTRE, others, radii=(0.5, -1.0))
    with pytest.raises(ValueError, match=r"edge = 60"):
        coverage_of(training, CENTRE, others, edge=60)
    with pytest.raises(ValueError, match=r"near = 2"):
        NoteRule(near=2.0)
    with pytest.raises(ValueError, match=r"few = 600"):
        NoteRule(few=600)
