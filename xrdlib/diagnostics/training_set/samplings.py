"""The three ways of drawing samples side by side: how uneven is each, and where could the note's 4.26 come from?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xrdlib._section import Section
from xrdlib.data import DatasetConfig, bin_counts, sample
from xrdlib.data.sampling import METHODS
from xrdlib.diagnostics.training_set.dataset_quality import CLAIMED, DatasetQuality, dataset_quality
from xrdlib.simulation import PARAMETERS

__all__ = ["Samplings", "compare_samplings"]

_BINS = range(2, 11)
_CLOSE = 0.02  # relative


@dataclass(frozen=True, repr=False)
class Samplings(Section):
    """Qualities of the same number of samples drawn by each method.

    Attributes
    ----------
    qualities : dict of str to DatasetQuality
        By method.
    definitions : pandas.DataFrame
        What else "imbalance" might mean: one row per method, parameter, number of bins (2 to 10) and measure (fullest
        over emptiest, fullest over mean, mean over emptiest bin), with its ``value``.
    """

    qualities: dict[str, DatasetQuality]
    definitions: pd.DataFrame

    name = "samplings"
    title = "Grid, uniform and Sobol samples side by side"

    @property
    def frame(self) -> pd.DataFrame:
        """One row per method, parameter and bin."""
        parts = [quality.frame.assign(sampling=method) for method, quality in self.qualities.items()]
        return pd.concat(parts, ignore_index=True)

    @property
    def table(self) -> pd.DataFrame:
        """Fullest over emptiest bin of each parameter and of the strata, and the strained peak."""
        columns = {}
        for method, q in self.qualities.items():
            cells = [f"{ratio:.2f}" if ratio.value < 10 else f"{ratio:.1f}" for ratio in q.ratios]
            columns[method] = [*cells, f"{q.strata.ratio:.1f}", f"{q.in_scan.value:.1f} %"]
        return pd.DataFrame(columns, index=[*PARAMETERS, "7-D strata", "peak in scan"])

    def to_dict(self) -> dict[str, Any]:
        """The qualities by method."""
        return {method: quality.to_dict() for method, quality in self.qualities.items()}

    @property
    def sentences(self) -> list[str]:
        """Who is even in what, and what becomes of the note's ratio."""
        first = next(iter(self.qualities.values()))
        claimed, size = first.claimed, first.size
        said = []
        for method, q in self.qualities.items():
            worst = max(zip(q.ratios, PARAMETERS, strict=True), key=lambda pair: pair[0].value)
            said.append(
                f"{method}: fullest over emptiest part up to {worst[0].value:.1f} ({worst[1]}) in one parameter, "
                f"{q.strata.ratio:.1f} over the {q.strata.n_occupied} occupied strata."
            )
        fitting = {method: q.matching for method, q in self.qualities.items()}
        found = [f"{name} of {method}" for method, names in fitting.items() for name in names]
        total = f"{len(PARAMETERS) * len(fitting)} ratios of {size} samples"
        if found:
            none = " and of ".join(method for method, names in fitting.items() if not names)
            said.append(
                f"Of {total}, {' and '.join(found)} cannot be told from the note's {claimed:g}"
                + (f", and none of {none}." if none else ".")
            )
        else:
            said.append(f"None of {total} is the note's {claimed:g}.")
        said.append(self._other_definitions(claimed))
        return said

    def _other_definitions(self, claimed: float) -> str:
        d = self.definitions
        off = np.abs(d["value"] / claimed - 1)
        close = d[off <= _CLOSE]
        best = d.loc[off.idxmin()]
        return (
            f"The note does not say of what that is the ratio. Of {len(d)} definitions (methods, parameters, 2 to 10 "
            f"parts, three measures) {len(close)} come within {100 * _CLOSE:.0f} % of it, the nearest with "
            f"{best['value']:.2f} ({best['measure']} of {best['bins']} parts of {best['parameter']}, "
            f"{best['sampling']}): with so many to choose from that identifies none."
        )


def compare_samplings(
    size: int = 10_000, *, seed: int = 0, bins: int = 3, claimed: float = CLAIMED, alpha: float = 0.01
) -> Samplings:
    """Draw grid, uniform and Sobol samples and compare how evenly they fill the space; no curve is simulated.

    Parameters
    ----------
    size : int
        Samples of each.
    seed : int
    bins : int
        Equal parts of each range.
    claimed : float
        As of `dataset_quality`.
    alpha : float

    Returns
    -------
    Samplings
    """
    qualities, definitions = {}, []
    for method in METHODS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # strata that ran short are in the result
            parameters = sample(size, method, seed=seed)
        config = DatasetConfig(size=size, sampling=method, seed=seed)
        qualities[method] = dataset_quality(
            parameters, bins=bins, config=config, alpha=alpha, claimed=claimed, seed=seed
        )
        definitions += [(method, *row) for row in _definitions(parameters)]
    columns = ["sampling", "bins", "parameter", "measure", "value"]
    return Samplings(qualities, pd.DataFrame(definitions, columns=columns))


def _definitions(parameters: Any) -> list[tuple[int, str, str, float]]:
    """What could be called imbalance, wherever it is finite."""
    rows = []
    for bins in _BINS:
        for name, counts in bin_counts(parameters, bins=bins).drop(columns="ratio").iterrows():
            low, mean, high = counts.min(), counts.mean(), counts.max()
            rows.append((bins, str(name), "fullest / mean", high / mean))
            if low > 0:
                rows.append((bins, str(name), "fullest / emptiest", high / low))
                rows.append((bins, str(name), "mean / emptiest", mean / low))
    return rows
