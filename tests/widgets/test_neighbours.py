"""The slider over neighbours shows what the look-up holds, with and without a truth."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib import reference_study
from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.data.space import format_parameter
from xrdlib.diagnostics import Neighbours, neighbour_baseline
from xrdlib.simulation import Scan
from xrdlib.training import Study
from xrdlib.widgets import neighbours_explorer


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def known(study: Study) -> Neighbours:
    return neighbour_baseline(study, LAB, k=3, n_curves=200, n_test=20)


@pytest.fixture(scope="module")
def unknown(study: Study) -> Neighbours:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {"file": "curve <A>"})
    return neighbour_baseline(study, curve, k=3, n_curves=200, n_test=0)


def test_begins_with_the_look_up_as_made(study: Study, known: Neighbours) -> None:
    explorer = neighbours_explorer(study, known)
    assert (explorer.k.value, explorer.k.max, explorer.weighted.value, explorer.space.value) == (3, 50, False, "curve")
    assert "3 nearest" in explorer.readout.value
    assert explorer.table.loc["true", "L1"] == "5200 A"
    mean = known.answers["curve", False].misfits["mean of intensities"].rmse[2]
    assert f"mean curve {mean:.3f}" in explorer.readout.value
    assert f"network {known.network_error:.3f}" in explorer.readout.value


def test_a_number_moves_both_pictures_and_the_readout(study: Study, known: Neighbours) -> None:
    explorer = neighbours_explorer(study, known)
    before = [picture.value for picture in explorer.pictures]
    explorer.k.value = 17
    assert all(picture.value != old for picture, old in zip(explorer.pictures, before, strict=True))
    answer = known.answers["curve", False]
    lines = [line.get_ydata() for line in explorer._curves]
    np.testing.assert_array_equal(lines[0], answer.curves["mean of intensities"][16])
    np.testing.assert_array_equal(lines[1], answer.curves["curve of mean parameters"][16])
    np.testing.assert_allclose(explorer._points[1].get_xdata(), 100 * SPACE.normalise(answer.parameters[16]))
    assert len(explorer._points[0].get_xdata()) == 7 * 17
    assert explorer.table.loc["neighbours' mean", "L1"] == format_parameter(
        "L1", float(f"{answer.parameters[16, 2]:.4g}")
    )
    assert f"an error of {answer.errors[16].mean():.1f} against" in explorer.readout.value
    explorer.k.value = 3
    assert [picture.value for picture in explorer.pictures] == before


@pytest.mark.parametrize(("control", "value"), [("weighted", True), ("space", "parameters")])
def test_weighting_and_space_change_the_answer(study: Study, known: Neighbours, control: str, value: object) -> None:
    explorer = neighbours_explorer(study, known)
    before, text = explorer.image.value, explorer.readout.value
    getattr(explorer, control).value = value
    assert explorer.image.value != before
    assert explorer.readout.value != text
    answer = known.answers[explorer.space.value, explorer.weighted.value]
    assert f"an error of {answer.errors[2].mean():.1f} against" in explorer.readout.value
    assert ("truth in hand" in explorer.readout.value) == (control == "space")


def test_says_which_is_closer(study: Study, known: Neighbours) -> None:
    explorer = neighbours_explorer(study, known)
    for space in known.lookups:
        explorer.space.value = space
        for k in (1, 5, 50):
            explorer.k.value = k
            rmse = known.answers[space, False].misfits["mean of intensities"].rmse[k - 1]
            assert ("No closer" in explorer.readout.value) == (rmse >= known.network_error)


def test_a_curve_without_known_parameters(study: Study, unknown: Neighbours) -> None:
    explorer = neighbours_explorer(study, unknown)
    assert [space for _, space in explorer.space.options] == ["curve", "curve as trained", "parameters"]
    assert list(explorer.table.index) == ["neighbours' mean", "network"]
    assert "an error of" not in explorer.readout.value
    before = explorer.image.value
    explorer.space.value = "parameters"
    assert explorer.image.value != before
    assert "around the chosen prediction" in explorer.readout.value


def test_looks_up_by_itself(study: Study) -> None:
    with pytest.raises(ValueError, match=r"k = 9001"):
        neighbours_explorer(study, LAB, k=9001)
