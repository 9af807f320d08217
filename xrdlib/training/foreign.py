"""Runs that were trained elsewhere: a study's folder from plain arrays, and datasets from .npz files."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import vectors
from xrdlib._words import first_line
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.experiments import Experiment
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.simulation.strain import PARAMETERS, StrainParameters
from xrdlib.training.config import StudyConfig, StudyError, TrainingConfig
from xrdlib.training.hashes import write_hashes
from xrdlib.training.store import HISTORY, store_predictions, write_history

__all__ = ["NpzDataset", "TestPredictions", "Truth", "in_angstrom", "load_npz_dataset", "write_foreign"]

FloatArray = NDArray[np.float64]
TestPredictions: TypeAlias = tuple[ArrayLike, ArrayLike]
Truth: TypeAlias = Experiment | StrainParameters | ArrayLike

_FURTHEST = 1e30
_LENGTHS = np.array([bool(PARAMETER_UNITS[p]) for p in PARAMETERS])
_L1 = PARAMETERS.index("L1")


class NpzDataset(NamedTuple):
    """Parameters (n, 7), lengths in A, and curves (n, n_points) as they are in the file."""

    parameters: FloatArray
    curves: FloatArray


def load_npz_dataset(
    path: str | os.PathLike[str], *, parameters: str | None = None, curves: str | None = None, cm: bool = False
) -> NpzDataset:
    """Read a dataset from a .npz file; nothing is unpickled.

    Parameters
    ----------
    path : path
    parameters, curves : str, optional
        Names of the arrays, of shapes (n, 7) and (n, n_points); by default ``parameters`` or ``X``, ``curves`` or
        ``Y``.
    cm : bool
        Whether lengths are in cm, as the lab writes them.

    Returns
    -------
    NpzDataset

    Raises
    ------
    StudyError
        If the file or an array in it is missing, has the wrong shape, or holds anything but finite numbers.
    """
    file = Path(path)
    try:
        with file.open("rb") as content:  # of a broken file np.load would leave its own handle open
            stored = np.load(content, allow_pickle=False)
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise StudyError(f"{file}: one array without names, a .npz file of two is expected")
            found = {
                what: np.asarray(stored[_key(stored.files, given, usual, file)], dtype=np.float64)
                for what, given, usual in (
                    ("parameters", parameters, ("parameters", "X")),
                    ("curves", curves, ("curves", "Y")),
                )
            }
    except FileNotFoundError:
        raise StudyError(f"{file}: no such file") from None
    except StudyError:
        raise
    except (OSError, ValueError, TypeError, EOFError, MemoryError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise StudyError(f"{file}: not a .npz file of numbers ({first_line(error)})") from None
    rows = in_angstrom(found["parameters"], f"{file}: parameters", ("n", 7), cm, truth=True)
    values = found["curves"]
    if values.ndim != 2 or len(values) != len(rows):
        raise StudyError(f"{file}: curves have shape {values.shape}, ({len(rows)}, n_points) expected")
    _finite(values, f"{file}: curves", ("curve", "point"))
    return NpzDataset(rows, values)


def _key(names: Sequence[str], given: str | None, usual: tuple[str, ...], file: Path) -> str:
    wanted = usual if given is None else (given,)
    for name in wanted:
        if name in names:
            return name
    raise StudyError(f"{file}: no array {' or '.join(wanted)}; it holds {', '.join(names) or 'nothing'}")


def write_foreign(
    folder: Path,
    losses: Mapping[str, ArrayLike],
    training: ArrayLike,
    tests: Mapping[str, TestPredictions],
    experiments: Mapping[str, tuple[ArrayLike, Truth]],
    dataset: DatasetConfig | None,
    name: str | None,
    cm: bool,
) -> None:
    """Write a study's folder, complete or not at all; see `Study.from_predictions`."""
    if folder.exists():
        raise StudyError(f"{folder}: exists already; choose another folder or remove this one")
    history = _history(losses)
    n_epochs = len(history)
    rows = in_angstrom(training, "training", ("n", 7), cm, truth=True)
    sampling = "uniform" if dataset is None and set(tests) == {"uniform"} else (dataset or DatasetConfig()).sampling
    sets = _test_sets(tests, sampling, n_epochs, cm)
    tracked = [_experiment(key, truth, cm) for key, (_, truth) in experiments.items()]
    predicted = [
        in_angstrom(values, f"experiment {key}", (n_epochs, 7), cm, axes=("epoch",))
        for key, (values, _) in experiments.items()
    ]
    config = StudyConfig(
        name=name or folder.name,
        dataset=replace(dataset or DatasetConfig(), size=len(rows), sampling=sampling),
        training=TrainingConfig(epochs=n_epochs, test_size=max(len(true) for _, true in sets.values())),
        experiments=tuple(tracked),
        foreign=True,
    )
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    (partial / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    write_history(partial / "history.csv", history)
    at_experiments = np.stack(predicted, axis=1) if predicted else np.empty((n_epochs, 0, 7))
    store_predictions(partial / "predictions.zarr", config, sets, at_experiments, rows)
    write_hashes(partial)
    partial.rename(folder)


def _history(losses: Mapping[str, ArrayLike]) -> pd.DataFrame:
    columns = {name: _numbers(values, name) for name, values in losses.items()}
    shape = columns["val_loss"].shape
    if len(shape) != 1 or not shape[0]:
        raise StudyError(f"val_loss: shape {shape} given, one number per epoch expected")
    for name, values in columns.items():
        if values.shape != shape:
            raise StudyError(f"{name}: shape {values.shape} given, {shape} expected, as val_loss has")
        _finite(values, name, ("epoch",))
    unknown = np.full(shape, np.nan)
    return pd.DataFrame(
        {"epoch": np.arange(1, shape[0] + 1), "train_loss": unknown, "learning_rate": unknown, **columns}
    )[HISTORY]


def _test_sets(
    tests: Mapping[str, TestPredictions], sampling: str, n_epochs: int, cm: bool
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Test sets by name, ``test`` under the name of the one that is drawn as the training set is."""
    own = "grid" if sampling == "grid" else "uniform"
    if "test" in tests and own in tests:
        raise StudyError(f"test: stands for {own}, the test set drawn as the training set is; give one of the two")
    named = {own if name == "test" else name: values for name, values in tests.items()}
    if own not in named:
        raise StudyError(
            f"{own}: missing, the test set drawn as the training set was (sampling: {sampling}); or give it as test"
        )
    sets = {}
    for name in sorted(named):
        predicted, true = named[name]
        truth = in_angstrom(true, f"{name}: true parameters", ("n", 7), cm, truth=True)
        shape = (n_epochs, len(truth), 7)
        sets[name] = (in_angstrom(predicted, f"{name}: predictions", shape, cm, axes=("epoch", "sample")), truth)
    return sets


def _experiment(name: str, truth: Truth, cm: bool) -> Experiment:
    if isinstance(truth, Experiment):
        if truth.name != name:
            raise StudyError(f"experiment {name}: its Experiment is called {truth.name}; one name expected")
        return truth
    if isinstance(truth, StrainParameters):
        return Experiment(name, truth)
    values = in_angstrom(truth, f"experiment {name}: true parameters", (7,), cm, truth=True)
    return Experiment(name, StrainParameters.from_array(values))


def in_angstrom(
    values: ArrayLike,
    what: str,
    shape: tuple[int | str, ...],
    cm: bool,
    *,
    axes: tuple[str, ...] = ("sample",),
    truth: bool = False,
) -> FloatArray:
    """Finite parameters (..., 7) of a shape, lengths in A; of true ones also the unit is checked."""
    rows = _numbers(values, what)
    fits = rows.ndim == len(shape) and all(isinstance(n, str) or n == m for n, m in zip(shape, rows.shape, strict=True))
    if not fits or not rows.size:
        raise StudyError(f"{what}: shape {rows.shape} given, ({', '.join(map(str, shape))}) expected")
    _finite(rows, what, (*axes, "parameter"))
    if (furthest := float(np.abs(rows).max())) > _FURTHEST:
        raise StudyError(f"{what}: {furthest:g} given, no parameter is that large")
    if cm:
        rows = np.where(_LENGTHS, np.round(rows * 1e8, 6), rows)  # 5200e-8 is to be 5200
    deepest = float(rows[..., _L1].max())
    if truth and not 1 <= deepest <= 1e6:
        hint = "are the arrays in A? Then leave out cm = True" if cm else "are lengths in cm? Then say cm = True"
        raise StudyError(f"{what}: L1 is at most {deepest:.3g} A; {hint}")
    return rows


def _numbers(values: ArrayLike, what: str) -> FloatArray:
    try:
        return vectors(values, what, finite=False)
    except ValueError as error:
        raise StudyError(str(error)) from None


def _finite(values: FloatArray, what: str, axes: tuple[str, ...]) -> None:
    """StudyError that says where a value is not finite: epochs from 1, the rest from 0."""
    bad = ~np.isfinite(values)
    if bad.any():
        at = np.argwhere(bad)[0]
        names = [
            PARAMETERS[i] if axis == "parameter" else f"{axis} {i + 1 if axis == 'epoch' else i}"
            for axis, i in zip(axes[-len(at) :], at.tolist(), strict=True)
        ]
        raise StudyError(f"{what}: {values[tuple(at)]} at {', '.join(names)}; {bad.sum()} of {bad.size} are not finite")
