"""Figures of what a study's networks make of a target: notebooks 3 to 6, 8, 9 and 12."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from xrdlib import diagnostics, plots
from xrdlib.diagnostics import Decision, between_studies, diagnose
from xrdlib.report.figures.material import Drawing, Material
from xrdlib.training import StudyError

__all__ = [
    "answered",
    "by_curve",
    "by_parameters",
    "checkpoints",
    "chi2_profile",
    "comparison",
    "coverage",
    "decision",
    "decision_measured",
    "density",
    "examples",
    "identifiability",
    "losses",
    "luck",
    "parameter_bins",
    "radii",
    "reconstruction",
    "regret",
    "sensitivity",
    "through",
    "traces",
    "two_studies",
]

_RADII = tuple(np.linspace(0.1, 2, 39).tolist())
_FAR = -6000.0  # A, where Rp2 is hidden
_RP2 = (-6500, -4000, -2000, -1000, -500, -100)  # A


def losses(m: Material) -> Drawing:
    """03.2."""
    said = f"final is epoch {m.study.final}, with a validation loss of {m.study.val_loss(m.study.final):.5f}."
    return replace(Drawing.plain(plots.plot_losses, m.study.history, said=(said,)), frame=m.study.history)


def checkpoints(m: Material) -> Drawing:
    """03.3."""
    return Drawing.of(m.found, plots.plot_checkpoints, m.diagnosis)


def traces(m: Material) -> Drawing:
    """03.4."""
    return Drawing.of(m.diagnosis.tracking, plots.plot_traces, m.diagnosis.tracking, m.found)


def coverage(m: Material) -> Drawing:
    """03.5."""
    found = m.diagnosis.coverage
    return Drawing.of(found, plots.plot_coverage, found, m.study.training_parameters)


def through(m: Material) -> Drawing:
    """03.6."""
    found = m.through
    return Drawing.of(found.tracking, plots.plot_traces, found.tracking, found.checkpoints)


def two_studies(m: Material) -> Drawing:
    """03.7: of a curve through a diffractometer, which a measured curve is itself."""
    source = m.target if m.target.true is None else m.seen
    both = [diagnose(source.source, study, sections=()) for study in m.by_training.values()]
    numbers = pd.concat([d.checkpoints.frame.assign(study=d.study.config.name) for d in both], ignore_index=True)
    return replace(Drawing.plain(plots.plot_two_studies, both, said=(between_studies(both),)), frame=numbers)


def radii(m: Material) -> Drawing:
    """04.1."""
    predicted = m.target.true is None
    found = diagnostics.coverage(m.study, m.found.point, radii=_RADII, predicted=predicted)
    return Drawing.of(found, plots.plot_radius_calibration)


def density(m: Material) -> Drawing:
    """04.3."""
    return Drawing.of(diagnostics.density_effect(m.study), plots.plot_density_effect)


def parameter_bins(m: Material) -> Drawing:
    """05.1."""
    return Drawing.of(m.section("bins"), plots.plot_parameter_bins)


def reconstruction(m: Material) -> Drawing:
    """05.2."""
    return Drawing.of(m.section("reconstruction"), plots.plot_reconstruction)


def examples(m: Material) -> Drawing:
    """05.3."""
    return Drawing.of(m.section("reconstruction"), plots.plot_examples)


def comparison(m: Material) -> Drawing:
    """05.4."""
    return Drawing.of(m.section("comparison"), plots.plot_comparison)


def regret(m: Material) -> Drawing:
    """06.3."""
    if m.diagnosis.tracking.regret is None:
        raise StudyError(f"the true parameters of {m.target.name} are not known, so neither is its regret")
    return Drawing.of(m.diagnosis.tracking, plots.plot_regret)


def luck(m: Material) -> Drawing:
    """06.4."""
    return Drawing.of(m.section("luck"), plots.plot_luck)


def sensitivity(m: Material) -> Drawing:
    """08.1."""
    return Drawing.of(m.section("sensitivity"), plots.plot_sensitivity)


def chi2_profile(m: Material) -> Drawing:
    """08.2."""
    far = np.array(m.found.point)
    far[6] = _FAR
    found = diagnostics.chi2_profile(m.study, far, "Rp2", _RP2)
    return Drawing.plain(plots.plot_chi2_profile, found, said=(found.sentence,))


def identifiability(m: Material) -> Drawing:
    """08.3."""
    return Drawing.of(m.section("identifiability"), plots.plot_identifiability)


def by_parameters(m: Material) -> Drawing:
    """09.1."""
    return Drawing.of(m.section("neighbours"), plots.plot_neighbours, space="parameters")


def by_curve(m: Material) -> Drawing:
    """09.2."""
    return Drawing.of(m.section("neighbours"), plots.plot_neighbours)


def decision(m: Material) -> Drawing:
    """12.1."""
    return Drawing.of(m.section("decision"), plots.plot_decision)


def answered(m: Material) -> Drawing:
    """12.2."""
    decided = m.section("decision")
    assert isinstance(decided, Decision)
    return Drawing.of(decided.what_if(critical=True, several=False, publication=True), plots.plot_decision)


def decision_measured(m: Material) -> Drawing:
    """12.3."""
    aware = m.by_training["aware"]
    if m.target.true is None and aware is m.study:
        raise StudyError("the curve is measured and the study made for such: figure 12.1 is this one")
    source = m.target if m.target.true is None else m.seen
    return Drawing.of(diagnostics.decide(aware, source.source), plots.plot_decision)
