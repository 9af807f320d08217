"""Why checkpoints disagree about one experiment, measured."""

from xrdlib._section import Section
from xrdlib.diagnostics._intervals import Interval, bootstrap
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.decision.decision import Decision, decide, paragraph
from xrdlib.diagnostics.diagnosis import SECTIONS, Diagnosis, between_studies, diagnose
from xrdlib.diagnostics.epochs.change_point import ChangePoint, change_point
from xrdlib.diagnostics.epochs.luck import Luck, luck
from xrdlib.diagnostics.epochs.tracking import Tracking, track
from xrdlib.diagnostics.errors.bins import ParameterBins, parameter_bins
from xrdlib.diagnostics.errors.comparison import Comparison, compare_checkpoints
from xrdlib.diagnostics.errors.reconstruction import Reconstruction, reconstruction
from xrdlib.diagnostics.errors.sample_errors import SampleErrors, peak_shift, sample_errors
from xrdlib.diagnostics.gap.gap import Gap, measurement_gap
from xrdlib.diagnostics.information.chi2_profile import Chi2Profile, chi2_profile
from xrdlib.diagnostics.information.identifiability import Identifiability, identifiability
from xrdlib.diagnostics.information.limits import Limits, network_limits
from xrdlib.diagnostics.information.perturbation import Perturbation, perturb
from xrdlib.diagnostics.information.sensitivity import Sensitivity, sensitivity
from xrdlib.diagnostics.lookup.neighbours import Neighbours, neighbour_baseline
from xrdlib.diagnostics.reading import CurveReading, curve_reading
from xrdlib.diagnostics.runs.bias_variance import BiasVariance, bias_variance
from xrdlib.diagnostics.runs.data_map import DataMap, data_map
from xrdlib.diagnostics.runs.loss_plane import LossPlane, loss_plane
from xrdlib.diagnostics.runs.mechanisms import Mechanisms, mechanisms
from xrdlib.diagnostics.runs.studies import Studies, compare_studies
from xrdlib.diagnostics.runs.trainings import Trainings, compare_trainings
from xrdlib.diagnostics.runs.variation import Variation, variation
from xrdlib.diagnostics.target import Nuisances, Target, fit_nuisances, resimulate
from xrdlib.diagnostics.training_set.coverage import Coverage, coverage, coverage_of
from xrdlib.diagnostics.training_set.dataset_quality import DatasetQuality, dataset_quality
from xrdlib.diagnostics.training_set.density_effect import DensityEffect, density_effect
from xrdlib.diagnostics.training_set.note_rule import NoteRule
from xrdlib.diagnostics.training_set.samplings import Samplings, compare_samplings

__all__ = [
    "SECTIONS",
    "BiasVariance",
    "ChangePoint",
    "Checkpoints",
    "Chi2Profile",
    "Comparison",
    "Coverage",
    "CurveReading",
    "DataMap",
    "DatasetQuality",
    "Decision",
    "DensityEffect",
    "Diagnosis",
    "Gap",
    "Identifiability",
    "Interval",
    "Limits",
    "LossPlane",
    "Luck",
    "Mechanisms",
    "Neighbours",
    "NoteRule",
    "Nuisances",
    "ParameterBins",
    "Perturbation",
    "Reconstruction",
    "SampleErrors",
    "Samplings",
    "Section",
    "Sensitivity",
    "Studies",
    "Target",
    "Tracking",
    "Trainings",
    "Variation",
    "between_studies",
    "bias_variance",
    "bootstrap",
    "change_point",
    "checkpoints",
    "chi2_profile",
    "compare_checkpoints",
    "compare_samplings",
    "compare_studies",
    "compare_trainings",
    "coverage",
    "coverage_of",
    "curve_reading",
    "data_map",
    "dataset_quality",
    "decide",
    "density_effect",
    "diagnose",
    "fit_nuisances",
    "identifiability",
    "loss_plane",
    "luck",
    "measurement_gap",
    "mechanisms",
    "neighbour_baseline",
    "network_limits",
    "paragraph",
    "parameter_bins",
    "peak_shift",
    "perturb",
    "reconstruction",
    "resimulate",
    "sample_errors",
    "sensitivity",
    "track",
    "variation",
]
