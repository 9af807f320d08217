"""Compare the readers of instruments' files with xrayutilities', point by point: ``compare_readers.py FOLDER``.

Prints a table (Markdown) of all .xrdml and .ras files in the folder, compressed ones too. xrayutilities 1.8 carries
real files in ``examples/data`` of its source distribution.
"""

from __future__ import annotations

import bz2
import gzip
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xrdlib import load_curve
from xrdlib.data import CurveFormatError

warnings.simplefilter("ignore")
import xrayutilities.io  # noqa: E402  (its import warns)

PLAIN = {".gz": gzip.open, ".bz2": bz2.open}


def unpacked(path: Path, folder: Path) -> Path:
    """The file itself, or what is in it where only one of the two readers can unpack it."""
    if path.suffix not in PLAIN:
        return path
    with PLAIN[path.suffix](path, "rb") as file:
        (folder / path.stem).write_bytes(file.read())
    return folder / path.stem


def theirs(path: Path) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Positions (deg) and counts of every scan."""
    if path.suffix == ".ras":
        for scan in xrayutilities.io.rigaku_ras.RASFile(str(path)).scans:
            yield {"2Theta": scan.data[scan.scan_axis], "Omega": scan.data[scan.scan_axis]}, scan.data["int"]
        return
    scan = xrayutilities.io.XRDMLFile(str(path)).scan
    rates, times = np.atleast_2d(scan["detector"]), np.atleast_1d(scan["countTime"])
    for i, rate in enumerate(rates):
        at = {
            axis: np.atleast_2d(scan[axis])[min(i, len(np.atleast_2d(scan[axis])) - 1)] for axis in ("2Theta", "Omega")
        }
        yield at, rate * times[i]


def best_time(read: object, *arguments: object) -> float:
    """Shortest of five, ms."""
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        read(*arguments)  # type: ignore[operator]
        spent.append(1e3 * (time.perf_counter() - begun))
    return min(spent)


def rows(path: Path) -> Iterator[str]:
    """One row of the table per scan, or one that says why there is none."""
    scans = list(theirs(path))
    for number, (positions, counts) in enumerate(scans, start=1):
        try:
            curve = load_curve(path, scan=number)
        except CurveFormatError as error:
            yield f"| {path.name} | {number} | {counts.size} | refused: {str(error).partition(': ')[2]} | | | |"
            if len(scans) > 3:
                yield f"| {path.name} | ... {len(scans)} | | | | | |"
                return
            continue
        axis = curve.metadata["axis"]
        scale = 3600 / (2 if axis == "2Theta" else 1)
        at = curve.metadata["peak_position"] - curve.angle[::-1] / scale
        away = np.abs(at - positions[axis]).max()
        share = np.abs(curve.intensity[::-1] - counts).max() / counts.max()
        ours, other = best_time(lambda n: load_curve(path, scan=n), number), best_time(lambda: list(theirs(path)))
        differences = f"{axis}: {away:.1e} deg | {share:.1e}"
        yield f"| {path.name} | {number} | {counts.size} | {differences} | {ours:.1f} | {other:.1f} |"


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit("usage: compare_readers.py FOLDER")
    print("| file | scan | points | largest difference of angles | of intensity (of its maximum) | ms | theirs, ms |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(Path(sys.argv[1]).iterdir()):
            if any(s in (".xrdml", ".ras") for s in path.suffixes):
                for row in rows(unpacked(path, Path(folder))):
                    print(row, flush=True)


if __name__ == "__main__":
    main()
