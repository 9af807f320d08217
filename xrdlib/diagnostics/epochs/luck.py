"""How much of a regret is luck: the epoch is chosen on one thing and scored on another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section
from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.comparable import like_target, other_traces, sample_traces
from xrdlib.diagnostics.epochs._among import CHANCE, Among, in_words, left_out
from xrdlib.diagnostics.epochs._fresh_draws import from_near_samples, from_other_noise, from_own_curves
from xrdlib.diagnostics.epochs._luck_text import findings
from xrdlib.diagnostics.epochs._stored_predictions import from_neighbours, from_own_curve
from xrdlib.diagnostics.epochs._transfer import Transfer
from xrdlib.diagnostics.epochs.divergence import divergence
from xrdlib.diagnostics.epochs.wobble import Wobble, wobble, wobble_p_values
from xrdlib.diagnostics.target import Target
from xrdlib.training import Study

__all__ = ["Luck", "luck"]

FloatArray = NDArray[np.float64]

_WOBBLING = 500  # test samples whose regret is compared with their own noise
_LEVEL = 0.05
_FEW = 40  # epochs


@dataclass(frozen=True, repr=False)
class Luck(Section):
    """What is left of a regret when the epoch is chosen honestly, and what regret noise alone would bring.

    Attributes
    ----------
    study, target : str
        Names.
    unit : str
        Of regrets: % of range, or of the curve's RMSE where the truth is unknown.
    transfers : tuple of Transfer
        One for each way of choosing the epoch, for the experiment and for test samples.
    wobble : Wobble
        Of the experiment's trace.
    beyond_noise : ndarray of bool
        Of some test samples, whether their regret is more than noise alone brings (5 %).
    undefined : tuple of str
        What could not be measured, and why; and which test samples were left out.
    test_set : str
        Whose samples ``beyond_noise`` is of; empty if it has no name.
    others_beyond : tuple of Among
        The same of other test sets.
    divergence_epoch : int or None
        From which the trace rises by more than noise, `Divergence.epoch`.
    n_stored : int or None
        Epochs that samples recorded anew were predicted at, where those are fewer than the trace has.
    n_epochs : int
        Of the trace; 0 if not said.
    """

    study: str
    target: str
    unit: str
    transfers: tuple[Transfer, ...]
    wobble: Wobble
    beyond_noise: NDArray[np.bool_]
    undefined: tuple[str, ...] = ()
    test_set: str = ""
    others_beyond: tuple[Among, ...] = ()
    divergence_epoch: int | None = None
    n_stored: int | None = None
    n_epochs: int = 0

    name = "luck"
    title = "How much of the regret is luck"

    @property
    def beyond_noise_share(self) -> Interval:
        """Share (%) of test samples with more regret than noise alone brings; 5 are expected of noise."""
        return Among(self.test_set, self.beyond_noise).share

    def find(self, key: str, scored_on: str = "experiment") -> Transfer | None:
        """One way of choosing; None where it was not defined."""
        found = (t for t in self.transfers if (t.key, t.scored_on) == (key, scored_on))
        return next(found, None)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per way of choosing and what it was scored on."""
        columns = ["key", "chosen_on", "scored_on", "n", "regret", "kept", "share", "share_low", "share_high"]
        rows = [(t.key, t.chosen_on, t.scored_on, t.n, t.regret, t.kept, *t.share) for t in self.transfers]
        return pd.DataFrame(rows, columns=columns)

    @property
    def table(self) -> pd.DataFrame:
        """Share of the regret that is kept, by what the epoch was chosen on."""
        cells: dict[str, dict[str, str]] = {}
        for t in self.transfers:
            cells.setdefault(t.chosen_on, {})[f"kept, {t.scored_on} (%)"] = _cell(t.share)
        return pd.DataFrame.from_dict(cells, orient="index").fillna("").rename_axis("epoch chosen on")

    def to_dict(self) -> dict[str, Any]:
        """Ways of choosing, and the regret that noise brings."""
        return {
            "unit": self.unit,
            "transfers": [t.to_dict() for t in self.transfers],
            "noise": {
                **self.wobble.to_dict(),
                "test_samples_beyond": self.beyond_noise_share.to_dict(),
                "test_set": self.test_set,
                "other_test_sets_beyond": {other.test_set: other.share.to_dict() for other in self.others_beyond},
            },
            "undefined": list(self.undefined),
        }

    @property
    def sentences(self) -> list[str]:
        """What is reproducible, and what noise alone would bring."""
        said = findings(self.transfers)
        if self.n_stored is not None:
            said.append(
                f"Curves recorded anew choose among the {self.n_stored} epochs with stored weights; the regret is then "
                "against the best of those."
            )
        if self.unit != "% of range" and self.transfers:
            said.append("Test samples are scored by the errors of their parameters, it by that of its curve.")
        return [*said, self._noise, *self.undefined]

    @property
    def _noise(self) -> str:
        w = self.wobble
        if w.drawn.size == 0:
            return "What regret noise alone would bring is not defined: too few epochs, or a constant trace."
        others = in_words((Among(self.test_set, self.beyond_noise), *self.others_beyond))
        theirs = "" if self.unit == "% of range" else ", in their parameter errors"
        more = f" ({others} show more than theirs{theirs}; {CHANCE})" if others else ""
        digits = ".2f" if self.unit == "% of range" else ".3f"
        seen = f"a regret of {w.regret:{digits}} {self.unit}"
        bring = f"an error that never rises but wobbles like this one brings {w.expected:{digits}}"
        if w.p_value < _LEVEL:
            return f"The best of many: {bring}; {seen} is more than that{more}."
        few = f"; {self.n_epochs} epochs see less than all would" if 0 < self.n_epochs < _FEW else ""
        if self.divergence_epoch is not None:
            return (
                f"The best of many: {bring}, so that {seen} is not too large for noise; but the error does rise, from "
                f"epoch {self.divergence_epoch} on, by more than noise: not all of it is luck{more}."
            )
        return f"The best of many: {bring}, so that {seen} cannot be told from noise{few}{more}."


def luck(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    found: Checkpoints | None = None,
    *,
    k: int = 20,
    widths: tuple[float, ...] = (0.1, 1.0, 5.0),
    n_draws: int = 12,
    n_samples: int = 100,
    n_curves: int = 0,
    test_set: str | None = None,
    seed: int = 0,
) -> Luck:
    """Choose an experiment's epoch on other noise, on samples near it, on test samples around it; score it on its own.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
        Where the truth is unknown, the error is the curve's and fewer ways are defined.
    found : Checkpoints, optional
        Of the same; worked out if not given.
    k : int
        Nearest test samples whose mean error chooses an epoch.
    widths : tuple of float
        Samples "near" another have every parameter within so many % of its range, inside the space.
    n_draws : int
        Noise draws and near samples of the experiment, recorded anew and predicted at the stored epochs. Tracked
        noise draws that differ from it in nothing but the seed are used instead where the study has three.
    n_samples : int
        Samples of the test set ``uniform`` (of the other, where there is only one) that get a near one each.
    n_curves : int
        Samples of ``uniform`` whose epoch is also chosen on their own curve; each takes some hundredths of a second.
    test_set : {"grid", "uniform"}, optional
        Where the nearest samples are from; by default as `track` chooses it.
    seed : int

    Returns
    -------
    Luck

    Raises
    ------
    ValueError
        If k is not below the number of test samples, n_draws below 2, n_samples below 1, n_curves below 0, or a width
        not above 0.
    """
    target = Target.of(target, study)
    found = checkpoints(study, target) if found is None else found
    test_set = test_set or like_target(study, found.true)
    errors, true = sample_traces(study, test_set, found.epochs)
    for name, value, allowed, what in (
        ("k", k, 1 <= k < len(true), f"1 to {len(true) - 1}, the number of test samples less one,"),
        ("n_draws", n_draws, n_draws >= 2, "2 or more"),
        ("n_samples", n_samples, n_samples >= 1, "1 or more"),
        ("n_curves", n_curves, n_curves >= 0, "0 or more"),
        ("widths", widths, all(w > 0 for w in widths), "positive percentages"),
    ):
        if not allowed:
            raise ValueError(f"{name} = {value}: {what} expected")
    trace = found.curve_rmse if found.error is None else found.error
    final = found.row(found.final)
    rng = np.random.default_rng(seed)
    # between the points of a grid, as experiments are
    base = study.test_predictions("uniform" if "uniform" in study.test_sets else test_set)[1]
    noise = []
    if isinstance(target.source, Experiment):
        noise = from_other_noise(study, target.source, found, n_draws, rng, seed)
    nearby, undefined = from_near_samples(study, target, found, base[:n_samples], widths, n_draws, rng, seed)

    def beyond(traces: FloatArray) -> NDArray[np.bool_]:
        p_values = wobble_p_values(traces[:, :_WOBBLING].T, final, found.epochs, seed=seed)
        return np.asarray(p_values[np.isfinite(p_values)] < _LEVEL)

    n_stored = np.intersect1d(found.epochs, study.checkpoints).size
    missing = len(study.test_predictions(test_set)[1]) - len(true)
    return Luck(
        study=study.config.name,
        target=target.name,
        unit="% of range" if found.error is not None else "in RMSE",
        transfers=(
            *noise,
            *nearby,
            *from_neighbours(found, trace, errors, true, k, seed),
            from_own_curve(target, found),
            *from_own_curves(study, base[:n_curves], rng, seed),
        ),
        wobble=wobble(trace, final, found.epochs, seed=seed),
        beyond_noise=beyond(errors),
        undefined=(*undefined, *left_out(missing, test_set)),
        test_set=test_set,
        others_beyond=tuple(
            Among(name, beyond(traces)) for name, traces in other_traces(study, test_set, found.epochs).items()
        ),
        divergence_epoch=divergence(found.epochs, trace, found.val_loss, np.empty((0, trace.size)), seed=seed).epoch,
        n_stored=n_stored if 0 < n_stored < trace.size else None,
        n_epochs=trace.size,
    )


def _cell(value: Interval) -> str:
    return f"{value.value:.0f}" if np.isnan(value.low) and not np.isnan(value.value) else f"{value:.0f}"
