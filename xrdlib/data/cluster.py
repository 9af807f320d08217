"""Building datasets on an existing dask.distributed cluster whose workers share the folder.

A chunk is the same whoever builds it, so that dask may give the chunk of a lost worker to another one.
"""

from __future__ import annotations

import asyncio
import json
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xrdlib._version import __version__
from xrdlib.data.dataset_config import DatasetError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ClusterExecutor", "cluster_executor"]

_AGAIN = "what is built stays; run the same 'xrdlib dataset build' again to finish it"


class ClusterExecutor(Executor):
    """Runs functions on a dask cluster; made by `cluster_executor`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        # not pure: the same chunk of another day is another task
        self._executor = client.get_executor(pure=False)

    @property
    def n_workers(self) -> int:
        """Workers that the scheduler has at the moment; others may join."""
        return len(self._client.nthreads())

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run ``fn(*args, **kwargs)`` on a worker, if that has this version of xrdlib."""
        future: Future[Any] = self._executor.submit(_run, __version__, fn, *args, **kwargs)
        return future


@contextmanager
def cluster_executor(scheduler: str, *, timeout: float = 10.0) -> Iterator[ClusterExecutor]:
    """Connect to a dask scheduler while the block runs: for ``build_dataset(..., executor=...)``.

    A scheduler can send whatever Python code it likes to those who connect: use your own only.

    Parameters
    ----------
    scheduler : str
        Address (``tcp://HOST:8786``), or the file that ``dask scheduler --scheduler-file`` wrote.
    timeout : float
        Seconds to wait for the scheduler's answer.

    Yields
    ------
    ClusterExecutor

    Raises
    ------
    DatasetError
        Without the package distributed; if no scheduler answers; where the block lost the scheduler or
        the same chunk killed one worker after another.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise DatasetError(
            f"executor dask: the package {error.name} is missing; pip install 'xrdlib[cluster]' brings it"
        ) from None
    try:
        file = Path(scheduler)
        address = str(json.loads(file.read_text("utf-8"))["address"]) if file.is_file() else scheduler
        # in a thread, for a notebook has a running loop; first of all, for Client waits for ever where nobody answers
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _ask(address, timeout)).result()
    except Exception as error:  # whatever a server that is none can cause
        why = str(error) or type(error).__name__
        raise DatasetError(
            f"scheduler {scheduler!r}: no dask scheduler answers within {timeout:g} s ({why}); "
            "the address that 'dask scheduler' prints (tcp://HOST:8786), or its scheduler file, expected"
        ) from None
    with Client(address, timeout=timeout, set_as_default=False) as client:
        try:
            yield ClusterExecutor(client)
        except KilledWorker as error:
            raise DatasetError(f"scheduler {scheduler}: workers died over one chunk ({error}); {_AGAIN}") from None
        except CancelledError:
            raise DatasetError(f"scheduler {scheduler}: the connection was lost; {_AGAIN}") from None
        except ImportError as error:
            raise DatasetError(f"scheduler {scheduler}: a worker lacks xrdlib or what it needs ({error})") from None


async def _ask(address: str, timeout: float) -> None:
    """Ask a scheduler who it is."""
    from distributed import Security, rpc

    security = Security().get_connection_args("client")
    async with asyncio.timeout(timeout), rpc(address, connection_args=security) as scheduler:
        if (await scheduler.identity())["type"] != "Scheduler":
            raise ValueError("something else of dask does")


def _run(version: str, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a function on a worker."""
    if version != __version__:
        raise DatasetError(f"worker on {platform.node()}: xrdlib {__version__} there, {version} here")
    return fn(*args, **kwargs)
