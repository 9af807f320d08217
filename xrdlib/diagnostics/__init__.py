"""Why checkpoints disagree about one experiment, measured."""

from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.coverage import Coverage, coverage
from xrdlib.diagnostics.diagnosis import Diagnosis, between_studies, diagnose
from xrdlib.diagnostics.target import Nuisances, Target, fit_nuisances, resimulate
from xrdlib.diagnostics.tracking import Tracking, track

__all__ = [
    "Checkpoints",
    "Coverage",
    "Diagnosis",
    "Nuisances",
    "Target",
    "Tracking",
    "between_studies",
    "checkpoints",
    "coverage",
    "diagnose",
    "fit_nuisances",
    "resimulate",
    "track",
]
