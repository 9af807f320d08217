"""One target against one study: all sections of a report, and their JSON."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xrdlib._section import Section
from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.data.space import format_parameter
from xrdlib.diagnostics._summary import summarise
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.comparable import like_target
from xrdlib.diagnostics.decision.decision import decide
from xrdlib.diagnostics.epochs.luck import luck
from xrdlib.diagnostics.epochs.tracking import Tracking, track
from xrdlib.diagnostics.errors.bins import parameter_bins
from xrdlib.diagnostics.errors.comparison import compare_checkpoints
from xrdlib.diagnostics.errors.reconstruction import reconstruction
from xrdlib.diagnostics.gap.gap import measurement_gap
from xrdlib.diagnostics.information._background import fitted_background
from xrdlib.diagnostics.information.identifiability import identifiability
from xrdlib.diagnostics.information.sensitivity import sensitivity
from xrdlib.diagnostics.lookup.neighbours import neighbour_baseline
from xrdlib.diagnostics.target import Target
from xrdlib.diagnostics.training_set.coverage import Coverage, coverage
from xrdlib.simulation import PARAMETERS, Instrument
from xrdlib.training import Study

__all__ = ["SCHEMA", "SECTIONS", "Diagnosis", "between_studies", "diagnose"]

SCHEMA = "xrdlib.diagnose/1"
SECTIONS = (
    "checkpoints",
    "tracking",
    "coverage",
    "luck",
    "bins",
    "reconstruction",
    "comparison",
    "sensitivity",
    "identifiability",
    "neighbours",
    "gap",
    "decision",
)
_DERIVED = 100  # of the samples of the sensitivity whose derivatives are taken, too
_BOUNDED = 300  # test samples whose errors are compared with their bounds
_AROUND = 20  # test samples that choose an epoch, where there are so many


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """Everything ``xrdlib diagnose`` says about one target and one study.

    Attributes
    ----------
    target : Target
    study : Study
    checkpoints, tracking, coverage : Section
    further : tuple of Section
        The others that were asked for; ``diagnosis["bins"]`` is one of them.
    """

    target: Target
    study: Study
    checkpoints: Checkpoints
    tracking: Tracking
    coverage: Coverage
    further: tuple[Section, ...] = ()

    @property
    def sections(self) -> tuple[Section, ...]:
        """In the order of the report."""
        return (self.checkpoints, self.tracking, self.coverage, *self.further)

    def __getitem__(self, name: str) -> Section:
        """A section by its name, one of ``SECTIONS``; KeyError if it was not asked for."""
        return {section.name: section for section in self.sections}[name]

    @property
    def summary(self) -> list[str]:
        """The answer in a few sentences: which epochs, how they differ, and what may and may not explain it."""
        return summarise(self)

    @property
    def warnings(self) -> list[str]:
        """What `load_curve` found suspicious about a measured curve; a wrong axis, say, is diagnosed all the same."""
        source = self.target.source
        return [str(text) for text in source.metadata.get("warnings", ())] if isinstance(source, MeasuredCurve) else []

    @property
    def _head(self) -> list[str]:
        return [*(f"Warning: {text}" for text in self.warnings), *self.summary]

    def to_text(self) -> str:
        """Warnings, summary and all sections as plain text."""
        return "\n\n".join(["\n".join(self._head), *(section.to_text() for section in self.sections)])

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        head = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self._head)
        return head + "".join(section._repr_html_() for section in self.sections)

    def to_dict(self) -> dict[str, Any]:
        """The sections of the JSON file (docs/json.md), without its head."""
        return {"study": self.study.config.name, **{section.name: section.to_dict() for section in self.sections}}


def diagnose(
    target: Target | Experiment | MeasuredCurve,
    study: Study,
    *,
    sections: Sequence[str] | None = None,
    critical: bool | None = None,
    several: bool | None = None,
    publication: bool | None = None,
) -> Diagnosis:
    """Why a study's checkpoints disagree about a target.

    Parameters
    ----------
    target : Target, Experiment or MeasuredCurve
        A virtual experiment, or a measured curve (then everything that needs no true parameters; where a point of
        parameter space is asked for, the chosen epoch's prediction stands in).
    study : Study
    sections : sequence of str, optional
        Which of ``SECTIONS`` to work out; by default all. The first three are quick and always there.
    critical, several, publication : bool, optional
        What only the user can answer in the section ``decision``, as of `decide`; None leaves it open.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        For an unknown section.
    """
    wanted = SECTIONS if sections is None else tuple(sections)
    if unknown := [name for name in wanted if name not in SECTIONS]:
        raise ValueError(f"sections: {', '.join(unknown)} unknown; there are {', '.join(SECTIONS)}")
    target = Target.of(target, study)
    found = checkpoints(study, target)
    predicted = target.true is None
    point, n = found.point, found.nuisances
    tracking, around = track(study, found, target), coverage(study, point, predicted=predicted)
    forward: dict[str, Any] = {"instrument": Instrument(n.fwhm, n.lorentz_fraction), "disorder": n.disorder}
    if predicted:
        forward["angle"] = target.angle
    stand_in: dict[str, Any] = {"predicted": predicted, "reproduced": not predicted or found.reproduced}
    simulated = reconstruction(study, found=found) if {"reconstruction", "comparison"} & set(wanted) else None
    made: dict[str, Section] = {}
    for name in wanted:
        if name == "luck":
            others = len(study.test_predictions(like_target(study, target.true))[1]) - 1
            made[name] = luck(study, target, found, k=min(_AROUND, others))
        elif name == "bins":
            made[name] = parameter_bins(study, point, other_epoch=found.ideal or found.chosen, predicted=predicted)
        elif name == "reconstruction" and simulated is not None:
            made[name] = simulated
        elif name == "comparison":
            made[name] = compare_checkpoints(study, found=found, reconstruction=simulated)
        elif name == "sensitivity":
            made[name] = sensitivity(study, point, n_slopes=_DERIVED, **stand_in, **forward)
        elif name == "identifiability":
            asked = {**stand_in, **forward, "n": _BOUNDED}
            if predicted:
                asked |= {"nuisances": True, "background": fitted_background(study, target, point, n)}
            else:
                asked["prediction"] = found.predictions[found.row(found.final)]
            made[name] = identifiability(study, point, **asked)
        elif name == "neighbours":
            made[name] = neighbour_baseline(study, target, found=found)
        elif name == "gap":
            made[name] = measurement_gap(study, target)
        elif name == "decision":
            own: dict[str, Any] = {"critical": critical, "several": several, "publication": publication}
            made[name] = decide(study, target, found, tracking=tracking, coverage=around, **own)
    return Diagnosis(
        target=target,
        study=study,
        checkpoints=found,
        tracking=tracking,
        coverage=around,
        further=tuple(made[name] for name in SECTIONS if name in made),
    )


def between_studies(diagnoses: Sequence[Diagnosis]) -> str:
    """How far apart the chosen epochs of the first two studies are, as a sentence."""
    first, second = (d.checkpoints for d in diagnoses[:2])
    a, b = (c.predictions[c.row(c.chosen)] for c in (first, second))
    apart = 100 * np.abs(a - b) / SPACE.range
    most = int(apart.argmax())
    values = " against ".join(format_parameter(PARAMETERS[most], float(f"{v[most]:.4g}")) for v in (a, b))
    return (
        f"At the epoch that reproduces the curve best, {first.study} ({first.chosen}) and {second.study} "
        f"({second.chosen}) predict parameters {apart.mean():.1f} % of range apart on average, most in "
        f"{PARAMETERS[most]} ({values}); RMSE of log10 intensity {first.curve_rmse.min():.3f} against "
        f"{second.curve_rmse.min():.3f}."
    )
