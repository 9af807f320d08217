"""A plain training loop that can be killed at any moment and goes on as if it had not been.

Nothing random is carried from one epoch to the next: order, augmentation and dropout of an epoch come from
(seed, epoch), the learning rate from the step. What has to be stored is the weights and Adam's moments.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from threadpoolctl import threadpool_limits
from torch import Tensor

from xrdlib._progress import progress_bar
from xrdlib.data.build import build_dataset
from xrdlib.data.space import SPACE
from xrdlib.metrics import parameter_error
from xrdlib.training.config import StudyConfig, StudyError, TrainingConfig
from xrdlib.training.curves import StudyCurves
from xrdlib.training.network import Network, network_from
from xrdlib.training.store import HISTORY, create_predictions, read_history, write_history, write_predictions
from xrdlib.training.study import Study, checkpoint_path, predict

__all__ = ["run_study"]

_RESUME = "resume.safetensors"


def run_study(
    config: StudyConfig, path: str | os.PathLike[str], *, workers: int | None = None, progress: bool = True
) -> Study:
    """Train a network and keep every epoch, or go on with a study that was interrupted.

    Parameters
    ----------
    config : StudyConfig
    path : path
        The study's folder; created, or continued if its ``config.toml`` says the same.
    workers : int, optional
        Processes that build the dataset; by default one per core.
    progress : bool
        Show progress bars.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If the folder holds something else, or a study of another configuration.
    """
    folder = Path(path)
    if config.foreign:
        raise StudyError(f"study {config.name}: was trained elsewhere (foreign = true); it cannot be trained here")
    _prepare(folder, config)
    if len(read_history(folder / "history.csv")) == config.training.epochs:
        return Study.open(folder)  # also without what only training needs, as the shipped studies are
    dataset = build_dataset(folder / "dataset.zarr", config.dataset, workers=workers, progress=progress)
    curves = StudyCurves(config, dataset)
    predictions = folder / "predictions.zarr"
    with _deterministic(config.training.threads):
        if not predictions.exists():
            create_predictions(predictions, config, curves)
        _train(config, curves, folder, progress)
    return Study.open(folder)


def _prepare(folder: Path, config: StudyConfig) -> None:
    file = folder / "config.toml"
    if file.exists():
        if differing := config.differences(StudyConfig.load(file).to_dict()):
            raise StudyError(
                f"{folder}: holds a study of another configuration, {'; '.join(differing)}; "
                "choose another folder or remove this one"
            )
    else:
        partial = folder / "config.toml.partial"  # all that a kill can leave before there is a config.toml
        if folder.exists() and (not folder.is_dir() or any(f != partial for f in folder.iterdir())):
            raise StudyError(f"{folder}: exists and is not a study; choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(config.to_toml(), encoding="utf-8")
        os.replace(partial, file)
    (folder / "checkpoints").mkdir(exist_ok=True)


def _train(config: StudyConfig, curves: StudyCurves, folder: Path, progress: bool) -> None:
    training = config.training
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed_of("weights"))
        network = Network(config.dataset.scan_points, config.network)
    network.standardise(curves.epoch(0))
    parameters = list(network.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=training.learning_rate, weight_decay=training.weight_decay)
    done = _load_resume(folder / _RESUME, network, optimiser)
    history = read_history(folder / "history.csv").iloc[:done]
    if len(history) < done:
        raise StudyError(f"{folder}: history.csv has {len(history)} epochs, {_RESUME} has {done}; remove the folder")
    samples = torch.cat([t.inputs for t in curves.tests])
    truth = np.stack([e.parameters.to_array() for e in config.experiments])
    weights = torch.tensor(training.parameter_weights)
    inputs, targets = curves.validation
    bar = progress_bar(f"epochs of {config.name}", training.epochs, done=done, show=progress and done < training.epochs)
    # the next epoch's curves are measured while this one is trained on
    with bar as advance, ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(curves.epoch, done + 1)
        for epoch in range(done + 1, training.epochs + 1):
            epoch_inputs = following.result()
            if epoch < training.epochs:
                following = ahead.submit(curves.epoch, epoch + 1)
            train_loss, rate = _epoch(network, optimiser, epoch_inputs, curves.targets, config, epoch)
            state = _stored(network, training.checkpoint_precision)
            evaluated = network_from(state, config.dataset.scan_points, config.network)
            val_loss = float(_loss(torch.from_numpy(predict(evaluated, inputs)), targets, weights, training.loss))
            if not math.isfinite(train_loss + val_loss):
                raise StudyError(
                    f"{folder}: the loss of epoch {epoch} is not finite (training {train_loss:g}, validation "
                    f"{val_loss:g}); take a learning_rate below {training.learning_rate:g}"
                )
            experiments = predict(evaluated, curves.experiments)
            write_predictions(folder / "predictions.zarr", epoch, predict(evaluated, samples), experiments)
            _save(state, checkpoint_path(folder, epoch), epoch)
            row = pd.DataFrame([[epoch, train_loss, val_loss, rate]], columns=HISTORY).astype({"epoch": int})
            history = row if history.empty else pd.concat([history, row], ignore_index=True)
            write_history(folder / "history.csv", history)
            _save_resume(folder / _RESUME, network, optimiser, epoch)
            tracked = config.experiments[0].name
            error = parameter_error(SPACE.denormalise(experiments[0]), truth[0], SPACE.range).mean()
            advance(
                1,
                f"loss {train_loss:.4f} / {val_loss:.4f}, {tracked} {error:.1f} %",
            )


def _epoch(
    network: Network,
    optimiser: torch.optim.Optimizer,
    inputs: Tensor,
    targets: Tensor,
    config: StudyConfig,
    epoch: int,
) -> tuple[float, float]:
    """One pass over the training set; its mean loss and last learning rate."""
    training, weights = config.training, torch.tensor(config.training.parameter_weights)
    order = torch.from_numpy(np.random.default_rng([config.seed_of("order"), 8, epoch]).permutation(inputs.shape[0]))
    batches = torch.split(order, training.batch_size)
    total, rate = 0.0, 0.0
    network.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed_of("dropout") * 1_000_003 + epoch)  # dropout
        for i, rows in enumerate(batches):
            rate = _learning_rate(training, ((epoch - 1) * len(batches) + i) / (training.epochs * len(batches)))
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad()
            loss = _loss(network(inputs[rows]), targets[rows], weights, training.loss)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += float(loss.detach()) * rows.shape[0]
    network.eval()
    return total / inputs.shape[0], rate


def _learning_rate(training: TrainingConfig, progress: float) -> float:
    """Rate after a fraction ``progress`` of all steps: half a cosine up, half a cosine down."""
    if progress < training.warmup:
        return training.learning_rate * (0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / training.warmup)))
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - training.warmup) / (1 - training.warmup)))


def _loss(predicted: Tensor, target: Tensor, weights: Tensor, kind: str) -> Tensor:
    difference = predicted - target
    return ((difference.abs() if kind == "l1" else difference.square()) * weights).mean()


@contextmanager
def _deterministic(threads: int) -> Iterator[None]:
    """So many torch threads, and one for numpy's products: the last bits of a sum depend on how it is split."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


def _stored(network: Network, precision: str) -> dict[str, Tensor]:
    dtype = torch.float16 if precision == "float16" else torch.float32
    return {k: v.detach().to(dtype).contiguous() for k, v in network.state_dict().items()}


def _save(tensors: dict[str, Tensor], path: Path, epoch: int) -> None:
    partial = path.with_name(path.name + ".partial")
    save_file(tensors, partial, metadata={"epoch": str(epoch)})  # of several entries the order would be random
    os.replace(partial, path)


def _save_resume(path: Path, network: Network, optimiser: torch.optim.Optimizer, epoch: int) -> None:
    tensors = {f"weights.{k}": v.detach().clone() for k, v in network.state_dict().items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"moments.{index}.{k}": v.clone() for k, v in moments.items()}
    _save(tensors, path, epoch)


def _load_resume(path: Path, network: Network, optimiser: torch.optim.Optimizer) -> int:
    """Restore weights and moments; the number of epochs done, 0 where there is nothing to resume."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
        done = int(metadata["epoch"])
    except Exception as error:
        raise StudyError(
            f"{path}: cannot be resumed from ({error}); remove the study's folder to start again"
        ) from None
    network.load_state_dict({k.removeprefix("weights."): v for k, v in tensors.items() if k.startswith("weights.")})
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith("moments."):
            _, index, name = key.split(".")
            state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    return done
