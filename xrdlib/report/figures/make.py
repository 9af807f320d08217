"""Write figures, their numbers and their captions into a folder, one after the other."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

import xrdlib
from xrdlib._disk import write_whole
from xrdlib._progress import progress_bar
from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics import Target
from xrdlib.plots import COLUMN, PAGE, save_figure
from xrdlib.plots.drawn import drawn
from xrdlib.plots.layout import layout_problems
from xrdlib.report.figures.captions import captions
from xrdlib.report.figures.catalogue import CATALOGUE, Numbered, asked
from xrdlib.report.figures.material import Drawing, Material
from xrdlib.report.origin import hash_of
from xrdlib.training import Study

__all__ = ["KINDS", "SCHEMA", "WIDTHS", "Made", "make_figures"]

WIDTHS = {"column": COLUMN, "page": PAGE}  # cm
KINDS = ("pdf", "svg", "png")
SCHEMA = "xrdlib.figures/1"
_RECORD, _CAPTIONS = "figures.json", "captions.md"
_PLACES = {one.number: i for i, one in enumerate(CATALOGUE)}


@dataclass(frozen=True)
class Made:
    """What is in a folder of figures.

    Attributes
    ----------
    folder : Path
    record : dict
        The content of ``figures.json`` (docs/json.md).
    """

    folder: Path
    record: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """Number, name, sizes in cm and what is wrong with the layout, as text; of a skipped one the reason."""
        rows = [
            (f["number"], f["name"], ", ".join(f"{w:.1f} × {h:.1f}" for w, h in f["sizes_cm"].values()), _wrong(f))
            for f in self.record["figures"]
        ]
        rows += [(s["number"], s["name"], "", s["reason"]) for s in self.record["skipped"]]
        rows.sort(key=lambda row: _PLACES.get(row[0], len(_PLACES)))
        return pd.DataFrame(rows, columns=["figure", "name", "size (cm)", "remark"]).set_index("figure")

    @property
    def skipped(self) -> dict[str, str]:
        """The figures that are not defined for the study and the target, by number, and why."""
        return {s["number"]: s["reason"] for s in self.record["skipped"]}

    @property
    def problems(self) -> dict[str, list[str]]:
        """What is wrong with the layout, by file; empty where every word can be read."""
        return {
            f"{width}/{f['number']}_{f['name']}": found
            for f in self.record["figures"]
            for width, found in f["layout_problems"].items()
            if found
        }

    def file(self, name: str, place: str = "column", kind: str = "png") -> Path:
        """A file of a figure by its number or name: ``place`` is a width, or "data" with ``kind`` "csv"."""
        return self.folder / place / f"{asked([name])[0].stem}.{kind}"

    def _repr_html_(self) -> str:
        return str(self.table.to_html(border=0))


def make_figures(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    folder: str | os.PathLike[str],
    *,
    names: Sequence[str] | None = None,
    widths: Iterable[str] = tuple(WIDTHS),
    command: str = "",
    progress: bool = True,
) -> Made:
    """Draw the numbered figures of the notebooks for a study and a target.

    ``column/`` and ``page/`` get each figure as PDF, SVG and PNG, ``data/`` its numbers as CSV: ``NAME.csv`` of the
    result it shows, ``NAME_drawn.csv`` of every line and marker in it (one file where these are the same).
    ``captions.md`` says what each shows, ``figures.json`` what was made. Both grow figure by figure: what was
    interrupted is asked for again, and what an earlier call with the same study, target and version made stays listed.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    folder : path-like
        Created where missing.
    names : sequence of str, optional
        Numbers, notebooks or names of figures as of `asked`; by default all.
    widths : iterable of {"column", "page"}
        8.6 and 17 cm.
    command : str
        What the user typed, for the captions.
    progress : bool
        Show a bar.

    Returns
    -------
    Made

    Raises
    ------
    ValueError
        For unknown names or widths, or a folder that holds figures of something else.
    OSError
        If the folder cannot be written.
    """
    wanted, asked_widths = asked(names), tuple(dict.fromkeys(widths))
    if not asked_widths or (unknown := [w for w in asked_widths if w not in WIDTHS]):
        raise ValueError(f"widths: {', '.join(unknown) if asked_widths else 'none'} given; column or page expected")
    target = Target.of(target, study)
    out = Path(folder)
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out}: a file, not a folder")
    record = _begun(out, _head(study, target))
    for place in ("data", *asked_widths):
        (out / place).mkdir(parents=True, exist_ok=True)
    with (
        closing(Material(study, target)) as material,
        progress_bar("Figures", len(wanted), show=progress) as advance,
    ):
        for one in wanted:
            advance(0, one.stem)
            made: dict[str, Any] | str
            try:
                made = _written(one, one.make(material), asked_widths, out)
            except ValueError as error:  # StudyError is one: not defined for this study or target, and says why
                made = " ".join(str(error).split())
            _note(record, one, made, command)
            write_whole(out / _RECORD, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
            write_whole(out / _CAPTIONS, captions(record).encode("utf-8", "replace"))
            advance(1, "")
    return Made(out, record)


def _head(study: Study, target: Target) -> dict[str, Any]:
    """What figures in one folder have in common."""
    config = study.config
    return {
        "schema": SCHEMA,
        "xrdlib_version": xrdlib.__version__,
        "study": config.name,
        "study_sha256": sha256(config.to_toml().encode()).hexdigest(),
        "experiment": target.name,
        "experiment_sha256": hash_of(target.angle, target.intensity),
    }


def _begun(out: Path, head: dict[str, Any]) -> dict[str, Any]:
    """The record of a folder: an earlier one of the same study and target goes on."""
    file = out / _RECORD
    if file.is_file():
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            same = {key: record[key] for key in head} == head
            there = f"study {record['study']} and {record['experiment']}, xrdlib {record['xrdlib_version']}"
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{file}: not a list of figures; choose another folder, or remove it") from None
        if not same:
            raise ValueError(f"{out}: holds figures of {there}, made from other data; choose another folder")
        return dict(record)
    return {**head, "figures": [], "skipped": []}


def _written(one: Numbered, drawing: Drawing, widths: Sequence[str], out: Path) -> dict[str, Any]:
    """Write a figure's files, and say which."""
    files: list[Path] = []
    sizes: dict[str, list[float]] = {}
    problems: dict[str, list[str]] = {}
    for width in widths:
        figure = drawing.draw(WIDTHS[width])
        problems[width] = layout_problems(figure)
        sizes[width] = [round(2.54 * float(side), 2) for side in figure.get_size_inches()]
        files += save_figure(figure, out / width / one.stem, KINDS)
    tables = {one.stem: drawing.frame, f"{one.stem}_drawn": drawn(figure)}
    if drawing.frame is None:
        tables = {one.stem: tables[f"{one.stem}_drawn"]}
    for name, frame in tables.items():
        assert frame is not None
        files.append(out / "data" / f"{name}.csv")
        write_whole(files[-1], frame.to_csv(index=False, float_format="%.9g", lineterminator="\n").encode())
    return {
        "caption": one.caption,
        "sentences": list(drawing.said),
        "sizes_cm": sizes,
        "files": [file.relative_to(out).as_posix() for file in files],
        "layout_problems": problems,
    }


def _note(record: dict[str, Any], one: Numbered, made: dict[str, Any] | str, command: str) -> None:
    """Put a figure, or the reason why there is none, in its place in the record."""
    head = {"number": one.number, "also": list(one.also), "name": one.name}
    for key in ("figures", "skipped"):
        record[key] = [other for other in record[key] if other["number"] != one.number]
    entry = {**head, "reason": made} if isinstance(made, str) else {**head, "command": command, **made}
    record["skipped" if isinstance(made, str) else "figures"].append(entry)
    for key in ("figures", "skipped"):
        record[key].sort(key=lambda other: _PLACES.get(other["number"], len(_PLACES)))


def _wrong(figure: dict[str, Any]) -> str:
    return "; ".join(f"{width}: {', '.join(found)}" for width, found in figure["layout_problems"].items() if found)
