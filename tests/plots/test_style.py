"""One style for every figure, no trace of it elsewhere; files that are equal when figures are equal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axis import Axis, Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from xrdlib import plots
from xrdlib.data import LAB_EXPERIMENT, bin_counts
from xrdlib.diagnostics import compare_samplings, dataset_quality
from xrdlib.plots import plot_curve, plot_profile, save_figure, style
from xrdlib.plots.style import COLOURS, legend_columns, new_figure, plain
from xrdlib.simulation import Scan, strain_profile

UNITS = r"\((arcsec|Å|10⁻³|%.*|arb. units|log₁₀ intensity|fraction of range|in units of the ranges)\)|log₁₀"


@pytest.fixture(scope="module", params=[plots.COLUMN, plots.PAGE], ids=["column", "page"])
def figures(request, make_diagnosis) -> dict[str, Figure]:
    """Every figure there is, of one width; making them leaves matplotlib's settings alone."""
    before, shown = dict(mpl.rcParams), plt.get_fignums()
    made = _figures(make_diagnosis, request.param)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == shown
    return made


def _figures(make, width: float) -> dict[str, Figure]:
    known, unknown = make(), make("a $curve$.txt", known=False)
    other = make("a $curve$.txt", "measured", known=False)
    counts = bin_counts(known.study.training_parameters)
    profile, angle = strain_profile(LAB_EXPERIMENT), Scan(0.0, 10.0, 9).angle
    return {
        "profile": plots.plot_profile(profile, width=width),
        "curve": plots.plot_curve(angle, {"measured": 1 + angle, "model": 2 + angle}, width=width),
        "both": plots.plot_profile_and_curve(LAB_EXPERIMENT, scan=Scan(0.0, 10.0, 90), width=width),
        "traces": plots.plot_traces(known.tracking, known.checkpoints, width=width),
        "regret": plots.plot_regret(known.tracking, width=width),
        "checkpoints": plots.plot_checkpoints(known, width=width),
        "unknown": plots.plot_checkpoints(unknown, width=width),
        "errors": plots.plot_parameter_errors(known.checkpoints, width=width),
        "predictions": plots.plot_parameter_errors(unknown.checkpoints, width=width),
        "coverage": plots.plot_coverage(known.coverage, known.study.training_parameters, width=width),
        "calibration": plots.plot_radius_calibration(known.coverage, width=width),
        "quality": plots.plot_dataset_quality(dataset_quality(known.study.training_parameters), width=width),
        "samplings": plots.plot_samplings(compare_samplings(500), width=width),
        "bins": plots.plot_bins(counts, width=width),
        "losses": plots.plot_losses(known.study.history, width=width),
        "studies": plots.plot_two_studies([unknown, other], width=width),
    }


def test_nothing_is_clipped_and_no_text_overlaps(figures) -> None:
    for name, figure in figures.items():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        page = figure.bbox
        hidden = {tick.label1 for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for tick in _out_of_view(axis)}
        texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in hidden]
        shown = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
        for label, box in shown:
            assert box.x0 > page.x0 - 1, (name, label)
            assert box.x1 < page.x1 + 1, (name, label)
            assert box.y0 > page.y0 - 1, (name, label)
            assert box.y1 < page.y1 + 1, (name, label)
        for i, (a, box) in enumerate(shown):
            for b, other in shown[:i]:
                assert not box.shrunk(0.96, 0.96).overlaps(other.shrunk(0.96, 0.96)), (name, a, b)


def _out_of_view(axis: Axis) -> list[Tick]:
    """Ticks beyond the ends of an axis: they exist, and are not drawn."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [t for t in ticks if not low - slack <= t.get_loc() <= high + slack]


def test_every_axis_is_labelled_and_has_a_unit(figures) -> None:
    unitless = {"Epoch", "Number of samples", "Parameter (above the bars: largest count / smallest)"}
    for name, figure in figures.items():
        labels = {ax.get_xlabel() for ax in figure.axes} | {ax.get_ylabel() for ax in figure.axes}
        labels |= {figure.get_supxlabel(), figure.get_supylabel()}
        labels -= {""}
        assert labels, name
        for label in labels - unitless:
            assert re.search(UNITS, label), label


def test_no_text_is_smaller_than_six_points(figures) -> None:
    for name, figure in figures.items():
        assert min(text.get_fontsize() for text in figure.findobj(Text)) >= 6, name


def test_saving_changes_no_global_state(tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    save_figure(plot_profile(strain_profile(LAB_EXPERIMENT)), tmp_path / "figure")  # type: ignore[arg-type]
    assert dict(mpl.rcParams) == before
    with style():
        assert dict(mpl.rcParams) != before
    assert dict(mpl.rcParams) == before


def test_a_failure_restores_the_settings() -> None:
    before = dict(mpl.rcParams)
    with pytest.raises(ValueError, match="shape"):
        plot_curve(np.zeros(3), {"a": np.zeros(4)})
    assert dict(mpl.rcParams) == before


def test_user_settings_do_not_enter(tmp_path: Path) -> None:
    first = save_figure(plot_profile(strain_profile(LAB_EXPERIMENT)), tmp_path / "a")[0]  # type: ignore[arg-type]
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9, "figure.autolayout": True}):
        second = save_figure(plot_profile(strain_profile(LAB_EXPERIMENT)), tmp_path / "b")[0]  # type: ignore[arg-type]
    assert first.read_bytes() == second.read_bytes()


def test_notebooks_show_a_figure_without_pyplot() -> None:
    figure = plot_profile(strain_profile(LAB_EXPERIMENT))
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[union-attr]


def test_saved_as_png_and_pdf_with_embedded_fonts(tmp_path: Path) -> None:
    figure = plot_profile(strain_profile(LAB_EXPERIMENT), width=8.6)
    png, pdf = save_figure(figure, tmp_path / "curve.txt")  # type: ignore[arg-type]
    assert (png.name, pdf.name) == ("curve.txt.png", "curve.txt.pdf")
    width = int.from_bytes(png.read_bytes()[16:20], "big")
    assert width == int(8.6 / 2.54 * 300)
    assert b"/FontFile2" in pdf.read_bytes()  # TrueType, whole: type 42
    assert b"/Type3" not in pdf.read_bytes()
    assert b"/CreationDate" not in pdf.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curve.txt.pdf", "curve.txt.png"]


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    script = """
import sys
from xrdlib.data import LAB_EXPERIMENT
from xrdlib.plots import plot_profile, save_figure
from xrdlib.simulation import strain_profile
save_figure(plot_profile(strain_profile(LAB_EXPERIMENT)), sys.argv[1])
"""
    root = Path(plots.__file__).parents[2]
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed)], check=True, cwd=root, env={"PYTHONHASHSEED": seed}
        )
    for kind in ("png", "pdf"):
        assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_saving_into_a_missing_folder_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        save_figure(plot_profile(strain_profile(LAB_EXPERIMENT)), tmp_path / "no" / "a")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_colours_are_okabe_and_ito() -> None:
    with style():
        cycle = [entry["color"].upper().lstrip("#") for entry in mpl.rcParams["axes.prop_cycle"]]
    assert cycle[:3] == [COLOURS[c].lstrip("#") for c in ("blue", "vermillion", "green")]
    assert len(set(cycle)) == 7


def test_legends_fit() -> None:
    assert legend_columns(["a"], 8.6) == 1
    assert legend_columns(["experiment", "final (epoch 77)", "ideal (epoch 60)", "chosen (epoch 8)", "true"], 17.0) == 5
    assert legend_columns(["final (epoch 77)", "ideal (epoch 60)", "chosen (epoch 8)"], 8.6) == 2
    assert legend_columns(["x" * 200, "y"], 8.6) == 1


def test_names_are_not_mathematics() -> None:
    assert plain("a$b$") == r"a\$b\$"


def test_sizes_are_checked() -> None:
    with pytest.raises(ValueError, match="positive lengths in cm"):
        new_figure(0.0, 3.0)


@pytest.mark.parametrize("package", ["plots", "widgets"])
def test_figures_and_explorers_do_not_import_torch(package: str) -> None:
    code = f"import sys, xrdlib.{package}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
