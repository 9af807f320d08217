"""The figure of bins holds the numbers of the result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB_EXPERIMENT
from xrdlib.diagnostics import ParameterBins, parameter_bins
from xrdlib.plots import COLUMN, PAGE, plot_parameter_bins
from xrdlib.simulation import PARAMETERS


@pytest.fixture(scope="module")
def bins() -> ParameterBins:
    return parameter_bins(reference_study("lab"), LAB_EXPERIMENT, other_epoch=10)


def drawn(ax) -> dict[str, np.ndarray]:
    return {line.get_label(): np.asarray(line.get_ydata()) for line in ax.lines if line.get_marker() == "o"}


@pytest.mark.parametrize("width", [COLUMN, PAGE])
def test_ratios_above_changes(bins: ParameterBins, width: float) -> None:
    figure = plot_parameter_bins(bins, width=width)
    figure.draw_without_rendering()
    at = np.arange(7), bins.here
    others = np.ones((7, 3), dtype=bool)
    others[at] = False
    for ax, values, label in zip(figure.axes, (bins.ratio, bins.change), ("Error in", "Change of"), strict=True):
        points = drawn(ax)
        np.testing.assert_array_equal(points["bin of the experiment"], values[at][:, 0])
        np.testing.assert_array_equal(points["bins of test samples"], values[others][:, 0])
        spans = [np.asarray(line.get_ydata()).reshape(-1, 3) for line in ax.lines if len(line.get_ydata()) in (21, 42)]
        ends = np.concatenate([s for s in spans if s.shape[1] == 3 and np.isnan(s[:, 2]).all()])
        np.testing.assert_array_equal(np.sort(ends[:, 0]), np.sort(values[..., 1].ravel()))
        np.testing.assert_array_equal(np.sort(ends[:, 1]), np.sort(values[..., 2].ravel()))
        assert ax.get_ylabel().startswith(label)
    assert [t.get_text() for t in figure.axes[-1].get_xticklabels()] == list(PARAMETERS)
    assert "10 to 76" in figure.axes[1].get_ylabel()


def test_without_experiment_or_second_epoch() -> None:
    bins = parameter_bins(reference_study("lab"), bins=6)
    (ax,) = plot_parameter_bins(bins).axes
    assert list(drawn(ax)) == ["bins of test samples"]
    assert "6, lowest first" in ax.get_xlabel()


def test_a_prediction_is_called_one_and_empty_bins_stay_empty(bins: ParameterBins) -> None:
    ratio = bins.ratio.copy()
    ratio[2, 1] = np.nan
    figure = plot_parameter_bins(replace(bins, predicted=True, ratio=ratio))
    figure.draw_without_rendering()
    assert "bin of the prediction" in drawn(figure.axes[0])
    assert np.isfinite(figure.axes[0].get_ylim()).all()
