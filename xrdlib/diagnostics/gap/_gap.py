"""What `measurement_gap` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.diagnostics._intervals import Interval, exact_share
from xrdlib.diagnostics._seeds import holm
from xrdlib.diagnostics.gap import _gap_text
from xrdlib.diagnostics.gap._angles import Stretch
from xrdlib.diagnostics.gap._novelty import NEAR, conformal
from xrdlib.diagnostics.gap._properties import PROPERTIES

__all__ = ["DECIDING", "DISTANCES", "Gap"]

FloatArray = NDArray[np.float64]

DISTANCES = {
    "nearest": "nearest training curve",
    "density": "nearest ten",
    "residual": "principal components",
    "properties": "properties",
    "extreme": "most extreme property",
}
DECIDING = ("residual", "properties", "extreme")


@dataclass(frozen=True, repr=False)
class Gap(Section):
    """One curve among a study's training curves, and held-out ones.

    Attributes
    ----------
    study, target : str
        Names.
    measured : bool
        Whether it is a measured curve.
    aware : bool
        Whether the training curves went through a measurement model.
    alpha : float
        Level of the verdict.
    n_training, n_library : int
        Training samples, and how many of their curves were compared with.
    p_value : float
        How often held-out curves are as far, by the distances of ``DECIDING`` together.
    n_as_far : int
        So many of them are.
    distances : dict of str to (float, ndarray of shape (n,))
        By the names of ``DISTANCES``: this curve's and those of held-out curves.
    values : ndarray, shape (8,)
    group : ndarray of int, shape (n,)
        Held-out curves that share an instrument.
    held_values : ndarray, shape (n, 8)
        ``PROPERTIES`` of this curve and of the held-out ones.
    without : float or None
        p of the distance in properties, those left out that are outside; None where none is.
    angle : ndarray, shape (m,)
        The study's scan, arcsec.
    curve : ndarray, shape (m,)
        This curve as the network sees it: log10 of intensity / peak.
    n_covered : int
        Points up to its own end.
    nearest : ndarray, shape (5, m)
        Training curves nearest to it.
    usual : ndarray, shape (2, m)
        Where 5 and 95 % of held-out curves near this one would lie around its nearest training curves' mean.
    z : ndarray, shape (m,)
        Difference from that mean, in units of what is usual there.
    stretches : tuple of Stretch
    """

    study: str
    target: str
    measured: bool
    aware: bool
    alpha: float
    n_training: int
    n_library: int
    p_value: float
    n_as_far: int
    distances: dict[str, tuple[float, FloatArray]]
    values: FloatArray
    group: NDArray[np.int64]
    held_values: FloatArray
    without: float | None
    angle: FloatArray
    curve: FloatArray
    n_covered: int
    nearest: FloatArray
    usual: FloatArray
    z: FloatArray
    stretches: tuple[Stretch, ...]

    name = "gap"
    title = "Inside the training distribution, as a curve?"

    @property
    def n_held_out(self) -> int:
        """Held-out curves."""
        return len(self.held_values)

    @property
    def as_far(self) -> Interval:
        """Share (%) of held-out curves as far, with its exact interval; instruments are counted, not curves."""
        share = self.n_as_far / self.n_held_out
        return exact_share(round(share * self.n_groups), self.n_groups)._replace(value=100 * share)

    @property
    def n_groups(self) -> int:
        """Instruments among the held-out curves; as many as curves where all have the same, known one."""
        return int(np.unique(self.group).size)

    @property
    def decidable(self) -> bool:
        """Whether there are enough held-out curves for p to come below ``alpha``."""
        return 1 / (1 + self.n_groups) <= self.alpha

    @property
    def outside(self) -> bool:
        """Whether the curve is outside what the study was trained on."""
        return self.p_value <= self.alpha

    @property
    def borderline(self) -> bool:
        """Whether the interval of the share holds ``alpha``, so that the other verdict cannot be excluded."""
        return self.as_far.low <= 100 * self.alpha <= self.as_far.high

    @property
    def verdict(self) -> str:
        """ "outside", "inside", or "undecided" with too few held-out curves."""
        return "outside" if self.outside else "inside" if self.decidable else "undecided"

    @property
    def p_values(self) -> dict[str, float]:
        """Share of held-out curves as far, this one counted, by each distance alone."""
        return {name: conformal(value, others) for name, (value, others) in self.distances.items()}

    @property
    def sparsity(self) -> float:
        """Distance to the tenth nearest training curve over the median of held-out curves; nan where that is 0."""
        value, others = self.distances["density"]
        middle = float(np.median(others))
        return value / middle if middle > 0 else np.nan

    @property
    def n_near(self) -> int:
        """Which nearest that is: the last one of a smaller library."""
        return min(NEAR, self.n_library)

    @property
    def percentiles(self) -> FloatArray:
        """% of held-out curves with a lower value of each property, half of the equal ones counted; shape (8,)."""
        below, equal = self.held_values < self.values, self.held_values == self.values
        return np.asarray(100 * (below + 0.5 * equal).mean(axis=0))

    @property
    def property_p(self) -> FloatArray:
        """p of each property lying as far at an end as this one, two-sided, by Holm for all eight; shape (8,)."""
        n = 1 + self.n_held_out
        above = (1 + np.sum(self.held_values >= self.values, axis=0)) / n
        below = (1 + np.sum(self.held_values <= self.values, axis=0)) / n
        return holm(np.minimum(1, 2 * np.minimum(above, below)))

    @property
    def outside_properties(self) -> NDArray[np.bool_]:
        """Which properties are outside those of held-out curves, at ``alpha`` for all together."""
        return np.asarray(self.property_p <= self.alpha)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per distance, property and stretch of the scan.

        Columns kind, name, value, low, median, high (2.5, 50 and 97.5 % of held-out curves), percentile, p (of
        properties by Holm); of stretches the value is the RMS of z.
        """
        rows: list[tuple[Any, ...]] = []
        p = self.p_values
        for name, (value, others) in self.distances.items():
            percentile = 100 * float(np.mean(others < value))
            rows.append(("distance", name, value, *np.quantile(others, [0.025, 0.5, 0.975]), percentile, p[name]))
        for i, (prop, adjusted) in enumerate(zip(PROPERTIES, self.property_p, strict=True)):
            ends = np.quantile(self.held_values[:, i], [0.025, 0.5, 0.975])
            rows.append(("property", prop.name, self.values[i], *ends, self.percentiles[i], adjusted))
        for s in self.stretches:
            rows.append(("stretch", s.name, s.z, *[np.nan] * 3, np.nan, s.p_value))
        return pd.DataFrame(rows, columns=["kind", "name", "value", "low", "median", "high", "percentile", "p"])

    @property
    def table(self) -> pd.DataFrame:
        """Distances and properties beside those of held-out curves."""
        return _gap_text.table(self)

    @property
    def sentences(self) -> list[str]:
        """The verdict, where and in what the curve differs, and what a verdict cannot tell."""
        return _gap_text.findings(self)

    def to_dict(self) -> dict[str, Any]:
        """Verdict, distances, properties, stretches."""
        low, mid, high = np.quantile(self.held_values, [0.025, 0.5, 0.975], axis=0)
        return {
            "verdict": self.verdict,
            "borderline": self.borderline,
            "alpha": self.alpha,
            "p_value": self.p_value,
            "as_far_percent": self.as_far.to_dict(),
            "sparsity": number(self.sparsity),
            "n_held_out": self.n_held_out,
            "n_instruments": self.n_groups,
            "n_looked_up": self.n_library,
            "n_training": self.n_training,
            "distances": {
                name: {
                    "value": value,
                    "median": float(np.median(others)),
                    "high": float(np.quantile(others, 0.95)),
                    "p_value": self.p_values[name],
                    "decides": name in DECIDING,
                }
                for name, (value, others) in self.distances.items()
            },
            "properties": [
                {
                    "property": prop.name,
                    "unit": prop.unit,
                    "value": 10 ** float(self.values[i]) if prop.power else float(self.values[i]),
                    **{
                        key: 10 ** float(ends[i]) if prop.power else float(ends[i])
                        for key, ends in (("low", low), ("median", mid), ("high", high))
                    },
                    "percentile": float(self.percentiles[i]),
                    "p_value": float(self.property_p[i]),
                    "outside": bool(self.outside_properties[i]),
                }
                for i, prop in enumerate(PROPERTIES)
            ],
            "p_value_of_other_properties": number(self.without),
            "stretches": [
                {"name": s.name, "from_arcsec": s.start, "to_arcsec": s.stop, "z": s.z, "p_value": s.p_value}
                for s in self.stretches
            ],
        }
