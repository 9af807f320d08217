"""The recursion: closed forms, the equation itself, limits, invariants, stored curves (the measured lines: -rP)."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import solve_ivp

from xrdlib.simulation import (
    GGG_444,
    GGG_444_LAB,
    YIG_FILM,
    YIG_FILM_LAB,
    Film,
    Scan,
    reflectivity,
    simulate,
)
from xrdlib.simulation.crystals import ARCSEC
from xrdlib.simulation.strain import strain_layers, strain_profile

CUBE = arrays(np.float64, 7, elements=st.floats(0, 1))
ANGLE = np.arange(-300.0, 3000.0, 13.0)
NEAR = np.arange(-80.0, 80.0, 0.25)
DAMAGED = np.array([4e-3, 1e-3, 1500.0, 800.0, 1.5e-3, 1000.0, -50.0])


def both_polarisations(crystal, one):
    """(R_sigma + m R_pi) / (1 + m) behind the monochromator; ``one`` takes the polarisation factor."""
    c = abs(np.cos(2 * crystal.bragg_angle))
    m = np.sqrt(c)
    return (one(1.0) + m * one(c)) / (1 + m)


def batterman_cole(crystal, dth):
    """Semi-infinite crystal, symmetric Bragg, b = -1.

    Batterman & Cole (1964), Rev. Mod. Phys. 36, 681: eta = (-delta sin 2 thB + Gamma F_0) / (Gamma |P| F_H),
    |E_H / E_0|^2 = |eta +- sqrt(eta^2 - 1)|^2, with delta = theta - thB and F = F' + i F'', F'' > 0; delta is
    counted from the middle of the refracted peak, which removes F_0'.
    """
    f_0 = 1j * abs(crystal.chi_0i)
    f_h = abs(crystal.chi_hr) + 1j * abs(crystal.chi_hi[0])
    delta = -dth * ARCSEC

    def one(polarisation):
        eta = (-delta * np.sin(2 * crystal.bragg_angle) + f_0) / (polarisation * f_h)
        root = np.sqrt(eta**2 - 1)
        return np.maximum(np.abs(eta + root), np.abs(eta - root)) ** -2  # their product is 1

    return both_polarisations(crystal, one)


def takagi(profile, depth, angle, substrate, layer=None, disorder=1.0, rtol=1e-12):
    """dX/dz = i (sigma X^2 + y X + sigma) from z = 0 (substrate) to the surface by a Runge-Kutta method.

    ``profile`` gives the strain at a height above the substrate, as ``disorder`` may; ``depth`` is the height of the
    surface.
    """
    layer = layer or substrate
    theta = angle * ARCSEC
    b = substrate.bragg_angle
    k = np.pi / (substrate.wavelength * np.sin(b))

    def one(polarisation):
        def sigma(c):
            return k * polarisation * (c.chi_hr + 1j * c.chi_hi[0])

        def y(c, strain):
            return -2j * k * c.chi_0i - 2 * k * np.sin(2 * b) * (theta - strain * np.tan(b))

        y_0, sigma_0 = y(substrate, 0.0), sigma(substrate)
        root = np.sqrt(y_0**2 / (4 * sigma_0**2) - 1)
        start = -y_0 / (2 * sigma_0)
        start = np.where(np.abs(start + root) < 1, start + root, start - root)

        def slope(z, x):
            s = (disorder(z) if callable(disorder) else disorder) * sigma(layer)
            return 1j * (s * x**2 + y(layer, profile(z)) * x + s)

        end = solve_ivp(slope, (0, depth), start, method="DOP853", rtol=rtol, atol=1e-14).y[:, -1]
        return np.abs(end) ** 2

    return both_polarisations(substrate, one)


class TestClosedForms:
    @pytest.mark.parametrize("exact", [True, False])
    def test_substrate(self, no_strain, exact):
        angle = np.concatenate([NEAR, ANGLE])
        expected = batterman_cole(GGG_444, angle)
        result = reflectivity(no_strain, angle, exact=exact)
        np.testing.assert_allclose(result[0], expected, rtol=1e-12)

    def test_substrate_absorbs_less_at_the_low_angle_side(self, no_strain):
        angle = np.arange(-20.0, 20.0, 0.1)
        curve = reflectivity(no_strain, angle)[0]
        labs = reflectivity(no_strain, angle, crystal=GGG_444_LAB)[0]
        print(f"measured: substrate's peak {curve.max():.3f} at {angle[curve.argmax()]:+.1f} arcsec")
        print(f"measured: substrate's peak, GGG_444_LAB {labs.max():.3f} at {angle[labs.argmax()]:+.1f} arcsec")
        assert curve.max() == pytest.approx(0.6056, abs=5e-5)
        assert angle[curve.argmax()] == pytest.approx(1.6, abs=0.05)  # dth > 0: theta < thB
        # the lab's: polarisation factor twice in chi_hi of pi, and the peak mirrored
        assert labs.max() == pytest.approx(0.5724, abs=5e-5)
        assert angle[labs.argmax()] == pytest.approx(-1.4, abs=0.05)

    def test_sign_of_chi_hi_mirrors_the_substrate(self, no_strain):
        mirrored = replace(GGG_444, chi_hi=tuple(-c for c in GGG_444.chi_hi))
        np.testing.assert_allclose(
            reflectivity(no_strain, -NEAR, crystal=mirrored, exact=True),
            reflectivity(no_strain, NEAR, exact=True),
            rtol=1e-9,
        )

    @pytest.mark.parametrize("strain", [0.0, 5e-4, 5e-3, 0.03])
    def test_one_uniform_layer(self, layers, strain):
        peak = strain * np.tan(GGG_444.bragg_angle) / ARCSEC
        angle = np.concatenate([np.linspace(-40, 40, 9), peak + np.linspace(-80, 80, 9)])
        expected = takagi(lambda z: strain, 4000.0, angle, GGG_444)
        np.testing.assert_allclose(layers([strain] * 40, 100.0, angle), expected, rtol=1e-7)

    def test_one_uniform_layer_is_one_sublayer(self, exact_layers):
        angle = np.linspace(-100, 400, 60)
        expected = takagi(lambda z: 1.2e-3, 4000.0, angle, GGG_444)
        np.testing.assert_allclose(exact_layers([1.2e-3], 4000.0, angle), expected, rtol=1e-8)

    def test_disorder_weakens_the_layer_and_not_the_substrate(self, layers):
        angle = np.linspace(-50, 150, 20)
        expected = takagi(lambda z: 1e-3, 3000.0, angle, GGG_444, disorder=0.6)
        np.testing.assert_allclose(layers([1e-3] * 30, 100.0, angle, disorder=0.6), expected, rtol=1e-7)

    def test_film_and_strained_top(self, layers):
        angle = np.linspace(-250, 900, 40)
        film = Film(YIG_FILM.crystal, 8000.0)
        d = film.crystal.a / GGG_444.a - 1
        assert d < 0  # YIG is the smaller one: its peak lies at negative dth
        expected = takagi(lambda z: d, 8000.0, angle, GGG_444, film.crystal)
        np.testing.assert_allclose(layers([], 100.0, angle, film=film), expected, rtol=1e-7)

        # 3000 A of strained sublayers lie in the top of the film, whose thickness includes them
        strain = 3e-3
        bottom = takagi(lambda z: d if z < 5000 else (1 + strain) * (1 + d) - 1, 8000.0, angle, GGG_444, film.crystal)
        np.testing.assert_allclose(layers([strain] * 30, 100.0, angle, film=film), bottom, rtol=2e-6)

    def test_smooth_profile(self, exact_layers):
        # asymmetric, so that a recursion from the wrong end would show
        def strain(depth):
            return 4e-3 * np.exp(-(((depth - 900) / 700) ** 2)) + 1e-3 * np.exp(-depth / 2000)

        angle = np.linspace(-30, 600, 30)
        expected = takagi(lambda z: strain(4000 - z), 4000.0, angle, GGG_444)
        n = 1600
        fine = exact_layers(strain((np.arange(n) + 0.5) * 4000 / n), 4000 / n, angle)
        np.testing.assert_allclose(fine, expected, rtol=1e-4, atol=1e-7)

    def test_disorder_that_follows_the_strain(self):
        """``damage`` against the differential equation with E(z), on the lab's profile in sublayers of 5 A."""
        angle = np.linspace(-40, 1200, 32)
        profile = strain_profile(DAMAGED, layer_thickness=5.0)
        depth = len(profile.depth) * 5.0

        def strain(z):
            return np.interp(depth - z, profile.depth, profile.strain)

        largest = profile.strain.max()
        expected = takagi(
            strain,
            depth,
            angle,
            GGG_444,
            disorder=lambda z: 0.95 * np.exp(-1.5 * (strain(z) / largest) ** 2),
            rtol=1e-9,
        )
        result = reflectivity(DAMAGED, angle, layer_thickness=5.0, disorder=0.95, damage=1.5, exact=True)[0]
        np.testing.assert_allclose(result, expected, rtol=2e-3, atol=1e-7)
        plain = reflectivity(DAMAGED, angle, layer_thickness=5.0, disorder=0.95, exact=True)[0]
        assert np.abs(plain / expected - 1).max() > 0.3

    def test_zero_strain_leaves_the_substrate(self, layers):
        angle = np.concatenate([NEAR, ANGLE])
        np.testing.assert_allclose(layers([0.0] * 60, 100.0, angle), layers([], 100.0, angle), rtol=1e-9)

    def test_kinematic_limit_of_a_thin_layer(self, no_strain):
        # a weakly scattering film on a substrate that does not scatter: R = |sigma t|^2 sinc^2(phi)
        nothing = replace(GGG_444, chi_0i=-1e-16, chi_hr=1e-14, chi_hi=(-1e-17, -1e-17))
        weak = replace(GGG_444, a=12.40, chi_0i=0.0, chi_hr=GGG_444.chi_hr * 1e-3, chi_hi=(0.0, 0.0))
        thickness = 3000.0
        b = GGG_444.bragg_angle
        angle = np.linspace(-700, 900, 400)
        k = 2 * np.pi / GGG_444.wavelength
        phase = k * np.cos(b) * thickness * (angle * ARCSEC - (weak.a / GGG_444.a - 1) * np.tan(b))

        def one(polarisation):
            amplitude = k * polarisation * weak.chi_hr * thickness / (2 * np.sin(b))
            return (amplitude * np.sinc(phase / np.pi)) ** 2

        expected = both_polarisations(GGG_444, one)
        for exact in (True, False):
            result = reflectivity(no_strain, angle, crystal=nothing, film=Film(weak, thickness), exact=exact)[0]
            np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6 * expected.max())

    def test_layer_peak_follows_the_chosen_bragg_law(self, exact_layers):
        # theta_layer = asin(lambda / 2 d_layer), and dth = thB - theta
        b, strain = GGG_444.bragg_angle, 0.02
        exact_law = (b - np.arcsin(np.sin(b) / (1 + strain))) / ARCSEC
        linear_law = strain * np.tan(b) / ARCSEC
        for bragg, expected in (("exact", exact_law), ("linear", linear_law)):
            angle = expected + np.arange(-60, 60, 0.1)
            curve = exact_layers([strain] * 40, 100.0, angle, bragg=bragg)
            assert angle[curve.argmax()] == pytest.approx(expected, abs=1.0)
        with pytest.raises(ValueError, match="bragg: 'cubic' given"):
            exact_layers([strain], 100.0, ANGLE, bragg="cubic")


class TestStoredCurves:
    NAMES = (("ggg444_dl100", None, 100.0), ("ggg444_dl20", None, 20.0), ("yig_on_ggg444_dl100", YIG_FILM_LAB, 100.0))

    @pytest.mark.parametrize(("exact", "tolerance"), [(True, 1e-7), (False, 1e-5)], ids=["exact", "expanded"])
    @pytest.mark.parametrize(("name", "film", "thickness"), NAMES, ids=[n[0] for n in NAMES])
    def test_reflectivity(self, reference, name, film, thickness, exact, tolerance):
        stored = reference(name)
        result = reflectivity(
            stored["params"],
            stored["angle_arcsec"],
            crystal=GGG_444_LAB,
            film=film,
            layer_thickness=thickness,
            exact=exact,
        )
        deviation = np.abs(result / stored["reflectivity"] - 1).max()
        print(f"measured: {name}, {'exact' if exact else 'expanded'} kernel: {deviation:.0e} relative")
        assert deviation < tolerance

    def test_scan_is_the_lab_s(self, reference):
        stored = reference("ggg444_dl100")
        np.testing.assert_allclose(Scan().angle, stored["angle_arcsec"], rtol=0, atol=1e-9)


class TestInvariants:
    @staticmethod
    def check(rows, disorder, film, crystal=GGG_444):
        # deeper than YIG_FILM where a limit makes the profile deep
        film = film and Film(film.crystal, 60_000.0)
        options = {"crystal": crystal, "film": film, "disorder": disorder}
        curves = reflectivity(rows, ANGLE, exact=True, **options)
        assert np.isfinite(curves).all()
        assert (curves >= 0).all()
        assert (curves <= 1).all()
        np.testing.assert_allclose(reflectivity(rows, ANGLE, **options), curves, rtol=1e-6)

    @settings(max_examples=60)
    @given(CUBE, st.floats(0, 1, exclude_min=True), st.sampled_from([None, YIG_FILM]))
    def test_between_0_and_1_and_kernels_agree(self, in_cube, cube, disorder, film):
        self.check(in_cube(cube), disorder, film)

    @pytest.mark.parametrize("disorder", [1.0, 0.5, 1e-6])
    @pytest.mark.parametrize("film", [None, YIG_FILM], ids=["ggg", "yig"])
    def test_on_every_corner_of_the_space(self, in_cube, film, disorder):
        self.check(in_cube(np.array(list(product([0.0, 1.0], repeat=7)))), disorder, film)

    @pytest.mark.parametrize(("crystal", "film"), [(GGG_444, None), (GGG_444, YIG_FILM), (GGG_444_LAB, YIG_FILM_LAB)])
    def test_in_the_limits(self, lab, crystal, film):
        rows = np.tile(lab, (9, 1))
        rows[0, 1] = rows[0, 0]  # Dmax1 = D01
        rows[1, 3] = rows[1, 2] = 3550.0  # Rp1 = L1, in the middle of a sublayer
        rows[2, 4] = 1e-4  # D02 -> Dmin
        rows[3, 4] = 1e-4 * (1 + 1e-9)
        rows[4, :2] = 1e-4  # Dmax1 -> Dmin
        rows[5, :2] = 1e-4 * (1 + 1e-9)
        rows[6, 3] = 0.0
        rows[7, [0, 1, 4]] = 1e-4  # no strain at all
        rows[8, 6] = 0.0
        self.check(rows, np.linspace(0.2, 1, 9), film, crystal)

    @settings(max_examples=30)
    @given(CUBE, st.floats(0.1, 1), st.sampled_from([None, YIG_FILM]))
    def test_splitting_every_sublayer_in_two_changes_nothing(self, layers, in_cube, cube, disorder, film):
        strain = strain_layers(in_cube(cube))[0][0]
        options = {"disorder": disorder, "film": film}
        whole = layers(strain, 100.0, ANGLE, **options)
        halves = layers(np.repeat(strain, 2), 50.0, ANGLE, **options)
        # the floor: exact zeros of X, about which rounding is not relative
        np.testing.assert_allclose(halves, whole, rtol=1e-9 if layers.exact else 1e-7, atol=1e-17)

    def test_expansion_gives_way_to_the_closed_form_for_thick_sublayers(self, in_cube):
        rows = in_cube(np.random.default_rng(0).random((50, 7)))
        rows = rows[rows[:, 2] > 2500]  # thinner profiles have no sublayer of 2000 A, which is an error
        for thickness, tolerance in ((480.0, 1e-5), (500.0, 0.0), (2000.0, 0.0)):
            exact = reflectivity(rows, ANGLE, layer_thickness=thickness, exact=True)
            default = reflectivity(rows, ANGLE, layer_thickness=thickness)
            np.testing.assert_allclose(default, exact, rtol=tolerance)

    @pytest.mark.parametrize("thickness", [100.0, 480.0])
    def test_expansion_where_the_phase_of_a_sublayer_vanishes(self, exact_layers, expanded_layers, thickness):
        # sinc(phi) and its derivatives go over into their series at |phi| = 0.01
        strain = 0.01
        peak = strain * np.tan(GGG_444.bragg_angle) / ARCSEC
        angle = peak + np.linspace(-20, 20, 801)
        exact, expanded = (kernel([strain] * 8, thickness, angle) for kernel in (exact_layers, expanded_layers))
        np.testing.assert_allclose(expanded, exact, rtol=1e-9 if thickness == 100 else 3e-7)


class TestDiscretisation:
    def test_error_of_a_smooth_profile_is_of_second_order(self, exact_layers):
        angle = np.arange(-100.0, 1200.0, 7.0)
        curves = []
        for n in (50, 100, 200, 400):  # 100 to 12.5 A
            depth = (np.arange(n) + 0.5) * 5000 / n
            curves.append(exact_layers(0.008 * np.exp(-(((depth - 2500) / 1200) ** 2)), 5000 / n, angle))
        change = [np.abs(a - b).max() for a, b in pairwise(curves)]
        print("measured: largest change of R as dl is halved from 100, 50, 25 A:", [f"{c:.1e}" for c in change])
        assert 3.9 < change[0] / change[1] < 4.1
        assert 3.9 < change[1] / change[2] < 4.1

    def test_error_over_the_parameter_space(self, reference):
        # 40 profiles with a kink at Rp1 and an end at Dmin, both of which the sublayers may miss by half
        rows = reference("ggg444_dl100")["params"]
        angle = Scan().angle
        fine = simulate(rows, layer_thickness=12.5)
        rms = {}
        for thickness in (100.0, 50.0, 25.0):
            deviation = np.log10(simulate(rows, layer_thickness=thickness) / fine)
            for part, inside in (("< 1500", angle < 1500), ("> 1700", angle > 1700)):
                rms[thickness, part] = np.sqrt(np.mean(deviation[:, inside] ** 2, axis=1))
                median, worst = np.median(rms[thickness, part]), rms[thickness, part].max()
                print(f"measured: dl = {thickness:g} A, {part} arcsec: rms log10 {median:.5f}, worst {worst:.4f}")
        for part in ("< 1500", "> 1700"):
            assert np.median(rms[50.0, part]) < np.median(rms[100.0, part]) / 3
            assert np.median(rms[25.0, part]) < np.median(rms[50.0, part]) / 3
        assert np.median(rms[100.0, "< 1500"]) < 0.01
        assert rms[50.0, "< 1500"].max() < 0.01

    def test_sublayers_have_a_satellite_of_their_own(self, lab):
        # a period of dl repeats every strained peak lambda / (2 dl cos thB) further on
        satellite = GGG_444.wavelength / (2 * 100 * np.cos(GGG_444.bragg_angle)) / ARCSEC
        print(f"measured: satellite of 100 A sublayers {satellite:.0f} arcsec further on")
        angle = Scan().angle
        deviation = np.abs(np.log10(simulate(lab) / simulate(lab, layer_thickness=12.5)))
        print(f"measured: lab's experiment, dl = 100 A: log10 within {deviation[angle < satellite - 60].max():.4f} "
              f"below {satellite - 60:.0f} arcsec, {deviation.max():.2f} above")  # fmt: skip
        assert deviation[angle < satellite - 60].max() < 0.01
        assert 0.05 < deviation[angle > satellite].max() < 0.2


class TestArguments:
    def test_threads_do_not_change_a_bit(self, in_cube):
        rows = in_cube(np.random.default_rng(1).random((37, 7)))
        disorder = np.linspace(0.5, 1, 37)
        for exact in (True, False):
            one = reflectivity(rows, ANGLE, disorder=disorder, exact=exact, threads=1)
            for threads in (2, 5, None):
                np.testing.assert_array_equal(
                    reflectivity(rows, ANGLE, disorder=disorder, exact=exact, threads=threads), one
                )

    def test_rows_and_angles_are_independent(self, in_cube):
        rows = in_cube(np.random.default_rng(2).random((6, 7)))
        together = reflectivity(rows, ANGLE)
        for i, row in enumerate(rows):
            np.testing.assert_allclose(reflectivity(row, ANGLE[::-7])[0], together[i, ::-7], rtol=1e-12)

    def test_every_row_has_its_own_disorder(self, lab):
        disorder = np.array([1.0, 0.9, 0.5, 0.8])
        for exact in (True, False):
            together = reflectivity(np.tile(lab, (4, 1)), ANGLE, disorder=disorder, exact=exact, threads=1)
            for e, curve in zip(disorder, together, strict=True):
                np.testing.assert_allclose(reflectivity(lab, ANGLE, disorder=e, exact=exact)[0], curve, rtol=1e-12)
            assert (np.ptp(together, axis=0) > 0).all()

    def test_inputs_are_not_overwritten(self, lab):
        rows, angle, disorder = np.stack([lab, lab]), ANGLE.copy(), np.array([0.9, 1.0])
        copies = rows.copy(), angle.copy(), disorder.copy()
        reflectivity(rows, angle, disorder=disorder)
        for array, copy in zip((rows, angle, disorder), copies, strict=True):
            np.testing.assert_array_equal(array, copy)

    @pytest.mark.parametrize("exact", [True, False])
    def test_each_sublayer_s_disorder_falls_with_its_strain(self, layers, lab, exact):
        """Against the kernel, given the factors of every sublayer by hand."""
        strain = strain_layers(lab)[0][0]
        for damage in (0.3, 4.0):
            factor = 0.9 * np.exp(-damage * (strain / strain.max()) ** 2)
            assert np.ptp(factor) > 0.2
            result = reflectivity(lab, ANGLE, disorder=0.9, damage=damage, exact=exact)[0]
            np.testing.assert_allclose(result, layers(strain, 100.0, ANGLE, disorder=factor), rtol=1e-7)

    @pytest.mark.parametrize("film", [None, YIG_FILM])
    def test_no_damage_changes_no_bit(self, in_cube, film):
        rows = in_cube(np.random.default_rng(4).random((5, 7)))
        for exact in (True, False):
            plain = reflectivity(rows, ANGLE, disorder=0.9, film=film, exact=exact)
            result = reflectivity(rows, ANGLE, disorder=0.9, damage=np.zeros(5), film=film, exact=exact)
            np.testing.assert_array_equal(result, plain)

    @pytest.mark.parametrize("film", [None, YIG_FILM])
    def test_damage_of_even_strain_is_disorder(self, film):
        even = np.array([2e-3, 2e-3, 3000.0, 3000.0, 1e-4, 500.0, 0.0])
        result = reflectivity(even, ANGLE, disorder=0.8, damage=0.5, film=film)
        np.testing.assert_allclose(
            result, reflectivity(even, ANGLE, disorder=0.8 * np.exp(-0.5), film=film), rtol=1e-12
        )

    @pytest.mark.parametrize("exact", [True, False])
    def test_amorphous_layer_only_absorbs(self, no_strain, exact):
        """E = 0: what the substrate reflects, through 3000 A of absorber and back; E underflows to 0 exactly."""
        even = np.array([2e-3, 2e-3, 3000.0, 3000.0, 1e-4, 500.0, 0.0])
        linear = 2 * np.pi * abs(GGG_444.chi_0i) / GGG_444.wavelength  # absorption coefficient, 1/A
        loss = np.exp(-linear * 2 * 3000.0 / np.sin(GGG_444.bragg_angle))
        result = reflectivity(even, NEAR, damage=800.0, exact=exact)
        np.testing.assert_allclose(result, loss * reflectivity(no_strain, NEAR), rtol=1e-10)

    def test_every_row_has_its_own_damage(self, lab, no_strain):
        rows, damage = np.stack([lab, no_strain, lab, lab, lab]), np.array([1.0, 0.9, 0.5, 0.0, 3.0])
        together = reflectivity(rows, ANGLE, damage=damage)
        for row, w, curve in zip(rows, damage, together, strict=True):
            np.testing.assert_allclose(reflectivity(row, ANGLE, damage=w)[0], curve, rtol=1e-12)
        np.testing.assert_array_equal(together[1], reflectivity(no_strain, ANGLE)[0])

    @pytest.mark.parametrize("damage", [-1e-9, np.nan, np.inf])
    def test_damage_out_of_range(self, lab, damage):
        with pytest.raises(ValueError, match=r"damage: .* given, zero or a positive number expected"):
            reflectivity(np.stack([lab, lab]), ANGLE, damage=[1.0, damage])

    @pytest.mark.parametrize("disorder", [0.0, -0.1, 1.01, np.nan])
    def test_disorder_out_of_range(self, lab, disorder):
        with pytest.raises(ValueError, match=r"disorder: .* given, 0 < E <= 1 expected"):
            reflectivity(np.stack([lab, lab]), ANGLE, disorder=[1.0, disorder])

    def test_film_too_thin_for_its_sublayers(self, lab):
        with pytest.raises(ValueError, match="film: 3000 A of film cannot hold"):
            reflectivity(lab, ANGLE, film=Film(YIG_FILM.crystal, 3000.0))
