"""Which figures belong to which section of a report, and their captions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from matplotlib.figure import Figure

from xrdlib import plots
from xrdlib._section import Section
from xrdlib.diagnostics import Diagnosis
from xrdlib.plots import COLUMN, PAGE

__all__ = ["CAPTIONS", "Picture", "losses", "pictures"]


@dataclass(frozen=True)
class Picture:
    """A figure with its file's stem, its width in cm, and its caption."""

    stem: str
    figure: Figure
    width: float
    caption: str


def pictures(diagnosis: Diagnosis, section: Section, stem: str) -> list[Picture]:
    """The figures of a section; their files begin with ``stem``."""
    if section.name == "checkpoints":
        found = [_checkpoints(diagnosis), _parameters(diagnosis)]
    elif section.name == "coverage":
        found = [_coverage(diagnosis), _further(section, "radii", plots.plot_radius_calibration, COLUMN)]
    elif section.name == "tracking":
        found = _tracking(diagnosis)
    else:
        found = [_further(section, name, plot, PAGE) for name, plot in _FURTHER.get(section.name, {}).items()]
    return [Picture(f"{stem}_{p.stem}", p.figure, p.width, p.caption) for p in found]


def losses(diagnosis: Diagnosis, stem: str) -> Picture:
    """Training and validation loss."""
    figure = cast(Figure, plots.plot_losses(diagnosis.study.history))
    return Picture(f"{stem}_losses", figure, COLUMN, CAPTIONS["losses"])


# figures that need no more than their section
_FURTHER: dict[str, dict[str, Callable[..., Any]]] = {
    "luck": {"luck": plots.plot_luck},
    "bins": {"bins": plots.plot_parameter_bins},
    "reconstruction": {"reconstruction": plots.plot_reconstruction, "examples": plots.plot_examples},
    "comparison": {"comparison": plots.plot_comparison},
    "sensitivity": {"sensitivity": plots.plot_sensitivity},
    "identifiability": {"identifiability": plots.plot_identifiability},
    "neighbours": {"neighbours": plots.plot_neighbours},
    "gap": {"gap": plots.plot_gap},
    "decision": {"decision": plots.plot_decision},
}
CAPTIONS = {
    "losses": "Losses: averages over many samples, of which this is none.",
    "checkpoints": (
        "The curve and the re-simulated predictions of the named epochs (scale and background fitted), their "
        "difference, and the predicted strain profiles."
    ),
    "coverage": (
        "Left: the point in each parameter's range, the nearest training samples, and how many training samples "
        "lie where (darker: more). Right: the point's neighbourhood compared with those of test samples."
    ),
    "regret": "The experiment's regret among those of the test samples, each against its own ideal epoch.",
    "radii": "Share of the training set within a radius: around this point, and around test samples (band).",
    "luck": (
        "Left: the share of the regret that remains if the epoch is chosen on something else than what it is scored "
        "on. Right: regrets that a wobbling error without any trend brings."
    ),
    "bins": (
        "Error in each part of each parameter's range over the parameter's overall error, with intervals; below, its "
        "change between two epochs. Marked: the parts that hold this point."
    ),
    "reconstruction": "Every test sample: parameter error against curve error; and how each parameter's goes with it.",
    "examples": "Best and worst curve, and the two test samples in which parameters and curve disagree most.",
    "comparison": "The other epochs against the first, with intervals; and the test samples that got better and worse.",
    "sensitivity": "The curve, where along it each parameter acts, and by how much.",
    "identifiability": "What a counted curve can tell of each parameter, what the network reads, and combinations.",
    "gap": (
        "The curve as the network sees it, and its nearest training curves; below, its difference from them in units "
        "of what held-out curves near it have. Right: its properties as percentiles among held-out training curves."
    ),
    "decision": (
        "The decision tree. Red: the way that the answers take; blue: what depends on an answer only you can give. "
        "Right: the numbers behind an answer, and the remedies at an end."
    ),
    "neighbours": "The curve against the answers of neighbours and network; parameters; error against k.",
}


def _further(section: Section, name: str, plot: Callable[..., Any], width: float) -> Picture:
    return Picture(name, cast(Figure, plot(section, width=width)), width, CAPTIONS[name])


def _checkpoints(diagnosis: Diagnosis) -> Picture:
    return Picture("checkpoints", plots.plot_checkpoints(diagnosis), PAGE, CAPTIONS["checkpoints"])


def _parameters(diagnosis: Diagnosis) -> Picture:
    caption = "Errors of the seven parameters at the named epochs."
    if diagnosis.checkpoints.errors is None:
        caption = "The seven predicted parameters at every epoch, as % of their ranges."
    figure = plots.plot_parameter_errors(diagnosis.checkpoints, width=PAGE)
    return Picture("parameters", figure, PAGE, caption)


def _tracking(diagnosis: Diagnosis) -> list[Picture]:
    t = diagnosis.tracking
    traces = plots.plot_traces(t, diagnosis.checkpoints, width=PAGE)
    found = [Picture("traces", traces, PAGE, f"Validation loss and {t.measure} by epoch.")]
    if t.regret is not None:
        found.append(Picture("regret", plots.plot_regret(t), COLUMN, CAPTIONS["regret"]))
    return found


def _coverage(diagnosis: Diagnosis) -> Picture:
    figure = plots.plot_coverage(diagnosis.coverage, diagnosis.study.training_parameters)
    return Picture("coverage", figure, PAGE, CAPTIONS["coverage"])
