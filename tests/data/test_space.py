"""Parameter space: the table of the design, constraints and their texts, bins and grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrdlib.data.space import (
    CONSTRAINTS,
    LAB_EXPERIMENT,
    PARAMETER_UNITS,
    SPACE,
    ParameterError,
    ParameterSpace,
    format_parameter,
)
from xrdlib.simulation.strain import PARAMETERS

INSIDE = np.array([0.01, 0.005, 4000.0, 2000.0, 0.01, 3000.0, -1000.0])


def changed(**values):
    row = INSIDE.copy()
    for name, value in values.items():
        row[PARAMETERS.index(name)] = value
    return row


def rows_around_the_space():
    """Rows in and around the space, often exactly on its edges."""
    columns = []
    for low, high in zip(SPACE.minimum, SPACE.maximum, strict=True):
        margin = 0.2 * (high - low)
        columns.append(st.one_of(st.sampled_from([low, high]), st.floats(low - margin, high + margin)))
    return st.tuples(*columns).map(np.array)


class TestRanges:
    def test_grid_has_the_lab_s_points(self):
        assert [SPACE.grid(name).size for name in PARAMETERS] == [13, 13, 14, 11, 13, 10, 14]
        for name, low, high in zip(PARAMETERS, SPACE.minimum, SPACE.maximum, strict=True):
            assert SPACE.grid(name)[0] == low
            assert SPACE.grid(name)[-1] == pytest.approx(high, rel=1e-12)
            assert (SPACE.grid(name) <= high).all()

    def test_grid_ends_below_a_maximum_that_is_no_grid_point(self):
        space = ParameterSpace(SPACE.minimum, SPACE.maximum, (0.004, 0.004, 4000, 500, 0.004, 500, 500))
        np.testing.assert_allclose(space.grid("L1"), [500, 4500])

    def test_rounding_loses_no_grid_point(self):
        assert 0.3 / 0.1 < 3
        space = ParameterSpace((0, *SPACE.minimum[1:]), (0.3, *SPACE.maximum[1:]), (0.1, *SPACE.grid_step[1:]))
        np.testing.assert_allclose(space.grid("Dmax1"), [0, 0.1, 0.2, 0.3])

    def test_corners_normalise_to_zero_and_one(self):
        np.testing.assert_array_equal(SPACE.normalise(SPACE.minimum), np.zeros(7))
        np.testing.assert_array_equal(SPACE.normalise(SPACE.maximum), np.ones(7))

    def test_normalise_keeps_the_shape_and_nan(self):
        trace = np.broadcast_to(INSIDE, (2, 3, 7)).copy()
        trace[1, 2, 4] = np.nan
        fractions = SPACE.normalise(trace)
        assert fractions.shape == (2, 3, 7)
        assert np.argwhere(np.isnan(fractions)).tolist() == [[1, 2, 4]]
        assert SPACE.normalise(LAB_EXPERIMENT).shape == (7,)

    @given(rows_around_the_space())
    def test_denormalise_is_the_inverse(self, row):
        back = SPACE.denormalise(SPACE.normalise(row))
        np.testing.assert_allclose(back, row, atol=1e-12 * np.abs(SPACE.minimum).max())
        np.testing.assert_array_less(np.abs(back - row) / SPACE.range, 1e-12)

    @pytest.mark.parametrize("values", [5.0, [1, 2, 3], np.ones((7, 2)), ["a"] * 7])
    def test_anything_but_seven_is_refused(self, values):
        with pytest.raises(ValueError, match="parameters: "):
            SPACE.normalise(values)
        with pytest.raises(ValueError, match="fractions: "):
            SPACE.denormalise(values)

    @pytest.mark.parametrize(
        ("field", "values", "message"),
        [
            ("minimum", (1.0, 2.0), "minimum: seven numbers expected"),
            ("minimum", None, "minimum: numbers expected, None given"),
            ("maximum", SPACE.minimum, "Dmax1: minimum 0.001 must be below maximum 0.001"),
            ("maximum", (*SPACE.maximum[:6], np.inf), "Rp2: .*finite"),
            ("minimum", (*SPACE.minimum[:6], np.nan), "Rp2: .*finite"),
            ("grid_step", (*SPACE.grid_step[:6], 0.0), "Rp2: grid_step = 0"),
        ],
    )
    def test_impossible_spaces_are_refused(self, field, values, message):
        fields = {"minimum": SPACE.minimum, "maximum": SPACE.maximum, "grid_step": SPACE.grid_step}
        with pytest.raises(ValueError, match=message):
            ParameterSpace(**{**fields, field: values})

    def test_lists_and_arrays_make_an_equal_space(self):
        other = ParameterSpace(list(SPACE.minimum), np.array(SPACE.maximum), SPACE.grid_step)
        assert other == SPACE
        assert hash(other) == hash(SPACE)


class TestConstraints:
    def test_lab_experiment_is_inside_and_in_angstrom(self):
        assert SPACE.valid(LAB_EXPERIMENT).tolist() == [True]
        expected = [0.008094, 0.000943, 5200, 3500, 0.00255, 3000, -50]
        np.testing.assert_allclose(LAB_EXPERIMENT.to_array(), expected, rtol=1e-12)

    @pytest.mark.parametrize(
        ("values", "text"),
        [
            ({"L1": 7000, "L2": 6100}, "L2 = 6100 A is above its maximum 5000 A by 1100 A"),
            ({"Rp2": -7000}, "Rp2 = -7000 A is below its minimum -6500 A by 500 A"),
            ({"D02": 0.0005}, "D02 = 0.0005 is below its minimum 0.001 by 0.0005"),
            ({"Dmax1": 0.004}, "D01 = 0.005 exceeds Dmax1 = 0.004 by 0.001"),
            ({"Dmax1": 0.03, "D01": 0.0212}, "D01 + D02 = 0.0312 exceeds 0.03 by 0.0012"),
            ({"Rp1": 4321}, "Rp1 = 4321 A exceeds L1 = 4000 A by 321 A"),
            ({"L2": 4321}, "L2 = 4321 A exceeds L1 = 4000 A by 321 A"),
        ],
    )
    def test_each_violation_is_named_with_its_amount(self, values, text):
        row = changed(**values)
        assert SPACE.violations(row) == [text]
        with pytest.raises(ParameterError) as caught:
            SPACE.check(row)
        assert text in str(caught.value)
        assert "--allow-outside" in str(caught.value)

    def test_all_violations_come_in_one_line(self):
        with pytest.raises(ParameterError) as caught:
            SPACE.check([0.01, 0.02, 100, 200, 0.0112, 6100, -50])
        message = str(caught.value)
        assert "\n" not in message
        assert message.count(";") == 5
        assert "of 1 rows" not in message

    def test_check_of_many_rows_names_the_first_bad_one(self):
        with pytest.raises(ParameterError, match=r"2 of 4 rows are outside; row 1: Rp1 = 5000 A exceeds"):
            SPACE.check([INSIDE, changed(Rp1=5000), INSIDE, changed(L2=4500)])

    def test_check_returns_rows_and_can_be_told_to_go_on(self):
        np.testing.assert_array_equal(SPACE.check(INSIDE), INSIDE[None])
        np.testing.assert_array_equal(SPACE.check(changed(L2=6100), allow_outside=True), changed(L2=6100)[None])

    @pytest.mark.parametrize("values", [INSIDE[:6], np.ones(8), changed(L1=np.nan), changed(D01=np.inf)])
    def test_check_refuses_what_is_no_row_even_when_told_to_go_on(self, values):
        with pytest.raises(ValueError, match="parameters: "):
            SPACE.check(values, allow_outside=True)

    def test_violations_of_one_row_only(self):
        with pytest.raises(ValueError, match="one row of seven numbers expected, 2 given"):
            SPACE.violations([INSIDE, INSIDE])

    def test_no_rows_are_all_valid(self):
        assert SPACE.valid(np.empty((0, 7))).shape == (0,)

    @given(rows_around_the_space())
    def test_valid_exactly_where_no_violation_is_named(self, row):
        dmax1, d01, l1, rp1, d02, l2, _ = row
        ranges = np.all(row >= SPACE.minimum) and np.all(row <= SPACE.maximum)
        expected = bool(ranges and d01 <= dmax1 and d01 + d02 <= 0.03 and rp1 <= l1 and l2 <= l1)
        valid = bool(SPACE.valid(row)[0])
        assert valid == (SPACE.violations(row) == [])
        if valid != expected:  # only by rounding
            edges = [*(row - SPACE.minimum), *(SPACE.maximum - row)] / np.tile(SPACE.range, 2)
            gaps = [(dmax1 - d01) / 0.03, (0.03 - d01 - d02) / 0.03, (l1 - rp1) / 6500, (l1 - l2) / 6500]
            assert valid
            assert -1.01e-6 < min(*edges, *gaps) < 0

    @pytest.mark.parametrize("excess", [0.5e-6, 2e-6])
    def test_only_rounding_is_forgiven(self, excess):
        forgiven = excess < 1e-6
        assert bool(SPACE.valid(changed(Rp1=4000 + excess * 6500))[0]) == forgiven
        assert bool(SPACE.valid(changed(Rp2=excess * 6500))[0]) == forgiven
        assert bool(SPACE.valid(changed(Dmax1=0.005 - excess * 0.03))[0]) == forgiven

    def test_edges_survive_float32(self):
        edge = np.array([0.031, 0.0005, 5050.0, 5050.0, 0.0295, 5000.0, -6500.0])
        assert SPACE.valid([edge, edge.astype(np.float32)]).all()

    def test_coefficients_agree_with_excess(self):
        rows = np.random.default_rng(1).normal(size=(5, 7))
        for constraint in CONSTRAINTS:
            factors = np.array([constraint.coefficient(name) for name in PARAMETERS])
            np.testing.assert_allclose(constraint.excess(rows), rows @ factors - constraint.bound)


class TestBins:
    def test_thirds_of_the_range(self):
        fractions = np.array([0.0, 0.32, 0.34, 0.66, 0.67, 0.99, 1.0])
        rows = SPACE.denormalise(np.repeat(fractions[:, None], 7, axis=1))
        np.testing.assert_array_equal(SPACE.bins(rows)[:, 3], [0, 0, 1, 1, 2, 2, 2])

    def test_a_grid_value_on_an_edge_belongs_to_the_upper_bin(self):
        on_edge = {
            "Dmax1": [0.011, 0.021],
            "D01": [0.0105, 0.0205],
            "D02": [0.011, 0.021],
            "L2": [2000, 3500],
        }
        for name, values in on_edge.items():
            column = PARAMETERS.index(name)
            nearest = [SPACE.grid(name)[np.argmin(np.abs(SPACE.grid(name) - v))] for v in values]
            rows = np.tile(INSIDE, (2, 1))
            rows[:, column] = nearest
            assert SPACE.bins(rows)[:, column].tolist() == [1, 2]

    def test_rounding_moves_no_value_to_the_lower_bin(self):
        assert 0.29 * 100 < 29
        space = ParameterSpace((0, *SPACE.minimum[1:]), (1, *SPACE.maximum[1:]), SPACE.grid_step)
        assert space.bins(changed(Dmax1=0.29), 100)[0, 0] == 29

    def test_outside_goes_to_the_nearest_bin(self):
        assert SPACE.bins(changed(Rp2=-9000))[0, 6] == 0
        assert SPACE.bins(changed(Rp2=900), 10)[0, 6] == 9

    def test_no_bins_are_refused(self):
        with pytest.raises(ValueError, match="n_bins = 0"):
            SPACE.bins(INSIDE, 0)


class TestFormat:
    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [
            ("L1", 5200.0, "5200 A"),
            ("L1", 12345.67, "12345.7 A"),
            ("Rp2", -50.0, "-50 A"),
            ("Rp2", -0.0, "0 A"),
            ("Rp1", 3499.9999999999995, "3500 A"),
            ("Dmax1", 0.008094, "8.094e-3"),
            ("D02", 0.031, "3.100e-2"),
        ],
    )
    def test_lengths_and_strains(self, name, value, text):
        assert format_parameter(name, value) == text

    def test_units_are_angstrom_for_lengths_only(self):
        assert [name for name, unit in PARAMETER_UNITS.items() if unit == "A"] == ["L1", "Rp1", "L2", "Rp2"]

    @pytest.mark.parametrize("call", [SPACE.grid, lambda name: format_parameter(name, 1.0)])
    def test_unknown_names_are_refused(self, call):
        with pytest.raises(ValueError, match="name = 'Dmax2': one of Dmax1 D01"):
            call("Dmax2")
