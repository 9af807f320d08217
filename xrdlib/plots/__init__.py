"""Figures of what the other packages compute; every function returns the Figure, or the Axes it was given."""

from xrdlib.plots.bins import plot_parameter_bins
from xrdlib.plots.checkpoints import plot_checkpoints, plot_parameter_errors
from xrdlib.plots.comparison import plot_comparison
from xrdlib.plots.coverage import plot_coverage, plot_radius_calibration
from xrdlib.plots.curves import plot_curve, plot_profile, plot_profile_and_curve
from xrdlib.plots.data_map import plot_data_map
from xrdlib.plots.dataset import plot_bins, plot_dataset_quality, plot_density_effect, plot_samplings
from xrdlib.plots.decision import plot_decision
from xrdlib.plots.ensemble import plot_ensemble, plot_growth, plot_seeds_or_epochs, plot_spread
from xrdlib.plots.fit import plot_fit, plot_fit_correlation
from xrdlib.plots.forgetting import plot_forgetting
from xrdlib.plots.gap import plot_gap
from xrdlib.plots.loss_plane import plot_loss_plane
from xrdlib.plots.luck import plot_luck
from xrdlib.plots.measured import plot_measured
from xrdlib.plots.mechanisms import plot_mechanisms
from xrdlib.plots.neighbours import plot_neighbours
from xrdlib.plots.reconstruction import plot_examples, plot_reconstruction
from xrdlib.plots.region import plot_region
from xrdlib.plots.remedies import plot_remedies
from xrdlib.plots.selection import plot_selection
from xrdlib.plots.sensitivity import plot_chi2_profile, plot_identifiability, plot_sensitivity
from xrdlib.plots.studies import plot_studies
from xrdlib.plots.style import COLUMN, PAGE, save_figure, style
from xrdlib.plots.traces import plot_losses, plot_regret, plot_traces, plot_two_studies

__all__ = [
    "COLUMN",
    "PAGE",
    "plot_bins",
    "plot_checkpoints",
    "plot_chi2_profile",
    "plot_comparison",
    "plot_coverage",
    "plot_curve",
    "plot_data_map",
    "plot_dataset_quality",
    "plot_decision",
    "plot_density_effect",
    "plot_ensemble",
    "plot_examples",
    "plot_fit",
    "plot_fit_correlation",
    "plot_forgetting",
    "plot_gap",
    "plot_growth",
    "plot_identifiability",
    "plot_loss_plane",
    "plot_losses",
    "plot_luck",
    "plot_measured",
    "plot_mechanisms",
    "plot_neighbours",
    "plot_parameter_bins",
    "plot_parameter_errors",
    "plot_profile",
    "plot_profile_and_curve",
    "plot_radius_calibration",
    "plot_reconstruction",
    "plot_region",
    "plot_regret",
    "plot_remedies",
    "plot_samplings",
    "plot_seeds_or_epochs",
    "plot_selection",
    "plot_sensitivity",
    "plot_spread",
    "plot_studies",
    "plot_traces",
    "plot_two_studies",
    "save_figure",
    "style",
]
