"""The Cramer-Rao bound: exact for a linear toy, reached by fits of noisy curves, and what it says of a network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xrdlib.data import LAB, LAB_EXPERIMENT, SPACE, DatasetConfig, MeasuredCurve, load_curve
from xrdlib.diagnostics import Identifiability, Limits, Nuisances, Target, diagnose, identifiability, network_limits
from xrdlib.diagnostics.information._background import fitted_background
from xrdlib.diagnostics.information._fisher import UNIFORM, combinations, effective, nuisance_precision, spread
from xrdlib.diagnostics.information._forward import forward_model
from xrdlib.diagnostics.information._prior import allowed
from xrdlib.diagnostics.information._share import AT_BOUND, _of_normal
from xrdlib.diagnostics.target import resimulate
from xrdlib.simulation import PARAMETERS, Instrument
from xrdlib.training import Measurement, Study, StudyError, reference_study

POINT = LAB_EXPERIMENT.to_array()
MATRIX = np.random.default_rng(0).normal(size=(7, 60))
MATRIX[:, 0] = 0.0  # the peak, which no parameter moves
LEVEL = np.r_[30.0, np.full(59, 10.0)]


def toy(matrix: np.ndarray = MATRIX):
    """Intensity is linear in the parameters (as fractions of their ranges); its peak is 30."""
    start = SPACE.normalise(POINT)
    return lambda rows: LEVEL + (SPACE.normalise(rows) - start) @ matrix


def test_bound_of_a_linear_simulator_is_its_least_squares_covariance() -> None:
    found = identifiability(toy(), POINT, counts=3e5, background=0.0)
    weight = 3e5 / 30 / LEVEL
    fisher = (MATRIX * weight) @ MATRIX.T
    expected = 100 * np.sqrt(np.diag(np.linalg.inv(fisher)))
    np.testing.assert_allclose(found.bounds["known"], expected, rtol=1e-5)
    with_prior = 100 * np.sqrt(np.diag(np.linalg.inv(fisher + 12 * np.eye(7))))
    np.testing.assert_allclose(found.bounds["known_prior"], with_prior, rtol=1e-5)
    assert found.verdicts == ["told"] * 7


def test_weighted_least_squares_of_counted_toy_curves_scatter_as_the_bound_says() -> None:
    bound = identifiability(toy(), POINT, counts=3e5, background=1e-2).bounds["known"]
    mean = 1e4 * (LEVEL + 0.3)
    rng = np.random.default_rng(1)
    design = (1e4 * MATRIX / np.sqrt(mean)).T
    noisy = (rng.poisson(mean, size=(2000, 60)) - mean) / np.sqrt(mean)
    fitted = np.linalg.lstsq(design, noisy.T, rcond=None)[0]
    np.testing.assert_allclose(100 * fitted.std(axis=1), bound, rtol=0.06)  # 4 standard errors of 2000 draws


def test_fits_of_counted_curves_scatter_as_the_bound_says() -> None:
    """Maximum likelihood (scoring) on the library's simulator, at so many counts that the bound is local."""
    counts, background, n = 1e8, 2e-3, 40
    config = DatasetConfig(scan_points=300)
    found = identifiability(config, POINT, counts=counts, background=background)
    model = forward_model(config, Instrument(), 1.0)
    first = model.derivatives(POINT[None])
    scale = counts / first.curves.max()
    rng = np.random.default_rng(0)
    observed = rng.poisson(scale * first.curves[0] + counts * background, size=(n, 300))
    fitted = np.tile(POINT, (n, 1))
    for _ in range(3):
        at = model.derivatives(fitted)
        mean = scale * at.curves + counts * background
        slope = scale * at.parameters
        fisher = (slope / mean[:, None]) @ slope.transpose(0, 2, 1)
        score = ((observed - mean) / mean)[:, None] @ slope.transpose(0, 2, 1)
        fitted += np.linalg.solve(fisher, score.transpose(0, 2, 1))[:, :, 0] * SPACE.range
    scatter = 100 * np.std(fitted / SPACE.range, axis=0)
    ratio = scatter / found.bounds["known"]
    assert (ratio > 0.6).all()
    assert (ratio < 1.45).all()  # 4 standard errors of 40 draws


def test_the_prior_only_helps_and_nuisances_only_cost() -> None:
    found = identifiability(DatasetConfig(), SPACE.denormalise(np.full(7, 0.4)))
    b = found.bounds
    assert (b["known_prior"] <= b["known"]).all()
    assert (b["free_prior"] <= b["free"]).all()
    assert (b["known"] <= b["free"]).all()
    assert (b["free_prior"] < 100 * UNIFORM).all()
    assert (found.combinations.sigma <= UNIFORM).all()
    more = identifiability(DatasetConfig(), SPACE.denormalise(np.full(7, 0.4)), counts=6e6)
    np.testing.assert_allclose(more.bounds["known"], b["known"] / 10, rtol=1e-6)
    assert more.n_measurable > found.n_measurable


def test_an_unread_parameter_keeps_its_prior() -> None:
    blind = MATRIX.copy()
    blind[6] = 0
    found = identifiability(toy(blind), POINT, counts=3e9, nuisances=False)
    assert np.isinf(found.bounds["known"][6])
    assert found.bounds["known_prior"][6] == pytest.approx(100 * UNIFORM)
    assert found.verdicts[6] == "hidden"
    assert found.verdicts[:6] == ["told"] * 6
    assert found.n_measurable == pytest.approx(6, abs=1e-3)
    assert found.described[-1] == "1.00 Rp2: 29 % of range"
    assert found.table.loc["Rp2", "no prior"] == "-"
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["bounds"]["known"]["Rp2"] is None


def test_a_degenerate_combination_is_named() -> None:
    """L2 and Rp2 act alike: their sum is known, their difference is not."""
    alike = MATRIX.copy()
    alike[6] = alike[5]
    found = identifiability(toy(alike), POINT, counts=3e7, background=0.0)
    assert found.described[-1] in ("0.71 L2 - 0.71 Rp2: 29 % of range", "0.71 Rp2 - 0.71 L2: 29 % of range")
    np.testing.assert_allclose(np.abs(found.combinations.weights[-1, 5:]), np.sqrt(0.5), rtol=1e-3)
    np.testing.assert_allclose(found.bound[5:], 100 * UNIFORM / np.sqrt(2), rtol=1e-2)
    assert found.correlation[5, 6] == pytest.approx(-1, abs=1e-3)
    assert (found.bounds["alone"][5:] < 1).all()
    assert any("stand in for it, most of all" in s and "correlation -1.00" in s for s in found.sentences)
    apart = identifiability(toy(np.eye(7, 60, 3)), POINT, counts=3e7)
    assert not any("stand in for it" in s for s in apart.sentences)
    np.testing.assert_allclose(apart.bounds["alone"], apart.bounds["known"])


def test_combinations_are_the_bound_in_other_axes() -> None:
    fisher = (MATRIX @ MATRIX.T)[None]
    found = combinations(fisher[0])
    np.testing.assert_allclose(found.weights @ found.weights.T, np.eye(7), atol=1e-12)
    covariance = found.weights.T @ np.diag(found.sigma**2) @ found.weights
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), spread(fisher, np.eye(7) * UNIFORM**2)[0])


def test_marginalising_is_inverting_the_whole() -> None:
    rng = np.random.default_rng(0)
    slopes = rng.normal(size=(9, 50))
    fisher = (slopes @ slopes.T)[None]
    precision = np.array([0.0, 4.0])
    whole = np.linalg.inv(fisher[0] + np.diag(np.r_[np.zeros(7), precision]))[:7, :7]
    np.testing.assert_allclose(np.linalg.inv(effective(fisher, precision)[0]), whole)
    known = effective(fisher, np.array([np.inf, np.inf]))  # both known after all
    np.testing.assert_allclose(known, effective(fisher, None))


def test_ranges_of_a_measurement_as_information() -> None:
    measurement = Measurement(fwhm=(30.0, 30.0), offset=(-3.0, 3.0), background=(1e-3, 1e-3 * np.e**2))
    precision = nuisance_precision(measurement, (0.9, 1.0), 6)
    assert precision[3] == np.inf
    np.testing.assert_allclose(precision[[0, 1, 2, 4, 5]], [0, 3, 1200, 48, 1 / 3])


def test_figures_of_the_design_are_reproduced() -> None:
    """DESIGN.md, section 1: Rp2 at 6e4 counts, % of range: 0.3 for the lab's experiment, 24 far above the surface."""
    assert identifiability(DatasetConfig(), POINT).bounds["known_prior"][6] == pytest.approx(0.3, abs=0.05)
    deep = POINT.copy()
    deep[6] = -6000
    assert identifiability(DatasetConfig(), deep).bounds["known_prior"][6] > 15


def made_up(factor: np.ndarray, bound: np.ndarray, true: np.ndarray | None = None, **others) -> Limits:
    """Normal errors of ``factor`` times their bounds (n, 7), of samples in the middle of the space."""
    error = np.abs(np.random.default_rng(0).normal(size=bound.shape)) * factor * bound
    true = np.tile(SPACE.denormalise([0.5, 0.1, 0.9, 0.3, 0.4, 0.3, 0.5]), (len(bound), 1)) if true is None else true
    return Limits("made up", "uniform", 5, true, error, bound, np.full(7, 27.0), True, 6e4, 2e-3, **others)


@pytest.fixture(scope="module")
def planted() -> Limits:
    """Of seven parameters: at the bound, hidden and guessed, ten times the bound, and in between."""
    bound = np.tile([0.5, 26.0, 1.0, 4.0, 1.0, 1.0, 20.0], (3000, 1))
    return made_up(np.array([1.0, 1.0, 10.0, 1.5, 1.0, 1.0, 0.5]), bound)


def test_planted_shortcomings_are_told_from_physics(planted: Limits) -> None:
    assert planted.verdicts == ["physics", "physics", "network", "both", "physics", "physics", "physics"]
    np.testing.assert_allclose(planted.typical, [1, 1, 10, 1.5, 1, 1, 0.5], rtol=0.05)
    np.testing.assert_array_equal(planted.hidden, [0, 100, 0, 0, 0, 0, 100])
    text = " ".join(planted.sentences)
    assert "3000 uniform test samples, epoch 5" in text
    assert "network, the curves tell more than the network has learnt to read: L1 0.0" in text
    assert "Rp2: the network's RMS error is below the bound" in text
    assert "D01 in all samples" in text
    assert "D01 (26" in text.split(": the RMS error is hardly less than the scatter")[0]
    assert "drawn from the study's ranges" in text
    assert "hold" not in text  # no few samples decide an average here


@pytest.mark.parametrize("share", [1.0, 2 / 3, 1 / 3, 0.01])
def test_share_within_the_bound_of_normal_errors_is_the_closed_form(share: float) -> None:
    bound = np.full((200_000, 1), 2.0)
    error = np.random.default_rng(0).normal(size=bound.shape) * bound / np.sqrt(share)
    found = np.minimum(error**2, bound**2).sum() / (error**2).sum()
    assert _of_normal(share) == pytest.approx(found, abs=0.004)
    assert pytest.approx(0.516, abs=1e-3) == AT_BOUND


def test_a_few_wide_bounds_do_not_decide_the_verdict() -> None:
    """Ten of 400 samples that the curve does not tell, read as well as their bounds; in the others the network errs."""
    bound = np.full((400, 7), 1.0)
    bound[:10] = 26.0
    factor = np.full((400, 7), 6.0)
    factor[:10] = 0.1
    found = made_up(factor, bound)
    assert max(r.value for r in found.ratio) < 1.73  # what decided before: mean squares, "both" or "physics"
    assert found.verdicts == ["network"] * 7
    assert "% of the squared bounds" in " ".join(found.sentences)


def test_few_samples_leave_a_verdict_undecided() -> None:
    few, many = (made_up(np.full(7, 1.73), np.full((n, 7), 1.0)) for n in (30, 20_000))
    assert few.verdicts == ["undecided"] * 7
    assert "do not decide between bound and network: Dmax1" in few.sentences[0]
    assert set(many.verdicts) <= {"undecided", "both", "network"}
    half_way = made_up(np.full(7, 1.45), np.full((20_000, 7), 1.0))
    assert half_way.verdicts == ["both"] * 7


def test_verdicts_of_a_study_do_not_flip_with_the_seed() -> None:
    study = reference_study("lab")
    one, two = (dict(enumerate(network_limits(study, n=300, seed=s).verdicts)) for s in (0, 1))
    flipped = [i for i in one if one[i] != two[i] and "undecided" not in (one[i], two[i])]
    assert not flipped
    assert [one[i] for i in (1, 2, 3, 4, 5)] == ["network"] * 5


def test_no_sentence_takes_the_bound_for_a_theorem(planted: Limits, measured: Identifiability) -> None:
    text = " ".join([*planted.sentences, *measured.sentences])
    for word in ("no network", "no estimator", "prior's mean is the best", "undercut"):
        assert word not in text
    assert "may still exclude distant ones" in text
    assert "a scale for errors, not a theorem" in text


def test_what_the_constraints_leave() -> None:
    rows = np.array(
        [
            [0.011, 0.001, 5000.0, 3000.0, 0.025, 2000.0, -10.0],
            [0.0100, 0.0100, 500.0, 50.0, 0.001, 500.0, -10.0],
            [0.011, 0.001, 5000.0, 3000.0, 0.031, 2000.0, -10.0],  # outside: no D01 goes with this D02
        ]
    )
    left = allowed(rows) * np.sqrt(12) * SPACE.range
    # Dmax1 >= D01, D01 <= 0.03 - D02, L1 >= Rp1, Rp1 <= L1, D02 <= 0.03 - D01, L2 <= L1 (its maximum is lower)
    np.testing.assert_allclose(left[0], [0.03, 0.005 - 0.0005, 4000, 4950, 0.028, 4500, 6500])
    assert left[1, 0] == pytest.approx(0.021)
    assert left[1, 3] == pytest.approx(450)
    assert left[1, 5] == pytest.approx(45)  # nothing left: a hundredth of the range stands for it
    assert left[2, 1] == pytest.approx(0.03)


def test_no_bound_exceeds_what_the_constraints_leave() -> None:
    for name in ("lab", "measured"):
        found = network_limits(reference_study(name), n=40)
        assert (found.bound <= 100 * allowed(found.true) + 1e-9).all()
    tight = POINT.copy()
    tight[4], tight[1] = 0.0290, 0.0007  # D01 is between 0.0005 and 0.001
    blind = MATRIX.copy()
    blind[1] = 0
    found = identifiability(toy(blind), tight, counts=3e5, nuisances=False)
    assert found.bound[1] == pytest.approx(100 / 60 / np.sqrt(12))
    assert found.verdicts[1] == "hidden"  # little is open, but not because of the curve
    assert "capped by what the constraints leave" in found.sentences[-1]


def test_d01_without_a_sublayer_above_the_peak_is_the_model_s_doing() -> None:
    bound = np.tile([1.0, 24.0, 1, 1, 1, 1, 1], (100, 1))
    true = np.tile(SPACE.denormalise([0.9, 0.1, 0.9, 0.0, 0.05, 0.3, 0.5]), (100, 1))  # Rp1 = 50 A
    true[:30, 3] = 3000.0
    found = made_up(np.full(7, 1.0), bound, true, layer_thickness=100.0)
    assert found.above_first == pytest.approx(70)
    assert any(s.startswith("In 70 % of the samples with hidden D01") for s in found.sentences)
    deep = made_up(np.full(7, 1.0), bound, np.where(np.arange(7) == 3, 3000.0, true), layer_thickness=100.0)
    assert deep.above_first == 0
    assert not any("with hidden D01" in s for s in deep.sentences)
    assert made_up(np.full(7, 1.0), bound, true).above_first is None  # a simulator without sublayers
    below = POINT.copy()
    below[3] = 50.0
    model = forward_model(DatasetConfig(), Instrument(), 1.0)
    assert (model.derivatives(below[None]).parameters[0, 1] == 0).all()


def test_a_healthy_network_is_not_blamed() -> None:
    healthy = replace(made_up(np.full(7, 1.0), np.full((400, 7), 1.0)), measured=False)
    assert healthy.verdicts == ["physics"] * 7
    text = " ".join(healthy.sentences)
    assert "network, the curves" not in text
    assert "Hidden" not in text
    assert "guess" not in text
    assert "yardstick" in text  # noise-free curves have no counting bound
    json.dumps(healthy.to_dict(), allow_nan=False)


def test_other_counts_give_other_verdicts() -> None:
    study = reference_study("lab")
    found = network_limits(study, n=60)
    ten = network_limits(study, n=60, counts=6e5)
    np.testing.assert_allclose(found.at_counts[6e5], ten.bound, rtol=1e-6)
    bound = np.full((400, 7), 1.0)
    few = replace(made_up(np.full(7, 1.0), bound), measured=False, at_counts={6e3: 3 * bound, 6e5: bound / 3})
    assert "verdicts at 6e+03 counts the same; at 6e+05 counts Dmax1 network" in few.sentences[-1]


@pytest.fixture(scope="module")
def measured() -> Identifiability:
    study = reference_study("measured")
    prediction = study.experiment_predictions("lab_measured_1")[study.final - 1]
    return identifiability(study, POINT, instrument=Instrument(36, 0.2), disorder=0.94, prediction=prediction, n=40)


def test_a_study_is_compared_with_the_bound(measured: Identifiability) -> None:
    assert measured.case == "free"
    assert measured.limits is not None
    assert measured.limits.n == 40
    assert measured.error is not None
    study = reference_study("measured")
    predicted = study.experiment_predictions("lab_measured_1")[study.final - 1]
    np.testing.assert_allclose(measured.error, 100 * np.abs(predicted - POINT) / SPACE.range)
    assert measured.verdicts[6] == "network"  # the curve tells Rp2, the network does not
    assert any("Rp2 (33 against" in s for s in measured.sentences)
    assert any("D01 would be told within" in s for s in measured.sentences)
    assert len(measured.table.to_string().split("\n")[0]) <= 80
    assert list(measured.frame["parameter"]) == list(PARAMETERS)
    assert json.loads(json.dumps(measured.to_dict(), allow_nan=False))["samples"]["n_samples"] == 40


def test_without_samples_or_prediction(measured: Identifiability) -> None:
    alone = identifiability(reference_study("lab"), POINT, n=0, predicted=True)
    assert alone.limits is None
    assert alone.case == "known"
    assert "the chosen epoch's prediction" in alone.sentences[0]
    assert set(alone.verdicts) == {"told"}
    assert not any("Error of the final epoch" in s for s in alone.sentences)
    assert "No epoch's prediction" not in alone.sentences[0]
    hidden = replace(measured, bounds={**measured.bounds, "free_prior": np.full(7, 25.0)})
    assert hidden.verdicts == ["hidden"] * 7


def test_a_point_that_does_not_describe_the_curve_is_said_first() -> None:
    found = identifiability(DatasetConfig(), POINT, predicted=True, reproduced=False)
    assert "the point does not describe it, and these bounds are those of another curve" in found.sentences[0]
    assert found.to_dict()["reproduced"] is False


def test_alone_is_of_the_case_of_the_bound() -> None:
    """What other parameters cost is told from what unknown nuisances cost."""
    free, known = (identifiability(DatasetConfig(), POINT, nuisances=n) for n in (True, False))
    assert (free.bounds["alone"] > known.bounds["alone"]).all()
    assert (free.bounds["alone"] <= free.bounds["free"]).all()
    one = np.zeros((7, 60))
    one[0] = MATRIX[0]  # a simulator in which no other parameter can stand in
    alike = identifiability(toy(one), POINT, counts=3e7, nuisances=True)
    assert alike.bounds["alone"][0] == pytest.approx(alike.bounds["free"][0])
    assert not any("With the other six known" in s for s in alike.sentences)
    assert "nuisances keep their ranges" in free.sentences[-1]
    assert "nuisances keep their ranges" not in known.sentences[-1]


def test_background_of_a_measured_curve_is_the_fitted_one() -> None:
    study = reference_study("lab")
    config = study.config.dataset
    nuisances = Nuisances(36.0, 0.2, 0.94)
    angle = config.scan.angle[::4]
    curve = resimulate(POINT[None], angle, nuisances, config)[0]
    target = Target.from_curve(MeasuredCurve(angle, 500 * (curve / curve.max() + 7e-3), {}), "made up")
    assert fitted_background(study, target, POINT, nuisances) == pytest.approx(7e-3, rel=1e-4)


def test_the_same_seed_gives_the_same_bounds() -> None:
    study = reference_study("measured")
    one, two, other = (network_limits(study, n=6, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.bound, two.bound)
    assert not np.array_equal(one.bound, other.bound)


def test_predictions_that_are_not_finite_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    study = reference_study("lab")
    predicted, true = study.test_predictions("grid")
    broken = np.full_like(predicted, np.nan)
    monkeypatch.setattr(Study, "test_predictions", lambda self, name: (broken, true))
    with pytest.raises(StudyError, match=r"predictions of epoch \d+ for test set grid are not finite"):
        network_limits(study, n=5)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"counts": 0}, r"counts = 0: a positive number"),
        ({"counts": np.nan}, r"counts = nan"),
        ({"background": -1e-3}, r"background = -0.001"),
    ],
)
def test_bad_arguments_are_refused(arguments, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        identifiability(toy(), POINT, **arguments)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match=r"n = 1: at least two"):
        network_limits(reference_study("lab"), n=1)


@pytest.mark.slow
def test_of_a_measured_curve_nuisances_are_free_and_the_background_is_its_own(shared_dir: Path) -> None:
    """Study lab reproduces curve A at no epoch: the section says whose bounds these are."""
    curve = load_curve(shared_dir / "measured" / "ggg444_implanted_A.txt", step=4.018235972)
    study = reference_study("lab")
    found = diagnose(curve, study, sections=["identifiability"])
    section = found["identifiability"]
    assert isinstance(section, Identifiability)
    assert section.case == "free"
    assert not found.checkpoints.reproduced
    assert "those of another curve" in section.sentences[0]
    # the stored curves hold the fitted background: their lowest points can be no lower
    drawn = found.checkpoints.curves[found.checkpoints.row(found.checkpoints.chosen)]
    assert 0 < section.background < drawn.min() / (drawn.max() - drawn.min())
    known = diagnose(LAB, study, sections=["identifiability"])["identifiability"]
    assert isinstance(known, Identifiability)
    assert (known.case, known.background, known.reproduced) == ("known", 2e-3, True)
