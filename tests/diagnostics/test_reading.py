"""What is said of a curve that was read: each finding where it is planted, and not where it is not."""

from __future__ import annotations

import html
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrdlib.data import LAB_EXPERIMENT, MeasuredCurve, load_curve, sample
from xrdlib.diagnostics import CurveReading, curve_reading
from xrdlib.simulation import GGG_444, Instrument, Scan, simulate
from xrdlib.simulation.features import strained_peak
from xrdlib.training import StudyConfig, reference_study

values = st.one_of(st.floats(1e-8, 1e6), st.integers(0, 3).map(float))

SCAN = Scan(-300.0, 4.0, 420)
INSTRUMENT = Instrument(38.0, 0.2, scale=6e5, background=120.0)
CONFIG = reference_study("measured").config


@pytest.fixture(scope="module")
def clean() -> np.ndarray:
    """Expected counts of the lab's experiment."""
    return np.asarray(simulate(LAB_EXPERIMENT, scan=SCAN, instrument=INSTRUMENT))


def read(folder: Path, angle, intensity, *, config: StudyConfig = CONFIG, **options) -> CurveReading:
    path = folder / "curve.txt"
    np.savetxt(path, np.c_[angle, intensity], fmt="%.10g")
    return curve_reading(load_curve(path, **options), config)


def said(reading: CurveReading) -> str:
    return "\n".join(reading.sentences)


def test_layer_of_a_simulated_curve(tmp_path, clean) -> None:
    counts = np.random.default_rng(0).poisson(clean)
    reading = read(tmp_path, SCAN.angle, counts)
    top = strained_peak(LAB_EXPERIMENT)
    assert reading.layer.side == "positive"
    assert reading.layer.end == pytest.approx(top.angle, rel=0.05)
    assert reading.layer.strain == pytest.approx(top.strain, rel=0.05)
    assert not reading.layer.to_end
    assert reading.layer.other < 1
    text = said(reading)
    assert "on the positive side, an expanded layer's" in text
    assert "Beyond it the scan goes on to 13" in text
    assert "Warning" not in text


def test_strain_of_an_angle_is_linear(tmp_path, clean) -> None:
    reading = read(tmp_path, SCAN.angle, clean)
    per_arcsec = np.pi / 180 / 3600 / np.tan(GGG_444.bragg_angle)
    np.testing.assert_allclose(reading.strain([-100.0, 0.0, 800.0]), np.array([-100.0, 0.0, 800.0]) * per_arcsec)


def test_layers_end_where_their_most_strained_sublayer_diffracts(tmp_path) -> None:
    """What the docstring of Layer says of two thirds of the curves."""
    rows = sample(60, "uniform", seed=5)
    top = np.array([strained_peak(row).angle for row in rows])
    rows, top = rows[top < 2500], top[top < 2500]
    scan = Scan(-280.0, 4.0, 740)
    curves = simulate(rows, scan=scan, instrument=INSTRUMENT)
    counts = np.random.default_rng(1).poisson(curves)
    ends = np.array([read(tmp_path, scan.angle, one).layer.end for one in counts])
    assert np.mean((ends > 0.85 * top) & (ends < 1.03 * top)) > 0.68
    assert np.median(ends / top) == pytest.approx(1, abs=0.03)


def test_axis_the_other_way_round(tmp_path) -> None:
    scan = Scan(-600.0, 4.0, 500)
    clean = simulate(LAB_EXPERIMENT, scan=scan, instrument=INSTRUMENT)
    reading = read(tmp_path, -scan.angle[::-1], clean[::-1])
    assert reading.layer.side == "negative"
    assert reading.layer.end == pytest.approx(-strained_peak(LAB_EXPERIMENT).angle, rel=0.05)
    text = said(reading)
    assert "on the negative side, a contracted layer's" in text
    assert "Warning: the layer seems to lie at negative angles" in text
    assert "the layer is not where it looks" in text
    again = curve_reading(load_curve(tmp_path / "curve.txt", reverse=True), CONFIG)
    assert again.layer.end == pytest.approx(-reading.layer.end)
    assert "turned round" in again.table.loc["axis", "value"]


def test_substrate_alone_has_no_layer(tmp_path) -> None:
    curve = simulate([2e-4, 2e-4, 500, 50, 2e-4, 500, 0], scan=SCAN, instrument=INSTRUMENT)
    reading = read(tmp_path, SCAN.angle, curve)
    assert reading.layer.side == "none"
    assert math.isnan(reading.layer.end)
    assert "No layer is seen" in said(reading)
    assert reading.to_dict()["layer"]["end"] is None


def test_something_on_both_sides_is_said(tmp_path, clean) -> None:
    both = clean + 8000 * np.exp(-(((SCAN.angle + 220) / 30) ** 2))
    assert "On the other side there is something as well" in said(read(tmp_path, SCAN.angle, both))


def test_layer_that_reaches_the_end_of_the_scan(tmp_path, clean) -> None:
    inside = SCAN.angle < 640
    reading = read(tmp_path, SCAN.angle[inside], clean[inside])
    assert reading.layer.to_end
    assert "It still stands out at that end of the scan, 6" in said(reading)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ((-300, 450), r"cannot read it: it covers -300 to 44\d arcsec"),
        ((-40, 1300), "cannot read it: it covers -40 to 1"),
    ],
)
def test_curve_too_short_for_the_network(tmp_path, clean, kept, message) -> None:
    inside = (SCAN.angle > kept[0] - 1) & (SCAN.angle < kept[1])
    reading = read(tmp_path, SCAN.angle[inside], clean[inside], peak=0.0)
    assert reading.network.refused is not None
    assert re.search(message, said(reading))
    assert "can read it" not in said(reading)


def test_what_is_filled_is_what_the_network_gets_filled(tmp_path, clean) -> None:
    reading = read(tmp_path, SCAN.angle, clean, peak=0.0)
    seen = CONFIG.preprocess.measured(reading.curve)[0]
    filled = np.flatnonzero(np.diff(seen[::-1]) != 0)[0] + 1  # equal points at the end
    assert reading.network.filled == filled
    assert reading.network.below == np.sum(SCAN.angle < CONFIG.dataset.scan.start - CONFIG.dataset.scan.step / 2)
    text = said(reading)
    assert f"({filled} of 701 points) are filled" in text
    assert "as its training curves are" in text
    assert "as none of its training curves is" in said(curve_reading(reading.curve, reference_study("lab").config))


def test_scan_shorter_than_any_in_training(tmp_path, clean) -> None:
    inside = SCAN.angle < 700
    assert "though these end at 800 arcsec or later" in said(read(tmp_path, SCAN.angle[inside], clean[inside]))


@pytest.mark.parametrize(
    ("step", "verdict"), [(2.0, "resolved"), (5.0, "resolved"), (8.0, "hardly resolved"), (15.0, "not resolved")]
)
def test_steps_and_fringes(tmp_path, step, verdict) -> None:
    scan = Scan(-300.0, step, int(1500 / step))
    reading = read(tmp_path, scan.angle, simulate(LAB_EXPERIMENT, scan=scan, instrument=INSTRUMENT))
    # lambda / (2 t cos thB) of 7000 A
    period = 1.54056 / (2 * 7000 * np.cos(GGG_444.bragg_angle)) * 180 * 3600 / np.pi
    assert reading.fringes.period == pytest.approx(period)
    assert reading.fringes.steps == pytest.approx(period / step)
    assert reading.fringes.verdict == verdict
    assert f"{period / step:.1f} steps: {verdict}." in said(reading)
    assert ("interpolated to its 4.02 arcsec" in said(reading)) == (abs(step / 4.02 - 1) > 0.01)


def test_blurred_fringes_keep_a_tenth_of_their_contrast(tmp_path, clean) -> None:
    reading = read(tmp_path, SCAN.angle, clean)
    fwhm = reading.curve.metadata["fwhm"]
    x = np.linspace(-300, 300, 6001)
    gaussian = np.exp(-4 * np.log(2) * (x / fwhm) ** 2)
    left = np.sum(gaussian * np.cos(2 * np.pi * x / reading.fringes.blurred)) / gaussian.sum()
    assert left == pytest.approx(0.1, rel=1e-4)


def test_half_height_lies_on_the_curve(tmp_path, clean) -> None:
    reading = read(tmp_path, SCAN.angle, clean)
    assert reading.half is not None
    left, right = reading.half
    assert right - left == pytest.approx(reading.peak.fwhm)
    np.testing.assert_allclose(np.interp([left, right], reading.curve.angle, clean), reading.peak.height / 2, rtol=0.02)


def test_peak_that_was_set_and_peak_that_is_found(tmp_path, clean) -> None:
    reading = read(tmp_path, SCAN.angle, clean, peak=30.0)
    assert reading.peak.position == pytest.approx(-30, abs=2)
    assert "Angle 0 is as given, the highest peak is at -2" in said(reading)
    assert "Angle 0 is as given, where the highest peak is" in said(read(tmp_path, SCAN.angle, clean, peak=0.0))


def test_cut_off_peak(tmp_path, clean) -> None:
    inside = SCAN.angle > -1
    reading = read(tmp_path, SCAN.angle[inside], clean[inside])
    assert reading.half is None
    assert "one of its flanks is cut off" in said(reading)
    assert reading.table.loc["FWHM", "value"] == "cut off"
    assert reading.to_dict()["fringes"]["blurred"] is None


def test_saved_curve_says_where_it_came_from(tmp_path, clean) -> None:
    first = read(tmp_path, SCAN.angle, clean)
    known = first.curve.metadata | {"counting_time": 2.0, "attenuation": [1.0, 1.0, 52.3]}
    MeasuredCurve(first.curve.angle, first.curve.intensity, known).save(tmp_path / "saved.txt")
    again = curve_reading(load_curve(tmp_path / "saved.txt"), CONFIG)
    assert again.table.loc["file", "value"] == "saved.txt, saved from curve.txt"
    assert again.table.loc["counting time", "value"] == "2 s"
    assert again.table.loc["attenuation", "value"] == "1, 52.3"
    assert again.layer == first.layer


def test_warnings_come_first_then_what_was_inferred(tmp_path, clean) -> None:
    plain = read(tmp_path, SCAN.angle, clean).curve
    known = plain.metadata | {"inferred": ["the axis is Omega"], "warnings": ["odd"]}
    sentences = curve_reading(MeasuredCurve(plain.angle, plain.intensity, known), CONFIG).sentences
    assert sentences[:2] == ["Warning: odd", "Inferred: the axis is Omega"]


def test_nothing_is_cut_off_in_a_notebook(tmp_path, clean) -> None:
    reading = read(tmp_path, -SCAN.angle[::-1], clean[::-1])
    page = html.unescape(reading._repr_html_())
    for text in (*reading.table["value"], *reading.sentences):
        assert text in page
    assert "...</td>" not in page
    assert "Warning: the layer seems to lie at negative angles" in page
    assert "the axis seems to run the other way; if it is omega, give reverse=True" in page


def test_json_is_plain(tmp_path, clean) -> None:
    reading = read(tmp_path, SCAN.angle, clean)
    reading.curve.metadata.update(scans=np.arange(2), odd=np.float64("nan"), when={"at": Path("x")})
    found = json.loads(json.dumps(reading.to_dict(), allow_nan=False))
    assert found["metadata"]["scans"] == [0, 1]
    assert found["metadata"]["odd"] is None
    assert found["metadata"]["when"] == {"at": "x"}
    assert found["layer"]["strain"] == pytest.approx(reading.layer.strain)
    assert found["network"]["study"] == "measured"
    inferred = [f"Inferred: {text}" for text in found["inferred"]]
    assert [*inferred, *found["findings"]] == reading.sentences


def test_curve_that_nothing_is_known_of_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no 'background'; a curve from load_curve expected"):
        curve_reading(MeasuredCurve(SCAN.angle, np.ones(SCAN.n_points)), CONFIG)


@pytest.mark.parametrize("peak", [None, 200.0])
def test_hardly_any_counts(tmp_path, peak) -> None:
    counts = np.zeros(SCAN.n_points)
    counts[72:78] = [1, 3, 9, 7, 2, 1]
    reading = read(tmp_path, SCAN.angle, counts, peak=peak)
    assert reading.layer.side in ("none", "negative")
    json.dumps(reading.to_dict(), allow_nan=False)
    assert "nan" not in reading.to_text()


@given(
    intensity=st.lists(values, min_size=50, max_size=80).filter(lambda v: max(v) > min(v)),
    step=st.floats(1e-6, 1e4),
    where=st.one_of(st.none(), st.floats(0, 1)),
    reverse=st.booleans(),
)
def test_whatever_can_be_read_can_be_shown(tmp_path_factory, intensity, step, where, reverse) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    np.savetxt(path, intensity)
    peak = None if where is None else where * (len(intensity) - 1)
    reading = curve_reading(load_curve(path, step=step, peak=peak, reverse=reverse), CONFIG)
    json.dumps(reading.to_dict(), allow_nan=False)
    assert "nan" not in reading.to_text()
    sign = {"positive": 1, "negative": -1, "none": math.nan}[reading.layer.side]
    np.testing.assert_equal(np.sign([reading.layer.end, reading.layer.strain]), [sign, sign])
