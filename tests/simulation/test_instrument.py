"""Resolution, convolution, noise, and ``simulate`` as a whole (the measured lines: -rP)."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

import xrdlib
from xrdlib.simulation import (
    GGG_444,
    GGG_444_LAB,
    YIG_FILM,
    Grid,
    Instrument,
    Scan,
    StrainParameters,
    count_photons,
    measure,
    reflectivity,
    resolution_matrix,
    simulate,
    simulation_grid,
)
from xrdlib.simulation.crystals import ARCSEC
from xrdlib.simulation.instrument import _gregory

RESOLUTIONS = [(30.0, 0.0), (36.0, 0.2), (32.0, 0.12), (42.0, 0.3), (15.0, 1.0), (60.0, 0.0), (8.0, 0.5)]


def convolved(rows, scan, fwhm, lorentz_fraction, refine=1):
    grid = simulation_grid(scan, fwhm=fwhm, refine=refine)
    return reflectivity(rows, grid.angle) @ resolution_matrix(scan.angle, grid, fwhm, lorentz_fraction)


def pseudo_voigt(x, fwhm, lorentz_fraction):
    """``resolution_matrix`` of one grid point of weight 1 at 0."""
    grid = Grid(np.zeros(1), np.ones(1))
    return resolution_matrix(np.atleast_1d(x), grid, fwhm, lorentz_fraction)[0]


class TestPseudoVoigt:
    @pytest.mark.parametrize("lorentz_fraction", [0.0, 0.3, 1.0])
    @pytest.mark.parametrize("fwhm", [15.0, 42.0])
    def test_unit_area(self, fwhm, lorentz_fraction):
        area, _ = quad(
            lambda t: float(pseudo_voigt(fwhm * np.tan(t), fwhm, lorentz_fraction)[0]) * fwhm / np.cos(t) ** 2,
            -np.pi / 2 + 1e-12,
            np.pi / 2 - 1e-12,
            epsabs=1e-11,
            limit=200,
        )
        assert area == pytest.approx(1, abs=1e-9)

    @pytest.mark.parametrize("lorentz_fraction", [0.0, 0.3, 1.0])
    def test_full_width_at_half_maximum(self, lorentz_fraction):
        top, left, right = pseudo_voigt([0.0, -18.0, 18.0], 36.0, lorentz_fraction)
        assert left == right == pytest.approx(top / 2, rel=1e-12)

    def test_lorentz_fraction_mixes(self):
        x = np.linspace(-200, 200, 41)
        gauss = np.exp(-4 * np.log(2) * x**2 / 30**2) * 2 / 30 * np.sqrt(np.log(2) / np.pi)
        lorentz = 15 / np.pi / (x**2 + 15**2)
        np.testing.assert_allclose(pseudo_voigt(x, 30.0, 0.25), 0.75 * gauss + 0.25 * lorentz, rtol=1e-12)


class TestGrid:
    @pytest.mark.parametrize("n", range(2, 12))
    def test_gregory_weights(self, n):
        x = np.arange(n, dtype=float)
        order = 4 if n >= 6 else 2  # exact below this power
        for power in range(order):
            exact = (n - 1) ** (power + 1) / (power + 1)
            assert _gregory(n) @ x**power == pytest.approx(exact, rel=1e-13)

    @pytest.mark.parametrize(
        "scan",
        [Scan(), Scan(start=-200, step=1.0, n_points=800), Scan(start=100), Scan(step=0.1), Scan(-60.0, 20.0, 150)],
        ids=["lab", "fine", "without peak", "very fine", "coarse"],
    )
    @pytest.mark.parametrize("fwhm", [8.0, 30.0])
    def test_cubics_are_integrated_exactly_across_the_joints(self, scan, fwhm):
        grid = simulation_grid(scan, fwhm=fwhm)
        assert (np.diff(grid.angle) > 0).all()
        a, b = grid.angle[[0, -1]]
        assert a <= scan.start - 150
        assert b >= scan.stop + 150
        for power in range(4):
            x = (grid.angle - a) / (b - a)
            assert grid.weight @ x**power == pytest.approx((b - a) / (power + 1), rel=1e-12)

    def test_the_scan_s_angles_are_in_the_grid(self):
        scan = Scan()
        grid = simulation_grid(scan)
        nearest = np.abs(grid.angle[:, None] - scan.angle).min(axis=0)
        assert nearest.max() < 1e-9

    def test_steps_are_as_documented(self):
        grid = simulation_grid(Scan())
        step, middle = np.diff(grid.angle), (grid.angle[1:] + grid.angle[:-1]) / 2
        print(f"measured: {grid.angle.size} angles for the lab's 701 points")
        assert step[np.abs(middle) < 12].max() < 0.26
        assert step[np.abs(middle) < 60].max() < 1.05
        assert step.max() == pytest.approx(4.018235972)

    def test_refine_divides_every_step(self):
        one, three = simulation_grid(Scan()), simulation_grid(Scan(), refine=3)
        np.testing.assert_allclose(three.angle[::3], one.angle, atol=1e-9)
        assert three.angle.size == 3 * one.angle.size - 2

    def test_a_thick_film_has_its_fringes_sampled(self):
        grid = simulation_grid(Scan(), thickness=YIG_FILM.thickness)
        period = GGG_444.wavelength / (2 * YIG_FILM.thickness * np.cos(GGG_444.bragg_angle)) / ARCSEC
        assert period < 6  # the lab's step would give it one point and a half
        assert np.diff(grid.angle).max() <= period / 5


class TestConvolution:
    @pytest.mark.parametrize(("fwhm", "lorentz_fraction"), RESOLUTIONS)
    def test_converged_in_its_own_step(self, reference, fwhm, lorentz_fraction):
        rows = reference("ggg444_dl100")["params"]
        once, twice, four = (convolved(rows, Scan(), fwhm, lorentz_fraction, refine) for refine in (1, 2, 4))
        log = [np.abs(np.log10(c / four)).max() for c in (once, twice)]
        of_peak = [(np.abs(c - four).max(axis=1) / four.max(axis=1)).max() for c in (once, twice)]
        print(f"measured: fwhm {fwhm:g}, Lorentz fraction {lorentz_fraction:g}: refine 1 (2) against 4: "
              f"{log[0]:.1e} ({log[1]:.1e}) in log10, {of_peak[0]:.1e} ({of_peak[1]:.1e}) of the peak")  # fmt: skip
        assert log[0] < 1e-3
        assert log[1] < 1e-4
        assert of_peak[0] < 2.5e-4
        assert of_peak[1] < 2e-5

    @pytest.mark.parametrize("film", [YIG_FILM], ids=["yig"])
    def test_converged_with_a_film(self, reference, film):
        rows = reference("yig_on_ggg444_dl100")["params"][:4]
        grids = [simulation_grid(Scan(), thickness=film.thickness, refine=refine) for refine in (1, 3)]
        once, three = (
            reflectivity(rows, g.angle, film=film) @ resolution_matrix(Scan().angle, g, 30.0, 0.0) for g in grids
        )
        assert np.abs(np.log10(once / three)).max() < 1e-3
        np.testing.assert_array_equal(simulate(rows, film=film), once)  # and it is the grid that simulate takes

    @pytest.mark.parametrize(("fwhm", "lorentz_fraction"), [(30.0, 0.0), (30.0, 0.3)])
    def test_does_not_depend_on_sub_step_offsets(self, reference, fwhm, lorentz_fraction):
        # the same angles, asked for by eight scans whose grids differ and by one of an eighth of their step
        rows = reference("ggg444_dl100")["params"][::4]
        scan = Scan()
        dense = convolved(rows, Scan(scan.start, scan.step / 8, 700 * 8), fwhm, lorentz_fraction, refine=2)
        worst = peak = 0.0
        for k in range(8):
            offset = Scan(scan.start + k * scan.step / 8, scan.step, 700)
            deviation = np.abs(np.log10(convolved(rows, offset, fwhm, lorentz_fraction) / dense[:, k::8]))
            worst = max(worst, deviation.max())
            peak = max(peak, deviation[:, np.abs(offset.angle) < 10].max())
        print(f"measured: sub-step offsets, Lorentz fraction {lorentz_fraction:g}: "
              f"{worst:.1e} in log10, {peak:.1e} at the peak")  # fmt: skip
        assert worst < 1e-3
        assert peak < 2e-5

    def test_coarse_grid_of_the_scan_would_depend_on_them(self, lab):
        # why the grid is finer than the scan: DESIGN.md section 4, 0.086 to 0.102
        peaks = []
        for k in range(8):
            scan = Scan(Scan().start - 150 + k * Scan().step / 8, Scan().step, 800)
            grid = Grid(scan.angle, np.full(800, scan.step))
            curve = reflectivity(lab, grid.angle) @ resolution_matrix(scan.angle, grid, 30.0, 0.0)
            peaks.append(curve.max())
        fine = [simulate(lab, scan=Scan(Scan().start + k * Scan().step / 8)).max() for k in range(8)]
        print(f"measured: peak over sub-step offsets, convolved on the scan's grid {min(peaks):.4f} to "
              f"{max(peaks):.4f}, on the finer one {min(fine):.4f} to {max(fine):.4f}")  # fmt: skip
        assert max(peaks) / min(peaks) > 1.1
        # what is left is the reading: the maximum of a 30 arcsec peak falls between two angles
        assert max(fine) / min(fine) < 1.015

    def test_ends_do_not_droop(self, reference):
        rows = reference("ggg444_dl100")["params"]
        scan = Scan()
        wide = Scan(scan.start - 300 * scan.step, scan.step, scan.n_points + 600)
        for fwhm, lorentz_fraction, tolerance in ((30.0, 0.0, 1e-10), (42.0, 0.12, 0.012), (30.0, 0.3, 0.025)):
            all_of_it = convolved(rows, wide, fwhm, lorentz_fraction)[:, 300:-300]
            deviation = np.abs(convolved(rows, scan, fwhm, lorentz_fraction) / all_of_it - 1).max(axis=1)
            print(f"measured: scan 150 arcsec beyond the ends against 1355, Lorentz fraction {lorentz_fraction:g}: "
                  f"worst {deviation.max():.1e}, median {np.median(deviation):.1e}")  # fmt: skip
            assert deviation.max() < tolerance
            assert np.median(deviation) < max(1e-10, tolerance / 10)


class TestNoise:
    def test_mean_and_variance_are_poisson(self):
        intensity = np.array([0.1, 0.05, 0.01, 0.001])
        draws = count_photons(np.tile(intensity, (40_000, 1)), 1000.0, np.random.default_rng(0))
        unit = 0.1 / 1000
        error = np.sqrt(intensity * unit / 40_000)  # of the mean
        assert (np.abs(draws.mean(axis=0) - intensity) < 4 * error).all()
        variance = intensity * unit
        counts = intensity / unit
        error = variance * np.sqrt((2 + 1 / counts) / 40_000)
        assert (np.abs(draws.var(axis=0) - variance) < 4 * error).all()

    def test_counts_are_whole_and_each_curve_has_its_own_peak(self):
        intensity = np.array([[1.0, 0.5, 0.25], [100.0, 50.0, 25.0]])
        draws = count_photons(intensity, 400.0, np.random.default_rng(0))
        counts = draws / np.array([[1 / 400], [100 / 400]])
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
        assert (np.abs(counts - [400, 200, 100]) < 100).all()

    def test_a_seed_is_a_curve(self, lab):
        noisy = Instrument(background=2e-4, peak_counts=1e4)
        one, same = (simulate(lab, instrument=noisy, rng=np.random.default_rng(7)) for _ in range(2))
        other = simulate(lab, instrument=noisy, rng=np.random.default_rng(8))
        np.testing.assert_array_equal(one, same)
        assert (one != other).any()
        smooth = simulate(lab, instrument=replace(noisy, peak_counts=None))
        unit = smooth.max() / 1e4
        pull = (one - smooth) / np.sqrt(smooth * unit)
        assert np.mean(pull**2) == pytest.approx(1, abs=4 * np.sqrt(2 / pull.size) + 0.1)

    def test_without_generator(self, lab):
        with pytest.raises(ValueError, match=r"rng: .* needs a numpy.random.Generator"):
            simulate(lab, instrument=Instrument(peak_counts=100.0))


class TestSimulate:
    def test_shapes(self, lab):
        assert xrdlib.simulate(lab).shape == (701,)
        assert simulate(lab[None]).shape == (1, 701)
        assert simulate(np.tile(lab, (3, 1))).shape == (3, 701)
        assert simulate(np.empty((0, 7))).shape == (0, 701)
        assert simulate(list(lab), scan=Scan(n_points=50)).shape == (50,)
        assert simulate(lab).dtype == np.float64

    def test_parameters_object_list_and_centimetres_are_one(self, lab):
        curve = simulate(lab)
        np.testing.assert_array_equal(simulate(StrainParameters.from_array(lab)), curve)
        np.testing.assert_array_equal(simulate(list(lab)), curve)
        in_cm = StrainParameters.from_cm(lab * np.array([1, 1, 1e-8, 1e-8, 1, 1e-8, 1e-8]))
        np.testing.assert_allclose(simulate(in_cm), curve, rtol=1e-9)

    def test_rows_are_independent(self, in_cube):
        rows = in_cube(np.random.default_rng(0).random((5, 7)))
        together = simulate(rows)
        for row, curve in zip(rows, together, strict=True):
            np.testing.assert_allclose(simulate(row), curve, rtol=1e-12)

    def test_inputs_are_not_overwritten(self, lab):
        rows = np.tile(lab, (3, 1))
        simulate(rows, disorder=np.array([1, 0.9, 0.8]))
        np.testing.assert_array_equal(rows, np.tile(lab, (3, 1)))

    def test_without_instrument_it_is_the_reflectivity(self, lab):
        for options in ({}, {"exact": True}, {"disorder": 0.8}, {"film": YIG_FILM}, {"bragg": "exact"},
                        {"layer_thickness": 50.0}, {"crystal": GGG_444_LAB}):  # fmt: skip
            np.testing.assert_array_equal(
                simulate(lab, instrument=None, **options), reflectivity(lab, Scan().angle, **options)[0]
            )

    def test_scale_and_background(self, lab):
        plain = simulate(lab)
        recorded = simulate(lab, instrument=Instrument(scale=1e5, background=30.0))
        np.testing.assert_allclose(recorded, 1e5 * plain + 30, rtol=1e-12)

    def test_default_is_a_gaussian_of_30_arcsec(self, lab):
        # the integral of the curve is that of the reflectivity, and its variance is larger by the Gaussian's
        fine = Scan(-1200.0, 2.0, 1600)
        narrow, broad = (
            simulate(np.array([1e-4, 1e-4, 500, 50, 1e-4, 500, 0]), scan=fine, instrument=i)
            for i in (Instrument(fwhm=15.0), Instrument())
        )
        assert broad.sum() == pytest.approx(narrow.sum(), rel=1e-4)
        inside = np.abs(fine.angle) < 150
        x = fine.angle[inside]

        def variance(curve):
            weight = curve[inside] / curve[inside].sum()
            return weight @ x**2 - (weight @ x) ** 2

        expected = (30**2 - 15**2) / (8 * np.log(2))
        assert variance(broad) - variance(narrow) == pytest.approx(expected, rel=0.02)

    def test_default_kernel_is_within_1e_5_of_exact(self, in_cube):
        rows = in_cube(np.random.default_rng(3).random((40, 7)))
        exact = simulate(rows, exact=True)
        deviation = np.abs(simulate(rows) / exact - 1).max()
        assert 0 < deviation < 1e-7

    def test_measure_is_what_simulate_does(self, lab):
        instrument = Instrument(fwhm=36.0, lorentz_fraction=0.2, scale=3.0, background=0.01)
        grid = simulation_grid(Scan(), fwhm=36.0)
        curve = measure(reflectivity(lab, grid.angle), grid, Scan().angle, instrument)
        np.testing.assert_array_equal(curve[0], simulate(lab, instrument=instrument))

    @pytest.mark.parametrize("n", [6, 8])
    def test_wrong_number_of_parameters(self, n):
        with pytest.raises(ValueError, match=f"seven numbers expected .*, {n} given"):
            simulate(np.ones(n))
        with pytest.raises(ValueError, match="seven numbers"):
            simulate(np.ones((2, 2, 7)))

    @pytest.mark.parametrize(
        ("field", "value"),
        [("fwhm", 0.0), ("lorentz_fraction", 1.1), ("scale", 0.0), ("background", -1e-9), ("peak_counts", 0.0),
         ("fwhm", np.nan), ("lorentz_fraction", np.nan)],
    )  # fmt: skip
    def test_impossible_instruments(self, field, value):
        with pytest.raises(ValueError, match=f"instrument: {field} = {value} given"):
            Instrument(**{field: value})

    @pytest.mark.parametrize(("field", "value"), [("step", 0.0), ("step", -1.0), ("step", np.nan), ("n_points", 1)])
    def test_impossible_scans(self, field, value):
        with pytest.raises(ValueError, match=r"scan: .* given"):
            Scan(**{field: value})
