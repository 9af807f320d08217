"""How even samples are: by hand, and of the lab's stratified grid."""

import numpy as np
import pytest

from xrdlib.data.balance import bin_counts, peak_in_scan, strata_imbalance
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.sampling import sample, sample_grid
from xrdlib.data.space import SPACE
from xrdlib.simulation import YIG_FILM, Scan, strained_peak
from xrdlib.simulation.strain import PARAMETERS

ROWS = SPACE.denormalise(np.repeat([[0.1], [0.2], [0.5], [0.9], [0.91], [0.92]], 7, axis=1))


def test_bin_counts_by_hand():
    frame = bin_counts(ROWS)
    assert list(frame.columns) == ["LOW", "MED", "HIGH", "ratio"]
    assert list(frame.index) == list(PARAMETERS)
    assert (frame == [2, 1, 3, 3.0]).all(axis=None)
    assert bin_counts(ROWS, bins=4).loc["L1"].tolist() == [2, 0, 1, 3, np.inf]


def test_strata_imbalance_by_hand():
    assert strata_imbalance(ROWS) == (3, 1, 3, 3.0)
    assert strata_imbalance(ROWS, bins=1) == (1, 6, 6, 1.0)


def test_equal_strata_do_not_make_even_parameters():
    """The note's "4.26x imbalance" is none of these: equal strata leave D01 at 9x, L1 at 2.25x."""
    rows, _ = sample_grid(92_400, seed=1)
    assert strata_imbalance(rows).ratio == 1.0
    expected = {"Dmax1": 2, "D01": 9, "L1": 9 / 4, "Rp1": 4 / 3, "D02": 2, "L2": 4 / 3, "Rp2": 1}
    assert bin_counts(rows)["ratio"].to_dict() == pytest.approx(expected)


@pytest.mark.parametrize("film", [False, True])
def test_strained_peaks_in_the_scan_as_one_by_one(film):
    rows = sample(200, "uniform", seed=0)
    angles = [strained_peak(row, film=YIG_FILM if film else None).angle for row in rows]
    expected = [angle <= Scan().stop for angle in angles]
    assert 0.5 < np.mean(expected) < 0.9
    assert peak_in_scan(rows, DatasetConfig(film=film)).tolist() == expected


@pytest.mark.parametrize("function", [bin_counts, strata_imbalance])
def test_bad_arguments(function):
    with pytest.raises(ValueError, match="at least one row"):
        function(np.empty((0, 7)))
    with pytest.raises(ValueError, match="bins = 0: a whole number"):
        function(ROWS, bins=0)
    with pytest.raises(ValueError, match="parameters: "):
        function(np.ones((3, 6)))
