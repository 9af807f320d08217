"""Steps and slopes of many samples: what `sensitivity` is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.sampling import sample
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.information._forward import Forward, Source
from xrdlib.simulation import PARAMETERS
from xrdlib.simulation.strain import strain_layers
from xrdlib.training import Study

__all__ = ["FLOOR", "Slopes", "jumps", "perturbed", "population_of", "slopes", "stepped", "steps"]

FloatArray = NDArray[np.float64]

FLOOR = 1e-3  # of the peak: a background as measured curves have it
_CHUNK = 64  # samples at a time


def population_of(source: Source, n: int, seed: int) -> tuple[FloatArray, str]:
    """Samples (at most n, 7) that stand for all curves of a source, and what they are."""
    if isinstance(source, Study):
        name = like_training(source)
        true = source.test_predictions(name)[1]
        rows = true[np.sort(np.random.default_rng(seed).permutation(len(true))[:n])]
        return rows, f"{name} test samples"
    kind = source.sampling if isinstance(source, DatasetConfig) else "uniform"
    return sample(n, kind, seed=seed), f"{kind} samples"


@dataclass(frozen=True)
class Slopes:
    """Curve and slopes (per range) of the first row, RMS slopes of the others, and each row's RMS over the curve."""

    curve: FloatArray
    first: FloatArray
    rms: FloatArray
    rmse: FloatArray


def slopes(model: Forward, rows: FloatArray) -> Slopes:
    """Of the first row, and summed up of the others."""
    curve, first, total, rmse = np.empty(0), np.empty(0), 0.0, []
    for start in range(0, len(rows), _CHUNK):
        found = model.derivatives(rows[start : start + _CHUNK], instrumental=False)
        _check_positive(found.curves)
        found_slopes = found.parameters / (np.log(10) * found.curves[:, None])
        square = found_slopes**2
        if start == 0:
            curve, first, total = found.curves[0], found_slopes[0], -square[0]
        rmse.append(np.sqrt(square.mean(axis=2)))
        total = total + square.sum(axis=0)
    return Slopes(curve, first, np.asarray(np.sqrt(np.maximum(total, 0) / (len(rows) - 1))), np.concatenate(rmse))


def steps(model: Forward, rows: FloatArray, step: float) -> dict[str, tuple[FloatArray, FloatArray]]:
    """RMSE and MAE of log10 intensity, each (n, 7), of steps in every parameter of every row.

    Under "value" and "range" for steps of these, under "background" for those of the range where a background of
    ``FLOOR`` of the row's peak is added to both curves.
    """
    found: dict[str, tuple[list[FloatArray], list[FloatArray]]] = {
        m: ([], []) for m in ("value", "range", "background")
    }
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        before = model.curves(part)[:, None]
        _check_positive(before)
        floor = FLOOR * before.max(axis=2, keepdims=True)
        for of in ("value", "range"):
            changed = perturbed(part, step, of)
            after = model.curves(changed.reshape(-1, len(PARAMETERS))).reshape(*changed.shape[:2], -1)
            _check_positive(after)
            differences = {of: np.log10(after / before)}
            if of == "range":
                differences["background"] = np.log10((after + floor) / (before + floor))
            for measure, difference in differences.items():
                found[measure][0].append(np.sqrt((difference**2).mean(axis=2)))
                found[measure][1].append(np.abs(difference).mean(axis=2))
    return {measure: (np.concatenate(rmse), np.concatenate(mae)) for measure, (rmse, mae) in found.items()}


def jumps(source: Source, rows: FloatArray, step: float) -> NDArray[np.bool_] | None:
    """Whether a step of the range changes the number of sublayers, (n, 7); None for a callable."""
    config = source.config.dataset if isinstance(source, Study) else source
    if not isinstance(config, DatasetConfig):
        return None
    changed = perturbed(rows, step, "range")
    after = strain_layers(changed.reshape(-1, len(PARAMETERS)), layer_thickness=config.layer_thickness)[1]
    before = strain_layers(rows, layer_thickness=config.layer_thickness)[1]
    return np.asarray(after.reshape(changed.shape[:2]) != before[:, None])


def perturbed(parameters: FloatArray, step: float, of: str) -> FloatArray:
    """Each of n points with each of its seven parameters changed by a step, shape (n, 7, 7): [point, changed, :].

    A step of the range goes up, and down where only up would leave the parameter space (or, outside of it, the range).
    A step of the value is the note's factor 1 + step, wherever it leads.
    """
    rows = np.repeat(parameters[:, None, :], len(PARAMETERS), axis=1)
    diagonal = np.arange(len(PARAMETERS))
    rows[:, diagonal, diagonal] = stepped(parameters, step, of)
    if of == "range":
        down = rows.copy()
        down[:, diagonal, diagonal] = stepped(parameters, -step, of)
        up_is_in, down_is_in = (SPACE.valid(r.reshape(-1, len(PARAMETERS))).reshape(r.shape[:2]) for r in (rows, down))
        upper = SPACE.normalise(parameters) > 0.5
        rows = np.where((~up_is_in & (down_is_in | upper))[..., None], down, rows)
    return np.asarray(rows)


def stepped(parameters: FloatArray, step: float, of: str) -> FloatArray:
    """Parameters (..., 7), each changed by a fraction of its range or its value."""
    if of not in ("range", "value"):
        raise ValueError(f"of = {of!r}: 'range' or 'value' expected")
    if not np.isfinite(step):
        raise ValueError(f"step = {step}: a finite fraction expected")
    return np.asarray(parameters + step * (SPACE.range if of == "range" else parameters))


def _check_positive(curves: FloatArray) -> None:
    if not (curves > 0).all():
        raise ValueError("simulate: an intensity of 0 or below; log10 intensity is compared, give positive curves")
