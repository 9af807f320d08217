"""Findings on luck in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xrdlib._words import listed
from xrdlib.diagnostics.epochs._transfer import Transfer

__all__ = ["findings", "kept_in_words"]

_MOST = 50  # %


def findings(transfers: Sequence[Transfer]) -> list[str]:
    """A sentence for each way of choosing the epoch, the experiment's number beside the test samples', and two sums.

    The sum on the experiment rests on its numbers only, that on test samples on theirs; both need intervals.
    """
    ways: dict[str, list[Transfer]] = {}
    for t in transfers:
        ways.setdefault(t.chosen_on, []).append(t)
    said = [
        "Kept is the share of the regret that is gained when the epoch is chosen elsewhere; 0 is no better than final."
    ]
    said += [f"Epoch chosen on {way}: {'; '.join(map(kept_in_words, same))}." for way, same in ways.items()]
    for whose, subject in (("experiment", "For the experiment"), ("test samples", "For test samples")):
        verdicts: dict[str, list[str]] = {}
        for t in transfers:
            if t.scored_on == whose and not np.isnan(t.share.low):
                verdicts.setdefault(_verdict(t), []).append(t.chosen_on)
        if verdicts:
            text = "; ".join(f"{verdict} with {listed(ways)}" for verdict, ways in verdicts.items())
            said.append(f"{subject} an ideal epoch {text}.")
    return said


def kept_in_words(t: Transfer) -> str:
    """What one way of choosing keeps."""
    alone = t.scored_on == "experiment"
    whose = "the experiment" if alone else f"{t.n} test samples"
    if np.isnan(t.share.value):
        return f"{whose} {'has' if alone else 'have'} no regret"
    amount = f"{t.share.value:.0f}" if np.isnan(t.share.low) else f"{t.share:.0f}"
    worse = ", worse than final" if (t.share.value if np.isnan(t.share.high) else t.share.high) < 0 else ""
    return f"{whose} {'keeps' if alone else 'keep'} {amount} %{worse}"


def _verdict(t: Transfer) -> str:
    if t.share.low <= 0:
        return "is not shared" if t.share.high < _MOST else "may be shared or not"
    return "is shared" if t.share.low >= _MOST else "is partly shared"
