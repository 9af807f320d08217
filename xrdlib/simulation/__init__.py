"""Strain profiles, diffraction and the instrument: from seven parameters to a rocking curve."""

from xrdlib.simulation.crystals import (
    CRYSTALS,
    GGG_444,
    GGG_444_LAB,
    YIG_FILM,
    YIG_FILM_LAB,
    Crystal,
    Film,
    Scan,
)
from xrdlib.simulation.diffraction import reflectivity
from xrdlib.simulation.features import StrainedPeak, fringe_period, fringe_spacing, strained_peak
from xrdlib.simulation.instrument import Grid, Instrument, count_photons, resolution_matrix, simulation_grid
from xrdlib.simulation.simulate import measure, simulate, simulate_profile
from xrdlib.simulation.strain import (
    PARAMETERS,
    StrainParameters,
    StrainProfile,
    as_parameters,
    strain_profile,
)

__all__ = [
    "CRYSTALS",
    "GGG_444",
    "GGG_444_LAB",
    "PARAMETERS",
    "YIG_FILM",
    "YIG_FILM_LAB",
    "Crystal",
    "Film",
    "Grid",
    "Instrument",
    "Scan",
    "StrainParameters",
    "StrainProfile",
    "StrainedPeak",
    "as_parameters",
    "count_photons",
    "fringe_period",
    "fringe_spacing",
    "measure",
    "reflectivity",
    "resolution_matrix",
    "simulate",
    "simulate_profile",
    "simulation_grid",
    "strain_profile",
    "strained_peak",
]
