"""What building a dataset costs: time, processor, memory of all processes, disk; and what 100 M curves would. Linux.

``python benchmarks/dataset.py [SIZE] [--folder F] [...]`` runs ``xrdlib dataset build F --size SIZE ...`` (100 000
curves by default; in a temporary folder, which is removed, unless F is given) and prints a table; other options go to
the command. ``--dispatch`` measures instead what a chunk costs the client and the scheduler of a dask cluster,
``SIZE --prepare`` what drawing and storing the parameters takes, ``SIZE --train`` one epoch over so many curves in
pools of 32 768, dataset and test sets included.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from xrdlib.data import Dataset, DatasetConfig, build_dataset, cluster_executor, sample
from xrdlib.data.build import _create
from xrdlib.simulation import reflectivity
from xrdlib.training import StudyConfig, TrainingConfig

PAGE = os.sysconf("SC_PAGE_SIZE")
MANY = 100_000_000


def kernel_cost(config: DatasetConfig, n: int = 2000) -> float:
    """Core-milliseconds per curve of the bare kernel, one thread: the best of five."""
    parameters, angle = sample(n, "grid", seed=1), config.grid.angle
    reflectivity(parameters[:10], angle, threads=1)
    times = []
    for _ in range(5):
        start = time.process_time()
        reflectivity(parameters, angle, threads=1)
        times.append(time.process_time() - start)
    return 1000 * min(times) / n


def tree_memory(root: int) -> tuple[int, int]:
    """Resident bytes and number of a process and all its descendants; shared pages count in each."""
    parents, resident = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        pid = int(stat.parent.name)
        parents[pid], resident[pid] = int(fields[1]), int(fields[21]) * PAGE
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return sum(resident.get(pid, 0) for pid in tree), len(tree)


def disk_use(folder: Path) -> tuple[int, int]:
    """Bytes on disk and number of files."""
    files = [p.stat() for p in folder.rglob("*") if p.is_file()]
    return sum(f.st_blocks * 512 for f in files), len(files)


class Watched(NamedTuple):
    """What a command took."""

    wall: float  # s
    core: float  # s, of all its processes
    peak: int  # bytes, of all its processes at one moment
    processes: int


def watch(*arguments: str) -> Watched:
    """Run ``xrdlib`` with some arguments."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = processes = 0
    with subprocess.Popen([sys.executable, "-m", "xrdlib", *arguments], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            memory, number = tree_memory(process.pid)
            peak, processes = max(peak, memory), max(processes, number)
            time.sleep(0.1)
    if process.returncode:
        sys.exit(process.returncode)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    core = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Watched(wall, core, peak, processes)


def build(folder: Path, size: int, options: list[str]) -> None:
    """Build a dataset, look at it, and print what both took."""
    wall, core, peak, processes = watch("dataset", "build", str(folder), "--size", str(size), *options)
    show = watch("dataset", "show", str(folder))
    start = time.perf_counter()
    dataset = Dataset.open(folder)
    opened = time.perf_counter() - start
    used, files = disk_use(folder)
    kernel = kernel_cost(dataset.config)
    config = dataset.config
    rows = {
        "curves, angles, chunk": f"{size}, {dataset.grid.angle.size}, {config.chunk_size}",
        "wall time": f"{wall:.1f} s, {size / wall:.0f} curves per second",
        "processor": f"{core:.1f} s, {1000 * core / size:.3f} core-ms per curve, {core / wall:.2f} cores busy",
        "of that the kernel": f"{100 * kernel * size / 1000 / core:.0f} % ({kernel:.3f} core-ms per curve when alone)",
        "peak memory": f"{peak / 1e6:.0f} MB in {processes} processes, shared pages counted in each",
        "disk": f"{used / 1e6:.0f} MB in {files} files, {used / size:.0f} bytes per curve",
        "to open": f"{opened:.2f} s",
        "dataset show": f"{show.wall:.1f} s, {show.core:.1f} s of the processor, {show.peak / 1e6:.0f} MB",
        "100 M curves": f"{MANY * core / size / 3600:.1f} core-hours, {MANY * used / size / 1e9:.0f} GB, "
        f"{4 * MANY / config.chunk_size:.0f} files",
    }
    for name, text in rows.items():
        print(f"{name:22} {text}")


def prepare(size: int) -> None:
    """The part of a build before the first chunk: drawing and storing the parameters."""
    with tempfile.TemporaryDirectory() as folder:
        start, core = time.perf_counter(), time.process_time()
        _create(Path(folder) / "d", DatasetConfig(size=size, sampling="sobol", chunk_size=5000))
        wall, core = time.perf_counter() - start, time.process_time() - core
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{size} Sobol points: {wall:.1f} s, {core:.1f} s of the processor, at most {peak / 1e3:.0f} MB")


def train(size: int) -> None:
    """What a study takes whose curves are read pool by pool."""
    data = DatasetConfig(size=size, sampling="uniform")
    settings = TrainingConfig(epochs=1, batch_size=512, pool=32_768, validation_fraction=0.01, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(StudyConfig(dataset=data, training=settings).to_toml(), encoding="utf-8")
        wall, core, peak, _ = watch("study", "run", str(config), "--out", str(Path(folder) / "study"))
    print(f"{size} curves, one epoch: {wall:.0f} s, {core:.0f} s of the processor, at most {peak / 1e6:.0f} MB")


def dispatch(n: int = 1000) -> None:
    """Chunks of one curve on two workers: what is left is the cost of handing them out."""
    from distributed import LocalCluster

    config = DatasetConfig(size=n, sampling="uniform", chunk_size=1, scan_points=21)
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as cluster,
        cluster_executor(cluster.scheduler_address) as executor,
    ):
        build_dataset(Path(folder) / "warm", replace(config, size=20), executor=executor, progress=False)
        start, core = time.perf_counter(), time.process_time()
        build_dataset(Path(folder) / "d", config, executor=executor, progress=False)
        wall, core = time.perf_counter() - start, time.process_time() - core
    print(f"{n} chunks on a dask cluster: {1000 * core / n:.2f} core-ms each in client and scheduler ({wall:.1f} s)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("size", nargs="?", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--dispatch", action="store_true")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--train", action="store_true")
    arguments, rest = parser.parse_known_args()
    if arguments.dispatch:
        dispatch()
    elif arguments.prepare:
        prepare(arguments.size)
    elif arguments.train:
        train(arguments.size)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            build(arguments.folder or Path(temporary) / "d.zarr", arguments.size, rest)
