"""Errors: known scale and background are found, and no better ones exist (brute force)."""

import numpy as np
import pytest
from scipy import optimize

from xrdlib.data import sample
from xrdlib.metrics import curve_difference, curve_error, parameter_error, profile_error
from xrdlib.simulation import Scan, simulate

N = 24


@pytest.fixture(scope="module")
def curves():
    """Two curves for each of N samples: the same on every machine."""
    rows = sample(2 * N, "uniform", seed=1)
    return simulate(rows, scan=Scan(n_points=351)).reshape(2, N, -1)


def brute_force(model, data, floor=1e-12):
    """RMSE (log10) at the best background: 1501 ratios, then scipy's bounded search; and without one."""
    data = np.where(data > 0, data, data[data > 0].min() / 2)
    log_data, model = np.log10(data), model / model.max()

    def rmse(exponent):
        return np.std(log_data - np.log10(np.maximum(model + 10**exponent, floor)))

    exponents = np.linspace(-12, 3, 1501)
    best = int(np.argmin([rmse(e) for e in exponents]))
    bounds = exponents[max(best - 1, 0)], exponents[min(best + 1, 1500)]
    found = optimize.minimize_scalar(rmse, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    return min(found.fun, rmse(-np.inf))


class TestCurveMisfit:
    def test_recovers_scale_and_background(self, curves):
        rng = np.random.default_rng(0)
        scale = np.exp(rng.uniform(-9, 9, N))
        background = scale * curves[0].max(axis=1) * 10 ** rng.uniform(-6, 0, N)
        found = curve_error(curves[0], scale[:, None] * curves[0] + background[:, None])
        np.testing.assert_allclose(found.scale, scale, rtol=1e-9)
        np.testing.assert_allclose(found.background, background, rtol=1e-9)
        assert found.rmse.max() < 1e-11
        assert found.mae.max() < 1e-11

    def test_without_background(self, curves):
        found = curve_error(curves[0], 7.0 * curves[0])
        np.testing.assert_allclose(found.scale, 7.0, rtol=1e-9)
        assert (found.background <= 1e-9 * 7.0 * curves[0].max(axis=1)).all()
        assert found.rmse.max() < 1e-9

    def test_a_background_below_zero_is_none(self, curves):
        """Observed lower than any scaled curve with a background: the best background is 0."""
        observed = np.maximum(curves[0] - 0.5 * curves[0].min(axis=1, keepdims=True), 0)
        found = curve_error(curves[0], observed)
        assert (found.background == 0).all()
        assert (found.rmse > 1e-4).all()

    @pytest.mark.parametrize("counts", [1e3, 1e5, 1e7])
    def test_against_brute_force(self, curves, counts):
        rng = np.random.default_rng(int(counts))
        for true, other in zip(*curves, strict=True):
            expected = true / true.max() + 10 ** rng.uniform(-6, -1)
            observed = 3 * rng.poisson(expected * counts) / counts
            for model in (true, other):
                found, best = curve_error(model, observed), brute_force(model, observed)
                assert best - 1e-12 <= found.rmse <= best * (1 + 1e-6)

    def test_what_the_numbers_mean(self, curves):
        """RMSE and MAE are those of the returned scale and background."""
        model, observed = curves[0], curves[1] + 1e-4
        found = curve_error(model, observed)
        fitted = found.scale[:, None] * model + found.background[:, None]
        difference = np.log10(observed) - np.log10(fitted)
        np.testing.assert_allclose(found.rmse, np.sqrt(np.mean(difference**2, axis=1)), rtol=1e-9)
        np.testing.assert_allclose(found.mae, np.mean(np.abs(difference), axis=1), rtol=1e-9)
        assert (found.rmse > 0.01).all()

    def test_noise_free_limit(self, curves):
        """Counting noise leaves a misfit that falls with the square root of the counts, to 0."""
        rng = np.random.default_rng(4)
        observed = curves[0] / curves[0].max(axis=1, keepdims=True) + 1e-3
        rmse = [curve_error(curves[0], rng.poisson(observed * n) / n).rmse.mean() for n in (1e6, 1e8, 1e10)]
        assert rmse[0] / rmse[1] == pytest.approx(10, rel=0.2)
        assert rmse[1] / rmse[2] == pytest.approx(10, rel=0.2)
        assert curve_error(curves[0], observed).rmse.max() < 1e-11

    def test_units_do_not_matter(self, curves):
        one, other = curve_error(curves[0], curves[1]), curve_error(1e6 * curves[0], 1e-9 * curves[1])
        np.testing.assert_allclose(other.rmse, one.rmse, rtol=1e-9)
        np.testing.assert_allclose(other.scale, 1e-15 * one.scale, rtol=1e-6)

    def test_batch_is_a_loop(self, curves):
        together = curve_error(curves, curves[1, 0] + 1e-4)
        assert together.rmse.shape == (2, N)
        for index in ((0, 0), (1, 5), (0, 11)):
            alone = curve_error(curves[index], curves[1, 0] + 1e-4)
            assert alone.rmse.shape == ()
            for a, b in zip(alone, together, strict=True):
                np.testing.assert_allclose(a, b[index], rtol=1e-12)
        pairs = curve_error(curves[0], curves[1])
        one_model = curve_error(curves[0, 3], curves[1])
        np.testing.assert_allclose(one_model.rmse[3], pairs.rmse[3], rtol=1e-12)
        assert one_model.scale.shape == one_model.background.shape == (N,)

    def test_zeros_count_as_half_a_count(self, curves):
        """Of few counts some points are 0: the true curve must not look wrong for that."""
        expected = 1e4 * curves[0, 0] / curves[0, 0].max() + 1.0
        counts = np.random.default_rng(0).poisson(expected)
        assert (counts == 0).any()
        half = np.where(counts > 0, counts, 0.5)
        assert curve_error(expected, counts).rmse == pytest.approx(curve_error(expected, half).rmse)
        assert curve_error(expected, counts).rmse < 0.4

    def test_arguments_are_left_alone(self, curves):
        model, data = curves[0].copy(), curves[1].copy()
        curve_error(model, data)
        np.testing.assert_array_equal(model, curves[0])
        np.testing.assert_array_equal(data, curves[1])

    @pytest.mark.parametrize(
        ("simulated", "observed", "text"),
        [
            (np.ones(5), np.ones(6), "simulated has 5 points, observed 6; the same scan"),
            ([1.0, np.nan], [1.0, 1.0], "simulated: intensities must be finite"),
            ([1.0, 1.0], [1.0, -1e-9], "observed: intensities must be finite and not negative"),
            ([1.0, 1.0], [np.inf, 1.0], "observed: intensities"),
            ([0.0, 0.0], [1.0, 1.0], "simulated: a curve is 0 everywhere"),
            ([1.0, 1.0], [[1.0, 1.0], [0.0, 0.0]], "observed: a curve is 0 everywhere"),
        ],
    )
    def test_errors(self, simulated, observed, text):
        with pytest.raises(ValueError, match=text):
            curve_error(simulated, observed)


class TestParameterError:
    def test_by_hand(self):
        span = np.array([0.03, 0.03, 6500, 5000, 0.03, 4500, 6500])
        true = np.array([0.01, 0.01, 2000, 1000, 0.01, 1000, 0.0])
        predicted = true + np.array([0.003, -0.003, 650, 0, 0.03, -4500, -65])
        np.testing.assert_allclose(parameter_error(predicted, true, span), [10, 10, 10, 0, 100, 100, 1], atol=1e-12)

    def test_shapes(self):
        assert parameter_error(np.zeros((4, 3, 7)), np.ones(7), np.full(7, 2.0)).shape == (4, 3, 7)
        assert (parameter_error(np.zeros((4, 7)), np.ones(7), np.full(7, 2.0)) == 50).all()


class TestCurveDifference:
    def test_by_hand(self):
        true = np.array([1.0, 10.0, 100.0, 1000.0])
        found = curve_difference([[10.0, 10.0, 100.0, 100.0], true], true)
        np.testing.assert_allclose(found.rmse, [np.sqrt(0.5), 0], atol=1e-12)
        np.testing.assert_allclose(found.mae, [0.5, 0], atol=1e-12)
        np.testing.assert_allclose(found.r2, [1 - 0.5 / 1.25, 1])

    def test_nothing_is_fitted(self, curves):
        """A curve ten times as high is one decade off, although `curve_error` finds no misfit."""
        found = curve_difference(10 * curves[0], curves[0])
        np.testing.assert_allclose(found.rmse, 1)
        np.testing.assert_allclose(found.mae, 1)
        assert curve_error(10 * curves[0], curves[0]).rmse.max() < 1e-9

    def test_r2_of_the_mean_is_0(self, curves):
        mean = 10 ** np.log10(curves[0]).mean(axis=1, keepdims=True)
        np.testing.assert_allclose(curve_difference(mean + 0 * curves[0], curves[0]).r2, 0, atol=1e-9)

    def test_flat_curves_have_no_r2(self):
        assert np.isnan(curve_difference([1.0, 2.0], [3.0, 3.0]).r2)

    def test_epochs_broadcast(self, curves):
        found = curve_difference(np.stack([curves[0], curves[1]]), curves[0])
        assert found.rmse.shape == (2, N)
        np.testing.assert_array_equal(found.rmse[0], 0)
        np.testing.assert_allclose(found.rmse[1], curve_difference(curves[1], curves[0]).rmse)

    @pytest.mark.parametrize(
        ("predicted", "true", "text"),
        [
            (np.ones(5), np.ones(6), "predicted has 5 points, true 6"),
            ([1.0, np.nan], [1.0, 1.0], "predicted: intensities must be finite"),
            ([1.0, 1.0], [1.0, -1.0], "true: intensities must be finite and not negative"),
            ([0.0, 0.0], [1.0, 1.0], "predicted: .* not 0 everywhere"),
        ],
    )
    def test_errors(self, predicted, true, text):
        with pytest.raises(ValueError, match=text):
            curve_difference(predicted, true)


class TestProfileError:
    def test_by_hand(self):
        """Two sublayers against four: the mean is over four."""
        assert profile_error([0.002, 0.002], [0.002, 0.001, 0.001, 0.002]) == pytest.approx(1.0)

    def test_zeros_below_both_ends_do_not_count(self):
        short, padded = [0.003, 0.001], [0.003, 0.001, 0.0, 0.0, 0.0, 0.0]
        other = [0.001, 0.001, 0.0]
        assert profile_error(padded, other) == profile_error(short, other) == pytest.approx(1.0)

    def test_symmetric_and_0_for_equal_ones(self):
        rng = np.random.default_rng(0)
        a, b = rng.uniform(0.001, 0.01, (2, 5, 8))
        np.testing.assert_allclose(profile_error(a, b), profile_error(b, a))
        np.testing.assert_array_equal(profile_error(a, a), 0)
        np.testing.assert_allclose(profile_error(a[None], b), profile_error(a, b)[None])

    def test_no_strain_at_all(self):
        assert profile_error(np.zeros((2, 0)), np.zeros((2, 3))).tolist() == [0, 0]
