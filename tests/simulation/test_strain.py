"""Strain profiles: what the seven parameters mean, the limits, the stored profiles, bad input."""

from math import exp, log
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xrdlib.simulation import PARAMETERS, StrainParameters, as_parameters, strain_profile
from xrdlib.simulation.strain import DMIN, strain_layers

CUBE = arrays(np.float64, 7, elements=st.floats(0, 1))


def strain_by_hand(p, z):
    """DESIGN.md section 4, one depth at a time, for parameters away from the limits."""
    dmax1, d01, l1, rp1, d02, l2, rp2 = p
    s1 = (l1 - rp1) ** 2 / log(dmax1 / 1e-4)
    s2 = rp1**2 / log(dmax1 / d01)
    s3 = l2 * (l2 - 2 * rp2) / log(d02 / 1e-4)
    asymmetric = dmax1 * exp(-((z - rp1) ** 2) / (s2 if z < rp1 else s1))
    decaying = d02 * exp(rp2**2 / s3) * exp(-((z - rp2) ** 2) / s3)
    return asymmetric, decaying


def test_formula(lab):
    profile = strain_profile(lab)
    by_hand = np.array([strain_by_hand(lab, z) for z in profile.depth])
    np.testing.assert_allclose(profile.asymmetric, by_hand[:, 0], rtol=1e-12)
    np.testing.assert_allclose(profile.decaying, by_hand[:, 1], rtol=1e-12)
    np.testing.assert_allclose(profile.strain, by_hand.sum(axis=1), rtol=1e-12)


def test_parameters_are_what_they_are_called(lab):
    # sublayers of 0.1 A: the first is the surface, and every depth below is met within 0.05 A
    profile = strain_profile(lab, layer_thickness=0.1)

    def at(part, depth):
        return part[np.argmin(np.abs(profile.depth - depth))]

    assert at(profile.asymmetric, 0) == pytest.approx(lab[1], rel=1e-3)
    assert profile.asymmetric.max() == pytest.approx(lab[0], rel=1e-6)
    assert profile.depth[profile.asymmetric.argmax()] == pytest.approx(lab[3], abs=0.06)
    assert at(profile.asymmetric, lab[2]) == pytest.approx(DMIN, rel=1e-3)
    assert at(profile.decaying, 0) == pytest.approx(lab[4], rel=1e-3)
    assert at(profile.decaying, lab[5]) == pytest.approx(DMIN, rel=1e-3)


def test_sublayers_end_before_the_first_below_dmin(lab):
    profile = strain_profile(lab)
    n = len(profile.depth)
    np.testing.assert_allclose(profile.depth, 100 * (np.arange(n) + 0.5))
    assert (profile.strain > DMIN).all()
    assert sum(strain_by_hand(lab, 100 * (n + 0.5))) <= DMIN
    assert profile.depth.shape == profile.asymmetric.shape == profile.decaying.shape


def test_strain_may_dip_below_dmin_and_the_rest_is_left_out():
    # surface peak of the decaying part, then nothing, then the asymmetric peak: only the first is sublayers
    profile = strain_profile([0.03, 0.0005, 7000, 5000, 0.02, 600, 0])
    assert profile.depth[-1] < 7000
    narrow = strain_profile([0.03, 1e-20, 5100, 5000, 0.02, 600, 0])
    assert narrow.depth[-1] < 1000


@given(CUBE)
def test_layers_agree_with_profile_over_the_parameter_space(in_cube, cube):
    rows = np.concatenate([in_cube(cube), in_cube(1 - cube)])
    strain, n_layers = strain_layers(rows)
    assert np.isfinite(strain).all()
    assert strain.shape == (2, n_layers.max())
    for row, values, n in zip(rows, strain, n_layers, strict=True):
        profile = strain_profile(row)
        assert len(profile.strain) == n
        np.testing.assert_array_equal(values[:n], profile.strain)
        np.testing.assert_array_equal(values[n:], 0)


class TestLimits:
    def test_dmax1_equal_d01_is_flat_above_the_peak(self, lab):
        p = lab.copy()
        p[1] = p[0]
        profile = strain_profile(p)
        above = profile.depth < p[3]
        np.testing.assert_array_equal(profile.asymmetric[above], p[0])
        assert (np.diff(profile.asymmetric[~above]) < 0).all()
        p[1] *= 1 - 1e-9
        np.testing.assert_allclose(strain_profile(p).strain, profile.strain, rtol=1e-8)

    def test_rp1_equal_l1_ends_at_the_peak(self, lab):
        p = lab.copy()
        p[2] = p[3] = 3550.0  # the middle of a sublayer
        profile = strain_profile(p)
        assert profile.asymmetric[profile.depth == 3550] == p[0]
        np.testing.assert_array_equal(profile.asymmetric[profile.depth > 3550], 0)
        p[2] = p[3] = 3500.0
        profile = strain_profile(p)
        p[3] -= 1e-6
        np.testing.assert_allclose(strain_profile(p).strain, profile.strain, rtol=1e-6)

    def test_rp1_zero_has_its_peak_at_the_surface(self, lab):
        p = lab.copy()
        p[3] = 0
        profile = strain_profile(p)
        assert np.isfinite(profile.strain).all()
        assert (np.diff(profile.asymmetric) < 0).all()
        p[3] = 1e-6
        np.testing.assert_allclose(strain_profile(p).strain, profile.strain, rtol=1e-8)

    @pytest.mark.parametrize("name", ["Dmax1", "D02"])
    def test_amplitude_dmin_leaves_the_other_part(self, lab, name):
        p = lab.copy()
        i = [0, 1] if name == "Dmax1" else [4]  # D01 <= Dmax1
        p[i] = DMIN
        without = strain_profile(p)
        part, other = (
            (without.asymmetric, without.decaying) if name == "Dmax1" else (without.decaying, without.asymmetric)
        )
        np.testing.assert_array_equal(part, 0)
        np.testing.assert_array_equal(without.strain, other)
        assert len(other) > 20
        for excess in (1e-2, 1e-6, 1e-12):  # wide, but below DMIN together with the other part
            p[i] = DMIN * (1 + excess)
            with_it = strain_profile(p)
            assert np.isfinite(with_it.strain).all()
            assert len(without.strain) < len(with_it.strain) < 100
            n = len(without.strain)
            assert (np.abs(with_it.strain[:n] - without.strain) <= 1.02 * DMIN).all()

    def test_no_strain_is_no_sublayer(self, no_strain):
        assert len(strain_profile(no_strain).depth) == 0
        strain, n_layers = strain_layers(no_strain)
        assert strain.shape == (1, 0)
        assert n_layers.tolist() == [0]

    def test_a_profile_without_end_is_refused(self, lab):
        p = lab.copy()
        p[[0, 1, 4]] = DMIN * (1 + 1e-9)  # each part stays above DMIN / 2 for millimetres
        with pytest.raises(ValueError, match="row 0 reaches more than 200000 A deep"):
            strain_profile(p)


@pytest.mark.parametrize(
    ("name", "thickness"), [("ggg444_dl100", 100.0), ("ggg444_dl20", 20.0), ("yig_on_ggg444_dl100", 100.0)]
)
def test_stored_profiles(reference, name, thickness):
    stored = reference(name)
    strain, n_layers = strain_layers(stored["params"], layer_thickness=thickness)
    np.testing.assert_array_equal(n_layers, stored["n_layers"])
    expected = np.nan_to_num(stored["strain_from_surface"])  # NaN beyond a sample's own sublayers
    assert strain.shape == expected.shape
    np.testing.assert_allclose(strain, expected, rtol=0, atol=1e-12)


class TestParameters:
    def test_from_cm_is_the_same_in_angstrom(self, lab):
        in_cm = [0.008094, 0.000943, 5200e-8, 3500e-8, 0.00255, 3000e-8, -50e-8]
        np.testing.assert_allclose(StrainParameters.from_cm(in_cm).to_array(), lab, rtol=1e-14)

    def test_names_and_order(self, lab):
        p = StrainParameters.from_array(lab)
        assert PARAMETERS == ("Dmax1", "D01", "L1", "Rp1", "D02", "L2", "Rp2")
        assert (p.Dmax1, p.D01, p.L1, p.Rp1, p.D02, p.L2, p.Rp2) == tuple(lab)
        np.testing.assert_array_equal(as_parameters(p), lab[None])

    @pytest.mark.parametrize("n", [6, 8])
    def test_not_seven_numbers(self, n):
        with pytest.raises(ValueError, match=f"seven numbers expected .* {n} given"):
            as_parameters(np.ones((3, n)))

    def test_not_numbers(self, lab):
        rows = np.stack([lab, lab])
        rows[1, 3] = np.nan
        with pytest.raises(ValueError, match="Rp1 of row 1 is nan"):
            as_parameters(rows)
        with pytest.raises(ValueError, match="seven numbers expected"):
            as_parameters(["a", "b", "c", "d", "e", "f", "g"])

    def test_something_that_has_parameters(self):
        with pytest.raises(ValueError, match=r"seven numbers expected .*; they are in its attribute 'parameters'"):
            as_parameters(SimpleNamespace(parameters=StrainParameters(*range(1, 8))))

    def test_one_row_wanted(self, lab):
        with pytest.raises(ValueError, match="one row"):
            strain_profile(np.stack([lab, lab]))
        with pytest.raises(ValueError, match="one row"):
            StrainParameters.from_array(np.stack([lab, lab]))

    @pytest.mark.parametrize(("name", "value"), [("L1", 0), ("Rp1", -1), ("L2", -5), ("Rp2", 10), ("D01", 0)])
    def test_impossible_values_are_named(self, lab, name, value):
        rows = np.stack([lab, lab])
        rows[1, PARAMETERS.index(name)] = value
        with pytest.raises(ValueError, match=f"{name} = {value} of row 1"):
            strain_layers(rows)

    def test_layer_thickness_is_positive(self, lab):
        with pytest.raises(ValueError, match="layer_thickness"):
            strain_profile(lab, layer_thickness=0)
