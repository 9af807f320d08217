"""Diagnoses whose measured answers are planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest


@pytest.fixture(scope="session")
def planted(make_diagnosis: Callable[..., Any]) -> Callable[..., Any]:
    """Function that makes a Diagnosis of 60 epochs with planted answers to the tree's measured questions.

    Of a virtual experiment with noise that the study was not trained on, or (``truth=False``) of a measured curve.
    Ideal and chosen are epoch 30, final is 60.
    """
    from xrdlib.training import Measurement, Study

    epochs = np.arange(1, 61)
    noise = np.random.default_rng(4).normal(0, 0.3, 60)

    def make(*, known: bool, aware: bool, sparse: bool, special: bool, truth: bool = True) -> Any:
        d = make_diagnosis(known=truth)
        found = d.checkpoints
        trend = 10 + 10 * np.exp(-epochs / 8) + (0.3 * np.maximum(epochs - 30, 0) if special else 0)
        error = trend + noise
        error[29] = error.min() - 0.1
        rmse = 0.02 * error
        rmse += (0.05 if known else 0.15) - rmse.min()
        names = ("predictions", "curves")
        long = {name: np.resize(getattr(found, name), (60, *getattr(found, name).shape[1:])) for name in names}
        found = replace(
            found,
            **long,
            epochs=epochs,
            val_loss=np.linspace(0.2, 0.1, 60),
            errors=np.repeat(error[:, None], 7, axis=1) if truth else None,
            curve_rmse=rmse,
            curve_mae=0.8 * rmse,
            n_trained=60,
            final=60,
        )
        config = replace(d.study.config, measurement=Measurement() if aware else None)
        target = d.target
        if aware and truth:  # a diffractometer that even the measurement model does not know
            instrument = replace(target.source.instrument, fwhm=70.0)
            target = replace(target, source=replace(target.source, instrument=instrument))
        tracking = replace(
            d.tracking,
            epochs=epochs,
            val_loss=found.val_loss,
            error=rmse if found.error is None else found.error,
            regret=found.regret,
            sample_regret=np.full(50, 1e-3 if special else 1e3),
        )
        at = 0.6 if sparse else 0.1
        coverage = replace(d.coverage, distance=np.linspace(0.05, at, 10))
        study = Study(d.study.path, config, d.study.history)
        return replace(d, target=target, study=study, checkpoints=found, tracking=tracking, coverage=coverage)

    return make
