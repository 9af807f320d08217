"""How much of a regret is luck: planted reproducible and planted accidental ideals are told apart."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB, SPACE, Experiment, MeasuredCurve
from xrdlib.diagnostics import Checkpoints, Luck, Target, checkpoints, luck
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.epochs._fresh_draws import fresh_errors, from_other_noise, from_own_curves
from xrdlib.diagnostics.epochs._luck_text import findings
from xrdlib.diagnostics.epochs._stored_predictions import halves_of
from xrdlib.diagnostics.epochs._transfer import Transfer, between_draws, between_samples, onto_trace, single
from xrdlib.diagnostics.epochs.relatives import near
from xrdlib.diagnostics.epochs.wobble import wobble, wobble_p_values
from xrdlib.simulation import Instrument, Scan, StrainParameters
from xrdlib.training import Study, reference_study

RNG = np.random.default_rng
FALLING = 10 + 10 * np.exp(-np.arange(60) / 10)
FINAL = 59


@pytest.fixture(scope="module")
def study() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def found(study: Study) -> Checkpoints:
    return checkpoints(study, Target.from_experiment(LAB))


@pytest.fixture(scope="module")
def lab(study: Study, found: Checkpoints) -> Luck:
    return luck(study, LAB, found)


def test_a_dip_that_all_draws_share_is_kept() -> None:
    dip = FALLING - 4.0 * (np.arange(60) == 33)
    regret, kept, share = between_draws(dip + RNG(0).normal(0, 0.1, (8, 60)), FINAL)
    assert kept == pytest.approx(regret, rel=0.1)
    assert share.value == pytest.approx(100, abs=5)
    assert share.low > 90


def test_independent_noise_keeps_nothing() -> None:
    level = 10 + RNG(1).normal(size=(40, 60))
    regret, kept, share = between_draws(level, FINAL)
    assert regret > 1.5  # the best of sixty
    assert abs(kept) < 0.5
    assert share.low < 0 < share.high or abs(share.value) < 15


def test_two_draws_by_hand() -> None:
    errors = np.array([[5.0, 1.0, 3.0], [4.0, 2.0, 1.0]])
    # final is column 2; the first's ideal is 1, the second's 2
    assert between_draws(errors, 2)[:2] == (np.mean([3 - 1, 1 - 1]), np.mean([1 - 2, 3 - 3]))


def test_samples_by_hand() -> None:
    regret, kept = np.array([1.0, 3.0]), np.array([1.0, -1.0])
    mean, gained, share = between_samples(regret, kept)
    assert (mean, gained, share.value) == (2, 0, 0)


@pytest.mark.parametrize("score", [lambda e: between_draws(e, 2), lambda e: single(e[0], 1, 2)])
def test_no_regret_no_share(score: object) -> None:
    errors = np.tile([3.0, 2.0, 1.0], (5, 1))
    regret, _, share = score(errors)  # type: ignore[operator]
    assert regret == 0
    assert np.isnan(share.value)
    assert np.isnan(between_samples(np.zeros(9), np.zeros(9))[2].value)


def test_regret_of_noise_alone_needs_no_other_reason() -> None:
    traces = FALLING + RNG(2).normal(0, 0.5, (300, 60))
    p_values = wobble_p_values(traces, FINAL)
    assert np.mean(p_values < 0.05) <= 0.09
    seen = np.mean(traces[:, FINAL] - traces.min(axis=1))
    expected = np.mean([wobble(trace, FINAL, n_draws=99).expected.value for trace in traces])
    assert expected == pytest.approx(seen, rel=0.25)


def test_regret_of_a_rise_is_more_than_noise_brings() -> None:
    t = np.arange(60)
    rise = FALLING + 0.3 * np.maximum(t - 30, 0)
    found = wobble(rise + RNG(3).normal(0, 0.5, 60), FINAL)
    assert found.p_value < 0.01
    assert found.regret > found.expected.high


@pytest.mark.parametrize("trace", [np.full(60, 2.0), np.arange(5.0)])
def test_wobble_of_constant_and_short_traces_is_not_defined(trace: np.ndarray) -> None:
    found = wobble(trace, trace.size - 1)
    assert found.drawn.size == 0
    assert found.to_dict()["expected"] == {"value": None, "low": None, "high": None}
    assert found.to_dict()["p_value"] is None


def test_near_points_are_near_and_inside() -> None:
    centre = np.tile(LAB.parameters.to_array(), (50, 1))
    points = near(centre, 1.0, RNG(0))
    assert SPACE.valid(points).all()
    assert np.abs(SPACE.normalise(points) - SPACE.normalise(centre)).max() <= 0.01
    assert np.unique(points, axis=0).shape == (50, 7)
    outside = near(SPACE.denormalise(np.full((1, 7), 3.0)), 1.0, RNG(0))
    assert np.isnan(outside).all()


def test_fresh_curves_of_tracked_samples_give_the_stored_predictions(study: Study, found: Checkpoints) -> None:
    (errors,) = fresh_errors(study, [(LAB.parameters.to_array()[None], Instrument(), 1.0)], RNG(0))
    stored = found.error[np.array(study.checkpoints) - 1]
    np.testing.assert_allclose(errors[:, 0], stored, atol=0.05)  # float16 weights, int16 predictions


def test_every_way_is_there(lab: Luck) -> None:
    ways = [(t.key, t.scored_on) for t in lab.transfers]
    near_ones = [(f"within_{w}_percent", on) for w in ("0.1", "1", "5") for on in ("experiment", "test samples")]
    around = [("neighbours", "experiment"), ("neighbours", "test samples"), ("curve", "experiment")]
    assert ways == [("noise", "experiment"), *near_ones, *around]
    assert len(lab.frame) == len(ways)
    assert lab.undefined == ()
    assert lab.find("noise").n == 12  # drawn anew: those tracked went through another instrument
    assert lab.find("noise", "test samples") is None


def test_the_same_sample_again_shares_the_ideal_epoch_and_a_distant_one_less(lab: Luck) -> None:
    shares = [lab.find(f"within_{w}_percent", "test samples").share for w in ("0.1", "1", "5")]
    assert shares[0].low > 90
    assert shares[0].value > shares[1].value > shares[2].value


def test_draws_choose_and_the_trace_itself_is_scored() -> None:
    trace = np.array([1.0, 3.0, 5.0])
    draws = np.array([[0.0, 9, 9]] * 3 + [[9.0, 0, 9]])  # three agree with the trace, one does not; final is column 2
    regret, kept, share = onto_trace(draws, trace, 2)
    assert (regret, kept) == (4, (3 * 4 + 2) / 4)
    assert share.value == 100 * kept / regret
    assert share.low < share.value < share.high == 100
    # draws that agree with one another, but not with what counts, are no use
    assert onto_trace(np.tile([9.0, 0, 9], (8, 1)), np.array([3.0, 7.0, 5.0]), 2)[2] == (-100, -100, -100)


def test_near_samples_are_scored_on_the_experiment_itself(study: Study, found: Checkpoints, lab: Luck) -> None:
    """Its own trace is changed, its near samples are not: what they keep must change."""
    stored = np.array(study.checkpoints)
    chosen = lab.find("within_0.1_percent")
    own = found.error[stored - 1]
    final = int(found.val_loss[stored - 1].argmin())
    assert chosen.regret == pytest.approx(own[final] - own.min())
    assert chosen.kept == pytest.approx(chosen.regret)
    ideal = found.row(int(stored[own.argmin()]))
    spoilt = found.errors.copy()
    spoilt[ideal] += 20
    again = luck(study, LAB, replace(found, errors=spoilt), n_samples=2, widths=(0.1,)).find("within_0.1_percent")
    assert again.kept < 0


def test_noise_draws_of_an_experiment_without_noise_are_its_own_curve_counted(
    study: Study, found: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def spy(study: Study, batches: list, rng: np.random.Generator) -> list:
        seen.extend(batches)
        return fresh_errors(study, batches, rng)

    monkeypatch.setattr("xrdlib.diagnostics.epochs._fresh_draws.fresh_errors", spy)
    (transfer,) = from_other_noise(study, LAB, found, 6, RNG(0), 0)
    ((parameters, instrument, disorder),) = seen
    np.testing.assert_array_equal(parameters, np.tile(LAB.parameters.to_array(), (6, 1)))
    assert instrument == replace(LAB.instrument, peak_counts=6e4)
    assert disorder == LAB.disorder
    assert transfer.chosen_on == "counting noise (6e4 in the peak)"
    stored = found.error[np.array(study.checkpoints) - 1]
    assert transfer.regret <= found.regret + 1e-9
    assert transfer.regret == pytest.approx(
        stored[found.val_loss[np.array(study.checkpoints) - 1].argmin()] - stored.min()
    )


def test_tracked_draws_differ_in_the_seed_only(study: Study) -> None:
    first = next(e for e in study.config.experiments if e.name == "lab_measured_1")
    at = checkpoints(study, Target.of(first, study))
    (own,) = from_other_noise(study, first, at, 7, RNG(0), 0)
    assert own.n == 4  # the other four, not itself
    assert own.regret == pytest.approx(at.regret)
    other = replace(first, name="other", disorder=0.97)
    (fresh,) = from_other_noise(study, other, checkpoints(study, Target.of(other, study)), 7, RNG(0), 0)
    assert fresh.n == 7


def test_halves_of_a_curve_are_blocks_beyond_the_resolution() -> None:
    angle = 4.018 * np.arange(701)
    first, second = halves_of(angle, 36.0)
    assert (first ^ second).all()
    edges = np.flatnonzero(np.diff(first)) + 1
    assert np.diff(edges).min() == 18  # twice 36 arcsec
    assert np.diff(np.flatnonzero(np.diff(halves_of(angle, 5.0)[0]))).min() == 10
    short = halves_of(angle[:12], 36.0)
    assert [half.sum() for half in short] == [6, 6]


def test_samples_left_out_are_said(study: Study, found: Checkpoints) -> None:
    copy = replace(study)
    predictions = study.predictions.copy()
    values = predictions["prediction"].to_numpy().copy()
    rows = np.flatnonzero(predictions["test_set"].to_numpy() == "uniform")
    values[3, rows[:7]] = np.nan
    predictions["prediction"] = (predictions["prediction"].dims, values)
    copy.__dict__["predictions"] = predictions
    result = luck(copy, LAB, found, widths=(1.0,), n_draws=3, n_samples=10)
    assert "7 uniform test samples with a prediction that is not finite are left out." in result.sentences


def test_the_noise_sentence_does_not_deny_a_divergence(lab: Luck) -> None:
    quiet = replace(lab, divergence_epoch=None)
    assert "cannot be told from noise" in quiet.to_text()
    rising = replace(lab, divergence_epoch=40)
    assert "cannot be told from noise" not in rising.to_text()
    assert "from epoch 40 on, by more than noise: not all of it is luck" in rising.to_text()
    assert "24 epochs see less than all would" in replace(quiet, n_epochs=24).to_text()
    assert "see less" not in quiet.to_text()
    assert "5 % by chance" in lab.to_text()
    assert all(name in lab._noise for name in ("500 uniform", "500 grid"))


def test_neighbours_that_share_the_ideal_epoch(study: Study, found: Checkpoints) -> None:
    """A study in which the ideal epoch is a matter of L1: below its middle it is 21, above it 41."""
    made = _with_test_errors(study, lambda true: np.where(true[:, 2] < 3750, 20, 40))
    kept = luck(made, LAB, found).find("neighbours", "test samples").share
    assert kept.low > 80
    shuffled = _with_test_errors(study, lambda true: RNG(5).integers(10, 70, len(true)))
    assert luck(shuffled, LAB, found).find("neighbours", "test samples").share.value < 15


def _with_test_errors(study: Study, ideal: object) -> Study:
    """A copy whose test samples err by 10 % of range at every epoch, and by 4 at one of their own."""
    copy = replace(study)
    predictions = study.predictions.copy()
    true = predictions["truth"].to_numpy()
    error = np.full((study.n_epochs, len(true)), 0.10)
    error[ideal(true), np.arange(len(true))] = 0.04  # type: ignore[operator]
    values = SPACE.normalise(true) + error[:, :, None]
    predictions["prediction"] = (predictions["prediction"].dims, values)
    copy.__dict__["predictions"] = predictions
    return copy


def test_own_curves_of_test_samples(study: Study, found: Checkpoints) -> None:
    result = luck(study, LAB, found, widths=(1.0,), n_draws=3, n_samples=5, n_curves=6)
    own = result.find("curve", "test samples")
    assert own.n == 6
    # a sample that is also the experiment is scored as the experiment is
    transfer = from_own_curves(study, LAB.parameters.to_array()[None], RNG(0), 0)[0]
    stored = np.array(study.checkpoints) - 1
    errors, rmse = found.error[stored], found.curve_rmse[stored]
    final = study.history["val_loss"].to_numpy()[stored].argmin()
    assert transfer.regret == pytest.approx(errors[final] - errors.min(), abs=0.05)
    assert transfer.kept == pytest.approx(errors[final] - errors[rmse.argmin()], abs=0.05)


def test_untracked_noise_is_simulated(study: Study) -> None:
    other = Experiment("other", StrainParameters.from_array(LAB.parameters.to_array() * 0.98))
    result = luck(study, other, widths=(1.0,), n_draws=4, n_samples=10)
    assert result.find("noise").n == 4
    assert result.wobble.drawn.size > 0


def test_a_measured_curve(study: Study) -> None:
    curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
    result = luck(study, Target.from_curve(curve, "mine"), widths=(1.0,), n_samples=10)
    assert {t.key for t in result.transfers if t.scored_on == "experiment"} == {"neighbours", "halves"}
    assert result.unit == "in RMSE"
    assert "its true parameters are unknown" in result.to_text()
    assert "nan" not in result.to_text()
    json.dumps(result.to_dict(), allow_nan=False)


def test_an_experiment_outside_the_space(study: Study) -> None:
    beyond = replace(LAB, parameters=replace(LAB.parameters, Dmax1=0.05))
    result = luck(study, beyond, widths=(1.0,), n_draws=3, n_samples=10)
    assert result.find("within_1_percent") is None
    assert "No sample within 1 % of range of it is inside" in result.to_text()


def test_a_study_without_weights(study: Study, found: Checkpoints) -> None:
    bare = replace(study)
    bare.__dict__["checkpoints"] = ()
    result = luck(bare, LAB, found)
    assert {t.key for t in result.transfers} == {"neighbours", "curve"}
    assert "holds no weights" in result.to_text()


def test_one_epoch_has_no_regret(study: Study, found: Checkpoints) -> None:
    names = ("epochs", "predictions", "val_loss", "errors", "curve_rmse", "curve_mae", "curves")
    one = replace(found, **{name: getattr(found, name)[:1] for name in names}, final=1)
    result = luck(study, LAB, one, widths=(1.0,), n_draws=3, n_samples=10)
    assert np.isnan(result.find("neighbours").share.value)
    assert "the experiment has no regret" in result.to_text()
    assert "is not defined: too few epochs" in result.to_text()
    assert "nan" not in result.to_text()
    json.dumps(result.to_dict(), allow_nan=False)


def test_sentences_say_what_the_numbers_say() -> None:
    def way(name: str, value: float, low: float, high: float) -> Transfer:
        return Transfer(name, name, "experiment", 8, 1.0, value / 100, Interval(value, low, high))

    said = findings([way("a", 99, 90, 100), way("b", 40, 20, 60), way("c", 5, -20, 30), way("d", 50, -10, 110)])
    assert said[-1] == (
        "For the experiment an ideal epoch is shared with a; is partly shared with b; is not shared with c; "
        "may be shared or not with d."
    )
    ours = way("near", -20, -60, 10)
    theirs = replace(way("near", 80, 70, 90), scored_on="test samples")
    alone = Transfer("x", "x", "experiment", 1, 1.0, 0.9, Interval(90, np.nan, np.nan))
    samples = replace(way("x", 3, -5, 8), scored_on="test samples")
    assert findings([ours, theirs, alone, samples])[-2:] == [
        "For the experiment an ideal epoch is not shared with near.",
        "For test samples an ideal epoch is shared with near; is not shared with x.",
    ]
    assert "worse than final" in findings([way("e", -30, -50, -10)])[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"k": 0}, r"k = 0: 1 to 1999"),
        ({"k": 2000}, r"k = 2000: 1 to 1999"),
        ({"n_draws": 1}, r"n_draws = 1: 2 or more"),
        ({"n_samples": 0}, r"n_samples = 0: 1 or more"),
        ({"n_curves": -1}, r"n_curves = -1: 0 or more"),
        ({"widths": (0.0,)}, r"widths = \(0\.0,\): positive percentages"),
        ({"test_set": "sobol"}, r"test set 'sobol'"),
    ],
)
def test_refusals(study: Study, found: Checkpoints, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        luck(study, LAB, found, **wrong)  # type: ignore[arg-type]
