"""How much of a regret is luck: the epoch is chosen on one thing and scored on another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.diagnostics._correlation import percent, share
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._section import Section
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.comparable import like_training, sample_traces
from xrdlib.diagnostics.epochs._fresh_draws import from_near_samples, from_other_noise, from_own_curves
from xrdlib.diagnostics.epochs._luck_text import findings
from xrdlib.diagnostics.epochs._transfer import Transfer, between_draws, between_samples, single
from xrdlib.diagnostics.epochs.wobble import Wobble, wobble, wobble_p_values
from xrdlib.diagnostics.target import Target
from xrdlib.metrics import curve_error
from xrdlib.training import Study

__all__ = ["Luck", "luck"]

FloatArray = NDArray[np.float64]

_WOBBLING = 500  # test samples whose regret is compared with their own noise
_LEVEL = 0.05


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
        What could not be measured, and why.
    """

    study: str
    target: str
    unit: str
    transfers: tuple[Transfer, ...]
    wobble: Wobble
    beyond_noise: NDArray[np.bool_]
    undefined: tuple[str, ...] = ()

    name = "luck"
    title = "How much of the regret is luck"

    @property
    def beyond_noise_share(self) -> Interval:
        """Share (%) of test samples with more regret than noise alone brings; 5 are expected of noise."""
        return share(self.beyond_noise)

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
            "noise": {**self.wobble.to_dict(), "test_samples_beyond": self.beyond_noise_share.to_dict()},
            "undefined": list(self.undefined),
        }

    @property
    def sentences(self) -> list[str]:
        """What is reproducible, and what noise alone would bring."""
        return [*findings(self.transfers), self._noise, *self.undefined]

    @property
    def _noise(self) -> str:
        w = self.wobble
        if w.drawn.size == 0:
            return "What regret noise alone would bring is not defined: too few epochs, or a constant trace."
        more = f" ({percent(self.beyond_noise_share)} of {self.beyond_noise.size} test samples show more than theirs)"
        more = more if self.beyond_noise.size else ""
        digits = ".2f" if self.unit == "% of range" else ".3f"
        seen = f"a regret of {w.regret:{digits}} {self.unit}"
        bring = f"an error that never rises but wobbles like this one brings {w.expected:{digits}}"
        if w.p_value < _LEVEL:
            return f"The best of many: {bring}; {seen} is more than that{more}."
        return f"The best of many: {bring}, so that {seen} needs no other reason{more}."


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
    """Choose an experiment's epoch on other noise, on samples near it, on test samples around it; score it there.

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
        noise draws of the same sample are used instead where the study has three.
    n_samples : int
        Samples of the test set ``uniform`` (of the other, where there is only one) that get a near one each.
    n_curves : int
        Samples of ``uniform`` whose epoch is also chosen on their own curve; each takes some hundredths of a second.
    test_set : {"grid", "uniform"}, optional
        Where the nearest samples are from; by default the one that resembles the training set.
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
    test_set = test_set or like_training(study)
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
    nearby, undefined = from_near_samples(study, target, base[:n_samples], widths, n_draws, rng, seed)
    p_values = wobble_p_values(errors[:, :_WOBBLING].T, final, seed=seed)
    return Luck(
        study=study.config.name,
        target=target.name,
        unit="% of range" if found.error is not None else "in RMSE",
        transfers=(
            *noise,
            *nearby,
            *_around(found, trace, errors, true, k, seed),
            _own_curve(target, found),
            *from_own_curves(study, base[:n_curves], rng, seed),
        ),
        wobble=wobble(trace, final, seed=seed),
        beyond_noise=p_values[np.isfinite(p_values)] < _LEVEL,
        undefined=tuple(undefined),
    )


def _around(
    found: Checkpoints, trace: FloatArray, errors: FloatArray, true: FloatArray, k: int, seed: int
) -> list[Transfer]:
    """Chosen on the nearest test samples: for the target, and for every test sample."""
    point = found.predictions[found.row(found.chosen)] if found.true is None else found.true
    tree, final = cKDTree(SPACE.normalise(true)), found.row(found.final)
    nearest = np.asarray(tree.query(SPACE.normalise(np.clip(point, SPACE.minimum, SPACE.maximum)), range(1, k + 1))[1])
    around_target = int(errors[:, nearest].mean(axis=1).argmin())
    others = np.asarray(tree.query(SPACE.normalise(true), range(1, k + 2))[1])
    itself = others == np.arange(len(true))[:, None]
    itself[~itself.any(axis=1), -1] = True  # among equal samples it may not be listed
    others = others[~itself].reshape(len(true), k)
    around = np.stack([errors[:, column] for column in others.T]).mean(axis=0)  # (epoch, sample)
    regret = errors[final] - errors.min(axis=0)
    kept = errors[final] - errors[around.argmin(axis=0), np.arange(len(true))]
    label = f"{k} nearest test samples"
    return [
        Transfer("neighbours", label, "experiment", k, *single(trace, around_target, final)),
        Transfer("neighbours", label, "test samples", len(true), *between_samples(regret, kept, seed=seed)),
    ]


def _own_curve(target: Target, found: Checkpoints) -> Transfer:
    """Chosen on the target's curve: all of it and scored by the truth, or one half and scored on the other."""
    final = found.row(found.final)
    if found.error is not None:
        scored = single(found.error, found.row(found.chosen), final)
        return Transfer("curve", "its own curve", "experiment", 1, *scored)
    halves = [curve_error(found.curves[:, i::2], target.intensity[i::2]).rmse for i in (0, 1)]
    return Transfer("halves", "every other point", "experiment", 2, *between_draws(np.stack(halves), final))


def _cell(value: Interval) -> str:
    return f"{value.value:.0f}" if np.isnan(value.low) and not np.isnan(value.value) else f"{value:.0f}"
