"""The same forward model in torch: closed form, differentiable in the parameters, on any device.

The formulas are those of ``strain`` and ``diffraction``. The number of sublayers is an integer and has no
derivative: gradients are those at the given number of sublayers.

torch writes every intermediate result to memory; what makes it faster is fewer numbers. The matrix of a few sublayers
is an entire function of the angle that turns no faster than their phase, so that Chebyshev's polynomial through a few
dozen angles, the nodes, has it to rounding everywhere. Sublayers are computed and multiplied at the nodes, in groups of
growing size (``_GROUPS``) at growing numbers of nodes; one product with a real matrix brings a group to the next nodes,
and last to the scan's angles, where X = u/v passes through the groups.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xrdlib.simulation._nodes import interpolation
from xrdlib.simulation.crystals import ARCSEC, GGG_444, Crystal, Film, Scan
from xrdlib.simulation.diffraction import Bragg, _Optics, check_disorder, scan_angles, stack
from xrdlib.simulation.instrument import Instrument, resolution_matrix
from xrdlib.simulation.simulate import scan_grid
from xrdlib.simulation.strain import DMIN, strain_layers

__all__ = ["reflectivity_torch", "simulate_torch", "strain_torch"]

_GROUPS = (2, 8)  # sublayers multiplied at each set of nodes; powers of two
_ROWS = 16  # samples at a time: what they need stays in the cache

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
    _check(parameters, angle)
    in_layers, counts = strain_layers(_numpy(parameters), layer_thickness=layer_thickness)
    one, other = (_numpy(v) if isinstance(v, Tensor) else v for v in (disorder, damage))
    checked = check_disorder(one, other, len(counts))
    static, loss = (
        given.to(dtype=dtype, device=device)  # with its gradient
        if isinstance(given, Tensor)
        else torch.as_tensor(values, dtype=dtype, device=device)
        for given, values in zip((disorder, damage), checked, strict=True)
    )
    static, loss = (v.expand(len(counts)) for v in (static, loss))
    layers = stack(in_layers, counts, crystal, film, layer_thickness, bragg)
    o = layers.optics
    theta = angle.to(dtype=dtype, device=device) * ARCSEC
    found = interpolation(_numpy(angle) * ARCSEC, o.slope * layer_thickness, _GROUPS)
    nodes, *matrices = (torch.as_tensor(x, dtype=dtype, device=device) for x in found)
    # of a like number of sublayers are the samples that are computed together
    order = np.argsort(-counts, kind="stable")
    rows = _ROWS if device.type == "cpu" else max(1, len(order))
    back = torch.as_tensor(np.argsort(order, kind="stable"), device=device)
    curves = [theta.new_empty((len(theta), 0))]
    for chosen in np.split(order, range(rows, len(order), rows)):
        n_groups = max(1, ceil(counts[chosen].max(initial=0) / _GROUPS[-1]))
        part, n_layers = (torch.as_tensor(x, device=device) for x in (chosen, counts[chosen]))
        rest = torch.as_tensor(layers.rest[chosen], dtype=dtype, device=device)
        # (k, n) from here on: sublayer, sample; those a sample does not have are of no thickness
        index = torch.arange(n_groups * _GROUPS[-1], device=device)
        own = index[:, None] < n_layers
        strain = strain_torch(parameters[part], (index.to(dtype) + 0.5) * layer_thickness).T
        factor = static[part] * torch.exp(-loss[part] * _relative(strain, own).square())
        if film is not None:
            strain = (1 + strain) * (film.crystal.a / crystal.a) - 1
        if bragg == "linear":
            shift = strain * np.tan(crystal.bragg_angle)
        else:
            shift = crystal.bragg_angle - torch.asin(np.sin(crystal.bragg_angle) / (1 + strain))
        u, v = _below(theta, rest, o)  # (m, 2, n): angle, polarisation, sample
        sublayers = _sublayers(nodes, shift, factor, own.to(dtype) * layer_thickness, o)
        for group in reversed(_groups(sublayers, matrices[:-1])):
            u, v = _through(_interpolate(matrices[-1], group), u, v)
        x = u / v
        weight = torch.as_tensor(o.weight, dtype=dtype, device=device)[:, None]
        curves.append((weight * (x.real.square() + x.imag.square())).sum(1))
    return torch.cat(curves, 1).T[back]


def _check(parameters: Tensor, angle: Tensor) -> None:
    if parameters.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"parameters: {parameters.dtype} given, float32 or float64 expected")
    if parameters.ndim != 2:
        raise ValueError(f"parameters: shape {tuple(parameters.shape)} given, (n, 7) expected")
    if angle.ndim != 1:
        raise ValueError(f"angle: shape {tuple(angle.shape)} given, finite numbers of shape (m,) expected")
    scan_angles(_numpy(angle))


def _numpy(values: Tensor) -> NDArray[Any]:
    array = values.detach().cpu().numpy()
    return array if array.dtype.kind == "c" else array.astype(np.float64)  # complex ones are refused by name


def _below(theta: Tensor, rest: Tensor, o: _Optics) -> tuple[Tensor, Tensor]:
    """Field (u, v) below the sublayers, each of shape (m, 2, n): substrate, and ``rest`` (n,) A of film on it."""
    sigma_s, sigma_l = (
        torch.as_tensor(s, dtype=theta.dtype.to_complex(), device=theta.device)[:, None]
        for s in (o.sigma_substrate, o.sigma_layer)
    )
    y = torch.complex(-2 * o.slope * theta, torch.full_like(theta, -o.eta_substrate))[:, None, None]
    s = torch.sqrt(y * y - 4 * sigma_s**2)
    s = torch.where(s.imag > 0, -s, s)
    u = (-2 * sigma_s / (y - s)).expand(-1, -1, len(rest))
    v = torch.ones_like(u)
    if not rest.any():
        return u, v
    phase = o.slope * (theta[:, None, None] - o.film_shift) * rest
    g = torch.complex(phase, (0.5 * o.eta_layer * rest).expand_as(phase))
    return _through(_layer(g, sigma_l * rest), u, v)


def _sublayers(nodes: Tensor, shift: Tensor, factor: Tensor, thickness: Tensor, o: _Optics) -> Tensor:
    """Matrices of sublayers at the nodes, shape (d, 2, 2, k, 2, n): node, row, column, sublayer, polarisation, sample.

    shift (rad), factor (E) and thickness (A) of the sublayers have the shape (k, n).
    """
    sigma = torch.as_tensor(o.sigma_layer, dtype=nodes.dtype.to_complex(), device=nodes.device)
    phase = o.slope * (nodes[:, None, None] - shift) * thickness
    g = torch.complex(phase, (0.5 * o.eta_layer * thickness).expand_as(phase))
    return _layer(g[:, :, None], (factor * thickness)[:, None] * sigma[:, None])


def _groups(m: Tensor, matrices: list[Tensor]) -> tuple[Tensor, ...]:
    """Matrices of groups of sublayers, surface first, each (d, 2, 2, 2, n), from those of the sublayers."""
    size = 1
    for i, group in enumerate(_GROUPS):
        if i > 0:
            m = _interpolate(matrices[i - 1], m)
        while size < group:
            upper, lower = m[:, :, :, 0::2], m[:, :, :, 1::2]
            m = upper[:, :, :1] * lower[:, :1] + upper[:, :, 1:] * lower[:, 1:]
            size *= 2
    return m.unbind(3)


def _through(m: Tensor, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """(u, v) above what has the matrix m from (u, v) below it."""
    return m[:, 0, 0] * u + m[:, 0, 1] * v, m[:, 1, 0] * u + m[:, 1, 1] * v


def _interpolate(matrix: Tensor, values: Tensor) -> Tensor:
    """Complex values (d, ...) at more angles, (m, ...), by a real matrix (m, d)."""
    real = torch.view_as_real(values)
    return torch.view_as_complex((matrix @ real.flatten(1)).reshape(len(matrix), *real.shape[1:]))


def _relative(strain: Tensor, own: Tensor) -> Tensor:
    """Strain (k, n) over the largest of each sample's ``own`` sublayers (k, n)."""
    return strain / torch.where(own, strain, DMIN).max(0).values  # every sublayer has more than DMIN


def _layer(g: Tensor, tau: Tensor) -> Tensor:
    """Matrix of a uniform layer, closed form (see ``_kernels``); rows and columns are axes 1 and 2."""
    w = g * g - tau * tau
    root = torch.sqrt(torch.where(w == 0, 1e-30, w))  # the root's derivative at zero is infinite
    forth = torch.exp(1j * root)
    back = 1 / forth
    c, s = (forth + back) / 2, (forth - back) / (2 * root)  # S times i
    along, across = s * g, s * tau
    m = torch.stack([c - along, across, -across, c + along], 1)
    return m.reshape(len(m), 2, 2, *m.shape[2:])


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
