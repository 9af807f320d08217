"""Zarr folders as xrdlib writes them: format 3 only, a checksum in every chunk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import zarr
from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

__all__ = ["FAST", "SMALL", "open_group"]

# the checksum comes last: it is of the bytes in the file, and a flipped one is an error instead of another number
SMALL: Any = (ZstdCodec(), Crc32cCodec())
FAST: Any = (BloscCodec(cname="lz4", clevel=1, shuffle="bitshuffle"), Crc32cCodec())


def open_group(path: Path, mode: Literal["r", "r+"]) -> zarr.Group:
    """Open a folder; an older zarr format is none of ours, and its filters can unpickle what somebody put there."""
    return zarr.open_group(path, mode=mode, zarr_format=3)
