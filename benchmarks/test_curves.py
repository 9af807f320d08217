"""Cost of reading curves from text and of saying what was read. Run with ``pytest benchmarks``; asserts no time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT, load_curve
from xrdlib.diagnostics import curve_reading
from xrdlib.plots import plot_measured
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training import StudyConfig


@pytest.fixture(scope="module", params=[360, 3600, 36_000])
def columns(request: Any) -> np.ndarray:
    """Angle and counts of the lab's experiment, shape (n, 2); 360 points are a usual scan."""
    scan, angle = Scan(-290.0, 4.0, 361), np.linspace(-290.0, 1150.0, request.param)
    expected = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(38.0, 0.2, scale=6e5, background=120.0))
    return np.c_[angle, np.random.default_rng(0).poisson(np.interp(angle, scan.angle, expected))]


@pytest.mark.parametrize("kind", ["one column", "two columns", "decimal commas", "index", "saved"])
def test_load_curve(benchmark: Any, columns: np.ndarray, tmp_path: Path, kind: str) -> None:
    path, options = tmp_path / "curve.txt", {"step": columns[1, 0] - columns[0, 0]}
    angle, counts = columns.T
    if kind == "one column":
        np.savetxt(path, counts)
    elif kind == "index":
        path.write_text("".join(f"{i} -> {value:.6e}\n" for i, value in enumerate(counts)))
    else:
        options = {}
        np.savetxt(path, columns, fmt="%.6f;%.6e")
        text = path.read_text()
        path.write_text(text.replace(".", ",") if kind == "decimal commas" else text)
    if kind == "saved":
        load_curve(path).save(path)
    curve = benchmark(load_curve, path, **options)
    assert curve.angle.size == len(columns)
    assert np.ptp(curve.angle) == pytest.approx(np.ptp(angle))


def test_reading(benchmark: Any, columns: np.ndarray, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "curve.txt", columns)
    curve = load_curve(tmp_path / "curve.txt")
    assert benchmark(curve_reading, curve, StudyConfig()).layer.side == "positive"


def test_figure(benchmark: Any, tmp_path: Path) -> None:
    scan = Scan(-290.0, 4.0, 360)
    intensity = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(38.0, 0.2, background=2e-4))
    np.savetxt(tmp_path / "curve.txt", np.c_[scan.angle, intensity])
    found = curve_reading(load_curve(tmp_path / "curve.txt"), StudyConfig())
    benchmark(lambda: plot_measured(found).savefig(tmp_path / "figure.png"))
