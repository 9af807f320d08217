"""The turn after which a trace rises: planted ones are found, noise and falling traces do not fire."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.diagnostics import change_point
from xrdlib.diagnostics.epochs._trace_noise import draw_noise, places_of, smoother
from xrdlib.diagnostics.epochs._turn import trends, turn_of
from xrdlib.diagnostics.epochs.change_point import MIN_POINTS, rising

N = 80


def noise(n_traces: int, *, correlation: float = 0.0, fading: bool = False, n: int = N, seed: int = 0) -> np.ndarray:
    """AR(1) noise of unit variance, or ``fading`` from 1.5 to 0.3 as with a falling learning rate."""
    normal = np.random.default_rng(seed).normal(size=(n_traces, n + 50))
    out = normal.copy()
    for t in range(1, n + 50):
        out[:, t] = correlation * out[:, t - 1] + np.sqrt(1 - correlation**2) * normal[:, t]
    return out[:, 50:] * (np.linspace(1.5, 0.3, n) if fading else 1.0)


def planted(at: int, fall: float = 6.0, rise: float = 6.0, n: int = N) -> np.ndarray:
    """Falls until ``at`` and rises after it."""
    t = np.arange(n)
    return -fall * np.minimum(t - at, 0) / at + rise * np.maximum(t - at, 0) / (n - 1 - at)


@pytest.mark.parametrize("at", [20, 40, 60])
def test_a_break_without_noise_is_found_exactly(at: int) -> None:
    found = change_point(planted(at))
    assert found.index == at
    assert found.slope_before == pytest.approx(-6 / at)
    assert found.slope_after == pytest.approx(6 / (N - 1 - at))
    np.testing.assert_allclose(found.line, planted(at), atol=1e-9)
    assert found.significant()


@pytest.mark.parametrize("at", [25, 50])
def test_a_break_in_noise_is_found_within_two_epochs(at: int) -> None:
    traces = planted(at, 12, 12) + noise(100, seed=at)
    p_value, breaks = rising(traces)
    assert (p_value < 0.05).all()
    assert np.mean(np.abs(breaks - at) <= 2) > 0.95


def bent(at: int, decay: float = 8.0) -> np.ndarray:
    """Falls exponentially, is level, and rises in a straight line from ``at`` on."""
    t = np.arange(N)
    return 10 * np.exp(-t / decay) + 3 * np.maximum(t - at, 0) / (N - 1 - at)


def bowl(at: int) -> np.ndarray:
    """A smooth U."""
    return 4 * ((np.arange(N) - at) / 40) ** 2


def levelling(at: int) -> np.ndarray:
    """Falls exponentially and rises at once, to a new level."""
    t = np.arange(N)
    return 10 * np.exp(-t / 8) + 3 * (1 - np.exp(-np.maximum(t - at, 0) / 8))


@pytest.mark.parametrize(
    "trend",
    [bent(30), bent(50), bent(60), bent(50, 15.0), bowl(30), bowl(45), levelling(30), levelling(60), planted(25)],
)
def test_turns_of_other_shapes_are_found_and_lie_in_their_intervals(trend: np.ndarray) -> None:
    turn = int(trend.argmin())
    found = [change_point(trend + one, n_draws=99) for one in noise(30, correlation=0.3, seed=4) * 0.4]
    assert np.mean([f.p_value < 0.05 for f in found]) > 0.5
    assert np.median([abs(f.index - turn) for f in found]) <= 5
    assert np.mean([f.low <= turn <= f.high for f in found]) >= 0.85


def test_a_trend_falls_first_and_rises_then() -> None:
    walks = np.cumsum(np.random.default_rng(0).normal(size=(200, N)), axis=1)
    trend = trends(walks, places_of(N))
    for line, turn in zip(trend, turn_of(trend), strict=True):
        assert np.diff(line[: turn + 1]).max(initial=0) <= 1e-9
        assert np.diff(line[turn:]).min(initial=0) >= -1e-9


def test_an_early_fall_within_two_points_is_seen() -> None:
    """Stored epochs of a curve that is read best at the second of them."""
    epochs = np.r_[1, 3, 4, np.arange(8, 81, 4)]
    trace = np.r_[0.46, 0.56 - 0.26 * np.exp(-(epochs[1:] - 3) / 9)]
    found = change_point(trace + 0.01 * noise(1, n=epochs.size)[0], epochs)
    assert found.significant()
    assert epochs[found.index] == 3


def test_noise_between_uneven_epochs_is_correlated_as_far_as_they_are_apart() -> None:
    at = places_of(6, [1, 2, 3, 10, 20, 30])  # the median step is 7
    drawn = draw_noise(np.ones(6), 0.5, np.random.default_rng(0).normal(size=(20000, 6)), at)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(0.5 ** (1 / 7), abs=0.02)
    assert np.corrcoef(drawn[:, 2], drawn[:, 3])[0, 1] == pytest.approx(0.5, abs=0.02)


def test_smoothing_leaves_a_line_through_uneven_epochs() -> None:
    epochs = np.r_[1, 2, 3, 4, np.arange(8, 81, 4)]
    np.testing.assert_allclose(smoother(places_of(epochs.size, epochs)) @ (3.0 - 0.5 * epochs), 3.0 - 0.5 * epochs)


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_noise_at_stored_epochs_fires_no_more_often_than_it_should(correlation: float) -> None:
    epochs = np.r_[1, 2, 3, 4, np.arange(8, 81, 4)]
    p_value, _ = rising(noise(400, correlation=correlation)[:, epochs - 1], epochs)
    assert np.sum(p_value < 0.05) <= 33


def test_intervals_of_the_break_hold_it() -> None:
    traces = planted(35) + noise(40, seed=1)
    found = [change_point(trace, n_draws=99) for trace in traces]
    assert np.mean([f.low <= 35 <= f.high for f in found]) >= 0.85
    assert np.mean([f.high - f.low for f in found]) < 20


@pytest.mark.parametrize("n", [24, 60, 80])
@pytest.mark.parametrize("correlation", [0.0, 0.3])
@pytest.mark.parametrize("fading", [False, True])
def test_noise_alone_fires_no_more_often_than_it_should(n: int, correlation: float, fading: bool) -> None:
    p_value, _ = rising(noise(400, correlation=correlation, fading=fading, n=n))
    # 5 % of 400 are 20, and three standard errors of that 13
    assert np.sum(p_value < 0.05) <= 33


@pytest.mark.parametrize("trend", [lambda t: -5 * t, lambda t: 10 * np.exp(-6 * t), lambda t: 12 / (1 + 10 * t)])
@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_a_falling_trace_does_not_fire(trend: object, correlation: float) -> None:
    falling = trend(np.linspace(0, 1, N))  # type: ignore[operator]
    p_value, _ = rising(falling + noise(200, correlation=correlation, fading=True, seed=2))
    assert np.mean(p_value < 0.05) <= 0.05


def test_a_trace_that_rises_from_the_first_epoch_breaks_there() -> None:
    found = change_point(np.linspace(0, 10, N) + noise(1)[0])
    assert found.index is not None
    assert found.index < 10
    assert found.significant()


def test_a_line_that_falls_has_no_break() -> None:
    found = change_point(np.linspace(10, 0, N))
    assert found.index is None
    assert not found.significant()
    assert found.p_value == 1


def test_uneven_epochs_count_as_far_apart_as_they_are() -> None:
    epochs = np.array([1, 2, 3, 4, 6, 9, 12, 20, 24, 28, 40, 44, 60, 61, 70, 80])
    found = change_point(np.abs(epochs - 24.0), epochs)
    assert found.index == 8
    assert (found.slope_before, found.slope_after) == pytest.approx((-1, 1))


@pytest.mark.parametrize("trace", [np.full(N, 3.0), np.arange(MIN_POINTS - 1.0), np.array([1.0]), np.array([])])
def test_constant_and_short_traces_are_not_defined(trace: np.ndarray) -> None:
    found = change_point(trace)
    assert np.isnan(found.p_value)
    assert found.index is None
    assert not found.significant()


def test_the_answer_does_not_depend_on_the_unit() -> None:
    trace = planted(30) + noise(1, seed=3)[0]
    one, other = change_point(trace), change_point(1e-4 * trace + 7)
    assert (one.index, one.low, one.high, one.p_value) == (other.index, other.low, other.high, other.p_value)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"trace: shape \(2, 30\)"):
        change_point(np.zeros((2, 30)))
    with pytest.raises(ValueError, match=r"finite numbers"):
        change_point(np.r_[np.nan, np.zeros(30)])
    with pytest.raises(ValueError, match=r"n_draws = 5: 19 or more"):
        change_point(planted(40), n_draws=5)
    with pytest.raises(ValueError, match=r"at: shape \(80,\); 80 ascending numbers"):
        change_point(planted(40), np.zeros(N))
