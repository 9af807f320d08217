"""The same experiment again: draws on which an epoch is picked, and others on which it is scored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import Experiment
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints, checkpoints_at
from xrdlib.diagnostics.epochs._stored_predictions import halves_of
from xrdlib.diagnostics.epochs.relatives import COUNTS, counted, near, tracked_draws
from xrdlib.diagnostics.errors.sample_errors import sample_errors
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import curve_error
from xrdlib.simulation import StrainParameters
from xrdlib.training import Study

__all__ = ["MEASURES", "Draws", "draws_of", "measured_by"]

FloatArray = NDArray[np.float64]

# what an epoch is scored by: unit
MEASURES = {"parameters": "% of range", "profile": "1e-3 of strain", "curve": "RMSE of log10 intensity"}
_FEWEST = 3  # other tracked draws


class Draws(NamedTuple):
    """Where epochs are picked, and where they are scored; all at the same epochs.

    Attributes
    ----------
    key, short : str
        Of the JSON file, and of a table.
    on : str
        What is scored on, in words.
    choosers, scored : tuple of Checkpoints
        The same where every draw both picks and is scored: by the others' picks.
    """

    key: str
    short: str
    on: str
    choosers: tuple[Checkpoints, ...]
    scored: tuple[Checkpoints, ...]

    @property
    def paired(self) -> bool:
        """Whether every draw is scored at the epochs that the others picked."""
        return self.choosers is self.scored


def measured_by(found: Checkpoints, study: Study) -> dict[str, FloatArray]:
    """Errors of one draw at every epoch by each of ``MEASURES`` that is known, shape (n_epochs,) each."""
    if found.error is None or found.true is None:
        return {"curve": found.curve_rmse}
    profile = sample_errors(found.predictions, found.true, study.config.dataset).profile
    return {"parameters": found.error, "profile": profile, "curve": found.curve_rmse}


def draws_of(
    study: Study, target: Target, found: Checkpoints, n_draws: int, widths: tuple[float, ...], seed: int
) -> tuple[list[Draws], list[str]]:
    """Fresh draws of a target, and what could not be had, and why.

    Of an experiment with counting noise: other noise, tracked where the study has it. One without has no fresh draw;
    instead its curve is counted, and samples near it are taken. Of a measured curve: halves of it.
    """
    source = target.source
    if found.true is None or not isinstance(source, Experiment):
        halves = tuple(_half(found, target, half) for half in halves_of(target.angle, found.nuisances.fwhm))
        return [Draws("halves", "halves", "the other half of its curve (alternate blocks)", halves, halves)], []
    noisy = source.instrument.peak_counts is not None
    others = tracked_draws(study, source)
    if len(others) >= _FEWEST and found.epochs.size == study.n_epochs:
        every = (found, *(checkpoints(study, Target.of(e, study)) for e in others))
        return [Draws("noise", "noise", "other counting noise", every, every)], []
    stored = _at(found, study.checkpoints)
    if stored is None:
        return [], ["The study holds no weights, which curves recorded anew would need."]
    rng = np.random.default_rng([seed, len(source.name)])
    again = [replace(counted(source), seed=int(s)) for s in rng.integers(1 << 31, size=n_draws)]
    if noisy:
        every = (stored, *_recorded(study, again))
        return [Draws("noise", "noise", "other counting noise", every, every)], []
    plan: list[tuple[str, str, str, list[Experiment]]] = []
    undefined = []
    for width in widths:
        beside = near(np.tile(source.parameters.to_array(), (n_draws, 1)), width, rng)
        if np.isfinite(beside).all():
            made = [replace(source, parameters=StrainParameters.from_array(row)) for row in beside]
            plan.append((f"within_{width:g}_percent", f"{width:g} %", f"samples within {width:g} % of range", made))
        else:
            undefined.append(f"No sample within {width:g} % of range of it is inside the parameter space.")
    plan.append(("noise", "counted", f"its curve with counting noise ({COUNTS / 1e4:.0f}e4 in the peak)", again))
    fresh = iter(_recorded(study, [e for *_, experiments in plan for e in experiments]))
    draws = [
        Draws(key, short, on, (stored,), tuple(next(fresh) for _ in experiments))
        for key, short, on, experiments in plan
    ]
    return draws, undefined


def _recorded(study: Study, experiments: Sequence[Experiment]) -> list[Checkpoints]:
    """Experiments that no study tracks at the stored epochs; every epoch's weights are read once for all of them."""
    targets = [Target.of(e, study) for e in experiments]
    predicted = study.predict(np.concatenate([t.inputs(study) for t in targets]))
    epochs = np.array(study.checkpoints)
    return [checkpoints_at(study, t, epochs, predicted[:, i]) for i, t in enumerate(targets)]


def _at(found: Checkpoints, epochs: Iterable[int]) -> Checkpoints | None:
    """The same at some of its epochs; None where it has none of them."""
    rows = np.flatnonzero(np.isin(found.epochs, np.array(list(epochs), dtype=np.int64)))
    if rows.size == 0:
        return None
    arrays = ("epochs", "predictions", "val_loss", "errors", "curve_rmse", "curve_mae", "curves")
    parts: dict[str, Any] = {name: None if (a := getattr(found, name)) is None else a[rows] for name in arrays}
    last = found.final if found.final in found.epochs[rows] else found.epochs[rows][found.val_loss[rows].argmin()]
    return replace(found, **parts, final=int(last))


def _half(found: Checkpoints, target: Target, half: NDArray[np.bool_]) -> Checkpoints:
    """The same, as half of the curve's points see it."""
    misfit = curve_error(found.curves[:, half], target.intensity[half])
    return replace(found, curve_rmse=misfit.rmse, curve_mae=misfit.mae)
