"""The sliders are driven as the browser drives them: by their ``value``."""

from __future__ import annotations

from io import BytesIO

import ipywidgets
import numpy as np
import pytest
from matplotlib.image import imread

from xrdlib.data import LAB_EXPERIMENT, SPACE, ParameterError
from xrdlib.simulation import PARAMETERS, Scan, StrainParameters, strained_peak
from xrdlib.widgets import CurveExplorer, curve_explorer


@pytest.fixture
def explorer() -> CurveExplorer:
    return curve_explorer()


def test_starts_at_the_lab_s_experiment(explorer: CurveExplorer) -> None:
    assert explorer.parameters == LAB_EXPERIMENT
    assert imread(BytesIO(explorer.image.value)).std() > 0.05  # something is drawn
    assert "at 801 arcsec" in explorer.readout.value
    assert "inside every range and constraint" in explorer.readout.value


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_parameter_s_slider_redraws(explorer: CurveExplorer, name: str) -> None:
    before, slider = explorer.image.value, explorer.sliders[name]
    slider.value = 0.5 * (slider.value + slider.max)
    assert explorer.image.value != before
    assert getattr(explorer.parameters, name) == slider.value


@pytest.mark.parametrize(
    ("control", "value"),
    [("sample", "YIG film on GGG"), ("fwhm", 45.0), ("lorentz_fraction", 0.3), ("background", 1e-4), ("disorder", 0.9)],
)
def test_sample_and_instrument_redraw_the_curve_only(explorer: CurveExplorer, control: str, value: object) -> None:
    before = imread(BytesIO(explorer.image.value))
    getattr(explorer, control).value = value
    changed = np.flatnonzero((imread(BytesIO(explorer.image.value)) != before).any(axis=(0, 2)))
    assert changed.min() > before.shape[1] / 2


def test_a_browser_s_rounding_to_steps_leaves_the_start_as_it_is(explorer: CurveExplorer) -> None:
    start = explorer.image.value, explorer.readout.value
    for slider in explorer.sliders.values():  # as JupyterLab does when it shows them
        slider.value = slider.min + slider.step * round((slider.value - slider.min) / slider.step)
    assert explorer.sliders["Dmax1"].value != LAB_EXPERIMENT.Dmax1
    assert explorer.parameters == LAB_EXPERIMENT
    assert (explorer.image.value, explorer.readout.value) == start
    explorer.sliders["Dmax1"].value += explorer.sliders["Dmax1"].step
    assert explorer.parameters.Dmax1 == explorer.sliders["Dmax1"].value


def test_ranges_are_the_parameter_space_s(explorer: CurveExplorer) -> None:
    assert [explorer.sliders[name].min for name in PARAMETERS] == list(SPACE.minimum)
    assert [explorer.sliders[name].max for name in PARAMETERS] == list(SPACE.maximum)


def test_readout_follows_the_strained_peak(explorer: CurveExplorer) -> None:
    explorer.sliders["Dmax1"].value = 0.016
    peak = strained_peak(explorer.parameters)
    assert f"strain {peak.strain:.5f} at a depth of {peak.depth:.0f} A" in explorer.readout.value
    assert f"at {peak.angle:.0f} arcsec" in explorer.readout.value
    assert "beyond" not in explorer.readout.value
    explorer.sliders["Dmax1"].value = 0.031
    assert "beyond the end of the scan at 2732" in explorer.readout.value


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"D01": 0.02}, "D01 = 0.02 exceeds Dmax1 = 0.008094"),
        ({"Dmax1": 0.03, "D01": 0.02, "D02": 0.015}, "D01 + D02 = 0.035 exceeds 0.03"),
        ({"Rp1": 5050.0, "L1": 3000.0}, "Rp1 = 5050 A exceeds L1 = 3000 A"),
        ({"L1": 500.0}, "L2 = 3000 A exceeds L1 = 500 A"),
    ],
)
def test_broken_constraints_are_drawn_and_named(explorer: CurveExplorer, changes: dict[str, float], says: str) -> None:
    before = explorer.image.value
    for name, value in changes.items():
        explorer.sliders[name].value = value
    assert explorer.image.value != before
    assert "Outside the parameter space" in explorer.readout.value
    assert says in explorer.readout.value


def test_corners_of_the_ranges_can_be_drawn(explorer: CurveExplorer) -> None:
    for high in range(0, 2 ** len(PARAMETERS), 9):
        for i, slider in enumerate(explorer.sliders.values()):
            slider.unobserve_all("value")
            slider.value = slider.max if high >> i & 1 else slider.min
        explorer.fwhm.value = 30.0 + high % 2  # one drawing per corner
        assert "Cannot be simulated" not in explorer.readout.value


def test_what_cannot_be_simulated_keeps_the_last_picture(
    explorer: CurveExplorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impossible(*args: object, **kwargs: object) -> None:
        raise ValueError("film: too thin <for> this")

    before = explorer.image.value
    monkeypatch.setattr("xrdlib.widgets.curves.simulate", impossible)
    explorer.sliders["L1"].value = 6000
    assert explorer.image.value == before
    assert "Cannot be simulated:</b> film: too thin &lt;for&gt; this" in explorer.readout.value


def test_reset_goes_back_to_the_start(explorer: CurveExplorer) -> None:
    start = explorer.image.value, explorer.readout.value
    explorer.sliders["Dmax1"].value = 0.02
    explorer.keep.click()
    explorer.fwhm.value = 50
    explorer.reset.click()
    assert (explorer.image.value, explorer.readout.value) == start
    assert explorer.parameters == LAB_EXPERIMENT


def test_kept_curve_stays_while_the_other_moves(explorer: CurveExplorer) -> None:
    explorer.sliders["Dmax1"].value = 0.02
    against_the_lab_s = explorer.image.value
    explorer.keep.click()
    assert explorer.image.value != against_the_lab_s
    explorer.sliders["Dmax1"].value = 0.01
    explorer.sliders["Dmax1"].value = 0.02
    explorer.keep.click()
    kept = explorer.image.value
    explorer.fwhm.value = 50  # the kept curve keeps its instrument, too
    explorer.keep.click()
    assert explorer.image.value != kept


def test_starts_elsewhere_and_on_another_scan() -> None:
    start = StrainParameters(0.012, 0.004, 4000, 2000, 0.006, 2500, -1500)
    explorer = curve_explorer(start.to_array(), scan=Scan(-100, 5, 301))
    assert explorer.parameters == start
    explorer.sliders["Dmax1"].value = 0.016
    assert "beyond the end of the scan at 1400" in explorer.readout.value


def test_a_start_outside_is_refused() -> None:
    with pytest.raises(ParameterError, match="Rp1 = 5000 A exceeds L1 = 4000 A"):
        curve_explorer([0.008, 0.001, 4000, 5000, 0.002, 3000, -50])


def test_what_a_page_without_widgets_shows(explorer: CurveExplorer) -> None:
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == "CurveExplorer"
    assert bundle["image/png"].startswith("iVBOR")
    assert isinstance(explorer, ipywidgets.Widget)
