"""Parameter space and sampling, datasets of simulated curves, measured curves, virtual experiments."""

from xrdlib.data.balance import bin_counts, strata_imbalance
from xrdlib.data.build import build_dataset
from xrdlib.data.cluster import cluster_executor
from xrdlib.data.curves import CurveFormatError, MeasuredCurve, load_curve
from xrdlib.data.dataset import Dataset
from xrdlib.data.dataset_config import DatasetConfig, DatasetError
from xrdlib.data.experiments import LAB, Experiment
from xrdlib.data.region import Region
from xrdlib.data.sampling import sample, sample_grid
from xrdlib.data.space import LAB_EXPERIMENT, SPACE, ParameterError, ParameterSpace
from xrdlib.data.virtual import VirtualExperiment, virtual_experiment
from xrdlib.data.virtual_effects import EffectRanges, Effects

__all__ = [
    "LAB",
    "LAB_EXPERIMENT",
    "SPACE",
    "CurveFormatError",
    "Dataset",
    "DatasetConfig",
    "DatasetError",
    "EffectRanges",
    "Effects",
    "Experiment",
    "MeasuredCurve",
    "ParameterError",
    "ParameterSpace",
    "Region",
    "VirtualExperiment",
    "bin_counts",
    "build_dataset",
    "cluster_executor",
    "load_curve",
    "sample",
    "sample_grid",
    "strata_imbalance",
    "virtual_experiment",
]
