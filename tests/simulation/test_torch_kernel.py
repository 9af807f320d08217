"""The torch kernel against the numba one, and its gradients against central differences of the numba one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from xrdlib.simulation import (
    GGG_444_LAB,
    PARAMETERS,
    YIG_FILM,
    Instrument,
    Scan,
    reflectivity,
    simulate,
    strain_profile,
)
from xrdlib.simulation._nodes import interpolation
from xrdlib.simulation.strain import strain_layers
from xrdlib.simulation.torch_kernel import reflectivity_torch, simulate_torch, strain_torch

ANGLE = np.arange(-80.0, 2750.0, 11.0)

OPTIONS = {
    "default": {},
    "film": {"film": YIG_FILM},
    "disorder": {"disorder": [0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.0]},
    "damage": {"disorder": 0.95, "damage": [0.0, 0.1, 0.3, 0.6, 1.0, 2.0, 0.5]},
    "bragg exact": {"bragg": "exact"},
    "lab": {"crystal": GGG_444_LAB, "layer_thickness": 37.0},
    "all": {"film": YIG_FILM, "disorder": 0.8, "damage": 0.4, "bragg": "exact", "layer_thickness": 150.0},
}


def as_torch(options):
    return {k: torch.tensor(v, dtype=torch.float64) if isinstance(v, list) else v for k, v in options.items()}


@pytest.fixture(scope="module")
def rows(in_cube, lab, no_strain):
    """Seven rows of very different numbers of sublayers, one of them none."""
    return np.concatenate([in_cube(np.random.default_rng(5).random((5, 7))), [no_strain, lab]])


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_torch_is_numba(rows, options):
    exact = reflectivity(rows, ANGLE, exact=True, **options)
    result = reflectivity_torch(torch.tensor(rows), torch.tensor(ANGLE), **as_torch(options))
    assert result.dtype == torch.float64
    print(f"measured: torch against numba: {np.abs(result.numpy() / exact - 1).max():.0e} relative")
    np.testing.assert_allclose(result.numpy(), exact, rtol=1e-8)


def test_torch_is_numba_through_the_instrument(rows):
    instrument = Instrument(fwhm=36.0, lorentz_fraction=0.2, scale=1e3, background=0.5)
    for options in ({"instrument": instrument}, {"instrument": None}, {"film": YIG_FILM}, {"scan": Scan(-50, 2.0, 99)}):
        expected = simulate(rows, exact=True, **options)
        result = simulate_torch(torch.tensor(rows), **options)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-8)


def test_torch_stored_curves(reference):
    stored = reference("ggg444_dl100")
    result = reflectivity_torch(
        torch.tensor(stored["params"][:8]), torch.tensor(stored["angle_arcsec"]), crystal=GGG_444_LAB
    )
    np.testing.assert_allclose(result.numpy(), stored["reflectivity"][:8], rtol=1e-7)


def test_strain_is_that_of_numpy(rows, lab):
    limits = np.tile(lab, (4, 1))
    limits[0, 1] = limits[0, 0]
    limits[1, 2] = limits[1, 3] = 3550.0  # the middle of a sublayer
    limits[2, 3] = 0.0
    limits[3, 4] = 1e-4
    for row in [*rows, *limits]:
        profile = strain_profile(row)
        parameters = torch.tensor(row[None], requires_grad=True)
        strain = strain_torch(parameters, torch.tensor(profile.depth))
        np.testing.assert_allclose(strain.detach().numpy()[0], profile.strain, rtol=1e-12)
        strain.sum().backward()
        assert torch.isfinite(parameters.grad).all()


def test_no_rows_and_no_layers(no_strain):
    assert reflectivity_torch(torch.empty((0, 7), dtype=torch.float64), torch.tensor(ANGLE)).shape == (0, ANGLE.size)
    bare = reflectivity_torch(torch.tensor(no_strain[None]), torch.tensor(ANGLE))
    np.testing.assert_allclose(bare.numpy(), reflectivity(no_strain, ANGLE, exact=True), rtol=1e-8)


def test_single_precision_is_good_enough_for_a_network(rows):
    exact = simulate(rows, exact=True)
    result = simulate_torch(torch.tensor(rows, dtype=torch.float32))
    assert result.dtype == torch.float32
    deviation = np.abs(np.log10(result.numpy() / exact))
    print(f"measured: float32: log10 within {deviation.max():.1e}, median {np.median(deviation):.1e}")
    assert deviation.max() < 1e-4
    assert np.median(deviation) < 1e-5


def test_inputs_are_not_overwritten(rows):
    parameters, angle = torch.tensor(rows), torch.tensor(ANGLE)
    reflectivity_torch(parameters, angle)
    np.testing.assert_array_equal(parameters.numpy(), rows)
    np.testing.assert_array_equal(angle.numpy(), ANGLE)


@pytest.mark.parametrize("options", [{}, {"film": YIG_FILM, "bragg": "exact"}], ids=["default", "film, bragg exact"])
def test_gradients_are_central_differences(in_cube, lab, options):
    rows = np.concatenate([in_cube(0.1 + 0.8 * np.random.default_rng(6).random((3, 7))), lab[None]])
    disorder = np.array([0.95, 0.8, 0.7, 0.92])
    parameters = torch.tensor(rows, requires_grad=True)
    static = torch.tensor(disorder, requires_grad=True)
    # the lab's scan on log intensity, each angle with a weight of its own
    weight = np.random.default_rng(0).normal(size=701)
    loss = simulate_torch(parameters, disorder=static, **options).log() @ torch.tensor(weight)
    loss.sum().backward()

    def numba_loss(values, static):
        return np.log(simulate(values, disorder=static, exact=True, **options)) @ weight

    n_layers = strain_layers(rows)[1]
    for i, name in enumerate(PARAMETERS):
        step = 1e-5 * (rows[:, i] if not name.startswith("Rp2") else np.full(len(rows), 1000.0))
        moved = []
        for factor in (-2, -1, 1, 2):  # fourth order
            shifted = rows.copy()
            shifted[:, i] += factor * step
            np.testing.assert_array_equal(strain_layers(shifted)[1], n_layers)  # a derivative at fixed sublayers
            moved.append(numba_loss(shifted, disorder))
        difference = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * step)
        gradient = parameters.grad[:, i].numpy()
        print(f"measured: gradient of {name}: {np.abs(gradient / difference - 1).max():.0e} relative")
        np.testing.assert_allclose(gradient, difference, rtol=5e-6, err_msg=name)
    h = 1e-5
    difference = (numba_loss(rows, disorder + h) - numba_loss(rows, disorder - h)) / (2 * h)
    np.testing.assert_allclose(static.grad.numpy(), difference, rtol=2e-5)


def test_gradients_are_finite_in_the_limits(lab):
    rows = np.tile(lab, (6, 1))
    rows[0, 1] = rows[0, 0]
    rows[1, 2] = rows[1, 3] = 3550.0
    rows[2, 3] = 0.0
    rows[3, 4] = 1e-4
    rows[4, :2] = 1e-4
    rows[5, 6] = 0.0
    parameters = torch.tensor(rows, requires_grad=True)
    simulate_torch(parameters).log().sum().backward()
    assert torch.isfinite(parameters.grad).all()


def test_counting_noise_is_refused(lab):
    with pytest.raises(ValueError, match="counting noise has no gradient"):
        simulate_torch(torch.tensor(lab[None]), instrument=Instrument(peak_counts=1e4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": torch.ones(7)}, r"parameters: shape \(7,\) given, \(n, 7\) expected"),
        ({"parameters": torch.ones(1, 7, dtype=torch.int64)}, r"parameters: torch.int64 given, float32 or float64"),
        ({"parameters": torch.full((1, 7), torch.nan)}, r"parameters: Dmax1 of row 0 is nan"),
        ({"angle": torch.tensor([0.0, torch.nan])}, r"angle: .*nan"),
        ({"angle": torch.tensor(0.0)}, r"angle: shape \(\) given"),
        ({"disorder": 0.0}, r"disorder: 0.0 given, 0 < E <= 1 expected"),
        ({"damage": torch.tensor([-1.0])}, r"damage: -1.0 given, zero or a positive number expected"),
        ({"bragg": "cubic"}, r"bragg: 'cubic' given"),
        ({"film": replace(YIG_FILM, thickness=100.0)}, r"film: 100 A of film cannot hold"),
    ],
)
def test_what_the_numba_kernel_refuses_is_refused(lab, change, message):
    arguments = {"parameters": torch.tensor(lab[None]), "angle": torch.tensor(ANGLE), **change}
    with pytest.raises(ValueError, match=message):
        reflectivity_torch(arguments.pop("parameters"), arguments.pop("angle"), **arguments)


@pytest.mark.parametrize(
    "angle",
    [[], [300.0], [40.0, 40.0, 40.0, 40.0], np.linspace(2000.0, -500.0, 9), np.linspace(-9000.0, 9000.0, 1500)],
    ids=["none", "one", "four times one", "few, falling", "wide"],
)
@pytest.mark.parametrize("thickness", [30.0, 100.0, 700.0])
def test_any_angles(lab, angle, thickness):
    """Few angles are their own nodes; a wide scan and thick sublayers need many."""
    exact = reflectivity(lab, angle, exact=True, layer_thickness=thickness)
    result = reflectivity_torch(torch.tensor(lab[None]), torch.tensor(np.array(angle)), layer_thickness=thickness)
    np.testing.assert_allclose(result.numpy(), exact, rtol=1e-8)


@pytest.mark.parametrize("phase", [0.3, 2.5, 20.0, 90.0])
def test_nodes_carry_every_phase_up_to_theirs(phase):
    x = np.linspace(3.0, 5.0, 1001)
    nodes, first, last = interpolation(x, phase / 8, (1, 8))
    assert len(nodes) < last.shape[1] < len(x)
    for part in (-1.0, 0.3, 1.0):
        function = lambda at, part=part: np.exp(1j * part * phase / 8 * (at - 4.0))  # noqa: E731
        np.testing.assert_allclose(
            last @ (first @ function(nodes)), function(x), rtol=0, atol=1e-15 * (10 + phase)
        )  # the phase is rounded
    small = np.exp(1j * phase * (nodes - 4.0))  # eight times the phase that the first nodes are for
    if phase > 10:
        assert np.abs(last @ (first @ small) - np.exp(1j * phase * (x - 4.0))).max() > 1e-3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_gpu_says_the_same(rows, dtype):
    results = []
    for device in ("cpu", "cuda"):
        parameters = torch.tensor(rows, dtype=dtype, device=device, requires_grad=True)
        curves = simulate_torch(parameters)
        assert curves.device.type == device
        curves.log().sum().backward()
        results.append((curves.detach().cpu().numpy(), parameters.grad.cpu().numpy()))
    # the worst of float32 against float64 on one device is 5e-6 in log10
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-10 if dtype == torch.float64 else 2e-4)
    scale = np.abs(results[0][1]).max(axis=0)
    assert (np.abs(results[1][1] - results[0][1]) / scale).max() < (1e-8 if dtype == torch.float64 else 1e-2)
