"""``xrdlib compare``: whole studies against each other."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

import xrdlib
from xrdlib.cli.arguments import (
    asked_for,
    check_writable,
    column_numbers,
    is_curve_file,
    open_study,
    read_target,
    write_text,
)
from xrdlib.cli.commands import AllowOutside, Cm, Columns, Peak, Reverse, Skip, Step, Unit, app
from xrdlib.cli.output import print_section

__all__ = ["compare"]

SCHEMA = "xrdlib.compare/1"


@app.command(epilog="Examples:  xrdlib compare lab measured;  xrdlib compare lab build/augmented --experiment lab")
def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDIES...", help="Folders, or lab, measured, accurate; the first is what others are held to."
        ),
    ],
    experiment: Annotated[
        list[str] | None,
        typer.Option(
            help="A named experiment, seven numbers in one quoted string, or a curve file; again for more. "
            "By default what all studies track."
        ),
    ] = None,
    cm: Cm = False,
    step: Step = None,
    columns: Columns = None,
    unit: Unit = "arcsec",
    skip: Skip = 0,
    peak: Peak = None,
    reverse: Reverse = False,
    allow_outside: AllowOutside = False,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the numbers as JSON.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the figure into this folder.")] = None,
) -> None:
    """Say which of several studies reads experiments and test samples better, and what of that chance explains."""
    from xrdlib.diagnostics import compare_studies

    if json_path is not None:
        check_writable(json_path)
    if out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"{out}: a file, not a folder")
    reading = {
        "step": step,
        "unit": unit,
        "skip": skip,
        "peak": peak,
        "reverse": reverse,
        "columns": column_numbers(columns),
    }
    files = [text for text in experiment or [] if is_curve_file(text)]
    unused = asked_for(reading) if not files else []
    if cm and len(files) == len(experiment or []):
        unused = ["cm", *unused]
    if unused:
        wanted = "seven numbers" if unused[0] == "cm" else "a curve file"
        raise ValueError(f"--{unused[0]}: has no meaning without an --experiment that is {wanted}")
    studies = [open_study(name) for name in names]
    targets = None
    if experiment:
        targets = []
        for text in experiment:
            knows = (s for s in studies if text in {e.name for e in s.config.experiments})
            study = next(knows, studies[0])
            targets.append(read_target(text, study, cm=cm, allow_outside=allow_outside, reading=reading))
    found = compare_studies(studies, targets)
    print_section(found)
    if json_path is not None:
        head = {
            "schema": SCHEMA,
            "xrdlib_version": xrdlib.__version__,
            "command": shlex.join(["xrdlib", *sys.argv[1:]]),
        }
        write_text(json_path, json.dumps(head | found.to_dict(), indent=1, allow_nan=False) + "\n")
        typer.echo(f"JSON: {json_path}")
    if out is not None:
        from xrdlib.plots import plot_studies, save_figure

        out.mkdir(parents=True, exist_ok=True)
        png, _ = save_figure(plot_studies(found), out / found.name)
        typer.echo(f"Figure: {png}")
