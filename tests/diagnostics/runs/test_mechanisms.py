"""Chance in training, on replicas made by hand: planted sources are found, and nothing where there is nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import chi2

from xrdlib.data import LAB, SPACE, DatasetConfig, Experiment, MeasuredCurve
from xrdlib.data.space import LAB_EXPERIMENT
from xrdlib.diagnostics import Target, bias_variance, mechanisms, variation
from xrdlib.diagnostics.runs._runs import agreed, deviation, early_and_late, sample_transfer, transfer
from xrdlib.diagnostics.runs.bias_variance import bias_and_variance
from xrdlib.simulation import PARAMETERS, Instrument
from xrdlib.training import Replicas, Study, StudyConfig, StudyError, TrainingConfig
from xrdlib.training.curves import StudyCurves

CONFIG = StudyConfig(
    "base", dataset=DatasetConfig(size=400, sampling="uniform"), training=TrainingConfig(epochs=16, threads=1)
)
FALLING = np.linspace(0.2, 0.1, 16)
STORED = np.array([1, 2, 4, 8, 12, 14, 16])
N = 40


def replicas(offsets: dict[str, np.ndarray], samples: dict[str, np.ndarray] | None = None) -> Replicas:
    """Runs ``base`` and the like; offsets of every prediction from the truth, fractions of range.

    ``offsets``: of the experiment, shape (n_epochs,); ``samples``: (n_stored, n_samples), by default as the offsets.
    """
    names = list(offsets)
    own = SPACE.normalise(LAB_EXPERIMENT.to_array())[None, :] * np.ones((16, 1))
    truth = np.random.default_rng(1).uniform(0.2, 0.8, size=(2 * N, 7))
    n_epochs = len(next(iter(offsets.values())))
    stored = STORED[n_epochs >= STORED]
    predicted = []
    for name in names:
        off = offsets[name][stored - 1][:, None] * np.ones(2 * N) if samples is None else samples[name]
        predicted.append(truth[None] + off[:, :, None])
    store = xr.Dataset(
        {
            "val_loss": (("run", "epoch"), np.tile(FALLING[:n_epochs], (len(names), 1))),
            "experiment_prediction": (
                ("run", "epoch", "experiment", "parameter"),
                np.stack([own[:n_epochs, None] + offsets[n][:, None, None] for n in names]),
            ),
            "prediction": (("run", "stored_epoch", "sample", "parameter"), np.stack(predicted)),
            "truth": (("sample", "parameter"), SPACE.denormalise(truth)),
        },
        {
            "run": np.array(names, dtype=object),
            "varied": ("run", np.array(["nothing", *(n.rsplit("_")[0] for n in names[1:])], dtype=object)),
            "epoch": np.arange(1, n_epochs + 1),
            "stored_epoch": stored,
            "experiment": np.array(["lab"], dtype=object),
            "parameter": np.array(PARAMETERS, dtype=object),
            "test_set": ("sample", np.repeat(np.array(["grid", "uniform"], dtype=object), N)),
        },
    )
    return Replicas(Path("made by hand"), store, CONFIG)


def constant(value: float) -> np.ndarray:
    return np.full(16, value)


class TestDeviation:
    def test_interval_is_that_of_a_normal_sample(self):
        """It holds the true SD in 95 of 100 samples of four."""
        rng = np.random.default_rng(0)
        found = [deviation(rng.normal(0, 2, (4, 1))) for _ in range(1000)]
        assert np.mean([i.low <= 2 <= i.high for i in found]) == pytest.approx(0.95, abs=0.02)

    def test_closed_form(self):
        values = np.array([[1.0], [2.0], [3.0]])
        found = deviation(values)
        assert found.value == pytest.approx(1)
        assert found.low == pytest.approx(np.sqrt(2 / chi2.ppf(0.975, 2)))

    def test_columns_of_the_same_runs_do_not_narrow_it(self):
        one = np.random.default_rng(0).normal(size=(4, 1))
        assert deviation(np.repeat(one, 20, axis=1)) == pytest.approx(deviation(one))


def test_early_and_late_are_never_empty():
    for epochs in (np.array([1]), np.array([5, 6]), np.arange(1, 81)):
        early, late = early_and_late(epochs)
        assert early.any()
        assert late.any()
    assert np.arange(1, 81)[early].max() == 10
    assert np.arange(1, 81)[late].min() == 61


class TestTransfer:
    loss = np.tile(FALLING, (6, 1))

    def test_an_epoch_that_is_ideal_in_every_run_recovers_all(self):
        errors = np.full((6, 16), 5.0)
        errors[:, 3] = 1.0
        assert transfer(errors, self.loss, 0) == pytest.approx((1, 1, 1))
        assert sample_transfer(errors[..., None] * np.ones(9), self.loss, 0) == pytest.approx((1, 1, 1))

    def test_a_dip_that_each_run_has_elsewhere_recovers_nothing(self):
        errors = np.full((6, 16), 5.0)
        errors[np.arange(6), 2 * np.arange(6)] = 1.0
        assert transfer(errors, self.loss, 0) == pytest.approx((0, 0, 0))

    def test_a_worse_epoch_counts_negative(self):
        errors = np.full((2, 16), 5.0)
        errors[0, :2], errors[1, :2] = (1.0, 9.0), (9.0, 1.0)
        assert transfer(errors, self.loss[:2], 0).value == pytest.approx(-1)

    def test_the_interval_of_few_runs_is_said_to_be_too_short(self):
        dips = {n: np.where(np.arange(16) == 2 * k, 0.1, 0.3) for k, n in enumerate(("base", "all_1", "all_2"))}
        said = [s for s in variation(replicas(dips), "lab").sentences if "regret" in s]
        assert "of another run's regret (an interval from 3 runs, rather too short): " in said[0]
        assert "too short" not in said[1]  # over test samples

    def test_without_regret_it_is_not_defined(self):
        assert np.isnan(transfer(np.tile(FALLING, (6, 1)), self.loss, 0).value)
        assert np.isnan(sample_transfer(np.tile(FALLING, (6, 1))[..., None], self.loss, 0).value)


class TestAgreed:
    epochs = np.arange(1, 17)

    def test_what_all_runs_do_is_told_from_what_some_do(self):
        """Of ten samples three get worse in every run, four better, and three worse in one run only."""
        slope = np.array([1.0] * 3 + [-1.0] * 4 + [-1.0] * 3)
        errors = 20 + np.tile(slope, (5, 16, 1)) * self.epochs[:, None]
        errors[0, :, 7:] = 20 + self.epochs[:, None]
        worse, better = agreed(errors, self.epochs, 0)
        assert (worse.value, better.value) == pytest.approx((0.3, 0.4))

    def test_noise_agrees_as_often_as_coins(self):
        errors = np.random.default_rng(0).normal(20, 1, (4, 16, 4000))
        worse, better = agreed(errors, self.epochs, 0)
        assert worse.value == pytest.approx(1 / 16, abs=0.015)
        assert better.value == pytest.approx(1 / 16, abs=0.015)

    def test_too_few_epochs(self):
        assert np.isnan(agreed(np.ones((3, 2, 5)), np.array([1, 2]), 0)[0].value)

    def test_is_said(self):
        up = {n: np.linspace(0.1, 0.3, 16) for n in ("base", *(f"all_{k}" for k in range(1, 6)))}
        text = " ".join(variation(replicas(up), "lab").sentences)
        assert "later epochs are worse whatever the run. lab is read worse by 6 of the 6" in text
        down = {n: t[::-1] for n, t in up.items()}
        text = " ".join(variation(replicas(down), "lab").sentences)
        assert "no more samples than chance would make so. lab is read worse by 0 of the 6" in text


class TestVariation:
    def test_planted_sources_are_told_apart(self):
        runs = {"base": constant(0.10)}
        runs |= {f"order_{k}": constant(0.10 + 0.001 * k) for k in (1, 2, 3)}
        runs |= {f"weights_{k}": constant(0.10 + 0.05 * k) for k in (1, 2, 3)}
        found = variation(replicas(runs), "lab")
        assert list(found.sources) == ["weights", "order"]
        of = {s.source: s for s in found.spreads}
        assert of["weights"].late.value == pytest.approx(100 * 0.05 * np.std([0, 1, 2, 3], ddof=1))
        assert of["order"].samples.value == pytest.approx(100 * 0.001 * np.std([0, 1, 2, 3], ddof=1))
        assert of["weights"].n_runs == 4
        assert "which run one happens to have matters more" in " ".join(found.sentences)

    def test_noise_within_runs_is_not_taken_for_a_difference_between_them(self):
        rng = np.random.default_rng(0)
        runs = {n: 0.3 + rng.normal(0, 0.03, 16) for n in ("base", "all_1", "all_2", "all_3", "all_4", "all_5")}
        found = variation(replicas(runs), "lab")
        late = found.spreads[0].late
        assert late.low < 3 < late.high
        # independent draws: neighbours differ by sqrt(2) SD
        assert found.within.value == pytest.approx(3, rel=0.4)
        assert found.step.value == pytest.approx(3 * np.sqrt(2), rel=0.4)
        assert "matters more" not in " ".join(found.sentences)

    def test_epochs_matter_more_where_only_they_differ(self):
        wave = 0.3 + 0.1 * (-1.0) ** np.arange(16)
        found = variation(replicas({"base": wave, "all_1": wave + 1e-4, "all_2": wave - 1e-4}), "lab")
        # of the late epochs, 13 to 16, two are 0.1 above the mean and two below
        assert found.step.value == pytest.approx(20, rel=0.01)
        assert found.within.value == pytest.approx(10 * np.sqrt(4 / 3), rel=0.01)
        assert "which late epoch one takes matters more" in " ".join(found.sentences)

    def test_the_change_that_is_said_is_the_change_that_happens(self):
        """Up and down by 4 % of range early and by 1 % late, in every run."""
        jump = np.where(np.arange(16) < 8, 0.04, 0.01) * (np.arange(16) % 2)
        found = variation(replicas({"base": 0.3 + jump, "all_1": 0.3 + jump, "all_2": 0.3 + jump}), "lab")
        assert found.step == pytest.approx((1, 1, 1))
        np.testing.assert_allclose(found.by_epoch()["epoch_to_epoch"][1:8], 4)
        text = " ".join(found.sentences)
        assert "Within a run the error changes by 1.00 (1.00 to 1.00) from one late epoch to the next" in text
        assert "the change from epoch to epoch goes from 4.00 to 1.00" in text

    def test_a_slow_drift_is_a_choice_of_epoch_though_steps_are_small(self):
        """Runs 2 % apart that all drift by 6 % over the late epochs: neighbours tell less than half of it."""
        drift = np.concatenate([np.zeros(12), [0.00, 0.02, 0.04, 0.06]])
        runs = {n: 0.3 + 0.005 * k + drift for k, n in enumerate(("base", "all_1", "all_2"))}
        found = variation(replicas(runs), "lab")
        assert found.step.value == pytest.approx(2)
        assert found.within.value == pytest.approx(np.std([0, 2, 4, 6], ddof=1))
        found = variation(replicas(runs | {f"all_{k}": 0.3 + 0.005 * k + drift for k in range(3, 20)}), "lab")
        assert found.step.value < found.spreads[0].late.low < found.within.low
        assert "matters more than which of its late" not in " ".join(found.sentences)

    def test_runs_that_come_to_rest_apart_and_together(self):
        rng = np.random.default_rng(1)
        quiet = np.exp(-np.arange(16) / 2)
        apart = {
            n: 0.3 + 0.05 * k + 0.2 * quiet * rng.normal(size=16) for k, n in enumerate(("base", "all_1", "all_2"))
        }
        together = {n: 0.3 + 0.2 * quiet * rng.normal(size=16) for n in ("base", "all_1", "all_2")}
        said = [" ".join(variation(replicas(runs), "lab").sentences) for runs in (apart, together)]
        assert "each run comes to rest, but not where the others do" in said[0]
        assert "runs come to rest, and no farther from each other" in said[1]
        noisy = {n: 0.3 + 0.05 * rng.normal(size=16) for n in ("base", "all_1", "all_2")}
        assert "runs do not come to rest" in " ".join(variation(replicas(noisy), "lab").sentences)

    def test_equal_runs_differ_in_nothing(self):
        trace = np.linspace(0.4, 0.1, 16)
        found = variation(replicas({"base": trace, "dropout_1": trace}), "lab")
        assert found.spreads[0].late == pytest.approx((0, 0, 0), abs=1e-9)
        assert "no run has any regret" in " ".join(found.sentences)
        json.dumps(found.to_dict(), allow_nan=False)

    def test_rounding_is_the_study_against_base(self):
        made = replicas({"base": constant(0.10), "all_1": constant(0.2)})
        found = variation(made, "lab", study=_study(made, 0.11))
        assert list(found.sources) == ["all", "rounding"]
        assert found.spreads[-1].late.value == pytest.approx(1 / np.sqrt(2), rel=1e-6)
        assert found.spreads[-1].samples.value == pytest.approx(1 / np.sqrt(2), rel=1e-6)
        assert found.runs[-1] == "the study"

    def test_another_study_is_refused(self):
        made = replicas({"base": constant(0.1), "all_1": constant(0.2)})
        study = _study(made, 0.1)
        other = replace(study, config=replace(study.config, seed=5))
        with pytest.raises(StudyError, match=r"not the study of these replicas; it differs in seed"):
            variation(made, "lab", study=other)

    def test_base_alone_cannot_be_compared(self):
        with pytest.raises(StudyError, match=r"no replicas besides base"):
            variation(replicas({"base": constant(0.1)}), "lab")


def _study(made: Replicas, offset: float) -> Study:
    """The study of replicas made by hand, at a constant offset."""
    history = pd.DataFrame({"epoch": np.arange(1, 17), "train_loss": FALLING, "val_loss": FALLING})
    training = replace(CONFIG.training, threads=2)
    study = Study(Path("study"), replace(CONFIG, name="the study", training=training), history)
    truth = made.store["truth"]
    fractions = SPACE.normalise(truth.to_numpy())[::-1] + offset  # in another order
    own = SPACE.normalise(LAB_EXPERIMENT.to_array()) + offset
    study.__dict__["predictions"] = xr.Dataset(
        {
            "prediction": (("epoch", "sample", "parameter"), np.tile(fractions, (16, 1, 1))),
            "experiment_prediction": (("epoch", "experiment", "parameter"), np.tile(own, (16, 1, 1))),
            "truth": (("sample", "parameter"), truth.to_numpy()[::-1]),
        },
        {"test_set": ("sample", made.store["test_set"].to_numpy()[::-1])},
    )
    return study


class TestBiasVariance:
    def test_their_sum_is_the_mean_squared_error(self):
        rng = np.random.default_rng(0)
        true = SPACE.denormalise(rng.uniform(size=(5, 7)))
        predicted = true + 0.1 * SPACE.range * rng.normal(size=(4, 3, 5, 7))
        bias2, variance = bias_and_variance(predicted, true)
        expected = np.square(100 * (predicted - true) / SPACE.range).mean(axis=(0, -1))
        np.testing.assert_allclose(bias2 + variance, expected)

    @pytest.mark.parametrize("n_runs", [2, 3, 6])
    def test_squared_bias_does_not_depend_on_the_number_of_runs(self, n_runs):
        """A bias of 2 % and a variance of 9 %^2, whatever the number; uncorrected two runs would show 8.5 for 4."""
        rng = np.random.default_rng(n_runs)
        predicted = SPACE.denormalise(0.5 + 0.02 + rng.normal(0, 0.03, (n_runs, 5000, 7)))
        bias2, variance = bias_and_variance(predicted, SPACE.denormalise(np.full(7, 0.5)))
        assert bias2.mean() == pytest.approx(4, abs=0.25)
        assert variance.mean() == pytest.approx(9, abs=0.25)

    def test_one_run_has_no_variance(self):
        with pytest.raises(ValueError, match=r"1 run given, two at least"):
            bias_and_variance(np.zeros((1, 3, 7)), np.zeros(7))

    @staticmethod
    def _made(bias: np.ndarray, spread: np.ndarray, extra: np.ndarray | float = 0.0) -> Replicas:
        """Six runs; bias and spread at the stored epochs, extra bias by sample."""
        rng = np.random.default_rng(0)
        names = ["base", *(f"all_{k}" for k in range(1, 6))]
        samples = {n: bias[:, None] + extra + spread[:, None] * rng.normal(size=(STORED.size, 2 * N)) for n in names}
        return replicas({n: constant(0.1 + 0.01 * k) for k, n in enumerate(names)}, samples)

    up, down, flat = np.linspace(0.02, 0.1, 7), np.linspace(0.1, 0.02, 7), np.full(7, 0.05)

    @pytest.mark.parametrize(
        ("bias", "spread", "verdict"),
        [
            (up, down, "variance falls, as it says; bias rises, as it says"),
            (down, up, "variance rises, against what it says; bias falls, against what it says"),
            (flat, flat, "variance shows no change; bias shows no change"),
            (down, down, "variance falls, as it says; bias falls, against what it says"),
        ],
    )
    def test_verdict(self, bias, spread, verdict):
        found = bias_variance(self._made(bias, spread), "lab")
        assert verdict in " ".join(found.sentences)
        at = found.frame[found.frame["region"] == "all"]
        np.testing.assert_allclose(at["bias"], 100 * bias, atol=1.5)
        np.testing.assert_allclose(at["spread"], 100 * spread, rtol=0.2)

    def test_a_sparse_region_with_more_bias(self):
        plain = bias_variance(self._made(self.flat, self.flat), "lab")
        # of the uniform test samples, the second half
        extra = np.zeros(2 * N)
        extra[N:][plain.distance >= np.percentile(plain.distance, 75)] = 0.1
        found = bias_variance(self._made(self.flat, self.flat, extra), "lab")
        rows = {region: found.frame[found.frame["region"] == region] for region in ("dense", "sparse")}
        assert (rows["sparse"]["bias_low"].to_numpy() > rows["dense"]["bias_high"].to_numpy()).all()
        np.testing.assert_allclose(rows["sparse"]["bias"], 15, atol=2)
        healthy = {region: plain.frame[plain.frame["region"] == region] for region in ("dense", "sparse")}
        assert (healthy["sparse"]["bias_low"].to_numpy() < healthy["dense"]["bias_high"].to_numpy()).all()

    def test_distances_are_those_to_the_tenth_training_sample(self):
        made = self._made(self.flat, self.flat)
        found = bias_variance(made, "lab")
        training = SPACE.normalise(StudyCurves(CONFIG).training_parameters)
        true = SPACE.normalise(made.test_predictions("uniform")[1])
        direct = np.sort(np.linalg.norm(true[:, None] - training[None], axis=2), axis=1)[:, 9]
        np.testing.assert_allclose(found.distance, direct)

    def test_the_experiment_s_own(self):
        found = bias_variance(self._made(self.flat, self.flat), "lab")
        spread = np.var(np.arange(6), ddof=1)
        np.testing.assert_allclose(found.target_variance, spread)
        np.testing.assert_allclose(found.target_bias2, 12.5**2 - spread / 6)


class TestMechanisms:
    made = staticmethod(lambda: TestBiasVariance._made(TestBiasVariance.down, TestBiasVariance.down))

    def test_both_parts_of_one_target(self):
        found = mechanisms(self.made(), LAB)
        assert found.variation.target == found.bias_variance.target == "lab"
        assert found.sentences == [*found.variation.sentences, *found.bias_variance.sentences]
        values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert set(values) == {"variation", "bias_variance"}
        assert max(map(len, found.table.to_string().splitlines())) <= 80
        assert max(map(len, found.bias_variance.table.to_string().splitlines())) <= 80

    def test_by_name_and_as_target(self):
        made = self.made()
        assert mechanisms(made, Target.from_experiment(LAB)).to_dict() == mechanisms(made, "lab").to_dict()

    def test_what_was_not_tracked_is_refused_by_name(self):
        other = Experiment("other", LAB_EXPERIMENT, Instrument(40.0))
        curve = Target.from_curve(MeasuredCurve(np.arange(10.0), np.ones(10), {}), "curve")
        for target in (other, curve):
            with pytest.raises(StudyError, match=rf"{target.name}: these replicas keep no weights and track only lab"):
                mechanisms(made := self.made(), target)
        with pytest.raises(StudyError, match=r"these replicas track lab"):
            mechanisms(made, "nobody")
        with pytest.raises(StudyError, match=r"test set 'other'"):
            mechanisms(made, "lab", test_set="other")

    def test_one_epoch_is_said_to_be_too_few(self):
        made = replicas({n: np.array([0.1 + 0.01 * k]) for k, n in enumerate(("base", "all_1", "all_2"))})
        found = mechanisms(made, "lab")
        text = " ".join(found.sentences)
        assert "With one epoch there is no ideal epoch" in text
        assert "With one epoch, early and late are the same" in text
        assert "nan" not in found.to_text()
        json.dumps(found.to_dict(), allow_nan=False)
