"""The figure of the choice of a checkpoint holds the numbers of the result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.diagnostics._intervals import UNDEFINED, Interval
from xrdlib.plots import plot_selection
from xrdlib.remedies import Selection
from xrdlib.remedies.selecting._selection_gains import Scores

RULES = ("parameters", "curve", "neighbours", "weighted")
MEASURES = ("parameters", "profile", "curve")


@pytest.fixture
def result() -> Selection:
    gains = {
        rule: {m: Interval(i + k, i + k - 0.5, i + k + 0.5) for k, m in enumerate(MEASURES)}
        for i, rule in enumerate(RULES)
    }
    seemed = {rule: dict.fromkeys(MEASURES, 9.0) for rule in RULES}
    recovered = {rule: dict.fromkeys(MEASURES, UNDEFINED) for rule in RULES}
    scores = Scores(
        key="noise",
        short="noise",
        on="other counting noise (drawn)",
        n=5,
        n_epochs=40,
        paired=True,
        at_final=dict.fromkeys(MEASURES, 3.0),
        picks=dict.fromkeys(("final", *RULES), (7,) * 5),
        seemed=seemed,
        gains=gains,
        recovered=recovered,
    )
    epochs = np.arange(1, 41)
    return Selection(
        study="lab",
        target="mine",
        known=True,
        noisy=True,
        centre="truth",
        k=20,
        temperature=0.1,
        effective=30.0,
        test_sets={"neighbours": "uniform", "weighted": "grid"},
        epochs=epochs,
        guess=25.0,
        trace=50.0 - epochs,
        looked_at={},
        picks={"final": 40, "parameters": 12, "curve": 30, "neighbours": 30, "weighted": 31},
        scores=(scores,),
        average={},
        left_out={"neighbours": 20, "weighted": 373},
        samples=(),
    )


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_picks_and_gains(result: Selection, width: float) -> None:
    figure = plot_selection(result, width=width)
    trace, *panels = figure.axes
    marks = {line.get_label(): line for line in trace.lines}
    assert list(marks["true parameters (epoch 12)"].get_xdata()) == [12]
    assert list(marks["true parameters (epoch 12)"].get_ydata()) == [38]
    assert len(panels) == 3
    for k, panel in enumerate(panels):
        points = [line for line in panel.lines if len(line.get_xdata()) == 1 and line.get_markerfacecolor() != "none"]
        assert [line.get_xdata()[0] for line in points] == [k, k + 1, k + 2, k + 3]
        ends = [c.get_segments()[0][:, 0] for c in panel.collections]
        np.testing.assert_allclose(ends[0], [k - 0.5, k + 0.5])
    names = [text.get_text() for text in panels[0].get_yticklabels()]
    assert names == ["true parameters", "own curve", "neighbours", "weighted loss"]
    below = [text.get_text() for text in figure.legends[1].get_texts()]
    assert below == ["other counting noise", "where it was picked"]


def test_rules_that_agree_are_all_seen(result: Selection) -> None:
    trace = plot_selection(result).axes[0]
    sizes = {line.get_label(): line.get_markersize() for line in trace.lines}
    assert sizes["neighbours, told the truth (epoch 30)"] < sizes["own curve (epoch 30)"]


def test_a_measured_curve_has_one_panel_of_gains(result: Selection) -> None:
    (noise,) = result.scores
    only = {rule: {"curve": Interval(0.1, np.nan, np.nan)} for rule in RULES[1:]}
    halves = replace(noise, at_final={"curve": 0.2}, gains=only, seemed={r: {"curve": 0.1} for r in RULES[1:]})
    figure = plot_selection(replace(result, known=False, scores=(halves,)))
    trace, panel = figure.axes
    assert trace.get_ylabel() == "Curve RMSE\n(log₁₀ intensity)"
    assert not panel.collections  # no interval
    assert len(panel.get_yticklabels()) == 3


def test_nothing_to_score_leaves_the_trace(result: Selection) -> None:
    figure = plot_selection(replace(result, scores=()))
    assert len(figure.axes) == 1
    assert len(figure.legends) == 1
