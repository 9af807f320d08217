"""The same answers as a diffractometer would see them: above a background."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xrdlib.data import Experiment
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.lookup._lookup import MEANS, Lookup, averages
from xrdlib.diagnostics.target import Nuisances, Target
from xrdlib.metrics import curve_error
from xrdlib.training import StudyConfig

__all__ = ["REALISTIC", "WithBackground", "with_background"]

REALISTIC = 1e-3  # of the peak; training draws 1e-4 to 1e-2 where it imitates measurements


@dataclass(frozen=True)
class WithBackground:
    """Curve errors with a background on the target, and fitted to the answers.

    Attributes
    ----------
    level : float
        Of the background, relative to the peak, what the target has itself included.
    network : dict of str to float
        RMSE of log10 intensity of the named epochs.
    nearest : dict of (str, str) to float
        The same of the k nearest, by space and by what is averaged (one of ``MEANS``).
    """

    level: float
    network: dict[str, float]
    nearest: dict[tuple[str, str], float]


def with_background(
    target: Target,
    found: Checkpoints,
    lookups: dict[str, tuple[Lookup, Nuisances]],
    config: StudyConfig,
    *,
    weighted: bool,
) -> WithBackground | None:
    """Compare again above a background of ``REALISTIC``; None where the target has that much, or is measured.

    It is added to the target; to every answer one is fitted, as always.
    """
    source = target.source
    if not isinstance(source, Experiment) or source.instrument.background >= REALISTIC:
        return None
    added = REALISTIC - source.instrument.background
    seen = replace(target, intensity=target.intensity + added * target.intensity.max())
    nearest: dict[tuple[str, str], float] = {}
    for space, (lookup, nuisances) in lookups.items():
        answer = averages(lookup, seen, nuisances, config, weighted=weighted)
        nearest |= {(space, mean): float(answer.misfits[mean].rmse[-1]) for mean in MEANS}
    rows = [found.row(epoch) for epoch in found.named.values()]
    network = curve_error(found.curves[rows], seen.intensity).rmse
    return WithBackground(
        level=REALISTIC,
        network={name: float(rmse) for name, rmse in zip(found.named, network, strict=True)},
        nearest=nearest,
    )
