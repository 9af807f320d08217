"""The second mechanism: bias and variance of a study's predictions over its runs, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xrdlib._section import Section
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval, bootstrap_all
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.runs._bias_variance_text import REGIONS, sentences
from xrdlib.diagnostics.runs._runs import early_and_late
from xrdlib.training import Replicas, StudyError
from xrdlib.training.curves import StudyCurves

__all__ = ["REGIONS", "BiasVariance", "bias_and_variance", "bias_variance"]

FloatArray = NDArray[np.float64]

_NEIGHBOUR = 10  # the distance to this one is a density, the first one's is chance


@dataclass(frozen=True, repr=False)
class BiasVariance(Section):
    """Squared error of one run = squared bias of the mean over runs + variance between runs, (% of range)^2.

    The decomposition of Geman, Bienenstock and Doursat (1992). Their variance is over training sets; here it is over
    whatever the runs differ in, by default seeds of the training on one dataset. The mean over n runs still varies;
    variance / n is taken off its squared bias, which may then be negative for one sample.

    Attributes
    ----------
    target : str
    varied : str
        In what the runs differ.
    n_runs : int
    epochs : ndarray of int, shape (n_epochs,)
        Those whose test predictions are kept.
    bias2, variance : ndarray, shape (n_epochs, n_samples)
        Of test samples, mean of the seven parameters.
    distance : ndarray, shape (n_samples,)
        To the 10th nearest training sample, every parameter divided by its range.
    test_set : str
    target_bias2, target_variance : ndarray, shape (n_all_epochs,)
        Of the experiment, at every epoch.
    intervals : pandas.DataFrame
        Per region and epoch: bias and spread, root mean square in % of range, with 95 % intervals over samples.
    changes : dict of str to (Interval, Interval, Interval)
        Per region late minus early: squared bias, variance, and their sum, (% of range)^2.
    """

    target: str
    varied: str
    n_runs: int
    epochs: NDArray[np.int64]
    bias2: FloatArray
    variance: FloatArray
    distance: FloatArray
    test_set: str
    target_bias2: FloatArray
    target_variance: FloatArray
    intervals: pd.DataFrame
    changes: dict[str, tuple[Interval, Interval, Interval]]

    name = "bias_variance"
    title = "Bias and variance over the runs, early and late, where training samples are dense and sparse"

    @property
    def frame(self) -> pd.DataFrame:
        """One row per region and epoch: bias, spread, total; root mean square in % of range, with intervals."""
        return self.intervals

    def at(self, region: str, early: bool) -> tuple[float, float]:
        """Bias and spread of a region over the early or the late epochs, root mean square in % of range."""
        epochs = early_and_late(self.epochs)[0 if early else 1]
        rows = _regions(self.distance)[region]
        bias2, variance = (float(v[epochs][:, rows].mean()) for v in (self.bias2, self.variance))
        return np.sqrt(max(bias2, 0.0)), np.sqrt(variance)

    @property
    def table(self) -> pd.DataFrame:
        """Bias and spread early and late, by region."""
        cells = {}
        for region in REGIONS:
            (b0, v0), (b1, v1) = self.at(region, early=True), self.at(region, early=False)
            n = int(_regions(self.distance)[region].sum())
            cells[region] = {
                "samples": str(n),
                "bias, early": f"{b0:.1f} %",
                "bias, late": f"{b1:.1f} %",
                "spread, early": f"{v0:.1f} %",
                "spread, late": f"{v1:.1f} %",
            }
        return pd.DataFrame(cells).T

    def to_dict(self) -> dict[str, Any]:
        """Changes from early to late by region, and every epoch."""
        names = ("bias2", "variance", "squared_error")
        return {
            "target": self.target,
            "varied": self.varied,
            "n_runs": self.n_runs,
            "test_set": self.test_set,
            "changes": {r: {k: i.to_dict() for k, i in zip(names, c, strict=True)} for r, c in self.changes.items()},
            "epochs": self.intervals.to_dict("records"),
        }

    @property
    def sentences(self) -> list[str]:
        """Whether early epochs have high variance and low bias, and late ones the reverse; where samples are sparse."""
        return sentences(self)


def _regions(distance: FloatArray) -> dict[str, NDArray[np.bool_]]:
    """Masks of ``REGIONS``: all samples, and the quarters nearest to and farthest from training samples."""
    low, high = np.percentile(distance, [25, 75])
    return {"all": np.ones(distance.size, dtype=bool), "dense": distance <= low, "sparse": distance >= high}


def bias_and_variance(predicted: FloatArray, true: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Squared bias and variance over runs, without bias for any number of runs, mean of the seven parameters.

    Parameters
    ----------
    predicted : ndarray, shape (n_runs, ..., 7)
        At least two runs.
    true : ndarray, shape (..., 7) or one that broadcasts

    Returns
    -------
    bias2, variance : ndarray, shape (...), (% of range)^2
        Their sum is the mean squared error of the runs.
    """
    if len(predicted) < 2:
        raise ValueError(f"predicted: {len(predicted)} run given, two at least expected")
    off = 100 * (predicted - true) / SPACE.range
    variance = off.var(axis=0, ddof=1)
    bias2 = np.square(off.mean(axis=0)) - variance / len(predicted)
    return bias2.mean(axis=-1), variance.mean(axis=-1)


def bias_variance(
    replicas: Replicas,
    target: str,
    *,
    varied: str = "all",
    test_set: str | None = None,
    seed: int = 0,
) -> BiasVariance:
    """Bias and variance per epoch, of test samples in dense and sparse regions and of an experiment.

    Parameters
    ----------
    replicas : Replicas
    target : str
        Name of a tracked experiment.
    varied : str
        Which runs: ``base`` and those that differ in this.
    test_set : {"grid", "uniform"}, optional
        By default the one that resembles the training set.
    seed : int
        Of the bootstrap.

    Returns
    -------
    BiasVariance
    """
    config = replicas.config
    rows = replicas.varying(varied)
    test_set = test_set or like_training(replicas)
    predicted, true = replicas.test_predictions(test_set)
    if len(true) < 4:
        raise StudyError(f"{replicas.path}: {len(true)} {test_set} test samples are too few to compare regions")
    bias2, variance = bias_and_variance(predicted[rows], true)
    tree = cKDTree(SPACE.normalise(StudyCurves(config).training_parameters))
    k = min(_NEIGHBOUR, tree.n)
    distance = np.asarray(tree.query(SPACE.normalise(true), k=[k])[0])[:, 0]
    truth = {e.name: e.parameters.to_array() for e in config.experiments}
    its_bias2, its_variance = bias_and_variance(replicas.experiment_predictions(target)[rows], truth[target])
    epochs = replicas.stored_epochs
    early, late = early_and_late(epochs)
    frames, changes = [], {}
    for region, where in _regions(distance).items():
        parts = [v[:, where].T for v in (bias2, variance)]
        frames.append(_intervals(region, epochs, *parts, seed=seed))
        b, v = (p[:, late].mean(axis=1) - p[:, early].mean(axis=1) for p in parts)
        one, two, three = bootstrap_all(lambda *s: np.array([x.mean() for x in s]), b, v, b + v, seed=seed)
        changes[region] = (one, two, three)
    return BiasVariance(
        target=target,
        varied=varied,
        n_runs=len(rows),
        epochs=epochs,
        bias2=bias2,
        variance=variance,
        distance=distance,
        test_set=test_set,
        target_bias2=its_bias2,
        target_variance=its_variance,
        intervals=pd.concat(frames, ignore_index=True),
        changes=changes,
    )


def _intervals(
    region: str, epochs: NDArray[np.int64], bias2: FloatArray, variance: FloatArray, *, seed: int
) -> pd.DataFrame:
    """Of samples' squares, shape (n_samples, n_epochs)."""

    def roots(*parts: FloatArray) -> FloatArray:
        return np.concatenate([np.sqrt(np.maximum(p.mean(axis=0), 0)) for p in parts])

    found = bootstrap_all(roots, bias2, variance, bias2 + variance, seed=seed)
    frame = pd.DataFrame({"region": region, "epoch": epochs})
    for i, what in enumerate(("bias", "spread", "total")):
        some = found[i * epochs.size : (i + 1) * epochs.size]
        frame[what] = [s.value for s in some]
        frame[f"{what}_low"], frame[f"{what}_high"] = [s.low for s in some], [s.high for s in some]
    return frame
