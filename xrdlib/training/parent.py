"""Where a study comes from that a remedy made of another one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xrdlib._arrays import shown, vector
from xrdlib._words import unprintable
from xrdlib.training.training_config import StudyError

__all__ = ["Combination", "Parent", "fingerprint"]


@dataclass(frozen=True)
class Parent:
    """The study that a remedy started from.

    Attributes
    ----------
    study : str
        Its name.
    remedy : str
        What was done, such as ``"augment"``.
    fingerprint : str
        Of its configuration and history, see `fingerprint`.
    epochs : tuple of int
        Whose weights were taken; none where the training started anew.
    trained : bool
        Whether the new study was trained: from these weights, or from new ones. False: its one epoch was put together.
    """

    study: str
    remedy: str
    fingerprint: str = ""
    epochs: tuple[int, ...] = ()
    trained: bool = False

    def __post_init__(self) -> None:
        for name in ("study", "remedy"):
            if problem := unprintable(getattr(self, name)):
                raise StudyError(f"parent: {name}: {problem}")
        object.__setattr__(self, "epochs", tuple(int(e) for e in self.epochs))
        if self.trained and len(self.epochs) > 1:
            raise StudyError(f"parent: training starts from the weights of one epoch, {len(self.epochs)} given")

    @property
    def continued(self) -> bool:
        """Whether the training started from the parent's weights."""
        return self.trained and bool(self.epochs)


@dataclass(frozen=True)
class Combination:
    """How the predictions of several networks become one.

    Attributes
    ----------
    how : {"mean", "median"}
    weights : tuple of float
        One for each network, used as fractions of their sum; for the median all equal.
    """

    how: str
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(vector(self.weights, "combination: weights").tolist()))
        if self.how not in ("mean", "median"):
            raise StudyError(f"combination: how = {self.how!r} given, mean or median expected")
        given = np.array(self.weights)
        if not given.size or given.min() < 0 or not 0 < given.max() <= 1e100:
            raise StudyError(
                f"combination: weights = {shown(self.weights)} given; finite ones expected, none negative, not all 0"
            )
        if self.how == "median" and np.ptp(given) > 0:
            raise StudyError("combination: the median knows no weights; take the mean, or equal weights")


def fingerprint(folder: Path) -> str:
    """First 16 digits of the SHA-256 of a study's ``config.toml`` and ``history.csv``, which name its weights."""
    digest = hashlib.sha256()
    for name in ("config.toml", "history.csv"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]
