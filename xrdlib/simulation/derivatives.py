"""How reflectivity changes with the seven parameters, with disorder and with damage: its Jacobian.

The strain profile is differentiated in closed form, the recursion by its adjoint (``_adjoint``): a Jacobian costs as
much as five curves. Central differences cost fourteen, seven products with the torch kernel's Jacobian a thousand. The
number of sublayers is an integer and has no derivative: it is held.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike

from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film
from xrdlib.simulation.diffraction import check_disorder, relative_strain, stack
from xrdlib.simulation.strain import DMIN, FloatArray, StrainParameters, as_parameters, strain_layers, strain_parts

__all__ = ["reflectivity_jacobian", "strain_jacobian"]


def strain_jacobian(
    parameters: ArrayLike | StrainParameters, n_layers: int, layer_thickness: float = 100.0
) -> FloatArray:
    """Derivative of the strain of the first ``n_layers`` sublayers by the parameters, shape (n, 7, n_layers).

    Per unit of each parameter: dimensionless for strains, 1/A for lengths.
    """
    rows = as_parameters(parameters)
    depth = (np.arange(n_layers, dtype=np.float64) + 0.5) * layer_thickness
    asymmetric, decaying, narrowness = strain_parts(depth, rows)
    dmax1, d01, l1, rp1, d02, l2, rp2 = (column[:, None] for column in rows.T)
    upper = depth < rp1
    square, inverse = (depth - rp1) ** 2, np.where(upper, narrowness[1], narrowness[0])
    reach, steep = l2 * (l2 - 2 * rp2), depth * (depth - 2 * rp2)
    out = np.zeros((rows.shape[0], rows.shape[1], n_layers))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        out[:, 0] = asymmetric / dmax1 * (1 - square / np.where(upper, rp1, l1 - rp1) ** 2)
        out[:, 1] = np.where(upper, asymmetric * square / (d01 * rp1**2), 0.0)
        out[:, 2] = np.where(upper, 0.0, asymmetric * square * 2 * inverse / (l1 - rp1))
        out[:, 3] = asymmetric * (
            2 * (depth - rp1) * inverse - square * np.where(upper, -2 / rp1, 2 / (l1 - rp1)) * inverse
        )
        out[:, 4] = decaying / d02 * (1 - steep / reach)
        out[:, 5] = decaying * steep * narrowness[2] * 2 * (l2 - rp2) / reach
        out[:, 6] = decaying * narrowness[2] * (2 * depth - steep * 2 / (l2 - 2 * rp2))
    # a part that ends at once, or that has no strain, does not change with how it would decay
    return np.nan_to_num(out, nan=0.0, posinf=0.0, neginf=0.0)


def reflectivity_jacobian(
    parameters: ArrayLike | StrainParameters,
    angle: ArrayLike,
    *,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: ArrayLike = 1.0,
    damage: ArrayLike = 0.0,
    n_layers: int | None = None,
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
    n_layers : int, optional
        Sublayers of every sample; by default down to a strain of 1e-4, a number that jumps with the parameters.

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
    strain, counts = strain_layers(rows, layer_thickness=layer_thickness, held=n_layers)
    layers = stack(strain, counts, crystal, film, layer_thickness)
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
            theta, layers.shift[part], counts[part], factor[part], layers.optics, layers.rest[part],
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
