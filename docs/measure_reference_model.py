"""How good the shipped reference models are: prints the tables of docs/reference_model.md.

``python docs/measure_reference_model.py`` (some minutes of two cores). The test curves are new: no epoch was trained or
chosen by them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import xrdlib
from xrdlib.data import SPACE, MeasuredCurve, sample
from xrdlib.diagnostics import network_limits
from xrdlib.metrics import parameter_error
from xrdlib.refinement import refine
from xrdlib.simulation import GGG_444_LAB, PARAMETERS, Instrument, simulate
from xrdlib.training import Study
from xrdlib.training.study import predict

TEST, FEWER, REFINED, SEED = 20_000, 2000, 100, 2026
CLOSE = 1.0  # % of range
LAB_S_CURVES = Path(__file__).parents[1] / "tests" / "data" / "ggg444_dl100.npz"
THESIS = (2.40, 3.92, 2.02, 2.00, 4.85, 6.31, 14.98)
HALF_NORMAL = 0.798  # mean of |x| for a normal x of unit variance

FloatArray = NDArray[np.float64]


ELSEWHERE: dict[str, dict[str, Any]] = {
    "as trained": {},
    "the lab's constants (`GGG_444_LAB`)": {"crystal": GGG_444_LAB},
    "31 arcsec instead of 30": {"instrument": Instrument(fwhm=31.0)},
    "a background of 1e-5 of the peak": {"instrument": Instrument(background=1e-5)},
    "E = 0.99": {"disorder": 0.99},
}


def head(title: str) -> None:
    """What a table shows, and its first two lines."""
    print(f"\n{title}\n\n|  | {' | '.join(PARAMETERS)} | mean |\n{'| --- ' * 9}|")


def row(name: str, values: FloatArray | tuple[float, ...], spread: FloatArray | None = None, *, digits: int = 2) -> str:
    """A line of a table: one number per parameter and their mean, with standard errors where given."""
    cells = [f"{v:.{digits}f}" for v in values]
    if spread is not None:
        cells = [f"{v:.2f} ± {s:.3f}" for v, s in zip(values, spread, strict=True)]
    return f"| {name} | {' | '.join(cells)} | {np.mean(values):.{digits}f} |"


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
    head("Mean absolute error, % of range, ± standard error:")
    print(row("the thesis's CNN, on its own curves", THESIS))
    print(row(f"**the network alone**, {TEST} uniform curves", found.mean(0), found.std(0) / TEST**0.5))
    print(row("its median error", np.median(found, axis=0)))
    grid = sample(TEST, "grid", seed=SEED)
    of_grid = errors(study, simulate(grid, scan=scan), grid)
    print(row(f"the network, {TEST} curves of the lab's stratified grid", of_grid.mean(0), of_grid.std(0) / TEST**0.5))
    refined, alone = [], []
    for i in range(REFINED):
        curve = MeasuredCurve(scan.angle, curves[i])
        fit = refine(curve, study, random=0, disorder="even", fixed={"fwhm": 30.0, "lorentz_fraction": 0.0})
        refined.append(100 * np.abs(SPACE.normalise(fit.parameters) - SPACE.normalise(parameters[i])))
        alone.append(found[i])
    for name, part in ((f"the network, the first {REFINED} uniform curves", alone), ("refined from there", refined)):
        print(row(name, np.mean(part, axis=0), np.std(part, axis=0) / REFINED**0.5))
    print(row("their median", np.median(refined, axis=0), digits=4))
    good = np.all(np.less(refined, CLOSE), axis=1).sum()
    print(f"\nWithin {CLOSE:g} % of range in all seven after the refinement: {good} of {REFINED}.")
    head(f"The same network on what it was not trained on; {FEWER} uniform curves where nothing else is said:")
    few = parameters[:FEWER]
    for name, changes in ELSEWHERE.items():
        print(row(name, errors(study, simulate(few, **({"scan": scan} | changes)), few).mean(0)))
    with np.load(LAB_S_CURVES) as lab:
        name = f"{len(lab['params'])} curves of another code, with the lab's convolution"
        print(row(name, errors(study, lab["convolved"], lab["params"]).mean(0)))
        print(row("the same parameters by `simulate`", errors(study, simulate(lab["params"]), lab["params"]).mean(0)))
    limits = network_limits(study, n=2000)
    head("The scale that counting sets, as a mean absolute error (prior included):")
    bounds = {limits.counts: limits.bound, **limits.at_counts}
    for counts in sorted(bounds):
        print(row(f"{counts:g} counts in the peak", HALF_NORMAL * bounds[counts].mean(0)))


def measured() -> None:
    """The tables of the network for measured curves, on its own test set, which chose nothing."""
    study = xrdlib.reference_study("accurate_measured")
    limits = network_limits(study, n=2000)
    head(f"Mean absolute error, % of range, on {limits.n} uniform curves measured as in training, ± standard error:")
    for name in ("measured", "accurate_measured"):
        other = xrdlib.reference_study(name)
        predicted, true = other.test_predictions("uniform")
        error = parameter_error(predicted[other.final - 1], true, SPACE.range)
        print(row(f"`{name}`", error.mean(0), error.std(0) / len(error) ** 0.5))
    print(row("the scale that counting sets", HALF_NORMAL * limits.bound.mean(0)))


def main() -> None:
    """Print all tables."""
    noise_free()
    measured()


if __name__ == "__main__":
    main()
