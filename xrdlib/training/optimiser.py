"""What takes the steps of a training: AdamW for all weights, or Muon for the matrices and AdamW for the rest."""

from __future__ import annotations

from torch import Tensor, nn, optim

from xrdlib.training.training_config import TrainingConfig

__all__ = ["Optimiser"]


class Optimiser:
    """One learning rate for all weights of a network, and moments that can be stored and brought back.

    Muon (K. Jordan et al., 2024, as torch implements it) replaces the momentum of a matrix by roughly the nearest
    orthogonal one (five Newton-Schulz steps); scaled like Adam's steps (J. Liu et al., arXiv:2502.16982) it takes the
    same rate. Convolutions, biases, normalisations and the last layer, whose rows are the seven parameters, keep AdamW.
    """

    def __init__(self, network: nn.Module, training: TrainingConfig) -> None:
        self._weights = list(network.parameters())
        rest, rate, decay = self._weights, training.learning_rate, training.weight_decay
        self._parts: list[optim.Optimizer] = []
        if training.muon:
            matrices = [w for w in self._weights[:-2] if w.ndim == 2]
            rest = [w for w in self._weights if all(w is not m for m in matrices)]
            self._parts.append(optim.Muon(matrices, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"))
        self._parts.append(optim.AdamW(rest, lr=rate, weight_decay=decay))

    def step(self, loss: Tensor, rate: float) -> None:
        """Go down the gradient of ``loss`` with learning rate ``rate``."""
        for part in self._parts:
            part.zero_grad()
            for group in part.param_groups:
                group["lr"] = rate
        loss.backward()  # type: ignore[no-untyped-call]
        for part in self._parts:
            part.step()

    def moments(self) -> dict[str, Tensor]:
        """Everything that the next step needs of those before it, named ``INDEX.MOMENT`` by the weights' order."""
        return {
            f"{index}.{name}": moment.clone()
            for index, weight in enumerate(self._weights)
            for part in self._parts
            for name, moment in part.state.get(weight, {}).items()
        }

    def restore(self, moments: dict[str, Tensor]) -> None:
        """Go on from ``moments``; KeyError or IndexError if they are of something else."""
        states: dict[int, dict[str, Tensor]] = {}
        for key, moment in moments.items():
            index, name = key.split(".")
            states.setdefault(int(index), {})[name] = moment
        for part in self._parts:
            own = {id(weight) for group in part.param_groups for weight in group["params"]}
            for i, weight in enumerate(self._weights):
                if id(weight) in own:
                    part.state[weight] = states[i]
