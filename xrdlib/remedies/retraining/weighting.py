"""Training samples near an experiment count more (the note's Solution 5)."""

from __future__ import annotations

import os
from typing import Any

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.retraining.retrain import Centre, centre_of, retrain
from xrdlib.training import Focus, Study

__all__ = ["weight_region"]


def weight_region(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    path: str | os.PathLike[str],
    *,
    temperature: float = 0.3,
    centre: Centre = "chosen",
    **options: Any,
) -> Study:
    """Train again with a loss in which a sample at distance d from the experiment counts exp(-d / temperature).

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    path : path
        The new study's folder; an interrupted training goes on in it.
    temperature : float
        In units of the parameters' ranges; infinite weights are those of the parent, all 1.
    centre : {"chosen", "final", "truth"} or seven numbers
        See `centre_of`.
    **options
        ``dataset``, ``workers`` and ``progress`` as for `retrain`.

    Returns
    -------
    Study
        Its validation loss is not weighted.

    Raises
    ------
    ValueError
        If the temperature is not positive.
    """
    focus = Focus(tuple(centre_of(study, target, centre)), temperature=temperature)
    return retrain(study, path, "weight", focus=focus, **options)
