"""What shapes a virtual measurement, beyond the model that networks are trained on and curves are fitted with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from xrdlib._arrays import require_numbers, vectors
from xrdlib.simulation import Instrument, Scan, StrainParameters, reflectivity, resolution_matrix, simulation_grid
from xrdlib.simulation.diffraction import Bragg, check_disorder
from xrdlib.simulation.diffuse import diffuse_scattering

__all__ = ["EffectRanges", "Effects", "expected_curve"]

FloatArray = NDArray[np.float64]
Range = tuple[float, float] | float


@dataclass(frozen=True)
class Effects:
    """What one virtual measurement went through. The defaults switch off all that the training model lacks.

    Attributes
    ----------
    disorder : float
        Static Debye-Waller factor 0 < E <= 1 that every sublayer has.
    damage : float
        How much further E falls where strain is largest, see ``xrdlib.simulate``; 0: nothing.
    fwhm, lorentz_fraction : float
        The pseudo-Voigt of the resolution, arcsec and 0 to 1.
    wing, wing_fwhm, wing_shift : float
        Share of the resolution function (0 to 1) in a second Lorentzian, its full width and where it stands beside the
        first one, arcsec: a wing, and a lopsided one unless the shift is 0.
    diffuse, diffuse_fwhm : float
        Share (0 to 1) of what disorder and damage take from the layers' coherent reflectivity that reaches the detector
        all the same, and the width of that foot, arcsec.
    drift, drift_cycles, drift_phase : float
        The incident beam follows a sine along the scan: root mean square of its change (0.01 is 1 %), cycles per
        scan, and phase in cycles. The mean over the scan is 1.
    background : float
        Constant, relative to the substrate peak.
    offset : float
        True dth of the scan's angle 0, arcsec: where the origin is off.
    peak_counts : float or None
        Counts expected in the highest point, before drift and background. None: no counting noise, and intensity
        relative to that point.
    layer_thickness : float
        Of the sublayers that stand for the smooth profile of a real sample, A; 100 is the training model.
    bragg : {"linear", "exact"}
        Shift of a layer's peak; "linear" is the training model.
    """

    disorder: float = 1.0
    damage: float = 0.0
    fwhm: float = 30.0
    lorentz_fraction: float = 0.0
    wing: float = 0.0
    wing_fwhm: float = 100.0
    wing_shift: float = 0.0
    diffuse: float = 0.0
    diffuse_fwhm: float = 300.0
    drift: float = 0.0
    drift_cycles: float = 1.0
    drift_phase: float = 0.0
    background: float = 0.0
    offset: float = 0.0
    peak_counts: float | None = None
    layer_thickness: float = 100.0
    bragg: Bragg = "linear"

    def __post_init__(self) -> None:
        wanted = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("bragg", "peak_counts")}
        require_numbers("effects", **wanted)
        if self.layer_thickness < 1:
            raise ValueError(
                f"effects: layer_thickness = {self.layer_thickness} given, a positive length in A expected"
            )
        Instrument(self.fwhm, self.lorentz_fraction, background=self.background, peak_counts=self.peak_counts)
        check_disorder(self.disorder, self.damage, 1)
        for name, allowed, what in (
            ("wing", 0 <= self.wing < 1, "0 to less than 1"),
            ("wing_fwhm", self.wing_fwhm >= 1, "at least 1 arcsec"),
            ("wing_shift", np.isfinite(self.wing_shift), "a number of arcsec"),
            ("diffuse", 0 <= self.diffuse <= 1, "0 to 1"),
            ("diffuse_fwhm", self.diffuse_fwhm > 0, "a positive width in arcsec"),
            ("drift", 0 <= self.drift < 0.3, "0 to less than 0.3 (the beam stays on)"),
            ("drift_cycles", 0 < self.drift_cycles < np.inf, "a positive number"),
            ("drift_phase", np.isfinite(self.drift_phase), "a number of cycles"),
            ("offset", np.isfinite(self.offset), "a number of arcsec"),
            ("layer_thickness", self.layer_thickness > 0, "a positive length in A"),
            ("bragg", self.bragg in get_args(Bragg), " or ".join(get_args(Bragg))),
        ):
            if not allowed:
                raise ValueError(f"effects: {name} = {getattr(self, name)} given, {what} expected")


@dataclass(frozen=True)
class EffectRanges:
    """From where the strengths of effects are drawn: (lowest, highest), uniformly, or one number; ``Effects`` has them.

    ``replace(EffectRanges(), wing=0.0)`` switches one off and leaves the draws of the others as they were. By default
    virtual curves of the lab's experiment, on the scan of measured curve A, look to a plain model (one E, one
    pseudo-Voigt, constant background; seven parameters and six nuisances free) as that does:

    =================================  ==========================  =======
    median of seeds 10 to 19                virtual (quartiles)    curve A
    =================================  ==========================  =======
    RMSE of log10 intensity             0.035 (0.027 to 0.038)       0.035
    the same, damage fitted as well                      0.029       0.033
    counting noise alone                                 0.020       0.015
    correlation of neighbours' misfit                     0.66        0.78
    fitted E                                              0.92        0.92
    fitted FWHM, arcsec                                     38          42
    =================================  ==========================  =======
    """

    disorder: Range = (0.94, 1.0)
    damage: Range = (0.05, 0.25)
    fwhm: Range = (34.0, 42.0)
    lorentz_fraction: Range = (0.1, 0.25)
    wing: Range = (0.02, 0.1)
    wing_fwhm: Range = (60.0, 150.0)
    wing_shift: Range = (-50.0, 50.0)
    diffuse: Range = (0.1, 0.5)
    diffuse_fwhm: Range = (200.0, 400.0)
    drift: Range = (0.005, 0.02)
    drift_cycles: Range = (0.5, 2.0)
    drift_phase: Range = (0.0, 1.0)
    background: Range = (1e-3, 3e-3)
    offset: Range = (-2.0, 2.0)
    peak_counts: float | None = 6e4
    layer_thickness: float = 50.0
    bragg: Bragg = "linear"

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name not in ("bragg", "peak_counts") and not isinstance(value, tuple | list):
                require_numbers("ranges", **{f.name: value})
            elif isinstance(value, tuple | list):
                ends = vectors(value, f"ranges: {f.name}", finite=False)
                object.__setattr__(self, f.name, tuple(ends.tolist()) if ends.ndim == 1 else ())
            if isinstance(value, tuple | list) and not (len(value) == 2 and -np.inf < value[0] <= value[1] < np.inf):
                raise ValueError(f"ranges: {f.name} = {value} given, (lowest, highest) or one number expected")
        for fraction in (0.0, 1.0):  # effects that are possible at both ends are possible in between
            self._at([fraction] * len(fields(self)))

    def draw(self, rng: np.random.Generator) -> Effects:
        """One set of effects."""
        return self._at(rng.random(len(fields(self))).tolist())

    def _at(self, fractions: list[float]) -> Effects:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for (name, value), u in zip(values.items(), fractions, strict=True):
            if isinstance(value, tuple):
                values[name] = float(value[0] + u * (value[1] - value[0]))
        return Effects(**values)


def expected_curve(parameters: FloatArray | StrainParameters, effects: Effects, scan: Scan) -> FloatArray:
    """Intensity that a scan of true angles expects, shape (n_points,): all effects but counting noise.

    In counts, or relative to the substrate peak where ``peak_counts`` is None. Offset has no part in it.
    """
    e = effects
    grid = simulation_grid(scan, fwhm=e.fwhm)
    ideal = reflectivity(
        parameters,
        grid.angle,
        layer_thickness=e.layer_thickness,
        disorder=e.disorder,
        damage=e.damage,
        bragg=e.bragg,
    )[0]
    if e.diffuse > 0:
        ideal += e.diffuse * diffuse_scattering(
            parameters,
            grid.angle,
            fwhm=e.diffuse_fwhm,
            layer_thickness=e.layer_thickness,
            disorder=e.disorder,
            damage=e.damage,
            bragg=e.bragg,
        )
    matrix = resolution_matrix(scan.angle, grid, e.fwhm, e.lorentz_fraction)
    if e.wing > 0:
        matrix = (1 - e.wing) * matrix + e.wing * resolution_matrix(scan.angle - e.wing_shift, grid, e.wing_fwhm, 1.0)
    curve = ideal @ matrix
    curve = curve / curve.max() * _beam(e, scan.n_points) + e.background
    return np.asarray(curve if e.peak_counts is None else curve * e.peak_counts)


def _beam(effects: Effects, n: int) -> FloatArray:
    """Incident beam along a scan of n points, mean 1."""
    cycles = effects.drift_cycles * np.arange(n) / (n - 1) + effects.drift_phase
    wave = np.sin(2 * np.pi * cycles)
    wave -= wave.mean()
    return np.asarray(1 + effects.drift * wave / max(float(wave.std()), 1e-12))
