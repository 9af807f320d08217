"""What an epoch that was picked on one draw gains over the final one on others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib._section import number
from xrdlib.diagnostics._intervals import UNDEFINED, Interval
from xrdlib.diagnostics._jackknife import mean_interval, pair_values, ratio_interval
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.remedies.selecting._selection_draws import Draws, measured_by
from xrdlib.remedies.selecting._selection_rules import RULES, Rules
from xrdlib.training import Study

__all__ = ["Scores", "gain_values", "score"]

FloatArray = NDArray[np.float64]


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
        The same on the other draws, with t intervals over the draws; of pairs over the jackknife's pseudo-values, one
        for each draw. No ends with fewer than four.
    recovered : dict of str to dict of str to Interval
        ``gains`` in % of that of ``parameters`` (ideal), intervals after Fieller; not defined where ideal itself gains
        nothing beyond chance.
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


def score(rules: Rules, study: Study, draws: Draws) -> Scores:
    """Pick by every rule that is defined, and score it on the other draws.

    Parameters
    ----------
    rules : Rules
    study : Study
    draws : Draws

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
    seemed: dict[str, dict[str, float]] = {rule: {} for rule in named}
    gains: dict[str, dict[str, Interval]] = {rule: {} for rule in named}
    recovered: dict[str, dict[str, Interval]] = {rule: {} for rule in named}
    for measure in scored[0]:
        errors, at_home = (np.stack([traces[measure] for traces in some]) for some in (scored, own))
        of_ideal = None
        for rule in named:
            rows = np.array([first.row(epoch) for epoch in picks[rule]])
            seemed[rule][measure] = float(np.mean(at_home[:, final] - at_home[np.arange(len(rows)), rows]))
            values = gain_values(errors, rows, final, paired=draws.paired)
            gains[rule][measure] = mean_interval(values)
            if rule == "parameters":
                of_ideal = values
            recovered[rule][measure] = UNDEFINED if of_ideal is None else ratio_interval(100 * values, of_ideal)
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


def gain_values(errors: FloatArray, picked: NDArray[np.int64], final: int, *, paired: bool) -> FloatArray:
    """Gains of epochs picked elsewhere, one number for each draw that is scored; their mean is the mean gain.

    Parameters
    ----------
    errors : ndarray, shape (d, n_epochs)
        Of the draws that are scored.
    picked : ndarray of int, shape (d,) if paired, else (c,)
        Columns, picked on each of these draws, or on something else.
    final : int
        Column of the final epoch.
    paired : bool
        Then a draw is never scored at the epoch it picked itself, and the numbers are `pair_values`.

    Returns
    -------
    ndarray, shape (d,)
    """
    gain = (errors[:, [final]] - errors[:, picked]).T  # (pick, scored)
    return pair_values(gain) if paired else np.asarray(gain.mean(axis=0))


def _known(draws: Draws) -> bool:
    every: tuple[Checkpoints, ...] = (*draws.choosers, *draws.scored)
    return all(found.error is not None for found in every)
