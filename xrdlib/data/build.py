"""Building datasets: in parallel, resumable.

A sample depends on the configuration and its chunk only: neither the number of workers nor an interruption changes
a byte.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterable
from concurrent.futures import BrokenExecutor, Executor
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zarr
from numpy.typing import ArrayLike, NDArray

from xrdlib._disk import named_if_full, refuse_links
from xrdlib._progress import progress_bar
from xrdlib._version import __version__
from xrdlib._words import first_line
from xrdlib.data._executors import process_results, results
from xrdlib.data._stored import FAST, SMALL, open_group
from xrdlib.data.balance import peak_in_scan
from xrdlib.data.dataset import Dataset
from xrdlib.data.dataset_config import FILL, FORMAT, LOST, READY, DatasetConfig, DatasetError, simulate_samples
from xrdlib.data.sampling import BLOCK

__all__ = ["build_dataset", "forget_chunks", "simulate_rows"]

_WAITING = 1024  # chunks handed to an executor at a time: more than a cluster has workers
_AGAIN = "run the same 'xrdlib dataset build' again to finish it"


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
        Where chunks are simulated, by default in processes of this machine (`cluster_executor` for a cluster).
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
        If the folder holds something else, or a dataset of another configuration; if the disk is full or a
        worker process is killed.
    """
    folder = Path(path)
    _prepare(folder, config)
    dataset = Dataset.open(folder, complete=False)
    missing = dataset.missing_chunks
    done = config.size - sum(config.chunk(i).stop - config.chunk(i).start for i in missing)
    workers = min(workers or os.cpu_count() or 1, max(1, len(missing)))
    with progress_bar(f"curves into {folder.name}", config.size, done=done, show=progress and bool(missing)) as advance:
        if executor is None and workers == 1:
            for index in missing:
                advance(_build_chunk(folder, index), "")
                _mark(folder, index)
        else:
            _build_in(executor or workers, folder, missing, advance)
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


def _build_in(where: Executor | int, folder: Path, missing: list[int], advance: Any) -> None:
    """Build in an executor, or in so many processes of this machine."""
    build = partial(_build_chunk, folder.resolve())  # workers may run in another folder
    try:
        if isinstance(where, int):
            built = process_results(where, build, missing, _WAITING)
        else:
            built = results(where, build, missing, _WAITING)
        with closing(built):
            for index, n in built:
                advance(n, "")
                _mark(folder, index)
    except BrokenExecutor:
        raise DatasetError(f"{folder}: a worker process ended (killed for its memory, perhaps); {_AGAIN}") from None


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
            refuse_links(folder, DatasetError)
            return
    # complete or absent: written beside, then moved into place
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with named_if_full(DatasetError, folder, _AGAIN):
        partial.parent.mkdir(parents=True, exist_ok=True)
        _create(partial, config)
        partial.rename(folder)


def _create(folder: Path, config: DatasetConfig) -> None:
    """A folder with the parameters, and every chunk missing."""
    attributes = {"format": FORMAT, "xrdlib_version": __version__, "config": config.to_dict()}
    group = zarr.create_group(folder, attributes=attributes)
    rows, grid = config.chunk_size, config.grid
    whole: dict[str, Any] = {"compressors": SMALL, "fill_value": FILL}
    block = min(config.size, BLOCK)
    parameters = group.create_array("parameters", shape=(config.size, 7), chunks=(block, 7), dtype="float64", **whole)
    for start, points in zip(range(0, config.size, block), config.parameter_blocks(), strict=True):
        parameters[start : start + block] = points  # never all of them in memory
    group.create_array("angle", data=grid.angle, **whole)
    group.create_array("weight", data=grid.weight, **whole)
    group.create_array("disorder", shape=(config.size,), chunks=(rows,), dtype="float64", **whole)
    # a byte and not a bool, which has no value to spare for a chunk that was lost
    kept: dict[str, Any] = {"chunks": (rows,), "dtype": "uint8", "compressors": SMALL}
    group.create_array("peak_in_scan", shape=(config.size,), fill_value=LOST, **kept)
    group.create_array(READY, shape=(config.n_chunks,), chunks=(1,), dtype="uint8", fill_value=0, compressors=SMALL)
    group.create_array(
        "reflectivity",
        shape=(config.size, grid.angle.size),
        chunks=(rows, grid.angle.size),
        dtype="float32",
        compressors=FAST,
        fill_value=FILL,
    )


def forget_chunks(path: str | os.PathLike[str], chunks: Iterable[int]) -> None:
    """Count chunks as missing, so that `build_dataset` builds them again."""
    refuse_links(Path(path), DatasetError)
    for index in chunks:
        _mark(Path(path), index, 0)


def _mark(folder: Path, index: int, value: int = 1) -> None:
    with named_if_full(DatasetError, folder, _AGAIN):
        zarr.open_array(folder / READY, mode="r+", zarr_format=3)[index] = value


class _Opened(NamedTuple):
    """What a worker keeps of a folder from chunk to chunk."""

    config: DatasetConfig
    angle: NDArray[np.float64]
    arrays: dict[str, Any]


@lru_cache(maxsize=1)
def _opened(folder: Path, made: int) -> _Opened:
    group = open_group(folder, "r+")
    attributes: dict[str, Any] = dict(group.attrs)
    arrays: dict[str, Any] = dict(group.arrays())
    return _Opened(DatasetConfig.from_dict(attributes["config"]), np.asarray(arrays["angle"][:]), arrays)


@lru_cache(maxsize=1)
def _parameters(folder: Path, made: int, block: int) -> NDArray[np.float64]:
    """One stored block of parameters, which serves many chunks."""
    try:
        return np.asarray(_opened(folder, made).arrays["parameters"][block * BLOCK : (block + 1) * BLOCK])
    except (OSError, ValueError, RuntimeError) as error:
        why = first_line(error)
        raise DatasetError(f"{folder / 'parameters'}: damaged ({why}); remove the folder and build it again") from None


def _build_chunk(folder: Path, index: int) -> int:
    """Simulate and store one chunk; returns its number of curves. Runs in a worker process."""
    try:
        made = os.stat(folder / "zarr.json").st_mtime_ns  # another folder of the same name is another one
    except FileNotFoundError:
        raise DatasetError(f"{folder}: not there for a worker on {platform.node()}; all have to share it") from None
    config, angle, arrays = _opened(folder, made)
    rows = config.chunk(index)
    first, last = rows.start // BLOCK, (rows.stop - 1) // BLOCK
    parameters = np.concatenate([_parameters(folder, made, block) for block in range(first, last + 1)])
    parameters = parameters[rows.start - first * BLOCK : rows.stop - first * BLOCK]
    disorder = _draw_disorder(config, index)
    curves = simulate_samples(config, parameters, disorder, angle)
    with named_if_full(DatasetError, folder, _AGAIN):
        arrays["disorder"][rows] = disorder
        arrays["peak_in_scan"][rows] = peak_in_scan(parameters, config)
        arrays["reflectivity"][rows] = curves.astype(np.float32)
    return len(parameters)


def _draw_disorder(config: DatasetConfig, index: int) -> NDArray[np.float64]:
    """Disorder of the samples of one chunk."""
    # a spawn key: [seed, 0] would be the stream of seed itself, from which the parameters were drawn
    rng = np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=(index,)))
    rows = config.chunk(index)
    return np.asarray(rng.uniform(*config.disorder, size=rows.stop - rows.start))
