"""Sensitivity of a linear toy simulator is known; of the library's, steps and Jacobian agree."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT, SPACE, DatasetConfig
from xrdlib.data.sampling import sample
from xrdlib.diagnostics import Sensitivity, perturb, sensitivity
from xrdlib.diagnostics.information._steps import perturbed
from xrdlib.diagnostics.information.sensitivity import NOTE
from xrdlib.simulation import PARAMETERS, Instrument
from xrdlib.training import reference_study

POINT = LAB_EXPERIMENT.to_array()
SLOPES = np.array([0.5, 0.4, 0.3, 0.7, 0.2, 0.1, 0.6])  # of log10 intensity, per range
PLACES = np.eye(7)  # each parameter acts at a point of its own


def toy(slopes: np.ndarray):
    """log10 I is linear in the parameters (as fractions of their ranges): point i belongs to parameter i."""
    return lambda rows: 10 ** (SPACE.normalise(rows) * slopes)


@pytest.fixture(scope="module")
def linear() -> Sensitivity:
    return sensitivity(toy(SLOPES), POINT, n=20)


@pytest.fixture(scope="module")
def lab() -> Sensitivity:
    return sensitivity(DatasetConfig(sampling="uniform"), POINT, n=24)


def test_known_slopes_are_found(linear: Sensitivity) -> None:
    np.testing.assert_allclose(linear.slope, PLACES * SLOPES, atol=1e-7)
    np.testing.assert_allclose(linear.mean_slope, PLACES * SLOPES, atol=1e-7)
    expected = 0.01 * SLOPES / np.sqrt(7)
    np.testing.assert_allclose(linear.rmse["range"], expected, rtol=1e-6)
    np.testing.assert_allclose(linear.rmse["jacobian"], expected, rtol=1e-6)
    np.testing.assert_allclose(linear.mae["range"], 0.01 * SLOPES / 7, rtol=1e-6)
    np.testing.assert_allclose(linear.mean["range"], expected, rtol=1e-6)


def test_a_share_of_the_value_is_that_share_of_the_slope(linear: Sensitivity) -> None:
    np.testing.assert_allclose(
        linear.rmse["value"], 0.01 * np.abs(POINT) / SPACE.range * SLOPES / np.sqrt(7), rtol=1e-6
    )
    assert any("1 % of Rp2 = -50 A is 0.5 A, 0.0077 % of its range" in s for s in linear.sentences)


def test_levels_and_rank_correlation(linear: Sensitivity) -> None:
    assert dict(zip(PARAMETERS, linear.levels(SLOPES), strict=True)) == {
        "Rp1": "HIGH", "Rp2": "HIGH", "Dmax1": "MED", "D01": "MED", "L1": "LOW", "D02": "LOW", "L2": "LOW",
    }  # fmt: skip
    as_the_note = np.array([{"HIGH": 3.0, "MED": 2.0, "LOW": 1.0}[NOTE[p]] for p in PARAMETERS])
    assert linear.agreement(as_the_note) == pytest.approx((1.0, 100 / 210))  # 7! / (2! 2! 3!) different orders
    assert linear.agreement(-as_the_note) == pytest.approx((-1.0, 100.0))
    assert np.isnan(linear.agreement(np.ones(7))).all()


def test_the_text_follows_the_numbers() -> None:
    """A simulator built as the note has it agrees; its reverse does not."""
    score = np.array([{"HIGH": 3.0, "MED": 2.0, "LOW": 1.0}[NOTE[p]] for p in PARAMETERS]) + 0.01 * np.arange(7)
    agreeing, reverse = (sensitivity(toy(s), POINT, n=3) for s in (score, 1 / score))
    assert "agrees with the note's (Spearman +0.9" in agreeing.sentences[2]
    assert "is rather the reverse of the note's" in reverse.sentences[2]
    flat = sensitivity(toy(np.ones(7)), POINT, n=3)
    same = replace(flat, rmse={m: np.ones(7) for m in flat.rmse})
    assert "no order" in same.sentences[2]


def test_steps_of_the_range_stay_inside() -> None:
    rows = sample(200, "grid", seed=0)
    assert (rows == SPACE.maximum).any()
    changed = perturbed(rows, 0.01, "range")
    size = np.abs(changed - rows[:, None]) / SPACE.range
    np.testing.assert_allclose(size, np.broadcast_to(0.01 * np.eye(7), size.shape), atol=1e-12)
    fractions = SPACE.normalise(changed)
    assert (fractions > -1e-6).all()
    assert (fractions < 1 + 1e-6).all()


def test_step_and_jacobian_agree_unless_a_sublayer_comes_or_goes(lab: Sensitivity) -> None:
    off = np.abs(lab.samples["range"] - lab.samples["jacobian"]) / lab.samples["jacobian"]
    assert lab.jumped is not None
    assert 0 < lab.jumped.mean() < 0.5
    assert not lab.jumped[:, [1, 4]].all()  # D01 leaves the lower end of the profile alone
    assert np.median(off[~lab.jumped]) < 0.05
    tiny = sensitivity(DatasetConfig(sampling="uniform"), POINT, n=24, step=1e-4)
    assert tiny.jumped is not None
    close = np.abs(tiny.samples["range"] - tiny.samples["jacobian"]) / tiny.samples["jacobian"]
    assert np.percentile(close[~tiny.jumped], 95) < 0.01
    assert "holds the number of sublayers" in lab.sentences[-1]


def test_heat_map_is_the_curve_s_own_change(lab: Sensitivity) -> None:
    change = perturb(DatasetConfig(), POINT, "Dmax1", 1e-5)
    np.testing.assert_allclose(
        lab.slope[0], change.difference / 1e-5, rtol=2e-2, atol=2e-2 * np.abs(lab.slope[0]).max()
    )
    np.testing.assert_allclose(lab.curve, change.curve_before)


def test_frame_table_and_json(lab: Sensitivity) -> None:
    frame = lab.frame
    assert len(frame) == 2 * 4 * 7
    samples = frame[frame["scope"] == "samples"]
    assert (samples["low"] <= samples["rmse"]).all()
    assert (samples["rmse"] <= samples["high"]).all()
    assert frame.groupby(["scope", "measure"])["rank"].apply(sorted).map(list(range(1, 8)).__eq__).all()
    assert len(lab.table.to_string().split("\n")[0]) <= 80
    found = json.loads(json.dumps(lab.to_dict(), allow_nan=False))
    assert found["range"]["rmse"]["Rp2"] == lab.rmse["range"][6]
    assert found["samples"]["jacobian"] == 24


def test_a_study_s_samples_are_its_test_set() -> None:
    study = reference_study("measured")
    found = sensitivity(study, POINT, n=6, n_slopes=2, predicted=True)
    assert [len(found.samples[m]) for m in ("value", "range", "jacobian", "background")] == [6, 6, 2, 6]
    assert "averaged over 6 uniform test samples" in found.sentences[1]
    assert "chosen epoch's prediction" in found.sentences[0]


def test_intervals_of_the_means_say_which_order_is_certain(linear: Sensitivity) -> None:
    """Heavy-tailed samples: two parameters of one mean, the others far apart."""
    drawn = np.random.default_rng(0).lognormal(sigma=1.0, size=(60, 7))
    samples = drawn * np.array([64.0, 1.0, 16.0, 16.0, 0.25, 256.0, 0.05])
    samples[:, 3] = samples[::-1, 2]
    found = replace(linear, samples={**linear.samples, "range": samples})
    assert found.uncertain("range") in ([("L1", "Rp1")], [("Rp1", "L1")])
    text = found.sentences[3]
    mean, low, high = (float(v) for v in (samples[:, 5].mean(), *found.intervals("range")[5][1:]))
    assert f"from most to least L2 {mean:.2g} ({low:.2g} to {high:.2g}), Dmax1" in text
    assert "Not certain is which is first of" in text
    assert linear.uncertain("range") == []  # every sample alike
    assert "Not certain" not in linear.sentences[3]


def test_standard_error_of_the_mean_in_table_and_json(lab: Sensitivity) -> None:
    values = lab.samples["range"]
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    np.testing.assert_allclose(lab.error_of_mean("range"), error)
    cell = lab.table.loc["Dmax1", "range, mean"]
    assert cell.startswith(f"{values[:, 0].mean():.4f}({1e4 * error[0]:.0f})")
    assert lab.to_dict()["range"]["mean_rmse_error"]["Dmax1"] == pytest.approx(error[0])
    assert "nan" not in sensitivity(toy(SLOPES), POINT, n=1).to_text()


def test_a_background_hides_what_is_weak() -> None:
    """Rp2 acts most, but at a millionth of the peak; Dmax1 at the peak."""
    level = np.array([1.0, 1e-6])
    slopes = np.array([[0.1, 0.0], *[[1e-3 * k, 0.0] for k in range(5, 0, -1)], [0.0, 0.9]])
    start = SPACE.normalise(POINT)
    found = sensitivity(lambda rows: level * 10 ** ((SPACE.normalise(rows) - start) @ slopes), POINT, n=20)
    assert found.levels(found.rmse["range"])[6] == "HIGH"
    assert found.rmse["background"][6] < 1e-4
    assert found.rmse["background"][0] == pytest.approx(found.rmse["range"][0], rel=2e-3)
    text = next(s for s in found.sentences if s.startswith("With a background of 0.001"))
    assert "here the order is Dmax1, D01, L1, Rp1, D02, L2, Rp2" in text
    flat = sensitivity(toy(SLOPES), POINT, n=5)  # all far above the background
    assert any("here the order stays; on average the order stays" in s for s in flat.sentences)


def test_conditions_are_said(linear: Sensitivity) -> None:
    config, cut = DatasetConfig(sampling="uniform"), np.arange(-100.0, 900.0, 20.0)
    found = sensitivity(
        config, POINT, n=2, angle=cut, instrument=Instrument(45.0, 0.1), disorder=0.9, predicted=True, reproduced=False
    )
    assert "No epoch's prediction reproduces the curve" in found.sentences[0]
    said = next(s for s in found.sentences if s.startswith("All curves"))
    assert "from -100 to 880 arcsec, with a resolution of 45 arcsec (Lorentz fraction 0.1), disorder 0.9" in said
    assert "the measured curve's scan and instrument" in said
    assert found.to_dict()["conditions"]["to_arcsec"] == 880
    assert "those of the simulator given" in next(s for s in linear.sentences if s.startswith("All curves"))
    assert linear.to_dict()["conditions"]["fwhm"] is None


def test_counts_and_significance_of_a_step() -> None:
    """A curve of one level, raised by a thousandth: N points of n counts tell it by sqrt(N n) / 1000."""
    flat = lambda rows: np.repeat(1 + 0.1 * SPACE.normalise(rows)[:, :1], 25, axis=1)  # noqa: E731
    base = POINT.copy()
    base[0] = SPACE.minimum[0]
    change = perturb(flat, base, "Dmax1", 0.01, counts=1e4, background=0.0)
    assert change.significance == pytest.approx(np.sqrt(25 * 1e4) / 1000)
    assert change.rmse == pytest.approx(np.log10(1.001))
    assert np.isnan(change.peak_shift)
    dim = perturb(flat, base, "Dmax1", 0.01, counts=1e4, background=3.0)
    assert dim.significance == pytest.approx(change.significance / 2)
    assert "nothing changes" in perturb(flat, base, "Rp2", -0.01).sentence


def test_the_note_s_example_of_rp2() -> None:
    """-48 instead of -50 A: the note has the peak move by 5 arcsec."""
    change = perturb(DatasetConfig(), POINT, "Rp2", -0.04, of="value")
    assert change.after[6] == -48
    assert abs(change.peak_shift) < 0.1
    assert change.significance < 2
    assert "cannot be told" in change.sentence
    plain = perturb(DatasetConfig(), POINT, "Dmax1", 0.01)
    assert plain.peak_shift > 10
    assert "plainly told" in plain.sentence


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"step": 0.0}, r"step = 0.0: a fraction"),
        ({"step": -0.01}, r"step = -0.01"),
        ({"n": 0}, r"n = 0, n_slopes = None: at least one"),
        ({"n_slopes": 0}, r"n_slopes = 0"),
        ({"expected": {"L1": "HIGH"}}, r"HIGH, MED or LOW for each"),
        ({"expected": {**NOTE, "L1": "VERY HIGH"}}, r"HIGH, MED or LOW for each"),
    ],
)
def test_bad_arguments_are_refused(arguments, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        sensitivity(toy(SLOPES), POINT, **{"n": 3, **arguments})


def test_a_point_outside_the_ranges_is_answered() -> None:
    inside, outside = (sensitivity(toy(SLOPES), POINT + np.eye(7)[2] * away, n=3) for away in (0, 5000))
    np.testing.assert_allclose(outside.rmse["jacobian"], inside.rmse["jacobian"], rtol=1e-6)


def test_bad_points_and_simulators_are_refused() -> None:
    with pytest.raises(ValueError, match=r"an intensity of 0 or below"):
        sensitivity(lambda rows: np.zeros((len(rows), 4)), POINT, n=3)
    with pytest.raises(ValueError, match=r"name = 'Rp3'"):
        perturb(toy(SLOPES), POINT, "Rp3")
    with pytest.raises(ValueError, match=r"of = 'scale'"):
        perturb(toy(SLOPES), POINT, "Rp1", of="scale")
    with pytest.raises(ValueError, match=r"counts = 0"):
        perturb(toy(SLOPES), POINT, "Rp1", counts=0)
    with pytest.raises(ValueError, match=r"Rp2 = 15 of row 1"):
        perturb(DatasetConfig(), POINT, "Rp2", 0.01)
