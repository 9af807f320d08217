"""All remedies on several trainings of one study, each scored at the same places before and after.

Trainings differ in weights, order and dropout as replicas do. The result is one small table; regenerate the one that is
shipped with ``xrdlib remedy measure`` (about three hours of one core).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._progress import progress_bar
from xrdlib.data import SPACE, Dataset
from xrdlib.remedies._scored import Scorer, seen_by
from xrdlib.remedies.augmentation import augment, fresh_curves, more_data
from xrdlib.remedies.averaging import AVERAGED, averaged_network
from xrdlib.remedies.choosing import selection_predictions
from xrdlib.remedies.ensemble_predictions import ENSEMBLES, ensemble_predictions
from xrdlib.remedies.fine_tuning import fine_tune
from xrdlib.remedies.retraining import centre_of
from xrdlib.remedies.weighting import weight_region
from xrdlib.training import Measurement, Network, Study, StudyConfig, run_study
from xrdlib.training.curves import StudyCurves
from xrdlib.training.replicas import replica_configs
from xrdlib.training.study import predict

__all__ = ["TOGETHER", "TRAINED", "measure_remedies"]

FloatArray = NDArray[np.float64]
Predictions = dict[str, FloatArray]

# key: rule, and from where it takes distances
SELECTED = {
    "select_parameters": ("select_parameters", None),
    "select_curve": ("select_curve", None),
    "select_neighbours_truth": ("select_neighbours", "truth"),
    "select_neighbours_chosen": ("select_neighbours", "prediction"),
    "select_weighted_truth": ("select_weighted", "truth"),
    "select_weighted_chosen": ("select_weighted", "prediction"),
}
TOGETHER = 3  # trainings whose predictions are averaged


def _tuned(**settings: Any) -> Callable[..., Study]:
    return lambda study, path, **options: fine_tune(study, _first(study), path, **settings, **options)


def _first(study: Study) -> Any:
    return study.config.experiments[0]


def _measured(study: Study, path: Path, **options: Any) -> Study:
    """The same training on curves as a diffractometer records them, each with a disorder of its own."""
    dataset = replace(study.config.dataset, disorder=(0.85, 1.0))
    training = replace(study.config.training, floor=1e-4)
    config = replace(study.config, name=path.name, dataset=dataset, training=training, measurement=Measurement())
    options.pop("dataset")
    return run_study(config, path, **options)


# key: settings in words, how, whether the last epoch counts instead of that with the lowest validation loss
TRAINED: dict[str, tuple[str, Callable[..., Study], bool]] = {
    "augment_truth": (
        "10 000 curves within 10 % of range of the truth",
        lambda study, path, **o: augment(study, _first(study), path, centre="truth", **o),
        False,
    ),
    "augment_chosen": (
        "the same around the chosen epoch's prediction",
        lambda study, path, **o: augment(study, _first(study), path, centre="chosen", **o),
        False,
    ),
    "augment_truth_added": (
        "as augment_truth, an epoch longer by the 10 000 curves",
        lambda study, path, **o: augment(study, _first(study), path, centre="truth", equal_cost=False, **o),
        False,
    ),
    "augment_chosen_wide": (
        "around the prediction, within the errors that 95 % of test samples stay below",
        lambda study, path, **o: augment(study, _first(study), path, centre="chosen", half_width="errors", **o),
        False,
    ),
    "more_data": ("100 000 curves everywhere", more_data, False),
    "fresh": ("new curves in every epoch", fresh_curves, False),
    "finetune_truth": ("note: radius 1, rate 1e-5, 10 epochs, truth", _tuned(centre="truth"), True),
    "finetune_chosen": ("note: the same around the prediction", _tuned(centre="chosen"), True),
    "finetune_truth_fast": (
        "radius 0.6, rate 1e-4, truth",
        _tuned(centre="truth", radius=0.6, learning_rate=1e-4),
        True,
    ),
    "finetune_chosen_fast": (
        "radius 0.6, rate 1e-4, prediction",
        _tuned(centre="chosen", radius=0.6, learning_rate=1e-4),
        True,
    ),
    "weight_truth": (
        "exp(-d / 0.3), truth",
        lambda study, path, **o: weight_region(study, _first(study), path, centre="truth", **o),
        False,
    ),
    "weight_chosen": (
        "exp(-d / 0.3), prediction",
        lambda study, path, **o: weight_region(study, _first(study), path, centre="chosen", **o),
        False,
    ),
    "measurement": ("trained through the measurement model", _measured, False),
}


@dataclass(frozen=True)
class _Case:
    """One training before any remedy, and where the remedies' studies go."""

    run: str
    study: Study
    folder: Path
    scorer: Scorer

    def row(self, remedy: str, setting: str, seconds: float, experiments: Predictions, tests: Predictions) -> Any:
        scores = {**self.scorer.experiments(experiments), **self.scorer.tests(tests)}
        return {"run": self.run, "remedy": remedy, "setting": setting, "core_seconds": round(seconds, 1), **scores}


def measure_remedies(
    config: StudyConfig,
    path: str | os.PathLike[str],
    *,
    seeds: int = 6,
    workers: int | None = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Train a study several times, apply every remedy to each training, and score all; goes on where interrupted.

    Parameters
    ----------
    config : StudyConfig
        Its first experiment is the one to be remedied.
    path : path
        Folder; ``remedies.csv`` in it is the result, the studies are beside it.
    seeds : int
        Trainings, three at least.
    workers : int, optional
        Processes that simulate curves; with one, the core-seconds of simulation are in the costs.
    progress : bool

    Returns
    -------
    pandas.DataFrame
        One row for each training and remedy: errors of experiments and test sets (% of range), profile errors (1e-3),
        curve RMSE (log10), and the cost.
    """
    if seeds < TOGETHER:
        raise ValueError(f"seeds = {seeds}: {TOGETHER} at least expected, or there is no interval")
    folder = Path(path)
    configs = replica_configs(config, {"all": seeds - 1})
    cases, rows = [], []
    for run, replica in configs.items():
        study = run_study(replica, folder / run / "final", workers=workers, progress=progress)
        cases.append(_Case(run, study, folder / run, Scorer(study)))
    with progress_bar("remedies", len(cases) * (len(TRAINED) + 1), show=progress) as advance:
        for case in cases:
            rows += list(_without_training(case))
            advance(1, f"{case.run}, without training")
            for key in TRAINED:
                rows.append(_cached(case, key))
                advance(1, f"{case.run}, {key}")
    rows += _several_seeds(cases)
    table = pd.DataFrame(rows)
    partial = folder / "remedies.csv.partial"
    table.to_csv(partial, index=False, float_format="%.5g")
    os.replace(partial, folder / "remedies.csv")
    return pd.read_csv(folder / "remedies.csv")


def _at(study: Study, epoch: int) -> tuple[Predictions, Predictions]:
    experiments = {e.name: study.experiment_predictions(e.name)[epoch - 1] for e in study.config.experiments}
    return experiments, {name: study.test_predictions(name)[0][epoch - 1] for name in study.test_sets}


def _without_training(case: _Case) -> Iterator[dict[str, Any]]:
    """Nothing done, the answer alone, choosing, averaging."""
    study, scorer = case.study, case.scorer
    experiments, tests = _at(study, study.final)
    around = seen_by(study.network(study.final), study.config, scorer.around)
    yield {**case.row("final", "lowest validation loss", 0.0, experiments, tests), **scorer.neighbourhood(around)}
    for word in ("truth", "chosen"):
        point = centre_of(study, _first(study), word)
        same = dict.fromkeys(experiments, point)
        row = case.row(f"answer_{word}", "the centre, whatever the curve", 0.0, same, {})
        whole = {name: np.broadcast_to(point, values.shape) for name, values in tests.items()}
        answered = np.broadcast_to(point, scorer.around.shape)
        yield {**row, **scorer.tests(whole), **scorer.neighbourhood(answered)}
    for key, (rule, centre) in SELECTED.items():
        begun = time.process_time()
        epochs = selection_predictions(study, rule, centre=centre)
        seconds = (time.process_time() - begun) / len(epochs)
        chosen = {name: study.experiment_predictions(name)[epoch - 1] for name, epoch in epochs.items()}
        first = epochs[_first(study).name]
        row = case.row(
            key, "epoch of each experiment; test sets at the first one's", seconds, chosen, _at(study, first)[1]
        )
        yield {**row, **scorer.neighbourhood(seen_by(study.network(first), study.config, scorer.around))}
    for key in ENSEMBLES:
        begun = time.process_time()
        predicted = ensemble_predictions(study, key)
        setting = "of epochs; half of the grid samples chose them" if key == "ensemble_greedy" else "of epochs"
        yield case.row(key, setting, time.process_time() - begun, *predicted)
    for key in AVERAGED:
        begun = time.process_time()
        network, epochs_in = averaged_network(study, key)
        seconds = time.process_time() - begun
        yield _of_network(case, key, f"weights of {len(epochs_in)} epochs", seconds, network, study.config)


def _of_network(
    case: _Case, key: str, setting: str, seconds: float, network: Network, config: StudyConfig
) -> dict[str, Any]:
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


def _cached(case: _Case, key: str) -> dict[str, Any]:
    """Train a remedy, or read the row that was kept when it was done."""
    kept = case.folder / f"{key}.csv"
    if not kept.exists():
        setting, train, last = TRAINED[key]
        new = not (case.folder / key).exists()
        begun = time.process_time()
        dataset = Dataset.open(case.study.path / "dataset.zarr")
        done = train(case.study, case.folder / key, dataset=dataset, workers=1, progress=False)
        seconds = time.process_time() - begun if new else float("nan")  # what was spent before a kill is not known
        epoch = done.n_epochs if last else done.final
        row = _of_network(case, key, setting, seconds, done.network(epoch), done.config)
        partial = kept.with_name(kept.name + ".partial")
        pd.DataFrame([row]).to_csv(partial, index=False)
        os.replace(partial, kept)
    return {str(k): v for k, v in pd.read_csv(kept).iloc[0].items()}


def _several_seeds(cases: list[_Case]) -> list[dict[str, Any]]:
    """Means of the predictions of three trainings' final epochs: over all triples, as jackknife pseudo-values.

    Triples share trainings, so that their scatter says little. The pseudo-value n m - (n - 1) m_i, where m is the mean
    over all triples and m_i that over those without training i, has the mean m and scatters as m does, times root n.
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
    cost = float("nan")
    mean, rows = table.mean(), []
    for i, case in enumerate(cases):
        without = table[[i not in triple for triple in triples]].mean()
        scores = len(cases) * mean - (len(cases) - 1) * without if len(cases) > TOGETHER else mean
        values = {str(k): float(v) for k, v in scores.items()}
        setting = f"mean of {TOGETHER} trainings (pseudo-values)"
        rows.append({**values, "run": case.run, "remedy": "ensemble_seeds", "setting": setting, "core_seconds": cost})
    return rows
