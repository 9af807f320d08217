"""The captions of a folder of figures, as Markdown."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["captions"]


def captions(record: dict[str, Any]) -> str:
    """The content of ``captions.md``.

    Parameters
    ----------
    record : dict
        That of ``figures.json``.

    Returns
    -------
    str
        Of each figure: number, what is shown, and what was found, in the library's own sentences.
    """
    lines = [
        f"# Figures of study {_plain(record['study'])}, experiment {_plain(record['experiment'])}",
        "",
        f"xrdlib {record['xrdlib_version']}; SHA-256 of the study's configuration `{record['study_sha256']}`, of the "
        f"experiment's curve `{record['experiment_sha256']}`.",
    ]
    if commands := [c for c in dict.fromkeys(f["command"] for f in record["figures"]) if c]:
        lines += ["", *(f"    {command}" for command in commands)]
    lines += [
        "",
        "Each figure is in `column/` (8.6 cm) and `page/` (17 cm) as PDF, SVG and PNG; its numbers are in `data/`.",
    ]
    for figure in record["figures"]:
        again = f" (also {', '.join(figure['also'])})" if figure["also"] else ""
        lines += ["", f"## Figure {figure['number']}{again}: {figure['name'].replace('_', ' ')}", ""]
        lines += [_plain(figure["caption"]), *(["", *(f"- {_plain(s)}" for s in figure["sentences"])])]
        lines += ["", " ".join(f"`{file}`" for file in figure["files"])]
    if record["skipped"]:
        lines += ["", "## Not made", ""]
        lines += [f"- {s['number']}, {s['name'].replace('_', ' ')}: {_plain(s['reason'])}" for s in record["skipped"]]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _plain(text: str) -> str:
    """Text whose characters mean nothing to Markdown."""
    return re.sub(r"([\\`*_<>#$|])", r"\\\1", text)
