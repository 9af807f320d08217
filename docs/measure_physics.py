"""Print the numbers of docs/physics.md that no test prints: ``python docs/measure_physics.py`` (3 minutes).

The worst error of the default kernel is a matter of how long one looks for it: next to a zero of the amplitude any
relative error becomes large. Hence 20 000 profiles here, and 60 random ones in the tests.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

from xrdlib.data import LAB_EXPERIMENT, sample
from xrdlib.simulation import GGG_444, GGG_444_LAB, YIG_FILM, Scan, reflectivity, simulate


def expansion_error(n: int) -> None:
    """Default kernel against the closed form, uniform samples of the constrained parameter space."""
    rng = np.random.default_rng(0)
    angle = Scan().angle
    for label, film, thickness, disordered in (
        ("GGG, E = 1", None, 100.0, False),
        ("GGG, E uniform in (0, 1]", None, 100.0, True),
        ("YIG on GGG, E uniform in (0, 1]", YIG_FILM, 100.0, True),
        ("GGG, E = 1, sublayers of 400 A", None, 400.0, False),
    ):
        count = n if film is None and thickness == 100 else n // 10
        rows = sample(count, "uniform", seed=0)
        options = {
            "film": film,
            "layer_thickness": thickness,
            "disorder": 1 - rng.random(count) if disordered else 1.0,
        }
        exact = reflectivity(rows, angle, exact=True, **options)
        worst = np.abs(reflectivity(rows, angle, **options) / exact - 1).max(axis=1)
        print(
            f"{label}: {count} profiles, relative error median {np.median(worst):.0e}, "
            f"99 % {np.quantile(worst, 0.99):.0e}, worst {worst.max():.0e}; "
            f"R from {exact.min():.0e} to {exact.max():.2f}"
        )


def cost(n: int = 500) -> None:
    """Time of either kernel on one core, lab's scan without the instrument."""
    rows = sample(n, "uniform", seed=1)
    for exact in (False, True):
        times = []
        for _ in range(3):
            start = perf_counter()
            reflectivity(rows, Scan().angle, exact=exact, threads=1)
            times.append((perf_counter() - start) / n)
        print(f"{'exact' if exact else 'default'} kernel, one core, 701 angles: {1e3 * min(times):.2f} ms per curve")


def crystals_of_the_lab() -> None:
    """What the lab's two errors in chi_hi do to its experiment behind the default instrument."""
    right, labs = (simulate(LAB_EXPERIMENT, crystal=c) for c in (GGG_444, GGG_444_LAB))
    difference = np.log10(labs / right)
    at = Scan().angle[np.abs(difference).argmax()]
    print(
        f"lab's experiment, GGG_444_LAB against GGG_444: log10 {np.abs(difference).max():.3f} at {at:.0f} arcsec, "
        f"rms {np.sqrt(np.mean(difference**2)):.4f}; peak {labs.max():.4f} against {right.max():.4f}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=20_000, help="profiles (default: 20000)")
    arguments = parser.parse_args()
    reflectivity(sample(1, "uniform", seed=0), Scan().angle, exact=True)  # compile
    reflectivity(sample(1, "uniform", seed=0), Scan().angle)
    cost()
    crystals_of_the_lab()
    expansion_error(arguments.n)
