"""What an explorer has to say when its controls stand as the page shows them, worked out by the library itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import xrdlib
from xrdlib.data import LAB_EXPERIMENT, SPACE
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS, YIG_FILM, StrainParameters, strained_peak

ROOT = Path(__file__).resolve().parents[2]

State = dict[str, Any]  # value by the label of the control


def number(text: str) -> float:
    return float(text.replace(",", ""))


def study() -> Any:
    return _study("lab")


@cache
def _study(name: str) -> Any:
    return xrdlib.reference_study(name)


@cache
def target(source: str) -> Any:
    if source == "curve":
        return xrdlib.load_curve(ROOT / "data" / "virtual_curve.txt")
    return next(one for one in study().config.experiments if one.name == source)


@cache
def found(source: str, name: str = "lab") -> Any:
    from xrdlib.diagnostics import Target, checkpoints

    return checkpoints(_study(name), Target.of(target(source), _study(name)))


def errors(predicted: Any, source: str) -> Any:
    return parameter_error(predicted, target(source).parameters.to_array(), SPACE.range)


def says_curve(state: State, source: str) -> list[str]:
    values = {}
    for name in PARAMETERS:
        shown, start = number(state[name]), getattr(LAB_EXPERIMENT, name)
        values[name] = start if abs(shown - start) < (5e-6 if name.startswith("D") else 5) else shown
    parameters = StrainParameters(**values)
    peak = strained_peak(parameters, film=YIG_FILM if "YIG" in state["sample"] else None)
    return [
        f"strain {peak.strain:.5f} at a depth of {peak.depth:.0f} A diffracts at {peak.angle:.0f} arcsec",
        "; ".join(SPACE.violations(parameters)) or "inside every range and constraint",
    ]


def says_epoch(state: State, source: str) -> list[str]:
    epoch = int(state["epoch"])
    mean = errors(study().experiment_predictions(source)[epoch - 1], source).mean()
    loss = study().history["val_loss"].to_numpy()[epoch - 1]
    return [f"Epoch {epoch}", f"validation loss {loss:.4f}, mean error {mean:.1f} % of range"]


def says_coverage(state: State, source: str) -> list[str]:
    radius = float(state["radius"])
    training, point = SPACE.normalise(study().training_parameters), target(source).parameters.to_array()
    near = int((np.linalg.norm(training - SPACE.normalise(point), axis=1) <= radius).sum())
    return [f"Within {radius:g}: {near} of {len(training)} training samples ({100 * near / len(training):.2f} %"]


def says_bins(state: State, source: str) -> list[str]:
    from xrdlib.diagnostics import parameter_bins

    point = target(source).parameters.to_array()
    bins = parameter_bins(study(), point, epoch=int(state["epoch"]), bins=int(state["bins"]))
    return list(bins.about(state["parameter"]))


@cache
def variation(source: str) -> Any:
    from xrdlib.diagnostics import variation
    from xrdlib.training import reference_replicas

    return variation(reference_replicas("lab"), source, study=study())


def says_mechanisms(state: State, source: str) -> list[str]:
    from xrdlib.plots.mechanisms import TITLES

    v, epoch = variation(state["experiment"]), int(state["epoch"])
    (key,) = (name for name in v.sources if TITLES[name] == state["differs"])
    here = v.errors[v.sources[key], epoch - 1]
    return [
        f"Epoch {epoch}: {here.size} runs that differ in {v.words(key)} err on {state['experiment']} by "
        f"{here.min():.1f} to {here.max():.1f} % of range"
    ]


def says_sensitivity(state: State, source: str) -> list[str]:
    from xrdlib.diagnostics import perturb

    step = number(state["by %"]) / 100
    of = state["toggles"].removeprefix("% of ")
    # counts and background to all digits are on the slider's steps
    counts = 6e4 * 10 ** (0.1 * round(10 * np.log10(number(state["counts"]) / 6e4)))
    background = 2e-3 * 10 ** (0.1 * round(10 * np.log10(number(state["backgr."]) / 2e-3)))
    point = LAB_EXPERIMENT.to_array()
    return [
        perturb(study(), point, state["change"], step, of=of, counts=counts, background=background).sentence,
    ]


def says_neighbours(state: State, source: str) -> list[str]:
    k = int(state["k"])
    said = [f"{k} nearest, at distances", "the network at final: mean curve"]
    if state["dropdown"] == "nearest by parameters":
        training, point = SPACE.normalise(study().training_parameters), target(source).parameters.to_array()
        distance = np.sort(np.linalg.norm(training - SPACE.normalise(point), axis=1))
        said.append(f"{distance[0]:.3f} to {distance[k - 1]:.3f} (in units of the ranges)")
    return said


def says_ensemble(state: State, source: str) -> list[str]:
    epochs = [int(text.split()[0]) for text in state["epochs"]]
    if len(epochs) == 1:
        return [f"Epoch {epochs[0]} alone"]
    predicted = study().experiment_predictions(source)[np.array(epochs) - 1]
    kind = state["how"].split(",")[0]
    said = [f"{kind.capitalize()} of {len(epochs)} epochs"]
    if "weights" not in state["how"]:
        combined = getattr(np, kind)(predicted, axis=0)
        said.append(f"mean error {errors(combined, source).mean():.2f} % of range")
    return said


def says_region(state: State, source: str) -> list[str]:
    centre = {
        "truth": lambda: target(source).parameters.to_array(),
        "final": lambda: study().experiment_predictions(source)[study().final - 1],
        "chosen": lambda: study().experiment_predictions(source)[found(source).chosen - 1],
    }[state["centre"]]()
    radius, width = float(state["radius"]), float(state["half width"])
    away = np.abs(SPACE.normalise(study().training_parameters) - SPACE.normalise(centre))
    near, boxed = int((np.linalg.norm(away, axis=1) <= radius).sum()), int((100 * away <= width).all(axis=1).sum())
    return [
        f"Within a radius of {radius:g}: {near} of {len(away)} training samples",
        f"Within a box of +-{width:g} %: {boxed} training samples",
        f"T = {float(state['T']):g}: an effective",
    ]


@cache
def decided(source: str) -> Any:
    from xrdlib.diagnostics import decide

    return decide(study(), target(source))


def says_decision(state: State, source: str) -> list[str]:
    decision = decided(source)
    given = {question: {"yes": True, "no": False}.get(state[decision.label(question)]) for question in decision.answers}
    return list(decision.what_if(**given).advice)


def says_fit(state: State, source: str) -> list[str]:
    name, epoch = state["study"], int(state["epoch"])
    of = found("curve", name)
    return [f"Study {name}, epoch {epoch}", f"RMSE of log10 intensity {of.curve_rmse[of.row(epoch)]:.3f}; of the fit"]


SAYS: dict[str, Callable[[State, str], list[str]]] = {
    "BinsExplorer": says_bins,
    "CoverageExplorer": says_coverage,
    "CurveExplorer": says_curve,
    "DecisionExplorer": says_decision,
    "EnsembleExplorer": says_ensemble,
    "EpochExplorer": says_epoch,
    "FitExplorer": says_fit,
    "MechanismsExplorer": says_mechanisms,
    "NeighboursExplorer": says_neighbours,
    "RegionExplorer": says_region,
    "SensitivityExplorer": says_sensitivity,
}
