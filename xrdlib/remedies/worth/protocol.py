"""All remedies on several trainings of one study, each scored at the same places before and after.

Trainings differ in weights, order and dropout as replicas do. The result is one small table; regenerate the one that is
shipped with ``xrdlib remedy measure`` (about two hours of one core).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from xrdlib._progress import progress_bar
from xrdlib.data import Dataset
from xrdlib.remedies.retraining.augmentation import augment, fresh_curves, more_data
from xrdlib.remedies.retraining.fine_tuning import fine_tune
from xrdlib.remedies.retraining.weighting import weight_region
from xrdlib.remedies.worth._scored import Scorer
from xrdlib.remedies.worth.untrained import TOGETHER, Case, of_network, several_seeds, without_training
from xrdlib.training import Measurement, Study, StudyConfig, run_study
from xrdlib.training.replicas import replica_configs

__all__ = ["TRAINED", "measure_remedies"]


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


# key: settings in words, and how
TRAINED: dict[str, tuple[str, Callable[..., Study]]] = {
    "augment_truth": (
        "10 000 curves within 10 % of range of the truth",
        lambda study, path, **o: augment(study, _first(study), path, centre="truth", **o),
    ),
    "augment_chosen": (
        "the same around the chosen epoch's prediction",
        lambda study, path, **o: augment(study, _first(study), path, centre="chosen", **o),
    ),
    "augment_truth_added": (
        "as augment_truth, an epoch longer by the 10 000 curves",
        lambda study, path, **o: augment(study, _first(study), path, centre="truth", equal_cost=False, **o),
    ),
    "augment_chosen_wide": (
        "around the prediction, within the errors that 95 % of test samples stay below",
        lambda study, path, **o: augment(study, _first(study), path, centre="chosen", half_width="errors", **o),
    ),
    "more_data": ("100 000 curves everywhere", more_data),
    "fresh": ("new curves in every epoch", fresh_curves),
    "finetune_truth": ("note: radius 1, 10 epochs, rate up to 1e-5 and down again, truth", _tuned(centre="truth")),
    "finetune_chosen": ("note: the same around the prediction", _tuned(centre="chosen")),
    "finetune_truth_fast": (
        "radius 0.6, rate 1e-4, truth",
        _tuned(centre="truth", radius=0.6, learning_rate=1e-4),
    ),
    "finetune_chosen_fast": (
        "radius 0.6, rate 1e-4, prediction",
        _tuned(centre="chosen", radius=0.6, learning_rate=1e-4),
    ),
    "weight_truth": (
        "exp(-d / 0.3), truth",
        lambda study, path, **o: weight_region(study, _first(study), path, centre="truth", **o),
    ),
    "weight_chosen": (
        "exp(-d / 0.3), prediction",
        lambda study, path, **o: weight_region(study, _first(study), path, centre="chosen", **o),
    ),
    "measurement": ("trained through the measurement model", _measured),
}


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
        Trainings, four at least.
    workers : int, optional
        Processes that simulate curves; with one, the core-seconds of simulation are in the costs.
    progress : bool

    Returns
    -------
    pandas.DataFrame
        One row for each training and remedy: errors of experiments and test sets (% of range), profile errors (1e-3),
        curve RMSE (log10), and the cost.
    """
    if seeds <= TOGETHER:
        raise ValueError(f"seeds = {seeds}: {TOGETHER + 1} at least expected, or there is no interval")
    folder = Path(path)
    configs = replica_configs(config, {"all": seeds - 1})
    cases, costs, rows = [], [], []
    for run, replica in configs.items():
        study, seconds = _timed(replica, folder / run / "final", workers, progress)
        cases.append(Case(run, study, folder / run, Scorer(study)))
        costs.append(seconds)
    with progress_bar("remedies", len(cases) * (len(TRAINED) + 1), show=progress) as advance:
        for case in cases:
            rows += list(without_training(case))
            advance(1, f"{case.run}, without training")
            for key in TRAINED:
                rows.append(_cached(case, key))
                advance(1, f"{case.run}, {key}")
    rows += several_seeds(cases, float(pd.Series(costs).mean()))
    table = pd.DataFrame(rows)
    partial = folder / "remedies.csv.partial"
    table.to_csv(partial, index=False, float_format="%.5g")
    os.replace(partial, folder / "remedies.csv")
    return pd.read_csv(folder / "remedies.csv")


def _timed(config: StudyConfig, path: Path, workers: int | None, progress: bool) -> tuple[Study, float]:
    """A training, and its core-seconds: nan where a part of it was done before."""
    kept = path.with_name(f"{path.name}_core_seconds.txt")
    begun, new = time.process_time(), not path.exists()
    study = run_study(config, path, workers=workers, progress=progress)
    if new:
        kept.write_text(f"{time.process_time() - begun:.1f}\n", encoding="utf-8")
    return study, float(kept.read_text(encoding="utf-8")) if kept.exists() else float("nan")


def _cached(case: Case, key: str) -> dict[str, Any]:
    """Train a remedy, or read the row that was kept when it was done."""
    kept = case.folder / f"{key}.csv"
    setting, train = TRAINED[key]
    if not kept.exists():
        new = not (case.folder / key).exists()
        begun = time.process_time()
        dataset = Dataset.open(case.study.path / "dataset.zarr")
        done = train(case.study, case.folder / key, dataset=dataset, workers=1, progress=False)
        seconds = time.process_time() - begun if new else float("nan")  # what was spent before a kill is not known
        row = of_network(case, key, setting, seconds, done.network(done.final), done.config)
        partial = kept.with_name(kept.name + ".partial")
        pd.DataFrame([row]).to_csv(partial, index=False)
        os.replace(partial, kept)
    row = {str(k): v for k, v in pd.read_csv(kept).iloc[0].items()}
    extra = StudyConfig.load(case.folder / key / "config.toml").extra
    if extra is not None and extra.region is not None:
        true = case.study.config.experiments[0].parameters.to_array()
        row["truth in region"] = float(extra.region.space.valid(true)[0])
    return {**row, "setting": setting}
