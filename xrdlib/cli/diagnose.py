"""``xrdlib diagnose``: one target against one study or two, as tables, JSON and report, or as a thesis paragraph."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xrdlib.cli.arguments import (
    asked_for,
    check_writable,
    is_curve_file,
    open_study,
    read_target,
    write_text,
)
from xrdlib.cli.commands import AllowOutside, Cm, app
from xrdlib.cli.output import as_json, print_diagnosis, print_paragraph
from xrdlib.cli.reading import as_options, reads_a_curve

if TYPE_CHECKING:
    from xrdlib.diagnostics import Diagnosis

__all__ = ["diagnose"]


@app.command(
    epilog="Examples:  xrdlib diagnose;  xrdlib diagnose curve.txt --step 4.018235972 --out report;  "
    'xrdlib diagnose "0.008 0.001 5200 3500 0.0025 3000 -50" --json result.json'
)
@reads_a_curve
def diagnose(
    experiment: Annotated[
        str, typer.Argument(help="A named experiment, seven numbers in one quoted string, or a curve file.")
    ] = "lab",
    cm: Cm = False,
    reading: Any = None,
    study: Annotated[str | None, typer.Option(help="Folder, or lab, measured, accurate, accurate_measured.")] = None,
    allow_outside: AllowOutside = False,
    only: Annotated[str | None, typer.Option(help="Sections, such as bins,luck; by default all.")] = None,
    critical: Annotated[
        bool | None, typer.Option(help="For the decision: whether this experiment is critical.")
    ] = None,
    several: Annotated[bool | None, typer.Option(help="Whether there are several similar experiments.")] = None,
    publication: Annotated[bool | None, typer.Option(help="Whether it is for publication.")] = None,
    paragraph: Annotated[
        bool, typer.Option("--paragraph", help="Print nothing but a paragraph for a thesis on the epoch selected.")
    ] = False,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the numbers as JSON.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write figures and report.html into this folder.")] = None,
) -> None:
    """Say which epoch is final, which is ideal for this experiment, how they differ, and why that may be."""
    from xrdlib.diagnostics import diagnose as run

    if json_path is not None:
        check_writable(json_path)
    if out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"{out}: a file, not a folder")
    is_file = is_curve_file(experiment)
    unused = ["cm"] * cm if is_file else asked_for(reading)
    if unused:
        raise ValueError(f"--{unused[0]}: has no meaning for {'a curve file' if is_file else repr(experiment)}")
    sections = None if only is None else [name for name in re.split(r"[\s,]+", only) if name]
    answers = {"critical": critical, "several": several, "publication": publication}
    given = [name for name, answer in answers.items() if answer is not None]
    files = json_path is not None or out is not None
    if paragraph:
        sections = ["decision", *(sections or [])] if only is not None or not files else None
    elif given and sections is not None and "decision" not in sections:
        raise ValueError(f"--{given[0]}: has no meaning without the section decision")
    names = [study] if study else ["measured", "lab"] if is_file else ["lab"]
    if paragraph and not files:
        names = names[:1]
    studies = [open_study(name) for name in names]
    target = read_target(experiment, studies[0], cm=cm, allow_outside=allow_outside, reading=reading)
    diagnoses = [run(target, opened, sections=sections, **answers) for opened in studies]
    command = shlex.join(["xrdlib", *sys.argv[1:]])
    if paragraph:
        print_paragraph(diagnoses[0])
    else:
        _print(diagnoses)
    if json_path is not None:
        write_text(json_path, json.dumps(as_json(diagnoses, command), indent=1, allow_nan=False) + "\n")
        typer.echo(f"JSON: {json_path}", err=paragraph)
    if out is not None:
        from xrdlib.report import write_report

        page = write_report(diagnoses, out, command=command)
        typer.echo(f"Report: {page}\nFigures: {out / 'figures'}", err=paragraph)


def _print(diagnoses: list[Diagnosis]) -> None:
    """Curve, every study, and how they differ."""
    from xrdlib.data import MeasuredCurve
    from xrdlib.diagnostics import between_studies

    source = diagnoses[0].target.source
    if isinstance(source, MeasuredCurve):
        typer.echo(repr(source) + "".join(f"\nwarning: {as_options(w)}" for w in source.metadata.get("warnings", [])))
    for diagnosis in diagnoses:
        print_diagnosis(diagnosis)
    if len(diagnoses) > 1:
        typer.echo(f"Between the studies: {between_studies(diagnoses)}\n")
