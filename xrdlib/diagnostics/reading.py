"""What was made of a measured curve's file: where peak, layer and background are, and who can read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from xrdlib._section import Section, number
from xrdlib.data import MeasuredCurve
from xrdlib.data.peak import SubstratePeak, find_substrate_peak
from xrdlib.diagnostics._reading_parts import (
    Fringes,
    Layer,
    NetworkView,
    find_fringes,
    find_half,
    find_layer,
    network_view,
    strain_at,
)
from xrdlib.diagnostics._reading_text import facts, findings
from xrdlib.simulation import CRYSTALS, Crystal
from xrdlib.training import StudyConfig

__all__ = ["CurveReading", "curve_reading"]


@dataclass(frozen=True, repr=False)
class CurveReading(Section):
    """What `load_curve` made of a file, and what a user needs to see whether that is right.

    Attributes
    ----------
    curve : MeasuredCurve
    config : StudyConfig
        Of the study whose network is to read it, and whose substrate gives strains.
    peak : SubstratePeak
        The highest peak as it is found, arcsec; at 0 unless the peak was set.
    half : tuple of float, or None
        Where the curve passes half its height, arcsec; None where that is cut off.
    layer : Layer
    network : NetworkView
    fringes : Fringes
    """

    curve: MeasuredCurve
    config: StudyConfig
    peak: SubstratePeak
    half: tuple[float, float] | None
    layer: Layer
    network: NetworkView
    fringes: Fringes

    name = "reading"
    title = "What was read"

    @property
    def crystal(self) -> Crystal:
        """The substrate."""
        return CRYSTALS[self.config.dataset.crystal]

    def strain(self, angle: ArrayLike) -> NDArray[np.float64]:
        """Strain that diffracts at an angle (arcsec): dth / tan(thB), the linear form."""
        return strain_at(np.asarray(angle, dtype=np.float64), self.crystal)

    @property
    def background_range(self) -> tuple[float, float]:
        """Angles (arcsec) of the first and the last point that the background came from."""
        first, stop = self.curve.metadata["background_points"]
        return float(self.curve.angle[first]), float(self.curve.angle[stop - 1])

    @property
    def frame(self) -> pd.DataFrame:
        """One row per quantity, as text."""
        return pd.DataFrame(facts(self), columns=["quantity", "value"])

    @property
    def table(self) -> pd.DataFrame:
        """The same, with the quantities as index."""
        return self.frame.set_index("quantity").rename_axis(None)

    @property
    def sentences(self) -> list[str]:
        """Warnings, what was inferred, and what can be seen."""
        known = self.curve.metadata
        return [
            *(f"Warning: {text}" for text in known.get("warnings", [])),
            *(f"Inferred: {text}" for text in known.get("inferred", [])),
            *findings(self),
        ]

    def to_dict(self) -> dict[str, Any]:
        """As in docs/json.md."""
        known = self.curve.metadata
        angle = self.curve.angle
        return {
            "file": Path(str(known.get("file", ""))).name or None,
            "metadata": _plain({k: v for k, v in known.items() if k not in ("inferred", "warnings")}),
            "inferred": _plain(known.get("inferred", [])),
            "warnings": _plain(known.get("warnings", [])),
            "range": [float(angle[0]), float(angle[-1])],
            "strain_range": [float(v) for v in self.strain(angle[[0, -1]])],
            "background_range": list(self.background_range),
            "peak_found": number(self.peak.position),
            "half_height": None if self.half is None else list(self.half),
            "layer": _plain(self.layer._asdict()),
            "network": {"study": self.config.name, **_plain(self.network._asdict())},
            "fringes": {**_plain(self.fringes._asdict()), "verdict": self.fringes.verdict},
            "findings": findings(self),
        }


def curve_reading(curve: MeasuredCurve, config: StudyConfig) -> CurveReading:
    """Say where peak, layer and background of a measured curve are, and who can read it.

    Parameters
    ----------
    curve : MeasuredCurve
        From `load_curve`.
    config : StudyConfig
        Of the study whose network is to read it.

    Returns
    -------
    CurveReading

    Raises
    ------
    ValueError
        For a curve that was not read by `load_curve`: it says nothing of peak and background.
    """
    missing = [key for key in ("background", "peak_intensity", "fwhm", "step") if key not in curve.metadata]
    if missing:
        raise ValueError(f"curve: its metadata has no {missing[0]!r}; a curve from load_curve expected")
    crystal = CRYSTALS[config.dataset.crystal]
    peak = find_substrate_peak(curve.angle, curve.intensity)
    return CurveReading(
        curve,
        config,
        peak,
        find_half(curve, peak),
        find_layer(curve, crystal),
        network_view(curve, config),
        find_fringes(curve, crystal),
    )


def _plain(value: Any) -> Any:
    """As JSON knows it: neither nan nor numpy."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return number(value)
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
