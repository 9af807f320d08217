"""What `BiasVariance` says in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.runs._runs import early_and_late
from xrdlib.diagnostics.runs._variation_text import SOURCES

if TYPE_CHECKING:
    from xrdlib.diagnostics.runs.bias_variance import BiasVariance

__all__ = ["REGIONS", "sentences"]

REGIONS = ("all", "dense", "sparse")


def sentences(b: BiasVariance) -> list[str]:
    """Whether early epochs have high variance and low bias, and late ones the reverse; where samples are sparse."""
    early, late = early_and_late(b.epochs)
    if b.epochs.size < 2:
        return ["With one epoch, early and late are the same."]
    said = []
    for region in REGIONS:
        bias2, variance, _ = b.changes[region]
        (b0, v0), (b1, v1) = b.at(region, early=True), b.at(region, early=False)
        where = {"all": "Over all samples", "dense": "In dense regions", "sparse": "In sparse regions"}[region]
        said.append(
            f"{where} bias {_moves(bias2, b0, b1)} and spread between runs {_moves(variance, v0, v1)} % of range, "
            f"from the early epochs (to {b.epochs[early].max()}) to the late ones (from "
            f"{b.epochs[late].min()})."
        )
    bias2, variance, _ = b.changes["all"]
    said.append(_verdict(bias2, variance))
    total = b.changes["sparse"][2]
    said.append(
        "The squared error in sparse regions "
        + (
            "is lower at late epochs, too: early ones are no better there."
            if total.high < 0
            else "is higher at late epochs: early ones are better there."
            if total.low > 0
            else "is not told apart between early and late epochs."
        )
    )
    b1, v1 = b.at("all", early=False)
    share = v1**2 / (b1**2 + v1**2) if b1 + v1 > 0 else float("nan")
    if np.isfinite(share):
        said.append(
            f"At late epochs {100 * share:.0f} % of the squared error is variance, which the mean of many such "
            "runs would not have."
        )
    said.append(f"Intervals are over test samples, for these {b.n_runs} runs, which differ in {SOURCES[b.varied]}.")
    return said


def _goes(change: Interval) -> str:
    return "falls" if change.high < 0 else "rises" if change.low > 0 else "stays"


def _moves(change: Interval, before: float, after: float) -> str:
    if _goes(change) == "stays":
        return f"shows no change, {before:.1f} and {after:.1f}"
    return f"{_goes(change)} from {before:.1f} to {after:.1f}"


def _verdict(bias2: Interval, variance: Interval) -> str:
    """Against "early: high variance, low bias; late: low variance, high bias"."""
    parts = []
    for what, change, claimed in (("variance", variance, "falls"), ("bias", bias2, "rises")):
        goes = _goes(change)
        if goes == claimed:
            parts.append(f"{what} {goes}, as it says")
        elif goes == "stays":
            parts.append(f"{what} shows no change")
        else:
            parts.append(f"{what} {goes}, against what it says")
    return f"The note has variance falling and bias rising from early to late epochs: {parts[0]}; {parts[1]}."
