"""All explorers behind their questions, each made when it is first chosen."""

from __future__ import annotations

import pytest

from xrdlib import load_curve, reference_study, widgets
from xrdlib.data import LAB, Experiment
from xrdlib.training import reference_replicas
from xrdlib.training.reference import REFERENCE_STUDIES
from xrdlib.widgets import CurveExplorer, explorer_gallery
from xrdlib.widgets._image import Explorer
from xrdlib.widgets.gallery import ExplorerGallery


@pytest.fixture(scope="module")
def study():
    return reference_study("lab")


def test_starts_with_the_curve_and_makes_others_when_they_are_chosen(study) -> None:
    gallery = explorer_gallery(study, LAB)
    assert list(gallery.explorers) == ["Curve"]
    (shown,) = gallery.stage.children
    assert isinstance(shown, CurveExplorer)
    assert "rocking curve?" in gallery.question.value
    gallery.choice.value = "Coverage"
    assert list(gallery.explorers) == ["Curve", "Coverage"]
    assert gallery.stage.children == (gallery.explorers["Coverage"],)
    assert "How many training samples are near?" in gallery.question.value
    gallery.choice.value = "Curve"
    assert gallery.stage.children == (shown,)  # the same, as it was left


def test_says_that_it_is_working() -> None:
    said = []

    def make() -> Explorer:
        said.append(gallery.stage.children[0].value)
        raise ValueError("study: <weights> are missing")

    gallery = ExplorerGallery({"a": ("A?", widgets.curve_explorer), "b": ("<B>?", make)})
    gallery.choice.value = "b"
    assert "being worked out" in said[0]
    assert gallery.question.value == "<h3>&lt;B&gt;?</h3>"
    assert "study: &lt;weights&gt; are missing" in gallery.stage.children[0].value
    gallery.choice.value = "a"
    assert isinstance(gallery.stage.children[0], CurveExplorer)
    gallery.choice.value = "b"
    assert len(said) == 2  # tried again


def test_offers_every_explorer_there_is(study) -> None:
    curve = load_curve(REFERENCE_STUDIES.parent / "virtual_curve.txt")
    gallery = explorer_gallery(study, LAB, replicas=reference_replicas("lab"), curve=curve)
    functions = {name for name in widgets.__all__ if name.endswith("_explorer")}
    assert len(gallery.choice.options) == len(functions)
    without = explorer_gallery(study, LAB)
    assert set(gallery.choice.options) - set(without.choice.options) == {"Runs", "Fit"}


def test_an_experiment_that_was_not_tracked_is_read_with_the_stored_weights(study) -> None:
    gallery = explorer_gallery(study, Experiment("other", LAB.parameters))
    gallery.choice.value = "Epochs"
    assert "Epoch 76 (final)" in gallery.stage.children[0].readout.value
