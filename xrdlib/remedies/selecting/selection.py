"""Do the rules by which one can choose a checkpoint for an experiment gain anything where it counts?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.diagnostics._intervals import UNDEFINED, Interval
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.epochs._transfer import Transfer
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.remedies.selecting import _selection_text as text
from xrdlib.remedies.selecting._selection_draws import draws_of
from xrdlib.remedies.selecting._selection_gains import Scores, score
from xrdlib.remedies.selecting._selection_rules import RULES, TEMPERATURE, Rules
from xrdlib.remedies.selecting._selection_samples import on_test_samples
from xrdlib.training import Study

__all__ = ["Selection", "selection"]

FloatArray = NDArray[np.float64]

_MOST = 0.5  # of a test set: if more of it picked an epoch, the rest is no score


@dataclass(frozen=True, repr=False)
class Selection(Section):
    """Rules that choose an epoch for one target, beside the final epoch.

    With the truth as the ``centre``, ``neighbours`` and ``weighted`` are told the answer: oracles, as the ideal is.

    Attributes
    ----------
    study, target : str
        Names.
    known : bool
        Whether the true parameters are.
    noisy : bool
        Whether the target has counting noise.
    centre : {"truth", "prediction"}
        From where distances to test samples are taken.
    k : int
    temperature : float
    effective : float
        As many equally weighted test samples tell as much as those that ``weighted`` weights.
    test_sets : dict of str to str
        By rule, whose samples ``neighbours`` and ``weighted`` look at.
    epochs : ndarray of int, shape (n_epochs,)
    guess : float or None
        Error of the training set's mean, % of range; None where the truth is unknown.
    trace : ndarray, shape (n_epochs,)
        The target's error: mean of its parameters, % of range; of its curve where the truth is unknown.
    looked_at : dict of str to ndarray, shape (n_epochs,)
        By rule the numbers whose lowest it takes.
    picks : dict of str to int
        Epoch by rule; first ``final``.
    scores : tuple of Scores
        One for each kind of fresh draws.
    average : dict of str to dict of str to Interval
        By rule and test set what its epoch gains over final in the mean parameter error, % of range; bootstrap over
        samples, without those that picked the epoch. Not defined where these are most of the set.
    left_out : dict of str to int
        By rule, how many of its test set's samples picked its epoch: the nearest, or the heaviest, which together have
        95 % of the weight.
    samples : tuple of Transfer
        The rules that need no fresh draw, on test samples in the place of the target, each left out of what picks;
        with distances from their true parameters, and (``neighbours_prediction``, ``weighted_prediction``) from what
        the final epoch predicts for them.
    undefined : tuple of str
        What could not be had, and why.
    """

    study: str
    target: str
    known: bool
    noisy: bool
    centre: str
    k: int
    temperature: float
    effective: float
    test_sets: dict[str, str]
    epochs: NDArray[np.int64]
    guess: float | None
    trace: FloatArray
    looked_at: dict[str, FloatArray]
    picks: dict[str, int]
    scores: tuple[Scores, ...]
    average: dict[str, dict[str, Interval]]
    left_out: dict[str, int]
    samples: tuple[Transfer, ...]
    undefined: tuple[str, ...] = ()

    name = "selection"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Choosing a checkpoint of study {self.study} for {self.target}"

    @property
    def unit(self) -> str:
        """Of ``trace``."""
        return "% of range" if self.known else "RMSE of log10 intensity"

    @property
    def told(self) -> tuple[str, ...]:
        """Rules that know where the truth is: ``parameters``, and with that as the centre those that look around it."""
        if self.centre != "truth":
            return ("parameters",) if self.known else ()
        around = ("neighbours",) if np.isinf(self.temperature) else ("neighbours", "weighted")
        return ("parameters", *around)

    def find(self, key: str) -> Scores | None:
        """One kind of fresh draws; None where it was not defined."""
        return next((s for s in self.scores if s.key == key), None)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per rule, what it is scored on, and measure: gains over final, and shares (%) of that of ideal."""
        rows: list[tuple[Any, ...]] = [
            (rule, self.picks[rule], s.key, s.n, measure, s.seemed[rule][measure], *gain, *s.recovered[rule][measure])
            for s in self.scores
            for rule, gains in s.gains.items()
            for measure, gain in gains.items()
        ]
        rows += [
            (rule, self.picks[rule], f"{test_set} test set", np.nan, "parameters", np.nan, *gain, *UNDEFINED)
            for rule, gains in self.average.items()
            for test_set, gain in gains.items()
        ]
        columns = ["rule", "epoch", "scored_on", "n", "measure", "seemed", "gain", "low", "high"]
        return pd.DataFrame(rows, columns=[*columns, "recovered", "recovered_low", "recovered_high"])

    @property
    def table(self) -> pd.DataFrame:
        """Gains over final, by rule and what it is scored on; a star where the interval excludes 0."""
        return text.table(self)

    @property
    def sentences(self) -> list[str]:
        """What each rule picks, what is left of its advantage, and what that costs other samples."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Picks, gains on fresh draws and on the test sets."""
        return {
            "picks": dict(self.picks),
            "centre": self.centre,
            "k": int(self.k),
            "temperature": number(self.temperature),
            "effective_samples": number(self.effective),
            "test_sets": dict(self.test_sets),
            "fresh": [s.to_dict() for s in self.scores],
            "average": {rule: {t: g.to_dict() for t, g in gains.items()} for rule, gains in self.average.items()},
            "left_out": dict(self.left_out),
            "test_samples": [t.to_dict() for t in self.samples],
            "undefined": list(self.undefined),
        }


def selection(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    found: Checkpoints | None = None,
    *,
    k: int = 20,
    temperature: float = TEMPERATURE,
    centre: str | None = None,
    test_set: str | None = None,
    widths: tuple[float, ...] = (0.1, 1.0),
    n_draws: int = 12,
    n_curves: int = 60,
    seed: int = 0,
) -> Selection:
    """Choose an epoch for an experiment by every rule, and score it on draws that had no part in the choice.

    The draws differ in their counting noise: those that the study tracks, if there are three besides the experiment
    itself, each scored at what the others picked, the epoch of the true parameters included; else new ones at the
    stored epochs. An experiment without noise has no fresh draw; what it picks is scored on its counted curve and on
    samples near it. A measured curve is cut in two, and only its curve can be scored.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    found : Checkpoints, optional
        Of the same; worked out if not given.
    k, temperature, centre, test_set
        As of `choose_checkpoint`.
    widths : tuple of float
        Samples near an experiment without noise have every parameter within so many % of its range.
    n_draws : int
        New draws, and near samples.
    n_curves : int
        Test samples for which an epoch is also picked by their own curve; each takes some hundredths of a second.
    seed : int

    Returns
    -------
    Selection

    Raises
    ------
    ValueError
        As `choose_checkpoint`, and for n_draws below 2, n_curves below 0, or a width not above 0.
    """
    for name, value, allowed, what in (
        ("n_draws", n_draws, n_draws >= 2, "2 or more"),
        ("n_curves", n_curves, n_curves >= 0, "0 or more"),
        ("widths", widths, all(w > 0 for w in widths), "positive percentages"),
    ):
        if not allowed:
            raise ValueError(f"{name} = {value}: {what} expected")
    target = Target.of(target, study)
    around = centre or ("prediction" if target.true is None else "truth")
    rules = Rules(study, k, temperature, around, test_set)
    found = checkpoints(study, target) if found is None else found
    named = [rule for rule in RULES if rule != "parameters" or found.error is not None]
    looked_at = {rule: rules.trace(rule, found) for rule in named}
    picks = {rule: int(found.epochs[trace.argmin()]) for rule, trace in looked_at.items()}
    draws, undefined = draws_of(study, target, found, n_draws, widths, seed)
    source = target.source
    used = {rule: rules.held_out(rule, found).test_set for rule in ("neighbours", "weighted")}
    choosers = {"neighbours": rules.nearest(found), "weighted": rules.heaviest(found)}
    return Selection(
        study=study.config.name,
        target=target.name,
        known=found.error is not None,
        noisy=not isinstance(source, Experiment) or source.instrument.peak_counts is not None,
        centre=around,
        k=k,
        temperature=temperature,
        effective=rules.effective_samples(found),
        test_sets=used,
        epochs=found.epochs,
        guess=None if found.true is None else _guess(study, found.true),
        trace=found.curve_rmse if found.error is None else found.error,
        looked_at=looked_at,
        picks=picks,
        scores=tuple(score(rules, study, d) for d in draws),
        average=_on_average(rules, picks, used, choosers, seed),
        left_out={rule: rows.size for rule, rows in choosers.items()},
        samples=on_test_samples(rules, found, n_curves, seed),
        undefined=tuple(undefined),
    )


def _guess(study: Study, true: FloatArray) -> float:
    return float(parameter_error(study.training_parameters.mean(axis=0), true, SPACE.range).mean())


def _on_average(
    rules: Rules, picks: dict[str, int], used: dict[str, str], choosers: dict[str, NDArray[np.int64]], seed: int
) -> dict[str, dict[str, Interval]]:
    """What each rule's epoch gains over final in the mean over every test set, without the samples that picked it."""
    gains: dict[str, dict[str, Interval]] = {rule: {} for rule in picks if rule != "final"}
    for test_set in rules.study.test_sets:
        held_out = rules.samples(test_set)
        everyone = Resamples(len(held_out.true), seed=seed)
        for rule in gains:
            gain = held_out.error[picks["final"] - 1] - held_out.error[picks[rule] - 1]
            if rule not in choosers or used[rule] != test_set:
                gains[rule][test_set] = everyone.mean(gain)
            elif choosers[rule].size > _MOST * gain.size:
                gains[rule][test_set] = UNDEFINED
            else:
                others = np.delete(gain, choosers[rule])
                gains[rule][test_set] = Resamples(others.size, seed=seed).mean(others)
    return gains
