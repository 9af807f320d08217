"""One target's report: figures as PNG and PDF, and a single HTML file that needs nothing else."""

from xrdlib.report.fit import write_fit_report
from xrdlib.report.page import write_report

__all__ = ["write_fit_report", "write_report"]
