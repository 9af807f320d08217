"""Datasets of simulated curves: a zarr folder, built in parallel, resumable, checked when opened.

The folder holds ``parameters`` (n, 7), ``disorder`` (n,), ``peak_in_scan`` (n,) and ``reflectivity`` (n, n_grid),
float32 and *before* the resolution function, so that any instrument can be applied later, with ``angle`` and
``weight`` of the grid and the whole configuration as attributes. A sample depends on the configuration and its
chunk only: neither the number of workers nor an interruption changes a byte.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

from xrdlib._progress import progress_bar
from xrdlib.data.sampling import sample
from xrdlib.simulation import (
    CRYSTALS,
    YIG_FILM,
    Grid,
    Instrument,
    Scan,
    measure,
    reflectivity,
    simulation_grid,
)
from xrdlib.simulation.crystals import ARCSEC
from xrdlib.simulation.strain import strain_layers

__all__ = ["Dataset", "DatasetConfig", "DatasetError", "build_dataset"]

FORMAT = 1
_READY = "done"
_WAITING = 64  # chunks handed to an executor at a time
_COMPRESSOR = BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle")


class DatasetError(ValueError):
    """A dataset folder that is missing, incomplete, damaged, or of another configuration."""


@dataclass(frozen=True)
class DatasetConfig:
    """Everything a dataset depends on.

    Attributes
    ----------
    size : int
        Number of curves.
    sampling : {"grid", "uniform", "sobol"}
    seed : int
    crystal : str
        A name from ``xrdlib.simulation.CRYSTALS``.
    film : bool
        Whether a YIG film of 3.15 micrometres lies on the substrate.
    layer_thickness : float
        A.
    disorder : tuple of float
        Range of the static Debye-Waller factor, drawn uniformly for each curve; (1, 1) is a perfect lattice.
    scan_start, scan_step : float
        arcsec.
    scan_points : int
    fwhm_min : float
        Narrowest resolution function that will be applied, arcsec; decides the grid.
    chunk_size : int
        Curves simulated and stored together.
    """

    size: int = 10_000
    sampling: str = "grid"
    seed: int = 0
    crystal: str = "GGG_444"
    film: bool = False
    layer_thickness: float = 100.0
    disorder: tuple[float, float] = (1.0, 1.0)
    scan_start: float = field(default=Scan().start)
    scan_step: float = field(default=Scan().step)
    scan_points: int = field(default=Scan().n_points)
    fwhm_min: float = 25.0
    chunk_size: int = 500

    def __post_init__(self) -> None:
        object.__setattr__(self, "disorder", tuple(float(e) for e in self.disorder))
        low, high = self.disorder
        for name, value, allowed, what in (
            ("size", self.size, self.size >= 1, "at least 1"),
            ("chunk_size", self.chunk_size, self.chunk_size >= 1, "at least 1"),
            ("disorder", self.disorder, 0 < low <= high <= 1, "a range within 0 < E <= 1"),
            ("crystal", self.crystal, self.crystal in CRYSTALS, f"one of {', '.join(CRYSTALS)}"),
            (
                "sampling",
                self.sampling,
                self.sampling in ("grid", "uniform", "sobol"),
                "grid, uniform or sobol",
            ),
        ):
            if not allowed:
                raise DatasetError(f"dataset: {name} = {value} given, {what} expected")

    @property
    def scan(self) -> Scan:
        """The scan onto which curves of this dataset are convolved."""
        return Scan(self.scan_start, self.scan_step, self.scan_points)

    @property
    def grid(self) -> Grid:
        """The wider and finer grid of the stored reflectivity."""
        crystal = CRYSTALS[self.crystal]
        if self.film:
            return simulation_grid(self.scan, fwhm=self.fwhm_min, crystal=crystal, thickness=YIG_FILM.thickness)
        return simulation_grid(self.scan, fwhm=self.fwhm_min, crystal=crystal)

    @property
    def n_chunks(self) -> int:
        """Number of chunks, the last of which may be smaller."""
        return -(-self.size // self.chunk_size)

    def chunk(self, index: int) -> slice:
        """Rows of one chunk."""
        return slice(index * self.chunk_size, min((index + 1) * self.chunk_size, self.size))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {**asdict(self), "disorder": list(self.disorder)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DatasetConfig:
        """From ``to_dict``; unknown keys are a DatasetError that names them."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise DatasetError(f"dataset: unknown configuration keys {', '.join(sorted(unknown))}")
        return cls(**values)


@dataclass(frozen=True)
class Dataset:
    """An opened dataset folder; arrays are read when asked for.

    Attributes
    ----------
    path : Path
    config : DatasetConfig
    """

    path: Path
    config: DatasetConfig

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, complete: bool = True) -> Dataset:
        """Open a folder; DatasetError if it is none, damaged, or (unless ``complete`` is false) unfinished."""
        folder = Path(path)
        if not folder.is_dir():
            raise DatasetError(f"{folder}: {'a file, not a folder' if folder.exists() else 'no such dataset folder'}")
        try:
            attributes: dict[str, Any] = dict(zarr.open_group(folder, mode="r").attrs)
            version, values = attributes["format"], attributes["config"]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{folder}: not a dataset of xrdlib ({error!r})") from None
        if version != FORMAT:
            raise DatasetError(f"{folder}: format {version}, this xrdlib reads format {FORMAT}")
        try:
            config = DatasetConfig.from_dict(values)
            dataset = cls(folder, config)
            dataset._check_shapes()
            missing = dataset.missing_chunks
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise DatasetError(f"{folder}: damaged ({error}); remove the folder and build it again") from None
        if complete and missing:
            raise DatasetError(
                f"{folder}: {len(missing)} of {config.n_chunks} chunks are missing; "
                "run the same 'xrdlib dataset build' again to finish it"
            )
        return dataset

    @cached_property
    def _group(self) -> zarr.Group:
        return zarr.open_group(self.path, mode="r")

    def array(self, name: str) -> zarr.Array[Any]:
        """One of the stored arrays, unread."""
        item = self._group.get(name)
        if not isinstance(item, zarr.Array):
            raise DatasetError(f"{self.path / name}: no such array")
        return item

    def _check_shapes(self) -> None:
        n, m = self.config.size, self.config.grid.angle.size
        shapes = {"parameters": (n, 7), "disorder": (n,), "peak_in_scan": (n,), "reflectivity": (n, m)}
        for name, shape in {**shapes, "angle": (m,), "weight": (m,), _READY: (self.config.n_chunks,)}.items():
            if self.array(name).shape != shape:
                raise DatasetError(f"{self.path / name}: shape {self.array(name).shape}, {shape} expected")

    @property
    def missing_chunks(self) -> list[int]:
        """Chunks that have not been built."""
        return [int(i) for i in np.flatnonzero(np.asarray(self.array(_READY)[:]) == 0)]

    @cached_property
    def parameters(self) -> NDArray[np.float64]:
        """Shape (n, 7), lengths in A."""
        return np.asarray(self.array("parameters")[:])

    @cached_property
    def disorder(self) -> NDArray[np.float64]:
        """Static Debye-Waller factors, shape (n,)."""
        return np.asarray(self.array("disorder")[:])

    @cached_property
    def peak_in_scan(self) -> NDArray[np.bool_]:
        """Whether the most strained sublayer diffracts within the scan, shape (n,)."""
        return np.asarray(self.array("peak_in_scan")[:])

    @cached_property
    def grid(self) -> Grid:
        """Angles (arcsec) of the stored reflectivity, and their quadrature weights."""
        return Grid(np.asarray(self.array("angle")[:]), np.asarray(self.array("weight")[:]))

    def reflectivity(self, rows: slice = slice(None)) -> NDArray[np.float32]:
        """Stored reflectivity of a range of rows, shape (n, n_grid)."""
        return np.asarray(self.array("reflectivity")[rows])

    def chunks(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Rows and reflectivity, one chunk after another: for data larger than the memory."""
        for index in range(self.config.n_chunks):
            rows = self.config.chunk(index)
            yield rows, self.reflectivity(rows)

    def curves(self, instrument: Instrument | None = None, rows: slice = slice(None)) -> NDArray[np.float64]:
        """Curves on the scan as an instrument (by default a Gaussian of 30 arcsec) records them, (n, n_points)."""
        stored = self.reflectivity(rows).astype(np.float64)
        return measure(stored, self.grid, self.config.scan.angle, instrument or Instrument())

    def check(self, n: int = 20) -> float:
        """Simulate n samples again, exactly; the largest relative difference from what is stored (inf: not numbers)."""
        rows = np.unique(np.linspace(0, self.config.size - 1, n).astype(int))
        stored = np.stack([self.reflectivity(slice(int(i), int(i) + 1))[0] for i in rows])
        again = _simulate(self.config, self.parameters[rows], self.disorder[rows], self.grid.angle, exact=True)
        difference = np.abs(stored / again - 1)
        return float(np.nan_to_num(difference, nan=np.inf).max())


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
            differing = [f"{k} = {found[k]} (asked: {wanted[k]})" for k in wanted if found[k] != wanted[k]]
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
    parameters = sample(config.size, config.sampling, seed=config.seed)
    group.create_array("parameters", data=parameters, chunks=(min(config.size, 65_536), 7))
    group.create_array("angle", data=grid.angle)
    group.create_array("weight", data=grid.weight)
    group.create_array("disorder", shape=(config.size,), chunks=(rows,), dtype="float64")
    group.create_array("peak_in_scan", shape=(config.size,), chunks=(rows,), dtype="bool")
    group.create_array(_READY, shape=(config.n_chunks,), chunks=(1,), dtype="uint8", fill_value=0)
    group.create_array(
        "reflectivity",
        shape=(config.size, grid.angle.size),
        chunks=(rows, grid.angle.size),
        dtype="float32",
        compressors=_COMPRESSOR,
    )
    partial.rename(folder)


def _mark(folder: Path, index: int) -> None:
    zarr.open_array(folder / _READY, mode="r+")[index] = 1


def _build_chunk(folder: Path, index: int) -> int:
    """Simulate and store one chunk; returns its number of curves. Runs in a worker process."""
    group = zarr.open_group(folder, mode="r+")
    attributes: dict[str, Any] = dict(group.attrs)
    config = DatasetConfig.from_dict(attributes["config"])
    rows = config.chunk(index)

    def stored(name: str) -> Any:
        return group[name]

    parameters = np.asarray(stored("parameters")[rows])
    # a spawn key: [seed, 0] would be the stream of seed itself, from which the parameters were drawn
    rng = np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=(index,)))
    n = parameters.shape[0]
    disorder = np.asarray(rng.uniform(*config.disorder, size=n))
    curves = _simulate(config, parameters, disorder, np.asarray(stored("angle")[:]))
    strain, _ = strain_layers(parameters, layer_thickness=config.layer_thickness)
    crystal, highest = CRYSTALS[config.crystal], strain.max(axis=1, initial=0.0)
    if config.film:
        highest = (1 + highest) * YIG_FILM.crystal.a / crystal.a - 1
    stored("disorder")[rows] = disorder
    stored("peak_in_scan")[rows] = highest * np.tan(crystal.bragg_angle) / ARCSEC <= config.scan.stop
    stored("reflectivity")[rows] = curves.astype(np.float32)
    return int(n)


def _simulate(
    config: DatasetConfig,
    parameters: NDArray[np.float64],
    disorder: NDArray[np.float64],
    angle: NDArray[np.float64],
    *,
    exact: bool = False,
) -> NDArray[np.float64]:
    return reflectivity(
        parameters,
        angle,
        crystal=CRYSTALS[config.crystal],
        film=YIG_FILM if config.film else None,
        layer_thickness=config.layer_thickness,
        disorder=disorder,
        exact=exact,
        threads=1,
    )
