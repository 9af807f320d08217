"""What `coverage` returns: the neighbourhood of a point in a training set, as numbers, table and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xrdlib._section import Section, by_parameter, number
from xrdlib.data import SPACE
from xrdlib.data.space import TOLERANCE
from xrdlib.diagnostics._intervals import Interval, exact_share
from xrdlib.diagnostics.training_set._coverage_text import sentences
from xrdlib.diagnostics.training_set._yardstick import ROUNDING, Yardstick
from xrdlib.diagnostics.training_set.note_rule import NoteRule
from xrdlib.simulation import PARAMETERS

__all__ = ["Coverage"]

FloatArray = NDArray[np.float64]

_SLACK = 100 * TOLERANCE  # % of range: as `SPACE.violations`


@dataclass(frozen=True, repr=False)
class Coverage(Section):
    """Distances are Euclidean with every parameter divided by its range.

    Attributes
    ----------
    parameters : ndarray, shape (7,)
        The point, lengths in A.
    predicted : bool
        Whether the point is a prediction, the truth being unknown.
    n_training : int
    nearest : ndarray, shape (k, 7)
        Nearest training samples, nearest first.
    rows : ndarray of int, shape (k,)
        Which rows of the training set they are.
    distance : ndarray, shape (k,)
    radii : tuple of float
        Those asked for and the note's, ascending.
    counts : ndarray of int, shape (n_radii,)
        Training samples within each radius.
    value_gap : ndarray, shape (7,)
        From each parameter to its nearest value in the training set, % of range.
    boxes : tuple of float
        Half sides, % of range.
    box_counts : ndarray of int, shape (n_boxes,)
        Training samples of which every parameter is within the box.
    edge : float
        Nearer than this (% of range) to an end of its range a parameter is at the edge.
    rule : NoteRule
    yardstick : Yardstick
        What test samples find in the same training set.
    violations : list of str
        Ranges and constraints that the point breaks.
    n_fresh : int
        Curves that the network saw instead, of a training that draws new ones in every epoch; the training samples
        here, drawn in the same way, stand for them.
    """

    parameters: FloatArray
    predicted: bool
    n_training: int
    nearest: FloatArray
    rows: NDArray[np.int64]
    distance: FloatArray
    radii: tuple[float, ...]
    counts: NDArray[np.int64]
    value_gap: FloatArray
    boxes: tuple[float, ...]
    box_counts: NDArray[np.int64]
    edge: float
    rule: NoteRule
    yardstick: Yardstick
    violations: list[str]
    n_fresh: int = 0

    name = "coverage"
    title = "Coverage of the training set around it"

    @property
    def distance_interval(self) -> Interval:
        """Share (%) of test samples whose own k-th nearest training sample is nearer than this point's.

        The first neighbour's distance is mostly chance, the k-th one's a density. Clopper-Pearson interval.
        """
        return exact_share(int(np.sum(self.yardstick.kth < self.distance[-1])), self.yardstick.size)

    @property
    def distance_percentile(self) -> float:
        """The value of ``distance_interval``."""
        return self.distance_interval.value

    @property
    def counts_interval(self) -> list[Interval]:
        """Share (%) of test samples with fewer training samples within each radius, shape (n_radii,)."""
        fewer = (self.yardstick.counts < self.counts).sum(axis=0)
        return [exact_share(int(n), self.yardstick.size) for n in fewer]

    @property
    def denser(self) -> list[Interval]:
        """Share (%) of test samples with more training samples within each radius, shape (n_radii,)."""
        more = (self.yardstick.counts > self.counts).sum(axis=0)
        return [exact_share(int(n), self.yardstick.size) for n in more]

    @property
    def place(self) -> str:
        """Calibrated verdict: "dense" or "sparse" for the outer quarters of the test samples, else "ordinary"."""
        return "dense" if self.distance_percentile < 25 else "sparse" if self.distance_percentile > 75 else "ordinary"

    @property
    def place_in_words(self) -> str:
        """The same for a sentence: "denser than usual", "sparser than usual" or "ordinary"."""
        return {"dense": "denser than usual", "sparse": "sparser than usual"}.get(self.place, self.place)

    @property
    def position(self) -> FloatArray:
        """Place of each parameter in its range: 0 % at the minimum, 100 % at the maximum; beyond where outside."""
        return 100 * SPACE.normalise(self.parameters)

    @property
    def near_edge(self) -> list[str]:
        """Parameters within their range and within ``edge`` of an end of it."""
        return self._named((self._to_end < self.edge) & (self._to_end >= -_SLACK))

    @property
    def outside(self) -> list[str]:
        """Parameters outside their range."""
        return self._named(self._to_end < -_SLACK)

    @property
    def _to_end(self) -> FloatArray:
        """From each parameter to the nearer end of its range, %; negative outside."""
        return np.minimum(self.position, 100 - self.position)

    @staticmethod
    def _named(chosen: NDArray[np.bool_]) -> list[str]:
        return [name for name, is_so in zip(PARAMETERS, chosen, strict=True) if is_so]

    @property
    def edge_interval(self) -> Interval:
        """Share (%) of test samples with at least one parameter at the edge."""
        return exact_share(int(np.sum(100 * self.yardstick.edge_distance < self.edge)), self.yardstick.size)

    @property
    def boxes_empty(self) -> list[Interval]:
        """Share (%) of test samples without any training sample in their own box, one for each of ``boxes``."""
        empty = [np.sum(100 * self.yardstick.box_distance > box + ROUNDING) for box in self.boxes]
        return [exact_share(int(n), self.yardstick.size) for n in empty]

    @property
    def note(self) -> pd.DataFrame:
        """The note's three verdicts on this point, and how many test samples get each.

        Columns question, verdict, test_samples (share in %), low, high (its interval), given (whether it is this
        point's).
        """
        at = [self.radii.index(r) for r in (self.rule.radius, self.rule.sparse_radius)]

        def judged(nearest: ArrayLike, counts: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
            return self.rule.judge(nearest, counts[:, at[0]], 100 * counts[:, at[1]] / self.n_training)

        here, others = (
            judged(self.distance[0], self.counts[None]),
            judged(self.yardstick.nearest, self.yardstick.counts),
        )
        rows = []
        for question, labels in self.rule.labels.items():
            for i, label in enumerate(labels):
                of = exact_share(int(np.sum(others[question] == i)), self.yardstick.size)
                rows.append((question, label, *of, bool(here[question][0] == i)))
        return pd.DataFrame(rows, columns=["question", "verdict", "test_samples", "low", "high", "given"])

    @property
    def verdicts(self) -> dict[str, tuple[str, float]]:
        """The note's verdict on this point for each question, and the share (%) of test samples that get the same."""
        given = self.note[self.note["given"]]
        return {str(q): (str(v), float(n)) for q, v, n in given[["question", "verdict", "test_samples"]].to_numpy()}

    @property
    def frame(self) -> pd.DataFrame:
        """One row per radius.

        Columns radius, count, share (% of the training set), percentile among test samples with its interval (low,
        high), typical_share (around the median test sample).
        """
        of = self.counts_interval
        return pd.DataFrame(
            {
                "radius": self.radii,
                "count": self.counts,
                "share": 100 * self.counts / self.n_training,
                "percentile": [i.value for i in of],
                "low": [i.low for i in of],
                "high": [i.high for i in of],
                "typical_share": 100 * np.median(self.yardstick.counts, axis=0) / self.n_training,
            }
        )

    @property
    def table(self) -> pd.DataFrame:
        """Counts within radii and boxes."""
        f = self.frame
        empty = [f"{i:.0f} % none" for i in self.boxes_empty]
        total = self.n_training
        return pd.DataFrame(
            {
                "training samples": [f"{c} of {total}" for c in [*f["count"], *self.box_counts]],
                "share": [f"{100 * c / total:.2f} %" for c in [*f["count"], *self.box_counts]],
                "test samples with fewer": [f"{i:.0f} %" for i in self.counts_interval] + empty,
            },
            index=[f"within {r:g}" for r in self.radii] + [f"box of +-{b:g} %" for b in self.boxes],
        )

    @property
    def neighbours(self) -> pd.DataFrame:
        """The nearest training samples: row in the training set, distance, parameters (lengths in A)."""
        found = pd.DataFrame(self.nearest, columns=list(PARAMETERS))
        found.insert(0, "distance", self.distance)
        found.insert(0, "row", self.rows)
        return found

    @property
    def per_parameter(self) -> pd.DataFrame:
        """For each parameter: value (A), position, distance to the nearer end and to the nearest training value (%)."""
        columns = {
            "value": self.parameters,
            "position": self.position,
            "to_edge": self._to_end,
            "to_training_value": self.value_gap,
        }
        return pd.DataFrame(columns, index=pd.Index(PARAMETERS, name="parameter"))

    def to_dict(self) -> dict[str, Any]:
        """The point, its nearest samples, counts, and both verdicts."""
        return {
            "point": by_parameter(self.parameters),
            "point_is_prediction": self.predicted,
            "n_training": self.n_training,
            "n_fresh": self.n_fresh,
            "nearest": by_parameter(self.nearest[0]),
            "nearest_distance": float(self.distance[0]),
            "neighbours": [
                {"row": int(row), "distance": float(d), "parameters": by_parameter(p)}
                for row, d, p in zip(self.rows, self.distance, self.nearest, strict=True)
            ],
            "distance_percentile": self.distance_percentile,
            "distance_percentile_interval": self.distance_interval.to_dict(),
            "place": self.place,
            "n_test_samples": self.yardstick.size,
            "within": [
                {k: number(v) for k, v in row.items()} | {"count": int(row["count"])}
                for row in self.frame.to_dict("records")
            ],
            "boxes": [
                {"half_side_percent": float(box), "count": int(n), "test_samples_without": empty.to_dict()}
                for box, n, empty in zip(self.boxes, self.box_counts, self.boxes_empty, strict=True)
            ],
            "position_percent": by_parameter(self.position),
            "training_value_gap_percent": by_parameter(self.value_gap),
            "near_edge": self.near_edge,
            "outside": self.outside,
            "test_samples_near_edge": self.edge_interval.to_dict(),
            "note": {
                question: {"verdict": verdict, "test_samples_same": same}
                for question, (verdict, same) in self.verdicts.items()
            },
            "violations": self.violations,
        }

    @property
    def sentences(self) -> list[str]:
        """Nearest sample, calibrated verdict, edges, boxes, the note's verdicts, and whether the point is inside."""
        return sentences(self)
