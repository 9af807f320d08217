"""Stored reflectivity into network inputs, and which of a dataset's samples are for training and for validation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xrdlib.data.build import simulate_rows
from xrdlib.data.space import SPACE
from xrdlib.simulation import Instrument, measure
from xrdlib.training.config import StudyConfig, StudyError

__all__ = [
    "PER_INSTRUMENT",
    "draw_validation",
    "fractions",
    "fresh_seed",
    "network_inputs",
    "split",
    "validation_curves",
]

_CHUNK = 4096
PER_INSTRUMENT = 16  # curves of the validation and test sets that share a resolution: many instruments, once


def validation_curves(config: StudyConfig, n: int | None = None) -> tuple[Tensor, Tensor]:
    """Curves of the validation set, simulated anew: a study needs no dataset beside it.

    Parameters
    ----------
    config : StudyConfig
    n : int, optional
        Only the first so many; they are in random order. By default all.

    Returns
    -------
    inputs : Tensor, shape (n, n_points)
    targets : Tensor, shape (n, 7)
        Parameters as fractions of their ranges.

    Raises
    ------
    StudyError
        If there are fewer than ``n``.
    """
    rows = split(config)[1]
    count = rows.size if n is None else n
    if not 1 <= count <= rows.size:
        raise StudyError(f"n = {n}: 1 to {rows.size} expected, the curves of the validation set")
    # noise is drawn for all curves of a chunk at once: to be these curves it must be drawn for the others, too
    needed = count if config.measurement is None else -(-count // _CHUNK) * _CHUNK
    inputs, targets = draw_validation(config, *simulate_rows(config.dataset, rows[:needed]))
    return inputs[:count], targets[:count]


def split(config: StudyConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the training and of the validation set."""
    n = config.dataset.size
    order = np.random.default_rng([config.seed, 1]).permutation(n)
    n_validation = max(1, round(n * config.training.validation_fraction))
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])


def draw_validation(
    config: StudyConfig, parameters: NDArray[np.float64], stored: NDArray[np.float32]
) -> tuple[Tensor, Tensor]:
    """Inputs and targets of the validation set, from its parameters (n, 7) and reflectivity (n, n_grid)."""
    rng = np.random.default_rng([config.seed, 3])
    return network_inputs(config, stored, rng, PER_INSTRUMENT), fractions(parameters)


def network_inputs(
    config: StudyConfig,
    stored: NDArray[np.float32],
    rng: np.random.Generator | None,
    per_instrument: int | None,
) -> Tensor:
    """Inputs (n, n_points) of reflectivity (n, n_grid): noise-free, or measured with nuisances drawn from ``rng``."""
    scan, grid, measurement = config.dataset.scan, config.dataset.grid, config.measurement
    out = np.empty((stored.shape[0], scan.n_points), dtype=np.float32)
    for start in range(0, stored.shape[0], _CHUNK):
        rows = slice(start, start + _CHUNK)
        if measurement is None:
            out[rows] = config.preprocess(measure(stored[rows].astype(float), grid, scan.angle, Instrument()))
        else:
            assert rng is not None
            draw = replace(measurement, curves_per_instrument=per_instrument or measurement.curves_per_instrument)
            out[rows] = config.preprocess(*draw.draw(stored[rows], grid, scan, rng))
    return torch.from_numpy(out)


def fresh_seed(seed: int, *where: int) -> int:
    """A seed of the fresh curves of one epoch, or of one pool of it."""
    return int(np.random.SeedSequence([seed, 9, *where]).generate_state(1)[0])


def fractions(parameters: NDArray[np.float64]) -> Tensor:
    """Parameters (n, 7) as fractions of their ranges, the targets of the training."""
    return torch.from_numpy(SPACE.normalise(parameters).astype(np.float32))
