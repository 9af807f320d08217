"""Tables of the kernels: cost of a curve, what bounds it, how it grows, derivatives, torch."""

from __future__ import annotations

import re
import time
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from measuring import Effort, clock, core_time, cores, digits, prose, say, table, wall_time
from numba import njit

from xrdlib.data import SPACE, sample
from xrdlib.plots.style import COLOURS, PAGE, new_figure, styled
from xrdlib.simulation import Scan, _kernels, reflectivity, simulation_grid
from xrdlib.simulation.derivatives import reflectivity_jacobian
from xrdlib.simulation.strain import strain_layers
from xrdlib.simulation.torch_kernel import reflectivity_torch

SCAN = Scan().angle
FIGURE = "performance_kernel.png"


class Loop(NamedTuple):
    """Vector instructions with floating-point arithmetic in the kernel's inner loop, by which 8 or 4 angles advance."""

    instructions: int
    fused: int  # of them multiply and add in one
    products: int
    divisions: int
    lanes: int


def kernel(effort: Effort) -> str:
    """The public comparison, its accuracy, and what bounds it."""
    say("kernel")
    n = effort.pick(1000, 20)
    rows = sample(n, "grid", seed=0)
    n_layers = strain_layers(rows)[1].mean()
    few = rows[: effort.pick(100, 5)]
    fine = simulation_grid(Scan()).angle
    exact = reflectivity(few, SCAN, exact=True, threads=1)
    deviation = np.abs(reflectivity(few, SCAN, threads=1) / exact - 1).max()
    closed = core_time(lambda: reflectivity(few[:10], SCAN, exact=True, threads=1), effort.rounds) / len(few[:10])
    default = core_time(lambda: reflectivity(rows, SCAN, threads=1), effort.rounds) / n
    on_grid = core_time(lambda: reflectivity(rows, fine, threads=1), effort.rounds) / n
    ms = [digits(1e3 * t, 2) for t in (closed, default, on_grid)]
    text = f"## A curve\n\n{SCAN.size} angles, two polarisations, {n_layers:.1f} sublayers on average, one core:\n\n"
    text += table(
        ("", "core-ms per curve"),
        [
            ("the lab's numba code (its own figure, its machine)", "37"),
            ("closed form (`exact=True`)", ms[0]),
            ("goal of the design", "0.6"),
            ("**the default kernel**", f"**{ms[1]}**"),
            (f"the same on the simulation grid ({fine.size} angles), as datasets are built", ms[2]),
        ],
    )
    text += prose(
        f"""Largest relative difference of the default kernel from the closed form in this run ({len(few)} curves, all
        angles): {deviation:.0e}; the requirement is 1e-5, and 20 000 profiles are in [physics.md](physics.md). The
        times contain the strain profiles."""
    )
    return text + _bound(effort, rows, default)


def _bound(effort: Effort, rows: np.ndarray, curve: float) -> str:
    say("what bounds the kernel")
    per = _per_layer_and_angle(effort, rows)
    ghz = clock(effort.rounds)
    loop = inner_loop()
    text = "\n### What bounds it\n\n"
    if loop is None:
        return (
            text + f"{per * 1e9:.2f} ns per sublayer and angle; the inner loop of this machine's code is not counted.\n"
        )
    operations = loop.instructions + loop.fused  # per angle: every lane is one
    cycles = per * ghz * 1e9 * loop.lanes
    multiplying = (loop.fused + loop.products + loop.divisions) / 2
    peak = ghz * 2 * 2 * loop.lanes
    reached = operations / per / 1e9
    text += prose(
        """The inner loop runs over angles; one turn takes a vector of them through one sublayer in both
        polarisations. It has no call, no branch and no gather: sine and cosine come from the addition theorem."""
    )
    text += table(
        ("", ""),
        [
            ("angles per turn", f"{loop.lanes} (vectors of {64 * loop.lanes} bits)"),
            (
                "arithmetic instructions per turn, counted in the compiled code",
                f"{loop.instructions}: {loop.fused} fused multiply-adds, {loop.products} products, {loop.divisions} "
                f"divisions, the others sums",
            ),
            ("operations per sublayer and angle, both polarisations", operations),
            ("least cycles per turn of two units that multiply", f"{multiplying:.0f}"),
            ("the same, if these units do the sums as well", f"{loop.instructions / 2:.0f}"),
            ("cycles per turn, measured", f"{cycles:.0f} ({per * 1e9:.2f} ns per sublayer and angle)"),
            ("**of which the two units multiply**", f"**{100 * multiplying / cycles:.0f} %**"),
            (
                f"share of the peak in operations ({peak:.0f} GFLOP/s: two fused multiply-adds, {ghz:.2f} GHz)",
                f"{100 * reached / peak:.0f} % ({reached:.0f} GFLOP/s)",
            ),
            ("outside the loop over sublayers", f"{_outside(per, rows, curve):.1f} % of a curve"),
        ],
    )
    return text + prose(
        """Most of that is arithmetic: the fields stay in the first-level cache, and no table is read. A fifth of the
        operations is shared by the polarisations (phase, cosine, sinc and its three derivatives), a third expands
        both functions for each polarisation, the rest is the product of matrix and field. What the other cycles wait
        for (the division, which takes its unit for more than one; results not ready) was not taken apart. What is
        left: expanding around the complex phase instead of the real one would save some 20 instructions (counted on
        paper), and the share above has a distance to 100 %. Single precision would double the lanes, but intensities
        far below the peak would lose the digits that 1e-5 needs. The clock is measured; that each of the two units
        starts one product per cycle is assumed, and whether sums have units of their own depends on the processor
        (AMD's have)."""
    )


def _per_layer_and_angle(effort: Effort, rows: np.ndarray) -> float:
    """Seconds per sublayer and angle, from the slope in the number of sublayers."""
    angle = SCAN[:640]
    thin, thick = (
        core_time(lambda dl=dl: reflectivity(rows, angle, layer_thickness=dl, threads=1), effort.rounds)
        for dl in (50.0, 100.0)
    )
    layers = [strain_layers(rows, layer_thickness=dl)[1].sum() for dl in (50.0, 100.0)]
    return max(thin - thick, 1e-9) / (layers[0] - layers[1]) / angle.size


def _outside(per: float, rows: np.ndarray, curve: float) -> float:
    """% of a curve's time that is not the loop over sublayers: strain profile, substrate, output."""
    inside = per * strain_layers(rows)[1].mean() * SCAN.size
    return max(0.0, 100 * (1 - inside / curve))


def inner_loop() -> Loop | None:
    """Counted in the code that numba compiles here; None where it has no vector instructions of x86."""
    compiled = _kernels.propagate_expanded
    options = {
        key: value for key, value in compiled.targetoptions.items() if key in ("nogil", "fastmath", "error_model")
    }
    rows = sample(1, "grid", seed=0)
    reflectivity(rows, SCAN[:8], threads=1)
    again = njit(**options)(compiled.py_func)  # from the cache it would come without its assembly
    again.compile(compiled.signatures[0])
    text = next(iter(again.inspect_asm().values()))
    best: list[str] = []
    for label, body in re.findall(r"^(\.LBB\w+):\n((?:(?!\.LBB\w+:).*\n)*)", text, re.MULTILINE):
        if re.search(rf"\bj\w+\s+{re.escape(label)}\b", body):
            found = re.findall(
                r"^\s*(v(?:f?n?m?add|f?n?m?sub|mul|div|add|sub|fn?m(?:add|sub)\d*)\d*pd)\b.*$", body, re.MULTILINE
            )
            if len(found) > len(best):
                best, lanes = found, 8 if "%zmm" in body else 4
    if not best:
        return None
    fused, products, divisions = (sum(i.startswith(kind) for i in best) for kind in ("vf", "vmul", "vdiv"))
    return Loop(len(best), fused, products, divisions, lanes)


def scaling(effort: Effort) -> str:
    """Cost against angles, sublayers, batch and cores."""
    n = effort.pick(400, 8)
    rows = sample(n, "grid", seed=1)
    mean = strain_layers(rows)[1].mean()
    say("scaling: angles")
    angles = [44, 88, 176, 351, 701, 1402, 2804][: effort.pick(7, 2)]
    by_angle = [
        core_time(lambda m=m: reflectivity(rows, np.linspace(SCAN[0], SCAN[-1], m), threads=1), effort.rounds) / n
        for m in angles
    ]
    say("scaling: sublayers")
    thickness = [400.0, 200.0, 100.0, 50.0, 25.0][: effort.pick(5, 2)]
    layers = [strain_layers(rows, layer_thickness=dl)[1].mean() for dl in thickness]
    by_layer = [
        core_time(lambda dl=dl: reflectivity(rows, SCAN, layer_thickness=dl, threads=1), effort.rounds) / n
        for dl in thickness
    ]
    say("scaling: curves per call")
    batches = [1, 4, 16, 64, 256, 1024, 4096][: effort.pick(7, 2)]
    many = sample(batches[-1], "grid", seed=1)
    by_batch = [core_time(lambda b=b: reflectivity(many[:b], SCAN, threads=1), effort.rounds) / b for b in batches]
    say("scaling: cores")
    threads = [t for t in (1, 2, 4, 8, 16, 32, 64) if t <= max(2, cores())]
    seconds = [wall_time(lambda t=t: reflectivity(many, SCAN, threads=t), effort.rounds) for t in threads]
    rates = [len(many) / s for s in seconds]
    draw(effort, (angles, by_angle), (layers, by_layer), (batches, by_batch), (threads, rates))
    text = f"""## How it grows

{n} curves of {mean:.1f} sublayers, {SCAN.size} angles, one core, unless it says otherwise.

![Cost of a curve against angles, sublayers, curves per call and cores](figures/{FIGURE})

"""
    text += table(
        ("angles", "core-ms per curve", "ns per sublayer and angle"),
        [(m, digits(1e3 * t), digits(1e9 * t / m / mean)) for m, t in zip(angles, by_angle, strict=True)],
    )
    text += "\n" + table(
        ("sublayers (mean)", "thickness, A", "core-ms per curve", "ns per sublayer and angle"),
        [
            (f"{k:.1f}", f"{dl:g}", digits(1e3 * t), digits(1e9 * t / k / SCAN.size))
            for k, dl, t in zip(layers, thickness, by_layer, strict=True)
        ],
    )
    text += "\n" + table(
        ("curves per call", "core-ms per curve", "the call"),
        [(b, digits(1e3 * t), f"{digits(1e3 * t * b)} ms") for b, t in zip(batches, by_batch, strict=True)],
    )
    text += "\n" + table(
        ("threads", "curves per second", "against one"),
        [(t, f"{r:.0f}", digits(r / rates[0])) for t, r in zip(threads, rates, strict=True)],
    )
    return text + prose(
        """In proportion to angles and to sublayers; a call's own cost (arguments, sines of the angles, the substrate)
        is spread over its curves. Samples are shared out among threads and need nothing of each other."""
    )


@styled
def draw(effort: Effort, *series: tuple[list[float], list[float]]) -> None:
    """The four scalings as one figure."""
    figure = new_figure(PAGE, 10.5)
    axes = figure.subplots(2, 2).ravel()
    names = ("angles", "sublayers", "curves per call", "threads")
    for ax, name, (x, y) in zip(axes, names, series, strict=True):
        scale = 1.0 if name == "threads" else 1e3
        ax.plot(x, np.multiply(y, scale), "o-", color=COLOURS["blue"], label="measured")
        if name != "curves per call":
            middle = len(x) // 2 if name != "threads" else 0
            ax.plot(
                x,
                scale * y[middle] * np.divide(x, x[middle]),
                "--",
                color=COLOURS["grey"],
                label="in proportion",
                zorder=1,
            )
        ax.set(xlabel=name, ylabel="curves per second" if name == "threads" else "core-ms per curve")
        if name == "threads":
            ax.set_ylim(bottom=0)
        else:
            ax.set(xscale="log", yscale="log")
            ax.set_ylim(0.8 * ax.get_ylim()[0], 1.25 * ax.get_ylim()[1])
            ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            ax.yaxis.set_minor_locator(NullLocator())
        ax.set_xticks(x, [f"{v:.0f}" for v in x])
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0].legend()
    effort.figures.mkdir(parents=True, exist_ok=True)
    figure.savefig(effort.figures / FIGURE, dpi=110, metadata={"Software": None})


def derivatives(effort: Effort) -> str:
    """Jacobians, and the torch kernel with its gradient."""
    say("derivatives")
    n, rounds = effort.pick(64, 4), effort.rounds
    rows = sample(n, "uniform", seed=0)
    grid = simulation_grid(Scan()).angle
    steps = 1e-4 * np.concatenate([np.diag(SPACE.range), -np.diag(SPACE.range)])
    moved = (SPACE.denormalise(0.01 + 0.98 * SPACE.normalise(rows))[:, None] + steps).reshape(-1, 7)
    adjoint = core_time(lambda: reflectivity_jacobian(rows, grid, threads=1), rounds) / n
    differences = core_time(lambda: reflectivity(moved, grid, threads=1), rounds) / n
    curve = core_time(lambda: reflectivity(rows, grid, threads=1), rounds) / n
    text = f"## Derivatives\n\nOne core, {grid.size} angles, uniform samples.\n\n"
    text += table(
        ("", "core-ms per curve", "curves' worth"),
        [
            (name, digits(1e3 * t), digits(t / curve))
            for name, t in (
                ("the curve", curve),
                ("its nine derivatives (seven parameters, E, damage) by the adjoint kernel", adjoint),
                ("seven by central differences", differences),
            )
        ],
    )
    return text + _torch(effort)


def _torch(effort: Effort) -> str:
    say("torch")
    n, rounds = effort.pick(64, 4), effort.pick(9, 1)
    rows = sample(n, "grid", seed=0)
    exact = reflectivity(rows, SCAN, exact=True)
    numba = core_time(lambda: reflectivity(rows, SCAN, threads=1), rounds) / n
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    lines = [("numba", "float64", digits(1e3 * numba), "1", "", "", "")]
    try:
        for dtype in (torch.float64, torch.float32):
            forward, gradient, curves = _torch_times(rows, dtype, "cpu", rounds)
            error = np.abs(np.log10(curves / exact)).max()
            lines.append(
                (
                    "torch, CPU", str(dtype).removeprefix("torch."), digits(1e3 * forward), digits(forward / numba, 2),
                    digits(1e3 * gradient), digits(gradient / forward, 2), f"{error:.0e}",
                )
            )  # fmt: skip
    finally:
        torch.set_num_threads(before)
    if torch.cuda.is_available():
        rows = sample(effort.pick(4096, 8), "grid", seed=0)
        exact = reflectivity(rows, SCAN, exact=True)
        for dtype in (torch.float64, torch.float32):
            forward, gradient, curves = _torch_times(rows, dtype, "cuda", rounds)
            error = np.abs(np.log10(curves / exact)).max()
            lines.append(
                (
                    "torch, GPU", str(dtype).removeprefix("torch."), digits(1e3 * forward), digits(forward / numba, 2),
                    digits(1e3 * gradient), digits(gradient / forward, 2), f"{error:.0e}",
                )
            )  # fmt: skip
    text = "\n### The torch kernel\n" + prose(
        f"""{n} curves at once, {SCAN.size} angles, no instrument; one core, or the GPU. The gradient is that of the
        sum of all intensities by the seven parameters, the forward pass included. Goals: within 8 times numba, the
        gradient at most 4 times the forward pass."""
    )
    text += table(
        ("", "", "ms per curve", "against numba", "gradient, ms", "against forward", "worst error in log10"), lines
    )
    text += prose(
        """The numba kernel computes a sublayer's matrix at every angle and forgets it; torch writes every step of
        that to memory. Hence sublayers are multiplied at a few dozen Chebyshev nodes and brought to the scan's angles
        by a product of matrices (`simulation/torch_kernel.py`), which is as exact. In float32 the error is that of
        the arithmetic, and grows where intensities are lowest."""
    )
    return text if torch.cuda.is_available() else text + prose("The same code runs on a GPU; this machine has none.")


def _torch_times(rows: np.ndarray, dtype: torch.dtype, device: str, rounds: int) -> tuple[float, float, np.ndarray]:
    """Seconds per curve, forward and with its gradient, and the curves."""
    parameters = torch.tensor(rows, dtype=dtype, device=device)
    angle = torch.tensor(SCAN, dtype=dtype, device=device)

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    def forward() -> torch.Tensor:
        with torch.no_grad():
            found = reflectivity_torch(parameters, angle)
        wait()
        return found

    def gradient() -> None:
        moved = parameters.clone().requires_grad_()
        reflectivity_torch(moved, angle).sum().backward()
        wait()

    timer = core_time if device == "cpu" else wall_time
    times = [timer(f, rounds) / len(rows) for f in (forward, gradient)]
    return times[0], times[1], forward().double().cpu().numpy()


if __name__ == "__main__":
    start = time.perf_counter()
    print(inner_loop(), f"{time.perf_counter() - start:.1f} s")
