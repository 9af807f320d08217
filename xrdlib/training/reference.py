"""The studies that ship with the repository, and how a study is made small enough to ship."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from xrdlib.training.config import StudyError
from xrdlib.training.hashes import write_hashes
from xrdlib.training.replicas import Replicas
from xrdlib.training.study import Study, checkpoint_path

__all__ = ["REFERENCE_MODEL", "REFERENCE_STUDIES", "export_study", "reference_replicas", "reference_study"]

_DATA = Path(__file__).resolve().parents[2] / "data"
REFERENCE_STUDIES, REFERENCE_MODEL = _DATA / "reference_studies", _DATA / "reference_model"


def reference_study(name: str = "lab") -> Study:
    """Open a shipped study.

    Parameters
    ----------
    name : {"lab", "measured", "accurate", "accurate_measured"}
        As the lab's note; trained for measured curves; and more accurate networks (docs/reference_model.md), for
        noise-free curves of GGG at 30 arcsec and for measured ones, of which only the final epoch has weights.

    Raises
    ------
    StudyError
        If there is none of that name, or xrdlib was installed without the repository's ``data`` folder.
    """
    shipped = {
        p.parent.name: p.parent for folder in (REFERENCE_STUDIES, REFERENCE_MODEL) for p in folder.glob("*/config.toml")
    }
    have = sorted(shipped)
    if name not in have:
        reason = f"those shipped are {', '.join(have)}" if have else "install from a clone of the repository"
        raise StudyError(f"{REFERENCE_STUDIES / name}: no such reference study; {reason}")
    return Study.open(shipped[name])


def reference_replicas(name: str = "lab") -> Replicas:
    """Open the shipped replicas of study ``lab``, or of ``lab_weighted``, its twin with a weighted loss.

    Raises
    ------
    StudyError
        If there are none of that name, or xrdlib was installed without the repository's ``data`` folder.
    """
    file = REFERENCE_STUDIES / f"{name}_replicas.zarr"
    if not file.is_dir():
        have = sorted(p.name.removesuffix("_replicas.zarr") for p in REFERENCE_STUDIES.glob("*_replicas.zarr"))
        reason = f"there are those of {', '.join(have)}" if have else "install from a clone of the repository"
        raise StudyError(f"{file}: no such replicas; {reason}")
    return Replicas.open(file)


def export_study(study: Study, path: str | os.PathLike[str], *, every: int | None = 3) -> Study:
    """Copy what diagnosing needs: configuration, history, all predictions, and the weights of some epochs.

    Parameters
    ----------
    study : Study
    path : path
        New folder.
    every : int or None
        Weights of every so many epochs are kept, and of the first, the final and each experiment's ideal epoch; None
        keeps the final epoch's alone.

    Returns
    -------
    Study
        The copy, opened.

    Raises
    ------
    StudyError
        If the folder exists already.
    """
    folder = Path(path)
    if folder.exists():
        raise StudyError(f"{folder}: exists already; choose another folder or remove this one")
    wanted = {study.final}
    if every is not None:
        ideal = {int(study.experiment_errors(e.name).mean(axis=1).argmin()) + 1 for e in study.config.experiments}
        wanted |= {1} | ideal | set(range(every, study.n_epochs + 1, every))
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "checkpoints").mkdir(parents=True)
    for name in ("config.toml", "history.csv"):
        shutil.copyfile(study.path / name, partial / name)
    shutil.copytree(study.path / "predictions.zarr", partial / "predictions.zarr")
    for epoch in wanted & set(study.checkpoints):
        shutil.copyfile(checkpoint_path(study.path, epoch), checkpoint_path(partial, epoch))
    write_hashes(partial)
    partial.rename(folder)
    return Study.open(folder)
