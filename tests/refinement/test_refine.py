from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import xrdlib
from xrdlib.data import LAB_EXPERIMENT, SPACE, MeasuredCurve, load_curve
from xrdlib.refinement import CurveModel, FitError, Refinement, refine
from xrdlib.refinement.starts import network_starts

TRUE = LAB_EXPERIMENT.to_array()
NEAR = TRUE * np.array([1.01, 1.1, 0.98, 1.02, 0.95, 1.03, 2.0])
CURVE_A = Path(__file__).parents[3] / "shared/measured/ggg444_implanted_A.txt"


@pytest.fixture(scope="module")
def noisy(make_curve) -> Refinement:
    return refine(make_curve(counts=6e4), starts=[NEAR, TRUE])


def test_a_curve_without_noise_gives_its_parameters_back(make_curve):
    fit = refine(make_curve(), starts=NEAR)
    assert fit.converged
    assert fit.log10_rmse < 1e-5
    assert (np.abs(fit.parameters - TRUE) / SPACE.range).max() < 1e-3
    assert fit.nuisances["fwhm"] == pytest.approx(37.0, abs=0.01)
    assert fit.nuisances["offset"] == pytest.approx(0.7, abs=0.01)
    assert fit.nuisances["disorder"] == pytest.approx(0.93, abs=1e-3)
    assert fit.nuisances["damage"] == 0.0


def test_starts_that_end_alike_are_one_minimum(noisy):
    assert [len(m.reached_from) for m in noisy.minima] == [2]
    assert noisy.log10_rmse < noisy.log10_rmse_start


def test_the_truth_is_within_four_deviations(noisy):
    known = np.isfinite(noisy.sigma)
    assert known.sum() >= 6
    assert (np.abs(noisy.parameters - TRUE)[known] / noisy.sigma[known]).max() < 4


def test_noise_alone_looks_like_noise(noisy):
    assert noisy.neighbour_correlation < 0.3
    assert any("may be noise alone" in s for s in noisy.sentences) == (noisy.neighbour_correlation < 0.2)


def test_a_correlation_that_was_lost_in_rounding_is_not_defined(noisy):
    covariance = noisy.covariance.copy()
    covariance[2, 3] = covariance[3, 2] = 10 * np.sqrt(covariance[2, 2] * covariance[3, 3])
    correlation = replace(noisy, covariance=covariance).correlation
    assert np.isnan(correlation.loc["L1", "Rp1"])
    assert np.allclose(np.diag(correlation)[np.isfinite(np.diag(correlation))], 1)


def test_poisson_and_log_agree_where_counts_are_many(make_curve):
    curve = make_curve(counts=6e4)
    by_counts = refine(curve, starts=TRUE, likelihood="poisson")
    assert by_counts.converged
    known = np.isfinite(by_counts.sigma)
    assert (np.abs(by_counts.parameters - TRUE)[known] / by_counts.sigma[known]).max() < 4


def test_counts_of_zero_are_no_hindrance_to_the_poisson_likelihood(make_curve):
    curve = make_curve(counts=300.0, background=1e-6)
    assert (curve.intensity == 0).any()
    assert refine(curve, starts=TRUE, likelihood="poisson").log10_rmse < 1.0


def test_disorder_that_falls_with_strain_is_found_and_one_that_does_not_is_left_alone(make_curve):
    fit = refine(make_curve(damage=0.3, disorder=1.0, counts=1e5), starts=TRUE, disorder="auto")
    kept = next(f for f in fit.disorder_fits if f.kept)
    assert kept.name == "growing"
    assert fit.nuisances["damage"] == pytest.approx(0.3, abs=0.05)
    plain = refine(make_curve(counts=1e5), starts=TRUE, disorder="auto")
    assert next(f for f in plain.disorder_fits if f.kept).name == "even"


@pytest.mark.parametrize(
    ("known", "models"),
    [({"disorder": 0.93}, ["even", "both"]), ({"damage": 0.0}, ["growing", "both"]), ({}, ["even", "growing", "both"])],
)
def test_only_models_that_leave_free_what_is_not_known_are_compared(make_curve, known, models):
    fit = refine(make_curve(counts=6e4), starts=TRUE, fixed=known)
    assert [f.name for f in fit.disorder_fits] == models
    assert all(fit.nuisances[name] == value for name, value in known.items())


def test_with_all_of_the_disorder_known_nothing_is_compared(make_curve):
    fit = refine(make_curve(counts=6e4), starts=TRUE, fixed={"disorder": 0.93, "damage": 0.0})
    assert not fit.disorder_fits
    assert fit.nuisances["damage"] == 0.0


def test_what_is_fixed_stays(make_curve):
    fit = refine(make_curve(), starts=NEAR, fixed={"fwhm": 37.0, "disorder": 0.93})
    assert fit.nuisances["fwhm"] == 37.0
    assert np.isnan(fit.nuisance_sigma["fwhm"])
    assert "fixed" in fit.to_text()


def test_a_known_background_may_be_zero_and_a_known_resolution_narrow(make_curve):
    fit = refine(make_curve(background=0.0), starts=NEAR, fixed={"background": 0.0})
    assert fit.nuisances["background"] == 0.0
    assert fit.converged
    assert refine(make_curve(), starts=TRUE, fixed={"fwhm": 12.0}).nuisances["fwhm"] == 12.0


def test_without_a_background_it_cannot_be_told_from_zero(make_curve):
    fit = refine(make_curve(counts=6e4, background=0.0), starts=TRUE)
    assert "background" in fit.at_bound
    assert any("cannot be told from 0" in s for s in fit.sentences)


def test_a_parameter_at_a_constraint_moves_with_what_limits_it(make_curve):
    true = TRUE.copy()
    true[2], true[5] = 4000.0, 4600.0  # L2 beyond L1
    fit = refine(make_curve(true, counts=6e4), starts=true)
    assert "L2" in fit.at_bound
    assert fit.parameters[5] == fit.parameters[2]
    assert fit.sigma[5] == pytest.approx(fit.sigma[2])
    assert fit.correlation.loc["L1", "L2"] == pytest.approx(1.0)
    assert any("L2 lies at a constraint (L2 <= L1)" in s for s in fit.sentences)


def test_points_that_are_far_off_are_named(make_curve):
    curve = make_curve(counts=6e4)
    intensity = curve.intensity.copy()
    intensity[40], intensity[100] = 30 * intensity[40], 0.0
    fit = refine(MeasuredCurve(curve.angle, intensity, curve.metadata), starts=TRUE)
    np.testing.assert_array_equal(fit.outliers, curve.angle[[40, 100]])
    text = fit.to_text()
    assert f"{curve.angle[40]:.0f}" in text
    assert "1 of the points is zero" in text


def test_starts_that_do_not_converge_are_no_minima(make_curve, monkeypatch):
    from xrdlib.refinement._problem import Problem

    solve, calls = Problem.solve, []

    def some(self, *args, **kwargs):
        calls.append(1)
        return replace(solve(self, *args, **kwargs), converged=len(calls) != 2)

    monkeypatch.setattr(Problem, "solve", some)
    fit = refine(make_curve(counts=6e4), starts=[NEAR, TRUE])
    assert fit.not_converged == ("start 2",)
    assert [m.reached_from for m in fit.minima] == [("start 1",)]
    assert any("1 of 2 starts" in s and "1 did not converge" in s for s in fit.sentences)


def test_a_bound_is_named(make_curve):
    fit = refine(make_curve(), starts=NEAR, fixed={"disorder": 0.80})
    assert fit.at_bound
    assert "at a bound" in fit.to_text()
    assert all(np.isnan(fit.frame.set_index("name")["sigma"][name]) for name in fit.at_bound)


def test_without_convergence_the_result_is_partial_and_says_so(make_curve):
    fit = refine(make_curve(), starts=NEAR, max_evaluations=2)
    assert not fit.converged
    assert any("partial result" in s for s in fit.sentences)


def test_an_interrupt_keeps_what_is_finished(make_curve, monkeypatch):
    from xrdlib.refinement._problem import Problem

    solve, calls = Problem.solve, []

    def interrupted(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return solve(self, *args, **kwargs)

    monkeypatch.setattr(Problem, "solve", interrupted)
    fit = refine(make_curve(), starts=[NEAR, TRUE])
    assert fit.interrupted
    assert "Interrupted" in fit.to_text()


def test_an_interrupt_while_models_of_the_disorder_are_compared_keeps_the_fit(make_curve, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("xrdlib.refinement.refine"), "_compare", interrupted)
    fit = refine(make_curve(), starts=TRUE, disorder="auto")
    assert fit.interrupted
    assert not fit.disorder_fits
    assert fit.log10_rmse < 1e-4


def test_saved_and_opened_again_it_is_the_same(noisy, tmp_path):
    noisy.save(tmp_path / "fit.json")
    again = Refinement.open(tmp_path / "fit.json")
    assert again.to_text() == noisy.to_text()
    np.testing.assert_array_equal(again.covariance, noisy.covariance)
    np.testing.assert_array_equal(again.model, noisy.model)
    (tmp_path / "other.json").write_text('{"schema": "xrdlib.diagnose/1"}')
    with pytest.raises(ValueError, match=r"other\.json: no fit that xrdlib saved: schema 'xrdlib\.diagnose/1'"):
        Refinement.open(tmp_path / "other.json")


def test_the_profile_is_that_of_the_parameters_with_a_band(noisy):
    profile = xrdlib.strain_profile(noisy.parameters)
    np.testing.assert_allclose(noisy.profile["strain"], profile.strain)
    assert (noisy.profile["sigma"] > 0).any()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"disorder": "none"}, r"disorder: 'none' given"),
        ({"likelihood": "normal"}, r"likelihood: 'normal' given"),
        ({"likelihood": "poisson"}, r"counts_per_unit: the Poisson likelihood needs"),
        ({"fixed": {"width": 3.0}}, r"fixed: width unknown; there are scale"),
        ({"fixed": {"fwhm": float("nan")}}, r"fixed: fwhm = nan"),
        ({"fixed": {"fwhm": 900.0}}, r"fixed: fwhm = 900 given, 18 to 150 expected"),
        ({"fixed": {"damage": 0.1}, "disorder": "even"}, r"fixed: damage is what disorder='even' decides"),
        ({"fixed": {"disorder": 0.9}, "disorder": "growing"}, r"fixed: disorder is what disorder='growing' decides"),
        ({"max_evaluations": 0}, r"max_evaluations: 0 given"),
        ({"random": -1}, r"random: -1 given"),
        ({"starts": [[1.0, 2.0]]}, r"seven numbers expected"),
    ],
)
def test_impossible_requests(make_curve, arguments, text):
    with pytest.raises(ValueError, match=text):
        refine(make_curve(), **({"starts": TRUE} | arguments))


def test_a_curve_without_its_substrate_peak_is_refused(make_curve):
    whole = make_curve()
    part = whole.angle > 100
    with pytest.raises(FitError, match=r"does not contain the substrate peak"):
        refine(MeasuredCurve(whole.angle[part], whole.intensity[part]), starts=TRUE)
    with pytest.raises(FitError, match=r"20 points for 13 unknowns"):
        refine(MeasuredCurve(whole.angle[:20], whole.intensity[:20]), starts=TRUE)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_curve_that_nobody_checked_is_refused(make_curve, value):
    curve = make_curve()
    wrong = curve.intensity.copy()
    wrong[30] = value
    with pytest.raises(FitError, match=r"intensities must be finite, not negative"):
        refine(MeasuredCurve(curve.angle, wrong), starts=TRUE)
    with pytest.raises(FitError, match=r"(angles must be finite and rise|does not contain)"):
        refine(MeasuredCurve(curve.angle[::-1], curve.intensity), starts=TRUE)


def test_disorder_is_compared_of_counts_too(make_curve):
    curve = make_curve(damage=0.3, disorder=1.0, counts=1e5)
    fit = refine(curve, starts=TRUE, disorder="auto", likelihood="poisson")
    assert next(f for f in fit.disorder_fits if f.kept).name == "growing"


@pytest.mark.skipif(not CURVE_A.exists(), reason="curve A is not in the repository (licence unknown)")
def test_curve_a_from_the_network_s_start():
    fit = refine(load_curve(CURVE_A, step=4.018235972), xrdlib.reference_study("measured"))
    assert fit.log10_rmse <= 0.037
    assert fit.converged
    assert len(fit.minima[0].reached_from) >= 4


@pytest.mark.slow
@pytest.mark.skipif(not CURVE_A.exists(), reason="curve A is not in the repository (licence unknown)")
def test_curve_a_from_random_starts():
    fit = refine(load_curve(CURVE_A, step=4.018235972), random=10)
    assert fit.log10_rmse <= 0.037
    assert len(fit.minima[0].reached_from) >= 8


def test_a_curve_that_is_not_described_is_said_to_be_none(make_curve):
    curve = make_curve(counts=6e4)
    odd = MeasuredCurve(curve.angle, curve.intensity[::-1].copy(), curve.metadata)
    fit = refine(odd, starts=TRUE, disorder="even")
    assert any("no description of the curve" in s for s in fit.sentences)
    assert not any("no description" in s for s in refine(curve, starts=TRUE, disorder="even").sentences)


def test_what_is_suspicious_about_the_curve_is_said_first_and_kept(noisy, tmp_path):
    fit = replace(noisy, warnings=("the layer seems to lie at negative angles",))
    assert fit.sentences == ["Warning: the layer seems to lie at negative angles", *noisy.sentences]
    fit.save(tmp_path / "odd.json")
    assert Refinement.open(tmp_path / "odd.json").warnings == fit.warnings
    assert noisy.warnings == ()


def test_a_fit_carries_what_the_reader_found_suspicious(make_curve):
    curve = make_curve(counts=6e4)
    odd = MeasuredCurve(curve.angle, curve.intensity, curve.metadata | {"warnings": ["odd"]})
    fit = refine(odd, starts=TRUE, disorder="even", max_evaluations=2)
    assert fit.warnings == ("odd",)
    assert fit.sentences[0] == "Warning: odd"


@pytest.mark.parametrize(
    ("start", "heading"), [("random 1", "start (random 1)"), ("median of epochs", "start (median)")]
)
def test_the_table_says_which_start_it_shows(noisy, start, heading):
    table = replace(noisy, start=start).table
    assert list(table.columns) == [heading, "fit", "1 sigma", "note"]
    assert max(map(len, table.to_string().splitlines())) <= 80


def test_against_what_is_true(noisy):
    beside = noisy.against(TRUE)
    np.testing.assert_allclose(beside["off"], 100 * np.abs(noisy.parameters - TRUE) / SPACE.range)
    assert list(noisy.against_table(TRUE)["true"])[:3] == ["8.094e-3", "9.430e-4", "5200 A"]


def test_what_another_model_of_the_disorder_would_say_is_told(make_curve):
    fit = refine(make_curve(damage=0.3, disorder=1.0, counts=1e5), starts=TRUE)
    even = next(f for f in fit.disorder_fits if f.name == "even")
    away = np.abs(even.parameters - fit.parameters) / fit.sigma
    told = [s for s in fit.sentences if s.startswith("With one E instead")]
    assert bool(told) == bool(np.nanmax(away) > 2)


def test_the_only_epoch_is_one_start_not_two(make_curve):
    curve = make_curve(counts=6e4)
    starts = network_starts(curve, xrdlib.reference_study("accurate_measured"), CurveModel(curve.angle))
    assert [start.label for start in starts] == ["epoch 8"]


def test_without_a_network_there_are_random_starts_and_a_try_without_any_is_refused(make_curve):
    with pytest.raises(FitError, match=r"random: 0 given, one or more expected"):
        refine(make_curve(), random=0)
    fit = refine(make_curve(counts=6e4), random=1, disorder="even", seed=3)
    assert {label for m in fit.minima for label in m.reached_from} == {"random 1"}
