"""The epoch after which an error rises while the validation loss still falls, and how common such epochs are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics._correlation import percent, share, slope_after
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._section import number
from xrdlib.diagnostics.epochs.change_point import MIN_POINTS, ChangePoint, change_point, rising

__all__ = ["Divergence", "divergence"]

FloatArray = NDArray[np.float64]

_LEVEL = 0.05


@dataclass(frozen=True)
class Divergence:
    """Where a trace parts from the validation loss.

    Attributes
    ----------
    epochs : ndarray of int, shape (n,)
    change : ChangePoint
        Of the trace; its ``index`` counts ``epochs``.
    loss_slope : float
        Of the validation loss from the break on, per epoch; nan without a break.
    samples : ndarray of bool
        Which of some test samples diverge by the same test; empty where that is not defined.
    """

    epochs: NDArray[np.int64]
    change: ChangePoint
    loss_slope: float
    samples: NDArray[np.bool_]

    @property
    def epoch(self) -> int | None:
        """The divergence epoch; None where there is none, or none can be told."""
        significant = self.change.index is not None and self.change.significant(_LEVEL)
        return self.turn if significant and self.loss_slope < 0 else None

    @property
    def turn(self) -> int | None:
        """Epoch of the break, significant or not."""
        return None if self.change.index is None else int(self.epochs[self.change.index])

    @property
    def rise(self) -> float:
        """Of the two-piece line from its break to the last epoch, in the trace's unit; 0 without a break."""
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
        others = f"; {percent(self.share)} of {self.samples.size} test samples diverge by the same test"
        others = others if self.samples.size else ""
        if c.index is None or c.low is None or c.high is None:
            return f"There is no divergence epoch: the {measure} nowhere turns upwards{others}."
        turn = f"epoch {self.turn} ({self.epochs[c.low]} to {self.epochs[c.high]})"
        chance = "less than 1 %" if c.p_value < 0.01 else f"{100 * c.p_value:.0f} %"
        if self.epoch is not None:
            start = "the first" if c.index == 0 else turn
            return (
                f"The divergence epoch is {start}: from there on the {measure} rises, by {self.rise:.2g} {unit} until "
                f"the end, while the validation loss falls; noise alone does as much in {chance} of cases{others}."
            )
        why = (
            "the validation loss does not fall after it"
            if c.significant(_LEVEL)
            else f"noise alone does as much in {chance} of cases"
        )
        return f"There is no divergence epoch: the {measure} turns upwards at {turn}, but {why}{others}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        c = self.change
        ends = [None if i is None else int(self.epochs[i]) for i in (c.low, c.high)]
        return {
            "epoch": self.epoch,
            "turn": self.turn,
            "turn_interval": None if None in ends else ends,
            "p_value": number(c.p_value),
            "slope_before": number(c.slope_before),
            "slope_after": number(c.slope_after),
            "loss_slope_after": number(self.loss_slope),
            "share_of_test_samples": self.share.to_dict(),
        }


def divergence(
    epochs: NDArray[np.int64], trace: FloatArray, val_loss: FloatArray, samples: FloatArray, *, seed: int = 0
) -> Divergence:
    """Search a trace, and those of test samples, for the epoch from which they rise while the loss falls.

    Parameters
    ----------
    epochs : ndarray of int, shape (n,)
        Ascending.
    trace, val_loss : ndarray, shape (n,)
    samples : ndarray, shape (k, n)
        Traces of test samples.
    seed : int

    Returns
    -------
    Divergence
    """
    change = change_point(trace, epochs, seed=seed)
    p_values, breaks = rising(samples, epochs, seed=seed)
    diverge = (p_values < _LEVEL) & (slope_after(epochs, val_loss, breaks) < 0)
    slope = np.nan if change.index is None else float(slope_after(epochs, val_loss, np.array([change.index]))[0])
    return Divergence(epochs, change, slope, diverge[np.isfinite(p_values)])
