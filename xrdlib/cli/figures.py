"""``xrdlib figures``: every numbered figure of the notebooks, for a study of one's own."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from xrdlib.cli.arguments import asked_for, is_curve_file, open_study, read_target
from xrdlib.cli.commands import AllowOutside, Cm, app
from xrdlib.cli.reading import reads_a_curve

__all__ = ["figures"]


@app.command(
    epilog="Examples:  xrdlib figures --out figures;  xrdlib figures --study build/mine --out figures --only 03,05.1;  "
    "xrdlib figures --experiment curve.txt --step 4.018235972 --study measured --out figures --width column"
)
@reads_a_curve
def figures(
    out: Annotated[Path, typer.Option(help="Folder to create, or to go on in.")],
    study: Annotated[str, typer.Option(help="Folder, or lab, measured, accurate, accurate_measured.")] = "lab",
    experiment: Annotated[
        str, typer.Option(help="A named experiment, seven numbers in one quoted string, or a curve file.")
    ] = "lab",
    only: Annotated[
        str | None, typer.Option(help="Figures such as 03.4, all of a notebook such as 03, or names such as traces.")
    ] = None,
    width: Annotated[str | None, typer.Option(help="column (8.6 cm) or page (17 cm); by default both.")] = None,
    cm: Cm = False,
    reading: Any = None,
    allow_outside: AllowOutside = False,
) -> None:
    """Draw the numbered figures of the notebooks: PDF, SVG, PNG, the numbers as CSV, and captions.

    What is not defined for the study is named, with the reason. 03.1, 11.3 and 11.4 train small networks.
    """
    from xrdlib.report.figures import asked, make_figures
    from xrdlib.report.figures.make import WIDTHS

    unused = ["cm"] * cm if is_curve_file(experiment) else asked_for(reading)
    if unused:
        what = "a curve file" if is_curve_file(experiment) else repr(experiment)
        raise ValueError(f"--{unused[0]}: has no meaning for {what}")
    if width is not None and width not in WIDTHS:
        raise ValueError(f"--width {width}: column or page expected")
    names = None if only is None else [name for name in re.split(r"[\s,]+", only) if name]
    asked(names)  # complain before the work
    opened = open_study(study)
    target = read_target(experiment, opened, cm=cm, allow_outside=allow_outside, reading=reading)
    made = make_figures(
        opened,
        target,
        out,
        names=names,
        widths=WIDTHS if width is None else (width,),
        command=shlex.join(["xrdlib", *sys.argv[1:]]),
        progress=sys.stderr.isatty() or sys.stdout.isatty(),
    )
    _print(made)


def _print(made: Any) -> None:
    """What was made, what was not and why, and what is wrong."""
    for figure in made.record["figures"]:
        sizes = ", ".join(f"{w:.1f} x {h:.1f} cm" for w, h in figure["sizes_cm"].values())
        also = f" = {', '.join(figure['also'])}" if figure["also"] else ""
        typer.echo(f"{figure['number']}{also} {figure['name']}: {sizes}")
    for skipped in made.record["skipped"]:
        typer.echo(f"{skipped['number']} {skipped['name']}: not made: {skipped['reason']}")
    for file, found in made.problems.items():
        typer.echo(f"{file}: hard to read: {'; '.join(found)}")
    typer.echo(f"Captions: {made.folder / 'captions.md'}\nList: {made.folder / 'figures.json'}")
