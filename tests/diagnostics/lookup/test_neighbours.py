"""Nearest neighbours on studies whose answers are planted: a perfect model, one worse than a look-up, and between."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from xrdlib import reference_study
from xrdlib.data import LAB, SPACE, DatasetConfig, Experiment, MeasuredCurve, sample
from xrdlib.diagnostics import Neighbours, Target, checkpoints, neighbour_baseline
from xrdlib.diagnostics._intervals import bootstrap_all
from xrdlib.diagnostics.lookup._library import trained_inputs
from xrdlib.diagnostics.lookup._lookup import MEANS, nearest, nearest_curves, running_mean
from xrdlib.diagnostics.lookup._neighbour_samples import _note, _tuned
from xrdlib.diagnostics.lookup._neighbour_scores import NeighbourTest
from xrdlib.diagnostics.target import Nuisances, resimulate
from xrdlib.metrics import curve_error
from xrdlib.simulation import PARAMETERS, Instrument, StrainParameters
from xrdlib.training import Measurement, Study, StudyConfig

SCAN = {"scan_start": -80.0, "scan_step": 8.0, "scan_points": 140}
N_TEST = 60
TRAINING = sample(150, "uniform", seed=1)
TEST = sample(N_TEST, "uniform", seed=2)


def make_study(
    predicted: np.ndarray | None = None,
    training: np.ndarray = TRAINING,
    experiment: Experiment | None = None,
    measurement: Measurement | None = None,
    test: np.ndarray = TEST,
) -> Study:
    """One epoch, no weights: predictions of the test set (default: the truth), whose first is the target's, too."""
    experiment = experiment or Experiment("planted", StrainParameters.from_array(TEST[0]))
    config = StudyConfig(
        "planted",
        dataset=DatasetConfig(size=len(training) + 1, sampling="uniform", **SCAN),
        experiments=(experiment,),
        measurement=measurement,
    )
    history = pd.DataFrame({"epoch": [1], "train_loss": [0.1], "val_loss": [0.1]})
    study = Study(Path("nowhere"), config, history)
    predicted = test if predicted is None else predicted
    own = SPACE.normalise(predicted[0])[None, None]
    study.__dict__["predictions"] = xr.Dataset(
        {
            "prediction": (("epoch", "sample", "parameter"), SPACE.normalise(predicted)[None]),
            "experiment_prediction": (("epoch", "experiment", "parameter"), own),
            "truth": (("sample", "parameter"), test),
            "training": (("training_sample", "parameter"), training),
        },
        coords={"test_set": ("sample", ["uniform"] * len(test))},
    )
    return study


def look_up(study: Study, **kwargs: object) -> Neighbours:
    kwargs = {"n_test": N_TEST, **kwargs}
    return neighbour_baseline(study, study.config.experiments[0], **kwargs)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def perfect() -> Neighbours:
    return look_up(make_study())


@pytest.fixture(scope="module")
def ignorant() -> Neighbours:
    """A network that answers with the middle of the space, among training samples that hold every test sample."""
    middle = np.tile(TRAINING.mean(axis=0), (N_TEST, 1))
    return look_up(make_study(middle, np.concatenate([TRAINING, TEST])), k=1)


def test_a_perfect_network_wins_everywhere(perfect: Neighbours) -> None:
    test = perfect.test
    assert perfect.verdict == "network"
    assert perfect.network_error == pytest.approx(0, abs=1e-6)
    assert test.share.value == 0
    assert not test.mean_curve_better.any()
    assert all(interval.low > 0 for interval in test.advantage)
    text = " ".join(perfect.sentences)
    assert "the note concludes that coverage is sparse and the model extrapolates" in text
    assert "the network reads better" in text
    assert "it is better in no parameter" in text


def test_a_network_worse_than_looking_up_is_found(ignorant: Neighbours) -> None:
    test = ignorant.test
    assert ignorant.verdict == "neighbours"
    np.testing.assert_allclose(test.by_curve, 0, atol=1e-6)
    assert test.share.value == 100
    assert test.mean_curve_better.all()
    assert test.choices[0][0] == test.choices[1][0] == 1
    text = " ".join(ignorant.sentences)
    assert "coverage is good and the model does not interpolate well" in text
    assert "the look-up reads better" in text
    assert f"it is better in {', '.join(PARAMETERS)}" in text
    assert "The very point is in the training set." in text


def test_against_brute_force(perfect: Neighbours) -> None:
    distance = np.sqrt((((TRAINING - TEST[0]) / SPACE.range) ** 2).sum(axis=1))
    order = np.argsort(distance)[:5]
    found = perfect.lookups["parameters"]
    np.testing.assert_allclose(found.distance[:5], distance[order])
    np.testing.assert_array_equal(found.parameters[:5], TRAINING[order])
    answer = perfect.answers["parameters", False]
    np.testing.assert_allclose(answer.parameters[4], TRAINING[order].mean(axis=0))
    mean = curve_error(found.curves[:5].mean(axis=0), perfect.target.intensity)
    assert answer.misfits["mean of intensities"].rmse[4] == pytest.approx(mean.rmse)
    np.testing.assert_allclose(
        answer.errors[4], 100 * np.abs(TRAINING[order].mean(axis=0) - TEST[0]) / SPACE.range, rtol=1e-9
    )
    weights = (1 / distance[order])[:, None]
    weighted = (TRAINING[order] * weights).sum(axis=0) / weights.sum()
    np.testing.assert_allclose(perfect.answers["parameters", True].parameters[4], weighted)


def test_nearest_by_curve_is_as_the_network_sees_curves(perfect: Neighbours) -> None:
    study = make_study()
    inputs = trained_inputs(TRAINING, study.config, np.random.default_rng(0))
    distance = np.sqrt(np.square(inputs - perfect.target.inputs(study), dtype=float).mean(axis=1))
    np.testing.assert_allclose(perfect.lookups["curve"].distance, np.sort(distance)[:50], rtol=1e-5)
    assert "curve as trained" not in perfect.lookups  # the same curves


def test_all_neighbours_answer_with_the_mean_of_everything() -> None:
    found = look_up(make_study(), k=len(TRAINING), n_test=0)
    for space in ("curve", "parameters"):
        np.testing.assert_allclose(found.answers[space, False].parameters[-1], TRAINING.mean(axis=0))


def test_one_neighbour_is_its_own_mean(ignorant: Neighbours) -> None:
    for space in ignorant.lookups:
        for weighted in (False, True):
            answer = ignorant.answers[space, weighted]
            np.testing.assert_allclose(answer.parameters[0], ignorant.lookups[space].parameters[0])
            # but for the grid of the resolution
            assert len({round(float(answer.misfits[mean].rmse[0]), 6) for mean in MEANS}) == 1
    assert any("With one neighbour the mean curve" in s for s in ignorant.sentences)


def test_a_duplicate_counts_alone_when_weighted() -> None:
    values = np.array([[1.0], [3.0], [100.0]])
    np.testing.assert_allclose(running_mean(values, np.array([0.0, 0.0, 1.0]), weighted=True).ravel(), [1, 2, 2])
    np.testing.assert_allclose(running_mean(values, np.array([0.0, 0.0, 1.0]), weighted=False)[-1], 104 / 3)
    np.testing.assert_allclose(running_mean(values, np.array([1.0, 2.0, 4.0]), weighted=True)[1], (1 + 1.5) / 1.5)
    twice = np.concatenate([TRAINING, TEST[:1]])
    found = look_up(make_study(training=twice), weighted=True, n_test=0)
    assert found.lookups["parameters"].distance[0] == 0
    np.testing.assert_allclose(found.answers["parameters", True].errors, 0, atol=1e-9)


def test_ties_keep_the_order_of_the_library() -> None:
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(60, 8)).astype(np.float32)
    inputs = np.concatenate([inputs, inputs])  # every row twice
    queries = (inputs[[5, 17, 40]] + 0.01).astype(np.float32)
    index, distance = nearest(queries, inputs, 7)
    for query, rows, apart in zip(queries, index, distance, strict=True):
        brute_rows, brute = nearest_curves(query, inputs, 7)
        np.testing.assert_array_equal(rows, brute_rows)
        np.testing.assert_allclose(apart, brute)
    assert index[:, :2].tolist() == [[5, 65], [17, 77], [40, 100]]


def test_the_number_of_neighbours_is_chosen_on_the_other_half() -> None:
    """The halves like different numbers: whoever chose on the scored half would get 0."""
    errors = np.ones((8, 3, 7))
    errors[:4, 0], errors[4:, 2] = 0.0, 0.0
    tuned, choices = _tuned({False: errors, True: errors + 1})
    assert choices == ((3, False), (1, False))
    np.testing.assert_array_equal(tuned, 1.0)


def planted(test: NeighbourTest, wins: np.ndarray) -> NeighbourTest:
    """The same with ``wins`` for both comparisons, samples in the order of density."""
    n = wins.size
    network = np.full((n, 7), 2.0)
    return replace(
        test,
        network=network,
        tuned=np.where(wins[:, None], 1.0, 3.0) * np.ones((n, 7)),
        density=np.linspace(0.1, 0.5, n),
        mean_curve_better=wins,
        mean_curve_better_with_background=wins,
    )


def test_the_notes_reading_is_supported_refuted_or_left_open(perfect: Neighbours) -> None:
    dense = np.arange(90) < 30
    for wins, words in (
        (dense, "The note's reading is supported."),
        (dense[::-1], "The note's reading is the wrong way round."),
        (np.arange(90) % 2 == 0, "The note's reading is undecided with 90 samples (the difference may be chance)."),
    ):
        found = replace(perfect, test=planted(perfect.test, wins))
        assert any(words in s for s in found.sentences)
    test = planted(perfect.test, dense)
    both = replace(perfect, test=replace(test, mean_curve_better_with_background=np.arange(90) % 2 == 0))
    assert any("is supported without, undecided with 90 samples" in s for s in both.sentences)
    assert both.to_dict()["test"]["dense_minus_sparse"]["mean_curve_better"]["value"] == 100
    assert test.contrast(note=True).value == test.contrast().value == 100
    assert [test.share_of(i).value for i in range(3)] == [100, 0, 0]
    assert test.share.value == pytest.approx(100 / 3)


def test_the_verdict_of_the_lab_experiment_rests_on_what_no_diffractometer_sees() -> None:
    """The numbers of an independent calculation: without and with a background the verdicts are opposite."""
    found = neighbour_baseline(reference_study("lab"), LAB, n_curves=200, n_test=0)
    seen = found.with_background
    assert (found.note_error, found.network_error) == pytest.approx((0.590, 0.441), abs=5e-4)
    assert (seen.nearest["parameters", MEANS[1]], seen.network["final"]) == pytest.approx((0.297, 0.301), abs=5e-4)
    others = [seen.nearest["parameters", mean] for mean in (MEANS[0], MEANS[2])]
    assert others == pytest.approx([0.278, 0.225], abs=5e-4)
    assert (found.verdict, found.seen_verdict) == ("network", "neighbours")
    assert any("the verdict depends on what lies below the background" in s for s in found.sentences)
    content = found.to_dict()
    assert (content["better_with_background"], content["background_of_comparison"]) == ("neighbours", 1e-3)


def test_above_a_background_against_brute_force(perfect: Neighbours) -> None:
    seen, lookup, target = perfect.with_background, perfect.lookups["parameters"], perfect.target
    observed = target.intensity + 1e-3 * target.intensity.max()
    logs = 10 ** np.log10(lookup.curves[:5]).mean(axis=0)
    for mean, curve in zip(MEANS[1:], (lookup.curves[:5].mean(axis=0), logs), strict=True):
        assert seen.nearest["parameters", mean] == pytest.approx(float(curve_error(curve, observed).rmse), rel=1e-6)
    assert seen.network["final"] == pytest.approx(0, abs=1e-6)
    assert perfect.seen_verdict == "network"
    assert any("Neighbours come no closer with it, too." in s for s in perfect.sentences)
    assert perfect.frame["curve_rmse_with_background"].notna().all()


@pytest.mark.parametrize(("own", "again"), [(5e-4, True), (1e-3, False)])
def test_a_curve_with_a_background_of_its_own_is_compared_once(own: float, again: bool) -> None:
    experiment = Experiment("planted", StrainParameters.from_array(TEST[0]), Instrument(background=own))
    found = look_up(make_study(experiment=experiment), n_test=0)
    assert (found.with_background is not None) == again
    assert any("does not see all of the tail" in s for s in found.sentences) == again
    if not again:
        assert found.seen_verdict == found.verdict
        assert found.to_dict()["better_with_background"] is None
        assert found.frame["curve_rmse_with_background"].isna().all()


def test_the_place_may_agree_on_one_side_of_the_background_only(perfect: Neighbours) -> None:
    seen = replace(perfect.with_background, network={"final": 9.0})
    for sparser, words in (
        (5.0, "only without a background"),
        (95.0, "only with a background"),
        (50.0, "not bear out"),
    ):
        found = replace(perfect, with_background=seen, sparser=sparser)
        assert any(words in s for s in found.sentences)


def test_test_samples_are_compared_above_a_background_too() -> None:
    """Who wins is counted by hand; among these samples the background turns some round."""
    study, n, k = make_study(), 40, 3
    predicted = np.clip(TEST[:n] + 0.08 * SPACE.range, SPACE.minimum, SPACE.maximum)
    apart = np.sqrt((((TRAINING - TEST[:n, None]) / SPACE.range) ** 2).sum(axis=2))
    around = apart.argsort(axis=1)[:, :k]
    plain, seen = _note(study, TEST[:n], predicted, around, np.take_along_axis(apart, around, 1), False)

    def curves(parameters: np.ndarray) -> np.ndarray:
        made = resimulate(parameters, study.config.dataset.scan.angle, Nuisances(), study.config.dataset)
        return np.maximum(made / made.max(axis=1, keepdims=True), study.config.training.floor)

    own, network = curves(TEST[:n]), curves(predicted)
    mean = curves(TRAINING)[around].mean(axis=1)
    for background, better in ((0.0, plain), (1e-3, seen)):
        miss = [np.square(np.log10((c + background) / (own + background))).mean(axis=1) for c in (mean, network)]
        np.testing.assert_array_equal(better, miss[0] < miss[1])
    assert (plain != seen).any()


def test_does_not_fire_where_neither_is_better(perfect: Neighbours) -> None:
    rng = np.random.default_rng(4)
    network, tuned = rng.uniform(5, 15, size=(2, 200, 7))
    same = network + rng.permuted(tuned - network, axis=0) * rng.choice([-1, 1], size=(200, 1))
    gaps = same - network
    advantage = bootstrap_all(lambda g: g.mean(axis=0), np.column_stack([gaps, gaps.mean(axis=1)]))
    test = replace(perfect.test, network=network, tuned=same, advantage=advantage, density=np.arange(200.0))
    assert any("neither is better beyond chance" in s for s in replace(perfect, test=test).sentences)


def test_a_look_up_that_knows_the_instrument_beats_one_that_does_not() -> None:
    """A curve with background, of a sample in the training set: among its own kind it is found, else not."""
    instrument = Instrument(40.0, 0.3, background=1e-3)
    experiment = Experiment("planted", StrainParameters.from_array(TEST[0]), instrument, disorder=0.9)
    wrong = np.tile(TRAINING.mean(axis=0), (N_TEST, 1))
    study = make_study(wrong, np.concatenate([TRAINING, TEST]), experiment)
    found = look_up(study, k=1, n_test=0)
    assert found.background == 1e-3
    np.testing.assert_array_equal(found.lookups["curve"].parameters[0], TEST[0])
    assert found.lookups["curve"].distance[0] == pytest.approx(0, abs=1e-5)
    assert found.lookups["curve as trained"].distance[0] > 0.05
    assert any("among the training curves as the network saw them" in s for s in found.sentences)


def test_the_background_of_a_measured_curve_is_fitted() -> None:
    experiment = Experiment("planted", StrainParameters.from_array(TEST[0]), Instrument(background=2e-3))
    study = make_study(TRAINING[:N_TEST], np.concatenate([TRAINING, TEST]), experiment)
    known = Target.of(experiment, study)
    curve = MeasuredCurve(known.angle, 7e4 * known.intensity, {"file": "planted.txt"})
    # as of a curve from a file: no truth; the network's answer is far off
    found = replace(checkpoints(study, known), true=None, errors=None)
    result = neighbour_baseline(study, curve, k=1, found=found, n_test=0)
    assert result.background == pytest.approx(2e-3, rel=0.02)
    np.testing.assert_array_equal(result.lookups["curve"].parameters[0], TEST[0])
    assert result.predicted
    np.testing.assert_array_equal(result.lookups["parameters"].parameters[0], TRAINING[0])
    assert "error /%" not in result.table.columns
    text = " ".join(result.sentences)
    assert "which is right cannot be said without the truth" in text
    assert "around the chosen prediction" in text
    json.dumps(result.to_dict(), allow_nan=False)


def test_resolution_and_disorder_of_a_measured_curve_come_from_the_library() -> None:
    """Planted on the fit's values; a network that is wrong, and what was fitted to its answers, change nothing."""
    instrument, e = Instrument(40.0, 0.2, background=1e-3), 0.91
    experiment = Experiment("planted", StrainParameters.from_array(TEST[0]), instrument, disorder=e)
    study = make_study(TRAINING[:N_TEST], np.concatenate([TRAINING, TEST]), experiment)
    known = Target.of(experiment, study)
    curve = MeasuredCurve(known.angle, 7e4 * known.intensity, {"file": "planted.txt"})
    found = replace(checkpoints(study, known), true=None, errors=None)
    results = [
        neighbour_baseline(study, curve, k=1, found=replace(found, nuisances=Nuisances(*wrong, fitted=True)), n_test=0)
        for wrong in ((25.0, 0.0, 1.0), (50.0, 0.5, 0.85))
    ]
    for result in results:
        assert result.nuisances == Nuisances(40.0, 0.2, e, fitted=True)
        np.testing.assert_array_equal(result.lookups["curve"].parameters[0], TEST[0])
        assert result.to_dict()["nuisances"]["fwhm"] == 40
        text = " ".join(result.sentences)
        assert "the network has no say in it: 40 arcsec, Lorentz fraction 0.2, disorder 0.91." in text
        assert "The look-up has resolution, disorder and background fitted to this curve" in text
        assert "The look-up knows" not in text
    same = [r.answers["curve", False].misfits[MEANS[1]].rmse for r in results]
    np.testing.assert_array_equal(*same)
    by_parameters = [r.lookups["parameters"].curves for r in results]
    assert not np.allclose(*by_parameters)  # as the network's own: with what was fitted to its predictions


def test_known_nuisances_are_not_fitted(perfect: Neighbours) -> None:
    assert perfect.nuisances == Nuisances()
    assert not any("fitted to the library curves" in s for s in perfect.sentences)


def test_a_study_of_measured_curves_without_weights() -> None:
    """The stored predictions stand in for what the network would make of the new draws."""
    found = look_up(make_study(measurement=Measurement()), n_test=30)
    assert "curve as trained" in found.lookups
    np.testing.assert_allclose(found.test.network, 0, atol=1e-9)
    assert found.test.n == 30
    assert (found.test.by_curve.mean(axis=1) > 0).all()


def test_a_smaller_library_is_drawn_and_said() -> None:
    found = look_up(make_study(), n_curves=100)
    assert (found.n_library, found.n_training) == (100, len(TRAINING))
    text = " ".join(found.sentences)
    assert f"by curve (of 100 of {len(TRAINING)} training curves" in text
    assert f"With all {len(TRAINING)} training curves instead of 100" in text
    assert found.test.full < found.test.by_curve.mean()
    again = look_up(make_study(), n_curves=100)
    assert again.to_dict() == found.to_dict()
    assert look_up(make_study(), n_curves=100, seed=1).to_dict() != found.to_dict()


def test_frame_table_and_json(perfect: Neighbours, ignorant: Neighbours) -> None:
    for found in (perfect, ignorant):
        frame = found.frame
        assert len(frame) == 3 + 2 * len(MEANS)  # final, ideal, chosen; three curves for each look-up
        assert max(len(line) for line in found.table.to_string().splitlines()) <= 80
        content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert content["better"] == found.verdict
        assert len(content["answers"]) == len(frame)
        assert content["test"]["n"] == N_TEST
        assert len(found.test.frame) == 8


def test_what_similar_curves_do_not_share() -> None:
    """Planted: thirty training samples that differ from the target in Rp2 only, with hardly any strain around it."""
    own = np.array([0.02, 0.005, 4000.0, 2000.0, SPACE.minimum[4], 1000.0, -3000.0])
    twins = np.tile(own, (30, 1))
    twins[:, 6] = np.linspace(-6500, 0, 30)
    experiment = Experiment("planted", StrainParameters.from_array(own))
    found = look_up(make_study(None, np.concatenate([TRAINING, twins]), experiment), n_test=0)
    rp2 = PARAMETERS.index("Rp2")
    np.testing.assert_allclose(np.delete(found.spread, rp2), 0, atol=1e-9)
    expected = 100 * SPACE.normalise(found.lookups["curve"].parameters[:20])[:, rp2].std()
    assert found.scatter.loc["Rp2", "nearest by curve"] == pytest.approx(expected)
    assert found.scatter.loc["Rp2", "all training samples"] > 20
    assert "least on Rp2" in found.sentences[-1]


def test_samples_without_a_prediction_are_left_out() -> None:
    predicted = TEST.copy()
    predicted[1:11, 3] = np.nan
    assert look_up(make_study(predicted)).test.n == N_TEST - 10
    predicted[1:55] = np.nan
    few = look_up(make_study(predicted))
    assert few.test is None
    assert any("Too few test samples" in s for s in few.sentences)
    assert few.to_dict()["test"] is None


def test_a_study_trained_elsewhere(tmp_path: Path) -> None:
    """Only what it predicted is known: the experiment's look-up needs no more."""
    given = {"val_loss": [0.1], "training": TRAINING, "experiments": {"own": (TEST[:1], TEST[0])}}
    data = DatasetConfig(sampling="uniform", **SCAN)
    study = Study.from_predictions(tmp_path / "elsewhere", uniform=(TEST[None], TEST), dataset=data, **given)
    found = look_up(study)
    assert found.verdict == "network"
    assert found.test.share.value == 0


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [
        ({"k": len(TRAINING) + 1}, r"k = 151: 1 to 150 expected"),
        ({"k": 21, "n_curves": 20}, r"k = 21: 1 to 20 expected"),
        ({"k": 0}, r"k = 0: at least 1 expected"),
        ({"n_curves": 1}, r"n_curves = 1: at least 2 expected"),
        ({"n_test": -1}, r"n_test = -1: at least 0 expected"),
        ({"n_compared": 0}, r"n_compared = 0: at least 1 expected"),
    ],
)
def test_bad_arguments_are_refused(kwargs: dict[str, int], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        look_up(make_study(), **kwargs)
