"""The explorer of fits shows what the checkpoints and the fit hold, for every epoch of every study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xrdlib import load_curve, reference_study
from xrdlib.data import LAB, SPACE, MeasuredCurve
from xrdlib.metrics import parameter_error
from xrdlib.refinement import Refinement, refine
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study
from xrdlib.widgets import FitExplorer, fit_explorer

FILE = Path(__file__).parents[2] / "data/virtual_curve.txt"


@pytest.fixture(scope="module")
def curve() -> MeasuredCurve:
    return load_curve(FILE)


@pytest.fixture(scope="module")
def studies() -> list[Study]:
    return [reference_study("lab"), reference_study("measured")]


@pytest.fixture(scope="module")
def fit(curve: MeasuredCurve) -> Refinement:
    # a few steps from the truth: whether it has converged is not the explorer's business
    return refine(curve, starts=LAB.parameters.to_array(), max_evaluations=4)


@pytest.fixture
def explorer(curve: MeasuredCurve, studies: list[Study], fit: Refinement) -> FitExplorer:
    return fit_explorer(curve, studies, fit)


def line(explorer: FitExplorer, panel: int, label: str) -> object:
    axes = explorer.image._figure.axes[panel]
    return next(one for one in axes.lines if one.get_label() == label)


def test_starts_at_the_final_epoch_of_the_first_study(explorer: FitExplorer) -> None:
    assert (explorer.study.value, explorer.epoch.value) == ("lab", explorer.found["lab"].final)
    assert "Study lab, epoch 76 (final)" in explorer.readout.value
    assert list(explorer.table.index) == ["network", "fit"]


def test_an_epoch_moves_curve_profile_and_readout(explorer: FitExplorer) -> None:
    before = explorer.image.value
    explorer.epoch.value = 4
    found = explorer.found["lab"]
    np.testing.assert_array_equal(line(explorer, 0, "network").get_ydata(), found.curves[found.row(4)])
    assert explorer.image.value != before
    assert f"RMSE of log10 intensity {found.curve_rmse[found.row(4)]:.3f}" in explorer.readout.value
    assert "(chosen)" in explorer.readout.value


def test_another_study_begins_at_its_final_epoch_and_has_its_own_epochs(explorer: FitExplorer) -> None:
    before = explorer.image.value
    explorer.epoch.value = 4
    explorer.study.value = "measured"
    found = explorer.found["measured"]
    assert explorer.epoch.value == found.final
    assert list(explorer.epoch.options) == found.epochs.tolist()
    np.testing.assert_array_equal(line(explorer, 0, "network").get_ydata(), found.curves[found.row(found.final)])
    assert explorer.image.value != before
    explorer.study.value = "lab"
    assert explorer.image.value == before


def test_measured_curve_and_fit_stay(explorer: FitExplorer, curve: MeasuredCurve, fit: Refinement) -> None:
    explorer.epoch.value = 4
    np.testing.assert_array_equal(line(explorer, 0, "measured").get_ydata(), curve.intensity)
    np.testing.assert_array_equal(line(explorer, 0, "fit").get_ydata(), fit.model)
    np.testing.assert_allclose(line(explorer, 1, "fit").get_ydata(), 1e3 * fit.profile["strain"])


def test_names_the_parameters_furthest_from_the_fit(explorer: FitExplorer, fit: Refinement) -> None:
    found = explorer.found["lab"]
    apart = parameter_error(found.predictions[found.row(76)], fit.parameters, SPACE.range)
    first = PARAMETERS[int(apart.argmax())]
    assert f"Furthest from the fit: {first} ({apart.max():.0f} %)" in explorer.sentences[1]
    assert f"of the fit {fit.log10_rmse:.3f}" in explorer.sentences[0]


@pytest.mark.parametrize("name", ["final", "chosen"])
def test_buttons_go_to_the_epochs_of_the_study_shown(explorer: FitExplorer, name: str) -> None:
    explorer.study.value = "measured"
    explorer.epoch.value = explorer.found["measured"].epochs[0]
    explorer.buttons[name].click()
    assert explorer.epoch.value == explorer.found["measured"].named[name]


def test_without_a_fit_only_the_curve_is_compared(curve: MeasuredCurve, studies: list[Study]) -> None:
    explorer = fit_explorer(curve, studies[:1])
    assert list(explorer.table.index) == ["network"]
    assert len(explorer.sentences) == 1
    assert "fit" not in explorer.readout.value


def test_without_a_fit_the_truth_of_an_experiment_is_the_reference(studies: list[Study]) -> None:
    explorer = fit_explorer(LAB, studies[:1])
    assert list(explorer.table.index) == ["network", "true"]
    error = explorer.found["lab"].error[explorer.found["lab"].row(explorer.epoch.value)]
    assert "Furthest from the truth" in explorer.sentences[1]
    assert explorer.sentences[1].endswith(f"mean of all seven {error:.0f} %.")
    assert line(explorer, 1, "true") is not None


def test_refuses_a_fit_of_another_curve(curve: MeasuredCurve, studies: list[Study], fit: Refinement) -> None:
    other = replace(fit, angle=fit.angle[:-1])
    with pytest.raises(ValueError, match=r"fit: the angles are not the curve's"):
        fit_explorer(curve, studies[:1], other)


def test_refuses_no_study_and_two_of_one_name(curve: MeasuredCurve, studies: list[Study]) -> None:
    with pytest.raises(ValueError, match=r"studies: at least one"):
        fit_explorer(curve, [])
    with pytest.raises(ValueError, match=r"different names"):
        fit_explorer(curve, [studies[0], studies[0]])
