"""Pick members and weights of an ensemble: its prediction, its curve and its spread move."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
import pandas as pd

from xrdlib.plots.curves import plot_curve
from xrdlib.plots.ensemble import draw_parameters
from xrdlib.plots.style import COLOURS, new_figure, style
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

    from xrdlib.data import Experiment, MeasuredCurve
    from xrdlib.diagnostics import Checkpoints, Target
    from xrdlib.remedies import Ensemble
    from xrdlib.training import Study

__all__ = ["EnsembleExplorer", "ensemble_explorer"]

_WIDTHS = 9.4, 6.8  # cm; side by side in a JupyterLab of 1280 pixels
_HEIGHT = 7.6
_HOW = {
    "mean": ("mean", "equal"),
    "median": ("median", "equal"),
    "mean, weights by validation loss": ("mean", "validation"),
    "mean, weights by curve error": ("mean", "curve"),
}


class EnsembleExplorer(Explorer):
    """What `ensemble_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    shown : Ensemble
        Of the members picked; the test sets are not scored.
    members : ipywidgets.SelectMultiple
        ``members.value`` are the epochs picked, of those whose prediction is known.
    how : ipywidgets.Dropdown
        ``how.value`` is ``mean``, ``median``, or a mean with weights by validation loss or curve error.
    buttons : dict of str to ipywidgets.Button
        Pick the 5 lowest validation losses (``5 best``), every other known epoch of the second half, the note's three,
        all, or final alone.
    """

    def __init__(self, found: Checkpoints, read: Callable[[Sequence[int], str, str], Ensemble]) -> None:
        self.found, self._read = found, read
        epochs = found.epochs.tolist()
        self._picks = _picks(found)
        self.members = ipywidgets.SelectMultiple(
            options=[(f"{e}  (loss {v:.4f})", e) for e, v in zip(epochs, found.val_loss, strict=True)],
            value=self._picks["5 best"],
            description="epochs",
            rows=6,
            layout={"width": "270px"},
        )
        self.how = ipywidgets.Dropdown(options=list(_HOW), description="how", layout={"width": "500px"})
        self.buttons = {}
        for name, picked in self._picks.items():
            self.buttons[name] = ipywidgets.Button(description=name, layout={"width": "98px"})
            self.buttons[name].on_click(partial(self._pick, picked))
        self.shown = read(self.members.value, "mean", "equal")
        # room for every choice: only lines may move
        self._all = read(epochs, "mean", "equal")
        wrap = {"display": "flex", "flex_flow": "row wrap", "width": "520px"}
        others = ipywidgets.Box([self.how, *self.buttons.values()], layout=wrap)
        super().__init__([self.members, others], self._draw_curve(), self._draw_parameters())
        for control in (self.members, self.how):
            control.observe(self._changed, names="value")
        self._changed()

    def _draw_curve(self) -> Picture:
        e = self._all
        with style():
            figure = new_figure(_WIDTHS[0], _HEIGHT)
            ax = figure.add_subplot()
            plot_curve(e.angle, {"observed": e.intensity, "ensemble": e.curve}, ax)
            observed, self._curve = ax.lines
            observed.set(color="black")
            self._curve.set(color=COLOURS["blue"], linestyle="-", linewidth=1.2)
            look: dict[str, Any] = {"color": COLOURS["orange"], "linewidth": 0.9}
            self._edges = [ax.plot(e.angle, e.curve, **look)[0] for _ in range(2)]
            self._edges[0].set_label("lowest and highest member")
            low, high = e.intensity[e.intensity > 0].min(), e.intensity.max()
            ax.set_ylim(0.3 * low, 3 * high)
            ax.legend()
        return Picture(figure, [*self._edges, self._curve])

    def _draw_parameters(self) -> Picture:
        with style():
            figure = new_figure(_WIDTHS[1], _HEIGHT)
            ax = figure.add_subplot()
            drawn = draw_parameters(ax, self._all)
            ax.plot([], [], "|", color=COLOURS["orange"], label="members")
            handles, labels = ax.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper center", ncols=2)
        self._points: Line2D = drawn["point"]
        self._bars: list[Line2D] = drawn["bars"]
        self._each: Line2D = drawn["members"]
        return Picture(figure, [self._each, *self._bars, self._points])

    def _pick(self, epochs: tuple[int, ...], _: object) -> None:
        self.members.value = epochs

    def _changed(self, _: object = None) -> None:
        if not self.members.value:
            self.readout.value = "<b>No epoch is picked: pick one at least.</b>"
            return
        e = self.shown = self._read(self.members.value, *_HOW[self.how.value])
        self._curve.set_ydata(e.curve)
        for line, values in zip(self._edges, (e.curves.min(axis=0), e.curves.max(axis=0)), strict=True):
            line.set_ydata(values)
        members, centre, sd = e.fractions
        self._points.set_xdata(centre)
        for bar, c, s in zip(self._bars, centre, sd, strict=True):
            bar.set_xdata([c - s, c + s])
        rows = np.arange(centre.size) + 0.22
        self._each.set_data(members.ravel(), np.tile(rows, len(members)))
        for picture in self.pictures:
            picture.redraw()
        self.readout.value = f"<b>{html.escape(self._title())}</b>{self.table.to_html(border=0)}"

    def _title(self) -> str:
        e = self.shown
        k = len(e.readings)
        kind = "Median" if e.how == "median" else "Mean"
        said = [f"{kind} of {k} epochs" if k > 1 else f"Epoch {e.members.labels[0]} alone"]
        if e.combined.error is not None and e.final.error is not None:
            said.append(f"mean error {e.combined.error:.2f} % of range (final {e.final.error:.2f})")
        said.append(f"RMSE of log10 intensity {e.combined.curve_rmse:.3f} (final {e.final.curve_rmse:.3f})")
        if k > 1:
            said.append(f"mean SD of the members {e.fractions[2].mean():.2f} % of range")
        if k > 1 and e.inside is not None:
            said.append(f"{e.inside.sum()} of 7 true parameters between the lowest and the highest member")
        return ", ".join(said)

    @property
    def table(self) -> pd.DataFrame:
        """Parameters of the ensemble shown, as text, with SD and range of the members, final and truth."""
        return self.shown.parameters.T


def _picks(found: Checkpoints) -> dict[str, tuple[int, ...]]:
    epochs = found.epochs
    best = epochs[np.argsort(found.val_loss, kind="stable")[:5]]
    half = epochs[epochs > found.n_trained / 2]
    three = epochs[np.abs(epochs - 0.75 * found.n_trained).argmin()]
    first = found.chosen if found.ideal is None else found.ideal
    return {
        "5 best": tuple(sorted(best.tolist())),
        "second half": tuple(half[::-2][::-1].tolist()) or (found.final,),
        "the note's 3": tuple(sorted({first, found.final, int(three)})),
        "all": tuple(epochs.tolist()),
        "final": (found.final,),
    }


def ensemble_explorer(study: Study, source: Target | Experiment | MeasuredCurve) -> EnsembleExplorer:
    """Pick members of an ensemble of epochs and how they are combined.

    Parameters
    ----------
    study : Study
    source : Target, Experiment or MeasuredCurve
        A tracked experiment; or, where weights are stored, any other and measured curves.

    Returns
    -------
    EnsembleExplorer
        A widget; it starts with the mean of the 5 epochs with the lowest validation loss.

    Raises
    ------
    StudyError
        If the study can say nothing of this curve.
    """
    from xrdlib.diagnostics import Target, checkpoints  # torch, seconds
    from xrdlib.remedies import ensemble

    target = Target.of(source, study)
    found = checkpoints(study, target)

    def read(epochs: Sequence[int], how: str, weights: str) -> Ensemble:
        return ensemble(study, target, epochs, how=how, weights=weights, found=found, score_tests=False)

    return EnsembleExplorer(found, read)
