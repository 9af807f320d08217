"""Epochs against each other: differences with intervals, and how many samples got better and worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xrdlib.plots.style import COLOURS, PAGE, legend_above, new_figure, styled

if TYPE_CHECKING:
    from xrdlib.diagnostics import Comparison

__all__ = ["plot_comparison"]

_NAMES = {
    "val_loss": "validation loss",
    "parameter_error": "parameter MAE",
    "curve_mae": "curve MAE",
    "profile_error": "profile MAE",
    "experiment_error": "target: parameters",
    "experiment_curve_rmse": "target: curve RMSE",
    "experiment_profile": "target: profile",
}
_LOOK = (("blue", "s"), ("green", "^"), ("purple", "D"), ("orange", "v"))


@styled
def plot_comparison(comparison: Comparison, *, width: float = PAGE) -> Figure:
    """How much worse or better the other epochs are than the first, and the samples that got better and worse.

    Parameters
    ----------
    comparison : Comparison
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is one epoch only, or more than five.
    """
    if not 1 < len(comparison.named) <= 1 + len(_LOOK):
        raise ValueError(f"comparison: of {len(comparison.named)} epochs, 2 to {1 + len(_LOOK)} expected")
    rows = len(comparison.shares) // 4
    if width > 12:
        figure = new_figure(width, max(0.42 * width, 3 + 0.6 * rows))
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
    else:
        figure = new_figure(width, 1.1 * width + 3 + 0.6 * rows)
        left, right = figure.subplots(2, 1, height_ratios=(1, 0.35 + 0.08 * rows))
    _differences(left, comparison)
    _shares(right, comparison)
    legend_above(figure, [left, right], width)
    return figure


def _differences(ax: Axes, c: Comparison) -> None:
    """Each measure at the other epochs, % above its value at the first; bars where there is an interval."""
    shown = [m for m in c.measures if m.name in _NAMES and np.isfinite(m.values[0]) and m.values[0] > 0]
    for k, (name, epoch) in enumerate(list(c.named.items())[1:], start=1):
        colour, marker = _LOOK[k - 1]
        look: dict[str, Any] = {"color": COLOURS[colour], "marker": marker, "linestyle": "none", "markersize": 4.5}
        label = name if name == f"epoch {epoch}" else f"{name} (epoch {epoch})"
        for row, m in enumerate(shown):
            y = row + 0.22 * (k - len(c.named) / 2)
            scale = 100 / m.values[0]
            if m.differences:
                d = m.differences[k]
                ax.plot([scale * d.low, scale * d.high], [y, y], "-", color=COLOURS[colour], linewidth=1.6)
            fill = COLOURS[colour] if m.differences else "white"
            value = scale * (m.values[k] - m.values[0])
            ax.plot([value], [y], markerfacecolor=fill, label=label if row == 0 else None, **look)
    first = c.epochs[0]
    ax.axvline(0, color="black", linewidth=0.6, zorder=1)
    ax.set_yticks(range(len(shown)), [_NAMES[m.name] for m in shown])
    ax.set_ylim(len(shown) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.margins(x=0.08)
    ax.set_xlabel(f"Larger than at epoch {first} (%)\nopen: a single number, no interval")


def _shares(ax: Axes, c: Comparison) -> None:
    """Worse to the left, better to the right; what is beyond the margin in full colour."""
    labels: list[str] = []
    for step in c.steps:
        for test_set, s in step.shares.items():
            y = len(labels)
            for sign, whole, clear, colour, name in (
                (-1, s.worse, s.clearly_worse, "vermillion", "worse"),
                (1, s.better, s.clearly_better, "blue", "better"),
            ):
                named = (None, None) if labels else (name, f"{name} by more than {c.margin:g} %")
                ax.barh(y, sign * whole.value, 0.62, color=COLOURS[colour], alpha=0.35, linewidth=0, label=named[0])
                ax.barh(y, sign * clear.value, 0.62, color=COLOURS[colour], linewidth=0, label=named[1])
            labels.append(f"{step.before} → {step.after}, {test_set}")
    for k, share in enumerate((c.note[0], -c.note[1])):
        label = None if k else f"the note's {c.note[0]:g} and {c.note[1]:g} %"
        ax.axvline(share, color="black", linestyle="--", linewidth=0.8, label=label)
    ax.axvline(0, color="black", linewidth=0.6)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(-100, 100)
    ax.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    ax.set_xlabel("Test samples (%) that got worse | better\nfrom epoch to epoch, in the parameters")
