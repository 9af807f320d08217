"""Ensembles of checkpoints: the members' band, the error against their number, and what their spread covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xrdlib.data import SPACE
from xrdlib.plots.curves import plot_curve
from xrdlib.plots.style import COLOURS, PAGE, legend_above, legend_columns, new_figure, styled
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.remedies import Ensemble, Growth, SeedsOrEpochs, Spread

__all__ = ["draw_parameters", "plot_ensemble", "plot_growth", "plot_seeds_or_epochs", "plot_spread"]

_WAYS = {
    "seeds": ("several trainings", "blue", "o", "-"),
    "late": ("last epochs of one", "vermillion", "s", "--"),
    "spread": ("epochs of one, second half", "orange", "^", "-."),
}
_ORDERS = {
    "loss": ("lowest validation losses first", "blue", "-"),
    "even": ("evenly over the second half", "vermillion", "--"),
}
_PARAMETER_LOOK = {
    "Dmax1": ("blue", "-"),
    "D01": ("vermillion", "-"),
    "L1": ("green", "--"),
    "Rp1": ("purple", "--"),
    "D02": ("orange", "-."),
    "L2": ("sky", ":"),
    "Rp2": ("grey", ":"),
}


@styled
def plot_ensemble(ensemble: Ensemble, *, width: float = PAGE) -> Figure:
    """The curve with the band of the members' re-simulated curves, and the seven parameters.

    Parameters
    ----------
    ensemble : Ensemble
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Left (above, in a narrow figure) observed curve, lowest and highest member at every angle, and the curve of the
        combined parameters; right, in % of each parameter's range, members, combination with the members' SD, final,
        and truth where it is known.
    """
    if width > 12:
        figure = new_figure(width, 0.45 * width)
        left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
    else:
        figure = new_figure(width, 1.35 * width)
        left, right = figure.subplots(2, 1, height_ratios=(1.4, 1))
    plot_curve(ensemble.angle, {"observed": ensemble.intensity, "ensemble": ensemble.curve}, left)
    low, high = ensemble.curves.min(axis=0), ensemble.curves.max(axis=0)
    left.fill_between(ensemble.angle, low, high, color=COLOURS["orange"], alpha=0.5, linewidth=0, label="members")
    observed, combined = left.lines[0], left.lines[-1]
    observed.set(color="black", linewidth=0.8)
    combined.set(color=COLOURS["blue"], linewidth=1.0, linestyle="-")
    if old := left.get_legend():
        old.remove()
    draw_parameters(right, ensemble)
    legend_above(figure, [left, right], width)
    return figure


def draw_parameters(ax: Axes, ensemble: Ensemble) -> dict[str, Any]:
    """Members, combination with SD, final and truth in % of range; the artists that another ensemble would move."""
    rows = np.arange(len(PARAMETERS))
    members, combined, sd = ensemble.fractions
    each = ax.plot(members.ravel(), np.tile(rows + 0.22, len(members)), "|", color=COLOURS["orange"], markersize=4)[0]
    bars = [
        ax.plot([c - s, c + s], [r, r], color=COLOURS["blue"], linewidth=1.6)[0]
        for c, s, r in zip(combined, sd, rows, strict=True)
    ]
    point = ax.plot(combined, rows, "o", color=COLOURS["blue"], markersize=4, label="ensemble ± SD")[0]
    final = 100 * SPACE.normalise(ensemble.final.parameters)
    ax.plot(final, rows, "D", color=COLOURS["vermillion"], markersize=4, markerfacecolor="none", label="final")
    shown = [members.ravel(), combined - sd, combined + sd, final, np.array([0.0, 100.0])]
    if ensemble.true is not None:
        true = 100 * SPACE.normalise(ensemble.true)
        ax.plot(true, rows - 0.02, "x", color="black", markersize=5, label="true")
        shown.append(true)
    together = np.concatenate(shown)
    ax.set_xlim(together.min() - 3, together.max() + 3)
    ax.set_yticks(rows, PARAMETERS)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Parameter (% of its range)")
    return {"members": each, "bars": bars, "point": point}


@styled
def plot_growth(growth: Growth, *, width: float = PAGE) -> Figure:
    """Error of the mean of so many epochs, for the experiment and the test sets.

    Parameters
    ----------
    growth : Growth
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        One panel for each; dotted the error at final. Shaded, the 95 % interval of the difference from final, over test
        samples.
    """
    figure, axes = _panels(len(growth.places), width)
    for ax, where in zip(axes, growth.places, strict=True):
        final = growth.at_final[where]
        for order in growth.numbers:
            label, colour, line = _ORDERS[order]
            rows = growth.line(order, where)
            x = rows["members"].to_numpy()
            if np.isfinite(rows["low"]).all():
                low, high = final - rows["high"].to_numpy(), final - rows["low"].to_numpy()
                ax.fill_between(x, low, high, color=COLOURS[colour], alpha=0.2, linewidth=0)
            ax.plot(x, rows["error"].to_numpy(), line, color=COLOURS[colour], linewidth=1.1, label=label)
        ax.axhline(final, color="black", linestyle=":", linewidth=1, label=f"final (epoch {growth.final})")
        ax.set_title(growth.target if where == "experiment" else f"{where} test samples")
        ax.set_xlabel("Epochs in the ensemble")
    _label_left(axes, "Mean parameter error (% of range)" if width > 12 else "Error (% of range)")
    legend_above(figure, axes[:1], width)
    return figure


@styled
def plot_seeds_or_epochs(found: SeedsOrEpochs, *, width: float = PAGE) -> Figure:
    """Error against the number of members: trainings, or epochs of one training.

    Parameters
    ----------
    found : SeedsOrEpochs
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        Of test samples with the 95 % interval of the gain over a single training; of the experiment the lowest and
        highest of the ensembles of each size instead.
    """
    figure, axes = _panels(len(found.places), width)
    for ax, where in zip(axes, found.places, strict=True):
        for i, (way, (label, colour, marker, line)) in enumerate(_WAYS.items()):
            scores = [s for s in found.scores if (s.way, s.where) == (way, where)]
            x = np.array([s.m for s in scores]) + 0.12 * (i - 1)
            error = np.array([s.error for s in scores])
            if where == "experiment":
                low, high = (np.array([getattr(s, k) for s in scores]) for k in ("lowest", "highest"))
            else:
                low, high = (error + [s.gain.value - getattr(s.gain, k) for s in scores] for k in ("high", "low"))
            ax.vlines(x, low, high, color=COLOURS[colour], linewidth=0.9, alpha=0.8)
            ax.plot(x, error, line, marker=marker, markersize=3.5, color=COLOURS[colour], linewidth=0.9, label=label)
        ax.set_title(found.target if where == "experiment" else f"{where} test samples")
        ax.set_xlabel("Members")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _label_left(axes, "Mean parameter error (% of range)" if width > 12 else "Error (% of range)")
    legend_above(figure, axes[:1], width)
    return figure


@styled
def plot_spread(spread: Spread, *, width: float = PAGE) -> Figure:
    """Measured against nominal coverage of the members' spread, parameter by parameter.

    Parameters
    ----------
    spread : Spread
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
        One panel for each test set. On the diagonal the spread is as wide as the error; below it, it promises too much.
    """
    figure, axes = _panels(len(spread.scores), width, square=True)
    rows = spread.reliability
    for ax, score in zip(axes, spread.scores, strict=True):
        here = rows[rows["test_set"] == score.test_set]
        ax.plot([0, 100], [0, 100], color=COLOURS["light"], linewidth=1.5, zorder=0, label="as it should be")
        for name, (colour, line) in _PARAMETER_LOOK.items():
            one = here[here["parameter"] == name]
            ax.plot(one["nominal"], one["measured"], line, color=COLOURS[colour], linewidth=1, label=name)
        one = here[here["parameter"] == "all"]
        ax.plot(one["nominal"], one["measured"], color="black", linewidth=1.8, label="all")
        ax.set_xlim(0, 100)
        ax.set_ylim(0, 100)
        ax.set_title(f"{score.n} {score.test_set} test samples")
        ax.set_xlabel("Nominal coverage (%)")
    _label_left(axes, "Truth inside (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, width))
    return figure


def _panels(n: int, width: float, *, square: bool = False) -> tuple[Figure, list[Axes]]:
    """Panels side by side, or one beneath the other in a narrow figure."""
    wide = width > 12
    if wide:
        figure = new_figure(width, width / n if square else 0.42 * width)
        return figure, list(np.atleast_1d(np.asarray(figure.subplots(1, n))))
    figure = new_figure(width, (0.95 if square else 0.68) * width * n)
    return figure, list(np.atleast_1d(np.asarray(figure.subplots(n, 1))))


def _label_left(axes: list[Axes], label: str) -> None:
    for ax in axes:
        if ax.get_subplotspec().is_first_col():  # type: ignore[union-attr]
            ax.set_ylabel(label)
