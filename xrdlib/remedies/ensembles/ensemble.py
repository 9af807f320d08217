"""Several checkpoints' predictions as one: what it is worth on an experiment and on the test samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.errors.sample_errors import sample_errors
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.ensembles._ensemble import Ensemble, Reading
from xrdlib.remedies.ensembles._scores import SetScore, score
from xrdlib.remedies.ensembles.combination import combine, curve_weights, member_weights, reproduce, unlike_own_curves
from xrdlib.remedies.ensembles.members import Members, as_members, member_errors, top
from xrdlib.training import Study

__all__ = ["Ensemble", "Reading", "ensemble"]

FloatArray = NDArray[np.float64]

_TOP = 5


def ensemble(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    members: Members | Sequence[int] | None = None,
    *,
    how: str = "mean",
    weights: str | ArrayLike = "equal",
    n_curves: int = 200,
    found: Checkpoints | None = None,
    score_tests: bool = True,
    seed: int = 0,
) -> Ensemble:
    """Combine checkpoints' predictions, and say what it brings.

    Tracked experiments and test samples need no weights of networks: a study has stored what every epoch predicts.

    Parameters
    ----------
    study : Study
        Its final epoch is what the ensemble is compared with.
    target : Target, Experiment or MeasuredCurve
    members : Members or sequence of int, optional
        Epochs of the study, or as `top`, `every`, `greedy`, `noted` and `across` give them; by default the 5 with the
        lowest validation loss of those whose prediction for the target is known.
    how : {"mean", "median"}
    weights : {"equal", "validation", "curve"} or array_like, shape (k,)
        Of a mean; by name as `error_weights` makes them of validation losses or of the errors of the re-simulated
        curves (each test sample's by its own, where the networks saw it noise-free: else test sets are left out).
    n_curves : int
        Test samples of each set, the first ones, where every one needs the curves of all members.
    found : Checkpoints, optional
        Of the same study and target; by default worked out.
    score_tests : bool
        Whether the test sets are scored, too.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Ensemble

    Raises
    ------
    StudyError
        For members that do not exist, whose weights are needed but not stored, or that were tested on other samples.
    ValueError
        For another ``how`` or name of weights; for weights that are negative, not finite or sum to zero.
    """
    target = Target.of(target, study)
    found = checkpoints(study, target) if found is None else found
    if members is None:
        members = top(study, min(_TOP, found.epochs.size), among=found.epochs.tolist())
    members = as_members(study, members)
    predictions, curves, rmse = _at_target(members, study, target, found)
    shares = member_weights(members, weights, rmse)
    combined = combine(predictions, how, shares)
    curve, own_rmse = reproduce(combined[None], target, found.nuisances, study.config.dataset)
    f = found.row(found.final)
    rows = np.concatenate([predictions, combined[None], found.predictions[f : f + 1]])
    *each, ours, final = _readings(rows, np.concatenate([rmse, own_rmse, found.curve_rmse[f : f + 1]]), target, study)
    by_curve = isinstance(weights, str) and weights == "curve"
    reason = unlike_own_curves(*members.studies, study) if score_tests and by_curve else ""
    tests = []
    for name in study.test_sets if score_tests and not reason else ():
        tests.append(_test(study, members, name, how, weights, shares, found.final, n_curves, seed))
    return Ensemble(
        study=study.config.name,
        target=target.name,
        members=members,
        how=how,
        weighting=weights if isinstance(weights, str) else "given",
        weights=shares,
        final_epoch=found.final,
        readings=tuple(each),
        combined=ours,
        final=final,
        true=target.true,
        sd=predictions.std(axis=0, ddof=1) if len(predictions) > 1 else np.zeros(7),
        tests=tuple(tests),
        angle=target.angle,
        intensity=target.intensity,
        curves=curves,
        curve=curve[0],
        undefined=(reason,) if reason else (),
    )


def _at_target(
    members: Members, study: Study, target: Target, found: Checkpoints
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Predictions (k, 7), their curves (k, m) and the errors of these (k,)."""
    if members.studies == (study,) and np.isin(members.epochs, found.epochs).all():
        at = [found.row(epoch) for epoch in members.epochs]
        return found.predictions[at], found.curves[at], found.curve_rmse[at]
    predictions = members.predict(target)
    return predictions, *reproduce(predictions, target, found.nuisances, study.config.dataset)


def _readings(rows: FloatArray, rmse: FloatArray, target: Target, study: Study) -> list[Reading]:
    """Of predictions (k, 7) with curve errors (k,)."""
    if target.true is None:
        return [Reading(row, float(e), None, None) for row, e in zip(rows, rmse, strict=True)]
    profile = sample_errors(rows, target.true, study.config.dataset).profile
    error = member_errors(rows, target.true)
    values = zip(rows, rmse, error, profile, strict=True)
    return [Reading(row, float(a), float(b), float(c)) for row, a, b, c in values]


def _test(
    study: Study,
    members: Members,
    name: str,
    how: str,
    weights: str | ArrayLike,
    shares: FloatArray,
    final: int,
    n_curves: int,
    seed: int,
) -> SetScore:
    predicted, true = members.test_predictions(name)
    at_final = study.test_predictions(name)[0][final - 1]
    start = members.left_out(name, len(true))
    by_curve = isinstance(weights, str) and weights == "curve"
    rows = slice(start, start + n_curves if by_curve else None)
    predicted, true, at_final = predicted[:, rows], true[rows], at_final[rows]
    own: FloatArray = shares
    if by_curve:
        own = curve_weights(predicted, true, study.config.dataset) * np.array(members.counts)[:, None]
        own = own / own.sum(axis=0)
    combined = combine(predicted, how, own)
    return score(name, predicted, combined, at_final, true, own, mean=how == "mean", left_out=start, seed=seed)
