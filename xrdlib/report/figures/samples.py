"""Figures of samples and curves: notebooks 1, 2 and 13, and what needs no network elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xrdlib import plots
from xrdlib.data import LAB_EXPERIMENT, VirtualExperiment, bin_counts
from xrdlib.diagnostics import Nuisances, compare_samplings, curve_reading, measurement_gap, resimulate
from xrdlib.refinement import refine
from xrdlib.report.figures.material import Drawing, Material
from xrdlib.simulation import (
    CRYSTALS,
    PARAMETERS,
    YIG_FILM,
    Instrument,
    StrainParameters,
    fringe_period,
    fringe_spacing,
    simulate,
    strain_profile,
    strained_peak,
)
from xrdlib.training import StudyError

__all__ = [
    "bare",
    "bins",
    "centre",
    "correlation",
    "curve",
    "diffractometer",
    "fit",
    "fits",
    "gap",
    "layers",
    "measured",
    "profile",
    "shallower",
    "training_curves",
    "ways",
    "weaker",
]

FloatArray = NDArray[np.float64]

_SAID = (f"Whatever is diagnosed, this is the lab's experiment, on the study's scan and crystal: {LAB_EXPERIMENT!r}.",)
_AMONG = [0.0039, 0.0023, 7000, 4640, 0.0058, 5000, -224]  # a start in another basin than the truth's
_DRAWN = 10_000


def profile(m: Material) -> Drawing:
    """01.1."""
    thickness = m.study.config.dataset.layer_thickness
    return Drawing.plain(plots.plot_profile, strain_profile(LAB_EXPERIMENT, layer_thickness=thickness), said=_SAID)


def curve(m: Material) -> Drawing:
    """01.2."""
    said = (*_SAID, _peak("Its", LAB_EXPERIMENT))
    return Drawing.plain(plots.plot_profile_and_curve, LAB_EXPERIMENT, said=said, **_sample(m))


def bare(m: Material) -> Drawing:
    """01.3."""
    substrate = replace(LAB_EXPERIMENT, Dmax1=0.0, D02=0.0)
    return _curves(m, {"implanted": _simulated(m, LAB_EXPERIMENT), "bare substrate": _simulated(m, substrate)})


def weaker(m: Material) -> Drawing:
    """01.4."""
    half = replace(LAB_EXPERIMENT, Dmax1=0.004)
    drawing = _changed(m, "Dmax1 = 0.0081", {"Dmax1 = 0.0040": half})
    return replace(drawing, said=(*_SAID, _peak("Its", LAB_EXPERIMENT), _peak("The weaker one's", half)))


def layers(m: Material) -> Drawing:
    """01.5."""
    thin = StrainParameters(Dmax1=0.008, D01=0.008, L1=2000, Rp1=2000, D02=0.0, L2=500, Rp2=0.0)
    thick = replace(thin, L1=4000, Rp1=4000)
    curves = {2000: _simulated(m, thin), 4000: _simulated(m, thick)}
    angle = m.study.config.dataset.scan.angle
    said = [
        f"{depth} Å: fringes every {fringe_spacing(angle, drawn):.0f} arcsec, formula {fringe_period(depth):.0f}."
        for depth, drawn in curves.items()
        if np.isfinite(fringe_spacing(angle, drawn))
    ]
    drawing = _curves(m, {f"{depth} Å": drawn for depth, drawn in curves.items()})
    return replace(drawing, said=("Uniform layers with a strain of 0.008, on the study's scan and crystal.", *said))


def shallower(m: Material) -> Drawing:
    """01.6."""
    return _changed(m, "L1 = 5200 Å", {"L1 = 4000 Å": replace(LAB_EXPERIMENT, L1=4000)})


def centre(m: Material) -> Drawing:
    """01.7."""
    others = {f"Rp2 = −{-value} Å": replace(LAB_EXPERIMENT, Rp2=value) for value in (-3000, -6000)}
    return _changed(m, "Rp2 = −50 Å", others)


def diffractometer(m: Material) -> Drawing:
    """01.8."""
    real = Instrument(fwhm=36, lorentz_fraction=0.2, background=2e-4)
    return _curves(
        m,
        {
            "reflectivity": _simulated(m, LAB_EXPERIMENT, instrument=None),
            "Gaussian, 30 arcsec": _simulated(m, LAB_EXPERIMENT),
            "wings and background": _simulated(m, LAB_EXPERIMENT, instrument=real, disorder=0.94),
        },
    )


def bins(m: Material) -> Drawing:
    """02.1."""
    counts = bin_counts(m.study.training_parameters)
    said = f"{len(m.study.training_parameters)} training samples, {m.study.config.dataset.sampling} sampling."
    return Drawing(lambda width: _figure(plots.plot_bins, counts, width), counts.reset_index(), (said,))


def training_curves(m: Material) -> Drawing:
    """02.2."""
    dataset = m.study.config.dataset
    first = m.study.training_parameters[:3]
    drawn = resimulate(first, dataset.scan.angle, Nuisances(), dataset)
    drawing = _curves(m, dict(zip(("first", "second", "third"), drawn, strict=False)))
    named = zip(("first", "second", "third"), first, strict=False)
    return replace(drawing, said=tuple(f"{name}: {_numbers(row)}; lengths in Å." for name, row in named))


def ways(m: Material) -> Drawing:
    """04.4."""
    return Drawing.of(compare_samplings(_DRAWN, seed=m.study.config.dataset.seed), plots.plot_samplings)


def measured(m: Material) -> Drawing:
    """13.1."""
    return Drawing.of(curve_reading(m.curve, m.by_training["aware"].config), plots.plot_measured)


def gap(m: Material) -> Drawing:
    """13.2."""
    return Drawing.of(measurement_gap(m.study, m.curve), plots.plot_gap)


def fit(m: Material) -> Drawing:
    """13.3."""
    return Drawing.of(m.fit, plots.plot_fit)


def correlation(m: Material) -> Drawing:
    """13.4."""
    of_fit = m.fit.correlation.rename_axis("quantity").reset_index()
    return replace(Drawing.of(m.fit, plots.plot_fit_correlation), frame=of_fit)


def fits(m: Material) -> Drawing:
    """13.5."""
    try:
        truth = VirtualExperiment.of(m.curve).parameters
    except ValueError as error:
        raise StudyError(str(error)) from None
    other = refine(m.curve, starts=np.array([truth.to_array(), _AMONG]), disorder="even")
    ends = {"network start": m.fit.parameters}
    names = {"start 1": "from the truth", "start 2": "from elsewhere"}
    ends |= {names[minimum.reached_from[0]]: minimum.parameters for minimum in other.minima}
    profiles = {name: strain_profile(end) for name, end in ends.items()} | {"truth": strain_profile(truth)}
    return Drawing.plain(plots.plot_profile, profiles, said=tuple(other.sentences))


def _peak(whose: str, parameters: StrainParameters) -> str:
    peak = strained_peak(parameters)
    return (
        f"{whose} largest strain is {peak.strain:.4f}, at a depth of {peak.depth:.0f} Å; it diffracts at "
        f"{peak.angle:.0f} arcsec."
    )


def _numbers(row: FloatArray) -> str:
    """Seven parameters, which a study may store as float32: no more digits than those have."""
    return ", ".join(f"{name} {value:.5g}" for name, value in zip(PARAMETERS, row, strict=True))


def _figure(plot: Any, what: Any, width: float) -> Any:
    return plot(what, width=width)


def _sample(m: Material) -> dict[str, Any]:
    """The study's scan and crystal, as keywords of the simulation."""
    dataset = m.study.config.dataset
    film = YIG_FILM if dataset.film else None
    return {"scan": dataset.scan, "crystal": CRYSTALS[dataset.crystal], "film": film}


def _simulated(m: Material, parameters: StrainParameters, **how: Any) -> FloatArray:
    return simulate(parameters, **_sample(m), **how)


def _curves(m: Material, curves: Mapping[str, FloatArray]) -> Drawing:
    return Drawing.plain(plots.plot_curve, m.study.config.dataset.scan.angle, curves, said=_SAID)


def _changed(m: Material, label: str, others: Mapping[str, StrainParameters]) -> Drawing:
    return Drawing.plain(
        plots.plot_profile_and_curve, LAB_EXPERIMENT, label=label, compare=others, said=_SAID, **_sample(m)
    )
