"""The sentences of an `Identifiability` and of `Limits`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from xrdlib.diagnostics.information._fisher import HIDDEN, UNIFORM
from xrdlib.diagnostics.information._share import AT_BOUND
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.information.identifiability import Identifiability
    from xrdlib.diagnostics.information.limits import Limits

__all__ = ["limits_sentences", "percent", "sentences"]

_CASES = {"known": "nuisances known", "free": "nuisances unknown within their ranges"}
_GUESS = 0.9  # of the prior: an RMS error above it is that of a guess
_FEW = 0.05  # of the samples, which decide an average where they hold most of it
_MANY = 5.0  # % of the samples; fewer are not mentioned


def percent(value: float) -> str:
    """Two digits; what exceeds the range tenfold is not determined."""
    return "-" if not np.isfinite(value) else f"{value:.2g}" if value < 9.95 else f"{value:.0f}"


def sentences(found: Identifiability) -> list[str]:
    """Best and worst known parameters and combinations; the network's errors against the bounds."""
    b = found.bound
    worst, best = int(b.argmax()), int(b.argmin())
    point = "the chosen epoch's prediction" if found.predicted else "the experiment"
    said = []
    if not found.reproduced:
        said.append(
            "No epoch's prediction reproduces the curve: the point does not describe it, and these bounds are those of "
            "another curve."
        )
    said += [
        f"At {found.counts:.0e} counts in the peak and a background of {found.background:.2g}, {_CASES[found.case]}, a "
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
            f"With the other six known, {_CASES[found.case]}, {PARAMETERS[shared]} would be told within "
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
    said.append(_footer(found))
    return said


def _footer(found: Identifiability) -> str:
    prior = "the prior enters as a Gaussian of the uniform one's width"
    if found.limits is not None:
        prior += " (for the test samples: of the training parameters' covariance)"
    ranges = (
        " 'no prior' leaves out that of the parameters only: nuisances keep their ranges."
        if found.case == "free"
        else ""
    )
    return (
        f"The bound is local and for unbiased estimators; {prior}, capped by what the constraints leave. That makes it "
        "a scale for errors, not a theorem: where it is a large part of the range, a reading that shrinks towards "
        f"likely values can do better.{ranges}"
    )


def _against_network(found: Identifiability) -> str:
    assert found.error is not None
    groups: dict[str, list[str]] = {}
    for name, verdict, error, bound in zip(PARAMETERS, found.verdicts, found.error, found.bound, strict=True):
        groups.setdefault(verdict, []).append(f"{name} ({percent(error)} against {percent(bound)} %)")
    words = {
        "network": "more than 2 sigma off, so that the curve tells what the network has not read: ",
        "at the bound": "within 2 sigma: ",
        "hidden": "hidden, the curve being nearly flat in them here: ",
    }
    parts = [text + ", ".join(groups[verdict]) for verdict, text in words.items() if verdict in groups]
    return f"Error of the final epoch against the bound: {'; '.join(parts)}."


def limits_sentences(found: Limits) -> list[str]:
    """Where errors are of the bounds' size and where not, and what the bound is worth."""
    n = f"{found.n} {found.test_set} test samples, epoch {found.epoch}"
    said = [
        *_shares(found, n),
        _averages(found),
        *_hidden(found),
        *_against_prior(found),
    ]
    if found.measured:
        said.append(
            "Counts, background, resolution, disorder and end of the scan of these bounds are drawn from the "
            "study's ranges as its test curves' were, but are not the same draws; nuisances are marginalised."
        )
    else:
        said.append(_yardstick(found))
    return said


def _shares(found: Limits, n: str) -> Iterator[str]:
    """By verdict: how much of the squared error is within the samples' own bounds."""
    lead = (
        f"Share of the squared error that is within a sample's own bound ({n}; errors that scatter as their bounds say "
        f"have {AT_BOUND:.2f}): "
    )
    for verdict, text in (
        ("physics", "errors are of the bounds' size"),
        ("both", "bound and network share the error"),
        ("network", "the curves tell more than the network has learnt to read"),
        ("undecided", "these samples do not decide between bound and network"),
    ):
        names = [
            f"{p} {s:.2f}" for p, v, s in zip(PARAMETERS, found.verdicts, found.physics, strict=True) if v == verdict
        ]
        if names:
            yield f"{lead}{verdict}, {text}: {', '.join(names)}."
            lead = "The same share: "


def _averages(found: Limits) -> str:
    typical, ratio = found.typical, [r.value for r in found.ratio]
    least, most = int(typical.argmin()), int(typical.argmax())
    first, last = int(np.argmin(ratio)), int(np.argmax(ratio))
    squares = np.sort(found.bound**2, axis=0)[::-1]
    held = 100 * squares[: max(1, round(_FEW * found.n))].sum(axis=0) / squares.sum(axis=0)
    few = int(held.argmax())
    decided = (
        f", but {100 * _FEW:.0f} % of the samples hold {held[few]:.0f} % of the squared bounds of {PARAMETERS[few]}"
        if held[few] > 50
        else ""
    )
    return (
        f"RMS error over RMS bound is {found.ratio[first]:.1f} ({PARAMETERS[first]}) to {found.ratio[last]:.1f} "
        f"({PARAMETERS[last]}){decided}; for a typical sample (median) the error is {typical[least]:.1f} "
        f"({PARAMETERS[least]}) to {typical[most]:.1f} ({PARAMETERS[most]}) times its bound."
    )


def _hidden(found: Limits) -> Iterator[str]:
    hidden = [i for i, h in enumerate(found.hidden) if h >= _MANY]
    if not hidden:
        return
    texts = [
        f"{PARAMETERS[i]} in {found.hidden[i]:.0f} % of the samples (in the others RMS error {found.told[0, i]:.1f}, "
        f"bound {found.told[1, i]:.1f})"
        if np.isfinite(found.told[0, i])
        else f"{PARAMETERS[i]} in all samples"
        for i in hidden
    ]
    yield (
        f"Hidden, the bound above {100 * HIDDEN:.0f} % of what is known without a curve: {', '.join(texts)}; there the "
        "curve is nearly flat near the true value, but may still exclude distant ones: the best answer is the mean of "
        "what it leaves (the posterior's), not that of the training set (the prior's)."
    )
    above = found.above_first
    if PARAMETERS.index("D01") in hidden and above is not None and above >= _MANY:
        assert found.layer_thickness is not None
        yield (
            f"In {above:.0f} % of the samples with hidden D01, Rp1 is not below the centre of the first sublayer "
            f"({found.layer_thickness / 2:g} A): no sublayer is left above the peak, and D01 does nothing at all. That "
            f"is the model's doing, sublayers of {found.layer_thickness:g} A, not the curve's."
        )


def _against_prior(found: Limits) -> Iterator[str]:
    guesses = [
        f"{p} ({e:.1f} of {s:.1f})"
        for p, e, s in zip(PARAMETERS, found.rmse, found.prior, strict=True)
        if e > _GUESS * s
    ]
    if guesses:
        yield (
            f"{', '.join(guesses)}: the RMS error is hardly less than the scatter of the training parameters; the "
            "network does little better than to guess their mean."
        )
    below = [p for p, r in zip(PARAMETERS, found.ratio, strict=True) if r.high < 1]
    if below:
        yield (
            f"{', '.join(below)}: the network's RMS error is below the bound, which a shrinking estimator may be; the "
            "bound is a scale, no limit."
        )


def _yardstick(found: Limits) -> str:
    changed = []
    for counts, verdicts in found.verdicts_at.items():
        pairs = [f"{p} {new}" for p, new, old in zip(PARAMETERS, verdicts, found.verdicts, strict=True) if new != old]
        changed.append(f"at {counts:.0e} counts " + (", ".join(pairs) if pairs else "the same"))
    others = f"; verdicts {'; '.join(changed)}" if changed else ""
    return (
        f"The study's curves are noise-free, for which counting sets no bound: that of {found.counts:.0e} counts and a "
        f"background of {found.background:.2g} is a yardstick here{others}."
    )
