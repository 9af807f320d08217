"""Configuration of a study: one TOML file says everything that decides its numbers."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tomli_w
from numpy.typing import NDArray

from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.experiments import LAB, Experiment
from xrdlib.simulation import CRYSTALS, YIG_FILM, Instrument
from xrdlib.training.measurement import Measurement
from xrdlib.training.network import NetworkConfig
from xrdlib.training.preprocess import Preprocess

__all__ = ["Seeds", "StudyConfig", "StudyError", "TrainingConfig"]

T = TypeVar("T")


class StudyError(ValueError):
    """A study folder or configuration that cannot be used; the text says why and what to do."""


_WHOLE = ("epochs", "batch_size", "test_size", "threads")


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate : float
        Highest rate of a cosine schedule that rises over the first ``warmup`` of all steps and falls to 0.
    warmup : float
    weight_decay : float
    loss : {"l1", "mse"}
        On parameters as fractions of their ranges.
    parameter_weights : tuple of 7 floats
        Weight of each parameter in the loss; their mean need not be 1.
    validation_fraction : float
        Of the dataset, split off at random; its loss defines the final epoch.
    test_size : int
        Curves in each of the two test sets.
    floor : float
        See ``Preprocess``.
    checkpoint_precision : {"float32", "float16"}
        Of the stored weights. Predictions and validation loss are always those of the stored weights.
    threads : int
        Torch threads while training: sums depend on their number, so it is part of the configuration.
    """

    epochs: int = 60
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup: float = 0.1
    weight_decay: float = 0.0
    loss: str = "l1"
    parameter_weights: tuple[float, ...] = (1.0,) * 7
    validation_fraction: float = 0.1
    test_size: int = 2000
    floor: float = 1e-8
    checkpoint_precision: str = "float32"
    threads: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameter_weights", tuple(float(w) for w in self.parameter_weights))
        for name, allowed, what in (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 2, "at least 2"),
            ("learning_rate", self.learning_rate > 0, "a positive number"),
            ("warmup", 0 <= self.warmup < 1, "a fraction below 1"),
            ("loss", self.loss in ("l1", "mse"), "l1 or mse"),
            (
                "parameter_weights",
                len(self.parameter_weights) == 7 and min(self.parameter_weights) >= 0 < max(self.parameter_weights),
                "seven weights, none negative, not all 0",
            ),
            ("validation_fraction", 0 < self.validation_fraction < 1, "a fraction between 0 and 1"),
            ("test_size", self.test_size >= 1, "at least 1"),
            ("floor", 0 < self.floor < 1, "a fraction of the peak"),
            (
                "checkpoint_precision",
                self.checkpoint_precision in ("float32", "float16"),
                "float32 or float16",
            ),
            ("threads", self.threads >= 1, "at least 1"),
            *((name, isinstance(getattr(self, name), int), "a whole number") for name in _WHOLE),
        ):
            if not allowed:
                raise StudyError(f"training: {name} = {getattr(self, name)} given, {what} expected")


@dataclass(frozen=True)
class Seeds:
    """Seeds of what differs between two trainings on the same curves; None takes the study's ``seed``.

    Attributes
    ----------
    weights, order, dropout : int or None
        Of the initial weights, of the order of batches, and of the neurons dropped.
    """

    weights: int | None = None
    order: int | None = None
    dropout: int | None = None

    def __post_init__(self) -> None:
        for name, seed in asdict(self).items():
            if seed is not None and (not isinstance(seed, int) or seed < 0):
                raise StudyError(f"seeds: {name} = {seed} given, a whole number, 0 or more, expected")


@dataclass(frozen=True)
class StudyConfig:
    """A whole study.

    Attributes
    ----------
    name : str
    seed : int
        Of everything but the dataset, which has its own: split, weights, order, dropout, augmentation, test sets.
    dataset : DatasetConfig
    network : NetworkConfig
    training : TrainingConfig
    measurement : Measurement or None
        None trains on noise-free curves through a Gaussian of 30 arcsec.
    experiments : tuple of Experiment
        Targets whose predictions are kept at every epoch; names are unique.
    seeds : Seeds
        Where a part of the training is to have another seed than ``seed``.
    foreign : bool
        Trained elsewhere, its predictions brought in by `Study.from_predictions`: seed, network, and all of the
        training but ``epochs`` and ``test_size`` (of the larger test set) are not known; there may be no experiment.
    """

    name: str = "study"
    seed: int = 0
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    measurement: Measurement | None = None
    experiments: tuple[Experiment, ...] = (LAB,)
    seeds: Seeds = field(default_factory=Seeds)
    foreign: bool = False

    def __post_init__(self) -> None:
        names = [e.name for e in self.experiments]
        if (not names and not self.foreign) or len(set(names)) != len(names):
            raise StudyError(f"study: experiments need different names, and one at least; given: {', '.join(names)}")
        if not isinstance(self.seed, int) or self.seed < 0:
            raise StudyError(f"study: seed = {self.seed} given, a whole number, 0 or more, expected")
        if not isinstance(self.foreign, bool):
            raise StudyError(f"study: foreign = {self.foreign} given, true or false expected")
        if self.foreign:  # what follows is about training
            return
        size, fraction = self.dataset.size, self.training.validation_fraction
        if max(1, round(size * fraction)) >= size:
            raise StudyError(f"study: {size} curves cannot be split with validation_fraction = {fraction:g}")
        narrowest = Instrument().fwhm if self.measurement is None else self.measurement.fwhm[0]
        if narrowest < self.dataset.fwhm_min:
            raise StudyError(
                f"study: a resolution of {narrowest:g} arcsec needs a dataset with fwhm_min <= {narrowest:g}, "
                f"{self.dataset.fwhm_min:g} given"
            )
        self.network.features(self.dataset.scan_points)

    def seed_of(self, part: str) -> int:
        """Seed of ``weights``, ``order`` or ``dropout``."""
        seed: int | None = getattr(self.seeds, part)
        return self.seed if seed is None else seed

    @property
    def preprocess(self) -> Preprocess:
        """How curves become network inputs."""
        return Preprocess(self.dataset.scan, self.training.floor)

    def curve(self, experiment: Experiment) -> NDArray[np.float64]:
        """The curve that an experiment records on this study's scan and kind of sample, shape (n_points,)."""
        sample = self.dataset
        film = YIG_FILM if sample.film else None
        return experiment.curve(sample.scan, CRYSTALS[sample.crystal], film, sample.layer_thickness)

    def to_dict(self) -> dict[str, Any]:
        """As plain TOML types."""
        values: dict[str, Any] = {"name": self.name, "seed": self.seed, "dataset": self.dataset.to_dict()}
        for part in ("network", "training", "measurement"):
            if (section := getattr(self, part)) is not None:
                values[part] = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(section).items()}
        if seeds := {k: v for k, v in asdict(self.seeds).items() if v is not None}:
            values["seeds"] = seeds
        values["experiments"] = [e.to_dict() for e in self.experiments]
        if self.foreign:
            known = {k: values["training"][k] for k in ("epochs", "test_size")}
            values = {k: v for k, v in values.items() if k not in ("seed", "network")}
            values |= {"foreign": True, "training": known}
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> StudyConfig:
        """From ``to_dict``; missing keys take their defaults, unknown ones are a StudyError."""
        _only(values, cls, "study")
        measurement = values.get("measurement")
        try:
            return cls(
                name=values.get("name", "study"),
                seed=values.get("seed", 0),
                dataset=DatasetConfig.from_dict(values.get("dataset", {})),
                network=_section(NetworkConfig, values.get("network", {}), "network"),
                training=_section(TrainingConfig, values.get("training", {}), "training"),
                measurement=None if measurement is None else _section(Measurement, measurement, "measurement"),
                experiments=tuple(Experiment.from_dict(e) for e in values.get("experiments", [LAB.to_dict()])),
                seeds=_section(Seeds, values.get("seeds", {}), "seeds"),
                foreign=values.get("foreign", False),
            )
        except (TypeError, KeyError) as error:
            raise StudyError(f"study: a value of the wrong kind or a missing key: {error}") from None

    @classmethod
    def load(cls, path: str | Path) -> StudyConfig:
        """From a TOML file; StudyError with the file's name if it is missing or wrong."""
        file = Path(path)
        try:
            return cls.from_dict(tomllib.loads(file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise StudyError(f"{file}: no such configuration file") from None
        except (OSError, ValueError) as error:
            raise StudyError(f"{file}: {error}") from None

    def differences(self, found: dict[str, Any]) -> list[str]:
        """How another configuration, as ``to_dict`` gives it, differs from this one; empty where they agree."""
        return _differing(found, self.to_dict())

    def to_toml(self) -> str:
        """The text that ``load`` reads."""
        return tomli_w.dumps(self.to_dict())


def _only(values: dict[str, Any], cls: type, where: str) -> None:
    known = {f.name for f in fields(cls)}
    if unknown := set(values) - known:
        raise StudyError(f"{where}: unknown keys {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")


def _section(cls: type[T], values: dict[str, Any], where: str) -> T:
    _only(values, cls, where)
    return cls(**values)


def _differing(found: dict[str, Any], wanted: dict[str, Any], section: str = "") -> list[str]:
    texts = []
    for key in sorted(set(found) | set(wanted)):
        one, other = found.get(key), wanted.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            texts += _differing(one, other, f"{section}{key}.")
        elif one != other:
            text = f" = {one} (asked: {other})"
            texts.append(f"{section}{key}{text if len(text) < 100 else ' differ'}")
    return texts
