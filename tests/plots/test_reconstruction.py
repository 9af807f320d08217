"""Figures of reconstruction and comparison hold the numbers of the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.diagnostics import Comparison, Reconstruction, Target, checkpoints, compare_checkpoints, reconstruction
from xrdlib.plots import plot_comparison, plot_examples, plot_reconstruction
from xrdlib.simulation import PARAMETERS, strain_profile
from xrdlib.training import reference_study


@pytest.fixture(scope="module")
def results() -> tuple[Reconstruction, Comparison]:
    study = reference_study("lab")
    found = checkpoints(study, Target.of(study.config.experiments[0], study))
    reconstructed = reconstruction(study, found=found, n=100)
    return reconstructed, compare_checkpoints(study, found=found, reconstruction=reconstructed)


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_scatter_and_coefficients(results, width: float) -> None:
    r, _ = results
    figure = plot_reconstruction(r, width=width)
    scatter, forest = figure.axes
    lines = {line.get_label(): line for line in scatter.lines}
    cloud = lines["100 grid samples"]
    np.testing.assert_array_equal(cloud.get_xdata(), r.errors.parameter[0])
    np.testing.assert_array_equal(cloud.get_ydata(), r.errors.curve_mae[0])
    assert lines["experiment"].get_xdata()[0] == r.experiment.parameter[0]
    assert lines["experiment"].get_ydata()[0] == r.experiment.curve_mae[0]
    for example in r.examples:
        assert lines[example.label].get_ydata()[0] == example.errors.curve_mae
    points = [line.get_xdata()[0] for line in forest.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(points, [r.correlation("spearman", error=p).value for p in PARAMETERS])
    assert [t.get_text().split()[0] for t in forest.get_yticklabels()] == list(PARAMETERS)
    assert legend(figure)[0] == "100 grid samples"
    assert legend(figure)[-1] == "experiment"


def test_no_experiment_no_star(results) -> None:
    r, _ = results
    assert "experiment" not in legend(plot_reconstruction(replace(r, experiment=None)))


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_examples(results, width: float) -> None:
    r, _ = results
    figure = plot_examples(r, width=width)
    profiles = [ax for ax in figure.axes if ax.get_title()]
    curves = [ax for ax in figure.axes if ax.get_yscale() == "log"]
    assert len(profiles) == len(curves) == 4
    for example, profile, curve in zip(r.examples, profiles, curves, strict=True):
        assert profile.get_title().startswith(example.label)
        true, predicted = curve.lines
        np.testing.assert_array_equal(true.get_ydata(), example.true_curve)
        np.testing.assert_array_equal(predicted.get_ydata(), example.predicted_curve)
        np.testing.assert_allclose(profile.lines[0].get_ydata(), 1e3 * strain_profile(example.true).strain)
        assert profile.get_ylim()[1] > max(line.get_ydata().max() for line in profile.lines)
    assert legend(figure) == ["truth", f"prediction (epoch {r.epochs[0]})"]


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_differences_and_shares(results, width: float) -> None:
    _, c = results
    figure = plot_comparison(c, width=width)
    differences, shares = figure.axes
    rows = [text.get_text() for text in differences.get_yticklabels()]
    assert rows[:4] == ["validation loss", "parameter MAE", "curve MAE", "profile MAE"]
    markers = [line for line in differences.lines if line.get_marker() in "s^"]
    expected = [
        100 * (c.measure(name).values[k] / c.measure(name).values[0] - 1)
        for k in (1, 2)
        for name in [m.name for m in c.measures if m.name != "loss_gap"]
    ]
    np.testing.assert_allclose([line.get_xdata()[0] for line in markers], expected)
    widths = [bar.get_width() for bar in shares.patches]
    first = c.steps[0].shares["grid"]
    wanted = [-first.worse.value, -first.clearly_worse.value, first.better.value, first.clearly_better.value]
    np.testing.assert_allclose(widths[:4], wanted)
    assert len(widths) == 4 * 2 * len(c.steps)
    assert "the note's 95 and 5 %" in legend(figure)


def test_one_epoch_has_nothing_to_compare(results) -> None:
    _, c = results
    with pytest.raises(ValueError, match="of 1 epochs, 2 to 5 expected"):
        plot_comparison(replace(c, named={"final": 76}))


def test_nothing_is_drawn_outside_of_a_column(results) -> None:
    r, c = results
    for figure in (plot_reconstruction(r, width=8.6), plot_examples(r, width=8.6), plot_comparison(c, width=8.6)):
        figure.draw_without_rendering()
        box, whole = figure.get_tightbbox(), figure.get_size_inches()
        assert box.x0 > -0.02
        assert box.y0 > -0.02
        assert box.x1 < whole[0] + 0.02
        assert box.y1 < whole[1] + 0.02
