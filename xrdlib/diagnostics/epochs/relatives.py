"""What is nearly one experiment: the same sample recorded again, and samples near it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, Experiment
from xrdlib.training import Study

__all__ = ["COUNTS", "counted", "near", "tracked_draws"]

FloatArray = NDArray[np.float64]

COUNTS = 6e4  # in the peak, of an experiment without noise: as the lab's curves have
_TRIES = 500


def near(parameters: FloatArray, width: float, rng: np.random.Generator) -> FloatArray:
    """One point near each of (n, 7): every parameter within +-width % of its range, and inside the space.

    Where none of some hundred tries is inside (a point far outside the space) the row is nan.
    """
    found = np.full(parameters.shape, np.nan)
    for i, centre in enumerate(parameters):
        tried = centre + rng.uniform(-width, width, size=(_TRIES, centre.size)) / 100 * SPACE.range
        inside = ((tried >= SPACE.minimum) & (tried <= SPACE.maximum)).all(axis=1)
        rows = np.flatnonzero(inside)
        rows = rows[SPACE.valid(tried[rows])] if rows.size else rows
        if rows.size:
            found[i] = tried[rows[0]]
    return found


def counted(source: Experiment) -> Experiment:
    """The experiment with counting noise: as it is where it has some."""
    if source.instrument.peak_counts is not None:
        return source
    return replace(source, instrument=replace(source.instrument, peak_counts=COUNTS))


def tracked_draws(study: Study, source: Experiment) -> list[Experiment]:
    """Tracked experiments that differ from a noisy one in nothing but their counting noise; not itself."""
    if source.instrument.peak_counts is None:
        return []
    others = (e for e in study.config.experiments if e.seed != source.seed)
    return [e for e in others if replace(e, name=source.name, seed=source.seed) == source]
