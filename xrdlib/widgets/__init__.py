"""Explorers for notebooks (ipywidgets); they draw what the library computes, and compute nothing themselves."""

from xrdlib.widgets.curve_explorer import CurveExplorer, curve_explorer
from xrdlib.widgets.exercises import Verdict, check_choice, check_number

__all__ = ["CurveExplorer", "Verdict", "check_choice", "check_number", "curve_explorer"]
