"""Strain profiles and rocking curves."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from xrdlib.plots.style import COLOURS, COLUMN, PAGE, axes_for, new_figure, plain, styled
from xrdlib.simulation import (
    GGG_444,
    Crystal,
    Film,
    Instrument,
    Scan,
    StrainParameters,
    StrainProfile,
    simulate,
    strain_profile,
)

__all__ = ["plot_curve", "plot_profile", "plot_profile_and_curve"]

OBSERVED = ("observed", "measured")
ANGLE_LABEL = "Δθ (arcsec)"
INTENSITY_LABEL = "Intensity (arb. units)"
DEPTH_LABEL = "Depth (Å)"
STRAIN_LABEL = "Strain (10⁻³)"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_COMPARED = (("--", "vermillion"), ("-.", "green"), (":", "purple"), ((0, (5, 1, 1, 1, 1, 1)), "orange"))


@styled
def plot_profile(
    profile: StrainProfile | Mapping[str, StrainProfile], ax: Axes | None = None, *, width: float = COLUMN
) -> Figure | Axes:
    """Strain against depth; of a single profile also its two parts, dashed.

    Parameters
    ----------
    profile : StrainProfile or mapping of str to StrainProfile
        As `xrdlib.strain_profile` returns it; several by label.
    ax : Axes, optional
        Where to draw; by default a new figure.
    width : float
        Of the new figure, cm.

    Returns
    -------
    Figure, or Axes where ``ax`` is given
    """
    shown, ax = axes_for(ax, width, 0.7 * width if width <= COLUMN else 0.45 * width)
    if isinstance(profile, StrainProfile):
        depth = profile.depth
        ax.plot(depth, 1e3 * profile.asymmetric, "--", color=COLOURS["vermillion"], label="asymmetric part")
        ax.plot(depth, 1e3 * profile.decaying, "-.", color=COLOURS["green"], label="decaying part")
        ax.plot(depth, 1e3 * profile.strain, color=COLOURS["blue"], label="strain")
    else:
        for label, one in profile.items():
            ax.plot(one.depth, 1e3 * one.strain, label=label)
    label_profile(ax)
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return shown


def label_profile(ax: Axes) -> None:
    """Labels and limits of a strain profile."""
    ax.set(xlabel=DEPTH_LABEL, ylabel=STRAIN_LABEL)
    ax.set_xlim(left=0)
    lowest = min((float(np.min(line.get_ydata(), initial=0.0)) for line in ax.lines), default=0.0)
    ax.set_ylim(bottom=0 if lowest >= 0 else None)


def log_axis(ax: Axes) -> None:
    """A logarithmic y axis that leaves zeros out; its labels are plain text, mathematics takes matplotlib long."""
    ax.set_yscale("log", nonpositive="mask")
    ax.yaxis.set_major_formatter(_power_of_ten)


def _power_of_ten(value: float, position: float | None = None) -> str:
    return f"10{str(round(np.log10(value))).translate(_SUPERSCRIPT)}" if value > 0 else ""


@styled
def plot_curve(
    angle: ArrayLike,
    curves: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    *,
    observed: Collection[str] = OBSERVED,
    width: float = COLUMN,
) -> Figure | Axes:
    """Rocking curves: intensity, logarithmic, against the angle from the substrate peak.

    Parameters
    ----------
    angle : array_like, shape (m,)
        arcsec.
    curves : mapping of str to array_like, shape (m,)
        Intensities by label; zeros are left out.
    ax : Axes, optional
        Where to draw; by default a new figure.
    observed : collection of str
        Labels of the curves that are drawn as dots, behind the others.
    width : float
        Of the new figure, cm.

    Returns
    -------
    Figure, or Axes where ``ax`` is given

    Raises
    ------
    ValueError
        If a curve has not as many points as ``angle``.
    """
    x = np.asarray(angle, dtype=np.float64)
    values = {label: np.asarray(curve, dtype=np.float64) for label, curve in curves.items()}
    for label, y in values.items():
        if y.shape != x.shape:
            raise ValueError(f"curves: {label!r} has shape {y.shape}, angle {x.shape}; one length expected")
    shown, ax = axes_for(ax, width, 0.7 * width if width <= COLUMN else 0.45 * width)
    log_axis(ax)
    for label, y in values.items():
        if label in observed:
            ax.plot(x, y, ".", color=COLOURS["grey"], markersize=2.5, markeredgewidth=0, label=label, zorder=1.5)
        else:
            ax.plot(x, y, label=label)
    ax.set(xlabel=ANGLE_LABEL, ylabel=INTENSITY_LABEL)
    if len(values) > 1:
        ax.legend(markerscale=2)
    return shown


@styled
def plot_profile_and_curve(
    parameters: ArrayLike | StrainParameters,
    *,
    compare: Mapping[str, ArrayLike | StrainParameters] | None = None,
    instrument: Instrument | None = Instrument(),  # noqa: B008  (frozen)
    scan: Scan = Scan(),  # noqa: B008
    crystal: Crystal = GGG_444,
    film: Film | None = None,
    disorder: float = 1.0,
    label: str = "these parameters",
    width: float = PAGE,
) -> Figure:
    """A strain profile beside (in a column: above) the rocking curve it gives.

    Parameters
    ----------
    parameters : StrainParameters or array_like, shape (7,)
        Lengths in A.
    compare : mapping of str to StrainParameters or array_like, optional
        Others by label, drawn dashed.
    instrument, scan, crystal, film, disorder
        As in `xrdlib.simulate`, for all of them.
    label : str
        Of ``parameters``, where there are others.
    width : float
        Of the figure, cm.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        For parameters without a profile.
    """
    several = [parameters, *(compare or {}).values()]
    labels = [label, *(compare or {})]
    side_by_side = width > 12
    figure = new_figure(width, 0.42 * width if side_by_side else 1.25 * width)
    left, right = figure.subplots(1, 2) if side_by_side else figure.subplots(2, 1)
    log_axis(right)
    for i, (name, one) in enumerate(zip(labels, several, strict=True)):
        profile = strain_profile(one)
        curve = simulate(one, scan=scan, crystal=crystal, film=film, disorder=disorder, instrument=instrument)
        line, colour = ("-", "blue") if i == 0 else _COMPARED[(i - 1) % len(_COMPARED)]
        look = {"linestyle": line, "color": COLOURS[colour], "zorder": 2.5 - i / 100}
        shown = "strain" if len(several) == 1 else plain(name)
        left.plot(profile.depth, 1e3 * profile.strain, label=shown, **look)
        right.plot(scan.angle, curve, **look)
    if len(several) == 1:
        left.plot(
            profile.depth, 1e3 * profile.asymmetric, ":", color=COLOURS["grey"], label="its two parts", zorder=1.9
        )
        left.plot(profile.depth, 1e3 * profile.decaying, ":", color=COLOURS["grey"], zorder=1.9)
    left.legend()
    label_profile(left)
    right.set(xlabel=ANGLE_LABEL, ylabel=INTENSITY_LABEL if instrument is not None else "Reflectivity")
    return figure
