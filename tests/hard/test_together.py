"""Two threads and two processes that simulate at once agree with one, bit for bit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import torch

from xrdlib.data import sample
from xrdlib.simulation import YIG_FILM, Scan, simulate
from xrdlib.simulation.torch_kernel import simulate_torch

SCAN = Scan(-60.0, 6.0, 150)
WORK = """
import hashlib, sys
import numpy as np, torch
from xrdlib.data import sample
from xrdlib.simulation import YIG_FILM, Scan, simulate
from xrdlib.simulation.torch_kernel import simulate_torch

torch.set_num_threads(1)
rows, scan = sample(24, "uniform", seed=1), Scan(-60.0, 6.0, 150)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    found = [simulate(rows, scan=scan), simulate(rows, scan=scan, film=YIG_FILM, exact=True, disorder=0.9, damage=0.2),
             simulate_torch(torch.as_tensor(rows), scan=scan).numpy()]
    print(hashlib.sha256(b"".join(np.ascontiguousarray(f).tobytes() for f in found)).hexdigest(), flush=True)
"""


def each_kernel(rows: np.ndarray) -> list[np.ndarray]:
    """Curves by the expansion, by the closed form with all its effects, and by torch."""
    return [
        simulate(rows, scan=SCAN),
        simulate(rows, scan=SCAN, film=YIG_FILM, exact=True, disorder=0.9, damage=0.2),
        simulate_torch(torch.as_tensor(rows), scan=SCAN).numpy(),
    ]


def test_threads() -> None:
    """Four threads with samples of their own, started together, five times each; against one after the other."""
    sets = [sample(n, "uniform", seed=n) for n in (24, 7, 31, 3)]
    expected = [each_kernel(rows) for rows in sets]
    start = Barrier(len(sets))

    def work(rows: np.ndarray) -> list[list[np.ndarray]]:
        start.wait()
        return [each_kernel(rows) for _ in range(5)]

    with ThreadPoolExecutor(len(sets)) as pool:
        for found, right in zip(pool.map(work, sets), expected, strict=True):
            for again in found:
                for one, other in zip(again, right, strict=True):
                    assert one.tobytes() == other.tobytes()


def test_a_sample_does_not_depend_on_those_beside_it() -> None:
    rows = sample(24, "uniform", seed=1)
    whole = each_kernel(rows)[:2]
    for part in (slice(0, 1), slice(5, 12), slice(23, 24)):
        for one, other in zip(each_kernel(rows[part])[:2], whole, strict=True):
            np.testing.assert_allclose(one, other[part], rtol=1e-13)  # a product of matrices may split its sums


@pytest.mark.slow
def test_processes() -> None:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", WORK]
    two = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
        for _ in range(2)
    ]
    for process in two:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in two:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    found = [process.communicate(timeout=120)[0].split() for process in two]
    rows, threads = sample(24, "uniform", seed=1), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        mine = hashlib.sha256(b"".join(np.ascontiguousarray(f).tobytes() for f in each_kernel(rows))).hexdigest()
    finally:
        torch.set_num_threads(threads)
    assert found == [[mine] * 3] * 2


ORDER = """
import hashlib, sys
import numpy as np
from xrdlib.data import sample
from xrdlib.simulation import YIG_FILM, Scan, reflectivity
from xrdlib.simulation.derivatives import reflectivity_jacobian

rows, angle = sample(8, "uniform", seed=1), np.linspace(-60.0, 600.0, 150)
kernels = {
    "expanded": lambda: reflectivity(rows, angle),
    "exact": lambda: reflectivity(rows, angle, film=YIG_FILM, exact=True, disorder=0.9, damage=0.2),
    "adjoint": lambda: np.concatenate([v.ravel() for v in reflectivity_jacobian(rows, angle)]),
}
first = {name: kernels[name]() for name in sys.argv[1:]}
for name in ("exact", "expanded"):
    print(hashlib.sha256(np.ascontiguousarray(kernels[name]()).tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_order_in_which_kernels_are_compiled(tmp_path: Path) -> None:
    """Compiled in one order, in another, and read from what was compiled: the same bits."""
    root = Path(__file__).resolve().parents[2]
    orders = (("expanded", "exact", "adjoint"), ("adjoint", "exact", "expanded"))
    found = []  # without the adjoint kernel, which stores nothing: its last bits depend on whether it was just compiled
    for cache, order in (("a", orders[0]), ("a", orders[1]), ("b", orders[1])):
        environment = {**os.environ, "PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(tmp_path / cache)}
        command = [sys.executable, "-c", ORDER, *order]
        found.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(found[0].split()) == 2
    assert found[0] == found[1] == found[2]
