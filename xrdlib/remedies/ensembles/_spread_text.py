"""Whether a spread can be quoted as an uncertainty, as a table and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed
from xrdlib.diagnostics._intervals import Interval
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.remedies.ensembles._spread import Spread, SpreadScore

__all__ = ["sentences", "table"]


def table(s: Spread) -> pd.DataFrame:
    """For `Spread.table`."""
    cells: dict[str, dict[str, str]] = {}
    for score in s.scores:
        shares, factors = {}, {}
        for parameter in (*PARAMETERS, None):
            values = score.within(1, parameter), score.within(2, parameter), score.inside(parameter)
            shares[parameter or "all"] = " / ".join(f"{v.value:.0f}" for v in values)
            factors[parameter or "all"] = _times(score.factor(parameter), 1)
        nominal = s.nominal(1), s.nominal(2), s.nominal_inside
        shares["should be"] = " / ".join(f"{v:.0f}" for v in nominal)
        factors["should be"] = f"{s.nominal_factor:.1f}"
        cells[f"{score.test_set}: 1 SD / 2 SD / range (%)"] = shares
        cells[f"{score.test_set} factor"] = factors
    return pd.DataFrame(cells)


def _times(factor: Interval, digits: int) -> str:
    return "none" if np.isnan(factor.value) else f"{factor.value:.{digits}f}"


def sentences(s: Spread) -> list[str]:
    """For `Spread.sentences`."""
    counted = f" (weighted, as many as {s.effective:.1f} equal ones)" if s.weights else ""
    simulated = " (simulated)" if s.simulated else ""
    said = [
        f"Taken as an uncertainty: were the truth like one more of the {s.k} members{counted}, it would lie within one "
        f"SD of their {s.how} in {s.nominal(1):.0f} %, within two in {s.nominal(2):.0f} %{simulated}, and between the "
        f"lowest and the highest in {s.nominal_inside:.0f} % of cases."
    ]
    said += [_measured(s, score) for score in s.scores]
    said += [_factor(s, score) for score in s.scores]
    return [*said, *(_rank(score) for score in s.scores), _conclusion(s)]


def _measured(s: Spread, score: SpreadScore) -> str:
    one, two, inside = score.within(1), score.within(2), score.inside()
    each = {p: score.within(1, p).value for p in PARAMETERS}
    least, most = min(each, key=lambda p: each[p]), max(each, key=lambda p: each[p])
    part = " (the others chose the members)" if score.left_out else ""
    return (
        f"Of {score.n} {score.test_set} test samples{part} it does in {one:.0f}, {two:.0f} and {inside:.0f} %; within "
        f"one SD least often for {least} ({each[least]:.0f} %), most often for {most} ({each[most]:.0f} %)."
    )


def _factor(s: Spread, score: SpreadScore) -> str:
    factor = score.factor()
    text = (
        f"The members' SD is {score.sd:.2f} % of range (RMS, {score.test_set}), the error of their {s.how} "
        f"{score.error:.2f}"
    )
    if np.isnan(factor.value):
        return f"{text}; they agree so often while they err that no factor brings 68.3 % of truths inside."
    return (
        f"{text}; for 68.3 % of truths to lie within it, the SD would have to be multiplied by {factor:.1f} (by "
        f"{s.nominal_factor:.1f} if the truth were like a member)."
    )


def _rank(score: SpreadScore) -> str:
    rank = score.rank
    if np.isnan(rank.value):
        return (
            f"Whether samples with more spread have larger errors is not defined on the {score.test_set} test samples."
        )
    if not rank.excludes(0):
        verdict = "where the members disagree more, errors cannot be told to be larger"
    elif rank.value > 0:
        verdict = "where the members disagree more, the error does tend to be larger"
    else:
        verdict = "where the members disagree more, the error tends to be smaller"
    return f"On {score.test_set} test samples {verdict} (Spearman of SD and error {rank:+.2f})."


def _conclusion(s: Spread) -> str:
    ends = {score.test_set: score.within(1) for score in s.scores}
    nominal = s.nominal(1)
    narrow, wide, right = "narrower than the error", "wider than the error", "as wide as it should be"
    sides: dict[str, list[str]] = {}
    for test_set, found in ends.items():
        side = narrow if found.high < nominal else wide if found.low > nominal else right
        sides.setdefault(side, []).append(test_set)
    if set(sides) == {narrow}:
        share = max(found.value for found in ends.values())
        return (
            f"So the spread of {s.what} is no uncertainty: it says how far the members agree, not how far they are "
            f"right, and the truth is outside it in at least {100 - share:.0f} of 100 cases."
        )
    if set(sides) == {wide}:
        return f"So the spread of {s.what} is wider than their error: as an uncertainty it is safe, if too large."
    if set(sides) == {right}:
        return f"So the spread of {s.what} covers what an uncertainty should, on average over the parameters."
    each = listed([f"{side} on {listed(names)}" for side, names in sides.items()])
    return f"So the spread of {s.what} is {each}{': no uncertainty to rely on' if narrow in sides else ''}."
