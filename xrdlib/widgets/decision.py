"""The decision tree answered by toggles: the way through it and the recommendation follow."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets

from xrdlib.plots.decision import draw_tree, tree_height
from xrdlib.plots.style import new_figure, style
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from xrdlib.data import Experiment, MeasuredCurve
    from xrdlib.diagnostics import Decision, Target
    from xrdlib.training import Study

__all__ = ["DecisionExplorer", "decision_explorer"]

_WIDTH = 16.4  # cm
_AS_IT_IS = "as it is"  # not None, for which ipywidgets shows no button as pressed


class DecisionExplorer(Explorer):
    """What `decision_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    decision : Decision
        As measured, with the answers it came with.
    answers : dict of str to ipywidgets.ToggleButtons
        By question; True or False, or "as it is": the measured answer, or none at all where only the user knows.
    """

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.answers = {}
        for question, answer in decision.answers.items():
            mine = answer.by == "you"
            nothing = "open" if mine else f"measured: {answer.word}"
            self.answers[question] = ipywidgets.ToggleButtons(
                options=[(nothing, _AS_IT_IS), ("yes", True), ("no", False)],
                value=answer.value if mine and answer.value is not None else _AS_IT_IS,
                description=decision.label(question),
                style={"button_width": "130px", "description_width": "150px"},
            )
        height = tree_height(decision, _WIDTH)
        with style():
            figure = new_figure(_WIDTH, height)
            # an open and a taken way may both be there later: their legend is there from the start
            self._tree = draw_tree(figure, decision, _WIDTH, height, every_look=True)
        super().__init__(list(self.answers.values()), Picture(figure, self._tree.moving))
        for control in self.answers.values():
            control.observe(self._changed, names="value")
        self._changed()

    @property
    def shown(self) -> Decision:
        """The decision with the answers of the toggles."""
        values = {question: control.value for question, control in self.answers.items()}
        return self.decision.what_if(**{q: None if value == _AS_IT_IS else value for q, value in values.items()})

    def _changed(self, _: Any = None) -> None:
        shown = self.shown
        self._tree.show(shown)
        self.image.redraw()
        supposed = [step.question for step in shown.path if step.answer.by == "what if"]
        head = f"Supposed, not measured: {', '.join(map(shown.label, supposed))} " if supposed else ""
        said = [head.strip(), *shown.advice, shown.note.sentence]
        self.readout.value = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in said if sentence)


def decision_explorer(
    study: Study, source: Target | Experiment | MeasuredCurve | Decision, **answers: bool | None
) -> DecisionExplorer:
    """Answer the decision tree by toggles, the measured questions too, and see where it leads.

    Parameters
    ----------
    study : Study
    source : Target, Experiment, MeasuredCurve or Decision
        What is decided about, or the finished `decide`.
    **answers : bool
        To begin with: ``critical``, ``several``, ``publication``.

    Returns
    -------
    DecisionExplorer
        A widget. Everything that is measured has been worked out before the first picture.
    """
    from xrdlib.diagnostics import Decision, decide  # torch, seconds

    found = source if isinstance(source, Decision) else decide(study, source)
    return DecisionExplorer(found.what_if(**answers))
