"""Work for an executor: a bounded number of pieces waiting at a time, results in the order in which they come."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from queue import SimpleQueue
from threading import Thread, current_thread, main_thread

__all__ = ["process_results", "results"]

Finished = SimpleQueue[Future[int] | None]  # None: Ctrl-C was pressed


def results(
    executor: Executor,
    call: Callable[[int], int],
    items: Iterable[int],
    waiting: int,
    finished: Finished | None = None,
) -> Generator[tuple[int, int]]:
    """Pairs (item, ``call(item)``), ``waiting`` calls handed over at a time; an error cancels those that wait."""
    queue = iter(items)
    running: dict[Future[int], int] = {}
    finished = SimpleQueue() if finished is None else finished

    def hand_over(n: int) -> None:
        for item in islice(queue, n):
            with _interrupts_blocked():
                future = executor.submit(call, item)
            running[future] = item
            future.add_done_callback(finished.put)

    try:
        hand_over(waiting)
        while running:
            future = finished.get()
            if future is None:
                raise KeyboardInterrupt
            item = running.pop(future)
            yield item, future.result()
            hand_over(1)
    finally:
        for future in running:
            future.cancel()


def process_results(
    workers: int, call: Callable[[int], int], items: Iterable[int], waiting: int
) -> Generator[tuple[int, int]]:
    """The same from processes of this machine, which end with this one; close it to wait for what they still do."""
    finished: Finished = SimpleQueue()
    # spawned, not forked: a forked child of a process with threads can hang
    with (
        _interrupts_noted(lambda: finished.put(None)),
        ProcessPoolExecutor(workers, get_context("spawn"), _leave_with_parent) as pool,
    ):
        yield from results(pool, call, items, waiting, finished)


@contextmanager
def _interrupts_noted(note: Callable[[], None]) -> Iterator[None]:
    """Call ``note`` at Ctrl-C; KeyboardInterrupt is raised by the block, or at its end.

    An exception amid the locks of a pool, or while it is closed, can leave them locked, and all would wait for ever.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    noted = False

    def handle(*_: object) -> None:
        nonlocal noted
        noted = True
        note()

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if noted:
        raise KeyboardInterrupt


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Ctrl-C waits until the block ends. Processes that start in it never see it: they inherit what is blocked."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_with_parent() -> None:
    """End this worker when its parent is killed: it would otherwise wait for work for ever.

    Ctrl-C, which the terminal sends to all processes, is the parent's to answer: what runs is finished.
    """
    # where it could not be blocked from the start
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
