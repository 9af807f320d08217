"""Whether a trace's regret is more than luck."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics._intervals import UNDEFINED, Interval, exact_share
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.epochs.divergence import divergence
from xrdlib.diagnostics.epochs.wobble import Wobble, wobble

__all__ = ["Chance", "chance", "holds"]


class Chance(NamedTuple):
    """Whether a trace's regret is more than luck: noise that never rises, and a rise beyond noise."""

    wobble: Wobble
    divergence: int | None
    level: float

    @property
    def more(self) -> bool:
        """More than luck by either; False where it cannot be told."""
        return bool(self.wobble.p_value < self.level) or self.divergence is not None

    @property
    def p_value(self) -> Interval:
        """Of the wobble, with the exact interval that so many draws leave; nan where it is not defined."""
        drawn = self.wobble.drawn
        if drawn.size == 0:
            return UNDEFINED
        _, low, high = exact_share(int(np.sum(drawn >= self.wobble.regret)), drawn.size)
        return Interval(self.wobble.p_value, low / 100, high / 100)

    @property
    def borderline(self) -> bool:
        """Whether the draws leave it open on which side of the level p is, and that decides."""
        return self.divergence is None and holds(self.p_value, self.level)

    @property
    def in_words(self) -> str:
        """In how many cases noise brings as much, and where a rise begins."""
        if self.wobble.drawn.size == 0:
            return "what noise alone would bring is not defined for so few epochs, or a constant error"
        share = f"noise alone brings as much in {100 * self.wobble.p_value:.2g} % of cases"
        if self.divergence is not None:
            return f"{share}; the error rises beyond noise from epoch {self.divergence} on"
        return share


def chance(found: Checkpoints, trace: NDArray[np.float64], level: float, seed: int) -> Chance:
    """As the section ``luck`` judges it, of a trace over the epochs of ``found``."""
    at = divergence(found.epochs, trace, found.val_loss, np.empty((0, trace.size)), seed=seed).epoch
    return Chance(wobble(trace, found.row(found.final), found.epochs, seed=seed), at, level)


def holds(interval: Interval, threshold: float) -> bool:
    """Whether an interval holds a threshold; never where it is not defined."""
    return bool(interval.low <= threshold <= interval.high)
