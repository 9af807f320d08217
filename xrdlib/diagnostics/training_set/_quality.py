"""What `dataset_quality` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib._words import listed
from xrdlib.data.balance import StrataImbalance
from xrdlib.diagnostics._intervals import Interval
from xrdlib.simulation import PARAMETERS

__all__ = ["ChiSquare", "DatasetQuality"]

FloatArray = NDArray[np.float64]


class ChiSquare(NamedTuple):
    """Pearson's chi-square with its p-value; nan where the samples are too few for it."""

    statistic: float
    p: float


@dataclass(frozen=True, repr=False)
class DatasetQuality(Section):
    """Counts in equal parts of each parameter's range, compared with even filling and with what the constraints leave.

    Attributes
    ----------
    sampling : str
        How the samples were drawn.
    size : int
    counts : pandas.DataFrame
        Of `xrdlib.data.bin_counts`: one row per parameter, one column per bin, and ``ratio``.
    ratios : list of Interval
        Fullest over emptiest bin of each parameter, as if the samples were independent (a stratified sample varies
        less); inf where a bin is empty.
    even : list of ChiSquare
        Of each parameter, against equal filling of its bins.
    constrained : list of ChiSquare
        Against the marginal distribution that the constraints leave, estimated from a large uniform sample.
    expected : ndarray, shape (7, bins)
        That marginal distribution, shares that add up to 1.
    strata : StrataImbalance
        Over the 7-D bins that hold a sample.
    in_scan : Interval
        Share (%) of samples whose strained peak is in the scan; without a width where all were looked at.
    short : tuple of int, or None
        Of a grid sample: how many strata gave all they hold and still fewer than others, and how many strata there
        are; None where nothing was stratified or it is not known how the samples were drawn.
    alpha : float
        Significance below which an unevenness counts, for all seven parameters together.
    claimed : float
        The ratio that the note states.
    """

    sampling: str
    size: int
    counts: pd.DataFrame
    ratios: list[Interval]
    even: list[ChiSquare]
    constrained: list[ChiSquare]
    expected: FloatArray
    strata: StrataImbalance
    in_scan: Interval
    short: tuple[int, int] | None
    alpha: float
    claimed: float

    name = "dataset"
    title = "How evenly the training set fills the space"

    @property
    def excess(self) -> FloatArray:
        """Share of samples in each bin minus the constrained space's, percentage points, shape (7, bins)."""
        return 100 * (_bins_of(self.counts) / self.size - self.expected)

    def rejected(self, tests: list[ChiSquare]) -> list[str]:
        """Parameters whose test is significant, at ``alpha`` divided by seven (Bonferroni)."""
        return [name for name, test in zip(PARAMETERS, tests, strict=True) if test.p < self.alpha / len(PARAMETERS)]

    @property
    def matching(self) -> list[str]:
        """Parameters whose ratio cannot be told from the claimed one: it lies within the interval."""
        return [
            name
            for name, ratio in zip(PARAMETERS, self.ratios, strict=True)
            if np.isfinite(ratio.value) and not ratio.excludes(self.claimed)
        ]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per parameter and bin: count, share and share that the constraints leave (%)."""
        counts = _bins_of(self.counts)
        names = [str(name) for name in self.counts.columns if name != "ratio"]
        index = pd.MultiIndex.from_product([PARAMETERS, names], names=["parameter", "bin"])
        columns = {
            "count": counts.ravel(),
            "share": 100 * counts.ravel() / self.size,
            "constrained_share": 100 * self.expected.ravel(),
        }
        return pd.DataFrame(columns, index=index).reset_index()

    @property
    def table(self) -> pd.DataFrame:
        """Counts, ratio with its interval, and the p-values of the two tests."""
        # more than four bins do not fit a terminal
        columns = [name for name in self.counts.columns if name != "ratio"] if self.counts.shape[1] <= 5 else []
        return (
            self.counts[columns]
            .astype(str)
            .assign(
                **{
                    "max/min": [f"{ratio:.2f}" for ratio in self.ratios],
                    "p (even)": [_p_value(test.p) for test in self.even],
                    "p (constraints)": [_p_value(test.p) for test in self.constrained],
                }
            )
            .rename_axis(None)
        )

    def to_dict(self) -> dict[str, Any]:
        """Counts, ratios and tests per parameter; strata; the strained peak."""
        bins = _bins_of(self.counts)
        parameters = {
            name: {
                "counts": [int(n) for n in bins[i]],
                "constrained_share": [float(v) for v in self.expected[i]],
                "ratio": self.ratios[i].to_dict(),
                "even": {k: number(v) for k, v in self.even[i]._asdict().items()},
                "constrained": {k: number(v) for k, v in self.constrained[i]._asdict().items()},
            }
            for i, name in enumerate(PARAMETERS)
        }
        return {
            "sampling": self.sampling,
            "size": self.size,
            "parameters": parameters,
            "strata": {name: getattr(self.strata, name) for name in ("n_occupied", "smallest", "largest", "ratio")},
            "strata_short": None if self.short is None else {"short": self.short[0], "strata": self.short[1]},
            "peak_in_scan_percent": self.in_scan.to_dict(),
            "claimed_ratio": self.claimed,
            "claimed_ratio_found_in": self.matching,
        }

    @property
    def sentences(self) -> list[str]:
        """Unevenness per parameter and its cause, the note's ratio, strata, and the strained peak."""
        values = np.array([ratio.value for ratio in self.ratios])
        low, high = int(values.argmin()), int(values.argmax())
        bins = self.expected.shape[1]
        said = [
            f"Of {bins} equal parts of a range the fullest holds {values[low]:.2f} times ({PARAMETERS[low]}) to "
            f"{_times(values[high])} ({PARAMETERS[high]}) as many samples as the emptiest."
        ]
        said.append(self._tests())
        said.append(self._claim(values))
        s = self.strata
        said.append(
            f"In seven dimensions {s.n_occupied} strata hold samples, {s.smallest} to {s.largest} each, a ratio of "
            f"{s.ratio:.1f}."
        )
        if self.short is not None:
            short, strata = self.short
            said.append(
                f"{short} of the {strata} strata hold fewer grid points than an equal share asks for; the others fill "
                "the rest."
                if short
                else f"None of the {strata} strata ran short of grid points."
            )
        part = self.in_scan.value
        partly = f" ({self.in_scan.low:.1f} to {self.in_scan.high:.1f})" if self.in_scan.high > self.in_scan.low else ""
        rest = "; the others cannot tell their largest strain" if part < 100 else ""
        said.append(f"{part:.1f}{partly} % of the curves have their strained peak in the scan{rest}.")
        return said

    def _claim(self, values: FloatArray) -> str:
        claim = f"the ratio of {self.claimed:g} that the note states"
        nearest = int(np.abs(values - self.claimed).argmin())
        if self.matching:
            return f"{listed(self.matching)} cannot be told from {claim}, the other parameters can."
        return f"No parameter has {claim}; the nearest is {PARAMETERS[nearest]} with {self.ratios[nearest]:.2f}."

    def _tests(self) -> str:
        if all(np.isnan(test.p) for test in self.even):
            return f"{self.size} samples are too few to test whether the parts are filled evenly."
        uneven, other = self.rejected(self.even), self.rejected(self.constrained)
        if not uneven:
            return f"No parameter's parts are filled unevenly (chi-square, p >= {self.alpha:g} for all seven together)."
        row, column = np.unravel_index(int(np.abs(self.excess).argmax()), self.excess.shape)
        most = f"at most {abs(self.excess[row, column]):.1f} percentage points, {PARAMETERS[row]}"
        said = f"{listed(uneven)} {'is' if len(uneven) == 1 else 'are'} filled unevenly"
        if not other:
            return f"{said}, as the constraints make any points spread evenly over the space that they leave ({most})."
        return f"{said}; {listed(other)} also by what the constraints leave (off by {most})."


def _bins_of(counts: pd.DataFrame) -> FloatArray:
    return counts.drop(columns="ratio").to_numpy(dtype=np.float64)


def _times(ratio: float) -> str:
    return f"{ratio:.2f} times" if np.isfinite(ratio) else "infinitely many times"


def _p_value(p: float) -> str:
    return "too few" if np.isnan(p) else "< 1e-6" if p < 1e-6 else f"{p:.2g}"
