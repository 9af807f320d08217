"""A slider for the radius: which training samples count as near, on a map of two parameters, and what that tells."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.plots import plot_radius_calibration
from xrdlib.plots.region import off_the_grid
from xrdlib.plots.style import COLOURS, new_figure, style
from xrdlib.simulation import PARAMETERS
from xrdlib.widgets._image import Explorer, Picture, moving_labels

if TYPE_CHECKING:
    from xrdlib.diagnostics import Coverage, Target
    from xrdlib.training import Study

__all__ = ["CoverageExplorer", "coverage_explorer"]

FloatArray = NDArray[np.float64]

RADII = tuple(round(0.05 * i, 2) for i in range(2, 41))
_WIDTHS = 7.8, 8.2  # cm; side by side in a JupyterLab of 1280 pixels
_DRAWN = 3000  # points of a map: more are a blot


class CoverageExplorer(Explorer):
    """What `coverage_explorer` returns; its parts can be read and set from code.

    Attributes
    ----------
    coverage : Coverage
        Of the point, at every radius of the slider.
    radius : ipywidgets.SelectionSlider
    across, up : ipywidgets.Dropdown
        The parameters of the map's two axes.
    """

    def __init__(self, found: Coverage, training: FloatArray) -> None:
        self.coverage = found
        fractions = 100 * SPACE.normalise(training)
        self._nearest_first = np.argsort(np.linalg.norm(fractions - found.position, axis=1), kind="stable")
        self._drawn = fractions + off_the_grid(fractions)
        self.radius = ipywidgets.SelectionSlider(
            options=[r for r in found.radii if r in RADII], value=0.5, description="radius", layout={"width": "480px"}
        )
        self.across, self.up = (
            ipywidgets.Dropdown(options=PARAMETERS, value=name, description=label, layout={"width": "180px"})
            for name, label in (("L1", "across"), ("Dmax1", "up"))
        )
        super().__init__([self.radius, self.across, self.up], self._draw_map(), self._draw_radii())
        for control in (self.radius, self.across, self.up):
            control.observe(self._changed, names="value")
        self._changed()

    def _draw_map(self) -> Picture:
        with style():
            figure = new_figure(_WIDTHS[0], _WIDTHS[0])
            ax = figure.add_subplot()
            points: dict[str, Any] = {"linestyle": "none", "marker": ".", "markeredgewidth": 0}
            (self._all,) = ax.plot([], [], color=COLOURS["light"], markersize=3, label="training samples", **points)
            (self._near,) = ax.plot([], [], color=COLOURS["blue"], markersize=4, label="within the radius", **points)
            label = "prediction" if self.coverage.predicted else "experiment"
            mark: dict[str, Any] = {
                "linestyle": "none",
                "marker": "P",
                "color": COLOURS["vermillion"],
                "markeredgecolor": "white",
            }
            (self._here,) = ax.plot([], [], markersize=8, label=label, **mark)
            position = self.coverage.position
            ax.set_xlim(min(-3, position.min() - 3), max(103, position.max() + 3))
            ax.set_ylim(ax.get_xlim())
            self._labels = moving_labels(ax)
            figure.legend(loc="outside upper center", ncols=3, markerscale=1.2, handlelength=1.0)
        return Picture(figure, [self._all, self._near, self._here, *self._labels])

    def _draw_radii(self) -> Picture:
        with style():
            figure = new_figure(_WIDTHS[1], _WIDTHS[0])
            ax = figure.add_subplot()
            plot_radius_calibration(self.coverage, ax)
            self._line = ax.axvline(0.5, color=COLOURS["orange"], linewidth=2.5, alpha=0.6)
        return Picture(figure, [self._line])

    @property
    def near(self) -> NDArray[np.intp]:
        """Rows of the training samples within the radius, nearest first."""
        return self._nearest_first[: self.coverage.counts[self._at]]

    @property
    def _at(self) -> int:
        return self.coverage.radii.index(self.radius.value)

    def _changed(self, _: object = None) -> None:
        across, up = PARAMETERS.index(self.across.value), PARAMETERS.index(self.up.value)
        for line, rows in ((self._all, self._nearest_first), (self._near, self.near)):
            # evenly from the nearest to the furthest
            some = rows[np.linspace(0, rows.size - 1, min(_DRAWN, rows.size)).astype(int)]
            line.set_data(self._drawn[some, across], self._drawn[some, up])
        self._here.set_data([self.coverage.position[across]], [self.coverage.position[up]])
        for label, name in zip(self._labels, (self.across.value, self.up.value), strict=True):
            label.set_text(f"{name} (% of its range)")
        self._line.set_xdata([self.radius.value, self.radius.value])
        for picture in self.pictures:
            picture.redraw()
        self.readout.value = "<br>".join(html.escape(line) for line in self.said)

    @property
    def said(self) -> list[str]:
        """The read-out: count and share, rank among test samples, both verdicts."""
        found, rule = self.coverage, self.coverage.rule
        row, denser = found.frame.iloc[self._at], found.denser[self._at]
        count = int(row["count"])
        shown = f", {_DRAWN} of them drawn" if count > _DRAWN else ""
        (by_count,) = rule.judge(0.0, count, 0.0)["count"]
        same = 100 * float(np.mean(rule.judge(0.0, found.yardstick.counts[:, self._at], 0.0)["count"] == by_count))
        return [
            f"Within {self.radius.value:g}: {count} of {found.n_training} training samples ({row['share']:.2f} %"
            f"{shown}); around the median test sample {row['typical_share']:.2f} %.",
            f"Of {found.yardstick.size} test samples {denser:.0f} % have more within this radius.",
            f"Counted within this radius, the note's thresholds ({rule.few} and {rule.many} samples) say "
            f"{rule.labels['count'][by_count]}, as for {same:.0f} % of test samples.",
            f"Calibrated, by the distance to neighbour {found.distance.size}: {found.place_in_words} "
            f"({found.distance_interval:.0f} % of test samples have theirs nearer).",
        ]


def coverage_explorer(study: Study, source: Target | Experiment | MeasuredCurve) -> CoverageExplorer:
    """Change the radius within which training samples count as near, and see which they are.

    On the map, points of a grid are shifted by up to 2 % of the range, so that one sees how many there are.

    Parameters
    ----------
    study : Study
    source : Target, Experiment or MeasuredCurve
        Of a measured curve, the prediction of the chosen epoch stands in for the unknown parameters.

    Returns
    -------
    CoverageExplorer
        A widget; it starts at a radius of 0.5.
    """
    from xrdlib.diagnostics import Target, checkpoints, coverage  # torch, seconds

    target = Target.of(source, study)
    point = checkpoints(study, target).point if target.true is None else target.true
    around = coverage(study, point, radii=RADII, predicted=target.true is None)
    return CoverageExplorer(around, study.training_parameters)
