"""Figures of compared studies hold the numbers of the result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB, MeasuredCurve
from xrdlib.diagnostics import Studies, compare_studies
from xrdlib.plots import plot_studies
from xrdlib.simulation import PARAMETERS, Scan, simulate
from xrdlib.training import reference_study


@pytest.fixture(scope="module")
def found() -> Studies:
    scan = Scan(-80.0, 5.0, 400)
    curve = MeasuredCurve(scan.angle, simulate(LAB.parameters, scan=scan), {"file": "a $ and a very long name.txt"})
    lab, measured = reference_study("lab"), reference_study("measured")
    noisy = [e for e in lab.config.experiments if e.name.startswith("lab_measured")]
    return compare_studies([lab, measured, lab], ["lab", *noisy, curve])


def _points(ax, marker: str) -> list[float]:
    drawn = [line for line in ax.lines if line.get_marker() == marker and len(line.get_xdata()) == 1]
    return [float(line.get_xdata()[0]) for line in drawn]


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_studies(found: Studies, width: float) -> None:
    figure = plot_studies(found, width=width)
    experiments, curves, sets = figure.axes
    expected = [found.target(name).differences["final"][k].value for name in ("lab", "lab_measured") for k in (1, 2)]
    assert _points(experiments, "D") == pytest.approx(expected)
    assert [label.get_text() for label in experiments.get_yticklabels()] == ["lab", "lab_measured (5)"]
    assert _points(curves, "D") == pytest.approx([d.value for d in found.targets[2].differences["curve_rmse"][1:]])
    assert [label.get_text() for label in curves.get_yticklabels()] == [r"a \$ and a very …"]
    for name, marker in (("grid", "s"), ("uniform", "o")):
        scores = [found.test_set(name, k) for k in (1, 2)]
        values = [d.value for s in scores for d in (s.difference, *s.by_parameter)]
        assert _points(sets, marker) == pytest.approx(values)
        bars = [tuple(line.get_xdata()) for line in sets.lines if line.get_marker() == "None"]
        assert {(d.low, d.high) for s in scores for d in s.by_parameter} <= set(bars)
    assert [label.get_text() for label in sets.get_yticklabels()] == ["mean of seven", *PARAMETERS]
    # grey bands as wide as two seeds are apart
    ends = sorted(float(np.abs(band.get_paths()[0].vertices[:, 0]).max()) for band in experiments.collections[:2])
    assert ends == pytest.approx(sorted(found.scatter[name].limit for name in ("lab", "lab_measured")))
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["measured", "lab (2)", "two seeds of lab, 95 %"]


def test_a_single_curve_has_an_open_mark_and_no_interval(found: Studies) -> None:
    experiments = plot_studies(found).axes[0]
    marks = [line for line in experiments.lines if line.get_marker() == "D" and len(line.get_xdata()) == 1]
    faces = {float(line.get_ydata()[0]): line.get_markerfacecolor() for line in marks}
    rows = sorted(faces)
    assert [faces[y] == "white" for y in rows] == [True, True, False, False]


def test_parts_that_are_missing_leave_no_empty_frames(found: Studies) -> None:
    only_sets = plot_studies(replace(found, targets=()))
    assert [ax.get_title() for ax in only_sets.axes] == ["Test sets, at final"]
    no_sets = plot_studies(replace(found, sets=()))
    assert [ax.get_title() for ax in no_sets.axes] == ["Experiments, at final", "Measured curves, at final"]
    with pytest.raises(ValueError, match=r"nothing can be drawn"):
        plot_studies(replace(found, targets=(), sets=()))
    with pytest.raises(ValueError, match=r"studies: 6, at most 5 can be drawn"):
        plot_studies(replace(found, names=tuple("abcdef")))


def test_seeds_are_no_yardstick_for_what_shares_their_chance(found: Studies) -> None:
    shared = replace(found, shared_chance=(False, True, True))
    figure = plot_studies(shared)
    assert not any(ax.collections for ax in figure.axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["measured", "lab (2)"]
