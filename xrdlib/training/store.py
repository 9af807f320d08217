"""What a study keeps on disk beside its weights: predictions of every epoch, and the history of the losses.

``predictions.zarr`` holds fractions of each parameter's range in units of 1/16384 as int16 (0.006 % of range),
so that an epoch of 4 000 predictions costs 56 kB; xarray decodes them by their CF attributes.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
import zarr
from numpy.typing import NDArray

from xrdlib._disk import write_whole
from xrdlib._version import __version__
from xrdlib._words import first_line
from xrdlib.data._stored import SMALL, open_group
from xrdlib.data.space import SPACE
from xrdlib.simulation.strain import PARAMETERS
from xrdlib.training.config import StudyConfig, StudyError
from xrdlib.training.curves import StudyCurves

__all__ = [
    "create_predictions",
    "open_predictions",
    "read_history",
    "store_predictions",
    "write_history",
    "write_predictions",
]

FORMAT = 1
HISTORY = ["epoch", "train_loss", "val_loss", "learning_rate"]
_UNIT = 1 / 16384
_MISSING = -32768
_AGAIN = "take the study from where it came from, or train it again"


def _encode(fractions: NDArray[np.floating]) -> NDArray[np.int16]:
    return np.asarray(np.clip(np.rint(fractions / _UNIT), -32767, 32767), dtype=np.int16)


def create_predictions(path: Path, config: StudyConfig, curves: StudyCurves) -> None:
    """Write an empty store for every epoch of a study, complete or not at all."""
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    n_epochs, n_experiments = config.training.epochs, len(config.experiments)
    n_samples = 2 * config.training.test_size
    attributes = {"format": FORMAT, "xrdlib_version": __version__, "config": config.to_dict()}
    group = zarr.create_group(partial, attributes=attributes)
    packed: dict[str, Any] = {"scale_factor": _UNIT, "_FillValue": _MISSING}

    def add(name: str, dims: tuple[str, ...], shape: tuple[int, ...], chunks: tuple[int, ...]) -> Any:
        return group.create_array(
            name,
            shape=shape,
            chunks=chunks,
            dtype="int16",
            fill_value=_MISSING,
            compressors=SMALL,
            dimension_names=dims,
            attributes=packed,
        )

    epoch = ("epoch", "sample", "parameter")
    add("prediction", epoch, (n_epochs, n_samples, 7), (1, n_samples, 7))
    add(
        "experiment_prediction",
        ("epoch", "experiment", "parameter"),
        (n_epochs, n_experiments, 7),
        (1, n_experiments, 7),
    )
    # float32: rounded to int16, points of the grid would fall off the edges of their strata
    training = curves.training_parameters.astype(np.float32)
    _add_parameters(group, training, np.concatenate([t.parameters for t in curves.tests]))
    partial.rename(path)


def _add_parameters(group: zarr.Group, training: NDArray[np.float32], truth: NDArray[np.float64]) -> None:
    kept: dict[str, Any] = {"compressors": SMALL, "fill_value": float("nan")}  # nan where a file was lost
    group.create_array("training", data=training, dimension_names=("training_sample", "parameter"), **kept)
    group.create_array("truth", data=truth, dimension_names=("sample", "parameter"), **kept)


def store_predictions(
    path: Path,
    config: StudyConfig,
    tests: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    experiments: NDArray[np.float64],
    training: NDArray[np.float64],
) -> None:
    """Write the store of a study that was trained elsewhere: as float32, for its predictions may be far off.

    Predicted (n_epochs, n, 7) and true (n, 7) parameters of each test set, those of the experiments (n_epochs,
    n_experiments, 7) and the training set's (n, 7); lengths in A.
    """
    attributes = {
        "format": FORMAT,
        "xrdlib_version": __version__,
        "config": config.to_dict(),
        "test_sets": {name: len(true) for name, (_, true) in tests.items()},
    }
    group = zarr.create_group(path, attributes=attributes)
    for name, dim, values in (
        ("prediction", "sample", np.concatenate([predicted for predicted, _ in tests.values()], axis=1)),
        ("experiment_prediction", "experiment", experiments),
    ):
        fractions = SPACE.normalise(values).astype(np.float32)
        chunks = (1, max(1, fractions.shape[1]), 7)
        kept: dict[str, Any] = {"chunks": chunks, "compressors": SMALL, "fill_value": float("nan")}
        group.create_array(name, data=fractions, dimension_names=("epoch", dim, "parameter"), **kept)
    _add_parameters(group, training.astype(np.float32), np.concatenate([true for _, true in tests.values()]))


def write_predictions(path: Path, epoch: int, samples: NDArray[np.floating], experiments: NDArray[np.floating]) -> None:
    """Predictions of one epoch (counted from 1), as fractions of range: samples (n, 7), experiments (n, 7)."""
    group: Any = open_group(path, "r+")
    group["prediction"][epoch - 1] = _encode(samples)
    group["experiment_prediction"][epoch - 1] = _encode(experiments)


def open_predictions(path: Path, config: StudyConfig, n_epochs: int) -> xr.Dataset:
    """The first ``n_epochs`` epochs with coordinates; StudyError if the store is damaged or does not fit the study."""
    epochs, experiments = config.training.epochs, len(config.experiments)
    try:
        store: xr.Dataset = xr.open_zarr(path, consolidated=False, chunks=None, zarr_format=3)
        if (version := store.attrs.get("format", 1)) != FORMAT:  # the first had no number
            raise StudyError(f"{path}: format {version} of a study, this xrdlib reads format {FORMAT}; {_AGAIN}")
        if differing := config.differences(store.attrs["config"]):
            raise StudyError(f"{path}: was written by a study of another configuration, {'; '.join(differing)}")
        sizes = store.attrs.get("test_sets", dict.fromkeys(("grid", "uniform"), config.training.test_size))
        samples = sum(sizes.values())
        wanted = {
            "prediction": (epochs, samples, 7),
            "experiment_prediction": (epochs, experiments, 7),
            "truth": (samples, 7),
        }
        for name, shape in wanted.items():
            if store[name].shape != shape:
                raise StudyError(
                    f"{path}: was written by a study of another configuration; {name} has shape {store[name].shape}, "
                    f"{shape} expected"
                )
        # read now: what is damaged is said here, and not by whoever looks at it later
        store = store.isel(epoch=slice(0, n_epochs)).load()
        for name in ("prediction", "experiment_prediction"):
            there = np.isfinite(store[name].to_numpy()).all(axis=(1, 2))
            if not there.all():
                raise StudyError(f"{path}: {name} lacks epoch {int(there.argmin()) + 1}, which history.csv has")
        for name in ("truth", "training"):
            if not np.isfinite(store[name].to_numpy()).all():
                raise StudyError(f"{path}: {name} holds what is no number, or its file was lost; {_AGAIN}")
        return store.assign_coords(
            epoch=np.arange(1, store.sizes["epoch"] + 1),
            parameter=np.array(PARAMETERS, dtype=object),
            experiment=np.array([e.name for e in config.experiments], dtype=object),
            test_set=(
                "sample",
                np.repeat(np.array(list(sizes), dtype=object), list(sizes.values())),
            ),
        )
    except StudyError:
        raise
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StudyError(
            f"{path}: predictions are missing or damaged ({type(error).__name__}: {first_line(error)})"
        ) from None


def read_history(path: Path, *, foreign: bool = False) -> pd.DataFrame:
    """History with the columns ``HISTORY``, one row per finished epoch; StudyError if it is damaged.

    Of a ``foreign`` study training loss and learning rate may be unknown, nan.
    """
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype=float) for name in HISTORY})
    try:
        text = path.read_text(encoding="utf-8")
        history = pd.read_csv(io.StringIO(text))
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: history is damaged ({str(error).strip()})") from None
    expected = np.arange(1, len(history) + 1)
    if list(history.columns) != HISTORY or not np.array_equal(history["epoch"], expected):
        raise StudyError(f"{path}: history is damaged; columns {', '.join(HISTORY)} and epochs 1, 2, ... expected")
    numbers = history.apply(pd.to_numeric, errors="coerce")
    needed = numbers[["epoch", "val_loss"]] if foreign else numbers
    damaged = ~np.isfinite(needed.to_numpy(dtype=float)).all(axis=1)
    if damaged.any():
        raise StudyError(f"{path}: history is damaged in epoch {int(damaged.argmax()) + 1}")
    if not text.endswith("\n"):
        raise StudyError(f"{path}: history is truncated in epoch {len(history)}")
    return history


def write_history(path: Path, history: pd.DataFrame) -> None:
    """Replace the file at once, so that a kill leaves the old or the new one."""
    write_whole(path, history.to_csv(index=False, float_format="%.9g", na_rep="nan").encode())
