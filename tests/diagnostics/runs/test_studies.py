"""Studies that differ by planted amounts, and one compared with itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import t

from xrdlib.data import LAB, SPACE, DatasetConfig, MeasuredCurve
from xrdlib.diagnostics import Studies, Target, compare_studies, variation
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS, Instrument, Scan, simulate
from xrdlib.training import Measurement, Study, StudyConfig, StudyError, reference_replicas, reference_study
from xrdlib.training.config import TrainingConfig
from xrdlib.training.parent import Parent

NOISY = tuple(replace(LAB, name=f"noisy_{k}", instrument=Instrument(peak_counts=1e4), seed=k) for k in (1, 2, 3))
TRUTH = np.random.default_rng(7).uniform(0.3, 0.7, (200, 7))


def _study(
    name: str,
    off: float | np.ndarray = 10.0,
    *,
    truth: np.ndarray = TRUTH,
    scatter: float = 0.0,
    seed: int = 0,
    experiment_off: float | list[float] | None = None,
    n_epochs: int = 3,
    **config: object,
) -> Study:
    """A study off by so many % of range at every epoch: of all parameters, or of each; half its samples in each set.

    Validation loss falls; samples are off by ``scatter`` more or less, drawn anew for each and from ``seed``.
    """
    training = TrainingConfig(epochs=n_epochs, test_size=len(truth) // 2)
    made = StudyConfig(**{"name": name, "training": training, "experiments": (LAB,), **config})  # type: ignore[arg-type]
    epochs = np.arange(1, n_epochs + 1)
    loss = np.linspace(0.3, 0.1, n_epochs)
    history = pd.DataFrame({"epoch": epochs, "train_loss": loss, "val_loss": loss, "learning_rate": loss})
    study = Study(Path(name), made, history)
    drawn = np.random.default_rng(seed).normal(0, scatter, (len(truth), 7))
    at = SPACE.normalise(LAB.parameters.to_array())
    lab_off = np.broadcast_to(np.mean(off) if experiment_off is None else experiment_off, len(made.experiments))
    fractions = truth + (np.asarray(off) + drawn) / 100
    study.__dict__["predictions"] = xr.Dataset(
        {
            "prediction": (("epoch", "sample", "parameter"), np.tile(fractions, (n_epochs, 1, 1))),
            "experiment_prediction": (
                ("epoch", "experiment", "parameter"),
                np.tile(at + lab_off[:, None] / 100, (n_epochs, 1, 1)),
            ),
            "truth": (("sample", "parameter"), SPACE.denormalise(truth)),
        },
        {"test_set": ("sample", np.repeat(np.array(["grid", "uniform"], dtype=object), len(truth) // 2))},
    )
    return study


@pytest.fixture(scope="module")
def three() -> Studies:
    lab, measured = reference_study("lab"), reference_study("measured")
    return compare_studies([lab, measured, lab])


def test_a_planted_improvement_is_found_with_its_size() -> None:
    found = compare_studies([_study("before", 10, scatter=1), _study("after", 8, scatter=1, seed=1)])
    for name in ("grid", "uniform"):
        score = found.test_set(name)
        assert score.paired
        assert score.n == 100
        assert score.difference.low < -2 < score.difference.high
        assert score.difference.high < 0
        assert score.better.low > 90
        for interval in score.by_parameter:
            assert interval.value == pytest.approx(-2, abs=0.5)
            assert interval.excludes(0)
    lab = found.target("lab")
    assert lab.values["final"][:, 0] == pytest.approx([10, 8])
    assert lab.differences["final"][1].value == pytest.approx(-2)
    assert lab.values["profile"][1, 0] < lab.values["profile"][0, 0]
    text = found.to_text()
    assert "after against before: smaller for lab (8.00 instead of 10.00)" in text
    assert "more than other samples could turn" in text
    # beyond these trainings nothing is known of ones that are no lab's
    assert found.scatter == {}
    assert "is not known" in text


def test_the_parameter_that_changed_is_named() -> None:
    off = np.full(7, 10.0)
    off[PARAMETERS.index("L2")] = 24
    found = compare_studies([_study("before", 10.0), _study("after", off)])
    score = found.test_set("grid")
    assert score.difference == pytest.approx((2, 2, 2))
    changed = {p: d.value for p, d in zip(PARAMETERS, score.by_parameter, strict=True) if d.excludes(0)}
    assert changed == {"L2": pytest.approx(14)}
    assert "by parameter the error is larger for L2 (+14.0)" in found.to_text()
    assert score.better.value == 0


def test_a_study_does_not_differ_from_itself() -> None:
    lab = reference_study("lab")
    found = compare_studies([lab, lab], ["lab"])
    assert found.names == ("lab", "lab (2)")
    assert found.identical(1)
    assert (found.frame["difference"].dropna() == 0).all()
    for score in found.sets:
        assert score.difference == (0, 0, 0)
        assert set(score.by_parameter) == {(0, 0, 0)}
        assert score.better.value == 0
    assert "lab (2) predicts exactly what lab does" in found.to_text()
    assert "seeds" not in found.to_text()
    assert "chance" not in found.to_text()


def test_errors_without_a_difference_seldom_seem_to_differ() -> None:
    fired = [
        s.difference.excludes(0)
        for k in range(20)
        for s in compare_studies([_study("a", scatter=2, seed=2 * k), _study("b", scatter=2, seed=2 * k + 1)], []).sets
    ]
    assert sum(fired) <= 6  # of 40; 2 expected, more than 6 in 1 of 300 trials


def test_a_shuffled_test_set_is_matched() -> None:
    first, other = _study("a", 10, scatter=3), _study("b", 9, scatter=3, seed=1)
    order = np.r_[np.random.default_rng(0).permutation(100), 100 + np.random.default_rng(1).permutation(100)]
    shuffled = _study("b", 9)
    shuffled.__dict__["predictions"] = other.predictions.isel(sample=order)
    plain, matched = (compare_studies([first, s], []) for s in (other, shuffled))
    assert matched.sets == plain.sets


def test_samples_that_went_through_centimetres_are_matched() -> None:
    first, other = _study("a", 10), _study("b", 9)
    lengths = np.array([1, 1, 1e8, 1e8, 1, 1e8, 1e8])
    other.__dict__["predictions"]["truth"] = other.predictions["truth"] / lengths * lengths * (1 + 1e-12)
    assert [s.n for s in compare_studies([first, other], []).sets] == [100, 100]


@pytest.mark.parametrize("shared", [0, 5])
def test_disjoint_test_sets_are_not_paired(shared: int) -> None:
    truth = np.random.default_rng(8).uniform(0.3, 0.7, TRUTH.shape)
    truth[:shared] = TRUTH[:shared]
    found = compare_studies([_study("a", 10, scatter=2), _study("b", 9, truth=truth, scatter=2, seed=1)], [])
    score = found.test_set("grid")
    assert not score.paired
    assert score.n == shared
    assert np.isnan(score.better.value)
    assert score.difference.low < -1 < score.difference.high
    assert score.other - score.first == pytest.approx(score.difference.value)
    assert f"share {shared or 'none'}" in found.to_text()
    assert found.table.loc["  better (%)"].to_numpy().tolist() == [["", ""], ["", ""]]
    json.dumps(found.to_dict(), allow_nan=False)


def test_half_shared_sets_are_compared_where_they_are_shared() -> None:
    truth = TRUTH.copy()
    truth[50:100] = np.random.default_rng(8).uniform(0.3, 0.7, (50, 7))
    off = np.where(np.arange(200)[:, None] < 50, 9.0, 30.0)
    found = compare_studies([_study("a", 10), _study("b", off, truth=truth, experiment_off=1)])
    grid = found.test_set("grid")
    assert (grid.n, grid.paired) == (50, True)
    assert grid.difference == pytest.approx((-1, -1, -1))
    assert found.errors["grid"][1] == pytest.approx(np.full(7, 19.5))  # of all its own


def test_noise_draws_of_one_experiment_are_taken_together() -> None:
    before = _study("a", experiments=(LAB, *NOISY), experiment_off=[10, 10, 11, 12])
    after = _study("b", experiments=(*NOISY, LAB), experiment_off=[8, 9, 13, 7])
    found = compare_studies([before, after])
    assert [target.name for target in found.targets] == ["lab", "noisy"]
    noisy = found.target("noisy")
    assert noisy.members == ("noisy_1", "noisy_2", "noisy_3")
    change = np.array([-2, -2, 1])
    half = t.ppf(0.975, 2) * change.std(ddof=1) / np.sqrt(3)
    assert noisy.differences["final"][1] == pytest.approx((-1, -1 - half, -1 + half))
    assert found.target("lab").differences["final"][1].value == pytest.approx(-3)
    assert np.isnan(found.target("lab").differences["final"][1].low)
    assert "mean of 3 noise draws" in found.to_text()
    assert "Intervals of a target with several noise draws (3 of noisy) are t intervals over these" in found.to_text()
    assert "several noise draws" not in compare_studies([before, after], ["lab"]).to_text()


def test_a_name_already_taken_is_not_given_to_noise_draws() -> None:
    noisy = tuple(replace(e, name=f"lab_{e.seed}") for e in NOISY)
    found = compare_studies([_study("a", experiments=(LAB, *noisy)), _study("b", experiments=(LAB, *noisy))])
    assert [target.name for target in found.targets] == ["lab", "lab_1 to lab_3"]


def test_scatter_of_seeds_is_that_of_the_replicas(three: Studies) -> None:
    found, lab, measured = three, reference_study("lab"), reference_study("measured")
    v = variation(reference_replicas("lab"), "lab")
    sd = v.final_error[v.sources["all"]].std(ddof=1)
    scatter = found.scatter["lab"]
    assert scatter.sd.value == pytest.approx(sd)
    assert scatter.n_runs == 6
    assert scatter.limit == pytest.approx(t.ppf(0.975, 5) * np.sqrt(2) * sd)
    assert abs(found.target("lab").differences["final"][1].value) < scatter.limit
    text = found.sentences[1]
    verdicts = text[: text.index("within it")], text[text.index("within it") :]
    for where in ("lab (", "dense (", "sparse ("):
        assert where in verdicts[1]
    assert "better beyond it at lab_measured" in verdicts[0]
    assert "curves that were made differently" in found.to_text()
    # of study measured no replicas are known
    assert compare_studies([measured, lab], ["lab"]).scatter == {}


def test_limit_of_the_seeds_holds_for_most_pairs() -> None:
    """Of two normal runs, with the SD from six others."""
    rng = np.random.default_rng(0)
    drawn = rng.normal(0, 1, (4000, 8))
    limit = t.ppf(0.975, 5) * np.sqrt(2) * drawn[:, :6].std(axis=1, ddof=1)
    assert (np.abs(drawn[:, 6] - drawn[:, 7]) < limit).mean() == pytest.approx(0.95, abs=0.012)


def test_replicas_of_another_configuration_are_refused() -> None:
    with pytest.raises(StudyError, match=r"another configuration than"):
        compare_studies([_study("a"), _study("b")], replicas=reference_replicas("lab"))


def test_what_a_remedy_made_shares_the_chance_of_its_parent() -> None:
    parent = Parent(study="lab", remedy="swa", epochs=(2, 3))
    lab = reference_study("lab")
    made = Study(Path("swa"), replace(lab.config, name="swa", parent=parent), lab.history)
    made.__dict__["predictions"] = lab.predictions.copy()
    made.predictions["prediction"] = lab.predictions["prediction"] * 0.99
    found = compare_studies([lab, made], ["lab"])
    assert found.shared_chance == (False, True)
    assert found.origins == ("", "study lab (swa, 2 of its epochs)")
    assert found.changes[1] == ()
    text = found.to_text()
    assert "swa was made from study lab (swa, 2 of its epochs)" in text
    assert "swa: made from weights of another training, whose chance is shared." in text
    assert "beyond it" not in text
    assert "What seeds do" not in text
    back = compare_studies([made, lab], ["lab"])
    assert "swa: made from weights of another training, whose chance is shared." in back.to_text()


def test_changes_of_the_configuration_are_listed() -> None:
    found = compare_studies([_study("a", dataset=DatasetConfig(size=500)), _study("b", dataset=DatasetConfig())], [])
    assert found.changes == ((), ("dataset.size = 10000 (a: 500)",))
    assert "b differs from a in dataset.size = 10000 (a: 500)." in found.sentences


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"measurement": Measurement()}, "the measurement they passed through"),
        ({"dataset": DatasetConfig(disorder=(0.9, 1.0))}, "disorder"),
        ({"dataset": DatasetConfig(film=True)}, "film"),
        ({"dataset": DatasetConfig(scan_points=600)}, "scan"),
    ],
)
def test_curves_that_were_made_differently_are_told(other: dict[str, object], reason: str) -> None:
    found = compare_studies([_study("a"), _study("b", 9, **other)], [])
    assert [s.unlike for s in found.sets] == [(reason,), (reason,)]
    assert f"({reason})" in found.to_text()


def test_measured_alike_but_drawn_with_other_seeds() -> None:
    a, b, c = (_study(name, measurement=Measurement(), seed=0) for name in "abc")
    c = Study(c.path, replace(c.config, seed=5), c.history)
    c.__dict__["predictions"] = a.predictions
    assert {s.unlike for s in compare_studies([a, b], []).sets} == {()}
    assert {s.unlike for s in compare_studies([a, c], []).sets} == {("draws of noise, resolution or disorder",)}


@pytest.fixture
def foreign(tmp_path: Path) -> Callable[..., Study]:
    def make(name: str, off: float, n_epochs: int = 1, **sets: bool) -> Study:
        truth = SPACE.denormalise(TRUTH[100:])
        predicted = np.tile(SPACE.denormalise(TRUTH[100:] + off / 100), (n_epochs, 1, 1))
        lab = SPACE.denormalise(SPACE.normalise(LAB.parameters.to_array()) + off / 100)
        return Study.from_predictions(
            tmp_path / name,
            val_loss=np.linspace(0.2, 0.1, n_epochs),
            training=truth,
            uniform=(predicted, truth),
            experiments={"lab": (np.tile(lab, (n_epochs, 1)), LAB)},
        )

    return make


def test_a_foreign_study_of_one_epoch(foreign: Callable[..., Study]) -> None:
    found = compare_studies([_study("own", 10), foreign("theirs", 6)])
    assert found.n_epochs == (3, 1)
    assert [s.test_set for s in found.sets] == ["uniform"]
    assert found.sets[0].difference.value == pytest.approx(-4, abs=0.01)  # predictions are stored with 16 bits
    assert found.target("lab").values["regret"][1, 0] == 0
    assert found.table.loc["  error (%)", "theirs"].tolist() == ["none", "6.00"]
    text = found.to_text()
    assert "theirs has one epoch" in text
    assert "how those of a study trained elsewhere were made is not known" in text
    json.dumps(found.to_dict(), allow_nan=False)


def test_nothing_in_common(foreign: Callable[..., Study]) -> None:
    own = _study("own", experiments=(NOISY[0],))
    own.__dict__["predictions"] = own.predictions.isel(sample=slice(0, 100))
    found = compare_studies([own, foreign("theirs", 6)])
    assert (found.targets, found.sets) == ((), ())
    assert set(found.not_common) == {"noisy_1", "lab"}
    assert not found.identical(1)
    assert "theirs and own have no test set of the same kind." in found.sentences
    assert "Left out, as not every study tracks the same: noisy_1, lab." in found.sentences


def test_a_measured_curve_is_compared_by_its_curve() -> None:
    scan = Scan(-80.0, 5.0, 400)
    curve = MeasuredCurve(scan.angle, simulate(LAB.parameters, scan=scan), {"file": "x/curve.txt"})
    lab, measured = reference_study("lab"), reference_study("measured")
    found = compare_studies([lab, measured], [curve, "lab"])
    target = found.target("curve.txt")
    assert not target.known
    assert set(target.values) == {"curve_rmse", "curve_rmse_chosen"}
    assert (target.values["curve_rmse"] >= target.values["curve_rmse_chosen"]).all()
    assert target.to_dict(0)["error_percent"] is None
    assert "need not have the better parameters" in found.to_text()


def test_untracked_experiments_are_predicted_by_the_weights() -> None:
    lab, measured = reference_study("lab"), reference_study("measured")
    other = replace(LAB, name="other", parameters=replace(LAB.parameters, L1=4800.0))
    found = compare_studies([lab, measured], [Target.of(other, lab)])
    for k, study in enumerate((lab, measured)):
        epoch = found.target("other").epochs["final"][k, 0]
        predicted = study.predict(study.config.preprocess(study.config.curve(other)[None]), [epoch])[0]
        expected = parameter_error(predicted, other.parameters.to_array(), SPACE.range).mean()
        assert found.target("other").values["final"][k, 0] == pytest.approx(expected)
    assert "what seeds do is not known at other" in found.to_text()


def test_the_tables_of_three_studies_fit_the_terminal(three: Studies) -> None:
    for table in (three.table, three.parameter_table):
        assert max(len(line) for line in table.to_string().splitlines()) <= 80


def test_frame_and_table_and_json_hold_the_same(three: Studies) -> None:
    rows = three.frame.query("where == 'grid test set' and study == 'measured'").set_index("measure")
    score = three.test_set("grid")
    assert rows.loc["final", "difference"] == score.difference.value
    assert rows.loc["better", "value"] == score.better.value
    assert rows.loc["Rp2", "low"] == score.by_parameter[-1].low
    assert rows.loc["final", "value"] == pytest.approx(three.errors["grid"][1].mean())
    assert three.table.loc["  better (%)", "measured"].iloc[0] == f"{score.better:.0f}"
    plain = json.loads(json.dumps(three.to_dict(), allow_nan=False))
    assert [s["name"] for s in plain["studies"]] == ["lab", "measured", "lab (2)"]
    assert plain["studies"][1]["against_first"]["grid"]["n_shared"] == score.n
    assert plain["studies"][0]["targets"]["lab"]["values"]["final"] == pytest.approx(
        reference_study("lab").experiment_errors("lab")[reference_study("lab").final - 1].mean()
    )
    assert plain["seeds"]["lab"]["limit"] == pytest.approx(three.scatter["lab"].limit)


def test_bad_input() -> None:
    lab = _study("a")
    with pytest.raises(ValueError, match=r"studies: 1 given, two or more"):
        compare_studies([lab])
    with pytest.raises(ValueError, match=r"experiment 'foo': none of these studies tracks it; they track lab"):
        compare_studies([lab, _study("b")], ["foo"])
    with pytest.raises(ValueError, match=r"lab given more than once"):
        compare_studies([lab, _study("b")], ["lab", LAB])
    short = Study(Path("short"), lab.config, lab.history.iloc[:2])
    with pytest.raises(StudyError, match=r"short: unfinished, 2 of 3 epochs"):
        compare_studies([lab, short])
    broken = _study("broken")
    broken.__dict__["predictions"]["prediction"][-1, 3, 2] = np.nan
    with pytest.raises(StudyError, match=r"broken: grid test predictions of the final epoch are not all numbers"):
        compare_studies([lab, broken])
    with pytest.raises(StudyError, match=r"no weights in this folder"):
        compare_studies([lab, _study("b")], [NOISY[0]])
    with pytest.raises(StudyError, match=r"has one sample; two at least"):
        compare_studies([_study("one", truth=TRUTH[:2]), lab])
