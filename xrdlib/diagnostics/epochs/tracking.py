"""An experiment's error across epochs against the validation loss: do they part, and is that unusual?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.data import SPACE
from xrdlib.diagnostics._correlation import block_interval, correlation
from xrdlib.diagnostics._intervals import Interval, share
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.comparable import like_target, other_traces, sample_traces, unlike_test_set
from xrdlib.diagnostics.epochs._tracking_text import findings
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
        Correlation of their changes from epoch to epoch, which a common trend does not inflate. The moving-block
        interval, nominally of 95 %, was measured to hold the true coefficient in 88 to 93 % of cases, and in 76 to
        78 % where the changes are strongly autocorrelated (0.8).
    regret : float or None
        Of the experiment, % of range.
    sample_regret : ndarray, shape (n_samples,)
        Of every sample of the test set, over the same epochs.
    test_set : str
        On a grid-trained study that whose samples lie on or off the grid as the target does.
    sample_spearman : ndarray, shape (n_samples,)
        Their ``spearman``.
    divergence : Divergence
        Of ``error`` from the validation loss, and that of some test samples.
    guess : float or None
        Error of guessing the training set's mean, % of range.
    unlike : tuple of str
        In what the target differs from the test samples.
    left_out : int
        Samples of the test set with predictions that are not finite.
    other_set : str or None
        The other test set of a study trained on the grid.
    other_regret : ndarray, shape (m,)
        Regrets of its samples.
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
    left_out: int = 0
    other_set: str | None = None
    other_regret: FloatArray = field(default_factory=lambda: np.empty(0))

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
    def other_rank(self) -> Interval:
        """``regret_rank`` among the samples of ``other_set``; not defined where there is none."""
        return share(self.other_regret[:0] < 0 if self.regret is None else self.other_regret < self.regret)

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
            "other_test_set": self.other_set,
            "regret_percentile_other": self.other_rank.to_dict(),
            "left_out": self.left_out,
            "unlike_test_set": list(self.unlike),
            "divergence": self.divergence.to_dict(),
        }

    @property
    def sentences(self) -> list[str]:
        """What the correlations, the change point and the regret say."""
        return findings(self)


def track(
    study: Study,
    found: Checkpoints,
    target: Target | None = None,
    *,
    test_set: str | None = None,
    seed: int = 0,
) -> Tracking:
    """Compare a target's trace with the validation loss and with the test samples' traces.

    Parameters
    ----------
    study : Study
    found : Checkpoints
        Of the same study.
    target : Target, optional
        The same one; with it the result says in what it differs from the test samples.
    test_set : {"grid", "uniform"}, optional
        With whose samples to compare; by default those that resemble the training set, or, for a target between the
        points of the grid (or of unknown parameters) and a study trained on it, ``uniform``.
    seed : int
        Of the noise and the resampling.

    Returns
    -------
    Tracking
    """
    error, measure = found.error, "parameter error"
    if error is None:
        error, measure = found.curve_rmse, "curve error"
    test_set = test_set or like_target(study, found.true)
    errors, _ = sample_traces(study, test_set, found.epochs)
    others = other_traces(study, test_set, found.epochs)
    other_set = next(iter(others), None)
    loss = found.val_loss
    changes = np.diff(loss), np.diff(error)
    return Tracking(
        epochs=found.epochs,
        val_loss=loss,
        error=error,
        measure=measure,
        pearson=float(correlation(loss, error)),
        spearman=float(correlation(loss, error, ranks=True)),
        pearson_changes=block_interval(*changes, seed=seed),
        spearman_changes=block_interval(*changes, ranks=True, seed=seed),
        regret=found.regret,
        sample_regret=_regrets(errors, loss),
        test_set=test_set,
        sample_spearman=correlation(loss, errors.T, ranks=True),
        divergence=divergence(
            found.epochs,
            error,
            loss,
            errors[:, :_CHECKED].T,
            test_set=test_set,
            others={name: traces[:, :_CHECKED].T for name, traces in others.items()},
            seed=seed,
        ),
        guess=None if found.true is None else _guess(study, found.true),
        unlike=() if target is None else unlike_test_set(study, target, test_set),
        left_out=len(study.test_predictions(test_set)[1]) - errors.shape[1],
        other_set=other_set,
        other_regret=np.empty(0) if other_set is None else _regrets(others[other_set], loss),
    )


def _regrets(errors: FloatArray, loss: FloatArray) -> FloatArray:
    return np.asarray(errors[loss.argmin()] - errors.min(axis=0))


def _guess(study: Study, true: FloatArray) -> float:
    mean = study.training_parameters.mean(axis=0)
    return float(parameter_error(mean, true, SPACE.range).mean())


def _coefficient(value: float) -> str:
    return "not defined" if np.isnan(value) else f"{value:+.2f}"
