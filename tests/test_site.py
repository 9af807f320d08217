"""The site (`make docs`): it builds without a warning, holds every page, and fetches nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("myst_nb", reason="the extra docs is not installed")
pytest.importorskip("furo", reason="the extra docs is not installed")

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("docs/index", "README", "CHANGELOG", "CONTRIBUTING", "data/README")
PACKAGES = (
    "data", "diagnostics", "metrics", "plots", "refinement", "remedies", "report", "simulation", "training", "widgets"
)  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as by `make docs`."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-d", folder / "doctrees"]
    done = subprocess.run([*command, "-c", "docs", ".", folder / "html"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


class Links(HTMLParser):
    """What a page fetches (scripts, styles, pictures), where it leads, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.leads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.anchors.add(str(found["id"]))
        if tag in ("script", "img", "iframe", "source", "video", "audio", "object", "embed"):
            self.fetched += [str(found[name]) for name in ("src", "data", "srcset") if found.get(name)]
        elif tag == "link" and found.get("rel") not in ("canonical", "author"):
            self.fetched.append(str(found.get("href")))
        elif tag == "a" and found.get("href"):
            self.leads.append(str(found["href"]))


def links(page: Path) -> Links:
    found = Links()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def test_every_page_is_there(site: Path) -> None:
    pages = [*PAGES, *(f"docs/api/{name}" for name in PACKAGES)]
    for folder, suffix in (("docs", ".md"), ("docs/tutorials", ".md"), ("notebooks", ".ipynb")):
        pages += [f"{folder}/{path.stem}" for path in (ROOT / folder).glob(f"*{suffix}")]
    assert [page for page in pages if not (site / f"{page}.html").is_file()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_all_public_names_are_described(site: Path, package: str) -> None:
    from importlib import import_module

    anchors = links(site / f"docs/api/{package}.html").anchors
    names = import_module(f"xrdlib.{package}").__all__
    assert [name for name in names if f"xrdlib.{package}.{name}" not in anchors] == []


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for what in links(page).fetched:
            local = what.partition("?")[0].partition("#")[0]
            assert what.startswith(("data:", "#")) or (page.parent / local).is_file(), f"{page}: {what}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text(encoding="utf-8")), style
    for script in site.rglob("*.js"):
        assert not re.search(r"(fetch|import|src ?=|open)\W{1,6}https?://", script.read_text("utf-8")), script


def test_no_link_within_the_site_is_dead(site: Path) -> None:
    pages = {page: links(page) for page in site.rglob("*.html")}
    dead = []
    for page, found in pages.items():
        for lead in found.leads:
            path, _, anchor = lead.partition("#")
            if re.match(r"[a-z]+:", lead):
                continue
            target = (page.parent / path).resolve() if path else page
            known = pages.get(target)
            if not target.is_file() or (anchor and known is not None and anchor not in known.anchors):
                dead.append(f"{page.relative_to(site)}: {lead}")
    assert dead == []


def test_formulas_need_no_script(site: Path) -> None:
    text = (site / "notebooks/01_rocking_curve.html").read_text(encoding="utf-8")
    assert text.count("<math") >= 5
    assert "MathJax" not in text
    assert "$" not in re.sub(r"<(script|style|pre).*?</\1>", "", text, flags=re.DOTALL)


def test_a_notebook_says_that_it_is_stored_and_hides_its_checks(site: Path) -> None:
    text = (site / "notebooks/04_coverage.html").read_text(encoding="utf-8")
    assert "as it is stored" in text
    assert "hide-input" in text or "tag_hide-input" in text


def test_the_front_page_leads_on(site: Path) -> None:
    assert "url=docs/index.html" in (site / "index.html").read_text(encoding="utf-8")
