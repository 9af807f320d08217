"""What the leaves say that their remedies were worth, held against the shipped table of remedies."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from xrdlib.diagnostics.decision._leaves import LEAVES
from xrdlib.remedies import AVERAGED, ENSEMBLES, RemedySummary
from xrdlib.remedies.worth.untrained import SELECTED

ERRORS = ("lab error", "lab_measured error")
TESTS = ("grid", "uniform")


class Worth(NamedTuple):
    """Of a remedy at a place: better or worse beyond the scatter, its mean change, and whether each training gained."""

    better: bool
    worse: bool
    change: float
    each_better: bool
    each_worse: bool


@pytest.fixture(scope="module")
def summary() -> RemedySummary:
    return RemedySummary.open()


def worth(s: RemedySummary, remedy: str, place: str) -> Worth:
    change = s.changes[remedy, place]
    gains = s.values("final", place) - s.values(remedy, place)
    value = change.difference.value
    return Worth(
        change.clear and value < 0, change.clear and value > 0, value, bool((gains > 0).all()), bool((gains < 0).all())
    )


@pytest.mark.parametrize("leaf", ["final", "final_sparse"])
def test_nothing_untold_that_chooses_or_averages_helps(summary: RemedySummary, leaf: str) -> None:
    assert "nothing that chooses or averages epochs without being told the truth" in LEAVES[leaf].worth
    for key in (*SELECTED, *ENSEMBLES, *AVERAGED):
        if not summary.told(key, "lab error"):
            for place in (*ERRORS, "lab profile", "lab_measured profile"):
                assert not worth(summary, key, place).better, (key, place)


def test_a_measurement_model_is_the_largest_gain_on_a_measured_curve(summary: RemedySummary) -> None:
    assert "by far the largest gain of all on a curve through a diffractometer" in LEAVES["measurement"].worth
    assert "noise-free test curves were read worse" in LEAVES["measurement"].worth
    gained = worth(summary, "measurement", "lab_measured error")
    assert gained.better
    assert gained.each_better
    others = [key for key in summary.keys if key != "measurement" and not key.startswith("answer")]
    assert gained.change < 2 * min(worth(summary, key, "lab_measured error").change for key in others)
    assert all(worth(summary, "measurement", place).worse for place in TESTS)


def test_new_curves_around_its_prediction(summary: RemedySummary) -> None:
    for leaf in ("region", "region_more"):
        said = LEAVES[leaf].worth
        assert "profile and curve of the noise-free experiment came closer in each of the trainings" in said
        assert "other curves near it were read better; a gain of its own seven parameters is not shown" in said
        assert "grid test curves were read worse, and the experiment through a diffractometer seemed to be" in said
        key = LEAVES[leaf].remedies[0]
        assert worth(summary, key, "lab profile").each_better
        assert worth(summary, key, "lab curve").each_better
        assert worth(summary, key, "around error").each_better
        assert not worth(summary, key, "lab error").better
        assert worth(summary, key, "grid").worse
        assert worth(summary, key, "lab_measured error").each_worse
        assert not worth(summary, key, "lab_measured error").worse
    assert "one of 10 % of range did not even hold the truth" in LEAVES["region"].advice
    assert summary.held("augment_chosen") == 0


def test_choosing_by_the_curve(summary: RemedySummary) -> None:
    assert "curve came closer, a gain of the seven parameters or of the profile is not shown" in LEAVES["select"].worth
    assert worth(summary, "select_curve", "lab curve").each_better
    for place in (*ERRORS, "lab profile", "lab_measured profile"):
        assert not worth(summary, "select_curve", place).better


@pytest.mark.parametrize("leaf", ["seeds", "retrain"])
def test_better_on_test_sets_by_a_little(summary: RemedySummary, leaf: str) -> None:
    assert (
        "better on both test sets by a little, a gain of the experiment's parameters is not shown" in LEAVES[leaf].worth
    )
    for key in LEAVES[leaf].remedies:
        for place in TESTS:
            assert worth(summary, key, place).better
            assert -1 < worth(summary, key, place).change < -0.1
        for place in ERRORS:
            assert not worth(summary, key, place).better


def test_fine_tuning_around_its_prediction_does_next_to_nothing(summary: RemedySummary) -> None:
    assert "next to nothing, on the experiment or on a test set" in LEAVES["finetune"].worth
    for place in (*ERRORS, *TESTS):
        assert abs(worth(summary, "finetune_chosen", place).change) < 0.3
    told, own = (worth(summary, f"finetune_{key}", "lab error") for key in ("truth", "chosen"))
    assert told.better
    assert told.change < 3 * own.change


def test_averaging_epochs_gains_nothing(summary: RemedySummary) -> None:
    assert "nothing gained, on the experiment or on a test set" in LEAVES["epochs"].worth
    for place in (*ERRORS, *TESTS):
        assert not worth(summary, "ensemble_every4", place).better
