"""What `Variation` says in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xrdlib.diagnostics.runs._runs import early_and_late, middle, percent, rms

if TYPE_CHECKING:
    from xrdlib.diagnostics.runs.variation import Variation

__all__ = ["SOURCES", "sentences"]

SOURCES = {
    "all": "weights, order and dropout together",
    "weights": "initial weights",
    "order": "order of batches",
    "dropout": "dropout",
    "data": "draw of the dataset",
    "rounding": "rounding",
}


def sentences(v: Variation) -> list[str]:
    """How large each source is, whether the ideal epoch repeats, and whether runs come to rest together."""
    of = {s.source: s for s in v.spreads}
    first = of[v.main]
    rows = v.sources[v.main]
    ends = v.final_error[rows]
    said = [
        f"Runs that differ in {SOURCES[v.main]} read {v.target} with an error of {ends.min():.1f} to "
        f"{ends.max():.1f} % of range at their final epochs; over the late epochs their SD is {first.late:.1f}, "
        f"an interval as wide as {first.n_runs} runs leave it."
    ]
    ranked = sorted(v.spreads, key=lambda s: -s.samples.value)
    listed = ", ".join(f"{SOURCES[s.source]} {s.samples:.2f}" for s in ranked)
    said.append(f"The same over {v.n_samples} {v.test_set} test samples (SD, % of range): {listed}.")
    if not np.isnan(v.step.value):
        larger = first.late.low > v.within.high
        smaller = first.late.high < v.within.low
        which = (
            "which run one happens to have matters more than which of its late epochs one takes"
            if larger
            else "which late epoch one takes matters more than which run one has"
            if smaller
            else "with so few runs it cannot be told which of the two is larger"
        )
        said.append(
            f"Within a run the error changes by {v.step:.2f} from one late epoch to the next, and its SD over the late "
            f"epochs is {v.within:.2f}, that between runs {first.late:.1f}: {which}."
        )
    said += _ideal_sentences(v, rows) + _agreed_sentences(v, rows)
    return said + _rest_sentences(v)


def _ideal_sentences(v: Variation, rows: list[int]) -> list[str]:
    if v.errors.shape[1] < 2:
        return ["With one epoch there is no ideal epoch to compare."]
    ideal = v.ideal[rows]
    said = [f"The ideal epoch of these runs lies between {ideal.min()} and {ideal.max()}."]
    for share, whose in ((v.transfer, v.target), (v.sample_transfer, "test samples")):
        if np.isnan(share.value):
            said.append(f"For {whose} no run has any regret to recover.")
            continue
        verdict = (
            "a part of what makes an epoch ideal repeats"
            if share.low > 0
            else "worse than to keep final, so that the ideal epoch belongs to the run in which it was found"
            if share.high < 0
            else "no gain that can be told from none"
        )
        of = f" (an interval from {len(rows)} runs, rather too short)" if share is v.transfer else ""
        said.append(
            f"For {whose}, the epoch that is ideal in one run recovers {percent(share)} of another run's regret{of}: "
            f"{verdict}."
        )
    return said


def _agreed_sentences(v: Variation, rows: list[int]) -> list[str]:
    if np.isnan(v.worse.value):
        return []
    epochs = np.arange(1, v.errors.shape[1] + 1)
    some, late = middle(epochs), early_and_late(epochs)[1]
    own = int((v.errors[rows][:, late].mean(axis=1) > v.errors[rows][:, some].mean(axis=1)).sum())
    chance = 0.5 ** len(rows)
    verdict = (
        "for some samples later epochs are worse whatever the run"
        if v.worse.low > chance
        else "no more samples than chance would make so"
    )
    return [
        f"At late epochs (from {epochs[late].min()}) every one of the {len(rows)} runs reads {percent(v.worse)} of the "
        f"{v.test_set} test samples worse than at middle ones ({epochs[some].min()} to {epochs[some].max()}) and "
        f"{percent(v.better)} better, where coin tosses would make it {100 * chance:.1f} %: {verdict}. {v.target} is "
        f"read worse by {own} of the {len(rows)}."
    ]


def _rest_sentences(v: Variation) -> list[str]:
    early, late = early_and_late(np.arange(1, v.errors.shape[1] + 1))
    f = v.by_epoch()
    change = f["epoch_to_epoch"].to_numpy()
    if not (np.isfinite(change[early]).any() and np.isfinite(change[late]).any()):
        return []
    moves = [float(rms(change[part][np.isfinite(change[part])])) for part in (early, late)]
    apart = [float(rms(f["between_runs"].to_numpy()[part])) for part in (early, late)]
    quieter = moves[1] < moves[0] / 2
    spread = next(x.late for x in v.spreads if x.source == v.main)
    verdict = (
        "runs do not come to rest"
        if not quieter
        else "each run comes to rest, but not where the others do"
        if spread.low > v.within.high
        else "runs come to rest, and no farther from each other than a run moves by itself"
    )
    said = [
        f"From early to late epochs the change from epoch to epoch goes from {moves[0]:.2f} to {moves[1]:.2f}, the SD "
        f"between runs from {apart[0]:.2f} to {apart[1]:.2f} % of range: {verdict}."
    ]
    if quieter:
        said.append(
            "The learning rate, and with it every step, falls to 0 along a cosine: a run cannot but come to rest."
        )
    return said
