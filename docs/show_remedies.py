"""The table of remedies as a page: ``python docs/show_remedies.py > docs/remedies.md``.

Numbers come from ``data/remedies.csv``, which ``xrdlib remedy measure`` writes; `tests/test_claims.py` prints the page
again.
"""

from __future__ import annotations

import pandas as pd

from xrdlib.remedies import RemedySummary

HEAD = """# What the remedies are worth

Printed by `python docs/show_remedies.py > docs/remedies.md` from `data/remedies.csv`; the table alone by
`xrdlib remedy summary`. The measurements behind it are repeated by

```
xrdlib remedy measure data/configs/lab_one_thread.toml --out build/remedies
```

(about two hours of one core; it goes on where it was interrupted).

Six trainings of study `lab` (10 000 noise-free curves of the grid, 80 epochs) that differ in initial weights, order and
dropout. *Before* is the epoch with the lowest validation loss of each. Every remedy was applied to each of the six and
scored at the same places: the lab's experiment noise-free (`lab`), the same through the measurement model (`lab
measured`, the mean of five noise draws), and two test sets of 2 000 curves each, `grid` (drawn as the training set was)
and `uniform`. Errors are means over the seven parameters in % of range. Retraining sees as many curves per epoch as
before, whatever it was given (but for `augment_truth_added`): equal cost but for the simulation. Costs are core-seconds
(seconds of one core) of training and of simulating new curves; without the first training and the dataset, which are
there already, and 0 for what needs no training.
"""

SHORT = """## In short

- **Choosing or averaging epochs does not help the experiment** without the truth in hand: not its parameters, not its
  profile. What the note calls best, the ideal epoch, needs the truth; the epoch whose curve fits best gains in the
  curve.
- **Being told the truth helps, and is no remedy**: new curves or fine-tuning centred on the true parameters move the
  network towards the answer it was told.
- **New curves around the network's own answer** help what the curve shows: the strain profile and the curve come
  several times closer, the mean of seven parameters hardly. The test set `grid` pays for it (`uniform` only for the
  narrow box), and the measured experiment is no better read, with the narrow box worse.
- **A measured experiment needs the measurement model in the training**; no other remedy comes near it.
- **The average** gains by more or fresh curves and by averaging several trainings; this experiment need not.
- The note's fine-tuning (radius 1, rate 1e-5) does next to nothing; done harder, it forgets.
"""
SETTINGS = "## What was done"
PLACES = "## Before and after"
FURTHER = """## Profile and curve of the experiment

The mean of seven parameters is dominated by those that the curve hardly depends on (Rp2 and L2). Here: mean difference
of the strain profile (1e-3), RMSE of log10 intensity of the re-simulated prediction, and for networks the neighbourhood
of the experiment: mean error on 300 new samples within 10 % of range of it, and the slope of prediction against truth.
"""
AFTER = """
After is a mean over the six trainings; the change is paired, +- half of its 95 % t interval. A star: clear
among all comparisons of this table and the profiles below (5 % false discoveries, Benjamini and Hochberg); the rows
`answer_...`, which are yardsticks, take no part. A dagger (vermillion in the figure): told what nobody knows of a
measured curve, the truth, or at `lab measured` what the network says of the noise-free curve. `ensemble_seeds` on one
experiment has no interval: of means over all triples of six trainings jackknife pseudo-values cover too little there.
"""
READING = "## The honest reading"


def main() -> None:
    """Print the page."""
    summary = RemedySummary.open()
    print(HEAD)
    print(SHORT)
    print(f"{PLACES}\n")
    print(_markdown(summary.table))
    print(AFTER)
    print(f"{READING}\n")
    print("\n".join(f"- {sentence}" for sentence in summary.sentences))
    print(f"\n{FURTHER}")
    profiles = [table for heading, table in summary.tables.items() if "profile" in heading]
    columns = [table.iloc[:, 2:] for table in profiles]
    print(_markdown(pd.concat([*columns, _further(summary)], axis=1)))
    print(f"\n{SETTINGS}\n")
    settings = summary.rows.groupby("remedy", sort=False)["setting"].first().to_frame()
    print(_markdown(settings))


def _further(summary: RemedySummary) -> pd.DataFrame:
    name = summary.experiment
    quantities = [f"{name} curve", f"{name}_measured curve", "around error", "around follow"]
    first = summary.keys[0]
    cells = {
        "final": {q: f"{summary.changes[first, q].before:.2f}" for q in quantities if (first, q) in summary.changes}
    }
    for key in summary.keys:
        cells[key] = {}
        for quantity in quantities:
            change = summary.changes.get((key, quantity))
            cells[key][quantity] = "" if change is None else f"{change.after:.2f}"
    return pd.DataFrame.from_dict(cells, orient="index").rename_axis("remedy").fillna("")


def _markdown(table: pd.DataFrame) -> str:
    rows = [[str(table.index.name), *map(str, table.columns)], ["---"] * (table.shape[1] + 1)]
    rows += [[str(label), *map(str, row)] for label, row in zip(table.index, table.to_numpy(), strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    main()
