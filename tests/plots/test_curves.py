"""Profiles and curves: the numbers drawn are the numbers given, in the units on the axes."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from xrdlib.data import LAB_EXPERIMENT
from xrdlib.plots import plot_curve, plot_profile, plot_profile_and_curve
from xrdlib.simulation import Instrument, Scan, simulate, strain_profile

OTHER = [0.01, 0.004, 4000, 2000, 0.005, 2000, -1000]
SCAN = Scan(-80.0, 10.0, 120)


def test_profile_with_its_parts() -> None:
    profile = strain_profile(LAB_EXPERIMENT)
    figure = plot_profile(profile)
    assert isinstance(figure, Figure)
    ax = figure.axes[0]
    lines = {line.get_label(): line for line in ax.lines}
    for label, values in (
        ("strain", profile.strain),
        ("asymmetric part", profile.asymmetric),
        ("decaying part", profile.decaying),
    ):
        np.testing.assert_array_equal(lines[label].get_xdata(), profile.depth)
        np.testing.assert_allclose(lines[label].get_ydata(), 1e3 * values)
    assert lines["strain"].get_linestyle() == "-"
    assert "-" not in (lines["asymmetric part"].get_linestyle(), lines["decaying part"].get_linestyle())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Depth (Å)", "Strain (10⁻³)")


def test_profiles_by_label() -> None:
    profiles = {"one": strain_profile(LAB_EXPERIMENT), "two": strain_profile(OTHER)}
    ax = plot_profile(profiles).axes[0]  # type: ignore[union-attr]
    assert [line.get_label() for line in ax.lines] == ["one", "two"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 1e3 * profiles["two"].strain)
    assert len({to_hex(line.get_color()) for line in ax.lines}) == 2


def test_empty_profile_is_drawn() -> None:
    profile = strain_profile([5e-5, 5e-5, 5000, 3000, 5e-5, 3000, -50])
    assert profile.depth.size == 0
    figure = plot_profile(profile)
    figure.savefig("/dev/null", format="png")  # type: ignore[union-attr]


def test_curves_and_observed_dots() -> None:
    curve = simulate(LAB_EXPERIMENT, scan=SCAN)
    counts = np.where(curve < 1e-5, 0.0, curve)
    ax = plot_curve(SCAN.angle, {"observed": counts, "model": curve}).axes[0]  # type: ignore[union-attr]
    dots, line = ax.lines
    assert (dots.get_linestyle(), dots.get_marker(), line.get_linestyle()) == ("None", ".", "-")
    np.testing.assert_array_equal(dots.get_ydata(), counts)
    np.testing.assert_array_equal(line.get_ydata(), curve)
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Δθ (arcsec)", "Intensity (arb. units)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["observed", "model"]


def test_powers_of_ten_are_labelled() -> None:
    ax = plot_curve(SCAN.angle, {"model": simulate(LAB_EXPERIMENT, scan=SCAN)}).axes[0]  # type: ignore[union-attr]
    formatter = ax.yaxis.get_major_formatter()
    assert [formatter(v, 0) for v in (1e-12, 1e-3, 1.0, 1e10)] == ["10⁻¹²", "10⁻³", "10⁰", "10¹⁰"]


def test_curve_of_another_length_is_named() -> None:
    with pytest.raises(ValueError, match="'model' has shape"):
        plot_curve(SCAN.angle, {"model": np.ones(7)})


def test_given_axes_are_drawn_in_and_returned() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot_profile(strain_profile(LAB_EXPERIMENT), left) is left
    assert plot_curve(SCAN.angle, {"a": simulate(LAB_EXPERIMENT, scan=SCAN)}, ax=right) is right
    assert len(left.lines) == 3
    assert len(right.lines) == 1


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_profile_and_curve(width: float) -> None:
    instrument = Instrument(40.0, 0.2)
    figure = plot_profile_and_curve(
        LAB_EXPERIMENT, compare={"kept": OTHER}, instrument=instrument, scan=SCAN, disorder=0.9, width=width
    )
    left, right = figure.axes
    assert figure.get_figwidth() == pytest.approx(width / 2.54)
    for line, parameters in zip(left.lines, (LAB_EXPERIMENT, OTHER), strict=True):
        np.testing.assert_allclose(line.get_ydata(), 1e3 * strain_profile(parameters).strain)
    for line, parameters in zip(right.lines, (LAB_EXPERIMENT, OTHER), strict=True):
        expected = simulate(parameters, scan=SCAN, instrument=instrument, disorder=0.9)
        np.testing.assert_array_equal(line.get_ydata(), expected)
    assert [line.get_linestyle() for line in right.lines] == ["-", "--"]
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["these parameters", "kept"]


def test_reflectivity_is_called_so() -> None:
    figure = plot_profile_and_curve(LAB_EXPERIMENT, instrument=None, scan=SCAN)
    assert figure.axes[1].get_ylabel() == "Reflectivity"
