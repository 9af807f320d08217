"""Numba kernel of the pseudo-Voigt and what the reflectivity's derivatives by its shape need, in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["convolve_with_slopes"]

_NOTHING = 50.0  # x^2 ln 2 beyond which the Gaussian is below 1e-21


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def convolve_with_slopes(angle, grid, weight, value, fwhm, lorentz_fraction, bell, slopes):  # type: ignore[no-untyped-def]
    """Matrix of the resolution function, and a reflectivity's derivatives by offset, fwhm and Lorentz fraction.

    angle (m,), grid and weight (n,), fwhm in arcsec; value (n,) on the grid; bell (m, n) and slopes (3, m) are
    overwritten: ``bell @ value`` is the convolved curve, ``slopes`` its derivatives.
    """
    ln2 = np.log(2.0)
    narrow = 2.0 / fwhm
    gauss_height = np.sqrt(ln2 / np.pi) * narrow
    lorentz_height = narrow / np.pi
    for i in range(angle.shape[0]):
        by_x, by_x_x, by_fraction, total = 0.0, 0.0, 0.0, 0.0
        for j in range(grid.shape[0]):
            x = (angle[i] - grid[j]) * narrow
            square = x * x
            inverse = 1.0 / (1.0 + square)
            lorentz = lorentz_height * inverse * weight[j]
            gauss = 0.0
            if square * ln2 < _NOTHING:
                gauss = np.exp(-ln2 * square) * gauss_height * weight[j]
            part = (1.0 - lorentz_fraction) * gauss + lorentz_fraction * lorentz
            bell[i, j] = part
            slope = -2.0 * x * ((1.0 - lorentz_fraction) * ln2 * gauss + lorentz_fraction * lorentz * inverse)
            total += part * value[j]
            by_x += slope * value[j]
            by_x_x += slope * x * value[j]
            by_fraction += (lorentz - gauss) * value[j]
        slopes[0, i] = by_x * narrow
        slopes[1, i] = -(total + by_x_x) / fwhm
        slopes[2, i] = by_fraction
