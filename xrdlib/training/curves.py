"""The three sets of a study, never mixed: training, validation, and two test sets; and its experiments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xrdlib.data.build import simulate_rows
from xrdlib.data.dataset import Dataset
from xrdlib.data.sampling import sample
from xrdlib.simulation import CRYSTALS, YIG_FILM, reflectivity
from xrdlib.training.config import StudyConfig, StudyError
from xrdlib.training.inputs import PER_INSTRUMENT, draw_validation, fractions, fresh_seed, network_inputs, split

__all__ = ["StudyCurves", "TestSet", "TrainingCurves"]


@dataclass(frozen=True)
class TestSet:
    """Curves that no epoch was trained on: inputs (n, n_points) and parameters (n, 7)."""

    __test__ = False  # not pytest's

    name: str
    inputs: Tensor
    parameters: NDArray[np.float64]


class TrainingCurves(NamedTuple):
    """Curves of one epoch: inputs (n, n_points), fractions of range (n, 7), and how much each counts, (n,)."""

    inputs: Tensor
    targets: Tensor
    weights: Tensor


class _Samples(NamedTuple):
    parameters: NDArray[np.float64]
    reflectivity: NDArray[np.float32]


@dataclass(frozen=True)
class StudyCurves:
    """Network inputs and targets of one study; every random draw comes from (seed, purpose, epoch).

    Attributes
    ----------
    config : StudyConfig
    dataset, extra : Dataset or None
        Of ``config.dataset`` and ``config.extra``; what is missing is simulated anew where its curves are needed.
    """

    config: StudyConfig
    dataset: Dataset | None = None
    extra: Dataset | None = None

    @cached_property
    def _parameters(self) -> NDArray[np.float64]:
        return self.config.dataset.parameters() if self.dataset is None else self.dataset.parameters

    @cached_property
    def _extra_parameters(self) -> NDArray[np.float64]:
        extra = self.config.extra
        assert extra is not None
        return extra.parameters() if self.extra is None else self.extra.parameters

    def _reflectivity(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if self.dataset is None:
            return simulate_rows(self.config.dataset, rows)[1]
        return self.dataset.take(rows)

    @cached_property
    def _split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return split(self.config)

    @cached_property
    def _rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of dataset and extra dataset that are trained on: none held out, none out of focus."""
        own = self._split[0]
        own = own[self._in_focus(self._parameters[own])]
        if self.config.extra is None:
            return own, np.empty(0, dtype=np.int64)
        more = self._extra_parameters
        return own, np.flatnonzero(self._in_focus(more) & ~self._held_out(more))

    def _in_focus(self, parameters: NDArray[np.float64]) -> NDArray[np.bool_]:
        focus = self.config.focus
        return np.ones(len(parameters), dtype=bool) if focus is None else focus.distance(parameters) <= focus.radius

    def _held_out(self, parameters: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of some samples are in the validation set or in a test set."""
        sets = (self._parameters[self._split[1]], *self._test_parameters)
        known = {row.tobytes() for held in sets for row in held.astype(np.float32)}
        return np.array([row.tobytes() in known for row in parameters.astype(np.float32)], dtype=bool)

    @cached_property
    def training_parameters(self) -> NDArray[np.float64]:
        """Parameters of the samples trained on, shape (n, 7); of fresh curves those of the dataset."""
        own, more = self._rows
        parts = [self._parameters[own]] + ([self._extra_parameters[more]] if more.size else [])
        found = np.concatenate(parts)
        if not len(found):
            assert self.config.focus is not None
            self.config.focus.weights(self._parameters)  # says how far the nearest sample is
        return found

    @cached_property
    def _samples(self) -> _Samples:
        return self._read()

    def _read(self) -> _Samples:
        return self._some(np.arange(len(self.training_parameters)))

    def _some(self, samples: NDArray[np.int64]) -> _Samples:
        """Some of the samples trained on, those of the dataset before those of the extra one."""
        own, more = self._rows
        parts = [self._reflectivity(own[samples[samples < own.size]])]
        if (samples >= own.size).any():
            extra, rows = self.config.extra, more[samples[samples >= own.size] - own.size]
            assert extra is not None
            parts.append(simulate_rows(extra, rows)[1] if self.extra is None else self.extra.take(rows))
        return _Samples(self.training_parameters[samples], np.concatenate(parts) if len(parts) > 1 else parts[0])

    @property
    def chunks(self) -> list[NDArray[np.int64]]:
        """The samples trained on, as rows of `training_parameters`, by the chunks that they are stored in."""
        own, more = self._rows
        chunk = own // self.config.dataset.chunk_size
        if self.config.extra is not None:
            chunk = np.concatenate([chunk, self.config.dataset.n_chunks + more // self.config.extra.chunk_size])
        return np.split(np.arange(chunk.size), np.flatnonzero(np.diff(chunk)) + 1)

    def part(self, samples: NDArray[np.int64], epoch: int, k: int) -> TrainingCurves:
        """The ``k``-th pool of an epoch: some of the samples trained on, or so many fresh ones.

        Epoch 0 is always the dataset.
        """
        fresh, rng = self.config.training.fresh and epoch > 0, None
        if self.config.measurement is not None:
            rng = np.random.default_rng([self.config.seed, 2, epoch, k])
        seed = fresh_seed(self.config.dataset.seed, epoch, k)
        return self._curves(self._drawn(samples.size, seed) if fresh else self._some(samples), rng)

    def _fresh(self, epoch: int) -> _Samples:
        """Samples of one epoch, in the place of the dataset's own; those of the extra dataset stay."""
        drawn = self._drawn(self._split[0].size, fresh_seed(self.config.dataset.seed, epoch))
        more = self._rows[0].size
        return _Samples(
            np.concatenate([drawn.parameters, self._samples.parameters[more:]]),
            np.concatenate([drawn.reflectivity, self._samples.reflectivity[more:]]),
        )

    def _drawn(self, n: int, seed: int) -> _Samples:
        """New samples like the dataset's, ``n`` but for those out of focus or held out."""
        draw = replace(self.config.dataset, size=n, chunk_size=n, seed=seed)
        parameters, stored = simulate_rows(draw, np.arange(n))
        kept = self._in_focus(parameters) & ~self._held_out(parameters)
        return _Samples(parameters[kept], stored[kept])

    @cached_property
    def _clean(self) -> TrainingCurves:
        return self._curves(self._read(), None)  # the reflectivity is not needed again

    def epoch(self, epoch: int) -> TrainingCurves:
        """What one epoch is trained on: the same every time, or measured or even drawn afresh.

        Epoch 0, by which inputs are standardised, is always the dataset.
        """
        fresh, rng = self.config.training.fresh and epoch > 0, None
        if self.config.measurement is None and not fresh:
            return self._clean
        if self.config.measurement is not None:
            rng = np.random.default_rng([self.config.seed, 2, epoch])
        return self._curves(self._fresh(epoch) if fresh else self._samples, rng)

    def _curves(self, samples: _Samples, rng: np.random.Generator | None) -> TrainingCurves:
        n, focus = len(samples.parameters), self.config.focus
        weights = np.ones(n) if focus is None else focus.weights(samples.parameters)
        return TrainingCurves(
            self._inputs(samples.reflectivity, rng),
            fractions(samples.parameters),
            torch.from_numpy(weights.astype(np.float32)),
        )

    @cached_property
    def validation(self) -> tuple[Tensor, Tensor]:
        """Inputs and targets of the validation set, measured once and for all."""
        rows = self._split[1]
        return draw_validation(self.config, self._parameters[rows], self._reflectivity(rows))

    @cached_property
    def tests(self) -> tuple[TestSet, TestSet]:
        """The test sets ``grid`` (without the dataset's own points) and ``uniform``."""
        grid, uniform = self._test_parameters
        return self._test("grid", grid, 6), self._test("uniform", uniform, 7)

    @cached_property
    def _test_parameters(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n, seed = self.config.training.test_size, self.config.seed
        known = {row.tobytes() for row in self._parameters.astype(np.float32)}
        candidates = sample(3 * n, "grid", seed=np.random.SeedSequence([seed, 4]))
        new = np.array([row.tobytes() not in known for row in candidates.astype(np.float32)])
        if new.sum() < n:
            raise StudyError(f"test_size: the grid holds fewer than {n} points outside this dataset; take fewer")
        return candidates[new][:n], sample(n, "uniform", seed=np.random.SeedSequence([seed, 5]))

    def _test(self, name: str, parameters: NDArray[np.float64], purpose: int) -> TestSet:
        config = self.config.dataset
        rng = np.random.default_rng([self.config.seed, purpose])
        stored = reflectivity(
            parameters,
            config.grid.angle,
            crystal=CRYSTALS[config.crystal],
            film=YIG_FILM if config.film else None,
            layer_thickness=config.layer_thickness,
            disorder=rng.uniform(*config.disorder, size=parameters.shape[0]),
        )
        return TestSet(name, self._inputs(stored.astype(np.float32), rng, PER_INSTRUMENT), parameters)

    @cached_property
    def experiments(self) -> Tensor:
        """Inputs of the tracked experiments, shape (n_experiments, n_points)."""
        curves = [self.config.curve(e) for e in self.config.experiments]
        return torch.from_numpy(self.config.preprocess(np.stack(curves)))

    def _inputs(
        self, stored: NDArray[np.float32], rng: np.random.Generator | None, per_instrument: int | None = None
    ) -> Tensor:
        return network_inputs(self.config, stored, rng, per_instrument)
