"""Which training samples count, and how much: by their distance from one point of the parameter space."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import number, shown, vectors
from xrdlib.data.space import SPACE
from xrdlib.simulation import as_parameters

__all__ = ["Focus", "effective_size"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Focus:
    """Samples beyond ``radius`` are left out; a sample at distance d counts exp(-d / temperature).

    Distances are Euclidean between parameters as fractions of their ranges: at most sqrt(7) = 2.65.

    Attributes
    ----------
    centre : tuple of 7 floats
        Lengths in A.
    radius : float
    temperature : float
        Infinite: all count alike.

    Raises
    ------
    ValueError
        For a centre that is not seven finite numbers, or a radius or temperature that is not positive.
    """

    centre: tuple[float, ...]
    radius: float = inf
    temperature: float = inf

    def __post_init__(self) -> None:
        centre = vectors(self.centre, "focus: centre", finite=False)
        if centre.shape != (7,) or not (np.abs(centre) <= 1e100).all():
            raise ValueError(f"focus: centre = {shown(self.centre)} given, seven finite numbers expected")
        object.__setattr__(self, "centre", tuple(centre.tolist()))
        for name in ("radius", "temperature"):
            if not number(getattr(self, name), f"focus: {name}", infinite=True) > 0:
                raise ValueError(f"focus: {name} = {getattr(self, name)} given, a positive number expected")

    def distance(self, parameters: ArrayLike) -> FloatArray:
        """From the centre, shape (n,), for parameters of shape (n, 7) in A."""
        with np.errstate(over="ignore"):
            apart = SPACE.normalise(as_parameters(parameters)) - SPACE.normalise(self.centre)
            return np.asarray(np.linalg.norm(apart, axis=1))

    def weights(self, parameters: ArrayLike) -> FloatArray:
        """How much each sample counts, shape (n,): 0 beyond the radius, the mean of the others 1.

        Raises
        ------
        ValueError
            If no sample is within the radius.
        """
        distance = self.distance(parameters)
        if not distance.size:
            raise ValueError("parameters: at least one row expected")
        inside = distance <= self.radius
        if not inside.any():
            raise ValueError(
                f"focus: no sample within {self.radius:g} of the centre (in units of the ranges); the nearest is at "
                f"{distance.min():.3f}"
            )
        # from the nearest on: far from all samples every exponential would be 0
        with np.errstate(over="ignore"):
            counts = np.where(inside, np.exp(-(distance - distance[inside].min()) / self.temperature), 0.0)
        return np.asarray(counts / counts[inside].mean())


def effective_size(weights: ArrayLike) -> float:
    """Number of equally weighted samples whose mean scatters as much (Kish 1965): (sum w)^2 / sum w^2.

    ValueError if weights are negative, not finite, or all 0.
    """
    given = vectors(weights, "weights", finite=False)
    if not np.isfinite(given).all() or (given < 0).any() or not given.any():
        raise ValueError("weights: finite ones, none negative and not all 0, expected")
    with np.errstate(under="ignore"):
        given = given / given.max()  # squares of very large or small ones are out of range
    return float(given.sum() ** 2 / (given**2).sum())
