"""A plain training loop that can be killed at any moment and goes on as if it had not been.

Nothing random is carried from one epoch to the next: order, augmentation and dropout of an epoch come from
(seed, epoch), the learning rate from the step. What has to be stored is the weights and the optimiser's moments.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors import safe_open
from safetensors.torch import save
from threadpoolctl import threadpool_limits
from torch import Tensor

from xrdlib._disk import named_if_full, refuse_links, write_whole
from xrdlib._progress import progress_bar
from xrdlib.data.build import build_dataset
from xrdlib.data.dataset import Dataset
from xrdlib.data.space import SPACE
from xrdlib.metrics import parameter_error
from xrdlib.training.config import StudyConfig, StudyError, TrainingConfig
from xrdlib.training.curves import StudyCurves
from xrdlib.training.hashes import HASHES, write_hashes
from xrdlib.training.network import Network, network_from, weighted_loss
from xrdlib.training.optimiser import Optimiser
from xrdlib.training.pools import Pool, ahead, pools
from xrdlib.training.store import HISTORY, create_predictions, read_history, write_history, write_predictions
from xrdlib.training.study import Study, checkpoint_path, load_network, predict

__all__ = ["run_study"]

_AGAIN = "run the same training again to finish it"
_RESUME = "resume.safetensors"
_START = "start.safetensors"


def run_study(
    config: StudyConfig,
    path: str | os.PathLike[str],
    *,
    start: Network | None = None,
    dataset: Dataset | None = None,
    workers: int | None = None,
    progress: bool = True,
) -> Study:
    """Train a network and keep every epoch, or go on with a study that was interrupted.

    Parameters
    ----------
    config : StudyConfig
    path : path
        The study's folder; created, or continued if its ``config.toml`` says the same.
    start : Network, optional
        Whose weights the training starts from, of a configuration that says so (``parent.continued``); kept in the
        folder, so that going on does not need it again.
    dataset : Dataset, optional
        Of ``config.dataset``, built already; by default it is built in the folder.
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
    if config.derived:
        raise StudyError(f"study {config.name}: was put together by a remedy, not trained; repeat that remedy")
    with named_if_full(StudyError, folder, _AGAIN):
        _prepare(folder, config, start)
    epochs = config.training.epochs
    # a kill between the last epoch's history and what goes on from it leaves the latter an epoch behind
    if len(read_history(folder / "history.csv")) == epochs == _resumable_epoch(folder / _RESUME, epochs):
        if (folder / _RESUME).exists() and not (folder / HASHES).exists():  # killed between the two
            write_hashes(folder)
        return Study.open(folder)  # also without what only training needs, as the shipped studies are
    if dataset is None:
        dataset = build_dataset(folder / "dataset.zarr", config.dataset, workers=workers, progress=progress)
    elif dataset.config != config.dataset:
        raise StudyError(f"{dataset.path}: a dataset of another configuration than {config.name}'s")
    extra = None
    if config.extra is not None:
        extra = build_dataset(folder / "extra.zarr", config.extra, workers=workers, progress=progress)
    curves = StudyCurves(config, dataset, extra)
    predictions = folder / "predictions.zarr"
    with _deterministic(config.training.threads), named_if_full(StudyError, folder, _AGAIN):
        if not predictions.exists():
            create_predictions(predictions, config, curves)
        _train(config, curves, folder, progress)
        write_hashes(folder)
    return Study.open(folder)


def _prepare(folder: Path, config: StudyConfig, start: Network | None) -> None:
    file, weights = folder / "config.toml", folder / _START
    continued = config.parent is not None and config.parent.continued
    if file.exists():
        refuse_links(folder, StudyError)
        if differing := config.differences(StudyConfig.load(file).to_dict()):
            raise StudyError(
                f"{folder}: holds a study of another configuration, {'; '.join(differing)}; "
                "choose another folder or remove this one"
            )
    else:
        partial = folder / "config.toml.partial"
        left = {partial.name, weights.name, f"{weights.name}.partial"}  # by a kill before there is a config.toml
        if folder.exists() and (not folder.is_dir() or any(f.name not in left for f in folder.iterdir())):
            raise StudyError(f"{folder}: exists and is not a study; choose another folder")
        if continued != (start is not None):
            wanted = "the weights of its parent are" if continued else "no weights are"
            raise StudyError(f"study {config.name}: {wanted} expected to start from")
        folder.mkdir(parents=True, exist_ok=True)
        if start is not None:
            _save({k: v.detach().contiguous() for k, v in start.state_dict().items()}, weights, 0)
        write_whole(file, config.to_toml().encode())
    if continued and not weights.is_file():
        raise StudyError(f"{weights}: missing, the weights this training starts from; repeat the remedy")
    (folder / "checkpoints").mkdir(exist_ok=True)


def _train(config: StudyConfig, curves: StudyCurves, folder: Path, progress: bool) -> None:
    training = config.training
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed_of("weights"))
        network = Network(config.dataset.scan_points, config.network)
    if config.parent is not None and config.parent.continued:
        network = load_network(folder / _START, config.dataset.scan_points, config.network).train()
    else:
        network.standardise(next(pools(curves, 0)).curves.inputs)
    optimiser = Optimiser(network, training)
    done = _load_resume(folder / _RESUME, network, optimiser)
    history = read_history(folder / "history.csv").iloc[:done]
    if len(history) < done:
        raise StudyError(f"{folder}: history.csv has {len(history)} epochs, {_RESUME} has {done}; remove the folder")
    samples = torch.cat([t.inputs for t in curves.tests])
    truth = np.stack([e.parameters.to_array() for e in config.experiments])
    weights = torch.tensor(training.parameter_weights)
    inputs, targets = curves.validation
    bar = progress_bar(f"epochs of {config.name}", training.epochs, done=done, show=progress and done < training.epochs)
    epochs = range(done + 1, training.epochs + 1)
    # curves are read, simulated or measured while others are trained on
    with bar as advance, closing(ahead(pool for epoch in epochs for pool in pools(curves, epoch))) as stream:
        advance(0, "preparing curves")  # else nothing moves for as long as that takes
        for epoch in epochs:
            train_loss, rate = _epoch(network, optimiser, stream, config, epoch)
            state = _stored(network, training.checkpoint_precision)
            evaluated = network_from(state, config.dataset.scan_points, config.network)
            val_loss = float(
                weighted_loss(torch.from_numpy(predict(evaluated, inputs)), targets, weights, training.loss)
            )
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
    optimiser: Optimiser,
    stream: Iterator[Pool],
    config: StudyConfig,
    epoch: int,
) -> tuple[float, float]:
    """One pass over the training set, or over so many of it; its mean loss and last learning rate."""
    training = config.training
    total, n, rate = 0.0, 0, 0.0
    network.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed_of("dropout") * 1_000_003 + epoch)  # dropout
        for pool in stream:
            inputs, targets, counts = pool.curves
            weights = counts[:, None] * torch.tensor(training.parameter_weights)
            for i, rows in enumerate(torch.split(pool.order, training.batch_size), start=pool.before):
                rate = _learning_rate(training, ((epoch - 1) * pool.total + i) / (training.epochs * pool.total))
                with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
                    predicted = network(inputs[rows])
                loss = weighted_loss(predicted, targets[rows], weights[rows], training.loss)
                optimiser.step(loss, rate)
                total += float(loss.detach()) * rows.shape[0]
            n += pool.order.shape[0]
            if pool.last:
                break
    network.eval()
    return total / n, rate


def _learning_rate(training: TrainingConfig, progress: float) -> float:
    """Rate after a fraction ``progress`` of all steps: half a cosine up, half a cosine down."""
    if progress < training.warmup:
        return training.learning_rate * (0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / training.warmup)))
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - training.warmup) / (1 - training.warmup)))


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
    write_whole(path, save(tensors, {"epoch": str(epoch)}))  # of several entries the order would be random


def _save_resume(path: Path, network: Network, optimiser: Optimiser, epoch: int) -> None:
    tensors = {f"weights.{k}": v.detach().clone() for k, v in network.state_dict().items()}
    tensors |= {f"moments.{k}": v for k, v in optimiser.moments().items()}
    _save(tensors, path, epoch)


def _resumable_epoch(path: Path, otherwise: int) -> int:
    """Epoch that a training would go on from; ``otherwise`` where there is no such file, or it cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return int(file.metadata()["epoch"])
    except Exception:  # finished studies do without it
        return otherwise


def _load_resume(path: Path, network: Network, optimiser: Optimiser) -> int:
    """Restore weights and moments; the number of epochs done, 0 where there is nothing to resume."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
        done = int(metadata["epoch"])
        network.load_state_dict(_named(tensors, "weights."))
        optimiser.restore(_named(tensors, "moments."))
    except Exception as error:
        raise StudyError(
            f"{path}: cannot be resumed from ({error}); remove the study's folder to start again"
        ) from None
    return done


def _named(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
