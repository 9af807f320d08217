"""Nearest neighbours and the network read the same test samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import bootstrap_all
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.lookup._background import REALISTIC
from xrdlib.diagnostics.lookup._library import clean_curves, trained_inputs
from xrdlib.diagnostics.lookup._lookup import Inputs, nearest, running_mean
from xrdlib.diagnostics.lookup._neighbour_scores import NeighbourTest
from xrdlib.diagnostics.target import Nuisances
from xrdlib.metrics import parameter_error
from xrdlib.training import Study

__all__ = ["DENSITY", "FEWEST", "neighbour_test"]

FloatArray = NDArray[np.float64]

FEWEST = 12  # test samples; fewer make no thirds and no halves
_K = 50  # largest number of neighbours among which the best is looked for
DENSITY = 10  # the distance of this neighbour is the density, as in `coverage`


def neighbour_test(
    study: Study,
    parameters: FloatArray,
    inputs: Inputs,
    *,
    k: int,
    weighted: bool,
    n_test: int,
    n_compared: int,
    rng: np.random.Generator,
) -> NeighbourTest | None:
    """Compare over test samples like the training set; None where fewer than ``FEWEST`` of them have predictions.

    Parameters
    ----------
    study : Study
    parameters, inputs : ndarray, shapes (n, 7) and (n, n_points)
        The library: training samples in random order, as `trained_inputs` makes them.
    k : int
    weighted : bool
    n_test, n_compared : int
        Test samples, and those of them whose curves are compared.
    rng : numpy.random.Generator

    Returns
    -------
    NeighbourTest or None
    """
    test_set = like_training(study)
    every, true = study.test_predictions(test_set)
    predicted = every[study.final - 1]
    rows = np.flatnonzero(np.isfinite(predicted).all(axis=1))
    if min(rows.size, n_test) < FEWEST:
        return None
    rows = rng.permutation(rows)[:n_test]
    true, predicted = true[rows], predicted[rows]
    queries = trained_inputs(true, study.config, rng, new=True)
    if study.config.measurement is not None and study.final in study.checkpoints:
        predicted = study.predict(queries, [study.final])[0]  # of these very draws of instrument and noise
    here, network = SPACE.normalise(true), parameter_error(predicted, true, SPACE.range)
    most = min(max(k, _K), len(inputs))
    index, distance = nearest(queries, inputs, most)
    fractions = SPACE.normalise(parameters)
    errors = {
        w: 100 * np.abs(running_mean(fractions[index], distance, weighted=w) - here[:, None]) for w in (False, True)
    }
    training = SPACE.normalise(study.training_parameters)
    some = min(max(most, DENSITY), len(training))
    apart, around = (np.asarray(a) for a in cKDTree(training).query(here, k=np.arange(1, some + 1)))
    cheating = 100 * np.abs(running_mean(training[around], apart, weighted=weighted) - here[:, None])[:, :most]
    density = apart[:, min(DENSITY, some) - 1]
    tuned, choices = _tuned(errors)
    better, better_seen = _note(study, true[:n_compared], predicted[:n_compared], around[:, :k], apart[:, :k], weighted)
    advantage = tuned - network
    return NeighbourTest(
        test_set=test_set,
        k=k,
        weighted=weighted,
        n_library=len(inputs),
        n_training=len(training),
        network=network,
        by_curve=errors[weighted][:, k - 1],
        by_parameters=cheating[:, k - 1],
        tuned=tuned,
        choices=choices,
        error_of_k=pd.DataFrame(
            {
                "k": np.arange(1, most + 1),
                "plain": errors[False].mean(axis=(0, 2)),
                "weighted": errors[True].mean(axis=(0, 2)),
                "parameters": cheating.mean(axis=(0, 2)),
            }
        ),
        density=density,
        mean_curve_better=better,
        mean_curve_better_with_background=better_seen,
        advantage=bootstrap_all(_means, np.column_stack([advantage, advantage.mean(axis=1)])),
        full=_expected(queries, inputs, fractions, here, k, weighted, len(training)),
    )


def _means(values: FloatArray) -> FloatArray:
    return np.asarray(values.mean(axis=0))


def _tuned(errors: dict[bool, FloatArray]) -> tuple[FloatArray, tuple[tuple[int, bool], tuple[int, bool]]]:
    """Errors (n, 7) with k and weighting chosen on the other half, and the two choices; samples are in random order."""
    n = len(errors[False])
    half = np.arange(n) < n // 2
    tuned, choices = np.empty((n, errors[False].shape[2])), []
    for scored in (half, ~half):
        means = {w: e[~scored].mean(axis=(0, 2)) for w, e in errors.items()}
        weighted = bool(means[True].min() < means[False].min())
        k = int(means[weighted].argmin()) + 1
        tuned[scored] = errors[weighted][scored, k - 1]
        choices.append((k, weighted))
    return tuned, (choices[0], choices[1])


def _note(
    study: Study, true: FloatArray, predicted: FloatArray, around: NDArray[np.int64], apart: FloatArray, weighted: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The note's comparison, mean curve of the nearest by parameters against the network's; with background, too."""
    n, k = len(true), around.shape[1]
    rows, back = np.unique(around[:n], return_inverse=True)
    stacked = np.concatenate([true, predicted, study.training_parameters[rows]])
    logs = study.config.preprocess(clean_curves(stacked, Nuisances(), study.config))
    intensity = np.power(10.0, logs[2 * n :][back.reshape(n, k)], dtype=np.float64)
    mean = running_mean(intensity, apart[:n], weighted=weighted)[:, -1]
    own, network = np.power(10.0, logs[: 2 * n], dtype=np.float64).reshape(2, n, -1)

    def better(background: float) -> NDArray[np.bool_]:
        seen, *answers = (np.log10(curves + background) for curves in (own, mean, network))
        neighbours, networks = (np.square(answer - seen).mean(axis=1) for answer in answers)
        return np.asarray(neighbours < networks)

    return better(0.0), better(REALISTIC)


def _expected(
    queries: Inputs, inputs: Inputs, fractions: FloatArray, true: FloatArray, k: int, weighted: bool, n_training: int
) -> float:
    """Error with all training curves: a power law through a quarter, a half and all of the library."""
    sizes = [size for size in (len(inputs) // 4, len(inputs) // 2, len(inputs)) if size >= k]
    errors = []
    for size in sizes:
        index, distance = nearest(queries, inputs[:size], k)
        mean = running_mean(fractions[index], distance, weighted=weighted)[:, -1]
        errors.append(100 * np.abs(mean - true).mean())
    if n_training == len(inputs) or len(sizes) < 3 or min(errors) == 0:
        return float(errors[-1])
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    return float(errors[-1] * (n_training / len(inputs)) ** slope)
