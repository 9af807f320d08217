"""The figure of the measurement gap holds the numbers of the result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB, MeasuredCurve
from xrdlib.diagnostics import Gap, measurement_gap
from xrdlib.plots import plot_gap
from xrdlib.simulation import Scan


@pytest.fixture(scope="module")
def gap() -> Gap:
    """Of a curve that ends early, for noise-free training."""
    curve = MeasuredCurve(Scan().angle[:300], LAB.curve(Scan())[:300], {"file": "a$b.txt"})
    return measurement_gap(reference_study("lab"), curve, n_library=200, n_held_out=400)


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_holds_the_result(gap: Gap, width: float) -> None:
    figure = plot_gap(gap, width=width)
    curves, places, differences = figure.axes if width > 12 else [figure.axes[i] for i in (0, 2, 1)]
    lines = {line.get_label(): line for line in curves.lines}
    np.testing.assert_allclose(lines[r"a\$b.txt"].get_ydata(), 10 ** gap.curve[: gap.n_covered])
    np.testing.assert_allclose(lines["nearest training curves"].get_ydata(), 10 ** gap.nearest[0])
    assert len(lines["filled for it"].get_xdata()) == gap.angle.size - gap.n_covered
    np.testing.assert_array_equal(differences.lines[0].get_ydata(), gap.z)
    marks = {line.get_label(): line for line in places.lines}
    np.testing.assert_array_equal(marks["property outside"].get_xdata(), gap.percentiles[gap.outside_properties])
    texts = [label.get_text() for label in places.get_yticklabels()]
    assert texts[-1].replace("\n", ": ") == f"end of the scan: {gap.angle[gap.n_covered - 1]:.0f} arcsec"
    figure.draw_without_rendering()


def test_a_whole_curve_that_is_like_the_others(gap: Gap) -> None:
    usual = replace(gap, n_covered=gap.angle.size, values=np.median(gap.held_values, axis=0), z=np.zeros(gap.z.size))
    labels = [text.get_text() for text in plot_gap(usual).legends[0].get_texts()]
    assert "filled for it" not in labels
    assert "property outside" not in labels
