"""Rocking curves of ion-implanted crystals: simulate, learn, and see why checkpoints disagree."""

from importlib import import_module
from typing import TYPE_CHECKING

from xrdlib.simulation import StrainParameters, simulate, strain_profile

if TYPE_CHECKING:
    from xrdlib.data import Experiment, load_curve
    from xrdlib.diagnostics import Target, diagnose
    from xrdlib.training import Study, reference_study

__version__ = "0.1.0"
__all__ = [
    "Experiment",
    "StrainParameters",
    "Study",
    "Target",
    "diagnose",
    "load_curve",
    "reference_study",
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
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(f"xrdlib.{_LATER[name]}"), name)
    raise AttributeError(f"module 'xrdlib' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
