"""The same forward model in torch: closed form, differentiable in the parameters, on any device.

The formulas are those of ``strain`` and ``diffraction``. The number of sublayers is an integer and has no
derivative: gradients are those at the given number of sublayers.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film, Scan
from xrdlib.simulation.diffraction import Bragg, optics
from xrdlib.simulation.instrument import Instrument, resolution_matrix
from xrdlib.simulation.simulate import scan_grid
from xrdlib.simulation.strain import DMIN, strain_layers

__all__ = ["reflectivity_torch", "simulate_torch", "strain_torch"]

_DEFAULT_SCAN = Scan()
_DEFAULT_INSTRUMENT = Instrument()


def strain_torch(parameters: Tensor, depth: Tensor) -> Tensor:
    """Strain of each row of ``parameters`` (n, 7) at ``depth`` (k,) in A; shape (n, k)."""
    dmax1, d01, l1, rp1, d02, l2, rp2 = (column[:, None] for column in parameters.unbind(1))
    above = depth < rp1
    # the argument of the branch not taken is replaced, so that its gradient stays finite
    squared_width = torch.where(above, rp1, l1 - rp1).square()
    ratio = torch.where(above, dmax1 / d01, dmax1.clamp_min(DMIN) / DMIN)
    degenerate = squared_width == 0
    exponent = (depth - rp1).square() * torch.log(ratio) / torch.where(degenerate, 1.0, squared_width)
    ended = degenerate & (depth != rp1)
    asymmetric = torch.where(ended | (dmax1 <= DMIN), 0.0, dmax1 * torch.exp(-exponent))
    inverse_3 = torch.log(d02.clamp_min(DMIN) / DMIN) / (l2 * (l2 - 2 * rp2))
    decaying = torch.where(d02 <= DMIN, 0.0, d02 * torch.exp(-depth * (depth - 2 * rp2) * inverse_3))
    return asymmetric + decaying


def reflectivity_torch(
    parameters: Tensor,
    angle: Tensor,
    *,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: Tensor | float = 1.0,
    damage: Tensor | float = 0.0,
    bragg: Bragg = "linear",
) -> Tensor:
    """Reflectivity of a batch, differentiable; arguments as ``diffraction.reflectivity``.

    Parameters
    ----------
    parameters : Tensor, shape (n, 7)
        Lengths in A; the result has its dtype and device.
    angle : Tensor, shape (m,)
        arcsec.
    disorder, damage : Tensor, shape (n,), or float

    Returns
    -------
    Tensor, shape (n, m)
    """
    dtype, device = parameters.dtype, parameters.device
    complex_dtype = torch.complex128 if dtype == torch.float64 else torch.complex64
    _, counts = strain_layers(parameters.detach().cpu().numpy().astype(np.float64), layer_thickness=layer_thickness)
    # most sublayers first: then those that have a k-th sublayer are the first rows, and no row needs padding
    order = torch.as_tensor(np.argsort(-counts, kind="stable"), device=device)
    n_rows = (counts[:, None] > np.arange(counts.max(initial=0))).sum(axis=0).tolist()
    depth = (torch.arange(len(n_rows), dtype=dtype, device=device) + 0.5) * layer_thickness
    strain = strain_torch(parameters[order], depth)
    static, loss = (
        torch.as_tensor(v, dtype=dtype, device=device).expand(len(order))[order, None] for v in (disorder, damage)
    )
    own = torch.arange(len(n_rows), device=device) < torch.as_tensor(counts, device=device)[order, None]
    disordered = static * torch.exp(-loss * _relative(strain, own).square())
    o = optics(crystal, film, bragg)
    if film is not None:
        strain = (1 + strain) * (film.crystal.a / crystal.a) - 1
    if bragg == "linear":
        shift = strain * np.tan(crystal.bragg_angle)
    else:
        shift = crystal.bragg_angle - torch.asin(np.sin(crystal.bragg_angle) / (1 + strain))
    theta = angle.to(dtype=dtype, device=device) * ARCSEC
    # fields are (2, n, m): polarisation, sample, angle
    sigma_s, sigma_l = (
        torch.as_tensor(sigma, dtype=complex_dtype, device=device)[:, None, None]
        for sigma in (o.sigma_substrate, o.sigma_layer)
    )
    y = torch.complex(-2 * o.slope * theta, torch.full_like(theta, -o.eta_substrate))
    s = torch.sqrt(y * y - 4 * sigma_s**2)
    s = torch.where(s.imag > 0, -s, s)
    u_in = (-2 * sigma_s / (y - s)).expand(-1, len(order), -1)
    v_in = torch.ones_like(u_in)
    if film is not None:
        rest = torch.as_tensor(film.thickness - counts * layer_thickness, dtype=dtype, device=device)[order, None]
        phase = o.slope * (theta - o.film_shift) * rest
        g = torch.complex(phase, (0.5 * o.eta_layer * rest).expand_as(phase))
        u_in, v_in = _layer(u_in, v_in, g, sigma_l * rest)
    tau = disordered.T.contiguous()[:, None, :, None] * (sigma_l * layer_thickness)
    u, v = u_in[:, :0], v_in[:, :0]
    for k in range(len(n_rows) - 1, -1, -1):
        n = n_rows[k]
        if n > u.shape[1]:
            u, v = (torch.cat([x, x_in[:, x.shape[1] : n]], 1) for x, x_in in ((u, u_in), (v, v_in)))
        phase = o.slope * layer_thickness * (theta - shift[:n, k : k + 1])
        g = torch.complex(phase, torch.full_like(phase, 0.5 * o.eta_layer * layer_thickness))
        u, v = _layer(u, v, g, tau[k, :, :n])
    u, v = (torch.cat([x, x_in[:, x.shape[1] :]], 1) for x, x_in in ((u, u_in), (v, v_in)))
    x = u / v
    weight = torch.as_tensor(o.weight, dtype=dtype, device=device)[:, None, None]
    return (weight * (x.real.square() + x.imag.square())).sum(0)[torch.argsort(order)]


def _relative(strain: Tensor, own: Tensor) -> Tensor:
    """Strain (n, k) over the largest of each sample's ``own`` sublayers (n, k)."""
    # one more sublayer, of DMIN: some sample may have none
    largest = torch.nn.functional.pad(torch.where(own, strain, 0.0), (0, 1), value=DMIN).max(1, keepdim=True).values
    return strain / largest


def _layer(u: Tensor, v: Tensor, g: Tensor, tau: Tensor) -> tuple[Tensor, Tensor]:
    """One uniform layer, closed form (see ``_kernels``)."""
    w = g * g - tau * tau
    root = torch.sqrt(torch.where(w == 0, 1e-30, w))  # the root's derivative at zero is infinite
    c, s = torch.cos(root), torch.sin(root) / root
    return c * u - 1j * s * (g * u - tau * v), c * v + 1j * s * (g * v - tau * u)


def simulate_torch(
    parameters: Tensor,
    *,
    scan: Scan = _DEFAULT_SCAN,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: Tensor | float = 1.0,
    damage: Tensor | float = 0.0,
    instrument: Instrument | None = _DEFAULT_INSTRUMENT,
    bragg: Bragg = "linear",
) -> Tensor:
    """``simulate`` for a Tensor (n, 7), differentiable and without counting noise; returns (n, n_points)."""
    if instrument is None:
        angle = torch.as_tensor(scan.angle)
    else:
        if instrument.peak_counts is not None:
            raise ValueError("instrument: counting noise has no gradient; give an instrument without peak_counts")
        grid = scan_grid(scan, crystal, film, instrument)
        angle = torch.as_tensor(grid.angle)
    curves = reflectivity_torch(
        parameters,
        angle,
        crystal=crystal,
        film=film,
        layer_thickness=layer_thickness,
        disorder=disorder,
        damage=damage,
        bragg=bragg,
    )
    if instrument is None:
        return curves
    matrix = resolution_matrix(scan.angle, grid, instrument.fwhm, instrument.lorentz_fraction)
    return instrument.scale * (curves @ torch.as_tensor(matrix).to(curves)) + instrument.background
