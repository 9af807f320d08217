"""Virtual measurements: curves as a diffractometer would record them, of which the truth is known.

For testing and teaching: does a fit recover the parameters, does its interval hold them, what does an effect that the
fitted model lacks do to either.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import is_whole, shown
from xrdlib.data.curves import MeasuredCurve, load_curve
from xrdlib.data.virtual_effects import EffectRanges, Effects, expected_curve
from xrdlib.simulation import Scan, StrainParameters

__all__ = ["VirtualExperiment", "virtual_experiment"]

FloatArray = NDArray[np.float64]

_DEFAULT_RANGES = EffectRanges()
_DEFAULT_SCAN = Scan()


@dataclass(frozen=True, eq=False)
class VirtualExperiment:
    """A measurement that never took place, and what is true of it.

    Attributes
    ----------
    curve : MeasuredCurve
        As `load_curve` would give it: angle 0 is where it finds the substrate peak. ``metadata["virtual"]`` holds
        the truth, and a saved curve keeps it.
    parameters : StrainParameters
        Of the sample, lengths in A.
    effects : Effects
        What the measurement went through.
    offset : float
        True dth of the curve's angle 0, arcsec: the finding of the peak included.
    seed : int
    clean : ndarray, shape (n_points,)
        The curve without counting noise, in the same unit.
    """

    curve: MeasuredCurve
    parameters: StrainParameters
    effects: Effects
    offset: float
    seed: int
    clean: FloatArray

    @classmethod
    def of(cls, curve: MeasuredCurve) -> VirtualExperiment:
        """The experiment behind a virtual curve, one read from a file included; ValueError for any other curve."""
        source = curve.metadata.get("source")
        known = curve.metadata.get("virtual") or (source.get("virtual") if isinstance(source, dict) else None)
        if known is None:
            raise ValueError(f"{curve.metadata.get('file', 'curve')}: not a virtual measurement, its truth is unknown")
        try:
            parameters, effects = StrainParameters.from_array(known["parameters"]), Effects(**known["effects"])
            offset, seed = float(known["offset"]), int(known["seed"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{curve.metadata.get('file', 'curve')}: its truth cannot be read: {error}") from None
        angle = curve.angle + offset
        scan = Scan(float(angle[0]), float(angle[-1] - angle[0]) / (angle.size - 1), angle.size)
        return cls(curve, parameters, effects, offset, seed, expected_curve(parameters, effects, scan))


def virtual_experiment(
    parameters: ArrayLike | StrainParameters,
    seed: int,
    *,
    effects: Effects | EffectRanges = _DEFAULT_RANGES,
    scan: Scan = _DEFAULT_SCAN,
) -> VirtualExperiment:
    """Measure a sample of known parameters virtually (GGG, reflection 444, no film).

    Parameters
    ----------
    parameters : StrainParameters or array_like, shape (7,)
        Lengths in A, in the order ``PARAMETERS``.
    seed : int
        Decides the strengths of the effects (where they are drawn) and, independently, the counting noise.
    effects : Effects or EffectRanges
        Strengths as they are, or the ranges they are drawn from. ``Effects()`` switches everything off: the curve is
        then that of ``Experiment``, divided by its highest point.
    scan : Scan
        As the diffractometer has it; by default the lab's.

    Returns
    -------
    VirtualExperiment

    Raises
    ------
    ValueError
        For parameters that cannot be simulated, another seed, or effects that are impossible.

    Examples
    --------
    >>> from xrdlib.data import LAB_EXPERIMENT, virtual_experiment
    >>> found = virtual_experiment(LAB_EXPERIMENT, seed=1)
    >>> found.curve.angle.size, found.effects.peak_counts
    (701, 60000.0)
    """
    row = parameters if isinstance(parameters, StrainParameters) else StrainParameters.from_array(parameters)
    if not is_whole(seed) or seed < 0:
        raise ValueError(f"seed = {shown(seed)}: a whole number >= 0 expected")
    of_effects, of_noise = (np.random.default_rng([int(seed), purpose]) for purpose in (0, 1))
    e = effects.draw(of_effects) if isinstance(effects, EffectRanges) else effects
    clean = expected_curve(row, e, replace(scan, start=scan.start + e.offset))
    intensity = clean if e.peak_counts is None else of_noise.poisson(clean).astype(np.float64)
    curve, moved = _as_loaded(scan.angle, intensity)
    offset = moved + e.offset
    truth = {
        "parameters": row.to_array().tolist(),
        "effects": asdict(e),
        "offset": offset,
        "seed": int(seed),
    }
    metadata = {**curve.metadata, "file": f"virtual measurement, seed {seed}", "virtual": truth}
    return VirtualExperiment(replace(curve, metadata=metadata), row, e, offset, int(seed), clean)


def _as_loaded(angle: FloatArray, intensity: FloatArray) -> tuple[MeasuredCurve, float]:
    """What `load_curve` makes of a text file with this curve, and by how much it moved the angles."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "curve.txt"
        rows = zip(angle.tolist(), intensity.tolist(), strict=True)
        file.write_text("".join(f"{x!r} {y!r}\n" for x, y in rows), encoding="utf-8")
        curve = load_curve(file)
    return curve, float(angle[0] - curve.angle[0])
