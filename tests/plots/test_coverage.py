"""Figures of coverage, of datasets, and of what density does to errors hold the numbers of the results."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.data import SPACE, bin_counts, sample
from xrdlib.diagnostics import Coverage, compare_samplings, coverage_of, dataset_quality
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics.training_set._density import DensityEffect, groups_of
from xrdlib.plots import (
    plot_bins,
    plot_coverage,
    plot_dataset_quality,
    plot_density_effect,
    plot_radius_calibration,
    plot_samplings,
)
from xrdlib.simulation import PARAMETERS


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.fixture(scope="module")
def fine() -> Coverage:
    """Of the middle of the space, at many radii."""
    training, others = sample(2000, "uniform", seed=0), sample(200, "uniform", seed=1)
    return coverage_of(training, others[0], others[1:], radii=np.linspace(0.2, 2.0, 37).tolist())


def effect() -> DensityEffect:
    rng = np.random.default_rng(0)
    distance, error = rng.uniform(0.2, 0.5, 80), rng.uniform(5, 20, (6, 80))
    none = Interval(0.1, 0.0, 0.2)
    return DensityEffect(
        test_set="grid",
        k=10,
        distance=distance,
        edge_distance=distance / 2,
        epochs=np.arange(1, 7),
        error=error,
        early=3,
        final=5,
        quarter=25.0,
        correlations=dict.fromkeys(("error", "regret", "change", "edge"), none),
        changes=dict.fromkeys(("dense", "sparse", "difference"), none),
        rises=dict.fromkeys(("dense", "sparse"), none),
    )


def test_coverage(make_diagnosis) -> None:
    d = make_diagnosis()
    figure = plot_coverage(d.coverage, d.study.training_parameters)
    strips, ranks, verdicts = figure.axes
    lines = {line.get_label(): line for line in strips.lines}
    nearest = np.asarray(lines["10 nearest"].get_xdata()).reshape(10, 7)
    np.testing.assert_allclose(nearest, 100 * SPACE.normalise(d.coverage.nearest))
    here = next(line for line in strips.lines if line.get_marker() == "|")
    np.testing.assert_allclose(here.get_xdata(), 100 * SPACE.normalise(d.coverage.parameters))
    for mesh in strips.collections:
        assert mesh.get_array().sum() == 200  # every training sample once in every strip
    # 43 have a nearer 10th neighbour; with 0, 33, 33 and 26 fewer in the radii, the others have more
    np.testing.assert_array_equal(ranks.containers[0][0].get_xdata(), [43, 100, 67, 67, 74])
    labels = [text.get_text() for text in ranks.get_yticklabels()]
    assert labels == ["10th neighbour\nat 0.30", "0 within 0.1", "2 within 0.25", "7 within 0.5", "93 within 1"]
    assert "L1  5200 Å" in [text.get_text() for text in strips.get_yticklabels()]
    assert "D01  0.943×10⁻³" in [text.get_text() for text in strips.get_yticklabels()]
    assert legend(figure)[:3] == ["training samples (shade)", "10 nearest", "experiment"]
    assert sum(bar.get_width() for bar in verdicts.patches) == pytest.approx(300)
    here = [text.get_text().split("here: ")[1] for text in verdicts.get_yticklabels()]
    assert here == [verdict for verdict, _ in d.coverage.verdicts.values()]
    assert "good 100 %" in [text.get_text() for text in verdicts.texts]


def test_coverage_counts_grid_values_whole(make_diagnosis) -> None:
    grid = np.random.default_rng(1).choice([0.0, 0.3, 0.6, 0.9, 1.0], (500, 7))
    strips = plot_coverage(make_diagnosis(known=False).coverage, SPACE.denormalise(grid)).axes[0]
    for mesh, column in zip(strips.collections, grid.T, strict=True):
        np.testing.assert_array_equal(mesh.get_array().ravel(), np.unique(column, return_counts=True)[1])


def test_coverage_without_training_set(make_diagnosis) -> None:
    figure = plot_coverage(make_diagnosis(known=False).coverage)
    assert legend(figure) == ["10 nearest", "prediction", "ordinary"]


def test_radius_calibration(fine: Coverage) -> None:
    ax = plot_radius_calibration(fine).axes[0]  # type: ignore[union-attr]
    lines = {line.get_label(): line for line in ax.lines}
    shares = 100 * fine.counts / fine.n_training
    np.testing.assert_allclose(lines["experiment"].get_ydata(), np.where(shares > 0, shares, np.nan))
    # 100 and 500 of 2000 at radius 1; 1 % at radius 0.5
    np.testing.assert_allclose(lines["the note's thresholds"].get_xydata(), [[0.5, 1], [1, 5], [1, 25]])
    assert ax.get_yscale() == "log"


def test_radius_calibration_needs_radii(make_diagnosis) -> None:
    training, others = sample(50, "uniform", seed=0), sample(20, "uniform", seed=1)
    with pytest.raises(ValueError, match=r"coverage: 3 radii, at least 5"):
        plot_radius_calibration(coverage_of(training, others[0], others, radii=(0.3,)))


def test_bins() -> None:
    counts = bin_counts(SPACE.denormalise(np.random.default_rng(0).beta(1, 3, size=(300, 7))))
    counts.loc["Rp2", ["HIGH", "ratio"]] = [0, np.inf]
    ax = plot_bins(counts).axes[0]  # type: ignore[union-attr]
    for bars, name in zip(ax.containers, ("LOW", "MED", "HIGH"), strict=True):
        np.testing.assert_array_equal([bar.get_height() for bar in bars], counts[name])
    assert [text.get_text() for text in ax.texts][-1] == "∞"
    assert np.all(np.asarray(ax.lines[0].get_ydata()) == 100)
    assert [text.get_text() for text in ax.get_xticklabels()] == list(PARAMETERS)


def test_dataset_quality() -> None:
    quality = dataset_quality(sample(500, "uniform", seed=0))
    figure = plot_dataset_quality(quality)
    ax = figure.axes[0]  # type: ignore[union-attr]
    for bars, name in zip(ax.containers, ("LOW", "MED", "HIGH"), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in bars], quality.counts[name] / 5)
    for marks, expected in zip(ax.collections, quality.expected.T, strict=True):
        np.testing.assert_allclose([segment[0][1] for segment in marks.get_segments()], 100 * expected)
    assert set(legend(figure)) == {"LOW", "MED", "HIGH", "left by the constraints", "even"}


def test_samplings() -> None:
    samplings = compare_samplings(400, seed=0)
    figure = plot_samplings(samplings)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert [title.split(":")[0] for title in titles] == ["grid", "uniform", "sobol"]
    for ax, quality in zip(figure.axes, samplings.qualities.values(), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in ax.containers[0]], quality.counts["LOW"] / 4)


def test_density_effect() -> None:
    found = effect()
    figure = plot_density_effect(found)
    left, right = figure.axes
    np.testing.assert_array_equal(left.lines[0].get_ydata(), found.error[4])
    groups = groups_of(found.distance, 25.0)
    lines = {line.get_label(): line for line in right.lines}
    for group, label in (("dense", "densest 25 %"), ("sparse", "sparsest 25 %")):
        np.testing.assert_allclose(lines[label].get_ydata(), found.error[:, groups[group]].mean(axis=1))
    assert [text.get_text() for text in right.texts] == ["early", "final"]
