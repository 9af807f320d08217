"""The numbered figures: all of the notebooks', the same bytes every time, readable at both widths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from xrdlib.data import LAB_EXPERIMENT, MeasuredCurve
from xrdlib.diagnostics import Target
from xrdlib.plots.layout import layout_problems
from xrdlib.plots.style import new_figure
from xrdlib.report.figures import CATALOGUE, Drawing, Material, asked, listed, make, make_figures
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training import reference_study

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
FEW = ["01.1", "02.1", "03.2", "03.4", "06.3"]


@pytest.fixture(scope="module")
def target(study) -> Target:
    return Target.of(study.config.experiments[0], study)


@pytest.fixture
def unknown(study) -> Target:
    """A measured curve."""
    scan = study.config.dataset.scan
    intensity = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(36, 0.2, background=1e-3))
    return Target.from_curve(MeasuredCurve(scan.angle, intensity, {"peak_from": "simulation"}), "curve *A*.txt")


@pytest.fixture(scope="module")
def twice(study, target, tmp_path_factory) -> list[Path]:
    """The same figures in two folders."""
    folders = [tmp_path_factory.mktemp("figures") / str(i) for i in (1, 2)]
    for folder in folders:
        made = make_figures(study, target, folder, names=FEW, command="xrdlib figures --out a", progress=False)
        assert made.problems == {}
        assert not made.record["skipped"]
    return folders


def test_every_figure_of_the_notebooks_has_a_number() -> None:
    shown = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        drawn = [c for c in cells if re.search(r"\bplot_\w+\(", c.source) and "image/png" in str(c.outputs)]
        if "01" <= path.name[:2] <= "13":
            shown[path.name[:2]] = len(drawn)
    numbers = sorted(number for one in CATALOGUE for number in (one.number, *one.also))
    assert numbers == sorted(f"{notebook}.{k}" for notebook, n in shown.items() for k in range(1, n + 1))
    assert len({one.name for one in CATALOGUE}) == len(CATALOGUE)
    assert [one.number for one in CATALOGUE] == sorted(one.number for one in CATALOGUE)


def test_figures_are_asked_for_by_number_notebook_or_name() -> None:
    assert asked() == CATALOGUE
    assert [one.name for one in asked(["6.1", "traces", "03.4_traces"])] == ["traces"]
    assert [one.number for one in asked(["4", "03.1"])] == ["03.1", "03.5", "04.1", "04.3", "04.4"]
    with pytest.raises(ValueError, match=r"figure '3.9': unknown; numbers from 01.1 to 13.5"):
        asked(["3.9"])
    table = listed(["03.4", "01"])
    assert len(table) == 9
    assert table.loc["03.4", ["also", "name"]].tolist() == ["06.1", "traces"]
    with pytest.raises(ValueError, match="none asked for"):
        asked([])


def test_each_is_written_in_every_kind_at_both_widths(twice: list[Path]) -> None:
    files = {file.relative_to(twice[0]).as_posix() for file in twice[0].rglob("*") if file.is_file()}
    stems = [one.stem for one in asked(FEW)]
    wanted = {f"{width}/{stem}.{kind}" for width in make.WIDTHS for stem in stems for kind in make.KINDS}
    assert {f for f in files if not f.startswith("data/")} == wanted | {"captions.md", "figures.json"}
    assert {f"data/{stem}.csv" for stem in stems} <= files
    for width, size in (("column", 8.6), ("page", 17.0)):
        png = (twice[0] / width / f"{stems[0]}.png").read_bytes()
        assert int.from_bytes(png[16:20], "big") == int(size / 2.54 * 300)


def test_the_same_bytes_again(twice: list[Path]) -> None:
    first, second = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in twice
    )
    assert first == second


def test_the_numbers_are_those_of_the_result(study, twice: list[Path]) -> None:
    history = pd.read_csv(twice[0] / "data" / "03.2_losses.csv")
    pd.testing.assert_frame_equal(history, study.history, rtol=1e-8)
    drawn = pd.read_csv(twice[0] / "data" / "03.2_losses_drawn.csv")
    line = drawn[drawn["series"] == "validation"]
    assert line["y"].to_numpy() == pytest.approx(study.history["val_loss"].to_numpy(), rel=1e-8)
    assert not (twice[0] / "data" / "01.1_profile_drawn.csv").exists()  # all there is, is drawn


def test_captions_say_what_is_shown_and_found(study, target, twice: list[Path]) -> None:
    text = (twice[0] / "captions.md").read_text()
    assert text.startswith("# Figures of study tiny, experiment lab\n")
    assert "    xrdlib figures --out a\n" in text
    assert "## Figure 03.4 (also 06.1): traces" in text
    for sentence in Material(study, target).diagnosis.tracking.sentences:
        assert re.sub(r"[\\]", "", sentence) in text.replace("\\", "")
    assert "`column/03.4_traces.pdf`" in text


def test_parameters_in_a_sentence_have_the_digits_that_are_stored(study, target) -> None:
    """A study's training parameters are float32."""
    with closing(Material(study, target)) as material:
        one = next(one for one in CATALOGUE if one.number == "02.2")
        said = one.make(material).said
    assert len(said) == 3
    for sentence, row in zip(said, study.training_parameters, strict=False):
        numbers = re.findall(r" (-?[\d.e+-]+)(?=,|;)", sentence)
        np.testing.assert_allclose([float(v) for v in numbers], row, rtol=1e-4)
        assert max(map(len, numbers)) <= 9


def test_what_is_not_defined_is_named_with_the_reason(study, unknown, tmp_path: Path) -> None:
    made = make_figures(study, unknown, tmp_path, names=["03.6", "06.3", "07.1", "10.2"], progress=False)
    assert not made.record["figures"]
    reasons = made.skipped
    assert reasons["06.3"] == "the true parameters of curve *A*.txt are not known, so neither is its regret"
    assert "true parameters" in reasons["03.6"]
    assert reasons["07.1"] == "replicas of study tiny do not ship, only those of lab"
    assert "true parameters" in reasons["10.2"]
    assert "experiment curve \\*A\\*.txt" in (tmp_path / "captions.md").read_text()
    assert list(made.table.index) == ["03.6", "06.3", "07.1", "10.2"]


def test_an_interrupted_run_goes_on(study, target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = iter(range(10))
    whole = make.save_figure

    def save(*arguments: object) -> object:
        if next(count) == 3:  # the second figure's second width
            raise KeyboardInterrupt
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(make, "save_figure", save)
    with pytest.raises(KeyboardInterrupt):
        make_figures(study, target, tmp_path, names=["01.1", "03.2"], progress=False)
    record = json.loads((tmp_path / "figures.json").read_text())
    assert [one["number"] for one in record["figures"]] == ["01.1"]
    monkeypatch.setattr(make, "save_figure", whole)
    made = make_figures(study, target, tmp_path, names=["03.2"], widths=["page"], progress=False)
    assert [one["number"] for one in made.record["figures"]] == ["01.1", "03.2"]
    assert not list(tmp_path.rglob("*.partial"))


def test_a_folder_holds_figures_of_one_study_and_target(study, target, unknown, tmp_path: Path) -> None:
    make_figures(study, target, tmp_path, names=["01.1"], widths=["column"], progress=False)
    with pytest.raises(ValueError, match=r"holds figures of study tiny and lab, .*; choose another folder"):
        make_figures(study, unknown, tmp_path, names=["01.1"], progress=False)
    (tmp_path / "figures.json").write_text("[]")
    with pytest.raises(ValueError, match="not a list of figures"):
        make_figures(study, target, tmp_path, names=["01.1"], progress=False)
    with pytest.raises(NotADirectoryError, match="a file, not a folder"):
        make_figures(study, target, tmp_path / "captions.md", names=["01.1"], progress=False)
    with pytest.raises(ValueError, match="widths: poster given; column or page expected"):
        make_figures(study, target, tmp_path, widths=["poster"], progress=False)


def test_a_bad_layout_is_reported(study, target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bad(width: float):
        figure = new_figure(width, 3.0)
        figure.text(0.98, 0.5, "too far right")
        return figure

    one = replace(asked(["01.1"])[0], make=lambda material: Drawing(bad))
    monkeypatch.setattr(make, "asked", lambda names: (one,))
    made = make_figures(study, target, tmp_path, progress=False)
    assert list(made.problems) == ["column/01.1_profile", "page/01.1_profile"]
    assert "outside the figure" in made.table.loc["01.1"].iloc[-1]


@pytest.fixture(scope="module")
def lab() -> Iterator[Material]:
    opened = reference_study("lab")
    material = Material(opened, Target.of(opened.config.experiments[0], opened))
    yield material
    material.close()


@pytest.mark.slow
@pytest.mark.parametrize("one", CATALOGUE, ids=lambda one: one.stem)
def test_the_shipped_study_has_every_figure_and_each_can_be_read(lab: Material, one) -> None:
    drawing = one.make(lab)
    assert {width: layout_problems(drawing.draw(size)) for width, size in make.WIDTHS.items()} == {
        "column": [],
        "page": [],
    }
    assert drawing.said


@pytest.mark.slow
@pytest.mark.parametrize("number", ["03.3", "03.4", "05.1", "07.2", "12.1"])
def test_those_of_a_measured_curve_with_a_long_name_can_be_read(number: str) -> None:
    opened = reference_study("measured")
    scan = Scan(-280.0, 4.0, 600)
    intensity = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(36, 0.2, background=1e-3))
    curve = MeasuredCurve(scan.angle, intensity, {"peak_from": "simulation"})
    target = Target.from_curve(curve, "a_rather_long_name_of_a_curve.txt")
    drawing = asked([number])[0].make(Material(opened, target))
    assert [layout_problems(drawing.draw(size)) for size in make.WIDTHS.values()] == [[], []]
