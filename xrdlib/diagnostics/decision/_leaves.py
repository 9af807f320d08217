"""What the tree ends in: the one table from its leaves to remedies."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEAVES", "Leaf"]


class Leaf(NamedTuple):
    """An end of the tree.

    Attributes
    ----------
    remedies : tuple of str
        Keys of remedies, the best first; what each is worth is measured in docs/remedies.md.
    label : str
        In a few words, for the figure.
    advice : str
        A sentence without its capital and full stop.
    """

    remedies: tuple[str, ...]
    label: str
    advice: str


LEAVES = {
    "measurement": Leaf(
        ("measurement",),
        "measurement model, then refine",
        "no remedy that picks or averages these epochs will do; train through the measurement model (the shipped study "
        "measured, or [measurement] in a configuration), diagnose again, and refine from that prediction",
    ),
    "model": Leaf(
        ("measurement",),
        "check the curve, widen the model, refine",
        "no remedy that picks or averages these epochs will do, though they were trained through a measurement model; "
        "check the curve first (step, axis, peak, background), widen what the model draws (resolution, disorder, "
        "background, counts), train again, and refine",
    ),
    "final": Leaf(
        ("final",),
        "final as it is",
        "take final as it is, the best on average: what another epoch gains here is ordinary, or cannot be "
        "told from luck",
    ),
    "final_sparse": Leaf(
        ("final",),
        "final, with its errors there",
        "take final as it is, and give it the errors of test samples from regions as sparse as this one",
    ),
    "region": Leaf(
        ("augment_prediction",),
        "new curves around its prediction",
        "simulate new curves around its prediction and train with them; a region around the true parameters would be "
        "told the answer",
    ),
    "region_more": Leaf(
        ("augment_prediction", "more_data"),
        "new curves around them, and elsewhere",
        "simulate new curves around the predictions of all of them, more elsewhere too, and train again: the cost is "
        "shared",
    ),
    "select": Leaf(
        ("select_curve",),
        "epoch chosen by its own curve",
        "take the epoch whose re-simulated prediction comes closest to the curve: it costs nothing, helps the curve "
        "and usually the profile; the mean of the seven parameters need not gain, and the curve's error is no longer "
        "evidence once it has chosen",
    ),
    "retrain": Leaf(
        ("fresh", "more_data"),
        "train with fresh or more curves",
        "train again with fresh curves every epoch, or with more of them: it serves all of them at once",
    ),
    "seeds": Leaf(
        ("ensemble_seeds",),
        "mean over several seeds, spread",
        "train the study with several seeds and report their mean with their spread: the epochs of one run share its "
        "chances and say too little about its uncertainty",
    ),
    "finetune": Leaf(
        ("finetune_prediction",),
        "fine-tune around its prediction",
        "fine-tune final on training samples around its prediction, and watch the error on the whole test set",
    ),
    "epochs": Leaf(
        ("ensemble_every4",),
        "mean over the late epochs",
        "average the predictions of every 4th epoch: it needs no training, gains little, and its spread shows how far "
        "the epochs disagree",
    ),
}  # fmt: skip
