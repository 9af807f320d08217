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
    bragg: Bragg = "linear",
) -> Tensor:
    """Reflectivity of a batch, differentiable; arguments as ``diffraction.reflectivity``.

    Parameters
    ----------
    parameters : Tensor, shape (n, 7)
        Lengths in A; the result has its dtype and device.
    angle : Tensor, shape (m,)
        arcsec.
    disorder : Tensor, shape (n,), or float

    Returns
    -------
    Tensor, shape (n, m)
    """
    dtype, device = parameters.dtype, parameters.device
    complex_dtype = torch.complex128 if dtype == torch.float64 else torch.complex64
    _, counts = strain_layers(parameters.detach().cpu().numpy().astype(np.float64), layer_thickness=layer_thickness)
    n_layers = torch.as_tensor(counts, device=device)
    n_max = int(counts.max(initial=0))
    depth = (torch.arange(n_max, dtype=dtype, device=device) + 0.5) * layer_thickness
    strain = strain_torch(parameters, depth)
    o = optics(crystal, film, bragg)
    if film is not None:
        strain = (1 + strain) * (film.crystal.a / crystal.a) - 1
    if bragg == "linear":
        shift = strain * np.tan(crystal.bragg_angle)
    else:
        shift = crystal.bragg_angle - torch.asin(np.sin(crystal.bragg_angle) / (1 + strain))
    theta = angle.to(dtype=dtype, device=device) * ARCSEC
    static = torch.as_tensor(disorder, dtype=dtype, device=device).expand(parameters.shape[0])
    total = torch.zeros((parameters.shape[0], theta.shape[0]), dtype=dtype, device=device)
    for p in range(2):
        sigma_s, sigma_l = complex(o.sigma_substrate[p]), complex(o.sigma_layer[p])
        y = torch.complex(-2 * o.slope * theta, torch.full_like(theta, -o.eta_substrate))
        s = torch.sqrt(y * y - 4 * sigma_s**2)
        s = torch.where(s.imag > 0, -s, s)
        u = (-(y + s) / (2 * sigma_s)).to(complex_dtype).expand(total.shape)
        v = torch.ones_like(u)
        if film is not None:
            rest = (film.thickness - n_layers * layer_thickness).to(dtype)[:, None]
            g = torch.complex(o.slope * (theta - o.film_shift) * rest, 0.5 * o.eta_layer * rest.expand(total.shape))
            u, v = _layer(u, v, g, sigma_l * rest)
        tau = static[:, None] * (sigma_l * layer_thickness)
        absorption = torch.full(total.shape, 0.5 * o.eta_layer * layer_thickness, dtype=dtype, device=device)
        for k in range(n_max - 1, -1, -1):
            phase = o.slope * layer_thickness * (theta - shift[:, k : k + 1])
            below = (k < n_layers)[:, None]
            u_next, v_next = _layer(u, v, torch.complex(phase, absorption), tau)
            u, v = torch.where(below, u_next, u), torch.where(below, v_next, v)
        x = u / v
        total = total + float(o.weight[p]) * (x.real.square() + x.imag.square())
    return total


def _layer(u: Tensor, v: Tensor, g: Tensor, tau: Tensor) -> tuple[Tensor, Tensor]:
    """One uniform layer, closed form (see ``_kernels``)."""
    w = g * g - tau * tau
    small = w.abs() < 1e-9
    root = torch.sqrt(torch.where(small, 1.0, w))
    c = torch.where(small, 1 - w / 2, torch.cos(root))
    s = torch.where(small, 1 - w / 6, torch.sin(root) / root)
    return c * u - 1j * s * (g * u - tau * v), c * v + 1j * s * (g * v - tau * u)


def simulate_torch(
    parameters: Tensor,
    *,
    scan: Scan = _DEFAULT_SCAN,
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    layer_thickness: float = 100.0,
    disorder: Tensor | float = 1.0,
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
        bragg=bragg,
    )
    if instrument is None:
        return curves
    matrix = resolution_matrix(scan.angle, grid, instrument.fwhm, instrument.lorentz_fraction)
    return instrument.scale * (curves @ torch.as_tensor(matrix).to(curves)) + instrument.background
