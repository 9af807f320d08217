"""The table of remedies: planted effects are found and named, scatter is not."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from xrdlib.remedies import RemedySummary
from xrdlib.training import StudyError

RUNS = ("base", "all_1", "all_2", "all_3", "all_4", "all_5")
PLACES = ("lab error", "lab_measured error", "grid", "uniform")


def rows(**effects):
    """One row for each training and remedy: a level of each training, an effect of each remedy, little scatter."""
    rng = np.random.default_rng(0)
    level = dict(zip(RUNS, np.linspace(6, 14, len(RUNS)), strict=True))
    made = []
    for remedy, changes in {"final": {}, **effects}.items():
        for run in RUNS:
            scores = {place: level[run] + changes.get(place, 0.0) + rng.normal(0, 0.02) for place in PLACES}
            if remedy == "final":
                scores = dict.fromkeys(PLACES, level[run])
            made.append({"run": run, "remedy": remedy, "setting": "", "core_seconds": 12.0, **scores})
    return pd.DataFrame(made)


@pytest.fixture(scope="module")
def summary():
    helps, harms = {"lab error": -3.0, "grid": 1.0}, {"lab_measured error": 2.0}
    alone = {"lab error": -9.0}
    return RemedySummary(
        rows(
            augment_chosen=helps,
            fresh={"grid": -0.5, "uniform": -0.5},
            weight_chosen=harms,
            swa={},
            augment_truth=helps,
            answer_truth=alone,
            answer_chosen={"lab error": -1.0},
        )
    )


def test_differences_are_those_planted(summary):
    change = summary.changes["augment_chosen", "lab error"]
    assert change.difference.value == pytest.approx(-3.0, abs=0.05)
    assert change.difference.low < -3.0 < change.difference.high
    assert change.after == pytest.approx(change.before + change.difference.value)
    assert change.clear


def test_the_scatter_between_trainings_does_not_hide_a_paired_difference(summary):
    """Errors of the trainings differ by 2, the remedy by 0.5: it is found, for it is paired."""
    assert np.std(summary.values("final", "grid"), ddof=1) > 1
    assert summary.changes["fresh", "grid"].clear


def test_what_does_nothing_has_no_star(summary):
    assert not any(summary.changes["swa", place].clear for place in PLACES)
    assert any("Not shown to change anything" in text and "swa" in text for text in summary.sentences)


def test_order_of_rows_does_not_matter(summary):
    shuffled = RemedySummary(summary.rows.sample(frac=1, random_state=1))
    key = "augment_chosen", "lab error"
    assert shuffled.changes[key].difference.value == pytest.approx(summary.changes[key].difference.value)


def test_sentences_name_help_and_harm(summary):
    text = " ".join(summary.sentences)
    assert "Helps an experiment and harms the test sets: augment_chosen (grid +1.0" in text
    assert "Better on both whole test sets: fresh" in text
    assert re.search(
        r"On lab: better without the truth: augment_chosen \(-[23]\.\d+\); better when told: augment_truth", text
    )
    assert re.search(
        r"On lab measured: better .*: nothing; better when told: nothing; worse: weight_chosen \(\+[12]\.\d+\)", text
    )
    assert "augment" in next(s for s in summary.sentences if "told the answer" in s)


def test_chance_is_counted():
    """Of remedies without effect hardly one is starred, though one in twenty intervals excludes 0."""
    rng = np.random.default_rng(3)
    made = [
        {
            "run": run,
            "remedy": remedy,
            "setting": "",
            "core_seconds": 0.0,
            **dict(zip(PLACES, rng.normal(10, 1, 4), strict=True)),
        }
        for remedy in ["final", *(f"r{i}" for i in range(40))]
        for run in RUNS
    ]
    found = RemedySummary(pd.DataFrame(made))
    alone = [c.difference.excludes(0) for c in found.changes.values()]
    assert 0 < sum(alone) < 25
    assert not any(c.clear for c in found.changes.values())


def test_tables(summary):
    for table in summary.tables.values():
        lengths = [max(len(str(v)) for v in [name, *table[name]]) for name in table.columns]
        assert sum(lengths) + max(map(len, table.index)) + len(lengths) <= 84
    assert summary.table.loc["final", "change (grid)"].startswith("(SD ")
    assert summary.table.loc["swa", "core-s"] == "12"
    assert set(summary.frame.columns) >= {"remedy", "quantity", "difference", "low", "high", "p_value"}
    json.dumps(summary.to_dict(), allow_nan=False)


def test_saved_and_opened(summary, tmp_path):
    summary.rows.to_csv(tmp_path / "remedies.csv", index=False)
    again = RemedySummary.open(tmp_path)
    assert again.sentences == RemedySummary.open(tmp_path / "remedies.csv").sentences == summary.sentences


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda d: d.drop(columns="grid"), "missing: grid"),
        (lambda d: d[d["remedy"] != "final"], "missing: final"),
        (lambda d: d.iloc[:-1], "answer_chosen not measured once on each training"),
        (lambda d: d[d["run"].isin(RUNS[:2])], "2 trainings, three at least"),
    ],
)
def test_damaged_tables(summary, damage, text):
    with pytest.raises(StudyError, match=text):
        RemedySummary(damage(summary.rows))


def test_no_such_file(tmp_path):
    with pytest.raises(StudyError, match="cannot be read as a table of remedies"):
        RemedySummary.open(tmp_path / "nothing.csv")
