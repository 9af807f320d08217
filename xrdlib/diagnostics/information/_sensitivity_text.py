"""The sentences of a `Sensitivity`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE
from xrdlib.data.space import format_parameter
from xrdlib.diagnostics.information._steps import FLOOR
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.information.sensitivity import Sensitivity

__all__ = ["sentences"]


def sentences(found: Sensitivity) -> list[str]:
    """Rankings against the note's, under which conditions, why the value is the wrong yardstick, steps and slopes."""
    point = "the chosen epoch's prediction" if found.predicted else "the experiment"
    percent = f"{100 * found.step:g} %"
    said = []
    for measure in ("value", "range"):
        said.append(f"{percent} of {measure}, of {point}: {_ranking(found, found.rmse[measure])}")
        said.append(
            f"{percent} of {measure}, averaged over {len(found.samples[measure])} {found.population}: "
            f"{_ranking(found, found.mean[measure], measure)}"
        )
    said += [_conditions(found), _background(found, percent), _yardstick(found, percent)]
    if not found.reproduced:
        said.insert(0, "No epoch's prediction reproduces the curve: the point does not describe it.")
    if (text := _jumps(found, percent)) is not None:
        said.append(text)
    return said


def _ranking(found: Sensitivity, values: NDArray[np.float64], measure: str | None = None) -> str:
    """Of a point; of the samples' means by a measure, with intervals."""
    if np.ptp(values) == 0:
        return "all parameters change the curve alike, no order."
    ends = None if measure is None else found.intervals(measure)
    order = ", ".join(
        PARAMETERS[i] if ends is None else f"{PARAMETERS[i]} {ends[i]:.2g}" for i in np.argsort(-values, kind="stable")
    )
    rho, chance = found.agreement(values)
    agrees = (
        "agrees with" if rho > 0.7 else
        "hardly agrees with" if rho > 0.3 else
        "has nothing to do with" if rho >= -0.3 else
        "is rather the reverse of"
    )  # fmt: skip
    pairs = [] if measure is None else found.uncertain(measure)
    open_ = f" Not certain is which is first of {'; of '.join(' and '.join(pair) for pair in pairs)}." if pairs else ""
    return (
        f"from most to least {order}; that order {agrees} the note's (Spearman {rho:+.2f}; {chance:.0f} % of random "
        f"orders come as near or nearer).{open_}"
    )


def _conditions(found: Sensitivity) -> str:
    if found.instrument is None:
        return "All curves are those of the simulator given, neither scaled nor with a background."
    whose = "the measured curve's scan and instrument" if found.predicted else "the same conditions"
    return (
        f"All curves run from {found.angle[0]:.0f} to {found.angle[-1]:.0f} arcsec, with a resolution of "
        f"{found.instrument.fwhm:g} arcsec (Lorentz fraction {found.instrument.lorentz_fraction:g}), disorder "
        f"{found.disorder:g}, neither scaled nor with a background; the averages, too, are for {whose}."
    )


def _background(found: Sensitivity, percent: str) -> str:
    said = []
    for where, values in (("here", found.rmse), ("on average", found.mean)):
        before, after = (
            [PARAMETERS[i] for i in np.argsort(-values[m], kind="stable")] for m in ("range", "background")
        )
        said.append(f"{where} {'the order stays' if before == after else 'the order is ' + ', '.join(after)}")
    return (
        f"With a background of {FLOOR:g} of the peak, which hides what is weaker, and {percent} of range: "
        f"{'; '.join(said)}."
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
    if found.jumped is None or not (part := found.jumped[: len(found.samples["jacobian"])]).any() or part.all():
        return None
    slope = found.samples["jacobian"]
    step, leaves = found.samples["range"][: len(slope)], found.jumped[: len(slope)]
    off = 100 * np.abs(step - slope) / np.maximum(slope, 1e-30)
    held, jumped = (np.median(off[rows]) for rows in (~leaves, leaves))
    return (
        f"The Jacobian holds the number of sublayers, an integer: where a step of {percent} of range leaves it, the "
        f"changes by step and by Jacobian differ by {held:.1f} % (median), where it jumps "
        f"({100 * found.jumped.mean():.0f} % of the steps) by {jumped:.1f} %."
    )
