"""Picked members and weights move the prediction, the curve and the band, for an experiment and a measured curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB, MeasuredCurve
from xrdlib.diagnostics import Nuisances, Target
from xrdlib.remedies import ensemble
from xrdlib.simulation import Scan
from xrdlib.widgets import EnsembleExplorer, ensemble_explorer


@pytest.fixture(scope="module")
def made() -> EnsembleExplorer:
    return ensemble_explorer(reference_study("lab"), LAB)


@pytest.fixture
def explorer(made: EnsembleExplorer) -> EnsembleExplorer:
    made.how.value = "mean"
    made.buttons["5 best"].click()
    return made


def test_starts_with_the_five_of_lowest_loss() -> None:
    explorer = ensemble_explorer(reference_study("lab"), LAB)
    assert explorer.members.value == (76, 77, 78, 79, 80)
    assert "Mean of 5 epochs" in explorer.readout.value


def test_members_move_pictures_and_readout(explorer: EnsembleExplorer) -> None:
    before = [picture.value for picture in explorer.pictures]
    explorer.members.value = (10, 40, 70)
    assert all(picture.value != old for picture, old in zip(explorer.pictures, before, strict=True))
    expected = ensemble(reference_study("lab"), LAB, [10, 40, 70], score_tests=False)
    assert f"mean error {expected.combined.error:.2f} % of range" in explorer.readout.value
    *edges, curve = explorer.image._moving
    np.testing.assert_allclose(curve.get_ydata(), expected.curve)
    np.testing.assert_allclose(edges[0].get_ydata(), expected.curves.min(axis=0))
    np.testing.assert_allclose(edges[1].get_ydata(), expected.curves.max(axis=0))
    members, *bars, points = explorer.pictures[1]._moving
    np.testing.assert_allclose(points.get_xdata(), expected.fractions[1])
    assert len(members.get_xdata()) == 3 * 7
    centre, sd = expected.fractions[1][0], expected.fractions[2][0]
    np.testing.assert_allclose(bars[0].get_xdata(), [centre - sd, centre + sd])


@pytest.mark.parametrize(
    ("chosen", "how", "weights"),
    [
        ("median", "median", "equal"),
        ("mean, weights by validation loss", "mean", "validation"),
        ("mean, weights by curve error", "mean", "curve"),
    ],
)
def test_how(explorer: EnsembleExplorer, chosen: str, how: str, weights: str) -> None:
    explorer.members.value = (10, 40, 70)
    before = explorer.image.value
    explorer.how.value = chosen
    expected = ensemble(reference_study("lab"), LAB, [10, 40, 70], how=how, weights=weights, score_tests=False)
    np.testing.assert_allclose(explorer.shown.combined.parameters, expected.combined.parameters)
    assert explorer.image.value != before
    assert ("Median" in explorer.readout.value) == (how == "median")


def test_buttons_and_back(explorer: EnsembleExplorer) -> None:
    start = explorer.image.value, explorer.readout.value
    explorer.buttons["final"].click()
    assert explorer.members.value == (76,)
    assert "Epoch 76 alone" in explorer.readout.value
    assert "SD of the members" not in explorer.readout.value
    explorer.buttons["the note's 3"].click()
    assert explorer.members.value == (50, 60, 76)
    explorer.buttons["5 best"].click()
    assert (explorer.image.value, explorer.readout.value) == start


def test_nothing_picked_is_said(explorer: EnsembleExplorer) -> None:
    before = explorer.image.value
    explorer.members.value = ()
    assert "pick one at least" in explorer.readout.value
    assert explorer.image.value == before


def test_a_curve_without_known_parameters() -> None:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    target = replace(Target.from_curve(curve, "curve"), nuisances=Nuisances())
    explorer = ensemble_explorer(reference_study("lab"), target)
    assert len(explorer.members.options) == 24  # those with weights
    assert "mean error" not in explorer.readout.value
    before = explorer.image.value
    explorer.buttons["all"].click()
    assert explorer.image.value != before
    assert "true" not in explorer.table.index
