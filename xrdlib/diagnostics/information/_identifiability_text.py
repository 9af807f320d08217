"""The sentences of an `Identifiability` and of `Limits`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xrdlib.diagnostics.information._fisher import HIDDEN, UNIFORM
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.information.identifiability import Identifiability
    from xrdlib.diagnostics.information.limits import Limits

__all__ = ["limits_sentences", "percent", "sentences"]

_CASES = {"known": "nuisances known", "free": "nuisances unknown within their ranges"}
_GUESS = 0.9  # of the prior: an RMSE above it is that of a guess


def percent(value: float) -> str:
    """Two digits; what exceeds the range tenfold is not determined."""
    return "-" if not np.isfinite(value) else f"{value:.2g}" if value < 9.95 else f"{value:.0f}"


def sentences(found: Identifiability) -> list[str]:
    """Best and worst known parameters and combinations; the network's errors against the bounds."""
    b = found.bound
    worst, best = int(b.argmax()), int(b.argmin())
    point = "the chosen epoch's prediction" if found.predicted else "the experiment"
    said = [
        f"At {found.counts:.0e} counts in the peak and a background of {found.background:g}, {_CASES[found.case]}, a "
        f"curve like that of {point} tells {PARAMETERS[best]} best (1 sigma {percent(b[best])} % of range) and "
        f"{PARAMETERS[worst]} worst ({percent(b[worst])}); a uniform prior alone is {100 * UNIFORM:.1f}.",
        f"{found.n_measurable:.1f} of {len(PARAMETERS)} combinations of parameters are decided by the curve, not "
        f"by the prior; best known is {found.described[0]}, worst {found.described[-1]}.",
    ]
    alone = found.bound / np.minimum(found.bounds["alone"], 100 * UNIFORM)
    shared = int(alone.argmax())
    other = int(np.abs(found.correlation[shared] - np.eye(len(PARAMETERS))[shared]).argmax())
    if alone[shared] > 3:
        said.append(
            f"Alone, all else known, {PARAMETERS[shared]} would be told within "
            f"{percent(found.bounds['alone'][shared])} %, {alone[shared]:.0f} times better: other "
            f"parameters stand in for it, most of all {PARAMETERS[other]} (correlation "
            f"{found.correlation[shared, other]:+.2f})."
        )
    cost = found.bounds["free_prior"] / found.bounds["known_prior"]
    most = int(cost.argmax())
    said.append(
        f"Not knowing scale, background, resolution, disorder and angular origin costs most in {PARAMETERS[most]}: "
        f"{cost[most]:.1f} times the bound with all of them known."
    )
    if found.error is not None:
        said.append(_against_network(found))
    if found.limits is not None:
        said += found.limits.sentences
    said.append(
        "The bound is local and for unbiased estimators; the prior enters as a Gaussian of the uniform one's width. "
        "Where the bound is a large part of the range it is an estimate, not a limit."
    )
    return said


def _against_network(found: Identifiability) -> str:
    assert found.error is not None
    groups: dict[str, list[str]] = {}
    for name, verdict, error, bound in zip(PARAMETERS, found.verdicts, found.error, found.bound, strict=True):
        groups.setdefault(verdict, []).append(f"{name} ({percent(error)} against {percent(bound)} %)")
    words = {
        "network": "more than 2 sigma off, so that the curve tells what the network has not read: ",
        "at the bound": "within 2 sigma: ",
        "hidden": "hidden, whatever the network says: ",
    }
    parts = [text + ", ".join(groups[verdict]) for verdict, text in words.items() if verdict in groups]
    return f"Error of the final epoch against the bound: {'; '.join(parts)}."


def limits_sentences(found: Limits) -> list[str]:
    """Which parameters the physics limits and which the network, and what the bound is worth."""
    n, said = f"{found.n} {found.test_set} test samples", []
    for verdict, text in (
        ("physics", "the bounds account for most of the error, no network could do much better"),
        ("both", "bound and network share the error"),
        ("network", "the curves tell more than the network has learnt to read"),
    ):
        names = [
            f"{p} (RMSE {e:.1f}, bound {b:.2g} % of range, {r.value:.1f} times)"
            for p, v, e, b, r in zip(PARAMETERS, found.verdicts, found.rmse, found.best, found.ratio, strict=True)
            if v == verdict
        ]
        if names:
            said.append(f"{verdict.capitalize()} ({n}, epoch {found.epoch}): {', '.join(names)}; {text}.")
    typical = found.typical
    least, most = int(typical.argmin()), int(typical.argmax())
    said.append(
        f"A few samples can decide these averages; for a typical one (median) the error is {typical[least]:.1f} "
        f"({PARAMETERS[least]}) to {typical[most]:.1f} ({PARAMETERS[most]}) times its bound."
    )
    hidden = [i for i, h in enumerate(found.hidden) if h >= 5]
    if hidden:
        texts = [
            f"{PARAMETERS[i]} in {found.hidden[i]:.0f} % of the samples (in the others RMSE {found.told[0, i]:.1f}, "
            f"bound {found.told[1, i]:.1f})"
            for i in hidden
        ]
        said.append(
            f"Hidden, the bound above {100 * HIDDEN:.0f} % of the prior's standard deviation: {', '.join(texts)}; "
            "where it is hidden an answer near the prior's mean is the best one."
        )
    guesses = [
        f"{p} ({e:.1f} of {s:.1f})"
        for p, e, s in zip(PARAMETERS, found.rmse, found.prior, strict=True)
        if e > _GUESS * s
    ]
    if guesses:
        said.append(
            f"{', '.join(guesses)}: the RMSE is hardly less than the scatter of the training parameters; the "
            "network does little better than to guess their mean."
        )
    below = [p for p, r in zip(PARAMETERS, found.ratio, strict=True) if r.high < 1]
    if below:
        said.append(
            f"{', '.join(below)}: the network's RMSE is below the bound; where the prior decides, a shrinking "
            "estimator may be, and the Gaussian prior is cruder than the constraints."
        )
    if found.measured:
        said.append(
            "Counts, background, resolution, disorder and end of the scan of these bounds are drawn from the "
            "study's ranges as its test curves' were, but are not the same draws; nuisances are marginalised."
        )
    else:
        said.append(
            f"The study's curves are noise-free, for which counting sets no bound: that of {found.counts:.0e} "
            f"counts and a background of {found.background:g} is a yardstick here."
        )
    return said
