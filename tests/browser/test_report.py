"""The report in a browser whose network is off: whole, fetching nothing, and fit for paper."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import xrdlib

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["diagnose", "lab", "--only", "bins,decision", "--out"]
PAPER = {"width": 680, "height": 1009}  # what the margins leave of A4, in CSS pixels

# elements that stick out of the page, and tables that would have to be scrolled
TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter(element => {
    const wide = element.classList.contains("wide") && element.scrollWidth > element.clientWidth + 1;
    return wide || element.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
}).map(element => `${element.tagName} ${element.textContent.slice(0, 60)}`)"""


@pytest.fixture(scope="module")
def folder(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the command writes it."""
    out = tmp_path_factory.mktemp("report") / "out of the way"
    command = [sys.executable, "-m", "xrdlib", *ARGUMENTS, str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def offline(page: Any, folder: Path) -> Any:
    """The page, opened without a network; whatever it asks for but itself and what it holds fails the test."""
    from playwright.sync_api import Error

    asked = []
    page.context.set_offline(True)
    other = page.context.new_page()
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        other.goto("http://127.0.0.1/")
    other.close()
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "report.html").as_uri())
    yield page
    foreign = [url[:200] for url in asked if not url.startswith("data:")]
    assert set(foreign) == {(folder / "report.html").as_uri()}


def words(text: str) -> str:
    return " ".join(text.split())


def test_nothing_points_outside(offline: Any) -> None:
    places = offline.evaluate("() => [...document.querySelectorAll('[src], [href]')].map(e => e.src || e.href)")
    here = offline.url.split("#")[0]
    assert places
    assert all(place.startswith(("data:image/png;base64,", f"{here}#")) for place in places)
    assert offline.locator("script, link, iframe, object").count() == 0


def test_every_figure_is_shown_and_beside_the_page_as_pdf(offline: Any, folder: Path) -> None:
    figures = offline.locator("figure")
    files = sorted((folder / "figures").glob("*.png"))
    assert figures.count() == len(files) >= 8
    loaded = "images => images.filter(image => image.complete && image.naturalWidth > 300).length"
    assert offline.locator("figure img").evaluate_all(loaded) == len(files)
    named = {folder / name for name in offline.locator("figcaption code").all_inner_texts()}
    assert named == {file.with_suffix(".pdf") for file in files}


def test_contents_lead_to_every_heading(offline: Any) -> None:
    headings = offline.locator("body > h2, body > h3")
    links = offline.locator("nav a")
    assert links.all_inner_texts() == headings.all_inner_texts()
    assert {"The curve", "Study lab", "A paragraph for a thesis", "How this page was made"} < set(
        links.all_inner_texts()
    )
    for link, heading in zip(links.all(), headings.all(), strict=True):
        link.click()
        top = heading.bounding_box()["y"]
        assert -1 < top < offline.viewport_size["height"]


def test_says_what_the_library_says(offline: Any) -> None:
    from xrdlib.data import LAB
    from xrdlib.diagnostics import decide

    decision = decide(xrdlib.reference_study("lab"), LAB)
    assert words(offline.locator("blockquote").inner_text()) == words(decision.paragraph)
    text = words(offline.locator("body").inner_text())
    for sentence in decision.advice:
        assert words(sentence) in text
    assert offline.locator("table").count() >= 8
    assert offline.locator("table td").count() > 300


def test_says_how_it_was_made(offline: Any, folder: Path) -> None:
    rows = offline.locator("h2", has_text="How this page was made").locator("+ table tr").all()
    made = {row.locator("th").inner_text(): words(row.locator("td").inner_text()) for row in rows}
    assert made["command"] == f"xrdlib {' '.join(ARGUMENTS)} '{folder}'"
    assert made["xrdlib"] == xrdlib.__version__
    assert made["python"] == platform.python_version()
    for package in ("numpy", "numba", "torch", "matplotlib"):
        assert made[package] == version(package)
    study = xrdlib.reference_study("lab")
    hashes = hashlib.sha256((study.path / "hashes.json").read_bytes()).hexdigest()
    assert made["SHA-256 of lab's hashes.json"] == hashes
    assert made["SHA-256 of lab's configuration"] == hashlib.sha256(study.config.to_toml().encode()).hexdigest()


@pytest.mark.parametrize("width", [1280, 900])
def test_nothing_is_cut_off_on_a_screen(offline: Any, width: int) -> None:
    offline.set_viewport_size({"width": width, "height": 900})
    assert offline.evaluate(TOO_WIDE) == []


def test_prints_on_a4(offline: Any, artefacts: Path) -> None:
    offline.emulate_media(media="print")
    offline.set_viewport_size(PAPER)
    assert offline.evaluate(TOO_WIDE) == []
    # a figure is never taller than a sheet: it would be cut in two
    heights = offline.locator("figure").evaluate_all("all => all.map(figure => figure.offsetHeight)")
    assert max(heights) < PAPER["height"]
    printed = offline.pdf(path=artefacts / "report.pdf", prefer_css_page_size=True, print_background=True)
    assert printed.startswith(b"%PDF")
