"""One network from several: the mean of weights (Izmailov et al. 2018), and the greedy soup (Wortsman et al. 2022).

Unlike a mean of predictions it costs no more than one network. But a network is no linear function of its weights: the
mean of two is good only where both lie in one valley of the loss, as late epochs of one training do and two trainings
do not. Stochastic weight averaging wants a constant or cyclical learning rate, which keeps the epochs apart; that of
xrdlib's studies falls to zero, so that the last epochs are nearly one and the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel, update_bn

from xrdlib.training import Network, Study, StudyError
from xrdlib.training.inputs import validation_curves
from xrdlib.training.study import predict

__all__ = ["AVERAGED", "Soup", "averaged_network", "greedy_soup", "late_epochs", "swa", "validation_loss"]

AVERAGED = ("swa", "soup")
_LATE = 3 / 4  # of a training: what comes after it is averaged
_BATCH = 256


@dataclass(frozen=True, eq=False)
class Soup:
    """What `greedy_soup` returns.

    Attributes
    ----------
    network : Network
        With the mean of the weights.
    epochs : tuple of int
        Its ingredients, in the order in which they were added.
    tried : tuple of int
        Candidates, by validation loss.
    val_loss : float
        Of the soup, on the curves that chose it; ``first_loss`` that of the best single candidate.
    first_loss : float
    """

    network: Network
    epochs: tuple[int, ...]
    tried: tuple[int, ...]
    val_loss: float
    first_loss: float


def swa(networks: Sequence[nn.Module], curves: Tensor | None = None) -> nn.Module:
    """The network whose weights are the mean of several networks' weights.

    Parameters
    ----------
    networks : sequence of torch.nn.Module
        Of one architecture. Ours and anybody's; they are left as they are.
    curves : Tensor, shape (n, ...), optional
        Inputs of the training set, on which the running mean and variance of BatchNorm layers are taken anew: those of
        the members do not fit the averaged weights. xrdlib's networks have only LayerNorm, which keeps no such numbers.

    Returns
    -------
    torch.nn.Module
        Of the same class, in evaluation mode. Equal networks give that network, bit for bit.

    Raises
    ------
    ValueError
        If there are none; if they are of different architectures or standardise their input differently; or if there
        are BatchNorm layers and no ``curves``.
    """
    if not networks:
        raise ValueError("networks: none given; at least one is expected")
    for i, other in enumerate(networks[1:], start=1):
        _same_kind(networks[0], other, i)
    normed = any(isinstance(part, _BatchNorm) for part in networks[0].modules())
    if normed and curves is None:
        raise ValueError("curves: needed, for mean and variance of these networks' BatchNorm must be taken anew")
    averaged = AveragedModel(networks[0])
    for network in networks:
        averaged.update_parameters(network)
    if normed and curves is not None:
        update_bn(torch.split(curves, _BATCH), averaged.module)
    return averaged.module.eval()


def _same_kind(first: nn.Module, other: nn.Module, i: int) -> None:
    shapes, others = ({k: tuple(v.shape) for k, v in n.state_dict().items()} for n in (first, other))
    if shapes != others or type(first) is not type(other):
        unlike = sorted(k for k in shapes.keys() | others.keys() if shapes.get(k) != others.get(k))
        what = f"; they differ in {', '.join(unlike[:3])}{' ...' if len(unlike) > 3 else ''}" if unlike else ""
        raise ValueError(f"networks: number {i + 1} is of another architecture than the first{what}")
    kept = {
        f"{m}.{k}" if m else k
        for m, part in first.named_modules()
        if isinstance(part, _BatchNorm)
        for k, _ in part.named_buffers()
    }
    buffers = dict(other.named_buffers())
    for name, values in first.named_buffers():
        if name not in kept and not torch.equal(values, buffers[name]):
            raise ValueError(
                f"networks: number {i + 1} has another {name} than the first; weights of networks that prepare their "
                "input differently have no mean"
            )


def validation_loss(network: nn.Module, study: Study, curves: tuple[Tensor, Tensor]) -> float:
    """Loss, as a study's, of curves (n, n_points) with targets (n, 7), fractions of range."""
    inputs, targets = curves
    off = np.abs(predict(network, inputs).astype(np.float64) - targets.numpy())
    training = study.config.training
    loss = off if training.loss == "l1" else np.square(off)
    return float((loss * np.asarray(training.parameter_weights)).mean())


def late_epochs(study: Study) -> tuple[int, ...]:
    """Epochs of the last quarter of a training whose weights are there.

    Raises
    ------
    StudyError
        If there are none.
    """
    late = tuple(e for e in study.checkpoints if e > _LATE * study.n_epochs)
    if not late:
        have = ", ".join(map(str, study.checkpoints)) or "none"
        raise StudyError(f"{study.path}: no weights of the last quarter of its epochs; epochs with weights: {have}")
    return late


def greedy_soup(study: Study, epochs: Sequence[int] | None = None, *, n_validation: int | None = None) -> Soup:
    """Weights averaged over those epochs that do not raise the validation loss of the average.

    Candidates are tried in the order of their validation loss; each is kept if with it the averaged network has no
    higher loss on the validation curves, which are simulated anew.

    Parameters
    ----------
    study : Study
    epochs : sequence of int, optional
        Candidates; by default all whose weights are there.
    n_validation : int, optional
        Validation curves; by default all.

    Returns
    -------
    Soup

    Raises
    ------
    StudyError
        If there are no candidates, or one has no weights in the folder.
    """
    candidates = tuple(study.checkpoints if epochs is None else dict.fromkeys(epochs))
    if not candidates:
        raise StudyError(f"{study.path}: no weights in this folder; an average of weights needs them")
    curves = validation_curves(study.config, n_validation)
    networks = {epoch: study.network(epoch) for epoch in candidates}
    losses = {epoch: validation_loss(network, study, curves) for epoch, network in networks.items()}
    order = sorted(candidates, key=lambda epoch: losses[epoch])
    kept, lowest = [order[0]], losses[order[0]]
    for epoch in order[1:]:
        loss = validation_loss(swa([networks[e] for e in (*kept, epoch)]), study, curves)
        if loss <= lowest:
            kept.append(epoch)
            lowest = loss
    return Soup(_network(swa([networks[e] for e in kept])), tuple(kept), tuple(order), lowest, losses[order[0]])


def averaged_network(study: Study, key: str) -> tuple[Network, tuple[int, ...]]:
    """The network of a remedy and the epochs that are in it.

    Parameters
    ----------
    study : Study
    key : {"swa", "soup"}
        Mean over the last quarter of the epochs, or the greedy soup of all, of those with weights.

    Raises
    ------
    ValueError
        For another key; StudyError as for `late_epochs` and `greedy_soup`.
    """
    if key == "swa":
        epochs = late_epochs(study)
        return _network(swa([study.network(epoch) for epoch in epochs])), epochs
    if key == "soup":
        soup = greedy_soup(study)
        return soup.network, soup.epochs
    raise ValueError(f"key = {key!r}: {' or '.join(AVERAGED)} expected")


def _network(module: nn.Module) -> Network:
    assert isinstance(module, Network)
    return module
