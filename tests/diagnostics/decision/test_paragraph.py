"""The thesis paragraph: its numbers are those of the sections, its claims follow from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from xrdlib.data import LAB
from xrdlib.diagnostics import Decision, Target, checkpoints, coverage, diagnose, paragraph
from xrdlib.diagnostics.errors.sample_errors import sample_errors
from xrdlib.training import Study, reference_study

APPROPRIATE = "we consider a task-specific selection appropriate"


@pytest.fixture(scope="module")
def lab() -> Study:
    return reference_study("lab")


def _of(d: Any, **more: Any) -> str:
    return paragraph(d.study, d.target, d.checkpoints, coverage=d.coverage, **more)


def test_numbers_are_those_of_the_checkpoints(lab: Study) -> None:
    d = diagnose(LAB, lab, sections=["decision"])
    decision, found = d["decision"], d.checkpoints
    assert isinstance(decision, Decision)
    text = decision.paragraph
    assert decision.to_dict()["paragraph"] == text == paragraph(lab, LAB)
    profile = sample_errors(found.predictions, LAB.parameters, lab.config.dataset).profile
    for epoch in found.named.values():
        i = found.row(epoch)
        assert f"epoch {epoch}" in text
        assert (
            f"a mean parameter error of {found.error[i]:.2f} % of range, a curve RMSE of {found.curve_rmse[i]:.3f} and "
            f"a profile error of {profile[i]:.2f}e-3 of strain" in text
        )
    final, ideal = found.val_loss[found.row(found.final)], found.val_loss[found.row(found.ideal)]
    assert f"({final:.4f} against {ideal:.4f})" in text
    assert (
        f"The advantage of epoch {found.ideal}, {found.regret:.2f} % of range, is that of the best of 80 epochs" in text
    )
    assert "with the true parameters in hand" in text
    assert f"{d.coverage.distance_interval:.0f} % of test samples" in text
    assert "\n" not in text


def test_selected_by_the_curve(lab: Study) -> None:
    found = checkpoints(lab, Target.of(LAB, lab))
    text = paragraph(lab, LAB, found, pick="chosen")
    assert f"we selected the checkpoint of epoch {found.chosen}" in text
    assert "made without the true parameters" in text
    lost = found.curve_rmse[found.row(found.final)] - found.curve_rmse.min()
    assert (
        f"Its curve is {lost:.3f} in RMSE closer than the other's, which is what was minimised over 80 epochs" in text
    )
    assert "as the curve has no noise, this is a fact and no luck" in text
    assert "here they are not" in text
    assert found.error[found.row(found.chosen)] > found.error[found.row(found.final)]
    assert "cannot be told from" not in text
    assert "cannot also be the evidence" in text


@pytest.mark.parametrize("special", [True, False])
def test_one_epoch_picked_in_two_ways(planted: Callable[..., Any], special: bool) -> None:
    d = planted(known=True, aware=False, sparse=True, special=special)
    found = d.checkpoints
    assert found.ideal == found.chosen == 30
    by_truth, by_curve = (_of(d, pick=pick) for pick in ("ideal", "chosen"))
    assert by_truth == _of(d)
    assert "with the true parameters in hand" in by_truth
    assert "which has the smallest mean error" in by_truth
    assert f"The advantage of epoch 30, {found.regret:.2f} % of range" in by_truth
    assert "minimised" not in by_truth
    closer = found.curve_rmse[-1] - found.curve_rmse.min()
    assert "made without the true parameters" in by_curve
    assert "comes closest to the curve" in by_curve
    assert f"Its curve is {closer:.3f} in RMSE closer" in by_curve
    assert "here they are, which may be luck" in by_curve
    assert "smallest mean error" not in by_curve
    assert "The advantage" not in by_curve
    assert (f"{APPROPRIATE} as far as the curve is concerned" in by_curve) == special
    assert ("would be appropriate if its advantage were more than the wobble" in by_curve) != special


def test_noise_of_a_record_can_be_luck(planted: Callable[..., Any]) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False)
    assert d.target.source.instrument.peak_counts is not None
    measured = planted(known=True, aware=False, sparse=False, special=False, truth=False)
    quiet = replace(d.target.source, instrument=replace(d.target.source.instrument, peak_counts=None))
    noise_free = replace(d, target=replace(d.target, source=quiet))
    for case, noisy in ((d, True), (measured, True), (noise_free, False)):
        text = _of(case, pick="chosen")
        assert ("part of it may be the noise of this one record (a scatter of 0.020" in text) == noisy
        assert ("this is a fact and no luck" in text) != noisy


@pytest.mark.parametrize("pick", ["ideal", "chosen"])
def test_too_few_epochs(make_diagnosis: Callable[..., Any], pick: str) -> None:
    assert "cannot be told from so few" in _of(make_diagnosis(), pick=pick)


def test_a_selected_epoch_that_does_not_reproduce_the_curve_is_said_to(planted: Callable[..., Any]) -> None:
    d = planted(known=True, aware=False, sparse=True, special=True)
    says = "the selected epoch does not reproduce the curve"
    assert says not in _of(d)
    rmse = d.checkpoints.curve_rmse + 0.1  # ideal fails
    rmse[40] = 0.08  # chosen does not
    other = replace(d, checkpoints=replace(d.checkpoints, curve_rmse=rmse))
    text = _of(other)
    assert f"By our own limit, an RMSE below 0.1, {says} (0.150), while epoch 41 does (0.080)" in text
    assert APPROPRIATE not in text
    assert says not in _of(other, pick="chosen")
    noisy = replace(other, checkpoints=replace(other.checkpoints, noise=0.08))
    assert says not in _of(noisy)  # within twice its noise


def test_a_simulated_curve_that_no_epoch_reproduces(lab: Study) -> None:
    found = checkpoints(lab, Target.of(LAB, lab))
    assert found.curve_rmse.min() > 0.1
    for pick, best in (
        ("ideal", f", nor does any other epoch (at best {found.curve_rmse.min():.3f}"),
        ("chosen", ", nor"),
    ):
        text = paragraph(lab, LAB, found, pick=pick)
        rmse = found.curve_rmse[found.row(found.named[pick])]
        assert f"does not reproduce the curve ({rmse:.3f}){best}" in text
        assert "should not be reported as a result" in text


def test_final_that_does_not_reproduce_the_curve_is_said_to(planted: Callable[..., Any]) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False, truth=False)
    falling = replace(d.checkpoints, curve_rmse=np.linspace(0.4, 0.2, 60))
    assert "does not reproduce the curve (0.200), nor does any other epoch:" in _of(replace(d, checkpoints=falling))


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("special", [True, False])
def test_task_specific_selection_is_claimed_where_the_region_is_sparse_and_it_is_no_luck(
    planted: Callable[..., Any], sparse: bool, special: bool
) -> None:
    text = _of(planted(known=True, aware=False, sparse=sparse, special=special))
    assert (APPROPRIATE in text) == (sparse and special)
    assert ("in no sparse region" in text) != sparse
    assert ("sparse coverage is no reason" in text) != sparse
    assert ("cannot be told from" in text) != special
    assert ("would be appropriate if its advantage could be told from luck" in text) == (sparse and not special)


def test_where_no_epoch_reproduces_the_curve_nothing_is_appropriate(planted: Callable[..., Any]) -> None:
    text = _of(planted(known=False, aware=False, sparse=True, special=True))
    assert APPROPRIATE not in text
    assert "should not be reported as a result" in text


def test_a_measured_curve_has_no_parameter_errors(planted: Callable[..., Any]) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False, truth=False)
    text, found = _of(d), d.checkpoints
    assert text.startswith("For the measured curve lab we selected the checkpoint of epoch 30 (among 60 epochs")
    assert "parameter error" not in text
    assert "The true parameters are unknown and had no part in this selection" in text
    for i in (found.row(30), found.row(60)):
        assert f"a curve RMSE of {found.curve_rmse[i]:.3f}" in text
    assert "how far they disagree is a lower bound of the uncertainty" in text
    assert "its prediction lies in no sparse region" in text


def test_epochs_without_weights_are_said(planted: Callable[..., Any]) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False, truth=False)
    some = replace(d, checkpoints=replace(d.checkpoints, n_trained=200))
    assert "among the 60 epochs with stored weights" in _of(some)


@pytest.mark.parametrize("truth", [True, False])
def test_nothing_to_select(planted: Callable[..., Any], truth: bool) -> None:
    d = planted(known=True, aware=False, sparse=True, special=False, truth=truth)
    falling = np.linspace(20, 10, 60)
    found = replace(d.checkpoints, curve_rmse=falling / 500)
    if truth:
        found = replace(found, errors=np.repeat(falling[:, None], 7, axis=1))
    text = _of(replace(d, checkpoints=found))
    assert "epoch 60" in text
    assert "nothing had to be chosen between" in text
    assert "luck" not in text
    assert "against" not in text


def test_other_ways_that_lead_to_the_same_epoch(planted: Callable[..., Any]) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False)
    assert "could have been selected without the truth" in _of(d)  # ideal and chosen are one
    rmse = d.checkpoints.curve_rmse.copy()
    rmse[-1] = 0.01
    other = _of(replace(d, checkpoints=replace(d.checkpoints, curve_rmse=rmse)))
    assert "Without the truth one would have taken the other" in other


def test_bad_picks(planted: Callable[..., Any]) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False, truth=False)
    with pytest.raises(ValueError, match=r"pick = 'ideal': chosen expected for lab"):
        _of(d, pick="ideal")
    with pytest.raises(ValueError, match=r"pick = 'best': ideal or chosen expected"):
        _of(planted(known=True, aware=False, sparse=False, special=False), pick="best")


def test_coverage_is_worked_out_where_it_is_not_given(lab: Study) -> None:
    found = checkpoints(lab, Target.of(LAB, lab))
    assert paragraph(lab, LAB, found) == paragraph(lab, LAB, found, coverage=coverage(lab, found.point))
