"""Datasets of simulated curves: a zarr folder, checked when opened.

The folder holds ``parameters`` (n, 7), ``disorder`` (n,), ``peak_in_scan`` (n,) and ``reflectivity`` (n, n_grid),
float32 and *before* the resolution function, so that any instrument can be applied later, with ``angle`` and
``weight`` of the grid and the whole configuration as attributes. `xrdlib.data.build` builds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from xrdlib._shown import Shown
from xrdlib._words import first_line
from xrdlib.data._stored import open_group
from xrdlib.data.dataset_config import FORMAT, LOST, READY, DatasetConfig, DatasetError, simulate_samples
from xrdlib.simulation import Grid, Instrument, measure

__all__ = ["Dataset"]

BY_CHUNK = ("disorder", "peak_in_scan", "reflectivity")  # arrays that are built chunk by chunk


@dataclass(frozen=True, repr=False)
class Dataset(Shown):
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
            attributes: dict[str, Any] = dict(open_group(folder, "r").attrs)
            version, values = attributes["format"], attributes["config"]
        except FileNotFoundError:
            raise DatasetError(f"{folder}: not a dataset of xrdlib; 'xrdlib dataset build' makes one") from None
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{folder}: not a dataset of xrdlib ({error!r})") from None
        if version != FORMAT:
            raise DatasetError(
                f"{folder}: format {version}, this xrdlib reads format {FORMAT}; remove the folder and build it again"
            )
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

    def _facts(self) -> list[tuple[str, str]]:
        config, missing = self.config, len(self.missing_chunks)
        film, (low, high) = ", film" if config.film else "", config.disorder
        built = "all" if not missing else f"{config.n_chunks - missing} of {config.n_chunks} chunks"
        return [
            ("folder", str(self.path)),
            ("curves", f"{config.size} {config.sampling}, seed {config.seed}"),
            ("built", built),
            ("sample", f"{config.crystal}{film}, E {low:g} to {high:g}"),
            ("angles", f"{config.grid.angle.size}, for scans of {config.scan_points} points"),
        ]

    @cached_property
    def _group(self) -> zarr.Group:
        return open_group(self.path, "r")

    def array(self, name: str) -> zarr.Array[Any]:
        """One of the stored arrays, unread."""
        item = self._group.get(name)
        if not isinstance(item, zarr.Array):
            raise DatasetError(f"{self.path / name}: no such array")
        return item

    def _check_shapes(self) -> None:
        n, m = self.config.size, self.config.grid.angle.size
        shapes = {"parameters": (n, 7), "disorder": (n,), "peak_in_scan": (n,), "reflectivity": (n, m)}
        for name, shape in {**shapes, "angle": (m,), "weight": (m,), READY: (self.config.n_chunks,)}.items():
            if self.array(name).shape != shape:
                raise DatasetError(f"{self.path / name}: shape {self.array(name).shape}, {shape} expected")

    @property
    def missing_chunks(self) -> list[int]:
        """Chunks that have not been built."""
        return [int(i) for i in np.flatnonzero(np.asarray(self.array(READY)[:]) == 0)]

    def stored(self, name: str, rows: slice = slice(None)) -> NDArray[Any]:
        """Some rows of an array; DatasetError if any of its chunks there was lost or damaged."""
        try:
            values = np.asarray(self.array(name)[rows])
        except (OSError, ValueError, RuntimeError) as error:
            raise self._damaged(name, rows, first_line(error)) from None
        whole = values != LOST if values.dtype == np.uint8 else np.isfinite(values)
        if not whole.all():
            raise self._damaged(name, rows, "its file was lost, or what is stored is no number")
        return values

    def _damaged(self, name: str, rows: slice, why: str) -> DatasetError:
        if name in BY_CHUNK:
            first, stop, _ = rows.indices(self.config.size)
            size = self.config.chunk_size
            for index in range(first // size, -(-stop // size)):
                if rows != (own := self.config.chunk(index)) and self._readable(name, own):
                    continue
                return DatasetError(
                    f"{self.path / name}: chunk {index} (samples {own.start} to {own.stop - 1}) is damaged ({why}); "
                    f"'xrdlib dataset check {self.path} --repair' has it built again"
                )
        return DatasetError(f"{self.path / name}: damaged ({why}); remove the folder and build it again")

    def _readable(self, name: str, rows: slice) -> bool:
        try:
            self.stored(name, rows)
        except DatasetError:
            return False
        return True

    def damaged_chunks(self) -> list[int]:
        """Chunks that cannot be read, or hold what is no number; every one is read."""
        built = np.flatnonzero(np.asarray(self.array(READY)[:]))
        return [int(i) for i in built if not all(self._readable(name, self.config.chunk(int(i))) for name in BY_CHUNK)]

    @cached_property
    def parameters(self) -> NDArray[np.float64]:
        """Shape (n, 7), lengths in A."""
        return self.stored("parameters")

    @cached_property
    def disorder(self) -> NDArray[np.float64]:
        """Static Debye-Waller factors, shape (n,)."""
        return self.stored("disorder")

    @cached_property
    def peak_in_scan(self) -> NDArray[np.bool_]:
        """Whether the most strained sublayer diffracts within the scan, shape (n,)."""
        return self.stored("peak_in_scan").astype(bool)

    @cached_property
    def grid(self) -> Grid:
        """Angles (arcsec) of the stored reflectivity, and their quadrature weights."""
        return Grid(self.stored("angle"), self.stored("weight"))

    def reflectivity(self, rows: slice = slice(None)) -> NDArray[np.float32]:
        """Stored reflectivity of a range of rows, shape (n, n_grid)."""
        return self.stored("reflectivity", rows)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Stored reflectivity of some rows (n,), shape (n, n_grid); one chunk is read after another."""
        out = np.empty((rows.size, self.config.grid.angle.size), dtype=np.float32)
        chunk = rows // self.config.chunk_size
        for index in np.unique(chunk):
            here = chunk == index
            span = self.config.chunk(int(index))
            out[here] = self.reflectivity(span)[rows[here] - span.start]
        return out

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
        """Simulate n samples again, exactly; the largest relative difference from what is stored."""
        rows = np.unique(np.linspace(0, self.config.size - 1, n).astype(int))
        stored = np.stack([self.reflectivity(slice(int(i), int(i) + 1))[0] for i in rows])
        again = simulate_samples(self.config, self.parameters[rows], self.disorder[rows], self.grid.angle, exact=True)
        return float(np.abs(stored / again - 1).max())
