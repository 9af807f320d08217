"""Is a study what it was: files, numbers, and whether its weights give its predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xrdlib.data.space import SPACE
from xrdlib.training.config import StudyError
from xrdlib.training.hashes import check_hashes, read_hashes
from xrdlib.training.study import Study, checkpoint_path, read_weights

__all__ = ["StudyCheck", "check_study"]

_AGREE = 0.1  # % of range: threads and libraries change a sum's last bits, not this much


@dataclass(frozen=True)
class StudyCheck:
    """What was looked at, all of it good.

    Attributes
    ----------
    n_files : int or None
        Files whose hashes are those of the finished study; None where the study has no hashes.
    n_numbers : int
        Stored predictions, parameters, losses and weights; all are finite.
    n_checkpoints : int
        Whose networks were asked for the experiments again.
    difference : float
        The largest between what they said and what is stored, % of range.
    """

    n_files: int | None
    n_numbers: int
    n_checkpoints: int
    difference: float


def check_study(study: Study) -> StudyCheck:
    """Compare a study with its hashes, look at every stored number, and predict the experiments again.

    Raises
    ------
    StudyError
        For the first thing that is wrong.
    """
    hashes = read_hashes(study.path)
    n_files = None if hashes is None else check_hashes(study.path, hashes)
    n_numbers = _finite(study)
    difference = 0.0
    if study.checkpoints:
        at = np.array(study.checkpoints) - 1
        for experiment in study.config.experiments:
            curve = study.config.curve(experiment)
            again = study.predict(study.config.preprocess(curve[None]))[:, 0]
            stored = study.experiment_predictions(experiment.name)[at]
            difference = max(difference, float(100 * np.abs((again - stored) / SPACE.range).max()))
    if difference > _AGREE:
        raise StudyError(f"{study.path}: weights and stored predictions disagree by {difference:.2f} % of range")
    return StudyCheck(n_files, n_numbers, len(study.checkpoints), difference)


def _finite(study: Study) -> int:
    """How many numbers are stored; StudyError if one is not finite."""
    known = not (study.config.foreign or study.config.derived)  # else training loss and rate may be unknown
    losses = study.history if known else study.history[["epoch", "val_loss"]]
    found = {"history.csv": losses.to_numpy(dtype=float)}
    for name in ("prediction", "experiment_prediction", "truth", "training"):
        found[f"predictions.zarr/{name}"] = study.predictions[name].to_numpy()
    for epoch in study.checkpoints:
        file = checkpoint_path(study.path, epoch)
        for name, values in read_weights(file).items():
            found[f"{file.relative_to(study.path)}, {name}"] = values.float().numpy()
    for place, numbers in found.items():
        if bad := int(np.count_nonzero(~np.isfinite(numbers))):
            raise StudyError(f"{study.path / place}: {bad} of {numbers.size} numbers are not finite")
    return sum(numbers.size for numbers in found.values())
