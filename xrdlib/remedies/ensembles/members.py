"""Which epochs, of one training or of several, are to be combined: by hand, the best, every n-th, or greedily."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xrdlib._words import listed, ordinal
from xrdlib.data import SPACE
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import parameter_error
from xrdlib.training import Study, StudyError

__all__ = ["Member", "Members", "across", "as_members", "by_hand", "every", "greedy", "noted", "top"]

FloatArray = NDArray[np.float64]

_THIRD_OF_NOTE = 0.75  # the note's third file is epoch 75 of about 100


class Member(NamedTuple):
    """One epoch (from 1) of one training."""

    study: Study
    epoch: int


@dataclass(frozen=True)
class Members:
    """What is combined.

    Attributes
    ----------
    members : tuple of Member
        Each once.
    counts : tuple of int
        How often each counts: 1, but where a choice with replacement took it several times.
    chosen : str
        How they were chosen, in words.
    seen : str or None
        The test set whose first half chose them: no score on that half is fair.
    """

    members: tuple[Member, ...]
    counts: tuple[int, ...]
    chosen: str = "by hand"
    seen: str | None = None

    @property
    def epochs(self) -> tuple[int, ...]:
        """Of each member."""
        return tuple(member.epoch for member in self.members)

    @property
    def study(self) -> Study:
        """The first member's."""
        return self.members[0].study

    @property
    def studies(self) -> tuple[Study, ...]:
        """Each once, in order."""
        return tuple({id(m.study): m.study for m in self.members}.values())

    @property
    def labels(self) -> tuple[str, ...]:
        """``"76"``, or with the name of its study where there are several."""
        several = len(self.studies) > 1
        return tuple(f"{m.study.config.name} {m.epoch}" if several else str(m.epoch) for m in self.members)

    @property
    def val_loss(self) -> FloatArray:
        """Validation loss of each, shape (k,)."""
        return np.array([m.study.val_loss(m.epoch) for m in self.members])

    def test_predictions(self, test_set: str) -> tuple[FloatArray, FloatArray]:
        """Predicted (k, n, 7) and true (n, 7) parameters of a test set, lengths in A; from what is stored.

        Raises
        ------
        StudyError
            If the studies were not tested on the same samples.
        """
        stored = {id(study): study.test_predictions(test_set) for study in self.studies}
        true = stored[id(self.study)][1]
        for study in self.studies[1:]:
            if not np.array_equal(stored[id(study)][1], true):
                raise StudyError(
                    f"{study.path}: other {test_set} test samples than {self.study.path}; members of several studies "
                    "need the same (train them with replicas of one configuration)"
                )
        return np.stack([stored[id(m.study)][0][m.epoch - 1] for m in self.members]), true

    def left_out(self, test_set: str, n: int) -> int:
        """How many of its ``n`` samples, the first ones, chose the members: no score on these is fair."""
        return n // 2 if self.seen == test_set else 0

    def predict(self, target: Target) -> FloatArray:
        """Parameters (k, 7) that each reads off a target, lengths in A; of a tracked one as stored.

        Raises
        ------
        StudyError
            If it is not tracked, and the weights of an epoch are not stored.
        """
        found: dict[int, dict[int, FloatArray]] = {}
        for study in self.studies:
            epochs = [m.epoch for m in self.members if m.study is study]
            if target.tracked_in(study):
                rows = study.experiment_predictions(target.name)[np.array(epochs) - 1]
            else:
                rows = study.predict(target.inputs(study), epochs)[:, 0]
            found[id(study)] = dict(zip(epochs, rows, strict=True))
        return np.stack([found[id(m.study)][m.epoch] for m in self.members])


def across(members: Sequence[tuple[Study, int]], chosen: str = "by hand", seen: str | None = None) -> Members:
    """Members of several trainings; one that is given twice counts twice.

    Parameters
    ----------
    members : sequence of (Study, int)
    chosen, seen : str, optional
        See `Members`.

    Raises
    ------
    StudyError
        If there are none, or an epoch that its study does not have.
    """
    if not len(members):
        raise StudyError("members: none given; at least one epoch is expected")
    for study, epoch in members:
        if not isinstance(epoch, int | np.integer) or not 1 <= epoch <= study.n_epochs:
            raise StudyError(f"members: epoch {epoch} given, study {study.config.name} has 1 to {study.n_epochs}")
    keys = [(id(study), int(epoch)) for study, epoch in members]
    first = dict(zip(keys[::-1], [Member(s, int(e)) for s, e in members][::-1], strict=True))
    counts = Counter(keys)
    order = list(dict.fromkeys(keys))
    return Members(tuple(first[k] for k in order), tuple(counts[k] for k in order), chosen, seen)


def by_hand(study: Study, epochs: Sequence[int]) -> Members:
    """Epochs of one study; StudyError as for `across`."""
    return across([(study, epoch) for epoch in epochs])


def top(study: Study, k: int = 5, *, among: Sequence[int] | None = None) -> Members:
    """The ``k`` epochs with the lowest validation loss, best first.

    Parameters
    ----------
    study : Study
    k : int
    among : sequence of int, optional
        Candidates; by default all epochs.

    Raises
    ------
    StudyError
        If there are fewer.
    """
    candidates = _candidates(study, among)
    if not 1 <= k <= candidates.size:
        raise StudyError(f"k = {k}: 1 to {candidates.size} expected, the epochs to choose from")
    loss = study.history["val_loss"].to_numpy()[candidates - 1]
    best = candidates[np.argsort(loss, kind="stable")[:k]]
    word = "lowest validation loss" if k == 1 else f"{k} lowest validation losses"
    return across([(study, int(epoch)) for epoch in best], word)


def every(study: Study, n: int = 4, *, start: int | None = None, among: Sequence[int] | None = None) -> Members:
    """Every ``n``-th epoch (n, 2n, ...) from ``start`` on; by default from the second half of the training.

    Parameters
    ----------
    study : Study
    n : int
    start : int, optional
    among : sequence of int, optional
        Candidates; by default all epochs.

    Raises
    ------
    StudyError
        If there is none.
    """
    first = study.n_epochs // 2 + 1 if start is None else start
    if n < 1 or not 1 <= first <= study.n_epochs:
        raise StudyError(f"n = {n}, start = {first}: n at least 1 and start from 1 to {study.n_epochs} expected")
    epochs = [e for e in _candidates(study, among).tolist() if e >= first and e % n == 0]
    if not epochs:
        raise StudyError(f"n = {n}: no multiple of it among the epochs from {first} on; take a smaller one")
    word = f"every {ordinal(n)} epoch" if n > 1 else "every epoch"
    return across([(study, e) for e in epochs], f"{word} from {first} on")


def greedy(
    study: Study,
    k: int = 20,
    *,
    replace: bool = True,
    among: Sequence[int] | None = None,
    test_set: str | None = None,
) -> Members:
    """Forward selection: step by step the epoch is added that lowers the error of the mean most.

    As Caruana et al. (2004): *with* replacement, so that a good epoch can gain weight instead of a worse one being
    added. It begins with the single best and ends where nothing lowers the error, or after ``k`` steps.

    Parameters
    ----------
    study : Study
    k : int
        Steps at most.
    replace : bool
        Whether an epoch may be taken again.
    among : sequence of int, optional
        Candidates; by default all epochs.
    test_set : {"grid", "uniform"}, optional
        On its first half the error (mean of the seven parameters, % of range) is taken; by default the one that
        resembles the training set. Its second half is left for the score.

    Returns
    -------
    Members

    Raises
    ------
    StudyError
        If ``k`` is not positive, or above the number of epochs without replacement; or of test sets below 2 samples.
    """
    candidates = _candidates(study, among)
    if not 1 <= k <= (k if replace else candidates.size):
        allowed = "at least 1" if replace else f"1 to {candidates.size}, the epochs to choose from,"
        raise StudyError(f"k = {k}: {allowed} expected")
    name = like_training(study) if test_set is None else test_set
    predicted, true = study.test_predictions(name)
    half = len(true) // 2
    if half < 1:
        raise StudyError(f"test set {name!r}: {len(true)} sample; at least 2 are needed to choose on the first half")
    off = (100 * (predicted[candidates - 1, :half] - true[:half]) / SPACE.range).astype(np.float32)
    taken: list[int] = []
    total, lowest = np.zeros_like(off[0]), np.inf
    while len(taken) < k:
        error = np.abs(total + off).mean(axis=(1, 2)) / (len(taken) + 1)
        if not replace:
            error[taken] = np.inf
        best = int(error.argmin())
        if not error[best] < lowest:
            break
        lowest = float(error[best])
        taken.append(best)
        total += off[best]
    chosen = f"greedily, on the first half of the {name} test samples"
    return across([(study, int(candidates[i])) for i in taken], chosen, name)


def _candidates(study: Study, among: Sequence[int] | None) -> NDArray[np.int64]:
    """Epochs to choose from, ascending."""
    if among is None:
        return np.arange(1, study.n_epochs + 1)
    epochs = np.unique(np.array(among, dtype=np.int64))
    if not epochs.size or epochs[0] < 1 or epochs[-1] > study.n_epochs:
        raise StudyError(f"among: epochs from 1 to {study.n_epochs} expected, one at least")
    return epochs


def noted(study: Study, found: Checkpoints) -> Members:
    """The note's three: ideal, final, and one more, "epoch_75" of its about 100: the one at 3/4 of the training.

    Where the truth is unknown, chosen stands for ideal; where the third's prediction is unknown, the nearest epoch.
    What coincides is one member.
    """
    third = int(found.epochs[np.abs(found.epochs - round(_THIRD_OF_NOTE * study.n_epochs)).argmin()])
    first = found.chosen if found.ideal is None else found.ideal
    words = ["chosen" if found.ideal is None else "ideal", "final", f"epoch {third}"]
    epochs = dict.fromkeys((first, found.final, third))
    return across([(study, e) for e in epochs], f"the note's: {listed(words)}")


def as_members(study: Study, members: Members | Sequence[int]) -> Members:
    """`Members` as they are, epochs by hand."""
    return members if isinstance(members, Members) else by_hand(study, members)


def member_errors(predicted: FloatArray, true: FloatArray) -> FloatArray:
    """Mean errors of the seven parameters, % of range, of predictions (..., 7)."""
    return np.asarray(parameter_error(predicted, true, SPACE.range).mean(axis=-1))
