"""An experiment's error across epochs against the validation loss: do they part, and is that unusual?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from xrdlib.data import SPACE
from xrdlib.diagnostics._section import Section, number
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.metrics import parameter_error
from xrdlib.training import Study

__all__ = ["Tracking", "track"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Tracking(Section):
    """Traces over epochs and how they go together.

    Attributes
    ----------
    epochs : ndarray of int, shape (n,)
    val_loss : ndarray, shape (n,)
    error : ndarray, shape (n,)
        Mean parameter error in % of range, or (``measure`` says so) the curve's RMSE.
    measure : str
    pearson, spearman : float
        Correlation of the two traces.
    pearson_changes, spearman_changes : float
        Correlation of their changes from epoch to epoch, which a common trend does not inflate.
    regret : float or None
        Of the experiment, % of range.
    sample_regret : ndarray, shape (n_samples,)
        Of every sample of the test set, over the same epochs.
    test_set : str
    guess : float or None
        Error of guessing the training set's mean, % of range.
    """

    epochs: NDArray[np.int64]
    val_loss: FloatArray
    error: FloatArray
    measure: str
    pearson: float
    spearman: float
    pearson_changes: float
    spearman_changes: float
    regret: float | None
    sample_regret: FloatArray
    test_set: str
    guess: float | None = None

    name = "tracking"
    title = "Error across epochs"

    @property
    def regret_percentile(self) -> float | None:
        """Share (%) of test samples whose regret is smaller than the experiment's."""
        return None if self.regret is None else float(100 * np.mean(self.sample_regret < self.regret))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per epoch."""
        return pd.DataFrame({"epoch": self.epochs, "val_loss": self.val_loss, "error": self.error})

    @property
    def table(self) -> pd.DataFrame:
        """Correlations with the validation loss."""
        return pd.DataFrame(
            {
                "Pearson r": [f"{self.pearson:+.2f}", f"{self.pearson_changes:+.2f}"],
                "Spearman rho": [f"{self.spearman:+.2f}", f"{self.spearman_changes:+.2f}"],
            },
            index=["error and validation loss", "their changes from epoch to epoch"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Correlations and regrets."""
        return {
            "measure": self.measure,
            "pearson": number(self.pearson),
            "spearman": number(self.spearman),
            "pearson_changes": number(self.pearson_changes),
            "spearman_changes": number(self.spearman_changes),
            "regret": number(self.regret),
            "regret_percentile": number(self.regret_percentile),
            "sample_regret_median": float(np.median(self.sample_regret)),
            "test_set": self.test_set,
        }

    @property
    def sentences(self) -> list[str]:
        """What the correlations and the regret say."""
        together = (
            "is constant or too short to compare with the validation loss" if np.isnan(self.spearman) else
            "falls with the validation loss" if self.spearman > 0.7 else
            "loosely follows the validation loss" if self.spearman > 0.3 else
            "hardly follows the validation loss" if self.spearman >= -0.3 else
            "tends to rise while the validation loss falls" if self.spearman >= -0.7 else
            "rises while the validation loss falls"
        )  # fmt: skip
        said = [f"Over {self.epochs.size} epochs the {self.measure} {together} (Spearman {self.spearman:+.2f})."]
        middle, high = np.median(self.sample_regret), np.percentile(self.sample_regret, 90)
        population = (
            f"of the {self.sample_regret.size} {self.test_set} test samples, each against its own ideal of the same "
            f"{self.epochs.size} epochs, the median regret is {middle:.2f} % of range and one in ten exceeds {high:.2f}"
        )
        if self.regret is not None and self.regret_percentile is not None:
            p = self.regret_percentile
            verdict = "ordinary" if p < 90 else "unusual" if p < 99 else "exceptional"
            said.append(
                f"A regret of {self.regret:.2f} % of range is {verdict}: {p:.0f} % of test samples have a smaller one "
                f"({population})."
            )
            if self.guess is not None and self.error.min() > 0.7 * self.guess:
                said.append(
                    f"Guessing the training set's mean would err by {self.guess:.1f} % of range: even the ideal epoch "
                    "hardly reads this curve, and an early one, close to that guess, looks good."
                )
        else:
            said.append(f"Its regret cannot be known without the true parameters; {population}.")
        return said


def track(study: Study, checkpoints: Checkpoints) -> Tracking:
    """Compare a target's trace with the validation loss and with the test samples' traces.

    Parameters
    ----------
    study : Study
    checkpoints : Checkpoints
        Of the same study.

    Returns
    -------
    Tracking
    """
    error, measure = checkpoints.error, "parameter error"
    if error is None:
        error, measure = checkpoints.curve_rmse, "curve error"
    test_set = "grid" if study.config.dataset.sampling == "grid" else "uniform"
    predicted, true = study.test_predictions(test_set)
    errors = parameter_error(predicted[checkpoints.epochs - 1], true, SPACE.range).mean(axis=2)
    loss = checkpoints.val_loss
    return Tracking(
        epochs=checkpoints.epochs,
        val_loss=loss,
        error=error,
        measure=measure,
        pearson=_correlation(pearsonr, loss, error),
        spearman=_correlation(spearmanr, loss, error),
        pearson_changes=_correlation(pearsonr, np.diff(loss), np.diff(error)),
        spearman_changes=_correlation(spearmanr, np.diff(loss), np.diff(error)),
        regret=checkpoints.regret,
        sample_regret=errors[loss.argmin()] - errors.min(axis=0),
        test_set=test_set,
        guess=None if checkpoints.true is None else _guess(study, checkpoints.true),
    )


def _guess(study: Study, true: FloatArray) -> float:
    mean = study.training_parameters.mean(axis=0)
    return float(parameter_error(mean, true, SPACE.range).mean())


def _correlation(method: object, x: FloatArray, y: FloatArray) -> float:
    """A coefficient, or nan where a trace is too short or constant."""
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(method(x, y).statistic)  # type: ignore[operator]
