"""The commands. Each imports what it needs when it runs: ``--help`` waits for neither torch nor numba."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import xrdlib
from xrdlib.cli.arguments import check_writable, open_study, seven_numbers
from xrdlib.cli.output import plain_warnings, print_section, print_study

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Rocking curves of ion-implanted crystals: simulate, learn, and see why checkpoints disagree.",
)
dataset_app = typer.Typer(no_args_is_help=True, help="Datasets of simulated curves.")
study_app = typer.Typer(no_args_is_help=True, help="Training runs that keep every epoch.")
app.add_typer(dataset_app, name="dataset")
app.add_typer(study_app, name="study")


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"xrdlib {xrdlib.__version__}")
        raise typer.Exit


@app.callback()
def _of_all(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None: ...


Cm = Annotated[bool, typer.Option("--cm", help="Lengths are in cm, as the lab writes them (5200e-8).")]
AllowOutside = Annotated[
    bool, typer.Option("--allow-outside", help="Go on with parameters outside their ranges or constraints.")
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; by default one per core.")]
# how a curve's file is read
Step = Annotated[float | None, typer.Option(help="Angular step of a file without angles, arcsec.")]
Columns = Annotated[str | None, typer.Option(help="Columns of the file to read, from 0: 0,1.")]
Unit = Annotated[str, typer.Option(help="Of the file's angles: arcsec, degree or mrad.")]
Skip = Annotated[int, typer.Option(help="Lines to leave out at the top of the file.")]
Separator = Annotated[
    str | None, typer.Option(help='Between columns: " ", "\\t" (or tab), ";" or ","; by default seen from the file.')
]
Decimal = Annotated[str | None, typer.Option(help='Decimal mark, "." or ","; by default seen from the file.')]
Peak = Annotated[float | None, typer.Option(help="Where the substrate peak is, as in the file; else found.")]
Reverse = Annotated[bool, typer.Option("--reverse", help="The file's axis runs with omega.")]
TwoTheta = Annotated[bool, typer.Option("--two-theta", help="The file's axis is 2theta: halve it, and reverse it.")]
ScanNumber = Annotated[int | None, typer.Option(help="Which scan of an instrument's file, from 1; else all, joined.")]
_PLAIN = ("GGG_444", False, 1.0, 0.0, 30.0, 0.0, 0.0, False)  # simulate's defaults


@app.command(
    epilog='Example:  xrdlib simulate "0.008094 0.000943 5200e-8 3500e-8 0.00255 3000e-8 -50e-8" --cm --out curve.txt'
)
def simulate(
    parameters: Annotated[str, typer.Argument(help="Seven numbers in one quoted string: Dmax1 D01 L1 Rp1 D02 L2 Rp2.")],
    cm: Cm = False,
    allow_outside: AllowOutside = False,
    crystal: Annotated[str, typer.Option(help="GGG_444 or GGG_444_LAB (the lab's chi).")] = "GGG_444",
    film: Annotated[bool, typer.Option("--film", help="With a YIG film of 3.15 um.")] = False,
    disorder: Annotated[float, typer.Option(help="Static Debye-Waller factor E of the strained layers.")] = 1.0,
    damage: Annotated[float, typer.Option(help="E falls by exp(-damage) where strain is largest.")] = 0.0,
    fwhm: Annotated[float, typer.Option(help="Resolution, arcsec; 0 for the reflectivity itself.")] = 30.0,
    lorentz: Annotated[float, typer.Option(help="Lorentz fraction of the resolution.")] = 0.0,
    background: Annotated[float, typer.Option(help="Added intensity.")] = 0.0,
    exact: Annotated[bool, typer.Option("--exact", help="Closed form instead of the fast expansion.")] = False,
    virtual: Annotated[
        int | None, typer.Option(min=0, help="Measure it virtually, all else drawn by this seed; FILE keeps the truth.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Text file (angle, intensity); by default standard output.")] = None,
) -> None:
    """Simulate one rocking curve: two columns, angle (arcsec) and intensity."""
    from xrdlib.data import MeasuredCurve, virtual_experiment
    from xrdlib.simulation import CRYSTALS, YIG_FILM, Instrument, Scan

    if crystal not in CRYSTALS:
        raise ValueError(f"--crystal {crystal}: one of {', '.join(CRYSTALS)} expected")
    row = seven_numbers(parameters, cm, allow_outside)
    if virtual is not None:
        if (crystal, film, disorder, damage, fwhm, lorentz, background, exact) != _PLAIN:
            raise ValueError(
                "--virtual: it measures GGG and draws all else by its seed; leave out --crystal to --exact"
            )
        curve = virtual_experiment(row, virtual).curve
    else:
        intensity = xrdlib.simulate(
            row,
            crystal=CRYSTALS[crystal],
            film=YIG_FILM if film else None,
            disorder=disorder,
            damage=damage,
            instrument=None if fwhm == 0 else Instrument(fwhm, lorentz, background=background),
            exact=exact,
        )
        known = {"peak_from": "simulation", "parameters": [float(v) for v in row]}
        curve = MeasuredCurve(Scan().angle, intensity, known)
    if out is None:
        lines = (f"{a:.6f} {i:.9e}\n" for a, i in zip(curve.angle, curve.intensity, strict=True))
        sys.stdout.write("".join(lines))
    else:
        check_writable(out)
        curve.save(out)


@dataset_app.command("build", epilog="Example:  xrdlib dataset build curves.zarr --size 10000 --sampling grid")
def dataset_build(
    folder: Annotated[Path, typer.Argument(help="Folder to create, or to finish.")],
    size: Annotated[int, typer.Option(help="Number of curves.")] = 10_000,
    sampling: Annotated[str, typer.Option(help="grid (the lab's), uniform or sobol.")] = "grid",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    crystal: Annotated[str, typer.Option(help="GGG_444 or GGG_444_LAB.")] = "GGG_444",
    film: Annotated[bool, typer.Option("--film", help="With a YIG film of 3.15 um.")] = False,
    layer_thickness: Annotated[float, typer.Option(help="Sublayers, A.")] = 100.0,
    disorder: Annotated[tuple[float, float], typer.Option(help="Range of E, drawn per curve.")] = (1.0, 1.0),
    chunk_size: Annotated[int, typer.Option(help="Curves per file; thousands, for many millions of curves.")] = 500,
    workers: Workers = None,
    executor: Annotated[str, typer.Option(help="processes of this machine, or a cluster's: dask.")] = "processes",
    scheduler: Annotated[
        str | None, typer.Option(help="Of dask: its address (tcp://HOST:8786), or the file that it wrote.")
    ] = None,
) -> None:
    """Build a dataset in parallel; the same command goes on after an interruption."""
    from xrdlib.data import DatasetConfig, build_dataset, cluster_executor

    config = DatasetConfig(
        size=size,
        sampling=sampling,
        seed=seed,
        crystal=crystal,
        film=film,
        layer_thickness=layer_thickness,
        disorder=disorder,
        chunk_size=chunk_size,
    )
    if executor not in ("processes", "dask"):
        raise ValueError(f"--executor {executor}: processes or dask expected")
    if executor == "processes" and scheduler is not None:
        raise ValueError("--scheduler: has a meaning with --executor dask only")
    if executor == "dask" and scheduler is None:
        raise ValueError("--executor dask: --scheduler tcp://HOST:8786 (or the scheduler's file) is needed, too")
    if executor == "dask" and workers is not None:
        raise ValueError("--workers: a dask cluster has its own number of workers; leave it out")
    with plain_warnings():
        if scheduler is None:
            dataset = build_dataset(folder, config, workers=workers)
        else:
            with cluster_executor(scheduler) as cluster:
                n = cluster.n_workers
                typer.echo(f"{scheduler}: workers now: {n}{'' if n else '; the build waits for some'}", err=True)
                dataset = build_dataset(folder, config, executor=cluster)
    typer.echo(f"{folder}: {config.size} curves of {dataset.grid.angle.size} angles")


@dataset_app.command("show", epilog="Example:  xrdlib dataset show curves.zarr")
def dataset_show(folder: Annotated[Path, typer.Argument(help="A dataset.")]) -> None:
    """Open a dataset, simulate some of its curves again, and say what it holds and how evenly."""
    from xrdlib.data import Dataset
    from xrdlib.diagnostics import dataset_quality

    dataset = Dataset.open(folder)
    for key, value in dataset.config.to_dict().items():
        typer.echo(f"{key:16} {value}")
    typer.echo(f"{'check':16} largest relative difference from an exact simulation: {dataset.check():.1e}")
    print_section(dataset_quality(dataset))


@dataset_app.command("check", epilog="Example:  xrdlib dataset check curves.zarr")
def dataset_check(
    folder: Annotated[Path, typer.Argument(help="A dataset.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Count damaged chunks as missing: the same build makes them again.")
    ] = False,
) -> None:
    """Read every chunk against its checksum, and simulate some curves again."""
    from xrdlib.data import Dataset, DatasetError
    from xrdlib.data.build import forget_chunks

    dataset = Dataset.open(folder)
    bad = dataset.damaged_chunks()
    if bad and not repair:
        shown = f"{', '.join(map(str, bad[:5]))}{' ...' if len(bad) > 5 else ''}"
        raise DatasetError(
            f"{folder}: {len(bad)} of {dataset.config.n_chunks} chunks are damaged ({shown}); 'xrdlib dataset check "
            f"{folder} --repair' has them built again"
        )
    if bad:
        forget_chunks(folder, bad)
        typer.echo(f"{folder}: damaged chunks that now count as missing: {len(bad)}; build the same dataset again")
        return
    difference = dataset.check()
    typer.echo(f"{folder}: {dataset.config.n_chunks} chunks, all whole")
    typer.echo(f"{folder}: largest relative difference from an exact simulation {difference:.1e}")
    if difference > 1e-4:  # the fast kernel is within 1e-5, float32 within 1e-7
        raise DatasetError(f"{folder}: its curves are not those of its parameters; remove the folder, build it again")


@study_app.command("run", epilog="Example:  xrdlib study run data/reference_studies/lab/config.toml --out build/lab")
def study_run(
    config: Annotated[Path, typer.Argument(help="Configuration, TOML.")],
    out: Annotated[Path, typer.Option(help="Folder to create, or to finish.")],
    workers: Workers = None,
) -> None:
    """Build the dataset, train, and keep every epoch; the same command goes on after an interruption."""
    from xrdlib.training import Study, StudyConfig, run_study

    wanted = StudyConfig.load(config)
    try:
        study = run_study(wanted, out, workers=workers)
    except KeyboardInterrupt:
        if not (out / "config.toml").is_file():
            raise
        kept = Study.open(out, complete=False).n_epochs
        what = f"{kept} of {wanted.training.epochs} epochs are kept" if kept else "the curves built so far are kept"
        typer.echo(f"xrdlib: interrupted; {what}; the same command goes on", err=True)
        raise SystemExit(130) from None
    print_study(study)


@study_app.command("show", epilog="Example:  xrdlib study show lab")
def study_show(study: Annotated[str, typer.Argument(help="A study's folder, or a shipped study's name.")]) -> None:
    """Say what a study holds: losses, and final and ideal epoch of each of its experiments."""
    print_study(open_study(study, complete=False))


@study_app.command("check", epilog="Example:  xrdlib study check measured")
def study_check(study: Annotated[str, typer.Argument(help="A study's folder, or a shipped study's name.")]) -> None:
    """Are files and numbers what they were, and do the weights give the stored predictions?"""
    from xrdlib.training import check_study

    opened = open_study(study)
    found = check_study(opened)
    if found.n_files is None:
        typer.echo(f"{opened.path}: no hashes of its files ('xrdlib study export' makes a copy that has them)")
    else:
        typer.echo(f"{opened.path}: {found.n_files} files as they were when the study was finished")
    typer.echo(f"{opened.path}: {found.n_numbers} stored numbers, all of them finite")
    typer.echo(
        f"{opened.path}: {found.n_checkpoints} checkpoints, largest difference {found.difference:.4f} % of range"
    )


@study_app.command("export", epilog="Example:  xrdlib study export build/lab data/reference_studies/lab --every 4")
def study_export(
    study: Annotated[Path, typer.Argument(help="A finished study.")],
    folder: Annotated[Path, typer.Argument(help="Folder to create.")],
    every: Annotated[int, typer.Option(min=1, help="Keep the weights of every so many epochs.")] = 3,
    final: Annotated[bool, typer.Option("--final", help="Keep the weights of the final epoch alone.")] = False,
) -> None:
    """Copy what diagnosing needs, without the dataset and without most of the weights."""
    from xrdlib.training import Study, export_study

    print_study(export_study(Study.open(study), folder, every=None if final else every))


@study_app.command(
    "repeat", epilog="Example:  xrdlib study repeat data/reference_studies/lab/config.toml --out build/again"
)
def study_repeat(
    config: Annotated[Path, typer.Argument(help="Configuration, TOML.")],
    out: Annotated[Path, typer.Option(help="Folder to create, or to finish.")],
    seeds: Annotated[int, typer.Option(min=0, help="Replicas in which weights, order and dropout differ.")] = 5,
    weights: Annotated[int, typer.Option(min=0, help="In which only the initial weights differ.")] = 0,
    order: Annotated[int, typer.Option(min=0, help="In which only the order of batches differs.")] = 0,
    dropout: Annotated[int, typer.Option(min=0, help="In which only the dropped neurons differ.")] = 0,
    data: Annotated[int, typer.Option(min=0, help="In which only the draw of the dataset differs.")] = 0,
    workers: Workers = None,
) -> None:
    """Train a study again and again, to see which part of its randomness an experiment's error depends on."""
    from xrdlib.training import StudyConfig, run_replicas

    counts = {"all": seeds, "weights": weights, "order": order, "dropout": dropout, "data": data}
    replicas = run_replicas(StudyConfig.load(config), out, counts, workers=workers)
    typer.echo(f"{replicas.path}: {', '.join(replicas.runs)}")
