"""Final, ideal and chosen epoch, on the shipped studies and on made-up traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrdlib.data import LAB, LAB_EXPERIMENT, SPACE, Experiment, MeasuredCurve, load_curve
from xrdlib.diagnostics import Nuisances, Target, checkpoints, fit_nuisances, resimulate, track
from xrdlib.diagnostics._checkpoints_text import beside
from xrdlib.diagnostics.target import DISORDER, FWHM, LORENTZ_FRACTION
from xrdlib.metrics import curve_error
from xrdlib.simulation import Instrument, Scan, StrainParameters, simulate
from xrdlib.training import Study, reference_study


def one_epoch(d: Any) -> Any:
    """A made-up diagnosis of which only the last epoch has weights."""
    arrays = ("epochs", "predictions", "val_loss", "errors", "curve_rmse", "curve_mae", "curves")
    kept = {name: None if (v := getattr(d.checkpoints, name)) is None else v[-1:] for name in arrays}
    return replace(d, checkpoints=replace(d.checkpoints, **kept, n_trained=5))


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


def test_resimulation_is_the_forward_model() -> None:
    scan = Scan()
    rows = np.stack([LAB_EXPERIMENT.to_array(), SPACE.denormalise(np.full(7, 0.3))])
    nuisances = Nuisances(36.0, 0.2, 0.94)
    curves = resimulate(rows, scan.angle, nuisances, reference_study("lab").config.dataset)
    expected = simulate(rows, instrument=Instrument(36.0, 0.2), disorder=0.94)
    np.testing.assert_allclose(curves, expected, rtol=1e-3)  # grids differ by one step


def test_predictions_outside_are_resimulated_at_the_edge(study: Study) -> None:
    outside = LAB_EXPERIMENT.to_array() + np.eye(7)[6] * 500  # Rp2 = 450 A
    edge = LAB_EXPERIMENT.to_array() + np.eye(7)[6] * 50
    curves = resimulate(np.stack([outside, edge]), Scan().angle, Nuisances(), study.config.dataset)
    np.testing.assert_array_equal(curves[0], curves[1])


def test_nuisances_are_recovered(study: Study) -> None:
    true = Nuisances(40.0, 0.2, 0.91)
    row = LAB_EXPERIMENT.to_array()[None]
    wrong = SPACE.denormalise(np.full((1, 7), 0.4))
    angle = Scan(-280.0, 4.0, 360).angle
    curve = 5.0 * resimulate(row, angle, true, study.config.dataset)[0] + 1e-3
    found, best = fit_nuisances(np.concatenate([wrong, row]), angle, curve, study.config.dataset)
    assert best == 1
    assert (found.fwhm, found.lorentz_fraction, found.disorder) == (true.fwhm, true.lorentz_fraction, true.disorder)
    assert found.fitted
    assert {found.fwhm} <= set(FWHM)
    assert {found.lorentz_fraction} <= set(LORENTZ_FRACTION)
    assert {found.disorder} <= set(DISORDER)


def test_final_and_ideal_are_what_they_are_called(study: Study) -> None:
    found = checkpoints(study, Target.from_experiment(LAB))
    assert found.epochs.size == study.config.training.epochs  # tracked: every epoch
    assert found.final == study.final == 1 + int(np.argmin(study.history["val_loss"]))
    errors = study.experiment_errors("lab").mean(axis=1)
    assert found.ideal == 1 + int(np.argmin(errors))
    assert found.regret == pytest.approx(errors[found.final - 1] - errors.min())
    assert found.regret >= 0
    assert found.chosen == found.epochs[np.argmin(found.curve_rmse)]


def test_curve_error_is_zero_for_the_truth_and_only_there(study: Study) -> None:
    target = Target.from_experiment(LAB)
    truth = resimulate(target.true[None], target.angle, target.nuisances, study.config.dataset)
    assert curve_error(truth, target.intensity).rmse[0] < 1e-3
    assert checkpoints(study, target).curve_rmse.min() > 1e-2


def test_new_parameters_are_read_by_the_stored_weights(study: Study) -> None:
    same = Experiment("another name", LAB.parameters)
    again = checkpoints(study, Target.from_experiment(same))
    tracked = checkpoints(study, Target.from_experiment(LAB))
    assert tuple(again.epochs) == study.checkpoints
    rows = again.epochs - 1
    quantum = SPACE.range / 16384  # stored predictions are rounded to it
    assert np.all(np.abs(again.predictions - tracked.predictions[rows]) <= quantum)
    assert again.final == tracked.final


def test_measured_curve_of_a_known_sample_finds_its_parameters() -> None:
    measured = reference_study("measured")
    sample = StrainParameters(0.0121, 0.0043, 4300.0, 2600.0, 0.0061, 2100.0, -900.0)
    experiment = Experiment("x", sample, Instrument(38.0, 0.25, 1.0, 2e-3, 6e4), 0.92, seed=5)
    scan = Scan(-278.3, 3.1, 700)  # not the lab's
    curve = MeasuredCurve(scan.angle, 0.08 * experiment.curve(scan), {})
    found = checkpoints(measured, Target.from_curve(curve, "x"))
    assert found.errors is None
    assert found.ideal is None
    assert found.regret is None
    error = np.abs(found.predictions[found.row(found.chosen)] - sample.to_array()) / SPACE.range
    assert error[[0, 2, 3]].max() < 0.15
    chosen = found.predictions[found.row(found.chosen)]
    assert np.array_equal(found.point, np.clip(chosen, SPACE.minimum, SPACE.maximum))
    assert np.array_equal(replace(found, true=sample.to_array()).point, sample.to_array())
    assert found.curve_rmse.min() < 0.15


def test_curve_that_is_too_short_is_refused(study: Study) -> None:
    angle = np.linspace(-100, 300, 200)
    curve = MeasuredCurve(angle, np.exp(-((angle / 30) ** 2)) + 1e-3, {})
    with pytest.raises(ValueError, match="needs at least"):
        checkpoints(study, Target.from_curve(curve, "short"))


def test_the_measurement_gap_shows() -> None:
    """The lab's sample seen through a diffractometer: hopeless for `lab` at any epoch, fair for `measured`."""
    name = "lab_measured_1"
    best = {s: reference_study(s).experiment_errors(name).mean(axis=1).min() for s in ("lab", "measured")}
    assert best["lab"] > 2 * best["measured"]
    lab = reference_study("lab")
    experiment = next(e for e in lab.config.experiments if e.name == name)
    found = checkpoints(lab, Target.from_experiment(experiment))
    assert track(lab, found).regret_percentile > 95


@pytest.mark.parametrize("name", ["measured", "lab"])
def test_measured_curve_a(name: str, shared_dir: Path) -> None:
    """The acceptance of the whole path: parameters of curve A against the expert's."""
    curve = load_curve(shared_dir / "measured" / "ggg444_implanted_A.txt", step=4.018235972)
    found = checkpoints(reference_study(name), Target.from_curve(curve, "A"))
    error = 100 * np.abs(found.predictions[found.row(found.chosen)] - LAB_EXPERIMENT.to_array()) / SPACE.range
    if name == "measured":
        assert error[0] < 5
        assert error[[2, 3]].max() < 20
        assert found.curve_rmse.min() < 0.1
    else:
        assert found.curve_rmse.min() > 0.1


def test_zero_counts_do_not_hide_the_truth(study: Study) -> None:
    few = Experiment("few", LAB_EXPERIMENT, Instrument(36.0, 0.2, 1.0, 1e-4, 1e4), 0.94, seed=1)
    target = Target.from_experiment(few)
    assert (target.intensity == 0).any()
    truth = resimulate(target.true[None], target.angle, target.nuisances, study.config.dataset)
    wrong = resimulate(SPACE.denormalise(np.full((1, 7), 0.4)), target.angle, target.nuisances, study.config.dataset)
    misfit = [curve_error(c, target.intensity).rmse[0] for c in (truth, wrong)]
    found = checkpoints(study, target)
    assert misfit[0] < 2 * found.noise
    assert misfit[0] < 0.6 * misfit[1]


@pytest.mark.parametrize(
    ("value", "limit", "texts"),
    [
        (0.19, 0.1, ("0.190", "0.1")),
        (0.10029, 0.1, ("0.1003", "0.1")),
        (0.09996, 0.1, ("0.09996", "0.1")),
        (0.1131, 0.1128, ("0.1131", "0.1128")),
        (0.1, 0.1, ("0.100000", "0.1")),
    ],
)
def test_a_value_does_not_look_equal_to_its_limit(value: float, limit: float, texts: tuple[str, str]) -> None:
    assert beside(value, limit) == texts


@given(st.floats(0.02, 0.5), st.floats(0.02, 0.5))
def test_what_is_shown_is_as_large_or_small_as_what_is_meant(value: float, limit: float) -> None:
    shown, held = map(float, beside(value, limit))
    assert (shown > held) == (value > limit) or abs(value - limit) < 2e-6


@pytest.mark.parametrize("truth", [True, False])
def test_one_epoch_is_compared_with_none(make_diagnosis: Callable[..., Any], truth: bool) -> None:
    found = one_epoch(make_diagnosis(known=truth)).checkpoints
    said = " ".join(found.sentences)
    assert found.only == "the only one of 5 with stored weights"
    assert "Epoch 5 is the only one of 5 with stored weights: there is no epoch to choose" in said
    assert ("Its parameters err by" in said) == truth
    for word in ("against", "picked", "compared", "comes closest", "at final", "epochs"):
        assert word not in said
    assert replace(found, n_trained=1).only == "the only one"
    assert make_diagnosis(known=truth).checkpoints.only is None


@pytest.mark.parametrize(
    ("rmse", "says"),
    [
        (
            0.05,
            "Epoch 5 is the only one of 5 with stored weights; its prediction misses lab by an RMSE of log10 intensity "
            "of 0.050.",
        ),
        (
            0.10029,
            "That does not reproduce the curve (below 0.1 would be fair, its noise is 0.020), but it is nearly close: "
            "first try a fit that starts there (refine, or xrdlib fit).",
        ),
        (0.2, "That does not reproduce the curve (its noise is 0.020): the network reads it badly."),
    ],
)
def test_summary_of_one_epoch(make_diagnosis: Callable[..., Any], rmse: float, says: str) -> None:
    d = one_epoch(make_diagnosis(known=False))
    found = replace(d.checkpoints, curve_rmse=np.array([rmse]), noise=0.02)
    said = " ".join(replace(d, checkpoints=found).summary)
    assert says in said
    assert ("does not reproduce" in said) == (rmse >= 0.1)
    assert "against" not in said
    assert "whatever the epoch" not in said


@pytest.mark.parametrize(("best", "nearly"), [(0.10029, True), (0.149, True), (0.151, False), (0.3, False)])
def test_summary_of_many_epochs_that_do_not_reproduce_the_curve(
    make_diagnosis: Callable[..., Any], best: float, nearly: bool
) -> None:
    d = make_diagnosis(known=False)
    found = replace(d.checkpoints, curve_rmse=d.checkpoints.curve_rmse - 0.1 + best, noise=0.02)
    said = " ".join(replace(d, checkpoints=found).summary)
    assert f"epoch 2 reproduces lab best: RMSE of log10 intensity {0.3 + best:.3f} against" in said
    assert "No epoch's prediction reproduces the curve" in said
    assert ("the best is nearly close: first try a fit" in said) == nearly
    assert ("the network reads it badly whatever the epoch" in said) != nearly
    assert ("(best 0.1003, below 0.1 would be fair" in said) == (best == 0.10029)


def test_summary_where_final_is_the_closest(make_diagnosis: Callable[..., Any]) -> None:
    d = make_diagnosis(known=False)
    found = replace(d.checkpoints, curve_rmse=np.linspace(0.4, 0.05, 5))
    said = " ".join(replace(d, checkpoints=found).summary)
    assert "Epoch 5 is final (lowest validation loss) and reproduces lab best: RMSE of log10 intensity 0.050." in said
    assert "against" not in said.partition(".")[0]


def test_a_fit_at_the_edge_of_the_search_says_so() -> None:
    assert Nuisances(50.0, 0.2, 0.85, fitted=True).at_edge == ["resolution", "disorder"]
    assert Nuisances(40.0, 0.5, 1.0, fitted=True).at_edge == ["Lorentz fraction"]
    assert Nuisances(50.0, 0.5, 0.85).at_edge == []
