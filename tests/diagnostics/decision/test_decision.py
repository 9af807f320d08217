"""Decisions whose measured answers are planted: each is found, and leads where the tree says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from xrdlib.data import LAB, Experiment, MeasuredCurve
from xrdlib.diagnostics import Decision, decide, diagnose, luck
from xrdlib.diagnostics.decision._leaves import LEAVES
from xrdlib.diagnostics.decision._tree import MEASURED, YOURS, ways
from xrdlib.simulation import Instrument, Scan, StrainParameters
from xrdlib.training import Study, reference_study

Planted = Callable[..., Any]
BOTH = (True, False)


def _decide(d: Any, **answers: Any) -> Decision:
    return decide(d.study, d.target, d.checkpoints, tracking=d.tracking, coverage=d.coverage, **answers)


@pytest.fixture(scope="module")
def lab() -> Study:
    return reference_study("lab")


@pytest.mark.parametrize("measured", [*product(BOTH, repeat=4)])
def test_planted_answers_are_found_and_lead_to_their_leaves(planted: Planted, measured: tuple[bool, ...]) -> None:
    wanted = dict(zip(MEASURED, measured, strict=True))
    d = planted(**wanted)
    for mine in product(BOTH, repeat=3):
        found = _decide(d, **dict(zip(YOURS, mine, strict=True)))
        assert found.values == wanted | dict(zip(YOURS, mine, strict=True))
        (end,) = ways(found.values)
        (recommended,) = found.recommendations
        assert recommended == ((), LEAVES[str(end.node)])
        assert [step.question for step in found.path] == [question for question, _ in end.ways]
        assert {step.answer.by for step in found.path if step.question in MEASURED} == {"measured"}
        assert len(found.alternatives) == len(found.path)
        assert recommended.leaf.advice in found.sentences[0]
        assert f"measured on study lab: {recommended.leaf.worth}" in found.sentences[0]
        assert not any(answer.borderline for answer in found.answers.values())
        assert "borderline" not in found.to_text()
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["recommendations"][0]["given"] == {}


def test_the_planted_reach_every_leaf(planted: Planted) -> None:
    leaves = set()
    for measured in product(BOTH, repeat=4):
        found = _decide(planted(**dict(zip(MEASURED, measured, strict=True))))
        leaves |= {r.leaf for r in found.recommendations}
    assert leaves == set(LEAVES.values())


def test_open_questions_show_every_continuation(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False)
    found = _decide(d)
    assert [r.leaf for r in found.recommendations] == [LEAVES[k] for k in ("retrain", "seeds", "epochs", "final")]
    assert found.recommendations[-1].given == (("critical", False),)
    for r in found.recommendations:
        (same,) = _decide(d, **(dict.fromkeys(YOURS, True) | dict(r.given))).recommendations
        assert same.leaf == r.leaf
    assert [step.answer.value for step in found.path] == [True, False, False, None, None, None]
    assert found.path[-1].given == (("critical", True), ("several", False))
    assert "depends on what only you know: whether it is critical" in found.sentences[0]
    assert "If it is not critical: take final as it is" in " ".join(found.sentences)


def test_one_open_question_leaves_two_ways(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False)
    found = _decide(d, critical=True, several=False)
    assert {r.given: r.leaf for r in found.recommendations} == {
        (("publication", True),): LEAVES["seeds"],
        (("publication", False),): LEAVES["epochs"],
    }
    assert len(_decide(d, critical=False).recommendations) == 1  # the others are not asked then


@pytest.mark.parametrize("aware", BOTH)
def test_a_measured_curve_that_no_epoch_reproduces(planted: Planted, aware: bool) -> None:
    d = planted(known=False, aware=aware, sparse=False, special=False, truth=False)
    found = _decide(d)
    (recommended,) = found.recommendations
    assert recommended.leaf == LEAVES["model" if aware else "measurement"]
    assert recommended.leaf.remedies == ("measurement",)
    assert "no remedy that picks or averages" in found.sentences[0]
    assert "it is a measured curve, and no epoch reproduces it" in " ".join(found.sentences)
    assert "should not be reported as a result" in found.paragraph


@pytest.mark.parametrize(
    ("best", "nearly", "shown"),
    [(0.10029, True, "0.1003"), (0.149, True, "0.149"), (0.151, False, "0.151"), (0.0999, False, "0.0999")],
)
@pytest.mark.parametrize("aware", BOTH)
def test_a_curve_that_is_nearly_reproduced_is_to_be_fitted_first(
    planted: Planted, aware: bool, best: float, nearly: bool, shown: str
) -> None:
    d = planted(known=False, aware=aware, sparse=False, special=False, truth=False)
    found = d.checkpoints
    close = _decide(replace(d, checkpoints=replace(found, curve_rmse=found.curve_rmse - found.curve_rmse.min() + best)))
    answer = close.answers["known"]
    assert answer.value == (best < 0.1)
    assert answer.short == f"best RMSE {shown}, limit 0.1"
    assert bool(answer.nearly) == nearly
    said = (
        "Recommended: first a fit that starts from the prediction (refine, or xrdlib fit), for that is nearly close "
        f"(RMSE of log10 intensity {shown} at epoch 30, below 0.1 would be fair); only if the fit"
    )
    assert close.advice[0].startswith(said) == nearly
    if not answer.value:
        assert LEAVES["model" if aware else "measurement"].advice in close.advice[0]
        assert "first a fit" not in " ".join(close.what_if(known=True).advice)
    assert max(map(len, close.table.to_string().splitlines())) <= 80


def test_the_only_epoch_is_not_the_best_of_several(planted: Planted) -> None:
    d = planted(known=False, aware=True, sparse=False, special=False, truth=False)
    arrays = ("epochs", "predictions", "val_loss", "curve_rmse", "curve_mae", "curves")
    one = replace(d.checkpoints, **{name: getattr(d.checkpoints, name)[-1:] for name in arrays}, final=60)
    found = _decide(replace(d, checkpoints=replace(one, curve_rmse=np.array([0.10029]))))
    said = found.answers["known"].because
    assert "the only epoch does not reproduce it: RMSE of log10 intensity 0.1003 at epoch 60, 0.1 would be fair" in said
    assert "at best" not in said
    assert found.paragraph.startswith(
        "For the measured curve lab we took epoch 60 of study lab, the only one of 60 with stored weights. Nothing was "
        "selected by this curve. Its curve RMSE is 0.1003. By our own limit, an RMSE below 0.1, it does not reproduce"
    )
    assert "any other epoch" not in found.paragraph


def test_a_measured_curve_that_an_epoch_reproduces_goes_on(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=False, special=True, truth=False)
    found = _decide(d)
    assert found.values["known"]
    assert found.values["special"]  # of the curve's error; there is no rank
    said = " ".join(found.sentences)
    assert "an epoch reproduces it" in said
    assert "final does not" in said
    assert "has no rank; it is more than the wobble of the epochs (" in said
    assert np.isnan(found.frame.set_index("number").loc["regret_percentile", "value"])


def test_a_simulated_curve_of_the_networks_own_kind_is_known_even_if_no_epoch_reproduces_it(lab: Study) -> None:
    found = decide(lab, LAB)
    assert found.values["known"]
    assert "though no epoch reproduces it" in found.answers["known"].because
    # off the grid or on it makes no other kind of curve
    on_grid = Experiment("on", StrainParameters(0.0085, 0.003, 5000.0, 3550.0, 0.0035, 3000.0, -500.0))
    assert decide(lab, on_grid).values["known"]


@pytest.mark.parametrize(
    "change",
    [
        {"instrument": Instrument(45.0)},
        {"instrument": Instrument(background=5e-3)},
        {"instrument": Instrument(peak_counts=300.0)},
        {"disorder": 0.85},
    ],
    ids=["resolution", "background", "noise", "disorder"],
)
def test_a_virtual_experiment_unlike_the_training_curves_is_caught(lab: Study, change: dict[str, Any]) -> None:
    d = diagnose(replace(LAB, name="other", **change), lab, sections=["decision"])
    found = d["decision"]
    assert isinstance(found, Decision)
    assert found.values["known"] == d.checkpoints.reproduced
    assert found.answers["known"].because.startswith("its curve differs from those it was trained on")


def test_the_curve_decides_not_the_truth(planted: Planted) -> None:
    d = planted(known=False, aware=False, sparse=False, special=False)
    close = replace(d.checkpoints, curve_rmse=d.checkpoints.curve_rmse - 0.1)
    assert not _decide(d).values["known"]
    assert _decide(replace(d, checkpoints=close)).values["known"]
    assert _decide(d, fair=0.2).values["known"]


def test_noise_widens_what_counts_as_reproduced(planted: Planted) -> None:
    d = planted(known=False, aware=False, sparse=False, special=False)
    for noise in (0.02, 0.2):
        found = replace(d.checkpoints, noise=noise)
        assert _decide(replace(d, checkpoints=found)).values["known"] == found.reproduced


@pytest.mark.parametrize(
    ("rank", "rises", "special"), [(1e-3, True, True), (1e3, True, False), (1e-3, False, False), (1e3, False, False)]
)
def test_special_needs_rank_and_more_than_luck(planted: Planted, rank: float, rises: bool, special: bool) -> None:
    d = planted(known=True, aware=False, sparse=False, special=rises)
    d = replace(d, tracking=replace(d.tracking, sample_regret=np.full(50, rank)))
    answer = _decide(d).answers["special"]
    assert answer.value == special
    numbers = {n.name: n for n in answer.numbers}
    assert (numbers["p_value"].value.value < 0.05 or numbers["divergence_epoch"].value.value > 0) == rises
    if special:
        assert "fewer than 90 %" in answer.otherwise
    else:
        assert ("exceeded that of 90 %" in answer.otherwise) == (rank > 1)
        assert ("more than noise" in answer.otherwise) != rises


def test_a_rise_beyond_noise_is_more_than_luck_whatever_the_p_value(planted: Planted) -> None:
    found = _decide(planted(known=True, aware=False, sparse=False, special=True), luck=0.0)
    assert found.values["special"]
    assert "the error rises beyond noise from epoch" in found.answers["special"].because
    assert "the error rises by more than noise: not all of it is luck" in found.paragraph


def test_p_value_is_that_of_the_section_luck(lab: Study) -> None:
    found = decide(lab, LAB)
    numbers = {n.name: n.value.value for n in found.answers["special"].numbers}
    assert numbers["p_value"] == luck(lab, LAB).wobble.p_value


def test_no_regret_is_not_special(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False)
    falling = np.repeat(np.linspace(20, 10, 60)[:, None], 7, axis=1)
    none = replace(d.checkpoints, errors=falling)
    answer = _decide(replace(d, checkpoints=none, tracking=replace(d.tracking, regret=0.0))).answers["special"]
    assert answer.value is False
    assert answer.short == "no regret"


def test_too_few_epochs_to_tell(make_diagnosis: Callable[..., Any]) -> None:
    found = _decide(make_diagnosis())
    assert found.values["special"] is False
    assert "not defined for so few epochs" in found.answers["special"].because
    json.dumps(found.to_dict(), allow_nan=False)
    assert "nan" not in found.to_text()
    assert not found.answers["special"].borderline
    assert "cannot be told from so few epochs" in found.paragraph


def test_outside_the_space_is_sparse(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False)
    outside = replace(d.coverage, violations=["Dmax1 = 0.04 is above its maximum"])
    answer = _decide(replace(d, coverage=outside)).answers["sparse"]
    assert answer.value is True
    assert "outside the parameter space (Dmax1 = 0.04" in answer.because


@pytest.mark.parametrize("critical", [None, False])
@pytest.mark.parametrize(("limit", "borderline"), [(45.0, False), (57.0, True), (58.5, True), (80.0, False)])
def test_a_borderline_region_is_said_to_be(
    planted: Planted, limit: float, borderline: bool, critical: bool | None
) -> None:
    d = planted(known=True, aware=False, sparse=True, special=False)
    some = replace(d.coverage.yardstick, kth=np.where(np.arange(100) < 58, 0.2, 0.9))
    d = replace(d, coverage=replace(d.coverage, yardstick=some))
    assert d.coverage.distance_interval.value == 58
    found = _decide(d, sparse=limit, critical=critical)
    answer = found.answers["sparse"]
    assert answer.borderline == borderline
    assert answer.value == (limit < 58)  # kept
    assert (f"borderline: the interval holds {limit:g}" in answer.because) == borderline
    said = f'The answer {answer.word} to "Is the region sparse?" is borderline; the other leads to'
    assert any(sentence.startswith(said) for sentence in found.advice) == borderline
    assert (f"{answer.word.capitalize()}, borderline (measured)" in " ".join(found.sentences)) == borderline
    assert (f"{answer.word}, borderline" in found.table.to_string()) == borderline
    assert max(map(len, found.table.to_string().splitlines())) <= 80
    (step,) = (s for s in found.to_dict()["path"] if s["question"] == "sparse")
    assert step["borderline"] == borderline
    assert not found.what_if(sparse=not answer.value).answers["sparse"].borderline


@pytest.mark.parametrize(
    ("rises", "half", "borderline"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_borderline_rank_is_said_to_be_where_it_matters(
    planted: Planted, rises: bool, half: bool, borderline: bool
) -> None:
    d = planted(known=True, aware=False, sparse=False, special=rises)
    below = np.repeat([1e-3, 1e3], [27, 23] if half else [50, 0])
    answer = _decide(replace(d, tracking=replace(d.tracking, sample_regret=below)), special=50.0).answers["special"]
    assert answer.borderline == borderline
    assert ("this is borderline: the interval of its rank holds 50" in answer.because) == borderline
    assert answer.value == rises


def test_a_p_value_that_the_draws_do_not_settle_is_borderline(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=False, special=False)
    d = replace(d, tracking=replace(d.tracking, sample_regret=np.full(50, 1e-3)))
    (p,) = (n.value for n in _decide(d).answers["special"].numbers if n.name == "p_value")
    assert 0 < p.low < p.value < p.high < 1
    for level, borderline in ((p.value, True), ((p.low + p.value) / 2, True), (p.low / 2, False)):
        answer = _decide(d, luck=level).answers["special"]
        assert answer.borderline == borderline
        assert ("it is borderline whether that is rarer than" in answer.because) == borderline
    far = replace(d, tracking=replace(d.tracking, sample_regret=np.full(50, 1e3)))
    assert not _decide(far, luck=p.value).answers["special"].borderline  # its rank settles it


def test_thresholds_are_arguments(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=True, special=True)
    assert d.coverage.distance_percentile == 100
    assert not _decide(d, sparse=100.0).values["sparse"]
    half = replace(d, tracking=replace(d.tracking, sample_regret=np.repeat([1e-3, 1e3], 25)))
    assert _decide(half, special=50.0).values["special"]
    assert not _decide(half, special=51.0).values["special"]
    quiet = planted(known=True, aware=False, sparse=True, special=False)
    assert not _decide(quiet, special=0.0).values["special"]
    assert _decide(quiet, special=0.0, luck=1.0).values["special"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"critical": "yes"}, r"critical = 'yes': True, False or None"),
        ({"several": 1}, r"several = 1"),
        ({"sparse": 120.0}, r"sparse = 120.0: a percentage from 0 to 100 expected"),
        ({"special": -1.0}, r"special = -1.0"),
        ({"luck": 5.0}, r"luck = 5.0: a probability from 0 to 1 expected"),
        ({"fair": 0.0}, r"fair = 0.0: a positive RMSE"),
        ({"fair": float("nan")}, r"fair = nan"),
    ],
)
def test_bad_arguments(make_diagnosis: Callable[..., Any], arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _decide(make_diagnosis(), **arguments)


def test_what_if_changes_answers_the_notes_too(planted: Planted) -> None:
    found = _decide(planted(known=True, aware=False, sparse=False, special=False))
    other = found.what_if(sparse=True, critical=True, several=False)
    assert other.recommendations == (((), LEAVES["region"]),)
    assert [step.answer.by for step in other.path] == ["measured", "what if", "you", "you"]
    assert "supposed" in " ".join(other.sentences)
    assert "Q2 yes" in other.note.sentence
    assert other.note.answers["Q1"] is False  # by its own thresholds, which nobody supposed otherwise
    assert found.what_if(sparse=False) == found  # as measured
    assert other.what_if(critical=None).values["critical"] is None
    json.dumps(other.to_dict(), allow_nan=False)
    with pytest.raises(ValueError, match=r"colour: no question of the tree"):
        found.what_if(colour=True)


def test_shown_within_a_terminal(planted: Planted) -> None:
    for special in BOTH:
        found = _decide(planted(known=True, aware=False, sparse=False, special=special))
        assert max(map(len, found.table.to_string().splitlines())) <= 80
        assert set(found.frame["question"]) == {step.question for step in found.path}
        assert not any("nan" in sentence for sentence in found.sentences)


def test_the_note_is_answered_by_its_own_rule(planted: Planted) -> None:
    d = planted(known=True, aware=False, sparse=True, special=False)
    few = replace(d.coverage, counts=np.array([0, 0, 1, 93, 199]))  # 0.5 % of 200 within 0.5
    many = replace(d.coverage, counts=np.array([0, 0, 7, 93, 199]))
    for coverage, notes in ((few, True), (many, False)):
        found = _decide(replace(d, coverage=coverage))
        assert found.values["sparse"] is True
        assert found.note.answers["Q1"] is notes
        assert ("so Solution 3 (augment)" in found.sentences[-1]) == notes


def test_a_section_of_diagnose(lab: Study) -> None:
    found = diagnose(LAB, lab, sections=["decision"], critical=True, several=False, publication=True)
    decision = found["decision"]
    assert isinstance(decision, Decision)
    assert found.sections[-1] is decision
    assert decision.to_dict() == decide(lab, LAB, critical=True, several=False, publication=True).to_dict()
    assert decision.recommendations == (((), LEAVES["seeds"]),)


def test_a_real_curve_from_a_file(lab: Study) -> None:
    other = replace(LAB, disorder=0.94, instrument=Instrument(36.0, 0.2, background=2e-3, peak_counts=6e4))
    curve = MeasuredCurve(Scan().angle, other.curve(Scan()), {"file": "a/b.txt"})
    assert decide(lab, curve).recommendations == (((), LEAVES["measurement"]),)
    aware = decide(reference_study("measured"), curve)
    assert aware.values["known"]
    assert aware.target == "b.txt"
