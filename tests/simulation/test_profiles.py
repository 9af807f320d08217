"""Curves of strain profiles given sublayer by sublayer: the seven parameters' again, and what these cannot say."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import solve_ivp

from xrdlib.simulation import (
    GGG_444,
    YIG_FILM,
    Crystal,
    Film,
    Instrument,
    Scan,
    reflectivity,
    simulate,
    simulate_profile,
    strain_profile,
)
from xrdlib.simulation.crystals import ARCSEC

CUBE = arrays(np.float64, 7, elements=st.floats(0, 1))
SHORT = Scan(-60.0, 12.0, 60)


@settings(max_examples=40, deadline=None)
@given(CUBE, st.booleans())
def test_strain_of_the_seven_parameters_gives_their_curve_to_the_last_bit(in_cube, cube, exact) -> None:
    parameters = in_cube(cube)[0]
    strain = strain_profile(parameters).strain
    curve = simulate_profile(strain, scan=SHORT, instrument=None, exact=exact)
    np.testing.assert_array_equal(curve, reflectivity(parameters, SHORT.angle, exact=exact)[0])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"exact": True, "bragg": "exact"},
        {"film": YIG_FILM},
        {"disorder": 0.9},
        {"layer_thickness": 40.0},
        {"instrument": Instrument(36.0, 0.2, 2.0, 1e-3)},
    ],
    ids=["defaults", "exact", "film", "disorder", "thin", "instrument"],
)
def test_every_option_means_what_it_means_in_simulate(lab, options) -> None:
    thickness = {k: v for k, v in options.items() if k == "layer_thickness"}
    strain = strain_profile(lab, **thickness).strain
    np.testing.assert_array_equal(simulate_profile(strain, **options), simulate(lab, **options))


def test_counting_noise_is_of_the_generator(lab) -> None:
    strain, instrument = strain_profile(lab).strain, Instrument(peak_counts=1e3)
    curves = [
        simulate_profile(strain, instrument=instrument, rng=np.random.default_rng(3)),
        simulate(lab, instrument=instrument, rng=np.random.default_rng(3)),
    ]
    np.testing.assert_array_equal(*curves)
    with pytest.raises(ValueError, match=r"rng: "):
        simulate_profile(strain, instrument=instrument)


def test_rows_are_profiles(lab) -> None:
    strain = np.array([strain_profile(lab).strain[:20] * f for f in (1.0, 0.5, -0.5, 0.0, 2.0)])
    curves = simulate_profile(strain, scan=SHORT, instrument=None)
    assert curves.shape == (5, 60)
    for row, curve in zip(strain, curves, strict=True):
        np.testing.assert_array_equal(simulate_profile(row, scan=SHORT, instrument=None), curve)
    assert simulate_profile(strain, scan=SHORT).shape == (5, 60)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, st.integers(1, 60), elements=st.floats(-0.03, 0.03)),
    st.floats(0.05, 1.0),
    st.sampled_from([GGG_444, YIG_FILM.crystal]),
    st.sampled_from(["linear", "exact"]),
)
def test_closed_form_and_default_kernel_agree(strain, disorder, crystal: Crystal, bragg) -> None:
    options = {"scan": SHORT, "instrument": None, "crystal": crystal, "bragg": bragg, "disorder": disorder}
    exact = simulate_profile(strain, exact=True, **options)
    assert ((exact >= 0) & (exact <= 1)).all()
    np.testing.assert_allclose(simulate_profile(strain, **options), exact, rtol=1e-5, atol=1e-12)


def test_compression_and_steps_against_the_equation() -> None:
    """dX/dz = i (sigma X^2 + y X + sigma), integrated step by step, for a profile that seven parameters cannot say."""
    strain, dl = np.array([0.002, -0.001, 0.0, 0.003]), 400.0
    scan = Scan(-150.0, 30.0, 17)
    crystal, theta, b = GGG_444, scan.angle * ARCSEC, GGG_444.bragg_angle
    k = np.pi / (crystal.wavelength * np.sin(b))

    def along(sigma: complex, y: np.ndarray, _: float, x: np.ndarray) -> np.ndarray:
        return 1j * (sigma * x**2 + y * x + sigma)

    def one(polarisation: float) -> np.ndarray:
        sigma = k * polarisation * (crystal.chi_hr + 1j * crystal.chi_hi[0])

        def y(e: float) -> np.ndarray:
            return -2j * k * crystal.chi_0i - 2 * k * np.sin(2 * b) * (theta - e * np.tan(b))

        root = np.sqrt(y(0.0) ** 2 / (4 * sigma**2) - 1)
        x = -y(0.0) / (2 * sigma)
        x = np.where(np.abs(x + root) < 1, x + root, x - root)
        for e in strain[::-1]:
            slope = partial(along, sigma, y(e))
            x = solve_ivp(slope, (0, dl), x, "DOP853", rtol=1e-11, atol=1e-14).y[:, -1]
        return np.abs(x) ** 2

    c = abs(np.cos(2 * b))
    expected = (one(1.0) + np.sqrt(c) * one(c)) / (1 + np.sqrt(c))
    curve = simulate_profile(strain, scan=scan, layer_thickness=dl, instrument=None, exact=True)
    np.testing.assert_allclose(curve, expected, rtol=1e-7)


class TestInvariants:
    strain = np.array([0.001, 0.004, 0.002])

    def test_unstrained_sublayers_below_are_substrate(self) -> None:
        deeper = np.concatenate([self.strain, np.zeros(30)])
        a, b = (simulate_profile(s, instrument=None, exact=True) for s in (self.strain, deeper))
        np.testing.assert_allclose(a, b, rtol=1e-9)

    def test_but_not_if_they_are_disordered(self) -> None:
        deeper = np.concatenate([self.strain, np.zeros(30)])
        a, b = (simulate_profile(s, instrument=None, disorder=0.5) for s in (self.strain, deeper))
        assert np.abs(np.log10(a / b)).max() > 0.01

    def test_two_halves_of_a_sublayer_are_the_sublayer(self) -> None:
        halves = simulate_profile(np.repeat(self.strain, 2), layer_thickness=50.0, instrument=None, exact=True)
        np.testing.assert_allclose(halves, simulate_profile(self.strain, instrument=None, exact=True), rtol=1e-9)

    def test_no_sublayer_is_the_bare_substrate(self, no_strain) -> None:
        np.testing.assert_array_equal(simulate_profile([]), simulate(no_strain))

    def test_each_sublayer_has_its_own_disorder(self) -> None:
        same = simulate_profile(self.strain, disorder=[0.8, 0.8, 0.8], instrument=None)
        np.testing.assert_array_equal(same, simulate_profile(self.strain, disorder=0.8, instrument=None))
        surface, below = (
            simulate_profile(self.strain, disorder=e, instrument=None) for e in ([0.5, 1, 1], [1, 1, 0.5])
        )
        assert np.abs(np.log10(surface / below)).max() > 0.01

    def test_damage_that_follows_the_strain_is_one_of_them(self, lab) -> None:
        strain = strain_profile(lab).strain
        each = 0.95 * np.exp(-0.3 * (strain / strain.max()) ** 2)
        np.testing.assert_array_equal(simulate_profile(strain, disorder=each), simulate(lab, disorder=0.95, damage=0.3))

    def test_compressed_layer_is_on_the_other_side(self) -> None:
        scan = Scan(-400.0, 2.0, 401)
        sides = {}
        for sign in (1, -1):
            curve = simulate_profile(np.full(50, sign * 0.002), scan=scan)
            away = np.abs(scan.angle) > 120
            sides[sign] = scan.angle[away][curve[away].argmax()]
        expected = 0.002 * np.tan(GGG_444.bragg_angle) / ARCSEC
        assert sides[1] == pytest.approx(expected, abs=4)
        assert sides[-1] == pytest.approx(-expected, abs=4)

    def test_fringes_of_a_deep_profile_are_sampled(self) -> None:
        """Those of 4.4 micrometres are as far apart as the lab's angles: a grid that knows no depth would miss them."""
        strain, step = np.full(44, 0.003), Scan().step
        fine = simulate_profile(strain, scan=Scan(150.0, step / 10, 1001), layer_thickness=1000.0)
        coarse = simulate_profile(strain, scan=Scan(150.0, step, 101), layer_thickness=1000.0)
        np.testing.assert_allclose(coarse, fine[::10], rtol=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulate_profile(0.001), r"strain: shape \(k,\) or \(n, k\) expected"),
        (lambda: simulate_profile(np.zeros((1, 2, 3))), r"strain: shape \(k,\)"),
        (lambda: simulate_profile([0.001, np.nan]), r"strain: finite numbers expected, nan at 1"),
        (lambda: simulate_profile([0.001, 0.8]), r"strain: 0\.8 of sublayer 1 given, within 0\.1 .*per cent"),
        (lambda: simulate_profile([[0.0, 0.0], [0.0, 8094.0]]), r"strain: 8094 of sublayer 1 .*ppm"),
        (lambda: simulate_profile("profile.txt"), r"strain: numbers expected, text"),
        (lambda: simulate_profile(strain_profile([0.008, 0.001, 5200, 3500, 0.0025, 3000, -50])), r"strain: 50 of"),
        (lambda: simulate_profile(np.zeros(3000)), r"strain: 3000 sublayers of 100 A given, at most 200000 A"),
        (lambda: simulate_profile([0.001], layer_thickness=0), r"layer_thickness = 0 A given"),
        (lambda: simulate_profile([0.001], disorder=0), r"disorder: 0.* given, 0 < E <= 1"),
        (lambda: simulate_profile([0.001, 0.0], disorder=[0.9]), r"disorder: .*one for each sublayer.*\(1,\) given"),
        (lambda: simulate_profile([0.001], bragg="braggs"), r"bragg: 'braggs' given"),
        (lambda: simulate_profile(np.zeros(9), film=Film(YIG_FILM.crystal, 500.0)), r"film: 500 A of film"),
        (
            lambda: simulate_profile([-0.09], crystal=Crystal("X", 12.383, -1e-6, 1e-6, (-1e-6, -1e-6), (8, 8, 11)),
                                     bragg="exact"),
            r"strain: -0\.09 given, above -0\.0\d+ expected; below there is no reflection",
        ),
    ],
)  # fmt: skip
def test_refusals(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
