"""Explorers for notebooks (ipywidgets); they draw what the library computes, and compute nothing themselves."""

from xrdlib.widgets.curves import CurveExplorer, curve_explorer
from xrdlib.widgets.epochs import EpochExplorer, epoch_explorer
from xrdlib.widgets.exercises import Verdict, check_choice, check_number

__all__ = [
    "CurveExplorer",
    "EpochExplorer",
    "Verdict",
    "check_choice",
    "check_number",
    "curve_explorer",
    "epoch_explorer",
]
