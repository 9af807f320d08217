"""Sliders for the region of a remedy: what a half width, a radius or a temperature leave of the training set."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
from matplotlib.lines import Line2D

from xrdlib._words import listed
from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.plots.region import draw_reach, draw_weights, off_the_grid
from xrdlib.plots.style import COLOURS, new_figure, style
from xrdlib.simulation import PARAMETERS
from xrdlib.widgets._image import Explorer, Picture, moving_labels

if TYPE_CHECKING:
    from xrdlib.diagnostics import Target
    from xrdlib.remedies import RegionWeights
    from xrdlib.training import Study

__all__ = ["RegionExplorer", "region_explorer"]

_WIDTHS, _HEIGHT = (7.8, 8.2), 8.8  # cm; side by side in a JupyterLab of 1280 pixels
_DRAWN = 3000  # points of a map: more are a blot
_TEMPERATURES = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0)
_RADII = tuple(round(0.05 * i, 2) for i in range(2, 31))
_HALF_WIDTHS = (2.0, 5.0, 7.0, *(float(w) for w in range(10, 65, 5)))
_TURN = np.linspace(0, 2 * np.pi, 73)


class RegionExplorer(Explorer):
    """What `region_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    regions : dict of str to RegionWeights
        By centre: ``truth`` (where it is known), ``final``, ``chosen``.
    centre : ipywidgets.Dropdown
    half_width, radius, temperature : ipywidgets.SelectionSlider
        In % of range, and in units of the ranges.
    across, up : ipywidgets.Dropdown
        The parameters of the map's two axes.
    """

    def __init__(self, regions: dict[str, RegionWeights]) -> None:
        self.regions = regions
        self.centre = ipywidgets.Dropdown(
            options=list(regions), value="chosen", description="centre", layout={"width": "180px"}
        )
        any_region = regions["chosen"]
        self.half_width, self.radius, self.temperature = (
            ipywidgets.SelectionSlider(options=list(values), value=value, description=name, layout={"width": "300px"})
            for name, values, value in (
                ("half width", any_region.half_widths, 10.0),
                ("radius", any_region.radii, 0.6),
                ("T", any_region.temperatures, 0.3),
            )
        )
        self.across, self.up = (
            ipywidgets.Dropdown(options=PARAMETERS, value=name, description=label, layout={"width": "180px"})
            for name, label in (("L2", "across"), ("Rp2", "up"))
        )
        fractions = 100 * SPACE.normalise(any_region.training)
        self._drawn = fractions + off_the_grid(fractions)
        controls = [self.centre, self.half_width, self.radius, self.temperature, self.across, self.up]
        super().__init__(controls, self._draw_map(), self._draw_sizes())
        for control in controls:
            control.observe(self._changed, names="value")
        self._changed()

    @property
    def region(self) -> RegionWeights:
        """That of the centre chosen."""
        return self.regions[self.centre.value]

    def _draw_map(self) -> Picture:
        with style():
            figure = new_figure(_WIDTHS[0], _HEIGHT)
            ax = figure.add_subplot()
            dots: dict[str, Any] = {"linestyle": "none", "marker": ".", "markeredgewidth": 0}
            edge: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white", "markeredgewidth": 0.6}
            (self._all,) = ax.plot([], [], color=COLOURS["light"], markersize=3, label="training samples", **dots)
            (self._near,) = ax.plot([], [], color=COLOURS["blue"], markersize=4, label="within the radius", **dots)
            (self._boxed,) = ax.plot([], [], color=COLOURS["green"], markersize=6, label="within the box", **dots)
            (self._circle,) = ax.plot([], [], color=COLOURS["blue"], linewidth=1.0)
            (self._box,) = ax.plot([], [], color=COLOURS["green"], linewidth=1.3)
            (self._here,) = ax.plot([], [], marker="P", color=COLOURS["vermillion"], markersize=7, **edge)
            self._here.set_label("centre")
            (self._truth,) = ax.plot([], [], marker="*", color="black", markersize=10, **edge)
            if self.region.true is not None:
                self._truth.set_label("truth")
            ax.set_xlim(-4, 104)
            ax.set_ylim(-4, 104)
            self._labels = moving_labels(ax)
            figure.legend(loc="outside upper center", ncols=2, handlelength=1.0)
        lines: list[Line2D] = [self._all, self._near, self._boxed, self._circle, self._box, self._here, self._truth]
        return Picture(figure, [*lines, *self._labels])

    def _draw_sizes(self) -> Picture:
        with style():
            figure = new_figure(_WIDTHS[1], _HEIGHT)
            top, bottom = figure.subplots(2, 1)
            self._lines: dict[str, list[Line2D]] = {}
            for word, region in self.regions.items():
                before = {*top.lines, *bottom.lines}
                draw_weights(top, region)
                draw_reach(bottom, region)
                self._lines[word] = [line for line in (*top.lines, *bottom.lines) if line not in before]
            for ax, place in ((top, "center left"), (bottom, "lower right")):
                shown = [line for line in self._lines["chosen"] if line in ax.lines and _named(line)]
                ax.legend(handles=shown, loc=place)
            marks: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white", "zorder": 4, "clip_on": False}
            self._points = [
                ax.plot([], [], marker=marker, color=COLOURS[colour], markersize=7, **marks)[0]
                for ax, marker, colour in (
                    (top, "o", "blue"),
                    (top, "s", "orange"),
                    (bottom, "o", "blue"),
                    (bottom, "s", "green"),
                )
            ]
            for point in self._points:
                point.set_in_layout(False)  # nowhere as yet
        return Picture(figure, [*(line for lines in self._lines.values() for line in lines), *self._points])

    def _changed(self, _: object = None) -> None:
        self._move_map()
        region = self.region
        for word, lines in self._lines.items():
            for line in lines:
                line.set_visible(word == self.centre.value)
        t, radius, width = self.temperature.value, self.radius.value, self.half_width.value
        places = (
            (t, 100 * region.effective(t) / region.size),
            (t, region.weight_within(t)),
            (100 * radius, max(region.inside_radius(radius).sum(), 0.5)),
            (width, max(region.inside_box(width).sum(), 0.5)),
        )
        for point, (x, y) in zip(self._points, places, strict=True):
            point.set_data([x], [y])
        for picture in self.pictures:
            picture.redraw()
        self.readout.value = "<br>".join(html.escape(line) for line in self.said)

    def _move_map(self) -> None:
        region, radius, width = self.region, self.radius.value, self.half_width.value
        pair = [PARAMETERS.index(self.across.value), PARAMETERS.index(self.up.value)]
        every = np.ones(region.size, dtype=bool)
        for line, inside in (
            (self._all, every),
            (self._near, region.inside_radius(radius)),
            (self._boxed, region.inside_box(width)),
        ):
            rows = np.flatnonzero(inside)
            rows = rows[np.linspace(0, rows.size - 1, min(_DRAWN, rows.size)).astype(int)]
            line.set_data(*self._drawn[rows][:, pair].T)
        x, y = 100 * SPACE.normalise(region.centre)[pair]
        self._here.set_data([x], [y])
        self._circle.set_data(x + 100 * radius * np.cos(_TURN), y + 100 * radius * np.sin(_TURN))
        self._box.set_data(x + width * np.array([-1, 1, 1, -1, -1]), y + width * np.array([-1, -1, 1, 1, -1]))
        if region.true is not None:
            self._truth.set_data(*(100 * SPACE.normalise(region.true)[pair])[:, None])
        for label, name in zip(self._labels, (self.across.value, self.up.value), strict=True):
            label.set_text(f"{name} (% of its range)")

    @property
    def said(self) -> list[str]:
        """The read-out: the centre, what each setting leaves, whether the truth is inside, and how often it is."""
        region, n = self.region, self.region.size
        radius, width, t = self.radius.value, self.half_width.value, self.temperature.value
        near, boxed = int(region.inside_radius(radius).sum()), int(region.inside_box(width).sum())
        size = region.effective(t)
        return [
            f"{region.sentences[0]} {self._truth_inside()}",
            f"Within a radius of {radius:g}: {near} of {n} training samples ({100 * near / n:.1f} %); of "
            f"{len(region.errors)} {region.test_set} test samples "
            f"{region.usually_holds(radius=radius).value:.0f} % have their truth so near what the network says.",
            f"Within a box of +-{width:g} %: {boxed} training samples; "
            f"{region.usually_holds(half_width=width).value:.0f} % of the test samples have their truth in such a box.",
            f"T = {t:g}: an effective {size:.0f} of {n} samples ({100 * size / n:.0f} %), "
            f"{region.weight_within(t):.0f} % of the weight within {region.note_radius:g} of the centre.",
        ]

    def _truth_inside(self) -> str:
        region, width = self.region, self.half_width.value
        if region.word == "truth":
            return ""
        if region.true is None:
            return "Whether the truth is inside cannot be told."
        outside = region.outside(width)
        box = f"leaves it outside in {listed(outside)}" if outside else "holds it"
        verb = "holds" if region.holds(radius=self.radius.value) else "misses"
        return f"The truth: the box {box}, the radius {verb} it."


def _named(line: Line2D) -> bool:
    return not str(line.get_label()).startswith("_")


def region_explorer(study: Study, source: Target | Experiment | MeasuredCurve) -> RegionExplorer:
    """Change centre, box, radius and temperature of a remedy, and see which training samples count, and how many.

    On the map, points of a grid are shifted by up to 2 % of the range, so that one sees how many there are.

    Parameters
    ----------
    study : Study
    source : Target, Experiment or MeasuredCurve
        Of a measured curve the centre can only be what the network says.

    Returns
    -------
    RegionExplorer
        A widget; it starts at the chosen epoch's prediction, a half width of 10 %, a radius of 0.6 and T = 0.3.
    """
    from xrdlib.diagnostics import Target  # torch, seconds
    from xrdlib.remedies import region_weights

    target = Target.of(source, study)
    words = ("chosen", "final") if target.true is None else ("chosen", "final", "truth")
    settings: dict[str, Any] = {"temperatures": _TEMPERATURES, "radii": _RADII, "half_widths": _HALF_WIDTHS}
    return RegionExplorer({word: region_weights(study, target, centre=word, **settings) for word in words})
