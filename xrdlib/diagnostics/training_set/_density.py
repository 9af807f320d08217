"""What `density_effect` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section
from xrdlib._words import ordinal
from xrdlib.diagnostics._intervals import Interval

__all__ = ["CORRELATED", "DensityEffect", "groups_of"]

FloatArray = NDArray[np.float64]

_SMALL = 0.1  # a correlation as weak as this is next to none

CORRELATED = {
    "error": "error at the final epoch",
    "regret": "regret",
    "change": "change of the error from the early to the final epoch",
    "edge": "distance to the nearest edge",
}


@dataclass(frozen=True, repr=False)
class DensityEffect(Section):
    """Errors are means over the seven parameters, % of range.

    Attributes
    ----------
    test_set : str
    k : int
    distance : ndarray, shape (n,)
        From each test sample to its k-th nearest training sample, in units of the ranges.
    edge_distance : ndarray, shape (n,)
        Smallest distance of one of a sample's parameters to an end of its range, fraction of range.
    epochs : ndarray of int, shape (n_epochs,)
    error : ndarray, shape (n_epochs, n)
    early, final : int
        The epochs compared.
    quarter : float
        Share (%) of samples that are called dense, and sparse.
    correlations : dict of str to Interval
        Spearman's rho of ``distance`` with ``error`` at final, ``regret``, ``change`` from early to final, and
        ``edge`` (the distance to it); nan where one of the two is constant.
    changes : dict of str to Interval
        Mean of final minus early over the ``dense`` and the ``sparse`` samples, and their ``difference`` (sparse minus
        dense).
    rises : dict of str to Interval
        Mean of final minus the epoch at which the mean of these samples is lowest, which is chosen again in each
        resample.
    """

    test_set: str
    k: int
    distance: FloatArray
    edge_distance: FloatArray
    epochs: NDArray[np.int64]
    error: FloatArray
    early: int
    final: int
    quarter: float
    correlations: dict[str, Interval]
    changes: dict[str, Interval]
    rises: dict[str, Interval]

    name = "density"
    title = "Does coverage matter?"

    @property
    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """Which samples are dense and which sparse."""
        return groups_of(self.distance, self.quarter)

    def lowest(self, group: str) -> int:
        """The epoch with the lowest mean error of a group."""
        return int(self.epochs[self.error[:, self.groups[group]].mean(axis=1).argmin()])

    @property
    def frame(self) -> pd.DataFrame:
        """One row per test sample: distance, edge_distance, error at early and final, regret, group."""
        at_final = self.error[self._row(self.final)]
        group = np.select(list(self.groups.values()), list(self.groups), default="ordinary")
        return pd.DataFrame(
            {
                "distance": self.distance,
                "edge_distance": self.edge_distance,
                "error_early": self.error[self._row(self.early)],
                "error": at_final,
                "regret": at_final - self.error.min(axis=0),
                "group": group,
            }
        )

    @property
    def table(self) -> pd.DataFrame:
        """Mean errors of dense and sparse samples; the change with its interval."""
        columns = {}
        for group, rows in self.groups.items():
            mean = self.error[:, rows].mean(axis=1)
            columns[group] = [
                f"{int(rows.sum())}",
                f"{self.distance[rows].min():.3f} to {self.distance[rows].max():.3f}",
                f"{mean[self._row(self.early)]:.2f}",
                f"{mean[self._row(self.final)]:.2f}",
                f"{self.changes[group]:+.2f}",
                f"{mean.min():.2f} (epoch {self.lowest(group)})",
            ]
        index = [
            "test samples",
            f"{ordinal(self.k)} neighbour at",
            f"error at epoch {self.early} (% of range)",
            f"error at final (epoch {self.final})",
            "change",
            "lowest error",
        ]
        return pd.DataFrame(columns, index=index)

    def to_dict(self) -> dict[str, Any]:
        """Correlations and changes with their intervals."""
        return {
            "test_set": self.test_set,
            "k": self.k,
            "n": int(self.distance.size),
            "early": self.early,
            "final": self.final,
            "quarter_percent": self.quarter,
            "spearman": {name: value.to_dict() for name, value in self.correlations.items()},
            "change": {name: value.to_dict() for name, value in self.changes.items()},
            "rise_from_lowest": {name: value.to_dict() for name, value in self.rises.items()},
            "lowest": {group: self.lowest(group) for group in self.groups},
        }

    @property
    def sentences(self) -> list[str]:
        """Correlations, what late training does to dense and sparse samples, and what this cannot tell."""
        n, rho = self.distance.size, self.correlations
        said = [
            f"Over {n} {self.test_set} test samples, Spearman's rho of the distance to the {ordinal(self.k)} training "
            f"neighbour with the {CORRELATED['error']} is {rho['error']:+.2f}, with the {CORRELATED['regret']} "
            f"{rho['regret']:+.2f}: {_strength(rho['error'], 'a larger error')}; "
            f"{_strength(rho['regret'], 'a larger regret')}.",
            f"With the {CORRELATED['edge']} it is {rho['edge']:+.2f}: {_edges(rho['edge'])}.",
        ]
        if self.early == self.final:
            return [*said, "Early and final are the same epoch: what late training does cannot be said."]
        dense, sparse, apart = (self.changes[name] for name in ("dense", "sparse", "difference"))
        said.append(
            f"From epoch {self.early} to final (epoch {self.final}) the mean error of sparse samples changes by "
            f"{sparse:+.2f} % of range, that of dense ones by {dense:+.2f}: {_late(sparse, apart)}."
        )
        lowest = {group: self.lowest(group) for group in self.groups}
        said.append(
            f"The mean error of sparse samples is lowest at epoch {lowest['sparse']} and {self.rises['sparse']:.2f} % "
            f"of range higher at final, that of dense ones at epoch {lowest['dense']} and {self.rises['dense']:.2f}; "
            f"choosing the lowest of {self.epochs.size} epochs makes such a difference larger than it is."
        )
        said.append(
            "This is correlation: sparse regions are also regions of other strains and depths, which may be harder to "
            "read however many curves lie there."
        )
        return said

    def _row(self, epoch: int) -> int:
        return int(np.flatnonzero(self.epochs == epoch)[0])


def _strength(rho: Interval, what: str) -> str:
    """What a correlation with the distance says, as a clause."""
    if np.isnan(rho.value):
        return f"whether sparse samples have {what} is not defined"
    if rho.excludes(0) and abs(rho.value) >= _SMALL:
        tend = "tend somewhat" if abs(rho.value) < 0.3 else "clearly tend"
        return f"sparse samples {tend} {'to' if rho.value > 0 else 'not to'} have {what}"
    if max(-rho.low, rho.high) < 2 * _SMALL:
        return f"being sparse says next to nothing about {what}"
    return f"whether sparse samples have {what} cannot be told"


def _edges(rho: Interval) -> str:
    """What the correlation with the distance to the nearest edge says, as a clause."""
    if rho.high < -_SMALL or rho.low > _SMALL:
        return f"samples near an edge tend to be {'sparser' if rho.value < 0 else 'denser'}"
    if max(-rho.low, rho.high) < 2 * _SMALL:
        return "an edge says next to nothing about sparseness"
    return "whether samples near an edge are sparser cannot be told"


def _late(sparse: Interval, apart: Interval) -> str:
    """What late training does to sparse regions, from their change and from its difference to dense ones'."""
    if sparse.low > 0:
        return "sparse regions do get worse late" + (", and more so than dense ones" if apart.low > 0 else "")
    if sparse.high < 0:
        how = (
            "more than dense ones" if apart.high < 0 else
            "less than dense ones" if apart.low > 0 else
            "as dense ones do, within the interval"
        )  # fmt: skip
        return f"sparse regions do not get worse late, they gain {how}"
    return "whether sparse regions get worse or better late cannot be told"


def groups_of(distance: FloatArray, quarter: float) -> dict[str, NDArray[np.bool_]]:
    """The quarter (% of samples) with the nearest and that with the furthest neighbours."""
    low, high = np.percentile(distance, [quarter, 100 - quarter])
    return {"dense": distance <= low, "sparse": distance >= high}
