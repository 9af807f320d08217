"""Fits of measured curves: from a network's answer, or from nowhere, to parameters with their uncertainties."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._progress import progress_bar
from xrdlib.data import SPACE, DatasetConfig, MeasuredCurve
from xrdlib.refinement._ends import DISORDER_MODELS, DisorderFit, Minimum
from xrdlib.refinement._problem import Likelihood, Point, Problem, Solution
from xrdlib.refinement._uncertainty import neighbour_correlation
from xrdlib.refinement.model import NUISANCES, CurveModel
from xrdlib.refinement.result import Refinement, describe
from xrdlib.refinement.starts import USUAL, Start, network_starts, random_starts
from xrdlib.simulation import CRYSTALS, YIG_FILM, as_parameters
from xrdlib.training import Study

__all__ = ["FitError", "refine"]

Disorder = Literal["even", "growing", "both", "auto"]

_FIXED: dict[str, dict[str, float]] = {"even": {"damage": 0.0}, "growing": {"disorder": 1.0}, "both": {}}
_COMPARED = 3  # of the ends with one E, how many start the other models of the disorder
_SHORT, _FOLLOWED = 20, 2  # evaluations of each of a try's starts, and how many of them go on
_MARGIN = 2.0  # of AIC and BIC, by which another model must be better than a simpler one
_AS_GOOD = 1.001  # times the lowest sum of squares
_SAME = 1.0  # % of range within which two solutions are one


class FitError(ValueError):
    """A curve that cannot be fitted, or an impossible request; the text says what to do."""


def refine(
    curve: MeasuredCurve,
    study: Study | None = None,
    *,
    starts: ArrayLike | None = None,
    random: int | None = None,
    likelihood: Likelihood = "log",
    counts_per_unit: float | None = None,
    disorder: Disorder = "auto",
    fixed: Mapping[str, float] | None = None,
    sample: DatasetConfig | None = None,
    max_evaluations: int = 200,
    seed: int = 0,
    show: bool = False,
) -> Refinement:
    """Fit the seven parameters together with instrument and disorder to a measured curve, over all its points.

    Parameters
    ----------
    curve : MeasuredCurve
    study : Study, optional
        Its network gives the starts (final epoch, median over epochs, and the epochs that come closest), its dataset
        the kind of sample.
    starts : array_like, shape (n, 7), optional
        Further starts, lengths in A.
    random : int, optional
        Further starts without any network, each the five closest of 2 000 random curves. By default two beside a
        network's, whose answers may share a mistake; none beside ``starts``; ten where there is neither.
    likelihood : {"log", "poisson"}
        Least squares of log10 intensity, all points alike; or the Poisson likelihood of counts.
    counts_per_unit : float, optional
        Counts per unit of intensity, for "poisson"; by default as the curve's file says.
    disorder : {"even", "growing", "both", "auto"}
        The static Debye-Waller factor of a sublayer: one E; exp(-damage (strain/max)^2); their product; or all that
        ``fixed`` allows tried, and the simplest kept that the others do not beat by 2 in both AIC and BIC.
    fixed : mapping of str to float, optional
        Nuisances (``NUISANCES``) that are known, such as ``{"fwhm": 32.0}``.
    sample : DatasetConfig, optional
        Crystal, film and sublayers; by default the study's.
    max_evaluations : int
        Of the model, per start. What has not converged by then is returned, marked.
    seed : int
        Of the random starts.
    show : bool
        Show progress.

    Returns
    -------
    Refinement
        Of the start that ended lowest; an interrupt (Ctrl-C) returns the best of those finished.

    Raises
    ------
    FitError
        For a curve without its substrate peak or with fewer points than unknowns, a likelihood that needs counts
        nobody knows, or a nuisance that does not exist.
    """
    began = time.perf_counter()
    sample = sample or (study.config.dataset if study is not None else DatasetConfig())
    known = dict(fixed or {})
    _check(curve, known, disorder, likelihood, max_evaluations)
    model = CurveModel(
        curve.angle,
        CRYSTALS[sample.crystal],
        YIG_FILM if sample.film else None,
        sample.layer_thickness,
        narrowest=_narrowest(curve, known),
    )
    bounds = _bounds(curve, model)
    models = _models(known) if disorder == "auto" else (disorder,)
    counts = _counts(curve, likelihood, counts_per_unit)
    for nuisance, value in known.items():
        if not bounds[nuisance][0] <= value <= bounds[nuisance][1] and (nuisance, value) != ("background", 0.0):
            low, high = bounds[nuisance]
            raise FitError(f"fixed: {nuisance} = {value:g} given, {low:.3g} to {high:.3g} expected")
    problem = Problem(model, curve.intensity, likelihood, counts, bounds, _FIXED[models[0]] | known)
    tries = _tries(curve, study, model, starts, random, seed)
    ended: list[tuple[Start, Solution]] = []
    interrupted = False
    with progress_bar("Fit", len(tries), show=show) as advance:
        try:
            for attempt in tries:
                ended.append(_solve(problem, curve, attempt, max_evaluations))
                advance(1, f"RMSE {problem.rmse(ended[-1][1].point):.4f}")
        except KeyboardInterrupt:
            if not ended:
                raise
            interrupted = True
    start, solution = _best(ended)
    compared: tuple[DisorderFit, ...] = ()
    if len(models) > 1 and not interrupted:
        try:
            problem, solution, compared = _compare(problem, models, ended, known, max_evaluations)
        except KeyboardInterrupt:
            interrupted = True
    nuisances_only = problem.solve(
        _point(start.parameters, curve, problem), max_evaluations=max_evaluations, only_nuisances=True
    )
    return describe(
        problem,
        curve,
        name=Path(str(curve.metadata.get("file", "curve"))).name,
        start=start,
        start_point=nuisances_only.point,
        solution=solution,
        minima=_minima(problem, ended),
        not_converged=tuple(start.label for start, solution in ended if not solution.converged),
        disorder_fits=compared,
        interrupted=interrupted,
        seconds=time.perf_counter() - began,
        sample=sample,
    )


def _check(curve: MeasuredCurve, known: dict[str, float], disorder: str, likelihood: str, most: int) -> None:
    if not curve.angle[0] < 0 < curve.angle[-1]:
        raise FitError(
            f"curve: {curve.angle[0]:.0f} to {curve.angle[-1]:.0f} arcsec does not contain the substrate peak at 0; "
            "measure it, or set its position with peak="
        )
    if curve.angle.size < 50:
        raise FitError(f"curve: {curve.angle.size} points for 13 unknowns; at least 50 expected")
    if not (np.isfinite(curve.intensity).all() and (curve.intensity >= 0).all() and curve.intensity.any()):
        raise FitError("curve: intensities must be finite, not negative, and not 0 everywhere; load_curve checks files")
    if not (np.isfinite(curve.angle).all() and (np.diff(curve.angle) > 0).all()):
        raise FitError("curve: angles must be finite and rise throughout; load_curve checks files")
    if unknown := [name for name in known if name not in NUISANCES]:
        raise FitError(f"fixed: {unknown[0]} unknown; there are {', '.join(NUISANCES)}")
    if wrong := [name for name, value in known.items() if not np.isfinite(value)]:
        raise FitError(f"fixed: {wrong[0]} = {known[wrong[0]]}, a number expected")
    if disorder not in (*_FIXED, "auto"):
        raise FitError(f"disorder: {disorder!r} given, one of {', '.join(_FIXED)}, auto expected")
    if disorder != "auto" and (clash := sorted(set(_FIXED[disorder]) & set(known))):
        raise FitError(f"fixed: {clash[0]} is what disorder={disorder!r} decides; take disorder='both'")
    if likelihood not in ("log", "poisson"):
        raise FitError(f"likelihood: {likelihood!r} given, 'log' or 'poisson' expected")
    if most < 1:
        raise FitError(f"max_evaluations: {most} given, at least 1 expected")


def _counts(curve: MeasuredCurve, likelihood: str, given: float | None) -> float:
    counts = given if given is not None else curve.metadata.get("counts_per_unit")
    if likelihood == "log":
        return float(counts or 1.0)
    if counts is None or not (np.isfinite(counts) and counts > 0):
        raise FitError(
            "counts_per_unit: the Poisson likelihood needs to know how many counts a unit of intensity is, and the "
            "file does not say; give it (1 for raw counts), or take the likelihood 'log'"
        )
    return float(counts)


def _narrowest(curve: MeasuredCurve, known: dict[str, float]) -> float:
    """Of the resolutions asked for, arcsec: the substrate peak is never narrower than its resolution."""
    measured = np.clip(0.4 * (curve.metadata.get("fwhm") or 25.0), 6.0, 25.0)
    return float(min(measured, max(known.get("fwhm", measured), 2.0)))


def _best(ended: Sequence[tuple[Start, Solution]]) -> tuple[Start, Solution]:
    """The lowest end; of those as good as it one that converged, where there is one."""
    lowest = min(solution.cost for _, solution in ended)
    return min(ended, key=lambda r: (r[1].cost > _AS_GOOD * lowest, not r[1].converged, r[1].cost))


def _bounds(curve: MeasuredCurve, model: CurveModel) -> dict[str, tuple[float, float]]:
    top, lowest = float(curve.intensity.max()), float(curve.intensity[curve.intensity > 0].min())
    offset = max(8.0, 2 * float(np.median(np.diff(curve.angle))))
    return {
        "scale": (1e-3 * top, 1e5 * top),
        "background": (1e-6 * min(lowest, top), top),
        "offset": (-offset, offset),
        "fwhm": (model.narrowest, max(150.0, 3 * (curve.metadata.get("fwhm") or 0.0))),
        "lorentz_fraction": (0.0, 1.0),
        "disorder": (0.5, 1.0),
        "damage": (0.0, 5.0),
    }


def _tries(
    curve: MeasuredCurve,
    study: Study | None,
    model: CurveModel,
    starts: ArrayLike | None,
    random: int | None,
    seed: int,
) -> list[list[Start]]:
    """Every inner list is one try, of which the best end counts."""
    tries: list[list[Start]] = []
    if study is not None:
        tries += [[start] for start in network_starts(curve, study, model)]
    if starts is not None:
        tries += [[Start(f"start {i + 1}", row)] for i, row in enumerate(as_parameters(starts))]
    if random is None:
        random = 10 if not tries else 0 if study is None else 2
    if random < (not tries):
        raise FitError(f"random: {random} given, {'zero' if tries else 'one'} or more expected")
    return tries + random_starts(curve, model, random, seed)


def _solve(problem: Problem, curve: MeasuredCurve, attempt: list[Start], most: int) -> tuple[Start, Solution]:
    """The best end of one try; of several starts those that come down fastest are followed to their ends."""
    points = [(start, _point(start.parameters, curve, problem)) for start in attempt]
    if len(points) > _FOLLOWED:
        short = [(start, problem.solve(point, max_evaluations=min(_SHORT, most))) for start, point in points]
        points = [(start, solution.point) for start, solution in sorted(short, key=lambda r: r[1].cost)[:_FOLLOWED]]
    return min(((s, problem.solve(p, max_evaluations=most)) for s, p in points), key=lambda r: r[1].cost)


def _point(parameters: NDArray[np.float64], curve: MeasuredCurve, problem: Problem) -> Point:
    """A start with a usual instrument, its scale and background from the curve's peak and level."""
    usual = USUAL | {"offset": 0.0, "damage": 0.0, "scale": 1.0, "background": 0.0} | dict(problem.fixed)
    inside = np.clip(parameters, SPACE.minimum, SPACE.maximum)
    unit = np.array([usual[name] for name in NUISANCES])
    simulated = problem.model(inside, unit, problem.model.n_layers(inside)).intensity
    scale = float(curve.intensity.max() / simulated.max())
    level = float(np.percentile(curve.intensity, 2)) * 0.9
    guessed = usual | {"scale": scale, "background": max(level, problem.bounds["background"][0])} | problem.fixed
    return Point(inside, np.array([guessed[name] for name in NUISANCES]))


def _minima(problem: Problem, ended: Sequence[tuple[Start, Solution]]) -> tuple[Minimum, ...]:
    """Distinct ends of the starts that converged, the lowest first."""
    found: list[Minimum] = []
    for start, solution in sorted((r for r in ended if r[1].converged), key=lambda r: r[1].cost):
        for i, minimum in enumerate(found):
            apart = 100 * np.abs(solution.point.parameters - minimum.parameters) / SPACE.range
            if apart.max() <= _SAME:
                found[i] = replace(minimum, reached_from=(*minimum.reached_from, start.label))
                break
        else:
            found.append(Minimum(solution.point.parameters, problem.rmse(solution.point), (start.label,)))
    return tuple(found)


def _models(known: dict[str, float]) -> tuple[str, ...]:
    """Models of the disorder that leave free what is not known."""
    return tuple(name for name in DISORDER_MODELS if not set(_FIXED[name]) & set(known))


def _compare(
    problem: Problem, models: Sequence[str], ended: Sequence[tuple[Start, Solution]], known: dict[str, float], most: int
) -> tuple[Problem, Solution, tuple[DisorderFit, ...]]:
    """Models of disorder, each from the distinct ends of fits with the first, simplest one; and which is kept."""
    simplest = _best(ended)[1]
    fits: dict[str, tuple[Problem, Solution]] = {models[0]: (problem, simplest)}
    labels = {minimum.reached_from[0] for minimum in _minima(problem, ended)[:_COMPARED]}
    distinct = [solution for start, solution in ended if start.label in labels] or [simplest]
    for name in models[1:]:
        other = replace(problem, fixed=_FIXED[name] | known)
        reached = []
        for solution in distinct:
            at = solution.point.nuisances.copy()
            at[NUISANCES.index("damage")] = 0.2
            at[NUISANCES.index("disorder")] = 1.0 if name == "growing" else min(solution.point.nuisances[5] + 0.02, 1.0)
            reached.append(other.solve(Point(solution.point.parameters, at), max_evaluations=most))
        fits[name] = (other, min(reached, key=lambda s: s.cost))
    residual, _ = problem.residuals(simplest.point, problem.model.n_layers(simplest.point.parameters))
    rho = neighbour_correlation(residual)
    rows = tuple(
        DisorderFit.of(name, s.point.parameters, p.rmse(s.point), 2 * s.cost, int(p.free.sum()), residual.size, rho)
        for name, (p, s) in fits.items()
    )
    kept = 0
    for i in range(1, len(rows)):
        if rows[i].aic < rows[kept].aic - _MARGIN and rows[i].bic < rows[kept].bic - _MARGIN:
            kept = i
    chosen = models[kept]
    return *fits[chosen], tuple(replace(row, kept=row.name == chosen) for row in rows)
