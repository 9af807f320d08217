"""Planted unevenness is found, an even sample and the constraints' own unevenness are not blamed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from xrdlib.data import SPACE, DatasetConfig, build_dataset, sample, sample_grid
from xrdlib.data.balance import peak_in_scan
from xrdlib.diagnostics import compare_samplings, dataset_quality
from xrdlib.diagnostics.training_set.dataset_quality import ratio_interval
from xrdlib.simulation import PARAMETERS, Scan, strained_peak
from xrdlib.training import reference_study


def even(n: int = 3000) -> np.ndarray:
    """Every third of every range holds a third, the constraints aside."""
    rng = np.random.default_rng(0)
    places = (np.arange(n)[:, None] % 3 + rng.uniform(0.05, 0.95, (n, 7))) / 3
    return SPACE.denormalise(rng.permuted(places, axis=0))


def test_an_even_sample_is_called_even() -> None:
    found = dataset_quality(even())
    assert found.rejected(found.even) == []
    assert [ratio.value for ratio in found.ratios] == [1.0] * 7
    assert [test.statistic for test in found.even] == [0.0] * 7
    assert any(s.startswith("No parameter's parts are filled unevenly") for s in found.sentences)


def test_independent_even_samples_rarely_fire() -> None:
    """At alpha = 0.05 for all seven together about one in twenty does."""
    rng = np.random.default_rng(3)
    fired = 0
    for _ in range(40):
        found = dataset_quality(SPACE.denormalise(rng.uniform(0.001, 0.999, (300, 7))), alpha=0.05)
        fired += bool(found.rejected(found.even))
    assert fired <= 7


def test_planted_imbalance_is_found_and_named() -> None:
    rows = even()
    fractions = SPACE.normalise(rows)
    low = fractions[:, 6] < 1 / 3
    fractions[low & (np.arange(len(rows)) % 2 == 0), 6] += 1 / 3  # half of Rp2's lowest third to the middle
    found = dataset_quality(SPACE.denormalise(fractions))
    assert found.rejected(found.even) == ["Rp2"]
    assert "Rp2" in found.rejected(found.constrained)
    assert found.counts.loc["Rp2", ["LOW", "MED", "HIGH"]].sum() == 3000
    expected = found.counts.loc["Rp2", "MED"] / found.counts.loc["Rp2", "LOW"]
    assert found.ratios[6].value == pytest.approx(expected)
    assert found.ratios[6].low < expected < found.ratios[6].high


def test_chi_square_by_hand() -> None:
    rows = SPACE.denormalise(np.repeat([[0.1], [0.5], [0.9]], 7, axis=1)).repeat([20, 10, 30], axis=0)
    found = dataset_quality(rows)
    assert found.even[0].statistic == pytest.approx(10.0)  # (0 + 100 + 100) / 20
    assert found.even[0].p == pytest.approx(np.exp(-5))  # two degrees of freedom
    assert found.ratios[0].value == 3


def test_the_constraints_own_unevenness_is_not_blamed_on_the_sample() -> None:
    """Uniform points are as uneven as the constraints make them; the lab's grid is uneven in its own way."""
    uniform = dataset_quality(sample(10_000, "uniform", seed=5))
    assert uniform.rejected(uniform.even) == ["Dmax1", "D01", "L1", "Rp1", "D02", "L2"]
    assert uniform.rejected(uniform.constrained) == []
    assert any("as the constraints make any points" in s for s in uniform.sentences)
    grid = dataset_quality(sample(10_000, "grid", seed=5))
    assert grid.rejected(grid.constrained) == ["Dmax1", "D01", "L1", "Rp1", "D02", "L2"]
    np.testing.assert_allclose(grid.excess.sum(axis=1), 0, atol=1e-9)


def test_interval_of_a_ratio_covers_the_truth() -> None:
    rng = np.random.default_rng(0)
    covered = [
        not ratio_interval(counts, n=400).excludes(3.0) for counts in rng.multinomial(2000, [0.6, 0.2, 0.2], size=200)
    ]
    # the emptiest of two equal bins is emptier than it should be: a little above 3, and so somewhat under 95 %
    assert 0.85 < np.mean(covered) < 0.99


def test_empty_bins_and_few_samples() -> None:
    rows = SPACE.denormalise(np.full((4, 7), 0.1))
    found = dataset_quality(rows)
    assert found.ratios[0].value == np.inf
    assert np.isnan(found.even[0].p)
    assert any("too few to test" in s for s in found.sentences)
    made = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert made["parameters"]["L1"]["ratio"]["value"] is None
    assert made["parameters"]["L1"]["even"] == {"statistic": None, "p": None}
    assert "too few" in found.to_text()


def test_strained_peaks_in_the_scan() -> None:
    rows = sample(200, "uniform", seed=0)
    expected = 100 * np.mean([strained_peak(row).angle <= Scan().stop for row in rows])
    assert dataset_quality(rows).in_scan == pytest.approx((expected, expected, expected))
    short = dataset_quality(rows, config=DatasetConfig(scan_points=5)).in_scan
    assert short.value == 0


def test_of_many_profiles_some_are_looked_at() -> None:
    rows = sample(12_000, "uniform", seed=0)
    found = dataset_quality(rows).in_scan
    whole = 100 * peak_in_scan(rows, DatasetConfig()).mean()
    assert found.low < whole < found.high
    assert found.high - found.low < 2


def test_a_dataset_and_a_study(tmp_path: Path) -> None:
    config = DatasetConfig(size=60, sampling="uniform", chunk_size=60)
    dataset = build_dataset(tmp_path / "d", config, workers=1, progress=False)
    found = dataset_quality(dataset)
    assert found.in_scan.value == pytest.approx(100 * dataset.peak_in_scan.mean())
    assert found.sampling == "uniform"
    assert found.short is None
    study = dataset_quality(reference_study("lab"))
    assert (study.size, study.sampling, study.short) == (9000, "grid", (0, 924))
    assert study.strata.n_occupied == 924


def test_strata_that_ran_short() -> None:
    size = 300_000
    rows, report = sample_grid(size, seed=0)
    found = dataset_quality(rows, config=DatasetConfig(size=size, sampling="grid", seed=0))
    assert report.n_exhausted > 0
    assert found.short == (report.n_exhausted, 924)
    assert any(s.startswith(f"{report.n_exhausted} of the 924 strata hold fewer") for s in found.sentences)


def test_bad_arguments() -> None:
    rows = sample(10, "uniform", seed=0)
    with pytest.raises(ValueError, match=r"bins = 1: a whole number, at least 2"):
        dataset_quality(rows, bins=1)
    with pytest.raises(ValueError, match=r"alpha = 1\.5"):
        dataset_quality(rows, alpha=1.5)
    with pytest.raises(ValueError, match=r"seven numbers"):
        dataset_quality(rows[:, :5])
    with pytest.raises(ValueError, match=r"at least one row"):
        dataset_quality(rows[:0])
    rows[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"L1 of row 3 is nan"):
        dataset_quality(rows)


def test_samplings_side_by_side() -> None:
    found = compare_samplings(10_000, seed=0)
    assert list(found.qualities) == ["grid", "uniform", "sobol"]
    assert found.table.loc["7-D strata"].tolist()[0] == "1.1"
    assert found.qualities["grid"].matching == []
    assert found.qualities["uniform"].matching == ["D02"]
    text = found.to_text()
    assert "and none of grid" in text
    assert "identifies none" in text
    table = found.table.to_string()
    assert max(len(line) for line in table.splitlines()) <= 80
    json.dumps(found.to_dict(), allow_nan=False)


def test_definitions_of_imbalance() -> None:
    found = compare_samplings(2000, seed=0, claimed=2.0)
    d = found.definitions
    assert set(d["bins"]) == set(range(2, 11))
    one = d.query("sampling == 'uniform' and bins == 3 and parameter == 'L1'").set_index("measure")["value"]
    counts = found.qualities["uniform"].counts.loc["L1", ["LOW", "MED", "HIGH"]]
    assert one["fullest / emptiest"] == pytest.approx(counts.max() / counts.min())
    assert one["fullest / mean"] * one["mean / emptiest"] == pytest.approx(one["fullest / emptiest"])
    assert "grid" in " ".join(found.sentences)


def test_comparing_says_nothing_by_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare_samplings(150_000)
    assert found.qualities["grid"].short is not None
    assert found.frame.shape[0] == 3 * 3 * len(PARAMETERS)
