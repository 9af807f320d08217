import numpy as np
import pytest

from xrdlib.data import CurveFormatError
from xrdlib.data.peak import estimate_background, find_substrate_peak

STEP = 4.018235972
AXIS = STEP * (np.arange(360) - 72.3)


def rocking_curve(angle, *, fwhm=36.0, lorentz=0.2, counts=None, seed=0):
    """Pseudo-Voigt peak at 0, a layer around +400 arcsec, a background; with counts, those of its peak."""
    u = (2 * angle / fwhm) ** 2
    peak = lorentz / (1 + u) + (1 - lorentz) * np.exp(-np.log(2) * u)
    clean = peak + 0.03 * np.exp(-(((angle - 400) / 150) ** 2)) + 2e-3
    if counts is None:
        return clean
    return np.random.default_rng(seed).poisson(counts * clean).astype(float)


@pytest.mark.parametrize("counts", [None, 6e4, 3e3])
@pytest.mark.parametrize("lorentz", [0.0, 0.3])
@pytest.mark.parametrize("fwhm", [30.0, 35.0, 40.0])
@pytest.mark.parametrize("offset", [0.0, 0.2, 0.5, 0.77])
def test_peak_is_found_to_a_tenth_of_the_step(fwhm, lorentz, offset, counts):
    angle = STEP * (np.arange(360) - 72 - offset)
    curve = rocking_curve(angle, fwhm=fwhm, lorentz=lorentz, counts=counts)
    peak = find_substrate_peak(angle, curve)
    assert abs(peak.position) < 0.1 * STEP
    assert peak.fwhm == pytest.approx(fwhm, rel=0.08)


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e-100, 1e100, 1e154, 1e200, 1e300, 1e307])
@pytest.mark.parametrize("counts", [None, 6e4])
def test_any_unit_of_intensity(unit, counts):
    """Squares and sums of intensities of 1e154 and more overflow; the peak and the background are where they were."""
    curve = rocking_curve(AXIS)
    if counts is not None:
        curve = np.random.default_rng(1).poisson(counts * curve) / counts
    peak, background = find_substrate_peak(AXIS, curve), estimate_background(curve)
    other, below = find_substrate_peak(AXIS, curve * unit), estimate_background(curve * unit)
    np.testing.assert_allclose(other[:2], peak[:2], rtol=1e-9)
    assert other.height == pytest.approx(peak.height * unit, rel=1e-9)
    assert below[:2] == pytest.approx(tuple(v * unit for v in background[:2]), rel=1e-9)
    assert below[2:] == background[2:]


def test_a_parabola_that_points_do_not_decide_on():
    """Two of three weights are next to nothing: no warning of a rank, and the peak is where its points are."""
    curve = np.full(60, 1e-300)
    curve[30] = 1.0
    assert find_substrate_peak(np.arange(60.0), curve).position == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    ("angle", "intensity", "text"),
    [
        (AXIS[::-1], rocking_curve(AXIS), "angle: 360 rising angles"),
        (AXIS[:-1], rocking_curve(AXIS), "angle: 360 rising angles"),
        (AXIS, np.full(360, np.nan), "intensity: intensities must be finite and not negative"),
        (AXIS, -rocking_curve(AXIS), "intensity: intensities must be finite and not negative"),
        (AXIS, rocking_curve(AXIS) * 1j, "intensity: numbers expected, complex numbers given"),
        (AXIS, np.ones(360), "intensity: all intensities are 1"),
        ([], [], "intensity: curves of shape"),
    ],
)
def test_what_is_no_curve(angle, intensity, text):
    with pytest.raises(CurveFormatError, match=text):
        find_substrate_peak(angle, intensity)


def test_too_few_points_for_a_background():
    with pytest.raises(CurveFormatError, match="intensity: 9 points given, at least 10 expected"):
        estimate_background(np.ones(9))


def test_peak_of_a_gaussian_is_exact():
    angle = STEP * (np.arange(100) - 40.37)
    peak = find_substrate_peak(angle, np.exp(-((angle / 20) ** 2)))
    assert peak.position == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("step", [2.0, 12.0, 25.0])
def test_peak_with_other_steps(step):
    angle = step * (np.arange(80) - 30.4)
    assert abs(find_substrate_peak(angle, rocking_curve(angle)).position) < 0.1 * step


def test_peak_is_found_on_uneven_steps():
    angle = np.sort(np.concatenate([np.arange(-100.3, 100, 4.0), np.arange(101.7, 900, 11.0)]))
    assert abs(find_substrate_peak(angle, rocking_curve(angle)).position) < 0.4


def test_peak_scale_does_not_matter():
    positions = [find_substrate_peak(AXIS, rocking_curve(AXIS) * s).position for s in (1.0, 1e-200, 1e300)]
    assert positions == pytest.approx([positions[0]] * 3, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_background_of_a_noisy_curve(seed):
    intensity = rocking_curve(STEP * (np.arange(701) - 72), lorentz=0.0, counts=6e4, seed=seed)
    background = estimate_background(intensity)
    assert background.level == pytest.approx(120, rel=0.04)  # 2e-3 * 6e4
    assert background.spread == pytest.approx(np.sqrt(120), rel=0.35)
    assert background.flat
    assert background.first >= 250  # behind the layer


def test_background_of_few_counts_is_not_rounded_to_zero():
    levels = [estimate_background(np.random.default_rng(seed).poisson(0.7, 400)).level for seed in range(20)]
    assert 0.3 < np.mean(levels) < 0.7


def test_background_does_not_follow_outliers():
    intensity = np.full(300, 10.0)
    intensity[::40] = 1e4
    intensity[20::40] = 0.0
    background = estimate_background(intensity)
    assert (background.level, background.spread) == (10.0, 0.0)


def test_background_still_falling_is_an_upper_limit():
    assert not estimate_background(1 / (1 + (AXIS / 15) ** 2)).flat
