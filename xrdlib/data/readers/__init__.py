"""Files of measured curves: what format they have, and the scan that is in them.

Text tables, PANalytical XRDML and Rigaku RAS, each plain or gzipped, recognised by what they hold. Every reader gives
a `RawScan`; `xrdlib.load_curve` makes a curve of it.
"""

from xrdlib.data.readers.dispatch import read_scan
from xrdlib.data.readers.raw import UNITS, CurveFormatError, RawScan, Reading

__all__ = ["UNITS", "CurveFormatError", "RawScan", "Reading", "read_scan"]
