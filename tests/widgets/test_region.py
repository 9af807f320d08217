"""The sliders show what the region holds, around the truth and around what the network says."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib import Target, reference_study
from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.remedies import region_weights
from xrdlib.simulation import Scan
from xrdlib.training import Study
from xrdlib.widgets import RegionExplorer, region_explorer


@pytest.fixture(scope="module")
def reference() -> Study:
    return reference_study("lab")


@pytest.fixture
def explorer(reference: Study) -> RegionExplorer:
    return region_explorer(reference, LAB)


def test_the_readout_agrees_with_the_region(explorer, reference):
    for centre in ("truth", "chosen", "final"):
        explorer.centre.value = centre
        found = region_weights(reference, LAB, centre=centre)
        for radius, width, t in ((0.4, 20.0, 0.1), (1.0, 50.0, 1.0)):
            explorer.radius.value, explorer.half_width.value, explorer.temperature.value = radius, width, t
            text = explorer.readout.value
            assert f"Within a radius of {radius:g}: {found.inside_radius(radius).sum()} of 9000" in text
            assert f"Within a box of +-{width:g} %: {found.inside_box(width).sum()} training samples" in text
            assert f"T = {t:g}: an effective {found.effective(t):.0f} of 9000" in text
            assert f"{found.weight_within(t):.0f} % of the weight within 1" in text
            lines = {line.get_label(): line for line in explorer.pictures[0]._moving if hasattr(line, "get_xdata")}
            assert len(lines["within the radius"].get_xdata()) == min(found.inside_radius(radius).sum(), 3000)
            assert len(lines["within the box"].get_xdata()) == found.inside_box(width).sum()


def test_the_truth_is_said_to_be_inside_or_not(explorer):
    explorer.centre.value = "chosen"
    assert "The truth: the box leaves it outside in L2 and Rp2, the radius holds it." in explorer.readout.value
    explorer.half_width.value, explorer.radius.value = 50.0, 0.1
    assert "The truth: the box holds it, the radius misses it." in explorer.readout.value
    explorer.centre.value = "truth"
    assert "The truth:" not in explorer.readout.value


def test_settings_move_the_pictures_and_back(explorer):
    for control, value in (("half_width", 30.0), ("radius", 0.9), ("centre", "truth")):
        before, old = [p.value for p in explorer.pictures], getattr(explorer, control).value
        getattr(explorer, control).value = value
        assert all(p.value != b for p, b in zip(explorer.pictures, before, strict=True))
        getattr(explorer, control).value = old
        assert [p.value for p in explorer.pictures] == before
    before = [p.value for p in explorer.pictures]
    explorer.temperature.value = 1.0
    assert explorer.pictures[0].value == before[0]
    assert explorer.pictures[1].value != before[1]


def test_the_marks_lie_on_the_lines_of_the_centre(explorer):
    for centre in explorer.regions:
        explorer.centre.value = centre
        shown = [line for line in explorer.pictures[1]._moving if line.get_visible()]
        size, weight, *_ = shown
        for line, mark in ((size, -4), (weight, -3)):
            (x,), (y,) = shown[mark].get_data()
            assert y == pytest.approx(np.interp(np.log(x), np.log(line.get_xdata()), line.get_ydata()), abs=1.0)


def test_another_plane(explorer):
    explorer.across.value, explorer.up.value = "L1", "Dmax1"
    *_, across, up = explorer.pictures[0]._moving
    assert (across.get_text(), up.get_text()) == ("L1 (% of its range)", "Dmax1 (% of its range)")
    explorer.centre.value = "truth"
    here = next(m for m in explorer.pictures[0]._moving if m.get_label() == "centre")
    expected = 100 * SPACE.normalise(LAB.parameters.to_array())
    assert (here.get_xdata()[0], here.get_ydata()[0]) == pytest.approx((expected[2], expected[0]))


def test_a_curve_without_known_parameters(reference):
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    explorer = region_explorer(reference, Target.from_curve(curve, "curve <A>"))
    assert list(explorer.regions) == ["chosen", "final"]
    assert "cannot be told" in explorer.readout.value
    assert "curve &lt;A&gt;" in explorer.readout.value
    assert explorer.image.value
