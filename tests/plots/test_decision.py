"""The drawn tree: every place and its words, and the way taken marked on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from xrdlib.diagnostics import Decision, decide
from xrdlib.plots import COLUMN, PAGE, plot_decision
from xrdlib.plots.style import COLOURS

OPEN: dict[str, bool | None] = {"known": True, "sparse": False, "special": False}
CLOSED = OPEN | {"critical": True, "several": False, "publication": True}


@pytest.fixture
def decision(make_diagnosis: Callable[..., Any]) -> Decision:
    d = make_diagnosis()
    return decide(d.study, d.target, d.checkpoints, tracking=d.tracking, coverage=d.coverage)


def _texts(figure: Any) -> dict[str, Any]:
    return {text.get_text(): text for text in figure.axes[0].texts}


@pytest.mark.parametrize("borderline", [False, True])
@pytest.mark.parametrize("width", [COLUMN, PAGE])
def test_every_place_is_there_and_nothing_is_cut(decision: Decision, width: float, borderline: bool) -> None:
    shorts = {"sparse": "denser around 100 % (limit 97.5 %)", "special": "rank 100 % (limit 97.5 %); p 0.051"}
    long = {q: replace(decision.answers[q], short=short, borderline=True) for q, short in shorts.items()}
    if borderline:
        decision = replace(decision, answers=decision.answers | long)
    figure = plot_decision(decision if borderline else decision.what_if(**OPEN), width=width)
    (ax,) = figure.axes
    shown = [text.get_text() for text in ax.texts]
    assert all(shown.count(place.text) >= 1 for place in decision.places)
    assert decision.answers["sparse"].short + (", borderline" if borderline else "") in shown
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page = figure.bbox
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in ax.texts if text.get_text()]
    legend = figure.legends[0].get_window_extent(canvas.get_renderer())
    for box in [*boxes, legend]:
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert not any(box.overlaps(legend) for box in boxes)


def test_the_way_taken_is_marked(decision: Decision) -> None:
    shown = decision.what_if(**CLOSED)
    figure = plot_decision(shown)
    colours = {state: COLOURS[c] for state, c in (("taken", "vermillion"), ("open", "blue"), ("left", "light"))}
    lines = {line.get_color(): np.asarray(line.get_xydata()) for line in figure.axes[0].lines[:3]}
    # as many polylines as places below the root in each state, a gap after each
    for state, colour in colours.items():
        n = sum(shown.state(place) == state for place in shown.places if place.ways)
        points = lines[colour]
        assert np.isfinite(points).all(axis=1).sum() == 3 * n
    taken = [text.get_text() for text in figure.axes[0].texts if text.get_fontweight() == "bold"]
    assert taken == [f"yes: {shown.recommendations[0].leaf.label}"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["taken", "not taken"]


def test_open_ways_have_their_own_look(decision: Decision) -> None:
    shown = decision.what_if(**OPEN)
    figure = plot_decision(shown, width=COLUMN)
    bold = [artist for artist in figure.axes[0].texts if artist.get_fontweight() == "bold"]
    assert len(bold) == len(shown.recommendations)
    assert {artist.get_color() for artist in bold} == {COLOURS["blue"]}
    assert "depends on an open answer" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_wide_figure_names_the_remedies(decision: Decision) -> None:
    assert "ensemble_seeds" in _texts(plot_decision(decision, width=PAGE))
    assert "ensemble_seeds" not in _texts(plot_decision(decision, width=COLUMN))
