"""Choosing a checkpoint: planted epochs are found and recovered, accidental ones are not, and bad input is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from xrdlib.data import LAB, LAB_EXPERIMENT, SPACE, Experiment, MeasuredCurve, sample
from xrdlib.diagnostics import Target, checkpoints
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.epochs._stored_predictions import from_neighbours
from xrdlib.diagnostics.epochs._transfer import between_draws
from xrdlib.remedies import SELECTIONS, Selection, choose_checkpoint, selection, selection_predictions
from xrdlib.remedies.selecting._selection_gains import gain_values
from xrdlib.remedies.selecting._selection_rules import HeldOut, Rules
from xrdlib.remedies.selecting._selection_samples import on_test_samples
from xrdlib.simulation import Instrument, Scan
from xrdlib.training import Study, reference_study

FloatArray = NDArray[np.float64]
RNG = np.random.default_rng
N_EPOCHS, N_DRAWS, DIP = 30, 12, 20  # epochs are counted from 1: the dip is epoch 21
NOISY = Instrument(background=1e-3, peak_counts=6e4)
LAB_POINT = LAB_EXPERIMENT.to_array()
DRAWS = {f"draw_{i}": Experiment(f"draw_{i}", LAB_EXPERIMENT, NOISY, seed=i) for i in range(N_DRAWS)}


def at(true: FloatArray, error: FloatArray) -> FloatArray:
    """Predictions (n_epochs, ..., 7) whose seven parameters all err by ``error`` (n_epochs, ...), % of range."""
    return SPACE.denormalise(SPACE.normalise(true) + error[..., None] / 100)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Study]:
    """Function that makes a study without weights from the errors of its test samples and of a dozen noise draws."""
    true = sample(400, "uniform", seed=1)
    training = sample(300, "uniform", seed=2)
    made = iter(range(100))

    def make(
        samples: Callable[[FloatArray], FloatArray],
        draws: FloatArray,
        more: dict[str, tuple[FloatArray, Experiment]] | None = None,
    ) -> Study:
        experiments = {name: (at(LAB_POINT, error), DRAWS[name]) for name, error in zip(DRAWS, draws, strict=False)}
        return Study.from_predictions(
            tmp_path_factory.mktemp("planted") / f"s{next(made)}",
            val_loss=np.linspace(0.2, 0.1, draws.shape[1]),
            training=training,
            uniform=(at(true, samples(true)), true),
            experiments=experiments | (more or {}),
        )

    return make


def dipping(true: FloatArray) -> FloatArray:
    """Deep samples are read best at one epoch, shallow ones at another."""
    error = np.full((N_EPOCHS, len(true)), 10.0)
    error[np.where(true[:, 2] > 3750, DIP, 5), np.arange(len(true))] = 4.0
    return error


def flat(true: FloatArray) -> FloatArray:
    return np.full((N_EPOCHS, len(true)), 10.0)


@pytest.fixture(scope="module")
def shared(plant: Callable[..., Study]) -> Study:
    """The neighbours' best epoch is that of the experiment."""
    return plant(dipping, np.tile(10 - 6.0 * (np.arange(N_EPOCHS) == DIP), (N_DRAWS, 1)))


@pytest.fixture(scope="module")
def accidental(plant: Callable[..., Study]) -> Study:
    """Every draw has an ideal epoch of its own, by accident."""
    return plant(flat, 10 + RNG(4).normal(0, 1, (N_DRAWS, N_EPOCHS)))


@pytest.fixture(scope="module")
def constant(plant: Callable[..., Study]) -> Study:
    return plant(flat, np.full((N_DRAWS, N_EPOCHS), 10.0))


@pytest.fixture(scope="module")
def lab() -> Study:
    return reference_study("lab")


@pytest.fixture(scope="module")
def measured_like(lab: Study) -> Selection:
    return selection(lab, lab.config.experiments[1], n_curves=5)


def experiment(study: Study, name: str) -> Experiment:
    return next(e for e in study.config.experiments if e.name == name)


def first(study: Study) -> Experiment:
    return study.config.experiments[0]


def test_every_rule_takes_the_lowest_of_what_it_looks_at(shared: Study) -> None:
    found = checkpoints(shared, Target.of(first(shared), shared))
    picked = {rule: choose_checkpoint(shared, first(shared), rule, found) for rule in ("final", "parameters", "curve")}
    assert picked == {"final": N_EPOCHS, "parameters": found.ideal, "curve": found.chosen}
    assert found.ideal == DIP + 1
    assert choose_checkpoint(shared, first(shared), found=found) == found.chosen  # needs no truth


def test_neighbours_that_share_the_ideal_epoch_recover_all_of_it(shared: Study) -> None:
    result = selection(shared, first(shared))
    assert result.picks["neighbours"] == result.picks["weighted"] == DIP + 1
    noise = result.find("noise")
    assert noise.paired
    assert noise.n == N_DRAWS
    assert noise.seemed["parameters"]["parameters"] == pytest.approx(6, abs=0.01)
    for rule in ("parameters", "neighbours", "weighted"):
        np.testing.assert_allclose(noise.gains[rule]["parameters"], 6, atol=0.01)
        np.testing.assert_allclose(noise.recovered[rule]["parameters"], 100, atol=0.1)
    assert "its advantage is more than luck" in result.to_text()
    assert next(t for t in result.samples if t.key == "neighbours").share.low > 70


def test_where_the_region_decides_the_neighbours_follow_it(shared: Study, plant: Callable[..., Study]) -> None:
    elsewhere = np.tile(10 - 6.0 * (np.arange(N_EPOCHS) == 12), (N_DRAWS, 1))
    result = selection(plant(dipping, elsewhere), DRAWS["draw_0"])
    noise = result.find("noise")
    assert result.picks["neighbours"] == DIP + 1 != result.picks["parameters"] == 13
    np.testing.assert_allclose(noise.recovered["neighbours"]["parameters"], 0, atol=0.1)
    assert "gains nothing" in result.to_text()
    for gain in result.average["parameters"].values():
        assert gain == (0, 0, 0)  # no test sample is read better there


def test_an_accidental_ideal_has_no_advantage_on_fresh_draws(accidental: Study) -> None:
    result = selection(accidental, first(accidental))
    noise = result.find("noise")
    ideal = noise.gains["parameters"]["parameters"]
    assert noise.seemed["parameters"]["parameters"] > 1.1  # the best of thirty: 2.04 +- 0.3 for these draws
    assert abs(ideal.value) < 0.5
    assert ideal.low < 0 < ideal.high
    assert np.isnan(noise.recovered["neighbours"]["parameters"].value)
    assert "its advantage cannot be told from luck" in result.to_text()
    assert "of ideal's gain" not in result.to_text()


def test_ideal_is_never_scored_on_the_draw_that_picked_it(accidental: Study) -> None:
    errors = np.stack([accidental.experiment_errors(name).mean(axis=1) for name in DRAWS])
    gained = between_draws(errors, N_EPOCHS - 1)[1]
    noise = selection(accidental, first(accidental)).find("noise")
    assert noise.gains["parameters"]["parameters"].value == pytest.approx(gained)


def test_gain_values_by_hand() -> None:
    errors = np.array([[5.0, 1.0, 3.0], [4.0, 2.0, 1.0]])
    # final is column 2; the first picks 1, scored on the second: 1 - 2; the second picks 2: 3 - 3
    assert gain_values(errors, np.array([1, 2]), 2, paired=True).mean() == -0.5
    np.testing.assert_array_equal(gain_values(errors, np.array([1]), 2, paired=False), [2, -1])


def test_equal_weights_give_the_lowest_loss(lab: Study) -> None:
    for test_set in ("grid", "uniform"):
        held_out = HeldOut(lab, test_set)
        epoch = choose_checkpoint(lab, LAB, "weighted", temperature=np.inf, test_set=test_set)
        assert epoch == held_out.loss.mean(axis=1).argmin() + 1
        assert choose_checkpoint(lab, LAB, "weighted", temperature=1e9, test_set=test_set) == epoch
        nearly_one = choose_checkpoint(lab, LAB, "weighted", temperature=1e-6, test_set=test_set)
        nearest = held_out.nearest(LAB_POINT, 1)[0]
        assert nearly_one == held_out.loss[:, nearest].argmin() + 1
        everyone = choose_checkpoint(lab, LAB, "neighbours", k=len(held_out.true), test_set=test_set)
        assert everyone == held_out.error.mean(axis=1).argmin() + 1


def test_the_loss_of_held_out_samples_is_that_of_training(lab: Study) -> None:
    """Weights of the parameters, and squares where the training squares."""
    held_out = HeldOut(lab, "grid")
    np.testing.assert_allclose(held_out.loss, held_out.error / 100)  # of study lab: absolute, all alike
    weights = (1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0)
    training = replace(lab.config.training, loss="mse", parameter_weights=weights)
    other = replace(lab, config=replace(lab.config, training=training))
    other.__dict__["predictions"] = lab.predictions
    predicted, true = lab.test_predictions("grid")
    square = np.square(SPACE.normalise(predicted) - SPACE.normalise(true))
    np.testing.assert_allclose(HeldOut(other, "grid").loss, (square * weights).mean(axis=2))


def test_effective_samples(lab: Study) -> None:
    found = checkpoints(lab, Target.of(LAB, lab))
    sizes = [Rules(lab, temperature=t).effective_samples(found) for t in (1e-6, 0.1, 1.0, np.inf)]
    assert sizes[0] == pytest.approx(1)
    assert sizes == sorted(sizes)
    assert sizes[-1] == pytest.approx(2000)


def test_the_epoch_of_every_tracked_experiment(lab: Study) -> None:
    dense = checkpoints(lab, Target.of(experiment(lab, "dense"), lab))
    for key, rule in SELECTIONS.items():
        epochs = selection_predictions(lab, key)
        assert list(epochs) == [e.name for e in lab.config.experiments]
        assert epochs["dense"] == choose_checkpoint(lab, experiment(lab, "dense"), rule, dense)
        assert rule != "final" or set(epochs.values()) == {lab.final}
    with pytest.raises(ValueError, match=r"key = 'select_best': 'final', 'select_parameters'"):
        selection_predictions(lab, "select_best")


def test_samples_that_picked_an_epoch_do_not_score_it(lab: Study) -> None:
    alone = Experiment("lab", LAB_EXPERIMENT)
    rules = Rules(lab, centre="truth")
    found = checkpoints(lab, Target.of(alone, lab))
    result = selection(lab, alone, found, n_draws=2, n_curves=0, widths=(0.1,))
    assert (result.test_sets, result.left_out["neighbours"]) == ({"neighbours": "uniform", "weighted": "grid"}, 20)
    for rule, rows in (("neighbours", rules.nearest(found)), ("weighted", rules.heaviest(found))):
        error = rules.samples(result.test_sets[rule]).error
        gain = np.delete(error[lab.final - 1] - error[result.picks[rule] - 1], rows)
        assert result.average[rule][result.test_sets[rule]].value == pytest.approx(gain.mean())
        assert result.left_out[rule] == len(rows)
    weights = np.sort(rules.weights(found))[::-1]
    share = np.cumsum(weights) / weights.sum()
    assert share[result.left_out["weighted"] - 1] >= 0.95 > share[result.left_out["weighted"] - 2]
    assert f"20 of uniform for neighbours and {result.left_out['weighted']} of grid for weighted" in result.to_text()


def test_where_most_samples_picked_the_epoch_nothing_is_left_to_score(measured_like: Selection, lab: Study) -> None:
    result = selection(lab, experiment(lab, "lab_measured_1"), temperature=np.inf, n_curves=0)
    assert np.isnan(result.average["weighted"]["grid"].value)
    assert "not scored: weighted on grid, most of which picked its epoch" in result.to_text()
    assert "not scored" not in measured_like.to_text()
    json.dumps(result.to_dict(), allow_nan=False)


def test_who_is_told_the_truth_is_said(lab: Study, measured_like: Selection) -> None:
    assert measured_like.told == ("parameters", "neighbours", "weighted")
    assert "neighbours and weighted are told the truth" in measured_like.to_text()
    assert "60 by weighted held-out loss (told the truth)" in measured_like.sentences[0]
    assert list(measured_like.table.index) == ["parameters†", "curve", "neighbours†", "weighted†"]
    honest = replace(measured_like, centre="prediction")
    assert honest.told == ("parameters",)
    assert "told the truth" not in "".join(honest.sentences[:2])
    assert replace(measured_like, temperature=np.inf).told == ("parameters", "neighbours")
    assert replace(honest, known=False).told == ()


def test_centre_of_a_prediction(lab: Study) -> None:
    found = checkpoints(lab, Target.of(LAB, lab))
    told = Rules(lab, centre="prediction").nearest(found)
    answer = np.clip(found.predictions[found.row(found.chosen)], SPACE.minimum, SPACE.maximum)
    distance = np.linalg.norm(SPACE.normalise(HeldOut(lab, "uniform").true) - SPACE.normalise(answer), axis=1)
    np.testing.assert_array_equal(np.sort(told), np.sort(distance.argsort()[:20]))
    assert set(told) != set(Rules(lab).nearest(found))


def test_test_samples_in_the_experiments_place(lab: Study) -> None:
    found = checkpoints(lab, Target.of(LAB, lab))
    rules = Rules(lab)
    seen = {t.key: t for t in on_test_samples(rules, found, 0, 0)}
    held_out = rules.held_out("neighbours", found)
    (_, same) = from_neighbours(found, found.error, held_out.error[found.epochs - 1], held_out.true, 20, 0)
    assert seen["neighbours"].kept == pytest.approx(same.kept)
    assert list(seen) == ["neighbours", "weighted", "neighbours_prediction", "weighted_prediction"]
    # being told where a sample lies is most of what these rules gain
    assert seen["neighbours"].share.low > 0 > seen["neighbours_prediction"].share.high
    unweighted = {t.key: t for t in on_test_samples(Rules(lab, temperature=np.inf), found, 0, 0)}
    assert unweighted["weighted"].kept == unweighted["weighted_prediction"].kept


def test_tracked_noise_draws_are_used(lab: Study, measured_like: Selection) -> None:
    noise = measured_like.find("noise")
    assert (noise.n, noise.n_epochs, noise.paired) == (5, 80, True)
    names = [f"lab_measured_{i}" for i in range(1, 6)]
    ideal = [int(lab.experiment_errors(name).mean(axis=1).argmin()) + 1 for name in names]
    assert noise.picks["parameters"] == tuple(ideal)
    assert set(noise.gains["curve"]) == {"parameters", "profile", "curve"}
    assert "hardly reads this curve" in measured_like.to_text()


def test_what_test_samples_gain_without_being_told_is_said(measured_like: Selection) -> None:
    told, honest = (
        next(t for t in measured_like.samples if t.key == key) for key in ("weighted", "weighted_prediction")
    )

    def said(share: Interval) -> str:
        return replace(measured_like, samples=(told, replace(honest, share=share))).to_text()

    assert "weighted held-out loss comes of being told their true parameters: without them nothing is left" in said(
        Interval(-5, -8, -2)
    )
    assert "what is left cannot be told from nothing" in said(Interval(3, -1, 7))
    assert "comes of being told" not in said(Interval(20, 15, 25))


def test_without_noise_there_is_no_fresh_draw(lab: Study) -> None:
    result = selection(lab, LAB, n_draws=4, n_curves=0)
    assert [s.key for s in result.scores] == ["within_0.1_percent", "within_1_percent", "noise"]
    assert all(s.n == 4 and s.n_epochs == len(lab.checkpoints) and not s.paired for s in result.scores)
    assert "there is no fresh draw of it" in result.to_text()
    assert "24 epochs with stored weights" in result.to_text()
    stored = np.array(lab.checkpoints)
    error = lab.experiment_errors("lab").mean(axis=1)[stored - 1]
    assert result.scores[0].picks["parameters"] == (stored[error.argmin()],)


def test_untracked_noise_is_drawn_anew(lab: Study) -> None:
    other = replace(experiment(lab, "lab_measured_1"), name="other", disorder=0.97)
    noise = selection(lab, other, n_draws=4, n_curves=0).find("noise")
    assert (noise.n, noise.paired) == (5, True)  # with its own


def test_a_measured_curve(lab: Study) -> None:
    recorded = experiment(lab, "lab_measured_1").curve(Scan())
    target = Target.from_curve(MeasuredCurve(Scan().angle, recorded, {}), "mine")
    found = checkpoints(lab, target)
    result = selection(lab, target, found, n_curves=3)
    (halves,) = result.scores
    assert list(halves.gains) == ["curve", "neighbours", "weighted"]
    assert list(halves.gains["curve"]) == ["curve"]
    assert halves.seemed["curve"]["curve"] >= 0
    assert result.centre == "prediction"
    assert "parameters" not in result.picks
    assert not {"parameters", "share", "profile"} & set(result.table)
    assert "nothing can say which is ideal" in result.to_text()
    assert "need not have better parameters" in result.to_text()
    assert "nan" not in result.to_text()
    json.dumps(result.to_dict(), allow_nan=False)
    for wrong, message in (
        ({"by": "parameters"}, r"by = 'parameters': the true parameters of mine are unknown; 'curve', 'neighbours'"),
        ({"by": "neighbours", "centre": "truth"}, r"centre = 'truth': the true parameters of mine are unknown"),
    ):
        with pytest.raises(ValueError, match=message):
            choose_checkpoint(lab, target, found=found, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"centre = 'truth'"):
        selection(lab, target, found, centre="truth")


def test_constant_traces(constant: Study) -> None:
    result = selection(constant, first(constant))
    noise = result.find("noise")
    np.testing.assert_allclose(noise.gains["parameters"]["parameters"], 0, atol=1e-9)
    assert np.isnan(noise.recovered["neighbours"]["parameters"].value)
    assert "no advantage to recover" in result.to_text()
    assert "nan" not in result.to_text()
    json.dumps(result.to_dict(), allow_nan=False)


def test_without_weights_and_without_draws(plant: Callable[..., Study]) -> None:
    alone = replace(LAB, name="alone")
    study = plant(dipping, np.full((2, N_EPOCHS), 10.0), {"alone": (at(LAB_POINT, np.full(N_EPOCHS, 8.0)), alone)})
    result = selection(study, alone)
    assert result.scores == ()
    assert "holds no weights" in result.to_text()
    assert [rule.rstrip("†") for rule in result.table.index] == list(result.picks)
    assert set(result.frame["scored_on"]) == {"uniform test set"}


def test_one_epoch(plant: Callable[..., Study]) -> None:
    result = selection(plant(lambda true: np.full((1, len(true)), 9.0), np.full((N_DRAWS, 1), 9.0)), DRAWS["draw_0"])
    assert set(result.picks.values()) == {1}
    assert "no advantage to recover" in result.to_text()
    assert "nan" not in result.to_text()
    json.dumps(result.to_dict(), allow_nan=False)


def test_frame_table_and_json(measured_like: Selection) -> None:
    frame = measured_like.frame
    assert len(frame) == 4 * 3 + 4 * 2
    widths = measured_like.table.reset_index().astype(str).map(len).max()
    assert widths.sum() + 2 * len(widths) <= 80
    written = json.loads(json.dumps(measured_like.to_dict(), allow_nan=False))
    assert written["fresh"][0]["rules"]["parameters"]["recovered_percent"]["parameters"]["value"] == pytest.approx(100)
    assert written["picks"] == measured_like.picks


def test_sentences_say_what_the_numbers_say(measured_like: Selection) -> None:
    (noise,) = measured_like.scores

    def said(ideal: Interval, seemed: float) -> str:
        gains = {**noise.gains, "parameters": {**noise.gains["parameters"], "parameters": ideal}}
        seems = {**noise.seemed, "parameters": {**noise.seemed["parameters"], "parameters": seemed}}
        return replace(measured_like, scores=(replace(noise, gains=gains, seemed=seems),)).to_text()

    assert "part of its advantage was luck" in said(Interval(1, 0.5, 1.5), 2)
    assert "more than luck" in said(Interval(1, 0.5, 1.5), 1.2)
    assert "cannot be told from luck" in said(Interval(1, -0.5, 1.5), 2)
    assert "worse than final elsewhere" in said(Interval(-1, -1.5, -0.5), 2)
    assert "ideal loses 1.00 (0.50 to 1.50) % of range" in said(Interval(-1, -1.5, -0.5), 2)
    assert "no advantage to recover" in said(Interval(0, 0, 0), 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"temperature": 0.0}, r"temperature = 0\.0: a positive number"),
        ({"temperature": -1.0}, r"temperature = -1\.0: a positive number"),
        ({"temperature": float("nan")}, r"temperature = nan: a positive number"),
        ({"k": 0}, r"k = 0: a whole number"),
        ({"k": 2.5}, r"k = 2\.5: a whole number"),
        ({"by": "neighbours", "k": 2001}, r"k = 2001: at most the 2000 uniform test samples"),
        ({"by": "best"}, r"by = 'best': 'final', 'parameters', 'curve', 'neighbours', 'weighted' expected"),
        ({"centre": "mean"}, r"centre = 'mean': 'truth' or 'prediction' expected"),
        ({"by": "weighted", "test_set": "sobol"}, r"test set 'sobol'"),
    ],
)
def test_refusals(lab: Study, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choose_checkpoint(lab, LAB, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_draws": 1}, r"n_draws = 1: 2 or more"),
        ({"n_curves": -1}, r"n_curves = -1: 0 or more"),
        ({"widths": (0.0,)}, r"widths = \(0\.0,\): positive percentages"),
        ({"k": 2001}, r"k = 2001: at most the 2000"),
    ],
)
def test_refusals_of_the_comparison(lab: Study, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        selection(lab, LAB, **wrong)  # type: ignore[arg-type]
