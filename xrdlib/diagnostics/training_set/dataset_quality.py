"""How evenly a dataset fills the parameter space, and how many of its curves show what they should tell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc

from xrdlib.data import SPACE, Dataset, DatasetConfig, bin_counts, sample, sample_grid, strata_imbalance
from xrdlib.data.balance import peak_in_scan
from xrdlib.diagnostics._intervals import Interval, exact_share
from xrdlib.diagnostics.training_set._quality import ChiSquare, DatasetQuality
from xrdlib.simulation import as_parameters
from xrdlib.training import Study

__all__ = ["CLAIMED", "ChiSquare", "DatasetQuality", "dataset_quality", "ratio_interval"]

FloatArray = NDArray[np.float64]

CLAIMED = 4.26  # the note's imbalance
_LEAST = 5.0  # expected samples in a bin: with fewer, the chi-square distribution is no approximation
_PROFILES = 10_000  # of which strained peaks are computed
_UNIFORM = 100_000  # points that stand for the constrained space


def dataset_quality(
    source: Dataset | Study | ArrayLike,
    *,
    bins: int = 3,
    config: DatasetConfig | None = None,
    alpha: float = 0.01,
    claimed: float = CLAIMED,
    seed: int = 0,
) -> DatasetQuality:
    """Histogram of each parameter, its unevenness and where that comes from.

    With constraints, even marginal distributions cannot be expected: points spread evenly over the constrained space
    have uneven ones. Each histogram is therefore tested against both.

    Parameters
    ----------
    source : Dataset, Study or array_like of shape (n, 7)
        A study stands for its training set. Lengths in A.
    bins : int
        Equal parts of each range, at least 2.
    config : DatasetConfig, optional
        Of an array: how its samples were drawn and scanned. By default the lab's scan, and no statement about strata.
    alpha : float
        Significance for all seven parameters together.
    claimed : float
        A ratio of fullest to emptiest part to look for; the note's by default.
    seed : int
        Of the points that stand for the constrained space, and of intervals.

    Returns
    -------
    DatasetQuality

    Raises
    ------
    ValueError
        For fewer than two bins, an ``alpha`` outside 0 to 1, and anything but rows of seven finite numbers.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 2:
        raise ValueError(f"bins = {bins}: a whole number, at least 2, expected")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha = {alpha}: a probability between 0 and 1 expected")
    known: DatasetConfig | None
    if isinstance(source, Dataset):
        parameters, known = source.parameters, source.config
    elif isinstance(source, Study):
        parameters, known = source.training_parameters, source.config.dataset
    else:
        parameters, known = as_parameters(source), config
    counts = bin_counts(parameters, bins=bins)
    observed = counts.drop(columns="ratio").to_numpy(dtype=np.int64)
    reference = _reference(int(bins), seed)
    whole = source.peak_in_scan if isinstance(source, Dataset) else None
    return DatasetQuality(
        sampling="given" if known is None else known.sampling,
        size=len(parameters),
        counts=counts,
        ratios=[ratio_interval(row, seed=seed) for row in observed],
        even=[_against_even(row) for row in observed],
        constrained=[_against_sample(row, other) for row, other in zip(observed, reference, strict=True)],
        expected=reference / _UNIFORM,
        strata=strata_imbalance(parameters, bins=bins),
        in_scan=_in_scan(parameters, known or DatasetConfig(), seed) if whole is None else _all_of(whole),
        short=_short(known),
        alpha=alpha,
        claimed=claimed,
    )


def ratio_interval(counts: NDArray[np.int64], *, n: int = 1000, seed: int = 0) -> Interval:
    """Fullest over emptiest of some counts, shape (bins,), with the percentile interval of multinomial redraws.

    The redraws compare the same two bins: the extremes of each redraw would be more uneven even where nothing is.
    """
    high, low = int(counts.argmax()), int(counts.argmin())
    rng = np.random.default_rng(seed)
    again = rng.multinomial(int(counts.sum()), counts / counts.sum(), size=n).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = again[:, high] / again[:, low]
        value = float(counts[high] / np.float64(counts[low]))
    start, stop = np.percentile(ratios, [2.5, 97.5], method="nearest")
    return Interval(value, float(start), float(stop))


@lru_cache(maxsize=8)
def _reference(bins: int, seed: int) -> NDArray[np.int64]:
    """Counts of points spread evenly over the constrained space, shape (7, bins)."""
    which = SPACE.bins(sample(_UNIFORM, "uniform", seed=seed), bins)
    return np.stack([np.bincount(column, minlength=bins) for column in which.T])


def _against_even(observed: NDArray[np.int64]) -> ChiSquare:
    """Pearson's chi-square against equal counts."""
    expected = observed.sum() / observed.size
    if expected < _LEAST:
        return ChiSquare(np.nan, np.nan)
    return _chi_square(float(np.sum((observed - expected) ** 2) / expected), observed.size - 1)


def _against_sample(observed: NDArray[np.int64], other: NDArray[np.int64]) -> ChiSquare:
    """Chi-square of homogeneity of two histograms: the second has its own chance, too."""
    table = np.stack([observed, other])[:, observed + other > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    if expected.min() < _LEAST:
        return ChiSquare(np.nan, np.nan)
    return _chi_square(float(np.sum((table - expected) ** 2 / expected)), table.shape[1] - 1)


def _chi_square(statistic: float, freedom: int) -> ChiSquare:
    if freedom == 0:
        return ChiSquare(np.nan, np.nan)
    return ChiSquare(statistic, float(gammaincc(freedom / 2, statistic / 2)))


def _in_scan(parameters: FloatArray, config: DatasetConfig, seed: int) -> Interval:
    """Share (%) with the strained peak in the scan; of some of them, where there are very many."""
    if len(parameters) <= _PROFILES:
        return _all_of(peak_in_scan(parameters, config))
    some = np.random.default_rng(seed).choice(len(parameters), _PROFILES, replace=False)
    return exact_share(int(peak_in_scan(parameters[some], config).sum()), _PROFILES)


def _all_of(inside: NDArray[np.bool_]) -> Interval:
    value = float(100 * inside.mean())
    return Interval(value, value, value)


def _short(config: DatasetConfig | None) -> tuple[int, int] | None:
    if config is None or config.sampling != "grid":
        return None
    report = sample_grid(config.size, seed=config.seed)[1]
    return report.n_exhausted, report.n_strata
