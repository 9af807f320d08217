"""Several ranges in one file: which are parts of one curve, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib import load_curve
from xrdlib.data import MeasuredCurve
from xrdlib.data.readers import CurveFormatError

N = 151


@pytest.fixture(params=["xrdml", "ras"])
def read(request, folder, files):
    """Writes ranges given as (omega, counts, seconds), and reads them back."""

    def write_and_read(*ranges, **arguments) -> MeasuredCurve:
        if request.param == "xrdml":
            scans = [files.xrdml_scan(x, y, time=t) for x, y, t in ranges]
            content = files.xrdml_file(*scans)
        else:
            seconds = {"MEAS_SCAN_SPEED_UNIT": "sec"}
            scans = [files.ras_scan(x, y, MEAS_SCAN_SPEED=f"{t}", **seconds) for x, y, t in ranges]
            content = files.ras_file(*scans)
        path = folder / f"scan.{request.param}"
        path.write_bytes(content)
        return load_curve(path, **arguments)

    return write_and_read


def part(files, start, stop, time=1.0, seed=0):
    omega = files.OMEGA[start:stop]
    return omega, files.counts_at(omega, time=time, seed=seed), time


def test_repeats_are_added_up(read, files):
    runs = [part(files, 0, N, 2.0, seed) for seed in (1, 2, 3)]
    curve = read(*runs)
    np.testing.assert_array_equal(curve.intensity, sum(counts for _, counts, _ in runs)[::-1])
    known = curve.metadata
    assert (known["counting_time"], known["counts_per_unit"]) == (6.0, 1.0)
    assert (known["scan"], known["n_scans"], known["warnings"]) == ([1, 2, 3], 3, [])
    assert any("repeat the same angles" in text for text in known["inferred"])


def test_one_of_several_can_be_asked_for(read, files):
    runs = [part(files, 0, N, 2.0, seed) for seed in (1, 2)]
    curve = read(*runs, scan=2)
    np.testing.assert_array_equal(curve.intensity, runs[1][1][::-1])
    assert curve.metadata["scan"] == [2]
    assert any("of 2 scans, scan 2 was asked for" in text for text in curve.metadata["inferred"])
    for wrong in (0, 3, -1):
        with pytest.raises(CurveFormatError, match=f"scan={wrong} given; 1 to 2 expected"):
            read(*runs, scan=wrong)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_ranges_that_follow_each_other_are_joined_in_any_order(read, files, order):
    whole = part(files, 0, N)
    pieces = [(whole[0][a:b], whole[1][a:b], 1.0) for a, b in ((0, 50), (49, 100), (100, N))]
    curve = read(*(pieces[i] for i in order))
    np.testing.assert_array_equal(curve.intensity, whole[1][::-1])
    np.testing.assert_allclose(np.diff(curve.angle), 3600 * files.STEP, rtol=1e-5)
    assert sum("follow each other" in text for text in curve.metadata["inferred"]) == 2
    assert curve.metadata["warnings"] == []


def test_counts_of_overlapping_ranges_are_added_up_and_scaled_to_one_time(read, files):
    first, second = part(files, 0, 100, 1.0, 1), part(files, 60, N, 1.0, 2)
    curve = read(first, second)
    expected = np.concatenate([first[1][:60], (first[1][60:] + second[1][:40]) / 2, second[1][40:]])
    np.testing.assert_allclose(curve.intensity, expected[::-1], rtol=1e-12)
    assert curve.metadata["counting_times"] == [1.0] * 51 + [2.0] * 40 + [1.0] * 60
    assert curve.metadata["counts_per_unit"] is None


def test_unlike_counting_times_leave_no_step_in_the_curve(read, files):
    clean = files.counts_at(files.OMEGA, noise=False).round()
    weak, strong = (files.OMEGA[:70], 8 * clean[:70], 8.0), (files.OMEGA[70:], clean[70:], 1.0)
    curve = read(weak, strong)
    np.testing.assert_allclose(curve.intensity, clean[::-1], rtol=1e-9)
    assert curve.metadata["normalised"] == ["scaled to the median counting time, 1 s"]


def test_a_fine_range_between_coarse_ones(read, files):
    def coarse(start, stop):
        omega = np.round(np.arange(start, stop, 0.008), 6)
        return omega, files.counts_at(omega), 1.0

    fine = np.round(np.arange(25.36, 25.4601, 0.001), 6)
    curve = read(coarse(25.0, 25.3605), (fine, files.counts_at(fine), 1.0), coarse(25.464, 25.6))
    assert curve.metadata["step_min"] == pytest.approx(3.6, rel=1e-4)
    assert curve.metadata["step_max"] == pytest.approx(28.8, rel=1e-4)
    assert any("not uniform" in w for w in curve.metadata["warnings"])


def test_at_unlike_angles_the_range_that_counted_longer_is_kept(read, files):
    short = part(files, 0, 100, 1.0)
    omega = files.OMEGA[80:] + 0.4 * files.STEP
    long = (omega.round(6), files.counts_at(omega, time=4.0), 4.0)
    curve = read(short, long)
    assert curve.angle.size == 80 + 71
    np.testing.assert_allclose(curve.intensity, np.concatenate([short[1][:80], long[1] / 4])[::-1])
    assert any("scan 2 was kept there" in text for text in curve.metadata["inferred"])


def test_unlike_rates_where_ranges_overlap_are_pointed_out(read, files):
    clean = files.counts_at(files.OMEGA, noise=False)
    curve = read((files.OMEGA[:140], clean[:140], 1.0), (files.OMEGA[100:], 0.5 * clean[100:], 1.0))
    assert any("unlike rates" in w and "(2 times" in w for w in curve.metadata["warnings"])


def test_a_gap_is_no_curve(read, files):
    with pytest.raises(CurveFormatError, match=r"leave a gap between 25.2580 and 25.2800 deg.*scan= \(--scan\)"):
        read(part(files, 0, 50), part(files, 60, N))


def test_the_same_angles_in_other_steps_are_no_curve(read, files):
    omega = np.round(np.arange(25.16, 25.46, 0.003), 6)
    with pytest.raises(CurveFormatError, match=r"different steps over the same angles.*scan 1 .*step 0.00[23].*scan 2"):
        read(part(files, 0, N), (omega, files.counts_at(omega), 1.0))


def test_scans_at_other_fixed_angles_are_no_curve(folder, files):
    scans = [files.xrdml_scan(fixed={"Phi": phi}) for phi in (0.0, 90.0)]
    (folder / "phi.xrdml").write_bytes(files.xrdml_file(*scans))
    with pytest.raises(CurveFormatError, match=r"Phi is 0 in scan 1 and 90 in scan 2; choose one"):
        load_curve(folder / "phi.xrdml")
    assert load_curve(folder / "phi.xrdml", scan=2).metadata["fixed_axes"]["Phi"] == 90.0


def test_what_was_broken_off_is_left_out_if_there_is_more(folder, files):
    half = slice(0, 70)
    broken = files.xrdml_scan(files.OMEGA[half], files.counts_at(files.OMEGA)[half], status="Aborted")
    (folder / "two.xrdml").write_bytes(files.xrdml_file(files.xrdml_scan(), broken))
    curve = load_curve(folder / "two.xrdml")
    np.testing.assert_array_equal(curve.intensity, files.counts_at(files.OMEGA)[::-1])
    assert any("scan 2" in w and "left out: aborted" in w for w in curve.metadata["warnings"])


def test_counts_and_rates_are_no_curve(folder, files):
    scans = [files.xrdml_scan(), files.xrdml_scan(counts=files.counts_at(files.OMEGA), unit="cps", time=None)]
    (folder / "units.xrdml").write_bytes(files.xrdml_file(*scans))
    with pytest.raises(CurveFormatError, match="unlike axes or units"):
        load_curve(folder / "units.xrdml")


def test_attenuated_repeats(folder, files):
    """The attenuator need not switch at the same point twice."""
    clean = files.counts_at(files.OMEGA, noise=False).round()
    factors = [np.where(clean > limit, 10.0, 1.0) for limit in (1e4, 1.5e4)]
    scans = [files.xrdml_scan(counts=clean / f, factors=f) for f in factors]
    (folder / "repeats.xrdml").write_bytes(files.xrdml_file(*scans))
    curve = load_curve(folder / "repeats.xrdml")
    np.testing.assert_allclose(curve.intensity, 2 * clean[::-1], rtol=1e-12)
    seen = 2 * clean / (clean / factors[0] + clean / factors[1])
    np.testing.assert_allclose(curve.metadata["attenuation"], seen[::-1], rtol=1e-12)
