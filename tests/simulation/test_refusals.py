"""What would silently give a wrong curve is refused, and what looks odd but is right is not."""

from __future__ import annotations

import numpy as np
import pytest

from xrdlib.simulation import Instrument, Scan, simulate, simulation_grid, strain_profile

LAB = np.array([0.008094, 0.000943, 5200.0, 3500.0, 0.00255, 3000.0, -50.0])
IN_CM = np.where(np.array([0, 0, 1, 1, 0, 1, 1]) == 1, LAB * 1e-8, LAB)


@pytest.mark.parametrize("function", [simulate, strain_profile])
def test_lengths_in_cm_do_not_pass_as_the_bare_substrate(function) -> None:
    with pytest.raises(ValueError, match="lengths are in angstrom"):
        function(IN_CM)


@pytest.mark.parametrize(("column", "name"), [(0, "Dmax1"), (4, "D02")])
def test_compression_is_refused(column: int, name: str) -> None:
    row = LAB.copy()
    row[column] *= -1
    with pytest.raises(ValueError, match="compression is not described") as error:
        simulate(row)
    assert f"{name} = -" in str(error.value)


def test_no_strain_at_all_is_the_bare_substrate() -> None:
    none = LAB.copy()
    none[[0, 1, 4]] = 1e-4, 5e-5, 1e-4
    assert strain_profile(none).strain.size == 0
    assert np.isfinite(simulate(none)).all()


def test_resolution_below_an_arcsec_is_refused() -> None:
    with pytest.raises(ValueError, match=r"fwhm = 0\.1 given, at least 1 arcsec"):
        Instrument(fwhm=0.1)


@pytest.mark.parametrize("start", [200.0, 500.0, 1000.0])
def test_wings_of_the_peak_reach_a_scan_that_does_not_contain_it(start: float) -> None:
    """Half of what the Lorentz wings carry there comes from a peak that the scan never saw."""
    instrument = Instrument(36.0, 0.3)
    whole = Scan(-200.0, 4.0, 500)
    part = Scan(start, 4.0, 100)
    first = round((start - whole.start) / 4.0)
    expected = simulate(LAB, scan=whole, instrument=instrument)[first : first + 100]
    np.testing.assert_allclose(simulate(LAB, scan=part, instrument=instrument), expected, rtol=5e-3)
    assert simulation_grid(part).angle.min() < -60
