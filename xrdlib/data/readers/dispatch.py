"""Which format a file has, by what it holds, and the reader of that format."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from pathlib import Path

import numpy as np

from xrdlib.data.readers.columns import read_columns
from xrdlib.data.readers.ras import read_ras
from xrdlib.data.readers.raw import CurveFormatError, RawScan, Reading
from xrdlib.data.readers.xrdml import read_xrdml

__all__ = ["MAX_BYTES", "read_scan"]

MAX_BYTES = 64 * 2**20  # a curve has some ten thousand points; more is a mistake, or a file made to fill the memory
_GZIP = b"\x1f\x8b"
_EXPORT = "export the scan as text in two columns (angle, intensity) from the instrument's software"
_BINARY = {  # first bytes of formats that are known and not read
    b"RAW1.01": "Bruker RAW (version 3)",
    b"RAW4.00": "Bruker RAW (version 4)",
    b"RAW2": "Bruker RAW (version 2)",
    b"RAW ": "Siemens RAW",
    b"BZh": "a file compressed with bzip2",
    b"\xfd7zXZ": "a file compressed with xz",
    b"\x89HDF": "HDF5 (NeXus)",
    b"%PDF": "PDF",
}
_ARCHIVES = {b"RawData": "Bruker BRML", b"Experiment0": "Bruker BRML", b"MesurementConditions": "Rigaku RASX"}
_UXD = (b"_FILEVERSION", b"_DRIVE=", b"_2THETACOUNTS", b"_2THETACPS", b"_COUNTS")


def read_scan(path: str | os.PathLike[str], reading: Reading) -> RawScan:
    """Read a file of any format that is known.

    Parameters
    ----------
    path : path-like
    reading : Reading
        What the user says of it.

    Returns
    -------
    RawScan

    Raises
    ------
    CurveFormatError
        If the file cannot be read, is too large, of another format, or wrong in itself.
    """
    raw, compressed = _content(path)
    head = raw[:4096]
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe\0\t\r\n ")
    with np.errstate(over="ignore", invalid="ignore"):  # what is infinite then is refused by name
        if start.startswith(b"*RAS_"):
            scan = read_ras(raw, reading)
        elif start.replace(b"\0", b"").startswith((b"<?xml", b"<xrdMeasurement", b"<!")):  # UTF-16: zeros between
            scan = read_xrdml(raw, reading)
        else:
            _refuse_known(raw)
            scan = read_columns(raw, reading)
    scan.facts["compressed"] = compressed
    return scan


def _content(path: str | os.PathLike[str]) -> tuple[bytes, str | None]:
    """The file's bytes, unpacked, and what they were packed with."""
    if os.path.isdir(path):
        raise CurveFormatError("a folder; give the file with the curve in it")
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CurveFormatError("no such file; check the path") from None
    except (OSError, ValueError) as error:
        raise CurveFormatError(f"cannot be read: {error}") from None
    if not raw.startswith(_GZIP):
        return _limited(raw), None
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(_limited(raw))) as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise CurveFormatError(f"damaged or truncated gzip file ({error}); copy it again from the instrument") from None
    if raw.startswith(_GZIP):
        raise CurveFormatError("compressed twice; unpack it once")
    return _limited(raw), "gzip"


def _limited(raw: bytes) -> bytes:
    if len(raw) > MAX_BYTES:
        raise CurveFormatError(f"larger than {MAX_BYTES // 2**20} MiB; a single curve is expected")
    return raw


def _refuse_known(raw: bytes) -> None:
    """Error for a format that is known and not read."""
    head = raw[:4096]
    name = next((name for magic, name in _BINARY.items() if head.startswith(magic)), None)
    if head.startswith(b"PK\3\4"):
        found = (name for mark, name in _ARCHIVES.items() if mark in raw)
        name = next(found, "a zip archive (Bruker BRML, Rigaku RASX, a spreadsheet?)")
    lines = [line.strip() for line in head.splitlines()]
    if any(line.startswith(_UXD) for line in lines):
        name = "Bruker UXD"
    if any(line == b"[Measurement conditions]" for line in lines):
        name = "PANalytical CSV"
    if name is not None:
        raise CurveFormatError(f"{name}, which is not read; {_EXPORT}")
