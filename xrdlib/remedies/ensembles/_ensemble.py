"""Several checkpoints' predictions as one: what it is worth on an experiment and on the test samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, by_parameter, number
from xrdlib.data import SPACE
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.diagnostics.checkpoints import row_label
from xrdlib.remedies.ensembles import _ensemble_text as text
from xrdlib.remedies.ensembles._scores import SetScore
from xrdlib.remedies.ensembles.members import Members
from xrdlib.simulation import PARAMETERS

__all__ = ["Ensemble", "Reading"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """One prediction for a target, and how good it is.

    Attributes
    ----------
    parameters : ndarray, shape (7,)
        Lengths in A.
    curve_rmse : float
        Of log10 intensity, re-simulated, scale and background fitted.
    error, profile : float or None
        Mean error of the seven parameters (% of range), mean difference of strain (1e-3); None without the truth.
    """

    parameters: FloatArray
    curve_rmse: float
    error: float | None
    profile: float | None

    @property
    def measures(self) -> dict[str, float | None]:
        """The three errors by name."""
        return {"error": self.error, "curve_rmse": self.curve_rmse, "profile": self.profile}


@dataclass(frozen=True, repr=False)
class Ensemble(Section):
    """Members, their combination, and final, on one target and on the test sets.

    Attributes
    ----------
    study, target : str
    members : Members
    how : {"mean", "median"}
    weighting : str
        ``equal``, ``validation``, ``curve`` or ``given``.
    weights : ndarray, shape (k,)
        Fractions, for the target.
    final_epoch : int
    readings : tuple of Reading
        Of each member.
    combined, final : Reading
    true : ndarray of shape (7,), or None
    sd : ndarray, shape (7,)
        Of the members' predictions (n - 1), lengths in A; 0 for one member.
    tests : tuple of SetScore
    angle, intensity : ndarray, shape (m,)
        The target's curve.
    curves, curve : ndarray, shapes (k, m) and (m,)
        Re-simulated, of the members and of the combination.
    undefined : tuple of str
        What could not be scored, and why.
    """

    study: str
    target: str
    members: Members
    how: str
    weighting: str
    weights: FloatArray
    final_epoch: int
    readings: tuple[Reading, ...]
    combined: Reading
    final: Reading
    true: FloatArray | None
    sd: FloatArray
    tests: tuple[SetScore, ...]
    angle: FloatArray
    intensity: FloatArray
    curves: FloatArray
    curve: FloatArray
    undefined: tuple[str, ...] = ()

    name = "ensemble"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Ensemble of {len(self.readings)} checkpoints of study {self.study} for {self.target}"

    @property
    def fractions(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Members (k, 7), combination (7,) and SD (7,) in % of each parameter's range, 0 at its minimum."""
        members, combined = (100 * SPACE.normalise(p) for p in (self.predictions, self.combined.parameters))
        return members, combined, 100 * self.sd / SPACE.range

    @property
    def inside(self) -> NDArray[np.bool_] | None:
        """Which true parameters lie between the lowest and the highest member, shape (7,); None without the truth."""
        if self.true is None:
            return None
        low, high = self.predictions.min(axis=0), self.predictions.max(axis=0)
        return np.asarray((low <= self.true) & (self.true <= high))

    @property
    def predictions(self) -> FloatArray:
        """Of each member, shape (k, 7), lengths in A."""
        return np.stack([r.parameters for r in self.readings])

    def test(self, name: str) -> SetScore:
        """The score on one of the test sets."""
        return next(score for score in self.tests if score.test_set == name)

    def of_members(self, measure: str) -> FloatArray | None:
        """``error``, ``curve_rmse`` or ``profile`` of each member, shape (k,); None where the truth is needed."""
        values = [r.measures[measure] for r in self.readings]
        return None if None in values else np.array(values, dtype=np.float64)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per quantity: at final, of the members (mean, best), of the ensemble; gain with interval."""
        rows: list[tuple[Any, ...]] = []
        for measure in self.combined.measures:
            each = self.of_members(measure)
            one, other = self.final.measures[measure], self.combined.measures[measure]
            if each is not None and one is not None and other is not None:
                mean = float(self.weights @ each)
                rows.append((self.target, measure, one, mean, each.min(), other, one - other, np.nan, np.nan))
        for t in self.tests:
            values = t.final.value, t.members.value, t.best, t.ensemble.value
            rows.append((f"{t.test_set} test samples", "error", *values, *t.gain))
        names = ["where", "measure", "final", "members", "best_member", "ensemble", "gain", "low", "high"]
        return pd.DataFrame(rows, columns=names)

    @property
    def table(self) -> pd.DataFrame:
        """Final, members and ensemble side by side."""
        return text.table(self)

    @property
    def parameters(self) -> pd.DataFrame:
        """The prediction as text: ensemble with the members' SD, lowest and highest, final, truth."""
        cells = {}
        for i, name in enumerate(PARAMETERS):
            unit = 1.0 if PARAMETER_UNITS[name] else 1e3
            digits = ".0f" if PARAMETER_UNITS[name] else ".2f"
            column = unit * self.predictions[:, i]
            row = {
                "ensemble": f"{unit * self.combined.parameters[i]:{digits}}",
                "SD": f"{unit * self.sd[i]:{digits}}",
                "members": f"{column.min():{digits}} to {column.max():{digits}}",
                "final": f"{unit * self.final.parameters[i]:{digits}}",
            }
            if self.true is not None:
                row["true"] = f"{unit * self.true[i]:{digits}}"
            cells[row_label(name)] = row
        return pd.DataFrame(cells).T

    @property
    def sentences(self) -> list[str]:
        """What the average gains, what it can gain at most, and whether its spread tells its error."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Members, weights, predictions and scores."""
        return {
            "members": [
                {"study": m.study.config.name, "epoch": m.epoch, "weight": float(w), "parameters": by_parameter(p)}
                for m, w, p in zip(self.members.members, self.weights, self.predictions, strict=True)
            ],
            "chosen": self.members.chosen,
            "how": self.how,
            "weights": self.weighting,
            "parameters": by_parameter(self.combined.parameters),
            "sd": by_parameter(self.sd),
            "final_epoch": self.final_epoch,
            "experiment": {measure: self._measured(measure) for measure in self.combined.measures},
            "tests": [t.to_dict() for t in self.tests],
            "undefined": list(self.undefined),
        }

    def _measured(self, measure: str) -> dict[str, float | None]:
        each = self.of_members(measure)
        return {
            "final": number(self.final.measures[measure]),
            "members": None if each is None else number(float(self.weights @ each)),
            "best_member": None if each is None else number(each.min()),
            "ensemble": number(self.combined.measures[measure]),
        }
