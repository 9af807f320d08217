"""Epochs chosen on what a study has predicted already: its test samples, and the target's own curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xrdlib.data import SPACE
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.epochs._transfer import Transfer, between_draws, between_samples, single
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import curve_error

__all__ = ["from_neighbours", "from_own_curve", "halves_of"]

FloatArray = NDArray[np.float64]

_SMALLEST = 10  # points of a block
_BLOCK = 2.0  # resolutions: what is that far apart on a curve hardly shares a point


def from_neighbours(
    found: Checkpoints, trace: FloatArray, errors: FloatArray, true: FloatArray, k: int, seed: int
) -> list[Transfer]:
    """Chosen on the nearest test samples: for the target, and for every test sample."""
    tree, final = cKDTree(SPACE.normalise(true)), found.row(found.final)
    inside = np.clip(found.point, SPACE.minimum, SPACE.maximum)
    nearest = np.asarray(tree.query(SPACE.normalise(inside), range(1, k + 1))[1])
    around_target = int(errors[:, nearest].mean(axis=1).argmin())
    others = np.asarray(tree.query(SPACE.normalise(true), range(1, k + 2))[1])
    itself = others == np.arange(len(true))[:, None]
    itself[~itself.any(axis=1), -1] = True  # among equal samples it may not be listed
    others = others[~itself].reshape(len(true), k)
    around = np.stack([errors[:, column] for column in others.T]).mean(axis=0)  # (epoch, sample)
    regret = errors[final] - errors.min(axis=0)
    kept = errors[final] - errors[around.argmin(axis=0), np.arange(len(true))]
    label = f"{k} nearest test samples"
    return [
        Transfer("neighbours", label, "experiment", k, *single(trace, around_target, final)),
        Transfer("neighbours", label, "test samples", len(true), *between_samples(regret, kept, seed=seed)),
    ]


def from_own_curve(target: Target, found: Checkpoints) -> Transfer:
    """Chosen on the target's curve: all of it and scored by the truth, or one half and scored on the other."""
    final = found.row(found.final)
    if found.error is not None:
        scored = single(found.error, found.row(found.chosen), final)
        return Transfer("curve", "its own curve", "experiment", 1, *scored)
    halves = [
        curve_error(found.curves[:, half], target.intensity[half]).rmse
        for half in halves_of(target.angle, found.nuisances.fwhm)
    ]
    return Transfer(
        "halves", "every other block of its curve", "experiment", 2, *between_draws(np.stack(halves), final)
    )


def halves_of(angle: FloatArray, fwhm: float) -> list[NDArray[np.bool_]]:
    """Two halves of a curve in alternate blocks of ten points or more, and of twice the resolution or more.

    Points closer than the resolution say the same; a fit to one half must not be judged by its neighbours.
    """
    step = float(np.median(np.diff(angle)))
    block = min(max(_SMALLEST, int(np.ceil(_BLOCK * fwhm / step))), angle.size // 2)
    first = np.arange(angle.size) // block % 2 == 0
    return [first, ~first]
