"""What every remedy that trains has in common: where the experiment is thought to be, and a study with a parent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, Dataset, Experiment, MeasuredCurve
from xrdlib.diagnostics.checkpoints import checkpoints
from xrdlib.diagnostics.target import Target
from xrdlib.training import Parent, Study, StudyError, run_study
from xrdlib.training.parent import fingerprint

__all__ = ["Centre", "centre_of", "retrain"]

FloatArray = NDArray[np.float64]
Centre = str | Sequence[float]

CENTRES = ("truth", "final", "chosen")


def centre_of(study: Study, target: Target | Experiment | MeasuredCurve, centre: Centre = "chosen") -> FloatArray:
    """The point around which a remedy works, shape (7,), lengths in A, within the ranges.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    centre : {"chosen", "final", "truth"} or seven numbers
        What the network says of the target at its chosen or final epoch; or the true parameters, which only a virtual
        experiment has: a remedy that is told them shows what could be gained at most, not what can be.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        For another word, the truth of a measured curve, or anything but seven finite numbers.
    """
    if not isinstance(centre, str):
        point = np.asarray(centre, dtype=np.float64)
        if point.shape != (7,) or not np.isfinite(point).all():
            raise ValueError(f"centre = {centre}: seven finite numbers or one of {', '.join(CENTRES)} expected")
        return np.clip(point, SPACE.minimum, SPACE.maximum)
    if centre not in CENTRES:
        raise ValueError(f"centre = {centre!r}: one of {', '.join(CENTRES)} or seven numbers expected")
    target = Target.of(target, study)
    if centre == "truth":
        if target.true is None:
            raise ValueError(
                f"centre = 'truth': the true parameters of {target.name} are unknown; take chosen or final"
            )
        return target.true
    found = checkpoints(study, target)
    said = found.predictions[found.row(found.named[centre])]
    return np.asarray(np.clip(said, SPACE.minimum, SPACE.maximum))


def retrain(
    study: Study,
    path: str | os.PathLike[str],
    remedy: str,
    *,
    start: int | None = None,
    training: dict[str, Any] | None = None,
    dataset: Dataset | None = None,
    workers: int | None = None,
    progress: bool = True,
    **changes: Any,
) -> Study:
    """Train a study's configuration again with changes, or go on with that where it was interrupted.

    Parameters
    ----------
    study : Study
        The parent.
    path : path
        The new study's folder.
    remedy : str
        What was done, for ``config.parent``.
    start : int, optional
        Epoch of the parent whose weights the training starts from; by default it starts from new ones.
    training : dict, optional
        Changes of ``config.training``.
    dataset : Dataset, optional
        The parent's; by default what is in the parent's folder, or else it is built anew in the new one.
    workers, progress
        As for `run_study`.
    **changes
        Of the configuration.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If the parent was trained elsewhere or was put together by a remedy, or lacks the weights.
    """
    config = study.config
    if config.foreign or config.derived:
        how = "was trained elsewhere" if config.foreign else "was put together from several epochs"
        raise StudyError(f"{study.path}: {how}, and cannot be trained on; take a study that xrdlib trained")
    epochs = () if start is None else (start,)
    wanted = replace(
        config,
        name=Path(path).resolve().name,
        training=replace(config.training, **(training or {})),
        parent=Parent(config.name, remedy, fingerprint(study.path), epochs, trained=True),
        **changes,
    )
    beside = study.path / "dataset.zarr"
    if dataset is None and beside.is_dir() and config.dataset == wanted.dataset:
        dataset = Dataset.open(beside)
    begun = (Path(path) / "config.toml").exists()  # then its folder has them
    network = None if start is None or begun else study.network(start)
    return run_study(wanted, path, start=network, dataset=dataset, workers=workers, progress=progress)
