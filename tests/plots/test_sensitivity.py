"""Figures of sensitivity and identifiability hold the numbers of the results."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT, DatasetConfig
from xrdlib.diagnostics import Chi2Profile, Identifiability, Limits, Sensitivity, identifiability, sensitivity
from xrdlib.plots import plot_chi2_profile, plot_identifiability, plot_sensitivity
from xrdlib.simulation import PARAMETERS

POINT = LAB_EXPERIMENT.to_array()
CONFIG = DatasetConfig(scan_step=10.0, scan_points=120)


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    return sensitivity(CONFIG, POINT, n=4)


@pytest.fixture(scope="module")
def limited() -> Identifiability:
    rng = np.random.default_rng(0)
    bound = rng.uniform(1, 9, size=(30, 7))
    limits = Limits("lab", "grid", 9, np.tile(POINT, (30, 1)), 2 * bound, bound, np.full(7, 27.0), False, 6e4, 2e-3)
    one = identifiability(CONFIG, POINT, prediction=POINT * 1.1)
    return Identifiability(**{**vars(one), "limits": limits})


def panels(figure) -> tuple:
    """Curve, heat map and changes, whatever their arrangement."""
    by_label = {ax.get_xlabel(): ax for ax in figure.axes}
    return figure.axes[0], by_label["Δθ (arcsec)"], by_label["RMSE of log₁₀ intensity"]


@pytest.mark.parametrize("width", [8.6, 17.0])
@pytest.mark.parametrize("mean", [False, True])
def test_sensitivity(found: Sensitivity, width: float, mean: bool) -> None:
    figure = plot_sensitivity(found, mean=mean, width=width)
    figure.draw_without_rendering()
    curve, heat, bars = panels(figure)
    np.testing.assert_array_equal(curve.lines[0].get_ydata(), found.curve)
    assert curve.get_xlim() == heat.get_xlim()
    drawn = np.asarray(heat.collections[0].get_array()).reshape(7, -1)
    expected = 0.01 * (found.mean_slope if mean else np.abs(found.slope))
    np.testing.assert_allclose(drawn, np.maximum(expected, drawn.min()))
    assert drawn.min() >= expected.max() * 10**-3.51
    points = {line.get_label(): line.get_xdata() for line in bars.lines}
    np.testing.assert_array_equal(points["1 % of range"], found.rmse["range"])
    np.testing.assert_array_equal(points["1 % of value"], found.rmse["value"])
    np.testing.assert_array_equal(points["1 % of range, mean of samples"], found.mean["range"])
    assert [t.get_text() for t in bars.get_yticklabels()][-1] == "Rp2 (HIGH)"


def test_a_parameter_at_zero_is_drawn() -> None:
    """Rp2 = 0: no share of it changes anything, and a logarithmic axis has no zero."""
    at_zero = POINT.copy()
    at_zero[6] = 0
    figure = plot_sensitivity(sensitivity(CONFIG, at_zero, n=2))
    figure.draw_without_rendering()
    bars = panels(figure)[2]
    assert min(line.get_xdata()[6] for line in bars.lines) == bars.get_xlim()[0]


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_identifiability(limited: Identifiability, width: float) -> None:
    figure = plot_identifiability(limited, width=width)
    figure.draw_without_rendering()
    left, right = figure.axes[:2]
    points = {line.get_label(): np.asarray(line.get_xdata()) for line in left.lines}
    np.testing.assert_array_equal(points["bound, here"], limited.bound)
    np.testing.assert_array_equal(points["error at final, here"], np.maximum(limited.error, 1e-3))
    np.testing.assert_array_equal(points["bound, RMS of test samples"], limited.limits.best)
    np.testing.assert_array_equal(points["error at final, RMS of test samples"], limited.limits.rmse)
    assert points["uniform prior"][0] == pytest.approx(28.87, abs=0.01)
    np.testing.assert_array_equal(right.images[0].get_array(), limited.combinations.weights)
    assert [t.get_text() for t in right.get_xticklabels()] == list(PARAMETERS)
    assert len(right.get_yticklabels()) == 7


def test_without_network_only_the_bound_is_drawn() -> None:
    figure = plot_identifiability(identifiability(CONFIG, POINT))
    assert [line.get_label() for line in figure.axes[0].lines] == ["bound, here", "uniform prior"]


@pytest.mark.parametrize(("name", "factor", "label"), [("Rp2", 1.0, "Rp2 (Å)"), ("D01", 1e3, "D01 (10⁻³)")])
def test_profile(name: str, factor: float, label: str) -> None:
    values = np.array([3.0, 1.0, 2.0])
    figure = plot_chi2_profile(Chi2Profile(name, POINT, values, values**2, np.ones(3, dtype=int), 4, 6e4, 2e-3))
    figure.draw_without_rendering()
    ax = figure.axes[0]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), factor * np.sort(values))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.sort(values))
    assert ax.get_xlabel() == label
