"""Fits of measured curves: the seven parameters together with instrument and disorder."""

from xrdlib.refinement._ends import DisorderFit, Minimum
from xrdlib.refinement._problem import Likelihood
from xrdlib.refinement.model import NUISANCES, CurveModel
from xrdlib.refinement.refine import Disorder, FitError, refine
from xrdlib.refinement.result import Refinement
from xrdlib.refinement.starts import Start, network_starts, random_starts

__all__ = [
    "NUISANCES",
    "CurveModel",
    "Disorder",
    "DisorderFit",
    "FitError",
    "Likelihood",
    "Minimum",
    "Refinement",
    "Start",
    "network_starts",
    "random_starts",
    "refine",
]
