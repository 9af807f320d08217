"""The epoch after which an error rises while the validation loss still falls, and how common such epochs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib._section import number
from xrdlib.diagnostics._correlation import slope_after
from xrdlib.diagnostics._intervals import Interval, share
from xrdlib.diagnostics.epochs._among import CHANCE, Among, in_words
from xrdlib.diagnostics.epochs.change_point import MIN_POINTS, ChangePoint, change_point, rising

__all__ = ["Divergence", "divergence"]

FloatArray = NDArray[np.float64]

_LEVEL = 0.05
_FEW = 40  # epochs: below it the test is nearly blind to late rises


@dataclass(frozen=True)
class Divergence:
    """Where a trace parts from the validation loss.

    Attributes
    ----------
    epochs : ndarray of int, shape (n,)
    change : ChangePoint
        Of the trace; its ``index`` counts ``epochs``.
    loss_slope : float
        Of the validation loss from the turn on, per epoch; nan without a turn.
    samples : ndarray of bool
        Which of some test samples diverge by the same test; empty where that is not defined.
    test_set : str
        Whose samples; empty if it has no name.
    others : tuple of Among
        The same of other test sets.
    """

    epochs: NDArray[np.int64]
    change: ChangePoint
    loss_slope: float
    samples: NDArray[np.bool_]
    test_set: str = ""
    others: tuple[Among, ...] = ()

    @property
    def epoch(self) -> int | None:
        """The divergence epoch; None where there is none, or none can be told."""
        significant = self.change.index is not None and self.change.significant(_LEVEL)
        return self.turn if significant and self.loss_slope < 0 else None

    @property
    def turn(self) -> int | None:
        """Epoch from which the trend rises, significant or not."""
        return None if self.change.index is None else int(self.epochs[self.change.index])

    @property
    def interval(self) -> tuple[int | None, int | None]:
        """Ends of the 95 % interval of ``turn``."""
        low, high = (None if i is None else int(self.epochs[i]) for i in (self.change.low, self.change.high))
        return low, high

    @property
    def rise(self) -> float:
        """Of the trend from its turn to the last epoch, in the trace's unit; 0 without a turn."""
        i = self.change.index
        return 0.0 if i is None else float(self.change.line[-1] - self.change.line[i])

    @property
    def share(self) -> Interval:
        """Share (%) of the test samples that diverge, by chance or not; not defined for few epochs."""
        return share(self.samples)

    def sentence(self, measure: str, unit: str) -> str:
        """What was found, of a trace of a name and unit."""
        c = self.change
        if np.isnan(c.p_value):
            return (
                f"A divergence epoch is not defined: {MIN_POINTS} epochs and a trace that is not constant are needed."
            )
        others = in_words((Among(self.test_set, self.samples), *self.others))
        # those of test samples are always of their parameters
        theirs = "" if measure == "parameter error" else ", in their parameter errors"
        others = f"; {others} diverge by the same test{theirs} ({CHANCE})" if others else ""
        untold = "No divergence can be told from noise"
        if self.epochs.size < _FEW:
            untold += f" ({self.epochs.size} epochs show large rises only)"
        if c.index is None or c.low is None or c.high is None:
            return f"{untold}: no trend of the {measure} that turns upwards fits better than one that does not{others}."
        turn = f"epoch {self.turn} ({self.epochs[c.low]} to {self.epochs[c.high]})"
        chance = "less than 1 %" if c.p_value < 0.01 else f"{100 * c.p_value:.0f} %"
        if self.epoch is not None:
            rises = f"from there on the trend of the {measure} rises, by {self.rise:.2g} {unit} until the end"
            return (
                f"The divergence epoch is {turn}: {rises}, while the validation loss falls; noise alone does as much "
                f"in {chance} of cases{others}."
            )
        if c.significant(_LEVEL):
            return (
                f"There is no divergence: the {measure} turns upwards at {turn}, but the validation loss does not fall "
                f"after it{others}."
            )
        why = f"noise alone does as much in {chance} of cases"
        return f"{untold}: the {measure} turns upwards at {turn}, but {why}{others}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        c = self.change
        ends = list(self.interval)
        return {
            "epoch": self.epoch,
            "turn": self.turn,
            "turn_interval": None if None in ends else ends,
            "p_value": number(c.p_value),
            "slope_before": number(c.slope_before),
            "slope_after": number(c.slope_after),
            "loss_slope_after": number(self.loss_slope),
            "share_of_test_samples": self.share.to_dict(),
            "share_of_other_test_sets": {other.test_set: other.share.to_dict() for other in self.others},
        }


def divergence(
    epochs: NDArray[np.int64],
    trace: FloatArray,
    val_loss: FloatArray,
    samples: FloatArray,
    *,
    test_set: str = "",
    others: Mapping[str, FloatArray] | None = None,
    seed: int = 0,
) -> Divergence:
    """Search a trace, and those of test samples, for the epoch from which they rise while the loss falls.

    Parameters
    ----------
    epochs : ndarray of int, shape (n,)
        Ascending.
    trace, val_loss : ndarray, shape (n,)
    samples : ndarray, shape (k, n)
        Traces of test samples.
    test_set : str
        Its name.
    others : mapping of str to ndarray, optional
        Traces of other test sets' samples.
    seed : int

    Returns
    -------
    Divergence
    """

    def diverge(traces: FloatArray) -> NDArray[np.bool_]:
        p_values, turns = rising(traces, epochs, seed=seed)
        found = (p_values < _LEVEL) & (slope_after(epochs, val_loss, turns) < 0)
        return np.asarray(found[np.isfinite(p_values)])

    change = change_point(trace, epochs, seed=seed)
    slope = np.nan if change.index is None else float(slope_after(epochs, val_loss, np.array([change.index]))[0])
    elsewhere = tuple(Among(name, diverge(traces)) for name, traces in (others or {}).items())
    return Divergence(epochs, change, slope, diverge(samples), test_set, elsewhere)
