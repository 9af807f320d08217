"""How the tables of docs/performance.md are measured: repeated, one warm-up before, the lowest of some rounds."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numba
import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Effort:
    """How much is measured: all of it, or (``quick``) next to nothing, which shows that it runs."""

    quick: bool
    figures: Path  # folder

    def pick(self, full: int, quick: int) -> int:
        """The one or the other."""
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        """How often a short measurement is repeated."""
        return self.pick(7, 1)


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def core_time(function: Callable[[], object], rounds: int) -> float:
    """Seconds of processor that a call takes, all threads together: the lowest of ``rounds``, one more before."""
    return _lowest(function, rounds, time.process_time)


def wall_time(function: Callable[[], object], rounds: int) -> float:
    """Seconds that a call takes: the lowest of ``rounds``, one more before."""
    return _lowest(function, rounds, time.perf_counter)


def _lowest(function: Callable[[], object], rounds: int, clock: Callable[[], float]) -> float:
    function()
    found = []
    for _ in range(rounds):
        start = clock()
        function()
        found.append(clock() - start)
    return min(found)


def process_time(arguments: list[str], rounds: int, environment: dict[str, str] | None = None) -> float:
    """Seconds of a fresh Python process with these arguments: the median of ``rounds``."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        run(arguments, environment)
        found.append(time.perf_counter() - start)
    return median(found)


def run(arguments: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A fresh Python process in the repository's root; an error of its is an error here."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, **(environment or {})},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
    return done


def prose(text: str) -> str:
    """A paragraph, between empty lines."""
    return "\n" + textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False) + "\n\n"


def digits(value: float, n: int = 3) -> str:
    """A number with so many significant digits, never with an exponent."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    return f"{value:.{max(0, n - 1 - int(np.floor(np.log10(abs(value)))))}f}"


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


@numba.njit
def _chain(n: int, x: np.uint64) -> np.uint64:  # pragma: no cover
    for _ in range(n):
        x ^= x << np.uint64(13)
        x ^= x >> np.uint64(7)
        x ^= x << np.uint64(17)
    return x


def clock(rounds: int = 5) -> float:
    """Clock in GHz: a chain of shifts and exclusive ors, each waiting for the last, six cycles a turn."""
    turns = 20_000_000
    return 6 * turns / core_time(lambda: _chain(turns, np.uint64(88172645463325252)), rounds) / 1e9


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> str:
    """The machine and the versions, as a table."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    entry = {key: re.search(rf"^{key}\s*: (.*)$", info, re.MULTILINE) for key in ("model name", "cpu family", "model")}
    name = entry["model name"][1] if entry["model name"] else platform.processor() or platform.machine()
    if entry["cpu family"] and entry["model"]:
        name += f", family {entry['cpu family'][1]}, model {entry['model'][1]}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    vectors = next((v for v in ("avx512f", "avx2", "avx") if re.search(rf"\b{v}\b", info)), "unknown")
    rows = [
        ("processor", name),
        ("cores", f"{cores()}, clock {clock():.2f} GHz (measured while this ran), vectors {vectors}"),
        ("caches", ", ".join(_caches()) or "unknown"),
        ("memory", f"{memory:.0f} GiB"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("libraries", ", ".join(f"{p} {version(p)}" for p in ("numpy", "numba", "llvmlite", "torch"))),
        ("GPU", torch.cuda.get_device_name() if torch.cuda.is_available() else "none"),
        ("load when this began", "{:.1f} {:.1f} {:.1f}".format(*os.getloadavg())),
    ]
    return table(("", ""), rows)


def _caches() -> Iterable[str]:
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level, size = ((cache / entry).read_text().strip() for entry in ("type", "level", "size"))
        if kind != "Instruction":
            yield f"L{level} {size}"
