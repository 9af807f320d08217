"""Where to stop a fine-tuning, and what it gained and lost, on made-up studies with known answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xrdlib.data import LAB, SPACE, DatasetConfig, sample
from xrdlib.remedies import fine_tune, forgetting, stop_early, weight_region
from xrdlib.training import Focus, Parent, Study, StudyConfig, StudyError
from xrdlib.training.config import TrainingConfig
from xrdlib.training.parent import fingerprint

TRUTH = LAB.parameters.to_array()
TESTS = {"grid": sample(60, "grid", seed=1), "uniform": sample(60, "uniform", seed=2)}
QUIET = {"workers": 1, "progress": False}


def history(losses: list[float]) -> pd.DataFrame:
    n = len(losses)
    return pd.DataFrame(
        {"epoch": range(1, n + 1), "train_loss": losses, "val_loss": losses, "learning_rate": np.zeros(n)}
    )


def made(losses: list[float], parent: Parent | None = None, focus: Focus | None = None) -> Study:
    """A study that has a history only."""
    config = StudyConfig(training=TrainingConfig(epochs=len(losses)), parent=parent, focus=focus)
    return Study(Path("made"), config, history(losses))


class TestStopEarly:
    PARENT = made([0.5, 0.1, 0.2])

    @pytest.mark.parametrize(
        ("losses", "tolerance", "epoch"),
        [
            ([0.09, 0.08, 0.07], 5.0, 3),  # never higher
            ([0.101, 0.103, 0.11, 0.12], 5.0, 2),
            ([0.2, 0.09, 0.08], 5.0, 0),  # the first already: what comes after does not count
            ([0.101, 0.2, 0.09], 5.0, 1),
            ([0.1, 0.1], 0.0, 2),  # no rise at all is allowed, and none is there
            ([0.1000001, 0.1], 0.0, 0),
            ([0.14, 0.16], 50.0, 1),
        ],
    )
    def test_known_traces(self, losses, tolerance, epoch):
        tuned = made(losses, Parent("made", "finetune", "", (2,), trained=True))
        assert stop_early(self.PARENT, tuned, tolerance=tolerance) == epoch

    def test_the_limit_is_that_of_the_epoch_it_started_from(self):
        losses = [0.3, 0.45]
        for start, epoch in ((1, 2), (3, 0)):
            tuned = made(losses, Parent("made", "finetune", "", (start,), trained=True))
            assert stop_early(self.PARENT, tuned) == epoch

    @pytest.mark.parametrize("tolerance", [-1.0, float("nan")])
    def test_bad_tolerance(self, tolerance):
        tuned = made([0.1], Parent("made", "finetune", "", (2,), trained=True))
        with pytest.raises(ValueError, match="a tolerance of 0 or more"):
            stop_early(self.PARENT, tuned, tolerance=tolerance)

    @pytest.mark.parametrize("parent", [None, Parent("made", "weight", "", (), trained=True)])
    def test_not_fine_tuned(self, parent):
        with pytest.raises(ValueError, match="a fine-tuned study"):
            stop_early(self.PARENT, made([0.1], parent))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Study, Study]]:
    """Function that makes a parent of two epochs and a tuned study of two, with errors (% of range) as given.

    The parent errs by 10 % everywhere at its second epoch.
    """

    def predictions(errors: list[float], true: np.ndarray) -> np.ndarray:
        return np.stack([true + e / 100 * SPACE.range for e in errors])

    def study(folder: Path, losses: list[float], lab: list[float], tests: dict[str, list[np.ndarray]]) -> Study:
        every = {name: (np.stack(values), TESTS[name]) for name, values in tests.items()}
        return Study.from_predictions(
            folder,
            val_loss=losses,
            training=sample(50, "grid", seed=3),
            **every,
            experiments={"lab": (predictions(lab, TRUTH), LAB)},
            dataset=DatasetConfig(scan_start=-80.0, scan_step=10.0, scan_points=120),
        )

    def make(
        after: dict[str, list[np.ndarray]], lab: list[float], losses: list[float], centre: np.ndarray = TRUTH
    ) -> tuple[Study, Study]:
        folder = tmp_path_factory.mktemp("pair")
        before = {name: list(predictions([20.0, 10.0], true)) for name, true in TESTS.items()}
        parent = study(folder / "parent", [0.2, 0.1], [20.0, 10.0], before)
        tuned = study(folder / "tuned", losses, lab, after)
        config = replace(
            tuned.config,
            foreign=False,
            focus=Focus(tuple(centre), radius=0.5),
            parent=Parent("parent", "finetune", fingerprint(parent.path), (2,), trained=True),
        )
        told = Study(tuned.path, config, tuned.history)
        told.__dict__["predictions"] = tuned.predictions
        return parent, told

    return make


def shifted(by: float) -> dict[str, list[np.ndarray]]:
    """Both test sets err by 10 % and then by so much more, in every parameter of every sample."""
    return {name: [true + e / 100 * SPACE.range for e in (10.0, 10.0 + by)] for name, true in TESTS.items()}


def test_gain_and_loss_are_those_planted(pair):
    found = forgetting(*pair(shifted(2.0), [6.0, 4.0], [0.1, 0.2]))
    assert (found.parent, found.started, found.last) == ("parent", 2, 2)
    np.testing.assert_allclose(found.experiments["lab"], [10.0, 6.0, 4.0], atol=2e-3)
    np.testing.assert_allclose(found.val_loss, [0.1, 0.1, 0.2])
    for name in TESTS:
        np.testing.assert_allclose(found.tests[name], [10.0, 10.0, 12.0], atol=2e-3)
        value, low, high = found.changes[name][-1]
        assert (value, low, high) == pytest.approx((2.0, 2.0, 2.0), abs=5e-3)
        assert found.worse[name].value == 100.0
    text = " ".join(found.sentences)
    assert "lab: from 10.00 to 4.00 % of range (-6.00)." in text
    assert text.count(": forgotten; 100") == 2
    assert found.stop == 1
    assert "stopping early keeps epoch 1, with lab 6.00, grid 10.00, uniform 10.00" in text


def test_nothing_forgotten_is_not_called_so(pair):
    """Half of the samples get better by as much as the others get worse."""
    sign = np.where(np.arange(60) % 2, 1.0, -1.0)[:, None]
    after = {name: [true + 0.1 * SPACE.range, true + (0.1 + 0.02 * sign) * SPACE.range] for name, true in TESTS.items()}
    found = forgetting(*pair(after, [10.0, 10.0], [0.1, 0.1]))
    for name in TESTS:
        assert not found.changes[name][-1].excludes(0)
        assert found.worse[name].value == 50.0
    text = " ".join(found.sentences)
    assert text.count("no change that can be told from chance") == 2
    assert "forgotten;" not in text
    assert "lab: the error stays at 10.00 % of range." in text
    assert "stopping early would keep the last epoch" in text


def test_an_improvement_is_called_one(pair):
    found = forgetting(*pair(shifted(-3.0), [12.0, 11.0], [0.05, 0.05]))
    text = " ".join(found.sentences)
    assert text.count("nothing forgotten, it improves") == 2
    assert "lab: from 10.00 to 11.00 % of range (+1.00), lowest before it began, which only the truth tells." in text


def test_the_lowest_epoch_between(pair):
    found = forgetting(*pair(shifted(0.0), [3.0, 7.0], [0.3, 0.3]))
    text = " ".join(found.sentences)
    assert "lowest after epoch 1 (3.00), which only the truth tells" in text
    assert found.stop == 0
    assert "(+200.0 %): stopping early keeps the network as it was." in text


def test_who_was_told_the_answer(pair):
    told = forgetting(*pair(shifted(0.0), [6.0, 4.0], [0.1, 0.1]))
    assert told.told == ("lab",)
    assert told.answer["lab"] == pytest.approx(0.0, abs=1e-6)
    assert "The centre is the truth of lab: what is gained there" in " ".join(told.sentences)
    away = TRUTH + np.array([1, 1, 1, 1, 1, 1, -8]) / 100 * SPACE.range
    honest = forgetting(*pair(shifted(0.0), [6.0, 4.0], [0.1, 0.1], away))
    assert honest.told == ()
    assert honest.answer["lab"] == pytest.approx(2.0, abs=1e-6)
    expected = (100 * np.abs(away - TESTS["grid"]) / SPACE.range).mean()
    assert honest.answer["grid"] == pytest.approx(expected, rel=1e-5)
    assert "The centre is the truth" not in " ".join(honest.sentences)


def test_frame_table_and_json(pair):
    found = forgetting(*pair(shifted(2.0), [6.0, 4.0], [0.1, 0.2]))
    assert found.frame["epoch"].tolist() == [0, 1, 2]
    assert found.frame["grid_change_value"].iloc[0] == 0
    assert list(found.table.index) == ["0 (before)", "1", "2"]
    values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert values["stop"] == {"tolerance_percent": 5.0, "epoch": 1}
    assert values["test_sets"]["grid"]["change"][2]["value"] == pytest.approx(2.0, abs=5e-3)


def test_of_another_parent(pair):
    parent, tuned = pair(shifted(0.0), [6.0, 4.0], [0.1, 0.1])
    stranger = replace(tuned.config, parent=replace(tuned.config.parent, fingerprint="0" * 16))
    other = Study(tuned.path, stranger, tuned.history)
    with pytest.raises(StudyError, match="was made of a study parent that is not"):
        forgetting(parent, other)


class TestTrained:
    """The same of trainings."""

    def test_a_rate_of_zero_gains_and_forgets_nothing(self, study, tmp_path):
        still = fine_tune(study, LAB, tmp_path / "s", radius=2.0, learning_rate=0.0, epochs=2, **QUIET)
        found = forgetting(study, still)
        for trace in (*found.experiments.values(), *found.tests.values(), found.val_loss):
            np.testing.assert_allclose(trace, trace[0], rtol=1e-6)
        assert all(c == (0.0, 0.0, 0.0) for changes in found.changes.values() for c in changes)
        assert found.stop == 2
        assert list(found.experiments) == ["lab", "measured"]

    def test_what_it_says_is_what_the_studies_hold(self, study, tmp_path):
        tuned = fine_tune(study, LAB, tmp_path / "s", radius=2.0, learning_rate=1e-2, epochs=2, **QUIET)
        found = forgetting(study, tuned)
        start = tuned.config.parent.epochs[0]
        errors = [study.experiment_errors("lab")[start - 1].mean(), *tuned.experiment_errors("lab").mean(axis=1)]
        np.testing.assert_allclose(found.experiments["lab"], errors)
        assert found.n_training == len(tuned.training_parameters)

    def test_a_weighted_training_is_no_fine_tuning(self, study, tmp_path):
        weighted = weight_region(study, LAB, tmp_path / "s", **QUIET)
        with pytest.raises(ValueError, match="a fine-tuned study"):
            forgetting(study, weighted)
