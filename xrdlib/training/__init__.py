"""Training a network on a dataset, and the study that remembers every epoch."""

from xrdlib.training.check import StudyCheck, check_study
from xrdlib.training.config import Seeds, StudyConfig, StudyError, TrainingConfig
from xrdlib.training.derived import write_derived
from xrdlib.training.focus import Focus, effective_size
from xrdlib.training.foreign import NpzDataset, load_npz_dataset
from xrdlib.training.foreign_modules import track_checkpoints
from xrdlib.training.loop import run_study
from xrdlib.training.measurement import Measurement
from xrdlib.training.network import Network, NetworkConfig
from xrdlib.training.parent import Combination, Parent
from xrdlib.training.preprocess import Preprocess
from xrdlib.training.reference import export_study, reference_replicas, reference_study
from xrdlib.training.replicas import Replicas, run_replicas
from xrdlib.training.study import Study

__all__ = [
    "Combination",
    "Focus",
    "Measurement",
    "Network",
    "NetworkConfig",
    "NpzDataset",
    "Parent",
    "Preprocess",
    "Replicas",
    "Seeds",
    "Study",
    "StudyCheck",
    "StudyConfig",
    "StudyError",
    "TrainingConfig",
    "check_study",
    "effective_size",
    "export_study",
    "load_npz_dataset",
    "reference_replicas",
    "reference_study",
    "run_replicas",
    "run_study",
    "track_checkpoints",
    "write_derived",
]
