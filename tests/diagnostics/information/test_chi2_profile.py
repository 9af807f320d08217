"""The profile of a linear toy is a parabola; near its minimum that of a curve is the Cramer-Rao bound's."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT, SPACE, DatasetConfig
from xrdlib.diagnostics import chi2_profile, identifiability

POINT = SPACE.denormalise(np.full(7, 0.5))
MATRIX = np.random.default_rng(0).normal(size=(7, 60))
MATRIX[:, 0] = 0.0  # the peak, which no parameter moves
LEVEL = np.r_[30.0, np.full(59, 10.0)]


def toy(rows: np.ndarray) -> np.ndarray:
    """Intensity is linear in the parameters (as fractions of their ranges); its peak is 30."""
    return LEVEL + (SPACE.normalise(rows) - 0.5) @ MATRIX


def test_of_a_linear_simulator_it_is_a_parabola_as_wide_as_the_bound() -> None:
    bound = identifiability(toy, POINT, counts=3e4, background=0.0, nuisances=False).bounds["known"][6] / 100
    distance = bound * np.array([-2.0, -1.0, 0.0, 1.0, 3.0])
    found = chi2_profile(toy, POINT, "Rp2", POINT[6] + distance * SPACE.range[6], counts=3e4, background=0.0)
    np.testing.assert_allclose(found.chi2, [4, 1, 0, 1, 9], rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(found.agreeing, 4)


def test_close_to_the_lab_s_experiment_it_is_the_bound() -> None:
    lab = LAB_EXPERIMENT.to_array()
    sigma = identifiability(DatasetConfig(), lab).bounds["known"][6] / 100 * SPACE.range[6]
    found = chi2_profile(DatasetConfig(), lab, "Rp2", [lab[6] - sigma], n_starts=2)
    assert found.chi2[0] == pytest.approx(1, abs=0.1)


def test_a_flat_place_of_a_curve_excludes_distant_values_all_the_same() -> None:
    """Rp2 far above the surface: its bound is the prior's, yet the curve rules out Rp2 at the surface."""
    far = LAB_EXPERIMENT.to_array()
    far[6] = -6000
    assert identifiability(DatasetConfig(), far).verdicts[6] == "hidden"
    found = chi2_profile(DatasetConfig(), far, "Rp2", [-100, -4000, -6000], n_starts=3)
    assert found.chi2[0] > 16
    assert found.chi2[1] < 1
    assert found.chi2[2] == pytest.approx(0, abs=1e-6)
    assert "The curve with Rp2 = -6000 A differs from the nearest one found with -100 A by" in found.sentence


def test_more_starts_find_nothing_worse_and_the_seed_decides_them() -> None:
    lab = LAB_EXPERIMENT.to_array()
    few, many, again = (chi2_profile(DatasetConfig(), lab, "L2", [2000.0], n_starts=n) for n in (1, 3, 3))
    assert many.chi2[0] <= few.chi2[0]
    np.testing.assert_array_equal(many.chi2, again.chi2)


@pytest.mark.parametrize(
    ("name", "values", "arguments", "match"),
    [
        ("Rp3", [0.0], {}, r"name = 'Rp3'"),
        ("Rp2", [10.0], {}, r"values: Rp2 between -6500 and 0 expected"),
        ("Rp2", [-10.0], {"n_starts": 0}, r"n_starts = 0, counts"),
        ("Rp2", [-10.0], {"counts": 0.0}, r"counts = 0.0"),
    ],
)
def test_bad_arguments_are_refused(name: str, values: list[float], arguments, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        chi2_profile(toy, POINT, name, values, **arguments)
