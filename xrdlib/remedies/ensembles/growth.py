"""The error of an ensemble of epochs against the number of its members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section
from xrdlib._words import listed
from xrdlib.data import Experiment
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.diagnostics.checkpoints import checkpoints
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.ensembles.members import across, member_errors, top
from xrdlib.training import Study, StudyError

__all__ = ["ORDERS", "Growth", "growth"]

FloatArray = NDArray[np.float64]

ORDERS = {"loss": "lowest validation losses first", "even": "evenly over the second half"}


@dataclass(frozen=True, repr=False)
class Growth(Section):
    """Means of 1, 2, 3, ... epochs of one training.

    Attributes
    ----------
    study, target : str
    final : int
    numbers : dict of str to pandas.DataFrame
        By order (see ``ORDERS``): columns where (``experiment`` or a test set), members, error (% of range), gain over
        final with low and high over test samples (nan for the experiment).
    at_final : dict of str to float
        Error at final by place.
    """

    study: str
    target: str
    final: int
    numbers: dict[str, pd.DataFrame]
    at_final: dict[str, float]

    name = "ensemble_growth"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Error against the number of epochs in an ensemble, study {self.study}"

    @property
    def places(self) -> tuple[str, ...]:
        """The experiment and the test sets."""
        return tuple(self.at_final)

    def line(self, order: str, where: str) -> pd.DataFrame:
        """Of one order and place: members, error, gain, low, high."""
        rows = self.numbers[order]
        return rows[rows["where"] == where]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per order, place and number of members."""
        return pd.concat([rows.assign(order=order) for order, rows in self.numbers.items()], ignore_index=True)

    @property
    def table(self) -> pd.DataFrame:
        """Error of some numbers of members, and the lowest with its number, as text."""
        cells = {}
        for where in self.places:
            for order in self.numbers:
                rows = self.line(order, where)
                error = rows["error"].to_numpy()
                some = {f"{m}": f"{error[m - 1]:.2f}" for m in (1, 2, 5, 10, 20, 40) if m <= error.size}
                cells[f"{where}, {order}"] = {**some, "lowest": f"{error.min():.2f} ({error.argmin() + 1})"}
        return pd.DataFrame(cells).T.fillna("")

    @property
    def sentences(self) -> list[str]:
        """Whether more epochs help."""
        said = [f"Means of epochs, {'; '.join(f'{k}: {v}' for k, v in ORDERS.items())}; final is epoch {self.final}."]
        said += [self._sentence(where) for where in self.places]
        return [*said, "Each number of members was picked on the very samples that score it, which flatters it."]

    def _sentence(self, where: str) -> str:
        texts = []
        for order in self.numbers:
            rows = self.line(order, where)
            best = int(rows["error"].to_numpy().argmin())
            error, gain, low, high = (float(rows[c].iloc[best]) for c in ("error", "gain", "low", "high"))
            text = f"{error:.2f} with {best + 1} ({order}"
            texts.append(f"{text}; gain {gain:+.3f}, {low:+.3f} to {high:+.3f})" if np.isfinite(low) else f"{text})")
        kind = self.target if where == "experiment" else f"{where} test samples"
        return (
            f"On {kind} final errs by {self.at_final[where]:.2f}; the lowest of any number of members: {listed(texts)}."
        )

    def to_dict(self) -> dict[str, Any]:
        """All numbers."""
        return {
            "target": self.target,
            "final": self.final,
            "at_final": self.at_final,
            "orders": {
                order: [
                    {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
                    for row in rows.to_dict("records")
                ]
                for order, rows in self.numbers.items()
            },
        }


def growth(study: Study, target: Target | Experiment, *, seed: int = 0) -> Growth:
    """Errors of ensembles of 1, 2, 3, ... epochs, from what is stored.

    Parameters
    ----------
    study : Study
    target : Target or Experiment
        Tracked, parameters known.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Growth

    Raises
    ------
    StudyError
        If the target is not tracked, or its parameters are unknown.
    """
    target = Target.of(target, study)
    if target.true is None or not target.tracked_in(study):
        raise StudyError(f"{target.name}: a tracked experiment with known parameters is expected")
    n = study.n_epochs
    half = range(n // 2 + 1, n + 1)
    orders = {"loss": [list(top(study, n).epochs[:m]) for m in range(1, n + 1)]}
    orders["even"] = [_evenly(half, m) for m in range(1, len(half) + 1)]
    everything = across([(study, e) for e in range(1, n + 1)])
    places = {"experiment": (everything.predict(target)[:, None], target.true[None])}
    places |= {name: study.test_predictions(name) for name in study.test_sets}
    final = checkpoints(study, target).final
    at_final = {w: float(member_errors(p[final - 1], t).mean()) for w, (p, t) in places.items()}
    return Growth(
        study=study.config.name,
        target=target.name,
        final=final,
        numbers={order: _numbers(places, groups, final, seed) for order, groups in orders.items()},
        at_final=at_final,
    )


def _evenly(epochs: range, m: int) -> list[int]:
    """So many of the epochs, the last one among them."""
    if m == 1:
        return [epochs[-1]]
    return [epochs[i] for i in np.linspace(0, len(epochs) - 1, m).round().astype(int)]


def _numbers(
    places: Mapping[str, tuple[FloatArray, FloatArray]], groups: list[list[int]], final: int, seed: int
) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for where, (predicted, true) in places.items():
        at_final = member_errors(predicted[final - 1], true)
        drawn = None if where == "experiment" else Resamples(len(true), n=300, seed=seed)
        for group in groups:
            error = member_errors(predicted[np.array(group) - 1].mean(axis=0), true)
            gain = at_final - error
            interval = (float(gain.mean()), np.nan, np.nan) if drawn is None else drawn.mean(gain)
            rows.append((where, len(group), float(error.mean()), *interval))
    return pd.DataFrame(rows, columns=["where", "members", "error", "gain", "low", "high"])
