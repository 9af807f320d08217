"""A fit as JSON, and back again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xrdlib._section import by_parameter, number
from xrdlib._version import __version__
from xrdlib.data import DatasetConfig
from xrdlib.refinement._ends import DisorderFit, Minimum
from xrdlib.refinement.model import NUISANCES
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.refinement.result import Refinement

__all__ = ["SCHEMA", "read", "to_dict", "write"]

FloatArray = NDArray[np.float64]

SCHEMA = "xrdlib.fit/1"
_PLAIN = ("likelihood", "counts_per_unit", "converged", "interrupted", "n_evaluations", "seconds")


def to_dict(fit: Refinement) -> dict[str, Any]:
    """Everything, as plain JSON types."""
    return {
        "curve": fit.curve,
        "warnings": list(fit.warnings),
        "parameters": by_parameter(fit.parameters),
        "sigma": by_parameter(fit.sigma),
        "nuisances": {name: number(value) for name, value in fit.nuisances.items()},
        "nuisance_sigma": {name: number(value) for name, value in fit.nuisance_sigma.items()},
        "at_bound": list(fit.at_bound),
        "unidentifiable": list(fit.unidentifiable),
        "log10_rmse": fit.log10_rmse,
        "log10_rmse_start": fit.log10_rmse_start,
        "start": {"from": fit.start, "parameters": by_parameter(fit.start_parameters)},
        **{key: getattr(fit, key) for key in _PLAIN},
        "variables": [*PARAMETERS, *NUISANCES],
        "covariance": _numbers(fit.covariance),
        "covariance_white": _numbers(fit.covariance_white),
        "minima": [
            {"parameters": by_parameter(m.parameters), "log10_rmse": m.rmse, "reached_from": list(m.reached_from)}
            for m in fit.minima
        ],
        "not_converged": list(fit.not_converged),
        "disorder_fits": [vars(f) | {"parameters": by_parameter(f.parameters)} for f in fit.disorder_fits],
        "sample": fit.sample.to_dict(),
        "profile": {str(column): fit.profile[column].tolist() for column in fit.profile},
        "model": {
            "angle": fit.angle.tolist(),
            "intensity": fit.model.tolist(),
            "measured": fit.intensity.tolist(),
            "start": fit.start_model.tolist(),
        },
    }


def write(fit: Refinement, path: Path, command: str) -> None:
    """Write a fit whole or not at all."""
    head = {"schema": SCHEMA, "xrdlib_version": __version__, "command": command, "experiment": fit.curve}
    text = json.dumps(head | {"fit": to_dict(fit)}, indent=1, allow_nan=False)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, path)


def read(path: Path) -> dict[str, Any]:
    """The fields of a `Refinement` that ``write`` wrote."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        if whole.get("schema") != SCHEMA:
            raise ValueError(f"schema {whole.get('schema')!r}, {SCHEMA!r} expected")
        fit = whole["fit"]
        return {
            "curve": fit["curve"],
            "warnings": tuple(fit.get("warnings", ())),  # files of earlier versions have none
            "angle": np.array(fit["model"]["angle"], dtype=float),
            "intensity": np.array(fit["model"]["measured"], dtype=float),
            "model": np.array(fit["model"]["intensity"], dtype=float),
            "start_model": np.array(fit["model"]["start"], dtype=float),
            "parameters": _array(fit["parameters"]),
            "start_parameters": _array(fit["start"]["parameters"]),
            "nuisances": {name: float(fit["nuisances"][name]) for name in NUISANCES},
            "covariance": np.array(fit["covariance"], dtype=float),
            "covariance_white": np.array(fit["covariance_white"], dtype=float),
            "at_bound": tuple(fit["at_bound"]),
            "start": fit["start"]["from"],
            "minima": tuple(
                Minimum(_array(m["parameters"]), m["log10_rmse"], tuple(m["reached_from"])) for m in fit["minima"]
            ),
            "not_converged": tuple(fit["not_converged"]),
            "disorder_fits": tuple(
                DisorderFit(**f | {"parameters": _array(f["parameters"])}) for f in fit["disorder_fits"]
            ),
            "sample": DatasetConfig.from_dict(fit["sample"]),
            **{key: fit[key] for key in _PLAIN},
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: no fit that xrdlib saved: {error}") from None


def _numbers(matrix: FloatArray) -> list[list[float | None]]:
    return [[number(v) for v in row] for row in matrix]


def _array(named: dict[str, float]) -> FloatArray:
    return np.array([named[name] for name in PARAMETERS], dtype=float)
