import numpy as np

from xrdlib.refinement._uncertainty import correlation_length, covariances, neighbour_correlation

RNG = np.random.default_rng(4)


def line(residual):
    """Fit of a straight line to residuals: derivatives and what is left."""
    slope = np.stack([np.ones(residual.size), np.linspace(-1, 1, residual.size)], axis=1)
    return slope, residual - slope @ np.linalg.lstsq(slope, residual, rcond=None)[0]


def test_of_independent_residuals_both_are_the_textbook_s():
    slope, left = line(0.1 * RNG.standard_normal(4000))
    robust, white = covariances(slope, left, np.eye(slope.shape[1]))
    expected = np.linalg.inv(slope.T @ slope) * 0.01
    np.testing.assert_allclose(np.diag(white), np.diag(expected), rtol=0.06)
    np.testing.assert_allclose(np.diag(robust), np.diag(expected), rtol=0.25)


def test_correlated_residuals_hold_the_truth_as_often_as_they_say():
    inside = {"robust": 0, "white": 0}
    for _ in range(300):
        noise = np.zeros(500)
        for i in range(1, 500):
            noise[i] = 0.7 * noise[i - 1] + RNG.standard_normal()
        slope, left = line(noise)
        found = np.linalg.lstsq(slope, noise, rcond=None)[0]
        for name, matrix in zip(inside, covariances(slope, left, np.eye(slope.shape[1])), strict=True):
            inside[name] += abs(found[0]) < 1.96 * np.sqrt(matrix[0, 0])
    assert inside["robust"] / 300 > 0.85
    assert inside["white"] / 300 < 0.70


def test_what_the_curve_does_not_feel_has_a_huge_deviation():
    slope, left = line(RNG.standard_normal(200))
    slope = np.column_stack([slope, slope[:, 1] * (1 + 1e-12)])
    _, white = covariances(slope, left, np.eye(slope.shape[1]))
    assert np.sqrt(white[1, 1]) > 1e3


def test_what_is_tied_moves_with_what_it_is_tied_to():
    slope, left = line(RNG.standard_normal(500))
    tied = np.column_stack([slope, slope[:, 0]])  # three variables, the third held equal to the first, a fourth held
    tied = np.column_stack([tied, slope[:, 1]])
    directions = np.array([[1.0, 0.0], [0.0, 3.0], [1.0, 0.0], [0.0, 0.0]])
    free = np.column_stack([2 * slope[:, 0], slope[:, 1]])
    for whole, part in zip(covariances(tied, left, directions), covariances(free, left, np.eye(2)), strict=True):
        np.testing.assert_allclose(whole[:2, :2], part, rtol=1e-10)
        np.testing.assert_allclose(whole[2, :3], whole[0, :3], rtol=1e-10)
        assert (whole[3] == 0).all()


def test_correlation_of_neighbours():
    assert neighbour_correlation(np.zeros(10)) == 0.0
    assert neighbour_correlation(RNG.standard_normal(5000)) < 0.05
    smooth = np.sin(np.linspace(0, 6, 400))
    assert neighbour_correlation(smooth) > 0.9
    assert correlation_length(smooth) > 20
