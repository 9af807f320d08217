"""Figures of luck and of the divergence epoch hold the numbers of the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.diagnostics import Luck
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.epochs._transfer import Transfer
from xrdlib.diagnostics.epochs.divergence import divergence
from xrdlib.diagnostics.epochs.wobble import Wobble
from xrdlib.plots import plot_luck, plot_traces

NOWHERE = float("nan")


@pytest.fixture
def luck() -> Luck:
    ways = (
        Transfer("noise", "other counting noise", "experiment", 5, 2.0, 1.8, Interval(90, 80, 100)),
        Transfer("neighbours", "20 nearest test samples", "experiment", 20, 2.0, 0.2, Interval(10, NOWHERE, NOWHERE)),
        Transfer("neighbours", "20 nearest test samples", "test samples", 200, 2.0, 0.4, Interval(20, 15, 25)),
        Transfer("curve", "its own curve", "experiment", 1, 0.0, 0.0, Interval(NOWHERE, NOWHERE, NOWHERE)),
    )
    drawn = np.random.default_rng(0).gamma(4, 0.5, 500)
    return Luck("lab", "lab", "% of range", ways, Wobble(2.0, drawn), np.array([False, True]))


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_luck(luck: Luck, width: float) -> None:
    figure = plot_luck(luck, width=width)
    left, right = figure.axes
    marks = {line.get_label(): line for line in left.lines}
    assert sorted(marks["experiment"].get_xdata()) == [10, 90]  # none without regret
    assert list(marks["test samples"].get_xdata()) == [20]
    assert [label.get_text() for label in left.get_yticklabels()] == [
        "other\ncounting noise",
        "20 nearest\ntest samples",
        "its own curve",
    ]
    assert sum(bar.get_height() for bar in right.patches) == pytest.approx(100)
    assert right.lines[0].get_xdata()[0] == 2.0
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["worse than final", "experiment", "test samples", "regret seen", "regret of noise alone"]


def test_what_is_not_defined_is_left_out(luck: Luck) -> None:
    figure = plot_luck(replace(luck, transfers=(), wobble=Wobble(0.0, np.empty(0))))
    left, right = figure.axes
    assert not left.get_yticklabels()
    assert not [bar for bar in right.patches if bar.get_height()]


def test_far_below_final_is_drawn_at_the_edge(luck: Luck) -> None:
    far = replace(luck.transfers[0], share=Interval(-900, -2000, -500))
    left = plot_luck(replace(luck, transfers=(far,))).axes[0]
    marks = {line.get_label(): line for line in left.lines}
    assert left.get_xlim()[0] <= marks["experiment"].get_xdata()[0] < 0


def test_curve_errors_have_their_own_unit(luck: Luck) -> None:
    right = plot_luck(replace(luck, unit="in RMSE")).axes[1]
    assert right.get_xlabel() == "Regret (RMSE of log₁₀ intensity)"


def test_traces_with_a_divergence_epoch(make_diagnosis) -> None:
    d = make_diagnosis()
    epochs = np.arange(1, 41)
    error = 10 + 0.5 * np.abs(epochs - 20.0)
    loss = np.linspace(0.2, 0.1, 40)
    found = divergence(epochs, error, loss, error[None])
    tracking = replace(d.tracking, epochs=epochs, error=error, val_loss=loss, divergence=found)
    names = ("epochs", "predictions", "val_loss", "errors", "curve_rmse", "curve_mae", "curves")
    long = {
        name: np.resize(getattr(d.checkpoints, name), (40, *getattr(d.checkpoints, name).shape[1:])) for name in names
    }
    checkpoints = replace(d.checkpoints, **{**long, "epochs": epochs}, final=40)
    figure = plot_traces(tracking, checkpoints)
    assert "divergence (epoch 20)" in [text.get_text() for text in figure.legends[0].get_texts()]
    lines = [line for line in figure.axes[1].lines if np.shape(line.get_ydata()) == (40,)]
    np.testing.assert_allclose(lines[-1].get_ydata(), error, atol=1e-9)
