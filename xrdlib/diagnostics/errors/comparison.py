"""Which of several epochs is better, at what, and by more than the draw of test samples explains?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xrdlib._section import Section, number
from xrdlib.diagnostics._intervals import UNDEFINED
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.errors import _comparison_text as text
from xrdlib.diagnostics.errors._epochs import Epochs, study_epochs
from xrdlib.diagnostics.errors._measures import (
    Measure,
    Shares,
    Step,
    every_error,
    losses,
    of_experiment,
    sampled,
    shares,
    within_samples,
)
from xrdlib.diagnostics.errors.reconstruction import Reconstruction
from xrdlib.diagnostics.errors.reconstruction import reconstruction as reconstruct
from xrdlib.training import Study

__all__ = ["Comparison", "Measure", "Shares", "Step", "compare_checkpoints"]

_SAMPLED = ("parameter_error", "curve_mae", "profile_error")


@dataclass(frozen=True, repr=False)
class Comparison(Section):
    """Several epochs of one study.

    Attributes
    ----------
    study : str
    named : dict of str to int
        The k epochs by name; the others are compared with the first.
    test_set : str
    n : int
        Test samples of the measures' means.
    measures : tuple of Measure
        Losses; means over test samples; the experiment's errors where they are known.
    steps : tuple of Step
        From each other epoch to the first, and to its own next epoch as a yardstick.
    margin : float
        Change of a sample's parameter error that counts as clear, % of range.
    picked : dict of str to str
        Measure by which an epoch of that name was picked: there it wins by construction.
    note : tuple of float
        Shares (%) of samples that improve and get worse, as the note has them.
    dropout : float
        Of the study's training, where that is known; else 0.
    """

    study: str
    named: dict[str, int]
    test_set: str
    n: int
    measures: tuple[Measure, ...]
    steps: tuple[Step, ...]
    margin: float
    picked: dict[str, str]
    note: tuple[float, float]
    dropout: float

    name = "comparison"
    title = "Epochs against each other"

    @property
    def epochs(self) -> list[int]:
        """The k epochs."""
        return list(self.named.values())

    def measure(self, name: str) -> Measure:
        """One of ``measures`` by its name."""
        return next(m for m in self.measures if m.name == name)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per measure and epoch: value, whether it is the best; with the best its lead and the interval."""
        rows = []
        for m in self.measures:
            for i, (name, epoch) in enumerate(self.named.items()):
                lead = m.lead if m.best == i and m.lead is not None else UNDEFINED
                rows.append((m.name, name, epoch, m.values[i], m.best == i, *lead))
        return pd.DataFrame(rows, columns=["measure", "name", "epoch", "value", "best", "lead", "low", "high"])

    @property
    def shares(self) -> pd.DataFrame:
        """One row per step, test set and share (%): before, after, test_set, share, value, low, high."""
        rows = [
            (step.before, step.after, test_set, kind, *interval)
            for step in self.steps
            for test_set, shares in step.shares.items()
            for kind, interval in shares._asdict().items()
        ]
        return pd.DataFrame(rows, columns=["before", "after", "test_set", "share", "value", "low", "high"])

    @property
    def table(self) -> pd.DataFrame:
        """Measures by epoch, the best, and whether it is so by more than chance."""
        return text.measure_table(self)

    @property
    def shares_table(self) -> pd.DataFrame:
        """Shares of samples as text."""
        return text.shares_table(self)

    @property
    def sentences(self) -> list[str]:
        """What is better by more than chance, what single numbers cannot tell, and how many samples got worse."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Measures with their best epoch, and the shares of every step."""
        return {
            "epochs": [{"name": name, "epoch": epoch} for name, epoch in self.named.items()],
            "test_set": self.test_set,
            "n_samples": self.n,
            "measures": {
                m.name: {
                    "values": [number(v) for v in m.values],
                    "best": None if m.best is None else self.epochs[m.best],
                    "lead": None if m.lead is None else m.lead.to_dict(),
                    "beyond_chance": m.beyond_chance,
                }
                for m in self.measures
            },
            "margin_percent": self.margin,
            "steps": [
                {
                    "before": step.before,
                    "after": step.after,
                    "agreement": None if step.agreement is None else step.agreement.to_dict(),
                    "settled_curve_change_percent": number(step.settled),
                    "shares": {
                        test_set: {kind: interval.to_dict() for kind, interval in shares._asdict().items()}
                        for test_set, shares in step.shares.items()
                    },
                }
                for step in self.steps
            ],
        }


def compare_checkpoints(
    study: Study,
    epochs: Epochs | None = None,
    found: Checkpoints | None = None,
    *,
    n: int = 1000,
    margin: float = 1.0,
    seed: int = 0,
    reconstruction: Reconstruction | None = None,
    note: tuple[float, float] = (95.0, 5.0),
) -> Comparison:
    """Check 4 of the note: compare epochs on the test samples and on an experiment.

    Intervals are over test samples: they say whether other samples could have turned the result, not whether another
    training would have.

    Parameters
    ----------
    study : Study
    epochs : mapping of str to int, or sequence of int, optional
        The others are compared with the first; by default the named epochs of ``found``, or final and ideal.
    found : Checkpoints, optional
        Of an experiment, for its errors.
    n : int
        Test samples of the means over curves and profiles.
    margin : float
        Change of a sample's parameter error, % of range, that counts as clear.
    seed : int
    reconstruction : Reconstruction, optional
        Of the same study and, among others, these epochs; by default it is computed.
    note : tuple of float
        Shares (%) of samples that improve and get worse, as the note has them.

    Returns
    -------
    Comparison

    Raises
    ------
    StudyError
        For an epoch the study does not have, or predictions that are not numbers.
    ValueError
        For a reconstruction that lacks one of the epochs, or a negative margin.
    """
    if not margin >= 0:
        raise ValueError(f"margin = {margin:g}: zero or a positive share of the range, in %, expected")
    named = study_epochs(study, epochs, found)
    r = reconstruct(study, named, found=found, n=n, seed=seed) if reconstruction is None else reconstruction
    if r.study != study.config.name or (missing := sorted(set(named.values()) - set(r.epochs))):
        lacks = f"is of study {r.study}" if r.study != study.config.name else f"lacks epochs {missing}"
        raise ValueError(f"reconstruction: {lacks}; make it of the same study and epochs, or leave it out")
    rows = [r.epochs.index(epoch) for epoch in named.values()]
    drawn = Resamples(r.samples.size, seed=seed)
    of_samples = {name: r.errors.measures[name][rows] for name in _SAMPLED}
    measures = [
        *losses(study, named),
        *(sampled(name, values, drawn) for name, values in of_samples.items()),
        *of_experiment(found, r, named),
    ]
    errors = {s: every_error(study, s) for s in study.test_sets}
    first, *others = named.values()
    steps = []
    for k, epoch in enumerate(others, start=1):
        agreement, settled = within_samples(of_samples["parameter_error"], of_samples["curve_mae"], k, margin)
        steps.append(Step(epoch, first, shares(errors, epoch, first, margin), agreement, settled))
        following = {s: e[epoch : epoch + 1] for s, e in errors.items()}
        if epoch + 1 != first and all(e.size and np.isfinite(e).all() for e in following.values()):
            steps.append(Step(epoch, epoch + 1, shares(errors, epoch, epoch + 1, margin)))
    picked = {"final": "val_loss", "ideal": "experiment_error", "chosen": "experiment_curve_rmse"}
    return Comparison(
        study=study.config.name,
        named=named,
        test_set=r.test_set,
        n=int(r.samples.size),
        measures=tuple(measures),
        steps=tuple(steps),
        margin=margin,
        picked=picked if found is not None else {"final": "val_loss"},
        note=note,
        dropout=0.0 if study.config.foreign else study.config.network.dropout,
    )
