"""A study on disk, opened: its configuration, history, predictions of every epoch, and its networks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import torch
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from xrdlib._shown import Shown
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.space import SPACE
from xrdlib.metrics import parameter_error
from xrdlib.training.combined import Combined, combined_from
from xrdlib.training.config import StudyConfig, StudyError
from xrdlib.training.foreign import TestPredictions, Truth, write_foreign
from xrdlib.training.hashes import check_file, check_hashes, read_hashes
from xrdlib.training.network import Network, NetworkConfig, network_from
from xrdlib.training.store import open_predictions, read_history

__all__ = ["Study", "checkpoint_path", "load_network", "predict", "read_weights"]

_BATCH = 1024
_Module = TypeVar("_Module", bound=nn.Module)


def checkpoint_path(folder: Path, epoch: int) -> Path:
    """File of one epoch's weights."""
    return folder / "checkpoints" / f"epoch_{epoch:04d}.safetensors"


def predict(network: nn.Module, inputs: Tensor) -> NDArray[np.float32]:
    """Fractions of range, shape (n, 7), for inputs of shape (n, n_points)."""
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(part) for part in torch.split(inputs, _BATCH)]).numpy()


def load_network(file: Path, n_points: int, config: NetworkConfig) -> Network:
    """A network from its file; StudyError if it is damaged or another network's."""
    return _load(file, lambda weights: network_from(weights, n_points, config))


def read_weights(file: Path) -> dict[str, Tensor]:
    """What a checkpoint holds; StudyError if it is no safetensors file, or holds what is no number."""
    try:
        weights = load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise StudyError(f"{file}: not a safetensors file ({error})") from None
    for name, values in weights.items():
        if not torch.isfinite(values).all():
            raise StudyError(f"{file}: weights that are not finite numbers, in {name}")
    return weights


def _load(file: Path, build: Callable[[dict[str, Tensor]], _Module]) -> _Module:
    weights = read_weights(file)
    try:
        return build(weights)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise StudyError(f"{file}: weights of another network than config.toml describes ({reason})") from None


@dataclass(frozen=True, eq=False, repr=False)
class Study(Shown):
    """One training run with everything that diagnostics read.

    Attributes
    ----------
    path : Path
    config : StudyConfig
    history : pandas.DataFrame
        Columns epoch, train_loss, val_loss, learning_rate.
    """

    path: Path
    config: StudyConfig
    history: pd.DataFrame

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, complete: bool = True) -> Study:
        """Open a study's folder.

        Raises
        ------
        StudyError
            If the folder is missing, is no study, is damaged, or (unless ``complete`` is false) unfinished.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise StudyError(f"{folder}: no such study folder")
        if not (folder / "config.toml").is_file():
            raise StudyError(f"{folder}: not a study, it has no config.toml")
        config = StudyConfig.load(folder / "config.toml")
        study = cls(folder, config, read_history(folder / "history.csv", foreign=config.foreign or config.derived))
        n, epochs = study.n_epochs, config.training.epochs
        if n > epochs:
            raise StudyError(f"{folder}: history.csv has {n} epochs, config.toml asks for {epochs}")
        if complete and n < epochs:
            raise StudyError(
                f"{folder}: the study is unfinished, {n} of {epochs} epochs; "
                f"finish it with 'xrdlib study run {folder / 'config.toml'} --out {folder}'"
            )
        if n:
            _ = study.predictions  # opened now, so that what is missing is said now
        if n == epochs and study._hashes is not None:  # weights are compared when they are loaded
            check_hashes(folder, study._hashes, ("history.csv", "predictions.zarr"))
        return study

    @classmethod
    def from_predictions(
        cls,
        path: str | os.PathLike[str],
        *,
        val_loss: ArrayLike,
        training: ArrayLike,
        grid: TestPredictions | None = None,
        uniform: TestPredictions | None = None,
        test: TestPredictions | None = None,
        experiments: Mapping[str, tuple[ArrayLike, Truth]] | None = None,
        train_loss: ArrayLike | None = None,
        dataset: DatasetConfig | None = None,
        name: str | None = None,
        cm: bool = False,
    ) -> Study:
        """A study of a network that was trained elsewhere, from what it predicted at every epoch.

        It has no weights: what needs only predictions works, and of curves those of ``experiments`` can be looked at.

        Parameters
        ----------
        path : path
            New folder, which `open` opens again.
        val_loss : array_like, shape (n_epochs,)
            Epochs are counted from 1 in the order given.
        training : array_like, shape (n, 7)
            Parameters of the training set.
        grid, uniform : tuple of array_like, shapes (n_epochs, n, 7) and (n, 7)
            Predicted and true parameters of test samples that no epoch was trained on, drawn as `xrdlib.data.sample`
            draws ``grid`` and ``uniform``.
        test : tuple of array_like
            The same, for samples drawn as the training set was; instead of that one of ``grid`` and ``uniform`` which
            is called like it.
        experiments : dict of str to tuple, optional
            By name the predicted parameters, shape (n_epochs, 7), and the true ones: an `Experiment` of that name, or
            seven numbers (a noise-free experiment).
        train_loss : array_like, shape (n_epochs,), optional
        dataset : DatasetConfig, optional
            What is known of the training curves: sampling, scan, crystal, film, sublayers. By default the lab's, but
            sampled uniformly where ``uniform`` is the only test set.
        name : str, optional
            By default the folder's.
        cm : bool
            Whether the arrays are in the lab's units, lengths in cm.

        Returns
        -------
        Study

        Raises
        ------
        StudyError
            If the folder exists, or an array has the wrong shape, is not finite, or seems to be in other units.
        """
        tests = {"grid": grid, "uniform": uniform, "test": test}
        given = {k: v for k, v in tests.items() if v is not None}
        losses = {"val_loss": val_loss, **({} if train_loss is None else {"train_loss": train_loss})}
        write_foreign(Path(path), losses, training, given, experiments or {}, dataset, name, cm)
        return cls.open(path)

    def _facts(self) -> list[tuple[str, str]]:
        config = self.config
        facts = [
            ("study", config.name),
            ("folder", str(self.path)),
            ("epochs", f"{self.n_epochs} of {config.training.epochs}, {len(self.checkpoints)} with weights"),
            ("curves", self.curves_in_words),
        ]
        if self.n_epochs:
            facts.append(("final", f"epoch {self.final}, validation loss {self.val_loss(self.final):.5f}"))
        return [*facts, ("experiments", ", ".join(experiment.name for experiment in config.experiments))]

    @property
    def curves_in_words(self) -> str:
        """How many curves of which sampling; and how many are drawn again in every epoch, where they are."""
        data, training = self.config.dataset, self.config.training
        words = f"{data.size} {data.sampling}"
        if training.fresh:
            words += f"; for training {training.epoch_size or 'as many'} new ones in every epoch"
        return words

    @property
    def n_epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.history)

    @cached_property
    def predictions(self) -> xr.Dataset:
        """Predictions as fractions of range.

        ``prediction`` (epoch, sample, parameter) with the coordinate ``test_set`` (of `test_sets`),
        ``experiment_prediction`` (epoch, experiment, parameter), ``truth`` (sample, parameter; A),
        ``training`` (training_sample, parameter; A, float32), the training set's parameters.
        """
        return open_predictions(self.path / "predictions.zarr", self.config, self.n_epochs)

    @property
    def test_sets(self) -> tuple[str, ...]:
        """``grid`` and ``uniform``; of a foreign study those that were given."""
        return tuple(dict.fromkeys(self.predictions["test_set"].to_numpy().tolist()))

    def test_predictions(self, test_set: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predicted (n_epochs, n, 7) and true (n, 7) parameters of ``grid`` or ``uniform``, lengths in A."""
        chosen = self.predictions["test_set"].to_numpy() == test_set
        if not chosen.any():
            raise StudyError(f"test set {test_set!r}: {' or '.join(map(repr, self.test_sets))} expected")
        predicted = self.predictions["prediction"].to_numpy()[:, chosen]
        return SPACE.denormalise(predicted), self.predictions["truth"].to_numpy()[chosen]

    def experiment_predictions(self, name: str) -> NDArray[np.float64]:
        """Predicted parameters of a tracked experiment at every epoch, shape (n_epochs, 7), lengths in A."""
        names = [e.name for e in self.config.experiments]
        if name not in names:
            raise StudyError(f"experiment {name!r}: this study tracks {', '.join(names) or 'none'}")
        fractions = self.predictions["experiment_prediction"].to_numpy()[:, names.index(name)]
        return SPACE.denormalise(fractions)

    @cached_property
    def training_parameters(self) -> NDArray[np.float64]:
        """Parameters of the training set, shape (n, 7), lengths in A."""
        return self.predictions["training"].to_numpy().astype(np.float64)

    @property
    def final(self) -> int:
        """Epoch (from 1) with the lowest validation loss; of a fine-tuning the last, see `final_among`."""
        return self.final_among(self.history["epoch"].to_numpy())

    def final_among(self, epochs: ArrayLike) -> int:
        """The final one of some epochs, shape (n,).

        A fine-tuning gives up the whole space for a part of it, and the validation loss of the whole would choose the
        epoch at which it has hardly begun: there it is the last one.
        """
        given = np.asarray(epochs, dtype=np.int64)
        if self.continued:
            return int(given.max())
        return int(given[self.history["val_loss"].to_numpy()[given - 1].argmin()])

    @property
    def continued(self) -> bool:
        """Whether the training went on from another study's weights."""
        return self.config.parent is not None and self.config.parent.continued

    def val_loss(self, epoch: int) -> float:
        """Validation loss of an epoch."""
        return float(self.history["val_loss"].iloc[epoch - 1])

    @cached_property
    def checkpoints(self) -> tuple[int, ...]:
        """Epochs whose weights are in the folder; a shipped study has some of them, a fresh one all."""
        files = (self.path / "checkpoints").glob("epoch_*.safetensors")
        return tuple(sorted(int(f.stem.removeprefix("epoch_")) for f in files))

    def network(self, epoch: int) -> Network:
        """The network as it was after an epoch.

        Raises
        ------
        StudyError
            If its weights are not in the folder, are not safetensors, or do not fit the configuration; or if they are
            those of several networks, see `combined`.
        """
        if self.config.combination is not None:
            raise StudyError(f"{self.path}: an ensemble, not one network; 'study.combined({epoch})' has its members")
        network = load_network(self._file(epoch), self.config.dataset.scan_points, self.config.network)
        self._verify(epoch)
        return network

    def combined(self, epoch: int) -> Combined:
        """The networks of an ensemble's epoch; StudyError as for `network`, or if this is no ensemble."""
        config, combination = self.config, self.config.combination
        if combination is None:
            raise StudyError(f"{self.path}: one network, not an ensemble; 'study.network({epoch})' has it")
        n_points = config.dataset.scan_points
        networks = _load(self._file(epoch), lambda w: combined_from(w, n_points, config.network, combination))
        self._verify(epoch)
        return networks

    @cached_property
    def _hashes(self) -> dict[str, str] | None:
        return read_hashes(self.path)

    def _verify(self, epoch: int) -> None:
        """StudyError if an epoch's weights are not those of the finished study, where that is known."""
        if self._hashes is not None:
            check_file(self.path, self._hashes, checkpoint_path(self.path, epoch).relative_to(self.path).as_posix())

    def _file(self, epoch: int) -> Path:
        file = checkpoint_path(self.path, epoch)
        if not file.is_file():
            have = ", ".join(map(str, self.checkpoints)) or "none"
            raise StudyError(f"{file}: no weights of epoch {epoch}; epochs with weights: {have}")
        return file

    def predict(self, inputs: ArrayLike, epochs: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Parameters that chosen epochs (by default all with weights) read off curves.

        Parameters
        ----------
        inputs : array_like, shape (n, n_points)
            As ``config.preprocess`` makes them.
        epochs : sequence of int, optional

        Returns
        -------
        ndarray, shape (n_epochs, n, 7), lengths in A
        """
        chosen = self.checkpoints if epochs is None else tuple(epochs)
        if not chosen:
            names = ", ".join(e.name for e in self.config.experiments) or "none"
            only = f"; without them only its own experiments can be looked at: {names}" if self.config.foreign else ""
            raise StudyError(f"{self.path}: no weights in this folder{only}")
        curves = torch.from_numpy(np.ascontiguousarray(inputs, dtype=np.float32))
        load = self.network if self.config.combination is None else self.combined
        return SPACE.denormalise(np.stack([predict(load(epoch), curves) for epoch in chosen]))

    def experiment_errors(self, name: str) -> NDArray[np.float64]:
        """Errors of a tracked experiment in % of range, shape (n_epochs, 7)."""
        experiment = next((e for e in self.config.experiments if e.name == name), None)
        predicted = self.experiment_predictions(name)
        assert experiment is not None
        return parameter_error(predicted, experiment.parameters.to_array(), SPACE.range)
