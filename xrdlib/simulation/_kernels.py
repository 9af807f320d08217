"""Numba kernels of the Takagi-Taupin recursion: one closed form, one expansion that is 30 times faster.

Both propagate X = u/v from the substrate to the surface. With the phase phi = K b sin(2 thB) dl (dth - shift),
h = eta0 dl / 2 and tau = E sigma dl, a sublayer is ``[u; v] <- [[C - i S g, i S tau], [-i S tau, C + i S g]] [u; v]``
where g = phi + i h, C = cos(sqrt(w)), S = sin(sqrt(w))/sqrt(w), w = g^2 - tau^2.

``propagate_expanded`` expands C and S in w around the real phi^2 to third order. For a sublayer of 100 A
|h| is 0.002 and |tau| 0.006, so that the neglected fourth order, h^4 / 24, is below 1e-12 of a sublayer's matrix
(docs/physics.md has the measured error of the curve). What is left is real arithmetic: cos(phi) and sin(phi)
follow from those of the angle and of the sublayer by the addition theorem, so the inner loop over angles has no
trigonometry, no square root and no branch.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["propagate_exact", "propagate_expanded"]

# All kernels here, in _adjoint.py and refinement/_convolution.py have the same fastmath and error model, and what they
# call is inlined or has them, too: numba compiles its own complex functions with the flags of whichever caller comes
# first, and the last bits of stored curves would depend on the order of first use.
_BLOCK = 128  # angles per block: what a block needs stays in the first-level cache
_LANES = 8  # angles are padded to a multiple of this, so that every one is in the vectorised part of the loop


@njit(inline="always")
def _substrate(y, sigma):  # type: ignore[no-untyped-def]
    """X = -(y + s) / (2 sigma) of the semi-infinite substrate, written without the cancellation of y and s.

    The branch Im s < 0 is the wave that decays with depth.
    """
    s = np.sqrt(y * y - 4.0 * sigma * sigma)
    if s.imag > 0.0:
        s = -s
    return -2.0 * sigma / (y - s)


@njit(inline="always")
def _layer(u, v, g, tau):  # type: ignore[no-untyped-def]
    """One uniform layer, closed form; even in the root, so its branch does not matter."""
    w = g * g - tau * tau
    root = np.sqrt(w)
    c = np.cos(root)
    s = 1.0 - w / 6.0 if abs(w) < 1e-9 else np.sin(root) / root
    return c * u - 1j * s * (g * u - tau * v), c * v + 1j * s * (g * v - tau * u)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def propagate_exact(angle, shift, n_layers, disorder, optics, rest, thickness, out):  # type: ignore[no-untyped-def]
    """Reflectivity of each row of sublayers by the closed form.

    Arguments (all lengths in A, angles in rad): angle (m,); shift (n, k) of each sublayer's Bragg peak, surface
    first; n_layers (n,); disorder (n, k), each sublayer's E; optics (see ``diffraction._Optics``); rest (n,) thickness
    of the film below the sublayers; thickness of a sublayer; out (n, m), overwritten.
    """
    slope, eta_s, eta_l, sigma_s, sigma_l, film_shift, weight = optics
    for i in range(n_layers.shape[0]):
        for j in range(angle.shape[0]):
            total = 0.0
            for p in range(2):
                x = _substrate(-(1j * eta_s + 2.0 * slope * angle[j]), sigma_s[p])
                u, v = x, 1.0 + 0.0j
                if rest[i] > 0.0:
                    g = (slope * (angle[j] - film_shift) + 0.5j * eta_l) * rest[i]
                    u, v = _layer(u, v, g, sigma_l[p] * rest[i])
                for k in range(n_layers[i] - 1, -1, -1):
                    g = (slope * (angle[j] - shift[i, k]) + 0.5j * eta_l) * thickness
                    u, v = _layer(u, v, g, disorder[i, k] * sigma_l[p] * thickness)
                x = u / v
                total += weight[p] * (x.real * x.real + x.imag * x.imag)
            out[i, j] = total


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def propagate_expanded(angle, shift, n_layers, disorder, optics, rest, thickness, out):  # type: ignore[no-untyped-def]
    """As ``propagate_exact``, by the expansion of this module's docstring (within 1e-8 for sublayers of 100 A)."""
    slope, eta_s, eta_l, sigma_s, sigma_l, film_shift, weight = optics
    m = angle.shape[0]
    padded = (m + _LANES - 1) // _LANES * _LANES
    h = 0.5 * eta_l * thickness
    phase, cosine, sine = np.empty(padded), np.empty(padded), np.empty(padded)
    below = np.empty((2, padded), np.complex128)  # X of the substrate, the same for all samples
    for j in range(padded):
        theta = angle[min(j, m - 1)]
        phase[j] = slope * thickness * theta
        cosine[j], sine[j] = np.cos(phase[j]), np.sin(phase[j])
        for p in range(2):
            below[p, j] = _substrate(-(1j * eta_s + 2.0 * slope * theta), sigma_s[p])
    field = np.empty((2, 4, _BLOCK))  # polarisation; Re u, Im u, Re v, Im v; angle
    shifted = np.empty((shift.shape[1], 3))  # phase of a sublayer's shift, its cosine and sine
    for i in range(n_layers.shape[0]):
        for k in range(n_layers[i]):
            b = slope * thickness * shift[i, k]
            shifted[k, 0], shifted[k, 1], shifted[k, 2] = b, np.cos(b), np.sin(b)
        for start in range(0, padded, _BLOCK):
            width = min(_BLOCK, padded - start)
            for p in range(2):
                for j in range(width):
                    u, v = below[p, start + j], 1.0 + 0.0j
                    if rest[i] > 0.0:
                        theta = angle[min(start + j, m - 1)]
                        g = (slope * (theta - film_shift) + 0.5j * eta_l) * rest[i]
                        u, v = _layer(u, v, g, sigma_l[p] * rest[i])
                    field[p, 0, j], field[p, 1, j] = u.real, u.imag
                    field[p, 2, j], field[p, 3, j] = v.real, v.imag
            for k in range(n_layers[i] - 1, -1, -1):
                tau_0 = disorder[i, k] * thickness * sigma_l[0]
                tau_1 = disorder[i, k] * thickness * sigma_l[1]
                _expanded_layer(
                    width,
                    field,
                    phase[start : start + width],
                    cosine[start : start + width],
                    sine[start : start + width],
                    shifted[k, 0],
                    shifted[k, 1],
                    shifted[k, 2],
                    h,
                    tau_0,
                    tau_1,
                    tau_0 * tau_0,
                    tau_1 * tau_1,
                )
            for j in range(min(width, m - start)):
                out[i, start + j] = weight[0] * (field[0, 0, j] ** 2 + field[0, 1, j] ** 2) / (
                    field[0, 2, j] ** 2 + field[0, 3, j] ** 2
                ) + weight[1] * (field[1, 0, j] ** 2 + field[1, 1, j] ** 2) / (
                    field[1, 2, j] ** 2 + field[1, 3, j] ** 2
                )


@njit(nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy", inline="always")
def _expanded_layer(  # type: ignore[no-untyped-def]
    width, field, phase, cosine, sine, b, cos_b, sin_b, h, tau_0, tau_1, square_0, square_1
):
    for j in range(width):
        phi = phase[j] - b
        c = cosine[j] * cos_b + sine[j] * sin_b
        w = phi * phi
        near = w < 1e-4
        inverse = 1.0 / (1e-4 if near else w)
        # s = sinc(phi) and its derivatives with respect to w, from 4 w s'' + 6 s' + s = 0
        s = 1.0 - w * (1.0 / 6.0 - w / 120.0) if near else (sine[j] * cos_b - cosine[j] * sin_b) * phi * inverse
        s1 = -1.0 / 6.0 + w / 60.0 if near else 0.5 * (c - s) * inverse
        s2 = 1.0 / 60.0 - w / 840.0 if near else -0.25 * (s + 6.0 * s1) * inverse
        s3 = -1.0 / 840.0 if near else -0.25 * (s1 + 10.0 * s2) * inverse
        for p in range(2):
            tau = tau_0 if p == 0 else tau_1
            square = square_0 if p == 0 else square_1
            # w of the layer = phi^2 + er + i ei
            er = -h * h - square.real
            ei = 2.0 * phi * h - square.imag
            er2 = er * er - ei * ei
            ei2 = 2.0 * er * ei
            er3 = er2 * er - ei2 * ei
            ei3 = er2 * ei + ei2 * er
            cr = c - 0.5 * s * er - 0.25 * s1 * er2 - s2 / 12.0 * er3
            ci = -0.5 * s * ei - 0.25 * s1 * ei2 - s2 / 12.0 * ei3
            sr = s + s1 * er + 0.5 * s2 * er2 + s3 / 6.0 * er3
            si = s1 * ei + 0.5 * s2 * ei2 + s3 / 6.0 * ei3
            # d = -i S g, o = i S tau
            dr = si * phi + sr * h
            di = si * h - sr * phi
            orr = -(sr * tau.imag + si * tau.real)
            oi = sr * tau.real - si * tau.imag
            ur, ui, vr, vi = field[p, 0, j], field[p, 1, j], field[p, 2, j], field[p, 3, j]
            ar, ai = cr + dr, ci + di
            br, bi = cr - dr, ci - di
            field[p, 0, j] = ar * ur - ai * ui + orr * vr - oi * vi
            field[p, 1, j] = ar * ui + ai * ur + orr * vi + oi * vr
            field[p, 2, j] = br * vr - bi * vi - orr * ur + oi * ui
            field[p, 3, j] = br * vi + bi * vr - orr * ui - oi * ur
