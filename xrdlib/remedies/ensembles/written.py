"""Ensembles and averaged networks as study folders, on which every diagnostic works."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics.checkpoints import checkpoints
from xrdlib.diagnostics.target import Target
from xrdlib.remedies.ensembles.combination import HOW, member_weights, reproduce
from xrdlib.remedies.ensembles.members import Members, as_members
from xrdlib.training import Network, Study, StudyError
from xrdlib.training.derived import write_derived
from xrdlib.training.parent import Combination

__all__ = ["write_average", "write_ensemble"]


def write_ensemble(
    study: Study,
    members: Members | Sequence[int],
    out: str | os.PathLike[str],
    *,
    how: str = "mean",
    weights: str | ArrayLike = "equal",
    target: Target | Experiment | MeasuredCurve | None = None,
) -> Study:
    """Write members as a study of one epoch, whose network is their combination.

    Parameters
    ----------
    study : Study
        The new one's parent.
    members : Members or sequence of int
        Epochs whose weights are there; of several studies only of such as differ in nothing but name and seeds.
    out : path
        New folder.
    how : {"mean", "median"}
    weights : {"equal", "validation", "curve"} or array_like, shape (k,)
        As for `ensemble`; they are then the same for every curve.
    target : Target, Experiment or MeasuredCurve, optional
        Whose curve errors give the weights ``"curve"``.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If weights of networks are missing, members are networks of different configurations, or the folder exists.
    ValueError
        For another ``how``, for weights that are not possible, or ``"curve"`` without a target.
    """
    members = as_members(study, members)
    if how not in HOW:
        raise ValueError(f"how = {how!r}: {' or '.join(HOW)} expected")
    for other in members.studies:
        differing = [d for d in study.config.differences(other.config.to_dict()) if not d.startswith(("name", "seeds"))]
        if differing:
            raise StudyError(
                f"members: {other.path} is another kind of network than {study.path}: {'; '.join(differing)}"
            )
    rmse = np.ones(len(members.members))
    if isinstance(weights, str) and weights == "curve":
        if target is None:
            raise ValueError("weights = 'curve': needs target, the curve whose errors give the weights")
        target = Target.of(target, study)
        nuisances = checkpoints(study, target).nuisances
        rmse = reproduce(members.predict(target), target, nuisances, study.config.dataset)[1]
    shares = member_weights(members, weights, rmse)
    combination = Combination(how, tuple(shares.tolist()))
    names = [s.config.name for s in members.studies]
    remedy = "ensemble" if names == [study.config.name] else f"ensemble of {', '.join(names)}"
    networks = [m.study.network(m.epoch) for m in members.members]
    return write_derived(study, out, networks, remedy=remedy, epochs=members.epochs, combination=combination)


def write_average(
    study: Study, network: Network, epochs: Sequence[int], out: str | os.PathLike[str], *, remedy: str = "swa"
) -> Study:
    """Write a network whose weights are an average, as `averaged_network` makes it, as a study of one epoch.

    Parameters
    ----------
    study : Study
        The new one's parent.
    network : Network
    epochs : sequence of int
        What was averaged.
    out : path
        New folder.
    remedy : str

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If the folder exists, or the network is of another kind than the study's.
    """
    return write_derived(study, out, [network], remedy=remedy, epochs=epochs)
