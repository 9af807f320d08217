"""Which epochs a diagnostic compares, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.training import Study, StudyError

__all__ = ["Epochs", "study_epochs"]

Epochs = Mapping[str, int] | Sequence[int]


def study_epochs(study: Study, epochs: Epochs | None, found: Checkpoints | None = None) -> dict[str, int]:
    """Epochs by name, in the order given; equal ones are merged, their names joined.

    Parameters
    ----------
    study : Study
    epochs : mapping of str to int, or sequence of int, optional
        By default the named epochs of ``found``; without it final, and the ideal of the first tracked experiment.
    found : Checkpoints, optional

    Raises
    ------
    StudyError
        For none, or one that the study does not have.
    """
    if study.n_epochs == 0:
        raise StudyError(f"study {study.config.name}: no epoch is finished yet")
    if epochs is None:
        epochs = found.named if found is not None else _default(study)
    pairs = list(epochs.items()) if isinstance(epochs, Mapping) else [("", epoch) for epoch in epochs]
    names: dict[int, list[str]] = {}
    for name, epoch in pairs:
        if int(epoch) != epoch or not 1 <= epoch <= study.n_epochs:
            raise StudyError(f"epochs: {epoch} given, study {study.config.name} has 1 to {study.n_epochs}")
        same = names.setdefault(int(epoch), [])
        if name and name not in same:
            same.append(name)
    if not names:
        raise StudyError("epochs: none given, at least one expected")
    return {", ".join(same) or f"epoch {epoch}": epoch for epoch, same in names.items()}


def _default(study: Study) -> dict[str, int]:
    epochs = {"final": study.final}
    if study.config.experiments:
        error = study.experiment_errors(study.config.experiments[0].name).mean(axis=1)
        epochs["ideal"] = int(error.argmin()) + 1
    return epochs
