"""Errors in bins: planted ones are found, a healthy study gives no alarm, and a high error is no divergence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from xrdlib.data import LAB_EXPERIMENT, SPACE, sample
from xrdlib.diagnostics import ParameterBins, parameter_bins
from xrdlib.diagnostics.errors._bins_text import goes
from xrdlib.diagnostics.errors._simultaneous import resampled_sums, simultaneous
from xrdlib.diagnostics.errors.bins import _spearman
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, StudyError, reference_study

FloatArray = NDArray[np.float64]

ERROR = 0.05  # of the range, mean
D02, RP2 = PARAMETERS.index("D02"), PARAMETERS.index("Rp2")


def healthy(n: int, seed: int, epochs: int = 2) -> tuple[FloatArray, FloatArray]:
    """True parameters (n, 7), and errors (epochs, n, 7) in fractions of range that depend on nothing."""
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], size=(epochs, n, 7))
    return sample(n, "uniform", seed=seed), signs * rng.exponential(ERROR, size=(epochs, n, 7))


def study_of(path: Path, true: FloatArray, errors: FloatArray) -> Study:
    return Study.from_predictions(
        path,
        val_loss=np.linspace(0.2, 0.1, len(errors)),
        training=sample(50, "uniform", seed=99),
        uniform=(true + errors * SPACE.range, true),
    )


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """D02 HIGH errs doubly at both epochs, Rp2 LOW gets worse from epoch 1 to epoch 2, all else is the same."""
    true, errors = healthy(2000, 2)
    errors[1] = errors[0]
    which = SPACE.bins(true)
    errors[:, which[:, D02] == 2, D02] *= 2
    errors[1, which[:, RP2] == 0, RP2] *= 1.3
    return study_of(tmp_path_factory.mktemp("bins") / "planted", true, errors)


def flagged(bins: ParameterBins) -> set[tuple[str, str]]:
    return {(PARAMETERS[i], bins.labels[k]) for i, k in np.argwhere(bins.high)}


class TestRatios:
    def test_against_brute_force(self, planted: Study) -> None:
        found = parameter_bins(planted, LAB_EXPERIMENT, epoch=1)
        predicted, true = planted.test_predictions("uniform")
        errors = 100 * np.abs(predicted[0] - true) / SPACE.range
        for i in range(7):
            edges = np.linspace(SPACE.minimum[i], SPACE.maximum[i], 4)
            np.testing.assert_allclose(found.edges[i], edges)
            for k in range(3):
                inside = (true[:, i] >= edges[k]) & (true[:, i] < edges[k + 1])
                assert found.counts[i, k] == inside.sum()
                assert found.mae[i, k] == pytest.approx(errors[inside, i].mean())
                ratio = errors[inside, i].mean() / errors[:, i].mean()
                value, low, high = found.ratio[i, k]
                assert value == pytest.approx(ratio)
                assert low < value < high

    def test_a_planted_bin_is_found_and_no_other(self, planted: Study) -> None:
        found = parameter_bins(planted, LAB_EXPERIMENT, epoch=1)
        assert flagged(found) == {("D02", "HIGH")}
        assert "The worst is D02 HIGH (21 to 31 e-3)" in found.sentences[1]
        # the others of that parameter are below its overall error, which the bin has raised
        assert found.low[D02, :2].all()
        # the share that it holds decides what double is of the overall error
        share = found.counts[D02, 2] / found.n_samples
        assert found.ratio[D02, 2, 0] == pytest.approx(2 / (1 + share), rel=0.1)

    def test_the_experiment_is_in_it_or_not(self, planted: Study) -> None:
        inside = LAB_EXPERIMENT.to_array()
        inside[D02] = 0.03
        here, elsewhere = (parameter_bins(planted, p, epoch=1) for p in (inside, LAB_EXPERIMENT))
        assert here.here.tolist() == [0, 0, 2, 2, 2, 1, 2]
        assert "is in a bin of clearly high error in 1 (D02) of 7" in here.sentences[2]
        assert here.as_high == pytest.approx(100 * here.counts[D02, 2] / here.n_samples)
        assert "is in a bin of clearly high error in 0 of 7" in elsewhere.sentences[2]
        assert elsewhere.as_high == 100
        assert parameter_bins(planted, inside, epoch=1, predicted=True).sentences[2].startswith("The prediction is")

    def test_healthy_studies_give_no_alarm(self, tmp_path: Path) -> None:
        """Of 40 tables of 21 ratios (and of 21 changes) about 3 may hold one that is flagged by chance."""
        alarms = np.zeros(2)
        for seed in range(40):
            study = study_of(tmp_path / str(seed), *healthy(800, seed))
            found = parameter_bins(study, other_epoch=1, n_bootstrap=400)
            alarms += [(found.high | found.low).any(), ((found.change[..., 1] > 0) | (found.change[..., 2] < 0)).any()]
        assert alarms.max() <= 6
        assert alarms.sum() >= 1  # intervals that never fail would be too wide

    def test_units(self, planted: Study) -> None:
        frame = parameter_bins(planted, bins=4).frame
        assert len(frame) == 28
        assert frame["count"].sum() == 7 * 2000
        rows = frame[frame["parameter"] == "Rp2"]
        np.testing.assert_allclose(rows["mae_unit"], rows["mae"] * 65)  # 1 % of 6500 A
        assert rows["bin"].tolist() == ["1", "2", "3", "4"]

    def test_bins_without_samples_are_not_defined(self, tmp_path: Path) -> None:
        true, errors = healthy(600, 3)
        keep = SPACE.bins(true)[:, RP2] > 0
        found = parameter_bins(study_of(tmp_path / "s", true[keep], errors[:, keep]), other_epoch=1)
        assert found.counts[RP2, 0] == 0
        assert np.isnan(found.ratio[RP2, 0]).all()
        assert not found.high[RP2, 0]
        assert found.table.loc["Rp2 LOW", "ratio"] == "not defined"
        assert any("hold fewer than 20 samples; their ratios are not defined" in s for s in found.sentences)
        assert not any("nan" in s for s in found.sentences)
        written = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert next(b for b in written["bins"] if b["parameter"] == "Rp2")["ratio"] is None

    def test_a_handful_of_samples_says_nothing(self, tmp_path: Path) -> None:
        found = parameter_bins(study_of(tmp_path / "s", *healthy(12, 3)), LAB_EXPERIMENT, other_epoch=1)
        assert not found.high.any()
        assert "too few test samples in the same bins" in found.sentences[-1]
        assert not any("nan" in s for s in found.sentences)
        some = parameter_bins(study_of(tmp_path / "t", *healthy(70, 3)), LAB_EXPERIMENT, other_epoch=1)
        known = np.isfinite(some.change[np.arange(7), some.here, 0]).sum()
        assert 0 < known < 7
        assert f"over the {known} with enough samples" in some.sentences[-2]

    def test_an_error_of_nothing_has_no_ratio(self, tmp_path: Path) -> None:
        true, errors = healthy(300, 3)
        found = parameter_bins(study_of(tmp_path / "s", true, 0 * errors), epoch=2, other_epoch=1)
        assert found.overall.max() < 1e-4  # float32
        assert found.as_high is None

    def test_guessing_is_recognised(self, tmp_path: Path) -> None:
        true, errors = healthy(600, 4)
        errors[:, :, RP2] = (SPACE.normalise(np.median(true, axis=0)) - SPACE.normalise(true))[:, RP2]
        found = parameter_bins(study_of(tmp_path / "s", true, errors))
        assert any(s.startswith("Of Rp2 the network hardly does better than guessing") for s in found.sentences)
        assert found.high[RP2].tolist() == [True, False, True]
        assert not any("guessing" in s for s in parameter_bins(study_of(tmp_path / "t", *healthy(600, 4))).sentences)


class TestChange:
    def test_a_bin_that_gets_worse_is_found(self, planted: Study) -> None:
        point = LAB_EXPERIMENT.to_array()
        point[RP2] = -6000.0
        found = parameter_bins(planted, point, other_epoch=1)
        assert np.argwhere(found.change[..., 1] > 0).tolist() == [[RP2, 0]]
        assert found.change[RP2, 0, 0] == pytest.approx(0.3 * 100 * ERROR, rel=0.1)
        assert "clearly worse in 1 (Rp2) of 7 parameters, clearly better in 0" in found.sentences[-2]
        assert "may explain part of a divergence" in found.sentences[-1]
        assert found.as_worse == pytest.approx(100 * found.counts[RP2, 0] / 2000)

    def test_another_bin_of_the_same_parameter_does_not_explain_it(self, planted: Study) -> None:
        found = parameter_bins(planted, LAB_EXPERIMENT, other_epoch=1)
        assert "clearly worse in 0 of 7 parameters" in found.sentences[-2]
        assert "does not owe it to the bins it is in" in found.sentences[-1]

    def test_a_high_error_is_no_divergence(self, planted: Study) -> None:
        """The note takes one for the other: D02 HIGH errs doubly, and no more at one epoch than at the other."""
        point = LAB_EXPERIMENT.to_array()
        point[D02] = 0.03
        found = parameter_bins(planted, point, other_epoch=1)
        assert found.high[D02, 2]
        np.testing.assert_allclose(found.change[D02], 0, atol=1e-5)
        assert "does not owe it to the bins it is in" in found.sentences[-1]

    def test_backwards_is_the_opposite(self, planted: Study) -> None:
        one, two = (parameter_bins(planted, epoch=a, other_epoch=b) for a, b in ((1, 2), (2, 1)))
        np.testing.assert_allclose(one.change[..., 0], -two.change[..., 0])
        assert one.sentences[-1].startswith("From epoch 2 to epoch 1 errors clearly grow in 0 of 21 bins")

    def test_without_a_second_epoch(self, planted: Study) -> None:
        for other, text in ((None, "why two epochs disagree."), (2, "epoch 2 is no other one.")):
            found = parameter_bins(planted, LAB_EXPERIMENT, other_epoch=other)
            assert found.change is None
            assert found.sentences[-1].endswith(text)
            assert found.as_worse is None
        assert found.epoch == planted.final == 2


class TestRegret:
    def test_bins_of_high_error_that_do_not_go_with_regret(self, tmp_path: Path) -> None:
        true, errors = healthy(1500, 5, epochs=4)
        errors[:] = errors[0]
        errors[:, SPACE.bins(true)[:, D02] > 0, D02] *= 4
        errors *= np.random.default_rng(0).uniform(0.9, 1.1, (4, 1500, 1))  # luck of the epoch, the same for all
        errors /= np.abs(errors).mean(axis=2).mean(axis=0)[:, None] ** 0.999  # regret then is the same for all
        found = parameter_bins(study_of(tmp_path / "s", true, errors))
        assert found.high[D02].any()
        assert not found.with_regret.excludes(0)
        assert "does not go with its regret" in found.sentences[-2]

    def test_bins_of_high_error_that_go_with_both(self, planted: Study) -> None:
        """Only D02 HIGH and Rp2 LOW are bad, and Rp2 LOW was better before."""
        found = parameter_bins(planted)
        assert flagged(found) == {("D02", "HIGH"), ("Rp2", "LOW")}
        assert found.with_error.low > 0
        assert found.with_regret.low > 0.5
        assert "loosely goes with its error at epoch 2" in found.sentences[-2]
        assert "and goes with its regret" in found.sentences[-2]

    def test_one_epoch_has_no_regret(self, tmp_path: Path) -> None:
        true, errors = healthy(400, 5, epochs=1)
        found = parameter_bins(study_of(tmp_path / "s", true, errors))
        assert np.isnan(found.with_regret.value)
        assert not any("regret" in s for s in found.sentences)

    def test_spearman_is_scipy_s(self) -> None:
        rng = np.random.default_rng(2)
        x = rng.integers(4, size=500)
        y = x + rng.normal(0, 3, 500)
        found = _spearman(x, y, 2000, 0)
        assert found.value == pytest.approx(spearmanr(x, y).statistic)
        assert found.high - found.low == pytest.approx(2 * 1.96 * (1 - found.value**2) / np.sqrt(500), rel=0.15)
        assert "against" in goes(_spearman(-x, y, 100, 0))
        assert np.isnan(_spearman(np.ones(500), y, 100, 0).value)


class TestIntervals:
    def test_resampled_sums_are_those_of_resamples(self) -> None:
        """Each resample has n samples; sums scatter as sums of n draws do."""
        rng = np.random.default_rng(0)
        values = np.stack([np.ones(200), rng.normal(3, 1, 200)], axis=1)
        sums, again = resampled_sums(values, 4000, 0)
        np.testing.assert_allclose(sums, values.sum(axis=0))
        assert again.shape == (4000, 2)
        np.testing.assert_array_equal(again[:, 0], 200)
        assert again[:, 1].mean() == pytest.approx(sums[1], rel=0.01)
        assert again[:, 1].std() == pytest.approx(np.sqrt(200) * values[:, 1].std(), rel=0.05)
        np.testing.assert_array_equal(resampled_sums(values, 4000, 0)[1], again)

    def test_several_together_are_wider_than_one(self) -> None:
        """21 independent numbers: 3.03 standard errors (normal distribution), not 1.96."""
        again = np.random.default_rng(1).normal(size=(20_000, 7, 3))
        all_, one = (
            simultaneous(np.zeros((7, 3)), again, enough)
            for enough in (np.ones((7, 3), bool), np.arange(21).reshape(7, 3) == 4)
        )
        np.testing.assert_allclose(all_[..., 2], 3.03, rtol=0.03)
        assert one[1, 1, 2] == pytest.approx(1.96, rel=0.03)
        assert np.isnan(one[0]).all()


class TestBadInput:
    def test_arguments(self, planted: Study) -> None:
        for change, text in (
            ({"bins": 1}, r"bins = 1: at least 2 expected"),
            ({"n_bootstrap": 10}, r"n_bootstrap = 10: at least 100"),
            ({"epoch": 3}, r"epoch = 3: study planted has epochs 1 to 2"),
            ({"other_epoch": 0}, r"epoch = 0: study planted has epochs 1 to 2"),
            ({"test_set": "grid"}, r"test set 'grid': 'uniform' expected"),
            ({"point": [1.0, 2.0]}, r"point|parameters"),
            ({"point": np.full(7, np.nan)}, r"point: seven finite numbers expected"),
        ):
            with pytest.raises(ValueError, match=text):
                parameter_bins(planted, **change)

    def test_a_point_outside_counts_to_the_nearest_bin(self, planted: Study) -> None:
        point = LAB_EXPERIMENT.to_array()
        point[[0, RP2]] = 0.05, -9000.0
        found = parameter_bins(planted, point)
        assert found.here[[0, RP2]].tolist() == [2, 0]
        assert any("it counts to the nearest bin: Dmax1 = 0.05 is above" in s for s in found.sentences)

    def test_predictions_that_are_no_numbers(self, planted: Study) -> None:
        broken = Study(planted.path, planted.config, planted.history)
        predictions = planted.predictions.copy(deep=True)
        predictions["prediction"][1, 17, 3] = np.nan
        broken.__dict__["predictions"] = predictions
        for epoch in (1, 2):  # a sample's regret needs them all
            with pytest.raises(StudyError, match=r"study planted: epoch 2 has no finite prediction of test sample 17"):
                parameter_bins(broken, epoch=epoch)


@pytest.mark.parametrize("name", ["lab", "measured"])
def test_the_shipped_studies(name: str) -> None:
    """Written and read; fits a terminal; Rp2 is guessed, so that its middle bin looks best."""
    study = reference_study(name)
    found = parameter_bins(study, LAB_EXPERIMENT, other_epoch=1)
    assert found.test_set == ("grid" if name == "lab" else "uniform")
    written = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(written["bins"]) == 21
    assert sum(b["here"] for b in written["bins"]) == 7
    assert found.ratio[RP2, 1, 2] < 0.7
    assert max(map(len, found.table.to_string().splitlines())) <= 80
    assert found.title in found._repr_html_()
    again = parameter_bins(study, LAB_EXPERIMENT, other_epoch=1)
    np.testing.assert_array_equal(again.ratio, found.ratio)
