"""Does a fit find the truth, and does its interval hold it? Measured on virtual experiments of known truth.

``python docs/measure_refinement.py rows.csv`` fits 200 of them (the same command goes on after an interruption) and
prints the tables of docs/refinement.md; with ``--plain`` all effects beyond the fit's own model are off.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

import xrdlib
from xrdlib.data import SPACE, EffectRanges, MeasuredCurve, sample, virtual_experiment
from xrdlib.refinement import CurveModel, Disorder, network_starts, refine
from xrdlib.simulation import PARAMETERS, strained_peak

SEED = 2026
PLAIN = dict.fromkeys(("damage", "wing", "diffuse", "drift"), 0.0)


def fitted(index: int, plain: bool, disorder: Disorder, parameters: NDArray[np.float64]) -> list[dict[str, object]]:
    """One experiment: a row per parameter."""
    curve = measured(index, plain, parameters)
    fit = refine(curve, xrdlib.reference_study("measured"), disorder=disorder)
    network = of_network(index, plain, parameters)
    starts = sum(len(m.reached_from) for m in fit.minima) + len(fit.not_converged)
    agreeing = len(fit.minima[0].reached_from) if fit.minima else 0
    kept = next((f.name for f in fit.disorder_fits if f.kept), disorder)
    rows = []
    for i, name in enumerate(PARAMETERS):
        rows.append(
            {
                "experiment": index,
                "parameter": name,
                "true": parameters[i],
                "fit": fit.parameters[i],
                "network": network[i],
                "sigma": fit.sigma[i],
                "sigma_white": np.sqrt(fit.covariance_white[i, i]),
                "at_bound": name in fit.at_bound,
                "unidentifiable": name in fit.unidentifiable,
                "converged": fit.converged,
                "rmse": fit.log10_rmse,
                "agreeing": agreeing / starts,
                "kept": kept,
                "neighbour_correlation": fit.neighbour_correlation,
                "peak_in_scan": bool(strained_peak(parameters).angle < curve.angle[-1]),
                "seconds": fit.seconds,
            }
        )
    return rows


def of_network(index: int, plain: bool, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """The answer (7,) of the network that comes closest, of all its epochs with weights."""
    curve = measured(index, plain, parameters)
    return network_starts(curve, xrdlib.reference_study("measured"), CurveModel(curve.angle))[0].parameters


def measured(index: int, plain: bool, parameters: NDArray[np.float64]) -> MeasuredCurve:
    """One virtual measurement."""
    ranges = EffectRanges(**PLAIN, layer_thickness=100.0) if plain else EffectRanges()
    return virtual_experiment(parameters, seed=SEED + index, effects=ranges).curve


def run(path: Path, n: int, plain: bool, disorder: Disorder, workers: int) -> pd.DataFrame:
    """All experiments; those that are in the file already are not repeated."""
    points = sample(n, "uniform", seed=SEED)
    done = set(pd.read_csv(path)["experiment"]) if path.exists() else set()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(fitted, i, plain, disorder, points[i]) for i in range(n) if i not in done]
        for k, job in enumerate(as_completed(jobs)):
            rows = pd.DataFrame(job.result())
            rows.to_csv(path, mode="a", header=not path.exists(), index=False)
            print(f"\r{len(done) + k + 1}/{n}", end="", file=sys.stderr)
    return pd.read_csv(path).sort_values(["experiment", "parameter"])


def share(hit: pd.Series[bool]) -> str:
    """A share in % with its 95 % interval (Clopper-Pearson)."""
    if hit.empty:
        return "-"
    interval = binomtest(int(hit.sum()), len(hit)).proportion_ci()
    return f"{100 * hit.mean():.0f} ({100 * interval.low:.0f} to {100 * interval.high:.0f})"


def table(rows: pd.DataFrame) -> str:
    """Bias, error and coverage of every parameter."""
    lines = [
        "| parameter | with an interval | bias, % of range | median error of the fit | of the network | "
        "within 1 sigma, % | within 1.96 sigma, % | the same if misfits were independent, % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, of_range in zip(PARAMETERS, SPACE.range, strict=True):
        own = rows[rows["parameter"] == name]
        error = 100 * (own["fit"] - own["true"]) / of_range
        before = 100 * (own["network"] - own["true"]).abs() / of_range
        known = own[own["sigma"].notna() & ~own["unidentifiable"]]
        off = (known["fit"] - known["true"]).abs()
        spread = 1.96 * error.std() / np.sqrt(len(error))
        lines.append(
            f"| {name} | {len(known)} of {len(own)} | {error.mean():+.2f} +- {spread:.2f} | "
            f"{error.abs().median():.2f} | {before.median():.2f} | {share(off <= known['sigma'])} | "
            f"{share(off <= 1.96 * known['sigma'])} | "
            f"{share(off <= 1.96 * known['sigma_white'])} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Fit and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("rows", type=Path)
    arguments.add_argument("--n", type=int, default=200)
    arguments.add_argument("--plain", action="store_true")
    arguments.add_argument("--disorder", default="auto", choices=get_args(Disorder))
    arguments.add_argument("--workers", type=int, default=2)
    given = arguments.parse_args()
    rows = run(given.rows, given.n, given.plain, given.disorder, given.workers)
    first = rows.groupby("experiment").first()
    inside = rows[rows["peak_in_scan"]]
    print(f"\nAll {len(first)} experiments:\n\n{table(rows)}\n")
    print(f"The {inside['experiment'].nunique()} whose strained peak is in the scan:\n\n{table(inside)}\n")
    medians = first[["rmse", "agreeing", "neighbour_correlation", "seconds"]].median()
    kept = first["kept"].value_counts()
    print("Models of the disorder kept: " + ", ".join(f"{name} {kept[name]}" for name in sorted(kept.index)) + ".")
    print(
        f"Converged: {int(first['converged'].sum())} of {len(first)}. Medians: RMSE of log10 intensity "
        f"{medians['rmse']:.4f}; "
        f"starts that agree {100 * medians['agreeing']:.0f} %; correlation of successive misfits "
        f"{medians['neighbour_correlation']:.2f}; seconds {medians['seconds']:.1f}."
    )


if __name__ == "__main__":
    main()
