"""The radius slider shows what the coverage holds, for a virtual experiment and for a curve from a file."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib import Target, reference_study
from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.diagnostics import coverage
from xrdlib.simulation import Scan
from xrdlib.training import Study
from xrdlib.widgets import CoverageExplorer, coverage_explorer


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture
def explorer(study: Study) -> CoverageExplorer:
    return coverage_explorer(study, LAB)


def test_the_map_and_the_readout_agree_with_the_coverage(explorer: CoverageExplorer, study: Study) -> None:
    point = LAB.parameters.to_array()
    distance = np.linalg.norm((study.training_parameters - point) / SPACE.range, axis=1)
    for radius in (0.2, 0.4, 1.0):
        explorer.radius.value = radius
        assert sorted(explorer.near) == np.flatnonzero(distance <= radius + 5e-6).tolist()
        found = coverage(study, point, radii=(radius,))
        at = found.radii.index(radius)
        assert f"Within {radius:g}: {found.counts[at]} of 9000 training samples" in explorer.readout.value
        assert f"{found.denser[at]:.0f} % have more within" in explorer.readout.value
        assert "ordinary" in explorer.readout.value


def test_the_radius_moves_both_pictures(explorer: CoverageExplorer) -> None:
    before = [picture.value for picture in explorer.pictures]
    explorer.radius.value = 0.9
    assert all(picture.value != old for picture, old in zip(explorer.pictures, before, strict=True))
    assert explorer.pictures[1]._moving[0].get_xdata() == [0.9, 0.9]
    explorer.radius.value = 0.5
    assert [picture.value for picture in explorer.pictures] == before


def test_another_pair_of_parameters_redraws_the_map_only(explorer: CoverageExplorer) -> None:
    before = [picture.value for picture in explorer.pictures]
    explorer.across.value = "Rp2"
    assert explorer.pictures[0].value != before[0]
    assert explorer.pictures[1].value == before[1]
    _, near, here, across, up = explorer.pictures[0]._moving
    assert (across.get_text(), up.get_text()) == ("Rp2 (% of its range)", "Dmax1 (% of its range)")
    assert here.get_xdata() == [pytest.approx(100 * (6500 - 50) / 6500)]
    # 182 samples, grid points shifted by up to 2 %
    assert np.all(np.abs(near.get_xdata() - here.get_xdata()[0]) <= 52)


def test_all_of_a_large_neighbourhood_is_counted_though_not_drawn(explorer: CoverageExplorer) -> None:
    explorer.radius.value = 2.0
    assert explorer.near.size == 9000
    near = explorer.pictures[0]._moving[1]
    assert len(near.get_xdata()) == 3000
    assert "3000 of them drawn" in explorer.readout.value


def test_the_notes_verdict_moves_with_the_radius(explorer: CoverageExplorer) -> None:
    for radius, verdict in ((0.25, "very sparse"), (0.5, "moderate"), (1.0, "well covered")):
        explorer.radius.value = radius
        assert f"say {verdict}" in explorer.readout.value


def test_without_neighbours(explorer: CoverageExplorer) -> None:
    explorer.radius.value = 0.1
    assert explorer.near.size == 0
    assert "Within 0.1: 0 of 9000" in explorer.readout.value


def test_a_curve_without_known_parameters(study: Study) -> None:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    explorer = coverage_explorer(study, Target.from_curve(curve, "curve <A>"))
    assert explorer.coverage.predicted
    assert SPACE.valid(explorer.coverage.parameters) or explorer.coverage.violations
    assert explorer.pictures[0]._moving[2].get_label() == "prediction"
    assert explorer.image.value
