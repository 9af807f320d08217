"""One style for every figure, no trace of it elsewhere; files that are equal when figures are equal."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from fontTools import subset, ttLib
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from xrdlib import plots
from xrdlib.data import LAB_EXPERIMENT, bin_counts
from xrdlib.diagnostics import compare_samplings, dataset_quality
from xrdlib.plots import plot_curve, plot_profile, save_figure, style
from xrdlib.plots._pdf_fonts import slim_fonts
from xrdlib.plots.layout import layout_problems
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
    assert {name: found for name, figure in figures.items() if (found := layout_problems(figure))} == {}


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
    assert figure._repr_mimebundle_() == {}  # type: ignore[union-attr]  # a widget only where it was asked for


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
save_figure(plot_profile(strain_profile(LAB_EXPERIMENT)), sys.argv[1], ("png", "pdf", "svg"))
"""
    root = Path(plots.__file__).parents[2]
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed)], check=True, cwd=root, env={"PYTHONHASHSEED": seed}
        )
    for kind in ("png", "pdf", "svg"):
        assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_svg_needs_no_font_and_has_no_date(tmp_path: Path) -> None:
    figure = plot_profile(strain_profile(LAB_EXPERIMENT))
    (svg,) = save_figure(figure, tmp_path / "a", ["svg"])  # type: ignore[arg-type]
    text = svg.read_text()
    assert "<text" not in text
    assert "font-family" not in text
    assert "<dc:date>" not in text
    with pytest.raises(ValueError, match=r"kinds: eps unknown; there are png, pdf, svg"):
        save_figure(figure, tmp_path / "a", ["eps"])  # type: ignore[arg-type]


def test_saving_leaves_the_layout_to_the_figure(tmp_path: Path) -> None:
    figure, free = plot_profile(strain_profile(LAB_EXPERIMENT)), new_figure(8.6, 5.0)
    engine = figure.get_layout_engine()  # type: ignore[union-attr]
    free.set_layout_engine("none")
    for i, one in enumerate((figure, free)):
        save_figure(one, tmp_path / str(i), ["png", "svg", "pdf"])  # type: ignore[arg-type]
    assert figure.get_layout_engine() is engine  # type: ignore[union-attr]
    assert not isinstance(free.get_layout_engine(), ConstrainedLayoutEngine)


def test_pdf_holds_the_glyphs_and_none_of_the_layout_tables(tmp_path: Path) -> None:
    figure = plot_profile(strain_profile(LAB_EXPERIMENT))
    (pdf,) = save_figure(figure, tmp_path / "a", ["pdf"])  # type: ignore[arg-type]
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf.read_bytes(), re.DOTALL)
    unpacked = [zlib.decompress(data) for data in streams if data[:1] == b"x"]
    fonts = [ttLib.TTFont(BytesIO(data)) for data in unpacked if data[:4] == b"\x00\x01\x00\x00"]
    assert fonts
    for font in fonts:
        assert {"glyf", "hmtx", "head"} <= set(font.keys())
        assert not {"GSUB", "GPOS", "GDEF", "kern"} & set(font.keys())
    assert any("D" in font.getGlyphOrder() for font in fonts)  # of "Depth"


def test_fonts_are_as_before_after_a_failure() -> None:
    load = subset.load_font
    with slim_fonts():
        assert subset.load_font is not load
    with pytest.raises(ZeroDivisionError), slim_fonts():
        1 / 0  # noqa: B018
    assert subset.load_font is load


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
