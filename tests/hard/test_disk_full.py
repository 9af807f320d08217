"""A full disk is one clear line, and what was interrupted goes on where it stopped, bit by bit the same."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xrdlib.data import Dataset, DatasetConfig, DatasetError, build_dataset
from xrdlib.training import Study, StudyError, run_study

CONFIG = DatasetConfig(
    size=600, sampling="uniform", seed=3, disorder=(0.8, 1.0), scan_points=61, chunk_size=20, layer_thickness=400.0
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Function that mounts a disk of so many KiB."""
    disks: list[Path] = []

    def mount(size: int) -> Path:
        disk = tmp_path / f"disk{len(disks)}"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)]
        if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
            pytest.skip("mounting a small disk needs root")
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a tmpfs cannot be mounted here")
        disks.append(disk)
        return disk

    yield mount
    for disk in disks:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def files(folder: Path) -> dict[str, bytes]:
    """Every file that counts, by its path."""
    there = (f for f in folder.rglob("*") if f.is_file() and f.suffix != ".partial")
    return {str(f.relative_to(folder)): f.read_bytes() for f in there}


def filled(disk: Path, free: int) -> Path:
    """Fill a disk up to so many bytes."""
    filler = disk / "filler"
    usage = shutil.disk_usage(disk)
    filler.write_bytes(b"\0" * max(0, usage.free - free))
    return filler


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_dataset_on_a_full_disk(small_disk: Callable[[int], Path], tmp_path: Path, workers: int) -> None:
    disk = small_disk(4096)
    filler = filled(disk, 400_000)  # some of its 30 chunks
    folder = disk / "d.zarr"
    text = rf"^{folder}: the disk is full; free some space, then run the same 'xrdlib dataset build' again"
    with pytest.raises(DatasetError, match=text) as error:
        build_dataset(folder, CONFIG, workers=workers, progress=False)
    assert "\n" not in str(error.value)
    found = Dataset.open(folder, complete=False).missing_chunks
    assert 0 < len(found) < CONFIG.n_chunks
    filler.unlink()
    build_dataset(folder, CONFIG, workers=workers, progress=False)
    assert files(folder) == files(build_dataset(tmp_path / "d", CONFIG, workers=1, progress=False).path)


def test_a_study_on_a_full_disk(small_disk: Callable[[int], Path], tmp_path: Path, study: Study) -> None:
    """At ever more free space: in the dataset, the predictions, an epoch's weights, the last files."""
    whole = files(study.path)
    disk, stopped = small_disk(16_384), []
    folder, before = disk / "s", shutil.disk_usage(disk).used
    run_study(study.config, folder, workers=1, progress=False)
    needed = shutil.disk_usage(disk).used - before
    shutil.rmtree(folder)
    for share in (0.05, 0.3, 0.55, 0.7, 0.8, 0.9, 0.97):
        filler = filled(disk, int(share * needed))
        text = None
        try:
            run_study(study.config, folder, workers=1, progress=False)
        except (StudyError, DatasetError) as error:
            text = str(error)
        if text is not None:
            assert text.startswith(f"{folder}")
            assert "the disk is full; free some space, then run the same" in text
            assert "\n" not in text
            stopped.append(sorted(p.name for p in folder.glob("*")))
        filler.unlink()
        run_study(study.config, folder, workers=1, progress=False)
        assert files(folder) == whole
        shutil.rmtree(folder)
    print(f"{len(stopped)} of 7 runs were stopped by the full disk")
    assert len(stopped) >= 6
    assert len({tuple(names) for names in stopped}) >= 3  # not always at the same place


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)])
@pytest.mark.parametrize("n", [0, 3, 17, 25])
def test_any_write_may_fail(code: int, n: int, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be mounted: the n-th file that is put in its place does not fit."""
    left, rename = [n], os.replace

    def full(*args: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(code, os.strerror(code))
        rename(*args)

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(os, "rename", full)
    with pytest.raises((StudyError, DatasetError), match=rf"^{tmp_path}/s.*: .*; free some space, then run the same"):
        run_study(study.config, tmp_path / "s", workers=1, progress=False)
    monkeypatch.undo()
    run_study(study.config, tmp_path / "s", workers=1, progress=False)
    assert files(tmp_path / "s") == files(study.path)


def test_other_errors_are_not_called_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: Any) -> None:
        raise PermissionError(errno.EACCES, "no", "x")

    monkeypatch.setattr(os, "rename", forbidden)
    with pytest.raises(PermissionError):
        build_dataset(tmp_path / "d", replace(CONFIG, size=20), workers=1, progress=False)


def test_the_command_says_it_in_one_line_and_exits_with_2(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    code, _, err = run("dataset", "build", "d.zarr", "--size", "10", "--workers", "1")
    assert code == 2
    assert err.splitlines()[-1].startswith("xrdlib: d.zarr: the disk is full; free some space, then run the same")
    assert "Traceback" not in err
