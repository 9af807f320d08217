"""Where a fit starts: what a network's epochs say, or the best of many random points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, MeasuredCurve, sample
from xrdlib.metrics import curve_error
from xrdlib.refinement.model import CurveModel
from xrdlib.simulation import reflectivity, resolution_matrix
from xrdlib.training import Study

__all__ = ["USUAL", "Start", "network_starts", "random_starts"]

FloatArray = NDArray[np.float64]

_CURVES_PER_START = 2000
_BEST = 5
USUAL = {"fwhm": 36.0, "lorentz_fraction": 0.2, "disorder": 0.94}  # fwhm in arcsec


class Start(NamedTuple):
    """A point of the parameter space (7,), lengths in A, and where it comes from."""

    label: str
    parameters: FloatArray


def network_starts(curve: MeasuredCurve, study: Study, model: CurveModel, n: int = 5) -> list[Start]:
    """The final epoch, the median over epochs, and the epochs whose re-simulated curves come closest.

    Parameters
    ----------
    curve : MeasuredCurve
    study : Study
        With weights of one epoch or more.
    model : CurveModel
    n : int
        How many starts; fewer if there are fewer epochs.

    Returns
    -------
    list of Start
        The closest first.
    """
    epochs = study.checkpoints
    said = study.predict(study.config.preprocess.measured(curve))[:, 0]
    labels = [f"epoch {epoch}" for epoch in epochs] + ["median of epochs"]
    points = np.clip(np.vstack([said, np.median(said, axis=0)]), SPACE.minimum, SPACE.maximum)
    if len(epochs) == 1:  # which is its own median
        return [Start(labels[0], points[0])]
    order = np.argsort(screen(points, curve, model))
    always = [len(epochs), epochs.index(study.final_among(np.array(epochs)))]
    chosen = list(dict.fromkeys([*(int(i) for i in order[: max(n - len(always), 1)]), *always]))[: max(n, 1)]
    return [Start(labels[i], points[i]) for i in sorted(chosen, key=lambda i: int(np.flatnonzero(order == i)[0]))]


def random_starts(curve: MeasuredCurve, model: CurveModel, n: int, seed: int) -> list[list[Start]]:
    """For each of ``n`` tries the five curves that come closest of 2 000 of uniform parameters, the closest first.

    One random point alone mostly ends in a minimum that is not the lowest: fringes repeat.
    """
    tries = []
    for k, draw in enumerate(np.random.SeedSequence(seed).spawn(n)):
        points = sample(_CURVES_PER_START, "uniform", seed=draw)
        best = np.argsort(screen(points, curve, model))[:_BEST]
        tries.append([Start(f"random {k + 1}", points[i]) for i in best])
    return tries


def screen(points: FloatArray, curve: MeasuredCurve, model: CurveModel) -> FloatArray:
    """RMSE of log10 intensity of parameters (n, 7) under the ``USUAL`` nuisances, scale and background fitted."""
    stored = reflectivity(
        points,
        model.grid.angle,
        crystal=model.crystal,
        film=model.film,
        layer_thickness=model.layer_thickness,
        disorder=USUAL["disorder"],
    )
    matrix = resolution_matrix(model.angle, model.grid, USUAL["fwhm"], USUAL["lorentz_fraction"])
    return curve_error(stored @ matrix, curve.intensity).rmse
