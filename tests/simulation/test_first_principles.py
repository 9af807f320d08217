"""Against xrayutilities: constants from the crystal structure, curves from its dynamical theories.

xrayutilities (Kriegner, Wintersberger & Stangl 2013, J. Appl. Cryst. 46, 1162) counts the angle of incidence
theta and refracts at the surface. Here dth = thB - theta and refraction is left out, so that

    theta = thB + |chi_0r| / sin(2 thB) - dth

(9.8 arcsec for GGG). ``DynamicalModel`` solves the full quartic dispersion relation (four tie points, exact Bragg law);
``SimpleDynamicalCoplanarModel`` is the two-beam theory of this package: linear in strain. Lines "measured": -rP.
"""

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.simulation import GGG_444, YIG_FILM
from xrdlib.simulation.crystals import ARCSEC, CU_K_ALPHA1, GGG_444_LAB

xu = pytest.importorskip("xrayutilities")

# oxygen on 96h. Refined coordinates of garnets scatter by about 0.0015; these put Gd-O at 2.37 and 2.47 A, Ga-O at
# 2.00 A (16a) and 1.85 A (24d), the sums of Shannon's ionic radii being 2.43, 2.00, 1.85
OXYGEN = (-0.0289, 0.0542, 0.1498)
ENERGY = xu.lam2en(CU_K_ALPHA1)
B = GGG_444.bragg_angle


def garnet(a, large="Gd", small="Ga", oxygen=OXYGEN, b=0.0):
    """A garnet from its structure; b is an isotropic temperature factor in A^2."""
    lattice = xu.materials.SGLattice(
        230,
        a,
        atoms=[large, small, small, "O"],
        pos=["24c", "16a", "24d", ("96h", oxygen)],
        b=[b] * 4,
    )
    return xu.materials.Crystal(f"{large}3{small}5O12", lattice)


def susceptibilities(crystal):
    """chi_0, |Re chi_h| and |Im chi_h| of (444)."""
    return crystal.chi0(ENERGY), *crystal.chih(crystal.Q(4, 4, 4), ENERGY)


CHI_0, CHI_HR, CHI_HI = susceptibilities(garnet(GGG_444.a))
# GGG with xrayutilities' susceptibilities: what is left between two curves is the theory
CRYSTAL = replace(GGG_444, chi_0i=-CHI_0.imag, chi_hr=CHI_HR, chi_hi=(-CHI_HI, -CHI_HI))
REFRACTION = -CHI_0.real / np.sin(2 * B) / ARCSEC


def xu_curve(model, strain, thickness, dth):
    """Reflectivity of sublayers (surface first) by one of xrayutilities' models, at dth in arcsec."""
    simple = model is xu.simpack.SimpleDynamicalCoplanarModel
    # the simple model of 1.8.0 has the wrong sign in the phase of its layers (see the test below)
    sign = -1 if simple else 1
    layers = [xu.simpack.Layer(garnet(GGG_444.a), np.inf)]
    layers += [xu.simpack.Layer(garnet(GGG_444.a * (1 + s)), sign * thickness) for s in strain[::-1]]
    m = model(
        *layers,
        experiment=xu.HXRD([1, -1, 0], [1, 1, 1], en=ENERGY),
        energy=ENERGY,
        polarization="both",
        Cmono=np.sqrt(abs(np.cos(2 * B))),
    )
    m.set_hkl((4, 4, 4))
    # the same chi in every layer: an expanded cubic cell would be less dense as well
    m.chi0 = np.full(len(layers), m.chi0[0])
    for chi in (m.chih, m.chimh):
        for polarisation in chi:
            chi[polarisation] = np.full(len(layers), chi[polarisation][0])
    theta = np.degrees(B) + (REFRACTION - dth) / 3600
    return m.simulate(theta, **({"idxref": 0} if simple else {}))


def peak(angle, curve, centre, width):
    """Position of the maximum within ``width`` of ``centre``, by a parabola through log R."""
    inside = np.flatnonzero(np.abs(angle - centre) < width)
    i = inside[curve[inside].argmax()]
    near = slice(i - 3, i + 4)
    a, b, _ = np.polyfit(angle[near] - angle[i], np.log(curve[near]), 2)
    return angle[i] - b / (2 * a)


class TestConstants:
    def test_bragg_angle(self):
        q = np.linalg.norm(garnet(GGG_444.a).Q(4, 4, 4))
        assert np.arcsin(q * CU_K_ALPHA1 / (4 * np.pi)) == pytest.approx(B, rel=1e-12)
        print(f"measured: Bragg angle {np.degrees(B):.4f} deg, refraction {REFRACTION:.1f} arcsec")

    @pytest.mark.parametrize(("b", "tolerance"), [(0.0, 0.02), (0.3, 0.02)])
    def test_susceptibilities_of_ggg(self, b, tolerance):
        chi_0, chi_hr, chi_hi = susceptibilities(garnet(GGG_444.a, b=b))
        ratios = {
            "chi_0i": chi_0.imag / -GGG_444.chi_0i,
            "chi_hr": chi_hr / GGG_444.chi_hr,
            "chi_hi": chi_hi / -GGG_444.chi_hi[0],
        }
        for name, ratio in ratios.items():
            print(f"measured: GGG, temperature factor {b} A^2: {name} of xrayutilities {100 * (ratio - 1):+.1f} %")
            assert ratio == pytest.approx(1, abs=tolerance), name

    def test_susceptibilities_of_yig(self):
        chi_0, chi_hr, chi_hi = susceptibilities(garnet(YIG_FILM.crystal.a, "Y", "Fe", (-0.0274, 0.0572, 0.1495)))
        film = YIG_FILM.crystal
        ratios = {
            "chi_0i": chi_0.imag / -film.chi_0i, "chi_hr": chi_hr / film.chi_hr, "chi_hi": chi_hi / -film.chi_hi[0]
        }  # fmt: skip
        for name, ratio in ratios.items():
            print(f"measured: YIG, without temperature factor: {name} of xrayutilities {100 * (ratio - 1):+.1f} %")
            assert ratio == pytest.approx(1, abs=0.05), name

    def test_oxygen_hardly_matters(self):
        changes = []
        for i in range(3):
            for step in (-0.0015, 0.0015):
                oxygen = list(OXYGEN)
                oxygen[i] += step
                changes.append(susceptibilities(garnet(GGG_444.a, oxygen=tuple(oxygen)))[1] / CHI_HR - 1)
        print(f"measured: GGG, oxygen moved by 0.0015: chi_hr by up to {100 * max(np.abs(changes)):.1f} %")
        assert max(np.abs(changes)) < 0.012


class TestSubstrate:
    ANGLE = np.arange(-300.0, 600.0, 0.5)

    def test_two_beam_theory_is_the_same(self, exact_layers):
        expected = xu_curve(xu.simpack.SimpleDynamicalCoplanarModel, [], 100.0, self.ANGLE)
        result = exact_layers([], 100.0, self.ANGLE, crystal=CRYSTAL)
        deviation = np.abs(result / expected - 1).max()
        print(f"measured: substrate against SimpleDynamicalCoplanarModel: {deviation:.0e} relative")
        assert deviation < 1e-9

    def test_dynamical_model(self, exact_layers):
        expected = xu_curve(xu.simpack.DynamicalModel, [], 100.0, self.ANGLE)
        result = exact_layers([], 100.0, self.ANGLE, crystal=CRYSTAL)
        near = np.abs(self.ANGLE) < 60
        print(f"measured: substrate against DynamicalModel: R within {np.abs(result - expected).max():.0e}, "
              f"{np.abs(result / expected - 1)[near].max():.4f} relative within 60 arcsec")  # fmt: skip
        np.testing.assert_allclose(result, expected, rtol=0.005, atol=1e-6)

    def test_lab_s_sign_of_chi_hi_is_mirrored(self, exact_layers):
        # the reason why GGG_444 and GGG_444_LAB differ in the sign of chi_hi
        angle = np.arange(-20.0, 20.0, 0.1)
        expected = xu_curve(xu.simpack.DynamicalModel, [], 100.0, angle)
        wrong = replace(CRYSTAL, chi_hi=(CHI_HI, CHI_HI))
        assert np.sign(GGG_444_LAB.chi_hi[0]) == np.sign(wrong.chi_hi[0])
        right, mirrored = (exact_layers([], 100.0, angle, crystal=c) for c in (CRYSTAL, wrong))
        positions = [peak(angle, curve, 0, 10) for curve in (expected, right, mirrored)]
        print("measured: substrate's peak, DynamicalModel {:+.2f}, chi_hi < 0 {:+.2f}, chi_hi > 0 {:+.2f} arcsec; "
              "largest deviation {:.0e} and {:.2f}".format(*positions, np.abs(right - expected).max(),
              np.abs(mirrored - expected).max()))  # fmt: skip
        np.testing.assert_allclose(right, expected, atol=3e-4)
        assert np.abs(mirrored - expected).max() > 0.2


class TestStrainedLayers:
    # surface first, not symmetric: a profile turned upside down would show
    PROFILE, THICKNESS = (6e-4, 1e-3, 9e-4, 5e-4, 2e-4), 600.0
    ANGLE = np.arange(-150.0, 300.0, 0.2)

    def test_two_beam_theory_is_the_same(self, exact_layers):
        expected = xu_curve(xu.simpack.SimpleDynamicalCoplanarModel, self.PROFILE, self.THICKNESS, self.ANGLE)
        result = exact_layers(self.PROFILE, self.THICKNESS, self.ANGLE, crystal=CRYSTAL)
        deviation = np.abs(result / expected - 1).max()
        print(f"measured: five layers against SimpleDynamicalCoplanarModel: {deviation:.0e} relative")
        assert deviation < 1e-8

    @pytest.mark.parametrize(("bragg", "rms"), [("linear", 0.006), ("exact", 0.003)])
    def test_dynamical_model(self, exact_layers, bragg, rms):
        expected = xu_curve(xu.simpack.DynamicalModel, self.PROFILE, self.THICKNESS, self.ANGLE)
        result = exact_layers(self.PROFILE, self.THICKNESS, self.ANGLE, crystal=CRYSTAL, bragg=bragg)
        layers = (self.ANGLE > 30) & (self.ANGLE < 150)
        centre = self.ANGLE[layers][expected[layers].argmax()]
        distance = [peak(self.ANGLE, c, centre, 15) - peak(self.ANGLE, c, 0, 15) for c in (result, expected)]
        deviation = np.log10(result / expected)
        print(f"measured: five layers up to 1e-3, {bragg}, against DynamicalModel: distance from the substrate "
              f"{distance[0]:.2f} and {distance[1]:.2f} arcsec, R within {np.abs(result - expected).max():.0e}, "
              f"rms log10 {np.sqrt(np.mean(deviation**2)):.4f}")  # fmt: skip
        assert abs(distance[0] - distance[1]) < 1.0
        assert np.abs(result - expected).max() < 5e-4
        # R is 1e-6 to 1e-4 between the fringes, whose minima move with their layers by up to 0.1 arcsec
        assert np.sqrt(np.mean(deviation**2)) < rms

    @pytest.mark.parametrize("labs_sign", [True, False])
    def test_the_lab_s_sign_of_chi_hi_would_move_the_layers(self, exact_layers, labs_sign):
        crystal = replace(CRYSTAL, chi_hi=(CHI_HI, CHI_HI)) if labs_sign else CRYSTAL
        strain, angle = [1e-3], np.arange(-30.0, 180.0, 0.1)
        expected = xu_curve(xu.simpack.DynamicalModel, strain, 5000.0, angle)
        result = exact_layers(strain, 5000.0, angle, crystal=crystal)
        distance = [peak(angle, c, 98, 25) - peak(angle, c, 0, 15) for c in (result, expected)]
        off = abs(distance[0] - distance[1])
        print(f"measured: 5000 A of strain 1e-3, {'lab' if labs_sign else 'right'} sign: off by {off:.2f} arcsec")
        assert 2 < off < 4 if labs_sign else off < 0.2  # 0.1 is the linear shift's

    def test_xrayutilities_simple_model_needs_its_layers_phase_reversed(self, exact_layers):
        # as it is in 1.8.0 it contradicts its own DynamicalModel; should that change, ``xu_curve`` must follow
        reversed_, as_it_is = (
            xu_curve(xu.simpack.SimpleDynamicalCoplanarModel, [1e-3], sign * 3000.0, self.ANGLE) for sign in (1, -1)
        )
        full = xu_curve(xu.simpack.DynamicalModel, [1e-3], 3000.0, self.ANGLE)
        print(f"measured: SimpleDynamicalCoplanarModel against DynamicalModel: {np.abs(as_it_is - full).max():.2f}, "
              f"with the phase of its layers reversed {np.abs(reversed_ - full).max():.0e}")  # fmt: skip
        assert np.abs(reversed_ - full).max() < 5e-4
        assert np.abs(as_it_is - full).max() > 0.1


@pytest.mark.parametrize(
    ("strain", "linear_is_off_by", "exact_within"), [(1e-3, 0.1, 0.02), (1e-2, 10.9, 0.1), (3e-2, 95.5, 0.3)]
)
def test_linear_shift_against_the_bragg_law(exact_layers, strain, linear_is_off_by, exact_within):
    """Distance of a uniform 5000 A layer from the substrate's peak: linear, exact, Bragg law, xrayutilities."""
    law = (B - np.arcsin(np.sin(B) / (1 + strain))) / ARCSEC
    linear = strain * np.tan(B) / ARCSEC
    substrate = np.arange(-20.0, 20.0, 0.1)
    near = np.arange(law - 40, linear + 40, 0.1)
    angle = np.unique(np.concatenate([substrate, near]))
    layer = [strain]
    curves = {
        "linear": exact_layers(layer, 5000.0, angle, crystal=CRYSTAL),
        "exact": exact_layers(layer, 5000.0, angle, crystal=CRYSTAL, bragg="exact"),
        "xrayutilities": xu_curve(xu.simpack.DynamicalModel, layer, 5000.0, angle),
    }
    centre = {"linear": linear, "exact": law, "xrayutilities": law}
    distance = {k: peak(angle, c, centre[k], 25) - peak(angle, c, 0, 15) for k, c in curves.items()}
    print(f"measured: strain {strain:g}: law {law:.1f} and linear {linear:.1f}; peaks linear {distance['linear']:.1f}, "
          f"exact {distance['exact']:.1f}, xrayutilities {distance['xrayutilities']:.1f} arcsec; linear off by "
          f"{distance['linear'] - distance['xrayutilities']:.1f}")  # fmt: skip
    assert linear - law == pytest.approx(linear_is_off_by, rel=0.02, abs=0.05)
    assert distance["linear"] - distance["xrayutilities"] == pytest.approx(linear_is_off_by, rel=0.02, abs=0.05)
    assert distance["exact"] == pytest.approx(distance["xrayutilities"], abs=exact_within)
