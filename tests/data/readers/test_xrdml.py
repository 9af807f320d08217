from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xrdlib
from xrdlib import load_curve
from xrdlib.data import MeasuredCurve
from xrdlib.data.readers import CurveFormatError


def loaded(folder, content, **arguments) -> MeasuredCurve:
    path = folder / "scan.xrdml"
    path.write_bytes(content)
    return load_curve(path, **arguments)


def test_a_rocking_curve_lies_on_its_peak_and_the_layer_at_positive_angles(folder, files):
    curve = loaded(folder, files.xrdml_file())
    known = curve.metadata
    counts = files.counts_at(files.OMEGA)
    np.testing.assert_array_equal(curve.intensity, counts[::-1])
    np.testing.assert_allclose(curve.angle, (files.PEAK - files.OMEGA[::-1]) * 3600, atol=0.3)
    assert known["peak_position"] == pytest.approx(files.PEAK, abs=1e-4)
    assert (known["axis"], known["scan_axis"], known["reversed"]) == ("Omega", "Omega", True)
    assert known["fwhm"] == pytest.approx(36, abs=3)  # five points across
    assert (known["format"], known["compressed"]) == ("PANalytical XRDML 2.1", None)
    assert (known["counting_time"], known["counts_per_unit"], known["attenuation"]) == (1.0, 1.0, 1.0)
    assert (known["wavelength"], known["sample"], known["hkl"]) == (1.540598, "GGG-7, N+ 90 keV", "4 4 4")
    assert (known["date"], known["material"], known["anode"]) == ("2024-02-03T10:11:12+01:00", "GGG", "Cu")
    assert (known["scan"], known["n_scans"], known["fixed_axes"]["Phi"]) == ([1], 1, 0.0)
    assert known["warnings"] == []
    assert any("theta is Omega" in text for text in known["inferred"])
    assert any("positive dth" in text for text in known["inferred"])


@pytest.mark.parametrize("version", ["1.0", "1.3", "1.5", "2.0", "2.3"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_schema_plain_or_gzipped(folder, files, version, packed):
    content = files.xrdml_file(version=version)
    curve = loaded(folder, gzip.compress(content) if packed else content)
    assert curve.metadata["format"] == f"PANalytical XRDML {version}"
    assert curve.metadata["compressed"] == ("gzip" if packed else None)
    assert curve.angle.size == files.OMEGA.size


@given(
    counts=st.lists(st.integers(0, 10**7), min_size=50, max_size=60).filter(lambda v: max(v) > min(v)),
    start=st.floats(5, 80),
    step=st.floats(1e-4, 0.01),
    falling=st.booleans(),
    listed=st.booleans(),
)
def test_round_trip_of_numbers(folder, files, counts, start, step, falling, listed):
    omega = start + step * np.arange(len(counts))
    at, seen = (omega[::-1], counts[::-1]) if falling else (omega, counts)
    content = files.xrdml_file(files.xrdml_scan(at, seen, listed=listed))
    curve = loaded(folder, content, peak=omega[7])
    assert curve.intensity.tolist() == counts[::-1]
    np.testing.assert_allclose(curve.angle, -(omega - omega[7])[::-1] * 3600, atol=1e-9)
    assert curve.metadata["descending"] == falling


def test_a_coupled_scan_is_read_on_omega_or_half_of_2theta(folder, files):
    omega, counts = files.OMEGA, files.counts_at(files.OMEGA)
    rocked = loaded(folder, files.xrdml_file())
    both = files.xrdml_scan(axes={"2Theta": 2 * omega, "Omega": omega}, fixed={}, scan_axis="Omega-2Theta")
    alone = files.xrdml_scan(counts=counts, axes={"2Theta": 2 * omega}, fixed={}, scan_axis="Gonio")
    for content, axis in ((both, "Omega"), (alone, "2Theta")):
        curve = loaded(folder, files.xrdml_file(content))
        assert curve.metadata["axis"] == axis
        assert curve.metadata["warnings"] == []
        np.testing.assert_allclose(curve.angle, rocked.angle, atol=1e-6)
        np.testing.assert_array_equal(curve.intensity, rocked.intensity)


def test_an_uneven_coupling_is_pointed_out(folder, files):
    axes = {"2Theta": 3 * files.OMEGA, "Omega": files.OMEGA}
    curve = loaded(folder, files.xrdml_file(files.xrdml_scan(axes=axes, fixed={}, scan_axis="2Theta-Omega")))
    assert any("3 times as far" in w for w in curve.metadata["warnings"])


@pytest.mark.parametrize("tag", ["counts", "intensities"])
def test_counts_are_multiplied_by_the_attenuation_and_intensities_are_not(folder, files, tag):
    omega = files.OMEGA
    clean = files.counts_at(omega, noise=False)
    factors = np.where(clean > 2e4, 50.0, 1.0)
    stored = clean / factors if tag == "counts" else clean
    curve = loaded(folder, files.xrdml_file(files.xrdml_scan(counts=stored, tag=tag, factors=factors)))
    np.testing.assert_allclose(curve.intensity, clean[::-1], rtol=1e-12)
    assert curve.metadata["attenuation"] == factors[::-1].tolist()
    assert curve.metadata["normalised"] == ["corrected for the beam attenuator"]
    assert curve.metadata["counts_per_unit"] is None
    word = "were multiplied" if tag == "counts" else "already corrected"
    assert any(word in text for text in curve.metadata["inferred"])


def test_rates_become_counts_and_unlike_times_one_time(folder, files):
    clean = files.counts_at(files.OMEGA, noise=False).round()
    rate = loaded(folder, files.xrdml_file(files.xrdml_scan(counts=clean / 4, unit="cps", time=4.0, tag="intensities")))
    np.testing.assert_allclose(rate.intensity, clean[::-1], rtol=1e-12)
    assert (rate.metadata["counts_per_unit"], rate.metadata["counting_time"]) == (1.0, 4.0)
    times = np.where(np.arange(clean.size) < 40, 5.0, 1.0)
    unlike = loaded(folder, files.xrdml_file(files.xrdml_scan(counts=clean * times, time=times)))
    np.testing.assert_allclose(unlike.intensity, clean[::-1], rtol=1e-12)
    assert unlike.metadata["counting_times"] == times[::-1].tolist()
    assert (unlike.metadata["counting_time"], unlike.metadata["counts_per_unit"]) == (1.0, None)
    unknown = loaded(folder, files.xrdml_file(files.xrdml_scan(counts=clean, unit="cps", time=None)))
    assert (unknown.metadata["intensity_unit"], unknown.metadata["counts_per_unit"]) == ("counts per second", None)


def test_counts_that_are_no_whole_numbers_are_no_plain_counts(folder, files):
    clean = files.counts_at(files.OMEGA, noise=False)
    assert loaded(folder, files.xrdml_file(files.xrdml_scan(counts=clean))).metadata["counts_per_unit"] is None


@pytest.mark.parametrize(
    ("wavelength", "intended", "word"), [(1.78897, "K-Alpha 1", "1.78897 A"), (1.540598, "K-Alpha", "K-Alpha;")]
)
def test_other_radiation_is_pointed_out(folder, files, wavelength, intended, word):
    curve = loaded(folder, files.xrdml_file(wavelength=wavelength, intended=intended))
    assert [word in w for w in curve.metadata["warnings"]] == [True]


def test_another_reflection_is_pointed_out(folder, files):
    scan = files.xrdml_scan(files.OMEGA + 8, files.counts_at(files.OMEGA)).replace("<h>4", "<h>8")
    warnings = loaded(folder, files.xrdml_file(scan)).metadata["warnings"]
    assert any("theta = 33.41 deg, GGG (444) reflects at 25.5" in w for w in warnings)
    assert any("reflection 8 4 4" in w for w in warnings)


def test_a_layer_on_the_other_side_is_pointed_out_in_the_words_of_the_axis(folder, files):
    content = files.xrdml_file(files.xrdml_scan(counts=files.counts_at(files.OMEGA, layer=-0.12)[::-1]))
    curve = loaded(folder, content)
    assert any("higher Omega" in w and "peak=" in w for w in curve.metadata["warnings"])
    assert not any("reverse" in w for w in curve.metadata["warnings"])


def test_a_scan_that_was_broken_off_is_read_with_a_warning(folder, files):
    curve = loaded(folder, files.xrdml_file(files.xrdml_scan(status="Aborted")))
    assert any("not complete (aborted)" in w for w in curve.metadata["warnings"])


def test_a_saved_curve_keeps_what_the_intensity_stands_for(folder, files):
    curve = loaded(folder, files.xrdml_file())
    curve.save(folder / "saved.txt")
    again = load_curve(folder / "saved.txt")
    assert again.metadata["source"] == {"xrdlib_version": xrdlib.__version__} | curve.metadata
    for key in ("counts_per_unit", "counting_time", "intensity_unit"):
        assert again.metadata[key] == curve.metadata[key]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {}, "fixed": {}}, "scan 1: no positions of a moving axis; Omega"),
        ({"axes": {"Phi": np.linspace(0, 90, 151)}, "fixed": {}}, "a scan of Phi; a rocking curve moves Omega"),
        (
            {"axes": {"2Theta": np.linspace(50, 51, 151)}, "fixed": {"Omega": 25.4}, "scan_axis": "2Theta"},
            "stood still",
        ),
        ({"axes": {"2Theta": np.linspace(50, 51, 151)}, "fixed": {}, "scan_axis": "2Theta"}, "a scan of 2Theta in"),
        ({"factors": np.ones(7)}, "7 numbers in <beamAttenuationFactors>, 151 expected"),
        ({"factors": np.zeros(151)}, "<beamAttenuationFactors>: '0': a positive"),
        ({"time": 0.0}, "<commonCountingTime>: '0': a positive"),
        ({"unit": "Volt"}, "intensities in 'Volt'; counts or cps expected"),
        ({"tag": "numbers"}, "neither <counts> nor <intensities>"),
        ({"counts": np.full(151, np.nan)}, "scan 1, point 1: 'nan': an intensity must be a number >= 0"),
        ({"counts": np.full(151, -1.0)}, "'-1': an intensity must be a number >= 0"),
        ({"counts": np.zeros(151)}, "all intensities are 0"),
        ({"counts": np.ones(20), "axes": {"Omega": np.linspace(25, 26, 20)}}, "20 points; at least 50"),
        ({"axes": {"Omega": np.linspace(25, 26, 30)}, "listed": True}, "30 for 151 intensities"),
        (
            {"axes": {"Omega": np.r_[np.linspace(25, 26, 150), 26.0]}, "listed": True},
            "point 151: '26': repeats the angle",
        ),
        ({"axes": {"Omega": np.r_[np.linspace(25, 26, 150), 25.5]}, "listed": True}, "the angles turn round here"),
        ({"axes": {"Omega": np.r_[np.linspace(25, 26, 150), np.nan]}, "listed": True}, "-360 to 360 deg"),
    ],
)
def test_what_is_no_rocking_curve_is_refused(folder, files, changes, message):
    with pytest.raises(CurveFormatError, match=message) as caught:
        loaded(folder, files.xrdml_file(files.xrdml_scan(**changes)))
    assert str(caught.value).startswith(f"{folder / 'scan.xrdml'}: ")
    assert "\n" not in str(caught.value)


def test_damaged_and_foreign_xml(folder, files):
    good = files.xrdml_file()
    for content, message in (
        (good[: len(good) // 2], r"line \d+: truncated or damaged XML"),
        (good.replace(b"<counts", b"<count", 1), "truncated or damaged XML"),
        (good.replace(b"xrdMeasurements", b"measurements"), "not XRDML: <measurements>"),
        (good.replace(b"dataPoints", b"points"), "scan 1: no <dataPoints>"),
        (good.replace(b"<scan ", b"<scam ").replace(b"</scan>", b"</scam>"), "no scan in the file"),
        (good.replace(b'encoding="UTF-8"', b'encoding="nonsense"'), "damaged XML"),
        (good.replace(b"12", b"I2", 1).replace(b"<startPosition>25", b"<startPosition>z5"), "'z5.16': not a number"),
        (b"<?xml version='1.0'?>" + b"<a>" * 60, "nested deeper than 50"),
    ):
        with pytest.raises(CurveFormatError, match=message):
            loaded(folder, content)


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">',
    ],
)
def test_no_document_type_is_looked_at(folder, files, declaration):
    head, _, rest = files.xrdml_file().partition(b"\n")
    with pytest.raises(CurveFormatError, match="document type or entities"):
        loaded(folder, head + declaration + rest)


@pytest.mark.parametrize(
    "argument",
    [
        {"step": 4.0},
        {"columns": (0, 1)},
        {"unit": "degree"},
        {"reverse": True},
        {"separator": " "},
        {"decimal": "."},
        {"skip": 1},
    ],
)
def test_what_the_file_says_itself_cannot_be_given(folder, files, argument):
    with pytest.raises(CurveFormatError, match=f"{next(iter(argument))}=.* given, but an XRDML file says it itself"):
        loaded(folder, files.xrdml_file(), **argument)
