"""Errors of predictions whose truth is known, three ways: of the parameters, of the curve, of the strain profile."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import shown, vectors
from xrdlib.data import SPACE
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.diagnostics.target import Nuisances, resimulate
from xrdlib.metrics import curve_difference, parameter_error, profile_error
from xrdlib.simulation import CRYSTALS, PARAMETERS, YIG_FILM, StrainParameters, as_parameters, strained_peak
from xrdlib.simulation.strain import strain_layers

__all__ = [
    "MEASURES",
    "Example",
    "SampleErrors",
    "examples",
    "peak_shift",
    "percentile",
    "sample_errors",
    "surprise",
]

FloatArray = NDArray[np.float64]

# name: what people call it
MEASURES = {
    "parameter_error": "parameter MAE",
    "curve_mae": "curve MAE",
    "curve_rmse": "curve RMSE",
    "curve_unexplained": "curve 1 - R2",
    "profile_error": "profile MAE",
}

_LARGEST = 1e100  # of any parameter
_WINDOW, _STEP = 160.0, 0.5  # arcsec


class SampleErrors(NamedTuple):
    """Errors of n predictions, each of shape (n,).

    ``parameter`` is the mean of the seven, % of range; ``curve_mae``, ``curve_rmse`` and ``curve_r2`` are of log10
    intensity, ``profile`` is the mean difference of strain in 1e-3 (`xrdlib.metrics.profile_error`).
    """

    parameter: FloatArray
    curve_mae: FloatArray
    curve_rmse: FloatArray
    curve_r2: FloatArray
    profile: FloatArray

    @property
    def measures(self) -> dict[str, FloatArray]:
        """By name, every one small for a good prediction: of the curve's R2 what is missing to 1."""
        values = self.parameter, self.curve_mae, self.curve_rmse, 1 - self.curve_r2, self.profile
        return dict(zip(MEASURES, values, strict=True))


class Example(NamedTuple):
    """A test sample worth looking at: its place in the test set, parameters (A), curves on the study's scan."""

    label: str
    sample: int
    true: FloatArray
    predicted: FloatArray
    true_curve: FloatArray
    predicted_curve: FloatArray
    errors: SampleErrors


def sample_errors(
    predicted: ArrayLike | StrainParameters, true: ArrayLike | StrainParameters, config: DatasetConfig
) -> SampleErrors:
    """Compare predictions with the truth as parameters, as noise-free curves and as profiles.

    Both curves are simulated for the configuration's sample and scan, with the lab's resolution (Gaussian, 30 arcsec)
    and a perfect lattice. What lies outside a parameter's range is simulated at its edge; its parameter error counts
    in full.

    Parameters
    ----------
    predicted : array_like, shape (k, n, 7), (n, 7) or (7,)
        Lengths in A.
    true : array_like, shape (n, 7) or (7,)
        Lengths in A; a single row stands for all.
    config : DatasetConfig

    Returns
    -------
    SampleErrors
        Each of the shape of ``predicted`` without its last axis; at least one-dimensional.
    """
    rows = [
        p.to_array() if isinstance(p, StrainParameters) else vectors(p, name)
        for p, name in ((predicted, "predicted"), (true, "true"))
    ]
    for name, one in zip(("predicted", "true"), rows, strict=True):
        if one.ndim == 0 or one.shape[-1] != len(PARAMETERS) or not one.size or (np.abs(one) > _LARGEST).any():
            raise ValueError(f"{name}: parameters of shape (..., n, 7) expected, {shown(one)} given")
    try:
        np.broadcast_shapes(*(one.shape for one in rows))
    except ValueError:
        raise ValueError(f"predicted {rows[0].shape}, true {rows[1].shape}: shapes that do not fit") from None
    curves, profiles = [], []
    for one in rows:
        flat, shape = as_parameters(one.reshape(-1, one.shape[-1])), one.shape[:-1]
        curve = resimulate(flat, config.scan.angle, Nuisances(), config)
        inside = np.clip(flat, SPACE.minimum, SPACE.maximum)
        strain = strain_layers(inside, layer_thickness=config.layer_thickness)[0]
        curves.append(curve.reshape(*shape, -1))
        profiles.append(strain.reshape(*shape, -1))
    apart = curve_difference(*curves)
    error = parameter_error(rows[0], rows[1], SPACE.range).mean(axis=-1)
    values = error, apart.mae, apart.rmse, apart.r2, profile_error(*profiles)
    return SampleErrors(*(np.atleast_1d(v) for v in values))


def percentile(among: FloatArray, values: FloatArray) -> FloatArray:
    """Share (%) of ``among``, shape (n,), below each value."""
    return np.asarray(100 * np.searchsorted(np.sort(among), values) / among.size)


def surprise(error: FloatArray, curve: FloatArray) -> FloatArray:
    """Percentile of the curve error less that of the parameter error, (n,): high for good parameters, bad curve."""
    return percentile(curve, curve) - percentile(error, error)


def examples(
    errors: SampleErrors, samples: NDArray[np.int64], predicted: FloatArray, true: FloatArray, config: DatasetConfig
) -> tuple[Example, ...]:
    """Best and worst curve, and the two samples whose curve says most differently from their parameters.

    Parameters
    ----------
    errors : SampleErrors
        Of shape (k, n); the first row counts.
    samples : ndarray of int, shape (n,)
    predicted, true : ndarray, shape (n, 7)
    config : DatasetConfig
    """
    first = SampleErrors(*(values[0] for values in errors))
    unlike = surprise(first.parameter, first.curve_mae)
    places = {
        "best curve": int(first.curve_mae.argmin()),
        "worst curve": int(first.curve_mae.argmax()),
        "good parameters, bad curve": int(unlike.argmax()),
        "bad parameters, good curve": int(unlike.argmin()),
    }
    rows = list(places.values())
    curves = [resimulate(p[rows], config.scan.angle, Nuisances(), config) for p in (true, predicted)]
    return tuple(
        Example(label, int(samples[i]), true[i], predicted[i], a, b, SampleErrors(*(v[i] for v in first)))
        for (label, i), a, b in zip(places.items(), *curves, strict=True)
    )


def peak_shift(
    before: ArrayLike | StrainParameters, after: ArrayLike | StrainParameters, config: DatasetConfig
) -> float:
    """By how many arcsec the outermost peak of the strained layer moves when parameters change.

    Parameters
    ----------
    before, after : StrainParameters or array_like, shape (7,)
        Lengths in A.
    config : DatasetConfig
        Sample and thickness of the sublayers; curves as in `sample_errors`, on a finer scan.

    Returns
    -------
    float
        nan where one of the curves has no such peak: it may be a shoulder of the substrate's.
    """
    inside = (np.clip(as_parameters(rows), SPACE.minimum, SPACE.maximum) for rows in (before, after))
    places = [_outermost_peak(row, config) for row in inside]
    return places[1] - places[0]


def _outermost_peak(parameters: FloatArray, config: DatasetConfig) -> float:
    """Place of the last maximum before the angle at which the most strained sublayer diffracts, arcsec."""
    from scipy.signal import find_peaks  # half a second to import

    film = YIG_FILM if config.film else None
    end = strained_peak(
        parameters, crystal=CRYSTALS[config.crystal], film=film, layer_thickness=config.layer_thickness
    ).angle
    fwhm = Nuisances().fwhm
    angle = end + np.arange(-_WINDOW, fwhm, _STEP)
    angle = angle[angle > fwhm / 2]  # not the substrate's
    if angle.size < 3:
        return float("nan")
    curve = np.log10(resimulate(parameters, angle, Nuisances(), config)[0])
    maxima = find_peaks(curve, prominence=0.02)[0]
    if maxima.size == 0:
        return float("nan")
    at = int(maxima[-1])
    left, top, right = curve[at - 1 : at + 2]
    return float(angle[at] + _STEP * 0.5 * (left - right) / (left - 2 * top + right))
