"""Choose what differs between runs of one study: their traces of one experiment, and bias and spread by epoch."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib.plots.mechanisms import SOURCE_COLOURS, TITLES, draw_bias_variance
from xrdlib.plots.style import COLOURS, legend_columns, new_figure, style
from xrdlib.plots.traces import epoch_axis
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from xrdlib.diagnostics import Mechanisms
    from xrdlib.training import Replicas, Study

__all__ = ["MechanismsExplorer", "mechanisms_explorer"]

_WIDTHS = 8.6, 7.4  # cm; side by side in a JupyterLab of 1280 pixels
_HEIGHT = 8.2
_REGIONS = ("dense", "sparse")


class MechanismsExplorer(Explorer):
    """What `mechanisms_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    found : dict of str to Mechanisms
        By experiment.
    experiment, source : ipywidgets.Dropdown
        Which experiment; what differs between the runs shown (``source.value`` is a key of ``Variation.sources``).
    epoch : ipywidgets.IntSlider
    """

    def __init__(self, found: dict[str, Mechanisms], experiment: str) -> None:
        self.found = found
        v = found[experiment].variation
        short = {"layout": {"width": "250px"}}
        self.experiment = ipywidgets.Dropdown(options=list(found), value=experiment, description="experiment", **short)
        self.source = ipywidgets.Dropdown(options=[(TITLES[s], s) for s in v.sources], description="differs", **short)
        last = v.errors.shape[1]
        self.epoch = ipywidgets.IntSlider(
            int(v.final[0]), min=1, max=last, description="epoch", layout={"width": "420px"}, continuous_update=True
        )
        controls = [self.experiment, self.source, self.epoch]
        super().__init__(controls, self._draw_traces(), self._draw_parts())
        for control in controls:
            control.observe(self._changed, names="value")
        self._changed()

    @property
    def shown(self) -> Mechanisms:
        """Of the experiment chosen."""
        return self.found[self.experiment.value]

    def _draw_traces(self) -> Picture:
        v = self.shown.variation
        most = max(map(len, v.sources.values()))
        with style():
            figure = new_figure(_WIDTHS[0], _HEIGHT)
            self._traces = figure.add_subplot()
            ax = self._traces
            self._runs = [ax.plot([], [], linewidth=0.8)[0] for _ in range(most)]
            self._runs[0].set(color="black", linewidth=1.1, zorder=3)
            (self._ideal,) = ax.plot([], [], "v", color="0.3", markersize=5, zorder=4)
            self._here = [ax.axvline(1, color=COLOURS["orange"], linewidth=2.5, alpha=0.6)]
            ax.plot([], [], color="black", label=v.runs[0])
            ax.plot([], [], color=COLOURS["grey"], label="others")
            ax.plot([], [], "v", color="0.3", label="ideal epoch of a run")
            ax.set_xlim(0, v.errors.shape[1] + 1)
            ax.set_ylabel("Mean parameter error (% of range)")
            epoch_axis(ax)
            handles, labels = ax.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, _WIDTHS[0]))
            self._frame()
        return Picture(figure, [*self._runs, self._ideal, *self._here])

    def _draw_parts(self) -> Picture:
        b = self.shown.bias_variance
        with style():
            figure = new_figure(_WIDTHS[1], _HEIGHT)
            axes = figure.subplots(2, 1, sharex=True)
            draw_bias_variance(axes, b)
            self._own = [ax.plot([], [], color="black", linewidth=0.9, label="experiment")[0] for ax in axes]
            lines = [ax.axvline(1, color=COLOURS["orange"], linewidth=2.5, alpha=0.6) for ax in axes]
            # room for every experiment: only lines may move
            for ax, parts in zip(axes, zip(*(_parts(m) for m in self.found.values()), strict=True), strict=True):
                ax.set_ylim(0, max(ax.get_ylim()[1], 1.05 * max(float(p.max()) for p in parts)))
            epoch_axis(axes[-1])
            handles, labels = axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, _WIDTHS[1]))
        self._here += lines
        return Picture(figure, [*self._own, *lines])

    def _frame(self) -> None:
        errors = self.shown.variation.errors
        self._traces.set_ylim(0, 1.05 * float(errors.max()))

    def _changed(self, _: object = None) -> None:
        found, epoch = self.shown, self.epoch.value
        v = found.variation
        rows = v.sources[self.source.value]
        epochs = np.arange(1, v.errors.shape[1] + 1)
        for i, line in enumerate(self._runs):
            line.set_data(epochs, v.errors[rows[i]] if i < len(rows) else np.full(epochs.size, np.nan))
            if i:
                line.set_color(COLOURS[SOURCE_COLOURS[self.source.value]])
        self._ideal.set_data(v.ideal[rows], v.errors[rows].min(axis=1))
        for line, values in zip(self._own, _parts(found), strict=True):
            line.set_data(epochs, values)
        for line in self._here:
            line.set_xdata([epoch, epoch])
        self._frame()
        for picture in self.pictures:
            picture.redraw()
        self.readout.value = f"<b>{html.escape(self._title())}</b>{self.table.to_html(border=0)}"

    def _title(self) -> str:
        found, epoch = self.shown, self.epoch.value
        v, b = found.variation, found.bias_variance
        rows = v.sources[self.source.value]
        here = v.errors[rows, epoch - 1]
        better = int(np.sum(here < v.final_error[rows]))
        stored = int(b.epochs[np.abs(b.epochs - epoch).argmin()])
        at = b.intervals[b.intervals["epoch"] == stored].set_index("region")
        bias, spread = (float(p[epoch - 1]) for p in _parts(found))
        regions = " and ".join(
            f"{at['bias'][region]:.1f} and {at['spread'][region]:.1f} in {region} regions" for region in _REGIONS
        )
        return (
            f"Epoch {epoch}: {len(rows)} runs that differ in {v.words(self.source.value)} err on {v.target} by "
            f"{here.min():.1f} to {here.max():.1f} % of range (SD {here.std(ddof=1):.1f}); {better} of them read it "
            f"better than at their final epochs. Over the {b.n_runs} runs that differ in {v.words(v.main)} its bias is "
            f"{bias:.1f}, its spread {spread:.1f}; those of test samples are {regions} (epoch {stored})."
        )

    @property
    def table(self) -> pd.DataFrame:
        """Errors of the runs shown, as text: at this epoch, at their final and at their ideal one, % of range."""
        v = self.shown.variation
        rows = {}
        for i in v.sources[self.source.value]:
            rows[v.runs[i]] = {
                "this epoch": f"{v.errors[i, self.epoch.value - 1]:.1f}",
                "final": f"{v.final_error[i]:.1f} (epoch {v.final[i]})",
                "ideal": f"{v.errors[i].min():.1f} (epoch {v.ideal[i]})",
            }
        return pd.DataFrame(rows).T


def _parts(found: Mechanisms) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bias and spread of the experiment at every epoch, root mean square in % of range."""
    b = found.bias_variance
    return np.sqrt(np.maximum(b.target_bias2, 0)), np.sqrt(b.target_variance)


def mechanisms_explorer(
    replicas: Replicas, experiment: str | None = None, *, study: Study | None = None
) -> MechanismsExplorer:
    """Go through the experiments, the sources of chance and the epochs of a study that was trained again.

    Parameters
    ----------
    replicas : Replicas
    experiment : str, optional
        The tracked experiment to begin with; by default the first.
    study : Study, optional
        The study itself, trained with another number of threads: adds rounding as a source.

    Returns
    -------
    MechanismsExplorer

    Raises
    ------
    StudyError
        If the replicas did not track the experiment.
    """
    from xrdlib.diagnostics import mechanisms  # torch, seconds

    names = [e.name for e in replicas.config.experiments]
    first = names[0] if experiment is None else experiment
    replicas.experiment_predictions(first)  # refused now, by name
    return MechanismsExplorer({name: mechanisms(replicas, name, study=study) for name in names}, first)
