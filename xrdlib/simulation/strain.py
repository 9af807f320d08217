"""Strain profile of an implanted crystal: seven parameters, two Gaussians.

With the cut-off strain ``DMIN`` = 1e-4 (the depth L is where each part has decayed to it)::

    s1 = (L1 - Rp1)^2 / ln(Dmax1 / DMIN)      s2 = Rp1^2 / ln(Dmax1 / D01)
    s3 = L2 (L2 - 2 Rp2) / ln(D02 / DMIN)
    asymmetric(z) = Dmax1 exp(-(z - Rp1)^2 / s),   s = s2 for z < Rp1, s1 from the peak down
    decaying(z)   = D02 exp(Rp2^2 / s3) exp(-(z - Rp2)^2 / s3) = D02 exp(-z (z - 2 Rp2) / s3)
    strain(z)     = asymmetric(z) + decaying(z)

The limits are finite: Dmax1 = D01 leaves the asymmetric part flat above its peak; Rp1 = L1 ends it at
the peak; a part whose amplitude (Dmax1, D02) does not exceed ``DMIN`` is no strain and is left out.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import number, vectors

__all__ = [
    "DMIN",
    "MAX_DEPTH",
    "PARAMETERS",
    "StrainParameters",
    "StrainProfile",
    "as_parameters",
    "check_thickness",
    "strain_layers",
    "strain_parts",
    "strain_profile",
]

FloatArray = NDArray[np.float64]

DMIN = 1e-4
_LENGTHS = np.array([False, False, True, True, False, True, True])
_DEPTHS = ("L1", "Rp1", "L2", "Rp2")
MAX_DEPTH = 200_000.0  # angstrom; a profile that reaches deeper is a mistake in the parameters
_MAX_STRAIN = 1.0
_LARGEST = 1e100  # of any parameter: differences and their squares are then finite
_THINNEST = 0.1  # angstrom


@dataclass(frozen=True)
class StrainParameters:
    """The seven parameters of a strain profile; lengths in angstrom, strains dimensionless.

    Attributes
    ----------
    Dmax1, D01 : float
        Strain of the asymmetric Gaussian at its peak and at the surface.
    L1, Rp1 : float
        Depth of the asymmetric Gaussian and of its peak, A.
    D02, L2, Rp2 : float
        Decaying Gaussian: strain at the surface, depth (A), centre (A, negative: above the surface).
    """

    Dmax1: float
    D01: float
    L1: float
    Rp1: float
    D02: float
    L2: float
    Rp2: float

    @classmethod
    def from_array(cls, values: ArrayLike) -> StrainParameters:
        """From seven numbers in the order of ``PARAMETERS``, lengths in angstrom."""
        rows = as_parameters(values)
        if rows.shape[0] != 1:
            raise ValueError(f"parameters: one row of seven numbers expected, {rows.shape[0]} given")
        return cls(*(float(v) for v in rows[0]))

    @classmethod
    def from_cm(cls, values: ArrayLike) -> StrainParameters:
        """From seven numbers in the lab's units, lengths in cm (``5200e-8`` is 5200 A)."""
        rows = as_parameters(values)
        with np.errstate(over="ignore"):  # then infinite, and refused
            return cls.from_array(np.where(_LENGTHS, np.round(rows * 1e8, 6), rows))

    def to_array(self) -> FloatArray:
        """The seven numbers, shape (7,), lengths in angstrom."""
        return np.array(astuple(self), dtype=np.float64)


PARAMETERS: tuple[str, ...] = tuple(f.name for f in fields(StrainParameters))


class StrainProfile(NamedTuple):
    """Strain against depth: arrays of one shape (n_layers,), depth in A at the middle of each sublayer."""

    depth: FloatArray
    strain: FloatArray
    asymmetric: FloatArray
    decaying: FloatArray


def as_parameters(values: ArrayLike | StrainParameters) -> FloatArray:
    """Seven numbers, or rows of seven, as a (n, 7) float64 array; anything else is a ValueError."""
    if isinstance(values, StrainParameters):
        values = values.to_array()
    try:
        rows = np.atleast_2d(vectors(values, "parameters", finite=False))
    except ValueError as error:
        inside = "; they are in its attribute 'parameters'" if hasattr(values, "parameters") else ""
        raise ValueError(f"{error}; seven numbers expected ({' '.join(PARAMETERS)}){inside}") from None
    if rows.ndim != 2 or rows.shape[1] != len(PARAMETERS):
        given = rows.shape[-1] if rows.ndim == 2 else f"shape {rows.shape}"
        raise ValueError(f"parameters: seven numbers expected ({' '.join(PARAMETERS)}), {given} given")
    bad = ~(np.abs(rows) <= _LARGEST)  # nan, too
    if bad.any():
        row, column = np.argwhere(bad)[0]
        what = "far too large" if np.isfinite(rows[row, column]) else "not a number"
        raise ValueError(f"parameters: {PARAMETERS[column]} of row {row} is {rows[row, column]}, {what}")
    return rows


def strain_profile(parameters: ArrayLike | StrainParameters, *, layer_thickness: float = 100.0) -> StrainProfile:
    """Strain of one sample at the middle of its sublayers.

    Parameters
    ----------
    parameters : StrainParameters or array_like, shape (7,)
        In the order of ``PARAMETERS``, lengths in A.
    layer_thickness : float
        Thickness of a sublayer, A.

    Returns
    -------
    StrainProfile
        ``depth`` (A) and ``strain``, and the two parts, each of shape (n_layers,). The sublayers end
        before the first whose strain is <= ``DMIN``; n_layers may be 0.

    Raises
    ------
    ValueError
        For anything but seven finite numbers, lengths that are not positive (Rp2: above the surface),
        or a profile deeper than 20 micrometres.
    """
    rows = as_parameters(parameters)
    if rows.shape[0] != 1:
        raise ValueError(f"parameters: one row of seven numbers expected, {rows.shape[0]} given")
    depth, asymmetric, decaying = _parts(rows, layer_thickness)
    strain = asymmetric[0] + decaying[0]
    n = int(_count_layers(strain[None])[0])
    _check_layers(rows, np.array([n]), layer_thickness)
    return StrainProfile(depth[:n], strain[:n], asymmetric[0, :n], decaying[0, :n])


def strain_layers(
    parameters: ArrayLike | StrainParameters, *, layer_thickness: float = 100.0, held: int | None = None
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Strain of every sublayer of many samples, surface first.

    Parameters
    ----------
    parameters : array_like, shape (n, 7)
    layer_thickness : float
        A.
    held : int, optional
        So many sublayers for every sample, whatever their strain: what depends on the parameters then has no steps.

    Returns
    -------
    strain : ndarray, shape (n, n_max)
        Zero beyond a sample's own layers.
    n_layers : ndarray of int, shape (n,)
    """
    rows = as_parameters(parameters)
    if held is not None:
        _check(rows, layer_thickness)
        depth = (np.arange(held, dtype=np.float64) + 0.5) * layer_thickness
        asymmetric, decaying, _ = strain_parts(depth, rows)
        return asymmetric + decaying, np.full(rows.shape[0], held)
    _, asymmetric, decaying = _parts(rows, layer_thickness)
    strain = asymmetric + decaying
    n_layers = _count_layers(strain)
    _check_layers(rows, n_layers, layer_thickness)
    n_max = int(n_layers.max(initial=0))
    strain = strain[:, :n_max]
    strain[np.arange(n_max) >= n_layers[:, None]] = 0.0
    return strain, n_layers


def strain_parts(
    depth: FloatArray, rows: FloatArray
) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray, FloatArray]]:
    """Both parts of the strain (n, k) at depths (k,) of parameters (n, 7), and 1/s1, 1/s2, 1/s3, each (n, 1)."""
    widths = _widths(rows)
    first, second, third = (w[:, None] for w in widths)
    return *_at(depth, rows, widths), (first, second, third)


def _count_layers(strain: FloatArray) -> NDArray[np.int64]:
    """Number of leading sublayers with strain > DMIN, per row."""
    below = np.concatenate([strain <= DMIN, np.ones((strain.shape[0], 1), dtype=bool)], axis=1)
    return np.asarray(np.argmax(below, axis=1))


def _widths(rows: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Inverse squared widths 1/s1, 1/s2, 1/s3 of each row; inf where a part ends at once, 0 where it is flat."""
    dmax1, d01, l1, rp1, d02, l2, rp2 = rows.T
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inverse_1 = np.log(dmax1 / DMIN) / (l1 - rp1) ** 2
        inverse_2 = np.log(dmax1 / d01) / rp1**2
        inverse_3 = np.log(d02 / DMIN) / (l2 * (l2 - 2 * rp2))
    return inverse_1, inverse_2, inverse_3


def _parts(rows: FloatArray, layer_thickness: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Depths (n_z,) down to where every strain has fallen to DMIN, and the two parts (n, n_z) there."""
    _check(rows, layer_thickness)
    widths = _widths(rows)
    deepest = float(rows[:, [2, 3, 5]].max(initial=0.0))  # L1, Rp1, L2: below them both parts decrease
    while True:
        deepest *= 1.1
        n_z = int(np.ceil(deepest / layer_thickness)) + 1
        depth = (np.arange(n_z, dtype=np.float64) + 0.5) * layer_thickness
        asymmetric, decaying = _at(depth[-1:], rows, widths)
        last = asymmetric + decaying
        if (last <= DMIN).all():
            return depth, *_at(depth, rows, widths)
        if deepest > MAX_DEPTH:
            row = int(np.argmax(last))
            raise ValueError(
                f"parameters: the strain of row {row} reaches more than {MAX_DEPTH:g} A deep; "
                f"Dmax1 = {rows[row, 0]:g} and D02 = {rows[row, 4]:g} must be well above {DMIN:g}, or zero"
            )


def _at(depth: FloatArray, rows: FloatArray, widths: tuple[FloatArray, ...]) -> tuple[FloatArray, FloatArray]:
    """The two parts, each (n, n_z), at depths (n_z,)."""
    dmax1, _, _, rp1, d02, _, rp2 = (column[:, None] for column in rows.T)
    inverse_1, inverse_2, inverse_3 = (w[:, None] for w in widths)
    with np.errstate(invalid="ignore", over="ignore"):
        exponent = (depth - rp1) ** 2 * np.where(depth < rp1, inverse_2, inverse_1)
        exponent[np.isnan(exponent)] = 0.0  # exactly at the peak of a part of zero width
        asymmetric = np.where(dmax1 > DMIN, dmax1 * np.exp(-exponent), 0.0)
        decaying = np.where(d02 > DMIN, d02 * np.exp(-depth * (depth - 2 * rp2) * inverse_3), 0.0)
    return asymmetric, decaying


def _check_layers(rows: FloatArray, n_layers: NDArray[np.int64], layer_thickness: float) -> None:
    """Refuse strain that would vanish unnoticed: a profile thinner than a sublayer, or one buried under no strain."""
    lost = (n_layers == 0) & (np.maximum(rows[:, 0], rows[:, 4]) > 2 * DMIN)
    if lost.any():
        row = int(np.argmax(lost))
        values = ", ".join(f"{n} = {v:g}" for n, v in zip(PARAMETERS, rows[row], strict=True))
        raise ValueError(
            f"parameters: row {row} ({values}) has no sublayer of layer_thickness = {layer_thickness:g} A "
            f"with strain above {DMIN:g} at the surface; lengths are in angstrom (from_cm reads cm), and strain has to "
            "begin at the surface"
        )


def check_thickness(layer_thickness: float) -> None:
    """ValueError for a sublayer that is no length, too thin or too thick."""
    if not _THINNEST <= number(layer_thickness, "layer_thickness") <= MAX_DEPTH:
        raise ValueError(
            f"layer_thickness = {layer_thickness:g} A given, a length from {_THINNEST:g} to {MAX_DEPTH:g} A expected"
        )


def _check(rows: FloatArray, layer_thickness: float) -> None:
    check_thickness(layer_thickness)
    for name in PARAMETERS:
        values, largest = rows[:, PARAMETERS.index(name)], MAX_DEPTH if name in _DEPTHS else _MAX_STRAIN
        if (np.abs(values) > largest).any():
            row = int(np.argmax(np.abs(values)))
            raise ValueError(f"parameters: {name} = {values[row]:g} of row {row} must be within {largest:g}")
    for name, allowed, what in (
        ("L1", rows[:, 2] > 0, "positive"),
        ("Rp1", rows[:, 3] >= 0, "zero or positive"),
        ("L2", rows[:, 5] > 0, "positive"),
        ("Rp2", rows[:, 6] <= 0, "zero or negative (above the surface)"),
        ("Dmax1", rows[:, 0] >= 0, "zero or positive (compression is not described)"),
        ("D01", rows[:, 1] > 0, "positive"),
        ("D02", rows[:, 4] >= 0, "zero or positive (compression is not described)"),
    ):
        if not allowed.all():
            row = int(np.argmin(allowed))
            value = rows[row, PARAMETERS.index(name)]
            raise ValueError(f"parameters: {name} = {value:g} of row {row} must be {what}")
