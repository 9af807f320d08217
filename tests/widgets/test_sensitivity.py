"""The perturbation slider shows what `perturb` says, wherever it starts."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB, LAB_EXPERIMENT, SPACE, MeasuredCurve, ParameterError
from xrdlib.diagnostics import Target, checkpoints
from xrdlib.simulation import Scan, strain_profile
from xrdlib.widgets import sensitivity_explorer


def test_starts_with_the_lab_s_experiment() -> None:
    explorer = sensitivity_explorer()
    np.testing.assert_array_equal(explorer.start, LAB_EXPERIMENT.to_array())
    assert explorer.name.value == "Rp2"
    assert "Rp2 from -50 A to -115 A (1 % of range)" in explorer.readout.value
    assert "sigma" in explorer.readout.value


def test_the_slider_moves_profile_curve_and_difference() -> None:
    explorer = sensitivity_explorer()
    before = explorer.image.value
    explorer.name.value = "Dmax1"
    explorer.step.value = 2.0
    assert explorer.image.value != before
    now = explorer.perturbation
    assert now.after[0] == pytest.approx(LAB_EXPERIMENT.Dmax1 + 0.02 * 0.03)
    profile = strain_profile(now.after)
    np.testing.assert_array_equal(explorer._profile.get_xdata(), profile.depth)
    np.testing.assert_array_equal(explorer._profile.get_ydata(), 1e3 * profile.strain)
    np.testing.assert_array_equal(explorer._curve.get_ydata(), now.curve_after)
    np.testing.assert_array_equal(explorer._difference.get_ydata(), now.difference)
    low, high = explorer._bottom.get_ylim()
    assert low < now.difference.min()
    assert now.difference.max() < high


@pytest.mark.parametrize("name", ["step", "counts", "background"])
def test_starts_on_a_slider_s_step(name: str) -> None:
    """A browser moves a slider that is not on one as soon as it shows it."""
    slider = getattr(sensitivity_explorer(), name)
    value = np.log10(slider.value) if hasattr(slider, "base") else slider.value
    steps = (value - slider.min) / slider.step
    assert steps == pytest.approx(round(steps), abs=1e-9)


def test_a_share_of_the_value() -> None:
    explorer = sensitivity_explorer()
    explorer.of.value = "value"
    explorer.step.value = -4.0
    assert "Rp2 from -50 A to -48 A" in explorer.readout.value
    assert "cannot be told" in explorer.readout.value
    explorer.counts.value = 1e8
    assert "is plainly told" in explorer.readout.value


def test_going_back_shows_the_same() -> None:
    explorer = sensitivity_explorer()
    start = explorer.image.value, explorer.readout.value
    explorer.step.value = 0.0
    assert "nothing changes" in explorer.readout.value
    explorer.step.value = -1.0
    assert (explorer.image.value, explorer.readout.value) == start


def test_what_cannot_be_simulated_is_said_and_the_picture_stays() -> None:
    explorer = sensitivity_explorer()
    before = explorer.image.value
    explorer.step.value = 1.0  # Rp2 below the surface
    assert "Cannot be simulated" in explorer.readout.value
    assert explorer.image.value == before
    explorer.name.value = "D02"
    assert "Cannot be simulated" not in explorer.readout.value


def test_broken_constraints_are_named() -> None:
    point = LAB_EXPERIMENT.to_array()
    point[1] = point[0]
    explorer = sensitivity_explorer(None, point)
    explorer.name.value = "D01"
    explorer.step.value = 1.0
    assert "Outside the parameter space" in explorer.readout.value


def test_a_curve_without_known_parameters_starts_at_the_chosen_prediction() -> None:
    study = reference_study("lab")
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    explorer = sensitivity_explorer(study, curve)
    found = checkpoints(study, Target.from_curve(curve, "curve"))
    expected = np.clip(found.predictions[found.row(found.chosen)], SPACE.minimum, SPACE.maximum)
    np.testing.assert_array_equal(explorer.start, expected)
    known = sensitivity_explorer(study, LAB)
    np.testing.assert_array_equal(known.start, LAB_EXPERIMENT.to_array())


def test_bad_starts_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"L1 = 9000 A is above its maximum"):
        sensitivity_explorer(None, LAB_EXPERIMENT.to_array() + np.eye(7)[2] * 3800)
    with pytest.raises(ValueError, match=r"an experiment or a curve needs a Study"):
        sensitivity_explorer(None, LAB)
