"""``xrdlib show``: what the library makes of a curve's file, a study's folder or a dataset's."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import xrdlib
from xrdlib.cli.arguments import asked_for, check_writable, is_shipped, open_study, write_text
from xrdlib.cli.commands import app, dataset_show, study_show
from xrdlib.cli.reading import as_options, reads_a_curve

if TYPE_CHECKING:
    from xrdlib.diagnostics import CurveReading

__all__ = ["show"]

SCHEMA = "xrdlib.show/1"


@app.command(
    epilog="Examples:  xrdlib show curve.txt --step 4.018235972 --out report;  "
    "xrdlib show scan.xrdml --save curve.txt;  xrdlib show lab"
)
@reads_a_curve
def show(
    file: Annotated[str, typer.Argument(help="A curve's file; or the folder of a study or a dataset.")],
    reading: Any = None,
    study: Annotated[
        str, typer.Option(help="Whose network is to read the curve: a study's folder, or lab, measured, accurate.")
    ] = "measured",
    out: Annotated[Path | None, typer.Option(help="Write the figure into this folder's folder figures.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the numbers as JSON.")] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the curve as a text file that xrdlib reads without any option.")
    ] = None,
) -> None:
    """Say what was read from a curve's file: peak, layer, background, what was inferred, who can read it."""
    kind = _kind(file)
    if kind != "curve":
        written = {"out": out, "json": json_path, "save": save}
        unused = asked_for(reading) + ["study"] * (study != "measured") + asked_for(written)
        if unused:
            raise ValueError(f"--{unused[0]}: has no meaning for {file}, a {kind}")
        return study_show(file) if kind == "study" else dataset_show(Path(file))
    _check_targets(Path(file), out, json_path, save)
    from xrdlib.data import load_curve
    from xrdlib.diagnostics import curve_reading

    curve = load_curve(file, **reading)
    found = curve_reading(curve, open_study(study).config)
    _print(found)
    if save is not None:
        curve.save(save)
        typer.echo(f"Curve: {save}")
    if json_path is not None:
        head = {
            "schema": SCHEMA,
            "xrdlib_version": xrdlib.__version__,
            "command": shlex.join(["xrdlib", *sys.argv[1:]]),
        }
        write_text(json_path, json.dumps(head | found.to_dict(), indent=1, allow_nan=False) + "\n")
        typer.echo(f"JSON: {json_path}")
    if out is not None:
        from xrdlib.plots import plot_measured, save_figure

        figures = out / "figures"
        figures.mkdir(parents=True, exist_ok=True)
        png, pdf = save_figure(plot_measured(found), figures / "measured")
        typer.echo(f"Figure: {png} and {pdf.name}")


def _kind(text: str) -> str:
    """What is to be shown: a curve's file is all that is neither study nor dataset."""
    path = Path(text)
    if (path / "config.toml").is_file() or is_shipped(text):
        return "study"
    return "dataset" if (path / "zarr.json").is_file() else "curve"


def _check_targets(file: Path, out: Path | None, json_path: Path | None, save: Path | None) -> None:
    """Complain before the work; a file that was measured is never written over."""
    if out is not None:
        for folder in (out, out / "figures"):
            if folder.exists() and not folder.is_dir():
                raise ValueError(f"{folder}: a file, not a folder")
    for option, path in (("json", json_path), ("save", save)):
        if path is not None:
            check_writable(path)
            if path.is_dir():
                raise ValueError(f"--{option} {path}: a folder; a file expected")
            if path.exists() and file.exists() and path.samefile(file):
                raise ValueError(f"--{option} {path}: the curve's own file; another one expected")
    if json_path is not None and save is not None and json_path.resolve() == save.resolve():
        raise ValueError(f"--save {save}: the same file as --json")


def _print(found: CurveReading) -> None:
    """The table, its text to the left, and the sentences."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"[bold]{_escaped(found.title)}[/]\n")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, row in found.table.iterrows():
        table.add_row(_escaped(str(label)), _escaped(str(row.iloc[0])))
    console.print(table)
    console.print()
    for sentence in found.sentences:
        console.print(f"- {as_options(sentence)}", markup=False, soft_wrap=True)


def _escaped(text: str) -> str:
    """A name in square brackets is no markup."""
    from rich.markup import escape

    return escape(text)
