"""Numba kernel of the reflectivity's derivatives: one pass up through the sublayers, one pass down.

With the matrix M of a sublayer as in ``_kernels``, the field below it (u, v), and the row vector (a, b) that turns a
change of the field above it into a change of R, ``dR = Re[(a, b) dM (u, v)]``. Each (u, v) is kept on the way up, and
(a, b) follows on the way down by (a, b) <- (a, b) M. All sublayers' derivatives cost as much as three curves; central
differences of seven parameters cost fourteen.

With S' = dS/dw, au + bv = p, au - bv = m, av - bu = x, the derivatives of M by the phase phi and by E are ::

    dM/dphi:  - S g p - i (S + 2 g^2 S') m + 2 i g S' tau x
    dM/dE:    tau^2 / E [S p + 2 i g S' m] + i tau / E (S - 2 tau^2 S') x
"""

from __future__ import annotations

import numpy as np
from numba import njit

from xrdlib.simulation._kernels import _layer, _substrate

__all__ = ["differentiate"]

_BLOCK = 64  # angles per block: the fields of all sublayers stay in the second-level cache


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def differentiate(angle, shift, n_layers, disorder, optics, rest, thickness, chain, fade, value, out):  # type: ignore[no-untyped-def]
    """Reflectivity and its derivatives.

    Arguments as ``_kernels.propagate_expanded``, and the derivatives of every sublayer's shift, chain (n, q, k), and of
    ln E, fade (n, q, k), by q parameters; value (n, m) and out (n, q, m), overwritten: R, and dR by the q parameters.
    """
    slope, eta_s, eta_l, sigma_s, sigma_l, film_shift, weight = optics
    q = chain.shape[1]
    field = np.empty((n_layers.max() + 1, 4, _BLOCK))
    row = np.empty((4, _BLOCK))
    phase, cosine, sine = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    d_phase, d_disorder = np.empty(_BLOCK), np.empty(_BLOCK)
    total = np.empty((q, _BLOCK))
    h = 0.5 * eta_l * thickness
    for i in range(n_layers.shape[0]):
        for start in range(0, angle.shape[0], _BLOCK):
            size = min(_BLOCK, angle.shape[0] - start)
            for j in range(_BLOCK):
                phase[j] = slope * thickness * angle[start + min(j, size - 1)]
                cosine[j], sine[j] = np.cos(phase[j]), np.sin(phase[j])
            value[i, start : start + size] = 0.0
            total[:] = 0.0
            for p in range(2):
                top = n_layers[i]
                for j in range(_BLOCK):
                    theta = angle[start + min(j, size - 1)]
                    u, v = _substrate(-(1j * eta_s + 2.0 * slope * theta), sigma_s[p]), 1.0 + 0.0j
                    if rest[i] > 0.0:
                        g = (slope * (theta - film_shift) + 0.5j * eta_l) * rest[i]
                        u, v = _layer(u, v, g, sigma_l[p] * rest[i])
                    field[0, 0, j], field[0, 1, j] = u.real, u.imag
                    field[0, 2, j], field[0, 3, j] = v.real, v.imag
                for k in range(top):  # field[k] is below the k-th sublayer from the bottom
                    b = slope * thickness * shift[i, top - 1 - k]
                    tau = disorder[i, top - 1 - k] * thickness * sigma_l[p]
                    _up(field[k], field[k + 1], phase, cosine, sine, b, h, tau, tau * tau)
                for j in range(_BLOCK):
                    u, v = complex(field[top, 0, j], field[top, 1, j]), complex(field[top, 2, j], field[top, 3, j])
                    x = u / v
                    if j < size:
                        value[i, start + j] += weight[p] * (x.real**2 + x.imag**2)
                    a = 2.0 * weight[p] * x.conjugate() / v
                    row[0, j], row[1, j] = a.real, a.imag
                    row[2, j], row[3, j] = -(a * x).real, -(a * x).imag
                for k in range(top - 1, -1, -1):
                    layer = top - 1 - k
                    b = slope * thickness * shift[i, layer]
                    tau = disorder[i, layer] * thickness * sigma_l[p]
                    _down(field[k], row, phase, cosine, sine, b, h, tau, tau * tau, d_phase, d_disorder)
                    _gather(total, d_phase, d_disorder, chain[i], fade[i], layer, -slope * thickness)
            for j in range(size):
                out[i, :, start + j] = total[:, j]


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy", inline="always")
def _expanded(phi, cosine, sine, cos_b, sin_b, h, square):  # type: ignore[no-untyped-def]
    """C, S and S' of a sublayer (real and imaginary parts), expanded around the real phase."""
    c = cosine * cos_b + sine * sin_b
    w = phi * phi
    near = w < 1e-4
    inverse = 1.0 / (1e-4 if near else w)
    s = 1.0 - w * (1.0 / 6.0 - w / 120.0) if near else (sine * cos_b - cosine * sin_b) * phi * inverse
    s1 = -1.0 / 6.0 + w / 60.0 if near else 0.5 * (c - s) * inverse
    s2 = 1.0 / 60.0 - w / 840.0 if near else -0.25 * (s + 6.0 * s1) * inverse
    s3 = -1.0 / 840.0 if near else -0.25 * (s1 + 10.0 * s2) * inverse
    s4 = 0.0 if near else -0.25 * (s2 + 14.0 * s3) * inverse
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
    return cr, ci, sr, si, s1 + s2 * er + 0.5 * s3 * er2 + s4 / 6.0 * er3, s2 * ei + 0.5 * s3 * ei2 + s4 / 6.0 * ei3


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def _up(below, above, phase, cosine, sine, b, h, tau, square):  # type: ignore[no-untyped-def]
    """(u, v) above a sublayer from (u, v) below it."""
    cos_b, sin_b = np.cos(b), np.sin(b)
    for j in range(_BLOCK):
        phi = phase[j] - b
        cr, ci, sr, si, _, _ = _expanded(phi, cosine[j], sine[j], cos_b, sin_b, h, square)
        # d = -i S g, o = i S tau
        dr, di = si * phi + sr * h, si * h - sr * phi
        orr, oi = -(sr * tau.imag + si * tau.real), sr * tau.real - si * tau.imag
        ur, ui, vr, vi = below[0, j], below[1, j], below[2, j], below[3, j]
        ar, ai, br, bi = cr + dr, ci + di, cr - dr, ci - di
        above[0, j] = ar * ur - ai * ui + orr * vr - oi * vi
        above[1, j] = ar * ui + ai * ur + orr * vi + oi * vr
        above[2, j] = br * vr - bi * vi - orr * ur + oi * ui
        above[3, j] = br * vi + bi * vr - orr * ui - oi * ur


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def _down(below, row, phase, cosine, sine, b, h, tau, square, d_phase, d_disorder):  # type: ignore[no-untyped-def]
    """Derivatives by a sublayer's phase and by E (times E), and (a, b) below the sublayer in place of above it."""
    cos_b, sin_b = np.cos(b), np.sin(b)
    tr, ti, t2r, t2i = tau.real, tau.imag, square.real, square.imag
    for j in range(_BLOCK):
        phi = phase[j] - b
        cr, ci, sr, si, lr, li = _expanded(phi, cosine[j], sine[j], cos_b, sin_b, h, square)
        ur, ui, vr, vi = below[0, j], below[1, j], below[2, j], below[3, j]
        ar, ai, br, bi = row[0, j], row[1, j], row[2, j], row[3, j]
        aur, aui = ar * ur - ai * ui, ar * ui + ai * ur
        bvr, bvi = br * vr - bi * vi, br * vi + bi * vr
        pr, pi, mr, mi = aur + bvr, aui + bvi, aur - bvr, aui - bvi
        xr = ar * vr - ai * vi - br * ur + bi * ui
        xi = ar * vi + ai * vr - br * ui - bi * ur
        # f = S g, e = 2 g S', then (S + 2 g^2 S') = S + e g
        fr, fi = sr * phi - si * h, sr * h + si * phi
        er, ei = 2.0 * (lr * phi - li * h), 2.0 * (lr * h + li * phi)
        zr, zi = sr + er * phi - ei * h, si + er * h + ei * phi
        etr, eti = er * tr - ei * ti, er * ti + ei * tr
        # real parts of -f p - i z m + i (e tau) x
        d_phase[j] = -(fr * pr - fi * pi) + (zr * mi + zi * mr) - (etr * xi + eti * xr)
        # real part of tau^2 (S p + i e m) + i tau (S - 2 tau^2 S') x
        inner_r = sr * pr - si * pi - (er * mi + ei * mr)
        inner_i = sr * pi + si * pr + er * mr - ei * mi
        yr, yi = sr - 2.0 * (t2r * lr - t2i * li), si - 2.0 * (t2r * li + t2i * lr)
        ytr, yti = yr * tr - yi * ti, yr * ti + yi * tr
        d_disorder[j] = t2r * inner_r - t2i * inner_i - (ytr * xi + yti * xr)
        # (a, b) M
        dr, di = fi, -fr
        orr, oi = -(sr * ti + si * tr), sr * tr - si * ti
        mar, mai, mbr, mbi = cr + dr, ci + di, cr - dr, ci - di
        row[0, j] = ar * mar - ai * mai - (br * orr - bi * oi)
        row[1, j] = ar * mai + ai * mar - (br * oi + bi * orr)
        row[2, j] = ar * orr - ai * oi + br * mbr - bi * mbi
        row[3, j] = ar * oi + ai * orr + br * mbi + bi * mbr


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def _gather(total, d_phase, d_disorder, chain, fade, layer, by_shift):  # type: ignore[no-untyped-def]
    """Add a sublayer's part to the derivatives by every parameter; most parameters change its shift or its E."""
    for c in range(chain.shape[0]):
        factor, other = by_shift * chain[c, layer], fade[c, layer]
        if factor != 0.0:
            for j in range(_BLOCK):
                total[c, j] += factor * d_phase[j]
        if other != 0.0:
            for j in range(_BLOCK):
                total[c, j] += other * d_disorder[j]
