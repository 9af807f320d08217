"""How good the shipped reference models are: prints the tables of docs/reference_model.md.

``python docs/measure_reference_model.py`` (some minutes of two cores). The test curves are new: no epoch was trained or
chosen by them.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

import xrdlib
from xrdlib.data import SPACE, MeasuredCurve, sample
from xrdlib.diagnostics import network_limits
from xrdlib.metrics import parameter_error
from xrdlib.refinement import refine
from xrdlib.simulation import PARAMETERS, simulate
from xrdlib.training import Study
from xrdlib.training.study import predict

TEST, REFINED, SEED = 20_000, 100, 2026
THESIS = (2.40, 3.92, 2.02, 2.00, 4.85, 6.31, 14.98)
HALF_NORMAL = 0.798  # mean of |x| for a normal x of unit variance

FloatArray = NDArray[np.float64]


def row(name: str, values: FloatArray | tuple[float, ...], spread: FloatArray | None = None) -> str:
    """A line of a table: one number per parameter and their mean, with standard errors where given."""
    cells = [f"{v:.2f}" for v in values]
    if spread is not None:
        cells = [f"{v:.2f} ± {s:.2f}" for v, s in zip(values, spread, strict=True)]
    return f"| {name} | {' | '.join(cells)} | {np.mean(values):.2f} |"


def errors(study: Study, curves: FloatArray, parameters: FloatArray) -> FloatArray:
    """Absolute errors (n, 7), % of range, of the final epoch."""
    said = predict(study.network(study.final), torch.from_numpy(study.config.preprocess(curves)))
    return 100 * np.abs(said - SPACE.normalise(parameters))


def noise_free() -> None:
    """The tables of the network for noise-free curves."""
    study = xrdlib.reference_study("accurate")
    scan = study.config.dataset.scan
    parameters = sample(TEST, "uniform", seed=SEED)
    curves = simulate(parameters, scan=scan)
    found = errors(study, curves, parameters)
    print(f"Mean absolute error, % of range, on {TEST} uniform noise-free curves, ± standard error:\n")
    print(f"|  | {' | '.join(PARAMETERS)} | mean |\n{'| --- ' * 9}|")
    print(row("the thesis's CNN", THESIS))
    print(row("**the network alone**", found.mean(0), found.std(0) / TEST**0.5))
    print(row("its median error", np.median(found, axis=0)))
    refined, alone = [], []
    for i in range(REFINED):
        curve = MeasuredCurve(scan.angle, curves[i])
        fit = refine(curve, study, random=0, disorder="even", fixed={"fwhm": 30.0, "lorentz_fraction": 0.0})
        refined.append(100 * np.abs(SPACE.normalise(fit.parameters) - SPACE.normalise(parameters[i])))
        alone.append(found[i])
    for name, part in ((f"the network, the first {REFINED}", alone), ("and a refinement from there", refined)):
        print(row(name, np.mean(part, axis=0), np.std(part, axis=0) / REFINED**0.5))
    limits = network_limits(study, n=2000)
    print("\nWhat counting would leave open, as a mean absolute error (prior included):\n")
    print(f"|  | {' | '.join(PARAMETERS)} | mean |\n{'| --- ' * 9}|")
    bounds = {limits.counts: limits.bound, **limits.at_counts}
    for counts in sorted(bounds):
        print(row(f"{counts:g} counts in the peak", HALF_NORMAL * bounds[counts].mean(0)))


def measured() -> None:
    """The tables of the network for measured curves, on its own test set, which chose nothing."""
    study = xrdlib.reference_study("accurate_measured")
    limits = network_limits(study, n=2000)
    print(
        f"\nMean absolute error, % of range, on {limits.n} uniform curves measured as in training, ± standard error:\n"
    )
    print(f"|  | {' | '.join(PARAMETERS)} | mean |\n{'| --- ' * 9}|")
    for name in ("measured", "accurate_measured"):
        other = xrdlib.reference_study(name)
        predicted, true = other.test_predictions("uniform")
        error = parameter_error(predicted[other.final - 1], true, SPACE.range)
        print(row(f"`{name}`", error.mean(0), error.std(0) / len(error) ** 0.5))
    print(row("what the curves leave open", HALF_NORMAL * limits.bound.mean(0)))


def main() -> None:
    """Print all tables."""
    noise_free()
    measured()


if __name__ == "__main__":
    main()
