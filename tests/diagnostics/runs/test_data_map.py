"""Data map and forgetting, on a study made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from xrdlib.data import LAB, SPACE, DatasetConfig, MeasuredCurve
from xrdlib.data.space import LAB_EXPERIMENT
from xrdlib.diagnostics import Target, data_map
from xrdlib.training import Study, StudyConfig, StudyError, TrainingConfig

# errors in % of range at epochs 1 to 8; right below 5, the first epoch does not count
ALWAYS = [9, 1, 1, 1, 1, 1, 1, 1]
NEVER = [1, 9, 9, 9, 9, 9, 9, 9]
TWICE = [9, 1, 9, 1, 9, 9, 1, 1]
LOST = [9, 1, 1, 1, 1, 1, 1, 9]
LEARNT = [9, 9, 9, 9, 1, 1, 1, 1]


def study(samples: list[list[float]], own: list[float], n_epochs: int = 8) -> Study:
    """Errors of test samples and of the experiment at every epoch; the last one is final."""
    config = StudyConfig(
        "made", dataset=DatasetConfig(sampling="uniform"), training=TrainingConfig(epochs=n_epochs, test_size=2)
    )
    loss = np.linspace(0.2, 0.1, n_epochs)
    history = pd.DataFrame({"epoch": np.arange(1, n_epochs + 1), "train_loss": loss, "val_loss": loss})
    made = Study(Path("made"), config, history)
    truth = np.full((len(samples), 7), 0.3)
    off = np.asarray(samples, dtype=float).T[:n_epochs, :, None] / 100
    target = SPACE.normalise(LAB_EXPERIMENT.to_array())
    predicted = target + np.asarray(own, dtype=float)[:n_epochs, None, None] / 100
    made.__dict__["predictions"] = xr.Dataset(
        {
            "prediction": (("epoch", "sample", "parameter"), truth[None] + off),
            "experiment_prediction": (("epoch", "experiment", "parameter"), predicted),
            "truth": (("sample", "parameter"), SPACE.denormalise(truth)),
        },
        {"test_set": ("sample", np.full(len(samples), "uniform", dtype=object))},
    )
    return made


def test_forgetting_is_counted() -> None:
    found = data_map(study([ALWAYS, NEVER, TWICE, LOST, LEARNT], TWICE), LAB, threshold=5)
    assert found.epochs.tolist() == list(range(2, 9))
    assert found.events.tolist() == [0, 0, 2, 1, 0]
    assert found.target_events == 2
    shares = {k: v.value for k, v in found.shares.items()}
    assert shares == pytest.approx({"never": 0.2, "always": 0.2, "forgotten": 0.4, "lost": 0.25})
    assert "forgotten 2 times, right at final" in found.sentences[-1]


def test_mean_and_spread() -> None:
    found = data_map(study([ALWAYS, TWICE], LEARNT), LAB, threshold=5)
    np.testing.assert_allclose(found.mean, [1, np.mean(TWICE[1:])])
    np.testing.assert_allclose(found.spread, [0, np.std(TWICE[1:], ddof=1)], atol=1e-9)
    assert found.target_mean == pytest.approx(np.mean(LEARNT[1:]))
    assert found.percentile("mean") == 50


def test_nothing_is_forgotten_where_errors_fall() -> None:
    falling = [list(np.linspace(9, 9 - k, 8)) for k in (2, 4, 6, 8)]
    found = data_map(study(falling, falling[0]), LAB)
    assert found.events.sum() == 0
    assert found.shares["lost"].value == 0
    # by default the median sample at the final epoch: half are right there
    assert found.right[found.final].sum() == 2


def test_an_experiment_that_is_harder_and_more_restless_than_all() -> None:
    found = data_map(study([ALWAYS, LEARNT, LOST], [9, 30, 10, 30, 10, 30, 10, 30]), LAB, threshold=5)
    assert "lab is hard" in found.sentences[-1]
    assert "restless" in found.sentences[-1]
    assert "never right" in found.sentences[-1]
    assert "easy" in data_map(study([NEVER] * 4, ALWAYS), LAB, threshold=5).sentences[-1]


def test_no_sample_ever_right() -> None:
    found = data_map(study([NEVER, NEVER], NEVER), LAB, threshold=5)
    assert np.isnan(found.shares["lost"].value)
    assert "No sample is ever right" in found.sentences[1]
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["shares"]["lost"]["value"] is None


def test_table_and_dict() -> None:
    found = data_map(study([ALWAYS, NEVER, TWICE, LOST, LEARNT], TWICE), LAB, threshold=5)
    assert max(map(len, found.table.to_string().splitlines())) <= 80
    assert found.to_dict()["forgotten"] == 2
    assert len(found.frame) == 5


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"threshold": 0.0}, r"threshold = 0.0: an error in % of range, above 0"),
        ({"first": 8}, r"first = 8: 1 epochs of made are left, two at least"),
        ({"test_set": "other"}, r"test set 'other'"),
    ],
)
def test_bad_input(changes: dict[str, object], text: str) -> None:
    with pytest.raises(StudyError, match=text):
        data_map(study([ALWAYS, NEVER], LOST), LAB, **changes)


def test_unknown_parameters() -> None:
    curve = Target.from_curve(MeasuredCurve(np.arange(10.0), np.ones(10), {}), "curve")
    with pytest.raises(StudyError, match=r"curve: its parameters are unknown"):
        data_map(study([ALWAYS, NEVER], LOST), curve)


class TestNotFinite:
    """A run that broke down: what has no error is left out and counted, or refused; never a mean of nan."""

    broken = (*ALWAYS[:6], np.nan, np.inf)

    def test_single_samples_are_left_out_and_counted(self) -> None:
        found = data_map(study([ALWAYS, NEVER, self.broken, LEARNT], TWICE), LAB, threshold=5)
        whole = data_map(study([ALWAYS, NEVER, LEARNT], TWICE), LAB, threshold=5)
        assert (found.left_out, whole.left_out) == (1, 0)
        np.testing.assert_array_equal(found.mean, whole.mean)
        assert found.shares == whole.shares
        assert "Left out: 1 test samples with a prediction that is not finite." in found.sentences
        assert "nan" not in found.to_text()
        values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert (values["n_samples"], values["left_out"]) == (3, 1)
        assert not any("Left out" in s for s in whole.sentences)

    def test_before_the_first_epoch_it_does_not_count(self) -> None:
        early = [np.nan, *ALWAYS[1:]]
        assert data_map(study([early, NEVER], TWICE), LAB, threshold=5).left_out == 0

    def test_no_sample_left(self) -> None:
        text = r"made: no uniform test sample has finite predictions at every epoch from 2 on; .* at epochs 7, 8$"
        with pytest.raises(StudyError, match=text):
            data_map(study([self.broken, self.broken], TWICE), LAB)

    def test_the_target(self) -> None:
        with pytest.raises(StudyError, match=r"lab: a prediction of made is not finite at epochs 7, 8; no mean"):
            data_map(study([ALWAYS, NEVER], list(self.broken)), LAB)
        long = [9.0, *[np.nan] * 7]
        with pytest.raises(StudyError, match=r"at epochs 2, 3, 4, 5, 6 and 2 more; no mean"):
            data_map(study([ALWAYS, NEVER], long), LAB)
