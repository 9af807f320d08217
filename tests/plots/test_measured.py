"""The figure of a curve that was read: everything marked is where the reading says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from xrdlib.data import LAB_EXPERIMENT, load_curve
from xrdlib.diagnostics import CurveReading, curve_reading
from xrdlib.plots import COLUMN, PAGE, plot_measured
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training import StudyConfig

SCAN = Scan(-300.0, 4.0, 420)


def read(folder: Path, rows=LAB_EXPERIMENT, kept=slice(None), **options) -> CurveReading:
    counts = simulate(rows, scan=SCAN, instrument=Instrument(38.0, 0.2, scale=6e5, background=120.0))
    counts = np.random.default_rng(0).poisson(counts)
    np.savetxt(folder / "curve.txt", np.c_[SCAN.angle, counts][kept])
    return curve_reading(load_curve(folder / "curve.txt", **options), StudyConfig())


def lines(ax: Axes) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {str(line.get_label()): line.get_data() for line in ax.lines}


@pytest.mark.parametrize("width", [COLUMN, PAGE])
def test_marks_are_where_the_reading_says(tmp_path: Path, width: float) -> None:
    reading = read(tmp_path)
    figure = plot_measured(reading, width=width)
    assert figure.get_figwidth() == pytest.approx(width / 2.54)
    whole, near = figure.axes
    assert whole.get_yscale() == "log"
    drawn = lines(whole)
    np.testing.assert_array_equal(drawn["_child1"][1], reading.curve.intensity)
    first, stop = reading.curve.metadata["background_points"]
    np.testing.assert_array_equal(drawn["its points"][0], reading.curve.angle[first:stop])
    assert drawn["background"][1][0] == reading.curve.metadata["background"]
    (layer,) = (p for p in whole.patches if p.get_label() == "layer")
    assert isinstance(layer, Rectangle)
    assert (layer.get_x(), layer.get_x() + layer.get_width()) == pytest.approx((0, reading.layer.end))
    drawn = lines(near)
    assert f"FWHM {reading.peak.fwhm:.1f} arcsec" in drawn
    assert drawn[f"FWHM {reading.peak.fwhm:.1f} arcsec"][0] == pytest.approx(reading.half)
    assert "highest peak" not in drawn
    assert drawn["_child0"][1].max() == pytest.approx(1, abs=0.05)


def test_upper_axis_is_strain(tmp_path: Path) -> None:
    reading = read(tmp_path)
    figure = plot_measured(reading)
    FigureCanvasAgg(figure).draw()
    (above,) = figure.axes[0].child_axes
    assert above.get_xlabel() == "Strain (10⁻³)"
    expected = 1e3 * reading.strain(figure.axes[0].get_xlim())
    np.testing.assert_allclose(above.get_xlim(), expected)


def test_peak_that_was_set_is_drawn_beside_the_highest(tmp_path: Path) -> None:
    drawn = lines(plot_measured(read(tmp_path, peak=30.0)).axes[1])
    assert drawn["highest peak"][0][0] == pytest.approx(-30, abs=2)


def test_no_layer_and_a_cut_off_peak(tmp_path: Path) -> None:
    flat = read(tmp_path, [2e-4, 2e-4, 500, 50, 2e-4, 500, 0])
    assert not any(p.get_label() == "layer" for p in plot_measured(flat).axes[0].patches)
    cut = read(tmp_path, kept=slice(75, None))
    assert not any("FWHM" in label for label in lines(plot_measured(cut).axes[1]))


def test_lone_point_is_drawn(tmp_path: Path) -> None:
    np.savetxt(tmp_path / "curve.txt", np.eye(60)[20])
    reading = curve_reading(load_curve(tmp_path / "curve.txt", step=4.0), StudyConfig())
    figure = plot_measured(reading)
    FigureCanvasAgg(figure).draw()
    assert lines(figure.axes[0])["_child0"][1].max() == 1


@pytest.mark.parametrize("width", [COLUMN, PAGE])
@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"peak": 30.0}])
def test_nothing_is_clipped_or_overlaps(tmp_path: Path, width: float, options) -> None:
    figure: Figure = plot_measured(read(tmp_path, **options), width=width)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    axes = [*figure.axes, *figure.axes[0].child_axes]
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    for ax in axes:
        for axis, (low, high) in ((ax.xaxis, sorted(ax.get_xlim())), (ax.yaxis, sorted(ax.get_ylim()))):
            texts += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high and ax in figure.axes]
            texts.append(axis.label)
    shown = [t for t in texts if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in shown]
    for i, (name, box) in enumerate(boxes):
        assert box.x0 > -1, name
        assert box.y0 > -1, name
        assert box.x1 < figure.bbox.x1 + 1, name
        assert box.y1 < figure.bbox.y1 + 1, name
        for other, there in boxes[:i]:
            assert not box.shrunk(0.95, 0.95).overlaps(there.shrunk(0.95, 0.95)), (name, other)
