"""Notebooks 01, 03, 05, ... in JupyterLab. A file goes to one process: the other half is in test_lab_even.py."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NOTEBOOKS = [path.stem for path in (Path(__file__).resolve().parents[2] / "notebooks").glob("*[13579]_*.ipynb")]
LONG = pytest.mark.skipif("XRDLIB_BROWSER" not in os.environ, reason="`make browser` runs all")
ALWAYS = ("01_rocking_curve",)  # by `make test`, too; every explorer is there under Voila


@pytest.mark.parametrize("notebook", [pytest.param(n, marks=() if n in ALWAYS else LONG) for n in sorted(NOTEBOOKS)])
def test_every_control_of_every_explorer(notebook: str, run_in_jupyterlab) -> None:
    run_in_jupyterlab(notebook)


TRAIN = """
from xrdlib.data import DatasetConfig
from xrdlib.training import StudyConfig, TrainingConfig, run_study

training = TrainingConfig(epochs=40, batch_size=16, test_size=20, threads=1)
config = StudyConfig("small", dataset=DatasetConfig(size=1000), training=training)
study = run_study(config, "small", workers=1)
print(len(study.history), "epochs")
"""


def test_a_training_shows_its_progress_is_interrupted_and_goes_on(
    write_notebook, open_in_jupyterlab, jupyterlab, page, wait_for, artefacts
) -> None:
    write_notebook("train", "1", TRAIN)
    open_in_jupyterlab("train")
    page.get_by_text(re.compile(r"epochs of small .* [2-9]/40")).first.wait_for()
    page.screenshot(path=artefacts / "lab_progress.png")
    page.evaluate("() => void jupyterapp.commands.execute('notebook:interrupt-kernel')")
    page.get_by_text("KeyboardInterrupt").first.wait_for()
    wait_for(jupyterlab.at_rest, "the kernel does not come to rest")
    page.screenshot(path=artefacts / "lab_interrupted.png")
    page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")
    page.get_by_text("40 epochs").first.wait_for()
    page.get_by_text(re.compile(r"epochs of small .* 40/40")).first.wait_for()
    wait_for(jupyterlab.at_rest, "the kernel does not come to rest")
    page.screenshot(path=artefacts / "lab_resumed.png")
