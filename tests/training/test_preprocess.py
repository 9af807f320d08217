"""From curves to inputs: a measured curve of any step looks to the network as a simulated one."""

import numpy as np
import pytest

from xrdlib.data import LAB, LAB_EXPERIMENT, CurveFormatError, MeasuredCurve
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training import Preprocess

SCAN = Scan(n_points=301)  # to 1125 arcsec
PREPROCESS = Preprocess(SCAN, 1e-6)


def measured(start, step, n_points, *, scale=1.0, background=1e-3):
    scan = Scan(start, step, n_points)
    curve = simulate(LAB_EXPERIMENT, scan=scan)
    return MeasuredCurve(scan.angle, scale * (curve / curve.max() + background))


class TestSimulated:
    def test_log_of_the_curve_over_its_peak(self):
        curve = simulate(LAB_EXPERIMENT, scan=SCAN)
        inputs = PREPROCESS(curve[None])
        assert inputs.dtype == np.float32
        assert inputs.shape == (1, 301)
        np.testing.assert_allclose(inputs[0], np.log10(curve / curve.max()), atol=1e-6)
        np.testing.assert_array_equal(PREPROCESS(1e5 * curve[None]), inputs)

    def test_the_peak_is_looked_for_at_the_substrate(self):
        """A layer that is higher than the substrate does not count."""
        curve = np.full(301, 1e-3)
        curve[20], curve[100] = 1.0, 100.0
        inputs = PREPROCESS(curve[None])[0]
        assert inputs[20] == 0.0
        assert inputs[100] == 2.0

    def test_floor(self):
        curve = np.full(301, 1e-9)
        curve[20], curve[30] = 1.0, 0.0
        inputs = PREPROCESS(curve[None])[0]
        assert inputs[30] == inputs[40] == -6.0

    def test_fill_beyond_the_end(self):
        """With the median of the last 15 points, and nothing before the end is touched."""
        curves = 10 ** np.random.default_rng(1).uniform(-4, -1, (3, 301))
        curves[:, 20] = 1.0
        n_valid = np.array([100, 301, 250])
        inputs = PREPROCESS(curves, n_valid)
        whole = PREPROCESS(curves)
        np.testing.assert_array_equal(inputs[1], whole[1])
        for row, n in ((0, 100), (2, 250)):
            np.testing.assert_array_equal(inputs[row, :n], whole[row, :n])
            np.testing.assert_array_equal(inputs[row, n:], np.median(whole[row, n - 15 : n]))

    def test_the_callers_array_is_left_alone(self):
        curves = np.ones((2, 301))
        PREPROCESS(curves, np.array([50, 60]))
        assert (curves == 1).all()


class TestMeasured:
    @pytest.mark.parametrize("step", [1.0, 2.0, 3.7, SCAN.step])
    @pytest.mark.parametrize("scale", [1.0, 3e5])
    def test_any_step(self, step, scale):
        """Read at the scan's angles: within 0.5 % at the peak's and the fringes' curvature, 4 % at coarser steps."""
        curve = measured(-290.3, step, int(1500 / step), scale=scale)
        simulated = LAB.curve(SCAN) + 1e-3
        difference = PREPROCESS.measured(curve) - PREPROCESS(simulated[None])
        assert np.abs(difference).max() < (2e-3 if step <= 1 else 0.02)

    def test_a_straight_line_in_log_intensity_is_read_exactly(self):
        angle = np.arange(-100.0, 1300.0, 7.3)
        curve = MeasuredCurve(angle, 1e4 * 10 ** (-angle / 400))
        found = PREPROCESS.measured(curve)[0]
        np.testing.assert_allclose(found - found[20], -(SCAN.angle - SCAN.angle[20]) / 400, atol=1e-5)

    def test_beyond_the_end_it_is_as_in_training(self):
        """A measured curve that ends at 700 arcsec, and a simulated one of which as many points count."""
        curve = measured(-290.3, 1.0, 991)
        n_valid = np.searchsorted(SCAN.angle, curve.angle[-1], side="right")
        assert 190 < n_valid < 200
        simulated = PREPROCESS((LAB.curve(SCAN) + 1e-3)[None], np.array([n_valid]))
        np.testing.assert_allclose(PREPROCESS.measured(curve), simulated, atol=2e-3)
        assert np.unique(PREPROCESS.measured(curve)[0, n_valid:]).size == 1

    def test_exactly_the_scan(self):
        """All of its points are used, whatever rounding the angles have seen."""
        for shift in (0.0, 1e-9, -1e-9):
            curve = measured(SCAN.start, SCAN.step, 301)
            curve = MeasuredCurve(curve.angle + shift, curve.intensity * np.linspace(1, 0.5, 301))
            expected = PREPROCESS(curve.intensity[None])
            np.testing.assert_allclose(PREPROCESS.measured(curve), expected, atol=1e-6)

    def test_a_peak_between_two_points_is_no_reason_to_refuse_the_lab_s_scan(self):
        curve = measured(SCAN.start, SCAN.step, 301)
        later = MeasuredCurve(curve.angle + 0.5 * SCAN.step, curve.intensity)
        assert np.isfinite(PREPROCESS.measured(later)).all()

    def test_zeros_are_the_floor(self):
        curve = measured(-100.0, SCAN.step, 320)
        intensity = curve.intensity.copy()
        intensity[100] = 0.0
        inputs = PREPROCESS.measured(MeasuredCurve(curve.angle, intensity))
        assert np.isfinite(inputs).all()
        assert inputs.min() >= -6.001

    @pytest.mark.parametrize(
        ("start", "n_points", "text"),
        [
            (-70.0, 1500, "covers -70 to 1429 arcsec"),
            (-290.0, 700, "covers -290 to 409 arcsec"),
        ],
    )
    def test_too_short_a_curve(self, start, n_points, text):
        with pytest.raises(ValueError, match=f"curve: {text}.*at least -76 to 500"):
            PREPROCESS.measured(measured(start, 1.0, n_points))

    @pytest.mark.parametrize(
        ("start", "n_points", "text"),
        [
            (
                -1144.0,
                1435,
                "of which the negated angles, -290 to 1144, cover all: the axis seems to run the other way",
            ),
            (-450.0, 511, "of which the negated angles, -60 to 450, cover more: the axis seems to run the other way"),
        ],
    )
    def test_an_axis_the_other_way_round_is_said_to_be(self, start, n_points, text):
        curve = measured(start, 1.0, n_points)
        with pytest.raises(CurveFormatError, match=rf"{text}; if it is omega, give reverse=True") as error:
            PREPROCESS.measured(curve)
        assert ("measure a wider scan" in str(error.value)) == (start == -450)
        assert "--" not in str(error.value).partition("measure a wider scan")[0]
        turned = MeasuredCurve(curve.angle, curve.intensity, {"reversed": True})
        with pytest.raises(CurveFormatError, match=rf"{text}; leave out what says .* \(reverse=True or two_theta=True"):
            PREPROCESS.measured(turned)

    @pytest.mark.parametrize(
        ("start", "step", "n_points", "metadata"),
        [
            (-70.0, 1.0, 1500, {}),  # as it is it covers more
            (-290.0, 1.0, 540, {}),  # about as much either way
            (-0.3, 1e-3, 400, {}),  # nothing either way: another unit
            (-1144.0, 1.0, 1435, {"axis": "Omega"}),  # the file says so
        ],
    )
    def test_the_direction_is_not_doubted_without_a_reason(self, start, step, n_points, metadata):
        angle = start + step * np.arange(n_points)
        with pytest.raises(CurveFormatError, match=r"needs at least -76 to 500; measure a wider scan") as error:
            PREPROCESS.measured(MeasuredCurve(angle, np.exp(-((angle / 30) ** 2)) + 1e-3, metadata))
        assert "other way" not in str(error.value)
        assert "refine(curve), or xrdlib fit --study none" in str(error.value)

    def test_curve_with_noise(self):
        """Counting noise of 1e6 in the peak leaves the curve where it was."""
        instrument = Instrument(background=1e-3, peak_counts=1e6)
        scan = Scan(-290.0, 2.0, 800)
        curve = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument())
        curve = curve / curve.max() + instrument.background
        counts = np.random.default_rng(1).poisson(curve * 1e6)
        found = PREPROCESS.measured(MeasuredCurve(scan.angle, counts))
        expected = PREPROCESS.measured(MeasuredCurve(scan.angle, curve))
        assert np.abs(found - expected).max() < 0.08
        assert abs((found - expected).mean()) < 0.005


def test_a_scan_without_the_substrate_peak_is_refused():
    with pytest.raises(ValueError, match="does not contain the substrate peak"):
        Preprocess(Scan(200.0, 4.0, 300), 1e-4)
