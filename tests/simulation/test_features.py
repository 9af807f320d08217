"""What one reads off a curve, against the curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import find_peaks

from xrdlib.data import LAB_EXPERIMENT
from xrdlib.simulation import (
    GGG_444,
    YIG_FILM,
    Scan,
    StrainParameters,
    fringe_period,
    fringe_spacing,
    simulate,
    strained_peak,
)

SCAN = Scan(start=-100, step=1.0, n_points=2000)


def box(strain: float, thickness: float) -> StrainParameters:
    """A layer of uniform strain, without the decaying part."""
    return StrainParameters(strain, strain or 1e-5, thickness, thickness, 0.0, 500.0, -50.0)


def test_uniform_layer_diffracts_at_strain_times_tan() -> None:
    found = strained_peak(box(0.008, 5000))
    assert found.strain == 0.008
    assert found.angle == pytest.approx(0.008 * np.tan(GGG_444.bragg_angle) * 206264.806, rel=1e-8)
    curve = simulate(box(0.008, 5000), scan=SCAN, instrument=None)
    beyond = SCAN.angle > 100  # away from the substrate peak
    # the layer's own peak, pulled a little by the substrate's flank under it and by refraction
    assert SCAN.angle[beyond][curve[beyond].argmax()] == pytest.approx(found.angle, abs=10)


@pytest.mark.parametrize("thickness", [2000.0, 4000.0])
def test_fringes_of_a_uniform_layer_have_the_period(thickness: float) -> None:
    curve = simulate(box(0.008, thickness), scan=SCAN, instrument=None)
    assert fringe_spacing(SCAN.angle, curve) == pytest.approx(fringe_period(thickness), abs=1)


def test_a_bare_substrate_has_no_fringes() -> None:
    assert np.isnan(fringe_spacing(SCAN.angle, simulate(box(0.0, 500), scan=SCAN)))


def test_outermost_peak_of_the_lab_s_curve_lies_inside() -> None:
    found = strained_peak(LAB_EXPERIMENT)
    assert found.depth == pytest.approx(LAB_EXPERIMENT.Rp1, abs=100)
    assert LAB_EXPERIMENT.Dmax1 < found.strain < LAB_EXPERIMENT.Dmax1 + LAB_EXPERIMENT.D02
    curve = simulate(LAB_EXPERIMENT, scan=SCAN)
    outermost = SCAN.angle[find_peaks(np.log10(curve), prominence=0.05)[0]]
    main = outermost[outermost < found.angle].max()
    assert 0 < found.angle - main < 100


def test_no_strain_at_all() -> None:
    nothing = StrainParameters(0.0, 1e-5, 500.0, 50.0, 0.0, 500.0, 0.0)
    found = strained_peak(nothing)
    assert (found.strain, found.angle) == (0.0, 0.0)
    assert np.isnan(found.depth)
    on_film = strained_peak(nothing, film=YIG_FILM)
    assert on_film.angle == pytest.approx((12.376 / 12.383 - 1) * np.tan(GGG_444.bragg_angle) * 206264.806, rel=1e-6)


def test_film_shifts_the_peak_by_its_mismatch() -> None:
    bare, film = strained_peak(LAB_EXPERIMENT), strained_peak(LAB_EXPERIMENT, film=YIG_FILM)
    assert film.strain == bare.strain
    assert film.angle - bare.angle == pytest.approx(-56, abs=2)


def test_exact_bragg_law_is_the_smaller_shift() -> None:
    steep = replace(LAB_EXPERIMENT, Dmax1=0.01)
    assert 5 < strained_peak(steep).angle - strained_peak(steep, bragg="exact").angle < 20


@pytest.mark.parametrize("thickness", [0.0, -100.0, float("nan")])
def test_thickness_must_be_positive(thickness: float) -> None:
    with pytest.raises(ValueError, match=r"thickness.* (a positive length|a finite number) expected"):
        fringe_period(thickness)


def test_one_sample_only() -> None:
    with pytest.raises(ValueError, match="one row"):
        strained_peak(np.tile(LAB_EXPERIMENT.to_array(), (2, 1)))
