"""How reflectivity changes with the seven parameters, with disorder and with damage: its Jacobian.

The strain profile is differentiated by torch, the recursion by its adjoint (``_adjoint``): a Jacobian costs as much as
five curves. Central differences cost fourteen, seven products with the torch kernel's Jacobian a thousand. The number
of sublayers is an integer and has no derivative: it is held.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike

from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film
from xrdlib.simulation.diffraction import check_disorder, relative_strain, stack
from xrdlib.simulation.strain import DMIN, FloatArray, StrainParameters, as_parameters, strain_layers

__all__ = ["reflectivity_jacobian", "strain_jacobian"]


def strain_jacobian(
    parameters: ArrayLike | StrainParameters, n_layers: int, layer_thickness: float = 100.0
) -> FloatArray:
    """Derivative of the strain of the first ``n_layers`` sublayers by the parameters, shape (n, 7, n_layers).

    Per unit of each parameter: dimensionless for strains, 1/A for lengths.
    """
    import torch  # as numba elsewhere: imported when it is wanted, not before
    from torch.autograd.functional import jvp

    from xrdlib.simulation.torch_kernel import strain_torch

    rows = torch.as_tensor(as_parameters(parameters))
    depth = (torch.arange(n_layers, dtype=torch.float64) + 0.5) * layer_thickness
    columns = []
    for unit in torch.eye(rows.shape[1], dtype=torch.float64):
        _, change = jvp(lambda p: strain_torch(p, depth), rows, unit.expand_as(rows).contiguous())  # type: ignore[no-untyped-call]
        columns.append(change.numpy())
    return np.stack(columns, axis=1)


def reflectivity_jacobian(
    parameters: ArrayLike | StrainParameters,
    angle: ArrayLike,
    *,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: ArrayLike = 1.0,
    damage: ArrayLike = 0.0,
    threads: int | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Reflectivity and its derivatives, before any resolution function; arguments as ``reflectivity``.

    Parameters
    ----------
    parameters : array_like, shape (n, 7) or (7,)
        Lengths in A.
    angle : array_like, shape (m,)
        arcsec.
    disorder, damage : float or array_like, shape (n,)

    Returns
    -------
    reflectivity : ndarray, shape (n, m)
    jacobian : ndarray, shape (n, 9, m)
        By the seven parameters (per A for lengths, per unit of strain), then by the disorder E, and last by the damage.
    """
    from xrdlib.simulation import _adjoint  # numba is imported when it is wanted, not before

    rows = as_parameters(parameters)
    theta = np.ascontiguousarray(angle, dtype=np.float64) * ARCSEC
    static, loss = check_disorder(disorder, damage, rows.shape[0])
    strain, n_layers = strain_layers(rows, layer_thickness=layer_thickness)
    layers = stack(strain, n_layers, crystal, film, layer_thickness)
    # the linear shift is strain times tan(thB), in a film also times its stretch
    stretch = 1.0 if film is None else film.crystal.a / crystal.a
    by_parameter = strain_jacobian(rows, strain.shape[1], layer_thickness)
    ratio = relative_strain(strain)
    factor = static[:, None] * np.exp(-loss[:, None] * ratio**2)
    q = rows.shape[1]
    chain, fade = np.zeros((2, rows.shape[0], q + 2, strain.shape[1]))
    chain[:, :q] = by_parameter * (np.tan(crystal.bragg_angle) * stretch)
    fade[:, :q] = (-2 * loss[:, None] * ratio)[:, None] * _ratio_jacobian(by_parameter, strain, ratio)
    fade[:, q], fade[:, q + 1] = 1.0, -(ratio**2)
    value, out = np.empty((rows.shape[0], theta.size)), np.empty((rows.shape[0], q + 2, theta.size))

    def run(part: slice) -> None:
        _adjoint.differentiate(
            theta, layers.shift[part], n_layers[part], factor[part], layers.optics, layers.rest[part],
            layer_thickness, chain[part], fade[part], value[part], out[part],
        )  # fmt: skip

    parts = _parts(rows.shape[0], threads)
    if len(parts) == 1:
        run(parts[0])
    else:
        with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
            list(pool.map(run, parts))
    out[:, q] /= static[:, None]  # the kernel's is by ln E
    return value, out


def _ratio_jacobian(by_parameter: FloatArray, strain: FloatArray, ratio: FloatArray) -> FloatArray:
    """Derivative of ``relative_strain`` (n, k) by the parameters, shape (n, 7, k), from that of strain."""
    if strain.shape[1] == 0:
        return by_parameter
    of_largest = np.take_along_axis(by_parameter, strain.argmax(axis=1)[:, None, None], axis=2)
    largest = np.maximum(strain.max(axis=1), DMIN)[:, None, None]
    return np.asarray((by_parameter - ratio[:, None] * of_largest) / largest)


def _parts(n: int, threads: int | None) -> list[slice]:
    workers = min(threads or os.cpu_count() or 1, max(1, n // 4))
    step = n if workers == 1 else -(-n // (4 * workers))
    return [slice(i, i + step) for i in range(0, n, max(step, 1))]
