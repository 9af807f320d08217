"""Parameter space and sampling, datasets of simulated curves, measured curves, virtual experiments."""

from xrdlib.data.balance import bin_counts, strata_imbalance
from xrdlib.data.build import build_dataset
from xrdlib.data.curves import MeasuredCurve, load_curve
from xrdlib.data.dataset import Dataset
from xrdlib.data.dataset_config import DatasetConfig, DatasetError
from xrdlib.data.experiments import LAB, Experiment
from xrdlib.data.region import Region
from xrdlib.data.sampling import sample, sample_grid
from xrdlib.data.space import LAB_EXPERIMENT, SPACE, ParameterError, ParameterSpace

__all__ = [
    "LAB",
    "LAB_EXPERIMENT",
    "SPACE",
    "Dataset",
    "DatasetConfig",
    "DatasetError",
    "Experiment",
    "MeasuredCurve",
    "ParameterError",
    "ParameterSpace",
    "Region",
    "bin_counts",
    "build_dataset",
    "load_curve",
    "sample",
    "sample_grid",
    "strata_imbalance",
]
