"""Which figures belong to which section of a report, and their captions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from matplotlib.figure import Figure

from xrdlib.diagnostics import Diagnosis
from xrdlib.diagnostics._section import Section
from xrdlib.plots import (
    COLUMN,
    PAGE,
    plot_checkpoints,
    plot_coverage,
    plot_losses,
    plot_parameter_errors,
    plot_regret,
    plot_traces,
)

__all__ = ["Picture", "losses", "pictures"]


@dataclass(frozen=True)
class Picture:
    """A figure with its file's stem, its width in cm, and its caption."""

    stem: str
    figure: Figure
    width: float
    caption: str


def pictures(diagnosis: Diagnosis, section: Section, stem: str) -> list[Picture]:
    """The figures of a section; their files begin with ``stem``."""
    make = _PICTURES.get(section.name)
    return [] if make is None else [Picture(f"{stem}_{p.stem}", p.figure, p.width, p.caption) for p in make(diagnosis)]


def losses(diagnosis: Diagnosis, stem: str) -> Picture:
    """Training and validation loss."""
    figure = cast(Figure, plot_losses(diagnosis.study.history))
    return Picture(f"{stem}_losses", figure, COLUMN, "Losses: averages over many samples, of which this is none.")


def _checkpoints(diagnosis: Diagnosis) -> list[Picture]:
    c = diagnosis.checkpoints
    curves = (
        "The curve and the re-simulated predictions of the named epochs (scale and background fitted), their "
        "difference, and the predicted strain profiles."
    )
    errors = "Errors of the seven parameters at the named epochs."
    if c.errors is None:
        errors = "The seven predicted parameters at every epoch, as % of their ranges."
    return [
        Picture("checkpoints", plot_checkpoints(diagnosis), PAGE, curves),
        Picture("parameters", plot_parameter_errors(c, width=PAGE), PAGE, errors),
    ]


def _tracking(diagnosis: Diagnosis) -> list[Picture]:
    t = diagnosis.tracking
    traces = plot_traces(t, diagnosis.checkpoints, width=PAGE)
    found = [Picture("traces", traces, PAGE, f"Validation loss and {t.measure} by epoch.")]
    if t.regret is not None:
        caption = "The experiment's regret among those of the test samples, each against its own ideal epoch."
        found.append(Picture("regret", plot_regret(t), COLUMN, caption))
    return found


def _coverage(diagnosis: Diagnosis) -> list[Picture]:
    around = plot_coverage(diagnosis.coverage, diagnosis.study.training_parameters)
    caption = (
        "Left: the point in each parameter's range, the nearest training samples, and how many training samples "
        "lie where (darker: more). Right: the point's neighbourhood compared with those of test samples."
    )
    return [Picture("coverage", around, PAGE, caption)]


_PICTURES: dict[str, Callable[[Diagnosis], list[Picture]]] = {
    "checkpoints": _checkpoints,
    "tracking": _tracking,
    "coverage": _coverage,
}
