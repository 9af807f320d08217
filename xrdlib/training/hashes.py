"""What a finished study's files were: SHA-256 of each, so that a changed one is named instead of believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from xrdlib._disk import sha256, write_whole
from xrdlib._version import __version__
from xrdlib.data._stored import open_group
from xrdlib.training.training_config import StudyError

__all__ = ["HASHES", "check_file", "check_hashes", "check_seal", "read_hashes", "seal", "write_hashes"]

HASHES = "hashes.json"
_FORMAT = 1
_SEAL = "sha256"  # attribute
_ALONE = ("config.toml", "history.csv", "start.safetensors")
_AGAIN = "take the study from where it came from, or train it again"
_DRAFT = ".partial"  # left by a kill


def write_hashes(folder: Path) -> None:
    """Store the hashes of a finished study's files; datasets, and what only a resumed training needs, are left out."""
    found = {name: sha256(folder / name) for name in _files(folder)}
    stored = {"format": _FORMAT, "xrdlib_version": __version__, "sha256": found}
    write_whole(folder / HASHES, (json.dumps(stored, indent=0) + "\n").encode())


def read_hashes(folder: Path) -> dict[str, str] | None:
    """Hash of each file by its path within a study's folder; None where a study has none."""
    file = folder / HASHES
    if not file.exists():
        return None
    try:
        stored = json.loads(file.read_bytes())
        version, found = stored["format"], dict(stored["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{file}: damaged ({error}); take the study from where it came from") from None
    if version != _FORMAT:
        raise StudyError(f"{file}: format {version}, this xrdlib reads format {_FORMAT}")
    return found


def check_hashes(folder: Path, hashes: dict[str, str], within: Iterable[str] | None = None) -> int:
    """Number of files that are as they were, all or those of some names (of files, or of folders with all in them).

    Raises
    ------
    StudyError
        If one is missing, is not what it was, or was not there.
    """
    there = _files(folder)
    wanted = None if within is None else tuple(within)

    def meant(name: str) -> bool:
        return wanted is None or any(name == part or name.startswith(f"{part}/") for part in wanted)

    names = [name for name in there if meant(name)]
    texts = [
        f"{what} {', '.join(sorted(bad)[:3])}{f' and {len(bad) - 3} more' if len(bad) > 3 else ''}"
        for what, bad in (
            ("missing", [name for name in hashes if meant(name) and name not in there]),
            ("changed", [name for name in names if name in hashes and sha256(folder / name) != hashes[name]]),
            ("added", [name for name in names if name not in hashes]),
        )
        if bad
    ]
    if texts:
        raise StudyError(f"{folder}: not as it was when it was finished ({'; '.join(texts)}); {_AGAIN}")
    return len(names)


def check_file(folder: Path, hashes: dict[str, str], name: str) -> None:
    """StudyError if one file is not what it was."""
    if sha256(folder / name) != hashes.get(name):
        what = "changed" if name in hashes else "added"
        raise StudyError(f"{folder}: not as it was when it was finished ({what} {name}); {_AGAIN}")


def seal(store: Path) -> None:
    """Put the hashes of a zarr folder's files, and of its configuration, into its attributes."""
    open_group(store, "r+").attrs[_SEAL] = _sealed(store)


def check_seal(store: Path) -> None:
    """StudyError if a zarr folder that was sealed is not what it was."""
    stored = open_group(store, "r").attrs.get(_SEAL)
    if stored is not None and (found := _sealed(store)) != stored:
        known = stored if isinstance(stored, dict) else {}
        names = sorted(k for k in {**known, **found} if known.get(k) != found.get(k))
        raise StudyError(f"{store}: not as it was when it was written ({', '.join(names[:3])}); {_AGAIN}")


def _sealed(store: Path) -> dict[str, str]:
    """Hash of every file but the one that holds the hashes, and of the configuration, which that one holds, too."""
    config = json.dumps(open_group(store, "r").attrs.get("config"), sort_keys=True)
    files = (f for f in store.rglob("*") if f.is_file() and f.suffix != _DRAFT and f != store / "zarr.json")
    found = {f.relative_to(store).as_posix(): sha256(f) for f in files}
    return dict(sorted({**found, "configuration": hashlib.sha256(config.encode()).hexdigest()}.items()))


def _files(folder: Path) -> list[str]:
    found = [folder / name for name in _ALONE if (folder / name).is_file()]
    found += (folder / "checkpoints").glob("*.safetensors")
    found += (f for f in (folder / "predictions.zarr").rglob("*") if f.is_file() and f.suffix != _DRAFT)
    return sorted(f.relative_to(folder).as_posix() for f in found)
