"""Measurement augmentation: the nuisances that are drawn, read back from the curves."""

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT
from xrdlib.simulation import Instrument, Scan, measure, reflectivity, simulation_grid
from xrdlib.training import Measurement

SCAN = Scan(n_points=301)  # to 1125 arcsec
GRID = simulation_grid(SCAN, fwhm=25.0)
FIXED = Measurement(
    fwhm=(30.0, 30.0),
    lorentz_fraction=(0.0, 0.0),
    background=(1e-3, 1e-3),
    peak_counts=(1e4, 1e4),
    stop=(800.0, 800.0),
    offset=(0.0, 0.0),
)


@pytest.fixture(scope="module")
def stored():
    return reflectivity(LAB_EXPERIMENT, GRID.angle).astype(np.float32)


@pytest.fixture(scope="module")
def ideal(stored):
    curve = measure(stored.astype(float), GRID, SCAN.angle, Instrument())[0]
    return curve / curve.max()


def draw(measurement, stored, n, seed=0, scan=SCAN):
    return measurement.draw(np.repeat(stored, n, axis=0), GRID, scan, np.random.default_rng(seed))


def test_shapes_and_unit_peak(stored, ideal):
    """Without noise to speak of: the curve over its peak, and the background."""
    intensity, n_valid = draw(replace(FIXED, peak_counts=(1e9, 1e9)), stored, 3)
    assert intensity.shape == (3, 301)
    assert intensity.dtype == np.float32
    assert n_valid.shape == (3,)
    np.testing.assert_allclose(intensity.max(axis=1), 1.001, rtol=2e-4)
    np.testing.assert_allclose(intensity, np.repeat(ideal[None] + 1e-3, 3, axis=0), rtol=0.01)


def test_noise_is_that_of_the_counts(stored, ideal):
    """Whole counts, with the variance of their mean."""
    intensity, _ = draw(FIXED, stored, 400)
    counts = intensity * 1e4
    np.testing.assert_allclose(counts, np.rint(counts), atol=0.01)
    expected = (ideal + 1e-3) * 1e4
    pull = (counts - expected) / np.sqrt(expected)
    assert abs(pull.mean()) < 4 / np.sqrt(pull.size)
    assert pull.var() == pytest.approx(1, abs=4 * np.sqrt(2 / pull.size) + 1e-3)
    # bright and faint points alike
    variances = pull.var(axis=0)
    assert abs(variances[ideal > 0.05].mean() - 1) < 0.1
    assert abs(variances[ideal < 0.001].mean() - 1) < 0.05


def test_counts_are_drawn_log_uniform(stored, ideal):
    """Counts come in units of 1 / peak_counts, in which one can read them."""
    intensity, _ = draw(replace(FIXED, peak_counts=(1e2, 1e4), background=(1e-2, 1e-2)), stored, 300)
    counts = np.array([1 / np.diff(np.unique(np.round(row, 7))).min() for row in intensity.astype(float)])
    logs = (np.log10(counts) - 2) / 2
    assert -0.01 < logs.min() < 0.05
    assert 0.95 < logs.max() < 1.01
    assert logs.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * 300))


def test_background_is_drawn_log_uniform(stored, ideal):
    """Read at the points of a curve that is dark but for its peak."""
    dark = np.where(np.abs(GRID.angle) < 5, 1.0, 0.0).astype(np.float32)[None]
    measurement = replace(FIXED, peak_counts=(1e9, 1e9), background=(1e-4, 1e-2))
    intensity, _ = draw(measurement, dark, 1000)
    level = np.log10(np.median(intensity[:, 150:], axis=1))
    assert -4.01 < level.min() < -3.97
    assert -2.03 < level.max() < -1.99
    assert level.mean() == pytest.approx(-3, abs=4 * 2 / np.sqrt(12 * 1000))
    assert level.std() == pytest.approx(2 / np.sqrt(12), rel=0.08)


def test_end_of_the_scan(stored):
    """Half of the curves keep every point, the others end uniformly within the range."""
    _, n_valid = draw(replace(FIXED, stop=(500.0, 900.0)), stored, 2000)
    whole = n_valid == 301
    assert abs(whole.mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)
    end = SCAN.angle[n_valid[~whole] - 1]
    assert 500 - SCAN.step <= end.min() < 510
    assert 890 < end.max() <= 900
    assert end.mean() == pytest.approx(700 - SCAN.step / 2, abs=4 * 400 / np.sqrt(12 * 1000))
    # a scan that is shorter than the range is whole
    short = Scan(n_points=100)
    _, n_valid = draw(replace(FIXED, stop=(500.0, 900.0)), stored, 20, scan=short)
    assert (n_valid == 100).all()


def test_resolution_and_offset_are_shared_by_a_group(stored):
    measurement = replace(
        FIXED, peak_counts=(1e12, 1e12), fwhm=(25.0, 50.0), offset=(-2.0, 2.0), curves_per_instrument=50
    )
    intensity, _ = draw(measurement, stored, 500)
    curves = intensity - 1e-3
    above = np.array([np.interp(0.5, c[:21] / c.max(), SCAN.angle[:21]) for c in curves])  # left half width
    groups = above.reshape(10, 50)
    assert np.ptp(groups, axis=1).max() < 1e-3
    assert np.unique(np.round(groups[:, 0], 2)).size == 10
    # as many as there are widths between 25 and 50 and offsets between -2 and 2
    assert -27.5 - 4 < groups.min() < groups.max() < -11.0


def test_the_resolution_s_width_and_wings(stored):
    """Against the instrument itself."""
    measurement = replace(
        FIXED, fwhm=(41.0, 41.0), lorentz_fraction=(0.4, 0.4), peak_counts=(1e12, 1e12), offset=(1.5, 1.5)
    )
    intensity, _ = draw(measurement, stored, 1)
    curve = measure(stored.astype(float), GRID, SCAN.angle + 1.5, Instrument(41.0, 0.4))[0]
    np.testing.assert_allclose(intensity[0], curve / curve.max() + 1e-3, rtol=1e-4)


def test_only_the_generator_decides(stored):
    measurement = Measurement(curves_per_instrument=7)
    one, two, other = (draw(measurement, stored, 20, seed) for seed in (3, 3, 4))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one[0], other[0])
    assert np.unique(one[0], axis=0).shape[0] == 20


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fwhm": (40.0, 30.0)}, "fwhm"),
        ({"fwhm": (0.0, 30.0)}, "fwhm"),
        ({"background": (0.0, 1e-2)}, "background"),
        ({"peak_counts": (0.0, 1e6)}, "peak_counts"),
        ({"offset": (1.0, -1.0)}, "offset"),
        ({"stop": (float("nan"), 900.0)}, "stop"),
        ({"lorentz_fraction": (0.0, 1.5)}, "lorentz_fraction"),
        ({"lorentz_fraction": (-0.1, 0.5)}, "lorentz_fraction"),
        ({"curves_per_instrument": 0}, "curves_per_instrument"),
    ],
)
def test_impossible_ranges(change, text):
    with pytest.raises(ValueError, match=f"^measurement: {text} = "):
        Measurement(**change)
