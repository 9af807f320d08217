"""Figures of trainings, of weights and of remedies: notebooks 7, 10 and 11, and the small study of notebook 3."""

from __future__ import annotations

from dataclasses import replace

from xrdlib import diagnostics, plots, remedies
from xrdlib.data import DatasetConfig
from xrdlib.diagnostics import LossPlane
from xrdlib.report.figures.material import Drawing, Material
from xrdlib.training import StudyConfig, StudyError, TrainingConfig, run_study

__all__ = [
    "data_map",
    "ensemble",
    "growth",
    "honest",
    "loss_plane",
    "mechanisms",
    "named_plane",
    "region",
    "remedies_worth",
    "seeds_or_epochs",
    "selection",
    "small_losses",
    "spread",
    "told",
]

_SMALL = StudyConfig(
    name="small",
    dataset=DatasetConfig(size=2000),
    training=TrainingConfig(epochs=12, batch_size=64, test_size=200, threads=1),
)


def small_losses(m: Material) -> Drawing:
    """03.1."""
    small = run_study(_SMALL, m.scratch / "small", workers=1, progress=False)
    said = (f"{_SMALL.dataset.size} curves, {small.n_epochs} epochs; not the study of the other figures.",)
    return replace(Drawing.plain(plots.plot_losses, small.history, said=said), frame=small.history)


def mechanisms(m: Material) -> Drawing:
    """07.1."""
    found = diagnostics.mechanisms(m.replicas, m.tracked, study=m.study)
    return Drawing.of(found, plots.plot_mechanisms)


def loss_plane(m: Material) -> Drawing:
    """07.2."""
    return Drawing.of(m.plane, plots.plot_loss_plane)


def named_plane(m: Material) -> Drawing:
    """07.3."""
    epochs = (m.plane.final, m.plane.best, m.study.checkpoints[0])
    if len(set(epochs)) < 3:
        raise StudyError(f"the final, the experiment's best and the first stored epoch are not three: {epochs}")
    found: LossPlane = diagnostics.loss_plane(m.study, m.target, through=epochs, **m.plane_size)
    return Drawing.of(found, plots.plot_loss_plane)


def data_map(m: Material) -> Drawing:
    """07.4."""
    return Drawing.of(diagnostics.data_map(m.study, m.known), plots.plot_data_map)


def ensemble(m: Material) -> Drawing:
    """10.1."""
    among = None if m.target.tracked_in(m.study) else m.study.checkpoints  # else only their weights tell what they say
    found = remedies.ensemble(m.study, m.target, remedies.every(m.study, 4, among=among), found=m.found)
    return Drawing.of(found, plots.plot_ensemble)


def growth(m: Material) -> Drawing:
    """10.2."""
    return Drawing.of(remedies.growth(m.study, m.known), plots.plot_growth)


def seeds_or_epochs(m: Material) -> Drawing:
    """10.3."""
    return Drawing.of(remedies.seeds_or_epochs(m.replicas, m.tracked.name), plots.plot_seeds_or_epochs)


def spread(m: Material) -> Drawing:
    """10.4."""
    return Drawing.of(remedies.spread(m.study), plots.plot_spread)


def selection(m: Material) -> Drawing:
    """11.1."""
    return Drawing.of(remedies.selection(m.study, m.target, m.found), plots.plot_selection)


def region(m: Material) -> Drawing:
    """11.2."""
    return Drawing.of(remedies.region_weights(m.study, m.target, centre="chosen"), plots.plot_region)


def told(m: Material) -> Drawing:
    """11.3."""
    return Drawing.of(m.told, plots.plot_forgetting)


def honest(m: Material) -> Drawing:
    """11.4."""
    return Drawing.of(m.honest, plots.plot_forgetting)


def remedies_worth(m: Material) -> Drawing:
    """11.5."""
    return Drawing.of(m.remedies, plots.plot_remedies)
