"""Explorers for notebooks (ipywidgets); they draw what the library computes, and compute nothing themselves."""

from xrdlib.widgets.bins import BinsExplorer, bins_explorer
from xrdlib.widgets.coverage import CoverageExplorer, coverage_explorer
from xrdlib.widgets.curves import CurveExplorer, curve_explorer
from xrdlib.widgets.decision import DecisionExplorer, decision_explorer
from xrdlib.widgets.ensemble import EnsembleExplorer, ensemble_explorer
from xrdlib.widgets.epochs import EpochExplorer, epoch_explorer
from xrdlib.widgets.exercises import Verdict, check_choice, check_number
from xrdlib.widgets.fit import FitExplorer, fit_explorer
from xrdlib.widgets.gallery import ExplorerGallery, explorer_gallery
from xrdlib.widgets.mechanisms import MechanismsExplorer, mechanisms_explorer
from xrdlib.widgets.neighbours import NeighboursExplorer, neighbours_explorer
from xrdlib.widgets.region import RegionExplorer, region_explorer
from xrdlib.widgets.sensitivity import SensitivityExplorer, sensitivity_explorer

__all__ = [
    "BinsExplorer",
    "CoverageExplorer",
    "CurveExplorer",
    "DecisionExplorer",
    "EnsembleExplorer",
    "EpochExplorer",
    "ExplorerGallery",
    "FitExplorer",
    "MechanismsExplorer",
    "NeighboursExplorer",
    "RegionExplorer",
    "SensitivityExplorer",
    "Verdict",
    "bins_explorer",
    "check_choice",
    "check_number",
    "coverage_explorer",
    "curve_explorer",
    "decision_explorer",
    "ensemble_explorer",
    "epoch_explorer",
    "explorer_gallery",
    "fit_explorer",
    "mechanisms_explorer",
    "neighbours_explorer",
    "region_explorer",
    "sensitivity_explorer",
]
