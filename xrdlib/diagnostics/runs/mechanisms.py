"""Two of the note's mechanisms, measured on replicas of a study: chance in training, and bias against variance.

The third, the loss landscape, needs weights and is in `xrdlib.diagnostics.runs.loss_plane`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from xrdlib._section import Section
from xrdlib.data import Experiment
from xrdlib.diagnostics.runs.bias_variance import BiasVariance, bias_variance
from xrdlib.diagnostics.runs.variation import Variation, variation
from xrdlib.diagnostics.target import Target
from xrdlib.training import Replicas, Study, StudyError

__all__ = ["Mechanisms", "mechanisms"]


@dataclass(frozen=True, repr=False)
class Mechanisms(Section):
    """What chance does to one experiment's trace.

    Attributes
    ----------
    variation : Variation
        How far apart runs end, by what differs between them.
    bias_variance : BiasVariance
        What of their error is common to the runs, epoch by epoch.
    """

    variation: Variation
    bias_variance: BiasVariance

    name = "mechanisms"
    title = "Mechanisms: chance in training, bias and variance"

    @property
    def frame(self) -> pd.DataFrame:
        """One row per run, as of ``variation``; that of ``bias_variance`` has the epochs."""
        return self.variation.frame

    @property
    def table(self) -> pd.DataFrame:
        """SDs by source of chance."""
        return self.variation.table

    @property
    def sentences(self) -> list[str]:
        """Of both parts."""
        return [*self.variation.sentences, *self.bias_variance.sentences]

    def to_dict(self) -> dict[str, Any]:
        """Both parts under their names."""
        return {part.name: part.to_dict() for part in (self.variation, self.bias_variance)}


def mechanisms(
    replicas: Replicas,
    target: str | Target | Experiment = "lab",
    *,
    study: Study | None = None,
    test_set: str | None = None,
    seed: int = 0,
) -> Mechanisms:
    """How much of an experiment's trace is chance, and what of its error all runs share.

    Parameters
    ----------
    replicas : Replicas
        They keep predictions, no weights: only experiments that they tracked can be asked for.
    target : str, Target or Experiment
        A tracked experiment, or its name.
    study : Study, optional
        The study itself, trained with another number of threads: what differs from ``base`` is rounding.
    test_set : {"grid", "uniform"}, optional
        By default the one that resembles the training set.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Mechanisms

    Raises
    ------
    StudyError
        If the replicas did not track the target, or ``study`` is another study.
    """
    name = target if isinstance(target, str) else _name(target, replicas)
    found = variation(replicas, name, study=study, test_set=test_set, seed=seed)
    parts = bias_variance(replicas, name, varied=found.main, test_set=test_set, seed=seed)
    return Mechanisms(found, parts)


def _name(target: Target | Experiment, replicas: Replicas) -> str:
    source = target.source if isinstance(target, Target) else target
    if source not in replicas.config.experiments:
        tracked = ", ".join(e.name for e in replicas.config.experiments)
        raise StudyError(f"{target.name}: these replicas keep no weights and track only {tracked}")
    return target.name
