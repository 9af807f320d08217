"""Every numbered figure of the series of notebooks, made again for a study: files, numbers and captions."""

from xrdlib.report.figures.catalogue import CATALOGUE, Numbered, asked, listed
from xrdlib.report.figures.make import Made, make_figures
from xrdlib.report.figures.material import Drawing, Material

__all__ = ["CATALOGUE", "Drawing", "Made", "Material", "Numbered", "asked", "listed", "make_figures"]
