"""What a coverage means, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xrdlib._words import listed
from xrdlib.data.space import format_parameters
from xrdlib.diagnostics.training_set.note_rule import NoteRule
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.training_set._coverage import Coverage

__all__ = ["sentences"]

_TELLS_NOTHING = 90.0  # % of test samples with one and the same verdict


def sentences(found: Coverage) -> list[str]:
    """Nearest sample, calibrated verdict, edges, boxes, the note's verdicts, and whether the point is inside."""
    said = [_nearest(found), _calibrated(found), _parameters(found)]
    if found.n_fresh:
        said.insert(
            0,
            f"The network was trained on {found.n_fresh} curves, new ones in every epoch; {found.n_training} samples "
            "drawn in the same way stand for them here.",
        )
    if found.boxes:
        said.append(_in_boxes(found))
    said += _note(found)
    if found.violations:
        said.append(f"Outside the parameter space: {'; '.join(found.violations)}.")
    else:
        said.append("Inside every range and constraint of the parameter space.")
    return said


def _nearest(found: Coverage) -> str:
    values = zip(PARAMETERS, format_parameters(found.nearest[0]), strict=True)
    nearest = ", ".join(f"{name} {value}" for name, value in values)
    sample = "of these to" if found.n_fresh else "training sample of"
    point = "the chosen epoch's prediction" if found.predicted else "the experiment"
    return (
        f"Nearest {sample} {point}: row {found.rows[0]}, {nearest}; distance {found.distance[0]:.3f} in "
        "units of the ranges."
    )


def _calibrated(found: Coverage) -> str:
    k = found.distance.size
    its = f"Its {k} nearest lie" if k > 1 else "Its nearest lies"
    many = "as many" if k > 1 else "one"
    return (
        f"{its} within {found.distance[-1]:.3f}; {found.distance_interval:.0f} % of {found.yardstick.size} "
        f"{found.yardstick.name} test samples have {many} nearer by: this region is {found.place_in_words}."
    )


def _parameters(found: Coverage) -> str:
    far = int(found.value_gap.argmax())
    at_edge = f"{found.edge_interval:.0f} % of test samples"
    if found.near_edge:
        edges = (
            f"{_lie(found.near_edge)} within {found.edge:g} % of an end of the range, as at least one parameter of "
            f"{at_edge} does"
        )
    else:
        edges = f"No parameter lies within {found.edge:g} % of an end of its range; one or more of {at_edge} do"
    if found.outside:
        edges += f"; {_lie(found.outside)} outside the range"
    return (
        f"{edges}; taken one by one, every parameter has a training value within {found.value_gap[far]:.2g} % of range "
        f"({PARAMETERS[far]})."
    )


def _lie(names: list[str]) -> str:
    return f"{listed(names)} {'lies' if len(names) == 1 else 'lie'}"


def _in_boxes(found: Coverage) -> str:
    counts = listed([f"{n} within +-{side:g} %" for n, side in zip(found.box_counts, found.boxes, strict=True)])
    empty = listed([f"{interval.value:.0f} %" for interval in found.boxes_empty])
    return (
        f"Training samples with every parameter within a part of its range of this one: {counts}; {empty} of test "
        "samples have none at all there."
    )


def _note(found: Coverage) -> list[str]:
    rule, verdicts = found.rule, found.verdicts
    called = listed([f"{verdicts[question][0]} by the {text}" for question, text in rule.questions.items()])
    same = listed([f"{share:.0f} %" for _, share in verdicts.values()])
    whose = "The note's thresholds" if rule == NoteRule() else "The given thresholds"
    said = [f"{whose} call this region {called}; {same} of test samples get the same verdicts."]
    most = {str(q): float(shares.max()) for q, shares in found.note.groupby("question", sort=False)["test_samples"]}
    blind = {rule.questions[q]: share for q, share in most.items() if share >= _TELLS_NOTHING}
    at = found.radii.index(rule.radius)
    here, typical = (float(found.frame[column].iloc[at]) for column in ("share", "typical_share"))
    holds = f"a radius of {rule.radius:g} holds {here:.0f} % of the training set here and {typical:.0f} % around the "
    if blind:
        said.append(
            f"The {listed(list(blind))} hardly {'tells' if len(blind) == 1 else 'tell'} one place from another: at "
            f"least {min(blind.values()):.0f} % of test samples get one and the same verdict, and {holds}median test "
            "sample."
        )
    else:
        said.append(f"In absolute terms, {holds}median test sample.")
    nearest = verdicts["nearest"][0]
    if nearest != "sparse" and verdicts["share"][0] == "sparse":
        said.append(
            f"The rule contradicts itself here, as for {_contradicting(found):.0f} % of test samples: coverage is "
            f"{nearest} by the nearest sample, and the region sparse by the share."
        )
    return said


def _contradicting(found: Coverage) -> float:
    """Share (%) of test samples that are sparse by the share and not by the nearest."""
    rule = found.rule
    counts = found.yardstick.counts[:, found.radii.index(rule.sparse_radius)]
    share = 100 * counts / found.n_training
    judged = rule.judge(found.yardstick.nearest, counts, share)
    return float(100 * np.mean((judged["nearest"] < 2) & (judged["share"] == 1)))
