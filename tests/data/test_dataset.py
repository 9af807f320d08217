"""Datasets: a sample is decided by (config, seed, chunk) alone, whoever builds it and however often it is killed."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
import zarr

from xrdlib.data import Dataset, DatasetConfig, DatasetError, build_dataset, sample
from xrdlib.data import _executors as executors
from xrdlib.data import build as module
from xrdlib.data.build import forget_chunks
from xrdlib.simulation import GGG_444, YIG_FILM, Instrument, measure, reflectivity, simulate

CONFIG = DatasetConfig(
    size=78, sampling="uniform", seed=3, disorder=(0.8, 1.0), scan_points=61, chunk_size=2, layer_thickness=200.0
)
ARRAYS = ("parameters", "disorder", "peak_in_scan", "angle", "weight", "reflectivity", "done")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An undisturbed build, in this process."""
    return build_dataset(tmp_path_factory.mktemp("dataset") / "d.zarr", CONFIG, workers=1, progress=False)


@pytest.fixture
def copy(built, tmp_path):
    """A copy that may be damaged."""
    return Path(shutil.copytree(built.path, tmp_path / "copy.zarr"))


def assert_identical(one, other):
    for name in ARRAYS:
        assert np.asarray(one.array(name)[:]).tobytes() == np.asarray(other.array(name)[:]).tobytes(), name
    files = sorted(p.relative_to(one.path) for p in one.path.rglob("*") if p.is_file())
    for file in files:  # a kill may leave other files beside these
        assert (one.path / file).read_bytes() == (other.path / file).read_bytes(), file


class Shuffled(ThreadPoolExecutor):
    """Runs what is submitted in random order, several at a time."""

    def __init__(self, seed):
        super().__init__(3)
        self._rng, self._waiting, self.order = random.Random(seed), [], []

    def submit(self, function, *args):
        outer = Future()
        self._waiting.append((outer, function, args))
        super().submit(self._one)
        return outer

    def _one(self):
        time.sleep(0.005)  # until some have gathered
        outer, function, args = self._waiting.pop(self._rng.randrange(len(self._waiting)))
        self.order.append(args[-1])
        outer.set_result(function(*args))


class TestWhoeverBuilds:
    def test_what_is_stored(self, built):
        """Against the simulation, called once for all samples."""
        expected = reflectivity(
            built.parameters, built.grid.angle, layer_thickness=200.0, disorder=built.disorder, exact=True
        )
        np.testing.assert_allclose(built.reflectivity(), expected, rtol=1.1e-5)
        np.testing.assert_array_equal(built.parameters, sample(78, "uniform", seed=3))
        assert built.disorder.min() >= 0.8
        assert built.disorder.max() <= 1.0
        assert np.unique(built.disorder).size == 78
        assert built.reflectivity().dtype == np.float32

    def test_disorder_is_another_stream_than_the_parameters(self, built):
        u = np.random.default_rng(3).random((78, 7)).ravel()
        assert not np.isin(np.round((built.disorder - 0.8) / 0.2, 9), np.round(u, 9)).any()

    @pytest.mark.slow
    def test_two_processes(self, built, tmp_path):
        assert_identical(built, build_dataset(tmp_path / "two", CONFIG, workers=2, progress=False))

    def test_threads_in_shuffled_order_and_more_chunks_than_wait_at_a_time(self, tmp_path, monkeypatch):
        monkeypatch.setattr(module, "_WAITING", 8)
        config = replace(CONFIG, chunk_size=1, size=30)
        one = build_dataset(tmp_path / "one", config, workers=1, progress=False)
        with Shuffled(5) as executor:
            two = build_dataset(tmp_path / "two", config, executor=executor, progress=False)
        assert sorted(executor.order) == list(range(30))
        assert executor.order != list(range(30))
        assert_identical(one, two)

    def test_a_threaded_executor(self, built, tmp_path):
        with ThreadPoolExecutor(4) as executor:
            assert_identical(built, build_dataset(tmp_path / "d", CONFIG, executor=executor, progress=False))

    def test_a_chunk_does_not_depend_on_what_follows(self, built, tmp_path):
        """Of the continuous samplings the first n samples are the samples of n."""
        fewer = build_dataset(tmp_path / "d", replace(CONFIG, size=31), workers=1, progress=False)
        np.testing.assert_array_equal(fewer.reflectivity(), built.reflectivity(slice(0, 31)))
        np.testing.assert_array_equal(fewer.disorder[:30], built.disorder[:30])

    def test_another_seed_is_another_dataset(self, built, tmp_path):
        other = build_dataset(tmp_path / "d", replace(CONFIG, seed=4, size=4), workers=1, progress=False)
        assert not np.isin(other.parameters, built.parameters).any()
        assert not np.isin(other.disorder, built.disorder).any()

    def test_an_error_in_a_worker_is_raised_and_the_rest_can_follow(self, tmp_path, monkeypatch):
        config, calls = replace(CONFIG, size=20), []

        def failing(*args, **kwargs):
            calls.append(1)
            if len(calls) == 4:
                raise OSError("disk full")
            return simulate_chunk(*args, **kwargs)

        simulate_chunk = module.simulate_samples
        monkeypatch.setattr(module, "simulate_samples", failing)
        with ThreadPoolExecutor(1) as executor, pytest.raises(OSError, match="disk full"):
            build_dataset(tmp_path / "d", config, executor=executor, progress=False)
        assert 7 in Dataset.open(tmp_path / "d", complete=False).missing_chunks
        again = build_dataset(tmp_path / "d", config, workers=1, progress=False)
        assert_identical(build_dataset(tmp_path / "e", config, workers=1, progress=False), again)

    def test_a_worker_that_ends_is_named(self, tmp_path):
        class Broken(ThreadPoolExecutor):
            def submit(self, *_):
                future = Future()
                future.set_exception(BrokenProcessPool("a process terminated"))
                return future

        with Broken(1) as executor, pytest.raises(DatasetError, match=r"d: a worker process ended .*; run the same"):
            build_dataset(tmp_path / "d", CONFIG, executor=executor, progress=False)
        assert len(Dataset.open(tmp_path / "d", complete=False).missing_chunks) == 39

    def test_another_dataset_in_the_place_of_one(self, built, tmp_path):
        """In the same process, which keeps what it knows of a folder from chunk to chunk."""
        build_dataset(tmp_path / "d", replace(CONFIG, seed=9, layer_thickness=300.0), workers=1, progress=False)
        shutil.rmtree(tmp_path / "d")
        assert_identical(built, build_dataset(tmp_path / "d", CONFIG, workers=1, progress=False))

    def test_chunks_across_the_blocks_of_parameters(self, tmp_path, monkeypatch):
        """Parameters are stored 65 536 at a time; the last chunk has samples of two blocks."""

        def marked(config, parameters, disorder, angle):
            return np.repeat(parameters[:, 3:4], angle.size, axis=1)

        monkeypatch.setattr(module, "simulate_samples", marked)
        config = DatasetConfig(size=65_600, sampling="uniform", scan_points=2, chunk_size=1000, layer_thickness=400.0)
        dataset = build_dataset(tmp_path / "d", config, workers=1, progress=False)
        np.testing.assert_array_equal(dataset.parameters, sample(65_600, "uniform", seed=0))
        np.testing.assert_array_equal(dataset.reflectivity()[:, 0], dataset.parameters[:, 3].astype(np.float32))


WORK = """
from xrdlib.data import DatasetConfig, build_dataset

def work():
    build_dataset({path!r} + kind, DatasetConfig(**{config!r}), workers=1, progress=False)
"""


class TestKilled:
    @pytest.mark.slow
    def test_at_random_moments(self, built, tmp_path, killed):
        rng = np.random.default_rng(17)
        # the folder itself takes 11 commits and a rename, a chunk 4: these cannot finish it
        moments = [("commits", 5), ("commits", 11), *(("commits", int(n)) for n in rng.integers(1, 19, 18))]
        times = [("seconds", float(t)) for t in rng.uniform(0.05, 0.2, 6)]  # these can
        outcome = killed(WORK.format(path=str(tmp_path / "d_"), config=CONFIG.to_dict()), moments + times)
        print(f"{outcome.count('killed')} of {len(outcome)} SIGKILLs hit a running build of {CONFIG.n_chunks} chunks")
        assert outcome[:20] == ["killed"] * 20
        assert set(outcome[20:]) <= {"killed", "exit 0"}
        folder = tmp_path / "d_commits"
        found = Dataset.open(folder, complete=False).missing_chunks
        assert 0 < len(found) < CONFIG.n_chunks
        with pytest.raises(DatasetError, match=f"{len(found)} of 39 chunks are missing; run the same"):
            Dataset.open(folder)
        for folder in (tmp_path / "d_commits", tmp_path / "d_seconds"):
            assert_identical(built, build_dataset(folder, CONFIG, workers=1, progress=False))

    @pytest.mark.slow
    def test_worker_processes_do_not_outlive_it(self, tmp_path):
        """Killed with two workers: they leave, nothing is written any more, and the build can be finished."""
        folder = tmp_path / "d"
        config = replace(CONFIG, size=600)
        code = WORK.format(path=str(folder), config=config.to_dict()).replace("workers=1", "workers=2")
        code += "\nkind = ''"
        code += "\nif __name__ == '__main__':\n    work()\n"
        (tmp_path / "build.py").write_text(code)
        environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
        with subprocess.Popen(
            [sys.executable, str(tmp_path / "build.py")], env=environment, stderr=subprocess.DEVNULL
        ) as process:
            deadline = time.monotonic() + 60
            while len(list((folder / "done" / "c").glob("*"))) < 5:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            workers = _children(process.pid)
            process.send_signal(signal.SIGKILL)
        assert len(workers) >= 2
        _wait_until_gone(workers)
        assert len(Dataset.open(folder, complete=False).missing_chunks) > 0
        dataset = build_dataset(folder, config, workers=1, progress=False)
        assert dataset.check(30) < 1.1e-5


class TestInterrupted:
    @pytest.fixture(autouse=True)
    def _answered(self):
        """Also where the tests themselves run in the background of a script, which ignores Ctrl-C."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.slow
    @pytest.mark.parametrize("later", [0.0, 0.2, 0.5])
    def test_while_workers_start(self, built, tmp_path, later):
        """Ctrl-C, twice, to all processes: the build says KeyboardInterrupt, its workers nothing, and all end."""
        code = WORK.format(path=str(tmp_path / "d"), config=CONFIG.to_dict()).replace("workers=1", "workers=2")
        code += "\nkind = ''"
        code += "\nif __name__ == '__main__':"
        code += "\n    try:\n        work()\n    except KeyboardInterrupt:\n        print('interrupted')\n"
        (tmp_path / "build.py").write_text(code)
        environment = {**os.environ, "PYTHONPATH": str(Path(module.__file__).parents[2])}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, str(tmp_path / "build.py")]
        with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as process:
            deadline = time.monotonic() + 60
            while len(workers := _children(process.pid)) < 3:  # two, and what tracks shared memory
                assert process.poll() is None
                assert time.monotonic() < deadline
            time.sleep(later)
            os.killpg(process.pid, signal.SIGINT)
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (out, err) == ("interrupted\n", "")
        _wait_until_gone(workers)  # what tracks shared memory ends after its parent
        assert_identical(built, build_dataset(tmp_path / "d", CONFIG, workers=1, progress=False))

    def test_raised_by_the_results_which_cancel_what_waits(self):
        futures, finished = [], SimpleQueue()

        class Never(ThreadPoolExecutor):
            def submit(self, *_):
                futures.append(Future())
                return futures[-1]

        finished.put(None)
        with pytest.raises(KeyboardInterrupt):
            next(executors.results(Never(1), int, range(5), 3, finished))
        assert [f.cancelled() for f in futures] == [True] * 3

    def test_not_lost_while_work_is_handed_over(self):
        went_on = []

        def press():
            with executors._interrupts_blocked():
                signal.raise_signal(signal.SIGINT)
                went_on.append(True)

        with pytest.raises(KeyboardInterrupt):
            press()
        assert went_on == [True]

    def test_noted_and_raised_at_the_end(self):
        noted = []

        def press():
            with executors._interrupts_noted(lambda: noted.append(1)):
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
                noted.append("went on")

        with pytest.raises(KeyboardInterrupt):
            press()
        assert noted == [1, 1, "went on"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with executors._interrupts_noted(noted.clear):  # nothing was pressed: nothing is raised
            pass
        assert len(noted) == 3

    def test_anothers_handler_stays(self):
        pressed, before = [], signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
        try:
            with executors._interrupts_noted(lambda: pressed.append("noted")):
                signal.raise_signal(signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)
        assert pressed == [1]

    @pytest.mark.slow
    def test_built_from_a_thread(self, built, tmp_path):
        """Where signals cannot be handled."""
        with ThreadPoolExecutor(1) as thread:
            built_there = thread.submit(build_dataset, tmp_path / "d", CONFIG, workers=2, progress=False).result()
        assert_identical(built, built_there)


def _children(pid):
    """Processes whose parent is ``pid``, from /proc."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def _wait_until_gone(processes):
    deadline = time.monotonic() + 20
    while any(_alive(pid) for pid in processes):
        assert time.monotonic() < deadline, "workers are still there"
        time.sleep(0.05)


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class TestOpening:
    def test_opened_again(self, built):
        opened = Dataset.open(built.path)
        assert opened == built
        assert opened.config == CONFIG
        np.testing.assert_array_equal(opened.reflectivity(), built.reflectivity())
        rows = [(rows.start, rows.stop, part.shape[0]) for rows, part in opened.chunks()]
        assert rows == [(i, i + 2, 2) for i in range(0, 78, 2)]

    def test_building_a_finished_one_changes_nothing(self, copy, built, monkeypatch):
        monkeypatch.setattr(module, "_build_chunk", None)
        assert_identical(built, build_dataset(copy, CONFIG, progress=False))

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"seed": 4}, r"seed = 3 \(asked: 4\); choose"),
            (
                {"size": 80, "crystal": "GGG_444_LAB"},
                r"size = 78 \(asked: 80\); crystal = GGG_444 \(asked: GGG_444_LAB\)",
            ),
            ({"disorder": (0.9, 1.0)}, r"disorder = \[0.8, 1.0\] \(asked: \[0.9, 1.0\]\); choose"),
        ],
    )
    def test_another_configuration_is_refused_by_name(self, built, change, text):
        with pytest.raises(DatasetError, match=text) as error:
            build_dataset(built.path, replace(CONFIG, **change), progress=False)
        assert str(error.value).startswith(f"{built.path}: holds a dataset of another configuration")
        assert "\n" not in str(error.value)

    def test_other_folders_are_refused_and_left_alone(self, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(DatasetError, match=rf"{tmp_path}: not a dataset of xrdlib"):
            build_dataset(tmp_path, CONFIG, progress=False)
        with pytest.raises(DatasetError, match=r"notes.txt: a file, not a folder"):
            build_dataset(tmp_path / "notes.txt", CONFIG, progress=False)
        with pytest.raises(DatasetError, match=r"absent: no such dataset folder"):
            Dataset.open(tmp_path / "absent")
        assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]

    def test_an_empty_folder_is_taken(self, tmp_path):
        assert build_dataset(tmp_path, replace(CONFIG, size=2), workers=1, progress=False).path == tmp_path

    def test_unknown_keys_and_formats(self, copy):
        attributes = dict(zarr.open_group(copy, mode="r").attrs)
        zarr.open_group(copy, mode="r+").attrs["format"] = 1
        with pytest.raises(DatasetError, match="format 1, this xrdlib reads format 2; remove the folder"):
            Dataset.open(copy)
        zarr.open_group(copy, mode="r+").attrs.update({"format": 2, "config": {**attributes["config"], "colour": 1}})
        with pytest.raises(DatasetError, match="unknown configuration keys colour"):
            Dataset.open(copy)

    @pytest.mark.parametrize("file", ["zarr.json", "done/zarr.json", "reflectivity/zarr.json", "angle/zarr.json"])
    @pytest.mark.parametrize("how", ["cut", "empty", "other", "binary", "missing"])
    def test_damaged_metadata(self, copy, file, how):
        path = copy / file
        text = path.read_bytes()
        if how == "missing":
            path.unlink()
        else:
            path.write_bytes(
                {"cut": text[: len(text) // 2], "empty": b"", "other": b'{"a": 1}', "binary": b"\xff\xfe\x00"}[how]
            )
        for call in (Dataset.open, lambda p: build_dataset(p, CONFIG, progress=False)):
            with pytest.raises(DatasetError, match=rf"^{copy}: (not a dataset of xrdlib|damaged)") as error:
                call(copy)
            assert "\n" not in str(error.value)

    def test_arrays_of_another_size(self, copy):
        path = copy / "reflectivity" / "zarr.json"
        metadata = json.loads(path.read_text())
        metadata["shape"][0] = 70
        path.write_text(json.dumps(metadata))
        with pytest.raises(DatasetError, match=r"reflectivity: shape \(70, \d+\), \(78, \d+\) expected"):
            Dataset.open(copy)

    def test_incomplete(self, copy):
        (copy / "done" / "c" / "7").unlink()
        with pytest.raises(DatasetError, match=r"1 of 39 chunks are missing; run the same 'xrdlib dataset build'"):
            Dataset.open(copy)
        assert Dataset.open(copy, complete=False).missing_chunks == [7]

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"size": 0}, "size = 0 given, at least 1"),
            ({"chunk_size": 0}, "chunk_size = 0 given"),
            ({"disorder": (0.0, 1.0)}, r"disorder = \(0.0, 1.0\) given, a range within"),
            ({"disorder": (0.9, 0.8)}, "disorder"),
            ({"disorder": (0.9, 1.1)}, "disorder"),
            ({"crystal": "LAB6"}, "crystal = LAB6 given, one of GGG_444"),
            ({"sampling": "latin"}, "sampling = latin given, grid, uniform or sobol"),
        ],
    )
    def test_impossible_configurations(self, change, text):
        with pytest.raises(DatasetError, match=f"^dataset: {text}"):
            replace(CONFIG, **change)

    def test_configuration_there_and_back(self):
        config = DatasetConfig.from_dict(json.loads(json.dumps(CONFIG.to_dict())))
        assert config == CONFIG
        assert hash(config) == hash(CONFIG)
        assert [CONFIG.chunk(i) for i in (0, 38)] == [slice(0, 2), slice(76, 78)]
        assert replace(CONFIG, size=77).chunk(38) == slice(76, 77)


class TestCheck:
    def test_good(self, built):
        assert 0 < built.check(78) < 1.1e-5

    @pytest.mark.parametrize(
        ("name", "tamper", "at_least"),
        [
            ("reflectivity", lambda a: a * np.float32(1.001), 9e-4),
            ("reflectivity", lambda a: np.roll(a, 1, axis=1), 0.1),
            ("parameters", lambda a: a[::-1], 0.1),
            ("disorder", lambda a: a - 0.05, 1e-3),
        ],
    )
    def test_tampered(self, copy, name, tamper, at_least):
        array = zarr.open_array(copy / name, mode="r+")
        array[:] = tamper(np.asarray(array[:]))
        assert Dataset.open(copy).check() >= at_least

    @pytest.mark.parametrize("name", ["reflectivity", "disorder", "peak_in_scan"])
    @pytest.mark.parametrize("how", ["lost", "not a number", "one bit", "short", "empty"])
    def test_a_damaged_chunk_is_never_read_as_numbers(self, copy, name, how):
        (file,) = (
            (f for f in (copy / name / "c" / "3").rglob("*") if f.is_file())
            if name == "reflectivity"
            else [copy / name / "c" / "3"]
        )
        content = file.read_bytes()
        if how == "lost":
            file.unlink()
        elif how == "not a number":
            array = zarr.open_array(copy / name, mode="r+")
            array[6:8] = 255 if name == "peak_in_scan" else np.nan
        else:
            flipped = bytes([*content[:-9], content[-9] ^ 4, *content[-8:]])
            file.write_bytes({"one bit": flipped, "short": content[:-1], "empty": b""}[how])
        dataset = Dataset.open(copy)
        text = rf"^{copy / name}: chunk 3 \(samples 6 to 7\) is damaged \(.*--repair' has it built again$"
        for rows in (slice(None), slice(6, 8), slice(5, 7)):
            with pytest.raises(DatasetError, match=text):
                dataset.stored(name, rows)
        assert dataset.stored(name, slice(8, None)).shape[0] == 70
        assert dataset.damaged_chunks() == [3]
        forget_chunks(copy, [3])
        assert Dataset.open(copy, complete=False).missing_chunks == [3]

    def test_damaged_chunks_are_built_again(self, built, copy):
        for name in ("reflectivity/c/0/0", "disorder/c/2", "reflectivity/c/38/0"):
            content = (copy / name).read_bytes()
            (copy / name).write_bytes(content[:5] + bytes([content[5] ^ 1]) + content[6:])
        bad = Dataset.open(copy).damaged_chunks()
        assert bad == [0, 2, 38]
        forget_chunks(copy, bad)
        assert_identical(built, build_dataset(copy, CONFIG, workers=1, progress=False))

    @pytest.mark.parametrize("name", ["parameters/c/0/0", "angle/c/0", "weight/c/0", "done/c/5"])
    @pytest.mark.parametrize("how", ["one bit", "lost"])
    def test_what_every_chunk_needs(self, copy, name, how):
        file = copy / name
        content = file.read_bytes()
        file.unlink()
        if how == "one bit":
            file.write_bytes(content[:-6] + bytes([content[-6] ^ 1]) + content[-5:])
        with pytest.raises(DatasetError, match=rf"^{copy}.*(; remove the folder and build it again|build' again)"):
            Dataset.open(copy).check()


class TestCurves:
    def test_as_simulated(self, built):
        """The dataset's grid is made for 25 arcsec; that of ``simulate`` is wider for wider Lorentz tails."""
        for instrument in (None, Instrument(40.0, 0.3, scale=5.0, background=0.01)):
            expected = simulate(
                built.parameters,
                scan=CONFIG.scan,
                layer_thickness=200.0,
                disorder=built.disorder,
                instrument=instrument or Instrument(),
            )
            np.testing.assert_allclose(built.curves(instrument), expected, rtol=3e-3)
            one = built.curves(instrument, slice(4, 7))
            np.testing.assert_allclose(one, expected[4:7], rtol=3e-3)

    def test_with_the_matrix(self, built):
        expected = measure(built.reflectivity().astype(float), built.grid, CONFIG.scan.angle, Instrument(33.0))
        np.testing.assert_array_equal(built.curves(Instrument(33.0)), expected)


def highest_strain(parameters):
    """Of the profile's closed form on a fine grid, DESIGN.md section 4, independent of the library."""
    dmax1, d01, l1, rp1, d02, l2, rp2 = (c[:, None] for c in parameters.T)
    dmin = 1e-4
    z = np.linspace(50, 7450, 75)
    s1, s2 = (l1 - rp1) ** 2 / np.log(dmax1 / dmin), rp1**2 / np.log(dmax1 / d01)
    s3 = l2 * (l2 - 2 * rp2) / np.log(d02 / dmin)
    with np.errstate(under="ignore"):
        one = dmax1 * np.exp(-((z - rp1) ** 2) / np.where(z < rp1, s2, s1))
        two = d02 * np.exp(rp2**2 / s3) * np.exp(-((z - rp2) ** 2) / s3)
    return (one + two).max(axis=1)


class TestPeakInScan:
    @pytest.fixture
    def no_curves(self, monkeypatch):
        monkeypatch.setattr(
            module, "simulate_samples", lambda c, parameters, d, angle: np.ones((len(parameters), angle.size))
        )

    @pytest.mark.usefixtures("no_curves")
    def test_uniform_space(self, tmp_path):
        config = DatasetConfig(size=2000, sampling="uniform", seed=1)
        dataset = build_dataset(tmp_path / "d", config, workers=1, progress=False)
        # sin thB = lambda sqrt(48) / 2a; the lab's scan ends at 2732.4 arcsec
        tangent = np.tan(np.arcsin(1.54056 * np.sqrt(48) / (2 * 12.383)))
        position = highest_strain(dataset.parameters) * tangent * 180 * 3600 / np.pi
        np.testing.assert_array_equal(dataset.peak_in_scan, position <= 2732.4)
        # 27 % lie beyond, as measured with 1e5 samples; one standard deviation is 1 %
        assert abs(np.mean(~dataset.peak_in_scan) - 0.27) < 3 * np.sqrt(0.27 * 0.73 / 2000)

    @pytest.mark.usefixtures("no_curves")
    def test_a_film_shifts_the_peak(self, tmp_path):
        """By its mismatch, -5.65e-4, or -56 arcsec: some peaks come into the scan, none leaves it."""
        config = DatasetConfig(size=400, sampling="uniform", seed=1, scan_points=420)
        bare = build_dataset(tmp_path / "bare", config, workers=1, progress=False).peak_in_scan
        film = build_dataset(tmp_path / "film", replace(config, film=True), workers=1, progress=False)
        tangent = np.tan(GGG_444.bragg_angle) * 180 * 3600 / np.pi
        strain = (1 + highest_strain(film.parameters)) * YIG_FILM.crystal.a / GGG_444.a - 1
        np.testing.assert_array_equal(film.peak_in_scan, strain * tangent <= config.scan.stop)
        assert (film.peak_in_scan & ~bare).any()
        assert not (bare & ~film.peak_in_scan).any()
