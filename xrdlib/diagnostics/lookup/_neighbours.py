"""What `neighbour_baseline` returns: answers of the nearest beside the network's, as numbers, table, sentences."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, by_parameter, number
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.lookup._background import WithBackground
from xrdlib.diagnostics.lookup._lookup import MEANS, Averages, Lookup
from xrdlib.diagnostics.lookup._neighbour_scores import NeighbourTest
from xrdlib.diagnostics.lookup._neighbours_text import sentences
from xrdlib.diagnostics.target import Nuisances, Target
from xrdlib.simulation import PARAMETERS

__all__ = ["Neighbours"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Neighbours(Section):
    """The network's answers beside those of the nearest training samples, for one target and over a test set.

    Attributes
    ----------
    target : Target
    found : Checkpoints
        The network's answers.
    k : int
        Neighbours.
    weighted : bool
        Whether they count by 1 / distance.
    lookups : dict of str to Lookup
        Nearest by ``"curve"``, the library re-simulated with the target's nuisances; by ``"curve as trained"``, the
        library as the network saw it (left out where that is the same); and by ``"parameters"``, around the chosen
        prediction where the truth is unknown.
    answers : dict of (str, bool) to Averages
        By space and weighting, of every number of neighbours.
    nuisances : Nuisances
        Of the curves that were looked up: known, or fitted to the closest library curves. The answer by parameters is
        simulated with those of ``found``, as the network's is.
    background : float
        Relative to the peak, added to the curves that were looked up.
    with_background : WithBackground or None
        The answers once more above the background of a measurement; None where the curve has one.
    n_library, n_training : int
        Curves that were looked up, and there are.
    spread, training_spread : ndarray, shape (7,)
        Standard deviation of the 20 nearest by curve and of all training samples, % of range.
    test : NeighbourTest or None
        The same over test samples; None where there are too few of them.
    sparser : float or None
        Share (%) of these samples around which the training set is sparser than around the target.
    """

    target: Target
    found: Checkpoints
    k: int
    weighted: bool
    lookups: dict[str, Lookup]
    answers: dict[tuple[str, bool], Averages]
    nuisances: Nuisances
    background: float
    with_background: WithBackground | None
    n_library: int
    n_training: int
    spread: FloatArray
    training_spread: FloatArray
    test: NeighbourTest | None
    sparser: float | None

    name = "neighbours"
    title = "Nearest neighbours instead of the network"

    @property
    def predicted(self) -> bool:
        """Whether a prediction stands in for the unknown truth."""
        return self.target.true is None

    @property
    def frame(self) -> pd.DataFrame:
        """One row per answer and curve: RMSE and MAE of log10 intensity, parameters (A), errors (% of range).

        ``curve_rmse_with_background`` is NaN where the curve has a background of its own.
        """
        rows, seen = [], self.with_background
        for name, epoch in self.found.named.items():
            i = self.found.row(epoch)
            errors = None if self.found.errors is None else self.found.errors[i]
            misfit = self.found.curve_rmse[i], self.found.curve_mae[i]
            rmse = np.nan if seen is None else seen.network[name]
            rows.append(_row(f"network, {name}", MEANS[0], (*misfit, rmse), self.found.predictions[i], errors))
        for space in self.lookups:
            answer, i = self.answers[space, self.weighted], self.k - 1
            errors = None if answer.errors is None else answer.errors[i]
            for mean in MEANS:
                misfit = answer.misfits[mean].rmse[i], answer.misfits[mean].mae[i]
                rmse = np.nan if seen is None else seen.nearest[space, mean]
                rows.append(_row(f"nearest by {space}", mean, (*misfit, rmse), answer.parameters[i], errors))
        return pd.DataFrame(rows)

    @property
    def table(self) -> pd.DataFrame:
        """The answers side by side: mean error of the parameters, and RMSE of log10 intensity of each curve."""
        short = dict(zip(MEANS, ("curve RMSE", "of mean curve", "of log mean"), strict=True))
        frame = self.frame
        table = frame.pivot(index="answer", columns="curve", values="curve_rmse").loc[frame["answer"].unique()]
        cells = table[list(MEANS)].rename(columns=short).map(lambda v: "" if np.isnan(v) else f"{v:.3f}")
        if self.found.true is not None:
            error = frame.groupby("answer", sort=False)["error"].first()
            cells.insert(0, "error /%", [f"{e:.2f}" for e in error])
        return pd.DataFrame(cells.to_numpy(), index=list(cells.index), columns=list(cells.columns))

    @property
    def scatter(self) -> pd.DataFrame:
        """Standard deviation of each parameter, % of range: of the nearest by curve, and of all training samples."""
        columns = {"nearest by curve": self.spread, "all training samples": self.training_spread}
        return pd.DataFrame(columns, index=list(PARAMETERS))

    @property
    def note_error(self) -> float:
        """RMSE of the note's mean curve: of the intensities of the k nearest by parameters."""
        return float(self.answers["parameters", self.weighted].misfits[MEANS[1]].rmse[self.k - 1])

    @property
    def network_error(self) -> float:
        """RMSE of the network's curve at final."""
        return float(self.found.curve_rmse[self.found.row(self.found.final)])

    @property
    def verdict(self) -> str:
        """The note's comparison: "neighbours" or "network", whichever comes closer to the curve."""
        return "neighbours" if self.note_error < self.network_error else "network"

    @property
    def seen_verdict(self) -> str:
        """``verdict`` above the background of a measurement; where the curve has its own, the same."""
        seen = self.with_background
        if seen is None:
            return self.verdict
        return "neighbours" if seen.nearest["parameters", MEANS[1]] < seen.network["final"] else "network"

    @property
    def sentences(self) -> list[str]:
        """Who comes closer, what the note concludes from it, and whether test samples bear that out."""
        return sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Answers, the note's verdict, scatter of the nearest, and the comparison over test samples."""
        rows = self.frame.to_dict("records")
        return {
            "k": self.k,
            "weighted": self.weighted,
            "n_training": self.n_training,
            "n_looked_up": self.n_library,
            "background": number(self.background),
            "nuisances": asdict(self.nuisances),
            "point_is_prediction": self.predicted,
            "nearest_distance": {space: float(one.distance[0]) for space, one in self.lookups.items()},
            "answers": [
                {
                    "answer": row["answer"],
                    "curve": row["curve"],
                    "curve_rmse": number(row["curve_rmse"]),
                    "curve_mae": number(row["curve_mae"]),
                    "curve_rmse_with_background": number(row["curve_rmse_with_background"]),
                    "parameters": {name: number(row[name]) for name in PARAMETERS},
                    "error": number(row["error"]),
                }
                for row in rows
            ],
            "better": self.verdict,
            "better_with_background": None if self.with_background is None else self.seen_verdict,
            "background_of_comparison": None if self.with_background is None else self.with_background.level,
            "spread_percent": by_parameter(self.spread),
            "training_spread_percent": by_parameter(self.training_spread),
            "sparser_percent": number(self.sparser),
            "test": None if self.test is None else self.test.to_dict(),
        }


def _row(
    answer: str, curve: str, misfit: tuple[float, float, float], parameters: FloatArray, errors: FloatArray | None
) -> dict[str, Any]:
    row: dict[str, Any] = {"answer": answer, "curve": curve}
    row |= dict(zip(("curve_rmse", "curve_mae", "curve_rmse_with_background"), misfit, strict=True))
    row["error"] = np.nan if errors is None else float(errors.mean())
    row |= dict(zip(PARAMETERS, parameters, strict=True))
    return row if errors is None else row | {f"{p}_error": e for p, e in zip(PARAMETERS, errors, strict=True)}
