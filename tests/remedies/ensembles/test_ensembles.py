"""Ensembles of made-up epochs: independent errors must average away, common ones must not; spread against the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from xrdlib.data import LAB, SPACE, DatasetConfig, MeasuredCurve, sample
from xrdlib.diagnostics import Nuisances, Target, checkpoints
from xrdlib.remedies import (
    across,
    by_hand,
    combine,
    ensemble,
    ensemble_predictions,
    error_weights,
    every,
    greedy,
    growth,
    measure_spread,
    noted,
    spread,
    top,
)
from xrdlib.remedies.ensembles.combination import curve_weights, unlike_own_curves
from xrdlib.simulation import PARAMETERS, Scan
from xrdlib.training import Study, StudyError, reference_study

FloatArray = NDArray[np.float64]
K, N = 9, 400
SAMPLE = DatasetConfig(sampling="uniform", scan_start=-80.0, scan_step=10.0, scan_points=120)
TRUE, OTHER = sample(N, "uniform", seed=0), sample(N, "grid", seed=1)
SIZE = 3.0  # % of range


def independent(true: FloatArray, seed: int, k: int = K) -> FloatArray:
    """Errors of one size, without bias and without anything in common."""
    noise = np.random.default_rng(seed).normal(0, SIZE / 100, (k, *true.shape))
    return true + noise * SPACE.range


def biased(true: FloatArray, seed: int, k: int = K) -> FloatArray:
    """The same errors in every epoch."""
    return np.repeat(independent(true, seed, 1), k, axis=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Study]:
    """Function that makes a study of epochs that err as ``errors`` says; the first epoch has the lowest loss."""

    def make(errors: Callable[..., FloatArray], seed: int = 0, *, losses: FloatArray | None = None) -> Study:
        loss = np.linspace(0.1, 0.2, K) if losses is None else losses
        lab = LAB.parameters.to_array()
        return Study.from_predictions(
            tmp_path_factory.mktemp("made") / "made",
            val_loss=loss,
            training=sample(50, "uniform", seed=2),
            uniform=(errors(TRUE, 10 + seed), TRUE),
            grid=(errors(OTHER, 20 + seed), OTHER),
            experiments={"lab": (errors(lab, 30 + seed), lab)},
            dataset=SAMPLE,
        )

    return make


@pytest.fixture(scope="module")
def noisy(made: Callable[..., Study]) -> Study:
    return made(independent)


@pytest.fixture(scope="module")
def equal(made: Callable[..., Study]) -> Study:
    return made(biased)


class TestMembers:
    def test_top_are_those_of_lowest_loss_best_first(self, made: Callable[..., Study]) -> None:
        study = made(biased, losses=np.array([5, 1, 4, 2, 3, 9, 8, 7, 6.0]))
        assert top(study, 3).epochs == (2, 4, 5)
        assert top(study, 2, among=[1, 3, 6]).epochs == (3, 1)
        assert "3 lowest validation losses" in top(study, 3).chosen

    def test_every(self, noisy: Study) -> None:
        assert every(noisy, 2).epochs == (6, 8)
        assert every(noisy, 3, start=1).epochs == (3, 6, 9)
        assert every(noisy, 1).epochs == (5, 6, 7, 8, 9)
        assert every(noisy, 2, start=1, among=[2, 3, 8]).epochs == (2, 8)

    def test_greedy_takes_the_good_and_leaves_the_bad(self, made: Callable[..., Study]) -> None:
        """Three good epochs with independent errors among six that are all wrong in one direction."""

        def some(true: FloatArray, seed: int) -> FloatArray:
            rows = independent(true, seed)
            rows[3:] += 0.2 * SPACE.range
            return rows

        chosen = greedy(made(some))
        assert sorted(chosen.epochs) == [1, 2, 3]
        assert chosen.seen == "uniform"
        one = greedy(made(some), 3, replace=False)
        assert (sorted(one.epochs), one.counts) == ([1, 2, 3], (1, 1, 1))
        assert sorted(greedy(made(some), among=[3, 5, 1]).epochs) == [1, 3]

    def test_greedy_of_equal_epochs_stops_at_once(self, equal: Study) -> None:
        assert greedy(equal).epochs == (1,)

    def test_greedy_sees_the_first_half_only(self, made: Callable[..., Study]) -> None:
        """An epoch that is perfect in the second half is not taken for it."""

        def halves(true: FloatArray, seed: int) -> FloatArray:
            rows = np.stack([true + 0.05 * SPACE.range, true + 0.06 * SPACE.range] + [true + SPACE.range] * (K - 2))
            if true.ndim == 2:
                rows[1, N // 2 :] = true[N // 2 :]
            return rows

        assert greedy(made(halves)).epochs == (1,)

    def test_the_notes_three(self, noisy: Study) -> None:
        found = checkpoints(noisy, Target.from_experiment(LAB, noisy.config))
        assert set(noted(noisy, found).epochs) == {found.ideal, 1, 7}

    def test_given_twice_counts_twice(self, noisy: Study) -> None:
        members = by_hand(noisy, [3, 5, 3])
        assert (members.epochs, members.counts) == ((3, 5), (2, 1))

    @pytest.mark.parametrize(
        ("choose", "message"),
        [
            (lambda s: by_hand(s, []), r"members: none given"),
            (lambda s: by_hand(s, [1, K + 1]), rf"epoch {K + 1} given, study made has 1 to {K}"),
            (lambda s: by_hand(s, [0]), r"epoch 0 given"),
            (lambda s: top(s, K + 1), rf"k = {K + 1}: 1 to {K} expected"),
            (lambda s: top(s, 0), r"k = 0: 1 to"),
            (lambda s: every(s, 7, start=8), r"n = 7: no multiple of it among the epochs from 8 on"),
            (lambda s: every(s, 2, start=20), r"start = 20"),
            (lambda s: greedy(s, among=[3, K + 1]), rf"among: epochs from 1 to {K}"),
            (lambda s: top(s, 1, among=[]), r"one at least"),
            (lambda s: greedy(s, 0), r"k = 0: at least 1"),
            (lambda s: greedy(s, K + 1, replace=False), rf"k = {K + 1}: 1 to {K}, the epochs"),
        ],
    )
    def test_refused(self, noisy: Study, choose: Callable[[Study], Any], message: str) -> None:
        with pytest.raises(StudyError, match=message):
            choose(noisy)

    def test_studies_tested_on_other_samples_are_refused(self, noisy: Study, tmp_path: Path) -> None:
        other = Study.from_predictions(
            tmp_path / "other", val_loss=[1.0], training=TRUE, uniform=(TRUE[None, ::-1], TRUE[::-1]), dataset=SAMPLE
        )
        with pytest.raises(StudyError, match=r"other uniform test samples"):
            across([(noisy, 1), (other, 1)]).test_predictions("uniform")


class TestCombine:
    ROWS = np.arange(21.0).reshape(3, 7) ** 2

    def test_mean_median_weights(self) -> None:
        np.testing.assert_allclose(combine(self.ROWS), self.ROWS.mean(axis=0))
        np.testing.assert_array_equal(combine(self.ROWS, "median"), self.ROWS[1])
        np.testing.assert_allclose(combine(self.ROWS, weights=[1, 0, 3]), (self.ROWS[0] + 3 * self.ROWS[2]) / 4)
        np.testing.assert_allclose(combine(self.ROWS[:2], "median"), self.ROWS[:2].mean(axis=0))

    def test_weights_of_each_sample(self) -> None:
        rows = np.stack([np.zeros((2, 7)), np.ones((2, 7))])
        np.testing.assert_allclose(combine(rows, weights=[[1, 1], [0, 3]])[:, 0], [0, 0.75])

    def test_one_member_is_itself(self) -> None:
        for how in ("mean", "median"):
            np.testing.assert_array_equal(combine(self.ROWS[:1], how), self.ROWS[0])

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ([0, 0, 0], r"sum to 0"),
            ([1, -1, 3], r"none negative"),
            ([1, np.nan, 1], r"finite"),
            ([1, np.inf, 1], r"finite"),
            ([1, 1], r"shape \(2,\) given, \(3,\) expected"),
        ],
    )
    def test_bad_weights(self, weights: list[float], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            combine(self.ROWS, weights=weights)

    def test_refused(self) -> None:
        with pytest.raises(ValueError, match=r"how = 'mode': mean or median"):
            combine(self.ROWS, "mode")
        with pytest.raises(ValueError, match=r"at least one member"):
            combine(np.empty((0, 7)))
        with pytest.raises(ValueError, match=r"median knows none"):
            combine(self.ROWS, "median", [1, 2, 3])

    def test_weights_by_error(self) -> None:
        np.testing.assert_allclose(error_weights([1, 2, 4]), np.array([16, 4, 1]) / 21)
        np.testing.assert_allclose(error_weights([0, 0, 4]), [0.5, 0.5, 0])
        np.testing.assert_allclose(error_weights([3, 3]), [0.5, 0.5])
        np.testing.assert_allclose(error_weights([1.0, 2.0], temperature=1.0), np.array([np.e, 1]) / (np.e + 1))
        np.testing.assert_allclose(error_weights([1.0, 2.0], temperature=1e9), [0.5, 0.5])
        np.testing.assert_allclose(error_weights([[1, 0], [1, 5]]), [[0.5, 1], [0.5, 0]])

    def test_bad_errors(self) -> None:
        with pytest.raises(ValueError, match=r"errors: finite ones, none negative"):
            error_weights([1, -1])
        with pytest.raises(ValueError, match=r"temperature = 0: a positive number"):
            error_weights([1, 2], temperature=0.0)


class TestEnsemble:
    def test_independent_errors_fall_as_the_root_of_their_number(self, noisy: Study) -> None:
        found = ensemble(noisy, LAB, range(1, K + 1))
        for score in found.tests:
            assert score.members.value / score.ensemble.value == pytest.approx(np.sqrt(K), rel=0.04)
            assert score.gain.low > 0
            assert score.best > score.ensemble.value
        text = " ".join(found.sentences)
        assert text.count("more than chance") == 2

    def test_the_same_errors_stay(self, equal: Study) -> None:
        found = ensemble(equal, LAB, range(1, K + 1))
        for score in found.tests:
            assert score.gain.value == pytest.approx(0, abs=1e-6)
            assert score.jensen.value == pytest.approx(0, abs=1e-6)
            assert score.squares is not None
            assert score.squares.ambiguity == pytest.approx(0, abs=1e-9)
            assert score.squares.floor == pytest.approx(score.squares.ensemble)
        np.testing.assert_allclose(found.combined.parameters, found.final.parameters, rtol=1e-6)

    def test_ambiguity_is_exact_and_the_gap_never_negative(self, noisy: Study) -> None:
        for weights in ("equal", "validation", np.arange(1.0, K + 1)):
            for score in ensemble(noisy, LAB, range(1, K + 1), weights=weights).tests:
                squares = score.squares
                assert squares is not None
                assert squares.ensemble == pytest.approx(squares.members - squares.ambiguity, rel=1e-9)
                assert score.jensen.low >= 0

    def test_floor_is_the_bias(self, made: Callable[..., Study]) -> None:
        """Independent errors around a common offset of 4 %: that is what infinitely many members would leave."""
        study = made(lambda true, seed: independent(true, seed) + 0.04 * SPACE.range)
        for score in ensemble(study, LAB, range(1, K + 1)).tests:
            assert score.squares is not None
            assert score.squares.floor == pytest.approx(16, rel=0.05)
            assert score.squares.members == pytest.approx(16 + SIZE**2, rel=0.05)

    def test_numbers_are_those_of_the_stored_predictions(self, noisy: Study) -> None:
        found = ensemble(noisy, LAB, [2, 5, 7], how="median")
        predicted, true = noisy.test_predictions("uniform")
        error = 100 * np.abs(np.median(predicted[[1, 4, 6]], axis=0) - true) / SPACE.range
        assert found.test("uniform").ensemble.value == pytest.approx(error.mean())
        assert found.test("uniform").final.value == pytest.approx(
            (100 * np.abs(predicted[0] - true) / SPACE.range).mean()
        )
        own = noisy.experiment_predictions("lab")[[1, 4, 6]]
        np.testing.assert_allclose(found.combined.parameters, np.median(own, axis=0))
        np.testing.assert_allclose(found.sd, own.std(axis=0, ddof=1))
        assert found.test("uniform").squares is None

    def test_greedy_is_scored_on_the_other_half(self, noisy: Study) -> None:
        found = ensemble(noisy, LAB, greedy(noisy))
        assert (found.test("uniform").n, found.test("uniform").left_out) == (N // 2, N // 2)
        assert (found.test("grid").n, found.test("grid").left_out) == (N, 0)
        assert "the first chose the members" in " ".join(found.sentences)

    def test_weights_by_curve(self, noisy: Study) -> None:
        found = ensemble(noisy, LAB, [1, 2, 3], weights="curve", n_curves=20)
        rmse = np.array([r.curve_rmse for r in found.readings])
        np.testing.assert_allclose(found.weights, (1 / rmse**2) / (1 / rmse**2).sum())
        assert found.test("uniform").n == 20
        equal_weights = ensemble(noisy, LAB, [1, 2, 3]).weights
        np.testing.assert_allclose(equal_weights, 1 / 3)

    def test_weights_by_curve_are_not_told_what_no_network_saw(self, noisy: Study) -> None:
        """Trained through a measurement model or with disorder: the noise-free curve of the truth is no test curve."""
        measured = reference_study("measured")
        target = Target.of(measured.config.experiments[0], measured)
        found = ensemble(measured, target, [58, 60], weights="curve")
        assert found.tests == ()
        assert "No test set is scored" in " ".join(found.sentences)
        assert "measurement model" in found.to_dict()["undefined"][0]
        assert len(ensemble(measured, target, [58, 60]).tests) == 2
        experiments, tests = ensemble_predictions(measured, "ensemble_curve")
        assert (len(experiments), tests) == (len(measured.config.experiments), {})
        assert unlike_own_curves(noisy) == ""
        disordered = replace(noisy.config, dataset=replace(noisy.config.dataset, disorder=(0.9, 1.0)))
        assert "seen through disorder and" in unlike_own_curves(noisy, replace(noisy, config=disordered))

    def test_defaults_to_the_five_of_lowest_loss(self, noisy: Study) -> None:
        assert ensemble(noisy, LAB).members.epochs == (1, 2, 3, 4, 5)

    def test_one_member(self, noisy: Study) -> None:
        found = ensemble(noisy, LAB, [1])
        assert found.test("grid").gain.value == 0
        np.testing.assert_array_equal(found.sd, 0)
        assert found.sentences

    def test_several_studies(self, noisy: Study, made: Callable[..., Study]) -> None:
        other = made(independent, 1)
        found = ensemble(noisy, LAB, across([(noisy, 1), (other, 1)]))
        predicted = [s.test_predictions("grid")[0][0] for s in (noisy, other)]
        error = 100 * np.abs(np.mean(predicted, axis=0) - OTHER) / SPACE.range
        assert found.test("grid").ensemble.value == pytest.approx(error.mean())
        assert found.members.labels == ("made 1", "made 1")

    def test_refused(self, noisy: Study) -> None:
        with pytest.raises(ValueError, match=r"weights = 'loss': equal, validation, curve"):
            ensemble(noisy, LAB, [1, 2], weights="loss")
        with pytest.raises(ValueError, match=r"sum to 0"):
            ensemble(noisy, LAB, [1, 2], weights=[0, 0])
        with pytest.raises(ValueError, match=r"how = 'max'"):
            ensemble(noisy, LAB, [1, 2], how="max")

    def test_a_measured_curve_has_no_errors_but_curves(self) -> None:
        study = reference_study("lab")
        curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
        target = replace(Target.from_curve(curve, "curve"), nuisances=Nuisances())  # not to be searched for
        found = ensemble(study, target, every(study, 8))
        assert found.combined.error is None
        assert [score.test_set for score in found.tests] == ["grid", "uniform"]
        assert "True parameters unknown" in " ".join(found.sentences)
        assert "lie within one SD" not in " ".join(found.sentences)
        assert list(found.table.index) == ["curve (log10)"] + [f"{s} samples (%)" for s in ("grid", "uniform")]
        json.dumps(found.to_dict(), allow_nan=False)
        with pytest.raises(StudyError, match=r"no weights of epoch 77"):
            ensemble(study, target, [77])

    def test_chosen_with_the_truth_is_said(self, noisy: Study) -> None:
        found = checkpoints(noisy, Target.from_experiment(LAB, noisy.config))
        assert "truth in hand" in ensemble(noisy, LAB, noted(noisy, found), how="median").sentences[0]
        assert "truth in hand" not in ensemble(noisy, LAB).sentences[0]

    def test_table_frame_and_json(self, noisy: Study) -> None:
        found = ensemble(noisy, LAB)
        assert max(map(len, found.table.to_string().splitlines())) <= 80
        assert max(map(len, found.parameters.to_string().splitlines())) <= 80
        assert set(found.frame["measure"]) == {"error", "curve_rmse", "profile"}
        values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert [m["epoch"] for m in values["members"]] == [1, 2, 3, 4, 5]
        assert values["tests"][0]["gain"]["value"] == pytest.approx(found.tests[0].gain.value)


class TestGrowth:
    def test_independent_errors_fall(self, noisy: Study) -> None:
        found = growth(noisy, LAB)
        rows = found.line("loss", "grid")
        np.testing.assert_allclose(rows["error"].iloc[0] / rows["error"], np.sqrt(rows["members"]), rtol=0.06)
        assert list(found.line("even", "grid")["members"]) == [1, 2, 3, 4, 5]
        assert found.line("loss", "grid")["gain"].iloc[0] == 0
        assert found.sentences
        json.dumps(found.to_dict(), allow_nan=False)

    def test_needs_the_truth(self, noisy: Study) -> None:
        curve = MeasuredCurve(Scan().angle, LAB.curve(Scan()), {})
        with pytest.raises(StudyError, match=r"tracked experiment with known parameters"):
            growth(noisy, Target.from_curve(curve, "curve"))


class TestSpread:
    @staticmethod
    def of(k: int, *, bias: float = 0.0, narrow: float = 1.0, n: int = 3000) -> Any:
        """The truth is as one more member of k, but for a bias (in SD), and for members that agree too well."""
        rng = np.random.default_rng(0)
        centre = np.full((n, 7), 0.5)
        rows = centre + narrow * rng.normal(0, 0.03, (k, n, 7))
        true = centre + rng.normal(0, 0.03, (n, 7)) + bias * 0.03
        made_of = {"uniform": SPACE.denormalise(rows)}
        return measure_spread(made_of, {"uniform": SPACE.denormalise(true)}, study="made", what=f"{k} members")

    @pytest.mark.parametrize("k", [3, 6, 20])
    def test_calibrated_spread_is_nominal(self, k: int) -> None:
        found = self.of(k)
        score = found.test("uniform")
        for multiple in (1, 2):
            interval = score.within(multiple)
            assert interval.low - 0.5 < found.nominal(multiple) < interval.high + 0.5
        assert score.inside().value == pytest.approx(found.nominal_inside, abs=1.0)
        assert score.factor().value == pytest.approx(found.nominal_factor, rel=0.04)
        rows = found.reliability
        np.testing.assert_allclose(rows["measured"], rows["nominal"], atol=3.5)
        assert "covers what an uncertainty should" in found.sentences[-1]

    def test_nominal_shares_tend_to_the_normal_ones(self) -> None:
        found = self.of(400, n=10)
        assert found.nominal(1) == pytest.approx(68.3, abs=0.2)
        assert found.nominal(2) == pytest.approx(95.4, abs=0.2)
        assert found.nominal_factor == pytest.approx(1, abs=0.01)
        assert self.of(6, n=10).nominal_inside == pytest.approx(100 * 5 / 7)

    def test_members_that_agree_too_well(self) -> None:
        found = self.of(20, narrow=0.25)
        assert found.test("uniform").within(1).high < 40
        assert found.test("uniform").factor().value == pytest.approx(4, rel=0.1)
        assert "is no uncertainty" in found.sentences[-1]

    def test_wider_than_the_error(self) -> None:
        assert "wider than their error" in self.of(20, narrow=3.0).sentences[-1]

    def test_equal_members_have_no_factor(self, equal: Study) -> None:
        found = spread(equal, range(1, K + 1))
        score = found.test("grid")
        assert score.within(2).value == 0
        assert np.isnan(score.factor().value)
        assert "no factor" in " ".join(found.sentences)
        assert found.table.loc["all", "grid factor"] == "none"
        json.dumps(found.to_dict(), allow_nan=False)

    def test_members_that_are_right(self) -> None:
        rows = np.repeat(TRUE[None], 3, axis=0)
        found = measure_spread({"uniform": rows}, {"uniform": TRUE}, study="made", what="3")
        assert found.test("uniform").within(1).value == 100

    def test_a_parameter_of_its_own(self) -> None:
        rng = np.random.default_rng(1)
        scale = np.array([1, 1, 1, 1, 1, 1, 0.2])
        rows = 0.5 + scale * rng.normal(0, 0.03, (10, 1000, 7))
        true = SPACE.denormalise(0.5 + rng.normal(0, 0.03, (1000, 7)))
        found = measure_spread({"grid": SPACE.denormalise(rows)}, {"grid": true}, study="made", what="10 members")
        assert found.test("grid").within(1, "Rp2").high < found.test("grid").within(1, "L1").low
        assert "least often for Rp2" in " ".join(found.sentences)
        assert list(found.table.index) == [*PARAMETERS, "all", "should be"]
        assert max(map(len, found.table.to_string().splitlines())) <= 80

    def test_epochs_with_independent_errors(self, noisy: Study) -> None:
        """The truth is the centre, not one more member: errors of the mean are smaller than the spread."""
        found = spread(noisy, range(1, K + 1))
        assert found.test("uniform").within(1).value > found.nominal(1)

    def test_greedy_members_are_weighed_and_not_scored_where_they_were_chosen(self, noisy: Study) -> None:
        members = across([(noisy, 2), (noisy, 2), (noisy, 5), (noisy, 7)], seen="uniform")
        found = spread(noisy, members)
        assert (found.test("uniform").n, found.test("uniform").left_out) == (N // 2, N // 2)
        assert (found.test("grid").n, found.test("grid").left_out) == (N, 0)
        assert (found.weights, found.effective) == ((0.5, 0.25, 0.25), pytest.approx(8 / 3))
        weights = np.array([0.5, 0.25, 0.25])
        rows, truth = noisy.test_predictions("uniform")[0][[1, 4, 6], N // 2 :], TRUE[N // 2 :]
        centre = np.einsum("k,kni->ni", weights, rows)
        sd = np.sqrt(np.einsum("k,kni->ni", weights, (rows - centre) ** 2) / (1 - (weights**2).sum()))
        np.testing.assert_allclose(found.test("uniform").ratio, np.abs(truth - centre) / sd, rtol=1e-6)
        text = " ".join(found.sentences)
        assert "(weighted, as many as 2.7 equal ones)" in text
        assert f"Of {N // 2} uniform test samples (the others chose the members)" in text
        assert f"Of {N} grid test samples it does" in text
        json.dumps(found.to_dict(), allow_nan=False)

    @pytest.mark.parametrize(("how", "weights"), [("median", None), ("mean", (3.0, 1.0, 1.0, 1.0)), ("mean", None)])
    def test_simulated_yardsticks_are_met_where_the_truth_is_one_more_member(
        self, how: str, weights: tuple[float, ...] | None
    ) -> None:
        made_up = np.random.default_rng(5).normal(0.5, 0.03, (5, 3000, 7))
        members, true = ({"uniform": SPACE.denormalise(v)} for v in (made_up[:4], made_up[4]))
        found = measure_spread(members, true, study="made", what="4 members", how=how, weights=weights)
        score = found.test("uniform")
        assert found.simulated == ((how, weights) != ("mean", None))
        assert score.within(1).value == pytest.approx(found.nominal(1), abs=1.0)
        assert score.within(2).value == pytest.approx(found.nominal(2), abs=1.0)
        assert score.inside().value == pytest.approx(found.nominal_inside, abs=1.5)
        assert score.factor().value == pytest.approx(found.nominal_factor, rel=0.04)
        rows = found.reliability
        np.testing.assert_allclose(rows["measured"], rows["nominal"], atol=3.5)
        assert ("(simulated)" in found.sentences[0]) == found.simulated

    def test_the_simulated_mean_is_students_t(self) -> None:
        found = self.of(6, n=10)
        simulated = replace(found, weights=(1 / 6,) * 6)
        for multiple in (1, 2):
            assert simulated.nominal(multiple) == pytest.approx(found.nominal(multiple), abs=0.5)
        assert simulated.nominal_factor == pytest.approx(found.nominal_factor, rel=0.01)

    def test_test_sets_that_contradict_each_other(self) -> None:
        narrow, right, wide = (
            replace(self.of(20, narrow=w).test("uniform"), test_set=s)
            for w, s in ((0.25, "grid"), (1.0, "uniform"), (3.0, "grid"))
        )
        found = self.of(20)

        def said(*scores: Any) -> str:
            return replace(found, scores=scores).sentences[-1]

        assert "narrower than the error on grid and as wide as it should be on uniform" in said(narrow, right)
        assert "no uncertainty to rely on" in said(narrow, right)
        both = said(replace(narrow, test_set="uniform"), wide)
        assert "narrower than the error on uniform and wider than the error on grid" in both
        assert "no uncertainty" not in said(right, wide)

    def test_one_member_has_none(self, noisy: Study) -> None:
        with pytest.raises(ValueError, match=r"a spread needs two"):
            spread(noisy, [3])


class TestPredictionsByKey:
    """On the shipped study: each key is what it says."""

    def test_top_and_every(self) -> None:
        study = reference_study("lab")
        stored, own = study.test_predictions("grid")[0], study.experiment_predictions("dense")
        best = np.argsort(study.history["val_loss"].to_numpy())[:5]
        for key, rows, mean in (
            ("ensemble_top5_mean", best, np.mean),
            ("ensemble_top5_median", best, np.median),
            ("ensemble_every4", np.arange(43, 80, 4), np.mean),
        ):
            experiments, tests = ensemble_predictions(study, key)
            assert list(experiments) == [e.name for e in study.config.experiments]
            np.testing.assert_allclose(experiments["dense"], mean(own[rows], axis=0))
            np.testing.assert_allclose(tests["grid"], mean(stored[rows], axis=0))

    def test_greedy_weighs_by_how_often_it_took(self) -> None:
        study = reference_study("lab")
        chosen = greedy(study)
        rows = np.repeat(np.array(chosen.epochs) - 1, chosen.counts)
        experiments, tests = ensemble_predictions(study, "ensemble_greedy")
        np.testing.assert_allclose(experiments["lab"], study.experiment_predictions("lab")[rows].mean(axis=0))
        np.testing.assert_allclose(tests["uniform"], study.test_predictions("uniform")[0][rows].mean(axis=0))

    def test_the_notes_three_are_each_experiments_own(self) -> None:
        study = reference_study("lab")
        experiments, tests = ensemble_predictions(study, "ensemble_note")
        for name in ("lab", "sparse"):
            ideal = int(study.experiment_errors(name).mean(axis=1).argmin())
            own = study.experiment_predictions(name)[[ideal, study.final - 1, 59]]
            np.testing.assert_allclose(experiments[name], np.median(own, axis=0))
        stored = study.test_predictions("grid")[0][[49, study.final - 1, 59]]
        np.testing.assert_allclose(tests["grid"], np.median(stored, axis=0))

    def test_by_curve(self, noisy: Study) -> None:
        """Every 4th epoch of the second half of nine is the 8th alone."""
        experiments, tests = ensemble_predictions(noisy, "ensemble_curve")
        np.testing.assert_allclose(experiments["lab"], noisy.experiment_predictions("lab")[7])
        np.testing.assert_allclose(tests["grid"], noisy.test_predictions("grid")[0][7])

    def test_curve_weights_prefer_who_reproduces(self) -> None:
        rows = np.stack([TRUE[:10], TRUE[:10] + 0.05 * (SPACE.range / 2 - (TRUE[:10] - SPACE.minimum))])
        weights = curve_weights(rows, TRUE[:10], SAMPLE)
        np.testing.assert_allclose(weights[0], 1)
        np.testing.assert_allclose(weights.sum(axis=0), 1)

    def test_unknown_key(self, noisy: Study) -> None:
        with pytest.raises(ValueError, match=r"key = 'best': one of ensemble_top5_mean"):
            ensemble_predictions(noisy, "best")
