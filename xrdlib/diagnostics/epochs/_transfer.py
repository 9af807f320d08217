"""How much of a regret is left when the epoch is chosen on something else than what it is scored on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics._intervals import Interval, bootstrap

__all__ = ["Transfer", "between_draws", "between_samples", "onto_trace", "single"]

FloatArray = NDArray[np.float64]

_NONE = 1e-9  # a regret that rounding makes


@dataclass(frozen=True)
class Transfer:
    """One way of choosing the epoch.

    Attributes
    ----------
    key : str
        Of the JSON file.
    chosen_on : str
        What the epoch is chosen on, in words.
    scored_on : str
        ``"experiment"`` or ``"test samples"``.
    n : int
        Draws of the experiment, neighbours, or test samples.
    regret : float
        What can be gained: error at final minus the lowest, in the trace's unit; a mean over test samples.
    kept : float
        Mean of what is gained where it counts: error at final minus error at the epoch chosen elsewhere.
    share : Interval
        ``kept`` in % of ``regret``: 100 where ideal is a property of what was scored, 0 where it is no better than
        final. Without ends where there is a single case; not defined without regret.
    """

    key: str
    chosen_on: str
    scored_on: str
    n: int
    regret: float
    kept: float
    share: Interval

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        words = {"key": self.key, "chosen_on": self.chosen_on, "scored_on": self.scored_on, "n": self.n}
        return {**words, "regret": self.regret, "kept": self.kept, "share_percent": self.share.to_dict()}


def between_draws(errors: FloatArray, final: int, *, seed: int = 0) -> tuple[float, float, Interval]:
    """Choose on one draw, score on another, all pairs.

    Parameters
    ----------
    errors : ndarray, shape (d, n)
        Of d >= 2 draws of the same thing at n epochs.
    final : int
        Column of the final epoch.
    seed : int
        Of the bootstrap over draws; below four draws there are no ends.

    Returns
    -------
    regret, kept : float
    share : Interval
    """
    # gain[i, j]: the epoch chosen on draw i, scored on draw j
    gain = (errors[:, [final]] - errors[:, errors.argmin(axis=1)]).T

    def means(rows: NDArray[np.int64]) -> tuple[float, float]:
        others = rows[:, None] != rows
        pairs = gain[np.ix_(rows, rows)][others]
        return float(gain.diagonal()[rows].mean()), float(pairs.mean()) if pairs.size else np.nan

    everyone = np.arange(len(errors))
    regret, kept = means(everyone)
    if len(errors) < 4 or regret < _NONE:
        return regret, kept, _single(kept, regret)
    return regret, kept, bootstrap(lambda rows: _ratio(*means(rows)[::-1]), everyone, seed=seed)


def onto_trace(draws: FloatArray, trace: FloatArray, final: int, *, seed: int = 0) -> tuple[float, float, Interval]:
    """Choose on each of some draws, score on one trace that is none of them.

    Parameters
    ----------
    draws : ndarray, shape (d, n)
        Errors of d relatives at n epochs.
    trace : ndarray, shape (n,)
        Errors of what counts, at the same epochs.
    final : int
        Column of the final epoch.
    seed : int
        Of the bootstrap over draws; below four draws there are no ends.

    Returns
    -------
    regret, kept : float
    share : Interval
    """
    regret, gained = float(trace[final] - trace.min()), trace[final] - trace[draws.argmin(axis=1)]
    kept = float(gained.mean())
    if len(draws) < 4 or regret < _NONE:
        return regret, kept, _single(kept, regret)
    return regret, kept, bootstrap(lambda rows: _ratio(float(rows.mean()), regret), gained, seed=seed)


def between_samples(regret: FloatArray, kept: FloatArray, *, seed: int = 0) -> tuple[float, float, Interval]:
    """Means over samples, each (n,), and their ratio with a bootstrap interval over the samples."""
    means = float(regret.mean()), float(kept.mean())
    if means[0] < _NONE:
        return *means, _single(means[1], means[0])
    return *means, bootstrap(lambda r, g: _ratio(float(g.mean()), float(r.mean())), regret, kept, seed=seed)


def single(errors: FloatArray, chosen: int, final: int) -> tuple[float, float, Interval]:
    """Score one trace (n,) at an epoch that was chosen on something else; a share without ends."""
    regret, kept = float(errors[final] - errors.min()), float(errors[final] - errors[chosen])
    return regret, kept, _single(kept, regret)


def _single(kept: float, regret: float) -> Interval:
    return Interval(_ratio(kept, regret), np.nan, np.nan)


def _ratio(kept: float, regret: float) -> float:
    """Share in %; nan without regret."""
    return 100 * kept / regret if regret >= _NONE else float("nan")
