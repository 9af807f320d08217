"""Planes of weights: geometry with known answers, and the shipped study on one of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.diagnostics import LossPlane, Target, loss_plane
from xrdlib.diagnostics.runs._weights import path_of, plane_through, principal_plane, share_of_random_walk
from xrdlib.metrics import parameter_error
from xrdlib.simulation import Scan
from xrdlib.training import Study, StudyError, reference_study
from xrdlib.training.inputs import validation_curves

SMALL = {"n_points": 5, "n_validation": 40, "k": 10}


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def plane(study: Study) -> LossPlane:
    return loss_plane(study, LAB, **SMALL)


@pytest.fixture(scope="module")
def through(study: Study) -> LossPlane:
    return loss_plane(study, LAB, through=(76, 50, 1), **SMALL)


class TestGeometry:
    def test_a_path_in_a_plane_is_held_completely(self):
        rng = np.random.default_rng(0)
        path = rng.normal(size=300) + rng.normal(size=(9, 2)) @ rng.normal(size=(2, 300))
        plane, share = principal_plane(path, path[-1])
        assert share == pytest.approx(1)
        np.testing.assert_allclose(plane.weights(plane.place(path)), path)
        np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
        np.testing.assert_allclose(plane.height(path), 0, atol=1e-9)

    def test_height_is_what_the_plane_misses(self):
        path = np.zeros((4, 5))
        path[0, 0], path[1, 1], path[2, 2] = 5.0, 4.0, 1.0
        plane, share = principal_plane(path, path[-1])
        assert share == pytest.approx((25 + 16) / 42)
        np.testing.assert_allclose(plane.height(path), [0, 0, 1, 0], atol=1e-12)

    def test_three_points_lie_in_their_plane(self):
        points = np.random.default_rng(0).normal(size=(3, 50))
        plane = plane_through(*points)
        np.testing.assert_allclose(plane.weights(plane.place(points)), points)
        assert plane.place(points[1])[1] == pytest.approx(0, abs=1e-12)

    def test_no_plane(self):
        one, two = np.zeros(4), np.ones(4)
        with pytest.raises(StudyError, match=r"lie on a line"):
            plane_through(one, two, 3 * two)
        with pytest.raises(StudyError, match=r"first two networks of the plane are the same"):
            plane_through(one, one, two)
        with pytest.raises(StudyError, match=r"lies on a line"):
            principal_plane(np.outer(np.arange(4.0), np.ones(6)), np.zeros(6))

    def test_random_walk_of_many_dimensions(self):
        """As one walks: in 20 000 dimensions steps are all but orthogonal."""
        rng = np.random.default_rng(0)
        steps = rng.normal(size=(20, 20_000)) * np.linspace(2, 0.5, 20)[:, None]
        path = np.cumsum(steps, axis=0)
        assert share_of_random_walk(path) == pytest.approx(principal_plane(path, path[-1])[1], abs=0.005)


class TestOnTheShippedStudy:
    def test_checkpoints_have_their_own_losses(self, study, plane):
        inputs, targets = validation_curves(study.config, 40)
        own = parameter_error(study.experiment_predictions("lab"), LAB.parameters.to_array(), SPACE.range).mean(axis=1)
        np.testing.assert_allclose(plane.path_error, own[plane.epochs - 1], atol=0.01)  # stored rounded
        for epoch in (1, 40):
            with torch.inference_mode():
                loss = (study.network(epoch)(inputs) - targets).abs().mean().item()
            assert plane.path_val_loss[plane.row(epoch)] == pytest.approx(loss, rel=1e-5)

    def test_final_is_the_origin(self, study, plane):
        f = plane.row(study.final)
        assert plane.final == study.final
        np.testing.assert_allclose(plane.path[f], 0, atol=1e-12)
        assert plane.shadow_error[f] == pytest.approx(plane.path_error[f], rel=1e-6)
        assert plane.shadow_val_loss[f] == pytest.approx(plane.path_val_loss[f], rel=1e-6)

    def test_networks_that_define_the_plane_are_drawn_truly(self, through):
        for epoch in (76, 50, 1):
            i = through.row(epoch)
            assert through.height[i] == pytest.approx(0, abs=1e-6)
            assert through.shadow_error[i] == pytest.approx(through.path_error[i], rel=1e-4)
        assert through.height[through.row(24)] > 1
        assert through.walk is None

    def test_the_path_is_within_the_plane_s_edges(self, plane):
        for axis, values in ((plane.x, plane.path[:, 0]), (plane.y, plane.path[:, 1])):
            assert axis[0] < values.min() < values.max() < axis[-1]
        assert plane.val_loss.shape == plane.error.shape == (5, 5)
        assert plane.neighbour_errors.shape == (5, 5, 10)

    def test_points_of_the_plane_are_where_they_say(self, study, plane):
        """Row 1, column 3: the network with these weights."""
        path = path_of(study, plane.epochs.tolist())
        laid, _ = principal_plane(path, path[plane.row(plane.final)])
        network = study.network(1)
        vector = laid.weights(np.array([plane.x[3], plane.y[1]]))
        torch.nn.utils.vector_to_parameters(torch.from_numpy(vector.astype(np.float32)), network.parameters())
        inputs, targets = validation_curves(study.config, 40)
        with torch.inference_mode():
            loss = (network(inputs) - targets).abs().mean().item()
        assert plane.val_loss[1, 3] == pytest.approx(loss, rel=1e-5)

    def test_a_plane_through_another_study_of_the_same_network(self, study, plane):
        """Here a study whose final epoch is 1: the plane is that through epoch 1."""
        history = study.history.assign(val_loss=study.history["val_loss"].to_numpy()[::-1].cumsum())
        other = replace(study, history=history)
        assert other.final == 1
        found = loss_plane(study, LAB, through=(76, 50, other), **SMALL)
        assert found.through == "epoch 76, epoch 50 and the final epoch of lab"
        assert found.height[found.row(1)] == pytest.approx(0, abs=1e-6)

    def test_frames_table_and_dict(self, plane):
        assert len(plane.frame) == 25
        assert len(plane.path_frame) == plane.epochs.size
        assert max(map(len, plane.table.to_string().splitlines())) <= 80
        json.dumps(plane.to_dict(), allow_nan=False)

    def test_a_curve_without_truth_has_a_curve_error(self, study):
        angle = Scan().angle[:500]
        curve = MeasuredCurve(angle, LAB.curve(Scan())[:500], {})
        found = loss_plane(study, Target.from_curve(curve, "curve"), **SMALL)
        assert found.measure == "curve RMSE"
        assert "RMSE of log10 intensity" in " ".join(found.sentences)
        json.dumps(found.to_dict(), allow_nan=False)


def _valley(plane: LossPlane, x: float, y: float) -> np.ndarray:
    return np.hypot(*np.meshgrid(plane.x - x, plane.y - y))


class TestSentences:
    """Surfaces laid by hand over the shipped path."""

    def _with(self, plane: LossPlane, **changes: object) -> str:
        """Sentences; networks where epochs are drawn are bad unless given."""
        bad = np.full(plane.epochs.size, 99.0)
        shadows = {"shadow_val_loss": bad, "shadow_error": bad, "shadow_neighbours": bad[:, None] * np.ones(10)}
        return " ".join(replace(plane, **{**shadows, **changes}).sentences)  # type: ignore[arg-type]

    def test_where_the_path_settles(self, plane):
        x, y = plane.x[2], plane.y[2]
        near = plane.path.copy()
        near[plane.row(plane.final)] = x, y
        loss = _valley(plane, x, y)
        assert "the path settles where the validation loss is lowest" in self._with(plane, path=near, val_loss=loss)
        far = _valley(plane, plane.x[1], plane.y[3])
        near[plane.row(plane.final)] = plane.x[3], plane.y[1]
        assert "the path does not end where" in self._with(plane, path=near, val_loss=far)
        edge = _valley(plane, plane.x[0], y)
        text = self._with(plane, val_loss=edge)
        assert "no minimum, for that is at the edge of what was computed" in text
        assert "the path settles" not in text

    def test_the_final_epoch_is_one_of_the_places(self, plane):
        """The points of the plane are 0.01 worse than the final epoch, which is its origin: nothing is lower there."""
        f = plane.row(plane.final)
        loss = plane.path_val_loss[f] + 0.01 + 0 * plane.val_loss
        shadow = np.full(plane.epochs.size, 0.5)
        shadow[f] = plane.path_val_loss[f]
        low = replace(plane, val_loss=loss, shadow_val_loss=shadow).lowest("val_loss")
        assert (low.value, low.epoch, low.at_edge) == (pytest.approx(plane.path_val_loss[f]), plane.final, False)
        np.testing.assert_allclose([low.x, low.y], 0, atol=1e-12)
        text = self._with(plane, val_loss=loss, shadow_val_loss=shadow)
        assert "of 25 points of the plane and 24 places of stored epochs on it" in text
        assert "is that of the final epoch itself: the path settles where" in text
        # another epoch's place
        shadow[plane.row(24)] = 0.01
        assert "0.0100, is where epoch 24 is drawn" in self._with(plane, val_loss=loss, shadow_val_loss=shadow)

    def test_nothing_said_to_be_lowest_is_above_what_is_said_beside_it(self, plane, through):
        for found in (plane, through):
            for what, beside in (("val_loss", found.path_val_loss), ("neighbours", found.final_neighbours.mean())):
                at_final = beside if np.ndim(beside) == 0 else beside[found.row(found.final)]
                assert found.lowest(what).value <= at_final * (1 + 1e-6)
            assert found.lowest("error").value == min(found.error.min(), found.shadow_error.min())

    def test_an_edge_is_no_minimum(self, plane):
        text = self._with(plane, error=5 + _valley(plane, plane.x[-1], plane.y[2]))
        assert "at the edge of what was computed: no minimum" in text
        assert "At that edge the mean error of the 10 nearest" in text
        text = self._with(plane, error=5 + _valley(plane, plane.x[2], plane.y[2]))
        assert "no minimum, it may" not in text
        assert "There the mean error of the 10 nearest" in text

    def test_the_neighbours_where_an_epoch_is_drawn(self, plane):
        """The error is lowest there, so that its neighbours are those of that network."""
        i = plane.row(24)
        error, near = np.full(plane.epochs.size, 99.0), np.full((plane.epochs.size, 10), 99.0)
        error[i], near[i] = 0.5, plane.final_neighbours - 2
        found = replace(plane, shadow_error=error, shadow_neighbours=near)
        assert found.lowest("error").epoch == 24
        assert found.neighbour_change() == pytest.approx((-2, -2, -2))

    def test_whether_the_path_passes_by(self, plane):
        i = plane.row(24)
        error = 5 + _valley(plane, *plane.path[i])
        at = replace(plane, error=error).lowest("error")
        path = plane.path.copy()
        path[i] = at.x, at.y
        low, high = np.zeros(plane.epochs.size), np.full(plane.epochs.size, 2 * plane.step)
        assert "the path passes by (epoch 24 is nearest, 0.00 away)" in self._with(
            plane, error=error, path=path, height=low
        )
        # drawn there, but far above the plane
        assert "the path does not pass near" in self._with(plane, error=error, path=path, height=high)

    @pytest.mark.parametrize(
        ("drawn", "verdict"),
        [
            (8.0, "the plane shows what makes it better than final"),
            (9.0, "only a part of what makes it better than final lies in the plane"),
            (11.0, "what makes it better than final lies outside the plane"),
        ],
    )
    def test_whether_the_plane_shows_the_best_epoch(self, plane, drawn, verdict):
        path_error = np.full(plane.epochs.size, 10.0)
        path_error[plane.row(plane.best)] = 8.0
        shadow = np.full(plane.epochs.size, drawn)
        assert plane.best != plane.final
        assert verdict in self._with(plane, path_error=path_error, shadow_error=shadow)

    @pytest.mark.parametrize(
        ("change", "verdict"),
        [
            (-1.0, "is good for its region"),
            (1.0, "is bad for its region"),
            (0.0, "no change of its region that can be told from none"),
        ],
    )
    def test_neighbours(self, plane, change, verdict):
        noise = np.tile([0.1, -0.1], 5)
        errors = np.broadcast_to(plane.final_neighbours + change + noise, plane.neighbour_errors.shape)
        assert verdict in self._with(plane, neighbour_errors=errors)


class TestBadInput:
    @pytest.mark.parametrize(
        ("changes", "text"),
        [
            ({"n_points": 2}, r"n_points = 2: at least 3 expected"),
            ({"first": 77}, r"weights of 1 epochs from 77 on; a plane needs three"),
            ({"k": 1}, r"k = 1: 2 to 2000 expected"),
            ({"n_validation": 1001}, r"n = 1001: 1 to 1000 expected"),
            ({"through": (76, 50)}, r"through: 2 networks given, three expected"),
            ({"through": (76, 76, 50)}, r"the first two networks of the plane are the same"),
            ({"through": (76, 50, 2)}, r"no weights of epoch 2"),
            ({"through": (76, 50, reference_study("measured"))}, r"another standardisation of its input"),
        ],
    )
    def test_is_named(self, study, changes, text):
        with pytest.raises(StudyError, match=text):
            loss_plane(study, LAB, **{**SMALL, **changes})
