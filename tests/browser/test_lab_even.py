"""Notebooks 00, 02, 04, ... in JupyterLab. A file goes to one process: the other half is in test_lab_odd.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NOTEBOOKS = [path.stem for path in (Path(__file__).resolve().parents[2] / "notebooks").glob("*[02468]_*.ipynb")]
LONG = pytest.mark.skipif("XRDLIB_BROWSER" not in os.environ, reason="`make browser` runs all")
ALWAYS = ("00_start_here",)  # by `make test`, too; every explorer is there under Voila


@pytest.mark.parametrize("notebook", [pytest.param(n, marks=() if n in ALWAYS else LONG) for n in sorted(NOTEBOOKS)])
def test_every_control_of_every_explorer(notebook: str, run_in_jupyterlab) -> None:
    run_in_jupyterlab(notebook)


def test_nobody_comes_in_without_the_token(jupyterlab, page) -> None:
    page.goto(jupyterlab.url)
    assert page.url.startswith(f"{jupyterlab.url}login")


def test_figures_are_widgets_where_asked_for(write_notebook, run_in_jupyterlab, page) -> None:
    draw = "xrdlib.plots.plot_profile(xrdlib.strain_profile(xrdlib.data.LAB_EXPERIMENT))"
    write_notebook("zoom", "%matplotlib widget", "import xrdlib, xrdlib.plots", draw)
    run_in_jupyterlab("zoom")
    figure = page.locator(".jupyter-matplotlib")
    figure.wait_for()
    assert figure.locator("canvas").first.bounding_box()["width"] > 200
