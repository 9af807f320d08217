"""Sampling: distributions against closed forms and rejection, strata against enumeration of the product."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import integrate, stats

from xrdlib.data._continuous import from_unit_cube
from xrdlib.data._grid import _even_counts
from xrdlib.data.sampling import BLOCK, METHODS, sample, sample_blocks, sample_grid
from xrdlib.data.space import SPACE, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

# small enough to enumerate the whole product; its ranges cut every constraint differently from the lab's
COARSE = ParameterSpace(
    minimum=(0.002, 0.001, 600.0, 100.0, 0.004, 400.0, -6000.0),
    maximum=(0.022, 0.026, 6000.0, 7000.0, 0.024, 4000.0, 0.0),
    grid_step=(0.005, 0.005, 900.0, 1150.0, 0.005, 900.0, 3000.0),
)
BLOCKS = {"strains": ["Dmax1", "D01", "D02"], "depths": ["L1", "Rp1", "L2"]}


def columns(*names):
    return [PARAMETERS.index(name) for name in names]


def inside(rows, space):
    """Ranges and constraints, written out independently of the library."""
    dmax1, d01, l1, rp1, d02, l2, _ = rows.T
    low, high = np.subtract(space.minimum, 1e-9), np.add(space.maximum, 1e-9)
    in_range = ((rows >= low) & (rows <= high)).all(axis=1)
    return in_range & (d01 <= dmax1 + 1e-9) & (d01 + d02 <= 0.03 + 1e-9) & (rp1 <= l1 + 1e-9) & (l2 <= l1 + 1e-9)


def by_rejection(n, space, seed):
    rng = np.random.default_rng(seed)
    rows = np.empty((0, 7))
    while len(rows) < n:
        box = rng.uniform(space.minimum, space.maximum, size=(200_000, 7))
        rows = np.concatenate([rows, box[inside(box, space)]])
    return rows[:n]


def marginal(name):
    """Distribution function of a parameter over the lab's space: widths left to the others, integrated."""
    width, low, high = {
        "D01": (lambda x: (0.031 - max(0.001, x)) * (0.029 - x), 0.0005, 0.029),
        "Dmax1": (lambda x: (0.0285**2 - (0.029 - min(x, 0.029)) ** 2) / 2, 0.001, 0.031),
        "D02": (
            lambda d: integrate.quad(lambda x: 0.031 - max(0.001, x), 0.0005, 0.03 - d)[0],
            0.001,
            0.0295,
        ),
        "L1": (lambda x: (min(x, 5050) - 50) * (min(x, 5000) - 500), 500, 7000),
        "Rp2": (lambda x: 1.0, -6500, 0),
    }[name]
    points = np.linspace(low, high, 2001)
    table = integrate.cumulative_simpson([width(x) for x in points], x=points, initial=0.0)
    return lambda x: np.interp(x, points, table / table[-1])


class TestContinuous:
    @pytest.mark.parametrize("name", ["Dmax1", "D01", "L1", "D02", "Rp2"])
    def test_marginals_have_their_closed_form(self, name):
        [column] = columns(name)
        uniform = sample(20_000, "uniform", seed=3)[:, column]
        assert stats.kstest(uniform, marginal(name)).pvalue > 1e-3
        # Sobol points are far more even than independent ones, whose statistic is about 0.0068 here
        sobol = sample(2**14, "sobol", seed=3)[:, column]
        assert stats.kstest(sobol, marginal(name)).statistic < 1.5e-3

    @pytest.mark.parametrize("space", [SPACE, COARSE], ids=["lab", "other"])
    @pytest.mark.parametrize("block", BLOCKS)
    def test_blocks_are_uniform_like_rejection(self, space, block):
        cells = []
        for rows in (sample(60_000, "uniform", seed=11, space=space), by_rejection(60_000, space, seed=12)):
            bins = space.bins(rows, 4)[:, columns(*BLOCKS[block])]
            cells.append(np.bincount(bins @ [16, 4, 1], minlength=64))
        table = np.array(cells)[:, np.sum(cells, axis=0) > 0]
        assert table.shape[1] > 20
        assert stats.chi2_contingency(table).pvalue > 1e-3

    def test_a_wrong_marginal_would_be_noticed(self):
        """D01 and L1 drawn uniformly over their ranges, with the rest made to fit, fail the test above."""
        rows = sample(60_000, "uniform", seed=11)
        for name in ("D01", "L1"):
            wrong = np.random.default_rng(1).uniform(*np.percentile(rows[:, columns(name)], [0, 100]), 20_000)
            assert stats.kstest(wrong, marginal(name)).pvalue < 1e-9

    def test_blocks_are_independent_of_each_other(self):
        rows = sample(40_000, "uniform", seed=5)
        correlation = stats.spearmanr(rows).statistic
        for one, other in (("strains", "depths"), ("depths", "strains")):
            across = correlation[np.ix_(columns(*BLOCKS[one]), columns(*BLOCKS[other], "Rp2"))]
            assert np.abs(across).max() < 5 / np.sqrt(40_000)

    @settings(max_examples=50)
    @given(
        hnp.arrays(np.float64, (4, 7), elements=st.floats(0, 1)),
        st.sampled_from([SPACE, COARSE]),
    )
    def test_every_point_of_the_unit_cube_lands_inside(self, u, space):
        rows = from_unit_cube(u, space)
        assert inside(rows, space).all()
        assert space.valid(rows).all()

    def test_the_whole_space_is_reached(self):
        corners = from_unit_cube(np.array(list(itertools.product([0.0, 1.0], repeat=7))), SPACE)
        np.testing.assert_allclose(corners.min(axis=0), SPACE.minimum, rtol=1e-9)
        # D01 and D02 cannot reach their maxima: D01 + D02 <= 0.03
        maximum = [0.031, 0.029, 7000, 5050, 0.0295, 5000, 0]
        np.testing.assert_allclose(corners.max(axis=0), maximum, rtol=1e-9)

    def test_quantiles_are_exact(self):
        rng = np.random.default_rng(2)
        u = rng.random((1000, 7))
        u[:10] = np.geomspace(1e-12, 1e-3, 10)[:, None]
        u[10:20] = 1 - u[:10]
        d01 = from_unit_cube(u, SPACE)[:, 1]

        def cumulative(x):
            below, above = np.minimum(x, 0.001), np.maximum(x, 0.001)
            first = 0.03 * (0.029 * below - below**2 / 2 - 0.029 * 0.0005 + 0.0005**2 / 2)
            cubic = np.polynomial.Polynomial([0.031 * 0.029, -0.06, 1.0]).integ()
            return first + cubic(above) - cubic(0.001)

        np.testing.assert_allclose(cumulative(d01) / cumulative(0.029), u[:, 1], atol=1e-12)

    @pytest.mark.parametrize("method", ["uniform", "sobol"])
    def test_the_first_points_do_not_depend_on_n(self, method):
        many = sample(5000, method, seed=8)
        for n in (1, 2, 77, 4096, 4097):
            np.testing.assert_array_equal(sample(n, method, seed=8), many[:n])

    @pytest.mark.parametrize("method", ["uniform", "sobol"])
    def test_in_blocks_as_at_once(self, method):
        """Bit by bit: studies lean on it. 2**17 points are two blocks, one more is a third."""
        n = 2**17 + 1
        if method == "uniform":
            u = np.random.default_rng(4).random((n, 7))
        else:
            engine = stats.qmc.Sobol(7, scramble=True, rng=np.random.default_rng(4))
            u = np.concatenate([engine.random(2**17), engine.random(1)])
        expected = from_unit_cube(u, SPACE)
        blocks = list(sample_blocks(n, method, seed=4))
        assert [len(block) for block in blocks] == [BLOCK, BLOCK, 1]
        np.testing.assert_array_equal(np.concatenate(blocks), expected)
        np.testing.assert_array_equal(sample(n, method, seed=4), expected)

    def test_an_empty_space_is_an_error(self):
        maximum = (0.031, 0.0305, 7000, 5050, 0.0310, 9000, 0)
        steps = SPACE.grid_step
        too_strained = ParameterSpace((0.001, 0.02, 500, 50, 0.015, 500, -6500), maximum, steps)
        with pytest.raises(ValueError, match="space: no D01, Dmax1, D02"):
            sample(10, "uniform", seed=1, space=too_strained)
        too_deep = ParameterSpace((0.001, 0.0005, 500, 50, 0.001, 8000, -6500), maximum, steps)
        with pytest.raises(ValueError, match="space: no L1, Rp1, L2"):
            sample(10, "sobol", seed=1, space=too_deep)
        with pytest.raises(ValueError, match="the grid has 0 points"):
            sample(10, "grid", seed=1, space=too_deep)


class TestGrid:
    def test_strata_of_the_lab_s_space(self):
        _, report = sample_grid(1000, seed=0)
        assert report.n_strata == 924
        assert report.combinations.sum() == 8_408_400
        assert (report.combinations.min(), report.combinations.max()) == (240, 32_000)

    @pytest.mark.parametrize(("n", "exhausted"), [(100_000, 0), (1_000_000, 84)])
    def test_strata_used_up(self, n, exhausted):
        rows, report = sample_grid(n, seed=4)
        assert report.n_exhausted == exhausted
        assert np.count_nonzero(report.combinations < n / 924) == exhausted
        assert SPACE.valid(rows).all()
        places = np.rint((rows - SPACE.minimum) / SPACE.grid_step).astype(np.int64)
        assert np.unique(np.ravel_multi_index(places.T, (13, 13, 14, 11, 13, 10, 14))).size == n
        # the strata with enough differ by the remainder only
        others = report.counts[report.counts < report.combinations]
        assert others.max() - others.min() <= 1

    def test_combinations_against_the_enumerated_product(self):
        product = np.array(list(itertools.product(*(COARSE.grid(name) for name in PARAMETERS))))
        product = product[inside(product, COARSE)]
        thirds = np.minimum((COARSE.normalise(product) * 3 + 1e-9).astype(int), 2)
        bins, combinations = np.unique(thirds, axis=0, return_counts=True)
        _, report = sample_grid(1, seed=0, space=COARSE)
        order = np.lexsort(report.bins.T[::-1])
        np.testing.assert_array_equal(report.bins[order], bins)
        np.testing.assert_array_equal(report.combinations[order], combinations)
        everything, _ = sample_grid(len(product), seed=0, space=COARSE)
        np.testing.assert_allclose(everything[np.lexsort(everything.T[::-1])], product)

    def test_report_counts_what_was_drawn(self):
        rows, report = sample_grid(10_000, seed=6)
        assert report.counts.sum() == 10_000
        assert set(report.counts) == {10, 11}
        drawn, counts = np.unique(SPACE.bins(rows), axis=0, return_counts=True)
        order = np.lexsort(report.bins.T[::-1])
        np.testing.assert_array_equal(drawn, report.bins[order])
        np.testing.assert_array_equal(counts, report.counts[order])

    def test_rows_are_grid_points(self):
        rows, _ = sample_grid(5000, seed=6)
        for column, name in enumerate(PARAMETERS):
            assert set(rows[:, column]) <= set(SPACE.grid(name))

    def test_combinations_of_a_stratum_are_equally_likely(self):
        _, report = sample_grid(1, seed=0, space=COARSE)
        n = 10 * report.n_strata
        rows = np.concatenate([sample_grid(n, seed=seed, space=COARSE)[0] for seed in range(100)])
        bins, combinations = report.bins, report.combinations
        largest = np.argmax(combinations)
        chosen = rows[(COARSE.bins(rows) == bins[largest]).all(axis=1)]
        _, counts = np.unique(chosen, axis=0, return_counts=True)
        assert counts.size == combinations[largest]
        # at most one of each combination per draw: variance below multinomial, so chi-square errs to large p
        assert stats.chisquare(counts).pvalue > 1e-3

    def test_short_strata_give_all_and_the_rest_is_even(self):
        total = int(sample_grid(1, seed=0, space=COARSE)[1].combinations.sum())
        for n in (total // 10, total // 3, total // 2, total - 1):
            rows, report = sample_grid(n, seed=n, space=COARSE)
            assert len(np.unique(rows, axis=0)) == n == report.counts.sum()
            short = report.counts == report.combinations
            open_counts = report.counts[~short]
            assert open_counts.max() - open_counts.min() <= 1
            assert report.counts[short].max(initial=0) <= open_counts.min() + 1
            assert report.n_exhausted == np.count_nonzero(report.combinations < report.counts.max())

    def test_the_remainder_goes_to_random_strata(self):
        _, report = sample_grid(1000, seed=0)
        assert np.count_nonzero(report.counts == 2) == 1000 - 924
        rng = np.random.default_rng(1)
        counts = np.array([_even_counts(1000, report.combinations, rng) for _ in range(300)])
        times = (counts == 2).sum(axis=0)  # each about 300 * 76 / 924 = 25
        assert times.min() > 0
        assert stats.chisquare(times).pvalue > 1e-3

    def test_the_order_is_shuffled(self):
        rows, _ = sample_grid(20_000, seed=2)
        for column in rows.T:
            assert abs(stats.spearmanr(np.arange(20_000), column).statistic) < 5 / np.sqrt(20_000)

    def test_in_blocks_as_at_once(self):
        rows, _ = sample_grid(BLOCK + 1, seed=3)
        blocks = list(sample_blocks(BLOCK + 1, "grid", seed=3))
        assert [len(block) for block in blocks] == [BLOCK, 1]
        np.testing.assert_array_equal(np.concatenate(blocks), rows)

    def test_using_up_strata_is_said(self):
        with pytest.warns(UserWarning, match=r"84 strata hold too few combinations .* \(1082\.3\)"):
            sample(1_000_000, "grid", seed=1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            sample(100_000, "grid", seed=1)

    def test_report_as_text_and_frame(self):
        _, report = sample_grid(10_000, seed=1)
        assert report.to_text() == "10000 grid samples from 924 strata, 10 to 11 of each"
        assert report.frame.shape == (924, 9)
        assert report.frame["samples"].sum() == 10_000

    def test_more_than_there_are_is_an_error(self):
        with pytest.raises(ValueError, match="n = 8408401: the grid has 8408400 points"):
            sample_grid(8_408_401, seed=1)


class TestEveryMethod:
    @settings(max_examples=25, deadline=None)
    @given(st.integers(1, 300), st.sampled_from(METHODS), st.integers(0, 2**64))
    def test_shape_constraints_and_determinism(self, n, method, seed):
        rows = sample(n, method, seed=seed)
        assert rows.shape == (n, 7)
        assert rows.dtype == np.float64
        assert inside(rows, SPACE).all()
        np.testing.assert_array_equal(rows, sample(n, method, seed=np.random.SeedSequence(seed)))

    @pytest.mark.parametrize("method", METHODS)
    def test_another_seed_gives_other_points(self, method):
        assert not np.array_equal(sample(50, method, seed=1), sample(50, method, seed=2))

    @pytest.mark.parametrize("method", METHODS)
    def test_a_seed_sequence_is_not_used_up(self, method):
        seed = np.random.SeedSequence(7).spawn(1)[0]
        np.testing.assert_array_equal(sample(20, method, seed=seed), sample(20, method, seed=seed))

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("n", [0, -3, 2.5, True, "10", None])
    def test_n_must_be_a_positive_whole_number(self, method, n):
        with pytest.raises(ValueError, match=f"n = {n!r}: a whole number"):
            sample(n, method, seed=1)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("seed", [-1, 1.5, None, True, "1", np.random.default_rng(1)])
    def test_seed_must_be_explicit(self, method, seed):
        with pytest.raises(ValueError, match="seed = "):
            sample(10, method, seed=seed)

    def test_unknown_methods_are_named(self):
        with pytest.raises(ValueError, match="method = 'latin': one of grid, uniform, sobol expected"):
            sample(10, "latin", seed=1)
