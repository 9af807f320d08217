"""Moved to xrdlib._section."""

from xrdlib._section import Section, by_parameter, number

__all__ = ["Section", "by_parameter", "number"]
