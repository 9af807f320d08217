"""Figures of a fit: curves, misfit, band and correlations are those of the fit."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from xrdlib.data import LAB_EXPERIMENT, MeasuredCurve
from xrdlib.plots import COLUMN, PAGE, plot_fit, plot_fit_correlation
from xrdlib.refinement import NUISANCES, Refinement, refine
from xrdlib.simulation import PARAMETERS, Instrument, Scan, simulate, strain_profile

VARIABLES = (*PARAMETERS, *NUISANCES)


@pytest.fixture(scope="module")
def fit() -> Refinement:
    """A fit of a counted curve of 160 points that has one zero."""
    scan = Scan(-280.0, 9.0, 160)
    counts = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(36.0, 0.2, scale=6e5, background=40.0))
    counts = np.random.default_rng(0).poisson(counts).astype(float)
    counts[3] = 0.0
    start = LAB_EXPERIMENT.to_array() * 1.03
    return refine(MeasuredCurve(scan.angle, counts, {"file": "a $b$.txt"}), starts=start[None], max_evaluations=4)


@pytest.fixture
def planted(fit: Refinement) -> Refinement:
    """The same with a known covariance: Dmax1 and L1 correlated by -0.8, Rp2 and what is not named without any."""
    sigma = {"Dmax1": 1e-4, "L1": 100.0, "Rp1": 50.0, "fwhm": 0.5, "background": 2.0}
    at = [VARIABLES.index(name) for name in sigma]
    correlation = np.eye(len(sigma))
    correlation[0, 1] = correlation[1, 0] = -0.8
    correlation[3, 4] = correlation[4, 3] = 0.25
    covariance = np.full((14, 14), np.nan)
    covariance[np.ix_(at, at)] = correlation * np.outer(list(sigma.values()), list(sigma.values()))
    return replace(fit, covariance=covariance)


def lines(ax) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {str(line.get_label()): line.get_data() for line in ax.lines}


def panels(figure: Figure) -> list:
    """Curve, misfit and profile."""
    return [next(ax for ax in figure.axes if ax.get_ylabel().startswith(start)) for start in ("Int", "log", "Str")]


@pytest.mark.parametrize("width", [COLUMN, PAGE])
def test_curve_start_and_fit_are_drawn(fit: Refinement, width: float) -> None:
    figure = plot_fit(fit, width=width)
    assert figure.get_figwidth() == pytest.approx(width / 2.54)
    curve, misfit, profile = panels(figure)
    assert curve.get_yscale() == "log"
    drawn = lines(curve)
    assert np.isnan(drawn["curve"][1][3])
    np.testing.assert_array_equal(np.delete(drawn["curve"][1], 3), np.delete(fit.intensity, 3))
    np.testing.assert_array_equal(drawn["fit"][1], fit.model)
    np.testing.assert_array_equal(drawn["start: start 1"], (fit.angle, fit.start_model))
    np.testing.assert_array_equal(misfit.lines[-1].get_data(), (fit.angle, fit.log_misfit))
    start, fitted = (line.get_data() for line in profile.lines)
    np.testing.assert_allclose(fitted, (fit.profile["depth"], 1e3 * fit.profile["strain"]))
    one = strain_profile(fit.start_parameters)
    np.testing.assert_allclose(start, (one.depth, 1e3 * one.strain))


def test_rmse_is_drawn_and_said(fit: Refinement) -> None:
    misfit = panels(plot_fit(fit))[1]
    (band,) = (p for p in misfit.patches if p.get_label().startswith("±"))
    assert band.get_label() == f"± RMSE {fit.log10_rmse:.4f}"
    y = np.array([band.get_y(), band.get_y() + band.get_height()])
    assert (y.min(), y.max()) == pytest.approx((-fit.log10_rmse, fit.log10_rmse))


def test_bands_are_one_and_two_deviations(planted: Refinement) -> None:
    profile = panels(plot_fit(planted))[2]
    known = planted.profile
    bands = {c.get_label(): c for c in profile.collections if isinstance(c, PolyCollection)}
    assert set(bands) == {"± 1 σ", "± 2 σ"}
    assert known["sigma"].max() > 0
    for n in (1, 2):
        y = bands[f"± {n} σ"].get_paths()[0].vertices[:, 1]
        assert y.max() == pytest.approx(1e3 * (known["strain"] + n * known["sigma"]).max())
        assert y.min() == pytest.approx(1e3 * (known["strain"] - n * known["sigma"]).min())


def test_band_without_end_leaves_room_for_the_profile(planted: Refinement) -> None:
    profile = panels(plot_fit(replace(planted, covariance=1e6 * planted.covariance)))[2]
    assert profile.get_ylim()[1] < 2e3 * planted.profile["strain"].max()


@pytest.mark.parametrize("width", [COLUMN, PAGE])
def test_correlations_are_written_into_their_cells(planted: Refinement, width: float) -> None:
    figure = plot_fit_correlation(planted, width=width)
    ax = figure.axes[0]
    (image,) = ax.images
    matrix = np.asarray(image.get_array().filled(np.nan))
    rows, columns = ([t.get_text() for t in labels] for labels in (ax.get_yticklabels(), ax.get_xticklabels()))
    assert columns == ["Dmax1", "L1", "Rp1", "background"]
    assert rows == ["L1", "Rp1", "background", "fwhm"]
    assert matrix[0, 0] == pytest.approx(-0.8)
    assert matrix[3, 3] == pytest.approx(0.25)
    assert np.isnan(matrix[0, 1])
    written = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in ax.texts}
    assert len(written) == 10
    assert (written[0, 0], written[3, 3], written[1, 1]) == ("−.80", ".25", "0")
    left_out = "D01, D02, L2, Rp2, scale, offset, Lorentz, disorder, damage"
    assert ax.get_title() == f"Fixed or at a bound: {left_out}"


def test_nothing_to_correlate(fit: Refinement) -> None:
    figure = plot_fit_correlation(replace(fit, covariance=np.full((14, 14), np.nan)))
    FigureCanvasAgg(figure).draw()
    assert not figure.axes[0].images


@pytest.mark.parametrize("width", [COLUMN, PAGE])
@pytest.mark.parametrize("plot", [plot_fit, plot_fit_correlation])
@pytest.mark.parametrize("case", ["fit", "full", "strange"])
def test_nothing_is_clipped_or_overlaps(fit: Refinement, planted, plot, width: float, case: str) -> None:
    dense = 0.99 * np.ones((14, 14)) + 0.01 * np.eye(14)
    full = replace(
        fit, covariance=dense * np.where(np.arange(14) % 2, 1, -1) * np.where(np.arange(14) % 2, 1, -1)[:, None]
    )
    strange = replace(planted, start="a $long$ label of a start", at_bound=VARIABLES[:3])
    figure: Figure = plot({"fit": fit, "full": full, "strange": strange}[case], width=width)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    axes = [*figure.axes, *(child for ax in figure.axes for child in ax.child_axes)]
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    for ax in axes:
        texts += [ax.title, *ax.texts]
        for axis, ends in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            texts += [t.label1 for t in axis.get_major_ticks() if min(ends) <= t.get_loc() <= max(ends)]
            texts.append(axis.label)
    shown = [t for t in dict.fromkeys(texts) if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
    boxes = [(t.get_text(), t.get_window_extent(renderer), t.get_rotation()) for t in shown]
    assert min(t.get_fontsize() for t in shown) >= 6
    for i, (name, box, turned) in enumerate(boxes):
        assert box.x0 > -1, name
        assert box.y0 > -1, name
        assert box.x1 < figure.bbox.x1 + 1, name
        assert box.y1 < figure.bbox.y1 + 1, name
        for other, there, also in boxes[:i]:
            if 45 not in (turned, also):  # a slanted text fills only a part of its box
                assert not box.shrunk(0.95, 0.95).overlaps(there.shrunk(0.95, 0.95)), (name, other)


def test_axes_have_units(fit: Refinement) -> None:
    labels = {label for ax in plot_fit(fit).axes for label in (ax.get_xlabel(), ax.get_ylabel())} - {""}
    assert all(re.search(r"\((arcsec|Å|10⁻³|arb. units)\)|log₁₀", label) for label in labels)
