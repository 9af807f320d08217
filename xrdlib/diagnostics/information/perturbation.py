"""One parameter changed by a step: what becomes of the curve, and whether anybody could see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.data import SPACE
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.space import format_parameter
from xrdlib.diagnostics.errors.sample_errors import peak_shift
from xrdlib.diagnostics.information._forward import Source, forward_model
from xrdlib.diagnostics.information._steps import stepped
from xrdlib.simulation import PARAMETERS, Instrument, as_parameters
from xrdlib.training import Study

__all__ = ["BACKGROUND", "COUNTS", "Perturbation", "perturb"]

FloatArray = NDArray[np.float64]

COUNTS, BACKGROUND = 6e4, 2e-3  # counts in the peak, background relative to it: measured curve A's
_INSTRUMENT = Instrument()


@dataclass(frozen=True)
class Perturbation:
    """A curve before and after a step in one parameter.

    Attributes
    ----------
    name : str
        The parameter.
    before, after : ndarray, shape (7,)
        Lengths in A.
    angle : ndarray, shape (m,)
        arcsec.
    curve_before, curve_after : ndarray, shape (m,)
    counts, background : float
        Counts in the peak and background relative to it, for ``significance``.
    config : DatasetConfig or None
        Sample of the library's simulator; None for a callable.
    """

    name: str
    before: FloatArray
    after: FloatArray
    angle: FloatArray
    curve_before: FloatArray
    curve_after: FloatArray
    counts: float
    background: float
    config: DatasetConfig | None

    @property
    def difference(self) -> FloatArray:
        """log10 of after over before, shape (m,)."""
        return np.asarray(np.log10(self.curve_after / self.curve_before))

    @property
    def rmse(self) -> float:
        """Of log10 intensity."""
        return float(np.sqrt(np.mean(self.difference**2)))

    @property
    def mae(self) -> float:
        """Of log10 intensity."""
        return float(np.mean(np.abs(self.difference)))

    @property
    def significance(self) -> float:
        """By how many standard deviations counting tells the two curves apart, everything else being known."""
        top = self.curve_before.max()
        before, after = (self.counts * (c / top + self.background) for c in (self.curve_before, self.curve_after))
        return float(np.sqrt(np.sum((after - before) ** 2 / before)))

    @property
    def peak_shift(self) -> float:
        """Shift of the curve's outermost strained peak, arcsec; nan where it shows none, or of a callable."""
        return float("nan") if self.config is None else peak_shift(self.before, self.after, self.config)

    @property
    def sentence(self) -> str:
        """What the step does, in words."""
        column = PARAMETERS.index(self.name)
        values = " to ".join(format_parameter(self.name, float(p[column])) for p in (self.before, self.after))
        share = 100 * abs(self.after - self.before)[column] / SPACE.range[column]
        if self.rmse == 0:
            return f"{self.name} from {values}: nothing changes."
        at = int(np.abs(self.difference).argmax())
        shift = self.peak_shift
        peak = "the curve shows no strained peak to follow" if np.isnan(shift) else (
            f"the strained peak moves by {shift + 0.0:+.2f} arcsec"
        )  # fmt: skip
        seen = self.significance
        told = "cannot be told" if seen < 2 else "can just be told" if seen < 5 else "is plainly told"
        return (
            f"{self.name} from {values} ({share:.3g} % of range): log10 intensity changes by {self.rmse:.2g} (RMSE), "
            f"most at {self.angle[at]:.0f} arcsec ({self.difference[at]:+.2g}); {peak}; at {self.counts:.0e} counts "
            f"and a background of {self.background:.2g} it {told} ({seen:.2g} sigma)."
        )


def perturb(
    source: Source,
    parameters: ArrayLike,
    name: str,
    step: float = 0.01,
    *,
    of: str = "range",
    counts: float = COUNTS,
    background: float = BACKGROUND,
    instrument: Instrument = _INSTRUMENT,
    disorder: float = 1.0,
) -> Perturbation:
    """Change one parameter and simulate both curves.

    Parameters
    ----------
    source : Study, DatasetConfig or callable
        As for `sensitivity`.
    parameters : array_like, shape (7,)
        Lengths in A.
    name : str
        The parameter to change.
    step : float
        Fraction of the parameter's range or value; negative steps go down.
    of : {"range", "value"}
    counts, background : float
        Counts in the peak, and background relative to it.
    instrument : Instrument
        Resolution.
    disorder : float

    Returns
    -------
    Perturbation

    Raises
    ------
    ValueError
        For an unknown parameter or yardstick, or a step to where nothing can be simulated.
    """
    if name not in PARAMETERS:
        raise ValueError(f"name = {name!r}: one of {' '.join(PARAMETERS)} expected")
    if not counts > 0 or not background >= 0:
        raise ValueError(f"counts = {counts}, background = {background}: positive counts, background >= 0 expected")
    before = as_parameters(parameters)[0]
    column = PARAMETERS.index(name)
    after = before.copy()
    after[column] = stepped(before, step, of)[column]
    model = forward_model(source, instrument, disorder)
    curves = model.curves(np.stack([before, after]))
    sample = source.config.dataset if isinstance(source, Study) else source
    config = sample if isinstance(sample, DatasetConfig) else None
    return Perturbation(name, before, after, model.angle, curves[0], curves[1], counts, background, config)
