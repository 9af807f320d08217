"""What the user means by an argument, and what is wrong with it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xrdlib.data import Experiment
    from xrdlib.diagnostics import Target
    from xrdlib.training import Study

__all__ = [
    "asked_for",
    "check_writable",
    "column_numbers",
    "is_curve_file",
    "is_shipped",
    "open_study",
    "read_target",
    "seven_numbers",
    "write_text",
]

SHIPPED = ("lab", "measured", "accurate", "accurate_measured")  # studies that `reference_study` opens
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def seven_numbers(text: str, cm: bool, allow_outside: bool) -> Any:
    """Seven numbers from one string, checked, lengths in A, shape (7,)."""
    from xrdlib.data import SPACE, ParameterError
    from xrdlib.simulation import StrainParameters

    tokens = _tokens(text)
    wrong = [t for t in tokens if not _NUMBER.match(t)]
    if wrong:
        raise ValueError(f"parameters: {wrong[0]!r} is not a number; seven expected: Dmax1 D01 L1 Rp1 D02 L2 Rp2")
    values = [float(t) for t in tokens]
    parameters = StrainParameters.from_cm(values) if cm else StrainParameters.from_array(values)
    try:
        return SPACE.check(parameters, allow_outside=allow_outside)[0]
    except ParameterError as error:
        if not cm and parameters.L1 < 1:
            raise ValueError(f"{error}; for lengths in cm: --cm") from None
        if cm and parameters.L1 > 1e6:
            raise ValueError(f"{error}; for lengths in angstrom: without --cm") from None
        raise


def column_numbers(text: str | None) -> tuple[int, ...] | None:
    """Numbers of columns from text such as "0,1"."""
    if text is None:
        return None
    try:
        return tuple(int(c) for c in text.split(","))
    except ValueError:
        raise ValueError(f"--columns {text}: numbers of columns from 0, such as 0,1, expected") from None


def _tokens(text: str) -> list[str]:
    return [t for t in re.split(r"[\s,;\[\]()]+", text) if t]


def asked_for(reading: dict[str, Any]) -> list[str]:
    """Options on reading a curve's file that are not as they are by default."""
    return [name for name, value in reading.items() if value not in (None, False, 0, "arcsec")]


def is_curve_file(text: str) -> bool:
    """Whether an EXPERIMENT is, or looks like, the path of a file."""
    if Path(text).exists():
        return True
    tokens = _tokens(text)
    return not (len(tokens) > 1 and any(map(_NUMBER.match, tokens))) and ("." in text or "/" in text or os.sep in text)


def read_target(text: str, study: Study, *, cm: bool, allow_outside: bool, reading: dict[str, Any]) -> Target:
    """What the user means by EXPERIMENT: a curve file, a name, or seven numbers."""
    from xrdlib.data import LAB, Experiment, load_curve
    from xrdlib.diagnostics import Target
    from xrdlib.simulation import StrainParameters

    known: dict[str, Experiment] = {"lab": LAB} | {e.name: e for e in study.config.experiments}
    if is_curve_file(text):
        return Target.from_curve(load_curve(text, **reading), Path(text).name)
    if text in known:
        if cm:
            raise ValueError(f"--cm: has no meaning for {text!r}, whose parameters are known")
        return Target.from_experiment(known[text], study.config)
    if not any(map(_NUMBER.match, _tokens(text))):
        raise ValueError(f"{text}: no such file and no experiment of that name; named ones: {', '.join(known)}")
    parameters = StrainParameters.from_array(seven_numbers(text, cm, allow_outside))
    given = Experiment("given", parameters)
    same = (
        e for e in known.values() if (e.parameters, e.instrument, e.disorder) == (parameters, given.instrument, 1.0)
    )
    return Target.from_experiment(next(same, given), study.config)


def is_shipped(text: str) -> bool:
    """Whether a study's name is meant, and no folder."""
    return text in SHIPPED and not Path(text).exists()


def open_study(name: str, *, complete: bool = True) -> Study:
    """A shipped study by name, or any study by folder."""
    from xrdlib.training import Study, reference_study

    if is_shipped(name):
        return reference_study(name)
    return Study.open(name, complete=complete)


def check_writable(path: Path) -> None:
    """Complain before the work rather than after it."""
    if not path.parent.is_dir():
        raise ValueError(f"{path}: the folder {path.parent} does not exist")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    check_writable(path)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
