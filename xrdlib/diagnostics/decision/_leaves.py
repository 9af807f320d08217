"""What the tree ends in: the one table from its leaves to remedies, and what these were measured to be worth."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEAVES", "Leaf"]


class Leaf(NamedTuple):
    """An end of the tree.

    Attributes
    ----------
    remedies : tuple of str
        Keys of remedies as in docs/remedies.md, the best first.
    label : str
        In a few words, for the figure.
    advice : str
        A sentence without its capital and full stop.
    worth : str
        What six trainings of study ``lab`` say of it, in words; numbers are in docs/remedies.md.
    """

    remedies: tuple[str, ...]
    label: str
    advice: str
    worth: str


_NOTHING_BETTER = (
    "nothing that chooses or averages epochs without being told the truth read the experiment better beyond the "
    "scatter of the trainings"
)
_AROUND = (
    "profile and curve of the noise-free experiment came closer in each of the trainings, and other curves near it "
    "were read better; a gain of its own seven parameters is not shown; grid test curves were read worse, and the "
    "experiment through a diffractometer seemed to be"
)

LEAVES = {
    "measurement": Leaf(
        ("measurement",),
        "measurement model, then refine",
        "no remedy that picks or averages these epochs will do; train through the measurement model (the shipped study "
        "measured, or [measurement] in a configuration), diagnose again, and refine from that prediction",
        "by far the largest gain of all on a curve through a diffractometer; noise-free test curves were read worse",
    ),
    "model": Leaf(
        ("measurement",),
        "check the curve, widen the model, refine",
        "no remedy that picks or averages these epochs will do, though they were trained through a measurement model; "
        "check the curve first (step, axis, peak, background), widen what the model draws (resolution, disorder, "
        "background, counts), train again, and refine",
        "a model against none is a large gain, a wider one was not tried",
    ),
    "final": Leaf(
        ("final",),
        "final as it is",
        "take final as it is, the best on average: what another epoch gains here is ordinary, or cannot be "
        "told from luck",
        _NOTHING_BETTER,
    ),
    "final_sparse": Leaf(
        ("final",),
        "final, with its errors there",
        "take final as it is, and give it the errors of test samples from regions as sparse as this one",
        _NOTHING_BETTER,
    ),
    "region": Leaf(
        ("augment_chosen_wide",),
        "new curves around its prediction",
        "simulate new curves around its prediction, in a box as wide as the network errs (one of 10 % of range did not "
        "even hold the truth), and train with them; a region around the true parameters would be told the answer",
        _AROUND,
    ),
    "region_more": Leaf(
        ("augment_chosen_wide", "more_data"),
        "new curves around them, and elsewhere",
        "simulate new curves around the predictions of all of them, in boxes as wide as the network errs, more "
        "elsewhere too, and train again: the cost is shared",
        f"for one experiment, {_AROUND}",
    ),
    "select": Leaf(
        ("select_curve",),
        "epoch chosen by its own curve",
        "take the epoch whose re-simulated prediction comes closest to the curve: it costs nothing; the mean of the "
        "seven parameters need not gain, and the curve's error is no longer evidence once it has chosen",
        "the curve came closer, a gain of the seven parameters or of the profile is not shown",
    ),
    "retrain": Leaf(
        ("fresh", "more_data"),
        "train with fresh or more curves",
        "train again with fresh curves every epoch, or with more of them: it serves all of them at once",
        "better on both test sets by a little, a gain of the experiment's parameters is not shown",
    ),
    "seeds": Leaf(
        ("ensemble_seeds",),
        "mean over several seeds",
        "train the study with several seeds and report their mean; their spread is a flag, no uncertainty, as "
        "notebook 10_ensembling measured",
        "better on both test sets by a little, a gain of the experiment's parameters is not shown: what all seeds "
        "have in common stays",
    ),
    "finetune": Leaf(
        ("finetune_chosen",),
        "fine-tune around its prediction",
        "fine-tune final on training samples around its prediction, as the note has it, and watch the error on the "
        "whole test set",
        "next to nothing, on the experiment or on a test set: what it gains around the truth is told by the truth",
    ),
    "epochs": Leaf(
        ("ensemble_every4",),
        "mean over the late epochs",
        "average the predictions of every 4th epoch, as the note's ensemble: it needs no training, and its spread is a "
        "flag, no uncertainty, as notebook 10_ensembling measured",
        "nothing gained, on the experiment or on a test set; what gains a little is several seeds",
    ),
}  # fmt: skip
