"""Files written whole or not at all, disks that fill up, and folders that somebody else made."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["named_if_full", "refuse_links", "sha256", "write_whole"]

# not every system has a quota
_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EFBIG: "a file would be larger than is allowed here",
    getattr(errno, "EDQUOT", errno.ENOSPC): "the disk is full, or your quota of it used up",
} | {errno.ENOSPC: "the disk is full"}


@contextmanager
def named_if_full(kind: type[ValueError], folder: Path, then: str) -> Iterator[None]:
    """Turn an OSError of a full disk into one line that names the folder and says what to do then."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise kind(f"{folder}: {_FULL[error.errno]}; free some space, then {then}") from None


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file at once: a kill leaves the old or the new one, a full disk the old one."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        with partial.open("xb") as file:  # a new file: through a link of this name another one would be overwritten
            file.write(content)
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def refuse_links(folder: Path, kind: type[ValueError]) -> None:
    """Error if anything in a folder that is to be written to is a link: it may lead to anybody's files."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            found = Path(place, name)
            if found.is_symlink():
                raise kind(f"{found}: a link; nothing is written through links, put what it leads to in its place")


def sha256(file: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
