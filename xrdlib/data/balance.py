"""How evenly samples fill the parameter space, and which of them the scan shows whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib._arrays import is_whole, shown
from xrdlib.data.dataset_config import DatasetConfig
from xrdlib.data.space import SPACE, ParameterSpace
from xrdlib.simulation import CRYSTALS, YIG_FILM
from xrdlib.simulation.crystals import ARCSEC
from xrdlib.simulation.strain import PARAMETERS, strain_layers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StrataImbalance", "bin_counts", "peak_in_scan", "strata_imbalance"]


_MOST_BINS = 500  # to the seventh power they can still be counted


class StrataImbalance(NamedTuple):
    """Samples in the fullest and in the emptiest occupied stratum, and their ratio."""

    n_occupied: int
    smallest: int
    largest: int
    ratio: float


def strata_imbalance(parameters: ArrayLike, *, bins: int = 3, space: ParameterSpace = SPACE) -> StrataImbalance:
    """Compare the fullest with the emptiest 7-D bin that holds any of the samples, shape (n, 7), n >= 1."""
    # a stratum's number in base ``bins``: a hundred times quicker to sort than its seven digits
    strata = _binned(parameters, bins, space) @ bins ** np.arange(len(PARAMETERS))
    counts = np.unique(strata, return_counts=True)[1]
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


def peak_in_scan(parameters: ArrayLike, config: DatasetConfig) -> NDArray[np.bool_]:
    """Whether the most strained sublayer of each sample diffracts within the scan.

    Parameters
    ----------
    parameters : array_like, shape (n, 7)
        Lengths in A.
    config : DatasetConfig
        Its scan, crystal, film and layer thickness count.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    strain, _ = strain_layers(parameters, layer_thickness=config.layer_thickness)
    crystal, highest = CRYSTALS[config.crystal], strain.max(axis=1, initial=0.0)
    if config.film:
        highest = (1 + highest) * YIG_FILM.crystal.a / crystal.a - 1
    return np.asarray(highest * np.tan(crystal.bragg_angle) / ARCSEC <= config.scan.stop)


def _binned(parameters: ArrayLike, bins: int, space: ParameterSpace) -> NDArray[np.int64]:
    if not is_whole(bins) or not 1 <= bins <= _MOST_BINS:
        raise ValueError(f"bins = {shown(bins)}: a whole number of bins, 1 to {_MOST_BINS}, expected")
    which = space.bins(parameters, bins)
    if which.shape[0] == 0:
        raise ValueError("parameters: at least one row expected")
    return which
