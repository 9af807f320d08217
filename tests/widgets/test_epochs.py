"""The slider over epochs shows what the diagnosis holds, for a virtual experiment and for a curve from a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib import Target, diagnose, reference_study
from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.diagnostics import Diagnosis
from xrdlib.simulation import Scan, strain_profile
from xrdlib.widgets import epoch_explorer


@pytest.fixture(scope="module")
def known() -> Diagnosis:
    return diagnose(Target.from_experiment(LAB), reference_study("lab"), sections=())


@pytest.fixture(scope="module")
def unknown() -> Diagnosis:
    """As of a curve from a file: fewer epochs, and no truth."""
    angle = Scan().angle
    curve = MeasuredCurve(angle, LAB.curve(Scan()), {})
    return diagnose(Target.from_curve(curve, "curve <A>"), reference_study("lab"), sections=())


def test_starts_at_the_final_epoch(known: Diagnosis) -> None:
    explorer = epoch_explorer(known)
    assert explorer.epoch.value == known.checkpoints.final
    assert list(explorer.epoch.options) == known.checkpoints.epochs.tolist()
    assert f"Epoch {known.checkpoints.final} (final" in explorer.readout.value


def test_an_epoch_moves_both_pictures_and_the_readout(known: Diagnosis) -> None:
    explorer = epoch_explorer(known)
    for epoch in (1, 8):
        before = [picture.value for picture in explorer.pictures]
        explorer.epoch.value = epoch
        assert all(picture.value != old for picture, old in zip(explorer.pictures, before, strict=True))
        i = known.checkpoints.row(epoch)
        assert f"Epoch {epoch}" in explorer.readout.value
        assert f"validation loss {known.checkpoints.val_loss[i]:.4f}" in explorer.readout.value
        assert explorer.table.loc["error (% of range)", "L1"] == f"{known.checkpoints.errors[i, 2]:.1f}"
        assert explorer.table.loc["true", "L1"] == "5200 A"


def test_curve_and_profile_are_those_of_the_epoch(known: Diagnosis) -> None:
    explorer = epoch_explorer(known)
    explorer.epoch.value = 8
    i = known.checkpoints.row(8)
    curve, profile = explorer.image._moving
    np.testing.assert_array_equal(curve.get_ydata(), known.checkpoints.curves[i])
    predicted = strain_profile(np.clip(known.checkpoints.predictions[i], SPACE.minimum, SPACE.maximum))
    np.testing.assert_allclose(profile.get_ydata(), 1e3 * predicted.strain)
    truth = next(line for line in profile.axes.lines if line.get_label() == "true")
    np.testing.assert_allclose(truth.get_ydata(), 1e3 * strain_profile(LAB.parameters).strain)
    assert all(line.get_xdata()[0] == 8 for line in explorer.pictures[1]._moving)


def test_going_back_shows_the_same(known: Diagnosis) -> None:
    explorer = epoch_explorer(known)
    start = explorer.image.value, explorer.pictures[1].value, explorer.readout.value
    explorer.epoch.value = 1
    explorer.buttons["final"].click()
    assert (explorer.image.value, explorer.pictures[1].value, explorer.readout.value) == start


@pytest.mark.parametrize("name", ["final", "ideal", "chosen"])
def test_buttons_go_to_the_named_epochs(known: Diagnosis, name: str) -> None:
    explorer = epoch_explorer(known)
    explorer.epoch.value = 1
    explorer.buttons[name].click()
    assert explorer.epoch.value == known.checkpoints.named[name]
    assert name in explorer.readout.value


def test_a_curve_without_known_parameters(unknown: Diagnosis) -> None:
    explorer = epoch_explorer(unknown)
    assert set(explorer.buttons) == {"final", "chosen"}
    assert list(explorer.table.index) == ["predicted"]
    assert "mean error" not in explorer.readout.value
    assert [line.get_label() for line in explorer.image._moving[1].axes.lines] == ["predicted"]
    before = explorer.image.value
    explorer.epoch.value = explorer.epoch.options[0]
    assert explorer.image.value != before


def test_zero_counts_can_be_drawn(unknown: Diagnosis) -> None:
    intensity = np.where(unknown.target.intensity < 1e-5, 0.0, unknown.target.intensity)
    diagnosis = replace(unknown, target=replace(unknown.target, intensity=intensity))
    assert epoch_explorer(diagnosis).image.value
