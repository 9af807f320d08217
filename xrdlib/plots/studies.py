"""Studies against the first of them: differences on experiments, and on test sets by parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, plain, styled
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics import Studies
    from xrdlib.diagnostics.runs.studies import TargetScores

__all__ = ["plot_studies"]

_COLOURS = ("blue", "vermillion", "green", "purple")
_MARKERS = {"grid": ("s", "squares"), "uniform": ("o", "circles")}
_LONG = 16  # characters of a name, for which there is room


@styled
def plot_studies(studies: Studies, *, width: float = PAGE) -> Figure:
    """How much larger or smaller each study's errors are than those of the first.

    Parameters
    ----------
    studies : Studies
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        A panel for experiments, one for measured curves and one for test sets, as far as there are any. Bars are 95 %
        intervals (open marks have none: one curve), grey what seeds alone do to two trainings like the first study,
        where that is known.

    Raises
    ------
    ValueError
        If there are more than five studies, or nothing to compare.
    """
    n = len(studies.names)
    if n > 1 + len(_COLOURS):
        raise ValueError(f"studies: {n}, at most {1 + len(_COLOURS)} can be drawn")
    groups = [group for known in (True, False) if (group := [t for t in studies.targets if t.known is known])]
    if not (groups or studies.sets):
        raise ValueError("studies: neither an experiment nor a test set in common, nothing can be drawn")
    # centimetres of each panel: its rows, and what is around them
    heights = [2.2 + (0.3 + 0.22 * (n - 1)) * len(group) for group in groups]
    lower = [3.2 + 0.08 * width + (0.2 + 0.22 * (n - 1)) * len(PARAMETERS)] if studies.sets else []
    if width > 12 and groups and lower:
        figure = new_figure(width, 0.8 + max(sum(heights), *lower))
        grid = figure.add_gridspec(len(groups), 2, height_ratios=heights)
        axes = [*(figure.add_subplot(grid[i, 0]) for i in range(len(groups))), figure.add_subplot(grid[:, 1])]
    else:
        figure = new_figure(width, 0.8 + sum(heights + lower))
        axes = list(figure.subplots(len(heights + lower), 1, squeeze=False, height_ratios=heights + lower).ravel())
    for ax, group in zip(axes, groups, strict=False):
        _targets(ax, studies, group)
    if studies.sets:
        _sets(axes[-1], studies)
    _key(axes[0], studies)
    legend_above(figure, [axes[0]], width)
    return figure


def _targets(ax: Axes, c: Studies, targets: Sequence[TargetScores]) -> None:
    known = targets[0].known
    for row, t in enumerate(targets):
        # of a study that shares the first's chance seeds are no yardstick
        if known and t.name in c.scatter and not all(c.shared_chance[1:]):
            _band(ax, row, 0.42, c.scatter[t.name].limit)
        for k in range(1, len(c.names)):
            d = t.differences[t.measure][k]
            _dot(ax, row + _offset(k, len(c.names)), d, k, "D")
    counts = [f" ({len(t.members)})" if len(t.members) > 1 else "" for t in targets]
    _rows(ax, [_short(t.name) + n for t, n in zip(targets, counts, strict=True)])
    ax.set_title("Experiments, at final" if known else "Measured curves, at final")
    what = "Error" if known else "Curve RMSE"
    unit = " (% of range)\nopen: one curve, no interval" if known else "\n(log₁₀ intensity); open: no interval"
    ax.set_xlabel(f"{what} minus that of {_first(c)}{unit}")


def _sets(ax: Axes, c: Studies) -> None:
    """Mean of the seven and each parameter, both test sets."""
    shown = [name for name in c.errors if any(s.test_set == name for s in c.sets)]
    n = 1 + (len(c.names) - 1) * len(shown)
    for s in c.sets:
        place = _offset(1 + (s.study - 1) * len(shown) + shown.index(s.test_set), n)
        if (where := f"{s.test_set} test set") in c.scatter and not c.shared_chance[s.study]:
            _band(ax, place, 0.4 / (n - 1), c.scatter[where].limit)
        for row, d in enumerate((s.difference, *s.by_parameter)):
            _dot(ax, row + place, d, s.study, _MARKERS[s.test_set][0])
    _rows(ax, ["mean of seven", *PARAMETERS])
    ax.axhline(0.5, color="black", linewidth=0.6)
    ax.set_title("Test sets, at final")
    marks = ", ".join(f"{name}: {_MARKERS[name][1]}" for name in shown)
    ax.set_xlabel(f"Error minus that of {_first(c)} (% of range)\n{marks}")


def _short(name: str) -> str:
    return plain(name if len(name) <= _LONG else f"{name[: _LONG - 1]}…")


def _first(c: Studies) -> str:
    return _short(c.names[0])


def _offset(k: int, n: int) -> float:
    """Of the k-th of n - 1 marks within a row, in rows."""
    return 0.8 * ((k - 0.5) / (n - 1) - 0.5)


def _dot(ax: Axes, y: float, d: Any, k: int, marker: str) -> None:
    colour = COLOURS[_COLOURS[k - 1]]
    interval = bool(np.isfinite(d.low))
    if interval:
        ax.plot([d.low, d.high], [y, y], "-", color=colour, linewidth=1.2, zorder=2)
    ax.plot(
        [d.value], [y], marker, color=colour, markerfacecolor=colour if interval else "white", zorder=3, markersize=4
    )


def _band(ax: Axes, y: float, half: float, limit: float) -> None:
    ax.fill_between([-limit, limit], y - half, y + half, color=COLOURS["light"], linewidth=0, zorder=0)


def _rows(ax: Axes, labels: Sequence[str]) -> None:
    ax.axvline(0, color="black", linewidth=0.6, zorder=1)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.margins(x=0.06)


def _key(ax: Axes, c: Studies) -> None:
    for k, name in enumerate(c.names[1:]):
        ax.plot([], [], "D", color=COLOURS[_COLOURS[k]], markersize=4, label=plain(name))
    if c.scatter and not all(c.shared_chance[1:]):
        ax.fill_between(
            [], [], [], color=COLOURS["light"], linewidth=0, label=f"two seeds of {plain(c.names[0])}, 95 %"
        )
