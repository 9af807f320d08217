"""The report: one file with everything in it, escaped, the same every time, and whole or not there."""

from __future__ import annotations

import platform
import re
from base64 import b64encode
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from xrdlib.data import LAB_EXPERIMENT, MeasuredCurve
from xrdlib.diagnostics import Decision
from xrdlib.refinement import Minimum, Refinement, refine
from xrdlib.report import page as report_page
from xrdlib.report import pictures, write_fit_report, write_report
from xrdlib.simulation import Instrument, Scan, simulate

NAME = "<b>curve</b> & 'A' $x$.txt"
COMMAND = "xrdlib diagnose '<b>curve</b> & A.txt' --step 4.018235972"
_VOID = {"meta", "img", "br", "hr", "link"}


class Page(HTMLParser):
    """Checks that tags are balanced; collects what the page would fetch, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for key, value in attrs:
            if key in ("src", "href", "srcset", "data", "action"):
                self.links.append(value or "")
            if key == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def quick(figure: object, path: Path) -> tuple[Path, Path]:
    """In place of `save_figure`, which takes a second for a figure."""
    png, pdf = (path.with_name(f"{path.name}.{kind}") for kind in ("png", "pdf"))
    png.write_bytes(b"\x89PNG")
    pdf.write_bytes(b"%PDF")
    return png, pdf


@pytest.fixture(scope="module")
def two(make_diagnosis):
    return [make_diagnosis(NAME, study, known=False) for study in ("measured", "lab")]


@pytest.fixture(scope="module")
def folder(two, tmp_path_factory) -> Path:
    """A report of a measured curve against two studies, in a folder that held something else."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "notes.txt").write_text("mine")
    (folder / "figures").mkdir()
    (folder / "figures" / "photo.png").write_text("mine too")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_page, "save_figure", quick)
        assert write_report(two, folder, command=COMMAND) == folder / "report.html"
    return folder


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_figures_are_there_as_png_and_pdf(folder: Path) -> None:
    names = {p.name for p in (folder / "figures").iterdir()} - {"photo.png"}
    figures = ("checkpoints", "parameters", "traces", "coverage", "radii", "losses")
    each = {f"{s}_{f}" for s in ("measured", "lab") for f in figures}
    assert names == {f"{stem}.{kind}" for stem in each | {"studies"} for kind in ("png", "pdf")}


def test_other_files_stay_and_nothing_else_is_left(folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == ["figures", "notes.txt", "report.html"]
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "figures" / "photo.png").read_text() == "mine too"


def test_page_fetches_nothing(html: str, page: Page) -> None:
    assert page.links
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    assert not {"script", "iframe", "object", "link"} & set(page.tags)
    assert not re.search(r"url\(|@import|https?://", html)


def test_contents_lead_somewhere(page: Page) -> None:
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert len(inside) == 5 + 2 * 4  # of each study three sections and every epoch
    assert set(inside) <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_contents_of_a_study_are_below_it(html: str) -> None:
    contents = html[html.index("<nav>") : html.index("</nav>")]
    assert re.search(
        r">Study lab</a><ul><li>.*</li></ul></li><li><a [^>]*>How this page was made</a></li></ul>", contents
    )
    assert contents.count("<ul>") == contents.count("</ul>") == 3


def test_a_paragraph_for_a_thesis_where_there_is_a_decision(make_diagnosis, tmp_path: Path, monkeypatch) -> None:
    diagnosis = make_diagnosis()
    decision = object.__new__(Decision)  # of which the page uses no more
    monkeypatch.setattr(report_page, "save_figure", quick)
    monkeypatch.setattr(Decision, "paragraph", "The epoch <3> was & remains.", raising=False)
    assert report_page._paragraphs([diagnosis]) == []
    monkeypatch.setattr(type(diagnosis), "sections", property(lambda self: (decision,)))
    ((level, heading, text),) = report_page._paragraphs([diagnosis])
    assert (level, heading) == (2, "A paragraph for a thesis")
    assert text == "<blockquote>The epoch &lt;3&gt; was &amp; remains.</blockquote>\n"


def test_names_are_escaped(html: str, page: Page) -> None:
    assert "<b>curve" not in html
    assert escape(NAME) in html
    assert NAME in unescape(page.text)
    assert COMMAND in page.text
    assert "the scan ends <early> & low" in page.text


def test_summary_comes_first(html: str, two) -> None:
    top = Page(html[html.index("<h1>") : html.index("<nav>")]).text
    for diagnosis in two:
        for sentence in diagnosis.summary:
            assert sentence in top
    assert "measured (2) and lab (2) predict parameters 0.0 % of range apart" in top


def test_every_number_of_the_sections_is_there(page: Page, two) -> None:
    for diagnosis in two:
        for section in diagnosis.sections:
            assert section.title in page.text
            for sentence in section.sentences:
                assert " ".join(sentence.split()) in page.text
            for cell in section.table.to_numpy().ravel():
                assert str(cell) in page.text
        for cell in diagnosis.checkpoints.every_epoch.to_numpy().ravel():
            assert str(cell) in page.text


def test_says_how_it_was_made(page: Page) -> None:
    import numpy
    import torch

    import xrdlib

    for version in (xrdlib.__version__, numpy.__version__, torch.__version__.split("+")[0]):
        assert version in page.text
    assert platform.python_version() in page.text
    assert len(re.findall(r"\b[0-9a-f]{64}\b", page.text)) == 3  # the curve, two configurations
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", page.text)


def test_virtual_experiment_the_same_twice(make_diagnosis, tmp_path: Path) -> None:
    diagnosis = make_diagnosis()
    first, second = (
        write_report([diagnosis], tmp_path / run / "new", command="xrdlib diagnose").parent for run in ("a", "b")
    )
    page = Page((first / "report.html").read_text("utf-8"))
    top = " ".join(diagnosis.summary)
    assert top in page.text
    assert "They differ most in Rp2: an error of 12.0 against 4.0 % of its range." in top
    assert "Dmax1 8.094e-3, D01 9.430e-4, L1 5200 A" in page.text
    assert "60000 counts in the peak" in page.text
    assert "How differently" not in page.text
    pictures = [link for link in page.links if link.startswith("data:")]
    assert len(pictures) == 7
    png = (first / "figures" / "lab_checkpoints.png").read_bytes()
    assert pictures[0] == f"data:image/png;base64,{b64encode(png).decode()}"
    files, again = (sorted(p for p in folder.rglob("*") if p.is_file()) for folder in (first, second))
    assert len(files) == 15
    for x, y in zip(files, again, strict=True):
        assert x.read_bytes() == y.read_bytes()


@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_leaves_nothing(make_diagnosis, tmp_path: Path, monkeypatch, existing: bool) -> None:
    folder = tmp_path / "out"
    if existing:
        folder.mkdir()
        (folder / "report.html").write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(report_page, "save_figure", quick)
    monkeypatch.setattr(pictures.plots, "plot_coverage", fail)
    with pytest.raises(OSError, match="disk full"):
        write_report([make_diagnosis()], folder, command="xrdlib diagnose")
    assert [p.name for p in tmp_path.rglob("*")] == (["out", "report.html"] if existing else [])
    if existing:
        assert (folder / "report.html").read_text() == "old"


def test_study_names_become_file_names(make_diagnosis) -> None:
    studies = [make_diagnosis("a", name) for name in ("../up & away", "same", "same")]
    assert report_page._stems(studies) == [".._up_away", "same_2", "same_3"]


def test_bad_calls(make_diagnosis, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 targets"):
        write_report([], tmp_path, command="")
    with pytest.raises(ValueError, match="2 of 2 targets"):
        write_report([make_diagnosis("a"), make_diagnosis("b")], tmp_path, command="")
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="a file, not a folder"):
        write_report([make_diagnosis()], tmp_path / "file", command="")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.fixture(scope="module")
def fit():
    """A fit with two minima, broken off, of a curve with a strange name."""
    scan = Scan(-280.0, 9.0, 160)
    counts = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(36.0, 0.2, scale=6e5, background=40.0))
    curve = MeasuredCurve(scan.angle, np.random.default_rng(0).poisson(counts).astype(float))
    truth = LAB_EXPERIMENT.to_array()
    fit = refine(curve, starts=truth * np.array([[1.02], [0.9]]), max_evaluations=2, fixed={"fwhm": 36.0})
    ends = (Minimum(truth, 0.0123, ("start 1",)), Minimum(0.9 * truth, 0.0456, ("start 2",)))
    return replace(fit, curve=NAME, minima=ends, not_converged=())


def test_page_of_a_fit(fit, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(report_page, "save_figure", quick)
    command = COMMAND.replace("diagnose", "fit")
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert write_fit_report(fit, folder, command=command, notes=["saturated <here>"]) == folder / "report.html"
    html = (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert NAME in page.text
    assert "<b>curve" not in html
    assert command in page.text
    assert "saturated <here>" in page.text
    assert "A partial result." in page.text
    for sentence in fit.sentences:
        assert page.text.count(" ".join(sentence.split())) == 2  # on top, and below the table
    for cell in fit.table.to_numpy().ravel():
        assert str(cell) in page.text
    assert len(fit.minima) == 2
    for minimum in fit.minima:
        assert f"{minimum.rmse:.4f}" in page.text
        assert f" {1e3 * minimum.parameters[0]:.3f} " in page.text
        assert f" {minimum.parameters[2]:.0f} " in page.text
    pair = fit.correlation.loc["L1", "Dmax1"]
    assert page.text.count(f" {pair:.2f} ") >= 2
    assert "scipy" in page.text
    assert len([link for link in page.links if link.startswith("data:image/png")]) == 2
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside == set(page.ids)
    names = sorted(str(p.relative_to(tmp_path / "a")) for p in (tmp_path / "a").rglob("*") if p.is_file())
    figures = [f"figures/fit{kind}" for kind in (".pdf", ".png", "_correlation.pdf", "_correlation.png")]
    assert names == [*figures, "fit.json", "report.html"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert Refinement.open(tmp_path / "a" / "fit.json").to_dict() == fit.to_dict()


def test_whole_fit_is_not_marked(fit, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(report_page, "save_figure", quick)
    for name, change, marked in (("a", {"converged": True}, False), ("b", {"interrupted": True}, True)):
        page = write_fit_report(replace(fit, **{"converged": True} | change), tmp_path / name, command="")
        assert ("A partial result." in page.read_text("utf-8")) is marked


def test_a_failed_fit_report_leaves_nothing(fit, tmp_path: Path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(report_page, "save_figure", fail)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "fit.json").write_text("old")
    with pytest.raises(OSError, match="disk full"):
        write_fit_report(fit, tmp_path / "out", command="")
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == ["out/fit.json"]
    assert (tmp_path / "out" / "fit.json").read_text() == "old"
