"""What needs no training: nothing done, the answer alone, choosing an epoch, averaging epochs or trainings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics.comparable import like_training
from xrdlib.metrics import parameter_error
from xrdlib.remedies.ensembles.averaging import AVERAGED, averaged_network
from xrdlib.remedies.ensembles.ensemble_predictions import ENSEMBLES, ensemble_predictions
from xrdlib.remedies.retraining.retrain import centre_of
from xrdlib.remedies.selecting.choosing import selection_predictions
from xrdlib.remedies.worth._scored import Scorer, seen_by
from xrdlib.training import Network, Study, StudyConfig
from xrdlib.training.curves import StudyCurves
from xrdlib.training.study import predict

__all__ = ["SELECTED", "TOGETHER", "Case", "of_network", "several_seeds", "without_training"]

FloatArray = NDArray[np.float64]
Predictions = dict[str, FloatArray]
Row = dict[str, Any]

# key: rule, and from where it takes distances
SELECTED = {
    "select_parameters": ("select_parameters", None),
    "select_curve": ("select_curve", None),
    "select_neighbours_truth": ("select_neighbours", "truth"),
    "select_neighbours_chosen": ("select_neighbours", "prediction"),
    "select_weighted_truth": ("select_weighted", "truth"),
    "select_weighted_chosen": ("select_weighted", "prediction"),
}
_OF_EPOCHS = {
    "ensemble_top5_mean": "mean of the 5 epochs with the lowest validation loss",
    "ensemble_top5_median": "median of the same",
    "ensemble_every4": "mean of every 4th epoch of the second half",
    "ensemble_greedy": "mean of epochs chosen greedily on half of the grid test set",
    "ensemble_note": "median of ideal (truth needed), final, and the epoch at 3/4",
    "ensemble_curve": "as every4, weights 1 / (curve error)^2",
}
_OF_WEIGHTS = {"swa": "mean of the weights of the last quarter of epochs", "soup": "greedy soup of weights"}
TOGETHER = 3  # trainings whose predictions are averaged


@dataclass(frozen=True)
class Case:
    """One training before any remedy, and where the remedies' studies go."""

    run: str
    study: Study
    folder: Path
    scorer: Scorer

    def row(self, remedy: str, setting: str, seconds: float, experiments: Predictions, tests: Predictions) -> Row:
        scores = {**self.scorer.experiments(experiments), **self.scorer.tests(tests)}
        return {"run": self.run, "remedy": remedy, "setting": setting, "core_seconds": round(seconds, 1), **scores}


def _at(study: Study, epoch: int) -> tuple[Predictions, Predictions]:
    experiments = {e.name: study.experiment_predictions(e.name)[epoch - 1] for e in study.config.experiments}
    return experiments, {name: study.test_predictions(name)[0][epoch - 1] for name in study.test_sets}


def without_training(case: Case) -> Iterator[Row]:
    """Nothing done, the answer alone, choosing, averaging."""
    study, scorer = case.study, case.scorer
    experiments, tests = _at(study, study.final)
    around = seen_by(study.network(study.final), study.config, scorer.around)
    yield {**case.row("final", "lowest validation loss", 0.0, experiments, tests), **scorer.neighbourhood(around)}
    for word in ("truth", "chosen"):
        point = centre_of(study, study.config.experiments[0], word)
        same = dict.fromkeys(experiments, point)
        row = case.row(f"answer_{word}", "the centre, whatever the curve", 0.0, same, {})
        whole = {name: np.broadcast_to(point, values.shape) for name, values in tests.items()}
        answered = np.broadcast_to(point, scorer.around.shape)
        yield {**row, **scorer.tests(whole), **scorer.neighbourhood(answered)}
    for key, (rule, centre) in SELECTED.items():
        epochs = selection_predictions(study, rule, centre=centre)
        chosen = {name: study.experiment_predictions(name)[epoch - 1] for name, epoch in epochs.items()}
        first = epochs[study.config.experiments[0].name]
        row = case.row(key, "epoch of each experiment; test sets at the first one's", 0.0, chosen, _at(study, first)[1])
        yield {**row, **scorer.neighbourhood(seen_by(study.network(first), study.config, scorer.around))}
    for key in ENSEMBLES:
        predicted = ensemble_predictions(study, key)
        row = case.row(key, _OF_EPOCHS[key], 0.0, *predicted)
        if key == "ensemble_greedy":
            row = {
                **row,
                **_other_half(study, tests, predicted[1]),
                "setting": f"{_OF_EPOCHS[key]}, scored on the other",
            }
        yield row
    for key in AVERAGED:
        network, _ = averaged_network(study, key)
        yield of_network(case, key, _OF_WEIGHTS[key], 0.0, network, study.config)


def _other_half(study: Study, final: Predictions, said: Predictions) -> dict[str, float]:
    """Error on the test set whose first half chose the members: that of final, changed as on the second half."""
    name = like_training(study)
    true = study.test_predictions(name)[1]
    before, after = (parameter_error(p[name], true, SPACE.range).mean(axis=1) for p in (final, said))
    half = len(true) // 2
    return {name: float(before.mean() + (after - before)[half:].mean())}


def of_network(case: Case, key: str, setting: str, seconds: float, network: Network, config: StudyConfig) -> Row:
    """Scores of a network for the curves of the case's study, prepared as the network's own configuration does."""
    own = case.study.config
    prepared = StudyCurves(replace(own, training=replace(own.training, floor=config.training.floor)))
    experiments = SPACE.denormalise(predict(network, prepared.experiments))
    by_name = {e.name: experiments[i] for i, e in enumerate(own.experiments)}
    tests = {t.name: SPACE.denormalise(predict(network, t.inputs)) for t in prepared.tests}
    row = case.row(key, setting, seconds, by_name, tests)
    return {
        **row,
        **case.scorer.neighbourhood(seen_by(network, replace(config, dataset=own.dataset), case.scorer.around)),
    }


def several_seeds(cases: Sequence[Case], seconds: float) -> list[Row]:
    """Means of the predictions of three trainings' final epochs: over all triples, as jackknife pseudo-values.

    Triples share trainings, so that their scatter says little. The pseudo-value n m - (n - 1) m_i, where m is the mean
    over all triples and m_i that over those without training i, has the mean m and scatters as m does, times root n.
    On one experiment, whose error is nearly all bias, intervals from so few cover less than they say.

    Parameters
    ----------
    cases : sequence of Case
        More than ``TOGETHER``.
    seconds : float
        Cost of one training.
    """
    triples = list(combinations(range(len(cases)), TOGETHER))
    finals = [_at(case.study, case.study.final) for case in cases]
    scored = []
    for triple in triples:
        experiments, tests = (
            {k: np.mean([finals[i][part][k] for i in triple], axis=0) for k in finals[0][part]} for part in (0, 1)
        )
        scored.append(cases[0].row("ensemble_seeds", "", 0.0, experiments, tests))
    table = pd.DataFrame(scored).drop(columns=["run", "remedy", "setting"])
    mean, rows = table.mean(), []
    for i, case in enumerate(cases):
        without = table[[i not in triple for triple in triples]].mean()
        scores = len(cases) * mean - (len(cases) - 1) * without
        values = {str(k): float(v) for k, v in scores.items()}
        setting = f"mean of {TOGETHER} trainings (pseudo-values)"
        rows.append(
            {
                **values,
                "run": case.run,
                "remedy": "ensemble_seeds",
                "setting": setting,
                "core_seconds": (TOGETHER - 1) * seconds,
            }
        )
    return rows
