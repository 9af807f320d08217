"""Gain and loss of a fine-tuning, as a table and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed
from xrdlib.diagnostics._intervals import percent

if TYPE_CHECKING:
    from xrdlib.remedies.retraining.forgetting import Forgetting

__all__ = ["sentences", "table"]


def table(f: Forgetting) -> pd.DataFrame:
    """For `Forgetting.table`."""
    cells = {"val. loss": [f"{v:.4f}" for v in f.val_loss]}
    for name, trace in {**f.experiments, **f.tests}.items():
        cells[name] = [f"{v:.2f}" for v in trace]
    labels = [f"{e}" if e else "0 (before)" for e in f.epochs]
    return pd.DataFrame(cells, index=pd.Index(labels, name="epoch"))


def sentences(f: Forgetting) -> list[str]:
    """For `Forgetting.sentences`."""
    return [_what(f), *_experiments(f), *_tests(f), _stop(f), *_centre(f), _cannot(f)]


def _what(f: Forgetting) -> str:
    where = f" within {f.radius:g} of the centre" if np.isfinite(f.radius) else ""
    return (
        f"Epoch {f.started} of study {f.parent} went on for {f.last} epochs with {f.n_training} training samples"
        f"{where}, at a rate of up to {f.rate:g}."
    )


def _experiments(f: Forgetting) -> list[str]:
    said = []
    for name, trace in f.experiments.items():
        best = int(trace.argmin())
        if np.abs(trace - trace[0]).max() < 0.005:
            said.append(f"{name}: the error stays at {trace[0]:.2f} % of range.")
            continue
        text = f"{name}: from {trace[0]:.2f} to {trace[-1]:.2f} % of range ({trace[-1] - trace[0]:+.2f})"
        if f"{trace[best]:.2f}" != f"{trace[-1]:.2f}":
            lowest = "lowest before it began" if best == 0 else f"lowest after epoch {best} ({trace[best]:.2f})"
            text += f", {lowest}, which only the truth tells"
        said.append(f"{text}.")
    return said


def _tests(f: Forgetting) -> list[str]:
    said = []
    for name, changes in f.changes.items():
        last, worse = changes[-1], f.worse[name]
        if last.excludes(0):
            verdict = "forgotten" if last.value > 0 else "nothing forgotten, it improves"
        else:
            verdict = "no change that can be told from chance"
        said.append(
            f"The {name} test set: from {f.tests[name][0]:.2f} to {f.tests[name][-1]:.2f} % of range, a change of "
            f"{last:+.2f}: {verdict}; {percent(worse)} of its samples are worse than before."
        )
    return said


def _stop(f: Forgetting) -> str:
    rise = 100 * (f.val_loss / f.val_loss[0] - 1)
    if f.stop == f.last:
        return (
            f"Over the whole validation set the loss never rises by more than {f.tolerance:g} % (at the end "
            f"{rise[-1]:+.1f} %): stopping early would keep the last epoch."
        )
    text = f"Over the whole validation set the loss is more than {f.tolerance:g} % higher after epoch {f.stop + 1}"
    if f.stop == 0:
        return f"{text} ({rise[1]:+.1f} %): stopping early keeps the network as it was."
    places = {**f.experiments, **f.tests}
    there = ", ".join(f"{name} {trace[f.stop]:.2f}" for name, trace in places.items())
    return f"{text} ({rise[f.stop + 1]:+.1f} %): stopping early keeps epoch {f.stop}, with {there} % of range."


def _centre(f: Forgetting) -> list[str]:
    if not f.answer:
        return []
    alone = ", ".join(f"{name} {error:.2f}" for name, error in f.answer.items())
    said = [f"Who answered the centre of the region to every curve would err by, in % of range: {alone}."]
    if f.told:
        said.append(
            f"The centre is the truth of {listed(f.told)}: what is gained there is what being told the answer is worth."
        )
    return said


def _cannot(f: Forgetting) -> str:
    return (
        "An experiment is one curve and this is one training: the intervals are over test samples, and none is known "
        "for the experiments' own changes; several trainings are needed to tell those from luck."
    )
