"""Findings on traces in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xrdlib.diagnostics._intervals import percent
from xrdlib.diagnostics.epochs._among import Among, in_words, left_out

if TYPE_CHECKING:
    from xrdlib.diagnostics.epochs.tracking import Tracking

__all__ = ["findings"]


def findings(t: Tracking) -> list[str]:
    """What the correlations, the change point and the regret say."""
    if t.epochs.size == 1:
        said = ["At a single epoch there is no trace: nothing to compare with the validation loss, and no regret."]
        return said + left_out(t.left_out, t.test_set)
    together = (
        "is constant or too short to compare with the validation loss" if np.isnan(t.spearman) else
        "falls with the validation loss" if t.spearman > 0.7 else
        "loosely follows the validation loss" if t.spearman > 0.3 else
        "hardly follows the validation loss" if t.spearman >= -0.3 else
        "tends to rise while the validation loss falls" if t.spearman >= -0.7 else
        "rises while the validation loss falls"
    )  # fmt: skip
    more = "" if np.isnan(t.spearman) else f" (Spearman {t.spearman:+.2f})"
    said = [f"Over {t.epochs.size} epochs the {t.measure} {together}{more}."]
    if not np.isnan(t.spearman_percentile.value):
        said.append(
            f"{percent(t.spearman_percentile)} of the {t.test_set} test samples follow it less; the changes "
            f"from epoch to epoch have a Spearman of {t.spearman_changes:+.2f}."
        )
    known = t.regret is not None
    said += [t.divergence.sentence(t.measure, "% of range" if known else "in RMSE"), *_regret(t)]
    if t.unlike:
        so = "its rank among them holds that difference, too" if known else "what holds for them need not hold for it"
        said.append(f"It is not like the {t.test_set} test samples ({'; '.join(t.unlike)}): {so}.")
    return said + left_out(t.left_out, t.test_set)


def _regret(t: Tracking) -> list[str]:
    middle, high = np.median(t.sample_regret), np.percentile(t.sample_regret, 90)
    against = f"each against its own ideal of the same {t.epochs.size} epochs"
    if t.regret is None:
        return [
            f"Its regret cannot be known without the true parameters; of the {t.sample_regret.size} "
            f"{t.test_set} test samples, {against}, the median regret is {middle:.2f} % of range and one in ten "
            f"exceeds {high:.2f}."
        ]
    p = t.regret_rank
    verdict = "ordinary" if p.value < 90 else "unusual" if p.value < 99 else "exceptional"
    ranks = [Among(t.test_set, t.sample_regret < t.regret)]
    if t.other_set is not None:
        ranks.append(Among(t.other_set, t.other_regret < t.regret))
    said = [
        f"A regret of {t.regret:.2f} % of range is {verdict}: {in_words(ranks)} have a smaller one, {against}; "
        f"the {t.test_set} ones' median is {middle:.2f} % of range, and one in ten exceeds {high:.2f}."
    ]
    if t.guess is not None and t.error.min() > 0.7 * t.guess:
        said.append(
            f"Guessing the training set's mean would err by {t.guess:.1f} % of range: even the ideal epoch "
            "hardly reads this curve, and an early one, close to that guess, looks good."
        )
    return said
