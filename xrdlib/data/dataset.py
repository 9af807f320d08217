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

from xrdlib.data.dataset_config import FORMAT, READY, DatasetConfig, DatasetError, simulate_samples
from xrdlib.simulation import Grid, Instrument, measure

__all__ = ["Dataset"]


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
        except FileNotFoundError:
            raise DatasetError(f"{folder}: not a dataset of xrdlib; 'xrdlib dataset build' makes one") from None
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
        for name, shape in {**shapes, "angle": (m,), "weight": (m,), READY: (self.config.n_chunks,)}.items():
            if self.array(name).shape != shape:
                raise DatasetError(f"{self.path / name}: shape {self.array(name).shape}, {shape} expected")

    @property
    def missing_chunks(self) -> list[int]:
        """Chunks that have not been built."""
        return [int(i) for i in np.flatnonzero(np.asarray(self.array(READY)[:]) == 0)]

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
        """Simulate n samples again, exactly; the largest relative difference from what is stored (inf: not numbers)."""
        rows = np.unique(np.linspace(0, self.config.size - 1, n).astype(int))
        stored = np.stack([self.reflectivity(slice(int(i), int(i) + 1))[0] for i in rows])
        again = simulate_samples(self.config, self.parameters[rows], self.disorder[rows], self.grid.angle, exact=True)
        difference = np.abs(stored / again - 1)
        return float(np.nan_to_num(difference, nan=np.inf).max())
