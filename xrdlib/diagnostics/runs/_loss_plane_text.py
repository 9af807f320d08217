"""What `LossPlane` says in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xrdlib.diagnostics.runs.loss_plane import LossPlane, Lowest

__all__ = ["sentences"]


def sentences(p: LossPlane) -> list[str]:
    """How true the picture is, where the path ends and where the error is lowest, and whether neighbours agree."""
    said = [_picture(p)]
    if p.best != p.final:
        said.append(_shadow(p))
    return [*said, _settles(p), _lowest_error(p), _neighbours(p)]


def _value(p: LossPlane, value: float) -> str:
    return f"{value:.1f} % of range" if p.measure == "error (%)" else f"{value:.3f} (RMSE of log10 intensity)"


def _picture(p: LossPlane) -> str:
    text = f"The plane ({p.through}) holds {100 * p.explained:.0f} % of the squared distance of the path's weights"
    if p.walk is None:
        return f"{text}."
    return (
        f"{text}; of a random walk with the same steps it would hold {100 * p.walk:.0f} %, bent as smoothly: the shape "
        "of the path by itself says little."
    )


def _shadow(p: LossPlane) -> str:
    f, b = p.row(p.final), p.row(p.best)
    at_final, at_best, drawn = p.path_error[f], p.path_error[b], p.shadow_error[b]
    if drawn - at_best < 0.1 * (at_final - at_best):
        verdict = "the plane shows what makes it better than final"
    elif drawn >= at_final:
        verdict = "what makes it better than final lies outside the plane"
    else:
        verdict = "only a part of what makes it better than final lies in the plane"
    return (
        f"Epoch {p.best} has the lowest error of {p.target} among stored ones, {_value(p, at_best)} against "
        f"{_value(p, at_final)} at final; drawn on the plane it has {_value(p, drawn)}: {verdict}."
    )


def _away(p: LossPlane, low: Lowest) -> float:
    """Distance of a point from the final epoch."""
    return float(np.hypot(*(np.array([low.x, low.y]) - p.path[p.row(p.final)])))


def _settles(p: LossPlane) -> str:
    low = p.lowest("val_loss")
    away = _away(p, low)
    where = "at the edge of what was computed" if low.at_edge else f"{away:.2f} from the final epoch"
    verdict = (
        "the path settles where the validation loss is lowest, as far as these points tell"
        if away <= p.step and not low.at_edge
        else "the path does not end where the validation loss is lowest"
    )
    return (
        f"The lowest validation loss of the plane, {low.value:.4f}, is {where} (points are {p.step:.2f} apart), where "
        f"it is {p.path_val_loss[p.row(p.final)]:.4f}: {verdict}."
        if not low.at_edge
        else f"The lowest validation loss of the plane, {low.value:.4f}, is {where}: {verdict}."
    )


def _lowest_error(p: LossPlane) -> str:
    low, loss = p.lowest("error"), p.val_loss[np.unravel_index(p.error.argmin(), p.error.shape)]
    # through weights, not on paper: a checkpoint above the plane is farther than it is drawn
    distance = np.hypot(np.hypot(*(p.path - [low.x, low.y]).T), p.height)
    near = int(distance.argmin())
    passes = "the path passes by" if distance[near] <= p.step else "the path does not pass near"
    against = "lower" if low.value < p.path_error.min() else "not lower"
    edge = ", at the edge of what was computed" if low.at_edge else ""
    return (
        f"The lowest error of {p.target} on the plane is {_value(p, low.value)}, {_away(p, low):.2f} from final{edge}, "
        f"with a validation loss of {loss:.4f}; {passes} (epoch {p.epochs[near]} is nearest, {distance[near]:.2f} "
        f"away). It is {against} than at every stored epoch ({_value(p, float(p.path_error.min()))}), but picked with "
        f"the answer in hand from {p.error.size} points."
    )


def _neighbours(p: LossPlane) -> str:
    change = p.neighbour_change()
    n = p.final_neighbours.size
    verdict = (
        "what is good for the target is good for its region"
        if change.high < 0
        else "what is good for the target is bad for its region"
        if change.low > 0
        else "the gain is the target's own, not its region's"
    )
    region, common = p.lowest("neighbours"), p.lowest("val_loss")
    apart = float(np.hypot(region.x - common.x, region.y - common.y))
    return (
        f"There the mean error of the {n} nearest test samples differs by {change:+.1f} % of range from that at final: "
        f"{verdict}. Their own lowest point is {apart:.2f} from the lowest validation loss."
    )
