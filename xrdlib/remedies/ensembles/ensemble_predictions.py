"""What each named ensemble of a study's epochs predicts, for comparisons with other remedies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.ensembles.combination import combine, curve_weights, error_weights, unlike_own_curves
from xrdlib.remedies.ensembles.members import Members, every, greedy, noted, top
from xrdlib.training import Study

__all__ = ["ENSEMBLES", "ensemble_predictions"]

FloatArray = NDArray[np.float64]

ENSEMBLES = (
    "ensemble_top5_mean",
    "ensemble_top5_median",
    "ensemble_every4",
    "ensemble_greedy",
    "ensemble_note",
    "ensemble_curve",
)


def ensemble_predictions(study: Study, key: str) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Predictions of an ensemble of epochs, from what the study has stored.

    Parameters
    ----------
    study : Study
        With tracked experiments.
    key : str
        One of ``ENSEMBLES``: mean or median of the 5 epochs with the lowest validation loss; mean of every 4th epoch of
        the second half, of the greedy choice (on the first half of the test samples that resemble the training set:
        leave them out of a score), or of the same every 4th epochs weighted by the error of each curve; median of the
        note's three, which needs the truth: each experiment has its own ideal epoch, test samples that of the first
        experiment.

    Returns
    -------
    experiments : dict of str to ndarray, shape (7,)
    tests : dict of str to ndarray, shape (n, 7)
        Lengths in A. None of ``ensemble_curve`` where the study saw its test curves through a measurement model.

    Raises
    ------
    ValueError
        For another key.
    """
    if key not in ENSEMBLES:
        raise ValueError(f"key = {key!r}: one of {', '.join(ENSEMBLES)} expected")
    targets = [Target.of(experiment, study) for experiment in study.config.experiments]
    if key == "ensemble_note":
        return _note(study, targets)
    if key == "ensemble_curve":
        return _by_curve(study, targets)
    how = "median" if key == "ensemble_top5_median" else "mean"
    members = every(study) if key == "ensemble_every4" else greedy(study) if key == "ensemble_greedy" else top(study)
    weights = np.array(members.counts)
    return (
        {t.name: combine(members.predict(t), how, weights) for t in targets},
        {s: combine(members.test_predictions(s)[0], how, weights) for s in study.test_sets},
    )


def _note(study: Study, targets: list[Target]) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    three: dict[str, Members] = {t.name: noted(study, checkpoints(study, t)) for t in targets}
    first = next(iter(three.values()))
    return (
        {t.name: combine(three[t.name].predict(t), "median") for t in targets},
        {s: combine(first.test_predictions(s)[0], "median") for s in study.test_sets},
    )


def _by_curve(study: Study, targets: list[Target]) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    members = every(study)
    experiments, tests = {}, {}
    for target in targets:
        found = checkpoints(study, target)
        experiments[target.name] = combine(members.predict(target), weights=error_weights(_rmse(found, members)))
    for name in () if unlike_own_curves(study) else study.test_sets:
        predicted, true = members.test_predictions(name)
        tests[name] = combine(predicted, weights=curve_weights(predicted, true, study.config.dataset))
    return experiments, tests


def _rmse(found: Checkpoints, members: Members) -> FloatArray:
    return found.curve_rmse[[found.row(epoch) for epoch in members.epochs]]
