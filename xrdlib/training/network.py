"""The network: a strided 1-D convolution in front of a small residual perceptron.

Of those that ``benchmarks/networks.py`` compares it has the fewest weights and the lowest validation loss: the stride
leaves few products and the convolution few weights (docs/design.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Network", "NetworkConfig", "network_from", "weighted_loss"]


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    Attributes
    ----------
    channels, kernels, strides : tuple of int
        Of the convolutions, one entry each.
    width : int
        Of the residual blocks.
    blocks : int
    dropout : float
        Fraction of neurons dropped in each block and in front of them, while training.
    """

    channels: tuple[int, ...] = (16, 24, 32)
    kernels: tuple[int, ...] = (16, 8, 4)
    strides: tuple[int, ...] = (4, 3, 2)
    width: int = 64
    blocks: int = 2
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("channels", "kernels", "strides"):
            object.__setattr__(self, name, tuple(int(v) for v in getattr(self, name)))
        if not len(self.channels) == len(self.kernels) == len(self.strides):
            raise ValueError("network: channels, kernels and strides must have one entry per convolution")
        if min((*self.channels, *self.kernels, *self.strides, self.width, self.blocks + 1)) < 1:
            raise ValueError("network: channels, kernels, strides and width must be positive, blocks not negative")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"network: dropout = {self.dropout} given, 0 <= dropout < 1 expected")

    def features(self, n_points: int) -> int:
        """Numbers that the convolutions make of a curve of ``n_points``; ValueError if it is too short for them."""
        length = n_points
        for kernel, stride in zip(self.kernels, self.strides, strict=True):
            if length < kernel:
                raise ValueError(f"network: {n_points} points are too few for kernels {self.kernels}")
            length = (length - kernel) // stride + 1
        return length * (self.channels[-1] if self.channels else 1)


def network_from(weights: dict[str, Tensor], n_points: int, config: NetworkConfig) -> Network:
    """A network with given weights (of any precision), to predict with; RuntimeError if they do not fit."""
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and the caller's generator is not ours
        network = Network(n_points, config)
    network.load_state_dict({name: values.float() for name, values in weights.items()})
    return network.eval()


def weighted_loss(predicted: Tensor, target: Tensor, weights: Tensor, kind: str) -> Tensor:
    """Mean of absolute ("l1") or squared differences (n, 7), each times its weight: (7,) or (n, 7)."""
    difference = predicted - target
    return ((difference.abs() if kind == "l1" else difference.square()) * weights).mean()


class _Block(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)  # type: ignore[no-any-return]


class Network(nn.Module):
    """Seven parameters, as fractions of their ranges, from curves as ``Preprocess`` makes them.

    ``input_mean`` and ``input_scale``, each (n_points,), standardise the input; they are part of the weights.
    """

    input_mean: Tensor
    input_scale: Tensor

    def __init__(self, n_points: int, config: NetworkConfig) -> None:
        super().__init__()
        self.register_buffer("input_mean", torch.zeros(n_points))
        self.register_buffer("input_scale", torch.ones(n_points))
        layers: list[nn.Module] = []
        before = 1
        for channels, kernel, stride in zip(config.channels, config.kernels, config.strides, strict=True):
            layers += [nn.Conv1d(before, channels, kernel, stride), nn.GELU()]
            before = channels
        layers += [nn.Flatten(), nn.Dropout(config.dropout), nn.Linear(config.features(n_points), config.width)]
        layers += [_Block(config.width, config.dropout) for _ in range(config.blocks)]
        layers += [nn.LayerNorm(config.width), nn.Linear(config.width, 7)]
        self.layers = nn.Sequential(*layers)

    def standardise(self, inputs: Tensor) -> None:
        """Take mean and spread of each point from inputs of shape (n, n_points)."""
        self.input_mean.copy_(inputs.mean(0))
        self.input_scale.copy_(inputs.std(0) + 1e-3)  # the peak itself is 0 in every curve

    def forward(self, curves: Tensor) -> Tensor:
        """Curves of shape (n, n_points) to fractions of range, shape (n, 7)."""
        standardised = (curves - self.input_mean) / self.input_scale
        features = self.layers[:-2](standardised[:, None, :])
        with torch.autocast(features.device.type, enabled=False):  # 8 bits would round to 0.4 % of range
            return self.layers[-2:](features.float())  # type: ignore[no-any-return]
