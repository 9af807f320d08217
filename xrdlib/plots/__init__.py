"""Figures of what the other packages compute; every function returns the Figure, or the Axes it was given."""

from xrdlib.plots.checkpoints import plot_checkpoints, plot_parameter_errors
from xrdlib.plots.coverage import plot_bins, plot_coverage
from xrdlib.plots.curves import plot_curve, plot_profile, plot_profile_and_curve
from xrdlib.plots.style import COLUMN, PAGE, save_figure, style
from xrdlib.plots.traces import plot_losses, plot_regret, plot_traces, plot_two_studies

__all__ = [
    "COLUMN",
    "PAGE",
    "plot_bins",
    "plot_checkpoints",
    "plot_coverage",
    "plot_curve",
    "plot_losses",
    "plot_parameter_errors",
    "plot_profile",
    "plot_profile_and_curve",
    "plot_regret",
    "plot_traces",
    "plot_two_studies",
    "save_figure",
    "style",
]
