"""Tables of commands: start-up, and the long ones from a shell."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from pathlib import Path

from measuring import ROOT, Effort, digits, process_time, prose, run, say, table

CURVE_A = ROOT.parent / "shared" / "measured" / "ggg444_implanted_A.txt"
STEP = ["--step", "4.018235972"]
LAB = "0.008094 0.000943 5200 3500 0.00255 3000 -50"


def start(effort: Effort) -> str:
    """Start-up, what it goes into, and compiled kernels."""
    say("start-up")
    n = effort.pick(10, 1)
    rows: list[tuple[object, ...]] = [
        (name, goal, f"{digits(process_time(arguments, n), 2)} s")
        for name, goal, arguments in (
            ("`python -c pass`", "", ["-c", "pass"]),
            ("`import numpy`", "", ["-c", "import numpy"]),
            ("`import xrdlib`", "1 s", ["-c", "import xrdlib"]),
            ("`xrdlib --help`", "0.5 s", ["-m", "xrdlib", "--help"]),
            ("`xrdlib simulate`, kernels in the cache", "", ["-m", "xrdlib", "simulate", LAB]),
            ("`import torch`, for comparison", "", ["-c", "import torch"]),
        )
    ]
    say("compiling")
    with tempfile.TemporaryDirectory() as folder:
        first = process_time(["-m", "xrdlib", "simulate", LAB], 1, {"NUMBA_CACHE_DIR": folder})
    rows.append(
        ("`xrdlib simulate`, the first after an installation: kernels are compiled", "", f"{digits(first, 2)} s")
    )
    largest = "; ".join(
        (
            _largest("`import xrdlib`", "-c", "import xrdlib"),
            _largest("`xrdlib --help`", "-m", "xrdlib", "--help"),
        )
    )
    text = f"## Start-up\n\nMedian of {n} fresh processes.\n\n" + table(("", "goal", "time"), rows)
    return text + prose(
        f"""Neither import nor help loads torch, numba, pandas or matplotlib (`tests/test_start.py`). What takes most,
        by `python -X importtime` (which adds to it): {largest}."""
    )


def _largest(name: str, *arguments: str) -> str:
    """The packages that take most of an import."""
    own: Counter[str] = Counter()
    for microseconds, module in re.findall(
        r"import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)", run(["-X", "importtime", *arguments]).stderr
    ):
        own[module.partition(".")[0]] += int(microseconds)
    parts = ", ".join(f"{package} {1e-3 * t:.0f}" for package, t in own.most_common(4))
    return f"{name} {1e-3 * own.total():.0f} ms, of which {parts}"


def commands(effort: Effort) -> str:
    """The long commands, each once, from a shell's point of view."""
    text = "## Commands\n\nEach once, a fresh process on all cores.\n\n"
    rows: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        out = ["--out", str(Path(folder) / "report")]
        asked: list[tuple[str, list[str]]] = [
            ("`xrdlib diagnose lab` (one study)", ["diagnose", "lab"]),
            ("the same with `--out` (figures and HTML)", ["diagnose", "lab", *out]),
        ]
        if CURVE_A.exists():
            curve = [str(CURVE_A), *STEP]
            asked += [
                ("`xrdlib diagnose` of curve A (two studies)", ["diagnose", *curve]),
                ("the same with `--out`", ["diagnose", *curve, *out]),
                ("`xrdlib fit` of curve A", ["fit", *curve]),
                ("the same with `--out`", ["fit", *curve, *out]),
            ]
        if effort.quick:
            asked = [("`xrdlib diagnose lab --only bins`", ["diagnose", "lab", "--only", "bins"])]
        for name, arguments in asked:
            say(f"command: {' '.join(arguments)}")
            begun = time.perf_counter()
            run(["-m", "xrdlib", *arguments])
            rows.append((name, f"{time.perf_counter() - begun:.1f} s"))
    if not CURVE_A.exists():
        rows.append(("curve A", "not measured: it is no part of the repository, and `../shared/measured` is not there"))
    return text + table(("", "time"), rows)
