"""A fit in words and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from xrdlib._words import listed
from xrdlib.data import SPACE
from xrdlib.data.space import CONSTRAINTS, PARAMETER_UNITS, Constraint, format_parameter
from xrdlib.simulation import PARAMETERS, StrainParameters

if TYPE_CHECKING:
    from xrdlib.refinement.result import Refinement

__all__ = ["against", "sentences", "table"]

_MODELS = {"even": "one E", "growing": "E falling with strain", "both": "both"}
_UNITS = {"offset": "arcsec", "fwhm": "arcsec"}


def table(fit: Refinement) -> pd.DataFrame:
    """Parameters and nuisances: the start that ended lowest, fitted value, deviation, and what to know about it."""
    rows = []
    for row in fit.frame.to_dict(orient="records"):
        name, value, sigma = str(row["name"]), float(row["value"]), float(row["sigma"])
        is_strain = name in PARAMETERS and not PARAMETER_UNITS[name]
        unit = "1e-3" if is_strain else PARAMETER_UNITS.get(name) or _UNITS.get(name, "")
        factor = 1e3 if is_strain else 1.0
        note = _note(fit, name, sigma)
        rows.append(
            (
                f"{name} /{unit}" if unit else name,
                "" if not np.isfinite(float(row["start"])) else _digits(factor * float(row["start"]), factor * sigma),
                _digits(factor * value, factor * sigma),
                _two_digits(factor * sigma),
                note,
            )
        )
    # a label of many words would make the table wider than a terminal
    start = f"start ({fit.start.removesuffix(' of epochs')})"
    cells = pd.DataFrame(rows, columns=["", start, "fit", "1 sigma", "note"])
    return cells.set_index("")


def against(fit: Refinement, true: ArrayLike | StrainParameters) -> pd.DataFrame:
    """`Refinement.against` as text."""
    rows = [
        (
            format_parameter(name, value),
            format_parameter(name, float(f"{fitted:.4g}")),
            f"{off:.1f}",
            "" if not np.isfinite(deviations) else f"{deviations:.1f}",
        )
        for name, (value, fitted, off, deviations) in zip(PARAMETERS, fit.against(true).to_numpy(), strict=True)
    ]
    return pd.DataFrame(rows, index=list(PARAMETERS), columns=["true", "fit", "off, % of range", "in deviations"])


def _note(fit: Refinement, name: str, sigma: float) -> str:
    if name == "background" and _no_background(fit):
        return "like 0"
    if name in fit.at_bound:
        return "at a constraint" if np.isfinite(sigma) else "at a bound"
    if not np.isfinite(sigma):
        return "fixed"
    return "not identifiable" if name in fit.unidentifiable else ""


def _digits(value: float, sigma: float) -> str:
    """A value to a tenth of its deviation, of four digits where there is none."""
    if not np.isfinite(sigma) or sigma <= 0:
        return f"{value:.4g}"
    decimals = int(np.clip(1 - np.floor(np.log10(sigma)), 0, 9))
    return f"{value:.{decimals}f}"


def _two_digits(sigma: float) -> str:
    if not np.isfinite(sigma):
        return ""
    text = f"{sigma:.2g}"
    return f"{float(text):.0f}" if 10 <= sigma < 1e7 else text


def sentences(fit: Refinement) -> list[str]:
    """What was found, and how far to trust it."""
    said = [
        *(f"Warning: {text}" for text in fit.warnings),
        f"RMSE of log10 intensity {fit.log10_rmse:.4f} over all {fit.angle.size} points; with the parameters of its "
        f"start ({fit.start}) and only instrument and disorder fitted {fit.log10_rmse_start:.4f}.",
    ]
    if _misses(fit):
        why = "its angle 0 is as far off as is allowed" if "offset" in fit.at_bound else "whole stretches are off"
        said.append(
            f"This is no description of the curve: {why}, and the numbers mean nothing. Is angle 0 the substrate's "
            "peak, is that in the scan, are unit and direction of the angles right (curve_reading, or xrdlib show)?"
        )
    if fit.interrupted:
        said.append(
            "Interrupted: a partial result, the best of the starts that were finished; models of the disorder were not "
            "compared."
        )
    if not fit.converged and not fit.exact:
        said.append(
            f"Not converged after {fit.n_evaluations} evaluations: a partial result, whose deviations mean little; "
            "allow more of them, or try other starts."
        )
    said += [_minima(fit), _misfit(fit), *_points(fit), *_bounds(fit)]
    if fit.unidentifiable:
        said.append(
            f"The curve does not tell {listed(fit.unidentifiable)}: the deviation is larger than that of knowing "
            "nothing but the range."
        )
    pairs = _tied(fit)
    if pairs:
        said.append(f"Strongly correlated, so that only a combination is known: {'; '.join(pairs)}.")
    if fit.disorder_fits:
        said += _disorder(fit)
    return said


def _misses(fit: Refinement) -> bool:
    return "offset" in fit.at_bound or (fit.log10_rmse > 0.1 and fit.neighbour_correlation > 0.5)


def _minima(fit: Refinement) -> str:
    n = sum(len(m.reached_from) for m in fit.minima) + len(fit.not_converged)
    if n == 1:
        return "One start: whether there is a lower minimum elsewhere is not known; give more of them."
    if not fit.minima:
        return f"None of {n} starts converged."
    first = fit.minima[0]
    k = len(first.reached_from)
    of = f" (of the model with {_MODELS[fit.disorder_fits[0].name]})" if fit.disorder_fits else ""
    labels = [label for m in fit.minima for label in m.reached_from] + list(fit.not_converged)
    drawn = sum(label.startswith("random") for label in labels)
    among = f", {drawn} of them random," if 0 < drawn < n else ""
    text = f"{k} of {n} starts{among} end{of} in the lowest minimum found, within 1 % of range"
    if k == 1:
        text += " (only one: there may be a lower one, give more starts)"
    elif not drawn and any(label.startswith("epoch") for label in labels):
        text += " (all of one network, whose answers may share a mistake: random starts test that)"
    if fit.not_converged:
        text += f"; {len(fit.not_converged)} did not converge"
    if len(fit.minima) == 1:
        return text + "."
    second = fit.minima[1]
    apart = 100 * np.abs(second.parameters - first.parameters) / SPACE.range
    most = int(apart.argmax())
    there = format_parameter(PARAMETERS[most], float(f"{second.parameters[most]:.4g}"))
    more = len(fit.minima) - 1
    others = "others" if fit.not_converged else "the others"
    return (
        f"{text}; {others} in {f'{more} more, the next' if more > 1 else 'another,'} at an RMSE of "
        f"{second.rmse:.4f} ({PARAMETERS[most]} {there}, {apart[most]:.0f} % of range away)."
    )


def _misfit(fit: Refinement) -> str:
    rho = fit.neighbour_correlation
    if fit.exact:
        return "The curve is met to the last digits: it has no noise, and deviations mean nothing."
    if rho < 0.2:
        return f"Successive misfits correlate by {rho:.2f}: by this, they may be noise alone."
    return (
        f"Successive misfits correlate by {rho:.2f}: what is left is not noise but something that the model lacks, or "
        f"another minimum{_before(fit)}. The "
        "deviations allow for the correlation, not for the error that this brings into the parameters: take them as "
        "lower limits (docs/refinement.md)."
    )


def _points(fit: Refinement) -> list[str]:
    """Points that a fit should not be asked to meet."""
    said = []
    if zeros := int((fit.intensity <= 0).sum()):
        how = "half of the smallest intensity" if fit.likelihood == "log" else "the counts they are"
        said.append(f"{zeros} of the points {'is' if zeros == 1 else 'are'} zero and taken as {how}.")
    if fit.outliers.size:
        places = listed([f"{angle:.0f}" for angle in fit.outliers[:4]])
        more = f" and {fit.outliers.size - 4} more" if fit.outliers.size > 4 else ""
        said.append(
            f"Off by more than eight times the usual misfit: the points at {places} arcsec{more}. Look at them: they "
            "pull at the parameters."
        )
    return said


def _bounds(fit: Refinement) -> list[str]:
    sigma = fit.frame.set_index("name")["sigma"]
    ends = [name for name in fit.at_bound if _note(fit, name, sigma[name]) == "at a bound"]
    tied = [name for name in fit.at_bound if _note(fit, name, sigma[name]) == "at a constraint"]
    said = []
    if ends:
        said.append(
            f"{listed(ends)} {'lies' if len(ends) == 1 else 'lie'} at an end of the range: held there, without a "
            "deviation; those of the others are for it held."
        )
    if tied:
        said.append(
            f"{listed(tied)} {'lies at a constraint' if len(tied) == 1 else 'lie at constraints'} "
            f"({_binding(fit, tied)}): the deviations are for that held."
        )
    if _no_background(fit):
        said.append("The background cannot be told from 0.")
    return said


def _no_background(fit: Refinement) -> bool:
    return "background" in fit.at_bound and fit.nuisances["background"] < fit.intensity.max() / 2


def _binding(fit: Refinement, names: list[str]) -> str:
    """Which constraints hold parameters where they are."""
    return listed(
        [
            f"{' + '.join(c.smaller)} <= {' + '.join(c.larger) or f'{c.bound:g}'}"
            for c in CONSTRAINTS
            if set(c.smaller) & set(names) and abs(c.excess(fit.parameters)) <= 1e-3 * SPACE.range[_place(c)]
        ]
    )


def _place(constraint: Constraint) -> int:
    return PARAMETERS.index(constraint.smaller[0])


def _tied(fit: Refinement) -> list[str]:
    matrix = fit.correlation.to_numpy()[: len(PARAMETERS), : len(PARAMETERS)]
    pairs = [
        (abs(matrix[i, j]), f"{PARAMETERS[i]} and {PARAMETERS[j]} ({matrix[i, j]:+.2f})")
        for i in range(len(PARAMETERS))
        for j in range(i)
        if np.isfinite(matrix[i, j]) and abs(matrix[i, j]) > 0.95
    ]
    return [text for _, text in sorted(pairs, reverse=True)]


def _before(fit: Refinement) -> str:
    """Whether most of what is left lies where no layer diffracts."""
    share = 100 * float(np.sum(fit.log_misfit[fit.angle < 0] ** 2) / np.sum(fit.log_misfit**2))
    return f"; {share:.0f} % of its square is at negative angles, where no layer diffracts" if share > 50 else ""


def _disorder(fit: Refinement) -> list[str]:
    first = fit.disorder_fits[0]
    rows = ", ".join(
        f"{_MODELS[f.name]} RMSE {f.rmse:.4f}, AIC {f.aic - first.aic:+.1f}, BIC {f.bic - first.bic:+.1f}"
        for f in fit.disorder_fits
    )
    kept = next(f.name for f in fit.disorder_fits if f.kept)
    said = [
        "Disorder, by a sublayer's static Debye-Waller factor E, one for all or exp(-damage (strain/max)^2): "
        f"{rows} (criteria of Akaike and Schwarz against {_MODELS[first.name]}, independent points counted; less by 2 "
        f"in both is better); kept: {_MODELS[kept]}."
    ]
    # "both" is close to the better one of the other two
    other = next((f for f in fit.disorder_fits if not f.kept and f.name != "both"), None)
    if other is not None:
        with np.errstate(invalid="ignore"):
            away = np.abs(other.parameters - fit.parameters) / fit.sigma
        far = [
            f"{name} {format_parameter(name, float(f'{value:.4g}'))} ({k:.0f} deviations away)"
            for name, value, k in zip(PARAMETERS, other.parameters, away, strict=True)
            if k > 2
        ]
        if far:
            said.append(f"With {_MODELS[other.name]} instead: {listed(far)}: no deviation above contains that choice.")
    return said
