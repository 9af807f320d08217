"""The gap of a curve in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed, ordinal
from xrdlib.diagnostics.gap._properties import PROPERTIES

if TYPE_CHECKING:
    from xrdlib.diagnostics.gap._gap import Gap

__all__ = ["findings", "table"]

_NAMES = {
    "nearest": "to the nearest curve",
    "density": "to the nearest ten",
    "residual": "off the components",
    "properties": "in the properties",
    "extreme": "in the extremest one",
}


def table(g: Gap) -> pd.DataFrame:
    """Distances, then properties: this curve, the middle 95 % of held-out curves, and where it lies among them."""
    rows, index = [], []
    for name, (value, others) in g.distances.items():
        low, high = np.quantile(others, [0.025, 0.975])
        rows.append((f"{value:.3f}", f"{low:.3f} to {high:.3f}", f"p {g.p_values[name]:.2g}"))
        index.append(_NAMES[name])
    low, high = np.quantile(g.held_values, [0.025, 0.975], axis=0)
    for i, prop in enumerate(PROPERTIES):
        flagged = ", outside" if g.outside_properties[i] else ""
        ends = f"{prop.shown(low[i]).split(' ')[0]} to {prop.shown(high[i]).split(' ')[0]}"
        rows.append((prop.shown(g.values[i]), ends, f"{g.percentiles[i]:.0f} %{flagged}"))
        index.append(prop.name)
    return pd.DataFrame(rows, index=index, columns=["this curve", "held-out curves", "among them"])


def findings(g: Gap) -> list[str]:
    """The verdict, where, in what, and what it does not tell."""
    return [_verdict(g), _distances(g), *_where(g), *_what(g), _limits(g)]


def _verdict(g: Gap) -> str:
    kind = "simulated measurements" if g.aware else "noise-free simulations"
    of = f" ({g.n_groups} instruments)" if g.n_groups < g.n_held_out else ""
    share = f"{g.n_as_far} of {g.n_held_out} held-out curves{of} are as far from the training curves"
    if not g.decidable:
        return (
            f"Whether {g.target} is like the curves of study {g.study} cannot be told: {g.n_held_out} held-out "
            f"curves{of} are too few for p to come below {g.alpha:g}."
        )
    told = f"{g.as_far:.1f} %; p = {g.p_value:.2g}, level {g.alpha:g}"
    where = f"outside the curves that study {g.study} was trained on ({kind})"
    head = f"{g.target} lies {where}" if g.outside else f"Nothing shows {g.target} to lie {where}"
    close = f"; that is borderline: the interval holds {100 * g.alpha:g} %" if g.borderline else ""
    return f"{head}: {share} ({told}){close}."


def _distances(g: Gap) -> str:
    near, dense = (g.distances[k][0] for k in ("nearest", "density"))
    usual = np.median(g.distances["nearest"][1])
    p = g.p_values
    return (
        f"The nearest of {g.n_library} training curves is {near:.2f} away (RMS of log10 intensity; half of the "
        f"held-out curves have one within {usual:.2f}; p {p['nearest']:.2g}), the {ordinal(g.n_near)} {dense:.2f} (p "
        f"{p['density']:.2g}), {g.sparsity:.2g} times the median of held-out curves; off their principal components "
        f"the p is {p['residual']:.2g}, in the properties {p['properties']:.2g}, in the most extreme one "
        f"{p['extreme']:.2g}: these three decide."
    )


def _where(g: Gap) -> list[str]:
    flagged = [s for s in g.stretches if s.p_value <= g.alpha]
    if not flagged:
        return ["Nowhere along the scan is it further from its nearest training curves than held-out ones near it are."]
    worst = sorted(flagged, key=lambda s: -s.z)
    parts = [f"{s.name}, {s.start:.0f} to {s.stop:.0f} arcsec ({s.z:.1f} times the usual)" for s in worst]
    return [f"It differs from its nearest training curves by more than held-out ones near it do: {listed(parts)}."]


def _what(g: Gap) -> list[str]:
    flagged = np.flatnonzero(g.outside_properties)
    if not flagged.size:
        return ["None of its properties alone lies outside those of held-out curves."]
    low, high = np.quantile(g.held_values, [0.025, 0.975], axis=0)
    parts = []
    for i in flagged:
        prop = PROPERTIES[i]
        short = prop.shown(low[i]).split(" ")[0]
        usual = short if low[i] == high[i] else f"{short} to {prop.shown(high[i]).split(' ')[0]}"
        side = "above" if g.percentiles[i] > 50 else "below"
        beyond = f"{side} all of them" if g.percentiles[i] in (0.0, 100.0) else f"{side} nearly all"
        parts.append(f"{prop.name} {prop.shown(g.values[i])} ({usual} in 95 % of held-out curves, {beyond})")
    said = [f"Outside are {listed(parts)}."] if len(parts) > 1 else [f"Outside is {parts[0]}."]
    if g.without is not None and len(parts) < len(PROPERTIES):
        verdict = "outside, too" if g.without <= g.alpha else "nothing unusual"
        said.append(f"Those set aside, the other properties together are {verdict} (p {g.without:.2g}).")
    return said


def _limits(g: Gap) -> str:
    if g.outside:
        return (
            "That a curve is outside does not say how wrong its prediction is; but errors on test samples, which are "
            "inside, are no guide to it."
        )
    return (
        "Inside does not mean that the physics is the same: what other parameters can imitate (disorder, damped "
        "fringes, a diffuse foot) is found rarely or not at all (docs/measured_curves.md)."
    )
