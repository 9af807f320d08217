from __future__ import annotations

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrdlib import load_curve
from xrdlib.data import MeasuredCurve
from xrdlib.data.readers import CurveFormatError


def loaded(folder, content, **arguments) -> MeasuredCurve:
    path = folder / "scan.ras"
    path.write_bytes(content)
    return load_curve(path, **arguments)


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "latin-1"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_rocking_curve_lies_on_its_peak_and_the_layer_at_positive_angles(folder, files, encoding, packed):
    content = files.ras_file(encoding=encoding)
    curve = loaded(folder, gzip.compress(content) if packed else content)
    known = curve.metadata
    np.testing.assert_array_equal(curve.intensity, files.counts_at(files.OMEGA, time=3.0)[::-1])
    np.testing.assert_allclose(curve.angle, (files.PEAK - files.OMEGA[::-1]) * 3600, atol=0.3)
    assert (known["format"], known["axis"], known["scan_axis"]) == ("Rigaku RAS", "Omega", "Omega")
    assert known["counting_time"] == pytest.approx(60 * files.STEP / 0.04)
    assert (known["counts_per_unit"], known["attenuation"], known["wavelength"]) == (1.0, 1.0, 1.540593)
    assert (known["sample"], known["date"], known["anode"]) == ("GGG-7", "02/03/24 10:11:12", "Cu")
    assert known["warnings"] == []
    assert any("positive dth" in text for text in known["inferred"])


@given(
    counts=st.lists(st.integers(0, 10**7), min_size=50, max_size=60).filter(lambda v: max(v) > min(v)),
    start=st.floats(5, 80),
    falling=st.booleans(),
)
def test_round_trip_of_numbers(folder, files, counts, start, falling):
    omega = np.round(start + 0.001 * np.arange(len(counts)), 6)
    at, seen = (omega[::-1], counts[::-1]) if falling else (omega, counts)
    curve = loaded(folder, files.ras_file(files.ras_scan(at, seen)), peak=omega[7])
    assert curve.intensity.tolist() == counts[::-1]
    np.testing.assert_allclose(curve.angle, -(omega - omega[7])[::-1] * 3600, atol=1e-9)


@pytest.mark.parametrize(
    "axis",
    [("2-Theta/Omega", "TwoThetaOmega"), ("Theta/2-Theta", "TwoThetaTheta"), ("2-Theta/Omega", None)],
)
def test_a_coupled_scan_is_half_of_2theta(folder, files, axis):
    omega = files.OMEGA
    scan = files.ras_scan(
        2 * omega,
        files.counts_at(omega),
        axis=axis,
        **{"MEAS_COND_AXIS_POSITION-0": f"{2 * omega[0]:.4f}", "MEAS_COND_AXIS_POSITION-1": f"{omega[0]:.4f}"},
    )
    curve = loaded(folder, files.ras_file(scan))
    assert (curve.metadata["axis"], curve.metadata["warnings"]) == ("2Theta", [])
    np.testing.assert_allclose(curve.angle, (files.PEAK - omega[::-1]) * 3600, atol=0.3)


def test_a_coupled_scan_may_be_written_on_omega(folder, files):
    """Its first angle is where Omega stood, and not where 2Theta did."""
    positions = {"MEAS_COND_AXIS_POSITION-0": f"{2 * files.OMEGA[0]:.4f}"}
    scan = files.ras_scan(axis=("Omega/2-Theta", "OmegaTwoTheta"), **positions)
    assert loaded(folder, files.ras_file(scan)).metadata["axis"] == "Omega"


@pytest.mark.parametrize("corrected", [False, True])
def test_the_curve_tells_whether_it_was_corrected_for_the_attenuator(folder, files, corrected):
    clean = files.counts_at(files.OMEGA, time=10.0)
    factors = np.where(clean > 1e5, 84.6, 1.0)
    scan = files.ras_scan(counts=clean if corrected else clean / factors, factors=factors)
    curve = loaded(folder, files.ras_file(scan))
    np.testing.assert_allclose(curve.intensity, clean[::-1], atol=0.01)
    assert curve.metadata["attenuation"] == factors[::-1].tolist()
    assert curve.metadata["counts_per_unit"] is None
    word = "already corrected" if corrected else "was multiplied"
    assert any(word in text and "without a jump" in text for text in curve.metadata["inferred"])


def test_an_attenuator_of_which_the_curve_tells_nothing_is_pointed_out(folder, files):
    counts = files.counts_at(files.OMEGA)
    counts[:60:2] = 0
    factors = np.where(np.arange(counts.size) < 20, 3.0, 1.0)
    curve = loaded(folder, files.ras_file(files.ras_scan(counts=counts, factors=factors)))
    assert any("does not tell" in w for w in curve.metadata["warnings"])


def test_rates_become_counts_if_the_time_is_known(folder, files):
    counts = files.counts_at(files.OMEGA)
    known = loaded(folder, files.ras_file(files.ras_scan(counts=counts / 3, MEAS_SCAN_UNIT_Y="cps")))
    np.testing.assert_allclose(known.intensity, counts[::-1], atol=3e-4)
    assert (known.metadata["intensity_unit"], known.metadata["counts_per_unit"]) == ("counts", 1.0)
    header = {"MEAS_SCAN_UNIT_Y": "cps", "MEAS_SCAN_SPEED": None}
    unknown = loaded(folder, files.ras_file(files.ras_scan(counts=counts, **header)))
    assert (unknown.metadata["intensity_unit"], unknown.metadata["counts_per_unit"]) == ("counts per second", None)
    assert unknown.metadata["counting_time"] is None


def test_seconds_per_step(folder, files):
    header = {"MEAS_SCAN_SPEED": "2.5", "MEAS_SCAN_SPEED_UNIT": "sec/step"}
    assert loaded(folder, files.ras_file(files.ras_scan(**header))).metadata["counting_time"] == 2.5


def test_two_columns_and_an_unsaid_unit(folder, files):
    content = files.ras_file(files.ras_scan(MEAS_SCAN_UNIT_Y=None)).replace(b" 1.0000\r\n", b"\r\n")
    curve = loaded(folder, content)
    assert any("taken as counts" in text for text in curve.metadata["inferred"])
    assert curve.metadata["attenuation"] == 1.0


def test_fewer_points_than_the_header_says_are_pointed_out(folder, files):
    curve = loaded(folder, files.ras_file(files.ras_scan(MEAS_DATA_COUNT="400")))
    assert any("151 points, but 400 in the header" in w for w in curve.metadata["warnings"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axis": ("2-Theta", "TwoTheta")}, "scan 1: a scan of TwoTheta; a rocking curve moves Omega"),
        ({"axis": ("Phi", "Phi")}, "a scan of Phi; a rocking curve"),
        ({"axis": (None, None)}, "does not say which axis was moved"),
        ({"end": False}, "truncated|damaged"),
        ({"MEAS_SCAN_UNIT_X": "mm"}, "angles in 'mm'; deg expected"),
        ({"MEAS_SCAN_UNIT_Y": "V"}, "intensities in 'V'; counts or cps"),
        ({"MEAS_SCAN_SPEED": "fast"}, r"\*MEAS_SCAN_SPEED: 'fast': not a number"),
        ({"factors": np.zeros(151)}, "attenuator's factor must be positive"),
        ({"counts": np.full(151, np.nan)}, "scan 1, point 1: 'nan': an intensity must be a number >= 0"),
        ({"counts": np.full(151, -2.0)}, "'-2': an intensity must be a number >= 0"),
        ({"counts": np.full(151, 7.0)}, "all intensities are 7"),
    ],
)
def test_what_is_no_rocking_curve_is_refused(folder, files, changes, message):
    with pytest.raises(CurveFormatError, match=message):
        loaded(folder, files.ras_file(files.ras_scan(**changes)))


def test_damaged_files(folder, files):
    good = files.ras_file()
    data = good.index(b"*RAS_INT_START")
    for content, message in (
        (good[: data + 900], r"ends within the data, after \d+ points .*truncated"),
        (good[:data], "no scan in the file"),
        (b"*RAS_DATA_START\r\n", "no scan in the file"),
        (good.replace(b"25.200000 ", b"25.2x0000 "), r"line \d+: '25.2x0000': not a number"),
        (good.replace(b"25.200000 ", b"25.2 1 1 "), r"line \d+: .*4 columns|5 columns"),
        (good.replace(b"25.200000 ", b"25.198000 "), "repeats the angle before it"),
        (good.replace(b"25.200000 ", b"*MEAS_X "), "a header among the data"),
    ):
        with pytest.raises(CurveFormatError, match=message):
            loaded(folder, content)


def test_what_the_file_says_itself_cannot_be_given(folder, files):
    with pytest.raises(CurveFormatError, match=r"step=4.0 given, but a RAS file says it itself; leave step= out"):
        loaded(folder, files.ras_file(), step=4.0)
