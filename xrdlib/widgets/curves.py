"""Sliders for the seven parameters: profile and curve redrawn at each change, beside a curve kept for comparison."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from xrdlib.data import LAB_EXPERIMENT, SPACE
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.plots import plot_curve, plot_profile
from xrdlib.plots.style import COLOURS, PAGE, new_figure, style
from xrdlib.simulation import (
    GGG_444,
    PARAMETERS,
    YIG_FILM,
    Instrument,
    Scan,
    StrainedPeak,
    StrainParameters,
    simulate,
    strain_profile,
    strained_peak,
)
from xrdlib.widgets._image import Explorer, Picture

__all__ = ["CurveExplorer", "curve_explorer"]

_MEANING = {
    "Dmax1": "peak strain of the asymmetric Gaussian",
    "D01": "strain of the asymmetric Gaussian at the surface",
    "L1": "depth of the asymmetric Gaussian, A",
    "Rp1": "depth of its peak, A",
    "D02": "strain of the decaying Gaussian at the surface",
    "L2": "depth of the decaying Gaussian, A",
    "Rp2": "its centre, A (negative: above the surface)",
}
_COLUMNS = (("Dmax1", "D01", "D02"), ("L1", "Rp1", "L2", "Rp2"))
_SAMPLES = {"GGG": None, "YIG film on GGG": YIG_FILM}
_WIDTH = {"width": "268px"}
_NO_BACKGROUND = 1e-8


class CurveExplorer(Explorer):
    """What `curve_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    sliders : dict of str to ipywidgets.FloatSlider
        The seven parameters; lengths in A.
    sample : ipywidgets.Dropdown
    fwhm, lorentz_fraction, background, disorder : ipywidgets.FloatSlider or ipywidgets.FloatLogSlider
        As in `Instrument` and `simulate`; the lowest background (1e-8) stands for none.
    keep, reset : ipywidgets.Button
        Keep the present curve for comparison; go back to the start, its comparison included.
    """

    def __init__(self, start: StrainParameters, scan: Scan) -> None:
        self.scan = scan
        self.sliders = {name: _parameter_slider(name, getattr(start, name)) for name in PARAMETERS}
        self.sample = ipywidgets.Dropdown(options=list(_SAMPLES), description="sample", layout=_WIDTH)
        self.fwhm = _slider("FWHM", 30.0, 10.0, 60.0, 1.0, ".0f", "full width of the resolution function, arcsec")
        self.lorentz_fraction = _slider("Lorentz", 0.0, 0.0, 0.5, 0.01, ".2f", "Lorentz fraction of the resolution")
        self.background = ipywidgets.FloatLogSlider(
            _NO_BACKGROUND, min=-8, max=-3, step=0.1, readout_format=".1e", description="backgr.", layout=_WIDTH
        )
        self.background.tooltip = "constant intensity under the curve"
        self.disorder = _slider("disorder", 1.0, 0.85, 1.0, 0.01, ".2f", "Debye-Waller factor E; 1: perfect lattice")
        self.keep = ipywidgets.Button(description="Keep for comparison", layout={"width": "160px"})
        self.reset = ipywidgets.Button(description="Reset", layout={"width": "80px"})
        self._measurement = [self.sample, self.fwhm, self.lorentz_fraction, self.background, self.disorder]
        self._inputs = [*self.sliders.values(), *self._measurement]
        self._start = [control.value for control in self._inputs]
        self._paused = False
        columns = [[self.sliders[name] for name in names] for names in _COLUMNS]
        columns[0].append(ipywidgets.HBox([self.keep, self.reset]))
        picture = self._draw_first()
        super().__init__([ipywidgets.VBox(column) for column in [*columns, self._measurement]], picture)
        for control in self._inputs:
            control.observe(self._changed, names="value")
        self.keep.on_click(self._keep)
        self.reset.on_click(self._reset)
        self._changed()

    @property
    def parameters(self) -> StrainParameters:
        """The seven parameters as the sliders stand.

        A browser puts a slider on the nearest of its steps as soon as it is shown; what began there is the start still.
        """
        values = {}
        for (name, slider), start in zip(self.sliders.items(), self._start, strict=False):
            values[name] = start if abs(slider.value - start) < 0.5 * slider.step else slider.value
        return StrainParameters(**values)

    @property
    def instrument(self) -> Instrument:
        """Resolution and background as the sliders stand."""
        background = self.background.value if self.background.value > _NO_BACKGROUND else 0.0
        return Instrument(self.fwhm.value, self.lorentz_fraction.value, background=background)

    def _simulated(self) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """Depth and strain (1e-3), angle and intensity, as the lines take them."""
        profile = strain_profile(self.parameters)
        curve = simulate(
            self.parameters,
            scan=self.scan,
            crystal=GGG_444,
            film=_SAMPLES[self.sample.value],
            disorder=self.disorder.value,
            instrument=self.instrument,
        )
        return (profile.depth, 1e3 * profile.strain), (self.scan.angle, curve)

    def _draw_first(self) -> Picture:
        profile, (angle, curve) = strain_profile(self.parameters), self._simulated()[1]
        with style():
            figure = new_figure(PAGE, 0.42 * PAGE)
            self._left, self._right = figure.subplots(1, 2)
            plot_profile({"kept": profile, "now": profile}, self._left)
            plot_curve(angle, {"kept": curve, "now": curve}, self._right)
            self._peak = self._right.axvline(0.0, color=COLOURS["vermillion"], linestyle=":", label="strained peak")
            for ax in (self._left, self._right):
                ax.lines[0].set(color=COLOURS["grey"], linestyle="--")
                ax.lines[1].set(color=COLOURS["blue"])
                ax.yaxis.set_label_coords(-0.14, 0.5)  # the layout is found once: room for any tick label
                ax.get_legend().remove()
            self._right.set_xlim(self.scan.start, self.scan.stop)
            figure.legend(*self._right.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        return Picture(figure, [*self._left.lines, *self._right.lines])

    def _changed(self, _: object = None) -> None:
        if not self._paused:
            self._show(keep=False)

    def _show(self, *, keep: bool) -> None:
        """Simulate and draw; with ``keep`` it is the kept curve, too."""
        try:
            lines, peak = self._simulated(), strained_peak(self.parameters, film=_SAMPLES[self.sample.value])
        except ValueError as error:  # the last picture stays
            self.readout.value = _item("Cannot be simulated", str(error), warning=True)
            return
        for ax, line in zip((self._left, self._right), lines, strict=True):
            ax.lines[1].set_data(*line)
        self._peak.set_xdata([peak.angle, peak.angle])
        if keep:
            self._keep()
        else:
            self._redraw()
        self.readout.value = "".join([_peak_item(peak, self.scan), _space_item(self.parameters)])

    def _redraw(self) -> None:
        # round limits: the axes stand still while a slider moves a little
        depth, strain = (_largest(self._left, axis) for axis in (0, 1))
        intensity = np.concatenate([line.get_ydata() for line in self._right.lines[:2]])
        self._left.set(xlim=(0, _up(depth, 1000)), ylim=(0, _up(strain, 2)))
        low, high = np.log10(intensity[intensity > 0].min()), np.log10(intensity.max())
        self._right.set_ylim(10 ** np.floor(low), 10 ** np.ceil(high))
        self.image.redraw()

    def _keep(self, _: object = None) -> None:
        for ax in (self._left, self._right):
            ax.lines[0].set_data(*ax.lines[1].get_data())
        self._redraw()

    def _reset(self, _: object = None) -> None:
        self._paused = True  # one drawing at the end, not one for each slider
        try:
            for control, value in zip(self._inputs, self._start, strict=True):
                control.value = value
        finally:
            self._paused = False
        self._show(keep=True)


def curve_explorer(
    parameters: ArrayLike | StrainParameters = LAB_EXPERIMENT, *, scan: Scan | None = None
) -> CurveExplorer:
    """Explore by sliders how profile and curve depend on the seven parameters, the sample and the instrument.

    Parameters
    ----------
    parameters : StrainParameters or array_like, shape (7,)
        Where to start, and what to compare with until something else is kept; lengths in A.
    scan : Scan, optional
        By default the lab's.

    Returns
    -------
    CurveExplorer
        A widget. Combinations that break a constraint are drawn all the same, and named below the figure.

    Raises
    ------
    ParameterError
        If ``parameters`` are outside their ranges or constraints.
    """
    start = StrainParameters.from_array(SPACE.check(parameters))
    return CurveExplorer(start, Scan() if scan is None else scan)


def _largest(ax: Axes, axis: int) -> float:
    return max(float(np.max(line.get_data()[axis], initial=0.0)) for line in ax.lines)


def _up(value: float, step: float) -> float:
    """The next multiple of a step that leaves a little room, at least one."""
    return step * max(1.0, float(np.ceil(1.02 * value / step)))


def _parameter_slider(name: str, value: float) -> ipywidgets.FloatSlider:
    column = PARAMETERS.index(name)
    low, high = SPACE.minimum[column], SPACE.maximum[column]
    step, digits = (10.0, ".0f") if PARAMETER_UNITS[name] else (1e-5, ".5f")
    return _slider(name, value, low, high, step, digits, _MEANING[name])


def _slider(
    name: str, value: float, low: float, high: float, step: float, digits: str, meaning: str
) -> ipywidgets.FloatSlider:
    slider = ipywidgets.FloatSlider(value, min=low, max=high, step=step, readout_format=digits, description=name)
    slider.tooltip, slider.layout = meaning, _WIDTH
    return slider


def _peak_item(peak: StrainedPeak, scan: Scan) -> str:
    text = f"strain {peak.strain:.5f} at a depth of {peak.depth:.0f} A diffracts at {peak.angle:.0f} arcsec"
    if peak.angle <= scan.stop:
        return _item("Strained peak", text)
    beyond = f"{text}, beyond the end of the scan at {scan.stop:.0f}: this curve cannot tell its largest strain"
    return _item("Strained peak", beyond, warning=True)


def _space_item(parameters: StrainParameters) -> str:
    broken = SPACE.violations(parameters)
    if not broken:
        return _item("Parameter space", "inside every range and constraint")
    return _item("Outside the parameter space", "; ".join(broken), warning=True)


def _item(title: str, text: str, *, warning: bool = False) -> str:
    colour = "#c06000" if warning else "inherit"
    return f'<div style="color:{colour}"><b>{title}:</b> {html.escape(text)}</div>'
