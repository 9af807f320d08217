"""Diffuse scattering: what disorder takes, no more and no less; where it goes; its limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.simulation import GGG_444, reflectivity
from xrdlib.simulation.diffuse import diffuse_scattering

EVEN = np.array([0.01, 0.01, 3000.0, 3000.0, 1e-4, 500.0, 0.0])  # 3000 A of one strain, peak near 985 arcsec
WEAK = replace(GGG_444, chi_0i=-1e-16, chi_hr=GGG_444.chi_hr * 0.02, chi_hi=(-1e-17, -1e-17))
WIDE = 985.0 + 150.0 * np.tan(np.linspace(-1.57, 1.57, 4001))  # evenly spaced in a Lorentzian's own variable


def test_coherent_and_diffuse_share_what_a_perfect_lattice_reflects() -> None:
    """In the kinematic limit; the strained layer far from the substrate's peak, integrated over angle."""
    angle = np.arange(585.0, 1385.0, 0.5)
    perfect, disordered = (
        np.trapezoid(reflectivity(EVEN, angle, crystal=WEAK, disorder=e)[0], angle) for e in (1.0, 0.6)
    )
    foot = diffuse_scattering(EVEN, WIDE, fwhm=300.0, crystal=WEAK, disorder=0.6)
    taken = np.trapezoid(foot, WIDE)
    assert disordered == pytest.approx(0.36 * perfect, rel=0.03)
    assert taken == pytest.approx(0.64 * perfect, rel=0.03)  # 3 %: the layer's tails, the substrate's among them


def test_stands_around_the_strained_layer_with_its_width() -> None:
    angle = np.arange(0.0, 2000.0, 0.5)
    foot = diffuse_scattering(EVEN, angle, fwhm=300.0, disorder=0.9)
    above = angle[foot >= foot.max() / 2]
    assert angle[foot.argmax()] == pytest.approx(0.01 * np.tan(GGG_444.bragg_angle) * 648000 / np.pi, abs=0.5)
    assert above[-1] - above[0] == pytest.approx(300.0, abs=1.0)


def test_follows_damage(lab) -> None:
    angle = np.arange(-300.0, 2700.0, 10.0)
    assert (diffuse_scattering(lab, angle, fwhm=300.0) == 0).all()
    little, more = (diffuse_scattering(lab, angle, fwhm=300.0, damage=w) for w in (1e-3, 2e-3))
    np.testing.assert_allclose(more, 2 * little, rtol=5e-3)
    assert (more > 0).all()
    one, both = (diffuse_scattering(lab, angle, fwhm=300.0, disorder=e, damage=0.3) for e in (1.0, 0.9))
    assert (both > one).all()


def test_thinner_sublayers_change_nothing(lab) -> None:
    angle = np.arange(-300.0, 2700.0, 10.0)
    thick, thin = (diffuse_scattering(lab, angle, fwhm=300.0, damage=0.3, layer_thickness=dl) for dl in (100.0, 25.0))
    np.testing.assert_allclose(thick, thin, rtol=0.01)


def test_without_a_strained_layer_there_is_none(no_strain) -> None:
    assert (diffuse_scattering(no_strain, [0.0, 100.0], fwhm=300.0, disorder=0.5, damage=1.0) == 0).all()


def test_bad_input_is_refused(lab) -> None:
    with pytest.raises(ValueError, match=r"fwhm: 0 arcsec given, a positive width expected"):
        diffuse_scattering(lab, [0.0], fwhm=0)
    with pytest.raises(ValueError, match=r"one row of seven numbers expected, 2 given"):
        diffuse_scattering(np.stack([lab, lab]), [0.0], fwhm=300.0)
    with pytest.raises(ValueError, match=r"damage: -1.0 given"):
        diffuse_scattering(lab, [0.0], fwhm=300.0, damage=-1.0)
