"""What every remedy is worth: before and after on several trainings, with intervals over them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from xrdlib._section import Section, number
from xrdlib.diagnostics._intervals import Interval
from xrdlib.diagnostics._seeds import difference_of_means
from xrdlib.remedies.worth._summary_text import findings
from xrdlib.training import StudyError

__all__ = ["Change", "RemedySummary"]

SHIPPED = Path(__file__).resolve().parents[3] / "data" / "remedies.csv"
BEFORE = "final"
LEVEL = 0.05  # of false discoveries
_WORDS = ("run", "remedy", "setting", "core_seconds", "truth in region")


class Change(NamedTuple):
    """What a remedy does to one quantity: means over the trainings before and after, and the paired difference.

    ``p_value`` is that of the difference alone. ``clear`` says whether it stands among all remedies at all places, by
    Benjamini and Hochberg (1995, J. R. Stat. Soc. B 57, 289): of those that do one in twenty is expected to be chance.
    """

    before: float
    after: float
    difference: Interval
    p_value: float
    clear: bool = False


@dataclass(frozen=True, repr=False, eq=False)
class RemedySummary(Section):
    """All remedies on several trainings of one study.

    Attributes
    ----------
    rows : pandas.DataFrame
        As `xrdlib.remedies.measure_remedies` returns them.
    """

    rows: pd.DataFrame

    name = "remedies"
    title = "What the remedies are worth"

    def __post_init__(self) -> None:
        missing = {"run", "remedy", "core_seconds", "grid", "uniform"} - set(self.rows.columns)
        if missing or BEFORE not in set(self.rows["remedy"]):
            raise StudyError(f"remedies: not such a table; missing: {', '.join(sorted(missing)) or BEFORE}")
        runs = self.rows.groupby("remedy")["run"].agg(sorted)
        if odd := [key for key, names in runs.items() if names != runs[BEFORE]]:
            raise StudyError(f"remedies: {', '.join(map(str, odd))} not measured once on each training")
        if len(runs[BEFORE]) < 3:
            raise StudyError(f"remedies: {len(runs[BEFORE])} trainings, three at least expected")

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> RemedySummary:
        """Read a table that ``xrdlib remedy measure`` wrote; by default the shipped one."""
        file = SHIPPED if path is None else Path(path)
        if file.is_dir():
            file = file / "remedies.csv"
        try:
            rows = pd.read_csv(file)
        except (OSError, ValueError) as error:
            raise StudyError(f"{file}: cannot be read as a table of remedies ({error})") from None
        return cls(rows)

    @property
    def runs(self) -> list[str]:
        """Names of the trainings."""
        return [str(run) for run in self.rows.loc[self.rows["remedy"] == BEFORE, "run"]]

    @property
    def keys(self) -> list[str]:
        """Of the remedies, in the order of the table, without that of doing nothing."""
        return [str(key) for key in dict.fromkeys(self.rows["remedy"]) if key != BEFORE]

    @property
    def experiment(self) -> str:
        """The experiment that was to be helped: the first."""
        return str(next(c for c in self.rows.columns if c.endswith(" error"))).removesuffix(" error")

    @property
    def places(self) -> tuple[str, ...]:
        """Where remedies are compared: the experiment's errors and profiles, noise-free and measured; the test sets."""
        wanted = [f"{self.experiment}{kind} {what}" for kind in ("", "_measured") for what in ("error", "profile")]
        return (*(q for q in wanted if q in self.rows.columns), "grid", "uniform")

    def told(self, remedy: str, place: str = "") -> bool:
        """Whether a remedy is told what nobody knows of a measured curve: what it gains there is more than it can.

        The true parameters; at the measured experiment also what the network says of the noise-free curve.
        """
        trained_around = remedy.startswith(("augment", "finetune", "weight")) and "chosen" in remedy
        return (
            "truth" in remedy
            or remedy in ("select_parameters", "ensemble_note")
            or (trained_around and "measured" in place)
        )

    def values(self, remedy: str, quantity: str) -> Any:
        """One value for each training, in the order of `runs`, shape (n_runs,); of ensemble_seeds pseudo-values."""
        chosen = self.rows[self.rows["remedy"] == remedy].set_index("run")
        return chosen.loc[self.runs, quantity].to_numpy(dtype=np.float64)

    @cached_property
    def changes(self) -> dict[tuple[str, str], Change]:
        """By remedy and quantity."""
        quantities = [c for c in self.rows.columns if c not in _WORDS]
        found: dict[tuple[str, str], Change] = {}
        for key in self.keys:
            for quantity in quantities:
                before, after = self.values(BEFORE, quantity), self.values(key, quantity)
                if np.isfinite(after).all():
                    difference, p = difference_of_means(before, after, True)
                    found[key, quantity] = Change(float(before.mean()), float(after.mean()), difference, p)
        family = [pair for pair in found if self.tested(*pair)]
        adjusted = false_discovery_control([found[pair].p_value for pair in family])
        for pair, p in zip(family, adjusted, strict=True):
            found[pair] = found[pair]._replace(clear=bool(p < LEVEL))
        return found

    def tested(self, remedy: str, quantity: str) -> bool:
        """Whether a change is one of those among which some are bound to look good by chance."""
        if quantity not in self.places or remedy.startswith("answer"):
            return False
        return not self.pseudo(remedy, quantity)

    def pseudo(self, remedy: str, quantity: str) -> bool:
        """Whether values are pseudo-values of one experiment, whose intervals cover too little (`several_seeds`)."""
        return remedy == "ensemble_seeds" and quantity not in ("grid", "uniform")

    def held(self, remedy: str) -> int | None:
        """In how many trainings the region of new curves held the true parameters; None where there was no region."""
        if "truth in region" not in self.rows.columns:
            return None
        inside = self.rows.loc[self.rows["remedy"] == remedy, "truth in region"]
        return None if inside.isna().any() else int(inside.sum())

    def cost(self, remedy: str) -> float:
        """Core-seconds, mean over the trainings where it is known; nan where nowhere."""
        seconds = self.rows.loc[self.rows["remedy"] == remedy, "core_seconds"].to_numpy(dtype=np.float64)
        return float(np.nanmean(seconds)) if np.isfinite(seconds).any() else float("nan")

    @property
    def frame(self) -> pd.DataFrame:
        """One row per remedy and quantity: before, after, difference with its ends, p-value."""
        rows = [
            {
                "remedy": key,
                "quantity": quantity,
                "before": c.before,
                "after": c.after,
                "difference": c.difference.value,
                "low": c.difference.low,
                "high": c.difference.high,
                "p_value": c.p_value,
                "clear": c.clear,
            }
            for (key, quantity), c in self.changes.items()
        ]
        return pd.DataFrame(rows)

    @property
    def table(self) -> pd.DataFrame:
        """Errors before and after, with the interval of the difference, and the cost."""
        errors = [place for place in self.places if not place.endswith("profile")]
        return pd.concat([*(self._column(place) for place in errors), self._costs], axis=1)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The same with the profiles, in parts that fit a terminal."""
        parts: dict[str, list[str]] = {}
        for place in self.places[:-2]:
            name = place.rsplit(" ", 1)[0].replace("_", " ")
            parts.setdefault(f"{name}: mean error, % of range; profile error, 1e-3", []).append(place)
        parts["test sets: mean error, % of range; cost"] = list(self.places[-2:])
        tables = {heading: pd.concat([self._column(p) for p in part], axis=1) for heading, part in parts.items()}
        heading = list(tables)[-1]
        return {**tables, heading: tables[heading].join(self._costs)}

    def _column(self, place: str) -> pd.DataFrame:
        name = place.removesuffix(" error").replace("_", " ")
        before = self.values(BEFORE, place)
        cells = {BEFORE: {name: f"{before.mean():.2f}", f"change ({name})": f"(SD {before.std(ddof=1):.2f})"}}
        for key in self.keys:
            c = self.changes[key, place]
            d = c.difference
            half = "" if self.pseudo(key, place) else f" +- {(d.high - d.low) / 2:.2f}"
            text = f"{d.value:+.2f}{half}{'*' if c.clear else ''}{'†' if self.told(key, place) else ''}"
            cells[key] = {name: f"{c.after:.2f}", f"change ({name})": text}
        return pd.DataFrame.from_dict(cells, orient="index").rename_axis("remedy")

    @property
    def _costs(self) -> pd.DataFrame:
        cells = {}
        for key in (BEFORE, *self.keys):
            seconds = self.cost(key)
            cells[key] = {"core-s": "" if np.isnan(seconds) else f"{seconds:.0f}"}
        return pd.DataFrame.from_dict(cells, orient="index").rename_axis("remedy")

    @property
    def sentences(self) -> list[str]:
        """The honest reading."""
        return findings(self)

    def to_dict(self) -> dict[str, Any]:
        """Every change."""
        return {
            "trainings": self.runs,
            "experiment": self.experiment,
            "changes": [
                {
                    "remedy": key,
                    "quantity": quantity,
                    "before": number(c.before),
                    "after": number(c.after),
                    "difference": c.difference.to_dict(),
                    "p_value": number(c.p_value),
                    "clear": c.clear,
                }
                for (key, quantity), c in self.changes.items()
            ],
        }
