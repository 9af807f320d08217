"""Planted gaps are found, curves like the training curves pass at the nominal rate, and numbers are right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import uniform_filter1d

from xrdlib import reference_study
from xrdlib.data import LAB, LAB_EXPERIMENT, Experiment, MeasuredCurve, load_curve, sample
from xrdlib.diagnostics import Gap, measurement_gap
from xrdlib.diagnostics._intervals import exact_share
from xrdlib.diagnostics.gap._angles import stretches, z_scores
from xrdlib.diagnostics.gap._gap import DECIDING
from xrdlib.diagnostics.gap._novelty import Novelty, combined, conformal, extremes
from xrdlib.diagnostics.gap._properties import PROPERTIES, covered, properties
from xrdlib.diagnostics.gap.gap import held_out_curves
from xrdlib.diagnostics.lookup._library import training_library
from xrdlib.simulation import Instrument
from xrdlib.training import Study, StudyConfig
from xrdlib.training.inputs import split

NAMES = [p.name for p in PROPERTIES]
REAL = Instrument(36.0, 0.2, background=2e-3, peak_counts=6e4)


def gap_of(study: str, *, disorder: float = 1.0, **nuisances: float) -> Gap:
    """Of the lab's experiment, with an instrument as in training but for what is planted."""
    usual, disorder = (Instrument(), 1.0) if study == "lab" else (REAL, 0.94)
    return measurement_gap(
        reference_study(study), Experiment("planted", LAB_EXPERIMENT, replace(usual, **nuisances), disorder, 3)
    )


def outside(found: Gap) -> set[str]:
    return {name for name, is_so in zip(NAMES, found.outside_properties, strict=True) if is_so}


@pytest.mark.parametrize("study", ["lab", "measured"])
def test_an_experiment_simulated_as_the_training_curves_is_inside(study: str) -> None:
    found = gap_of(study)
    assert (found.verdict, found.borderline, outside(found)) == ("inside", False, set())
    assert not [s for s in found.stretches if s.p_value <= found.alpha]
    said = " ".join(found.sentences)
    assert "Nothing shows planted to lie outside" in said
    assert "Inside does not mean" in said


@pytest.mark.parametrize(
    ("study", "nuisances", "property_"),
    [
        ("lab", {"background": 1e-2}, "background"),
        ("lab", {"lorentz_fraction": 0.2}, "wing of the peak"),
        ("lab", {"peak_counts": 6e4}, "noise"),
        ("lab", {"fwhm": 34.0}, "peak width"),
        ("measured", {"background": 4e-2}, "background"),
        ("measured", {"fwhm": 60.0}, "peak width"),
        ("measured", {"peak_counts": 1e3}, "noise"),
    ],
)
def test_a_planted_gap_is_found_and_named(study: str, nuisances: dict[str, float], property_: str) -> None:
    found = gap_of(study, **nuisances)
    assert found.verdict == "outside"
    assert property_ in outside(found)
    said = " ".join(found.sentences)
    assert f"planted lies outside the curves that study {study} was trained on" in said
    assert property_ in said


def test_wings_of_the_peak_are_where_the_difference_is() -> None:
    found = gap_of("lab", lorentz_fraction=0.2)
    assert [s.name for s in found.stretches if s.p_value <= found.alpha] == ["substrate peak"]
    assert outside(found) == {"wing of the peak"}


def smoothed(curve: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Without fringes beyond the peak: the running mean of log intensity."""
    log = np.log(curve)
    return np.exp(np.where(angle > 100, uniform_filter1d(log, 25), log))


def test_a_curve_smoothed_by_software_is_found() -> None:
    study = reference_study("measured")
    scan = study.config.dataset.scan
    curve = Experiment("x", LAB_EXPERIMENT, REAL, 0.94, 3).curve(scan)
    found = measurement_gap(study, MeasuredCurve(scan.angle, smoothed(curve, scan.angle), {}))
    assert found.verdict == "outside"
    assert outside(found) == {"noise"}


def test_damped_fringes_alone_can_pass_and_the_text_says_so() -> None:
    """Parameters imitate them: a limit, and no defect."""
    study = reference_study("measured")
    scan = study.config.dataset.scan
    curve = Experiment("x", LAB_EXPERIMENT, replace(REAL, peak_counts=None), 0.94).curve(scan)
    counts = np.random.default_rng(0).poisson(6e4 * smoothed(curve / curve.max(), scan.angle)).astype(float)
    found = measurement_gap(study, MeasuredCurve(scan.angle, counts, {}))
    assert found.verdict == "inside"
    assert "damped fringes" in found.sentences[-1]


@pytest.mark.parametrize("name", ["lab", "measured"])
def test_new_curves_are_called_outside_at_the_nominal_rate(name: str) -> None:
    study = reference_study(name)
    config = study.config
    library = training_library(study, 3000, 0)
    held = held_out_curves(study, library.others[:500], 0)
    validation = config.dataset.parameters()[split(config)[1]]
    fresh = held_out_curves(study, validation[:400], 1)
    novelty = Novelty(library.inputs, config.dataset.scan.angle)
    theirs, ours = novelty(held), novelty(fresh)
    distances = [np.column_stack([d.residual, d.properties, extremes(d.values, theirs.values)]) for d in (theirs, ours)]
    group = np.arange(500) // (1 if config.measurement is None else 4)
    flagged = sum(combined(row, distances[0], group)[0] <= 0.05 for row in distances[1])
    rate = exact_share(flagged, 400)
    assert rate.low <= 5 <= rate.high


def test_curve_a_is_outside_noise_free_training(shared_dir: Path) -> None:
    curve = load_curve(shared_dir / "measured" / "ggg444_implanted_A.txt", step=4.018235972)
    lab, measured = (measurement_gap(reference_study(name), curve) for name in ("lab", "measured"))
    assert lab.verdict == "outside"
    assert {"peak width", "noise", "wing of the peak", "end of the scan"} <= outside(lab)
    assert measured.p_value > lab.p_value
    assert lab.n_covered == measured.n_covered < lab.angle.size


def test_two_results_are_equal_and_can_be_written() -> None:
    study = reference_study("lab")
    one, two = (measurement_gap(study, LAB, n_library=300, n_held_out=60, seed=5) for _ in range(2))
    assert json.dumps(one.to_dict(), allow_nan=False) == json.dumps(two.to_dict(), allow_nan=False)
    assert measurement_gap(study, LAB, n_library=300, n_held_out=60, seed=6).p_values != one.p_values
    assert len(one.frame) == len(one.distances) + len(PROPERTIES) + len(one.stretches)
    assert [name for name, d in one.to_dict()["distances"].items() if d["decides"]] == list(DECIDING)
    assert max(map(len, one.table.to_string().splitlines())) <= 80


def test_too_few_held_out_curves_decide_nothing() -> None:
    found = measurement_gap(reference_study("lab"), LAB, n_library=100, n_held_out=15)
    assert (found.verdict, found.decidable) == ("undecided", False)
    assert "cannot be told: 15 held-out curves are too few" in found.sentences[0]


def test_a_small_training_set_is_enough_for_a_result() -> None:
    config = StudyConfig("small", experiments=(LAB,))
    study = Study(Path("nowhere"), config, pd.DataFrame({"epoch": [1], "train_loss": [0.1], "val_loss": [0.1]}))
    study.__dict__["training_parameters"] = sample(12, "uniform", seed=1)
    found = measurement_gap(study, LAB)
    assert (found.n_library, found.n_held_out, found.verdict) == (8, 4, "undecided")
    assert "nan" not in found.to_text()
    study.__dict__["training_parameters"] = sample(2, "uniform", seed=1)
    with pytest.raises(ValueError, match=r"study small: 2 training samples, 3 at least are needed"):
        measurement_gap(study, LAB)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alpha": 0.0}, r"alpha = 0.0: a level above 0 and below 1 expected"),
        ({"alpha": 1.0}, r"alpha = 1.0"),
        ({"n_library": 9}, r"n_library = 9: at least 10 expected"),
        ({"n_held_out": 9}, r"n_held_out = 9: at least 10 expected"),
    ],
)
def test_bad_input(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        measurement_gap(reference_study("lab"), LAB, **wrong)


def test_a_curve_that_the_network_refuses_is_refused() -> None:
    short = MeasuredCurve(np.arange(-80.0, 300.0, 4.0), np.ones(95), {})
    with pytest.raises(ValueError, match=r"the network needs at least"):
        measurement_gap(reference_study("lab"), short)


def test_p_values_count_held_out_curves() -> None:
    held = np.arange(19.0)
    assert conformal(18.5, held) == 1 / 20
    assert conformal(-1.0, held) == 1
    alone = np.arange(19)
    assert combined(np.array([18.5]), held[:, None], alone) == (1 / 20, 0)
    assert combined(np.array([9.0]), held[:, None], alone) == ((1 + 10) / 20, 10)
    # of two distances the more unusual counts; only the curve that is first in the other one is as far
    both = np.column_stack([held, held[::-1]])
    assert combined(np.array([30.0, -1.0]), both, alone) == (2 / 20, 1)


def test_curves_of_one_instrument_count_once() -> None:
    held = np.repeat([1.0, 2.0, 3.0, 4.0], 5)[:, None]
    group = np.repeat(np.arange(4), 5)
    assert combined(np.array([5.0]), held, group) == (1 / 5, 0)
    assert combined(np.array([2.5]), held, group)[0] == pytest.approx(3 / 5)


def test_uniform_p_for_exchangeable_groups() -> None:
    """Instruments differ more than curves of one do: without groups every third new curve would be outside."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), 5)
    flagged = 0
    for _ in range(300):
        held = rng.normal(size=40)[group, None] + 0.01 * rng.normal(size=(200, 1))
        flagged += combined(rng.normal(size=1), held, group)[0] <= 0.05
    rate = exact_share(int(flagged), 300)
    assert rate.low <= 5 <= rate.high


def test_extremes_are_in_units_of_the_outermost_held_out_curves() -> None:
    held = np.zeros((101, len(PROPERTIES)))
    held[:, 1] = np.linspace(-50, 100, 101)
    values = np.zeros((2, len(PROPERTIES)))
    values[:, 1] = (25 + 2 * 73.5, 25 - 73.5)
    np.testing.assert_allclose(extremes(values, held), [2, 1])


def test_properties_are_those_planted() -> None:
    angle = np.arange(-80.0, 1200.0, 4.0)
    level, depth, period = 1e-3, 0.2, 40.0
    curve = np.log10(np.exp(-4 * np.log(2) * np.square((angle - 1.0) / 40)) + level)
    curve += np.where(angle > 60, depth * np.sin(2 * np.pi * angle / period), 0)
    noisy = curve + 0.01 * np.random.default_rng(0).normal(size=curve.size)
    short = np.where(angle <= 800, noisy, -2.9)
    n, values = covered(np.array([noisy, short])), properties(np.array([noisy, short], dtype=np.float32), angle)
    assert list(n) == [curve.size, int(np.sum(angle <= 800))]
    found = dict(zip(NAMES, properties(curve[None].astype(np.float32), angle)[0], strict=True))
    assert found["peak position"] == pytest.approx(1.0, abs=0.1)
    assert found["peak width"] == pytest.approx(40, rel=0.02)
    assert found["background"] == pytest.approx(np.log10(level) - depth, abs=0.03)
    x = 4 / period  # means of 3 and of 25 points are taken
    passed = (1 + 2 * np.cos(2 * np.pi * x)) / 3 - np.sin(25 * np.pi * x) / (25 * np.sin(np.pi * x))
    assert 10 ** found["fringe contrast"] == pytest.approx(depth / np.sqrt(2) * passed, rel=0.1)
    assert found["end of the scan"] == angle[-1]
    assert values[1, NAMES.index("end of the scan")] == 800
    flat = np.log10(np.exp(-4 * np.log(2) * np.square(angle / 40)) + level)
    flat += 0.01 * np.random.default_rng(1).normal(size=flat.size)
    assert 10 ** properties(flat[None].astype(np.float32), angle)[0, NAMES.index("noise")] == pytest.approx(
        0.01, rel=0.2
    )


def test_a_step_is_seen_where_it_is() -> None:
    angle = np.arange(-80.0, 1200.0, 4.0)
    rng = np.random.default_rng(0)
    off, others = 0.1 * rng.normal(size=angle.size), 0.1 * rng.normal(size=(100, angle.size))
    off[(angle > 60) & (angle <= 150)] += 1
    curve = np.where(angle < 600, -1.5, -3).astype(np.float32) + 0.01 * rng.normal(size=angle.size).astype(np.float32)
    z, theirs = z_scores(off, others)
    found = {s.name: s for s in stretches(curve, angle, z, theirs)}
    assert list(found) == ["substrate peak", "its flank", "plateau and fringes", "tail"]
    assert [name for name, s in found.items() if s.p_value <= 0.05] == ["its flank"]
    assert found["its flank"].z == pytest.approx(10, rel=0.15)
    assert found["tail"].start == pytest.approx(600, abs=40)
