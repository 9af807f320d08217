"""Formats are recognised by what a file holds."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest

from xrdlib import load_curve
from xrdlib.data.readers import CurveFormatError, dispatch


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["scan.txt", "scan.xrdml", "scan"])
def test_the_name_does_not_matter(folder, files, name):
    text = "".join(
        f"{a!r} {i!r}\n" for a, i in zip(range(0, 604, 4), files.counts_at(files.OMEGA).tolist(), strict=True)
    )
    for content, form in (
        (files.xrdml_file(), "PANalytical XRDML 2.1"),
        (files.ras_file(), "Rigaku RAS"),
        (text.encode(), "angle, intensity"),
    ):
        for packed in (False, True):
            (folder / name).write_bytes(gzip.compress(content) if packed else content)
            known = load_curve(folder / name).metadata
            assert known["format"] == form
            assert known["compressed"] == ("gzip" if packed else None)


def test_xml_in_other_encodings_and_without_declaration(folder, files):
    text = files.xrdml_file().decode()
    for content in (
        text.replace("UTF-8", "UTF-16").encode("utf-16"),
        text.encode("utf-8-sig"),
        ("\n" + text.partition("\n")[2]).encode(),
    ):
        (folder / "scan").write_bytes(content)
        assert load_curve(folder / "scan").angle.size == files.OMEGA.size


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"RAW1.01\0\0" + bytes(900), r"Bruker RAW \(version 3\)"),
        (b"RAW4.00" + bytes(900), r"Bruker RAW \(version 4\)"),
        (b"RAW " + bytes(900), "Siemens RAW"),
        (archive("Experiment0/RawData0.xml"), "Bruker BRML"),
        (archive("Data0/MesurementConditions0.xml"), "Rigaku RASX"),
        (archive("xl/workbook.xml"), "a zip archive"),
        (b"; C:\\x.raw\n_FILEVERSION=2\n_DRIVE='OMEGA'\n_COUNTS\n 1 2 3\n", "Bruker UXD"),
        (b"[Measurement conditions]\nSample,x\n[Scan points]\nAngle,Intensity\n", "PANalytical CSV"),
        (b"BZh91AY&SY" + bytes(90), "compressed with bzip2"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
    ],
)
def test_formats_that_are_known_and_not_read_are_named(folder, content, name):
    (folder / "scan").write_bytes(content)
    with pytest.raises(CurveFormatError, match=name + ".*, which is not read; export the scan as text in two columns"):
        load_curve(folder / "scan")


def test_damaged_gzip(folder, files):
    packed = gzip.compress(files.xrdml_file())
    damaged = packed[:200] + bytes([packed[200] ^ 255]) + packed[201:]
    for content, message in (
        (packed[:-100], "truncated gzip"),
        (damaged, "damaged or truncated gzip"),
        (packed + b"tail", "damaged or truncated gzip"),
        (b"\x1f\x8b", "damaged or truncated gzip"),
        (gzip.compress(packed), "compressed twice"),
    ):
        (folder / "scan.gz").write_bytes(content)
        with pytest.raises(CurveFormatError, match=message):
            load_curve(folder / "scan.gz")


def test_a_bomb_is_not_unpacked(folder, monkeypatch):
    monkeypatch.setattr(dispatch, "MAX_BYTES", 2**16)
    (folder / "bomb.gz").write_bytes(gzip.compress(bytes(2**24)))
    with pytest.raises(CurveFormatError, match="larger than"):
        load_curve(folder / "bomb.gz")
    (folder / "large.txt").write_bytes(b"1\n" * 2**16)
    with pytest.raises(CurveFormatError, match="larger than"):
        load_curve(folder / "large.txt")


def test_scan_has_no_meaning_for_text(folder, files):
    np.savetxt(folder / "c.txt", files.counts_at(files.OMEGA))
    with pytest.raises(CurveFormatError, match="scan=1 given, but a text file holds one scan"):
        load_curve(folder / "c.txt", step=4.0, scan=1)
