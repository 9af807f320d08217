"""Training curves to look up in: re-simulated with a target's nuisances, or measured as they were in training."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.diagnostics.lookup._lookup import Inputs, nearest_curves
from xrdlib.diagnostics.target import Nuisances, Target, _reflectivity, fit_nuisances, resimulate
from xrdlib.metrics import curve_error
from xrdlib.training import Study, StudyConfig

__all__ = [
    "clean_curves",
    "covered_by",
    "fitted_background",
    "library_nuisances",
    "trained_inputs",
    "training_library",
]

FloatArray = NDArray[np.float64]
Curves = NDArray[np.float32]

_CHUNK = 2048
_PER_INSTRUMENT = 16  # new curves that share a draw of the resolution, as in a study's test sets
_SHORTLIST = 20  # curves to which a background is fitted
_CLOSEST = 10  # and those to which resolution and disorder are: more cost much and change nothing
_ROUNDS = 3
_LOWEST = 5  # % of a curve's points


def clean_curves(parameters: FloatArray, nuisances: Nuisances, config: StudyConfig) -> Curves:
    """Curves on the study's scan without noise or background, peak 1, shape (n, n_points)."""
    out = np.empty((len(parameters), config.dataset.scan.n_points), dtype=np.float32)
    for start in range(0, len(parameters), _CHUNK):
        rows = slice(start, start + _CHUNK)
        curves = resimulate(parameters[rows], config.dataset.scan.angle, nuisances, config.dataset)
        out[rows] = curves / curves.max(axis=1, keepdims=True)
    return out


def trained_inputs(
    parameters: FloatArray, config: StudyConfig, rng: np.random.Generator, *, new: bool = False
) -> Inputs:
    """Curves as the network saw them in training, shape (n, n_points): noise-free, or measured with drawn nuisances.

    ``new`` curves take their resolution in small groups, so that few of them still see many instruments.
    """
    data, draw = config.dataset, config.measurement
    if draw is None:
        return config.preprocess(clean_curves(parameters, Nuisances(), config))
    if new:
        draw = replace(draw, curves_per_instrument=_PER_INSTRUMENT)
    out = np.empty((len(parameters), data.scan.n_points), dtype=np.float32)
    for start in range(0, len(parameters), _CHUNK):
        some = parameters[start : start + _CHUNK]
        stored = _reflectivity(some, data.grid.angle, data, rng.uniform(*data.disorder, size=len(some)))
        curves = draw.draw(stored.astype(np.float32), data.grid, data.scan, rng)
        out[start : start + _CHUNK] = config.preprocess(*curves)
    return out


class Library(NamedTuple):
    """Training samples drawn at random, (n, 7), their curves as the network saw them, and the samples not drawn."""

    parameters: FloatArray
    inputs: Inputs
    others: FloatArray
    state: Any

    @property
    def rng(self) -> np.random.Generator:
        """The generator as it was left, for further draws."""
        rng = np.random.default_rng()
        rng.bit_generator.state = self.state
        return rng


@lru_cache(maxsize=2)  # neighbours and gap look up the same
def training_library(study: Study, n: int, seed: int) -> Library:
    """Some of a study's training curves."""
    rng, training = np.random.default_rng(seed), study.training_parameters
    order = rng.permutation(len(training))
    parameters = training[order[:n]]
    inputs = trained_inputs(parameters, study.config, rng)
    inputs.flags.writeable = False
    return Library(parameters, inputs, training[order[n:]], rng.bit_generator.state)


def covered_by(target: Target, config: StudyConfig) -> NDArray[np.bool_]:
    """Points of the study's scan up to a curve's end; beyond it the curve is filled, which is no evidence."""
    return np.asarray(config.dataset.scan.angle <= target.angle[-1] + 1e-6)


def library_nuisances(study: Study, target: Target, library: FloatArray) -> Nuisances:
    """Resolution and disorder of a measured curve, fitted to the library curves that come closest; no network in it.

    Closest in a first look-up, with the resolution of noise-free training curves, among the samples ``library`` (n, 7).
    """
    config, query = study.config, target.inputs(study)[0]
    covered, curves = covered_by(target, config), clean_curves(library, Nuisances(), config)
    background = fitted_background(target, query, Nuisances(), (library, curves), config)
    closest, _ = nearest_curves(
        query[covered], config.preprocess(curves + np.float32(background))[:, covered], _CLOSEST
    )
    nuisances, _ = fit_nuisances(library[closest], target.angle, target.intensity, config.dataset)
    return nuisances


def fitted_background(
    target: Target,
    query: Inputs,
    nuisances: Nuisances,
    library: tuple[FloatArray, Curves],
    config: StudyConfig,
) -> float:
    """Background of a measured curve relative to its peak, from the library curve that comes closest with it.

    The curve's own lowest part is the most it can be, and the first value; those that come closest with one value give
    the next. The network has no say in it, if it had none in ``nuisances``.
    """
    parameters, curves = library
    covered = covered_by(target, config)
    most = background = float(np.percentile(target.intensity, _LOWEST) / target.intensity.max())
    for _ in range(_ROUNDS):
        inputs = config.preprocess(curves + np.float32(background))[:, covered]
        closest, _ = nearest_curves(query[covered], inputs, _SHORTLIST)
        simulated = resimulate(parameters[closest], target.angle, nuisances, config.dataset)
        misfit = curve_error(simulated, target.intensity)
        i = int(misfit.rmse.argmin())
        background = min(most, float(misfit.background[i] / (misfit.scale[i] * simulated[i].max())))
    return background
