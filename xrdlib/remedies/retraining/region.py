"""The neighbourhood in which a remedy works: what it holds of the training set, and whether it holds the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, by_parameter, number
from xrdlib.data import SPACE, Experiment, MeasuredCurve, Region
from xrdlib.diagnostics._intervals import Interval, share
from xrdlib.diagnostics.comparable import like_target, unlike_test_set
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.retraining import _region_text as text
from xrdlib.remedies.retraining.retrain import Centre, centre_of
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Focus, Study, effective_size

__all__ = ["HALF_WIDTHS", "RADII", "TEMPERATURES", "RegionWeights", "region_weights"]

FloatArray = NDArray[np.float64]

TEMPERATURES = (0.03, 0.1, 0.3, 1.0, inf)
RADII = (0.25, 0.5, 0.6, 0.75, 1.0)
HALF_WIDTHS = (5.0, 10.0, 20.0, 30.0, 50.0)  # % of range to either side


@dataclass(frozen=True, repr=False)
class RegionWeights(Section):
    """A study's training samples around one point.

    Attributes
    ----------
    study, target : str
        Names.
    word : {"truth", "final", "chosen", "given"}
        What the point is: the true parameters, what the network says at that epoch, or seven numbers.
    centre : ndarray, shape (7,)
        Lengths in A.
    true : ndarray of shape (7,), or None
        The target's parameters, where they are known.
    training : ndarray, shape (n, 7)
        Lengths in A.
    errors : ndarray, shape (m, 7)
        Of the final epoch on test samples, % of range with signs: how far their truth is from what the network says.
    test_set : str
        Which samples these are.
    unlike : tuple of str
        In what the target differs from them.
    note_radius : float
        The note's neighbourhood, in units of the ranges.
    temperatures, radii, half_widths : tuple of float
        Settings to tabulate: in units of the ranges, and in % of range.
    """

    study: str
    target: str
    word: str
    centre: FloatArray
    true: FloatArray | None
    training: FloatArray
    errors: FloatArray
    test_set: str
    unlike: tuple[str, ...]
    note_radius: float
    temperatures: tuple[float, ...]
    radii: tuple[float, ...]
    half_widths: tuple[float, ...]

    name = "region"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"Training samples of study {self.study} around {self.target}"

    @property
    def size(self) -> int:
        """Number of training samples."""
        return len(self.training)

    @cached_property
    def distance(self) -> FloatArray:
        """Of every training sample, Euclidean in units of the ranges, shape (n,)."""
        return Focus(tuple(self.centre)).distance(self.training)

    @property
    def away(self) -> FloatArray | None:
        """How far the truth is from the centre in each parameter, % of range, shape (7,); None where unknown."""
        return None if self.true is None else 100 * np.abs(self.true - self.centre) / SPACE.range

    @property
    def truth_distance(self) -> float | None:
        """The same as one distance in units of the ranges."""
        return None if self.away is None else float(np.linalg.norm(self.away / 100))

    def effective(self, temperature: float) -> float:
        """Number of equal samples that tell as much as all with the weights exp(-d / temperature)."""
        return effective_size(self._weights(temperature))

    def weight_within(self, temperature: float, radius: float | None = None) -> float:
        """Share (%) of the total weight within a radius, by default the note's."""
        weights = self._weights(temperature)
        inside = self.inside_radius(self.note_radius if radius is None else radius)
        return float(100 * weights[inside].sum() / weights.sum())

    def _weights(self, temperature: float) -> FloatArray:
        return Focus(tuple(self.centre), temperature=temperature).weights(self.training)

    def inside_radius(self, radius: float) -> NDArray[np.bool_]:
        """Which training samples are within a radius, as `fine_tune` takes them, shape (n,)."""
        return self.distance <= radius

    def inside_box(self, half_width: float) -> NDArray[np.bool_]:
        """Which training samples are within the box that `augment` fills, shape (n,)."""
        space = Region(tuple(self.centre), half_width).space
        inside = (self.training >= np.array(space.minimum)) & (self.training <= np.array(space.maximum))
        return np.asarray(inside.all(axis=1))

    def outside(self, half_width: float) -> list[str]:
        """Parameters whose true value is outside the box; none is where the truth is unknown."""
        if self.away is None:
            return []
        return [p for p, away in zip(PARAMETERS, self.away, strict=True) if away > half_width]

    def holds(self, *, radius: float | None = None, half_width: float | None = None) -> bool | None:
        """Whether the truth is within a radius or a box; None where it is unknown."""
        if self.away is None or self.truth_distance is None:
            return None
        if half_width is not None:
            return bool(self.away.max() <= half_width)
        return radius is None or self.truth_distance <= radius

    def usually_holds(self, *, radius: float | None = None, half_width: float | None = None) -> Interval:
        """Share (%) of test samples whose truth is that close to what the final epoch says of them, with interval."""
        if half_width is not None:
            return share(np.abs(self.errors).max(axis=1) <= half_width)
        return share(np.linalg.norm(self.errors, axis=1) <= 100 * (inf if radius is None else radius))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per setting: samples, their share (%), the weight within the note's radius (%), the truth inside?"""
        rows: list[dict[str, Any]] = []
        for t in self.temperatures:
            n, within = self.effective(t), self.weight_within(t)
            rows.append({"setting": "temperature", "value": t, "samples": n, "weight_within": within})
        for r in self.radii:
            row = {"setting": "radius", "value": r, "samples": float(self.inside_radius(r).sum())}
            rows.append(row | self._truth(radius=r))
        for w in self.half_widths:
            row = {"setting": "half_width", "value": w, "samples": float(self.inside_box(w).sum())}
            rows.append(row | self._truth(half_width=w) | {"outside": " ".join(self.outside(w))})
        frame = pd.DataFrame(rows)
        frame.insert(3, "share", 100 * frame["samples"] / self.size)
        return frame

    def _truth(self, **reach: float) -> dict[str, Any]:
        usual = self.usually_holds(**reach)
        known = {"truth_inside": self.holds(**reach)}
        return known | {"tests_inside": usual.value, "tests_low": usual.low, "tests_high": usual.high}

    @property
    def table(self) -> pd.DataFrame:
        """The settings as text."""
        return text.table(self)

    @property
    def sentences(self) -> list[str]:
        """Where the centre is, what each setting keeps of the training set, and how large a region has to be."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Centre, its distance from the truth, and the settings (an infinite temperature is None)."""
        rows = [
            {k: (number(v) if isinstance(v, float) else v) for k, v in row.items()}
            for row in self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")
        ]
        return {
            "centre": {"what": self.word, **by_parameter(self.centre)},
            "away_percent": None if self.away is None else by_parameter(self.away),
            "truth_distance": number(self.truth_distance),
            "training_samples": self.size,
            "note_radius": float(self.note_radius),
            "test_set": self.test_set,
            "unlike": list(self.unlike),
            "settings": rows,
        }


def region_weights(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    *,
    temperatures: Sequence[float] = TEMPERATURES,
    radii: Sequence[float] = RADII,
    half_widths: Sequence[float] = HALF_WIDTHS,
    centre: Centre = "chosen",
    note_radius: float = 1.0,
) -> RegionWeights:
    """What temperatures, radii and boxes around an experiment hold, before anything is trained on it.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    temperatures : sequence of float
        Of the weights exp(-distance / temperature), in units of the ranges; infinite is allowed.
    radii : sequence of float
        In units of the ranges.
    half_widths : sequence of float
        % of range.
    centre : {"chosen", "final", "truth"} or seven numbers
        See `centre_of`.
    note_radius : float
        Within which the share of the weights is given.

    Returns
    -------
    RegionWeights

    Raises
    ------
    ValueError
        For settings that are not positive, and as `centre_of`.
    """
    for what, values in (
        ("temperatures", temperatures),
        ("radii", radii),
        ("half_widths", half_widths),
        ("note_radius", [note_radius]),
    ):
        finite = what == "temperatures" or np.isfinite(values).all()
        if not len(values) or not finite or not all(v > 0 for v in values):
            raise ValueError(f"{what} = {values if what != 'note_radius' else note_radius}: positive numbers expected")
    target = Target.of(target, study)
    point = centre_of(study, target, centre)
    name = like_target(study, target.true)
    predicted, true = study.test_predictions(name)
    errors = 100 * (predicted[study.final - 1] - true) / SPACE.range
    return RegionWeights(
        study=study.config.name,
        target=target.name,
        word=centre if isinstance(centre, str) else "given",
        centre=point,
        true=target.true,
        training=study.training_parameters,
        errors=errors[np.isfinite(errors).all(axis=1)],
        test_set=name,
        unlike=unlike_test_set(study, target, name),
        note_radius=float(note_radius),
        temperatures=_sorted(temperatures),
        radii=_sorted(radii),
        half_widths=_sorted(half_widths),
    )


def _sorted(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted({float(v) for v in values}))
