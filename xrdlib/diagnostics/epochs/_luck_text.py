"""Findings on luck in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xrdlib.diagnostics.epochs._transfer import Transfer

__all__ = ["findings", "kept_in_words"]

_MOST = 50  # %


def findings(transfers: Sequence[Transfer]) -> list[str]:
    """A sentence for each way of choosing the epoch, the experiment's number beside the test samples', and the sum."""
    ways: dict[str, list[Transfer]] = {}
    for t in transfers:
        ways.setdefault(t.chosen_on, []).append(t)
    said = [
        "Kept is the share of the regret that is gained when the epoch is chosen elsewhere; 0 is no better than final."
    ]
    said += [f"Epoch chosen on {way}: {'; '.join(map(kept_in_words, same))}." for way, same in ways.items()]
    verdicts: dict[str, list[str]] = {}
    for way, same in ways.items():
        # the experiment's, or the samples' where it has none or no interval
        judged = next((t for t in same if not np.isnan(t.share.low)), None)
        if judged is not None:
            verdicts.setdefault(_verdict(judged), []).append(way)
    if verdicts:
        said.append(f"So an ideal epoch {'; '.join(f'{v} with {_listed(ways)}' for v, ways in verdicts.items())}.")
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


def _listed(texts: list[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)
