"""A slider over the epochs of a study: the curve and profile each predicts, and the trace beneath."""

from __future__ import annotations

import html
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
import pandas as pd

from xrdlib.data import SPACE
from xrdlib.data.space import format_parameters
from xrdlib.plots import plot_curve, plot_profile, plot_traces
from xrdlib.plots.style import COLOURS, new_figure, style
from xrdlib.simulation import PARAMETERS, strain_profile
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from xrdlib.diagnostics import Diagnosis

__all__ = ["EpochExplorer", "epoch_explorer"]

_WIDTH, _HEIGHTS = 16.4, (5.6, 7.2)  # cm; one beneath the other, both on a screen


class EpochExplorer(Explorer):
    """What `epoch_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    diagnosis : Diagnosis
    epoch : ipywidgets.SelectionSlider
        ``epoch.value`` is the epoch shown, one of those whose predictions are known.
    buttons : dict of str to ipywidgets.Button
        ``final``, ``ideal`` (where the truth is known) and ``chosen`` go to the epoch of that name.
    """

    def __init__(self, diagnosis: Diagnosis) -> None:
        self.diagnosis = diagnosis
        checkpoints = diagnosis.checkpoints
        self.epoch = ipywidgets.SelectionSlider(
            options=[int(epoch) for epoch in checkpoints.epochs],
            value=checkpoints.final,
            description="epoch",
            layout={"width": "480px"},
        )
        self.buttons = {}
        for name, epoch in checkpoints.named.items():
            self.buttons[name] = ipywidgets.Button(description=f"{name} ({epoch})", layout={"width": "110px"})
            self.buttons[name].on_click(partial(self._go_to, epoch))
        super().__init__([self.epoch, *self.buttons.values()], self._draw_curves(), self._draw_trace())
        self.epoch.observe(self._changed, names="value")
        self._changed()

    def _draw_curves(self) -> Picture:
        target, found = self.diagnosis.target, self.diagnosis.checkpoints
        # outside their ranges they are drawn at the edge, as the curves were simulated
        self._profiles = [strain_profile(p) for p in np.clip(found.predictions, SPACE.minimum, SPACE.maximum)]
        with style():
            figure = new_figure(_WIDTH, _HEIGHTS[0])
            left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
            plot_curve(target.angle, {"observed": target.intensity, "re-simulated": found.curves[0]}, left)
            self._curve = left.lines[1]
            # every epoch within the same frame, so that one sees them move
            low, high = target.intensity[target.intensity > 0].min(), target.intensity.max()
            left.set_ylim(0.3 * low, 3 * high)
            known = {} if target.true is None else {"true": strain_profile(target.true)}
            plot_profile({**known, "predicted": self._profiles[0]}, right)
            self._profile = right.lines[-1]
            for line, twin in zip(right.lines[::-1], left.lines[::-1], strict=False):
                line.set_color(twin.get_color())
            right.legend()
            shown = [*self._profiles, *known.values()]
            right.set_xlim(0, 1.05 * max(float(one.depth.max(initial=100.0)) for one in shown))
            right.set_ylim(0, 1.05e3 * max(float(one.strain.max(initial=1e-3)) for one in shown))
        return Picture(figure, [self._curve, self._profile])

    def _draw_trace(self) -> Picture:
        figure = plot_traces(self.diagnosis.tracking, self.diagnosis.checkpoints, width=_WIDTH)
        figure.set_size_inches(figure.get_figwidth(), figure.get_figwidth() * _HEIGHTS[1] / _WIDTH)
        self._here = [ax.axvline(1, color=COLOURS["orange"], linewidth=2.5, alpha=0.6) for ax in figure.axes]
        return Picture(figure, self._here)

    def _changed(self, _: object = None) -> None:
        checkpoints, epoch = self.diagnosis.checkpoints, self.epoch.value
        self._curve.set_ydata(checkpoints.curves[checkpoints.row(epoch)])
        profile = self._profiles[checkpoints.row(epoch)]
        self._profile.set_data(profile.depth, 1e3 * profile.strain)
        for line in self._here:
            line.set_xdata([epoch, epoch])
        for picture in self.pictures:
            picture.redraw()
        self.readout.value = f"<b>{html.escape(self._title())}</b>{self.table.to_html(border=0)}"

    def _go_to(self, epoch: int, _: object) -> None:
        self.epoch.value = epoch

    def _title(self) -> str:
        checkpoints, epoch = self.diagnosis.checkpoints, self.epoch.value
        i = checkpoints.row(epoch)
        names = [name for name, named in checkpoints.named.items() if named == epoch]
        said = [f"Epoch {epoch} ({', '.join(names)})" if names else f"Epoch {epoch}"]
        said.append(f"validation loss {checkpoints.val_loss[i]:.4f}")
        if checkpoints.error is not None:
            said.append(f"mean error {checkpoints.error[i]:.1f} % of range")
        said.append(f"RMSE of log10 intensity {checkpoints.curve_rmse[i]:.3f}")
        return ", ".join(said)

    @property
    def table(self) -> pd.DataFrame:
        """Predicted parameters of the epoch shown, as text; where the truth is known also errors and truth."""
        checkpoints = self.diagnosis.checkpoints
        i = checkpoints.row(self.epoch.value)
        rows: dict[str, list[Any]] = {"predicted": format_parameters(checkpoints.predictions[i])}
        if checkpoints.errors is not None and checkpoints.true is not None:
            rows["error (% of range)"] = [f"{error:.1f}" for error in checkpoints.errors[i]]
            rows["true"] = format_parameters(checkpoints.true)
        return pd.DataFrame(rows, index=list(PARAMETERS)).T


def epoch_explorer(diagnosis: Diagnosis) -> EpochExplorer:
    """Go through a study's epochs by a slider: predicted profile and curve against the truth, the trace beneath.

    Parameters
    ----------
    diagnosis : Diagnosis
        As `xrdlib.diagnose` returns it, of a virtual experiment or a measured curve.

    Returns
    -------
    EpochExplorer
        A widget; it starts at the final epoch.
    """
    return EpochExplorer(diagnosis)
