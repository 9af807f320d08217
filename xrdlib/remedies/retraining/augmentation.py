"""More training curves: around an experiment, everywhere, or new ones in every epoch (the note's Solution 3)."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, Experiment, MeasuredCurve, Region
from xrdlib.data.sampling import sample
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.remedies.retraining.retrain import Centre, centre_of, retrain
from xrdlib.training import Study

__all__ = ["augment", "fresh_curves", "more_data", "usual_errors"]

HalfWidth = float | tuple[float, ...] | str


def augment(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    path: str | os.PathLike[str],
    *,
    n: int = 10_000,
    half_width: HalfWidth = 10.0,
    centre: Centre = "chosen",
    equal_cost: bool = True,
    **options: Any,
) -> Study:
    """Simulate curves around an experiment, add them to the training set, and train again.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    path : path
        The new study's folder; an interrupted training goes on in it.
    n : int
        New curves, uniform in the region, constraints kept.
    half_width : float, seven floats, or "errors"
        Of the region, % of each parameter's range; "errors" takes `usual_errors`, so that a region around what the
        network says is likely to hold the truth.
    centre : {"chosen", "final", "truth"} or seven numbers
        See `centre_of`.
    equal_cost : bool
        An epoch has as many curves as before, drawn from old and new ones; otherwise all of them.
    **options
        ``dataset``, ``workers`` and ``progress`` as for `retrain`.

    Returns
    -------
    Study
        Validation and test sets are the parent's.

    Raises
    ------
    ValueError
        If the region is empty: outside the ranges, or nowhere within the constraints.
    """
    own = study.config.dataset
    width = tuple(usual_errors(study)) if half_width == "errors" else half_width
    if isinstance(width, str):
        raise ValueError(f"half_width = {half_width!r}: percentages of range, or 'errors', expected")
    region = Region(tuple(centre_of(study, target, centre)), width)
    extra = replace(own, size=n, sampling="uniform", seed=own.seed + 1, region=region)
    sample(1, "uniform", seed=0, space=region.space)  # before the folder is made
    return retrain(study, path, "augment", extra=extra, training=_size(study, equal_cost), **options)


def usual_errors(study: Study, percentile: float = 95.0) -> NDArray[np.float64]:
    """Error of each parameter that so many % of test samples stay below at the final epoch, % of range, shape (7,)."""
    predicted, true = study.test_predictions(like_training(study))
    errors = parameter_error(predicted[study.final - 1], true, SPACE.range)
    return np.asarray(np.percentile(errors, percentile, axis=0))


def more_data(
    study: Study, path: str | os.PathLike[str], *, size: int = 100_000, equal_cost: bool = True, **options: Any
) -> Study:
    """Train again on more curves everywhere, the note's 100 000: those of the dataset and others sampled like it.

    Parameters
    ----------
    study : Study
    path : path
    size : int
        Of all together, above the dataset's.
    equal_cost, **options
        As for `augment`.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        If the dataset is not smaller.
    """
    own = study.config.dataset
    if size <= own.size:
        raise ValueError(f"size = {size}: above {own.size} expected, the curves that {study.config.name} has already")
    extra = replace(own, size=size - own.size, seed=own.seed + 1)
    return retrain(study, path, "more_data", extra=extra, training=_size(study, equal_cost), **options)


def fresh_curves(study: Study, path: str | os.PathLike[str], **options: Any) -> Study:
    """Train again with new curves in every epoch, sampled like the dataset: none is seen twice.

    Parameters
    ----------
    study : Study
    path : path
    **options
        As for `augment`.

    Returns
    -------
    Study
    """
    return retrain(study, path, "fresh", training={"fresh": True}, **options)


def _size(study: Study, equal_cost: bool) -> dict[str, int | None]:
    return {"epoch_size": len(study.training_parameters) if equal_cost else None}
