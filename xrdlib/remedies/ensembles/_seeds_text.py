"""What trainings and epochs are worth as members, as a table and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from xrdlib.remedies.ensembles.seeds import SeedsOrEpochs, SizedScore

__all__ = ["sentences", "table"]

_SHORT = {"seeds": "trainings", "late": "last epochs", "spread": "epochs, 2nd half"}


def table(s: SeedsOrEpochs) -> pd.DataFrame:
    """For `SeedsOrEpochs.table`."""
    cells: dict[str, dict[str, str]] = {}
    for where in s.places:
        for way, words in _SHORT.items():
            row = {}
            for score in s.scores:
                if (score.where, score.way) == (where, way):
                    row[f"m = {score.m}"] = f"{score.error:.2f}"
            cells[f"{where}, {words}"] = row
    return pd.DataFrame(cells).T.fillna("")


def sentences(s: SeedsOrEpochs) -> list[str]:
    """For `SeedsOrEpochs.sentences`."""
    m = s.n_runs
    said = [
        f"Means of m members: m of {m} trainings that differ in {_words(s.varied)}, each at epoch {s.last}; or m "
        "epochs of one training. Errors are % of range, means over all such ensembles."
    ]
    for where in s.places:
        if where != "experiment":
            said += _on_set(s, where)
    said.append(
        f"Those are intervals over test samples, of these {m} trainings, which make a single ensemble of {m}: what "
        f"another {m} would gain they do not tell."
    )
    return [*said, _experiment(s), *_left(s)]


def _words(varied: str) -> str:
    return {"all": "weights, order and dropout"}.get(varied, varied)


def _gain(score: SizedScore) -> str:
    turned = "more than other samples could turn" if score.gain.excludes(0) else "which other samples could turn"
    return f"{score.gain:+.2f}, {turned}"


def _on_set(s: SeedsOrEpochs, where: str) -> list[str]:
    m = s.n_runs
    found = {score.way: score for score in s.scores if (score.where, score.m) == (where, m)}
    texts = [f"{m} trainings gain {_gain(found['seeds'])}"]
    texts += [f"{m} {_SHORT[way]} {_gain(found[way])}" for way in ("late", "spread") if way in found]
    return [
        f"On {s.n_samples} {where} test samples a single training errs by {s.find('seeds', where, 1).error:.2f}: "
        f"{'; '.join(texts)}."
    ]


def _experiment(s: SeedsOrEpochs) -> str:
    one, most = s.find("seeds", "experiment", 1), s.find("seeds", "experiment", s.n_runs)
    half = s.find("seeds", "experiment", max(1, s.n_runs // 2))
    text = (
        f"On {s.target} single trainings err by {one.lowest:.1f} to {one.highest:.1f} (mean {one.error:.1f}), means of "
        f"{half.m} by {half.lowest:.1f} to {half.highest:.1f}, the mean of all by {most.error:.1f}"
    )
    epochs = [score for score in s.scores if score.way == "late" and score.where == "experiment"]
    last = max(epochs, key=lambda score: score.m)
    return (
        f"{text}; means of {last.m} late epochs of one training by {last.lowest:.1f} to {last.highest:.1f}. One curve "
        "has no interval: what averaging trainings surely takes away is the luck of the one that one happens to have."
    )


def _left(s: SeedsOrEpochs) -> list[str]:
    said = []
    for where, floor in s.floor.items():
        score = s.find("seeds", where, s.n_runs)
        members, ensemble = score.squares
        if members > 0:
            said.append(
                f"Of the squared error of single trainings ({where}) {100 * ensemble / members:.0f} % is left in the "
                f"mean of {s.n_runs}, and {100 * floor / members:.0f} % would be in that of infinitely many: the bias "
                "they have in common, which no average takes away."
            )
    return said
