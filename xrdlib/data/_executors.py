"""Work for an executor: a bounded number of pieces waiting at a time, results in the order in which they come."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context, parent_process
from queue import SimpleQueue
from threading import Thread

__all__ = ["process_pool", "results"]


def results(
    executor: Executor, call: Callable[[int], int], items: Iterable[int], waiting: int
) -> Iterator[tuple[int, int]]:
    """Pairs (item, ``call(item)``), ``waiting`` calls handed over at a time; an error cancels those that wait."""
    queue = iter(items)
    running: dict[Future[int], int] = {}
    finished: SimpleQueue[Future[int]] = SimpleQueue()

    def hand_over(n: int) -> None:
        for item in islice(queue, n):
            future = executor.submit(call, item)
            running[future] = item
            future.add_done_callback(finished.put)

    try:
        hand_over(waiting)
        while running:
            future = finished.get()
            item = running.pop(future)
            yield item, future.result()
            hand_over(1)
    finally:
        for future in running:
            future.cancel()


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Processes on this machine, which end with this one."""
    # spawned, not forked: a forked child of a process with threads can hang
    return ProcessPoolExecutor(workers, get_context("spawn"), _leave_with_parent)


def _leave_with_parent() -> None:
    """End this worker when its parent is killed: it would otherwise wait for work for ever.

    Ctrl-C, which the terminal sends to all processes, is the parent's to answer: what runs is finished.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
