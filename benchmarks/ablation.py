"""What pays in training a reference model: one change at a time, each on as many curves.

``python benchmarks/ablation.py [CURVES] [PASSES]`` prints the table of docs/reference_model.md: by default three passes
over 200 000 curves (or as many fresh ones), one thread, about 2 GB, and an hour of one core; a line per row on
standard error meanwhile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from xrdlib.data import SPACE, sample
from xrdlib.simulation import PARAMETERS, Instrument, Scan, measure, reflectivity, simulation_grid
from xrdlib.simulation.strain import DMIN
from xrdlib.simulation.torch_kernel import simulate_torch, strain_torch
from xrdlib.training import NetworkConfig, TrainingConfig
from xrdlib.training.loop import _learning_rate
from xrdlib.training.network import Network
from xrdlib.training.optimiser import Optimiser
from xrdlib.training.preprocess import Preprocess

TEST = 8000
SCAN = Scan()
PREPROCESS = Preprocess(SCAN, 1e-8)
START = TrainingConfig(batch_size=256)
WIDE = NetworkConfig(width=512, blocks=3)
DEPTHS = torch.arange(100.0, 7000.0, 200.0)
Extra = Callable[[Tensor, Tensor, Tensor], Tensor]  # (outputs, inputs, targets) to what is added to the loss


@dataclass(frozen=True)
class Recipe:
    """How one row is trained; what is not said is as in the first row."""

    name: str
    training: TrainingConfig = START
    network: NetworkConfig = WIDE
    fresh: bool = False
    growing: bool = False  # batches of half the size at first, of twice the size at last
    extra: Extra | None = None
    outputs: int = 7
    front: str = "point"  # how inputs are standardised: point by point, or whitened
    seed: int = 0
    rounds: int = 1  # through what the other rows see once
    found: list[float] = field(default_factory=list)


def curves(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Noise-free inputs (n, n_points) and targets (n, 7) of uniform samples."""
    parameters, grid = sample(n, "uniform", seed=seed), simulation_grid(SCAN, fwhm=25.0)
    inputs = np.empty((n, SCAN.n_points), dtype=np.float32)
    for i in range(0, n, 4096):
        stored = reflectivity(parameters[i : i + 4096], grid.angle)
        inputs[i : i + 4096] = PREPROCESS(measure(stored, grid, SCAN.angle, Instrument()))
    return torch.from_numpy(inputs), torch.from_numpy(SPACE.normalise(parameters).astype(np.float32))


def physical(fractions: Tensor) -> Tensor:
    """Parameters (n, 7) inside ranges and constraints, nearest to what a network says in fractions."""
    scale, low = (torch.as_tensor(v, dtype=fractions.dtype) for v in (SPACE.range, SPACE.minimum))
    dmax1, d01, l1, rp1, d02, l2, rp2 = (fractions.clamp(1e-3, 1) * scale + low).unbind(1)
    d01, rp1, l2 = torch.minimum(d01, dmax1), torch.minimum(rp1, l1), torch.minimum(l2, l1)
    return torch.stack([dmax1, d01, l1, rp1, d02, l2, rp2], 1)


def shape_targets(fractions: Tensor) -> Tensor:
    """What a curve sees of D02, L2, Rp2: where the decaying strain has fallen to 1/2, 1/4, 1/10 of it, over 5000 A."""
    _, _, _, _, d02, l2, rp2 = physical(fractions).unbind(1)
    inverse = torch.log(d02 / DMIN) / (l2 * (l2 - 2 * rp2))
    falls = torch.log(torch.tensor([2.0, 4.0, 10.0]))[:, None] / inverse
    return ((rp2 + (rp2**2 + falls).sqrt()) / 5000).T.clamp(0, 1)


def shape_loss(outputs: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs[:, 7:] - shape_targets(targets)).abs().mean()


def profile_loss(outputs: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
    found, wanted = (strain_torch(physical(f), DEPTHS) for f in (outputs[:, :7], targets))
    return (found - wanted).abs().mean() / 0.03


def curve_loss(outputs: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
    some = slice(16)  # of a batch: the kernel costs more than the network
    simulated = simulate_torch(physical(outputs[some, :7]), instrument=Instrument())
    simulated = simulated / simulated.max(1, keepdim=True).values
    return 0.1 * (torch.log10(simulated.clamp_min(PREPROCESS.floor)) - inputs[some]).abs().mean()


def white(inputs: Tensor) -> Tensor:
    """Matrix (n_points, n_points) that makes inputs white but for directions that hardly vary."""
    values, vectors = torch.linalg.eigh(torch.cov((inputs[:40_000] - inputs[:40_000].mean(0)).T.double()))
    return ((vectors * (values.clamp_min(0) + 1e-4 * values[-1]) ** -0.5) @ vectors.T).float()


def recipes() -> list[Recipe]:
    deep = NetworkConfig(width=256, blocks=6)
    weights = (1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0)
    kept = replace(START, muon=True, bfloat16=True, learning_rate=4e-3)
    return [
        Recipe("start"),
        *(Recipe(f"start, seed {seed}", seed=seed) for seed in (1, 2)),
        Recipe("fresh curves", fresh=True),
        Recipe("products in bfloat16", replace(START, bfloat16=True)),
        Recipe("width 256, 3 blocks", network=NetworkConfig(width=256, blocks=3)),
        Recipe("width 256, 6 blocks", network=deep),
        Recipe("twice the rate", replace(START, learning_rate=4e-3)),
        Recipe("batches from 128 to 512", growing=True),
        Recipe("Muon, twice the rate", replace(START, muon=True, learning_rate=4e-3)),
        Recipe("whitened inputs", front="white"),
        Recipe("loss counts L2 and Rp2 twice", replace(START, parameter_weights=weights)),
        Recipe("shape of the decaying strain as targets, too", extra=shape_loss, outputs=10),
        Recipe("strain profile in the loss", extra=profile_loss),
        Recipe("curve in the loss (one in 16)", extra=curve_loss),
        Recipe("kept: fresh, bfloat16, 256 x 6, Muon", kept, deep, fresh=True),
        Recipe("kept, but for Muon", replace(kept, muon=False), deep, fresh=True),
        Recipe("kept, but for Muon; every curve twice", replace(kept, muon=False), deep, fresh=True, rounds=2),
        Recipe("kept, and batches from 128 to 512", kept, deep, fresh=True, growing=True),
        Recipe("kept, and whitened inputs", kept, deep, fresh=True, front="white"),
        Recipe("kept, and the shape as targets", kept, deep, fresh=True, extra=shape_loss, outputs=10),
    ]


def train(recipe: Recipe, x: Tensor, y: Tensor, steps: int, passes: int) -> tuple[nn.Module, float]:
    """The trained network, and the seconds of processor it took; ``x`` holds as many curves as ``passes`` see."""
    torch.manual_seed(recipe.seed)
    network = Network(SCAN.n_points, recipe.network)
    if recipe.outputs > 7:
        network.layers[-1] = nn.Linear(recipe.network.width, recipe.outputs)
    network.standardise(x[:40_000])
    n, training = len(x) if recipe.fresh else len(x) // passes, recipe.training
    optimiser, rng, weights = Optimiser(network, training), torch.Generator().manual_seed(recipe.seed), None
    weights = torch.tensor(training.parameter_weights)
    seen, total, order = 0, steps * training.batch_size, torch.empty(0, dtype=torch.long)
    begun = time.process_time()
    while seen < total:
        size = training.batch_size
        if recipe.growing:
            size = int(size * (0.5, 1, 2)[min(2, 3 * seen // total)])
        if len(order) < size:
            order = torch.randperm(n, generator=rng)
        rows, order = order[:size], order[size:]
        inputs, targets = x[rows], y[rows]
        with torch.autocast("cpu", torch.bfloat16, enabled=training.bfloat16):
            outputs = network(inputs)
        loss = ((outputs[:, :7] - targets).abs() * weights).mean()
        if recipe.extra is not None:
            loss = loss + recipe.extra(outputs, inputs, targets)
        optimiser.step(loss, _learning_rate(training, seen / total))
        seen += size
    return network.eval(), time.process_time() - begun


def main(distinct: int, passes: int) -> None:
    """Train every row and print it."""
    torch.set_num_threads(1)
    x, y = curves(distinct * passes, 42)
    matrix = white(x)
    x_test, y_test = curves(TEST, 777)
    print(f"| {distinct} curves, {passes} passes | {' | '.join(PARAMETERS)} | mean | core-s |")
    print("| --- " * 10 + "|")
    for recipe in recipes():
        front = (lambda v: v @ matrix) if recipe.front == "white" else (lambda v: v)
        steps = recipe.rounds * distinct * passes // recipe.training.batch_size
        network, seconds = train(recipe, front(x), y, steps, passes)
        with torch.inference_mode():
            said = torch.cat([network(front(part))[:, :7] for part in x_test.split(2000)])
        errors = 100 * (said - y_test).abs().mean(0)
        numbers = " | ".join(f"{e:.2f}" for e in [*errors.tolist(), float(errors.mean())])
        print(f"| {recipe.name} | {numbers} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (200_000, 3))
