"""The members' spread as an uncertainty: how often does the truth lie inside it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.remedies.ensembles._spread import RESAMPLES, Spread, SpreadScore, spread_of
from xrdlib.remedies.ensembles.combination import combine
from xrdlib.remedies.ensembles.members import Members, as_members, every
from xrdlib.training import Replicas, Study, StudyError

__all__ = ["Spread", "SpreadScore", "measure_spread", "spread", "spread_of_runs"]

FloatArray = NDArray[np.float64]

_ROUNDING = 1e-9  # of a range: a mean of equal numbers is not quite that number


def measure_spread(
    predicted: Mapping[str, FloatArray],
    true: Mapping[str, FloatArray],
    *,
    study: str,
    what: str,
    how: str = "mean",
    weights: Sequence[float] | None = None,
    left_out: Mapping[str, int] | None = None,
    seed: int = 0,
) -> Spread:
    """Coverage of the spread of any members.

    Parameters
    ----------
    predicted : mapping of str to ndarray, shape (k, n, 7)
        By test set; at least two members.
    true : mapping of str to ndarray, shape (n, 7)
    study, what : str
        For the words.
    how : {"mean", "median"}
    weights : sequence of float, shape (k,), optional
        Of a mean, positive; by default equal.
    left_out : mapping of str to int, optional
        How many samples of a test set, the first ones, chose the members and are not counted.
    seed : int

    Returns
    -------
    Spread

    Raises
    ------
    ValueError
        For fewer than two members, and as for `combine`.
    """
    scores = []
    k = len(next(iter(predicted.values())))
    if k < 2:
        raise ValueError(f"predicted: {k} member given; a spread needs two at least")
    shares = None if weights is None or np.ptp(weights) == 0 else np.array(weights) / np.sum(weights)
    for name, everyone in predicted.items():
        skipped = (left_out or {}).get(name, 0)
        rows, truth = everyone[:, skipped:], true[name][skipped:]
        centre = combine(rows, how, shares)
        sd, off = _rounded(spread_of(rows, shares)), _rounded(np.abs(truth - centre))
        ratio = np.divide(off, sd, out=np.where(off > 0, np.inf, 0.0), where=sd > 0)
        slack = _ROUNDING * SPACE.range
        between = (rows.min(axis=0) - slack <= truth) & (truth <= rows.max(axis=0) + slack)
        spreads, errors = 100 * sd / SPACE.range, 100 * off / SPACE.range
        rank = Resamples(len(off), n=RESAMPLES, seed=seed).correlate(spreads.mean(axis=1), errors.mean(axis=1))[0]
        rms = _rms(spreads), _rms(errors)
        scores.append(SpreadScore(name, ratio, between, rank.spearman, rms[0], rms[1], seed, skipped))
    return Spread(study, what, k, how, tuple(scores), () if shares is None else tuple(shares.tolist()))


def spread(study: Study, members: Members | Sequence[int] | None = None, *, how: str = "mean", seed: int = 0) -> Spread:
    """Coverage of the spread of a study's epochs on its test sets, from what is stored.

    A member that a greedy choice took several times counts as often, and the samples that chose are left out.

    Parameters
    ----------
    study : Study
    members : Members or sequence of int, optional
        By default every 4th epoch of the second half.
    how : {"mean", "median"}
    seed : int

    Raises
    ------
    StudyError, ValueError
        As for `across` and `measure_spread`.
    """
    chosen = every(study) if members is None else as_members(study, members)
    stored = {name: chosen.test_predictions(name) for name in study.test_sets}
    several = len(chosen.studies) > 1
    what = f"{len(chosen.members)} {'members of several runs' if several else 'epochs of one run'}"
    return measure_spread(
        {name: p for name, (p, _) in stored.items()},
        {name: t for name, (_, t) in stored.items()},
        study=study.config.name,
        what=what,
        how=how,
        weights=chosen.counts,
        left_out={name: chosen.left_out(name, len(t)) for name, (_, t) in stored.items()},
        seed=seed,
    )


def spread_of_runs(
    replicas: Replicas, *, varied: str = "all", epoch: int | None = None, how: str = "mean", seed: int = 0
) -> Spread:
    """Coverage of the spread of several runs at one epoch.

    Parameters
    ----------
    replicas : Replicas
    varied : str
        In what the runs differ.
    epoch : int, optional
        One of ``replicas.stored_epochs``; by default the last.
    how : {"mean", "median"}
    seed : int

    Raises
    ------
    StudyError
        If no test predictions of that epoch are stored, or no runs differ in ``varied``.
    """
    runs = replicas.varying(varied)
    stored = replicas.stored_epochs
    at = int(stored[-1]) if epoch is None else epoch
    if at not in stored:
        raise StudyError(f"epoch = {epoch}: test predictions are stored of epochs {', '.join(map(str, stored))}")
    row = int(np.flatnonzero(stored == at)[0])
    sets = tuple(dict.fromkeys(replicas.store["test_set"].to_numpy().tolist()))
    found = {name: replicas.test_predictions(name) for name in sets}
    return measure_spread(
        {name: p[runs, row] for name, (p, _) in found.items()},
        {name: t for name, (_, t) in found.items()},
        study=replicas.config.name,
        what=f"{len(runs)} trainings at epoch {at}",
        how=how,
        seed=seed,
    )


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.square(values).mean()))


def _rounded(lengths: FloatArray) -> FloatArray:
    return np.where(lengths > _ROUNDING * SPACE.range, lengths, 0.0)
