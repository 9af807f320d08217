"""What the figures of one study and one target are made from, worked out when the first of them asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pandas as pd
from matplotlib.figure import Figure

from xrdlib import diagnostics
from xrdlib._section import Section
from xrdlib.data import Dataset, Experiment, MeasuredCurve, load_curve
from xrdlib.diagnostics import Checkpoints, Diagnosis, LossPlane, Target, diagnose
from xrdlib.diagnostics.comparable import like_target
from xrdlib.refinement import Refinement, refine
from xrdlib.remedies import RemedySummary, fine_tune, forgetting
from xrdlib.simulation import Instrument
from xrdlib.training import Replicas, Study, StudyError, reference_replicas, reference_study
from xrdlib.training.reference import REFERENCE_STUDIES

__all__ = ["Drawing", "Material"]

# as the experiments that the shipped studies track
_DIFFRACTOMETER = {"instrument": Instrument(36.0, 0.2, background=2e-3, peak_counts=6e4), "disorder": 0.94, "seed": 1}
_FINE_TUNING: dict[str, Any] = {"radius": 0.6, "learning_rate": 1e-4, "workers": 1, "progress": False}


@dataclass(frozen=True)
class Drawing:
    """A figure to be drawn at any width.

    Attributes
    ----------
    draw : callable
        Gives the figure of a width in cm.
    frame : DataFrame or None
        The numbers of the result it shows; None where what is drawn is all there is.
    said : tuple of str
        The result's sentences.
    """

    draw: Callable[[float], Figure]
    frame: pd.DataFrame | None = None
    said: tuple[str, ...] = ()

    @classmethod
    def of(cls, section: Section, plot: Callable[..., Any], *arguments: Any, **keywords: Any) -> Drawing:
        """A section's numbers and sentences; ``plot`` gets what follows it, by default the section itself."""
        given = arguments or (section,)
        return cls(
            lambda width: cast(Figure, plot(*given, width=width, **keywords)), section.frame, tuple(section.sentences)
        )

    @classmethod
    def plain(cls, plot: Callable[..., Any], *arguments: Any, said: tuple[str, ...] = (), **keywords: Any) -> Drawing:
        """Of what is no section."""
        return cls(lambda width: cast(Figure, plot(*arguments, width=width, **keywords)), None, said)


@dataclass
class Material:
    """One study, one target, and what they have in common with the notebooks.

    Attributes
    ----------
    study : Study
    target : Target
    """

    study: Study
    target: Target
    _scratch: list[TemporaryDirectory[str]] = field(default_factory=list, repr=False)
    _sections: dict[str, Section] = field(default_factory=dict, repr=False)

    def section(self, name: str) -> Section:
        """A section of `diagnose`; of a target whose parameters are known from as many samples as in the notebooks."""
        if name not in self._sections:
            if self.target.true is not None and name in self._as_in_notebooks:
                self._sections[name] = self._as_in_notebooks[name]()
            else:
                self._sections[name] = diagnose(self.target, self.study, sections=[name])[name]
        return self._sections[name]

    @property
    def _as_in_notebooks(self) -> dict[str, Callable[[], Section]]:
        study, target, found = self.study, self.target, self.found
        n, prediction = found.nuisances, found.predictions[found.row(found.final)]
        seen: dict[str, Any] = {"instrument": Instrument(n.fwhm, n.lorentz_fraction), "disorder": n.disorder}
        told: dict[str, Any] = {**seen, "prediction": prediction}
        return {
            "luck": lambda: diagnostics.luck(study, target, found, k=min(20, self.n_tests - 1), n_curves=60),
            "sensitivity": lambda: diagnostics.sensitivity(study, found.point, **seen),
            "identifiability": lambda: diagnostics.identifiability(study, found.point, **told),
            "neighbours": lambda: diagnostics.neighbour_baseline(
                study, target, found=found, n_curves=9000, n_test=2000, n_compared=2000
            ),
        }

    @property
    def n_tests(self) -> int:
        """Samples of the test set that a target like this is compared with."""
        return len(self.study.test_predictions(like_target(self.study, self.target.true))[1])

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """Checkpoints, tracking and coverage of the target."""
        return diagnose(self.target, self.study, sections=())

    @property
    def found(self) -> Checkpoints:
        """The target at every epoch."""
        return self.diagnosis.checkpoints

    @property
    def known(self) -> Experiment:
        """The target, where its parameters are known; StudyError otherwise."""
        if not isinstance(self.target.source, Experiment):
            raise StudyError(f"the true parameters of {self.target.name} are not known")
        return self.target.source

    @property
    def tracked(self) -> Experiment:
        """The target, where the study kept its predictions at every epoch; StudyError otherwise."""
        if not self.target.tracked_in(self.study):
            names = ", ".join(e.name for e in self.study.config.experiments) or "nothing"
            raise StudyError(f"study {self.study.config.name} does not track {self.target.name}; it tracks {names}")
        return self.known

    @cached_property
    def by_training(self) -> dict[str, Study]:
        """The study and a shipped one, under "noise-free" and "aware": whether trained on measured-like curves."""
        aware = self.study.config.measurement is not None
        other = reference_study("lab" if aware else "measured")
        return {"noise-free": other, "aware": self.study} if aware else {"noise-free": self.study, "aware": other}

    @cached_property
    def seen(self) -> Target:
        """The target through a diffractometer: a tracked experiment of the same sample, else one made up."""
        known = self.known
        if known.instrument.peak_counts is not None:
            raise StudyError(f"{known.name} went through a diffractometer itself: figures 03.4 and 12.1 are of that")
        counted = (e for e in self.study.config.experiments if e.instrument.peak_counts is not None)
        made = Experiment(f"{known.name}_measured", known.parameters, **_DIFFRACTOMETER)  # type: ignore[arg-type]
        found = next((e for e in counted if e.parameters == known.parameters), made)
        return Target.from_experiment(found, self.study.config)

    @cached_property
    def through(self) -> Diagnosis:
        """Diagnosis of `seen`."""
        return diagnose(self.seen, self.study, sections=())

    def check_is_lab(self, what: str) -> None:
        """StudyError unless the study is the shipped ``lab``, the only one whose ``what`` ship."""
        if self.study.config != reference_study("lab").config:
            raise StudyError(f"{what} of study {self.study.config.name} do not ship, only those of lab")

    @cached_property
    def replicas(self) -> Replicas:
        """Replicas of the study."""
        self.check_is_lab("replicas")
        return reference_replicas("lab")

    @cached_property
    def remedies(self) -> RemedySummary:
        """All remedies on replicas of the study."""
        self.check_is_lab("remedies measured on trainings")
        return RemedySummary.open()

    @cached_property
    def plane(self) -> LossPlane:
        """Of the weights, through the training's path."""
        return diagnostics.loss_plane(self.study, self.target, **self.plane_size)

    @property
    def plane_size(self) -> dict[str, Any]:
        """Validation curves and test samples that `loss_plane` looks at, where there are so many."""
        config = self.study.config
        there = max(1, round(config.dataset.size * config.training.validation_fraction))
        return {"n_validation": min(400, there), "k": min(50, self.n_tests)}

    @cached_property
    def curve(self) -> MeasuredCurve:
        """The target, if it is a measured curve, else the virtual one that ships with the notebooks."""
        if isinstance(self.target.source, MeasuredCurve):
            return self.target.source
        file = REFERENCE_STUDIES.parent / "virtual_curve.txt"
        if not file.is_file():
            raise StudyError(f"{file}: missing; install from a clone of the repository")
        return load_curve(file)

    @cached_property
    def fit(self) -> Refinement:
        """Of `curve`, started from a study trained on measured-like curves."""
        return refine(self.curve, self.by_training["aware"], random=0, disorder="even")

    @cached_property
    def scratch(self) -> Path:
        """A folder that goes with this object."""
        self._scratch.append(TemporaryDirectory(prefix="xrdlib-figures-"))
        return Path(self._scratch[-1].name)

    def close(self) -> None:
        """Remove what was trained on the way."""
        for folder in self._scratch:
            folder.cleanup()

    @cached_property
    def told(self) -> Section:
        """What a fine-tuning around the true parameters forgets."""
        tuned = fine_tune(self.study, self.known, self.scratch / "told", centre="truth", **_FINE_TUNING)
        return forgetting(self.study, tuned)

    @cached_property
    def honest(self) -> Section:
        """The same around the chosen prediction; the curves are simulated once."""
        _ = self.told
        built = self.scratch / "told" / "dataset.zarr"  # not where the study has its own dataset beside it
        options = {**_FINE_TUNING, "centre": "chosen", "dataset": Dataset.open(built) if built.is_dir() else None}
        return forgetting(self.study, fine_tune(self.study, self.known, self.scratch / "honest", **options))
