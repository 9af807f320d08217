"""The three sets of a study, never mixed: training, validation, and two test sets; and its experiments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xrdlib.data.build import simulate_rows
from xrdlib.data.dataset import Dataset
from xrdlib.data.sampling import sample
from xrdlib.data.space import SPACE
from xrdlib.simulation import CRYSTALS, YIG_FILM, Grid, Instrument, measure, reflectivity
from xrdlib.training.config import StudyConfig, StudyError

__all__ = ["StudyCurves", "TestSet", "training_parameters", "validation_curves"]

_CHUNK = 4096
_PER_INSTRUMENT = 16  # curves of the validation and test sets that share a resolution: many instruments, once


@dataclass(frozen=True)
class TestSet:
    """Curves that no epoch was trained on: inputs (n, n_points) and parameters (n, 7)."""

    __test__ = False  # not pytest's

    name: str
    inputs: Tensor
    parameters: NDArray[np.float64]


@dataclass(frozen=True)
class StudyCurves:
    """Network inputs and targets of one study; every random draw comes from (seed, purpose, epoch).

    Attributes
    ----------
    config : StudyConfig
    dataset : Dataset
    """

    config: StudyConfig
    dataset: Dataset

    @cached_property
    def _reflectivity(self) -> NDArray[np.float32]:
        return self.dataset.reflectivity()

    @cached_property
    def _split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return _split(self.config)

    @property
    def training_parameters(self) -> NDArray[np.float64]:
        """Parameters of the training set, shape (n, 7)."""
        return self.dataset.parameters[self._split[0]]

    @cached_property
    def targets(self) -> Tensor:
        """Training parameters as fractions of their ranges, shape (n, 7)."""
        return _fractions(self.training_parameters)

    @cached_property
    def _clean(self) -> Tensor:
        return self._inputs(self._reflectivity[self._split[0]], None)

    def epoch(self, epoch: int) -> Tensor:
        """Training inputs (n, n_points) of one epoch: the same every time, or measured afresh."""
        if self.config.measurement is None:
            return self._clean
        return self._inputs(self._reflectivity[self._split[0]], np.random.default_rng([self.config.seed, 2, epoch]))

    @cached_property
    def validation(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets of the validation set, measured once and for all."""
        rows = self._split[1]
        return _validation(self.config, self.dataset.grid, self.dataset.parameters[rows], self._reflectivity[rows])

    @cached_property
    def tests(self) -> tuple[TestSet, TestSet]:
        """The test sets ``grid`` (without the dataset's own points) and ``uniform``."""
        n, seed = self.config.training.test_size, self.config.seed
        known = {row.tobytes() for row in self.dataset.parameters.astype(np.float32)}
        candidates = sample(3 * n, "grid", seed=np.random.SeedSequence([seed, 4]))
        new = np.array([row.tobytes() not in known for row in candidates.astype(np.float32)])
        if new.sum() < n:
            raise StudyError(f"test_size: the grid holds fewer than {n} points outside this dataset; take fewer")
        uniform = sample(n, "uniform", seed=np.random.SeedSequence([seed, 5]))
        return self._test("grid", candidates[new][:n], 6), self._test("uniform", uniform, 7)

    def _test(self, name: str, parameters: NDArray[np.float64], purpose: int) -> TestSet:
        config = self.config.dataset
        rng = np.random.default_rng([self.config.seed, purpose])
        stored = reflectivity(
            parameters,
            self.dataset.grid.angle,
            crystal=CRYSTALS[config.crystal],
            film=YIG_FILM if config.film else None,
            layer_thickness=config.layer_thickness,
            disorder=rng.uniform(*config.disorder, size=parameters.shape[0]),
        )
        return TestSet(name, self._inputs(stored.astype(np.float32), rng, _PER_INSTRUMENT), parameters)

    @cached_property
    def experiments(self) -> Tensor:
        """Inputs of the tracked experiments, shape (n_experiments, n_points)."""
        curves = [self.config.curve(e) for e in self.config.experiments]
        return torch.from_numpy(self.config.preprocess(np.stack(curves)))

    def _inputs(
        self, stored: NDArray[np.float32], rng: np.random.Generator | None, per_instrument: int | None = None
    ) -> Tensor:
        return _inputs(self.config, self.dataset.grid, stored, rng, per_instrument)


def training_parameters(config: StudyConfig) -> NDArray[np.float64]:
    """Parameters of the training set, shape (n, 7), lengths in A, drawn anew."""
    dataset = config.dataset
    return sample(dataset.size, dataset.sampling, seed=dataset.seed)[_split(config)[0]]


def validation_curves(config: StudyConfig, n: int | None = None) -> tuple[Tensor, Tensor]:
    """Curves of the validation set, simulated anew: a study needs no dataset beside it.

    Parameters
    ----------
    config : StudyConfig
    n : int, optional
        Only the first so many; they are in random order. By default all.

    Returns
    -------
    inputs : Tensor, shape (n, n_points)
    targets : Tensor, shape (n, 7)
        Parameters as fractions of their ranges.

    Raises
    ------
    StudyError
        If there are fewer than ``n``.
    """
    rows = _split(config)[1]
    count = rows.size if n is None else n
    if not 1 <= count <= rows.size:
        raise StudyError(f"n = {n}: 1 to {rows.size} expected, the curves of the validation set")
    # noise is drawn for all curves of a chunk at once: to be these curves it must be drawn for the others, too
    needed = count if config.measurement is None else -(-count // _CHUNK) * _CHUNK
    inputs, targets = _validation(config, config.dataset.grid, *simulate_rows(config.dataset, rows[:needed]))
    return inputs[:count], targets[:count]


def _split(config: StudyConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the training and of the validation set."""
    n = config.dataset.size
    order = np.random.default_rng([config.seed, 1]).permutation(n)
    n_validation = max(1, round(n * config.training.validation_fraction))
    return np.sort(order[n_validation:]), np.sort(order[:n_validation])


def _validation(
    config: StudyConfig, grid: Grid, parameters: NDArray[np.float64], stored: NDArray[np.float32]
) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng([config.seed, 3])
    return _inputs(config, grid, stored, rng, _PER_INSTRUMENT), _fractions(parameters)


def _inputs(
    config: StudyConfig,
    grid: Grid,
    stored: NDArray[np.float32],
    rng: np.random.Generator | None,
    per_instrument: int | None,
) -> Tensor:
    scan, measurement = config.dataset.scan, config.measurement
    out = np.empty((stored.shape[0], scan.n_points), dtype=np.float32)
    for start in range(0, stored.shape[0], _CHUNK):
        rows = slice(start, start + _CHUNK)
        if measurement is None:
            out[rows] = config.preprocess(measure(stored[rows].astype(float), grid, scan.angle, Instrument()))
        else:
            assert rng is not None
            draw = replace(measurement, curves_per_instrument=per_instrument or measurement.curves_per_instrument)
            out[rows] = config.preprocess(*draw.draw(stored[rows], grid, scan, rng))
    return torch.from_numpy(out)


def _fractions(parameters: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(SPACE.normalise(parameters).astype(np.float32))
