"""A box of the parameter space around one point: where an experiment lies, or is thought to lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xrdlib._arrays import shown, vectors
from xrdlib.data.space import SPACE, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

__all__ = ["Region"]


@dataclass(frozen=True)
class Region:
    """All points within so much of a centre in every parameter, as far as ranges and constraints allow them.

    Attributes
    ----------
    centre : tuple of 7 floats
        Lengths in A. It may itself break a constraint, as what a network says may.
    half_width : tuple of 7 floats
        % of each parameter's range; one number stands for seven.

    Raises
    ------
    ValueError
        For numbers that are not finite, a half width that is not positive, or a box outside a parameter's range.
    """

    centre: tuple[float, ...]
    half_width: tuple[float, ...] | float

    def __post_init__(self) -> None:
        n = len(PARAMETERS)
        centre = vectors(self.centre, "region: centre", finite=False)
        widths = vectors(self.half_width, "region: half_width", finite=False)
        if centre.shape != (n,) or not np.isfinite(centre).all():
            raise ValueError(f"region: centre = {shown(self.centre)} given, seven finite numbers expected")
        if widths.shape not in ((), (1,), (n,)) or not ((widths > 0) & np.isfinite(widths)).all():
            raise ValueError(
                f"region: half_width = {shown(self.half_width)} given, one or seven positive % of range expected"
            )
        widths = np.broadcast_to(widths, (n,))
        object.__setattr__(self, "centre", tuple(centre.tolist()))
        object.__setattr__(self, "half_width", tuple(widths.tolist()))
        low, high = self._limits()
        for name, start, stop in zip(PARAMETERS, low, high, strict=True):
            if not start < stop:
                raise ValueError(
                    f"region: empty, {name} = {self.centre[PARAMETERS.index(name)]:g} is further than its half width "
                    "from the parameter's range; take a wider region or another centre"
                )

    def _limits(self) -> tuple[Any, Any]:
        with np.errstate(over="ignore", invalid="ignore"):
            reach = np.array(self.half_width) / 100 * SPACE.range
            low = np.maximum(np.array(self.centre) - reach, SPACE.minimum)
            return low, np.minimum(np.array(self.centre) + reach, SPACE.maximum)

    @property
    def space(self) -> ParameterSpace:
        """The box, cut to the ranges; the constraints hold in it as in every space."""
        low, high = self._limits()
        return ParameterSpace(tuple(low), tuple(high), SPACE.grid_step)

    def to_dict(self) -> dict[str, Any]:
        """As plain TOML types."""
        return {"centre": list(self.centre), "half_width": np.array(self.half_width).tolist()}
