"""Where a report comes from: command, versions and hashes, by which it can be made again and compared."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from platform import python_version

import numpy as np
from numpy.typing import NDArray

import xrdlib
from xrdlib.diagnostics import Diagnosis
from xrdlib.training.hashes import HASHES

__all__ = ["hash_of", "made_by", "studies_from"]

_PACKAGES = ("numpy", "numba", "torch", "matplotlib")


def made_by(command: str, *packages: str) -> dict[str, str]:
    """The command, and the versions of what it ran with."""
    versions = {name: version(name) for name in (*_PACKAGES, *packages)}
    return {"command": command, "xrdlib": xrdlib.__version__, "python": python_version()} | versions


def studies_from(diagnoses: Sequence[Diagnosis], stems: Sequence[str], command: str) -> dict[str, str]:
    """`made_by`, and what each study was trained on, with the hashes of its configuration and of its files."""
    rows = made_by(command)
    for stem, diagnosis in zip(stems, diagnoses, strict=True):
        config = diagnosis.study.config
        data = config.dataset
        noise = "noise-free curves" if config.measurement is None else "measured-like curves"
        rows[f"study {stem}"] = (
            f"{config.training.epochs} epochs on {data.size} {noise} ({data.sampling} sampling, {data.crystal}, seeds "
            f"{data.seed} and {config.seed})"
        )
        rows[f"SHA-256 of {stem}'s configuration"] = sha256(config.to_toml().encode()).hexdigest()
        # a finished study's list of the hashes of all its files
        if (hashes := diagnosis.study.path / HASHES).is_file():
            rows[f"SHA-256 of {stem}'s {HASHES}"] = sha256(hashes.read_bytes()).hexdigest()
    return rows


def hash_of(*arrays: NDArray[np.float64]) -> str:
    """SHA-256 of numbers, the same on every machine."""
    return sha256(b"".join(np.ascontiguousarray(array, dtype="<f8").tobytes() for array in arrays)).hexdigest()
