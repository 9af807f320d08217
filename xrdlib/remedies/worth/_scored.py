"""How good a remedy is: on the tracked experiments, on both test sets, and around the first experiment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xrdlib.data import SPACE, Region, sample
from xrdlib.diagnostics.runs._study_targets import draws_of_one
from xrdlib.diagnostics.target import Nuisances, Target, resimulate
from xrdlib.metrics import curve_error, parameter_error, profile_error
from xrdlib.simulation import strain_profile
from xrdlib.training import Study, StudyConfig
from xrdlib.training.study import predict

__all__ = ["Scorer", "seen_by"]

FloatArray = NDArray[np.float64]

_AROUND = 300  # curves around the first experiment
_HALF_WIDTH = 10.0  # % of range


@dataclass(frozen=True, eq=False)
class Scorer:
    """Scores predictions for the curves of one study, whoever made them.

    Attributes
    ----------
    study : Study
        Whose experiments and test sets are predicted: before any remedy.
    """

    study: Study

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """The tracked experiments."""
        return tuple(Target.of(e, self.study) for e in self.study.config.experiments)

    @cached_property
    def around(self) -> FloatArray:
        """Points within 10 % of range of the first experiment, shape (n, 7): its neighbourhood, never trained on."""
        region = Region(tuple(self.study.config.experiments[0].parameters.to_array()), _HALF_WIDTH)
        return sample(_AROUND, "uniform", seed=np.random.SeedSequence([self.study.config.seed, 10]), space=region.space)

    def experiment(self, target: Target, predicted: FloatArray) -> dict[str, float]:
        """Error (% of range), profile error (of the strain, 1e-3) and curve RMSE (log10) of one prediction (7,)."""
        assert target.true is not None
        assert target.nuisances is not None
        inside = np.clip(predicted, SPACE.minimum, SPACE.maximum)
        dataset = self.study.config.dataset
        curve = resimulate(inside[None], target.angle, target.nuisances, dataset)
        mine, true = (strain_profile(p, layer_thickness=dataset.layer_thickness).strain for p in (inside, target.true))
        return {
            "error": float(parameter_error(predicted, target.true, SPACE.range).mean()),
            "profile": float(profile_error(mine, true)),
            "curve": float(curve_error(curve, target.intensity).rmse[0]),
        }

    def experiments(self, predicted: dict[str, FloatArray]) -> dict[str, float]:
        """`experiment` of every tracked one by name; those that differ in their noise only as one, their mean."""
        return {
            f"{name} {quantity}": float(np.mean([score[quantity] for score in scores]))
            for name, group in draws_of_one(self.targets).items()
            if (scores := [self.experiment(target, predicted[target.name]) for target in group])
            for quantity in scores[0]
        }

    def tests(self, predicted: dict[str, FloatArray]) -> dict[str, float]:
        """Mean errors (% of range) of predictions (n, 7) for each test set."""
        errors = {}
        for name, values in predicted.items():
            true = self.study.test_predictions(name)[1]
            errors[name] = float(parameter_error(values, true, SPACE.range).mean())
        return errors

    def neighbourhood(self, predicted: FloatArray) -> dict[str, float]:
        """Of predictions (n, 7) for `around`: their mean error (% of range), and how far they follow the truth.

        ``follow`` is the mean over the parameters of the slope of prediction against truth: 1 for a network that reads
        the curve, 0 for one that answers the same whatever it sees.
        """
        true = self.around
        centred = true - true.mean(axis=0)
        slope = (centred * (predicted - predicted.mean(axis=0))).sum(axis=0) / np.square(centred).sum(axis=0)
        error = float(parameter_error(predicted, true, SPACE.range).mean())
        return {"around error": error, "around follow": float(slope.mean())}


def seen_by(network: nn.Module, config: StudyConfig, around: FloatArray) -> FloatArray:
    """What a network predicts for noise-free curves of points (n, 7), as its configuration prepares them."""
    curves = resimulate(around, config.dataset.scan.angle, Nuisances(), config.dataset)
    inputs = torch.from_numpy(np.ascontiguousarray(config.preprocess(curves), dtype=np.float32))
    return SPACE.denormalise(predict(network, inputs))
