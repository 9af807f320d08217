"""Errors of look-up and network on the same test samples: who wins, how often, and whether density decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib.diagnostics._intervals import UNDEFINED, Interval, bootstrap
from xrdlib.simulation import PARAMETERS

__all__ = ["NeighbourTest"]

FloatArray = NDArray[np.float64]

_THIRDS = ("dense", "middle", "sparse")


@dataclass(frozen=True)
class NeighbourTest:
    """Errors on the same test samples, each the mean of the seven parameters in % of range unless it has axis 7.

    Attributes
    ----------
    test_set : str
    k, weighted : int, bool
        As asked for.
    n_library, n_training : int
        Curves that were looked up, and there are.
    network : ndarray, shape (n, 7)
        Of final.
    by_curve : ndarray, shape (n, 7)
        Of the mean parameters of the k nearest curves.
    by_parameters : ndarray, shape (n, 7)
        Of the k nearest in parameter space: they are found with the truth in hand.
    tuned : ndarray, shape (n, 7)
        As ``by_curve`` with the number and weighting of neighbours that is best on the other half of the samples.
    choices : tuple of (int, bool)
        These numbers and weightings, of the two halves.
    error_of_k : pandas.DataFrame
        Columns k, plain, weighted (by curve), parameters (by parameters, as asked for).
    density : ndarray, shape (n,)
        Distance of the 10th nearest training sample, in units of the ranges: small where the training set is dense.
    mean_curve_better : ndarray of bool, shape (n_compared,)
        The note's comparison for the first samples: whether the mean curve of the k nearest in parameter space comes
        closer to the sample's curve than the network's prediction, re-simulated.
    mean_curve_better_with_background : ndarray of bool, shape (n_compared,)
        The same with a background of 1e-3 of the peak on all three.
    advantage : list of Interval
        Error of ``tuned`` minus the network's, per parameter and (the eighth) their mean.
    full : float
        Error of ``by_curve`` expected if all training curves were looked up, from halves and quarters of the library.
    """

    test_set: str
    k: int
    weighted: bool
    n_library: int
    n_training: int
    network: FloatArray
    by_curve: FloatArray
    by_parameters: FloatArray
    tuned: FloatArray
    choices: tuple[tuple[int, bool], tuple[int, bool]]
    error_of_k: pd.DataFrame
    density: FloatArray
    mean_curve_better: NDArray[np.bool_]
    mean_curve_better_with_background: NDArray[np.bool_]
    advantage: list[Interval]
    full: float

    @property
    def n(self) -> int:
        """Number of test samples."""
        return len(self.network)

    @property
    def third(self) -> NDArray[np.int64]:
        """0 for the third of the samples around which the training set is densest, 2 for the sparsest."""
        return np.asarray(np.argsort(np.argsort(self.density, kind="stable")) * 3 // self.n)

    @property
    def wins(self) -> NDArray[np.bool_]:
        """Where the nearest curves (tuned) have the smaller mean error."""
        return np.asarray(self.tuned.mean(axis=1) < self.network.mean(axis=1))

    @property
    def share(self) -> Interval:
        """% of samples in ``wins``."""
        return bootstrap(_percent, self.wins)

    def won(self, *, note: bool = False, background: bool = False) -> NDArray[np.bool_]:
        """``wins``, or (``note``) ``mean_curve_better``, or (``background``, too) the latter with background."""
        if not note:
            return self.wins
        return self.mean_curve_better_with_background if background else self.mean_curve_better

    def share_of(self, third: int, *, note: bool = False, background: bool = False) -> Interval:
        """% of one third's samples that are in `won`."""
        won = self.won(note=note, background=background)
        some = won[self.third[: won.size] == third]
        return bootstrap(_percent, some) if some.size else UNDEFINED

    def contrast(self, *, note: bool = False, background: bool = False) -> Interval:
        """Share (of `won`) of the densest third minus that of the sparsest, percentage points."""
        won = self.won(note=note, background=background)
        third = self.third[: won.size]
        if not ((third == 0).any() and (third == 2).any()):
            return UNDEFINED

        def difference(w: NDArray[np.bool_], t: NDArray[np.int64]) -> float:
            dense, sparse = w[t == 0], w[t == 2]
            return _percent(dense) - _percent(sparse) if dense.size and sparse.size else np.nan

        return bootstrap(difference, won, third)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per parameter and for their mean: errors in % of range, advantage with its interval."""
        columns = {
            "network": self.network,
            "by_curve": self.by_curve,
            "tuned": self.tuned,
            "by_parameters": self.by_parameters,
        }
        frame = pd.DataFrame({name: [*e.mean(axis=0), e.mean()] for name, e in columns.items()})
        frame.insert(0, "parameter", [*PARAMETERS, "mean"])
        for i, name in enumerate(("advantage", "low", "high")):
            frame[name] = [interval[i] for interval in self.advantage]
        return frame

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        mean = ("parameter", "network", "by_curve", "tuned", "by_parameters")
        return {
            "test_set": self.test_set,
            "n": self.n,
            "n_looked_up": self.n_library,
            "choices": [{"k": k, "weighted": w} for k, w in self.choices],
            "errors": [
                {**{key: row[key] for key in mean}, "advantage": interval.to_dict()}
                for row, interval in zip(self.frame.to_dict("records"), self.advantage, strict=True)
            ],
            "neighbours_better_percent": self.share.to_dict(),
            "by_density": [
                {
                    "third": name,
                    "neighbours_better_percent": self.share_of(i).to_dict(),
                    "mean_curve_better_percent": self.share_of(i, note=True).to_dict(),
                    "mean_curve_better_with_background_percent": self.share_of(i, note=True, background=True).to_dict(),
                }
                for i, name in enumerate(_THIRDS)
            ],
            "n_compared": self.mean_curve_better.size,
            "dense_minus_sparse": {
                "neighbours_better": self.contrast().to_dict(),
                "mean_curve_better": self.contrast(note=True).to_dict(),
                "mean_curve_better_with_background": self.contrast(note=True, background=True).to_dict(),
            },
            "expected_with_all_curves": self.full,
        }


def _percent(hits: NDArray[np.bool_]) -> float:
    return float(100 * np.mean(hits))
