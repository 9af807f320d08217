"""Virtual experiments: what they record, with and without a measurement in between."""

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB, LAB_EXPERIMENT, Experiment
from xrdlib.simulation import GGG_444, GGG_444_LAB, YIG_FILM, Instrument, Scan, simulate

SCAN = Scan(n_points=301)
MEASURED = Experiment("measured", LAB_EXPERIMENT, Instrument(36.0, 0.2, background=2e-3, peak_counts=6e4), 0.94, 5)


def test_the_lab_s_experiment():
    values = [0.008094, 0.000943, 5200, 3500, 0.00255, 3000, -50]
    np.testing.assert_allclose(LAB.parameters.to_array(), values, rtol=1e-12)
    curve = simulate(values, scan=SCAN)
    np.testing.assert_allclose(LAB.curve(SCAN), curve / curve.max(), rtol=1e-12)
    assert LAB.curve(SCAN).max() == 1.0


def test_scale_background_and_peak():
    """The background is relative to the peak, the scale multiplies both."""
    plain, instrument = LAB.curve(SCAN), Instrument(background=0.01, scale=300.0)
    np.testing.assert_allclose(replace(LAB, instrument=instrument).curve(SCAN), 300 * (plain + 0.01), rtol=1e-12)


def test_counting_noise():
    """Variance = mean in counts; the scale does not change how many were counted."""
    for scale in (1.0, 50.0):
        instrument = replace(MEASURED.instrument, scale=scale)
        expected = replace(MEASURED, instrument=replace(instrument, peak_counts=None)).curve(SCAN)
        counts = np.stack([replace(MEASURED, instrument=instrument, seed=s).curve(SCAN) for s in range(30)]) * (
            6e4 / scale
        )
        np.testing.assert_allclose(counts, np.rint(counts), atol=1e-6)
        pull = (counts - expected * 6e4 / scale) / np.sqrt(expected * 6e4 / scale)
        assert abs(pull.mean()) < 4 / np.sqrt(pull.size)
        assert pull.var() == pytest.approx(1, abs=4 * np.sqrt(2 / pull.size))


def test_the_noise_depends_on_the_seed_only():
    np.testing.assert_array_equal(MEASURED.curve(SCAN), MEASURED.curve(SCAN))
    assert not np.array_equal(MEASURED.curve(SCAN), replace(MEASURED, seed=6).curve(SCAN))


def test_crystal_film_disorder_and_sublayers():
    curve = LAB.curve(SCAN)
    for other in (
        LAB.curve(SCAN, GGG_444_LAB),
        LAB.curve(SCAN, film=YIG_FILM),
        LAB.curve(SCAN, layer_thickness=300.0),
        replace(LAB, disorder=0.9).curve(SCAN),
    ):
        assert np.abs(np.log10(other / curve)).max() > 1e-3
    film = simulate(LAB_EXPERIMENT, scan=SCAN, crystal=GGG_444, film=YIG_FILM)
    np.testing.assert_allclose(LAB.curve(SCAN, film=YIG_FILM), film / film.max(), rtol=1e-12)


@pytest.mark.parametrize("experiment", [LAB, MEASURED, replace(LAB, instrument=Instrument(scale=3.0))])
def test_there_and_back(experiment):
    values = experiment.to_dict()
    assert None not in values["instrument"].values()
    assert Experiment.from_dict(values) == experiment
    np.testing.assert_array_equal(Experiment.from_dict(values).curve(SCAN), experiment.curve(SCAN))


def test_missing_and_unknown_keys():
    short = Experiment.from_dict({"name": "x", "parameters": LAB_EXPERIMENT.to_array().tolist()})
    assert short == replace(LAB, name="x")
    with pytest.raises(ValueError, match="experiment: unknown keys colour, shape"):
        Experiment.from_dict({**LAB.to_dict(), "shape": 1, "colour": 2})
    with pytest.raises(ValueError, match="seven"):
        Experiment.from_dict({"name": "x", "parameters": [1.0] * 6})
