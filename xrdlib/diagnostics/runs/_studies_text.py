"""What a comparison of studies means, in tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xrdlib._words import listed
from xrdlib.diagnostics._intervals import Interval, percent
from xrdlib.diagnostics.runs._study_targets import MEASURES, TargetScores
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.runs._study_sets import SetScore
    from xrdlib.diagnostics.runs.studies import Studies

__all__ = ["parameter_table", "sentences", "table"]

_BETTER, _WORSE = "better beyond it at", "worse beyond it at"
_WITHIN = "within it, so that nothing can be told of the way of training, at"
_NO_DIFFERENCE = "{} predicts exactly what {} does: no difference at all."


def table(c: Studies) -> pd.DataFrame:
    """A block of rows for each target and test set, a column for each study."""
    none = [""] * len(c.names)
    rows = [("final epoch", [f"{final} of {n}" for final, n in zip(c.finals, c.n_epochs, strict=True)])]
    for t in c.targets:
        rows.append((t.name if len(t.members) == 1 else f"{t.name} ({len(t.members)})", none))
        for measure, values in t.values.items():
            what, unit = MEASURES[measure]
            digits = ".2f" if unit else ".4f"
            label = f"  {what} ({unit})" if unit else f"  {what}"
            rows.append((label, [f"{v.mean():{digits}}" for v in values]))
            if measure == t.measure and len(t.members) > 1:
                digits = ".1f" if unit else ".3f"
                rows.append(("  difference", ["", *(f"{d:+{digits}}" for d in t.differences[measure][1:])]))
    for test_set, errors in c.errors.items():
        of = {s.study: s for s in c.sets if s.test_set == test_set}
        rows.append((f"{test_set} test set", none))
        cells = [f"{e.mean():.2f}" if np.isfinite(e).all() else "none" for e in errors]
        rows.append(("  error (%)", cells))
        rows.append(("  difference", _cells(c, {k: f"{s.difference:+.2f}" for k, s in of.items()})))
        rows.append(("  better (%)", _cells(c, {k: f"{s.better:.0f}" for k, s in of.items() if s.paired})))
    return pd.DataFrame([cells for _, cells in rows], [label for label, _ in rows], list(c.names))


def parameter_table(c: Studies) -> pd.DataFrame:
    """The first study's errors by parameter and test set, and the others' differences to them."""
    rows = {}
    for test_set, errors in c.errors.items():
        for i, parameter in enumerate(PARAMETERS):
            of = {s.study: f"{s.by_parameter[i]:+.2f}" for s in c.sets if s.test_set == test_set}
            first = f"{errors[0, i]:.2f}" if np.isfinite(errors[0, i]) else "none"
            rows[f"{test_set}: {parameter}"] = [first, *_cells(c, of)[1:]]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(c.names))


def _cells(c: Studies, cells: dict[int, str]) -> list[str]:
    return [cells.get(k, "") for k in range(len(c.names))]


def sentences(c: Studies) -> list[str]:
    """Which study is better at what, how they differ, and what cannot be told."""
    said = []
    for k in range(1, len(c.names)):
        said += _origin(c, k)
        said += [_NO_DIFFERENCE.format(c.names[k], c.names[0])] if c.identical(k) else _against_first(c, k)
    return said + _caveats(c)


def _against_first(c: Studies, k: int) -> list[str]:
    return [*_seeds(c, k), *_targets(c, k), *_sets(c, k)]


def _origin(c: Studies, k: int) -> list[str]:
    made = f"was made from {c.origins[k]}" if c.origins[k] else ""
    differs = f"differs from {c.names[0]} in {', '.join(c.changes[k])}" if c.changes[k] else ""
    if made and not differs:
        return [f"{c.names[k]} {made}."]
    differs = differs or f"has the configuration of {c.names[0]}"
    return [f"{c.names[k]} {' and '.join(filter(None, (made, differs)))}."]


def _targets(c: Studies, k: int) -> list[str]:
    said = []
    for known, how in ((True, "Mean error at final in % of range"), (False, "RMSE of log10 intensity at final")):
        which = [t for t in c.targets if t.known is known]
        if which:
            said.append(f"{how}, {c.names[k]} against {c.names[0]}: {_sides(which, k, None)}.")
        if which and not known:
            said.append(
                "Of a measured curve each study has resolution, disorder, scale and background fitted for itself; the "
                "closer curve need not have the better parameters."
            )
        if which and known:
            profile, curve = (_sides(which, k, measure) for measure in ("profile", "curve_rmse"))
            said.append(f"The strain profile's error there is {profile}; the curve's RMSE is {curve}.")
    return said


def _sides(targets: list[TargetScores], k: int, measure: str | None) -> str:
    """``smaller for a (1.2 instead of 2.3), larger for b``, by one measure or the one that counts."""
    sides: dict[str, list[str]] = {"smaller": [], "larger": [], "the same": []}
    for t in targets:
        m = measure or t.measure
        first, other = (t.values[m][i].mean() for i in (0, k))
        digits = ".2f" if MEASURES[m][1] else ".3f"
        shown = [f"{value:{digits}}" for value in (first, other)]
        side = "the same" if shown[0] == shown[1] else "smaller" if other < first else "larger"
        numbers = shown[1] if side == "the same" else f"{shown[1]} instead of {shown[0]}"
        draws = f", mean of {len(t.members)} noise draws" if len(t.members) > 1 and measure is None else ""
        sides[side].append(f"{t.name} ({numbers}{draws})")
    return ", ".join(f"{side} for {listed(names)}" for side, names in sides.items() if names)


def _sets(c: Studies, k: int) -> list[str]:
    said = []
    for s in (s for s in c.sets if s.study == k):
        samples = f"{s.n} shared samples" if s.paired else "samples of its own for each study"
        d = s.difference
        verdict = "more than other samples could turn" if d.excludes(0) else "which other samples could turn"
        better = f"; {percent(s.better)} of the samples got better" if s.paired else ""
        said.append(
            f"Test set {s.test_set}, {samples}: {c.names[k]} errs by {s.other:.2f} instead of {s.first:.2f} % of "
            f"range, a difference of {d:+.2f}, {verdict}{better}{_by_parameter(s)}."
        )
        if not s.paired:
            said.append(
                f"Of their {s.test_set} test samples the two share {s.n or 'none'}: they are not compared in pairs "
                "but by their means (Welch), and no share of samples that got better exists."
            )
    unlike = {s.unlike for s in c.sets if s.study == k and s.unlike}
    said += [
        f"The test samples of {c.names[k]} and {c.names[0]} have curves that were made differently, even of the same "
        f"parameters ({', '.join(reasons)}): each study is scored on its own kind of curve, and the differences hold "
        "that, too."
        for reasons in unlike
    ]
    if not any(s.study == k for s in c.sets):
        said.append(f"{c.names[k]} and {c.names[0]} have no test set of the same kind.")
    return said


def _by_parameter(s: SetScore) -> str:
    sides = {
        side: [
            f"{p} ({d.value:+.1f})"
            for p, d in zip(PARAMETERS, s.by_parameter, strict=True)
            if d.excludes(0) and (d.value < 0) == (side == "smaller")
        ]
        for side in ("smaller", "larger")
    }
    found = [f"{side} for {listed(names)}" for side, names in sides.items() if names]
    return f"; by parameter the error is {', '.join(found)}" if found else ""


def _caveats(c: Studies) -> list[str]:
    said = []
    if any("ideal" in t.epochs for t in c.targets) and max(c.n_epochs) > 1:
        said.append("ideal is picked with the truth in hand, from as many epochs as a study has: no way of working.")
    for name, n in zip(c.names, c.n_epochs, strict=True):
        if n == 1:
            said.append(f"{name} has one epoch, which is final, ideal and chosen: it can have no regret.")
    for t in c.targets:
        for name, final, epochs in zip(c.names, c.finals, t.epochs["final"], strict=True):
            if epochs[0] != final:
                said.append(f"Of {name} the final epoch has no weights: epoch {epochs[0]} stands for it at {t.name}.")
    if c.not_common:
        said.append(f"Left out, as not every study tracks the same: {', '.join(c.not_common)}.")
    differing = [k for k in range(1, len(c.names)) if not c.identical(k)]
    if c.scatter and not all(c.shared_chance[k] for k in differing):
        seeds = next(iter(c.scatter.values()))
        said.append(
            f"What seeds do is {seeds.quantile:.2f} x sqrt(2) x SD over {seeds.n_runs} trainings like {c.names[0]} (t "
            "for so few; of test sets over some of the samples, near the final epoch), as if those like the others "
            "scattered alike; one of twenty differences exceeds it by chance."
        )
    over_draws = [t for t in c.targets if len(t.members) > 1]
    if differing and over_draws:
        draws = ", ".join(f"{len(t.members)} of {t.name}" for t in over_draws)
        said.append(
            f"Intervals of a target with several noise draws ({draws}) are t intervals over these draws, paired: "
            "whether other noise could turn a difference, not whether another training could."
        )
    if any(s.study in differing for s in c.sets):
        said.append(
            "Intervals of test sets are over their samples: whether other samples could turn a difference, not whether "
            "another training could; of twenty one excludes 0 by chance."
        )
    return said


def _seeds(c: Studies, k: int) -> list[str]:
    """Against what two trainings differ by that differ in their seeds only."""
    first, name = c.names[0], c.names[k]
    if c.shared_chance[0] or c.shared_chance[k]:
        which = listed([n for n, shares in ((first, c.shared_chance[0]), (name, c.shared_chance[k])) if shares])
        return [
            f"{which}: made from weights of another training, whose chance is shared. How far seeds scatter is no "
            f"yardstick for what {name} and {first} differ by; whether that would repeat with other seeds only the "
            "same done to several tells."
        ]
    if not c.scatter:
        return [
            f"{name} and {first} are one training each: how far two trainings of {first} differ by their seeds alone "
            "is not known, nor therefore what of the differences is owed to the way of training ('xrdlib study repeat' "
            "tells)."
        ]
    found: dict[str, Interval] = {t.name: t.differences["final"][k] for t in c.targets if t.known}
    found |= {f"{s.test_set} test set": s.difference for s in c.sets if s.study == k}
    sides: dict[str, list[str]] = {_BETTER: [], _WORSE: [], _WITHIN: []}
    for where, d in found.items():
        if where in c.scatter:
            limit = c.scatter[where].limit
            side = _WITHIN if abs(d.value) <= limit else _BETTER if d.value < 0 else _WORSE
            sides[side].append(f"{where} ({d.value:+.2f}, seeds {limit:.2f})")
    if not any(sides.values()):
        return []
    rest = [where for where in found if where not in c.scatter]
    unknown = f"; what seeds do is not known at {listed(rest)}" if rest else ""
    said = [f"{side} {listed(names)}" for side, names in sides.items() if names]
    return [
        f"One training each: against what two trainings like {first} differ by where only their seeds do (less than "
        f"that in 95 % of cases, % of range), {name} is {'; '.join(said)}{unknown}."
    ]
