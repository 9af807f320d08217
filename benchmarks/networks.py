"""Which network: validation loss and seconds per epoch of a few, on the lab's 10 000 noise-free curves.

``python benchmarks/networks.py [EPOCHS]`` (20 by default; one thread, some minutes) prints one line each.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from xrdlib.data import DatasetConfig, build_dataset
from xrdlib.training import NetworkConfig, StudyConfig
from xrdlib.training.curves import StudyCurves
from xrdlib.training.network import Network, _Block

BATCH, RATE = 128, 2e-3


def perceptron(inputs: int, width: int, front: nn.Module) -> nn.Module:
    """A residual perceptron behind some linear front end."""
    blocks = [_Block(width, 0.0) for _ in range(2)]
    return nn.Sequential(front, nn.Linear(inputs, width), *blocks, nn.LayerNorm(width), nn.Linear(width, 7))


class Components(nn.Module):
    """Projection on the first principal components of the inputs, fixed."""

    def __init__(self, inputs: Tensor, n: int) -> None:
        super().__init__()
        _, s, v = torch.linalg.svd(inputs[:3000], full_matrices=False)
        self.register_buffer("basis", v[:n].T / s[:n].sqrt())

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.basis


def main(epochs: int) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        dataset = build_dataset(Path(folder) / "d", DatasetConfig(), progress=False)
        curves = StudyCurves(StudyConfig(), dataset)
        x, y, _ = curves.epoch(0)
        x_val, y_val = curves.validation
    mean, scale = x.mean(0), x.std(0) + 1e-3
    x, x_val = (x - mean) / scale, (x_val - mean) / scale
    networks: dict[str, Callable[[], nn.Module]] = {
        "perceptron, width 192": lambda: perceptron(701, 192, nn.Identity()),
        "perceptron, width 512": lambda: perceptron(701, 512, nn.Identity()),
        "perceptron on 96 principal components": lambda: perceptron(96, 192, Components(x, 96)),
        "two convolutions (8, 16), width 96": lambda: Network(701, NetworkConfig((8, 16), (16, 8), (4, 4), 96)),
        "three convolutions (16, 24, 32), width 64": lambda: Network(701, NetworkConfig()),
    }
    for name, make in networks.items():
        torch.manual_seed(0)
        network = make()
        n_weights = sum(p.numel() for p in network.parameters())
        optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.0)
        steps = epochs * -(-len(x) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
        start = time.perf_counter()
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(BATCH):
                optimiser.zero_grad()
                (network(x[rows]) - y[rows]).abs().mean().backward()
                optimiser.step()
                schedule.step()
        seconds = (time.perf_counter() - start) / epochs
        network.eval()
        with torch.inference_mode():
            losses = [float((network(a) - b).abs().mean()) for a, b in ((x, y), (x_val, y_val))]
        print(
            f"{name:42} {n_weights:8d} weights  {seconds:.2f} s/epoch  L1 {losses[0]:.4f} training, "
            f"{losses[1]:.4f} validation",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
