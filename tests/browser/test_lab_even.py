"""Notebooks 00, 02, 04, ... in JupyterLab. A file goes to one process: the other half is in test_lab_odd.py."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("XRDLIB_BROWSER" not in os.environ, reason="four minutes of two cores: `make browser` runs it"),
]

NOTEBOOKS = [path.stem for path in (Path(__file__).resolve().parents[2] / "notebooks").glob("*[02468]_*.ipynb")]


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS))
def test_every_control_of_every_explorer(notebook: str, run_in_jupyterlab) -> None:
    run_in_jupyterlab(notebook)


def test_nobody_comes_in_without_the_token(jupyterlab, page) -> None:
    page.goto(jupyterlab.url)
    assert page.url.startswith(f"{jupyterlab.url}login")


def test_figures_are_widgets_where_asked_for(folder, run_in_jupyterlab, page) -> None:
    cells = ["%matplotlib widget", "import xrdlib, xrdlib.plots"]
    cells += ["xrdlib.plots.plot_profile(xrdlib.strain_profile(xrdlib.data.LAB_EXPERIMENT))"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(metadata=kernel, cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(notebook, folder / "notebooks" / "zoom.ipynb")
    run_in_jupyterlab("zoom")
    figure = page.locator(".jupyter-matplotlib")
    figure.wait_for()
    assert figure.locator("canvas").first.bounding_box()["width"] > 200
