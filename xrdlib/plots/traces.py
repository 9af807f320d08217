"""What happens across epochs: losses, one target's error, and two studies' views of one curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from xrdlib.data import SPACE
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.plots.named import mark_epochs
from xrdlib.plots.style import COLOURS, COLUMN, PAGE, axes_for, legend_above, legend_columns, new_figure, plain, styled
from xrdlib.simulation import PARAMETERS, StrainParameters, as_parameters

if TYPE_CHECKING:
    import pandas as pd

    from xrdlib.diagnostics import Checkpoints, Diagnosis, Tracking

FloatArray = NDArray[np.float64]

__all__ = ["plot_losses", "plot_regret", "plot_traces", "plot_two_studies"]

_STUDY_LOOK = (("blue", "o", "-"), ("vermillion", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))
_COMPARED = ("Dmax1", "L1", "Rp1")


def epoch_axis(ax: Axes) -> None:
    """Label of the epochs, ticks at whole numbers."""
    ax.set_xlabel("Epoch")
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


@styled
def plot_losses(history: pd.DataFrame, ax: Axes | None = None, *, width: float = COLUMN) -> Figure | Axes:
    """Training and validation loss against epoch, the lowest validation loss ("final") marked.

    Parameters
    ----------
    history : pandas.DataFrame
        Of a `Study`: columns epoch, train_loss, val_loss.
    ax : Axes, optional
        Where to draw; by default a new figure.
    width : float
        Of the new figure, cm.

    Returns
    -------
    Figure, or Axes where ``ax`` is given

    Raises
    ------
    ValueError
        If the history has no epoch yet.
    """
    if len(history) == 0:
        raise ValueError("history: no epoch in it; at least one expected")
    shown, ax = axes_for(ax, width, 0.62 * width if width <= COLUMN else 0.42 * width)
    epochs, losses = history["epoch"].to_numpy(), history["val_loss"].to_numpy()
    marker = "." if len(epochs) < 3 else ""
    ax.plot(epochs, history["train_loss"].to_numpy(), "--", marker=marker, color=COLOURS["grey"], label="training")
    ax.plot(epochs, losses, marker=marker, color=COLOURS["blue"], label="validation")
    i = int(np.argmin(losses))
    label = f"final (epoch {epochs[i]})"
    ax.plot([epochs[i]], [losses[i]], "o", color=COLOURS["vermillion"], markersize=5, label=label)
    ax.set_ylabel("Loss (fraction of range)")
    epoch_axis(ax)
    ax.legend()
    return shown


@styled
def plot_traces(tracking: Tracking, checkpoints: Checkpoints, *, width: float = COLUMN) -> Figure:
    """Validation loss above a target's error, against epoch; final, ideal and chosen marked in both.

    Where the error rises significantly while the loss falls, so is the divergence epoch, with the trend it comes from.

    Parameters
    ----------
    tracking : Tracking
    checkpoints : Checkpoints
        Of the same study and target.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure
    """
    figure = new_figure(width, 1.05 * width if width <= COLUMN else 0.6 * width)
    top, bottom = figure.subplots(2, 1, sharex=True)
    sparse = len(tracking.epochs) < 30  # then every epoch is a point
    for ax, values in ((top, tracking.val_loss), (bottom, tracking.error)):
        marker = "." if sparse else ""
        ax.plot(tracking.epochs, values, color="0.35", marker=marker, markersize=3, linewidth=0.8, zorder=2)
        mark_epochs(ax, checkpoints, values)
    _mark_divergence(top, bottom, tracking)
    top.set_ylabel("Validation loss\n(fraction of range)")
    known = checkpoints.errors is not None
    bottom.set_ylabel("Parameter error\n(% of range)" if known else "Curve RMSE\n(log₁₀ intensity)")
    epoch_axis(bottom)
    figure.align_ylabels()
    legend_above(figure, [top], width)
    return figure


def _mark_divergence(top: Axes, bottom: Axes, tracking: Tracking) -> None:
    """The trend of the error, and its turn in both panels; nothing where the error does not rise beyond noise."""
    found = tracking.divergence
    if found.epoch is None:
        return
    look: dict[str, Any] = {"color": COLOURS["purple"], "linewidth": 1.6}
    bottom.plot(tracking.epochs, found.change.line, zorder=2.5, **look)
    for ax in (top, bottom):
        ax.axvline(found.epoch, linestyle=":", zorder=1, label=f"divergence (epoch {found.epoch})", **look)


@styled
def plot_regret(tracking: Tracking, *, width: float = COLUMN) -> Figure:
    """Is the experiment special? Its regret among those of the test samples.

    Parameters
    ----------
    tracking : Tracking
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the regret is unknown, as it is for a measured curve.
    """
    import seaborn  # imports scipy.stats and pandas: only when such a figure is drawn

    if tracking.regret is None:
        raise ValueError("tracking: the regret is unknown; true parameters are needed")
    figure = new_figure(width, 0.62 * width if width <= COLUMN else 0.42 * width)
    ax = figure.subplots()
    n = tracking.sample_regret.size
    seaborn.histplot(
        tracking.sample_regret,
        bins=40,
        stat="percent",
        color=COLOURS["sky"],
        ax=ax,
        label=f"{n} {tracking.test_set} test samples",
    )
    percentile = tracking.regret_percentile
    label = f"experiment: {percentile:.0f} % are smaller"
    ax.axvline(tracking.regret, color=COLOURS["vermillion"], label=label)
    ax.set_xlabel("Regret (% of range)")
    ax.set_ylabel("Test samples (%)")
    ax.set_xlim(left=0)
    figure.legend(loc="outside upper center", ncols=1 if width <= COLUMN else 2)
    return figure


@styled
def plot_two_studies(
    diagnoses: Sequence[Diagnosis],
    *,
    expert: ArrayLike | StrainParameters | None = None,
    width: float = PAGE,
) -> Figure:
    """One target as several studies see it: curve error and predicted Dmax1, L1, Rp1 against epoch.

    Parameters
    ----------
    diagnoses : sequence of Diagnosis
        Of one target, one or more studies.
    expert : StrainParameters or array_like, shape (7,), optional
        Values to compare with, lengths in A; by default the true ones, where known.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no diagnoses, or more than four.
    """
    if not 0 < len(diagnoses) <= len(_STUDY_LOOK):
        raise ValueError(f"diagnoses: {len(diagnoses)} given, 1 to {len(_STUDY_LOOK)} expected")
    wide = width > 12
    figure = new_figure(width, 0.62 * width if wide else 1.9 * width)
    panels = figure.subplots(2, 2, sharex=True).flat if wide else figure.subplots(4, 1, sharex=True)
    axes = dict(zip(("rmse", *_COMPARED), panels, strict=True))
    for (colour, marker, line), diagnosis in zip(_STUDY_LOOK, diagnoses, strict=False):
        c = diagnosis.checkpoints
        dots = "." if len(c.epochs) < 30 else ""
        for key, ax in axes.items():
            values = c.curve_rmse if key == "rmse" else _shown(key, c.predictions[:, PARAMETERS.index(key)])
            label = f"study {plain(c.study)}"
            ax.plot(
                c.epochs, values, line, color=COLOURS[colour], linewidth=0.8, marker=dots, markersize=3, label=label
            )
            for epoch, fill in ((c.final, "white"), (c.chosen, COLOURS[colour])):
                at = [epoch], [values[c.row(epoch)]]
                ax.plot(*at, marker, color=COLOURS[colour], markerfacecolor=fill, markersize=5, zorder=3)
    known = diagnoses[0].target.true if expert is None else as_parameters(expert)[0]
    axes["rmse"].set_ylabel("Curve RMSE\n(log₁₀ intensity)")
    for key in _COMPARED:
        _frame_parameter(axes[key], key, None if known is None else float(known[PARAMETERS.index(key)]))
    for ax in axes.values():
        if ax.get_subplotspec().is_last_row():
            epoch_axis(ax)
    figure.align_ylabels()
    handles, labels = axes["rmse"].get_legend_handles_labels()
    for fill, name in (("white", "final"), (COLOURS["grey"], "chosen")):
        handles.append(Line2D([], [], color=COLOURS["grey"], marker="o", linestyle="none", markerfacecolor=fill))
        labels.append(name)
    if known is not None:
        handles.append(Line2D([], [], color="black", linestyle=":"))
        labels.append("true" if expert is None else "expert")
    figure.legend(handles, labels, loc="outside upper center", ncols=legend_columns(labels, width))
    return figure


def _shown(parameter: str, values: FloatArray) -> FloatArray:
    """Values in the unit of the axis: A, or 1e-3 for strains."""
    return values if PARAMETER_UNITS[parameter] else 1e3 * values


def _frame_parameter(ax: Axes, parameter: str, known: float | None) -> None:
    """Label, the known value as a dotted line, and everything outside the parameter's range shaded."""
    i = PARAMETERS.index(parameter)
    low, high = (float(_shown(parameter, np.array(limit[i]))) for limit in (SPACE.minimum, SPACE.maximum))
    ax.set_ylabel(f"{parameter} (Å)" if PARAMETER_UNITS[parameter] else f"{parameter} (10⁻³)")
    if known is not None:
        ax.axhline(float(_shown(parameter, np.array(known))), color="black", linestyle=":", linewidth=1, zorder=1)
    shade_outside(ax, low, high)


def shade_outside(ax: Axes, low: float, high: float) -> None:
    """Grey wherever the visible part of the y axis is outside a range."""
    bottom, top = ax.get_ylim()
    for start, stop in ((bottom, low), (high, top)):
        if stop > start:
            ax.axhspan(start, stop, color=COLOURS["light"], alpha=0.5, linewidth=0, zorder=0)
    ax.set_ylim(bottom, top)
