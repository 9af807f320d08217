"""Everything that a dataset of simulated curves depends on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib._arrays import is_whole, number, shown, vector
from xrdlib.data.region import Region
from xrdlib.data.sampling import sample, sample_blocks
from xrdlib.data.space import SPACE
from xrdlib.simulation import CRYSTALS, YIG_FILM, Grid, Scan, reflectivity, simulation_grid

__all__ = ["FILL", "FORMAT", "LOST", "READY", "DatasetConfig", "DatasetError", "simulate_samples"]

FORMAT = 2  # 1 had no checksums
READY = "done"  # array of the chunks that have been built
FILL, LOST = float("nan"), 255  # what zarr reads where a chunk's file is missing: never a value


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
    region : Region or None
        Only points of this box, sampled ``uniform`` or ``sobol``.
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
    region: Region | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "disorder", tuple(vector(self.disorder, "dataset: disorder", 2).tolist()))
        low, high = self.disorder
        for name in ("size", "seed", "chunk_size", "scan_points"):
            if not is_whole(value := getattr(self, name)):
                raise DatasetError(f"dataset: {name} = {shown(value)} given, a whole number expected")
        for name in ("layer_thickness", "scan_start", "scan_step", "fwhm_min"):
            number(getattr(self, name), f"dataset: {name}")
        if self.region is not None and not isinstance(self.region, Region):
            raise DatasetError(f"dataset: region = {shown(self.region)} given, a Region expected")
        for name, value, allowed, what in (
            ("size", self.size, self.size >= 1, "at least 1"),
            ("seed", self.seed, self.seed >= 0, "0 or more"),
            ("layer_thickness", self.layer_thickness, self.layer_thickness >= 0.1, "at least 0.1 A"),
            ("fwhm_min", self.fwhm_min, self.fwhm_min >= 1, "at least 1 arcsec"),
            ("chunk_size", self.chunk_size, self.chunk_size >= 1, "at least 1"),
            ("disorder", self.disorder, 0 < low <= high <= 1, "a range within 0 < E <= 1"),
            ("crystal", self.crystal, self.crystal in CRYSTALS, f"one of {', '.join(CRYSTALS)}"),
            (
                "sampling",
                self.sampling,
                self.sampling in ("grid", "uniform", "sobol"),
                "grid, uniform or sobol",
            ),
            (
                "sampling",
                self.sampling,
                self.region is None or self.sampling != "grid",
                "uniform or sobol, within a region,",
            ),
        ):
            if not allowed:
                raise DatasetError(f"dataset: {name} = {value} given, {what} expected")
        _ = self.scan  # an impossible one is an error now

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

    def parameters(self) -> NDArray[np.float64]:
        """Draw the parameters of all samples, shape (size, 7), lengths in A."""
        space = SPACE if self.region is None else self.region.space
        return sample(self.size, self.sampling, seed=self.seed, space=space)

    def parameter_blocks(self) -> Iterator[NDArray[np.float64]]:
        """Draw them a block after another, shape (65 536, 7) or, the last, fewer rows."""
        space = SPACE if self.region is None else self.region.space
        return sample_blocks(self.size, self.sampling, seed=self.seed, space=space)

    def chunk(self, index: int) -> slice:
        """Rows of one chunk."""
        return slice(index * self.chunk_size, min((index + 1) * self.chunk_size, self.size))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        values = {**asdict(self), "disorder": list(self.disorder)}
        del values["region"]
        return values if self.region is None else {**values, "region": self.region.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DatasetConfig:
        """From ``to_dict``; unknown keys are a DatasetError that names them."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise DatasetError(f"dataset: unknown configuration keys {', '.join(sorted(unknown))}")
        if (region := values.get("region")) is not None:
            if unknown := set(region) - {f.name for f in fields(Region)}:
                raise DatasetError(f"dataset: unknown keys of the region {', '.join(sorted(unknown))}")
            values = {**values, "region": Region(**region)}
        return cls(**values)


def simulate_samples(
    config: DatasetConfig,
    parameters: NDArray[np.float64],
    disorder: NDArray[np.float64],
    angle: NDArray[np.float64],
    *,
    exact: bool = False,
) -> NDArray[np.float64]:
    """Reflectivity of samples as a configuration has it, shape (n, angle.size)."""
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
