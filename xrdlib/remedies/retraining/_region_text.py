"""What a region holds, as a table and in sentences that help to choose one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed
from xrdlib.diagnostics._intervals import percent
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.remedies.retraining.region import RegionWeights

__all__ = ["sentences", "table"]

_FEW = 100  # samples: a batch or less, which a network learns by heart
_NEARLY_ALL = 90.0  # %: nothing worth the name of a choice is made
_NAMED = 3  # parameters in a cell of the table
_WIDTH = 10.0  # % of range
_USUAL = 90.0  # % of test samples for which a region should hold the truth


def table(r: RegionWeights) -> pd.DataFrame:
    """For `RegionWeights.table`."""
    rows = {}
    for row in r.frame.to_dict("records"):
        value, cells = float(row["value"]), {"samples": f"{row['samples']:.0f}", "% of all": f"{row['share']:.1f}"}
        if row["setting"] == "temperature":
            label = f"T = {value:g}"
            cells[f"weight within {r.note_radius:g}"] = f"{row['weight_within']:.0f} %"
        else:
            radius = row["setting"] == "radius"
            label = f"radius {value:g}" if radius else f"box +-{value:g} %"
            if r.true is not None:
                outside = [] if radius else r.outside(value)
                named = " ".join(outside) if len(outside) <= _NAMED else f"{len(outside)} of {len(PARAMETERS)}"
                cells["truth inside"] = "yes" if row["truth_inside"] else f"no: {named}" if named else "no"
            cells["tests inside"] = f"{row['tests_inside']:.0f} %"
        rows[label] = cells
    return pd.DataFrame(rows).T.fillna("")


def sentences(r: RegionWeights) -> list[str]:
    """For `RegionWeights.sentences`."""
    return [_centre(r), *_truth(r), _note_radius(r), *_radii(r), *_boxes(r), *_temperatures(r), *_usual(r)]


def _centre(r: RegionWeights) -> str:
    if r.word == "truth":
        return (
            f"The centre is the true parameters of {r.target}, which only a virtual experiment has: a remedy around "
            "them is told the answer, and shows what could be gained at most."
        )
    said = "seven given numbers" if r.word == "given" else f"what the network says of {r.target} at its {r.word} epoch"
    return f"The centre is {said}."


def _truth(r: RegionWeights) -> list[str]:
    if r.word == "truth":
        return []
    if r.away is None:
        return [f"The true parameters of {r.target} are unknown: whether a region holds them cannot be told."]
    worst, width = int(r.away.argmax()), _usual_width(r)
    if r.away[worst] < 0.05:
        return ["It is the truth, within 0.05 % of range in every parameter."]
    text = (
        f"The truth is {r.truth_distance:.2f} from it (in units of the ranges), furthest in {PARAMETERS[worst]} "
        f"({r.away[worst]:.1f} % of range)"
    )
    if not (names := r.outside(width)):
        return [f"{text}: a box of +-{width:g} % holds it."]
    return [
        f"{text}: a box of +-{width:g} % leaves {listed(names)} outside, and what is simulated in it never shows the "
        "network the true values."
    ]


def _usual_width(r: RegionWeights) -> float:
    """The one nearest to that of `augment`."""
    return min(r.half_widths, key=lambda w: abs(w - _WIDTH))


def _note_radius(r: RegionWeights) -> str:
    count = int(r.inside_radius(r.note_radius).sum())
    share = 100 * count / r.size
    text = f"Within {r.note_radius:g}, the note's radius, are {count} of {r.size} training samples ({share:.0f} %)"
    if count == 0:
        return f"{text}: nothing to train on."
    if share >= 25:
        return f"{text}: hardly a neighbourhood."
    return f"{text}."


def _radii(r: RegionWeights) -> list[str]:
    counts = {radius: int(r.inside_radius(radius).sum()) for radius in r.radii}
    few = [radius for radius, n in counts.items() if n < _FEW]
    if not few:
        return []
    return [
        f"Within {few[-1]:g} are {counts[few[-1]]}, too few to train on without learning them by heart; half of all "
        f"are within {np.median(r.distance):.2f}."
    ]


def _boxes(r: RegionWeights) -> list[str]:
    counts = {w: int(r.inside_box(w).sum()) for w in r.half_widths}
    few = [w for w, n in counts.items() if n < _FEW]
    if not few:
        return []
    return [f"A box of +-{few[-1]:g} % holds {counts[few[-1]]} training samples: little to learn without new curves."]


def _temperatures(r: RegionWeights) -> list[str]:
    finite = [t for t in r.temperatures if np.isfinite(t)]
    sizes = {t: r.effective(t) for t in finite}
    said = []
    if few := [t for t in finite if sizes[t] < _FEW]:
        t = few[-1]
        said.append(
            f"With T = {t:g} the weights leave an effective {sizes[t]:.0f} of {r.size} samples: too few to learn from."
        )
    if many := [t for t in finite if 100 * sizes[t] / r.size > _NEARLY_ALL]:
        t = many[0]
        said.append(
            f"With T = {t:g} they leave {100 * sizes[t] / r.size:.0f} %, and {r.weight_within(t):.0f} % of the weight "
            f"is within {r.note_radius:g}, where {r.weight_within(np.inf):.0f} % of the samples are: next to no "
            "weighting."
        )
    between = [t for t in finite if t not in few and t not in many]
    said += [
        f"With T = {t:g} an effective {sizes[t]:.0f} ({100 * sizes[t] / r.size:.0f} %) are left, with "
        f"{r.weight_within(t):.0f} % of the weight within {r.note_radius:g}."
        for t in between
    ]
    return said


def _usual(r: RegionWeights) -> list[str]:
    """How large a region around a prediction has to be: asked of samples whose truth is known."""
    if not len(r.errors):
        return []
    widest = np.percentile(np.abs(r.errors).max(axis=1), _USUAL)
    furthest = np.percentile(np.linalg.norm(r.errors, axis=1), _USUAL) / 100
    width = _usual_width(r)
    said = [
        f"How large a region around a prediction has to be, test samples say: of {len(r.errors)} {r.test_set} ones "
        f"{percent(r.usually_holds(half_width=width))} have their truth within +-{width:g} % of what the final epoch "
        f"says of them; {_USUAL:.0f} % have it within +-{widest:.0f} %, or a radius of {furthest:.2f}."
    ]
    if r.unlike:
        said.append(f"{r.target} is not like them ({'; '.join(r.unlike)}): it may well be further away.")
    return said
