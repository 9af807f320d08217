"""Curves that a study has never seen, near others or of the same sample, and what its stored epochs make of them.

What is drawn for an experiment chooses an epoch, and that epoch is scored on the experiment's own trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, Experiment
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.epochs._transfer import Transfer, between_samples, onto_trace
from xrdlib.diagnostics.epochs.relatives import COUNTS, counted, near, tracked_draws
from xrdlib.diagnostics.target import Nuisances, Target, resimulate
from xrdlib.metrics import curve_error, parameter_error
from xrdlib.simulation import Instrument
from xrdlib.training import Study

__all__ = ["fresh_errors", "from_near_samples", "from_other_noise", "from_own_curves"]

FloatArray = NDArray[np.float64]
_Batch = tuple[FloatArray, Instrument, float]  # parameters (n, 7), instrument, disorder


def _usual(study: Study) -> tuple[Instrument, float]:
    """Instrument and disorder in the middle of those that a study was trained through."""
    m, disorder = study.config.measurement, float(np.mean(study.config.dataset.disorder))
    if m is None:
        return Instrument(), disorder
    fwhm, lorentz = float(np.mean(m.fwhm)), float(np.mean(m.lorentz_fraction))
    background, counts = (float(np.sqrt(low * high)) for low, high in (m.background, m.peak_counts))
    return Instrument(fwhm, lorentz, background=background, peak_counts=counts), disorder


def _recorded(study: Study, batch: _Batch, rng: np.random.Generator) -> FloatArray:
    """Curves (n, n_points) of a batch on the study's scan, in units of the peak."""
    parameters, instrument, disorder = batch
    config = study.config.dataset
    nuisances = Nuisances(instrument.fwhm, instrument.lorentz_fraction, disorder)
    curves = resimulate(parameters, config.scan.angle, nuisances, config)
    curves = curves / curves.max(axis=1, keepdims=True) + instrument.background
    if instrument.peak_counts is not None:
        curves = rng.poisson(curves * instrument.peak_counts) / instrument.peak_counts
    return np.asarray(curves)


def fresh_errors(study: Study, batches: Sequence[_Batch], rng: np.random.Generator) -> list[FloatArray]:
    """Mean parameter errors, % of range, of curves recorded anew: (n_stored_epochs, n) for each batch of n."""
    inputs = [study.config.preprocess(_recorded(study, batch, rng)) for batch in batches]
    predicted = study.predict(np.concatenate(inputs))  # together: every epoch's weights are read once
    true = np.concatenate([parameters for parameters, *_ in batches])
    errors = parameter_error(predicted, true, SPACE.range).mean(axis=2)
    return np.split(errors, np.cumsum([len(part) for part in inputs])[:-1], axis=1)


def from_own_curves(study: Study, base: FloatArray, rng: np.random.Generator, seed: int) -> list[Transfer]:
    """Chosen on each sample's own curve, as one can without the truth: where the re-simulated curve comes closest."""
    if not (study.checkpoints and len(base)):
        return []
    final, (instrument, disorder) = _stored_final(study), _usual(study)
    nuisances = Nuisances(instrument.fwhm, instrument.lorentz_fraction, disorder)
    curves = _recorded(study, (base, instrument, disorder), rng)
    predicted = study.predict(study.config.preprocess(curves))  # (epoch, sample, 7)
    angle = study.config.dataset.scan.angle
    closest = [
        int(curve_error(resimulate(rows, angle, nuisances, study.config.dataset), curve).rmse.argmin())
        for rows, curve in zip(np.moveaxis(predicted, 1, 0), curves, strict=True)
    ]
    errors = parameter_error(predicted, base, SPACE.range).mean(axis=2)
    kept = errors[final] - errors[closest, np.arange(len(base))]
    scored = between_samples(errors[final] - errors.min(axis=0), kept, seed=seed)
    return [Transfer("curve", "its own curve", "test samples", len(base), *scored)]


def from_other_noise(
    study: Study, source: Experiment, found: Checkpoints, n_draws: int, rng: np.random.Generator, seed: int
) -> list[Transfer]:
    """Chosen on other noise draws of an experiment: those tracked, if there are three, or new ones.

    They are of its own sample, instrument, background and disorder. If it has no noise, they are its curve, counted.
    """
    noisy = source.instrument.peak_counts is not None
    same = tracked_draws(study, source)
    if len(same) >= 3 and found.error is not None:
        draws = np.stack([study.experiment_errors(e.name).mean(axis=1)[found.epochs - 1] for e in same])
        scored = onto_trace(draws, found.error, found.row(found.final), seed=seed)
        return [Transfer("noise", "other counting noise", "experiment", len(same), *scored)]
    stored = _Stored.of(study, found)
    if stored is None:
        return []
    label = "other counting noise" if noisy else f"counting noise ({COUNTS:.0e} in the peak)".replace("e+04", "e4")
    parameters = np.tile(source.parameters.to_array(), (n_draws, 1))
    (errors,) = fresh_errors(study, [(parameters, counted(source).instrument, source.disorder)], rng)
    return [Transfer("noise", label, "experiment", n_draws, *stored.scored(errors, seed))]


class _Stored(NamedTuple):
    """An experiment's own trace at the epochs whose weights are stored."""

    rows: NDArray[np.int64]  # of the stored epochs
    trace: FloatArray
    final: int

    @classmethod
    def of(cls, study: Study, found: Checkpoints) -> _Stored | None:
        """None without weights of its epochs, or without the truth."""
        _, here, rows = np.intersect1d(found.epochs, np.array(study.checkpoints, dtype=np.int64), return_indices=True)
        if found.error is None or not here.size:
            return None
        epochs = found.epochs[here]
        return cls(rows, found.error[here], int(np.flatnonzero(epochs == study.final_among(epochs))[0]))

    def scored(self, errors: FloatArray, seed: int) -> tuple[float, float, Interval]:
        """Choose on each column of errors (n_stored_epochs, n), score on the trace."""
        return onto_trace(errors[self.rows].T, self.trace, self.final, seed=seed)


def from_near_samples(
    study: Study,
    target: Target,
    found: Checkpoints,
    base: FloatArray,
    widths: tuple[float, ...],
    n_draws: int,
    rng: np.random.Generator,
    seed: int,
) -> tuple[list[Transfer], list[str]]:
    """Chosen on a sample within some % of range: for the target (on each of several), and for samples (n, 7).

    Also what is not defined, and why.
    """
    if not study.checkpoints:
        return [], ["The study holds no weights, which curves of near samples would need."]
    final, typical = _stored_final(study), _usual(study)
    stored = _Stored.of(study, found)
    source = target.source if isinstance(target.source, Experiment) and stored else None
    undefined = [] if source else ["Near samples are not defined for it: its true parameters are unknown."]
    batches: list[_Batch] = [(base, *typical)]
    plan: list[tuple[float, NDArray[np.bool_] | None]] = []  # width, and which samples have a near one
    for width in widths:
        if source:
            beside = near(np.tile(source.parameters.to_array(), (n_draws, 1)), width, rng)
            if np.isfinite(beside).all():
                batches.append((beside, source.instrument, source.disorder))
                plan.append((width, None))
            else:
                undefined.append(f"No sample within {width:g} % of range of it is inside the parameter space.")
        twins = near(base, width, rng)
        inside = np.asarray(np.isfinite(twins).all(axis=1))
        if inside.any():
            batches.append((twins[inside], *typical))
            plan.append((width, inside))
    at_base, *fresh = fresh_errors(study, batches, rng)
    transfers = []
    for (width, which), errors in zip(plan, fresh, strict=True):
        key, label = f"within_{width:g}_percent", f"a sample within {width:g} % of range"
        if which is None:
            assert stored is not None
            scored = stored.scored(errors, seed)
            transfers.append(Transfer(key, label, "experiment", n_draws, *scored))
        else:
            scored_on = at_base[:, which]
            kept = scored_on[final] - scored_on[errors.argmin(axis=0), np.arange(errors.shape[1])]
            scored = between_samples(scored_on[final] - scored_on.min(axis=0), kept, seed=seed)
            transfers.append(Transfer(key, label, "test samples", kept.size, *scored))
    return transfers, undefined


def _stored_final(study: Study) -> int:
    """Row of the final one of the epochs with weights."""
    return study.checkpoints.index(study.final_among(study.checkpoints))
