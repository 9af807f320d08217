"""What a region holds, against counts by hand; and whether it holds the truth."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from xrdlib.data import LAB, SPACE, MeasuredCurve, sample
from xrdlib.diagnostics import Target
from xrdlib.remedies import centre_of, region_weights
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, StudyConfig
from xrdlib.training.config import DatasetConfig

TRUTH = LAB.parameters.to_array()
TRAINING = sample(3000, "uniform", seed=3)
TESTS = sample(200, "uniform", seed=4)
SHIFT = np.array([2.0, -1.0, 6.0, 4.0, 3.0, -15.0, -40.0])  # % of range; all stay within the ranges


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that errs by SHIFT for the experiment, and by up to 20 % in one parameter for test samples."""
    errors = np.zeros_like(TESTS)
    errors[:, 6] = np.linspace(0, 20, len(TESTS)) / 100 * SPACE.range[6]
    said = TRUTH + SHIFT / 100 * SPACE.range
    return Study.from_predictions(
        tmp_path_factory.mktemp("made") / "made",
        val_loss=[0.1],
        training=TRAINING,
        uniform=((TESTS + errors)[None], TESTS),
        experiments={"lab": (said[None], LAB)},
        dataset=DatasetConfig(sampling="uniform", scan_start=-80.0, scan_step=10.0, scan_points=120),
    )


@pytest.fixture(scope="module")
def lab(made: Study):
    return made.config.experiments[0]


def test_samples_by_hand(made, lab):
    found = region_weights(made, lab, centre="truth", temperatures=[0.2, inf], radii=[0.5, 1.0], half_widths=[10, 40])
    apart = np.abs(made.training_parameters - TRUTH) / SPACE.range
    distance = np.sqrt((apart**2).sum(axis=1))
    weights = np.exp(-distance / 0.2)
    rows = found.frame.set_index(["setting", "value"])
    assert rows.loc[("temperature", 0.2), "samples"] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert rows.loc[("temperature", 0.2), "weight_within"] == pytest.approx(
        100 * weights[distance <= 1].sum() / weights.sum()
    )
    assert rows.loc[("temperature", inf), "samples"] == 3000
    assert rows.loc[("temperature", inf), "weight_within"] == pytest.approx(100 * np.mean(distance <= 1))
    for radius in (0.5, 1.0):
        assert rows.loc[("radius", radius), "samples"] == (distance <= radius).sum()
    for width in (10.0, 40.0):
        assert rows.loc[("half_width", width), "samples"] == (apart.max(axis=1) <= width / 100).sum()
    np.testing.assert_allclose(rows["share"], 100 * rows["samples"] / 3000)


def test_a_narrow_temperature_keeps_less_and_nearer(made, lab):
    found = region_weights(made, lab, centre="truth")
    sizes = [found.effective(t) for t in (0.01, 0.05, 0.2, 1.0, inf)]
    within = [found.weight_within(t) for t in (0.01, 0.05, 0.2, 1.0, inf)]
    assert sizes == sorted(sizes)
    assert within == sorted(within, reverse=True)
    assert 1 <= sizes[0] < sizes[-1] == 3000


def test_another_radius_for_the_weight(made, lab):
    found = region_weights(made, lab, centre="truth", note_radius=0.5)
    assert found.weight_within(inf) == pytest.approx(100 * found.inside_radius(0.5).mean())
    assert found.weight_within(inf, 10.0) == pytest.approx(100.0)


def test_which_parameters_fall_outside(made, lab):
    found = region_weights(made, lab, centre="final", half_widths=[3.5, 10, 20, 50])
    np.testing.assert_allclose(found.away, np.abs(SHIFT), atol=1e-4)
    assert found.outside(3.5) == ["L1", "Rp1", "L2", "Rp2"]
    assert found.outside(10) == ["L2", "Rp2"]
    assert found.outside(20) == ["Rp2"]
    assert found.outside(50) == []
    assert [found.holds(half_width=w) for w in (20, 50)] == [False, True]
    distance = np.linalg.norm(SHIFT) / 100
    assert found.truth_distance == pytest.approx(distance, abs=1e-5)
    assert [found.holds(radius=r) for r in (distance - 0.01, distance + 0.01)] == [False, True]
    text = " ".join(found.sentences)
    assert "furthest in Rp2 (40.0 % of range): a box of +-10 % leaves L2 and Rp2 outside" in text
    assert list(found.table.loc["box +-3.5 %"])[3] == "no: 4 of 7"
    assert list(found.table.loc["box +-10 %"])[3] == "no: L2 Rp2"
    assert list(found.table.loc["box +-50 %"])[3] == "yes"


def test_a_box_wide_enough_says_so(made, lab):
    assert "a box of +-45 % holds it" in region_weights(made, lab, centre="final", half_widths=[45]).sentences[1]


def test_how_often_test_samples_have_their_truth_inside(made, lab):
    found = region_weights(made, lab)
    assert found.usually_holds(half_width=10.0).value == pytest.approx(50.0)
    assert found.usually_holds(radius=0.05).value == pytest.approx(25.0)
    assert found.usually_holds(radius=0.21).value == 100.0
    assert "90 % have it within +-18 %, or a radius of 0.18" in found.sentences[-1]


def test_around_the_truth_there_is_nothing_to_miss(made, lab):
    found = region_weights(made, lab, centre="truth")
    assert found.truth_distance == 0
    assert found.sentences[0].startswith("The centre is the true parameters of lab, which only a virtual experiment")
    assert not any("furthest" in s for s in found.sentences)


def test_seven_numbers(made, lab):
    found = region_weights(made, lab, centre=tuple(TRUTH))
    assert found.word == "given"
    assert "It is the truth, within 0.05 %" in found.sentences[1]


def test_sentences_say_what_is_too_few_and_what_is_everything(made, lab):
    found = region_weights(made, lab, centre="truth", temperatures=[0.01, 0.2, 5.0], radii=[0.2, 3.0], half_widths=[2])
    text = " ".join(found.sentences)
    assert f"Within 0.2 are {found.inside_radius(0.2).sum()}, too few" in text
    assert "A box of +-2 % holds 0 training samples" in text
    assert "With T = 0.01 the weights leave an effective" in text
    assert "With T = 5 they leave 100 %" in text
    assert "next to no weighting" in text
    assert "With T = 0.2 an effective" in text
    wide = region_weights(made, lab, centre="truth", temperatures=[0.2], radii=[2.0], half_widths=[60])
    assert not any("too few" in s or "next to no" in s for s in wide.sentences)


def test_a_radius_of_nothing_and_one_of_everything(made, lab):
    assert "nothing to train on" in " ".join(region_weights(made, lab, centre="truth", note_radius=0.01).sentences)
    assert "hardly a neighbourhood" in " ".join(region_weights(made, lab, centre="truth", note_radius=3.0).sentences)


def test_without_a_truth(study):
    scan = study.config.dataset.scan
    curve = Target.from_curve(MeasuredCurve(scan.angle, study.config.curve(LAB), {}), "curve A")
    found = region_weights(study, curve)
    np.testing.assert_array_equal(found.centre, centre_of(study, curve, "chosen"))
    assert found.away is None
    assert found.outside(1.0) == []
    assert found.holds(radius=1.0) is None
    assert "truth inside" not in found.table.columns
    text = " ".join(found.sentences)
    assert "The true parameters of curve A are unknown" in text
    assert "curve A is not like them (it is measured" in text
    with pytest.raises(ValueError, match="unknown; take chosen or final"):
        region_weights(study, curve, centre="truth")
    json.dumps(found.to_dict(), allow_nan=False)


def test_json_and_width(made, lab):
    for centre in ("truth", "final"):
        found = region_weights(made, lab, centre=centre)
        values = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert list(values["away_percent"]) == list(PARAMETERS)
        assert values["settings"][-1]["setting"] == "half_width"
        assert [row["value"] for row in values["settings"][:5]] == [0.03, 0.1, 0.3, 1.0, None]
        assert max(map(len, found.table.to_string().split("\n"))) <= 80
        assert found.to_text() == repr(found)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperatures": []},
        {"temperatures": [0.0]},
        {"radii": [0.5, -1.0]},
        {"radii": [inf]},
        {"half_widths": [float("nan")]},
        {"note_radius": 0.0},
    ],
)
def test_bad_settings(made, lab, settings):
    with pytest.raises(ValueError, match=rf"{next(iter(settings))} = .*: positive numbers expected"):
        region_weights(made, lab, **settings)


def test_an_unknown_centre():
    study = Study(Path("s"), StudyConfig(), pd.DataFrame())
    with pytest.raises(ValueError, match=r"centre = 'ideal': one of truth, final, chosen or seven numbers"):
        region_weights(study, LAB, centre="ideal")
