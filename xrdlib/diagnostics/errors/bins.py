"""Errors in bins of each parameter: which are read badly, and whether the experiment is in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from xrdlib._section import Section, number
from xrdlib.data import SPACE
from xrdlib.diagnostics._intervals import UNDEFINED, Interval, percentile_interval
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.errors._bins_text import ENOUGH, about, bounds, sentences
from xrdlib.diagnostics.errors._simultaneous import resampled_sums, simultaneous
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS, StrainParameters
from xrdlib.training import Study, StudyError

__all__ = ["ParameterBins", "parameter_bins"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class ParameterBins(Section):
    """Test samples sorted by each true parameter into equal parts of its range; errors of that parameter in each.

    Intervals hold for all bins of all parameters together with a probability of 95 %: by mere chance some ratio
    differs from 1 in one table of twenty only.

    Attributes
    ----------
    epoch : int
    other_epoch : int or None
        The epoch with which ``epoch`` is compared.
    test_set : str
    edges : ndarray, shape (7, n_bins + 1)
        Lengths in A.
    counts : ndarray of int, shape (7, n_bins)
    mae : ndarray, shape (7, n_bins)
        Mean error at ``epoch``, % of range; nan in an empty bin.
    overall : ndarray, shape (7,)
        The same of all samples.
    ratio : ndarray, shape (7, n_bins, 3)
        ``mae`` in units of ``overall``, with the ends of its interval; nan where a bin has too few samples.
    change : ndarray of shape (7, n_bins, 3), or None
        ``mae`` at ``epoch`` minus that at ``other_epoch``, % of range, with the ends of its interval.
    overall_change : ndarray of shape (7,), or None
        The same of all samples.
    guess : ndarray, shape (7,)
        Error of guessing the training set's mean for every test sample, % of range.
    sample_bins : ndarray of int, shape (n_samples, 7)
        Bins of the test samples.
    with_error, with_regret : Interval
        Spearman's correlation, over the test samples, of the number of high-error bins that a sample is in with its
        error at ``epoch`` and with its regret: that error minus the sample's own lowest of all epochs.
    point : ndarray of shape (7,), or None
        The experiment, lengths in A.
    predicted : bool
        Whether the point is a prediction, the truth being unknown.
    """

    epoch: int
    other_epoch: int | None
    test_set: str
    edges: FloatArray
    counts: NDArray[np.int64]
    mae: FloatArray
    overall: FloatArray
    ratio: FloatArray
    change: FloatArray | None
    overall_change: FloatArray | None
    guess: FloatArray
    sample_bins: NDArray[np.int64]
    with_error: Interval
    with_regret: Interval
    point: FloatArray | None
    predicted: bool

    name = "bins"
    title = "Errors in bins of each parameter"

    @property
    def n_bins(self) -> int:
        """Bins of each parameter."""
        return int(self.counts.shape[1])

    @property
    def n_samples(self) -> int:
        """Test samples."""
        return len(self.sample_bins)

    @property
    def labels(self) -> list[str]:
        """Names of the bins, the lowest first."""
        return ["LOW", "MED", "HIGH"] if self.n_bins == 3 else [str(i + 1) for i in range(self.n_bins)]

    @property
    def here(self) -> NDArray[np.int64] | None:
        """Index of the bin that holds the experiment (or is nearest to it), shape (7,)."""
        return None if self.point is None else SPACE.bins(self.point, self.n_bins)[0]

    @property
    def high(self) -> NDArray[np.bool_]:
        """Bins whose error is above the parameter's overall error, the interval included; shape (7, n_bins)."""
        return np.asarray(self.ratio[..., 1] > 1)

    @property
    def low(self) -> NDArray[np.bool_]:
        """The same for bins below it."""
        return np.asarray(self.ratio[..., 2] < 1)

    @property
    def as_high(self) -> float | None:
        """Share (%) of test samples in high-error bins of at least as many parameters as the experiment."""
        return self._as_often(self.high)

    @property
    def as_worse(self) -> float | None:
        """The same for bins whose error grows between the epochs."""
        return None if self.change is None else self._as_often(self.change[..., 1] > 0)

    def _as_often(self, flags: NDArray[np.bool_]) -> float | None:
        here = self.at_point(flags)
        samples = flags[np.arange(len(PARAMETERS)), self.sample_bins].sum(axis=1)
        return None if here is None else float(100 * np.mean(samples >= here.sum()))

    def at_point(self, values: NDArray[Any]) -> NDArray[Any] | None:
        """What an array of shape (7, n_bins, ...) has in the experiment's bins."""
        return None if self.here is None else np.asarray(values[np.arange(len(PARAMETERS)), self.here])

    @property
    def frame(self) -> pd.DataFrame:
        """One row per parameter and bin; ``mae`` in % of range, ``mae_unit`` in A (strains: dimensionless)."""
        rows = []
        for i, parameter in enumerate(PARAMETERS):
            for k, label in enumerate(self.labels):
                row: dict[str, Any] = {"parameter": parameter, "bin": label, "low": self.edges[i, k]}
                row |= {"high": self.edges[i, k + 1], "count": self.counts[i, k], "mae": self.mae[i, k]}
                row["mae_unit"] = self.mae[i, k] * SPACE.range[i] / 100
                row |= dict(zip(("ratio", "ratio_low", "ratio_high"), self.ratio[i, k], strict=True))
                if self.change is not None:
                    row |= dict(zip(("change", "change_low", "change_high"), self.change[i, k], strict=True))
                row["here"] = self.here is not None and k == self.here[i]
                rows.append(row)
        return pd.DataFrame(rows)

    @property
    def table(self) -> pd.DataFrame:
        """As ``frame``; the bin that holds the experiment is marked."""
        f = self.frame
        cells = {
            "range": [bounds(*row) for row in f[["parameter", "low", "high"]].itertuples(index=False)],
            "samples": [str(n) for n in f["count"]],
            "MAE /%": [f"{m:.1f}" if np.isfinite(m) else "-" for m in f["mae"]],
            "ratio": [f"{Interval(*r):.2f}" for r in f[["ratio", "ratio_low", "ratio_high"]].itertuples(index=False)],
        }
        if self.here is not None:
            cells["holds it"] = ["<--" if h else "" for h in f["here"]]
        return pd.DataFrame(cells, index=list(f["parameter"] + " " + f["bin"]))

    def to_dict(self) -> dict[str, Any]:
        """Epochs, and every bin."""
        rows = self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")
        return {
            "epoch": self.epoch,
            "other_epoch": self.other_epoch,
            "test_set": self.test_set,
            "n_samples": self.n_samples,
            "point_is_prediction": self.predicted,
            "as_high_percent": number(self.as_high),
            "as_worse_percent": number(self.as_worse),
            "with_error": self.with_error.to_dict(),
            "with_regret": self.with_regret.to_dict(),
            "bins": [{k: v.item() if isinstance(v, np.generic) else v for k, v in row.items()} for row in rows],
        }

    @property
    def sentences(self) -> list[str]:
        """The worst bin, the experiment's bins, and whether those go with a divergence between epochs."""
        return sentences(self)

    def about(self, parameter: str) -> list[str]:
        """What there is to say of one parameter, one sentence each."""
        return about(self, parameter)


def parameter_bins(
    study: Study,
    point: ArrayLike | StrainParameters | None = None,
    *,
    epoch: int | None = None,
    other_epoch: int | None = None,
    bins: int = 3,
    test_set: str | None = None,
    predicted: bool = False,
    seed: int = 0,
    n_bootstrap: int = 1000,
) -> ParameterBins:
    """Where in each parameter's range a study errs most, and where the experiment is.

    The note's "if the experiment falls in high-error bins, that explains divergence" has two halves: whether it does
    (``ratio``), and whether samples like it get worse between two epochs (``change``, with ``other_epoch``).

    Parameters
    ----------
    study : Study
    point : array_like, shape (7,), optional
        The experiment, lengths in A.
    epoch : int, optional
        By default final, the one with the lowest validation loss.
    other_epoch : int, optional
        Compared with ``epoch``; the experiment's ideal epoch, say.
    bins : int
        Equal parts of each range, at least 2.
    test_set : {"grid", "uniform"}, optional
        By default the one that resembles the training set.
    predicted : bool
        Whether ``point`` is a prediction.
    seed, n_bootstrap : int
        Of the intervals: simultaneous ones, from resampled test samples, whose half-widths are one multiple of the
        standard errors, chosen so that 95 % of resamples are within all of them (Westfall and Young 1993). In
        made-up studies whose bins did not differ, all ratios were within theirs in 94 % of 600 tables of 2000
        samples and in 91 % of 600 tables of 800 samples.

    Returns
    -------
    ParameterBins
    """
    if bins < 2:
        raise ValueError(f"bins = {bins}: at least 2 expected")
    if n_bootstrap < 100:
        raise ValueError(f"n_bootstrap = {n_bootstrap}: at least 100 expected")
    here = None if point is None else _one_point(point)
    epoch = study.final if epoch is None else epoch
    name = test_set or like_training(study)
    predictions, true = study.test_predictions(name)
    mean = _mean_errors(study, predictions, true)
    errors = _errors(study, predictions, true, epoch)
    change = None
    if other_epoch is not None and other_epoch != epoch:
        change = errors - _errors(study, predictions, true, other_epoch)
    which = SPACE.bins(true, bins)
    inside = (which[:, :, None] == np.arange(bins)).astype(np.float64)  # (n, 7, bins)
    parts = [inside, errors[:, :, None] * inside]
    if change is not None:
        parts.append(change[:, :, None] * inside)
    sums, again = resampled_sums(np.stack(parts, axis=1), n_bootstrap, seed)
    enough = sums[0] >= ENOUGH
    # ratios of skewed errors scatter evenly in their logarithm
    ratio = np.exp(simultaneous(_log_ratio(sums), _log_ratio(again), enough))
    n_high = (ratio[..., 1] > 1)[np.arange(len(PARAMETERS)), which].sum(axis=1)
    with np.errstate(invalid="ignore"):
        mae = sums[1] / sums[0]
        changed = None if change is None else simultaneous(sums[2] / sums[0], again[:, 2] / again[:, 0], enough)
    return ParameterBins(
        epoch=int(epoch),
        other_epoch=other_epoch,
        test_set=name,
        edges=SPACE.denormalise(np.linspace(0, 1, bins + 1)[:, None] * np.ones(7)).T,
        counts=sums[0].astype(np.int64),
        mae=mae,
        overall=errors.mean(axis=0),
        ratio=ratio,
        change=changed,
        overall_change=None if change is None else change.mean(axis=0),
        guess=parameter_error(study.training_parameters.mean(axis=0), true, SPACE.range).mean(axis=0),
        sample_bins=which,
        with_error=_spearman(n_high, mean[epoch - 1], n_bootstrap, seed),
        with_regret=_spearman(n_high, mean[epoch - 1] - mean.min(axis=0), n_bootstrap, seed),
        point=here,
        predicted=predicted,
    )


def _one_point(point: ArrayLike | StrainParameters) -> FloatArray:
    fractions = SPACE.normalise(point)
    if fractions.shape != (len(PARAMETERS),) or not np.isfinite(fractions).all():
        raise ValueError(f"point: seven finite numbers expected, {point!r} given")
    return SPACE.denormalise(fractions)


def _errors(study: Study, predictions: FloatArray, true: FloatArray, epoch: int) -> FloatArray:
    """Errors (n, 7) at one epoch, % of range."""
    if not 1 <= epoch <= len(predictions):
        raise ValueError(f"epoch = {epoch}: study {study.config.name} has epochs 1 to {len(predictions)}")
    return parameter_error(predictions[epoch - 1], true, SPACE.range)


def _mean_errors(study: Study, predictions: FloatArray, true: FloatArray) -> FloatArray:
    """Mean error of every sample at every epoch, shape (n_epochs, n), % of range."""
    mean = np.stack([parameter_error(p, true, SPACE.range).mean(axis=1) for p in predictions])
    if not np.isfinite(mean).all():
        epoch, row = np.argwhere(~np.isfinite(mean))[0]
        raise StudyError(f"study {study.config.name}: epoch {epoch + 1} has no finite prediction of test sample {row}")
    return mean


def _spearman(x: NDArray[Any], y: FloatArray, n_bootstrap: int, seed: int) -> Interval:
    """Of two numbers of every sample, with its bootstrap interval; not defined where one is constant."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return UNDEFINED
    a, b = (rankdata(v) - (len(v) + 1) / 2 for v in (x, y))
    sums, again = resampled_sums(np.stack([a, b, a * b, a * a, b * b], axis=1) / len(a), n_bootstrap, seed)
    found = np.concatenate([sums[None], again]).T
    found = (found[2] - found[0] * found[1]) / np.sqrt((found[3] - found[0] ** 2) * (found[4] - found[1] ** 2))
    return percentile_interval(found[0], found[1:])


def _log_ratio(sums: FloatArray) -> FloatArray:
    """Logarithm of each bin's mean error over that of all samples, from sums of counts and errors (..., k, 7, bins)."""
    count, error = sums[..., 0, :, :], sums[..., 1, :, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.log((error / count) / (error.sum(axis=-1) / count.sum(axis=-1))[..., None]))
