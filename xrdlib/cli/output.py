"""What the command prints, and the JSON it writes."""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

import xrdlib

if TYPE_CHECKING:
    from pandas import DataFrame

    from xrdlib._section import Section
    from xrdlib.diagnostics import Diagnosis, Target
    from xrdlib.training import Study

__all__ = [
    "as_json",
    "plain_warnings",
    "print_diagnosis",
    "print_paragraph",
    "print_section",
    "print_study",
    "print_tables",
]


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings as one line on standard error, without the place in the code."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        typer.echo(f"xrdlib: {message}", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def print_study(study: Study) -> None:
    """What a study holds."""
    config = study.config
    typer.echo(f"{study.path}: study {config.name}, {study.n_epochs} of {config.training.epochs} epochs")
    n = len(study.checkpoints)
    typer.echo(f"curves: {study.curves_in_words}; {n} epoch{'' if n == 1 else 's'} with weights")
    if config.parent is not None:
        taken = f", epochs {', '.join(map(str, config.parent.epochs))}" if config.parent.epochs else ""
        typer.echo(f"made by {config.parent.remedy} from study {config.parent.study}{taken}")
    if not study.n_epochs:
        return
    typer.echo(f"final: epoch {study.final}, validation loss {study.val_loss(study.final):.5f}")
    for experiment in config.experiments if study.n_epochs > 1 else ():
        error = study.experiment_errors(experiment.name).mean(axis=1)
        ideal = int(error.argmin()) + 1
        typer.echo(
            f"{experiment.name}: ideal epoch {ideal}, error {error[ideal - 1]:.2f} % of range, "
            f"at final {error[study.final - 1]:.2f}, regret {error[study.final - 1] - error[ideal - 1]:.2f}"
        )


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """A diagnosis as tables and sentences; of a measured curve every epoch, too."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.rule(escape(f"{diagnosis.target.name} against study {diagnosis.study.config.name}"), align="left")
    for sentence in diagnosis.summary:
        console.print(sentence, markup=False, soft_wrap=True)
    for section in diagnosis.sections:
        print_section(section)
    if diagnosis.target.true is None:
        console.print("\n[bold]Every epoch with weights, re-simulated against the curve[/]")
        console.print(_rich_table(diagnosis.checkpoints.every_epoch))
    console.print()


def print_paragraph(diagnosis: Diagnosis) -> None:
    """The thesis paragraph of its decision, in lines of 80 characters at most."""
    from xrdlib.diagnostics import Decision

    decision = diagnosis["decision"]
    assert isinstance(decision, Decision)
    typer.echo(textwrap.fill(decision.paragraph, 80, break_long_words=False, break_on_hyphens=False))


def print_section(section: Section) -> None:
    """Title, table and sentences of one result."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(section.title)}[/]")
    console.print(_rich_table(section.table))
    for sentence in section.sentences:
        console.print(f"- {sentence}", markup=False, soft_wrap=True)


def print_tables(title: str, tables: dict[str, DataFrame], sentences: list[str]) -> None:
    """Several tables with headings, for what is too wide for one, and the findings."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(title)}[/]")
    for heading, table in tables.items():
        console.print(f"\n{heading}", markup=False)
        short = [re.sub(r"^(change) .*$|^.* (profile|measured)$", r"\1\2", str(name)) for name in table.columns]
        console.print(_rich_table(table.set_axis(short, axis=1), whole_labels=True))
    for sentence in sentences:
        console.print(f"- {sentence}", markup=False, soft_wrap=True)


def _rich_table(frame: Any, *, whole_labels: bool = False) -> Any:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("", no_wrap=whole_labels, min_width=max(map(len, map(str, frame.index))) if whole_labels else None)
    for name in frame.columns:
        table.add_column(escape(str(name)), justify="right")
    for label, row in frame.iterrows():
        table.add_row(*(escape(str(cell)) for cell in (label, *row)))
    return table


def as_json(diagnoses: list[Diagnosis], command: str) -> dict[str, Any]:
    """The contract of docs/json.md: a head, the first study's sections, the other studies beside them."""
    from xrdlib.diagnostics.diagnosis import SCHEMA
    from xrdlib.simulation import PARAMETERS

    first = diagnoses[0]
    true = first.target.true
    head = {
        "schema": SCHEMA,
        "xrdlib_version": xrdlib.__version__,
        "command": command,
        "experiment": {
            "name": first.target.name,
            "measured": true is None,
            "curve": None if true is not None else _curve_facts(first.target),
            "parameters": None if true is None else {p: float(v) for p, v in zip(PARAMETERS, true, strict=True)},
        },
    }
    return {**head, **first.to_dict(), "other_studies": [d.to_dict() for d in diagnoses[1:]]}


def _curve_facts(target: Target) -> dict[str, Any]:
    """What was inferred about a measured curve."""
    known = getattr(target.source, "metadata", {})
    names = ("n_points", "step", "peak_index", "peak_from", "peak_intensity", "fwhm", "background", "warnings")
    return {name: known.get(name) for name in names}
