"""Two ways of training against each other, over several seeds each: a weighted loss and a plain one, say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ttest_ind

from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._section import Section
from xrdlib.metrics import parameter_error
from xrdlib.training import Replicas

__all__ = ["Trainings", "compare_trainings"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Trainings(Section):
    """Quantities of every run of two families, and the differences of their means.

    Attributes
    ----------
    names : tuple of two str
    experiment : str
    values : dict of str to (ndarray, ndarray)
        Of each quantity one value for each run, in % of range; first and second family.
    differences : dict of str to Interval
        Second minus first, means over the runs, with Welch's 95 % interval.
    """

    names: tuple[str, str]
    experiment: str
    values: dict[str, tuple[FloatArray, FloatArray]]
    differences: dict[str, Interval]

    name = "trainings"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Training {self.names[1]} against {self.names[0]}"

    @property
    def frame(self) -> pd.DataFrame:
        """One row per quantity and run."""
        rows = [
            {"quantity": quantity, "training": name, "run": run, "value": value}
            for quantity, families in self.values.items()
            for name, values in zip(self.names, families, strict=True)
            for run, value in enumerate(values)
        ]
        return pd.DataFrame(rows)

    @property
    def table(self) -> pd.DataFrame:
        """Means over the runs with their scatter, and the difference with its interval."""
        table = {}
        for quantity, families in self.values.items():
            cells = {
                name: f"{v.mean():.2f} +- {v.std(ddof=1):.2f}" for name, v in zip(self.names, families, strict=True)
            }
            table[quantity] = {**cells, "difference": f"{self.differences[quantity]:+.2f}"}
        return pd.DataFrame(table).T

    @property
    def sentences(self) -> list[str]:
        """Which differences exceed their intervals."""
        n = [len(v) for v in next(iter(self.values.values()))]
        first, second = self.names
        said = [
            f"Mean and standard deviation over {n[0]} and {n[1]} seeds, % of range; differences with Welch's 95 % "
            "interval."
        ]
        clear = [q for q, d in self.differences.items() if d.excludes(0)]
        for quantity in clear:
            better = second if self.differences[quantity].value < 0 else first
            said.append(f"{quantity}: {better} is better beyond the scatter of the seeds.")
        rest = [q for q in self.differences if q not in clear]
        if rest:
            said.append(f"No difference beyond the scatter of the seeds in: {', '.join(rest)}.")
        return said

    def to_dict(self) -> dict[str, Any]:
        """Differences and every run's value."""
        return {
            "trainings": list(self.names),
            "experiment": self.experiment,
            "quantities": {
                quantity: {
                    self.names[0]: families[0].tolist(),
                    self.names[1]: families[1].tolist(),
                    "difference": self.differences[quantity].to_dict(),
                }
                for quantity, families in self.values.items()
            },
        }


def compare_trainings(
    first: Replicas, second: Replicas, *, names: tuple[str, str], experiment: str = "lab", varied: str = "all"
) -> Trainings:
    """How two families of replicas differ: on an experiment and on the test sets.

    Parameters
    ----------
    first, second : Replicas
    names : tuple of two str
        What to call them.
    experiment : str
        Tracked in both.
    varied : str
        The replicas to take: those that differ in this (see `xrdlib.training.replicas.VARIED`), and ``base``.

    Returns
    -------
    Trainings
    """
    families = [_quantities(replicas, experiment, varied) for replicas in (first, second)]
    values = {q: (families[0][q], families[1][q]) for q in families[0]}
    return Trainings(names, experiment, values, {q: _difference(*pair) for q, pair in values.items()})


def _quantities(replicas: Replicas, experiment: str, varied: str) -> dict[str, FloatArray]:
    rows = replicas.varying(varied)
    predicted = replicas.experiment_predictions(experiment)[rows]
    true = next(e for e in replicas.config.experiments if e.name == experiment).parameters.to_array()
    trace = parameter_error(predicted, true, SPACE.range).mean(axis=2)
    final = replicas.val_loss[rows].argmin(axis=1)
    at_final = trace[np.arange(len(rows)), final]
    found = {f"{experiment}, error at final": at_final, f"{experiment}, regret": at_final - trace.min(axis=1)}
    # test predictions are kept at some epochs only: the one next to final
    near = np.abs(replicas.stored_epochs[None] - 1 - final[:, None]).argmin(axis=1)
    for test_set in ("grid", "uniform"):
        samples, truth = replicas.test_predictions(test_set)
        there = samples[rows][np.arange(len(rows)), near]
        found[f"{test_set} test set, error near final"] = parameter_error(there, truth, SPACE.range).mean(axis=(1, 2))
    return found


def _difference(first: FloatArray, second: FloatArray) -> Interval:
    result = ttest_ind(second, first, equal_var=False)
    low, high = result.confidence_interval(0.95)
    return Interval(float(second.mean() - first.mean()), float(low), float(high))
