"""Choosing a checkpoint for an experiment: the first of the note's solutions."""

from __future__ import annotations

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.selecting._selection_rules import RULES, TEMPERATURE, Rules
from xrdlib.training import Study

__all__ = ["SELECTIONS", "choose_checkpoint", "selection_predictions"]

# key of the remedy: rule
SELECTIONS = {"final": "final", **{f"select_{rule}": rule for rule in RULES if rule != "final"}}


def choose_checkpoint(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    by: str = "curve",
    found: Checkpoints | None = None,
    *,
    k: int = 20,
    temperature: float = TEMPERATURE,
    centre: str | None = None,
    test_set: str | None = None,
) -> int:
    """The epoch that a rule picks for one target; of equals the first.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    by : {"curve", "neighbours", "weighted", "parameters", "final"}
        What has to be lowest: the misfit of the re-simulated prediction; the mean parameter error of the k nearest
        test samples; the loss of the test samples, weighted with exp(-distance / temperature); the target's own
        parameter error, which needs the truth (the note's *ideal*); the validation loss.
    found : Checkpoints, optional
        Of the same; worked out if not given.
    k : int
    temperature : float
        In units of the ranges. The samples weighted are a test set's, whose predictions every study keeps: the
        validation loss itself, weighted, would need the weights of every epoch.
    centre : {"truth", "prediction"}, optional
        From where distances are taken: the true parameters, or the prediction of the epoch that ``"curve"`` picks.
        By default the truth where it is known; ``"neighbours"`` and ``"weighted"`` are then told the answer.
    test_set : {"grid", "uniform"}, optional
        By default for ``"weighted"`` that which resembles the training set, for ``"neighbours"`` ``uniform`` if the
        target lies between the points of a grid, as `luck` has it.

    Returns
    -------
    int
        An epoch of ``found``: any of a tracked experiment, else one with stored weights.

    Raises
    ------
    ValueError
        For an unknown rule, centre or test set, a temperature that is not positive, k below 1 or above the number of
        test samples, or where the truth is asked for and unknown.
    """
    target = Target.of(target, study)
    rules = Rules(study, k, temperature, centre, test_set)
    return rules.pick(by, checkpoints(study, target) if found is None else found)


def selection_predictions(
    study: Study, key: str, *, k: int = 20, temperature: float = TEMPERATURE, centre: str | None = None
) -> dict[str, int]:
    """The epoch that a rule picks for each tracked experiment, by the experiments' names.

    Parameters
    ----------
    study : Study
    key : {"final", "select_parameters", "select_curve", "select_neighbours", "select_weighted"}
    k, temperature, centre
        As of `choose_checkpoint`.

    Returns
    -------
    dict of str to int

    Raises
    ------
    ValueError
        For an unknown key, and as `choose_checkpoint`.
    """
    if key not in SELECTIONS:
        raise ValueError(f"key = {key!r}: {', '.join(map(repr, SELECTIONS))} expected")
    rules = Rules(study, k, temperature, centre)
    targets = (Target.of(experiment, study) for experiment in study.config.experiments)
    return {target.name: rules.pick(SELECTIONS[key], checkpoints(study, target)) for target in targets}
