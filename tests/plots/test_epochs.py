"""Figures of checkpoints and traces hold the numbers of the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from xrdlib.data import LAB_EXPERIMENT, SPACE
from xrdlib.plots import (
    plot_checkpoints,
    plot_losses,
    plot_parameter_errors,
    plot_regret,
    plot_traces,
    plot_two_studies,
)
from xrdlib.plots.named import named_epochs
from xrdlib.simulation import PARAMETERS, strain_profile


def by_label(ax) -> dict[str, np.ndarray]:
    return {line.get_label(): np.asarray(line.get_ydata(), dtype=float) for line in ax.lines}


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_identical_epochs_share_one_label(make_diagnosis) -> None:
    c = make_diagnosis().checkpoints
    assert [n.label for n in named_epochs(c)] == ["final (epoch 5)", "ideal (epoch 3)", "chosen (epoch 2)"]
    same = replace(c, curve_rmse=np.array([0.5, 0.4, 0.1, 0.2, 0.4]))
    assert [n.label for n in named_epochs(same)] == ["final (epoch 5)", "ideal, chosen (epoch 3)"]
    one = replace(same, final=3)
    assert [n.label for n in named_epochs(one)] == ["final, ideal, chosen (epoch 3)"]


def test_traces(make_diagnosis) -> None:
    d = make_diagnosis()
    figure = plot_traces(d.tracking, d.checkpoints)
    top, bottom = figure.axes
    np.testing.assert_array_equal(top.lines[0].get_xdata(), d.tracking.epochs)
    np.testing.assert_array_equal(top.lines[0].get_ydata(), d.tracking.val_loss)
    np.testing.assert_array_equal(bottom.lines[0].get_ydata(), d.tracking.error)
    assert bottom.get_ylabel() == "Parameter error\n(% of range)"
    marks = by_label(bottom)
    for named in named_epochs(d.checkpoints):
        assert marks[named.label] == d.tracking.error[d.checkpoints.row(named.epoch)]
    assert legend(figure) == ["final (epoch 5)", "ideal (epoch 3)", "chosen (epoch 2)"]


def test_traces_without_a_truth(make_diagnosis) -> None:
    d = make_diagnosis(known=False)
    figure = plot_traces(d.tracking, d.checkpoints)
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), d.checkpoints.curve_rmse)
    assert figure.axes[1].get_ylabel() == "Curve RMSE\n(log₁₀ intensity)"
    assert legend(figure) == ["final (epoch 5)", "chosen (epoch 2)"]


def test_regret_stands_among_those_of_the_test_samples(make_diagnosis) -> None:
    tracking = make_diagnosis().tracking
    (ax,) = plot_regret(tracking).axes
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100)
    assert ax.lines[0].get_xdata()[0] == tracking.regret
    with pytest.raises(ValueError, match="unknown"):
        plot_regret(make_diagnosis(known=False).tracking)


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_checkpoints(make_diagnosis, width: float) -> None:
    d = make_diagnosis()
    c = d.checkpoints
    figure = plot_checkpoints(d, width=width)
    panels = {ax.get_ylabel(): by_label(ax) for ax in figure.axes}
    curve, profile = panels["Intensity (arb. units)"], panels["Strain (10⁻³)"]
    residual = panels["log₁₀ (model\n/ observed)"]
    np.testing.assert_array_equal(curve["experiment"], np.where(d.target.intensity > 0, d.target.intensity, np.nan))
    for named in named_epochs(c):
        i = c.row(named.epoch)
        np.testing.assert_array_equal(curve[named.label], c.curves[i])
        with np.errstate(divide="ignore"):
            expected = np.log10(c.curves[i]) - np.log10(d.target.intensity)
        expected[d.target.intensity == 0] = np.nan
        np.testing.assert_allclose(residual[named.label], expected, atol=1e-12)
        inside = np.clip(c.predictions[i], SPACE.minimum, SPACE.maximum)
        np.testing.assert_allclose(profile[named.label], 1e3 * strain_profile(inside).strain)
    np.testing.assert_allclose(profile["true"], 1e3 * strain_profile(LAB_EXPERIMENT).strain)
    assert legend(figure) == ["experiment", "final (epoch 5)", "ideal (epoch 3)", "chosen (epoch 2)", "true"]


def test_checkpoints_of_a_measured_curve_have_no_truth(make_diagnosis) -> None:
    figure = plot_checkpoints(make_diagnosis(known=False))
    assert legend(figure) == ["measured curve", "final (epoch 5)", "chosen (epoch 2)"]


def test_predictions_outside_are_drawn_at_the_edge(make_diagnosis) -> None:
    d = make_diagnosis()
    first = replace(d, checkpoints=replace(d.checkpoints, final=1))
    assert first.checkpoints.predictions[0, 1] < SPACE.minimum[1]
    plot_checkpoints(first).draw_without_rendering()


def test_parameter_errors(make_diagnosis) -> None:
    c = make_diagnosis().checkpoints
    ax = plot_parameter_errors(c).axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()] == list(PARAMETERS)
    for line in ax.lines:
        epoch = next(n.epoch for n in named_epochs(c) if n.label == line.get_label())
        np.testing.assert_array_equal(line.get_xdata(), c.errors[c.row(epoch)])
        np.testing.assert_array_equal(np.round(line.get_ydata()), range(7))


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_predictions_as_fractions_of_range(make_diagnosis, width: float) -> None:
    c = make_diagnosis(known=False).checkpoints
    axes = {ax.get_title(): ax for ax in plot_parameter_errors(c, width=width).axes if ax.get_title()}
    assert list(axes) == list(PARAMETERS)
    for name, values in zip(PARAMETERS, SPACE.normalise(c.predictions).T, strict=True):
        np.testing.assert_allclose(axes[name].lines[0].get_ydata(), 100 * values)
        low, high = axes[name].get_ylim()
        assert low < min(0, 100 * values.min()) < max(100, 100 * values.max()) < high


def test_losses(make_diagnosis) -> None:
    history = make_diagnosis().study.history
    lines = by_label(plot_losses(history).axes[0])  # type: ignore[union-attr]
    np.testing.assert_array_equal(lines["training"], history["train_loss"])
    np.testing.assert_array_equal(lines["validation"], history["val_loss"])
    assert lines["final (epoch 5)"] == 0.09


def test_losses_of_no_epoch() -> None:
    with pytest.raises(ValueError, match="no epoch"):
        plot_losses(pd.DataFrame({"epoch": [], "train_loss": [], "val_loss": []}))


def test_two_studies(make_diagnosis) -> None:
    several = [make_diagnosis("a", name, known=False) for name in ("measured", "lab")]
    figure = plot_two_studies(several, expert=LAB_EXPERIMENT)
    c = several[0].checkpoints
    panels = {ax.get_ylabel(): ax for ax in figure.axes}
    for label, values in (
        ("Curve RMSE\n(log₁₀ intensity)", c.curve_rmse),
        ("Dmax1 (10⁻³)", 1e3 * c.predictions[:, 0]),
        ("L1 (Å)", c.predictions[:, 2]),
        ("Rp1 (Å)", c.predictions[:, 3]),
    ):
        np.testing.assert_allclose(by_label(panels[label])["study measured"], values)
    assert 5200.0 in [line.get_ydata()[0] for line in panels["L1 (Å)"].lines]
    assert legend(figure) == ["study measured", "study lab", "final", "chosen", "expert"]


def test_two_studies_needs_some(make_diagnosis) -> None:
    with pytest.raises(ValueError, match="0 given"):
        plot_two_studies([])


def test_a_single_epoch_is_drawn(make_diagnosis) -> None:
    d = make_diagnosis(known=False)
    c, one = d.checkpoints, slice(4, 5)
    only = replace(
        c,
        epochs=c.epochs[one],
        predictions=c.predictions[one],
        val_loss=c.val_loss[one],
        curve_rmse=c.curve_rmse[one],
        curves=c.curves[one],
    )
    short = replace(
        d,
        checkpoints=only,
        tracking=replace(d.tracking, epochs=c.epochs[one], val_loss=c.val_loss[one], error=c.curve_rmse[one]),
    )
    for figure in (
        plot_traces(short.tracking, only),
        plot_checkpoints(short),
        plot_parameter_errors(only),
        plot_two_studies([short]),
        plot_losses(d.study.history[:1]),
    ):
        figure.draw_without_rendering()  # type: ignore[union-attr]
