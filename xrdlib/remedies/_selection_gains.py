"""What an epoch that was picked on one draw gains over the final one on others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics._intervals import UNDEFINED, Interval, percentile_interval
from xrdlib.diagnostics._section import number
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.remedies._selection_draws import Draws, measured_by
from xrdlib.remedies._selection_rules import RULES, Rules
from xrdlib.training import Study

__all__ = ["Scores", "mean_gain", "score"]

FloatArray = NDArray[np.float64]

_NONE = 1e-9  # an advantage that rounding makes
_RESAMPLES = 1000
_FEWEST = 4  # draws that have an interval


@dataclass(frozen=True)
class Scores:
    """Every rule on one kind of fresh draws; gains are error at final minus error at the epoch picked.

    Attributes
    ----------
    key, short, on : str
        As of `Draws`.
    n : int
        Draws scored.
    n_epochs : int
        Epochs to pick from.
    paired : bool
        Whether the draws pick for one another; else the experiment's own trace picks for them.
    at_final : dict of str to float
        By measure the mean error of the draws scored.
    picks : dict of str to tuple of int
        Epochs by rule, one for each draw that picks.
    seemed : dict of str to dict of str to float
        By rule and measure the mean gain on the very draws that picked.
    gains : dict of str to dict of str to Interval
        The same on the other draws. Bootstrap over the draws, no ends with fewer than four.
    recovered : dict of str to dict of str to Interval
        ``gains`` in % of that of ``parameters`` (ideal); not defined where ideal itself gains nothing beyond chance.
    """

    key: str
    short: str
    on: str
    n: int
    n_epochs: int
    paired: bool
    at_final: dict[str, float]
    picks: dict[str, tuple[int, ...]]
    seemed: dict[str, dict[str, float]]
    gains: dict[str, dict[str, Interval]]
    recovered: dict[str, dict[str, Interval]]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        rules = {
            rule: {
                "epochs": list(self.picks[rule]),
                "seemed": {m: number(v) for m, v in self.seemed[rule].items()},
                "gain": {m: v.to_dict() for m, v in self.gains[rule].items()},
                "recovered_percent": {m: v.to_dict() for m, v in self.recovered[rule].items()},
            }
            for rule in self.gains
        }
        return {
            "key": self.key,
            "scored_on": self.on,
            "n": self.n,
            "n_epochs": self.n_epochs,
            "paired": self.paired,
            "error_at_final": {m: number(v) for m, v in self.at_final.items()},
            "rules": rules,
        }


def score(rules: Rules, study: Study, draws: Draws, *, seed: int = 0) -> Scores:
    """Pick by every rule that is defined, and score it on the other draws.

    Parameters
    ----------
    rules : Rules
    study : Study
    draws : Draws
    seed : int
        Of the bootstrap.

    Returns
    -------
    Scores
    """
    named = [rule for rule in RULES if rule != "final" and (rule != "parameters" or _known(draws))]
    own = [measured_by(found, study) for found in draws.choosers]
    scored = own if draws.paired else [measured_by(found, study) for found in draws.scored]
    first = draws.choosers[0]
    final = first.row(first.final)
    picks = {rule: tuple(rules.pick(rule, found) for found in draws.choosers) for rule in named}
    resamples = _resamples(len(scored), seed)
    seemed: dict[str, dict[str, float]] = {rule: {} for rule in named}
    gains: dict[str, dict[str, Interval]] = {rule: {} for rule in named}
    recovered: dict[str, dict[str, Interval]] = {rule: {} for rule in named}
    for measure in scored[0]:
        errors, at_home = (np.stack([traces[measure] for traces in some]) for some in (scored, own))
        of_ideal = None
        for rule in named:
            rows = np.array([first.row(epoch) for epoch in picks[rule]])
            seemed[rule][measure] = float(np.mean(at_home[:, final] - at_home[np.arange(len(rows)), rows]))
            gain = mean_gain(errors, rows, final, resamples, paired=draws.paired)
            gains[rule][measure] = _interval(gain, len(scored))
            if rule == "parameters":
                of_ideal = gain
            recovered[rule][measure] = _share(gain, of_ideal, len(scored))
    return Scores(
        key=draws.key,
        short=draws.short,
        on=draws.on,
        n=len(scored),
        n_epochs=first.epochs.size,
        paired=draws.paired,
        at_final={m: float(np.mean([traces[m][final] for traces in scored])) for m in scored[0]},
        picks={"final": (first.final,) * len(draws.choosers), **picks},
        seemed=seemed,
        gains=gains,
        recovered=recovered,
    )


def mean_gain(
    errors: FloatArray, picked: NDArray[np.int64], final: int, resamples: FloatArray, *, paired: bool
) -> FloatArray:
    """Mean gain of epochs picked elsewhere, in each resample of the draws that are scored.

    Parameters
    ----------
    errors : ndarray, shape (d, n_epochs)
        Of the draws that are scored.
    picked : ndarray of int, shape (d,) if paired, else (c,)
        Columns, picked on each of these draws, or on something else.
    final : int
        Column of the final epoch.
    resamples : ndarray, shape (r, d)
        How often each draw was drawn.
    paired : bool
        Then a draw is never scored at the epoch it picked itself, however often it was drawn.

    Returns
    -------
    ndarray, shape (r,)
        nan where no pair was drawn.
    """
    gain = (errors[:, [final]] - errors[:, picked]).T  # (pick, scored)
    if not paired:
        return np.asarray(resamples @ gain.mean(axis=0) / resamples.sum(axis=1))
    total = np.einsum("ri,ij,rj->r", resamples, gain, resamples) - np.square(resamples) @ gain.diagonal()
    pairs = resamples.sum(axis=1) ** 2 - np.square(resamples).sum(axis=1)
    return np.asarray(np.divide(total, pairs, out=np.full(total.shape, np.nan), where=pairs > 0))


def _resamples(d: int, seed: int) -> FloatArray:
    """How often each of d draws is drawn, shape (1 + n, d): all of them once, then at random."""
    drawn = np.random.default_rng(seed).multinomial(d, np.full(d, 1 / d), size=_RESAMPLES)
    return np.concatenate([np.ones((1, d)), drawn])


def _interval(gain: FloatArray, d: int) -> Interval:
    if d < _FEWEST:
        return Interval(float(gain[0]), np.nan, np.nan)
    return percentile_interval(float(gain[0]), gain[1:])


def _share(gain: FloatArray, of_ideal: FloatArray | None, d: int) -> Interval:
    """Of ideal's gain, %; not defined where that is no more than chance gives."""
    if of_ideal is None:
        return UNDEFINED
    whole = _interval(of_ideal, d)
    if whole.value < _NONE or whole.low < _NONE:
        return UNDEFINED
    some = np.where(of_ideal > _NONE, of_ideal, np.nan)
    return _interval(100 * gain / some, d)


def _known(draws: Draws) -> bool:
    every: tuple[Checkpoints, ...] = (*draws.choosers, *draws.scored)
    return all(found.error is not None for found in every)
