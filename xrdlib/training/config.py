"""Configuration of a study: one TOML file says everything that decides its numbers."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tomli_w
from numpy.typing import NDArray

from xrdlib._words import unprintable
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.experiments import LAB, Experiment
from xrdlib.simulation import CRYSTALS, YIG_FILM, Instrument
from xrdlib.training.focus import Focus
from xrdlib.training.measurement import Measurement
from xrdlib.training.network import NetworkConfig
from xrdlib.training.parent import Combination, Parent
from xrdlib.training.preprocess import Preprocess
from xrdlib.training.training_config import Seeds, StudyError, TrainingConfig

__all__ = ["Seeds", "StudyConfig", "StudyError", "TrainingConfig"]

T = TypeVar("T")


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
    extra : DatasetConfig or None
        More training curves, of the same kind as the dataset's; validation and test sets stay as they are.
    focus : Focus or None
        Which training samples count, and how much.
    parent : Parent or None
        What a remedy made this study from.
    combination : Combination or None
        The one epoch of this study is several networks whose predictions are combined.
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
    extra: DatasetConfig | None = None
    focus: Focus | None = None
    parent: Parent | None = None
    combination: Combination | None = None

    def __post_init__(self) -> None:
        if problem := unprintable(self.name):
            raise StudyError(f"study: name: {problem}")
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
        self._check_extra()

    def _check_extra(self) -> None:
        if self.extra is None:
            return
        if self.training.fresh and self.training.pool is not None:
            raise StudyError("extra: fresh curves in pools leave no place for others; take one of them away")
        own, extra = self.dataset.to_dict(), self.extra.to_dict()
        free = {"size", "sampling", "seed", "region", "chunk_size"}
        if differing := [k for k in own if k not in free and own[k] != extra[k]]:
            raise StudyError(f"extra: curves of the same kind as the dataset's expected; {', '.join(differing)} differ")

    @property
    def derived(self) -> bool:
        """Whether this study was put together from networks of others instead of being trained."""
        return self.parent is not None and not self.parent.trained

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
        for part in ("network", "training", "measurement", "focus", "parent", "combination"):
            if (section := getattr(self, part)) is not None:
                values[part] = _plain(asdict(section))
        if self.extra is not None:
            values["extra"] = self.extra.to_dict()
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
        sections = {"measurement": Measurement, "focus": Focus, "parent": Parent, "combination": Combination}
        there = {k: v for k, v in sections.items() if values.get(k) is not None}
        try:
            return cls(
                name=values.get("name", "study"),
                seed=values.get("seed", 0),
                dataset=DatasetConfig.from_dict(values.get("dataset", {})),
                network=_section(NetworkConfig, values.get("network", {}), "network"),
                training=_section(TrainingConfig, values.get("training", {}), "training"),
                experiments=tuple(Experiment.from_dict(e) for e in values.get("experiments", [LAB.to_dict()])),
                seeds=_section(Seeds, values.get("seeds", {}), "seeds"),
                foreign=values.get("foreign", False),
                extra=None if values.get("extra") is None else DatasetConfig.from_dict(values["extra"]),
                **{name: _section(kind, values[name], name) for name, kind in there.items()},
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


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As TOML and JSON have them; without what is None, infinite or false, as configurations have that know no such."""
    kept = {k: v for k, v in values.items() if v is not None and v is not False and v != math.inf}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in kept.items()}


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
