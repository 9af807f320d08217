"""A paragraph for a thesis, in the note's form: which epoch was taken, by what, and what that is worth."""

from __future__ import annotations

import numpy as np

from xrdlib.data import SPACE, MeasuredCurve
from xrdlib.data.space import format_parameters
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.decision._answers import Answer, Chance
from xrdlib.diagnostics.errors.sample_errors import sample_errors
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study

__all__ = ["write"]


def write(
    study: Study, target: Target, found: Checkpoints, epoch: int, luck: Chance, known: Answer, sparse: Answer
) -> str:
    """The paragraph on one selected epoch.

    Parameters
    ----------
    study : Study
    target : Target
    found : Checkpoints
    epoch : int
        The one selected: ``found.ideal`` (with the truth) or ``found.chosen``.
    luck : Chance
        Of the trace it was selected by.
    known, sparse : Answer
        Of the decision: whether the network knows such curves, and whether the region is sparse.
    """
    with_truth = found.error is not None and epoch == found.ideal
    said = [_selected(study, target, found, epoch, with_truth)]
    if epoch == found.final:
        said += _only(study, found, epoch)
    elif found.true is None:
        said += _two_unknown(study, found, epoch)
    else:
        said += _two_known(study, found, epoch)
    said += [] if epoch == found.final else _worth(study, found, epoch, with_truth, luck)
    if not known.value:
        said.append(
            "No epoch of this study, the selected one included, reproduces the curve: its parameters should not be "
            "reported as a result."
        )
    elif epoch != found.final:
        said.append(_region(sparse, luck, found))
    return " ".join(said)


def _selected(study: Study, target: Target, found: Checkpoints, epoch: int, with_truth: bool) -> str:
    n = found.epochs.size
    among = f"among {n} epochs" if n == found.n_trained else f"among the {n} epochs with stored weights"
    if n == 1:
        among = "the only one there is"
    kind = "measured curve" if isinstance(target.source, MeasuredCurve) else "virtual experiment"
    by = (
        "which has the smallest mean error of the seven parameters"
        if with_truth
        else "whose prediction, simulated again, comes closest to the curve (RMSE of log10 intensity)"
    )
    who = (
        "This selection was made with the true parameters in hand; for a real sample it could not be made."
        if with_truth
        else "This selection was made without the true parameters."
        if found.true is not None
        else "The true parameters are unknown and had no part in this selection."
    )
    return (
        f"For the {kind} {target.name} we selected the checkpoint of epoch {epoch} ({among} of study {found.study}), "
        f"{by}. {who}"
    )


def _figures(study: Study, found: Checkpoints, epochs: list[int]) -> list[str]:
    """Parameter error, curve RMSE and profile error of some epochs, the truth being known."""
    assert found.error is not None
    assert found.true is not None
    rows = [found.row(e) for e in epochs]
    profile = sample_errors(found.predictions[rows], found.true, study.config.dataset).profile
    return [
        f"a mean parameter error of {found.error[i]:.2f} % of range, a curve RMSE of {found.curve_rmse[i]:.3f} and a "
        f"profile error of {p:.2f}e-3 of strain"
        for i, p in zip(rows, profile, strict=True)
    ]


def _only(study: Study, found: Checkpoints, epoch: int) -> list[str]:
    loss = "It is also the checkpoint with the lowest validation loss, so that nothing had to be chosen between."
    if found.true is None:
        return [loss, f"Its curve RMSE is {found.curve_rmse[found.row(epoch)]:.3f}."]
    return [loss, f"It has {_figures(study, found, [epoch])[0]}."]


def _two_known(study: Study, found: Checkpoints, epoch: int) -> list[str]:
    mine, final = _figures(study, found, [epoch, found.final])
    return [f"It has {mine} (mean over the depth).", f"{_final(found, epoch)} has {final}."]


def _two_unknown(study: Study, found: Checkpoints, epoch: int) -> list[str]:
    i, f = found.row(epoch), found.row(found.final)
    both = np.clip(found.predictions[[i, f]], SPACE.minimum, SPACE.maximum)
    apart = parameter_error(both[0], both[1], SPACE.range)
    most = int(apart.argmax())
    values = [format_parameters(p)[most] for p in both]
    profile = float(sample_errors(both[0], both[1], study.config.dataset).profile[0])
    return [
        f"It has a curve RMSE of {found.curve_rmse[i]:.3f}, re-simulated with a resolution of "
        f"{found.nuisances.fwhm:g} arcsec, a Lorentz fraction of {found.nuisances.lorentz_fraction:g} and a disorder "
        f"of {found.nuisances.disorder:g}.",
        f"{_final(found, epoch)} has a curve RMSE of {found.curve_rmse[f]:.3f}.",
        f"The parameters that the two predict are {apart.mean():.1f} % of range apart on average, most in "
        f"{PARAMETERS[most]} ({values[0]} against {values[1]}), their strain profiles {profile:.2f}e-3 (mean over the "
        "depth): how far they disagree is part of the uncertainty.",
    ]


def _final(found: Checkpoints, epoch: int) -> str:
    when = "A later checkpoint" if found.final > epoch else "An earlier checkpoint"
    loss = found.val_loss
    return (
        f"{when} (epoch {found.final}), with the lower validation loss ({loss[found.row(found.final)]:.4f} against "
        f"{loss[found.row(epoch)]:.4f}),"
    )


def _worth(study: Study, found: Checkpoints, epoch: int, with_truth: bool, luck: Chance) -> list[str]:
    """The regret and luck, and what the other way of selecting would have taken."""
    w = luck.wobble
    unit, digits = ("% of range", ".2f") if with_truth else ("in RMSE", ".3f")
    gain = (
        f"The advantage of epoch {epoch}, {w.regret:{digits}} {unit}, is that of the best of {found.epochs.size} epochs"
    )
    if w.drawn.size == 0:
        said = [f"{gain}; whether that is luck cannot be told from so few epochs, or from a constant error."]
    else:
        between = f"{w.expected.low:{digits}} to {w.expected.high:{digits}}"
        noise = f"what an error that only wobbles would gain in that way ({between})"
        if w.p_value < luck.level:
            said = [f"{gain}, and more than {noise}."]
        elif luck.divergence is not None:
            said = [
                f"{gain} and no more than {noise}, but from epoch {luck.divergence} on the error rises by more "
                "than noise: not all of it is luck."
            ]
        else:
            said = [f"{gain} and cannot be told from {noise}."]
    if with_truth and found.chosen == epoch:
        said.append(
            "It is also the epoch whose curve comes closest, so that it could have been selected without the truth."
        )
    elif with_truth and found.chosen == found.final:
        said.append("Without the truth one would have taken the other, whose curve comes closest.")
    elif with_truth:
        said.append(
            f"Without the truth one would have taken epoch {found.chosen}, whose curve comes closest: it has "
            f"{_figures(study, found, [found.chosen])[0]}."
        )
    if not with_truth:
        said.append(
            "The curve that selected the epoch cannot also be the evidence for it, and the closest curve need not have "
            "the best parameters."
        )
    return said


def _region(sparse: Answer, luck: Chance, found: Checkpoints) -> str:
    where = "the experiment lies" if found.true is not None else "its prediction lies"
    if not sparse.value:
        return (
            f"As {where} in no sparse region of the training set ({sparse.because}), sparse coverage is no reason for "
            "the selection."
        )
    if luck.more:
        return (
            f"Different checkpoints may capture different aspects of the parameter space, and as {where} in a sparse "
            f"region of the training set ({sparse.because}), we consider a task-specific selection appropriate."
        )
    return (
        f"As {where} in a sparse region of the training set ({sparse.because}), a task-specific selection would be "
        "appropriate if its advantage could be told from luck."
    )
