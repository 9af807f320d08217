"""An experiment's error across epochs against the validation loss: do they part, and is that unusual?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics._correlation import block_interval, correlation, percent, share
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._section import Section, number
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.comparable import like_training, sample_traces, unlike_test_set
from xrdlib.diagnostics.epochs.divergence import Divergence, divergence
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.training import Study

__all__ = ["Tracking", "track"]

FloatArray = NDArray[np.float64]

_CHECKED = 500  # test samples whose traces are searched for a divergence


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
        Correlation of the two traces; without an interval, since both have a trend and there is one run: see
        ``spearman_percentile`` instead.
    pearson_changes, spearman_changes : Interval
        Correlation of their changes from epoch to epoch, which a common trend does not inflate.
    regret : float or None
        Of the experiment, % of range.
    sample_regret : ndarray, shape (n_samples,)
        Of every sample of the test set, over the same epochs.
    test_set : str
    sample_spearman : ndarray, shape (n_samples,)
        Their ``spearman``.
    divergence : Divergence
        Of ``error`` from the validation loss, and that of some test samples.
    guess : float or None
        Error of guessing the training set's mean, % of range.
    unlike : tuple of str
        In what the target differs from the test samples.
    """

    epochs: NDArray[np.int64]
    val_loss: FloatArray
    error: FloatArray
    measure: str
    pearson: float
    spearman: float
    pearson_changes: Interval
    spearman_changes: Interval
    regret: float | None
    sample_regret: FloatArray
    test_set: str
    sample_spearman: FloatArray
    divergence: Divergence
    guess: float | None = None
    unlike: tuple[str, ...] = ()

    name = "tracking"
    title = "Error across epochs"

    @property
    def regret_percentile(self) -> float | None:
        """Share (%) of test samples whose regret is smaller than the experiment's."""
        return None if self.regret is None else self.regret_rank.value

    @property
    def regret_rank(self) -> Interval:
        """``regret_percentile`` with Wilson's interval; not defined where the truth is unknown."""
        return share(self.sample_regret[:0] < 0 if self.regret is None else self.sample_regret < self.regret)

    @property
    def spearman_percentile(self) -> Interval:
        """Share (%) of test samples whose error follows the validation loss less than the experiment's.

        Not defined where the trace is a curve error, theirs being parameter errors.
        """
        comparable = self.regret is not None and not np.isnan(self.spearman)
        return share(self.sample_spearman < self.spearman if comparable else np.empty(0, dtype=bool))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per epoch."""
        return pd.DataFrame({"epoch": self.epochs, "val_loss": self.val_loss, "error": self.error})

    @property
    def table(self) -> pd.DataFrame:
        """Correlations with the validation loss."""
        return pd.DataFrame(
            {
                "Pearson r": [_coefficient(self.pearson), f"{self.pearson_changes:+.2f}"],
                "Spearman rho": [_coefficient(self.spearman), f"{self.spearman_changes:+.2f}"],
            },
            index=["error and val. loss", "changes per epoch"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Correlations, regrets, divergence."""
        return {
            "measure": self.measure,
            "pearson": number(self.pearson),
            "spearman": number(self.spearman),
            "spearman_percentile": self.spearman_percentile.to_dict(),
            "pearson_changes": number(self.pearson_changes.value),
            "spearman_changes": number(self.spearman_changes.value),
            "pearson_changes_interval": self.pearson_changes.to_dict(),
            "spearman_changes_interval": self.spearman_changes.to_dict(),
            "regret": number(self.regret),
            "regret_percentile": number(self.regret_percentile),
            "regret_percentile_interval": self.regret_rank.to_dict(),
            "sample_regret_median": float(np.median(self.sample_regret)),
            "test_set": self.test_set,
            "unlike_test_set": list(self.unlike),
            "divergence": self.divergence.to_dict(),
        }

    @property
    def sentences(self) -> list[str]:
        """What the correlations, the change point and the regret say."""
        together = (
            "is constant or too short to compare with the validation loss" if np.isnan(self.spearman) else
            "falls with the validation loss" if self.spearman > 0.7 else
            "loosely follows the validation loss" if self.spearman > 0.3 else
            "hardly follows the validation loss" if self.spearman >= -0.3 else
            "tends to rise while the validation loss falls" if self.spearman >= -0.7 else
            "rises while the validation loss falls"
        )  # fmt: skip
        more = "" if np.isnan(self.spearman) else f" (Spearman {self.spearman:+.2f})"
        said = [f"Over {self.epochs.size} epochs the {self.measure} {together}{more}."]
        if not np.isnan(self.spearman_percentile.value):
            said.append(
                f"{percent(self.spearman_percentile)} of the test samples follow it less; the changes from epoch to "
                f"epoch have a Spearman of {self.spearman_changes:+.2f}."
            )
        known = self.regret is not None
        said += [self.divergence.sentence(self.measure, "% of range" if known else "in RMSE"), *self._regret]
        if self.unlike:
            said.append(
                f"It is not like the {self.test_set} test samples ({'; '.join(self.unlike)}): its rank among them "
                "holds that difference, too."
            )
        return said

    @property
    def _regret(self) -> list[str]:
        middle, high = np.median(self.sample_regret), np.percentile(self.sample_regret, 90)
        population = (
            f"of the {self.sample_regret.size} {self.test_set} test samples, each against its own ideal of the same "
            f"{self.epochs.size} epochs, the median regret is {middle:.2f} % of range and one in ten exceeds {high:.2f}"
        )
        if self.regret is None:
            return [f"Its regret cannot be known without the true parameters; {population}."]
        p = self.regret_rank
        verdict = "ordinary" if p.value < 90 else "unusual" if p.value < 99 else "exceptional"
        said = [
            f"A regret of {self.regret:.2f} % of range is {verdict}: {percent(p)} of test samples have a smaller one "
            f"({population})."
        ]
        if self.guess is not None and self.error.min() > 0.7 * self.guess:
            said.append(
                f"Guessing the training set's mean would err by {self.guess:.1f} % of range: even the ideal epoch "
                "hardly reads this curve, and an early one, close to that guess, looks good."
            )
        return said


def track(
    study: Study,
    checkpoints: Checkpoints,
    target: Target | None = None,
    *,
    test_set: str | None = None,
    seed: int = 0,
) -> Tracking:
    """Compare a target's trace with the validation loss and with the test samples' traces.

    Parameters
    ----------
    study : Study
    checkpoints : Checkpoints
        Of the same study.
    target : Target, optional
        The same one; with it the result says in what it differs from the test samples.
    test_set : {"grid", "uniform"}, optional
        With whose samples to compare; by default those that resemble the training set.
    seed : int
        Of the noise and the resampling.

    Returns
    -------
    Tracking
    """
    error, measure = checkpoints.error, "parameter error"
    if error is None:
        error, measure = checkpoints.curve_rmse, "curve error"
    test_set = test_set or like_training(study)
    errors, _ = sample_traces(study, test_set, checkpoints.epochs)
    loss = checkpoints.val_loss
    changes = np.diff(loss), np.diff(error)
    return Tracking(
        epochs=checkpoints.epochs,
        val_loss=loss,
        error=error,
        measure=measure,
        pearson=float(correlation(loss, error)),
        spearman=float(correlation(loss, error, ranks=True)),
        pearson_changes=block_interval(*changes, seed=seed),
        spearman_changes=block_interval(*changes, ranks=True, seed=seed),
        regret=checkpoints.regret,
        sample_regret=errors[loss.argmin()] - errors.min(axis=0),
        test_set=test_set,
        sample_spearman=correlation(loss, errors.T, ranks=True),
        divergence=divergence(checkpoints.epochs, error, loss, errors[:, :_CHECKED].T, seed=seed),
        guess=None if checkpoints.true is None else _guess(study, checkpoints.true),
        unlike=() if target is None else unlike_test_set(study, target, test_set),
    )


def _guess(study: Study, true: FloatArray) -> float:
    mean = study.training_parameters.mean(axis=0)
    return float(parameter_error(mean, true, SPACE.range).mean())


def _coefficient(value: float) -> str:
    return "not defined" if np.isnan(value) else f"{value:+.2f}"
