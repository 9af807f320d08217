"""What the physics tests share: the parameter space as a cube, and curves of sublayers given one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from xrdlib.simulation import _kernels, diffraction
from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film
from xrdlib.simulation.diffraction import Bragg

LAB = (0.008094, 0.000943, 5200.0, 3500.0, 0.00255, 3000.0, -50.0)
NO_STRAIN = (1e-4, 1e-4, 500.0, 50.0, 1e-4, 500.0, 0.0)


@pytest.fixture(scope="session")
def lab() -> np.ndarray:
    """The lab's experiment, lengths in A."""
    return np.array(LAB)


@pytest.fixture(scope="session")
def no_strain() -> np.ndarray:
    """Parameters of a profile without a single sublayer."""
    return np.array(NO_STRAIN)


def parameters_in_cube(cube: np.ndarray) -> np.ndarray:
    """Unit cube (n, 7) onto the whole constrained parameter space; faces onto its ranges and constraints."""
    u = np.atleast_2d(np.asarray(cube, dtype=np.float64)).T
    dmax1 = 0.001 + 0.030 * u[0]
    d01 = 0.0005 + (np.minimum(dmax1, 0.029) - 0.0005) * u[1]
    d02 = 0.001 + (0.03 - d01 - 0.001) * u[4]
    l1 = 500 + 6500 * u[2]
    rp1 = 50 + (np.minimum(l1, 5050) - 50) * u[3]
    l2 = 500 + (np.minimum(l1, 5000) - 500) * u[5]
    return np.stack([dmax1, d01, l1, rp1, d02, l2, -6500 * (1 - u[6])], axis=1)


@pytest.fixture(scope="session")
def in_cube() -> Callable[[np.ndarray], np.ndarray]:
    return parameters_in_cube


@dataclass(frozen=True)
class Layers:
    """Reflectivity of sublayers with given strain, surface first; angle in arcsec; straight from a kernel."""

    exact: bool

    def __call__(
        self,
        strain: Sequence[float] | np.ndarray,
        thickness: float,
        angle: np.ndarray,
        *,
        crystal: Crystal = GGG_444,
        film: Film | None = None,
        disorder: float = 1.0,
        bragg: Bragg = "linear",
    ) -> np.ndarray:
        rows = np.array([strain], dtype=np.float64)
        n_layers = np.array([rows.shape[1]])
        stack = diffraction.stack(rows, n_layers, crystal, film, thickness, bragg)
        kernel = _kernels.propagate_exact if self.exact else _kernels.propagate_expanded
        out = np.empty((1, len(angle)))
        theta = np.ascontiguousarray(angle, dtype=np.float64) * ARCSEC
        kernel(theta, stack.shift, n_layers, np.full(rows.shape, disorder), stack.optics, stack.rest, thickness, out)
        return out[0]


@pytest.fixture(scope="session")
def exact_layers() -> Layers:
    return Layers(exact=True)


@pytest.fixture(scope="session")
def expanded_layers() -> Layers:
    return Layers(exact=False)


@pytest.fixture(scope="session", params=[True, False], ids=["exact", "expanded"])
def layers(request: pytest.FixtureRequest) -> Layers:
    """Either kernel."""
    return Layers(exact=request.param)
