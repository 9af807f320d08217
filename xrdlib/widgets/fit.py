"""A measured curve, what the epochs of networks make of it, and its fit."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import ipywidgets
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._words import listed
from xrdlib.data import SPACE
from xrdlib.data.space import format_parameters
from xrdlib.metrics import parameter_error
from xrdlib.plots import plot_curve, plot_profile
from xrdlib.plots.style import new_figure, style
from xrdlib.simulation import PARAMETERS, StrainProfile, strain_profile
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from xrdlib.data import Experiment, MeasuredCurve
    from xrdlib.diagnostics import Checkpoints, Target
    from xrdlib.refinement import Refinement
    from xrdlib.training import Study

__all__ = ["FitExplorer", "fit_explorer"]

_WIDTH, _HEIGHT = 16.4, 7.4  # cm
_NAMED = 3  # parameters in the read-out
_NAMES = ("final", "chosen")


class FitExplorer(Explorer):
    """What `fit_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    found : dict of str to Checkpoints
        What every epoch of each study makes of the curve, by the study's name.
    fit : Refinement or None
    study : ipywidgets.ToggleButtons
        ``study.value`` is the name of the study shown.
    epoch : ipywidgets.SelectionSlider
        ``epoch.value`` is the epoch shown, one of the study's whose weights are stored; another study begins at final.
    buttons : dict of str to ipywidgets.Button
        ``final`` and ``chosen`` go to the study's epoch of that name.
    """

    def __init__(self, targets: Sequence[Target], found: Sequence[Checkpoints], fit: Refinement | None = None) -> None:
        self.found = {one.study: one for one in found}
        if not found or len(self.found) < len(found):
            raise ValueError("studies: at least one, and different names, expected")
        if fit is not None and not np.array_equal(fit.angle, targets[0].angle):
            raise ValueError("fit: the angles are not the curve's; a fit of this curve expected")
        self._targets = dict(zip(self.found, targets, strict=True))
        self.fit = fit
        first = found[0]
        self.study = ipywidgets.ToggleButtons(options=list(self.found), value=first.study, description="study")
        self.epoch = ipywidgets.SelectionSlider(
            options=first.epochs.tolist(), value=first.final, description="epoch", layout={"width": "480px"}
        )
        self.buttons = {}
        for name in _NAMES:
            self.buttons[name] = ipywidgets.Button(description=name, layout={"width": "90px"})
            self.buttons[name].on_click(partial(self._go_to, name))
        # outside their ranges they are drawn at the edge, as the curves were simulated
        self._profiles = {
            name: [strain_profile(_inside(p)) for p in one.predictions] for name, one in self.found.items()
        }
        super().__init__([self.study, self.epoch, *self.buttons.values()], self._draw())
        self.study.observe(self._other_study, names="value")
        self.epoch.observe(self._changed, names="value")
        self._changed()

    def _draw(self) -> Picture:
        target, found = self._targets[self.study.value], self.found[self.study.value]
        fit = self.fit
        with style():
            figure = new_figure(_WIDTH, _HEIGHT)
            left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
            fitted = {} if fit is None else {"fit": fit.model}
            plot_curve(target.angle, {"measured": target.intensity, **fitted, "network": found.curves[0]}, left)
            # every epoch within the same frame, so that one sees them move
            low, high = target.intensity[target.intensity > 0].min(), target.intensity.max()
            left.set_ylim(0.3 * low, 3 * high)
            profiles: dict[str, StrainProfile] = {}
            if fit is not None:
                profiles["fit"] = strain_profile(fit.parameters, layer_thickness=fit.sample.layer_thickness)
            if target.true is not None:
                profiles["true"] = strain_profile(target.true)
            plot_profile({**profiles, "network": self._profiles[self.study.value][0]}, right)
            for line in right.lines:
                for twin in left.lines:
                    if twin.get_label() == line.get_label():
                        line.set_color(twin.get_color())
                if line.get_label() == "true":
                    line.set(color="black", linestyle=":")
            right.legend()
            shown = [*profiles.values(), *(one for rows in self._profiles.values() for one in rows)]
            right.set_xlim(0, 1.05 * max(float(one.depth.max(initial=100.0)) for one in shown))
            right.set_ylim(0, 1.05e3 * max(float(one.strain.max(initial=1e-3)) for one in shown))
        self._curve, self._profile = left.lines[-1], right.lines[-1]
        return Picture(figure, [self._curve, self._profile])

    def _other_study(self, _: object = None) -> None:
        found = self.found[self.study.value]
        self.epoch.unobserve(self._changed, names="value")
        self.epoch.options = found.epochs.tolist()
        self.epoch.value = found.final
        self.epoch.observe(self._changed, names="value")
        self._changed()

    def _changed(self, _: object = None) -> None:
        found, i = self._here
        self._curve.set_data(self._targets[self.study.value].angle, found.curves[i])
        profile = self._profiles[self.study.value][i]
        self._profile.set_data(profile.depth, 1e3 * profile.strain)
        self.image.redraw()
        said = "<br>".join(html.escape(text) for text in self.sentences)
        self.readout.value = f"<b>{html.escape(self._title())}</b><br>{said}{self.table.to_html(border=0)}"

    def _go_to(self, name: str, _: object) -> None:
        self.epoch.value = self.found[self.study.value].named[name]

    @property
    def _here(self) -> tuple[Checkpoints, int]:
        found = self.found[self.study.value]
        return found, found.row(self.epoch.value)

    @property
    def _reference(self) -> tuple[str, NDArray[np.float64]] | None:
        """What predictions are compared with: the fit, without one the truth if it is known."""
        if self.fit is not None:
            return "fit", self.fit.parameters
        true = self._targets[self.study.value].true
        return None if true is None else ("truth", true)

    def _title(self) -> str:
        found, _ = self._here
        names = [name for name, epoch in found.named.items() if epoch == self.epoch.value]
        return f"Study {found.study}, epoch {self.epoch.value}" + (f" ({', '.join(names)})" if names else "")

    @property
    def sentences(self) -> list[str]:
        """How far this epoch's curve and parameters are from what was measured and from the fit."""
        found, i = self._here
        of_fit = "" if self.fit is None else f"; of the fit {self.fit.log10_rmse:.3f}"
        said = [f"RMSE of log10 intensity {found.curve_rmse[i]:.3f}{of_fit}."]
        if self._reference is not None:
            name, point = self._reference
            apart = parameter_error(found.predictions[i], point, SPACE.range)
            furthest = np.argsort(-apart, kind="stable")[:_NAMED]
            far = listed([f"{PARAMETERS[k]} ({apart[k]:.0f} %)" for k in furthest])
            said.append(f"Furthest from the {name}: {far} of range; mean of all seven {apart.mean():.0f} %.")
        return said

    @property
    def table(self) -> pd.DataFrame:
        """Parameters as text: the network's at this epoch, the fit's, and the true ones, as far as there are any."""
        found, i = self._here
        rows = {"network": format_parameters(found.predictions[i])}
        if self.fit is not None:
            rows["fit"] = format_parameters(self.fit.parameters)
        true = self._targets[self.study.value].true
        if true is not None:
            rows["true"] = format_parameters(true)
        return pd.DataFrame(rows, index=list(PARAMETERS)).T


def _inside(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.clip(parameters, SPACE.minimum, SPACE.maximum))


def fit_explorer(
    source: Target | Experiment | MeasuredCurve, studies: Sequence[Study], fit: Refinement | None = None
) -> FitExplorer:
    """Lay over a measured curve what the networks make of it, epoch by epoch, and its fit.

    Parameters
    ----------
    source : MeasuredCurve, Experiment or Target
    studies : sequence of Study
        With different names; a toggle chooses between them.
    fit : Refinement, optional
        Of the same curve, as `xrdlib.refinement.refine` returns it.

    Returns
    -------
    FitExplorer
        A widget; it starts at the first study's final epoch.

    Raises
    ------
    ValueError
        Without a study, for two of one name, or if the fit is of another curve.
    """
    from xrdlib.diagnostics import Target, checkpoints  # torch, seconds

    targets = [Target.of(source, study) for study in studies]
    return FitExplorer(targets, [checkpoints(s, t) for s, t in zip(studies, targets, strict=True)], fit)
