"""The Jacobian of the reflectivity against torch, against central differences, and in its limits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xrdlib.data import LAB_EXPERIMENT, SPACE
from xrdlib.data.sampling import sample
from xrdlib.simulation import GGG_444, YIG_FILM, reflectivity
from xrdlib.simulation.derivatives import reflectivity_jacobian, strain_jacobian
from xrdlib.simulation.strain import strain_layers
from xrdlib.simulation.torch_kernel import reflectivity_torch, strain_torch

ANGLE = np.linspace(-80, 2700, 97)
ROWS = sample(4, "uniform", seed=0)


@pytest.mark.parametrize("damage", [0.0, 0.7])
@pytest.mark.parametrize("film", [None, YIG_FILM])
def test_is_the_gradient_of_the_torch_kernel(film, damage: float) -> None:
    rows = torch.tensor(ROWS, requires_grad=True)
    disorder = torch.full((len(ROWS),), 0.93, dtype=torch.float64, requires_grad=True)
    loss = torch.full((len(ROWS),), damage, dtype=torch.float64, requires_grad=True)
    weight = np.random.default_rng(0).uniform(size=(len(ROWS), ANGLE.size))
    curves = reflectivity_torch(rows, torch.tensor(ANGLE), disorder=disorder, damage=loss, film=film)
    (curves * torch.tensor(weight)).sum().backward()
    value, jacobian = reflectivity_jacobian(ROWS, ANGLE, disorder=0.93, damage=damage, film=film)
    np.testing.assert_allclose(value, curves.detach().numpy(), rtol=1e-8)
    # in units of the ranges: what is left of a derivative that nearly vanishes need not have its digits
    found = np.einsum("nqm,nm->nq", jacobian, weight) * np.append(SPACE.range, [1, 1])
    expected = np.column_stack([rows.grad.numpy() * SPACE.range, disorder.grad.numpy(), loss.grad.numpy()])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("film", [None, YIG_FILM])
@pytest.mark.parametrize("damage", [0.0, 0.7])
def test_is_the_limit_of_central_differences_where_no_sublayer_comes_or_goes(film, damage: float) -> None:
    point = np.array([*LAB_EXPERIMENT.to_array(), 0.95, max(damage, 1e-5)])
    jacobian = reflectivity_jacobian(point[:7], ANGLE, film=film, disorder=0.95, damage=point[8])[1][0]
    assert jacobian.shape == (9, ANGLE.size)
    for column in range(9):
        step = 1e-5 * np.append(SPACE.range, [1, 1])[column] * np.eye(9)[column]
        rows = np.stack([point + step, point - step])
        assert len(set(strain_layers(np.stack([*rows[:, :7], point[:7]]))[1])) == 1
        upper, lower = reflectivity(rows[:, :7], ANGLE, film=film, disorder=rows[:, 7], damage=rows[:, 8], exact=True)
        difference = (upper - lower) / (2 * step[column])
        np.testing.assert_allclose(jacobian[column], difference, rtol=1e-4, atol=1e-6 * np.abs(difference).max())


def test_damage_changes_what_the_seven_parameters_do() -> None:
    """Strain moves E too: without that part of the chain the derivatives would be those at fixed E."""
    fixed, moved = (reflectivity_jacobian(ROWS, ANGLE, damage=d)[1] for d in (0.0, 0.7))
    assert (np.abs(moved - fixed)[:, :7].max(axis=2) > 1e-2 * np.abs(fixed[:, :7]).max(axis=2)).all()


def test_strain_changes_as_torch_has_it() -> None:
    depth = (torch.arange(60, dtype=torch.float64) + 0.5) * 100
    rows = torch.tensor(ROWS)
    expected = torch.autograd.functional.jacobian(lambda p: strain_torch(p, depth).sum(0), rows)
    np.testing.assert_allclose(strain_jacobian(ROWS, 60), expected.permute(1, 2, 0).numpy(), rtol=1e-10, atol=1e-18)


def test_degenerate_profiles_have_finite_derivatives() -> None:
    rows = np.repeat(ROWS[:1], 3, axis=0)
    rows[0, 1] = rows[0, 0]  # flat above the peak
    rows[1:, 3] = rows[1:, 2]  # ends at the peak
    rows[2, 1] = rows[2, 0]
    jacobian = reflectivity_jacobian(rows, ANGLE)[1]
    assert np.isfinite(jacobian).all()
    assert np.isfinite(reflectivity_jacobian(rows, ANGLE, damage=1.0)[1]).all()
    assert (np.abs(jacobian).max(axis=2) > 0).all(axis=1)[0]


def test_threads_do_not_change_the_numbers() -> None:
    rows = sample(20, "uniform", seed=1)
    one, many = (reflectivity_jacobian(rows, ANGLE, threads=n)[1] for n in (1, 2))
    np.testing.assert_array_equal(one, many)


def test_blocks_do_not_show() -> None:
    """Angles are worked off 64 at a time, the last block filled up."""
    whole = reflectivity_jacobian(ROWS[0], ANGLE)[1][0]
    single = np.concatenate([reflectivity_jacobian(ROWS[0], ANGLE[i : i + 1])[1][0] for i in range(0, 97, 16)], axis=1)
    np.testing.assert_allclose(single, whole[:, ::16], rtol=1e-9, atol=1e-12 * np.abs(whole).max())


def test_without_a_strained_layer_nothing_changes() -> None:
    none = np.array([5e-5, 5e-5, 1000, 500, 5e-5, 1000, -100])
    value, jacobian = reflectivity_jacobian(none, ANGLE, crystal=GGG_444, damage=0.5)
    np.testing.assert_allclose(value[0], reflectivity(none, ANGLE)[0])
    np.testing.assert_array_equal(jacobian, 0)


@pytest.mark.parametrize("disorder", [0.0, 1.2, np.nan])
def test_impossible_disorder_is_refused(disorder: float) -> None:
    with pytest.raises(ValueError, match=r"disorder: .* 0 < E <= 1 expected"):
        reflectivity_jacobian(ROWS, ANGLE, disorder=disorder)


@pytest.mark.parametrize("damage", [-0.1, np.inf, np.nan])
def test_impossible_damage_is_refused(damage: float) -> None:
    with pytest.raises(ValueError, match=r"damage: .* given, zero or a positive number expected"):
        reflectivity_jacobian(ROWS, ANGLE, damage=damage)


def test_a_held_number_of_sublayers_continues_the_profile():
    natural, _ = reflectivity_jacobian(LAB_EXPERIMENT, ANGLE)
    n = int(strain_layers(LAB_EXPERIMENT)[1][0])
    held, _ = reflectivity_jacobian(LAB_EXPERIMENT, ANGLE, n_layers=n)
    np.testing.assert_allclose(held, natural, rtol=1e-12)
    more, _ = reflectivity_jacobian(LAB_EXPERIMENT, ANGLE, n_layers=n + 1)
    assert 0 < np.abs(more - natural).max() < 1e-2
