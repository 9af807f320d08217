"""The same study trained again: which part of a training's randomness decides an experiment's trace?

Every replica has the curves, the split and the test sets of the study and differs from the first one, ``base``, in one
source of randomness: initial weights, order of batches, dropout, all three, or the draw of the dataset.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from xrdlib._version import __version__
from xrdlib.data.space import SPACE
from xrdlib.simulation.strain import PARAMETERS
from xrdlib.training.config import StudyConfig, StudyError
from xrdlib.training.hashes import check_seal, seal
from xrdlib.training.loop import run_study
from xrdlib.training.study import Study

__all__ = ["VARIED", "Replicas", "collect_replicas", "replica_configs", "run_replicas"]

FloatArray = NDArray[np.float64]

VARIED = ("weights", "order", "dropout", "all", "data")
_APART = 1000  # between the seeds of replicas, far from any study's own
_PACKED = {"dtype": "int16", "scale_factor": 1 / 16384, "_FillValue": -32768}


def replica_configs(config: StudyConfig, counts: dict[str, int]) -> dict[str, StudyConfig]:
    """Configurations of ``base`` and of so many replicas of each of ``VARIED``, by name (``order_1``, ...)."""
    if unknown := set(counts) - set(VARIED):
        raise StudyError(f"replicas: {', '.join(sorted(unknown))} cannot be varied; {', '.join(VARIED)} can")
    configs = {"base": replace(config, name="base")}
    for varied, count in counts.items():
        for k in range(1, count + 1):
            name, seed = f"{varied}_{k}", config.seed + _APART * k
            if varied == "data":
                dataset = replace(config.dataset, seed=config.dataset.seed + _APART * k)
                configs[name] = replace(config, name=name, dataset=dataset)
            else:
                parts = ("weights", "order", "dropout") if varied == "all" else (varied,)
                configs[name] = replace(config, name=name, seeds=replace(config.seeds, **dict.fromkeys(parts, seed)))
    return configs


def run_replicas(
    config: StudyConfig,
    path: str | os.PathLike[str],
    counts: dict[str, int],
    *,
    workers: int | None = None,
    progress: bool = True,
) -> Replicas:
    """Train a study again and again, or go on where that was interrupted.

    Parameters
    ----------
    config : StudyConfig
    path : path
        Folder; each replica is a study in it, and ``replicas.zarr`` what they predicted.
    counts : dict of str to int
        How many replicas besides ``base`` differ in each of ``VARIED``.
    workers, progress
        As for `run_study`.

    Returns
    -------
    Replicas
    """
    folder = Path(path)
    studies = [
        run_study(replica, folder / name, workers=workers, progress=progress)
        for name, replica in replica_configs(config, counts).items()
    ]
    shutil.rmtree(folder / "replicas.zarr", ignore_errors=True)
    return collect_replicas(studies, folder / "replicas.zarr")


@dataclass(frozen=True, eq=False)
class Replicas:
    """What replicas of a study predicted.

    Attributes
    ----------
    path : Path
    store : xarray.Dataset
        ``val_loss`` (run, epoch); ``experiment_prediction`` (run, epoch, experiment, parameter) at every epoch and
        ``prediction`` (run, stored_epoch, sample, parameter) at some, fractions of range; ``truth`` (sample,
        parameter; A); coordinates with the names, and ``test_set`` of each sample.
    config : StudyConfig
        Of ``base``.
    """

    path: Path
    store: xr.Dataset
    config: StudyConfig

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Replicas:
        """Open what `run_replicas` wrote; StudyError if it is missing or damaged."""
        file = Path(path)
        try:
            store: xr.Dataset = xr.open_zarr(file, consolidated=False, chunks=None, zarr_format=3).load()
            config = StudyConfig.from_dict(store.attrs["config"])
            numbers = [store[name] for name in ("val_loss", "experiment_prediction", "prediction", "truth")]
            _ = store["varied"]
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise StudyError(f"{file}: replicas are missing or damaged ({error!r})") from None
        check_seal(file)
        if lost := [str(values.name) for values in numbers if not np.isfinite(values.to_numpy()).all()]:
            raise StudyError(f"{file}: replicas are damaged; what is no number, or was lost, in {', '.join(lost)}")
        return cls(file, store, config)

    @property
    def runs(self) -> tuple[str, ...]:
        """Names, ``base`` first."""
        return tuple(str(name) for name in self.store["run"].to_numpy())

    def varying(self, varied: str) -> list[int]:
        """Indices of ``base`` and of the runs that differ from it in one of ``VARIED``."""
        which = self.store["varied"].to_numpy()
        rows = [i for i, name in enumerate(which) if name in ("nothing", varied)]
        if len(rows) < 2:
            have = ", ".join(sorted({str(name) for name in which} - {"nothing"})) or "nothing"
            raise StudyError(f"{self.path}: no replicas that differ in {varied!r}; these differ in {have}")
        return rows

    @property
    def val_loss(self) -> FloatArray:
        """Shape (n_runs, n_epochs)."""
        return np.asarray(self.store["val_loss"].to_numpy(), dtype=np.float64)

    @property
    def stored_epochs(self) -> NDArray[np.int64]:
        """Epochs (from 1) of `test_predictions`."""
        return np.asarray(self.store["stored_epoch"].to_numpy(), dtype=np.int64)

    def experiment_predictions(self, name: str) -> FloatArray:
        """Shape (n_runs, n_epochs, 7), lengths in A."""
        names = [str(e) for e in self.store["experiment"].to_numpy()]
        if name not in names:
            raise StudyError(f"experiment {name!r}: these replicas track {', '.join(names)}")
        return SPACE.denormalise(self.store["experiment_prediction"].to_numpy()[:, :, names.index(name)])

    def test_predictions(self, test_set: str) -> tuple[FloatArray, FloatArray]:
        """Predicted (n_runs, n_stored_epochs, n, 7) and true (n, 7) parameters of ``grid`` or ``uniform``, A."""
        chosen = self.store["test_set"].to_numpy() == test_set
        if not chosen.any():
            raise StudyError(f"test set {test_set!r}: 'grid' or 'uniform' expected")
        predicted = self.store["prediction"].to_numpy()[:, :, chosen]
        return SPACE.denormalise(predicted), self.store["truth"].to_numpy()[chosen]


def collect_replicas(
    studies: Sequence[Study], path: str | os.PathLike[str], *, every: int = 4, n_samples: int = 200
) -> Replicas:
    """Keep of studies what comparing them needs, small enough to ship.

    Parameters
    ----------
    studies : sequence of Study
        ``base`` first; the others as `replica_configs` names them.
    path : path
        New zarr folder.
    every : int
        Test predictions of the first, the last and every so many epochs are kept; of the experiments those of all.
    n_samples : int
        Of each test set: the first that all studies have.

    Returns
    -------
    Replicas

    Raises
    ------
    StudyError
        If the folder exists, or the studies do not belong together.
    """
    file, base = Path(path), studies[0]
    if file.exists():
        raise StudyError(f"{file}: exists already; choose another folder or remove this one")
    for study in studies:
        different = {d.split(" ")[0] for d in base.config.differences(study.config.to_dict())}
        if extra := {d for d in different if not d.startswith("seeds")} - {"name", "dataset.seed"}:
            raise StudyError(f"{study.path}: no replica of {base.path}; they differ in {', '.join(sorted(extra))}")
    truth = [study.predictions["truth"].to_numpy() for study in studies]
    rows = _common(truth, base.config.training.test_size, n_samples)
    n_epochs = base.n_epochs
    stored = sorted({1, n_epochs, *range(every, n_epochs + 1, every)})
    at = np.array(stored) - 1
    predicted = [s.predictions["prediction"].to_numpy()[at][:, r] for s, r in zip(studies, rows, strict=True)]
    names = [study.config.name for study in studies]
    store = xr.Dataset(
        {
            "val_loss": (("run", "epoch"), np.stack([s.history["val_loss"].to_numpy() for s in studies])),
            "experiment_prediction": (
                ("run", "epoch", "experiment", "parameter"),
                np.stack([s.predictions["experiment_prediction"].to_numpy() for s in studies]),
            ),
            "prediction": (("run", "stored_epoch", "sample", "parameter"), np.stack(predicted)),
            "truth": (("sample", "parameter"), truth[0][rows[0]]),
        },
        {
            "run": np.array(names, dtype=object),
            "varied": ("run", np.array(["nothing", *(n.rsplit("_", 1)[0] for n in names[1:])], dtype=object)),
            "epoch": np.arange(1, n_epochs + 1),
            "stored_epoch": stored,
            "experiment": np.array([e.name for e in base.config.experiments], dtype=object),
            "parameter": np.array(PARAMETERS, dtype=object),
            "test_set": ("sample", np.repeat(np.array(["grid", "uniform"], dtype=object), len(rows[0]) // 2)),
        },
        {"xrdlib_version": __version__, "config": base.config.to_dict()},
    )
    partial = file.with_name(file.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    packed: dict[str, Any] = dict.fromkeys(("prediction", "experiment_prediction"), _PACKED)
    store.to_zarr(partial, mode="w", encoding=packed, consolidated=False, zarr_format=3)
    seal(partial)
    partial.rename(file)
    return Replicas.open(file)


def _common(truth: list[FloatArray], test_size: int, n: int) -> list[NDArray[np.int64]]:
    """For each study the rows of the first n samples of each test set that all studies have, in one order."""
    places = [{row.tobytes(): i for i, row in enumerate(t)} for t in truth]
    shared = [row.tobytes() for row in truth[0] if all(row.tobytes() in place for place in places[1:])]
    halves: tuple[list[bytes], list[bytes]] = ([], [])
    for row in shared:
        halves[places[0][row] >= test_size].append(row)
    count = min(n, *map(len, halves))
    if count == 0:
        raise StudyError("replicas: their studies share no test samples")
    return [np.array([place[row] for half in halves for row in half[:count]]) for place in places]
