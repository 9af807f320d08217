"""The report of a fit: table, findings, both figures, the minima, correlations; and the fit itself as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from xrdlib.data.space import PARAMETER_UNITS
from xrdlib.plots import PAGE, plot_fit, plot_fit_correlation
from xrdlib.refinement import Refinement
from xrdlib.report.origin import made_by
from xrdlib.report.page import document, embedded, items, pairs, publish, table
from xrdlib.report.pictures import Picture
from xrdlib.simulation import PARAMETERS

__all__ = ["write_fit_report"]


def write_fit_report(
    fit: Refinement, folder: str | os.PathLike[str], *, command: str, notes: Sequence[str] = ()
) -> Path:
    """Write ``report.html``, ``fit.json`` and ``figures/fit*.png, *.pdf`` into a folder.

    Equal fits give equal files, byte by byte. Everything is made aside and moved at last: a failure leaves the
    folder as it was; other files in it stay.

    Parameters
    ----------
    fit : Refinement
    folder : path-like
        Created where missing.
    command : str
        What the user typed, for the page and the JSON.
    notes : sequence of str
        What the reader of the curve's file warned of, or what else is to be known about the curve.

    Returns
    -------
    Path
        Of ``report.html``.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """

    def make(figures: Path) -> str:
        fit.save(figures.parent / "fit.json", command=command)
        return _page(fit, command, notes, figures)

    return publish(folder, make)


def _page(fit: Refinement, command: str, notes: Sequence[str], figures: Path) -> str:
    fitted = Picture(
        "fit",
        plot_fit(fit, width=PAGE),
        PAGE,
        "The curve with the fit and with its start (whose parameters are kept, instrument and disorder fitted); below, "
        "what is left, and its RMSE; the strain profile with one and two standard deviations, and the start's.",
    )
    tied = Picture(
        "fit_correlation",
        plot_fit_correlation(fit, width=PAGE),
        PAGE,
        "Correlations of what was fitted: where they come near 100 %, only a combination of two is known.",
    )
    parts = [
        (2, "The curve", _curve(fit, notes)),
        (2, fit.title, table(fit.table) + items(fit.sentences) + embedded(fitted, figures)),
        (2, "What the curve does not tell apart", embedded(tied, figures) + table(_correlation(fit), "long")),
        (2, "Where the starts ended", _ends(fit)),
        (2, "How this page was made", _origin(fit, command)),
    ]
    marked = "" if fit.converged and not fit.interrupted else "<p><b>A partial result.</b></p>"
    summary = f"{marked}<p>{escape(' '.join(fit.sentences))}</p>"
    return document(f"Fit of {fit.curve}", summary, parts)


def _curve(fit: Refinement, notes: Sequence[str]) -> str:
    rows = {
        "name": fit.curve,
        "points": f"{fit.angle.size}, at {fit.angle[0]:.1f} to {fit.angle[-1]:.1f} arcsec from the substrate",
    }
    return pairs(rows | {f"note {i}": text for i, text in enumerate(notes, 1)})


def _correlation(fit: Refinement) -> pd.DataFrame:
    """Two digits after the point; without what was not fitted."""
    whole = fit.correlation.dropna(how="all").dropna(how="all", axis=1)
    return whole.rename(columns=lambda name: name.replace("_", " ")).map(lambda value: f"{value:.2f}")


def _ends(fit: Refinement) -> str:
    """The minima, and of which model they are."""
    if not fit.minima:
        return "<p>No start converged.</p>"
    of = ""
    if fit.disorder_fits:
        of = "<p>These are ends of fits with the first model of the disorder; the others started from them.</p>"
    return of + table(_minima(fit), "long")


def _minima(fit: Refinement) -> pd.DataFrame:
    columns = [
        "RMSE",
        *(f"{name} /{'A' if PARAMETER_UNITS[name] else '1e-3'}" for name in PARAMETERS),
        "starts",
        "from",
    ]
    rows = []
    for end in fit.minima:
        named = zip(PARAMETERS, end.parameters, strict=True)
        values = [f"{value:.0f}" if PARAMETER_UNITS[name] else f"{1e3 * value:.3f}" for name, value in named]
        rows.append((f"{end.rmse:.4f}", *values, str(len(end.reached_from)), ", ".join(end.reached_from)))
    return pd.DataFrame(rows, columns=columns, index=range(1, len(rows) + 1))


def _origin(fit: Refinement, command: str) -> str:
    sample = fit.sample
    likelihood = f"poisson, {fit.counts_per_unit:g} counts per unit" if fit.likelihood == "poisson" else fit.likelihood
    rows = made_by(command, "scipy") | {
        "sample": f"{sample.crystal}{' with a YIG film' if sample.film else ''}, sublayers of "
        f"{sample.layer_thickness:g} A",
        "likelihood": likelihood,
        "evaluations of the model": f"{fit.n_evaluations} by the best of the fits, all of them in {fit.seconds:.1f} s",
    }
    return pairs(rows)
