"""A region around an experiment, and datasets within it."""

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import LAB, SPACE, DatasetConfig, DatasetError, Region, build_dataset, sample

CENTRE = tuple(LAB.parameters.to_array())


@pytest.mark.parametrize("method", ["uniform", "sobol"])
@pytest.mark.parametrize("half_width", [0.5, 10.0, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0), 300.0])
def test_samples_obey_region_and_constraints(method, half_width):
    region = Region(CENTRE, half_width)
    points = sample(2000, method, seed=3, space=region.space)
    assert SPACE.valid(points).all()
    away = 100 * np.abs(points - CENTRE) / SPACE.range
    assert (away <= np.array(half_width) * (1 + 1e-9)).all()
    if half_width == 0.5:  # nothing cuts this box but the range of Rp2 at 0
        free = [i for i in range(7) if i not in (1, 6)]
        np.testing.assert_allclose(away[:, free].mean(axis=0), 0.25, rtol=0.1)


def test_a_region_wider_than_the_ranges_is_the_whole_space():
    whole = Region(CENTRE, 1000.0).space
    np.testing.assert_array_equal(sample(50, "uniform", seed=1, space=whole), sample(50, "uniform", seed=1))


def test_one_half_width_stands_for_seven():
    assert Region(CENTRE, 5) == Region(CENTRE, (5.0,) * 7)


def test_no_point_meets_the_constraints():
    below = (0.002, 0.02, 5200.0, 3500.0, 0.00255, 3000.0, -50.0)  # D01 far above Dmax1
    with pytest.raises(ValueError, match="no D01, Dmax1, D02 within the ranges meet the constraints"):
        sample(5, "uniform", seed=0, space=Region(below, 5.0).space)


@pytest.mark.parametrize(
    ("centre", "half_width", "text"),
    [
        (CENTRE[:6], 5.0, "seven finite numbers"),
        ((*CENTRE[:6], np.nan), 5.0, "seven finite numbers"),
        (CENTRE, 0.0, "positive percentage"),
        (CENTRE, (1.0, 2.0), "positive percentage"),
        (CENTRE, np.inf, "positive percentage"),
        ((*CENTRE[:2], 9000.0, *CENTRE[3:]), 5.0, "region: empty, L1 = 9000"),
    ],
)
def test_bad_regions(centre, half_width, text):
    with pytest.raises(ValueError, match=text):
        Region(centre, half_width)


class TestDatasets:
    CONFIG = DatasetConfig(size=30, sampling="uniform", region=Region(CENTRE, 4.0), chunk_size=10, scan_points=64)

    def test_built_and_opened_again(self, tmp_path):
        dataset = build_dataset(tmp_path / "d", self.CONFIG, workers=1, progress=False)
        assert dataset.config == self.CONFIG
        assert (100 * np.abs(dataset.parameters - CENTRE) / SPACE.range).max() <= 4.0 + 1e-9
        assert dataset.check() < 1e-4

    def test_another_region_is_another_dataset(self, tmp_path):
        build_dataset(tmp_path / "d", self.CONFIG, workers=1, progress=False)
        for other in (Region(CENTRE, 5.0), None):
            with pytest.raises(DatasetError, match="another configuration, region = "):
                build_dataset(tmp_path / "d", replace(self.CONFIG, region=other), workers=1, progress=False)

    def test_without_a_region_the_configuration_is_as_before(self):
        assert "region" not in DatasetConfig().to_dict()
        assert DatasetConfig.from_dict(self.CONFIG.to_dict()) == self.CONFIG

    def test_the_grid_has_no_regions(self):
        with pytest.raises(DatasetError, match="uniform or sobol, within a region"):
            DatasetConfig(region=Region(CENTRE, 5.0))

    def test_unknown_keys(self):
        values = self.CONFIG.to_dict()
        values["region"]["radius"] = 1.0
        with pytest.raises(DatasetError, match="unknown keys of the region radius"):
            DatasetConfig.from_dict(values)
