"""A study put together from networks that others trained: one epoch, with all that diagnostics read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import save_file
from torch import nn

from xrdlib.training.combined import Combined
from xrdlib.training.config import StudyConfig, StudyError
from xrdlib.training.curves import StudyCurves
from xrdlib.training.hashes import write_hashes
from xrdlib.training.inputs import validation_curves
from xrdlib.training.network import Network, weighted_loss
from xrdlib.training.parent import Combination, Parent, fingerprint
from xrdlib.training.store import HISTORY, create_predictions, write_history, write_predictions
from xrdlib.training.study import Study, checkpoint_path, predict

__all__ = ["write_derived"]


def write_derived(
    parent: Study,
    path: str | os.PathLike[str],
    networks: Sequence[Network],
    *,
    remedy: str,
    epochs: Sequence[int],
    combination: Combination | None = None,
) -> Study:
    """Write a study of one network, or of several combined, that has the curves and test sets of its parent.

    Parameters
    ----------
    parent : Study
    path : path
        New folder.
    networks : sequence of Network
        One; with ``combination`` one for each of its weights.
    remedy : str
        What was done, for ``config.parent``.
    epochs : sequence of int
        Of the parent, whose weights were taken.
    combination : Combination, optional

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If the folder exists, or the networks are not of the parent's configuration.
    """
    folder = Path(path)
    if folder.exists():
        raise StudyError(f"{folder}: exists already; choose another folder or remove this one")
    if combination is None and len(networks) != 1:
        raise StudyError(f"networks: {len(networks)} given, one expected where none are combined")
    origin = Parent(parent.config.name, remedy, fingerprint(parent.path), tuple(epochs))
    training = replace(parent.config.training, epochs=1, checkpoint_precision="float32")
    config = replace(parent.config, name=folder.name, training=training, parent=origin, combination=combination)
    shape = Network(config.dataset.scan_points, config.network).state_dict()
    for network in networks:
        if {k: v.shape for k, v in network.state_dict().items()} != {k: v.shape for k, v in shape.items()}:
            raise StudyError(f"networks: not of the kind that {parent.config.name}'s config.toml describes")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "checkpoints").mkdir(parents=True)
    (partial / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    whole: nn.Module = networks[0] if combination is None else Combined(networks, combination)
    weights = {k: v.detach().float().contiguous().clone() for k, v in whole.state_dict().items()}
    save_file(weights, checkpoint_path(partial, 1), metadata={"epoch": "1"})
    _write_predictions(partial, config, whole.eval())
    write_hashes(partial)
    partial.rename(folder)
    return Study.open(folder)


def _write_predictions(folder: Path, config: StudyConfig, network: nn.Module) -> None:
    curves = StudyCurves(config)
    create_predictions(folder / "predictions.zarr", config, curves)
    samples = torch.cat([t.inputs for t in curves.tests])
    write_predictions(folder / "predictions.zarr", 1, predict(network, samples), predict(network, curves.experiments))
    inputs, targets = validation_curves(config)
    weights = torch.tensor(config.training.parameter_weights)
    loss = float(weighted_loss(torch.from_numpy(predict(network, inputs)), targets, weights, config.training.loss))
    history = pd.DataFrame([[1, float("nan"), loss, float("nan")]], columns=HISTORY).astype({"epoch": int})
    write_history(folder / "history.csv", history)
