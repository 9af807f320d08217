"""One parameter changed by a slider: profile and curve before and after, and whether counting would tell them apart."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import ipywidgets
import numpy as np
from numpy.typing import ArrayLike

from xrdlib.data import LAB_EXPERIMENT, SPACE, DatasetConfig, Experiment, MeasuredCurve
from xrdlib.plots import plot_curve, plot_profile
from xrdlib.plots.curves import ANGLE_LABEL
from xrdlib.plots.style import COLOURS, PAGE, new_figure, style
from xrdlib.simulation import PARAMETERS, Instrument, StrainParameters, strain_profile
from xrdlib.widgets._image import Explorer, Picture

if TYPE_CHECKING:
    from xrdlib.diagnostics import Perturbation, Target
    from xrdlib.training import Study

__all__ = ["SensitivityExplorer", "sensitivity_explorer"]

_OF = {"% of range": "range", "% of value": "value"}
_DEPTH = 7500.0  # A, the deepest strained region of the parameter space
_WIDTH = {"width": "300px"}


class SensitivityExplorer(Explorer):
    """What `sensitivity_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    start : ndarray, shape (7,)
        The point, lengths in A.
    name : ipywidgets.Dropdown
        The parameter to change.
    of : ipywidgets.ToggleButtons
        ``of.value`` is "range" or "value".
    step : ipywidgets.FloatSlider
        In %.
    counts, background : ipywidgets.FloatLogSlider
        Counts in the peak, and background relative to it.
    """

    def __init__(
        self, source: Study | DatasetConfig, start: ArrayLike, instrument: Instrument, disorder: float
    ) -> None:
        self.start = np.asarray(start, dtype=np.float64)
        self._source, self._instrument, self._disorder = source, instrument, disorder
        self.name = ipywidgets.Dropdown(options=list(PARAMETERS), value="Rp2", description="change", layout=_WIDTH)
        self.of = ipywidgets.ToggleButtons(options=_OF, value="range", style={"button_width": "110px"})
        self.step = ipywidgets.FloatSlider(-1.0, min=-5.0, max=5.0, step=0.1, description="by %", layout=_WIDTH)
        # the ranges begin a whole number of steps below the start: a browser puts the slider on one of its steps
        self.counts = ipywidgets.FloatLogSlider(
            6e4, min=np.log10(6e2), max=8, step=0.1, description="counts", layout=_WIDTH
        )
        self.background = ipywidgets.FloatLogSlider(
            2e-3, min=np.log10(2e-6), max=-1, step=0.1, readout_format=".1e", description="backgr.", layout=_WIDTH
        )
        self.counts.readout_format = ".1e"
        controls = [self.name, self.of, self.step, self.counts, self.background]
        super().__init__(controls, self._draw_first())
        for control in controls:
            control.observe(self._changed, names="value")
        self._changed()

    @property
    def perturbation(self) -> Perturbation:
        """Of the present controls.

        Raises
        ------
        ValueError
            Where the step leads to parameters that cannot be simulated.
        """
        from xrdlib.diagnostics import perturb

        return perturb(
            self._source,
            self.start,
            self.name.value,
            self.step.value / 100,
            of=self.of.value,
            counts=self.counts.value,
            background=self.background.value,
            instrument=self._instrument,
            disorder=self._disorder,
        )

    def _draw_first(self) -> Picture:
        now, profile = self.perturbation, strain_profile(self.start)
        with style():
            figure = new_figure(PAGE, 0.5 * PAGE)
            axes = figure.subplot_mosaic("PC;PD", height_ratios=(1.7, 1), width_ratios=(1, 1.5))
            left, top, self._bottom = (axes[key] for key in "PCD")
            plot_profile({"before": profile, "after": profile}, left)
            plot_curve(now.angle, {"before": now.curve_before, "after": now.curve_after}, top)
            for ax in (left, top):
                ax.lines[0].set(color=COLOURS["black"], linewidth=0.9)
                ax.lines[1].set(color=COLOURS["vermillion"], linestyle="--", linewidth=0.9)
                if (legend := ax.get_legend()) is not None:
                    legend.remove()
            low, high = now.curve_before.min(), now.curve_before.max()
            top.set(xlim=(now.angle[0], now.angle[-1]), ylim=(0.3 * low, 3 * high), xlabel="")
            top.tick_params(labelbottom=False)
            left.set(xlim=(0, _DEPTH), ylim=(0, 1e3 * 1.3 * profile.strain.max()))
            self._bottom.axhline(0, color=COLOURS["grey"], linewidth=0.6)
            (difference,) = self._bottom.plot(now.angle, now.difference, color=COLOURS["vermillion"], linewidth=0.9)
            self._bottom.set(xlabel=ANGLE_LABEL, ylabel="log₁₀ (after\n/ before)", xlim=(now.angle[0], now.angle[-1]))
            self._bottom.yaxis.set_label_coords(-0.14, 0.5)  # the layout is found once: room for any tick label
            figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        self._profile, self._curve, self._difference = left.lines[1], top.lines[1], difference
        return Picture(figure, [self._profile, self._curve, self._difference])

    def _changed(self, _: object = None) -> None:
        try:
            now = self.perturbation
            profile = strain_profile(now.after)
        except ValueError as error:  # the last picture stays
            self.readout.value = (
                f'<div style="color:#c06000"><b>Cannot be simulated:</b> {html.escape(str(error))}</div>'
            )
            return
        self._profile.set_data(profile.depth, 1e3 * profile.strain)
        self._curve.set_ydata(now.curve_after)
        self._difference.set_ydata(now.difference)
        largest = float(np.abs(now.difference).max())
        # a limit of 1, 2 or 5 times a power of ten: the axis stands still while the slider moves a little
        power = 10.0 ** np.floor(np.log10(max(largest, 1e-6)))
        limit = power * next(m for m in (1.0, 2.0, 5.0, 10.0) if m * power >= largest)
        self._bottom.set_ylim(-1.05 * limit, 1.05 * limit)
        self.image.redraw()
        broken = SPACE.violations(now.after)
        outside = f" <i>Outside the parameter space: {html.escape('; '.join(broken))}.</i>" if broken else ""
        self.readout.value = f"{html.escape(now.sentence)}{outside}"


def sensitivity_explorer(
    study: Study | DatasetConfig | None = None,
    source: Target | Experiment | MeasuredCurve | StrainParameters | ArrayLike = LAB_EXPERIMENT,
) -> SensitivityExplorer:
    """Change one parameter by a slider and see what becomes of profile and curve.

    Parameters
    ----------
    study : Study or DatasetConfig, optional
        Whose sample and scan; by default the lab's. A Study where ``source`` is an experiment or a curve.
    source : Target, Experiment, MeasuredCurve, StrainParameters or array_like of shape (7,)
        Where to start. Of a curve without known parameters it is the prediction of the study's chosen epoch (clipped to
        its ranges), with the resolution and disorder fitted to the curve.

    Returns
    -------
    SensitivityExplorer
        A widget.

    Raises
    ------
    ParameterError
        If parameters are given that are outside their ranges or constraints.
    ValueError
        If an experiment or a curve is given without a Study.
    """
    from xrdlib.diagnostics import Target, checkpoints  # torch, seconds
    from xrdlib.training import Study

    if isinstance(source, Target | Experiment | MeasuredCurve):
        if not isinstance(study, Study):
            raise ValueError("study: an experiment or a curve needs a Study; give one, or seven parameters")
        found = checkpoints(study, Target.of(source, study))
        n = found.nuisances
        return SensitivityExplorer(study, found.point, Instrument(n.fwhm, n.lorentz_fraction), n.disorder)
    return SensitivityExplorer(study or DatasetConfig(), SPACE.check(source)[0], Instrument(), 1.0)
