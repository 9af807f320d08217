"""The order in which an epoch goes through its curves: all of them at once, or pool by pool.

A pool holds as many curves as the memory is to hold. The dataset's chunks are put into random order, a pool is filled
with some that follow each other, and within a pool every order is equally likely.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from xrdlib.training.curves import StudyCurves, TrainingCurves

__all__ = ["Pool", "ahead", "pools"]

T = TypeVar("T")
IntArray = NDArray[np.int64]


class Pool(NamedTuple):
    """Curves in memory, and in which order to train on their rows; batches of its epoch before them, and in all."""

    curves: TrainingCurves
    order: Tensor
    before: int
    total: int
    last: bool


def pools(curves: StudyCurves, epoch: int) -> Iterator[Pool]:
    """One epoch; everything random in it comes from (seed, epoch, pool)."""
    training = curves.config.training
    key = [curves.config.seed_of("order"), 8, epoch]
    if training.pool is None:
        everything = curves.epoch(epoch)
        order = np.random.default_rng(key).permutation(everything.inputs.shape[0])[: training.epoch_size]
        yield Pool(everything, torch.from_numpy(order), 0, _batches(order.size, training.batch_size), True)
        return
    plan = _plan(curves, epoch)
    passes = training.passes or 1
    batches = [_batches(passes * rows.size, training.batch_size) for rows in plan]
    for k, rows in enumerate(plan):
        part, rng = curves.part(rows, epoch, k), np.random.default_rng([*key, k])
        order = np.concatenate([rng.permutation(part.inputs.shape[0]) for _ in range(passes)])
        yield Pool(part, torch.from_numpy(order), sum(batches[:k]), sum(batches), k == len(plan) - 1)


def _plan(curves: StudyCurves, epoch: int) -> list[IntArray]:
    """Which of the training samples each pool of an epoch holds, in rising order."""
    training = curves.config.training
    assert training.pool is not None
    if training.fresh and epoch:  # the samples are new ones, only their number counts
        n = training.epoch_size or len(curves.training_parameters)
        return [np.arange(start, min(start + training.pool, n)) for start in range(0, n, training.pool)]
    chunks = curves.chunks
    rng = np.random.default_rng([curves.config.seed_of("order"), 10, epoch])
    found: list[IntArray] = []
    left = training.epoch_size or sum(rows.size for rows in chunks)
    waiting: list[IntArray] = []
    for i in rng.permutation(len(chunks)):
        rows = chunks[i][:left]
        left -= rows.size
        waiting.append(rows)
        if sum(r.size for r in waiting) >= training.pool or left == 0:
            found.append(np.sort(np.concatenate(waiting)))
            waiting = []
        if left == 0:
            break
    return found + ([np.sort(np.concatenate(waiting))] if waiting else [])


def _batches(n: int, size: int) -> int:
    return -(-n // size)


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items, each made while the one before it is worked on."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item
