"""``xrdlib fit``: a curve's parameters with their uncertainties, refined from what a network says."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from xrdlib.cli.arguments import asked_for, check_writable, is_curve_file, open_study, read_target
from xrdlib.cli.commands import AllowOutside, Cm, app
from xrdlib.cli.output import print_section, print_tables
from xrdlib.cli.reading import as_options, reads_a_curve

if TYPE_CHECKING:
    from xrdlib.data import MeasuredCurve
    from xrdlib.diagnostics import Target
    from xrdlib.refinement import Refinement

__all__ = ["fit"]


@app.command(
    epilog="Examples:  xrdlib fit curve.txt --step 4.018235972 --out report;  "
    "xrdlib fit scan.xrdml --likelihood poisson;  xrdlib fit lab --json fit.json"
)
@reads_a_curve
def fit(
    target: Annotated[
        str,
        typer.Argument(help="A curve's file; or a named experiment or seven numbers: its simulated curve, as a check."),
    ],
    cm: Cm = False,
    reading: Any = None,
    allow_outside: AllowOutside = False,
    study: Annotated[
        str,
        typer.Option(
            help="Whose network starts, whose kind of sample: a folder, or measured, accurate_measured; none: random."
        ),
    ] = "measured",
    random: Annotated[
        int | None, typer.Option(min=0, help="Starts without the network; by default 2, and 10 with --study none.")
    ] = None,
    likelihood: Annotated[
        str, typer.Option(help="log (log10 intensity, all points alike) or poisson (counts).")
    ] = "log",
    counts_per_unit: Annotated[
        float | None, typer.Option(help="Counts in a unit of intensity, for poisson; by default as the file says.")
    ] = None,
    disorder: Annotated[
        str, typer.Option(help="even: one E; growing: E falls with strain; both; auto: what the curve supports.")
    ] = "auto",
    fix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="What is known of instrument and disorder, such as fwhm=32 (arcsec): scale, background, offset, fwhm, "
            "lorentz_fraction, disorder, damage; again for more.",
        ),
    ] = None,
    max_evaluations: Annotated[int, typer.Option(min=1, help="Of the model, per start.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the random starts.")] = 0,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the fit; Refinement.open reads it.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write figures, fit.json and report.html into this folder.")] = None,
) -> None:
    """Fit a measured curve: parameters, instrument and disorder, starting from what a network's epochs say."""
    is_file = is_curve_file(target)
    _check_targets(target, json_path, out)
    unused = ["cm"] * cm + ["allow-outside"] * allow_outside if is_file else asked_for(reading)
    if unused:
        raise ValueError(f"--{unused[0]}: has no meaning for {'a curve file' if is_file else repr(target)}")
    known = _known(fix or [])
    from xrdlib.refinement import refine

    opened = open_study("measured" if study == "none" else study)
    found = read_target(target, opened, cm=cm, allow_outside=allow_outside, reading=reading)
    curve = _curve(found)
    notes: list[str] = []
    read = replace(curve, metadata=curve.metadata | {"warnings": []})  # which have their own lines
    typer.echo(repr(read) if is_file else f"Simulated curve of {found.name}, a check: {curve.angle.size} points")
    for warning in curve.metadata.get("warnings", []):
        typer.echo(f"warning: {as_options(warning)}")
    result = refine(
        curve,
        None if study == "none" else opened,
        sample=opened.config.dataset,
        random=random,
        likelihood=cast(Any, likelihood),  # checked there
        counts_per_unit=counts_per_unit,
        disorder=cast(Any, disorder),
        fixed=known,
        max_evaluations=max_evaluations,
        seed=seed,
        show=sys.stdout.isatty(),
    )
    print_section(replace(result, warnings=()))
    if (true := _truth(found, curve)) is not None:
        notes.append(_against_truth(result, true))
        print_tables("The truth", {"Parameters that the curve was made of": result.against_table(true)}, [notes[-1]])
    command = shlex.join(["xrdlib", *sys.argv[1:]])
    if json_path is not None:
        result.save(json_path, command=command)
        typer.echo(f"JSON: {json_path}")
    if out is not None:
        from xrdlib.report import write_fit_report

        page = write_fit_report(result, out, command=command, notes=notes)
        typer.echo(f"Report: {page}\nFit: {out / 'fit.json'}\nFigures: {out / 'figures'}")


def _check_targets(target: str, json_path: Path | None, out: Path | None) -> None:
    """Complain before the work; a file that was measured is never written over."""
    if json_path is not None:
        check_writable(json_path)
        if json_path.is_dir():
            raise ValueError(f"--json {json_path}: a folder; a file expected")
        if json_path.exists() and Path(target).exists() and json_path.samefile(target):
            raise ValueError(f"--json {json_path}: the curve's own file; another one expected")
    if out is not None:
        for folder in (out, out / "figures"):
            if folder.exists() and not folder.is_dir():
                raise ValueError(f"{folder}: a file, not a folder")


def _known(texts: list[str]) -> dict[str, float]:
    """What --fix says."""
    known: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        name = name.strip()
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"--fix {text}: NAME=VALUE expected, such as fwhm=32") from None
        if name in known:
            raise ValueError(f"--fix {text}: {name} is fixed twice")
        known[name] = number
    return known


def _curve(found: Target) -> MeasuredCurve:
    """The target as a curve that was measured."""
    from xrdlib.data import MeasuredCurve

    if isinstance(found.source, MeasuredCurve):
        return found.source
    return MeasuredCurve(found.angle, found.intensity, {"file": found.name, "fwhm": found.source.instrument.fwhm})


def _truth(found: Target, curve: MeasuredCurve) -> Any:
    """Parameters that a curve was made of, shape (7,): a simulated one, or a virtual measurement's file."""
    from xrdlib.data import VirtualExperiment

    if found.true is not None:
        return found.true
    try:
        return VirtualExperiment.of(curve).parameters.to_array()
    except ValueError:
        return None


def _against_truth(result: Refinement, true: Any) -> str:
    """How far from the parameters that the curve was simulated with."""
    from xrdlib.data import SPACE
    from xrdlib.metrics import parameter_error
    from xrdlib.simulation import PARAMETERS

    error = parameter_error(result.parameters, true, SPACE.range)
    worst = int(error.argmax())
    return (
        f"From the parameters that the curve was simulated with: {error.mean():.2f} % of range on average, at most "
        f"{error[worst]:.2f} % ({PARAMETERS[worst]})."
    )
