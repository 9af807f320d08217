"""Bootstrap intervals of many numbers that hold for all of them together, from sums over samples."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["resampled_sums", "simultaneous"]

FloatArray = NDArray[np.float64]

_BLOCK = 4_000_000  # numbers drawn at once


def resampled_sums(values: FloatArray, n_bootstrap: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Sums over the samples (first axis), and those over resamples, shape (n_bootstrap, ...).

    A resample is how often each sample is drawn, so that all sums are one matrix product.
    """
    n, shape = len(values), values.shape[1:]
    flat = values.reshape(n, -1)
    drawn = _few_draws(n, n_bootstrap, seed) if n * n_bootstrap <= _BLOCK else _draws(n, n_bootstrap, seed)
    again = np.concatenate([block @ flat for block in drawn])
    return values.sum(axis=0), again.reshape(n_bootstrap, *shape)


def _draws(n: int, n_bootstrap: int, seed: int) -> Iterator[FloatArray]:
    """How often each of n samples is drawn, shape (n_bootstrap, n), block by block."""
    rng, block = np.random.default_rng(seed), max(1, _BLOCK // n)
    for start in range(0, n_bootstrap, block):
        size = min(block, n_bootstrap - start)
        drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


@lru_cache(maxsize=1)  # an explorer asks for the same ones at every step: half of its time
def _few_draws(n: int, n_bootstrap: int, seed: int) -> tuple[FloatArray, ...]:
    return tuple(_draws(n, n_bootstrap, seed))


def simultaneous(value: FloatArray, again: FloatArray, enough: NDArray[np.bool_]) -> FloatArray:
    """Values (7, bins) with ends of intervals that hold for all together, shape (7, bins, 3); nan where too few."""
    spread = again.std(axis=0)
    usable = enough & np.isfinite(spread)
    out = np.full((*value.shape, 3), np.nan)
    if usable.any():
        off = np.abs(again - value)[:, usable]
        scaled = np.divide(off, spread[usable], out=np.zeros_like(off), where=spread[usable] > 0)
        half = np.percentile(scaled.max(axis=1), 95) * spread[usable]
        out[usable] = np.stack([value[usable], value[usable] - half, value[usable] + half], axis=-1)
    return out
