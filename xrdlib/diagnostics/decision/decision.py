"""What to do: the decision tree, answered from measured quantities where possible, else by the user."""

from __future__ import annotations

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.decision import _answers
from xrdlib.diagnostics.decision._answers import Thresholds
from xrdlib.diagnostics.decision._chance import chance
from xrdlib.diagnostics.decision._decision import Decision
from xrdlib.diagnostics.decision._note import note_tree
from xrdlib.diagnostics.decision._paragraph import write
from xrdlib.diagnostics.decision._tree import YOURS
from xrdlib.diagnostics.epochs.tracking import Tracking, track
from xrdlib.diagnostics.target import Target
from xrdlib.diagnostics.training_set.coverage import Coverage
from xrdlib.diagnostics.training_set.coverage import coverage as coverage_at
from xrdlib.training import Study

__all__ = ["Decision", "decide", "paragraph"]


def decide(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    found: Checkpoints | None = None,
    *,
    tracking: Tracking | None = None,
    coverage: Coverage | None = None,
    critical: bool | None = None,
    several: bool | None = None,
    publication: bool | None = None,
    fair: float = 0.1,
    sparse: float = 75.0,
    special: float = 90.0,
    luck: float = 0.05,
    seed: int = 0,
) -> Decision:
    """Go through the decision tree for a target.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    found, tracking, coverage : Checkpoints, Tracking, Coverage, optional
        Of the same; worked out if not given.
    critical, several, publication : bool, optional
        The note's Q2 to Q4, which only the user can answer: is this experiment critical, are there several similar
        ones, is it for publication? None leaves a question open; the result then holds both continuations.
    fair : float
        A curve's RMSE of log10 intensity below which it counts as reproduced (or below twice its noise).
    sparse : float
        The region is sparse if around more test samples (%) than this the training set is denser.
    special : float
        The regret is special if it exceeds that of as many test samples (%).
    luck : float
        Level of the p-value below which the regret is more than noise alone brings.
    seed : int

    Returns
    -------
    Decision

    Raises
    ------
    ValueError
        For an answer that is neither True, False nor None, or a threshold that is none.
    """
    limits = Thresholds(fair, sparse, special, luck)
    own = {
        name: _answers.yours(name, value) for name, value in zip(YOURS, (critical, several, publication), strict=True)
    }
    target = Target.of(target, study)
    found = checkpoints(study, target) if found is None else found
    tracking = track(study, found, target, seed=seed) if tracking is None else tracking
    coverage = _covered(study, found) if coverage is None else coverage
    by_luck = chance(found, found.curve_rmse if found.error is None else found.error, limits.luck, seed)
    answers = {
        "known": _answers.known(study, target, found, limits),
        "aware": _answers.aware(study),
        "sparse": _answers.sparse(coverage, limits.sparse),
        "special": _answers.special(found, tracking, by_luck, limits.special),
        **own,
    }
    verdicts = {question: verdict for question, (verdict, _) in coverage.verdicts.items()}
    by_rule = "; ".join(f"{verdict} by the {coverage.rule.questions[q]}" for q, verdict in verdicts.items())
    return Decision(
        study=study.config.name,
        target=target.name,
        answers=answers,
        note=note_tree(verdicts["share"] == "sparse", critical, by_rule),
        paragraph=write(
            study,
            target,
            found,
            by_curve=found.error is None,
            limit=_answers.fair_limit(found, limits),
            luck=by_luck,
            known=answers["known"],
            sparse=answers["sparse"],
        ),
    )


def paragraph(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    found: Checkpoints | None = None,
    *,
    pick: str | None = None,
    coverage: Coverage | None = None,
    seed: int = 0,
) -> str:
    """A paragraph for a thesis on the selected epoch, in the note's form, with this study's figures.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    found, coverage : Checkpoints, Coverage, optional
        Of the same; worked out if not given.
    pick : {"ideal", "chosen"}, optional
        By what the epoch was selected: the true parameters, or its own curve. By default the former where the truth
        is known.
    seed : int

    Returns
    -------
    str
        One line.

    Raises
    ------
    ValueError
        For another pick, or "ideal" where the truth is unknown.
    """
    target = Target.of(target, study)
    found = checkpoints(study, target) if found is None else found
    possible = [name for name in ("ideal", "chosen") if name in found.named]
    pick = possible[0] if pick is None else pick
    if pick not in possible:
        raise ValueError(f"pick = {pick!r}: {' or '.join(possible)} expected for {target.name}")
    limits = Thresholds()
    by_curve = pick == "chosen" or found.error is None
    trace = found.curve_rmse if by_curve or found.error is None else found.error
    return write(
        study,
        target,
        found,
        by_curve=by_curve,
        limit=_answers.fair_limit(found, limits),
        luck=chance(found, trace, limits.luck, seed),
        known=_answers.known(study, target, found, limits),
        sparse=_answers.sparse(_covered(study, found) if coverage is None else coverage, limits.sparse),
    )


def _covered(study: Study, found: Checkpoints) -> Coverage:
    return coverage_at(study, found.point, predicted=found.true is None)
