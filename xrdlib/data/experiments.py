"""Virtual experiments: targets with known parameters, simulated, with or without a measurement in between."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib._arrays import is_whole, shown
from xrdlib._words import unprintable
from xrdlib.data.space import LAB_EXPERIMENT
from xrdlib.simulation import GGG_444, Crystal, Film, Instrument, Scan, StrainParameters, simulate
from xrdlib.simulation.diffraction import check_disorder

__all__ = ["LAB", "Experiment"]


@dataclass(frozen=True)
class Experiment:
    """One target with known parameters.

    Attributes
    ----------
    name : str
    parameters : StrainParameters
        Lengths in A.
    instrument : Instrument
        By default the noise-free Gaussian of 30 arcsec. ``background`` here is relative to the peak, ``scale`` the
        intensity of the peak.
    disorder : float
        Static Debye-Waller factor of the sublayers.
    seed : int
        Of the counting noise.
    """

    name: str
    parameters: StrainParameters
    instrument: Instrument = field(default_factory=Instrument)
    disorder: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if problem := unprintable(self.name):
            raise ValueError(f"experiment: name: {problem}")
        check_disorder(self.disorder, 0.0, 1)
        if not is_whole(self.seed) or self.seed < 0:
            raise ValueError(f"experiment: seed = {shown(self.seed)} given, a whole number, 0 or more, expected")

    def curve(
        self, scan: Scan, crystal: Crystal = GGG_444, film: Film | None = None, layer_thickness: float = 100.0
    ) -> NDArray[np.float64]:
        """The curve this experiment records, shape (n_points,), peak at ``scale`` before background and noise."""
        i = self.instrument
        resolution = Instrument(i.fwhm, i.lorentz_fraction)
        ideal = simulate(
            self.parameters,
            scan=scan,
            crystal=crystal,
            film=film,
            layer_thickness=layer_thickness,
            disorder=self.disorder,
            instrument=resolution,
        )
        curve = ideal / ideal.max() + i.background
        if i.peak_counts is not None:
            curve = np.random.default_rng(self.seed).poisson(curve * i.peak_counts) / i.peak_counts
        return np.asarray(i.scale * curve)

    def to_dict(self) -> dict[str, Any]:
        """As plain TOML types (which have no None)."""
        instrument = {k: v for k, v in asdict(self.instrument).items() if v is not None}
        return {
            "name": self.name,
            "parameters": self.parameters.to_array().tolist(),
            "disorder": self.disorder,
            "seed": self.seed,
            "instrument": instrument,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Experiment:
        """From ``to_dict``; missing keys take their defaults."""
        known = {"name", "parameters", "disorder", "seed", "instrument"}
        if unknown := set(values) - known:
            raise ValueError(f"experiment: unknown keys {', '.join(sorted(unknown))}")
        return cls(
            name=values["name"],
            parameters=StrainParameters.from_array(values["parameters"]),
            instrument=Instrument(**values.get("instrument", {})),
            disorder=values.get("disorder", 1.0),
            seed=values.get("seed", 0),
        )


LAB = Experiment("lab", LAB_EXPERIMENT)
