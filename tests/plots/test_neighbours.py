"""The figure of nearest neighbours holds the numbers of the look-up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.diagnostics import Neighbours, neighbour_baseline
from xrdlib.plots import plot_neighbours
from xrdlib.simulation import PARAMETERS, Scan


@pytest.fixture(scope="module")
def known() -> Neighbours:
    return neighbour_baseline(reference_study("lab"), LAB, k=3, n_curves=200, n_test=20)


@pytest.fixture(scope="module")
def unknown() -> Neighbours:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    return neighbour_baseline(reference_study("lab"), curve, k=3, n_curves=200, n_test=0)


def by_label(ax) -> dict[str, np.ndarray]:
    return {line.get_label(): line for line in ax.lines}


@pytest.mark.parametrize("width", [8.6, 17.0])
@pytest.mark.parametrize("space", ["curve", "parameters"])
def test_holds_the_answers(known: Neighbours, width: float, space: str) -> None:
    curves, strips, errors = plot_neighbours(known, space=space, width=width).axes
    answer, final = known.answers[space, False], known.found.row(known.found.final)
    lines = by_label(curves)
    np.testing.assert_array_equal(
        lines["mean of the nearest curves"].get_ydata(), answer.curves["mean of intensities"][2]
    )
    np.testing.assert_array_equal(
        lines["curve of their mean parameters"].get_ydata(), answer.curves["curve of mean parameters"][2]
    )
    network = lines[f"network, final (epoch {known.found.final})"]
    np.testing.assert_array_equal(network.get_ydata(), known.found.curves[final])
    points = by_label(strips)
    np.testing.assert_allclose(points["their mean"].get_xdata(), 100 * SPACE.normalise(answer.parameters[2]))
    np.testing.assert_allclose(points["true"].get_xdata(), 100 * SPACE.normalise(LAB.parameters.to_array()))
    nearest = np.asarray(points["nearest samples"].get_xdata()).reshape(3, 7)
    np.testing.assert_allclose(nearest, 100 * SPACE.normalise(known.lookups[space].parameters[:3]))
    assert [text.get_text() for text in strips.get_yticklabels()] == list(PARAMETERS)
    of_k = by_label(errors)
    np.testing.assert_array_equal(of_k["by curve"].get_ydata(), known.test.error_of_k["plain"])
    np.testing.assert_array_equal(of_k["by parameters"].get_ydata(), known.test.error_of_k["parameters"])
    assert of_k["network"].get_ydata()[0] == known.test.network.mean()


def test_a_curve_without_truth_or_test_samples(unknown: Neighbours) -> None:
    figure = plot_neighbours(unknown, space="curve as trained")
    curves, strips, errors = figure.axes
    assert "measured curve" in by_label(curves)
    assert "true" not in by_label(strips)
    assert errors.get_ylabel() == "Curve RMSE\n(log₁₀ intensity)"
    np.testing.assert_array_equal(
        by_label(errors)["mean of the nearest curves"].get_ydata(),
        unknown.answers["curve as trained", False].misfits["mean of intensities"].rmse,
    )


def test_zero_counts_can_be_drawn(unknown: Neighbours) -> None:
    intensity = np.where(unknown.target.intensity < 1e-5, 0.0, unknown.target.intensity)
    plot_neighbours(replace(unknown, target=replace(unknown.target, intensity=intensity))).draw_without_rendering()


def test_a_look_up_that_was_not_made_is_refused(known: Neighbours) -> None:
    with pytest.raises(ValueError, match=r"space = 'curve as trained': one of curve, parameters expected"):
        plot_neighbours(known, space="curve as trained")
