"""``xrdlib remedy``: what can be done about an experiment, each remedy into a study's folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xrdlib.cli.arguments import asked_for, is_curve_file, open_study, read_target
from xrdlib.cli.commands import AllowOutside, Cm, Workers, app
from xrdlib.cli.output import print_section, print_tables
from xrdlib.cli.reading import reads_a_curve

if TYPE_CHECKING:
    from xrdlib.diagnostics import Target
    from xrdlib.remedies import Members
    from xrdlib.training import Study

__all__ = ["remedy_app"]

remedy_app = typer.Typer(no_args_is_help=True, help="Remedies: each writes a new study and says what it changed.")
app.add_typer(remedy_app, name="remedy")

StudyName = Annotated[str, typer.Option("--study", help="The parent: a study's folder, or lab, measured, accurate.")]
ExperimentText = Annotated[
    str, typer.Option("--experiment", help="A named experiment, seven numbers in one quoted string, or a curve file.")
]
Out = Annotated[Path, typer.Option(help="Folder of the new study; the same command goes on after an interruption.")]
CentreText = Annotated[
    str,
    typer.Option(
        "--centre",
        help="Around what: chosen or final (what the network says of the curve at that epoch), truth (of a virtual "
        "experiment, and circular), or seven numbers.",
    ),
]


@remedy_app.command("ensemble", epilog="Example:  xrdlib remedy ensemble --members top --count 5 --out build/ensemble")
@reads_a_curve
def ensemble_command(
    out: Annotated[Path, typer.Option(help="Folder of the new study.")],
    study: StudyName = "lab",
    experiment: ExperimentText = "lab",
    members: Annotated[
        str,
        typer.Option(help="top, every, greedy or note; numbers of epochs such as 20,48,76; swa or soup (of weights)."),
    ] = "top",
    count: Annotated[
        int, typer.Option(min=1, help="Of top: how many; of every: each so-many-th; of greedy: steps.")
    ] = 5,
    how: Annotated[str, typer.Option(help="mean or median of the predictions.")] = "mean",
    weights: Annotated[str, typer.Option(help="equal, validation or curve (errors of the members).")] = "equal",
    cm: Cm = False,
    allow_outside: AllowOutside = False,
    reading: Any = None,
) -> None:
    """Combine epochs of one training: their predictions, or (swa, soup) their weights."""
    from xrdlib.remedies import AVERAGED, averaged_network, write_average, write_ensemble

    parent, target = _parent(study, experiment, cm, allow_outside, reading)
    if members in AVERAGED:
        if (count, how, weights) != (5, "mean", "equal"):
            raise ValueError(
                f"--members {members}: averages weights; --count, --how and --weights have no meaning for it"
            )
        network, epochs = averaged_network(parent, members)
        made = write_average(parent, network, epochs, out, remedy=members)
    else:
        chosen = _members(parent, members, count, target)
        made = write_ensemble(parent, chosen, out, how=how, weights=weights, target=target)
    _compare(parent, made, target)


@remedy_app.command("augment", epilog="Example:  xrdlib remedy augment --n 10000 --half-width 10 --out build/augmented")
@reads_a_curve
def augment_command(
    out: Out,
    study: StudyName = "lab",
    experiment: ExperimentText = "lab",
    centre: CentreText = "chosen",
    n: Annotated[int, typer.Option(min=1, help="New curves.")] = 10_000,
    half_width: Annotated[float, typer.Option(help="Of the region, % of each parameter's range.")] = 10.0,
    everywhere: Annotated[
        int | None, typer.Option(help="Instead of a region: so many curves in all, sampled like the dataset.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Instead of a region: new curves in every epoch.")] = False,
    longer: Annotated[
        bool, typer.Option("--longer", help="An epoch has all curves; otherwise as many as the parent's, drawn anew.")
    ] = False,
    cm: Cm = False,
    allow_outside: AllowOutside = False,
    reading: Any = None,
    workers: Workers = None,
) -> None:
    """Train again with more curves: around the experiment, everywhere, or new ones in every epoch."""
    from xrdlib.remedies import augment, fresh_curves, more_data

    if fresh and everywhere is not None:
        raise ValueError("--fresh: cannot be combined with --everywhere")
    if fresh and longer:
        raise ValueError("--longer: has no meaning with --fresh, whose epochs are as long as the parent's")
    parent, target = _parent(study, experiment, cm, allow_outside, reading)
    if fresh:
        made = fresh_curves(parent, out, workers=workers)
    elif everywhere is not None:
        made = more_data(parent, out, size=everywhere, equal_cost=not longer, workers=workers)
    else:
        around = _centre(centre, cm, allow_outside)
        options = {"centre": around, "equal_cost": not longer, "workers": workers}
        made = augment(parent, target, out, n=n, half_width=half_width, **options)
    _compare(parent, made, target)


@remedy_app.command("finetune", epilog="Example:  xrdlib remedy finetune --radius 0.6 --rate 1e-4 --out build/tuned")
@reads_a_curve
def finetune_command(
    out: Out,
    study: StudyName = "lab",
    experiment: ExperimentText = "lab",
    centre: CentreText = "chosen",
    radius: Annotated[
        float, typer.Option(help="Distance in units of the ranges within which samples are taken; 1 holds half of all.")
    ] = 1.0,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1e-5,
    epochs: Annotated[int, typer.Option(min=1)] = 10,
    epoch: Annotated[int | None, typer.Option(help="Whose weights to start from; by default final.")] = None,
    cm: Cm = False,
    allow_outside: AllowOutside = False,
    reading: Any = None,
    workers: Workers = None,
) -> None:
    """Train an epoch's network further on the samples around the experiment, and say what it forgets."""
    from xrdlib.remedies import fine_tune, forgetting

    parent, target = _parent(study, experiment, cm, allow_outside, reading)
    around = _centre(centre, cm, allow_outside)
    made = fine_tune(
        parent,
        target,
        out,
        radius=radius,
        learning_rate=rate,
        epochs=epochs,
        epoch=epoch,
        centre=around,
        workers=workers,
    )
    print_section(forgetting(parent, made))
    _compare(parent, made, target)


@remedy_app.command("weight", epilog="Example:  xrdlib remedy weight --temperature 0.3 --out build/weighted")
@reads_a_curve
def weight_command(
    out: Out,
    study: StudyName = "lab",
    experiment: ExperimentText = "lab",
    centre: CentreText = "chosen",
    temperature: Annotated[
        float, typer.Option(help="T of the weights exp(-distance / T), in units of the ranges.")
    ] = 0.3,
    cm: Cm = False,
    allow_outside: AllowOutside = False,
    reading: Any = None,
    workers: Workers = None,
) -> None:
    """Train again with a loss in which samples near the experiment count more."""
    from xrdlib.remedies import weight_region
    from xrdlib.training import effective_size

    parent, target = _parent(study, experiment, cm, allow_outside, reading)
    around = _centre(centre, cm, allow_outside)
    made = weight_region(parent, target, out, temperature=temperature, centre=around, workers=workers)
    assert made.config.focus is not None
    size = effective_size(made.config.focus.weights(made.training_parameters))
    typer.echo(f"effective sample size: {size:.0f} of {len(made.training_parameters)} (T = {temperature:g})")
    _compare(parent, made, target)


@remedy_app.command("summary", epilog="Example:  xrdlib remedy summary")
def summary_command(
    table: Annotated[
        Path | None, typer.Argument(help="What 'remedy measure' wrote; by default the table that is shipped.")
    ] = None,
) -> None:
    """What every remedy is worth: before and after on several trainings, with intervals."""
    from xrdlib.remedies import RemedySummary

    found = RemedySummary.open(table)
    print_tables(found.title, found.tables, found.sentences)
    typer.echo("What the names stand for: docs/remedies.md. A dagger: told what nobody knows of a measured curve.")


@remedy_app.command(
    "measure", epilog="Example:  xrdlib remedy measure data/configs/lab_one_thread.toml --out build/all"
)
def measure_command(
    config: Annotated[Path, typer.Argument(help="Configuration of the trainings, TOML.")],
    out: Annotated[Path, typer.Option(help="Folder to create, or to go on in.")],
    seeds: Annotated[int, typer.Option(min=4, help="Trainings.")] = 6,
) -> None:
    """Apply every remedy to several trainings; hours of one core, and it goes on where it was interrupted."""
    from xrdlib.remedies import RemedySummary, measure_remedies
    from xrdlib.training import StudyConfig

    found = RemedySummary(measure_remedies(StudyConfig.load(config), out, seeds=seeds))
    print_tables(found.title, found.tables, found.sentences)
    typer.echo(f"Table: {out / 'remedies.csv'}")


def _parent(name: str, experiment: str, cm: bool, allow_outside: bool, reading: dict[str, Any]) -> tuple[Study, Target]:
    study = open_study(name)
    unused = [] if is_curve_file(experiment) else asked_for(reading)
    if unused:
        raise ValueError(f"--{unused[0]}: has no meaning without an --experiment that is a curve file")
    known = experiment in {e.name for e in study.config.experiments} | {"lab"}
    return study, read_target(experiment, study, cm=cm and not known, allow_outside=allow_outside, reading=reading)


def _members(study: Study, text: str, count: int, target: Target) -> Members:
    """What the user means by --members: only epochs whose weights are there can be written."""
    from xrdlib.diagnostics import checkpoints
    from xrdlib.remedies import by_hand, every, greedy, noted, top

    there = study.checkpoints
    if text == "top":
        return top(study, count, among=there)
    if text == "every":
        return every(study, count, among=there)
    if text == "greedy":
        return greedy(study, count, among=there)
    if text == "note":
        return noted(study, checkpoints(study, target))
    if not all(epoch.strip().isdigit() for epoch in text.split(",")):
        words = "top, every, greedy, note, swa, soup"
        raise ValueError(f"--members {text}: {words} or numbers of epochs such as 20,48,76 expected")
    return by_hand(study, [int(epoch) for epoch in text.split(",")])


def _centre(text: str, cm: bool, allow_outside: bool) -> Any:
    from xrdlib.cli.arguments import seven_numbers
    from xrdlib.remedies.retraining.retrain import CENTRES

    if text in CENTRES:
        return text
    try:
        return seven_numbers(text, cm, allow_outside)
    except ValueError as error:
        raise ValueError(f"--centre: {', '.join(CENTRES)} or seven numbers expected ({error})") from None


def _compare(parent: Study, made: Study, target: Target) -> None:
    from xrdlib.cli.output import print_study
    from xrdlib.diagnostics import compare_studies

    print_study(made)
    print_section(compare_studies([parent, made], [target]))
    if target.true is None and parent.config.measurement is None:
        typer.echo(
            "- A measured curve, and a training on noise-free ones: take a study trained through the measurement"
        )
        typer.echo(
            "  model first (--study measured); the remedies of a noise-free one do not help it (docs/remedies.md)."
        )
    region, focus = made.config.extra and made.config.extra.region, made.config.focus
    centre = region.centre if region else focus.centre if focus else None
    if target.true is not None and centre == tuple(target.true):
        typer.echo("- Centred on the true parameters: what is gained there is what being told the answer is worth.")
