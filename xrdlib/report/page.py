"""One target's report: figures as PNG and PDF, and a single HTML file that needs nothing else."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from xrdlib.data import MeasuredCurve
from xrdlib.data.space import format_parameter
from xrdlib.diagnostics import Decision, Diagnosis, between_studies
from xrdlib.diagnostics.checkpoints import row_label
from xrdlib.plots import PAGE, plot_two_studies, save_figure
from xrdlib.report.origin import hash_of, studies_from
from xrdlib.report.pictures import Picture, losses, pictures
from xrdlib.simulation import PARAMETERS

__all__ = ["document", "embedded", "items", "pairs", "publish", "table", "write_report"]

_CSS = Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def write_report(diagnoses: Sequence[Diagnosis], folder: str | os.PathLike[str], *, command: str) -> Path:
    """Write ``report.html`` and ``figures/*.png, *.pdf`` into a folder.

    Equal diagnoses give equal files, byte by byte. Everything is made aside and moved at last: a failure leaves
    the folder as it was; other files in it stay.

    Parameters
    ----------
    diagnoses : sequence of Diagnosis
        Of one target; one for each study, the most important first.
    folder : path-like
        Created where missing.
    command : str
        What the user typed, for the page.

    Returns
    -------
    Path
        Of ``report.html``.

    Raises
    ------
    ValueError
        If there are no diagnoses, or their targets differ.
    OSError
        If the folder cannot be written.
    """
    names = {d.target.name for d in diagnoses}
    if len(names) != 1:
        raise ValueError(f"diagnoses: {len(diagnoses)} of {len(names)} targets given; one target and a study expected")
    return publish(folder, lambda figures: _page(diagnoses, command, figures))


def publish(folder: str | os.PathLike[str], make: Callable[[Path], str]) -> Path:
    """Put a page and what it comes with into a folder at last: a failure leaves the folder as it was.

    Parameters
    ----------
    folder : path-like
        Created where missing.
    make : callable
        Gives the page; it gets a folder for figures, beside which it may write other files.

    Returns
    -------
    Path
        Of ``report.html``.
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"{target}: a file, not a folder")
    existing = next(p for p in (target, *target.parents) if p.is_dir())
    with TemporaryDirectory(dir=existing, prefix=".xrdlib-report-") as draft:
        figures = Path(draft, "figures")
        figures.mkdir()
        # a file name that is no UTF-8 comes as lone surrogates
        page = make(figures).encode("utf-8", "replace")
        Path(draft, "report.html").write_bytes(page)
        (target / "figures").mkdir(parents=True, exist_ok=True)
        for file in sorted(p for p in Path(draft).rglob("*") if p.is_file()):
            file.replace(target / file.relative_to(draft))
    return target / "report.html"


def _page(diagnoses: Sequence[Diagnosis], command: str, figures: Path) -> str:
    """The whole page; its figures are written into a folder on the way."""
    title = f"Why the epochs disagree about {diagnoses[0].target.name}"
    parts = [(2, "The curve", _curve(diagnoses[0]))]  # level, heading, HTML below it
    if len(diagnoses) > 1:
        parts.append((2, "How differently the studies see it", _studies_compared(diagnoses, figures)))
    for diagnosis, stem in zip(diagnoses, _stems(diagnoses), strict=True):
        name = diagnosis.study.config.name
        parts.append((2, f"Study {name}", ""))
        for section in diagnosis.sections:
            shown = "".join(embedded(picture, figures) for picture in pictures(diagnosis, section, stem))
            parts.append((3, section.title, table(section.table) + items(section.sentences) + shown))
        every = table(diagnosis.checkpoints.every_epoch.reset_index(), "long", index=False)
        parts.append((3, f"Every epoch of study {name}", every + embedded(losses(diagnosis, stem), figures)))
    parts += _paragraphs(diagnoses)
    parts.append((2, "How this page was made", pairs(studies_from(diagnoses, _stems(diagnoses), command))))
    return document(title, "".join(_summary(diagnoses)), parts)


def document(title: str, summary: str, parts: Sequence[tuple[int, str, str]]) -> str:
    """The whole page of a summary (HTML) and parts: each the level of its heading, the heading, and HTML below it."""
    body = "".join(f'<h{n} id="s{i}">{escape(heading)}</h{n}>{text}' for i, (n, heading, text) in enumerate(parts))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_CSS}</style></head><body>\n<h1>{escape(title)}</h1>\n"
        f'<div class="summary">{summary}</div>\n<nav><h2>Contents</h2>{_contents(parts)}</nav>\n{body}\n'
        "</body></html>\n"
    )


def _contents(parts: Sequence[tuple[int, str, str]]) -> str:
    """Links to every heading, those of level 3 below the one that they belong to."""
    listed, level = "", 1
    for i, (of, heading, _) in enumerate(parts):
        listed += "<ul>" if of > level else "</li>" + "</ul></li>" * (level - of)
        listed += f'<li><a href="#s{i}">{escape(heading)}</a>'
        level = of
    return listed + "</li></ul>" * (level - 1)


def _summary(diagnoses: Sequence[Diagnosis]) -> Iterator[str]:
    for diagnosis in diagnoses:
        lead = f"<b>Study {escape(diagnosis.study.config.name)}.</b> " if len(diagnoses) > 1 else ""
        yield f"<p>{lead}{escape(' '.join(diagnosis.summary))}</p>"
    if len(diagnoses) > 1:
        yield f"<p><b>Between the studies.</b> {escape(between_studies(diagnoses))}</p>"


def _paragraphs(diagnoses: Sequence[Diagnosis]) -> list[tuple[int, str, str]]:
    """What a thesis may say of the epoch selected, for each study of which there is a decision."""
    written = ""
    for diagnosis in diagnoses:
        for section in diagnosis.sections:
            if isinstance(section, Decision):
                lead = f"<p><b>Study {escape(diagnosis.study.config.name)}</b></p>" if len(diagnoses) > 1 else ""
                written += f"{lead}<blockquote>{escape(section.paragraph)}</blockquote>\n"
    return [(2, "A paragraph for a thesis", written)] if written else []


def _curve(diagnosis: Diagnosis) -> str:
    """What is diagnosed."""
    target, source = diagnosis.target, diagnosis.target.source
    rows = {
        "name": target.name,
        "points": f"{target.angle.size}, at {target.angle[0]:.1f} to {target.angle[-1]:.1f} arcsec from the substrate",
    }
    if isinstance(source, MeasuredCurve):
        known = source.metadata
        rows["true parameters"] = "unknown"
        rows["SHA-256 of angles and intensities"] = hash_of(target.angle, target.intensity)
        if known.get("peak_intensity") and "background" in known:
            rows["background / peak"] = f"{known['background'] / known['peak_intensity']:.2e}"
        rows |= {f"warning {i}": str(text) for i, text in enumerate(known.get("warnings", []), 1)}
    else:
        i = source.instrument
        counts = "no counting noise" if i.peak_counts is None else f"{i.peak_counts:g} counts in the peak"
        rows["true parameters"] = ", ".join(
            f"{n} {format_parameter(n, v)}" for n, v in zip(PARAMETERS, source.parameters.to_array(), strict=True)
        )
        rows["measurement"] = (
            f"resolution {i.fwhm:g} arcsec, Lorentz fraction {i.lorentz_fraction:g}, background / peak "
            f"{i.background:g}, {counts}; disorder {source.disorder:g}"
        )
    return pairs(rows)


def _studies_compared(diagnoses: Sequence[Diagnosis], figures: Path) -> str:
    columns = {}
    for stem, diagnosis in zip(_stems(diagnoses), diagnoses, strict=True):
        for name in ("chosen", "final"):
            named = diagnosis.checkpoints.table[name]
            columns[f"{stem}: {name}"] = named[["epoch", "curve RMSE (log10)", *map(row_label, PARAMETERS)]]
    caption = (
        "What each study makes of the curve, epoch by epoch: the misfit of its re-simulated prediction, and three of "
        "the seven parameters. Filled: chosen, hollow: final. Grey: outside the parameter's range."
    )
    picture = Picture("studies", plot_two_studies(diagnoses), PAGE, caption)
    return table(pd.DataFrame(columns)) + embedded(picture, figures)


def embedded(picture: Picture, figures: Path) -> str:
    """Write a figure as PNG and PDF, and give the HTML that holds the PNG."""
    png, pdf = save_figure(picture.figure, figures / picture.stem)
    data = base64.b64encode(png.read_bytes()).decode("ascii")
    caption = escape(picture.caption)
    return (
        f'<figure><img src="data:image/png;base64,{data}" style="width:{picture.width:g}cm" alt="{caption}">'
        f"<figcaption>{caption} <code>figures/{escape(pdf.name)}</code></figcaption></figure>\n"
    )


def _stems(diagnoses: Sequence[Diagnosis]) -> list[str]:
    """A name for each study that is its own and can be a file's."""
    names = [re.sub(r"[^\w.-]+", "_", d.study.config.name) for d in diagnoses]
    return [name if names.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(names, 1)]


def table(frame: pd.DataFrame, kind: str = "numbers", *, index: bool = True) -> str:
    """Numbers; ``kind`` "long" makes them small."""
    return f'<div class="wide">{frame.to_html(classes=kind, border=0, index=index, justify="right")}</div>\n'


def pairs(rows: dict[str, str]) -> str:
    """Names and texts."""
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items())
    return f'<table class="text">{cells}</table>\n'


def items(sentences: Sequence[str]) -> str:
    """Sentences as a list."""
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>\n"
