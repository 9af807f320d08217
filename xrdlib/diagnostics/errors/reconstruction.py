"""Does a small parameter error mean a good curve? Test samples predicted, simulated again, and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, by_parameter, number
from xrdlib.data import SPACE
from xrdlib.data.balance import peak_in_scan
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._resamples import Resamples
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.errors import _reconstruction_text as text
from xrdlib.diagnostics.errors._epochs import Epochs, study_epochs
from xrdlib.diagnostics.errors.sample_errors import Example, SampleErrors, examples, percentile, sample_errors, surprise
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, StudyError

__all__ = ["Reconstruction", "reconstruction"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Reconstruction(Section):
    """Errors of n test samples at k epochs.

    Attributes
    ----------
    study : str
    named : dict of str to int
        The k epochs by name; the first is the one that sentences and examples are about.
    test_set : str
    samples : ndarray of int, shape (n,)
        Their places in the test set.
    parameters : ndarray, shape (k, n, 7)
        Errors of each parameter, % of range.
    errors : SampleErrors
        Arrays of shape (k, n).
    outside : ndarray of int, shape (k,)
        Predictions with a parameter outside its range.
    in_scan : ndarray of bool, shape (n,)
        Whether the true strained peak lies within the scan.
    correlations : pandas.DataFrame
        Columns epoch, samples ("all", "in scan"), error, against, method ("pearson", "spearman", "concordance"),
        value, low, high.
    experiment : SampleErrors or None
        Of one experiment, arrays of shape (k,), nan where its prediction is unknown; None without its truth.
    angle : ndarray, shape (m,)
    examples : tuple of Example
        At the first epoch: best and worst curve, and the two in which parameter and curve disagree most.
    strong, weak : float
        The note's thresholds of Pearson's r.
    """

    study: str
    named: dict[str, int]
    test_set: str
    samples: NDArray[np.int64]
    parameters: FloatArray
    errors: SampleErrors
    outside: NDArray[np.int64]
    in_scan: NDArray[np.bool_]
    correlations: pd.DataFrame
    experiment: SampleErrors | None
    angle: FloatArray
    examples: tuple[Example, ...]
    strong: float
    weak: float

    name = "reconstruction"
    title = "Parameter error against curve error"

    @property
    def epochs(self) -> list[int]:
        """The k epochs."""
        return list(self.named.values())

    def correlation(
        self,
        method: str = "pearson",
        *,
        error: str = "parameter_error",
        against: str = "curve_mae",
        samples: str = "all",
        k: int = 0,
    ) -> Interval:
        """One row of ``correlations``: how ``error`` (or a parameter's) goes with ``against`` at the k-th epoch."""
        row = self.correlations
        wanted = {"epoch": self.epochs[k], "samples": samples, "error": error, "against": against, "method": method}
        for column, value in wanted.items():
            row = row[row[column] == value]
        if len(row) != 1:
            raise ValueError(f"no {method} of {error!r} and {against!r} ({samples}); see the frame 'correlations'")
        return Interval(*(float(v) for v in row[["value", "low", "high"]].to_numpy()[0]))

    def verdict(self, k: int = 0) -> str:
        """ "strong", "weak" or "between" by the note's thresholds, if the whole interval agrees; else "undecided"."""
        r = self.correlation(k=k)
        if np.isnan(r.value):
            return "not defined"
        low, high = (_grade(v, self.weak, self.strong) for v in (r.low, r.high))
        return low if low == high else "undecided"

    @property
    def experiment_surprise(self) -> tuple[float, float, float] | None:
        """Experiment at the first epoch: percentiles of its parameter and curve error, and of their difference."""
        if self.experiment is None or np.isnan(self.experiment.parameter[0]):
            return None
        error, curve = self.errors.parameter[0], self.errors.curve_mae[0]
        mine = [
            percentile(a, b[:1]) for a, b in ((error, self.experiment.parameter), (curve, self.experiment.curve_mae))
        ]
        difference = percentile(surprise(error, curve), mine[1] - mine[0])
        return float(mine[0][0]), float(mine[1][0]), float(difference[0])

    @property
    def frame(self) -> pd.DataFrame:
        """One row per epoch and sample: the errors, and those of each parameter (% of range)."""
        k, n = self.errors.parameter.shape
        frame = pd.DataFrame({"epoch": np.repeat(self.epochs, n), "sample": np.tile(self.samples, k)})
        for column, values in self.errors.measures.items():
            frame[column] = values.ravel()
        for i, name in enumerate(PARAMETERS):
            frame[f"{name}_error"] = self.parameters[..., i].ravel()
        return frame

    @property
    def table(self) -> pd.DataFrame:
        """Median errors and their correlation with the parameter error."""
        return text.error_table(self)

    @property
    def parameter_table(self) -> pd.DataFrame:
        """As text, first epoch: mean error of each parameter and how it goes with the curve's MAE."""
        return text.parameter_table(self)

    @property
    def sentences(self) -> list[str]:
        """Verdict, which parameters matter, the two oddest samples, the experiment's place, and what was clipped."""
        return text.sentences(self)

    def to_dict(self) -> dict[str, Any]:
        """Mean errors, correlations, verdict and examples."""
        place = self.experiment_surprise
        percentiles = "parameter_percentile", "curve_percentile", "surprise_percentile"
        return {
            "test_set": self.test_set,
            "n_samples": int(self.samples.size),
            "thresholds": {"strong": self.strong, "weak": self.weak},
            "verdict": self.verdict(),
            "in_scan_percent": float(100 * self.in_scan.mean()),
            "epochs": [
                {
                    "name": name,
                    "epoch": epoch,
                    "n_outside": int(self.outside[k]),
                    "mean": {c: number(float(v[k].mean())) for c, v in self.errors.measures.items()},
                    "verdict": self.verdict(k),
                }
                for k, (name, epoch) in enumerate(self.named.items())
            ],
            "correlations": [
                {key: number(v) if isinstance(v, float) else v for key, v in row.items()}
                for row in self.correlations.to_dict("records")
            ],
            "experiment": None if place is None else dict(zip(percentiles, place, strict=True)),
            "examples": [
                {
                    "label": e.label,
                    "sample": e.sample,
                    "true": by_parameter(e.true),
                    "predicted": by_parameter(e.predicted),
                }
                for e in self.examples
            ],
        }


def _grade(r: float, weak: float, strong: float) -> str:
    return "weak" if r < weak else "strong" if r > strong else "between"


def reconstruction(
    study: Study,
    epochs: Epochs | None = None,
    *,
    found: Checkpoints | None = None,
    n: int = 1000,
    test_set: str | None = None,
    strong: float = 0.7,
    weak: float = 0.5,
    seed: int = 0,
) -> Reconstruction:
    """Check 3 of the note: correlate parameter error with the errors of curve and profile over test samples.

    Predictions are simulated again and compared with the true curve and profile (`sample_errors`). Intervals are 95 %
    bootstrap intervals over the samples: they do not hold what another training would change.

    Parameters
    ----------
    study : Study
    epochs : mapping of str to int, or sequence of int, optional
        By default the named epochs of ``found``; without it final and the first experiment's ideal.
    found : Checkpoints, optional
        Of an experiment, to place it among the samples.
    n : int
        Test samples, drawn without replacement; all if there are fewer.
    test_set : {"grid", "uniform"}, optional
        By default the one that resembles the training set.
    strong, weak : float
        Pearson's r above and below which the note calls the correlation strong and weak.
    seed : int
        Of the draw of samples and of the bootstrap.

    Returns
    -------
    Reconstruction

    Raises
    ------
    StudyError
        For an epoch the study does not have, or predictions that are not numbers.
    ValueError
        For fewer than three samples, or ``weak`` above ``strong``.
    """
    if not weak <= strong:
        raise ValueError(f"weak = {weak:g}, strong = {strong:g}: weak must not exceed strong")
    if n < 3:
        raise ValueError(f"n = {n}: at least 3 samples expected")
    named = study_epochs(study, epochs, found)
    chosen = np.array(list(named.values()))
    test_set = test_set or like_training(study)
    every, truth = study.test_predictions(test_set)
    rows = np.sort(np.random.default_rng(seed).permutation(len(truth))[:n])
    predicted, true = every[chosen - 1][:, rows], truth[rows]
    for epoch, bad in zip(chosen, (~np.isfinite(predicted)).any(axis=2).sum(axis=1), strict=True):
        if bad:
            raise StudyError(f"{bad} of {rows.size} {test_set} test predictions of epoch {epoch} are not numbers")
    errors = sample_errors(predicted, true, study.config.dataset)
    in_scan = peak_in_scan(true, study.config.dataset)
    each = parameter_error(predicted, true, SPACE.range)
    return Reconstruction(
        study=study.config.name,
        named=named,
        test_set=test_set,
        samples=rows,
        parameters=each,
        errors=errors,
        outside=((predicted < SPACE.minimum) | (predicted > SPACE.maximum)).any(axis=2).sum(axis=1),
        in_scan=in_scan,
        correlations=_correlations(chosen, errors, each[0], in_scan, seed),
        experiment=_of_experiment(found, chosen, study),
        angle=study.config.dataset.scan.angle,
        examples=examples(errors, rows, predicted[0], true, study.config.dataset),
        strong=strong,
        weak=weak,
    )


def _of_experiment(found: Checkpoints | None, epochs: NDArray[np.int64], study: Study) -> SampleErrors | None:
    if found is None or found.true is None:
        return None
    known = np.isin(epochs, found.epochs)
    values = np.full((len(SampleErrors._fields), epochs.size), np.nan)
    if known.any():
        predicted = found.predictions[[found.row(int(epoch)) for epoch in epochs[known]]]
        values[:, known] = sample_errors(predicted, found.true, study.config.dataset)
    return SampleErrors(*values)


def _correlations(
    epochs: NDArray[np.int64], errors: SampleErrors, parameters: FloatArray, in_scan: NDArray[np.bool_], seed: int
) -> pd.DataFrame:
    """Of every epoch; at the first also those of the single parameters' errors (n, 7), and of the samples in scan."""
    drawn = Resamples(len(parameters), seed=seed)
    rows: list[tuple[int, str, str, str, str, Interval]] = []
    for k, epoch in enumerate(epochs.tolist()):
        mine = {name: values[k] for name, values in errors.measures.items()}
        first, *others = mine
        for against, found in zip(others, drawn.correlate(*mine.values()), strict=True):
            rows += [(epoch, "all", first, against, method, value) for method, value in found._asdict().items()]
        singles = dict(zip(PARAMETERS, parameters.T, strict=True)) if k == 0 else {}
        singles["profile_error"] = mine["profile_error"]
        for name, found in zip(singles, drawn.correlate(mine["curve_mae"], *singles.values()), strict=True):
            rows += [(epoch, "all", name, "curve_mae", method, value) for method, value in found._asdict().items()]
        for against in ("curve_mae", "profile_error"):
            rows.append((epoch, "all", first, against, "concordance", drawn.concordance(mine[first], mine[against])))
        if k == 0:
            within = Resamples(max(int(in_scan.sum()), 1), seed=seed)
            (found,) = within.correlate(mine[first][in_scan], mine["curve_mae"][in_scan])
            rows += [(epoch, "in scan", first, "curve_mae", method, v) for method, v in found._asdict().items()]
    frame = pd.DataFrame(rows, columns=["epoch", "samples", "error", "against", "method", "interval"])
    intervals = pd.DataFrame(list(frame.pop("interval")), columns=list(Interval._fields))
    return pd.concat([frame, intervals], axis=1)
