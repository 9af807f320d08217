"""Rules by which an epoch is picked for one target: what each needs, and the trace whose lowest point it takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xrdlib.data import SPACE
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.comparable import like_target, like_training
from xrdlib.metrics import parameter_error
from xrdlib.training import Study, StudyError
from xrdlib.training.focus import Focus, effective_size

__all__ = ["RULES", "TEMPERATURE", "HeldOut", "Rules", "centre_of"]

FloatArray = NDArray[np.float64]

TEMPERATURE = 0.1
_SAY = 0.95  # of all weight: whose samples have that much had a say

# rule: by what it picks
RULES = {
    "final": "validation loss",
    "parameters": "true parameters",
    "curve": "its own curve",
    "neighbours": "nearest test samples",
    "weighted": "weighted held-out loss",
}


class HeldOut:
    """A test set's samples at every epoch: none was trained on them.

    Samples with a prediction that is not finite are left out.

    Parameters
    ----------
    study : Study
    test_set : {"grid", "uniform"}

    Attributes
    ----------
    true : ndarray, shape (n, 7)
        Lengths in A.
    predicted : ndarray, shape (n_epochs, n, 7)
        Lengths in A.
    error : ndarray, shape (n_epochs, n)
        Mean error of the seven parameters, % of range.
    loss : ndarray, shape (n_epochs, n)
        Of each sample, as the study's training defines it.
    """

    def __init__(self, study: Study, test_set: str) -> None:
        predicted, true = study.test_predictions(test_set)
        finite = np.isfinite(predicted).all(axis=(0, 2))
        if not finite.any():
            raise StudyError(f"study {study.config.name}: no sample of test set {test_set!r} has finite predictions")
        self.test_set, self.true, self.predicted = test_set, true[finite], predicted[:, finite]
        errors = parameter_error(self.predicted, self.true, SPACE.range)
        training, fractions = study.config.training, errors / 100
        self.error = np.asarray(errors.mean(axis=2))
        losses = fractions if training.loss == "l1" else np.square(fractions)
        self.loss = np.asarray((losses * training.parameter_weights).mean(axis=2))
        self._tree = cKDTree(SPACE.normalise(self.true))

    def nearest(self, centre: FloatArray, k: int) -> NDArray[np.int64]:
        """Rows of the k samples nearest to a point, shape (7,) in A."""
        return np.atleast_1d(self._tree.query(SPACE.normalise(centre), range(1, k + 1))[1])


@dataclass(frozen=True)
class Rules:
    """The rules with their settings, for one study.

    Attributes
    ----------
    study : Study
    k : int
        Nearest test samples whose mean parameter error picks the epoch.
    temperature : float
        Of the weights exp(-distance / temperature); infinity weights all alike.
    centre : {"truth", "prediction"} or None
        From where distances are taken: the true parameters, or what the chosen epoch predicts, clipped to the ranges.
        None is the truth where it is known: then the rules are told the answer, which nobody has of a measured curve.
    test_set : {"grid", "uniform"} or None
        By default ``weighted`` takes that which resembles the training set, since it stands in for the validation
        loss, and ``neighbours`` that which `luck` takes: ``uniform`` for a target between the points of a grid.

    Raises
    ------
    ValueError
        For a temperature that is not positive, a k that is not 1 or more, or an unknown centre.
    """

    study: Study
    k: int = 20
    temperature: float = TEMPERATURE
    centre: str | None = None
    test_set: str | None = None
    _held_out: dict[str, HeldOut] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature = {self.temperature}: a positive number expected (infinity: equal weights)")
        if isinstance(self.k, bool) or not isinstance(self.k, int | np.integer) or self.k < 1:
            raise ValueError(f"k = {self.k}: a whole number of test samples, 1 or more, expected")
        if self.centre not in (None, "truth", "prediction"):
            raise ValueError(f"centre = {self.centre!r}: 'truth' or 'prediction' expected")

    def trace(self, by: str, found: Checkpoints) -> FloatArray:
        """What a rule looks at, one number for each epoch of ``found``, shape (n_epochs,); it takes the lowest.

        Raises
        ------
        ValueError
            For an unknown rule, one that needs the truth where that is unknown, or k above the test set's size.
        """
        if by == "final":
            return found.val_loss
        if by == "curve":
            return found.curve_rmse
        if by == "parameters":
            if found.error is None:
                raise ValueError(
                    f"by = 'parameters': the true parameters of {found.target} are unknown; "
                    "'curve', 'neighbours' and 'weighted' need none"
                )
            return found.error
        if by not in RULES:
            raise ValueError(f"by = {by!r}: {', '.join(map(repr, RULES))} expected")
        held_out = self.held_out(by, found)
        rows = found.epochs - 1
        if by == "neighbours":
            return np.asarray(held_out.error[rows][:, self.nearest(found)].mean(axis=1))
        weights = self.weights(found)
        return np.asarray(held_out.loss[rows] @ weights / weights.sum())

    def pick(self, by: str, found: Checkpoints) -> int:
        """The epoch that a rule takes; of equals the first."""
        return int(found.epochs[self.trace(by, found).argmin()])

    def held_out(self, by: str, found: Checkpoints) -> HeldOut:
        """The test set that ``neighbours`` or ``weighted`` looks at, at every epoch of the study."""
        usual = like_training(self.study) if by == "weighted" else like_target(self.study, found.true)
        return self.samples(self.test_set or usual)

    def samples(self, test_set: str) -> HeldOut:
        """A test set, read once."""
        if test_set not in self._held_out:
            self._held_out[test_set] = HeldOut(self.study, test_set)
        return self._held_out[test_set]

    def nearest(self, found: Checkpoints) -> NDArray[np.int64]:
        """Rows of the k nearest among the samples that ``neighbours`` looks at."""
        held_out = self.held_out("neighbours", found)
        if self.k > len(held_out.true):
            raise ValueError(f"k = {self.k}: at most the {len(held_out.true)} {held_out.test_set} test samples")
        return held_out.nearest(centre_of(found, self.centre), self.k)

    def weights(self, found: Checkpoints) -> FloatArray:
        """Of the samples that ``weighted`` looks at, shape (n,), mean 1."""
        true = self.held_out("weighted", found).true
        return Focus(tuple(centre_of(found, self.centre)), temperature=self.temperature).weights(true)

    def heaviest(self, found: Checkpoints) -> NDArray[np.int64]:
        """Rows of the fewest samples that have 95 % of the weight, among those that ``weighted`` looks at."""
        weights = self.weights(found)
        order = np.argsort(-weights, kind="stable")
        return order[: 1 + int(np.searchsorted(np.cumsum(weights[order]), _SAY * weights.sum()))]

    def effective_samples(self, found: Checkpoints) -> float:
        """As many equally weighted samples tell as much as those that ``weighted`` weights."""
        return effective_size(self.weights(found))


def centre_of(found: Checkpoints, centre: str | None) -> FloatArray:
    """From where distances are taken, shape (7,), lengths in A.

    Raises
    ------
    ValueError
        For the truth where that is unknown.
    """
    if centre == "truth" and found.true is None:
        raise ValueError(
            f"centre = 'truth': the true parameters of {found.target} are unknown; 'prediction' needs none"
        )
    if centre != "prediction" and found.true is not None:
        return found.true
    return np.asarray(np.clip(found.predictions[found.row(found.chosen)], SPACE.minimum, SPACE.maximum))
