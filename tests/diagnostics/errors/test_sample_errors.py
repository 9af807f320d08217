"""Errors of parameters, curves and profiles with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib import simulate
from xrdlib.data import LAB_EXPERIMENT, SPACE, DatasetConfig, sample
from xrdlib.diagnostics import peak_shift, sample_errors
from xrdlib.diagnostics.errors.sample_errors import examples, surprise
from xrdlib.simulation import PARAMETERS, strain_profile, strained_peak

LAB = LAB_EXPERIMENT.to_array()
CONFIG = DatasetConfig(scan_start=-80.0, scan_step=10.0, scan_points=120)


def changed(**values: float) -> np.ndarray:
    """The lab's experiment with other values of some parameters."""
    row = LAB.copy()
    for name, value in values.items():
        row[PARAMETERS.index(name)] = value
    return row


def test_no_error_of_the_truth() -> None:
    rows = sample(5, "uniform", seed=0)
    found = sample_errors(rows, rows, CONFIG)
    for name, values in found.measures.items():
        assert values.shape == (5,), name
        np.testing.assert_allclose(values, 0, atol=1e-12)


def test_by_hand() -> None:
    other = changed(Dmax1=0.009)
    found = sample_errors(other, LAB, CONFIG)
    difference = np.diff(np.log10(simulate([LAB, other], scan=CONFIG.scan)), axis=0)[0]
    assert found.parameter[0] == pytest.approx(100 * (0.009 - LAB[0]) / SPACE.range[0] / 7)
    assert found.curve_rmse[0] == pytest.approx(np.sqrt(np.mean(difference**2)))
    assert found.curve_mae[0] == pytest.approx(np.mean(np.abs(difference)))
    a, b = (strain_profile(p).strain for p in (LAB, other))
    n = max(a.size, b.size)
    a, b = (np.pad(p, (0, n - p.size)) for p in (a, b))
    assert found.profile[0] == pytest.approx(1e3 * np.abs(a - b).mean())


def test_several_epochs_are_a_loop() -> None:
    true = sample(4, "uniform", seed=1)
    predicted = np.stack([sample(4, "uniform", seed=2), true])
    found = sample_errors(predicted, true, CONFIG)
    for k in range(2):
        for name, values in sample_errors(predicted[k], true, CONFIG).measures.items():
            np.testing.assert_allclose(found.measures[name][k], values, atol=1e-12)


def test_outside_is_simulated_at_the_edge_and_counts_in_full() -> None:
    edge, outside = changed(Rp2=0.0), changed(Rp2=650.0)
    found = sample_errors([edge, outside], LAB, CONFIG)
    assert found.curve_mae[0] == found.curve_mae[1]
    assert found.parameter[1] == pytest.approx(100 * 700 / 6500 / 7)


def test_the_peak_moves_with_the_largest_strain() -> None:
    """Bragg's law: a strain larger by 1 % moves the most strained sublayer, and with it the peak, outwards."""
    more = changed(Dmax1=1.01 * LAB[0])
    expected = strained_peak(more).angle - strained_peak(LAB).angle
    assert peak_shift(LAB, more, DatasetConfig()) == pytest.approx(expected, rel=0.3)
    assert peak_shift(LAB, LAB, DatasetConfig()) == 0
    assert peak_shift(more, LAB, DatasetConfig()) == -peak_shift(LAB, more, DatasetConfig())


def test_the_notes_example_of_rp2_moves_nothing() -> None:
    """-48 A instead of -50 A: the note has 5 arcsec."""
    assert abs(peak_shift(LAB, changed(Rp2=-48.0), DatasetConfig())) < 0.1


def test_no_peak_no_shift() -> None:
    """So little strain that its peak is part of the substrate's."""
    weak = changed(Dmax1=0.0010, D01=0.0005, D02=0.0010, Rp1=300.0, L1=1000.0, L2=600.0)
    assert np.isnan(peak_shift(LAB, weak, DatasetConfig()))
    assert np.isnan(peak_shift(weak, LAB, DatasetConfig()))


def test_surprise_is_a_difference_of_ranks() -> None:
    error = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(surprise(error, error), 0)
    np.testing.assert_allclose(surprise(error, error[::-1]), [75, 25, -25, -75])


def test_examples_are_the_extremes() -> None:
    true = sample(30, "uniform", seed=3)
    predicted = SPACE.denormalise(np.clip(SPACE.normalise(true) + np.linspace(0.01, 0.1, 30)[:, None], 0, 1))
    errors = sample_errors(predicted[None], true, CONFIG)
    best, worst, bad, good = examples(errors, np.arange(100, 130), predicted, true, CONFIG)
    mae, error = errors.curve_mae[0], errors.parameter[0]
    assert best.sample - 100 == mae.argmin()
    assert worst.sample - 100 == mae.argmax()
    assert bad.sample - 100 == surprise(error, mae).argmax()
    assert good.sample - 100 == surprise(error, mae).argmin()
    i = worst.sample - 100
    np.testing.assert_array_equal(worst.predicted, predicted[i])
    np.testing.assert_allclose(worst.true_curve, simulate(true[i], scan=CONFIG.scan), rtol=1e-9)
    difference = np.log10(worst.predicted_curve / worst.true_curve)
    assert worst.errors.curve_mae == pytest.approx(np.abs(difference).mean())
