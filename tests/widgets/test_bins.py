"""The explorer of bins shows what the diagnostic holds, for a virtual experiment and for a curve from a file."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB, LAB_EXPERIMENT, SPACE, MeasuredCurve
from xrdlib.diagnostics import parameter_bins
from xrdlib.simulation import PARAMETERS, Scan
from xrdlib.training import Study
from xrdlib.widgets import BinsExplorer, bins_explorer


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture
def explorer(study: Study) -> BinsExplorer:
    return bins_explorer(study, LAB)


def test_starts_at_the_final_epoch_with_three_bins(explorer: BinsExplorer, study: Study) -> None:
    assert (explorer.epoch.value, explorer.epoch.max, explorer.bins.value) == (study.final, study.n_epochs, 3)
    assert f"Dmax1 at epoch {study.final}: 2000 grid test samples err by" in explorer.readout.value
    assert "The experiment is in bin LOW (1 to 11 e-3)" in explorer.readout.value
    np.testing.assert_array_equal(explorer._points.get_ydata(), explorer._final.get_ydata())


@pytest.mark.parametrize("name", ["L1", "Rp2"])
def test_every_control_moves_the_picture_and_the_readout(explorer: BinsExplorer, study: Study, name: str) -> None:
    expected = parameter_bins(study, LAB_EXPERIMENT, epoch=3, bins=5)
    for control, value in ((explorer.parameter, name), (explorer.bins, 5), (explorer.epoch, 3)):
        before = explorer.image.value, explorer.readout.value
        control.value = value
        assert explorer.image.value != before[0]
        assert explorer.readout.value != before[1]
    i = PARAMETERS.index(name)
    np.testing.assert_allclose(explorer._points.get_xdata(), [10, 30, 50, 70, 90])
    np.testing.assert_allclose(explorer._points.get_ydata(), expected.ratio[i, :, 0])
    np.testing.assert_allclose(explorer._here.get_ydata(), [expected.ratio[i, expected.here[i], 0]])
    ends = np.asarray(explorer._spans.get_ydata()).reshape(5, 3)
    np.testing.assert_allclose(ends[:, :2], expected.ratio[i, :, 1:])
    assert np.isnan(ends[:, 2]).all()
    at_final = parameter_bins(study, bins=5).ratio[i, :, 0]
    np.testing.assert_allclose(explorer._final.get_ydata(), at_final)
    assert explorer._title.get_text() == f"{name}, epoch 3"
    assert all(html_free in explorer.readout.value for html_free in (f"{name} at epoch 3", "of 5 bins"))


def test_going_back_shows_the_same(explorer: BinsExplorer) -> None:
    start = explorer.image.value, explorer.readout.value
    explorer.bins.value = 9
    explorer.parameter.value = "L2"
    explorer.bins.value = 3
    explorer.parameter.value = "Dmax1"
    assert (explorer.image.value, explorer.readout.value) == start


def test_ratios_above_the_axis_stand_at_its_top(study: Study) -> None:
    explorer = bins_explorer(reference_study("measured"), LAB)
    explorer.parameter.value = "D01"
    explorer.bins.value = 6
    shown, true = np.asarray(explorer._points.get_ydata()), explorer.result.ratio[1, :, 0]
    np.testing.assert_array_equal(shown, np.minimum(true, 0.99 * 3))
    assert explorer.image.value


def test_a_curve_without_known_parameters(study: Study) -> None:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {"file": "a.txt"})
    explorer = bins_explorer(study, curve)
    assert explorer.target.name == "a.txt"
    assert "The prediction is in bin" in explorer.readout.value
    assert explorer.result.predicted
    assert np.all((explorer.result.point >= SPACE.minimum) & (explorer.result.point <= SPACE.maximum))
    assert explorer._here.get_label() == "bin of the prediction"
