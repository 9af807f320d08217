"""The options on how a curve's file is read, the same for every command that takes one."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from xrdlib.cli.arguments import column_numbers
from xrdlib.cli.commands import Columns, Decimal, Peak, Reverse, ScanNumber, Separator, Skip, Step, TwoTheta, Unit

__all__ = ["as_options", "reads_a_curve"]


def as_options(text: str) -> str:
    """A text of `load_curve` with its arguments as the command's options."""
    columns = r"\bcolumns=\((\d+)(?:, |,)(\d*)\)"
    named = r"\b(step|columns|unit|peak|skip|scan|separator|decimal)=('?)(\S*?)\2(?=[\s,;:).]|$)"
    text = re.sub(columns, lambda m: f"--columns {','.join(filter(None, m.groups()))}", text)
    text = re.sub(r"\b(reverse|two_theta)=True", lambda m: f"--{m[1].replace('_', '-')}", text)
    return re.sub(named, lambda m: f"--{m[1]} {m[3]}".rstrip(), text)


def reads_a_curve(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options; it gets them as one argument, ``reading``, the keywords of `load_curve`.

    They stand where ``reading`` stands among its parameters, so that ``--help`` lists them there.
    """

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        reading = {name: given.pop(name) for name in _OPTIONS}
        reading["columns"] = column_numbers(reading["columns"])
        if reading["separator"] in ("\\t", "tab"):
            reading["separator"] = "\t"
        command(**given, reading=reading)

    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        parameters += _OPTIONS.values() if parameter.name == "reading" else [parameter]
    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    with_options.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options


def _prototype(
    step: Step = None,
    columns: Columns = None,
    unit: Unit = "arcsec",
    skip: Skip = 0,
    separator: Separator = None,
    decimal: Decimal = None,
    peak: Peak = None,
    reverse: Reverse = False,
    two_theta: TwoTheta = False,
    scan: ScanNumber = None,
) -> None: ...


_OPTIONS = dict(inspect.signature(_prototype, eval_str=True).parameters)
