"""Who builds a dataset, with how many, and in which order, changes no byte; nor does it change a training."""

from __future__ import annotations

import random
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from xrdlib.data import Dataset, DatasetConfig, build_dataset
from xrdlib.training import Study, run_study

CONFIG = DatasetConfig(
    size=78, sampling="grid", seed=3, disorder=(0.8, 1.0), scan_points=61, chunk_size=4, layer_thickness=400.0
)
ARRAYS = ("parameters", "disorder", "peak_in_scan", "angle", "weight", "reflectivity", "done")


class Late(Executor):
    """Submits to another executor, but says that something is done in shuffled order only, when all is."""

    def __init__(self, inner: Executor, seed: int) -> None:
        self._inner, self._rng, self._running = inner, random.Random(seed), []
        self.order: list[int] = []

    def submit(self, function: Any, *args: Any, **kwargs: Any) -> Future[Any]:
        outer: Future[Any] = Future()
        self._running.append((outer, self._inner.submit(function, *args, **kwargs), args[-1]))
        if len(self._running) == CONFIG.n_chunks:
            results = [(o, i.result(), index) for o, i, index in self._running]
            self._rng.shuffle(results)
            for done, result, index in results:
                self.order.append(index)
                done.set_result(result)
        return outer


def files(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return build_dataset(tmp_path_factory.mktemp("one") / "d", CONFIG, workers=1, progress=False)


def assert_same(found: Dataset, one: Dataset) -> None:
    for name in ARRAYS:
        assert found.array(name)[:].tobytes() == one.array(name)[:].tobytes(), name  # type: ignore[union-attr]
    assert files(found.path) == files(one.path)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_so_many_processes(one: Dataset, tmp_path: Path, workers: int) -> None:
    assert_same(build_dataset(tmp_path / "d", CONFIG, workers=workers, progress=False), one)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_order(one: Dataset, tmp_path: Path, seed: int) -> None:
    with ThreadPoolExecutor(3) as inner:
        executor = Late(inner, seed)
        assert_same(build_dataset(tmp_path / "d", CONFIG, executor=executor, progress=False), one)
    assert sorted(executor.order) == list(range(CONFIG.n_chunks))
    assert executor.order != sorted(executor.order)


@pytest.mark.slow
def test_any_order_of_processes(one: Dataset, tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as inner:
        assert_same(build_dataset(tmp_path / "d", CONFIG, executor=Late(inner, 4), progress=False), one)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_a_training(random_study: Study, tmp_path: Path, workers: int) -> None:
    again = run_study(random_study.config, tmp_path / "s", workers=workers, progress=False)
    assert files(again.path) == files(random_study.path)
