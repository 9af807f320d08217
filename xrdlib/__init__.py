"""Rocking curves of ion-implanted crystals: simulate, learn, and see why checkpoints disagree."""

from xrdlib.simulation import StrainParameters, simulate, strain_profile

__version__ = "0.1.0"
__all__ = ["StrainParameters", "__version__", "simulate", "strain_profile"]
