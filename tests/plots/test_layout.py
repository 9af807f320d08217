"""The checker of layouts: it is silent on good figures, and names what is wrong with bad ones."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from xrdlib.plots.layout import layout_problems
from xrdlib.plots.style import new_figure


@pytest.fixture
def figure() -> Figure:
    """A good one: ticks, labels, a legend, a title."""
    figure = new_figure(8.6, 6.0)
    ax = figure.add_subplot()
    ax.plot([0, 1, 2], [1, 10, 100], label="a line")
    ax.set(xlabel="Angle (arcsec)", ylabel="Intensity (arb. units)", title="Good", yscale="log")
    ax.legend(loc="upper left")
    return figure


def test_a_good_figure_has_none(figure: Figure) -> None:
    assert layout_problems(figure) == []


def test_outside_the_figure(figure: Figure) -> None:
    figure.text(0.98, 0.5, "too far right")
    (found,) = layout_problems(figure)
    assert found.startswith("'too far right': ")
    assert found.endswith(" mm outside the figure")


def test_overlap_of_two_texts(figure: Figure) -> None:
    ax = figure.axes[0]
    ax.annotate("one", (1, 10))
    ax.annotate("another", (1.02, 10))
    assert layout_problems(figure) == ["'another' and 'one': overlap"]


def test_labels_too_close_on_an_axis(figure: Figure) -> None:
    figure.axes[0].set_xticks(np.arange(6) / 10, [f"parameter {i}" for i in range(6)])
    found = layout_problems(figure)
    assert "'parameter 1' and 'parameter 0': overlap" in found
    assert len(found) >= 5


def test_a_slanted_text_counts_as_its_slanted_box(figure: Figure) -> None:
    figure.axes[0].set_xticks(np.arange(6) * 0.4, [f"parameter {i}" for i in range(6)])
    labels = figure.axes[0].get_xticklabels()
    for label in labels:
        label.set(rotation=45, ha="right", rotation_mode="anchor")
    assert layout_problems(figure) == []  # the boxes along the page overlap
    for label in labels:
        label.set(rotation=5)
    assert layout_problems(figure)
    assert labels[0].get_rotation() == 5


def test_cut_off_by_the_axes(figure: Figure) -> None:
    figure.axes[0].text(1.9, 10, "a long text", clip_on=True)
    assert layout_problems(figure) == ["'a long text': cut off by its axes"]


def test_too_small(figure: Figure) -> None:
    figure.axes[0].set_title("Good", fontsize=4)
    assert layout_problems(figure) == ["'Good': 4.0 pt, below 6"]
    assert layout_problems(figure, smallest=4) == []


def test_a_legend_that_hides_a_text(figure: Figure) -> None:
    ax = figure.axes[0]
    ax.text(0.1, 0.9, ".", transform=ax.transAxes, va="top")  # beside the words of the legend, on its line's sample
    assert layout_problems(figure) == ["'.': over a legend"]


def test_what_is_not_drawn_does_not_count(figure: Figure) -> None:
    ax = figure.axes[0]
    ax.set_xlim(0.4, 1.6)
    ax.annotate("of a point out of view", (5, 10))
    ax.text(0.5, 0.5, "Good", transform=ax.transAxes, visible=False)
    hidden = figure.add_axes((0.2, 0.2, 0.5, 0.5))
    hidden.set_visible(False)
    bare = figure.add_axes((0.2, 0.2, 0.5, 0.5))
    bare.axis("off")
    assert layout_problems(figure) == []


def test_insets_and_second_axes_count(figure: Figure) -> None:
    figure.axes[0].inset_axes((0.6, 0.4, 0.3, 0.3)).set_title("of the inset")
    assert layout_problems(figure) == []
    figure.axes[0].text(0.75, 0.72, "of the panel", transform=figure.axes[0].transAxes, ha="center")
    assert layout_problems(figure) == ["'of the inset' and 'of the panel': overlap"]
