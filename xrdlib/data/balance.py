"""How evenly samples fill the parameter space: counts in the bins of each parameter and in 7-D strata."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.data.space import SPACE, ParameterSpace
from xrdlib.simulation.strain import PARAMETERS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StrataImbalance", "bin_counts", "strata_imbalance"]


class StrataImbalance(NamedTuple):
    """Samples in the fullest and in the emptiest occupied stratum, and their ratio."""

    n_occupied: int
    smallest: int
    largest: int
    ratio: float


def strata_imbalance(parameters: ArrayLike, *, bins: int = 3, space: ParameterSpace = SPACE) -> StrataImbalance:
    """Compare the fullest with the emptiest 7-D bin that holds any of the samples, shape (n, 7), n >= 1."""
    counts = np.unique(_binned(parameters, bins, space), axis=0, return_counts=True)[1]
    smallest, largest = int(counts.min()), int(counts.max())
    return StrataImbalance(counts.size, smallest, largest, largest / smallest)


def bin_counts(parameters: ArrayLike, *, bins: int = 3, space: ParameterSpace = SPACE) -> pd.DataFrame:
    """How many samples are in each bin of each parameter.

    Parameters
    ----------
    parameters : array_like, shape (n, 7)
        At least one row.
    bins : int
        Equal parts of each parameter's range.
    space : ParameterSpace

    Returns
    -------
    pandas.DataFrame
        One row per parameter; columns LOW, MED, HIGH (1, 2, ... for other ``bins``) with the counts, and
        ``ratio``, the largest count over the smallest (inf where a bin is empty).
    """
    import pandas as pd

    which = _binned(parameters, bins, space)
    counts = np.stack([np.bincount(column, minlength=bins) for column in which.T])
    names = ["LOW", "MED", "HIGH"] if bins == 3 else [str(i + 1) for i in range(bins)]
    frame = pd.DataFrame(counts, index=pd.Index(PARAMETERS, name="parameter"), columns=names)
    with np.errstate(divide="ignore"):
        return frame.assign(ratio=counts.max(axis=1) / counts.min(axis=1))


def _binned(parameters: ArrayLike, bins: int, space: ParameterSpace) -> NDArray[np.int64]:
    which = space.bins(parameters, bins)
    if which.shape[0] == 0:
        raise ValueError("parameters: at least one row expected")
    return which
