"""What a comparison of epochs means, in tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from xrdlib.diagnostics.errors.comparison import Comparison, Step

__all__ = ["LABELS", "measure_table", "sentences", "shares_table"]

# measure: what people call it in a table, and in a sentence
LABELS = {
    "val_loss": ("validation loss", "validation loss"),
    "loss_gap": ("training - validation", "gap"),
    "parameter_error": ("parameter MAE (%)", "parameter MAE"),
    "curve_mae": ("curve MAE (log10)", "curve MAE"),
    "profile_error": ("profile MAE (1e-3)", "profile MAE"),
    "experiment_error": ("target: parameters (%)", "the target's parameter error"),
    "experiment_curve_rmse": ("target: curve RMSE", "the target's curve error"),
    "experiment_profile": ("target: profile (1e-3)", "the target's profile error"),
}
_CELLS = {"val_loss": ".5f", "loss_gap": "+.5f", "parameter_error": ".2f", "experiment_error": ".2f"}


def measure_table(found: Comparison) -> pd.DataFrame:
    """A row per measure."""
    rows = {}
    for m in found.measures:
        values = [f"{v:{_CELLS.get(m.name, '.4f')}}" if np.isfinite(v) else "unknown" for v in m.values]
        best = "" if m.best is None else f"epoch {found.epochs[m.best]}"
        sure = {None: "one number" if m.lead is None else "", True: "yes", False: "no"}[m.beyond_chance]
        rows[LABELS[m.name][0]] = [*values, best, sure if len(found.named) > 1 else ""]
    names = [_head(name, epoch) for name, epoch in found.named.items()]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*names, "best", "beyond chance"])


def _head(name: str, epoch: int) -> str:
    return name if name == f"epoch {epoch}" else f"{name} ({epoch})"


def shares_table(found: Comparison) -> pd.DataFrame:
    """A row per step and test set."""
    rows = {
        f"{step.before} to {step.after}, {test_set}": [f"{interval:.0f}" for interval in shares]
        for step in found.steps
        for test_set, shares in step.shares.items()
    }
    clearly = f"by > {found.margin:g} %"
    columns = ["better (%)", "worse (%)", f"better {clearly}", f"worse {clearly}"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def sentences(found: Comparison) -> list[str]:
    """What is better by more than chance, what single numbers cannot tell, and how many samples got worse."""
    if len(found.named) == 1:
        name, epoch = next(iter(found.named.items()))
        return [f"{name} is epoch {epoch}: one and the same, there is nothing to compare."]
    said = [*_sampled(found), *_single(found)]
    # of several steps the first; all are in the frame
    step = found.steps[0]
    yardstick = next((s for s in found.steps[1:2] if s.before == step.before), None)
    return [*said, *_step(found, step, yardstick)]


def _sampled(found: Comparison) -> list[str]:
    """Means over test samples."""
    parts = []
    for m in found.measures:
        if m.lead is None:
            continue
        label = LABELS[m.name][1]
        if m.best is None:
            parts.append(f"{label} is the same at all")
            continue
        values = m.values[np.argsort(m.values)]
        sure = "beyond chance" if m.beyond_chance else "which other samples could turn"
        parts.append(
            f"{label} at epoch {found.epochs[m.best]} ({values[0]:.3g}, next {values[1]:.3g}; the difference of "
            f"{m.lead:.2g}, {sure})"
        )
    return [f"Over {found.n} {found.test_set} test samples the lowest are: {'; '.join(parts)}."]


def _single(found: Comparison) -> list[str]:
    """Single numbers, and the measures by which epochs were picked."""
    said = []
    for m in found.measures:
        if m.lead is None and m.best is not None:
            epoch = found.epochs[m.best]
            names = [name for joined, e in found.named.items() if e == epoch for name in joined.split(", ")]
            picked = [name for name in names if found.picked.get(name) == m.name]
            reason = f", by which {picked[0]} was picked" if picked else ""
            said.append(f"{LABELS[m.name][1]} at epoch {epoch}{reason}")
    words = [
        f"Lowest of the single numbers: {'; '.join(said)}. They are of one training: no interval exists, and only "
        "replicas of the study say how far they scatter."
    ]
    dropout = f" and with {100 * found.dropout:g} % dropout, both of which raise it" if found.dropout else ""
    if not any(m.name == "loss_gap" for m in found.measures):
        return words if said else []
    return (words if said else []) + [
        f"The training loss is taken while the weights still change{dropout}: its gap to the validation loss compares "
        "epochs, and is no measure of over-fitting by itself."
    ]


def _step(found: Comparison, step: Step, yardstick: Step | None) -> list[str]:
    said, note = [], found.note[1]
    parts = [
        f"{s.better:.0f} % of {_samples(test_set)} get better and {s.worse:.0f} % worse, "
        f"{'more than' if s.worse.low > note else 'fewer than' if s.worse.high < note else 'in keeping with'} the "
        f"note's {note:g} % (by more than {found.margin:g} % of range: {s.clearly_better:.0f} and "
        f"{s.clearly_worse:.0f} %)"
        for test_set, s in step.shares.items()
    ]
    if parts:
        said.append(f"From epoch {step.before} to epoch {step.after}, {'; '.join(parts)}.")
    if yardstick is not None and found.test_set in yardstick.shares:
        s = yardstick.shares[found.test_set]
        said.append(
            f"From epoch {yardstick.before} to its very next, for comparison, {s.clearly_better:.0f} % of "
            f"{_samples(found.test_set)} get better by more than {found.margin:g} % of range and "
            f"{s.clearly_worse:.0f} % worse."
        )
    if step.agreement is not None and not np.isnan(step.agreement.value):
        settled = (
            ""
            if step.settled is None
            else f"; where the parameter error stays within {found.margin:g} % of range, the curve MAE still changes "
            f"by {step.settled:.0f} % (median)"
        )
        said.append(
            f"For one and the same sample, whichever of epochs {step.before} and {step.after} has the better "
            f"parameters has the better curve, too, in {step.agreement:.0f} % of cases{settled}."
        )
    return said


def _samples(test_set: str) -> str:
    """A test set's samples in words."""
    return f"{test_set} test samples"
