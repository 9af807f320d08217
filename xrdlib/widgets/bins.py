"""Choose a parameter, a number of bins and an epoch: where in its range does the network err, and is that special?"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
from matplotlib.artist import Artist

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.plots.bins import interval_line
from xrdlib.plots.style import COLOURS, new_figure, style
from xrdlib.simulation import PARAMETERS
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from xrdlib.diagnostics import ParameterBins, Target
    from xrdlib.training import Study

__all__ = ["BinsExplorer", "bins_explorer"]

_WIDTH, _HEIGHT = 13.0, 7.0  # cm
_FEWEST, _MOST = 2, 12  # bins
_TOP = 3.0  # of the axis of ratios, that it may stand still


class BinsExplorer(Explorer):
    """What `bins_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    study : Study
    target : Target
    parameter : ipywidgets.Dropdown
    bins : ipywidgets.IntSlider
    epoch : ipywidgets.IntSlider
    """

    def __init__(self, study: Study, target: Target) -> None:
        from xrdlib.diagnostics import checkpoints

        self.study, self.target = study, target
        self._predicted = target.true is None
        self._point = checkpoints(study, target).point if target.true is None else target.true
        self._known: dict[tuple[int, int], ParameterBins] = {}
        wide = {"width": "300px"}
        self.parameter = ipywidgets.Dropdown(options=list(PARAMETERS), description="parameter", layout=wide)
        self.bins = ipywidgets.IntSlider(3, min=_FEWEST, max=_MOST, description="bins", layout=wide)
        self.epoch = ipywidgets.IntSlider(study.final, min=1, max=study.n_epochs, description="epoch", layout=wide)
        controls = [self.parameter, self.bins, self.epoch]
        super().__init__(controls, self._draw_first())
        for control in controls:
            control.observe(self._changed, names="value")
        self._changed()

    @property
    def result(self) -> ParameterBins:
        """What is shown, of all seven parameters."""
        return self._of(self.epoch.value)

    def _of(self, epoch: int) -> ParameterBins:
        from xrdlib.diagnostics import parameter_bins

        key = epoch, self.bins.value
        if key not in self._known:
            self._known[key] = parameter_bins(
                self.study, self._point, epoch=epoch, bins=self.bins.value, predicted=self._predicted
            )
        return self._known[key]

    def _draw_first(self) -> Picture:
        who = "prediction" if self._predicted else "experiment"
        with style():
            figure = new_figure(_WIDTH, _HEIGHT)
            ax = figure.add_subplot()
            ax.axhline(1, color="black", linewidth=0.6, zorder=1)
            grey: dict[str, Any] = {"color": COLOURS["grey"], "alpha": 0.8}
            final = f"at final (epoch {self.study.final})"
            self._final = ax.plot([], [], "_", markersize=14, markeredgewidth=1.5, label=final, **grey)[0]
            self._spans = ax.plot([], [], color=COLOURS["blue"], linewidth=1.0)[0]
            blue: dict[str, Any] = {"color": COLOURS["blue"], "markerfacecolor": "white", "markersize": 5}
            self._points = ax.plot([], [], "o", label="at the epoch shown", **blue)[0]
            here: dict[str, Any] = {"color": COLOURS["vermillion"], "markersize": 7, "linestyle": "none"}
            self._here = ax.plot([], [], marker="o", label=f"bin of the {who}", **here)[0]
            ax.set(xlim=(0, 100), ylim=(0, _TOP), xlabel="Position in the parameter's range (%)")
            ax.set_ylabel("Error in the bin / overall error")
            self._title = ax.set_title(" ")
            figure.legend(loc="outside upper center", ncols=3)
        moving: list[Artist] = [self._final, self._spans, self._points, self._here, self._title]
        return Picture(figure, moving)

    def _changed(self, _: object = None) -> None:
        now, i = self.result, PARAMETERS.index(self.parameter.value)
        x = 100 * (np.arange(now.n_bins) + 0.5) / now.n_bins
        # what is above the axis stands at its top
        ratio = np.minimum(now.ratio[i], 0.99 * _TOP)
        self._points.set_data(x, ratio[:, 0])
        self._spans.set_data(*interval_line(x, ratio))
        self._final.set_data(x, self._of(self.study.final).ratio[i, :, 0])
        assert now.here is not None
        self._here.set_data(x[[now.here[i]]], ratio[[now.here[i]], 0])
        self._title.set_text(f"{self.parameter.value}, epoch {now.epoch}")
        self.image.redraw()
        self.readout.value = "".join(f"<div>{html.escape(text)}</div>" for text in now.about(self.parameter.value))


def bins_explorer(study: Study, source: Target | Experiment | MeasuredCurve) -> BinsExplorer:
    """Explore where in a parameter's range a study errs, in any number of bins, at any epoch.

    Parameters
    ----------
    study : Study
    source : Target, Experiment or MeasuredCurve
        Whose bin is marked; of a measured curve that of the chosen epoch's prediction.

    Returns
    -------
    BinsExplorer
        A widget; it starts with three bins at the final epoch.
    """
    from xrdlib.diagnostics import Target

    return BinsExplorer(study, Target.of(source, study))
