"""The same numbers as an independent reader's, on files of our own; docs/compare_readers.py does it for real ones."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from xrdlib import load_curve


@pytest.fixture(scope="module")
def io():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("xrayutilities")
        import xrayutilities.io

    return xrayutilities.io


@pytest.mark.filterwarnings("ignore")  # its own, about numpy
@pytest.mark.parametrize("tag", ["counts", "intensities"])
@pytest.mark.parametrize("coupled", [False, True])
def test_xrdml(folder, files, io, tag, coupled):
    omega = files.OMEGA
    factors = np.where(files.counts_at(omega) > 2e4, 25.0, 1.0)
    axes = {"2Theta": 2 * omega, "Omega": omega} if coupled else {"Omega": omega}
    scan = files.xrdml_scan(
        axes=axes, factors=factors, tag=tag, time=2.5, fixed={}, scan_axis="Omega-2Theta" if coupled else "Omega"
    )
    path = folder / "ours.xrdml"
    path.write_bytes(files.xrdml_file(scan))
    curve, theirs = load_curve(path), io.XRDMLFile(str(path)).scan
    at = curve.metadata["peak_position"] - curve.angle[::-1] / 3600
    np.testing.assert_allclose(at, theirs["Omega"], atol=1e-10)
    np.testing.assert_allclose(curve.intensity[::-1], theirs["detector"] * 2.5, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_ras(folder, files, io):
    runs = [files.ras_scan(), files.ras_scan(counts=files.counts_at(files.OMEGA, seed=5))]
    path = folder / "ours.ras"
    path.write_bytes(files.ras_file(*runs))
    theirs = io.rigaku_ras.RASFile(str(path)).scans
    assert len(theirs) == 2
    for number, scan in enumerate(theirs, start=1):
        curve = load_curve(path, scan=number)
        at = curve.metadata["peak_position"] - curve.angle[::-1] / 3600
        np.testing.assert_allclose(at, scan.data["Omega"], atol=1e-10)
        np.testing.assert_array_equal(curve.intensity[::-1], scan.data["int"])
