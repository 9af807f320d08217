"""What an ensemble gains over test samples, and what an average can gain at most."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib._section import number
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import Interval, share
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.remedies.ensembles.members import member_errors

__all__ = ["SetScore", "Squares", "score"]

FloatArray = NDArray[np.float64]


class Squares(NamedTuple):
    """Squared errors, mean over parameters and samples, (% of range)^2.

    Of a weighted mean, exactly (Krogh and Vedelsby 1995): ``ensemble`` = ``members`` - ``ambiguity``, where ambiguity
    is the members' scatter around their mean. ``floor`` is what infinitely many more members like these would leave,
    their common bias: ``ensemble`` less what the mean of so few still scatters. None for unequal weights, one member.
    """

    members: float
    ambiguity: float
    ensemble: float
    floor: float | None


class SetScore(NamedTuple):
    """An ensemble on one test set; errors are the mean of the seven parameters, % of range, intervals over samples.

    Attributes
    ----------
    test_set : str
    n, left_out : int
        Samples, and those not counted because they chose the members.
    final, members, ensemble : Interval
        Error at the final epoch, of the members (weighted mean), of their combination.
    best : float
        Of the member that is best on these very samples.
    gain : Interval
        ``final`` less ``ensemble``, sample by sample: positive if the ensemble is better.
    jensen : Interval
        ``members`` less ``ensemble``: what averaging is worth over picking a member at random, never negative for a
        mean.
    better : Interval
        Share (%) of samples that the ensemble reads better than final does.
    squares : Squares or None
        None for a median.
    """

    test_set: str
    n: int
    left_out: int
    final: Interval
    members: Interval
    best: float
    ensemble: Interval
    gain: Interval
    jensen: Interval
    better: Interval
    squares: Squares | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        values: dict[str, Any] = {
            k: v.to_dict() if isinstance(v, Interval) else v for k, v in self._asdict().items() if k != "squares"
        }
        squares = self.squares
        values["squares"] = None if squares is None else {k: number(v) for k, v in squares._asdict().items()}
        return values


def score(
    test_set: str,
    predicted: FloatArray,
    combined: FloatArray,
    final: FloatArray,
    true: FloatArray,
    weights: FloatArray,
    *,
    mean: bool,
    left_out: int = 0,
    seed: int = 0,
) -> SetScore:
    """Score a combination.

    Parameters
    ----------
    test_set : str
    predicted : ndarray, shape (k, n, 7)
    combined, final, true : ndarray, shape (n, 7)
    weights : ndarray, shape (k,) or (k, n)
        Fractions.
    mean : bool
        Whether ``combined`` is their weighted mean.
    left_out, seed : int
    """
    errors = member_errors(predicted, true)
    shares = np.broadcast_to(weights if weights.ndim == 2 else weights[:, None], errors.shape)
    typical = (shares * errors).sum(axis=0)
    ours, theirs = member_errors(combined, true), member_errors(final, true)
    drawn = Resamples(len(true), seed=seed)
    return SetScore(
        test_set=test_set,
        n=len(true),
        left_out=left_out,
        final=drawn.mean(theirs),
        members=drawn.mean(typical),
        best=float(errors.mean(axis=1).min()),
        ensemble=drawn.mean(ours),
        gain=drawn.mean(theirs - ours),
        jensen=drawn.mean(typical - ours),
        better=share(ours < theirs),
        squares=_squares(predicted, combined, true, shares, equal=np.ptp(weights, axis=0).max() < 1e-12)
        if mean
        else None,
    )


def _squares(
    predicted: FloatArray, combined: FloatArray, true: FloatArray, shares: FloatArray, *, equal: bool
) -> Squares:
    k = len(predicted)
    off, around, left = (100 * v / SPACE.range for v in (predicted - true, predicted - combined, combined - true))
    of_members, scatter = (float((shares[..., None] * np.square(v)).sum(axis=0).mean()) for v in (off, around))
    ensemble = float(np.square(left).mean())
    floor = max(ensemble - scatter / (k - 1), 0.0) if equal and k > 1 else None
    return Squares(of_members, scatter, ensemble, floor)
