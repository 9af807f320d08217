"""Whatever is given to a public function: a finite result, or a ValueError that names the argument.

Each row of the table is one argument of one function, all others valid. Values are what anybody may pass by mistake:
arrays of any shape and kind, and right ones in which a number, the order, the shape or the unit is wrong.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import xrdlib
from xrdlib import diagnostics, metrics, simulation, training
from xrdlib.data import (
    SPACE,
    DatasetConfig,
    EffectRanges,
    Effects,
    Experiment,
    MeasuredCurve,
    ParameterSpace,
    Region,
    bin_counts,
    sample,
    sample_grid,
    strata_imbalance,
    virtual_experiment,
)
from xrdlib.data.peak import estimate_background, find_substrate_peak
from xrdlib.simulation.torch_kernel import reflectivity_torch, simulate_torch

LAB = np.array([0.008094, 0.000943, 5200.0, 3500.0, 0.00255, 3000.0, -50.0])
ROWS = np.stack([LAB, LAB * 0.9, SPACE.denormalise(np.full(7, 0.3))])
SCAN = simulation.Scan(-60.0, 12.0, 60)
ANGLE = SCAN.angle
GRID = simulation.simulation_grid(SCAN)
CURVE = xrdlib.simulate(LAB, scan=SCAN)
CURVES = xrdlib.simulate(ROWS, scan=SCAN)
STORED = simulation.reflectivity(ROWS, GRID.angle)
PROFILE = np.array([0.004, 0.006, 0.002, 0.0])
EXTREME = (
    np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1.0, 1e-320, 5e-324, 1e-200, -1e-9, 1e9, 1e30, 1e154, 1e200, 1e308,
    -1e308, 2.0**53, 1e-4,
)  # fmt: skip

NONSENSE = (
    None, "", "abc", "1.0", b"\x80", {}, {"a": 1}, [[1.0], [1.0, 2.0]], [None] * 7, object(), date(2026, 1, 1), ...,
    [Fraction(1, 3)] * 7, [10**400] * 7, 10**400, True, False, 1j, np.datetime64("2026-01-01"), [np.array(1.0)] * 7,
    pd.Series([1.0, 2.0]), slice(3),
)  # fmt: skip


class Row(NamedTuple):
    """One argument of one function: what to call, what is right, and how errors may call it."""

    call: Callable[[Any], Any]
    right: Any
    named: str  # a regular expression
    nan: bool = False  # documented to give nan


def t(function: Callable[..., Any], **others: Any) -> Callable[[Any], Any]:
    """A torch function called with arrays: what torch makes a tensor of is a tensor."""

    def call(values: Any) -> Any:
        try:
            tensor = torch.as_tensor(np.array(values))
        except (TypeError, ValueError, RuntimeError):
            reject()
        return function(tensor, **others)

    return call


LONG = np.arange(-80.0, 700.0, 4.0)
LONG_CURVE = xrdlib.simulate(LAB, scan=simulation.Scan(-80.0, 4.0, LONG.size))


def read(curve: MeasuredCurve) -> Any:
    """What a network would see of a curve."""
    target = diagnostics.Target.from_curve(curve, "mine")
    return training.Preprocess(simulation.Scan(), 1e-8).measured(curve), target.angle, target.intensity


def foreign(**given: Any) -> Any:
    """A study of somebody's run."""
    usual = {"val_loss": [2.0, 1.0], "training": np.repeat(ROWS, 4, axis=0), "test": (np.stack([ROWS, ROWS]), ROWS)}
    with TemporaryDirectory() as folder:
        study = training.Study.from_predictions(Path(folder) / "s", **(usual | given))
        return study.history["val_loss"], study.training_parameters, *study.test_predictions("grid")


PAR = r"parameters"
TABLE = {
    "simulate": Row(lambda v: xrdlib.simulate(v, scan=SCAN), ROWS, PAR),
    "simulate exact": Row(lambda v: xrdlib.simulate(v, scan=SCAN, exact=True, bragg="exact"), LAB, PAR),
    "simulate film": Row(lambda v: xrdlib.simulate(v, scan=SCAN, film=simulation.YIG_FILM), LAB, f"{PAR}|film"),
    "simulate disorder": Row(lambda v: xrdlib.simulate(ROWS, scan=SCAN, disorder=v), [0.9, 1.0, 0.8], "disorder"),
    "simulate damage": Row(lambda v: xrdlib.simulate(ROWS, scan=SCAN, damage=v), [0.1, 0.0, 2.0], "damage"),
    "simulate layer_thickness": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, layer_thickness=v), 100.0, "layer_thickness"
    ),
    "simulate_profile": Row(
        lambda v: simulation.simulate_profile(v, scan=SCAN, bragg="exact"), np.array([0.004, -0.002, 0.0]), "strain"
    ),
    "simulate_profile disorder": Row(
        lambda v: simulation.simulate_profile(PROFILE, scan=SCAN, disorder=v), [0.9, 1.0, 0.8, 0.5], "disorder"
    ),
    "simulate_profile layer_thickness": Row(
        lambda v: simulation.simulate_profile(PROFILE, scan=SCAN, layer_thickness=v), 100.0, "layer_thickness|strain: 4"
    ),
    "strain_profile": Row(xrdlib.strain_profile, LAB, PAR),
    "strain_profile layer_thickness": Row(
        lambda v: xrdlib.strain_profile(LAB, layer_thickness=v), 100.0, "layer_thickness"
    ),
    "reflectivity": Row(lambda v: simulation.reflectivity(v, ANGLE), ROWS, PAR),
    "reflectivity angle": Row(lambda v: simulation.reflectivity(LAB, v), ANGLE, "angle"),
    "reflectivity disorder": Row(lambda v: simulation.reflectivity(ROWS, ANGLE, disorder=v), 0.9, "disorder"),
    "reflectivity_torch": Row(t(reflectivity_torch, angle=torch.as_tensor(ANGLE)), ROWS, PAR),
    "reflectivity_torch angle": Row(
        lambda v: t(lambda a: reflectivity_torch(torch.as_tensor(ROWS), a))(v), ANGLE, "angle"
    ),
    "reflectivity_torch disorder": Row(
        t(lambda v: reflectivity_torch(torch.as_tensor(ROWS), torch.as_tensor(ANGLE), disorder=v)),
        [0.9, 1.0, 0.8],
        "disorder",
    ),
    "reflectivity_torch damage": Row(
        t(lambda v: reflectivity_torch(torch.as_tensor(ROWS), torch.as_tensor(ANGLE), damage=v)),
        [0.1, 0.0, 2.0],
        "damage",
    ),
    "simulate_torch": Row(t(simulate_torch, scan=SCAN), ROWS, PAR),
    "simulate_torch layer_thickness": Row(
        lambda v: simulate_torch(torch.as_tensor(ROWS), scan=SCAN, layer_thickness=v), 100.0, "layer_thickness"
    ),
    "StrainParameters.from_array": Row(simulation.StrainParameters.from_array, LAB, PAR),
    "StrainParameters.from_cm": Row(simulation.StrainParameters.from_cm, LAB, PAR),
    "as_parameters": Row(simulation.as_parameters, ROWS, PAR),
    "strained_peak": Row(lambda v: simulation.strained_peak(v)[::2], LAB, PAR),
    "fringe_period": Row(simulation.fringe_period, 3000.0, "thickness"),
    "fringe_spacing angle": Row(lambda v: simulation.fringe_spacing(v, CURVE), ANGLE, "angle", True),
    "fringe_spacing": Row(lambda v: simulation.fringe_spacing(ANGLE, v), CURVE, "intensity", True),
    "resolution_matrix angle": Row(lambda v: simulation.resolution_matrix(v, GRID, 30.0, 0.1), ANGLE, "angle"),
    "resolution_matrix fwhm": Row(lambda v: simulation.resolution_matrix(ANGLE, GRID, v, 0.1), 30.0, "fwhm"),
    "resolution_matrix lorentz_fraction": Row(
        lambda v: simulation.resolution_matrix(ANGLE, GRID, 30.0, v), 0.2, "lorentz_fraction"
    ),
    "measure": Row(lambda v: simulation.measure(v, GRID, ANGLE, simulation.Instrument()), STORED, "curves"),
    "measure angle": Row(lambda v: simulation.measure(STORED, GRID, v, simulation.Instrument()), ANGLE, "angle"),
    "count_photons": Row(lambda v: simulation.count_photons(v, 6e4, np.random.default_rng(1)), CURVES, "intensity"),
    "count_photons peak_counts": Row(
        lambda v: simulation.count_photons(CURVE, v, np.random.default_rng(1)), 6e4, "peak_counts"
    ),
    "Grid angle": Row(lambda v: simulation.Grid(v, GRID.weight), GRID.angle, "angle"),
    "Grid weight": Row(lambda v: simulation.Grid(GRID.angle, v), GRID.weight, "weight"),
    "simulation_grid fwhm": Row(lambda v: simulation.simulation_grid(SCAN, fwhm=v).angle, 30.0, "fwhm"),
    "simulation_grid thickness": Row(
        lambda v: simulation.simulation_grid(SCAN, thickness=v).angle, 7500.0, "thickness"
    ),
    "Scan start": Row(
        lambda v: xrdlib.simulate(LAB, scan=simulation.Scan(v, 12.0, 60)),
        -60.0,
        r"scan: (start|-?[0-9.e+-]+ arcsec|.*points)",
    ),
    "Scan step": Row(lambda v: xrdlib.simulate(LAB, scan=simulation.Scan(-60.0, v, 60)), 12.0, "scan: .*(step|points)"),
    "Scan n_points": Row(lambda v: xrdlib.simulate(LAB, scan=simulation.Scan(-60.0, 12.0, v)), 60, "scan: .*points"),
    **{
        f"Instrument {name}": Row(
            lambda v, name=name: xrdlib.simulate(
                LAB, scan=SCAN, instrument=simulation.Instrument(**{name: v}), rng=np.random.default_rng(1)
            ),
            right,
            f"instrument: {name}" if name != "fwhm" else name,
        )
        for name, right in (
            ("fwhm", 30.0),
            ("lorentz_fraction", 0.1),
            ("scale", 2.0),
            ("background", 1e-3),
            ("peak_counts", 6e4),
        )
    },
    "Crystal a": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, crystal=dataclasses.replace(simulation.GGG_444, a=v)),
        12.383,
        "crystal: .*a = ",
    ),
    "Crystal chi_hr": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, crystal=dataclasses.replace(simulation.GGG_444, chi_hr=v)),
        12.66e-6,
        "crystal: .*chi_hr",
    ),
    "Crystal chi_0i": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, crystal=dataclasses.replace(simulation.GGG_444, chi_0i=v)),
        -3.6e-6,
        "crystal: .*chi_0i",
    ),
    "Crystal chi_hi": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, crystal=dataclasses.replace(simulation.GGG_444, chi_hi=v)),
        (-3.2e-6, -3.2e-6),
        "crystal: .*chi_hi",
    ),
    "Crystal wavelength": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, crystal=dataclasses.replace(simulation.GGG_444, wavelength=v)),
        1.54,
        "crystal: .*wavelength",
    ),
    "Crystal hkl": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, crystal=dataclasses.replace(simulation.GGG_444, hkl=v)),
        (4, 4, 4),
        "crystal: .*hkl",
    ),
    "Film thickness": Row(
        lambda v: xrdlib.simulate(LAB, scan=SCAN, film=dataclasses.replace(simulation.YIG_FILM, thickness=v)),
        31_500.0,
        "film",
    ),
    "SPACE.normalise": Row(SPACE.normalise, ROWS, PAR, True),
    "SPACE.denormalise": Row(SPACE.denormalise, SPACE.normalise(ROWS), "fractions", True),
    "SPACE.bins": Row(SPACE.bins, ROWS, PAR),
    "SPACE.valid": Row(SPACE.valid, ROWS, PAR),
    "SPACE.violations": Row(lambda v: len(SPACE.violations(v)), LAB, PAR),
    "SPACE.check": Row(SPACE.check, ROWS, PAR),
    "SPACE.check outside": Row(lambda v: SPACE.check(v, allow_outside=True), ROWS, PAR),
    "ParameterSpace minimum": Row(
        lambda v: ParameterSpace(v, SPACE.maximum, SPACE.grid_step).range, SPACE.minimum, "minimum"
    ),
    "ParameterSpace maximum": Row(
        lambda v: ParameterSpace(SPACE.minimum, v, SPACE.grid_step).range, SPACE.maximum, "maximum"
    ),
    "ParameterSpace grid_step": Row(
        lambda v: ParameterSpace(SPACE.minimum, SPACE.maximum, v).range, SPACE.grid_step, "grid_step"
    ),
    "Region centre": Row(lambda v: Region(v, 10.0).space.range, LAB, "centre|region: empty"),
    "Region half_width": Row(lambda v: Region(LAB, v).space.range, 10.0, "half_width|region: empty"),
    "sample n": Row(lambda v: sample(v, "uniform", seed=1), 5, r"\bn\b"),
    "sample seed": Row(lambda v: sample(5, "uniform", seed=v), 1, "seed"),
    "sample_grid n": Row(lambda v: sample_grid(v, seed=1)[0], 5, r"\bn\b"),
    "bin_counts": Row(lambda v: bin_counts(v).iloc[:, :-1], ROWS, PAR),
    "bin_counts bins": Row(lambda v: bin_counts(ROWS, bins=v).iloc[:, :-1], 3, "bins"),
    "strata_imbalance": Row(strata_imbalance, ROWS, PAR),
    "strata_imbalance bins": Row(lambda v: strata_imbalance(ROWS, bins=v), 3, "bins"),
    "virtual_experiment": Row(lambda v: virtual_experiment(v, 1, scan=simulation.Scan()).clean, LAB, PAR),
    "virtual_experiment seed": Row(lambda v: virtual_experiment(LAB, v).clean, 3, "seed"),
    "Experiment disorder": Row(
        lambda v: Experiment("x", simulation.StrainParameters(*LAB), disorder=v).curve(SCAN), 0.9, "disorder"
    ),
    **{
        f"Effects {name}": Row(lambda v, name=name: Effects(**{name: v}) and 0, right, f"effects: {name}|{name}")
        for name, right in dataclasses.asdict(Effects()).items()
        if isinstance(right, float)
    },
    "EffectRanges wing": Row(lambda v: EffectRanges(wing=v) and 0, (0.0, 0.1), "wing"),
    **{
        f"DatasetConfig {name}": Row(lambda v, name=name: len(DatasetConfig(**{name: v}).grid.angle), right, named)
        for name, right, named in (
            ("size", 10, "size"),
            ("seed", 1, "seed"),
            ("disorder", (0.9, 1.0), "disorder"),
            ("chunk_size", 5, "chunk_size"),
            ("layer_thickness", 100.0, "layer_thickness"),
            ("scan_start", -60.0, "scan"),
            ("scan_step", 4.0, "scan"),
            ("scan_points", 600, "scan"),
            ("fwhm_min", 25.0, "fwhm"),
        )
    },
    "Target.from_curve angle": Row(lambda v: read(MeasuredCurve(v, LONG_CURVE)), LONG, "curve: "),
    "Target.from_curve": Row(lambda v: read(MeasuredCurve(LONG, v)), LONG_CURVE, "curve: |intensity"),
    "from_predictions val_loss": Row(
        lambda v: foreign(val_loss=v), np.array([2.0, 1.0]), r"val_loss|shape \(2, 3, 7\) given"
    ),
    "from_predictions training": Row(lambda v: foreign(training=v), np.repeat(ROWS, 4, axis=0), "training"),
    "from_predictions test": Row(lambda v: foreign(test=(v, ROWS)), np.stack([ROWS, ROWS]), "grid: predictions"),
    "from_predictions truth": Row(lambda v: foreign(test=(np.stack([ROWS, ROWS]), v)), ROWS, "grid: "),
    "find_substrate_peak angle": Row(lambda v: find_substrate_peak(v, CURVE), ANGLE, "angle|intensit", True),
    "find_substrate_peak": Row(lambda v: find_substrate_peak(ANGLE, v), CURVE, "intensit", True),
    "estimate_background": Row(estimate_background, CURVE, "intensity"),
    "parameter_error": Row(lambda v: metrics.parameter_error(v, ROWS, SPACE.range), ROWS, "predicted", True),
    "parameter_error true": Row(lambda v: metrics.parameter_error(ROWS, v, SPACE.range), ROWS, "true", True),
    "parameter_error span": Row(lambda v: metrics.parameter_error(ROWS, ROWS, v), SPACE.range, "span"),
    "curve_error": Row(lambda v: metrics.curve_error(v, CURVE), CURVES, "simulated"),
    "curve_error observed": Row(lambda v: metrics.curve_error(CURVES, v), CURVE, "observed"),
    "curve_difference": Row(lambda v: metrics.curve_difference(v, CURVES)[:2], CURVES, "predicted"),
    "curve_difference true": Row(lambda v: metrics.curve_difference(CURVES, v)[:2], CURVES, "true"),
    "profile_error": Row(lambda v: metrics.profile_error(v, PROFILE), PROFILE, "predicted"),
    "profile_error true": Row(lambda v: metrics.profile_error(PROFILE, v), PROFILE, "true"),
    "effective_size": Row(training.effective_size, np.ones(5), "weights"),
    "Focus centre": Row(lambda v: training.Focus(v).distance(ROWS), LAB, "centre"),
    "Focus radius": Row(lambda v: training.Focus(LAB, radius=v).weights(ROWS), 0.5, "radius|focus: no sample"),
    "Focus temperature": Row(lambda v: training.Focus(LAB, temperature=v).weights(ROWS), 0.5, "temperature"),
    "Focus.weights": Row(training.Focus(LAB).weights, ROWS, PAR),
    "Preprocess": Row(training.Preprocess(SCAN, 1e-8), CURVES, "intensity"),
    "Preprocess n_valid": Row(lambda v: training.Preprocess(SCAN, 1e-8)(CURVES, v), [60, 50, 40], "n_valid"),
    "Combination": Row(lambda v: training.Combination("mean", v) and 0, (1.0, 2.0), "weights"),
    "change_point": Row(
        lambda v: diagnostics.change_point(v, n_draws=19),
        np.array([3.0, 2.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        "trace",
        True,
    ),
    "coverage_of training": Row(
        lambda v: diagnostics.coverage_of(v, LAB, ROWS, k=1).distance, np.repeat(ROWS, 4, axis=0), "training"
    ),
    "coverage_of": Row(lambda v: diagnostics.coverage_of(np.repeat(ROWS, 4, axis=0), v, ROWS, k=1).distance, LAB, PAR),
    "coverage_of others": Row(
        lambda v: diagnostics.coverage_of(np.repeat(ROWS, 4, axis=0), LAB, v, k=1).distance, ROWS, "others"
    ),
    "sample_errors": Row(lambda v: diagnostics.sample_errors(v, LAB, DatasetConfig())[:3], LAB, "predicted"),
    "sample_errors true": Row(lambda v: diagnostics.sample_errors(LAB, v, DatasetConfig())[:3], LAB, "true"),
}


def finite(result: Any) -> bool:
    """Whether every number in a result is finite."""
    if isinstance(result, pd.DataFrame):
        return bool(np.isfinite(result.to_numpy(dtype=float)).all())
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return all(finite(getattr(result, f.name)) for f in dataclasses.fields(result))
    if isinstance(result, tuple):
        return all(finite(part) for part in result)
    if result is None or isinstance(result, str):
        return True
    return bool(np.isfinite(np.asarray(result, dtype=float)).all())


def is_numeric(value: Any) -> bool:
    """Whether numpy makes real numbers of it: then there is no excuse for a TypeError."""
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except (ValueError, TypeError):
        return False


def outcome(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """What a call returns, or the ValueError or TypeError that it raises."""
    try:
        return call(), None
    except (ValueError, TypeError) as error:
        return None, error


@st.composite
def wrong(draw: st.DrawFn, right: Any) -> Any:
    """A right value in which something is wrong, or anything at all."""
    array = np.array(right, dtype=np.float64)
    how = draw(st.sampled_from(["one", "all", "scale", "shape", "order", "kind", "nonsense", "any"] + ["one"] * 2))
    if how == "one":
        extreme = draw(st.sampled_from(EXTREME))
        if array.ndim == 0:
            return extreme
        array[tuple(draw(st.integers(0, n - 1)) for n in array.shape)] = extreme
        return array
    if how == "all":
        return np.full(array.shape, draw(st.sampled_from(EXTREME)))
    if how == "scale":
        with np.errstate(all="ignore"):
            return array * draw(st.sampled_from([1e-300, 1e-12, -1.0, 1e8, 1e60, 1e156, 1e300]))
    if how == "shape":
        shapes = [
            array[None],
            array[None, None],
            np.array([array, array]),
            np.empty((0, 7)),
            np.empty((0, 0)),
            np.empty(0),
        ]
        if array.ndim:
            flat = array.ravel()
            shapes += [array[..., None], array.T, flat, flat[:1], np.repeat(flat, 2)]
            shapes += [array[:0], array[..., :0], array[..., :-1], array[..., :1]]
        return draw(st.sampled_from(shapes))
    if how == "order" and array.ndim:
        return draw(
            st.sampled_from([array[..., ::-1], np.sort(array, axis=-1), np.repeat(array[..., :1], array.shape[-1], -1)])
        )
    if how == "kind":
        with np.errstate(all="ignore"):
            kind = draw(st.sampled_from(["f4", "f2", "i8", "i1", "u8", "?", "c16", "O", "U", "S", "g", "list"]))
            return array.tolist() if kind == "list" else array.astype(kind)
    if how == "nonsense":
        return draw(st.sampled_from(NONSENSE))
    shape = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=8)
    return draw(arrays.arrays(st.sampled_from(["f8", "f4", "i8", "u1", "?", "c8", "U2", "M8[s]"]), shape))


@pytest.mark.parametrize("name", list(TABLE))
def test_a_finite_result_or_an_error_that_names_the_argument(name: str) -> None:
    row = TABLE[name]
    assert row.nan or finite(row.call(row.right)), "the table's right value is wrong"
    refused = []

    @settings(max_examples=25, suppress_health_check=list(HealthCheck), database=None)
    @given(wrong(row.right))
    def check(value: Any) -> None:
        result, error = outcome(lambda: row.call(value))
        if error is None:
            assert row.nan or finite(result), (value, result)
            return
        refused.append(1)
        if isinstance(error, TypeError):
            assert not is_numeric(value), value
        else:
            assert re.search(row.named, str(error)), f"{value!r}: {error}"
            assert "\n" not in str(error)

    check()
    assert refused, "nothing was refused"


KERNELS = {
    "parameters": (ROWS, lambda v: {"parameters": v}),
    "angle": (ANGLE, lambda v: {"angle": v}),
    "disorder": (np.array([0.9, 1.0, 0.8]), lambda v: {"disorder": v}),
    "damage": (np.array([0.1, 0.0, 2.0]), lambda v: {"damage": v}),
    "layer_thickness": (np.array(150.0), lambda v: {"layer_thickness": v.item() if v.ndim == 0 else v}),
}


@pytest.mark.parametrize("name", list(KERNELS))
def test_the_torch_kernel_refuses_what_the_other_does(name: str) -> None:
    """Of what a tensor can hold; and where neither refuses, both say the same."""
    right, as_argument = KERNELS[name]
    outcomes = []

    @settings(max_examples=60, suppress_health_check=list(HealthCheck), database=None)
    @given(wrong(right))
    def check(value: Any) -> None:
        try:
            array = np.array(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError, Warning):
            reject()
        if name in ("parameters", "angle") and array.ndim != right.ndim:
            reject()  # a single curve, or angle, has to be made one of several
        given = {"parameters": ROWS, "angle": ANGLE} | as_argument(array)
        results: list[Any] = []
        for function, make in ((simulation.reflectivity, np.asarray), (reflectivity_torch, torch.as_tensor)):
            arguments = {k: make(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
            extra = {"exact": True} if function is simulation.reflectivity else {}
            result, error = outcome(lambda f=function, a=arguments | extra: np.asarray(f(**a)))
            results.append(result)
            named = "layer_thickness|parameters" if name == "layer_thickness" else name
            assert error is None or (isinstance(error, ValueError) and re.search(named, str(error)))
        assert (results[0] is None) == (results[1] is None), (value, results)
        outcomes.append(results[0] is None)
        if results[0] is not None:
            np.testing.assert_allclose(results[0], results[1], rtol=2e-6)

    check()
    assert True in outcomes
    assert False in outcomes
