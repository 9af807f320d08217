"""Does it matter how densely the training set surrounds a curve? Errors of all test samples against coverage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import rankdata

from xrdlib.data import SPACE
from xrdlib.diagnostics._correlation import correlation
from xrdlib.diagnostics._intervals import Interval, percentile_interval
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.training_set._density import CORRELATED, DensityEffect, groups_of
from xrdlib.metrics import parameter_error
from xrdlib.training import Study

__all__ = ["DensityEffect", "density_effect"]

FloatArray = NDArray[np.float64]


def density_effect(
    study: Study, *, k: int = 10, early: int | None = None, quarter: float = 25.0, n_bootstrap: int = 500, seed: int = 0
) -> DensityEffect:
    """Relate the errors of a study's test samples to how densely its training set surrounds them.

    Parameters
    ----------
    study : Study
    k : int
        The neighbour whose distance measures density.
    early : int, optional
        The epoch to compare with final; by default half as many epochs as final.
    quarter : float
        Share (%) of samples in each of the groups dense and sparse.
    n_bootstrap : int
        Resamples for the intervals.
    seed : int

    Returns
    -------
    DensityEffect

    Raises
    ------
    ValueError
        For ``k`` beyond the training set, an epoch that the study has not, a share outside 0 to 50, or predictions
        that are not finite.
    """
    training = study.training_parameters
    if not 1 <= k <= len(training):
        raise ValueError(f"k = {k}: a whole number from 1 to the {len(training)} training samples expected")
    if not 0 < quarter <= 50:
        raise ValueError(f"quarter = {quarter}: a share above 0 and up to 50 % expected")
    epochs = study.history["epoch"].to_numpy()
    final = study.final
    early = max(int(epochs[0]), final // 2) if early is None else early
    if early not in epochs:
        raise ValueError(f"early = {early}: an epoch from {epochs[0]} to {epochs[-1]} expected")
    test_set = like_training(study)
    predicted, true = study.test_predictions(test_set)
    error = parameter_error(predicted, true, SPACE.range).mean(axis=2)
    if not np.isfinite(error).all():
        raise ValueError(f"study {study.config.name}: predictions of the {test_set} test set are not finite")
    fractions = SPACE.normalise(true)
    distance = np.asarray(cKDTree(SPACE.normalise(training)).query(fractions, k=[k])[0])[:, 0]
    at_final = error[int(np.flatnonzero(epochs == final)[0])]
    change = at_final - error[int(np.flatnonzero(epochs == early)[0])]
    edge = np.minimum(fractions, 1 - fractions).min(axis=1)
    groups = groups_of(distance, quarter)
    columns = at_final, at_final - error.min(axis=0), change, edge
    changes, rises = _moved(change, error, at_final, groups, n_bootstrap, seed)
    return DensityEffect(
        test_set=test_set,
        k=k,
        distance=distance,
        edge_distance=edge,
        epochs=epochs,
        error=error,
        early=int(early),
        final=final,
        quarter=float(quarter),
        correlations=_correlated(np.stack([distance, *columns]), n_bootstrap, seed),
        changes=changes,
        rises=rises,
    )


def _moved(
    change: FloatArray,
    error: FloatArray,
    at_final: FloatArray,
    groups: dict[str, NDArray[np.bool_]],
    n: int,
    seed: int,
) -> tuple[dict[str, Interval], dict[str, Interval]]:
    """Mean changes of the groups and of their difference; rises from each group's lowest epoch."""
    changes, rises, means = {}, {}, {}
    for number, (group, rows) in enumerate(groups.items()):
        rng = np.random.default_rng([seed, number])
        weights = rng.multinomial(rows.sum(), np.full(rows.sum(), 1 / rows.sum()), size=n) / rows.sum()
        means[group] = (change[rows].mean(), weights @ change[rows])
        changes[group] = percentile_interval(*means[group])
        mean, again = error[:, rows].mean(axis=1), error[:, rows] @ weights.T
        rise = weights @ at_final[rows] - again.min(axis=0)
        # final is among the epochs: less than 0 is rounding
        rises[group] = percentile_interval(max(at_final[rows].mean() - mean.min(), 0.0), np.maximum(rise, 0.0))
    dense, sparse = means["dense"], means["sparse"]
    changes["difference"] = percentile_interval(sparse[0] - dense[0], sparse[1] - dense[1])
    return changes, rises


def _correlated(values: FloatArray, n: int, seed: int) -> dict[str, Interval]:
    """Spearman's rho of the first row with each other one."""
    rng = np.random.default_rng(seed)
    # differences of rounding are none
    values = np.round(values, 9)
    size = values.shape[1]
    again = np.stack([_spearmans(values[:, rng.integers(size, size=size)]) for _ in range(n)])
    found = _spearmans(values)
    return {
        name: percentile_interval(rho, column) for name, rho, column in zip(CORRELATED, found, again.T, strict=True)
    }


def _spearmans(values: FloatArray) -> FloatArray:
    """Spearman's rho of the first row with each other one; nan where one is constant."""
    ranks = rankdata(values, axis=1)
    return correlation(ranks[0], ranks[1:])
