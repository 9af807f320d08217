"""Reflectivity of a strained crystal: two-beam dynamical theory in symmetric Bragg geometry.

Takagi (1962), Acta Cryst. 15, 1311; Taupin (1964), Bull. Soc. Fr. Mineral. Cristallogr. 87, 469. The amplitude
ratio X obeys ``dX/dz = i (sigma X^2 + y X + sigma)`` with, for each polarisation p,::

    K = pi / (lambda sin thB)        sigma = K C_p chi_h,p       C = 1, |cos 2 thB|
    y = -2 i K chi_0i - 2 K sin(2 thB) (dth - shift)             shift = strain tan(thB)
    substrate: X = -(y + s) / (2 sigma),  s = sqrt(y^2 - 4 sigma^2), Im s < 0
    R = (|X_sigma|^2 + m |X_pi|^2) / (1 + m),  m = sqrt|cos 2 thB|

Two conventions to know. The angle is dth = thB - theta: an expanded sublayer (positive strain) diffracts at
*positive* dth. And the shift is linear in strain, as the lab has it; ``bragg="exact"`` takes
``thB - asin(sin thB / (1 + strain))`` instead (docs/physics.md gives the difference).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import vector, vectors
from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film
from xrdlib.simulation.strain import DMIN, FloatArray, StrainParameters, as_parameters, strain_layers

__all__ = ["Bragg", "reflectivity"]

Bragg = Literal["linear", "exact"]
_HALF_TURN = 648_000.0  # arcsec
_EXPANSION_LIMIT = 0.03  # largest |sigma dl| at which the expansion holds to 1e-5 (480 A of GGG)


class _Optics(NamedTuple):
    """What the kernels need of the crystals; per polarisation where of shape (2,)."""

    slope: float  # K sin(2 thB), 1/(A rad)
    eta_substrate: float  # 2 K chi_0i, 1/A
    eta_layer: float
    sigma_substrate: NDArray[np.complex128]  # 1/A
    sigma_layer: NDArray[np.complex128]
    film_shift: float  # rad
    weight: FloatArray


@dataclass(frozen=True)
class _Stack:
    """Sublayers of n samples on their film and substrate, as the kernels take them."""

    shift: FloatArray  # (n, k) rad
    n_layers: NDArray[np.int64]
    rest: FloatArray  # (n,) A of film below the sublayers
    optics: _Optics


def bragg_shift(strain: FloatArray, bragg_angle: float, bragg: Bragg) -> FloatArray:
    """Shift of the Bragg peak in rad, of strain's shape: linear in strain, or by the exact Bragg law."""
    if bragg == "linear":
        return np.asarray(strain * np.tan(bragg_angle))
    if bragg == "exact":
        lowest = float(strain.min(initial=0.0))
        if lowest <= np.sin(bragg_angle) - 1:
            raise ValueError(
                f"strain: {lowest:g} given, above {np.sin(bragg_angle) - 1:g} expected; below there is no "
                "reflection at this wavelength"
            )
        return np.asarray(bragg_angle - np.arcsin(np.sin(bragg_angle) / (1.0 + strain)))
    raise ValueError(f"bragg: {bragg!r} given, 'linear' or 'exact' expected")


def optics(crystal: Crystal, film: Film | None, bragg: Bragg) -> _Optics:
    """Coefficients of the recursion; Bragg angle and polarisation factors are the substrate's everywhere."""
    angle = crystal.bragg_angle
    k = np.pi / (crystal.wavelength * np.sin(angle))
    polarisation = np.array([1.0, abs(np.cos(2 * angle))])
    m = np.sqrt(polarisation[1])
    layer = film.crystal if film else crystal
    mismatch = np.float64((layer.a - crystal.a) / crystal.a)
    return _Optics(
        slope=k * np.sin(2 * angle),
        eta_substrate=2 * k * crystal.chi_0i,
        eta_layer=2 * k * layer.chi_0i,
        sigma_substrate=k * polarisation * (crystal.chi_hr + 1j * np.array(crystal.chi_hi)),
        sigma_layer=k * polarisation * (layer.chi_hr + 1j * np.array(layer.chi_hi)),
        film_shift=float(bragg_shift(np.array(mismatch), angle, bragg)),
        weight=np.array([1.0, m]) / (1 + m),
    )


def stack(
    strain: FloatArray,
    n_layers: NDArray[np.int64],
    crystal: Crystal,
    film: Film | None,
    layer_thickness: float,
    bragg: Bragg = "linear",
) -> _Stack:
    """Sublayers of strain (n, k) on their substrate, in the top of the film where there is one."""
    rest: FloatArray = np.zeros(strain.shape[0])
    if film is not None:
        rest = film.thickness - layer_thickness * n_layers.astype(np.float64)
        if (rest < 0).any():
            row = int(np.argmin(rest))
            raise ValueError(
                f"film: {film.thickness:g} A of film cannot hold the {n_layers[row] * layer_thickness:g} A of strained "
                f"sublayers of row {row}; take a thicker film"
            )
        mismatch = (film.crystal.a - crystal.a) / crystal.a
        strain = (1 + strain) * (1 + mismatch) - 1
    shift = bragg_shift(strain, crystal.bragg_angle, bragg)
    return _Stack(shift, n_layers, rest, optics(crystal, film, bragg))


def check_disorder(disorder: ArrayLike, damage: ArrayLike, n: int) -> tuple[FloatArray, FloatArray]:
    """Disorder E and damage of n samples, each of shape (n,); a ValueError for impossible ones."""
    static, loss = (_each(v, name, n) for v, name in ((disorder, "disorder"), (damage, "damage")))
    for name, values, allowed, what in (
        ("disorder", static, (static > 0) & (static <= 1), "0 < E <= 1"),
        ("damage", loss, (loss >= 0) & np.isfinite(loss), "zero or a positive number"),
    ):
        if not allowed.all():
            raise ValueError(f"{name}: {values[~allowed][0]} given, {what} expected")
    return static, loss


def _each(values: ArrayLike, name: str, n: int) -> FloatArray:
    """One number for each of n samples, or the same for all."""
    given = vectors(values, name, finite=False)
    if given.shape not in ((), (1,), (n,)):
        raise ValueError(f"{name}: a number, or one for each of {n} samples expected, shape {given.shape} given")
    return np.array(np.broadcast_to(given, (n,)))


def scan_angles(angle: ArrayLike) -> FloatArray:
    """Angles in arcsec, shape (m,), none beyond half a turn."""
    given = vector(angle, "angle")
    if (np.abs(given) > _HALF_TURN).any():
        raise ValueError(f"angle: {given[np.argmax(np.abs(given))]:g} arcsec given, at most {_HALF_TURN:g} expected")
    return np.ascontiguousarray(given)


def relative_strain(strain: FloatArray) -> FloatArray:
    """Strain of sublayers (n, k) over the largest of each sample, 0 to 1; 0 where there is no sublayer."""
    return np.asarray(strain / strain.max(axis=1, initial=DMIN)[:, None])  # every sublayer has more than DMIN


def reflectivity(
    parameters: ArrayLike | StrainParameters,
    angle: ArrayLike,
    *,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: ArrayLike = 1.0,
    damage: ArrayLike = 0.0,
    bragg: Bragg = "linear",
    exact: bool = False,
    threads: int | None = None,
) -> FloatArray:
    """Reflectivity at given angles, before any resolution function.

    Parameters
    ----------
    parameters : array_like, shape (n, 7) or (7,)
        Strain parameters, lengths in A.
    angle : array_like, shape (m,)
        dth = thB - theta, arcsec; any spacing.
    crystal, film : Crystal, Film or None
        Substrate, and the film that holds the strained sublayers.
    layer_thickness : float
        Thickness of a sublayer, A.
    disorder : float or array_like, shape (n,)
        Static Debye-Waller factor 0 < E <= 1 of the sublayers; 1 is a perfect lattice.
    damage : float or array_like, shape (n,)
        How much further E falls where strain is largest: a sublayer has ``disorder * exp(-damage * r**2)``, r its
        strain over the sample's largest. Zero or positive, dimensionless; 0 is one E for all sublayers.
    bragg : {"linear", "exact"}
        How strain shifts a sublayer's peak.
    exact : bool
        Closed form instead of the faster expansion (which is within 1e-5 of it).
    threads : int, optional
        Threads to share the samples among; by default one per core.

    Returns
    -------
    ndarray, shape (n, m), float64
        Between 0 and 1.

    Raises
    ------
    ValueError
        For parameters, a disorder, damage or film that cannot be simulated.
    """
    rows = as_parameters(parameters)
    theta = scan_angles(angle) * ARCSEC
    static, loss = check_disorder(disorder, damage, rows.shape[0])
    strain, n_layers = strain_layers(rows, layer_thickness=layer_thickness)
    factor = static[:, None] * np.exp(-loss[:, None] * relative_strain(strain) ** 2)
    layers = stack(strain, n_layers, crystal, film, layer_thickness, bragg)
    return propagate(theta, layers, factor, layer_thickness, exact=exact, threads=threads)


def propagate(
    theta: FloatArray,
    layers: _Stack,
    factor: FloatArray,
    layer_thickness: float,
    *,
    exact: bool = False,
    threads: int | None = None,
) -> FloatArray:
    """Reflectivity (n, m) of stacks at angles theta (m,) in rad; factor (n, k) is each sublayer's E."""
    from xrdlib.simulation import _kernels  # numba is imported when a curve is wanted, not before

    n = len(factor)
    if np.abs(layers.optics.sigma_layer).max() * layer_thickness > _EXPANSION_LIMIT:
        exact = True
    kernel = _kernels.propagate_exact if exact else _kernels.propagate_expanded
    out = np.empty((n, theta.size))

    def run(part: slice) -> None:
        kernel(
            theta, layers.shift[part], layers.n_layers[part], factor[part], layers.optics, layers.rest[part],
            layer_thickness, out[part],
        )  # fmt: skip

    workers = min(threads or os.cpu_count() or 1, max(1, n // 4))
    if workers == 1:
        run(slice(None))
    else:
        step = -(-n // (4 * workers))
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, [slice(i, i + step) for i in range(0, n, step)]))
    return out
