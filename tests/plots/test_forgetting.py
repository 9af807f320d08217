"""Figures of fine-tuning and of regions hold the numbers of the results."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from xrdlib.data import LAB, SPACE, sample
from xrdlib.diagnostics._intervals import Interval
from xrdlib.plots import COLUMN, PAGE, plot_forgetting, plot_region
from xrdlib.remedies import Forgetting, RegionWeights

TRUTH = LAB.parameters.to_array()


def labels(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.fixture
def tuned() -> Forgetting:
    """Of three epochs: the first experiment gains, both test sets lose."""
    changes = tuple(Interval(v, v - 0.1, v + 0.1) for v in (0.0, 0.2, 0.5, 0.6))
    return Forgetting(
        parent="lab",
        study="tuned",
        started=9,
        rate=1e-4,
        n_training=400,
        radius=0.6,
        told=("lab",),
        epochs=np.arange(4),
        val_loss=np.array([0.1, 0.1, 0.11, 0.12]),
        experiments={"lab": np.array([9.0, 7.0, 5.0, 6.0]), "$dense$": np.array([12.0, 12.5, 13.0, 14.0])},
        tests={"grid": np.array([8.0, 8.2, 8.5, 8.6]), "uniform": np.array([10.0, 10.2, 10.5, 10.6])},
        changes={"grid": changes, "uniform": changes},
        worse={"grid": Interval(60, 58, 62), "uniform": Interval(55, 53, 57)},
        answer={"lab": 0.0},
        tolerance=5.0,
        stop=1,
    )


def region(word: str, centre: np.ndarray, true: np.ndarray | None) -> RegionWeights:
    return RegionWeights(
        study="lab",
        target="lab",
        word=word,
        centre=centre,
        true=true,
        training=sample(500, "uniform", seed=1),
        errors=np.zeros((3, 7)),
        test_set="uniform",
        unlike=(),
        note_radius=1.0,
        temperatures=(0.3, inf),
        radii=(0.6,),
        half_widths=(10.0,),
    )


SAID = TRUTH + np.array([0, 0, 0, 0, 0, 0.1, -0.4]) * SPACE.range


def test_changes_by_epoch_and_the_exchange(tuned):
    figure = plot_forgetting(tuned)
    left, right = figure.axes
    lines = {line.get_label(): line for line in left.lines}
    np.testing.assert_allclose(lines["lab"].get_ydata(), [0, -2, -4, -3])
    np.testing.assert_allclose(lines["grid test set"].get_ydata(), [0, 0.2, 0.5, 0.6])
    assert labels(figure) == ["lab", r"\$dense\$", "grid test set", "uniform test set", "stopping early: epoch 1"]
    exchange = right.containers[0][0]
    np.testing.assert_allclose(exchange.get_xdata(), [0, 0.2, 0.5, 0.6])
    np.testing.assert_allclose(exchange.get_ydata(), [0, -2, -4, -3])
    assert [text.get_text() for text in right.texts] == ["epoch 1", "epoch 3"]
    assert right.get_ylabel() == "Change of lab (% of range)"


def test_another_experiment_and_no_early_stop(tuned):
    figure = plot_forgetting(replace(tuned, stop=3), experiment="$dense$", width=COLUMN)
    np.testing.assert_allclose(figure.axes[1].containers[0][0].get_ydata(), [0, 0.5, 1, 2])
    assert not any("stopping" in label for label in labels(figure))
    with pytest.raises(ValueError, match=r"experiment = 'sparse': one of lab, \$dense\$ expected"):
        plot_forgetting(tuned, experiment="sparse")


def test_one_epoch(tuned):
    short = replace(
        tuned,
        epochs=np.arange(2),
        val_loss=tuned.val_loss[:2],
        experiments={"lab": tuned.experiments["lab"][:2]},
        changes={"grid": tuned.changes["grid"][:2]},
    )
    assert [text.get_text() for text in plot_forgetting(short).axes[1].texts] == ["epoch 1"]


def test_region_sizes_and_planes():
    found = region("chosen", SAID, TRUTH)
    figure = plot_region(found, temperature=0.2, radius=0.8, half_width=30.0, width=PAGE)
    weights, reach, *planes = figure.axes
    assert len(planes) == 3
    marks = [line for line in weights.lines if line.get_marker() in ("o", "s")]
    assert [float(m.get_ydata()[0]) for m in marks] == pytest.approx(
        [100 * found.effective(0.2) / 500, found.weight_within(0.2)]
    )
    marks = [line for line in reach.lines if line.get_marker() in ("o", "s")]
    assert [(m.get_xdata()[0], m.get_ydata()[0]) for m in marks] == [
        (80.0, max(found.inside_radius(0.8).sum(), 0.5)),
        (30.0, max(found.inside_box(30.0).sum(), 0.5)),
    ]
    truth = [line.get_xdata()[0] for line in reach.lines if len(line.get_xdata()) == 2]
    assert truth == pytest.approx([100 * np.hypot(0.1, 0.4), 40.0])
    drawn = {line.get_label(): line for line in planes[0].lines}
    assert len(drawn["within radius 0.8"].get_xdata()) == found.inside_radius(0.8).sum()
    assert (planes[0].get_xlabel(), planes[0].get_ylabel()) == ("L2 (% of its range)", "Rp2 (% of its range)")
    np.testing.assert_allclose(drawn["truth"].get_ydata(), [100 * SPACE.normalise(TRUTH)[6]])
    np.testing.assert_allclose(drawn["centre"].get_ydata(), [100 * SPACE.normalise(SAID)[6]])
    circle, box = planes[0].patches
    assert circle.get_radius() == 80.0
    assert (box.get_width(), box.get_height()) == (60.0, 60.0)


def test_region_around_the_truth_and_without_one():
    for word, true in (("truth", TRUTH), ("chosen", None)):
        figure = plot_region(region(word, TRUTH, true), width=COLUMN)
        assert len(figure.axes) == 3
        assert "truth" not in [line.get_label() for line in figure.axes[2].lines]
        assert not any("with the truth" in str(line.get_label()) for line in figure.axes[1].lines)


def test_other_planes():
    figure = plot_region(region("truth", TRUTH, TRUTH), planes=[("D01", "Dmax1")])
    assert figure.axes[2].get_ylabel() == "Dmax1 (% of its range)"
    for planes in ([], [("L1", "L3")]):
        with pytest.raises(ValueError, match=r"planes = .*: pairs of Dmax1"):
            plot_region(region("truth", TRUTH, TRUTH), planes=planes)
