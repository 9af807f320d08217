"""Rocking curves of ion-implanted crystals: simulate, learn, and see why checkpoints disagree."""

from importlib import import_module
from typing import TYPE_CHECKING

from xrdlib._version import __version__ as __version__
from xrdlib.simulation import StrainParameters, simulate, strain_profile

if TYPE_CHECKING:
    from xrdlib.data import Experiment, load_curve
    from xrdlib.diagnostics import Target, diagnose
    from xrdlib.refinement import refine
    from xrdlib.training import Study, reference_study

__all__ = [
    "Experiment",
    "StrainParameters",
    "Study",
    "Target",
    "diagnose",
    "load_curve",
    "reference_study",
    "refine",
    "simulate",
    "strain_profile",
]

# imported when first asked for: torch alone takes seconds
_LATER = {
    "Experiment": "data",
    "load_curve": "data",
    "Study": "training",
    "reference_study": "training",
    "Target": "diagnostics",
    "diagnose": "diagnostics",
    "refine": "refinement",
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(f"xrdlib.{_LATER[name]}"), name)
    raise AttributeError(f"module 'xrdlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
