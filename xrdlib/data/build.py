"""Building datasets: in parallel, resumable.

A sample depends on the configuration and its chunk only: neither the number of workers nor an interruption changes
a byte.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import zarr
from numpy.typing import ArrayLike, NDArray
from zarr.codecs import BloscCodec

from xrdlib._progress import progress_bar
from xrdlib.data.balance import peak_in_scan
from xrdlib.data.dataset import Dataset
from xrdlib.data.dataset_config import FORMAT, READY, DatasetConfig, DatasetError, simulate_samples

__all__ = ["build_dataset", "simulate_rows"]

_WAITING = 64  # chunks handed to an executor at a time
_COMPRESSOR = BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle")


def build_dataset(
    path: str | os.PathLike[str],
    config: DatasetConfig,
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Dataset:
    """Build a dataset, or finish one that was interrupted.

    Parameters
    ----------
    path : path
        Folder; created, or continued if it holds chunks of the same configuration.
    config : DatasetConfig
    executor : concurrent.futures.Executor, optional
        Where chunks are simulated (a dask client's ``get_executor()``, for a cluster).
    workers : int, optional
        Without an executor: number of processes, by default one per core; 1 works in this process.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        If the folder holds something else, or a dataset of another configuration.
    """
    folder = Path(path)
    _prepare(folder, config)
    dataset = Dataset.open(folder, complete=False)
    missing = dataset.missing_chunks
    done = config.size - sum(config.chunk(i).stop - config.chunk(i).start for i in missing)
    workers = min(workers or os.cpu_count() or 1, max(1, len(missing)))
    with progress_bar(f"curves into {folder.name}", config.size, done=done, show=progress and bool(missing)) as advance:
        if executor is not None:
            _build_in(executor, folder, config, missing, advance)
        elif workers == 1:
            for index in missing:
                advance(_build_chunk(folder, index), "")
                _mark(folder, index)
        else:
            # spawned, not forked: a forked child of a process with threads can hang
            with ProcessPoolExecutor(workers, get_context("spawn"), _leave_with_parent) as pool:
                _build_in(pool, folder, config, missing, advance)
    return Dataset.open(folder)


def simulate_rows(config: DatasetConfig, rows: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Some samples as `build_dataset` would store them, without building the dataset.

    Parameters
    ----------
    config : DatasetConfig
    rows : array_like of int, shape (n,)

    Returns
    -------
    parameters : ndarray, shape (n, 7)
        Lengths in A.
    reflectivity : ndarray of float32, shape (n, n_grid)
        On ``config.grid``, before any resolution function.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    if wanted.size and not (wanted.min() >= 0 and wanted.max() < config.size):
        raise DatasetError(f"rows: {wanted.min()} to {wanted.max()} given, within 0 to {config.size - 1} expected")
    parameters = config.parameters()[wanted]
    disorder, chunk = np.empty(wanted.size), wanted // config.chunk_size
    for index in np.unique(chunk):
        here = chunk == index
        disorder[here] = _draw_disorder(config, int(index))[wanted[here] - index * config.chunk_size]
    return parameters, simulate_samples(config, parameters, disorder, config.grid.angle).astype(np.float32)


def _build_in(executor: Executor, folder: Path, config: DatasetConfig, missing: list[int], advance: Any) -> None:
    """Build chunks on an executor, a bounded number of them waiting at a time."""
    queue, there = iter(missing), folder.resolve()  # workers may run in another folder
    running = {executor.submit(_build_chunk, there, i): i for i in islice(queue, _WAITING)}
    try:
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                index = running.pop(future)
                advance(future.result(), "")
                _mark(folder, index)
                for following in queue:
                    running[executor.submit(_build_chunk, there, following)] = following
                    break
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _leave_with_parent() -> None:
    """End this worker when its parent is killed: it would otherwise wait for chunks for ever."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _prepare(folder: Path, config: DatasetConfig) -> None:
    """Create the folder with its parameters and empty arrays, or check that it holds this configuration."""
    if folder.exists():
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        else:
            found = Dataset.open(folder, complete=False).config.to_dict()
            wanted = config.to_dict()
            differing = [
                f"{k} = {found.get(k)} (asked: {wanted.get(k)})"
                for k in {**found, **wanted}
                if found.get(k) != wanted.get(k)
            ]
            if differing:
                raise DatasetError(
                    f"{folder}: holds a dataset of another configuration, {'; '.join(differing)}; "
                    "choose another folder or remove this one"
                )
            return
    grid = config.grid
    # complete or absent: written beside, then moved into place
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    group = zarr.create_group(partial, attributes={"format": FORMAT, "config": config.to_dict()})
    rows = config.chunk_size
    parameters = config.parameters()
    group.create_array("parameters", data=parameters, chunks=(min(config.size, 65_536), 7))
    group.create_array("angle", data=grid.angle)
    group.create_array("weight", data=grid.weight)
    group.create_array("disorder", shape=(config.size,), chunks=(rows,), dtype="float64")
    group.create_array("peak_in_scan", shape=(config.size,), chunks=(rows,), dtype="bool")
    group.create_array(READY, shape=(config.n_chunks,), chunks=(1,), dtype="uint8", fill_value=0)
    group.create_array(
        "reflectivity",
        shape=(config.size, grid.angle.size),
        chunks=(rows, grid.angle.size),
        dtype="float32",
        compressors=_COMPRESSOR,
    )
    partial.rename(folder)


def _mark(folder: Path, index: int) -> None:
    zarr.open_array(folder / READY, mode="r+")[index] = 1


def _build_chunk(folder: Path, index: int) -> int:
    """Simulate and store one chunk; returns its number of curves. Runs in a worker process."""
    group = zarr.open_group(folder, mode="r+")
    attributes: dict[str, Any] = dict(group.attrs)
    config = DatasetConfig.from_dict(attributes["config"])
    rows = config.chunk(index)

    def stored(name: str) -> Any:
        return group[name]

    parameters = np.asarray(stored("parameters")[rows])
    disorder = _draw_disorder(config, index)
    curves = simulate_samples(config, parameters, disorder, np.asarray(stored("angle")[:]))
    stored("disorder")[rows] = disorder
    stored("peak_in_scan")[rows] = peak_in_scan(parameters, config)
    stored("reflectivity")[rows] = curves.astype(np.float32)
    return int(parameters.shape[0])


def _draw_disorder(config: DatasetConfig, index: int) -> NDArray[np.float64]:
    """Disorder of the samples of one chunk."""
    # a spawn key: [seed, 0] would be the stream of seed itself, from which the parameters were drawn
    rng = np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=(index,)))
    rows = config.chunk(index)
    return np.asarray(rng.uniform(*config.disorder, size=rows.stop - rows.start))
