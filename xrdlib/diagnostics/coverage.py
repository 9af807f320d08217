"""How densely a study's training set surrounds a point of parameter space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from xrdlib.data import SPACE
from xrdlib.data.space import format_parameter
from xrdlib.diagnostics._section import Section, by_parameter
from xrdlib.simulation import PARAMETERS, as_parameters
from xrdlib.training import Study

__all__ = ["Coverage", "coverage"]

FloatArray = NDArray[np.float64]

RADII = (0.5, 1.0, 2.0)
_CALIBRATION = 500  # test samples


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
    distance : ndarray, shape (k,)
    radii : tuple of float
    counts : ndarray of int, shape (n_radii,)
        Training samples within each radius.
    distance_percentile : float
        Share (%) of test samples whose own k-th nearest training sample is nearer than this point's: the first
        neighbour's distance is mostly chance, the k-th one's a density.
    counts_percentile : ndarray, shape (n_radii,)
        Share (%) of test samples with fewer training samples within each radius.
    calibration : str
        The test set with which the percentiles were taken.
    violations : list of str
        Ranges and constraints that the point breaks.
    """

    parameters: FloatArray
    predicted: bool
    n_training: int
    nearest: FloatArray
    distance: FloatArray
    radii: tuple[float, ...]
    counts: NDArray[np.int64]
    distance_percentile: float
    counts_percentile: FloatArray
    calibration: str
    violations: list[str]

    name = "coverage"
    title = "Coverage of the training set around it"

    @property
    def place(self) -> str:
        """Calibrated verdict: "dense" or "sparse" for the outer quarters of the test samples, else "ordinary"."""
        return "dense" if self.distance_percentile < 25 else "sparse" if self.distance_percentile > 75 else "ordinary"

    @property
    def frame(self) -> pd.DataFrame:
        """One row per radius: radius, count, share (% of the training set), percentile among test samples."""
        return pd.DataFrame(
            {
                "radius": self.radii,
                "count": self.counts,
                "share": 100 * self.counts / self.n_training,
                "percentile": self.counts_percentile,
            }
        )

    @property
    def table(self) -> pd.DataFrame:
        """As ``frame``."""
        f = self.frame
        return pd.DataFrame(
            {
                "training samples": [f"{c} of {self.n_training}" for c in f["count"]],
                "share": [f"{s:.2f} %" for s in f["share"]],
                "test samples with fewer": [f"{p:.0f} %" for p in f["percentile"]],
            },
            index=[f"within {r:g}" for r in self.radii],
        )

    def to_dict(self) -> dict[str, Any]:
        """The point, its nearest sample, and the counts."""
        return {
            "point": by_parameter(self.parameters),
            "point_is_prediction": self.predicted,
            "n_training": self.n_training,
            "nearest": by_parameter(self.nearest[0]),
            "nearest_distance": float(self.distance[0]),
            "distance_percentile": self.distance_percentile,
            "within": [
                {"radius": float(r), "count": int(n), "percentile": float(p)}
                for r, n, p in zip(self.radii, self.counts, self.counts_percentile, strict=True)
            ],
            "violations": self.violations,
        }

    @property
    def sentences(self) -> list[str]:
        """Nearest sample, calibrated verdict, and whether the point is inside."""
        place = {"dense": "denser than usual", "sparse": "sparser than usual", "ordinary": "ordinary"}[self.place]
        nearest = ", ".join(
            f"{n} {format_parameter(n, float(f'{v:.4g}'))}" for n, v in zip(PARAMETERS, self.nearest[0], strict=True)
        )
        point = "the chosen epoch's prediction" if self.predicted else "the experiment"
        said = [
            f"Nearest training sample of {point}: {nearest}; distance {self.distance[0]:.3f} in units of the ranges.",
            f"Its {self.distance.size} nearest lie within {self.distance[-1]:.3f}; {self.distance_percentile:.0f} % of "
            f"the {self.calibration} test samples have as many nearer by: this region is {place}.",
            f"Absolute radii mislead in seven dimensions: {self.radii[1]:g} holds "
            f"{100 * self.counts[1] / self.n_training:.0f} % of the training set here.",
        ]
        if self.violations:
            said.append(f"Outside the parameter space: {'; '.join(self.violations)}.")
        else:
            said.append("Inside every range and constraint of the parameter space.")
        return said


def coverage(
    study: Study, parameters: ArrayLike, *, k: int = 10, radii: tuple[float, ...] = RADII, predicted: bool = False
) -> Coverage:
    """Nearest training samples and counts within radii, calibrated on the study's test samples.

    Parameters
    ----------
    study : Study
    parameters : array_like, shape (7,)
        Lengths in A.
    k : int
        Neighbours to report; the distance of the k-th decides between dense and sparse.
    radii : tuple of float
        In units of the parameters' ranges.
    predicted : bool
        Whether the point is a prediction; only said in the text.

    Returns
    -------
    Coverage
    """
    point = as_parameters(parameters)[0]
    training = study.training_parameters
    tree = cKDTree(SPACE.normalise(training))
    here = SPACE.normalise(point)
    k = min(k, len(training))
    distance, index = (np.atleast_1d(a) for a in tree.query(here, k=k))
    # the test set that resembles the training set is the fair yardstick
    name = "grid" if study.config.dataset.sampling == "grid" else "uniform"
    others = SPACE.normalise(study.test_predictions(name)[1][:_CALIBRATION])
    counts = np.array([len(tree.query_ball_point(here, r)) for r in radii])
    fewer = [
        100 * np.mean(tree.query_ball_point(others, r, return_length=True) < c)
        for r, c in zip(radii, counts, strict=True)
    ]
    return Coverage(
        parameters=point,
        predicted=predicted,
        n_training=len(training),
        nearest=training[index],
        distance=distance,
        radii=radii,
        counts=counts,
        distance_percentile=float(100 * np.mean(np.asarray(tree.query(others, k=[k])[0]) < distance[-1])),
        counts_percentile=np.array(fewer),
        calibration=name,
        violations=SPACE.violations(point),
    )
