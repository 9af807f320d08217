"""The rules on test samples in the place of an experiment: what they gain for a sample as it comes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.epochs._fresh_draws import from_own_curves
from xrdlib.diagnostics.epochs._transfer import Transfer, between_samples
from xrdlib.remedies.selecting._selection_rules import HeldOut, Rules

__all__ = ["on_test_samples"]

FloatArray = NDArray[np.float64]


def on_test_samples(rules: Rules, found: Checkpoints, n_curves: int, seed: int) -> tuple[Transfer, ...]:
    """Rules ``neighbours`` and ``weighted`` on every test sample, ``curve`` on some; scored by their true parameters.

    A sample is left out of what picks its epoch. Distances are taken from its true parameters, and for the keys that
    end in ``_prediction`` from what the final epoch predicts for it: the truth is also what is scored.
    """
    rows, final = found.epochs - 1, found.row(found.final)
    around, likely = (rules.held_out(rule, found) for rule in ("neighbours", "weighted"))
    transfers = list(from_own_curves(rules.study, around.true[:n_curves], np.random.default_rng(seed), seed))
    for suffix, epoch in (("", 0), ("_prediction", found.final)):
        if rules.k < len(around.true):
            nearest = np.argpartition(_distances(around, epoch), rules.k - 1, axis=1)[:, : rules.k]
            among = np.zeros((len(around.true),) * 2)
            np.put_along_axis(among, nearest, 1 / rules.k, axis=1)
            looked_at = around.error[rows] @ among.T
            transfers.append(_scored(f"neighbours{suffix}", around, rows, final, looked_at, seed))
        if len(likely.true) > 1:
            weights = _weights(_distances(likely, epoch), rules.temperature)
            looked_at = likely.loss[rows] @ weights.T / weights.sum(axis=1)
            transfers.append(_scored(f"weighted{suffix}", likely, rows, final, looked_at, seed))
    return tuple(transfers)


def _distances(held_out: HeldOut, epoch: int) -> FloatArray:
    """From each sample's true parameters (epoch 0), or an epoch's prediction, to all samples (n, n); not to itself."""
    places = SPACE.normalise(held_out.true)
    centres = np.clip(SPACE.normalise(held_out.predicted[epoch - 1]), 0, 1) if epoch else places
    squares = np.square(centres).sum(axis=1)[:, None] + np.square(places).sum(axis=1)
    distance = np.sqrt(np.maximum(squares - 2 * centres @ places.T, 0))
    np.fill_diagonal(distance, np.inf)
    return np.asarray(distance)


def _weights(distance: FloatArray, temperature: float) -> FloatArray:
    """As `Focus` weights, of every row's sample; 0 of itself."""
    nearest = distance.min(axis=1, keepdims=True)
    itself = np.isinf(distance)
    beyond = np.where(itself, 0.0, distance - nearest)  # infinity by an infinite temperature
    return np.asarray(np.where(itself, 0.0, np.exp(-beyond / temperature)))


def _scored(
    key: str, held_out: HeldOut, rows: NDArray[np.int64], final: int, looked_at: FloatArray, seed: int
) -> Transfer:
    error = held_out.error[rows]
    regret = error[final] - error.min(axis=0)
    kept = error[final] - error[looked_at.argmin(axis=0), np.arange(error.shape[1])]
    scored = between_samples(regret, kept, seed=seed)
    return Transfer(key, f"{held_out.test_set} test samples", "test samples", len(held_out.true), *scored)
