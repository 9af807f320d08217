"""The figure of the table of remedies."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex

from xrdlib.plots import plot_remedies
from xrdlib.plots.style import COLOURS, PAGE
from xrdlib.remedies import RemedySummary


@pytest.fixture(scope="module")
def summary() -> RemedySummary:
    return RemedySummary.open()


def test_a_panel_for_each_place_and_a_dot_for_each_remedy(summary: RemedySummary) -> None:
    figure = plot_remedies(summary, width=PAGE)
    remedies = [k for k in summary.keys if not k.startswith("answer")]
    assert len(figure.axes) == len(summary.places)
    for ax, place in zip(figure.axes, summary.places, strict=True):
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in dots] == [summary.changes[k, place].difference.value for k in remedies]
        filled = [line.get_markerfacecolor() != "white" for line in dots]
        assert filled == [summary.changes[k, place].clear for k in remedies]
        told = [to_hex(line.get_color()) == COLOURS["vermillion"].lower() for line in dots]
        assert told == [summary.told(k, place) for k in remedies]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == remedies
