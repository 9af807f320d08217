"""Everything that a dataset of simulated curves depends on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.data.region import Region
from xrdlib.data.sampling import sample
from xrdlib.data.space import SPACE
from xrdlib.simulation import CRYSTALS, YIG_FILM, Grid, Scan, reflectivity, simulation_grid

__all__ = ["FORMAT", "READY", "DatasetConfig", "DatasetError", "simulate_samples"]

FORMAT = 1
READY = "done"  # array of the chunks that have been built


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
            (
                "sampling",
                self.sampling,
                self.region is None or self.sampling != "grid",
                "uniform or sobol, within a region,",
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

    def parameters(self) -> NDArray[np.float64]:
        """Draw the parameters of all samples, shape (size, 7), lengths in A."""
        space = SPACE if self.region is None else self.region.space
        return sample(self.size, self.sampling, seed=self.seed, space=space)

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
