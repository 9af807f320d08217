"""Crystals, films and scans: what is measured, and at which angles.

Susceptibilities are those of the chosen reflection at Cu K-alpha1. The lab's values have two errors, which
``GGG_444_LAB`` and ``YIG_FILM_LAB`` keep for comparison with its curves and ``GGG_444`` and ``YIG_FILM`` do not:

- chi_hi of pi polarisation contains |cos 2 thB|, by which the recursion multiplies it again;
- chi_hi has the sign that belongs to chi_0i > 0. With chi_0i < 0 and dth = thB - theta it must be negative: at the
  low-angle side of the peak (dth > 0) the nodes of the standing wave lie on the atomic planes, less is absorbed,
  and the reflectivity is higher (Prins 1930, Z. Phys. 63, 477). The lab's sign mirrors the substrate's peak, whose
  maximum moves from +1.6 to -1.4 arcsec and away from the strained layers (docs/physics.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, sqrt

import numpy as np
from numpy.typing import NDArray

from xrdlib._arrays import is_whole, number, require_numbers, shown, vector

__all__ = [
    "CRYSTALS",
    "CU_K_ALPHA1",
    "GGG_444",
    "GGG_444_LAB",
    "YIG_FILM",
    "YIG_FILM_LAB",
    "Crystal",
    "Film",
    "Scan",
]

ARCSEC = np.pi / (180 * 3600)
CU_K_ALPHA1 = 1.54056  # A

_LARGEST_CHI = 1e-2
_THICKEST = 1e8  # A, a centimetre
_MOST_POINTS = 1_000_000
_HALF_TURN = 648_000.0  # arcsec


@dataclass(frozen=True)
class Crystal:
    """A cubic crystal in symmetric Bragg geometry.

    Attributes
    ----------
    name : str
    a : float
        Lattice parameter, A.
    chi_0i : float
        Imaginary part of the susceptibility, < 0.
    chi_hr : float
        Real part of the susceptibility's Fourier component of the reflection.
    chi_hi : tuple of float
        Its imaginary part, for sigma and for pi polarisation (the same unless the lab's values are meant);
        < 0 in the convention in which chi_0i < 0.
    hkl : tuple of int
        Miller indices of the reflection.
    wavelength : float
        A.
    """

    name: str
    a: float
    chi_0i: float
    chi_hr: float
    chi_hi: tuple[float, float]
    hkl: tuple[int, int, int] = (4, 4, 4)
    wavelength: float = CU_K_ALPHA1

    def __post_init__(self) -> None:
        where = f"crystal: {self.name}"
        require_numbers(where, a=self.a, chi_0i=self.chi_0i, chi_hr=self.chi_hr, wavelength=self.wavelength)
        chi_hi, hkl = (vector(getattr(self, k), f"{where}: {k}", n) for k, n in (("chi_hi", 2), ("hkl", 3)))
        object.__setattr__(self, "chi_hi", tuple(chi_hi.tolist()))
        if (hkl % 1 != 0).any():
            raise ValueError(f"{where}: hkl = {shown(self.hkl)} given, whole numbers expected")
        object.__setattr__(self, "hkl", tuple(int(h) for h in hkl))
        for name, allowed, what in (
            ("a", 1 <= self.a <= 1000, "1 to 1000 A"),
            ("wavelength", 0.01 <= self.wavelength <= 100, "0.01 to 100 A"),
            ("hkl", any(self.hkl) and max(map(abs, self.hkl)) <= 100, "Miller indices, not all 0,"),
            ("chi_0i", -_LARGEST_CHI <= self.chi_0i <= 0, f"{-_LARGEST_CHI:g} to 0"),
            ("chi_hr", 0 < abs(self.chi_hr) <= _LARGEST_CHI, f"up to {_LARGEST_CHI:g}, not 0,"),
            ("chi_hi", max(map(abs, self.chi_hi)) <= _LARGEST_CHI, f"up to {_LARGEST_CHI:g}"),
        ):
            if not allowed:
                raise ValueError(f"{where}: {name} = {getattr(self, name)} given, {what} expected")
        if not self._sine < 1:
            raise ValueError(
                f"{where}: no reflection, wavelength = {self.wavelength:g} A is too long for hkl = {self.hkl} and "
                f"a = {self.a:g} A"
            )

    @property
    def _sine(self) -> float:
        return self.wavelength * sqrt(sum(h * h for h in self.hkl)) / (2 * self.a)

    @property
    def bragg_angle(self) -> float:
        """Bragg angle in radian, asin(lambda / 2 d)."""
        d = self.a / sqrt(sum(h * h for h in self.hkl))
        return asin(self.wavelength / (2 * d))


@dataclass(frozen=True)
class Film:
    """A uniform film on the substrate, in whose top the strained sublayers lie.

    Attributes
    ----------
    crystal : Crystal
    thickness : float
        A, the strained sublayers included.
    """

    crystal: Crystal
    thickness: float

    def __post_init__(self) -> None:
        if not 0 <= number(self.thickness, "film: thickness") <= _THICKEST:
            raise ValueError(f"film: thickness = {self.thickness:g} A given, 0 to {_THICKEST:g} A expected")


@dataclass(frozen=True)
class Scan:
    """An equidistant angular scan, dth = thB - theta in arcsec; by default the lab's.

    Attributes
    ----------
    start, step : float
        First angle and step, arcsec.
    n_points : int
    """

    start: float = -20 * 4.018235972
    step: float = 4.018235972
    n_points: int = 701

    def __post_init__(self) -> None:
        require_numbers("scan", start=self.start, step=self.step)
        if not self.step > 1e-9:
            raise ValueError(f"scan: step {self.step} arcsec given, a positive step expected")
        if not is_whole(self.n_points):
            raise ValueError(f"scan: n_points = {shown(self.n_points)} given, a whole number expected")
        if self.n_points < 2:
            raise ValueError(f"scan: {self.n_points} points given, at least 2 expected")
        if self.n_points > _MOST_POINTS or max(abs(self.start), abs(self.stop)) > _HALF_TURN:
            raise ValueError(
                f"scan: start = {self.start:g}, step = {self.step:g}, n_points = {self.n_points} given; at most "
                f"{_MOST_POINTS} points within {_HALF_TURN:g} arcsec expected"
            )

    @property
    def angle(self) -> NDArray[np.float64]:
        """Angles, shape (n_points,), arcsec."""
        return self.start + self.step * np.arange(self.n_points, dtype=np.float64)

    @property
    def stop(self) -> float:
        """Last angle, arcsec."""
        return self.start + self.step * (self.n_points - 1)


GGG_444 = Crystal("GGG_444", 12.383, -3.595136e-6, 12.66065e-6, (-3.26115e-6, -3.26115e-6))
GGG_444_LAB = Crystal("GGG_444_LAB", 12.383, -3.595136e-6, 12.66065e-6, (3.26115e-6, 2.04984e-6))
YIG_444 = Crystal("YIG_444", 12.376, -2.00993e-6, 8.89309e-6, (-8.11552e-7, -8.11552e-7))
YIG_444_LAB = Crystal("YIG_444_LAB", 12.376, -2.00993e-6, 8.89309e-6, (8.11552e-7, 5.09772e-7))
YIG_FILM = Film(YIG_444, 31_500.0)
YIG_FILM_LAB = Film(YIG_444_LAB, 31_500.0)

CRYSTALS = {c.name: c for c in (GGG_444, GGG_444_LAB, YIG_444, YIG_444_LAB)}
