"""Whether a target is like the test samples of a study: what is not cannot simply be ranked among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, MeasuredCurve
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.simulation import Instrument
from xrdlib.training import Replicas, Study, StudyError

__all__ = ["like_target", "like_training", "other_traces", "sample_traces", "unlike_test_set"]

FloatArray = NDArray[np.float64]

_FLOOR = 1e-6  # of the peak: a background below it hardly touches a curve
_ON_GRID = 1e-3  # of a step: rounding


def like_training(runs: Study | Replicas) -> str:
    """The test set that was sampled as the training set."""
    return "grid" if runs.config.dataset.sampling == "grid" else "uniform"


def like_target(study: Study, true: FloatArray | None) -> str:
    """The test set to rank a target among, by its parameters (7,) in A or None where they are unknown.

    That which was sampled as the training set, but of a study trained on the grid the set ``uniform``, if there is one,
    for whatever lies between the points of the grid, as a measured sample does: such samples have larger regrets.
    """
    usual = like_training(study)
    off = true is None or _off_grid(true)
    return "uniform" if usual == "grid" and off and "uniform" in study.test_sets else usual


def _off_grid(true: FloatArray) -> bool:
    steps = (true - SPACE.minimum) / SPACE.grid_step
    return bool(np.abs(steps - steps.round()).max() > _ON_GRID)


def sample_traces(study: Study, test_set: str, epochs: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Mean errors (n_epochs, n), % of range, of a test set's samples at chosen epochs, and their parameters (n, 7).

    Samples with a prediction that is not finite are left out; StudyError if none is left.
    """
    predicted, true = study.test_predictions(test_set)
    errors = parameter_error(predicted[epochs - 1], true, SPACE.range).mean(axis=2)
    finite = np.isfinite(errors).all(axis=0)
    if not finite.any():
        raise StudyError(f"study {study.config.name}: no sample of test set {test_set!r} has finite predictions")
    return errors[:, finite], true[finite]


def other_traces(study: Study, test_set: str, epochs: NDArray[np.int64]) -> dict[str, FloatArray]:
    """Mean errors as of `sample_traces` in the other test set of a study trained on the grid, under its name.

    Empty where there is none, or none of its samples has finite predictions, or the study was trained off the grid:
    then the two sets agree.
    """
    others = [name for name in study.test_sets if name != test_set and like_training(study) == "grid"]
    try:
        return {name: sample_traces(study, name, epochs)[0] for name in others[:1]}
    except StudyError:
        return {}


def unlike_test_set(study: Study, target: Target, test_set: str) -> tuple[str, ...]:
    """In what a target differs from a study's test samples: resolution, disorder, background, noise; grid.

    Parameters
    ----------
    study : Study
    target : Target
    test_set : {"grid", "uniform"}

    Returns
    -------
    tuple of str
        Short texts, empty where the target is like the test samples. Of a measured curve only that it is one.
    """
    measurement = study.config.measurement
    if isinstance(target.source, MeasuredCurve):
        made = "noise-free simulations" if measurement is None else "simulated measurements"
        return (f"it is measured, they are {made}",)
    instrument, disorder, gauss = target.source.instrument, target.source.disorder, Instrument().fwhm
    if measurement is None:
        fwhm, lorentz, background, counts = (gauss, gauss), (0.0, 0.0), (0.0, _FLOOR), None
    else:
        fwhm, lorentz, background = measurement.fwhm, measurement.lorentz_fraction, measurement.background
        counts = measurement.peak_counts
    said = [
        f"{name} {_shown(value)} instead of {_shown(low)}" + (f" to {_shown(high)}" if high > low > 0 else "")
        for name, value, (low, high) in (
            ("resolution in arcsec", instrument.fwhm, fwhm),
            ("Lorentz fraction", instrument.lorentz_fraction, lorentz),
            ("disorder", disorder, study.config.dataset.disorder),
            ("background", instrument.background, background),
        )
        if not low <= value <= high
    ]
    if test_set == "grid" and _off_grid(target.source.parameters.to_array()):
        said.append("it lies between the points of the grid")
    if instrument.peak_counts is None and counts is not None:
        said.append("no counting noise")
    elif instrument.peak_counts is not None and counts is None:
        said.append("counting noise instead of none")
    elif instrument.peak_counts and counts and not counts[0] <= instrument.peak_counts <= counts[1]:
        given = _shown(instrument.peak_counts)
        said.append(f"{given} counts in the peak instead of {_shown(counts[0])} to {_shown(counts[1])}")
    return tuple(said)


def _shown(value: float) -> str:
    return f"{value:.3g}"
