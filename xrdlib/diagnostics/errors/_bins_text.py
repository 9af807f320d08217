"""What `ParameterBins` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.diagnostics._intervals import Interval
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.errors.bins import ParameterBins

__all__ = ["ENOUGH", "about", "bounds", "goes", "sentences"]

ENOUGH = 20  # samples: of fewer in a bin, resamples tell little
_HARDLY = 0.7  # of the error of a guess


def sentences(b: ParameterBins) -> list[str]:
    """The worst bin, the experiment's bins, and whether those go with a divergence between epochs."""
    total = b.counts.size
    said = [
        f"At epoch {b.epoch} the {b.n_samples} {b.test_set} test samples err by "
        f"{b.overall.mean():.1f} % of range on average; of {total} bins {b.high.sum()} err clearly more than "
        f"their parameter does overall, {b.low.sum()} clearly less (intervals hold for all {total} ratios "
        "together at 95 %: some would exclude 1 by chance in one such table of twenty)."
    ]
    if np.isfinite(b.ratio[..., 0]).any():
        i, k = np.unravel_index(int(np.nanargmax(b.ratio[..., 0])), b.counts.shape)
        said.append(
            f"The worst is {PARAMETERS[i]} {b.labels[k]} ({bounds(PARAMETERS[i], *b.edges[i, k : k + 2])}): "
            f"{Interval(*b.ratio[i, k]):.2f} times the overall {b.overall[i]:.1f} % of range."
        )
    if few := int((b.counts < ENOUGH).sum()):
        said.append(f"{few} bins hold fewer than {ENOUGH} samples; their ratios are not defined.")
    if guessed := [p for p, m, g in zip(PARAMETERS, b.overall, b.guess, strict=True) if m > _HARDLY * g]:
        said.append(
            f"Of {', '.join(guessed)} the network hardly does better than guessing the training set's mean: there "
            "the middle bins look good and the outer ones bad as they would for the guess."
        )
    return said + _about_the_point(b) + _about_regret(b) + _about_the_change(b)


def _about_regret(b: ParameterBins) -> list[str]:
    error, regret = b.with_error, b.with_regret
    if np.isnan(error.value) or np.isnan(regret.value):
        return []
    apart = error.low > 0.1 > abs(regret.value)
    return [
        f"The number of high-error bins that a test sample is in {goes(error)} its error at epoch {b.epoch} "
        f"(Spearman {error:+.2f}) and {goes(regret)} its regret, what it loses against its own best epoch "
        f"({regret:+.2f})" + (": a high error is one thing, a divergence another." if apart else ".")
    ]


def _about_the_point(b: ParameterBins) -> list[str]:
    high, low = b.at_point(b.high), b.at_point(b.low)
    if b.point is None or high is None or low is None:
        return []
    who = "The prediction" if b.predicted else "The experiment"
    usual = f"; {b.as_high:.0f} % of test samples are in as many high-error bins or more" if high.any() else ""
    said = [
        f"{who} is in a bin of clearly high error in {_count(high)} of 7 parameters, of clearly low error in "
        f"{_count(low)}{usual}."
    ]
    if outside := [text for text in SPACE.violations(b.point) if "exceeds" not in text]:
        said.append(f"Outside its range it counts to the nearest bin: {'; '.join(outside)}.")
    return said


def _about_the_change(b: ParameterBins) -> list[str]:
    if b.change is None or b.overall_change is None:
        same = "" if b.other_epoch is None else f"; epoch {b.other_epoch} is no other one"
        return [f"That tells what is hard to read at one epoch, not why two epochs disagree{same}."]
    between = f"From epoch {b.other_epoch} to epoch {b.epoch}"
    change = b.at_point(b.change)
    if change is None:
        grow, fall = (int(flags.sum()) for flags in (b.change[..., 1] > 0, b.change[..., 2] < 0))
        return [f"{between} errors clearly grow in {grow} of {b.counts.size} bins and clearly fall in {fall}."]
    known = np.isfinite(change[:, 0])
    if not known.any():
        return [f"{between}: too few test samples in the same bins to say whether they get worse."]
    worse, better = change[:, 1] > 0, change[:, 2] < 0
    seven = "the seven" if known.all() else f"the {known.sum()} with enough samples"
    said = [
        f"{between} test samples in the same bins get clearly worse in {_count(worse)} of 7 parameters, clearly "
        f"better in {_count(better)}; over {seven} their error changes by "
        f"{change[known, 0].mean():+.2f} % of range, that of all test samples by {b.overall_change[known].mean():+.2f}."
    ]
    if not worse.any():
        return [*said, "A curve that gets worse between these epochs does not owe it to the bins it is in."]
    grown = ", ".join(f"{p} {Interval(*c):+.2f}" for p, c, w in zip(PARAMETERS, change, worse, strict=True) if w)
    return [
        *said,
        f"Where they get worse ({grown} % of range) the bins may explain part of a divergence; "
        f"{b.as_worse:.0f} % of test samples are in as many such bins or more.",
    ]


def about(b: ParameterBins, parameter: str) -> list[str]:
    """One parameter's errors, and the bin of it that holds the experiment."""
    if parameter not in PARAMETERS:
        raise ValueError(f"parameter = {parameter!r}: one of {' '.join(PARAMETERS)} expected")
    i = PARAMETERS.index(parameter)
    unit = b.overall[i] * SPACE.range[i] / 100
    text = f"{unit:.0f} A" if PARAMETER_UNITS[parameter] else f"{1e3 * unit:.3g} e-3"
    said = [
        f"{parameter} at epoch {b.epoch}: {b.n_samples} {b.test_set} test samples err by {b.overall[i]:.1f} % of range "
        f"({text}); clearly more than that in {b.high[i].sum()} of {b.n_bins} bins, clearly less in {b.low[i].sum()}."
    ]
    if b.here is not None:
        k = b.here[i]
        who = "The prediction" if b.predicted else "The experiment"
        where = f"{who} is in bin {b.labels[k]} ({bounds(parameter, *b.edges[i, k : k + 2])}), with {b.counts[i, k]}"
        if np.isnan(b.ratio[i, k, 0]):
            return [*said, f"{where} samples: too few for a ratio."]
        than = "clearly more" if b.high[i, k] else "clearly less" if b.low[i, k] else "not clearly more or less"
        said.append(
            f"{where} samples: they err by {b.mae[i, k]:.1f} % of range, {Interval(*b.ratio[i, k]):.2f} times the "
            f"overall error, {than}."
        )
    return said


def bounds(parameter: str, low: float, high: float) -> str:
    """Ends of a bin: lengths in A, strains in 1e-3."""
    if PARAMETER_UNITS[parameter]:
        return f"{low:.0f} to {high:.0f} A"
    return f"{1e3 * low:.3g} to {1e3 * high:.3g} e-3"


def goes(r: Interval) -> str:
    """A correlation in words."""
    if not r.excludes(0):
        return "does not go with"
    how = "hardly " if abs(r.value) < 0.1 else "loosely " if abs(r.value) < 0.5 else ""
    return f"{how}goes {'with' if r.value > 0 else 'against'}"


def _count(flags: NDArray[np.bool_]) -> str:
    """In how many parameters, and in which."""
    names = [p for p, flag in zip(PARAMETERS, flags, strict=True) if flag]
    return f"{len(names)} ({', '.join(names)})" if names else "0"
