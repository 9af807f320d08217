"""Two ways of training against each other, over several seeds each: a weighted loss and a plain one, say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._seeds import difference_of_means, holm
from xrdlib.metrics import parameter_error
from xrdlib.training import Replicas, StudyError

__all__ = ["Trainings", "compare_trainings", "quantities"]

FloatArray = NDArray[np.float64]

_LEVEL = 0.05  # of all quantities together
_ROUNDING = 1e-9  # % of range


@dataclass(frozen=True, repr=False)
class Trainings(Section):
    """Quantities of every run of two families, and the differences of their means.

    Runs with the same seeds begin alike, and their values go together: such families are compared in pairs, which is
    right with and without a correlation. Others are compared by Welch's test, which takes runs as independent.

    Attributes
    ----------
    names : tuple of two str
    experiment : str
    values : dict of str to (ndarray, ndarray)
        Of each quantity one value for each run, in % of range; first and second family, of pairs in the same order.
    differences : dict of str to Interval
        Second minus first, means over the runs, each with a 95 % interval of its own.
    p_values : dict of str to float
        By Holm (1979) for all quantities together: the chance of one or more as small where nothing differs.
    paired : bool
        Whether runs were compared in pairs: the names of both families' runs and their seeds are the same.
    """

    names: tuple[str, str]
    experiment: str
    values: dict[str, tuple[FloatArray, FloatArray]]
    differences: dict[str, Interval]
    p_values: dict[str, float]
    paired: bool

    name = "trainings"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Training {self.names[1]} against {self.names[0]}"

    @property
    def clear(self) -> list[str]:
        """Quantities that differ beyond the scatter of the seeds, by Holm for all of them together."""
        return [quantity for quantity, p in self.p_values.items() if p < _LEVEL]

    @property
    def correlations(self) -> dict[str, float]:
        """Of each quantity in runs with the same seeds; nan unless paired, or where one family's runs are all equal."""
        return {q: _correlation(*pair) if self.paired else float("nan") for q, pair in self.values.items()}

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
        """How the families were compared, and which differences exceed the scatter."""
        n = [len(v) for v in next(iter(self.values.values()))]
        first, second = self.names
        said = [
            f"Mean and standard deviation over {n[0]} and {n[1]} seeds, % of range; differences with 95 % intervals. "
            f"{self._how}",
            f"Of twenty such intervals one excludes 0 by chance; beyond the scatter of the seeds is here what has "
            f"p < {_LEVEL:g} by Holm for all {len(self.values)} quantities together.",
        ]
        for quantity in self.clear:
            better = second if self.differences[quantity].value < 0 else first
            said.append(
                f"{quantity}: {better} is better beyond the scatter of the seeds (p = {self.p_values[quantity]:.3f})."
            )
        rest = [q for q in self.differences if q not in self.clear]
        for quantity in rest:
            if self.differences[quantity].excludes(0):
                said.append(
                    f"{quantity}: the interval excludes 0, but that is no surprise among {len(self.values)} quantities "
                    f"(p = {self.p_values[quantity]:.3f})."
                )
        if rest:
            said.append(f"No difference beyond the scatter of the seeds in: {', '.join(rest)}.")
        return said

    @property
    def _how(self) -> str:
        if not self.paired:
            return "The families' runs have different seeds or names and are taken as independent (Welch)."
        found = [r for r in self.correlations.values() if np.isfinite(r)]
        text = "Runs with the same seeds are compared in pairs (paired t)"
        return f"{text}; their values correlate by {min(found):+.2f} to {max(found):+.2f}." if found else f"{text}."

    def to_dict(self) -> dict[str, Any]:
        """Differences and every run's value."""
        return {
            "trainings": list(self.names),
            "paired": self.paired,
            "experiment": self.experiment,
            "quantities": {
                quantity: {
                    self.names[0]: families[0].tolist(),
                    self.names[1]: families[1].tolist(),
                    "difference": self.differences[quantity].to_dict(),
                    "p_value": self.p_values[quantity],
                    "correlation": number(self.correlations[quantity]),
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

    Raises
    ------
    StudyError
        If a family has fewer than two runs, did not track the experiment, or has predictions that are not finite.
    """
    if names[0] == names[1]:
        raise StudyError(f"names = {names}: two different ones expected")
    rows = [replicas.varying(varied) for replicas in (first, second)]
    runs = [[replicas.runs[i] for i in which] for replicas, which in zip((first, second), rows, strict=True)]
    paired = set(runs[0]) == set(runs[1]) and _seeds(first, varied) == _seeds(second, varied)
    if paired:
        rows[1] = [rows[1][runs[1].index(run)] for run in runs[0]]
    families = [quantities(r, experiment, which) for r, which in zip((first, second), rows, strict=True)]
    values = {q: (families[0][q], families[1][q]) for q in families[0]}
    found = {q: difference_of_means(*pair, paired) for q, pair in values.items()}
    adjusted = holm(np.array([p for _, p in found.values()]))
    return Trainings(
        names=names,
        experiment=experiment,
        values=values,
        differences={q: interval for q, (interval, _) in found.items()},
        p_values=dict(zip(values, adjusted.tolist(), strict=True)),
        paired=paired,
    )


def _seeds(replicas: Replicas, varied: str) -> tuple[object, ...]:
    """What the seeds of replicas derive from: equal for families whose runs of one name have the same."""
    config = replicas.config
    return config.seed, config.seeds, config.dataset.seed if varied == "data" else None


def quantities(replicas: Replicas, experiment: str, rows: list[int]) -> dict[str, FloatArray]:
    """Of some runs, each (n_runs,), % of range: an experiment's error at final and regret, test errors near final."""
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
    for quantity, values in found.items():
        if not np.isfinite(values).all():
            broken = ", ".join(replicas.runs[i] for i in np.array(rows)[~np.isfinite(values)])
            raise StudyError(f"{replicas.path}: {quantity} is not finite in {broken}")
    return found


def _correlation(first: FloatArray, second: FloatArray) -> float:
    if min(np.ptp(first), np.ptp(second)) < _ROUNDING:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
