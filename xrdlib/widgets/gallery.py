"""All explorers on one page, each behind its question: what `make voila` shows a class, without code."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import ipywidgets

from xrdlib.widgets._image import Explorer
from xrdlib.widgets.bins import bins_explorer
from xrdlib.widgets.coverage import coverage_explorer
from xrdlib.widgets.curves import curve_explorer
from xrdlib.widgets.decision import decision_explorer
from xrdlib.widgets.ensemble import ensemble_explorer
from xrdlib.widgets.epochs import epoch_explorer
from xrdlib.widgets.fit import fit_explorer
from xrdlib.widgets.mechanisms import mechanisms_explorer
from xrdlib.widgets.neighbours import neighbours_explorer
from xrdlib.widgets.region import region_explorer
from xrdlib.widgets.sensitivity import sensitivity_explorer

if TYPE_CHECKING:
    from xrdlib.data import Experiment, MeasuredCurve
    from xrdlib.training import Replicas, Study

__all__ = ["ExplorerGallery", "explorer_gallery"]

Maker = Callable[[], Explorer]


class ExplorerGallery(ipywidgets.VBox):  # type: ignore[misc]
    """What `explorer_gallery` returns; its parts can be read and set from code.

    Attributes
    ----------
    choice : ipywidgets.ToggleButtons
        ``choice.value`` is the name of the explorer shown.
    explorers : dict of str to Explorer
        Those made so far: each when it is first chosen.
    question : ipywidgets.HTML
    stage : ipywidgets.VBox
        Holds the explorer shown.
    """

    def __init__(self, makers: dict[str, tuple[str, Maker]]) -> None:
        self._makers = makers
        self.explorers: dict[str, Explorer] = {}
        self.choice = ipywidgets.ToggleButtons(options=list(makers), style={"button_width": "105px"})
        self.question, self.stage = ipywidgets.HTML(), ipywidgets.VBox()
        super().__init__([self.choice, self.question, self.stage])
        self.add_class("xrdlib-gallery")
        self.choice.observe(self._changed, names="value")
        self._changed()

    def _changed(self, _: object = None) -> None:
        name = self.choice.value
        asked, make = self._makers[name]
        self.question.value = f"<h3>{html.escape(asked)}</h3>"
        if name not in self.explorers:
            self.stage.children = (ipywidgets.HTML("<i>This one is being worked out: some seconds.</i>"),)
            try:
                self.explorers[name] = make()
            except ValueError as error:  # of the study or the curve; the other explorers go on
                self.stage.children = (ipywidgets.HTML(f"<b>Not for this one:</b> {html.escape(str(error))}"),)
                return
        self.stage.children = (self.explorers[name],)


def explorer_gallery(
    study: Study,
    source: Experiment | MeasuredCurve,
    *,
    replicas: Replicas | None = None,
    curve: MeasuredCurve | None = None,
    studies: Sequence[Study] | None = None,
) -> ExplorerGallery:
    """Every explorer on one page; each is worked out when it is first chosen.

    Parameters
    ----------
    study : Study
    source : Experiment or MeasuredCurve
        What all explorers but the last are about.
    replicas : Replicas, optional
        Of this study; without them there is no explorer of runs.
    curve : MeasuredCurve, optional
        What the last explorer fits; without one there is none.
    studies : sequence of Study, optional
        Which networks are laid over ``curve``; the last of them gives the fit its starts. By default ``study``.

    Returns
    -------
    ExplorerGallery
        A widget; it starts with the rocking curve's explorer.
    """
    from xrdlib.diagnostics import diagnose  # torch, seconds
    from xrdlib.refinement import refine

    makers: dict[str, tuple[str, Maker]] = {
        "Curve": ("How do strain, sample and instrument shape the rocking curve?", curve_explorer),
        "Epochs": (
            "What does each epoch of the network make of the curve?",
            lambda: epoch_explorer(diagnose(source, study, sections=())),
        ),
        "Coverage": ("How many training samples are near?", lambda: coverage_explorer(study, source)),
        "Bins": ("Where in a parameter's range does the network err?", lambda: bins_explorer(study, source)),
        "Sensitivity": (
            "What does a change of one parameter do to the curve, and could a measurement tell?",
            lambda: sensitivity_explorer(study, source),
        ),
        "Neighbours": (
            "Would looking the curve up among the training curves do as well?",
            lambda: neighbours_explorer(study, source),
        ),
        "Ensemble": ("What do several epochs say together?", lambda: ensemble_explorer(study, source)),
        "Region": (
            "Which training samples would a remedy around this point train on?",
            lambda: region_explorer(study, source),
        ),
        "Decision": ("What to do about it?", lambda: decision_explorer(study, source)),
    }
    if replicas is not None:
        makers["Runs"] = (
            "How much of it is chance: what if the same network is trained again?",
            lambda: mechanisms_explorer(replicas, study=study),
        )
    if curve is not None:
        over = list(studies or [study])
        makers["Fit"] = (
            "What do the networks and a fit make of a measured curve?",
            lambda: fit_explorer(curve, over, refine(curve, over[-1], random=0, disorder="even")),
        )
    return ExplorerGallery(makers)
