"""Building on a dask cluster: two worker processes, killed or lost midway; what cannot be reached is named."""

import importlib
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time

import pytest

from xrdlib.data import Dataset, DatasetConfig, DatasetError, build_dataset, cluster_executor
from xrdlib.data import build as module
from xrdlib.data import cluster as cluster_module

distributed = pytest.importorskip("distributed")

CONFIG = DatasetConfig(
    size=300, sampling="uniform", seed=3, disorder=(0.8, 1.0), scan_points=61, chunk_size=5, layer_thickness=200.0
)


@pytest.fixture(scope="module")
def cluster():
    """A scheduler in this process and two workers of one thread, each a process that is started again when it dies."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        scheduler_port=0,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL + 1,
    ) as found:
        yield found


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return contents(build_dataset(tmp_path_factory.mktemp("dataset") / "d", CONFIG, workers=1, progress=False).path)


def contents(folder):
    """Bytes of every file; a worker that was killed may leave a partial one beside them."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.suffix != ".partial")
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


class TestBuilding:
    @pytest.mark.slow
    def test_a_worker_killed_midway(self, cluster, built, tmp_path, monkeypatch):
        marked, killed, mark = [], [], module._mark

        def kill_one(folder, index):
            mark(folder, index)
            marked.append(index)
            if len(marked) == 10:
                address, worker = next(iter(pids.items()))
                os.kill(worker, signal.SIGKILL)
                killed.append(address)

        monkeypatch.setattr(module, "_mark", kill_one)
        with cluster_executor(cluster.scheduler_address) as executor:
            pids = executor._client.run(os.getpid)
            assert len(set(pids.values()) - {os.getpid()}) == executor.n_workers == 2
            dataset = build_dataset(tmp_path / "d", CONFIG, executor=executor, progress=False)
            assert killed
            assert killed[0] not in executor._client.nthreads()  # it had been there, and has another address now
        assert sorted(marked) == list(range(60))
        assert contents(dataset.path) == built

    def test_interrupted_and_finished_elsewhere(self, cluster, built, tmp_path, monkeypatch):
        marked, mark = [], module._mark

        def interrupt(folder, index):
            mark(folder, index)
            marked.append(index)
            if len(marked) == 10:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch, cluster_executor(cluster.scheduler_address) as executor:
            patch.setattr(module, "_mark", interrupt)
            with pytest.raises(KeyboardInterrupt):
                build_dataset(tmp_path / "d", CONFIG, executor=executor, progress=False)
        missing = Dataset.open(tmp_path / "d", complete=False).missing_chunks
        assert sorted({*range(60)} - {*missing}) == sorted(marked)
        assert contents(build_dataset(tmp_path / "d", CONFIG, workers=1, progress=False).path) == built

    def test_by_the_command_with_the_schedulers_file(self, cluster, run, tmp_path):
        (tmp_path / "s.json").write_text(json.dumps({"type": "Scheduler", "address": cluster.scheduler_address}))
        arguments = ("--size", "1_0", "--sampling", "uniform", "--chunk-size", "4")
        code, out, err = run("dataset", "build", "d", *arguments, "--executor", "dask", "--scheduler", "s.json")
        assert code == 0
        assert re.match(r"s\.json: workers now: \d+", err)
        assert "d: 10 curves of 939 angles" in out
        config = DatasetConfig(size=10, sampling="uniform", chunk_size=4)
        alone = build_dataset(tmp_path / "e", config, workers=1, progress=False)
        assert contents(tmp_path / "d") == contents(alone.path)


class TestWhatGoesWrong:
    def test_another_version_on_a_worker(self, cluster, tmp_path, monkeypatch):
        monkeypatch.setattr(cluster_module, "__version__", "0.0.0")
        text = r"^worker on .*: xrdlib \d+\.\d+\.\d+ there, 0\.0\.0 here$"
        with cluster_executor(cluster.scheduler_address) as executor, pytest.raises(DatasetError, match=text):
            build_dataset(tmp_path / "d", CONFIG, executor=executor, progress=False)

    def test_a_folder_that_is_not_shared(self, tmp_path):
        with pytest.raises(DatasetError, match=r"absent: not there for a worker on .*; all have to share it$"):
            module._build_chunk(tmp_path / "absent", 0)

    @pytest.mark.slow
    def test_a_chunk_that_kills_its_workers(self, cluster):
        cluster.scheduler.allowed_failures = 0
        with (
            pytest.raises(DatasetError, match=r"workers died over one chunk .*run the same"),
            cluster_executor(cluster.scheduler_address) as executor,
        ):
            executor.submit(os._exit, 1).result(60)
        cluster.scheduler.allowed_failures = 3

    def test_the_scheduler_ends_midway(self, tmp_path):
        """No workers: the build waits for some, until the scheduler is gone."""
        lonely = distributed.LocalCluster(
            n_workers=0,
            processes=False,
            scheduler_port=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL + 1,
        )
        closing = threading.Timer(0.5, lonely.close)
        closing.start()
        with (
            pytest.raises(DatasetError, match=r"the connection was lost; what is built stays"),
            cluster_executor(lonely.scheduler_address) as executor,
        ):
            build_dataset(tmp_path / "d", CONFIG, executor=executor, progress=False)
        closing.join()
        assert len(Dataset.open(tmp_path / "d", complete=False).missing_chunks) == 60

    def test_code_that_a_worker_lacks(self, cluster):
        with (
            pytest.raises(DatasetError, match=r"a worker lacks xrdlib or what it needs \(No module named 'absent'\)"),
            cluster_executor(cluster.scheduler_address) as executor,
        ):
            executor.submit(importlib.import_module, "absent").result(30)

    @pytest.mark.parametrize("address", ["", "nonsense", "foo://host:1", "tcp://127.0.0.1:1", "tcp://127.0.0.1:99999"])
    def test_no_scheduler(self, address):
        start = time.monotonic()
        with (
            pytest.raises(DatasetError, match=r"^scheduler '.*': no dask scheduler answers within 0.5 s .*expected$"),
            cluster_executor(address, timeout=0.5),
        ):
            raise AssertionError("connected to what is not there")
        assert time.monotonic() - start < 10  # not a time that is measured: a hang would be for ever

    @pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    def test_a_server_that_is_no_scheduler(self, greeting):
        with socket.create_server(("127.0.0.1", 0)) as server:
            held = []

            def answer():
                connection, _ = server.accept()
                held.append(connection)
                connection.sendall(greeting)

            thread = threading.Thread(target=answer)
            thread.start()
            address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            with pytest.raises(DatasetError, match=r"no dask scheduler answers"), cluster_executor(address, timeout=1):
                raise AssertionError("connected to what is no scheduler")
            thread.join()
            for connection in held:
                connection.close()

    def test_a_worker_instead_of_the_scheduler(self, cluster):
        worker = next(iter(cluster.scheduler.workers))
        with pytest.raises(DatasetError, match=r"something else of dask does"), cluster_executor(worker):
            raise AssertionError("connected to what is no scheduler")

    def test_a_file_that_is_none_of_the_schedulers(self, tmp_path):
        (tmp_path / "s.json").write_text('{"a": 1}')
        with pytest.raises(DatasetError, match=r"no dask scheduler"), cluster_executor(str(tmp_path / "s.json")):
            raise AssertionError("connected to what is no scheduler")

    def test_without_the_package(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "distributed", None)
        with (
            pytest.raises(DatasetError, match=r"the package distributed is missing; pip install 'xrdlib\[cluster\]'"),
            cluster_executor("tcp://127.0.0.1:1"),
        ):
            raise AssertionError("connected without the package")

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (["--executor", "slurm"], "--executor slurm: processes or dask expected"),
            (["--executor", "dask"], "--scheduler tcp://HOST:8786 (or the scheduler's file) is needed"),
            (["--scheduler", "tcp://a:1"], "--scheduler: has a meaning with --executor dask only"),
            (["--executor", "dask", "--scheduler", "tcp://a:1", "--workers", "2"], "--workers: a dask cluster has"),
        ],
    )
    def test_options_that_do_not_go_together(self, options, text, run, tmp_path):
        code, _, err = run("dataset", "build", "d", *options)
        assert code == 2
        assert text in err
        assert not (tmp_path / "d").exists()
