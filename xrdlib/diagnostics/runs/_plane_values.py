"""What networks make of the validation set, of a target, and of the test samples around it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from xrdlib.data import SPACE, Experiment
from xrdlib.diagnostics.checkpoints import checkpoints
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.runs._weights import predict_at
from xrdlib.diagnostics.target import Target, resimulate
from xrdlib.metrics import curve_error
from xrdlib.training import Network, Study, StudyError
from xrdlib.training.inputs import validation_curves

__all__ = ["evaluate"]

FloatArray = NDArray[np.float64]


def evaluate(
    study: Study, target: Target, network: Network, weights: FloatArray, n_validation: int, k: int
) -> tuple[FloatArray, FloatArray, FloatArray, str]:
    """Validation loss, the target's error, its neighbours' (n_networks, k), and what the target's error is."""
    training = study.config.training
    curves, expected = validation_curves(study.config, n_validation)
    near, near_expected = _neighbours(study, target, k)
    inputs = torch.cat([curves, near, torch.from_numpy(target.inputs(study))])
    predicted = predict_at(network, weights, inputs)
    n = len(curves)
    off = np.abs(predicted[:, :n] - expected.numpy())
    loss = off if training.loss == "l1" else np.square(off)
    val_loss = (loss * np.asarray(training.parameter_weights)).mean(axis=(1, 2))
    near_error = 100 * np.abs(predicted[:, n:-1] - near_expected).mean(axis=2)
    own = predicted[:, -1]
    if target.true is not None:
        return val_loss, 100 * np.abs(own - SPACE.normalise(target.true)).mean(axis=1), near_error, "error (%)"
    found = checkpoints(study, target)
    simulated = resimulate(SPACE.denormalise(own), target.angle, found.nuisances, study.config.dataset)
    return val_loss, curve_error(simulated, target.intensity).rmse, near_error, "curve RMSE"


def _neighbours(study: Study, target: Target, k: int) -> tuple[Tensor, FloatArray]:
    """Curves of the test samples nearest to a target, recorded as it was but without noise; their parameters."""
    config = study.config
    test_set = like_training(study)
    samples = study.test_predictions(test_set)[1]
    if not 2 <= k <= len(samples):
        raise StudyError(f"k = {k}: 2 to {len(samples)} expected, the {test_set} test samples")
    n_valid = None
    if target.true is not None and isinstance(target.source, Experiment) and target.nuisances is not None:
        point, nuisances, background = target.true, target.nuisances, target.source.instrument.background
    else:
        found = checkpoints(study, target)
        point, nuisances = found.point, found.nuisances
        simulated = resimulate(point[None], target.angle, nuisances, config.dataset)
        misfit = curve_error(simulated, target.intensity)
        background = float(misfit.background[0] / (misfit.scale[0] * simulated.max()))
        n_valid = np.full(k, np.searchsorted(config.dataset.scan.angle, target.angle[-1] + 1e-6, side="right"))
    tree = cKDTree(SPACE.normalise(samples))
    nearest = samples[np.asarray(tree.query(SPACE.normalise(point), k=k)[1])]
    curves = resimulate(nearest, config.dataset.scan.angle, nuisances, config.dataset)
    recorded = curves / curves.max(axis=1, keepdims=True) + background
    return torch.from_numpy(config.preprocess(recorded, n_valid)), SPACE.normalise(nearest)
