"""A paragraph for a thesis, in the note's form: which epoch was taken, by what, and what that is worth."""

from __future__ import annotations

import numpy as np

from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.data.space import format_parameters
from xrdlib.diagnostics._checkpoints_text import beside
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.decision._answers import Answer
from xrdlib.diagnostics.decision._chance import Chance
from xrdlib.diagnostics.errors.sample_errors import sample_errors
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study

__all__ = ["write"]


def write(
    study: Study,
    target: Target,
    found: Checkpoints,
    *,
    by_curve: bool,
    limit: float,
    luck: Chance,
    known: Answer,
    sparse: Answer,
) -> str:
    """The paragraph on one selected epoch.

    Parameters
    ----------
    study : Study
    target : Target
    found : Checkpoints
    by_curve : bool
        Whether ``found.chosen`` was selected, by its curve; else ``found.ideal``, by the truth. Both may be one epoch.
    limit : float
        RMSE of log10 intensity below which the curve counts as reproduced.
    luck : Chance
        Of the trace it was selected by.
    known, sparse : Answer
        Of the decision: whether the network knows such curves, and whether the region is sparse.
    """
    epoch = found.chosen if by_curve or found.ideal is None else found.ideal
    said = [_selected(target, found, epoch, by_curve)]
    if epoch == found.final:
        said += _only(study, found, epoch, limit)
    else:
        said += _two_unknown(study, found, epoch) if found.true is None else _two_known(study, found, epoch)
        said += _worth_by_curve(target, found, luck) if by_curve else _worth_by_truth(study, found, epoch, luck)
    reproduces = bool(found.curve_rmse[found.row(epoch)] < limit)
    if not reproduces:
        said.append(_not_reproduced(found, epoch, limit))
    if known.value and epoch != found.final:
        said.append(_region(sparse, luck, found, by_curve, reproduces))
    return " ".join(said)


def _selected(target: Target, found: Checkpoints, epoch: int, by_curve: bool) -> str:
    n = found.epochs.size
    among = f"among {n} epochs" if n == found.n_trained else f"among the {n} epochs with stored weights"
    kind = "measured curve" if isinstance(target.source, MeasuredCurve) else "virtual experiment"
    if found.only is not None:
        return f"For the {kind} {target.name} we took epoch {epoch} of study {found.study}, {found.only}."
    by = (
        "whose prediction, simulated again, comes closest to the curve (RMSE of log10 intensity)"
        if by_curve
        else "which has the smallest mean error of the seven parameters"
    )
    who = (
        "This selection was made with the true parameters in hand; for a real sample it could not be made."
        if not by_curve
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


def _only(study: Study, found: Checkpoints, epoch: int, limit: float) -> list[str]:
    loss = "It is also the checkpoint with the lowest validation loss, so that nothing had to be chosen between."
    if found.only is not None:
        loss = "Nothing was selected by this curve."
    if found.true is None:
        return [loss, f"Its curve RMSE is {beside(found.curve_rmse[found.row(epoch)], limit)[0]}."]
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
        "depth): how far they disagree is a lower bound of the uncertainty.",
    ]


def _final(found: Checkpoints, epoch: int) -> str:
    when = "A later checkpoint" if found.final > epoch else "An earlier checkpoint"
    loss = found.val_loss
    return (
        f"{when} (epoch {found.final}), with the lower validation loss ({loss[found.row(found.final)]:.4f} against "
        f"{loss[found.row(epoch)]:.4f}),"
    )


def _worth_by_truth(study: Study, found: Checkpoints, epoch: int, luck: Chance) -> list[str]:
    """The regret and luck, and what the other way of selecting would have taken."""
    w = luck.wobble
    gain = (
        f"The advantage of epoch {epoch}, {w.regret:.2f} % of range, is that of the best of {found.epochs.size} epochs"
    )
    if w.drawn.size == 0:
        said = [f"{gain}; whether that is luck cannot be told from so few epochs, or from a constant error."]
    else:
        between = f"{w.expected.low:.2f} to {w.expected.high:.2f}"
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
    if found.chosen == epoch:
        other = "It is also the epoch whose curve comes closest, so that it could have been selected without the truth."
    elif found.chosen == found.final:
        other = "Without the truth one would have taken the other, whose curve comes closest."
    else:
        other = (
            f"Without the truth one would have taken epoch {found.chosen}, whose curve comes closest: it has "
            f"{_figures(study, found, [found.chosen])[0]}."
        )
    return [*said, other]


def _worth_by_curve(target: Target, found: Checkpoints, luck: Chance) -> list[str]:
    """How much closer the curve is, which was minimised; what of it can be luck; whether the parameters follow."""
    w, n = luck.wobble, found.epochs.size
    closer = f"Its curve is {w.regret:.3f} in RMSE closer than the other's, which is what was minimised over {n} epochs"
    if isinstance(target.source, Experiment) and target.source.instrument.peak_counts is None:
        said = [f"{closer}: as the curve has no noise, this is a fact and no luck."]
    else:
        said = [
            f"{closer}: part of it may be the noise of this one record (a scatter of {found.noise:.3f} from point to "
            "point), and another record of the same sample may bring another epoch to the front."
        ]
    if w.drawn.size == 0:
        said.append("Whether it is more than the epochs wobble cannot be told from so few, or from a constant RMSE.")
    else:
        between = f"{w.expected.low:.3f} to {w.expected.high:.3f}"
        wobble = f"an RMSE that only wobbles from epoch to epoch would gain in that way ({between})"
        if w.p_value < luck.level:
            said.append(f"It is more than {wobble}.")
        elif luck.divergence is not None:
            said.append(
                f"It is no more than {wobble}, but from epoch {luck.divergence} on the RMSE rises by more than its "
                "wobble."
            )
        else:
            said.append(f"It is no more than {wobble}, so that nothing shows this epoch to be a better network.")
    if found.error is None:
        said.append("That the parameters are closer, too, does not follow; if they are, it may be luck.")
    else:
        here = found.error[found.row(found.chosen)] < found.error[found.row(found.final)]
        said.append(
            "That the parameters are closer, too, does not follow; here "
            + ("they are, which may be luck." if here else "they are not.")
        )
    return [*said, "The curve that selected the epoch cannot also be the evidence for it."]


def _not_reproduced(found: Checkpoints, epoch: int, limit: float) -> str:
    lowest = float(found.curve_rmse.min())
    rmse, held = beside(float(found.curve_rmse[found.row(epoch)]), limit)
    best = beside(lowest, limit)[0]
    which = "the selected epoch" if found.only is None else "it"
    said = f"By our own limit, an RMSE below {held}, {which} does not reproduce the curve ({rmse})"
    if lowest < limit:
        said += f", while epoch {found.chosen} does ({best})"
    elif epoch != found.chosen:
        said += f", nor does any other epoch (at best {best}, epoch {found.chosen})"
    elif found.epochs.size > 1:
        said += ", nor does any other epoch"
    return f"{said}: its parameters should not be reported as a result."


def _region(sparse: Answer, luck: Chance, found: Checkpoints, by_curve: bool, reproduces: bool) -> str:
    where = "the experiment lies" if found.true is not None else "its prediction lies"
    if not sparse.value:
        return (
            f"As {where} in no sparse region of the training set ({sparse.because}), sparse coverage is no reason for "
            "the selection."
        )
    there = f"{where} in a sparse region of the training set ({sparse.because})"
    if reproduces and luck.more:
        return (
            f"Different checkpoints may capture different aspects of the parameter space, and as {there}, we consider "
            f"a task-specific selection appropriate{' as far as the curve is concerned' if by_curve else ''}."
        )
    missing = [] if reproduces else ["the selected epoch reproduced the curve"]
    if not luck.more:
        missing.append(
            "its advantage were more than the wobble of the epochs"
            if by_curve
            else "its advantage could be told from luck"
        )
    return f"As {there}, a task-specific selection would be appropriate if {' and '.join(missing)}."
