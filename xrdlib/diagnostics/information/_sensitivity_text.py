"""The sentences of a `Sensitivity`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.data.space import format_parameter
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.information.sensitivity import Sensitivity

__all__ = ["sentences"]


def sentences(found: Sensitivity) -> list[str]:
    """Rankings against the note's, why the value is the wrong yardstick, and where derivatives and steps differ."""
    point = "the chosen epoch's prediction" if found.predicted else "the experiment"
    percent = f"{100 * found.step:g} %"
    said = []
    for measure in ("value", "range"):
        n = len(found.samples[measure])
        for where, source in (
            (f"of {point}", found.rmse),
            (f"averaged over {n} {found.population}", found.mean),
        ):
            said.append(f"{percent} of {measure}, {where}: {_ranking(found, source[measure])}")
    said.append(_yardstick(found, percent))
    if (text := _jumps(found, percent)) is not None:
        said.append(text)
    return said


def _ranking(found: Sensitivity, values: NDArray[np.float64]) -> str:
    if np.ptp(values) == 0:
        return "all parameters change the curve alike, no order."
    order = ", ".join(PARAMETERS[i] for i in np.argsort(-values, kind="stable"))
    rho, chance = found.agreement(values)
    agrees = (
        "agrees with" if rho > 0.7 else
        "hardly agrees with" if rho > 0.3 else
        "has nothing to do with" if rho >= -0.3 else
        "is rather the reverse of"
    )  # fmt: skip
    return (
        f"from most to least {order}; that order {agrees} the note's (Spearman {rho:+.2f}; {chance:.0f} % of random "
        "orders come as near or nearer)."
    )


def _yardstick(found: Sensitivity, percent: str) -> str:
    steps = found.step * np.abs(found.parameters)
    share = 100 * steps / SPACE.range
    small, large = (
        f"{percent} of {PARAMETERS[i]} = {format_parameter(PARAMETERS[i], float(f'{found.parameters[i]:.4g}'))} is "
        f"{format_parameter(PARAMETERS[i], float(f'{steps[i]:.3g}'))}, {share[i]:.2g} % of its range"
        for i in (int(share.argmin()), int(share.argmax()))
    )
    return (
        f"A share of the value is no common yardstick: {small}; {large}. It ranks the numbers' sizes as much as the "
        "physics."
    )


def _jumps(found: Sensitivity, percent: str) -> str | None:
    if found.jumped is None or not found.jumped.any() or found.jumped.all():
        return None
    n = len(found.jumped)
    step, slope = found.samples["range"][:n], found.samples["jacobian"][:n]
    off = 100 * np.abs(step - slope) / np.maximum(slope, 1e-30)
    held, jumped = (np.median(off[rows]) for rows in (~found.jumped, found.jumped))
    return (
        f"The Jacobian holds the number of sublayers, an integer: where a step of {percent} of range leaves it, the "
        f"changes by step and by Jacobian differ by {held:.1f} % (median), where it jumps "
        f"({100 * found.jumped.mean():.0f} % of the steps) by {jumped:.1f} %."
    )
