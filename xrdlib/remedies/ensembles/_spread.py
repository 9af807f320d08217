"""The members' spread as an uncertainty: how often does the truth lie inside it?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section
from xrdlib.diagnostics._intervals import UNDEFINED, Interval, bootstrap, share
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.remedies.ensembles import _spread_text as text
from xrdlib.remedies.ensembles.combination import combine
from xrdlib.simulation import PARAMETERS

__all__ = ["ONE_SIGMA", "RESAMPLES", "Spread", "SpreadScore", "spread_of"]

FloatArray = NDArray[np.float64]

ONE_SIGMA = 0.6826894921370859  # of a normal distribution within one standard deviation
_LEVELS = np.arange(0.05, 0.96, 0.05)
RESAMPLES = 300
_SIMULATED = 100_000


@dataclass(frozen=True, eq=False)
class SpreadScore:
    """The spread of k members against their errors on one test set.

    Attributes
    ----------
    test_set : str
    ratio : ndarray, shape (n, 7)
        Distance of the truth from the centre in units of the members' SD (n - 1); infinite where they agree and err.
    between : ndarray of bool, shape (n, 7)
        Whether the truth lies between the lowest and the highest member.
    rank : Interval
        Spearman's rho of the samples' SD with their error, both means over the parameters in % of range.
    sd, error : float
        Root mean square of the members' SD and of the centre's error, % of range.
    seed : int
    left_out : int
        Samples not counted because they chose the members.
    """

    test_set: str
    ratio: FloatArray
    between: NDArray[np.bool_]
    rank: Interval
    sd: float
    error: float
    seed: int = 0
    left_out: int = 0

    @property
    def n(self) -> int:
        """Samples."""
        return len(self.ratio)

    def within(self, multiple: float, parameter: str | None = None) -> Interval:
        """Share (%) of truths within so many SD of the centre, of one parameter or of all together (the default)."""
        return self._share(self.ratio <= multiple, parameter)

    def inside(self, parameter: str | None = None) -> Interval:
        """Share (%) of truths between the lowest and the highest member."""
        return self._share(self.between, parameter)

    def factor(self, parameter: str | None = None) -> Interval:
        """By what the SD must be multiplied for 68.3 % of truths to lie within; not defined where no factor does."""
        values = self.ratio if parameter is None else self.ratio[:, [PARAMETERS.index(parameter)]]
        if np.isnan(_quantile(values)):
            return UNDEFINED
        return bootstrap(_quantile, values, n=RESAMPLES, seed=self.seed)

    def _share(self, which: NDArray[np.bool_], parameter: str | None) -> Interval:
        if parameter is not None:
            return share(which[:, PARAMETERS.index(parameter)])
        # the seven of one sample are not independent: samples are drawn again, not parameters
        return Resamples(self.n, n=RESAMPLES, seed=self.seed).mean(100 * which.mean(axis=1))


def _quantile(ratio: FloatArray) -> float:
    value = float(np.quantile(ratio, ONE_SIGMA, method="inverted_cdf"))
    return value if np.isfinite(value) else float("nan")


@dataclass(frozen=True, repr=False, eq=False)
class Spread(Section):
    """How often the truth lies inside the spread of an ensemble's members, by parameter and test set.

    The yardstick is an ensemble to which the truth is as one more member (normal, independent): of it ``nominal(m)``
    lie within m SD of the centre, and ``nominal_inside`` between the extremes. For an equal mean that is Student's t,
    for a median or a weighted mean it is simulated.

    Attributes
    ----------
    study : str
    what : str
        Whose spread, in words.
    k : int
        Members.
    how : {"mean", "median"}
        What the centre is.
    scores : tuple of SpreadScore
    weights : tuple of float
        Fractions, where the members do not count alike; empty where they do.
    """

    study: str
    what: str
    k: int
    how: str
    scores: tuple[SpreadScore, ...]
    weights: tuple[float, ...] = ()

    name = "spread"

    @property
    def title(self) -> str:  # type: ignore[override]
        """Heading."""
        return f"The spread of {self.what} as an uncertainty, study {self.study}"

    def test(self, name: str) -> SpreadScore:
        """The score on one of the test sets."""
        return next(score for score in self.scores if score.test_set == name)

    @property
    def effective(self) -> float:
        """As many equal members count as much."""
        return 1 / float(np.square(self.weights).sum()) if self.weights else float(self.k)

    @property
    def simulated(self) -> bool:
        """Whether the yardstick is."""
        return self.how != "mean" or bool(self.weights)

    def nominal(self, multiple: float) -> float:
        """Share (%) within so many SD of the centre if the truth were one more member."""
        from scipy.stats import t

        if self.simulated:
            return float(100 * (self._drawn <= multiple).mean())
        edge = multiple / np.sqrt(1 + 1 / self.k)
        return float(100 * (1 - 2 * t.sf(edge, self.k - 1)))

    @property
    def nominal_inside(self) -> float:
        """Share (%) between the lowest and the highest member if the truth were one more member."""
        return 100 * (self.k - 1) / (self.k + 1)

    @property
    def nominal_factor(self) -> float:
        """The factor that such an ensemble would need: of few members the SD itself is uncertain."""
        return float(self._edges(np.array([ONE_SIGMA]))[0])

    def _edges(self, levels: FloatArray) -> FloatArray:
        """Multiples of the SD within which such shares (fractions) of truths lie nominally."""
        from scipy.stats import t

        if self.simulated:
            return np.asarray(np.quantile(self._drawn, levels))
        return np.asarray(t.ppf(0.5 + levels / 2, self.k - 1) * np.sqrt(1 + 1 / self.k))

    @cached_property
    def _drawn(self) -> FloatArray:
        """Distance of one more member from the centre of k normal ones in units of their SD, shape (n,)."""
        rows = np.random.default_rng(0).normal(size=(self.k + 1, _SIMULATED))
        members, truth = rows[:-1], rows[-1]
        weights = np.array(self.weights) if self.weights else None
        return np.asarray(
            np.abs(truth - combine(members[..., None], self.how, weights)[:, 0]) / spread_of(members, weights)
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row per test set, parameter (and ``all``) and measure: value, low, high, and what it should be."""
        rows: list[tuple[Any, ...]] = []
        for s in self.scores:
            for parameter in (*PARAMETERS, None):
                name = parameter or "all"
                for multiple in (1, 2):
                    found = s.within(multiple, parameter)
                    rows.append((s.test_set, name, f"within_{multiple}_sd", *found, self.nominal(multiple)))
                rows.append((s.test_set, name, "inside", *s.inside(parameter), self.nominal_inside))
                rows.append((s.test_set, name, "factor", *s.factor(parameter), self.nominal_factor))
        return pd.DataFrame(rows, columns=["test_set", "parameter", "measure", "value", "low", "high", "nominal"])

    @property
    def reliability(self) -> pd.DataFrame:
        """Measured against nominal coverage (%), by test set and parameter: the spread widened step by step."""
        edges = self._edges(_LEVELS)
        rows = []
        for s in self.scores:
            columns = {**{p: s.ratio[:, [i]] for i, p in enumerate(PARAMETERS)}, "all": s.ratio}
            for name, ratio in columns.items():
                measured = [100 * float((ratio <= edge).mean()) for edge in edges]
                rows += [(s.test_set, name, 100 * n, m) for n, m in zip(_LEVELS, measured, strict=True)]
        return pd.DataFrame(rows, columns=["test_set", "parameter", "nominal", "measured"])

    @property
    def table(self) -> pd.DataFrame:
        """Shares and factor by parameter, as text."""
        return text.table(self)

    @property
    def sentences(self) -> list[str]:
        """Whether the spread can be quoted as an uncertainty."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Shares with intervals by test set and parameter."""
        return {
            "what": self.what,
            "n_members": self.k,
            "how": self.how,
            "weights": list(self.weights) or None,
            "nominal": {
                "within_1_sd": self.nominal(1),
                "within_2_sd": self.nominal(2),
                "inside": self.nominal_inside,
                "factor": self.nominal_factor,
            },
            "tests": [
                {
                    "test_set": s.test_set,
                    "n": s.n,
                    "left_out": s.left_out,
                    "rms_sd": s.sd,
                    "rms_error": s.error,
                    "spearman": s.rank.to_dict(),
                    "parameters": {p or "all": _shares(s, p) for p in (*PARAMETERS, None)},
                }
                for s in self.scores
            ],
        }


def spread_of(members: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """SD over the first axis without bias: of equal members with n - 1, of weighted ones as their fractions have it."""
    if weights is None:
        return np.asarray(members.std(axis=0, ddof=1))
    mean = np.tensordot(weights, members, axes=1)
    return np.asarray(
        np.sqrt(np.tensordot(weights, np.square(members - mean), axes=1) / (1 - np.square(weights).sum()))
    )


def _shares(s: SpreadScore, parameter: str | None) -> dict[str, Any]:
    return {
        "within_1_sd": s.within(1, parameter).to_dict(),
        "within_2_sd": s.within(2, parameter).to_dict(),
        "inside": s.inside(parameter).to_dict(),
        "factor": s.factor(parameter).to_dict(),
    }
