"""How far trainings of one configuration scatter by their seeds alone: a yardstick for single ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.runs._runs import deviation
from xrdlib.diagnostics.runs._study_targets import TargetScores
from xrdlib.diagnostics.runs.trainings import quantities
from xrdlib.training import Replicas, Study

__all__ = ["Scatter", "scatter_of_seeds"]

FloatArray = NDArray[np.float64]

# what does not change what a training is like
_CHANCE = {"name", "experiments", "seed", "seeds", "dataset.seed", "training.threads", "training.checkpoint_precision"}


class Scatter(NamedTuple):
    """Trainings that differ in seeds only: SD of an error between them, % of range.

    ``quantile`` is that of Student's t, which so few trainings leave for 95 %.
    """

    sd: Interval
    quantile: float
    n_runs: int

    @property
    def limit(self) -> float:
        """What two new trainings differ by, at most, in 95 % of cases; % of range."""
        return float(self.quantile * np.sqrt(2) * self.sd.value)


def scatter_of_seeds(replicas: Replicas, first: Study, targets: Sequence[TargetScores]) -> dict[str, Scatter]:
    """How far trainings as the first study's scatter by their seeds: errors at final, test sets at an epoch near it.

    Empty where the replicas are of another configuration.
    """
    differing = {text.split(" ")[0] for text in replicas.config.differences(first.config.to_dict())}
    if any(key not in _CHANCE and not key.startswith("seeds.") for key in differing):
        return {}
    rows = replicas.varying("all")
    own = {e.name: e for e in first.config.experiments}
    tracked = {e.name for e in replicas.config.experiments if own.get(e.name) == e}
    values: dict[str, FloatArray] = {}
    for target in targets:
        if set(target.members) <= tracked:
            found = [quantities(replicas, name, rows) for name in target.members]
            drawn = [one[f"{name}, error at final"] for one, name in zip(found, target.members, strict=True)]
            values[target.name] = np.mean(drawn, axis=0)
    found_sets = quantities(replicas, replicas.config.experiments[0].name, rows)
    values |= {f"{s} test set": found_sets[f"{s} test set, error near final"] for s in ("grid", "uniform")}
    quantile = float(t.ppf(0.975, len(rows) - 1))
    return {name: Scatter(deviation(v), quantile, len(rows)) for name, v in values.items()}
