"""Figures of ensembles hold the numbers of the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.diagnostics import Nuisances, Target
from xrdlib.plots import plot_ensemble, plot_growth, plot_seeds_or_epochs, plot_spread
from xrdlib.remedies import (
    Ensemble,
    Growth,
    SeedsOrEpochs,
    Spread,
    ensemble,
    every,
    growth,
    seeds_or_epochs,
    spread,
)
from xrdlib.simulation import PARAMETERS, Scan
from xrdlib.training import Study, reference_replicas, reference_study

WIDTHS = [8.6, 17.0]


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def found(study: Study) -> Ensemble:
    return ensemble(study, LAB, every(study, 8), score_tests=False)


@pytest.fixture(scope="module")
def grown(study: Study) -> Growth:
    return growth(study, LAB)


@pytest.fixture(scope="module")
def seeds() -> SeedsOrEpochs:
    return seeds_or_epochs(reference_replicas("lab"))


@pytest.fixture(scope="module")
def wide(study: Study) -> Spread:
    return spread(study)


@pytest.mark.parametrize("width", WIDTHS)
def test_curve_band_and_parameters(found: Ensemble, width: float) -> None:
    figure = plot_ensemble(found, width=width)
    left, right = figure.axes
    lines = {line.get_label(): line for line in left.lines}
    np.testing.assert_array_equal(lines["ensemble"].get_ydata(), found.curve)
    band = left.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(found.curves.max())
    marks = {line.get_label(): line for line in right.lines}
    np.testing.assert_allclose(marks["true"].get_xdata(), 100 * SPACE.normalise(LAB.parameters))
    np.testing.assert_allclose(marks["ensemble ± SD"].get_xdata(), found.fractions[1])
    assert [label.get_text() for label in right.get_yticklabels()] == list(PARAMETERS)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["observed", "ensemble", "members", "ensemble ± SD", "final", "true"]


def test_without_the_truth(study: Study) -> None:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    target = replace(Target.from_curve(curve, "curve"), nuisances=Nuisances())
    figure = plot_ensemble(ensemble(study, target, [4, 8], score_tests=False))
    assert "true" not in [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("width", WIDTHS)
def test_growth(grown: Growth, width: float) -> None:
    figure = plot_growth(grown, width=width)
    assert [ax.get_title() for ax in figure.axes] == ["lab", "grid test samples", "uniform test samples"]
    for ax, where in zip(figure.axes, grown.places, strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        line = lines["lowest validation losses first"]
        np.testing.assert_array_equal(line.get_ydata(), grown.line("loss", where)["error"])
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 81))
        assert lines[f"final (epoch {grown.final})"].get_ydata()[0] == grown.at_final[where]
    assert not figure.axes[0].collections  # one curve has no interval
    assert figure.axes[1].collections


@pytest.mark.parametrize("width", WIDTHS)
def test_seeds_or_epochs(seeds: SeedsOrEpochs, width: float) -> None:
    figure = plot_seeds_or_epochs(seeds, width=width)
    grid = figure.axes[1]
    line = next(line for line in grid.lines if line.get_label() == "several trainings")
    expected = [seeds.find("seeds", "grid", m).error for m in range(1, 7)]
    np.testing.assert_allclose(line.get_ydata(), expected)
    assert len(figure.legends[0].get_texts()) == 3


@pytest.mark.parametrize("width", WIDTHS)
def test_spread(wide: Spread, width: float) -> None:
    figure = plot_spread(wide, width=width)
    assert [ax.get_title() for ax in figure.axes] == ["2000 grid test samples", "2000 uniform test samples"]
    for ax, score in zip(figure.axes, wide.scores, strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        assert set(lines) == {*PARAMETERS, "all", "as it should be"}
        rows = wide.reliability
        here = rows[(rows["test_set"] == score.test_set) & (rows["parameter"] == "L2")]
        np.testing.assert_array_equal(lines["L2"].get_ydata(), here["measured"])
