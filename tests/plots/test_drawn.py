"""What is read back from a figure is what was drawn."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.plots.drawn import drawn
from xrdlib.plots.style import new_figure

X, Y = np.array([0.0, 1.0, 2.0]), np.array([3.0, 5.0, 4.0])


@pytest.fixture
def ax():
    ax = new_figure(8.6, 6.0).add_subplot()
    ax.set(xlabel="Depth (Å)", ylabel="Strain (10⁻³)")
    return ax


def test_lines_with_their_labels(ax) -> None:
    ax.plot(X, Y, label="strain")
    ax.plot(X, -Y)
    ax.plot(X, Y, visible=False)
    found = drawn(ax.figure)
    assert list(found["series"]) == ["strain"] * 3 + ["2"] * 3
    np.testing.assert_array_equal(found[["x", "y"]], np.column_stack([np.tile(X, 2), [*Y, *-Y]]))
    assert set(found["panel"]) == {1}
    assert set(found["x_axis"]) == {"Depth (Å)"}
    assert found[["x_end", "y_end", "value"]].isna().all(axis=None)


def test_a_line_across_the_panel_has_one_coordinate(ax) -> None:
    ax.axvline(1.5)
    ax.axhline(2.5)
    ax.plot([0, 1], [0, 1], transform=ax.transAxes)  # no data
    found = drawn(ax.figure)
    np.testing.assert_array_equal(found[["x", "y"]], [[1.5, np.nan], [np.nan, 2.5]])


def test_markers_with_values_bars_and_bands(ax) -> None:
    ax.scatter(X, Y, c=[7.0, 8.0, 9.0], label="samples")
    ax.bar(X, Y, 0.5)
    ax.fill_between(X, Y - 1, Y + 1)
    ax.errorbar(X, Y, yerr=0.5, linestyle="none")
    found = drawn(ax.figure).set_index("kind")
    np.testing.assert_array_equal(found.loc["markers", ["x", "y", "value"]], np.column_stack([X, Y, [7.0, 8.0, 9.0]]))
    np.testing.assert_array_equal(found.loc["bar", ["x", "x_end", "y_end"]], np.column_stack([X - 0.25, X + 0.25, Y]))
    band = found.loc["band", ["x", "y"]].to_numpy()
    assert {tuple(row) for row in band} == {(x, y + d) for x, y in zip(X, Y, strict=True) for d in (-1.0, 1.0)}
    segments = found.loc["segment", ["x", "y"]].to_numpy()
    np.testing.assert_array_equal(segments[:2], [[0.0, 2.5], [0.0, 3.5]])


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_maps_pixel_by_pixel(ax, origin: str) -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.nan]])
    ax.imshow(values, origin=origin)
    found = drawn(ax.figure).set_index(["y", "x"])["value"]
    for i, j in np.ndindex(values.shape):
        np.testing.assert_equal(found[i, j], values[i, j])


def test_a_mesh_at_its_middles(ax) -> None:
    ax.pcolormesh([0.0, 1.0, 3.0], [0.0, 2.0], [[5.0, 6.0]])
    np.testing.assert_array_equal(drawn(ax.figure)[["x", "y", "value"]], [[0.5, 1.0, 5.0], [2.0, 1.0, 6.0]])


def test_insets_count_and_contours_do_not(ax) -> None:
    ax.contourf([[1.0, 2.0], [3.0, 4.0]])
    ax.inset_axes((0.5, 0.5, 0.3, 0.3)).plot(X, Y)
    found = drawn(ax.figure)
    assert set(found["panel"]) == {2}
    assert set(found["kind"]) == {"line"}


def test_a_crowd_that_is_a_picture_is_left_out(ax) -> None:
    ax.plot(X, Y, ".", rasterized=True)
    assert drawn(ax.figure).empty


def test_labels_of_several_lines_are_one(ax) -> None:
    ax.set(xlabel="Depth\n(Å)", ylabel="Strain\n(10⁻³)")
    ax.plot(X, Y, label="of the\nlab")
    found = drawn(ax.figure)
    assert found.loc[0, ["x_axis", "y_axis", "series"]].tolist() == ["Depth (Å)", "Strain (10⁻³)", "of the lab"]
    assert len(found.to_csv(index=False).splitlines()) == 1 + len(X)


def test_nothing_drawn(ax) -> None:
    assert drawn(ax.figure).empty
