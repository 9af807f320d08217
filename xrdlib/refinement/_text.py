"""A fit in words and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed
from xrdlib.data import SPACE
from xrdlib.data.space import PARAMETER_UNITS, format_parameter
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.refinement.result import Refinement

__all__ = ["sentences", "table"]

_UNITS = {"offset": "arcsec", "fwhm": "arcsec"}


def table(fit: Refinement) -> pd.DataFrame:
    """Parameters and nuisances: start, fitted value, deviation, and what to know about it."""
    rows = []
    for row in fit.frame.to_dict(orient="records"):
        name, value, sigma = str(row["name"]), float(row["value"]), float(row["sigma"])
        is_strain = name in PARAMETERS and not PARAMETER_UNITS[name]
        unit = "1e-3" if is_strain else PARAMETER_UNITS.get(name) or _UNITS.get(name, "")
        factor = 1e3 if is_strain else 1.0
        note = "at a bound" if row["at_bound"] else "not identifiable" if name in fit.unidentifiable else ""
        if not row["at_bound"] and not np.isfinite(sigma):
            note = "fixed"
        rows.append(
            (
                f"{name} /{unit}" if unit else name,
                "" if not np.isfinite(float(row["start"])) else _digits(factor * float(row["start"]), factor * sigma),
                _digits(factor * value, factor * sigma),
                "" if not np.isfinite(sigma) else f"{factor * sigma:.2g}",
                note,
            )
        )
    cells = pd.DataFrame(rows, columns=["", "start", "fit", "1 sigma", "note"])
    return cells.set_index("")


def _digits(value: float, sigma: float) -> str:
    """A value to a tenth of its deviation, of four digits where there is none."""
    if not np.isfinite(sigma) or sigma <= 0:
        return f"{value:.4g}"
    decimals = int(np.clip(1 - np.floor(np.log10(sigma)), 0, 9))
    return f"{value:.{decimals}f}"


def sentences(fit: Refinement) -> list[str]:
    """What was found, and how far to trust it."""
    said = [
        f"RMSE of log10 intensity {fit.log10_rmse:.4f} over all {fit.angle.size} points; with the parameters of its "
        f"start ({fit.start}) and only instrument and disorder fitted {fit.log10_rmse_start:.4f}."
    ]
    if fit.interrupted:
        said.append("Interrupted: a partial result, the best of the starts that were finished.")
    if not fit.converged and fit.log10_rmse >= 1e-4:
        said.append(
            f"Not converged after {fit.n_evaluations} evaluations: a partial result, whose deviations mean little; "
            "allow more of them, or try other starts."
        )
    said += [_minima(fit), _misfit(fit)]
    if fit.at_bound:
        said.append(
            f"{listed(fit.at_bound)} {'lies' if len(fit.at_bound) == 1 else 'lie'} at a bound, a range or a "
            "constraint: held there, without a deviation; those of the others are for it held."
        )
    if fit.unidentifiable:
        said.append(
            f"The curve does not tell {listed(fit.unidentifiable)}: the deviation is larger than that of knowing "
            "nothing but the range."
        )
    pairs = _tied(fit)
    if pairs:
        said.append(f"Strongly correlated, so that only a combination is known: {'; '.join(pairs)}.")
    if fit.disorder_fits:
        said.append(_disorder(fit))
    return said


def _minima(fit: Refinement) -> str:
    first, n = fit.minima[0], sum(len(m.reached_from) for m in fit.minima)
    if n == 1:
        return "One start: whether there is a lower minimum elsewhere is not known; give more of them."
    of = ", one E for all sublayers," if fit.disorder_fits else ""
    text = f"{len(first.reached_from)} of {n} starts end{of} in the lowest minimum found, within 1 % of range"
    if len(fit.minima) == 1:
        return text + "."
    second = fit.minima[1]
    apart = 100 * np.abs(second.parameters - first.parameters) / SPACE.range
    most = int(apart.argmax())
    there = format_parameter(PARAMETERS[most], float(f"{second.parameters[most]:.4g}"))
    others = len(fit.minima) - 1
    return (
        f"{text}; the others in {f'{others} more, the next' if others > 1 else 'another,'} at an RMSE of "
        f"{second.rmse:.4f} ({PARAMETERS[most]} {there}, {apart[most]:.0f} % of range away)."
    )


def _misfit(fit: Refinement) -> str:
    rho = fit.neighbour_correlation
    if fit.log10_rmse < 1e-4:
        return "The curve is met to the last digits: it has no noise, and deviations mean nothing."
    if rho < 0.2:
        return f"Successive misfits correlate by {rho:.2f}: by this, they may be noise alone."
    return (
        f"Successive misfits correlate by {rho:.2f}: what is left is not noise but something that the model lacks. The "
        "deviations allow for the correlation, not for the error that this brings into the parameters: take them as "
        "lower limits (docs/refinement.md)."
    )


def _tied(fit: Refinement) -> list[str]:
    matrix = fit.correlation.to_numpy()[: len(PARAMETERS), : len(PARAMETERS)]
    pairs = [
        (abs(matrix[i, j]), f"{PARAMETERS[i]} and {PARAMETERS[j]} ({matrix[i, j]:+.2f})")
        for i in range(len(PARAMETERS))
        for j in range(i)
        if np.isfinite(matrix[i, j]) and abs(matrix[i, j]) > 0.95
    ]
    return [text for _, text in sorted(pairs, reverse=True)]


def _disorder(fit: Refinement) -> str:
    names = {"even": "one E", "growing": "E falling with strain", "both": "both"}
    best = {f.name: f for f in fit.disorder_fits}
    rows = ", ".join(
        f"{names[f.name]} RMSE {f.rmse:.4f}, AIC {f.aic - best['even'].aic:+.1f}, BIC {f.bic - best['even'].bic:+.1f}"
        for f in fit.disorder_fits
    )
    kept = next(f.name for f in fit.disorder_fits if f.kept)
    return f"Disorder: {rows} (against one E, counting independent points only); kept: {names[kept]}."
