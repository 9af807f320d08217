"""What a reconstruction means, in tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib.diagnostics.errors.sample_errors import MEASURES
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.errors.reconstruction import Reconstruction

__all__ = ["error_table", "parameter_table", "sentences"]

_FAR = 25.0  # between two ranks, in % of the samples: less is no surprise, however rare


def error_table(found: Reconstruction) -> pd.DataFrame:
    """Per epoch and measure the median, and the correlation with the parameter error."""
    rows = {}
    for k, epoch in enumerate(found.epochs):
        for column, values in found.errors.measures.items():
            cells = [f"{np.median(values[k]):.3g}", "", ""]
            if column != "parameter_error":
                cells[1:] = [f"{found.correlation(m, against=column, k=k):+z.2f}" for m in ("pearson", "spearman")]
            rows[f"{MEASURES[column]}, epoch {epoch}"] = cells
    return pd.DataFrame.from_dict(rows, orient="index", columns=["median", "Pearson r", "Spearman rho"])


def parameter_table(found: Reconstruction) -> pd.DataFrame:
    """At the first epoch: mean error of each parameter and how it goes with the curve's MAE."""
    mean = found.parameters[0].mean(axis=0)
    shares = 100 * mean / mean.sum() if mean.any() else np.zeros_like(mean)
    return pd.DataFrame(
        {
            "mean error (%)": [f"{v:.1f}" for v in mean],
            "share (%)": [f"{v:.0f}" for v in shares],
            "Spearman with curve MAE": [f"{found.correlation('spearman', error=p):+z.2f}" for p in PARAMETERS],
        },
        index=list(PARAMETERS),
    )


def sentences(found: Reconstruction) -> list[str]:
    """Verdict, which parameters matter, the two oddest samples, the experiment's place, and what was clipped."""
    n, (name, epoch) = found.samples.size, next(iter(found.named.items()))
    where = f"{n} {found.test_set} test samples at {_epoch(name, epoch)}"
    if np.isnan(found.correlation().value):
        said = [
            f"Over {where}, whether a small parameter error means a good curve is not defined: the errors are all "
            "equal, or too few."
        ]
    else:
        said = [*_verdict(found, where), *_in_scan(found), *_parameters(found), *_odd(found)]
    said += _experiment(found)
    if found.outside.any():
        clipped = " and ".join(f"{c} at epoch {e}" for c, e in zip(found.outside, found.epochs, strict=True))
        said.append(
            f"Predictions with a parameter outside its range, whose curves are simulated at its edge: {clipped}, of "
            f"{n} each."
        )
    return said


def _epoch(name: str, epoch: int) -> str:
    return name if name == f"epoch {epoch}" else f"epoch {epoch} ({name})"


def _verdict(found: Reconstruction, where: str) -> list[str]:
    verdict, pairs = found.verdict(), found.correlation("concordance")
    profile = found.correlation("concordance", against="profile_error")
    words = {
        "weak": f"weak by the note's threshold of {found.weak:g}",
        "strong": f"strong by the note's threshold of {found.strong:g}",
        "between": f"between the note's thresholds of {found.weak:g} and {found.strong:g}",
        "undecided": f"undecided by the note's thresholds of {found.weak:g} and {found.strong:g}, one of which the "
        "interval holds",
    }[verdict]
    meaning = (
        "a coin gives 50, and cannot be told from this" if not pairs.excludes(50) else
        "less than a coin's 50: the better parameters tend to have the worse curve" if pairs.value < 50 else
        "a coin gives 50"
    )  # fmt: skip
    return [
        f"Over {where}, parameter error and curve MAE correlate with Pearson r = {found.correlation():z.2f}: {words}.",
        f"Of two samples the one with the smaller parameter error has the better curve in {pairs:.0f} % of pairs "
        f"({meaning}), and the better profile in {profile:.0f} %.",
    ]


def _in_scan(found: Reconstruction) -> list[str]:
    beyond = 100 * (1 - found.in_scan.mean())
    r = found.correlation(samples="in scan")
    if beyond == 0 or np.isnan(r.value):
        return []
    return [
        f"In {beyond:.0f} % of them the strained peak lies beyond the end of the scan, and the curve does not "
        f"show it; without these r = {r:z.2f}."
    ]


def _parameters(found: Reconstruction) -> list[str]:
    mean = found.parameters[0].mean(axis=0)
    rho = {p: r for p in PARAMETERS if not np.isnan((r := found.correlation("spearman", error=p)).value)}
    if not rho:
        return []
    largest, closest = PARAMETERS[int(mean.argmax())], max(rho, key=lambda p: rho[p].value)
    own = f"Spearman {rho[largest]:+z.2f}" if largest in rho else "not defined"
    said = (
        f"{100 * mean.max() / mean.sum():.0f} % of the parameter error is {largest}'s; how its error goes with the "
        f"curve's: {own}"
    )
    return [f"{said}; {closest}'s goes closest with it ({rho[closest]:+z.2f})." if closest != largest else f"{said}."]


def _odd(found: Reconstruction) -> list[str]:
    bad, good = (next(e for e in found.examples if e.label.endswith(end)) for end in (", bad curve", ", good curve"))
    return [
        "Most surprising: "
        + "; ".join(
            f"sample {e.sample}, parameter error {e.errors.parameter:.1f} % of range and curve MAE "
            f"{e.errors.curve_mae:.3f}"
            for e in (bad, good)
        )
        + "."
    ]


def _experiment(found: Reconstruction) -> list[str]:
    if found.experiment is None:
        return ["Where the target stands among them cannot be known without its true parameters."]
    surprise = found.experiment_surprise
    if surprise is None:
        return ["Where the target stands among them is not known: its prediction at this epoch is not."]
    parameter, curve, difference = surprise
    far = abs(curve - parameter) > _FAR
    place = (
        "is an outlier: its curve is much worse than its parameters let expect" if far and difference > 95 else
        "is an outlier: its curve is much better than its parameters let expect" if far and difference < 5 else
        "is no outlier: its curve is not unusually good or bad for its parameters"
    )  # fmt: skip
    return [
        f"The experiment {place}; {parameter:.0f} % of samples have a smaller parameter error, {curve:.0f} % a "
        f"smaller curve MAE; for {difference:.0f} % the second rank exceeds the first by less."
    ]
