"""All remedies on several small trainings: rows, what is scored, and going on after an interruption."""

import numpy as np
import pandas as pd
import pytest

from xrdlib.data import LAB, SPACE, DatasetConfig, Experiment
from xrdlib.metrics import parameter_error
from xrdlib.remedies import RemedySummary, augment, fine_tune, measure_remedies
from xrdlib.remedies.worth import protocol
from xrdlib.remedies.worth._scored import Scorer
from xrdlib.simulation import Instrument
from xrdlib.training import NetworkConfig, Study, StudyConfig, TrainingConfig

NOISY = [
    Experiment(f"lab_measured_{i}", LAB.parameters, Instrument(36.0, 0.2, background=2e-3, peak_counts=6e4), 0.94, i)
    for i in (1, 2)
]
SMALL = StudyConfig(
    name="small",
    seed=3,
    dataset=DatasetConfig(
        size=120, sampling="uniform", layer_thickness=400.0, scan_start=-84.0, scan_step=12.0, scan_points=101
    ),
    network=NetworkConfig(channels=(4,), kernels=(16,), strides=(8,), width=8, blocks=1, dropout=0.1),
    training=TrainingConfig(epochs=8, batch_size=16, test_size=30, learning_rate=1e-2),
    experiments=(LAB, *NOISY),
)
FEW = {
    "augment_truth": (
        "20 curves",
        lambda study, path, **o: augment(study, LAB, path, n=20, centre="truth", **o),
    ),
    "finetune_truth": (
        "rate 0",
        lambda study, path, **o: fine_tune(
            study, LAB, path, learning_rate=0.0, epochs=2, radius=2.0, centre="truth", **o
        ),
    ),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remedies") / "all"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "TRAINED", FEW)
        yield folder, measure_remedies(SMALL, folder, seeds=4, progress=False)


def test_every_remedy_on_every_training(measured):
    _, table = measured
    assert set(table["run"]) == {"base", "all_1", "all_2", "all_3"}
    assert (table.groupby("remedy")["run"].nunique() == 4).all()
    assert {"final", "answer_truth", "select_curve", "swa", "soup", "ensemble_note", "ensemble_seeds", *FEW} <= set(
        table["remedy"]
    )
    assert np.isfinite(table[["lab error", "lab_measured error", "grid", "uniform", "lab profile"]]).all(axis=None)


def test_before_is_the_final_epoch(measured):
    folder, table = measured
    study = Study.open(folder / "all_2" / "final")
    row = table[(table["remedy"] == "final") & (table["run"] == "all_2")].iloc[0]
    assert row["lab error"] == pytest.approx(study.experiment_errors("lab")[study.final - 1].mean(), rel=1e-4)
    noisy = [study.experiment_errors(e.name)[study.final - 1].mean() for e in NOISY]
    assert row["lab_measured error"] == pytest.approx(np.mean(noisy), rel=1e-4)
    predicted, true = study.test_predictions("uniform")
    error = parameter_error(predicted[study.final - 1], true, SPACE.range).mean()
    assert row["uniform"] == pytest.approx(error, rel=1e-4)


def test_a_rate_of_zero_changes_nothing(measured):
    _, table = measured
    scores = ["lab error", "lab_measured error", "grid", "uniform", "around error", "around follow"]
    before, after = (table[table["remedy"] == key].sort_values("run")[scores] for key in ("final", "finetune_truth"))
    np.testing.assert_allclose(after, before, atol=0.02)  # stored predictions are rounded to 0.006 % of range


def test_who_answers_the_truth_is_right_there_and_follows_nothing(measured):
    _, table = measured
    told = table[table["remedy"] == "answer_truth"]
    assert (told[["lab error", "lab_measured error", "lab profile"]] == 0).all(axis=None)
    assert told["around follow"].abs().max() < 1e-9
    assert (told["uniform"] > 15).all()


def test_the_mean_over_triples_is_what_pseudo_values_have_as_mean(measured):
    folder, table = measured
    finals = [Study.open(folder / run / "final") for run in ("base", "all_1", "all_2", "all_3")]
    at = np.stack([s.experiment_predictions("lab")[s.final - 1] for s in finals])
    truth = LAB.parameters.to_array()
    triples = [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]
    errors = [parameter_error(at[t].mean(axis=0), truth, SPACE.range).mean() for t in triples]
    seeds = table[table["remedy"] == "ensemble_seeds"]
    assert seeds["lab error"].mean() == pytest.approx(np.mean(errors), rel=1e-4)


def test_goes_on_where_it_was_interrupted(measured):
    folder, table = measured
    (folder / "remedies.csv").unlink()
    (folder / "all_1" / "finetune_truth.csv").unlink()
    (folder / "all_3" / "augment_truth.csv").unlink()
    again = measure_remedies(SMALL, folder, seeds=4, progress=False)
    scores = [c for c in table.columns if c not in ("core_seconds", "setting")]
    pd.testing.assert_frame_equal(again[scores], table[scores])


def test_read_as_a_summary(measured):
    folder, _ = measured
    found = RemedySummary.open(folder)
    assert found.held("augment_truth") == 4
    assert found.held("finetune_truth") is None
    assert found.cost("ensemble_seeds") > 0  # two more trainings
    experiment = ("lab error", "lab profile", "lab_measured error", "lab_measured profile")
    assert found.places == (*experiment, "grid", "uniform")
    assert all(found.sentences)


def test_too_few_trainings(tmp_path):
    with pytest.raises(ValueError, match="seeds = 3: 4 at least"):
        measure_remedies(SMALL, tmp_path / "x", seeds=3)


def test_following_the_truth_is_a_slope_of_one(measured):
    folder, _ = measured
    scorer = Scorer(Study.open(folder / "base" / "final"))
    true = scorer.around
    assert SPACE.valid(true).all()
    assert (np.abs(true - LAB.parameters.to_array()) <= 0.1 * SPACE.range + 1e-9).all()
    half = true.mean(axis=0) + 0.5 * (true - true.mean(axis=0))
    assert scorer.neighbourhood(true) == {"around error": 0.0, "around follow": pytest.approx(1.0)}
    assert scorer.neighbourhood(half)["around follow"] == pytest.approx(0.5)
    assert scorer.neighbourhood(np.broadcast_to(true[0], true.shape))["around follow"] == pytest.approx(0.0)


def test_noise_draws_are_one_experiment(measured):
    folder, _ = measured
    scorer = Scorer(Study.open(folder / "base" / "final"))
    said = {t.name: np.array(t.true) for t in scorer.targets}
    said["lab_measured_2"] = said["lab_measured_2"] + 0.07 * SPACE.range * np.eye(7)[2]
    scores = scorer.experiments(said)
    assert scores["lab error"] == 0.0
    assert scores["lab_measured error"] == pytest.approx(0.5)  # 7 % of one parameter of seven, one draw of two
    assert {k.split()[0] for k in scores} == {"lab", "lab_measured"}
