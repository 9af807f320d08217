"""A slider over the number of neighbours: what looking a curve up would answer, beside the network's answer."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.data.space import format_parameters
from xrdlib.plots.curves import label_profile
from xrdlib.plots.neighbours import draw_answers, draw_error_of_k, draw_parameters, neighbour_dots
from xrdlib.plots.style import COLOURS, new_figure, style
from xrdlib.simulation import PARAMETERS, strain_profile
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from xrdlib.diagnostics import Neighbours, Target
    from xrdlib.training import Study

__all__ = ["NeighboursExplorer", "neighbours_explorer"]

_WIDTHS = 8.0, 8.0  # cm; side by side in a JupyterLab of 1280 pixels
_DEPTH = 7500.0  # A, the deepest strained region of the parameter space
_SPACES = {
    "nearest by curve": "curve",
    "nearest by curve as trained": "curve as trained",
    "nearest by parameters": "parameters",
}


class NeighboursExplorer(Explorer):
    """What `neighbours_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    neighbours : Neighbours
    k : ipywidgets.IntSlider
    weighted : ipywidgets.Checkbox
    space : ipywidgets.Dropdown
        ``space.value`` is a key of ``neighbours.lookups``.
    """

    def __init__(self, neighbours: Neighbours) -> None:
        self.neighbours = neighbours
        kept = min(len(lookup.distance) for lookup in neighbours.lookups.values())
        self.k = ipywidgets.IntSlider(neighbours.k, min=1, max=kept, description="k", layout={"width": "420px"})
        self.weighted = ipywidgets.Checkbox(neighbours.weighted, description="weighted by 1 / distance", indent=False)
        spaces = [(label, space) for label, space in _SPACES.items() if space in neighbours.lookups]
        self.space = ipywidgets.Dropdown(options=spaces, value="curve", layout={"width": "240px"})
        controls = [self.k, self.weighted, self.space]
        super().__init__(controls, self._draw_curves(), self._draw_parameters())
        for control in controls:
            control.observe(self._changed, names="value")
        self._changed()

    def _draw_curves(self) -> Picture:
        n = self.neighbours
        with style():
            figure = new_figure(_WIDTHS[0], 1.25 * _WIDTHS[0])
            top, bottom = figure.subplots(2, 1, height_ratios=(1.4, 1))
            self._curves = draw_answers(top, n, "curve")
            if n.target.true is not None:
                _plot_profile(bottom, n.target.true, "black", ":", label="true")
            network = n.found.predictions[n.found.row(n.found.final)]
            _plot_profile(bottom, np.clip(network, SPACE.minimum, SPACE.maximum), COLOURS["vermillion"], "-")
            self._profile = _plot_profile(bottom, network, COLOURS["green"], "--")
            label_profile(bottom)
            strain = max(float((a.parameters[:, 0] + a.parameters[:, 4]).max()) for a in n.answers.values())
            bottom.set(xlim=(0, _DEPTH), ylim=(0, 1e3 * strain))
            handles, labels = top.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper center", ncols=1)
        return Picture(figure, [*self._curves, self._profile])

    def _draw_parameters(self) -> Picture:
        with style():
            figure = new_figure(_WIDTHS[1], 1.25 * _WIDTHS[1])
            top, bottom = figure.subplots(2, 1, height_ratios=(1.4, 1))
            self._points = draw_parameters(top, self.neighbours, "curve")
            draw_error_of_k(bottom, self.neighbours, "curve")
            self._here = bottom.axvline(1, color=COLOURS["orange"], linewidth=2.5, alpha=0.6)
            figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        return Picture(figure, [*self._points, self._here])

    @property
    def _answer(self) -> Any:
        return self.neighbours.answers[self.space.value, self.weighted.value]

    def _changed(self, _: object = None) -> None:
        answer, i = self._answer, self.k.value - 1
        self._curves[0].set_ydata(answer.curves["mean of intensities"][i])
        self._curves[1].set_ydata(answer.curves["curve of mean parameters"][i])
        profile = strain_profile(answer.parameters[i])
        self._profile.set_data(profile.depth, 1e3 * profile.strain)
        self._points[0].set_data(*neighbour_dots(self.neighbours, self.space.value, self.k.value))
        self._points[1].set_xdata(100 * SPACE.normalise(answer.parameters[i]))
        self._here.set_xdata([self.k.value, self.k.value])
        for picture in self.pictures:
            picture.redraw()
        text = f"<b>{html.escape(self._title())}</b> {html.escape(self._verdict())}"
        self.readout.value = f"{text}{self.table.to_html(border=0)}"

    def _title(self) -> str:
        k, distance = self.k.value, self.neighbours.lookups[self.space.value].distance
        unit = "in units of the ranges" if self.space.value == "parameters" else "RMSE of log10 intensity"
        return f"{k} nearest, at distances {distance[0]:.3f} to {distance[k - 1]:.3f} ({unit})."

    def _verdict(self) -> str:
        answer, n, i = self._answer, self.neighbours, self.k.value - 1
        mean, of_mean = (answer.misfits[kind].rmse[i] for kind in ("mean of intensities", "curve of mean parameters"))
        word = "Closer to the curve than" if mean < n.network_error else "No closer to the curve than"
        said = [
            f"{word} the network at final: mean curve {mean:.3f}, curve of the mean parameters {of_mean:.3f}, network "
            f"{n.network_error:.3f} (RMSE of log10 intensity)."
        ]
        if answer.errors is not None and n.found.error is not None:
            network, ours = n.found.error[n.found.row(n.found.final)], answer.errors[i].mean()
            word = "better" if ours < network else "worse"
            said.append(f"Parameters {word}: an error of {ours:.1f} against {network:.1f} % of range.")
        if self.space.value == "parameters":
            said.append(
                "They were found around the chosen prediction." if n.predicted else
                "They were found with the truth in hand."
            )  # fmt: skip
        return " ".join(said)

    @property
    def table(self) -> pd.DataFrame:
        """Mean parameters of the neighbours and the network's, as text; where the truth is known also errors and it."""
        answer, n, i = self._answer, self.neighbours, self.k.value - 1
        final = n.found.row(n.found.final)
        rows = {
            "neighbours' mean": format_parameters(answer.parameters[i]),
            "network": format_parameters(n.found.predictions[final]),
        }
        if answer.errors is not None and n.found.errors is not None and n.target.true is not None:
            rows["error of neighbours (%)"] = [f"{error:.1f}" for error in answer.errors[i]]
            rows["error of network (%)"] = [f"{error:.1f}" for error in n.found.errors[final]]
            rows["true"] = format_parameters(n.target.true)
        return pd.DataFrame(rows, index=list(PARAMETERS)).T


def _plot_profile(ax: Any, parameters: NDArray[np.float64], colour: str, line: str, **kwargs: Any) -> Any:
    profile = strain_profile(np.clip(parameters, SPACE.minimum, SPACE.maximum))
    (drawn,) = ax.plot(profile.depth, 1e3 * profile.strain, color=colour, linestyle=line, linewidth=0.9, **kwargs)
    return drawn


def neighbours_explorer(
    study: Study, source: Target | Experiment | MeasuredCurve | Neighbours, *, k: int = 5, seed: int = 0
) -> NeighboursExplorer:
    """Change the number of neighbours, their weighting, and where they are looked for.

    Parameters
    ----------
    study : Study
    source : Target, Experiment, MeasuredCurve or Neighbours
        What is looked up, or the finished look-up of `neighbour_baseline`.
    k : int
        Neighbours to begin with; of a finished look-up its own.
    seed : int
        Of the draws of `neighbour_baseline`.

    Returns
    -------
    NeighboursExplorer
        A widget. Everything it shows has been worked out before the first picture.
    """
    from xrdlib.diagnostics import Neighbours, neighbour_baseline  # torch, seconds

    found = source if isinstance(source, Neighbours) else neighbour_baseline(study, source, k=k, seed=seed)
    return NeighboursExplorer(found)
