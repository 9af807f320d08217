"""A trained network goes on, slowly, with samples near an experiment (the note's Solution 4)."""

from __future__ import annotations

import os
from typing import Any

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.retraining.retrain import Centre, centre_of, retrain
from xrdlib.training import Focus, Study

__all__ = ["fine_tune", "stop_early"]


def fine_tune(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    path: str | os.PathLike[str],
    *,
    radius: float = 1.0,
    learning_rate: float = 1e-5,
    epochs: int = 10,
    epoch: int | None = None,
    centre: Centre = "chosen",
    **options: Any,
) -> Study:
    """Train an epoch's network further on the samples around an experiment.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    path : path
        The new study's folder; an interrupted training goes on in it.
    radius : float
        Distance in units of the parameters' ranges within which samples are taken. The note's 1.0 holds half of all.
    learning_rate : float
        Highest rate, of the parent's schedule. 0 leaves the network as it is.
    epochs : int
    epoch : int, optional
        Whose weights to start from; by default the epoch with the lowest validation loss of those with weights.
    centre : {"chosen", "final", "truth"} or seven numbers
        See `centre_of`.
    **options
        ``dataset``, ``workers`` and ``progress`` as for `retrain`.

    Returns
    -------
    Study
        Of ``epochs`` epochs, with the errors on the whole test sets after each: what was forgotten is in them.

    Raises
    ------
    ValueError
        If no training sample is within the radius.
    StudyError
        As `retrain`.
    """
    focus = Focus(tuple(centre_of(study, target, centre)), radius=radius)
    focus.weights(study.training_parameters)  # before the folder is made
    # of a study without weights the final epoch, whose are missing: that is then said
    start = min(study.checkpoints or (study.final,), key=study.val_loss) if epoch is None else epoch
    training = {"learning_rate": learning_rate, "epochs": epochs, "epoch_size": None}
    return retrain(study, path, "finetune", start=start, training=training, focus=focus, **options)


def stop_early(parent: Study, tuned: Study, *, tolerance: float = 5.0) -> int:
    """Last epoch of a fine-tuning up to which the loss of the whole validation set has not risen by more.

    The validation set decides, so that the test sets are left to say what was forgotten.

    Parameters
    ----------
    parent : Study
        That the tuning started from.
    tuned : Study
    tolerance : float
        % of the parent's validation loss at the epoch it started from.

    Returns
    -------
    int
        Epoch of ``tuned``; 0 if already its first is beyond: the parent's network is then to be kept.
    """
    origin = tuned.config.parent
    if origin is None or not origin.continued or not tolerance >= 0:
        raise ValueError(f"{tuned.path}: a fine-tuned study, and a tolerance of 0 or more, expected")
    limit = parent.val_loss(origin.epochs[0]) * (1 + tolerance / 100)
    beyond = tuned.history["val_loss"].to_numpy() > limit
    return int(beyond.argmax()) if beyond.any() else tuned.n_epochs
