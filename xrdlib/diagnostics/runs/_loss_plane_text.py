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
    away, loss = _away(p, low), p.path_val_loss[p.row(p.final)]
    where = (
        "is that of the final epoch itself"
        if low.epoch == p.final
        else f"is where epoch {low.epoch} is drawn, {away:.2f} from the final epoch with its {loss:.4f}"
        if low.epoch is not None
        else f"is {away:.2f} from the final epoch, where it is {loss:.4f}"
    )
    apart = f"points are {p.step:.2f} apart"
    verdict = (
        f"no minimum, for that is at the edge of what was computed ({apart})"
        if low.at_edge
        else f"the path settles where the validation loss is lowest, as far as these places tell ({apart})"
        if away <= p.step
        else f"the path does not end where the validation loss is lowest ({apart})"
    )
    return (
        f"The lowest validation loss of {p.error.size} points of the plane and {p.epochs.size} places of stored epochs "
        f"on it, {low.value:.4f}, {where}: {verdict}."
    )


def _lowest_error(p: LossPlane) -> str:
    low, n = p.lowest("error"), len(p.computed)
    loss = p.computed["val_loss"][p.computed["error"].argmin()]
    # through weights, not on paper: a checkpoint above the plane is farther than it is drawn
    distance = np.hypot(np.hypot(*(p.path - [low.x, low.y]).T), p.height)
    near = int(distance.argmin())
    passes = "the path passes by" if distance[near] <= p.step else "the path does not pass near"
    against = "lower" if low.value < p.path_error.min() else "not lower"
    edge = ", at the edge of what was computed: no minimum, it may fall further beyond" if low.at_edge else ""
    return (
        f"The lowest error of {p.target} computed on the plane is {_value(p, low.value)}, with a validation loss of "
        f"{loss:.4f}, {_away(p, low):.2f} from final{edge}; {passes} (epoch {p.epochs[near]} is nearest, "
        f"{distance[near]:.2f} away). It is {against} than at every stored epoch "
        f"({_value(p, float(p.path_error.min()))}), but picked with the answer in hand from {n} places."
    )


def _neighbours(p: LossPlane) -> str:
    change, there = p.neighbour_change(), "At that edge" if p.lowest("error").at_edge else "There"
    n = p.final_neighbours.size
    verdict = (
        "this place, good for the target, is good for its region"
        if change.high < 0
        else "this place, good for the target, is bad for its region"
        if change.low > 0
        else "no change of its region that can be told from none"
    )
    region, common = p.lowest("neighbours"), p.lowest("val_loss")
    apart = float(np.hypot(region.x - common.x, region.y - common.y))
    own = (
        "Their own lowest error is at the edge of what was computed, no minimum."
        if region.at_edge
        else f"Their own lowest error is {apart:.2f} from the lowest validation loss."
    )
    return (
        f"{there} the mean error of the {n} nearest test samples differs by {change:+.1f} % of range from that at "
        f"final: {verdict}. {own}"
    )
