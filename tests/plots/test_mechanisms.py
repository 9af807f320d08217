"""Figures of replicas, loss planes and data maps hold the numbers of the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB
from xrdlib.diagnostics import DataMap, LossPlane, Mechanisms, data_map, loss_plane, mechanisms
from xrdlib.plots import plot_data_map, plot_loss_plane, plot_mechanisms
from xrdlib.plots.layout import layout_problems
from xrdlib.training import reference_replicas, reference_study


@pytest.fixture(scope="module")
def found() -> Mechanisms:
    return mechanisms(reference_replicas(), "lab", study=reference_study("lab"))


@pytest.fixture(scope="module")
def plane() -> LossPlane:
    return loss_plane(reference_study("lab"), LAB, n_points=5, n_validation=40, k=10)


@pytest.fixture(scope="module")
def on_map() -> DataMap:
    return data_map(reference_study("lab"), LAB)


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_mechanisms(found, width) -> None:
    figure = plot_mechanisms(found, width=width)
    v, b = found.variation, found.bias_variance
    titled = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    assert list(titled)[-1] == "Rounding"
    for ax, rows in zip(titled.values(), v.sources.values(), strict=True):
        others = [line for line in ax.lines if len(line.get_xdata()) == 80]
        drawn = {tuple(np.asarray(line.get_ydata())) for line in others}
        assert drawn == {tuple(v.errors[i]) for i in rows}
        ideal = next(line for line in ax.lines if line.get_marker() == "v")
        assert sorted(ideal.get_xdata()) == sorted(v.ideal[rows])
    spreads, bias, spread = figure.axes[len(titled) :]
    values = {line.get_label(): np.asarray(line.get_xdata()) for line in spreads.lines}
    np.testing.assert_array_equal(values["experiment, late epochs"], [s.late.value for s in v.spreads])
    np.testing.assert_array_equal(values["200 test samples"], [s.samples.value for s in v.spreads])
    np.testing.assert_array_equal(values["experiment, over late epochs"], [v.within.value])
    assert [label.get_text() for label in spreads.get_yticklabels()][-1] == "Within a run"
    for ax, what in ((bias, "bias"), (spread, "spread")):
        lines = {line.get_label(): np.asarray(line.get_ydata()) for line in ax.lines}
        for region in ("dense", "sparse"):
            expected = b.intervals[b.intervals["region"] == region][what]
            np.testing.assert_array_equal(lines[f"{region} region"], expected)


def test_few_sources_leave_no_empty_frames(found) -> None:
    v = found.variation
    few = replace(v, sources={"all": v.sources["all"]}, spreads=v.spreads[:1])
    figure = plot_mechanisms(replace(found, variation=few))
    assert [ax.get_title() for ax in figure.axes if ax.get_title()] == ["Weights, order and dropout"]


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_loss_plane(plane, width) -> None:
    figure = plot_loss_plane(plane, width=width)
    panels = [ax for ax in figure.axes if ax.get_title()]
    assert [ax.get_title() for ax in panels] == [
        "Validation loss (fraction of range)",
        "Error of lab (% of range)",
        "Error of 10 neighbours (% of range)",
    ]
    for ax, what in zip(panels, ("val_loss", "error", "neighbours"), strict=True):
        lines = {line.get_label(): np.column_stack(line.get_data()) for line in ax.lines}
        np.testing.assert_array_equal(lines["stored epochs"], plane.path)
        np.testing.assert_array_equal(lines[f"final (epoch {plane.final})"][0], plane.path[plane.row(plane.final)])
        star = next(line for line in ax.lines if line.get_marker() == "*")
        low = plane.lowest(what)
        assert (star.get_xdata()[0], star.get_ydata()[0]) == (low.x, low.y)
    figure.draw_without_rendering()


def test_a_flat_plane_is_drawn(plane) -> None:
    flat = np.zeros_like(plane.error)
    curve = replace(plane, error=flat, measure="curve RMSE", target="a $ and a $")
    figure = plot_loss_plane(curve)
    assert figure.axes[1].get_title() == "Error of a \\$ and a \\$\n(RMSE of log₁₀ intensity)"
    figure.draw_without_rendering()


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_a_long_name_leaves_the_titles_apart(plane, width: float) -> None:
    curve = replace(plane, measure="curve RMSE", target="a_measured_curve_with_quite_a_long_name_of_2026.txt")
    assert layout_problems(plot_loss_plane(curve, width=width)) == []


@pytest.mark.parametrize("width", [8.6, 17.0])
def test_data_map(on_map, width) -> None:
    ax = plot_data_map(on_map, width=width).axes[0]  # type: ignore[union-attr]
    lines = {line.get_label(): line for line in ax.lines}
    points = [line for line in ax.lines if line.get_marker() == "."]
    drawn = np.concatenate([np.column_stack(line.get_data()) for line in points])
    assert sorted(map(tuple, drawn)) == sorted(zip(on_map.spread, on_map.mean, strict=True))
    star = lines["experiment lab"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (on_map.target_spread, on_map.target_mean)
    assert lines["right below this error"].get_ydata()[0] == on_map.threshold
