"""The head of a diagnosis: the answer in a few sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from xrdlib.diagnostics._checkpoints_text import beside
from xrdlib.diagnostics.checkpoints import NEARLY
from xrdlib.diagnostics.epochs.luck import Luck
from xrdlib.diagnostics.information.identifiability import Identifiability
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.diagnosis import Diagnosis

__all__ = ["summarise"]

_SEEN = 3.0  # sigma


def summarise(diagnosis: Diagnosis) -> list[str]:
    """Which epochs, how they differ, and what may and may not explain it."""
    c = diagnosis.checkpoints
    epochs = _curve(diagnosis) if c.error is None else _regret(diagnosis)
    luck = [] if c.ideal == c.final else _luck(diagnosis)
    return [*epochs, *_divergence(diagnosis), *luck, _coverage(diagnosis), *_information(diagnosis)]


def _regret(diagnosis: Diagnosis) -> Iterator[str]:
    """Of a target whose truth is known."""
    c, t = diagnosis.checkpoints, diagnosis.tracking
    assert c.error is not None
    assert c.errors is not None
    final, name = c.row(c.final), diagnosis.target.name
    if c.only is not None:
        yield f"Epoch {c.final} is {c.only}: its error for {name} is {c.error[final]:.2f} % of range."
        return
    if c.ideal is None or c.ideal == c.final:
        yield (
            f"Epoch {c.final} is final ({c.why_final}) and ideal for {name}, too: an error of "
            f"{c.error[final]:.2f} % of range."
        )
        return
    yield (
        f"Epoch {c.final} is final ({c.why_final}), epoch {c.ideal} is ideal for {name}: an error of "
        f"{c.error[final]:.2f} against {c.error.min():.2f} % of range."
    )
    at_final, at_ideal = c.errors[final], c.errors[c.row(c.ideal)]
    most = int(np.abs(at_final - at_ideal).argmax())
    yield (
        f"They differ most in {PARAMETERS[most]}: an error of {at_final[most]:.1f} against {at_ideal[most]:.1f} % of "
        "its range."
    )
    percentile = t.regret_percentile
    if percentile is None or t.regret is None or np.isnan(percentile):
        return
    if percentile < 75:
        yield (
            f"That is nothing special: {100 - percentile:.0f} % of the {t.test_set} test samples lose as much or more "
            "between their own best epoch and final."
        )
    elif percentile < 90:
        yield (
            f"That is more than most lose, but not rare: {100 - percentile:.0f} % of the {t.test_set} test samples "
            "lose as much or more between their own best epoch and final."
        )
    else:
        count = int(np.sum(t.sample_regret >= t.regret))
        yield (
            f"Only {count} of {t.sample_regret.size} {t.test_set} test samples lose as much between their own best "
            "epoch and final."
        )
        if t.unlike:
            yield f"But its curve is not like theirs: {'; '.join(t.unlike)}."


def _curve(diagnosis: Diagnosis) -> Iterator[str]:
    """Of a measured curve."""
    c = diagnosis.checkpoints
    lowest, name = float(c.curve_rmse.min()), diagnosis.target.name
    best, limit = beside(lowest, c.fair)
    if c.only is not None:
        yield f"Epoch {c.final} is {c.only}; its prediction misses {name} by an RMSE of log10 intensity of {best}."
    elif c.chosen == c.final:
        yield f"Epoch {c.final} is final ({c.why_final}) and reproduces {name} best: RMSE of log10 intensity {best}."
    else:
        yield (
            f"Epoch {c.final} is final ({c.why_final}); epoch {c.chosen} reproduces {name} best: "
            f"RMSE of log10 intensity {c.curve_rmse[c.row(c.final)]:.3f} against {best}."
        )
    if c.reproduced:
        return
    nearly, noise = lowest < NEARLY * c.fair, f"its noise is {c.noise:.3f}"
    fair = f"below {limit} would be fair, " if nearly else ""
    if c.only is None:
        head = f"No epoch's prediction reproduces the curve (best {best}, {fair}{noise})"
    else:
        head = f"That does not reproduce the curve ({fair}{noise})"
    if nearly:
        which = "the best" if c.only is None else "it"
        yield f"{head}, but {which} is nearly close: first try a fit that starts there (refine, or xrdlib fit)."
    else:
        yield f"{head}: the network reads it badly{' whatever the epoch' if c.only is None else ''}."


def _divergence(diagnosis: Diagnosis) -> Iterator[str]:
    t = diagnosis.tracking
    if t.divergence.epoch is not None:
        low, high = t.divergence.interval
        since = f"From epoch {t.divergence.epoch} ({low} to {high}) on"
        yield f"{since} the {t.measure} rises while the validation loss still falls."


def _luck(diagnosis: Diagnosis) -> Iterator[str]:
    for section in diagnosis.further:
        if isinstance(section, Luck) and section.wobble.drawn.size:
            w, n = section.wobble, diagnosis.checkpoints.epochs.size
            digits = ".2f" if diagnosis.checkpoints.error is not None else ".3f"
            between = f"{w.expected.low:{digits}} to {w.expected.high:{digits}}"
            verdict = (
                "there is more to it than luck" if w.p_value < 0.05 else
                "that is as much as was seen, and yet the error rises by more than noise"
                if diagnosis.tracking.divergence.epoch is not None else
                "what was seen cannot be told from luck"
            )  # fmt: skip
            yield f"The best of {n} epochs of an error that only wobbles gains {between}: {verdict}."


def _coverage(diagnosis: Diagnosis) -> str:
    v = diagnosis.coverage
    where = "The chosen prediction" if v.predicted else "The experiment"
    if v.violations:
        return f"{where} lies outside the parameter space: {'; '.join(v.violations)}."
    if v.predicted and not diagnosis.checkpoints.reproduced:
        why = "no prediction reproduces" if diagnosis.checkpoints.only is None else "the prediction does not reproduce"
        return f"Whether it lies in a sparse region cannot be said: {why} the curve."
    around = f"around {v.distance_percentile:.0f} % of test samples the training set is denser"
    if v.place == "sparse":
        return f"{where} lies in a sparse region: {around}. Coverage may play a part."
    return f"{where} is not in a sparse region ({around}): nothing points to coverage."


def _information(diagnosis: Diagnosis) -> Iterator[str]:
    for section in diagnosis.further:
        if isinstance(section, Identifiability) and section.error is not None:
            bound, error = section.bounds[f"{section.case}_prior"], section.error
            missed = np.flatnonzero(error > _SEEN * bound)
            if missed.size:
                worst = missed[error[missed].argmax()]
                yield (
                    f"The curve tells more than the network reads: final is more than {_SEEN:g} sigma of a counted "
                    f"curve off in {missed.size} of 7 parameters, most in {PARAMETERS[worst]} ({error[worst]:.0f} % of "
                    f"range, where one sigma is {bound[worst]:.2g})."
                )
