"""Epochs compared on made-up predictions: who is better, by how much, and for how many samples."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from xrdlib.data import SPACE, DatasetConfig, sample
from xrdlib.diagnostics import Checkpoints, Nuisances, Target, checkpoints, compare_checkpoints, reconstruction
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, StudyConfig, StudyError, reference_study

N = 80
SAMPLE = DatasetConfig(sampling="uniform", scan_start=-80.0, scan_step=10.0, scan_points=120)
TRUE = sample(N, "uniform", seed=0)


def made_study(*errors: np.ndarray, grid: np.ndarray | None = None) -> Study:
    """A study whose k-th epoch errs by ``errors[k]``, % of range, in every parameter of the uniform test samples.

    Errors point into the middle of the range; those of the grid test samples are the same, or ``grid``.
    """
    fractions = SPACE.normalise(TRUE)
    inwards = np.where(fractions < 0.5, 0.01, -0.01)
    uniform = np.stack([fractions + inwards * e[:, None] for e in errors])
    other = uniform if grid is None else np.stack([fractions + inwards * e[:, None] for e in grid])
    loss = np.linspace(0.2, 0.1, len(errors))
    history = pd.DataFrame({"epoch": np.arange(1, len(loss) + 1), "train_loss": loss - 0.01, "val_loss": loss})
    study = Study(Path("made"), StudyConfig("made", dataset=SAMPLE, experiments=(), foreign=True), history)
    study.__dict__["predictions"] = xr.Dataset(
        {
            "prediction": (("epoch", "sample", "parameter"), np.concatenate([uniform, other], axis=1)),
            "truth": (("sample", "parameter"), np.tile(TRUE, (2, 1))),
        },
        coords={"test_set": ("sample", ["uniform"] * N + ["grid"] * N)},
    )
    return study


def as_checkpoints(study: Study, errors: list[float], rmse: list[float], *, known: bool = True) -> Checkpoints:
    """Of the first sample, read with these errors (% of range, every parameter)."""
    inwards = np.where(SPACE.normalise(TRUE[0]) < 0.5, 0.01, -0.01)
    predictions = SPACE.denormalise(SPACE.normalise(TRUE[0]) + np.outer(errors, inwards))
    k = len(errors)
    return Checkpoints(
        study="made",
        target="it",
        epochs=np.arange(1, k + 1),
        predictions=predictions,
        val_loss=study.history["val_loss"].to_numpy(),
        errors=np.repeat(np.array(errors)[:, None], len(PARAMETERS), axis=1) if known else None,
        curve_rmse=np.array(rmse),
        curve_mae=np.array(rmse),
        curves=np.ones((k, 3)),
        nuisances=Nuisances(),
        true=TRUE[0] if known else None,
        noise=0.0,
        n_trained=k,
        final=k,
    )


def test_a_clear_winner() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 4.0) + np.linspace(-1, 1, N))
    found = compare_checkpoints(study, [2, 1])
    m = found.measure("parameter_error")
    np.testing.assert_allclose(m.values, [4, 6])
    assert m.lead is not None
    assert m.lead.value == pytest.approx(2)
    assert 1.8 < m.lead.low < 2 < m.lead.high < 2.2
    assert m.beyond_chance
    assert found.epochs[m.best] == 2
    assert m.differences[0].value == 0
    assert m.differences[1].value == pytest.approx(2)
    assert "parameter MAE at epoch 2 (4, next 6" in found.sentences[0]
    assert found.table.loc["parameter MAE (%)", "beyond chance"] == "yes"


def test_a_difference_that_other_samples_could_turn() -> None:
    jitter = np.random.default_rng(0).normal(0, 2, N)
    study = made_study(np.full(N, 8.0), 8.0 + jitter - jitter.mean() + 0.01)
    found = compare_checkpoints(study, {"final": 2, "ideal": 1})
    m = found.measure("parameter_error")
    assert found.epochs[m.best] == 1
    assert m.beyond_chance is False
    assert found.table.loc["parameter MAE (%)", "beyond chance"] == "no"
    assert "which other samples could turn" in found.sentences[0]


def test_paired_intervals_see_what_separate_ones_would_not() -> None:
    """Samples differ much more than epochs do; the same samples cancel that."""
    base = np.random.default_rng(1).uniform(1, 30, N)
    m = compare_checkpoints(made_study(base + 0.2, base), [2, 1]).measure("parameter_error")
    assert m.lead is not None
    np.testing.assert_allclose(m.lead, 0.2, atol=1e-9)
    assert m.beyond_chance


def test_planted_shares() -> None:
    """As the note has it: 95 % improve and 5 % get worse, here by 2 and by 3 % of range."""
    change = np.where(np.arange(N) < N // 20, 3.0, -2.0)
    still = np.full(N, -0.5)
    study = made_study(np.full(N, 6.0), 6.0 + change, grid=np.stack([np.full(N, 6.0), 6.0 + still]))
    found = compare_checkpoints(study, {"final": 2, "ideal": 1})
    (step,) = found.steps  # the epoch after ideal is final: no other yardstick
    assert (step.before, step.after) == (1, 2)
    uniform, grid = step.shares["uniform"], step.shares["grid"]
    assert (uniform.better.value, uniform.worse.value) == (95, 5)
    assert (uniform.clearly_better.value, uniform.clearly_worse.value) == (95, 5)
    assert (grid.better.value, grid.worse.value, grid.clearly_better.value) == (100, 0, 0)
    said = next(s for s in found.sentences if s.startswith("From epoch 1 to epoch 2, "))
    assert "95 (88 to 98) % of uniform test samples get better and 5 (2 to 12) % worse, in keeping with" in said
    assert "100 (95 to 100) % of grid test samples get better and 0 (0 to 5) % worse, fewer than the note's 5 %" in said
    wide = compare_checkpoints(study, {"final": 2, "ideal": 1}, margin=2.5)
    assert wide.steps[0].shares["uniform"].clearly_better.value == 0
    assert wide.steps[0].shares["uniform"].clearly_worse.value == 5
    assert found.shares.shape == (8, 7)


def test_many_that_get_worse_are_told() -> None:
    change = np.where(np.arange(N) % 2, 3.0, -4.0)
    found = compare_checkpoints(made_study(np.full(N, 6.0), 6.0 + change), [2, 1])
    assert any("% worse, more than the note's 5 %" in s for s in found.sentences)
    other = compare_checkpoints(made_study(np.full(N, 6.0), 6.0 + change), [2, 1], note=(10, 90))
    assert any("% worse, fewer than the note's 90 %" in s for s in other.sentences)


def test_the_yardstick_is_the_next_epoch() -> None:
    jitter = np.where(np.arange(N) % 2, 2.0, -2.0)
    found = compare_checkpoints(made_study(np.full(N, 6.0), 6.0 + jitter, np.full(N, 5.5)), {"final": 3, "ideal": 1})
    assert [(s.before, s.after) for s in found.steps] == [(1, 3), (1, 2)]
    assert found.steps[1].shares["uniform"].clearly_worse.value == 50
    assert found.steps[1].agreement is None
    assert any("From epoch 1 to its very next" in s and "50 " in s for s in found.sentences)


def test_agreement_of_parameters_and_curve() -> None:
    """Twice the error everywhere is the worse curve nearly everywhere; equal errors say nothing."""
    found = compare_checkpoints(made_study(np.full(N, 6.0), np.full(N, 1.0)), [2, 1])
    assert found.steps[0].agreement is not None
    assert found.steps[0].agreement.value > 90
    assert found.steps[0].settled is None
    same = compare_checkpoints(made_study(np.full(N, 6.0), np.full(N, 6.0)), [2, 1])
    assert np.isnan(same.steps[0].agreement.value)
    assert same.steps[0].settled == 0
    assert same.measure("parameter_error").best is None
    assert "is the same at all" in same.sentences[0]
    assert "nan" not in same.to_text()


def test_final_is_ideal() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 4.0))
    found = compare_checkpoints(study, {"final": 2, "ideal": 2})
    assert found.named == {"final, ideal": 2}
    assert found.sentences == ["final, ideal is epoch 2: one and the same, there is nothing to compare."]
    assert found.steps == ()
    assert found.measure("parameter_error").best is None
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.shares.empty
    assert found.shares_table.empty


def test_the_experiment_and_by_what_its_epochs_were_picked() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 5.0), np.full(N, 4.0))
    target = as_checkpoints(study, [1.0, 2.0, 3.0], [0.3, 0.1, 0.2])
    found = compare_checkpoints(study, found=target)
    assert found.named == {"final": 3, "ideal": 1, "chosen": 2}
    np.testing.assert_allclose(found.measure("experiment_error").values, [3, 1, 2])
    np.testing.assert_allclose(found.measure("experiment_curve_rmse").values, [0.2, 0.3, 0.1])
    assert found.measure("experiment_error").beyond_chance is None
    single = found.sentences[1]
    assert "the target's parameter error at epoch 1, by which ideal was picked" in single
    assert "the target's curve error at epoch 2, by which chosen was picked" in single
    assert "validation loss at epoch 3, by which final was picked" in single
    assert "the target's profile error at epoch 1;" in single or "the target's profile error at epoch 1." in single
    assert found.table.loc["target: parameters (%)", "beyond chance"] == "one number"
    assert max(len(line) for line in found.table.to_string().splitlines()) <= 80


def test_a_measured_curve_has_no_parameter_error() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 5.0))
    found = compare_checkpoints(study, found=as_checkpoints(study, [1.0, 2.0], [0.1, 0.2], known=False))
    assert [m.name for m in found.measures][-1] == "experiment_curve_rmse"
    assert not any("the target's parameter" in s for s in found.sentences)


def test_an_epoch_at_which_the_target_is_unknown() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 5.0))
    first = as_checkpoints(study, [1.0], [0.1])
    found = compare_checkpoints(study, [1, 2], first)
    assert found.table.loc["target: curve RMSE", "epoch 2"] == "unknown"
    assert found.measure("experiment_error").best is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_unknown_training_loss() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 5.0))
    assert compare_checkpoints(study, [2, 1]).measure("loss_gap").values == pytest.approx([-0.01, -0.01])
    foreign = replace(study, history=study.history.assign(train_loss=np.nan))
    foreign.__dict__["predictions"] = study.predictions
    found = compare_checkpoints(foreign, [2, 1])
    assert "training - validation" not in found.table.index
    assert not any("training loss" in s for s in found.sentences)


def test_a_given_reconstruction_has_to_fit() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 5.0))
    given = reconstruction(study, [1, 2])
    a, b = compare_checkpoints(study, [2, 1], reconstruction=given), compare_checkpoints(study, [2, 1])
    pd.testing.assert_frame_equal(a.frame, b.frame)
    with pytest.raises(ValueError, match=r"reconstruction: lacks epochs \[2\]"):
        compare_checkpoints(study, [2, 1], reconstruction=reconstruction(study, [1]))
    with pytest.raises(ValueError, match="reconstruction: is of study made"):
        compare_checkpoints(reference_study("lab"), [2, 1], reconstruction=given)


def test_bad_input() -> None:
    study = made_study(np.full(N, 6.0), np.full(N, 5.0))
    with pytest.raises(ValueError, match=r"margin = -1"):
        compare_checkpoints(study, [2, 1], margin=-1)
    with pytest.raises(StudyError, match="epochs: 3 given"):
        compare_checkpoints(study, [3])
    broken = np.full(N, 5.0)
    broken[3] = np.nan
    good = np.stack([np.full(N, 6.0), np.full(N, 5.0)])
    with pytest.raises(StudyError, match="grid test predictions of epochs 1 and 2 are not all numbers"):
        compare_checkpoints(made_study(*good, grid=np.stack([good[0], broken])), [2, 1])


def test_the_reference_study() -> None:
    """Check 4 as it is: final is better on the test samples, and far more than 5 % of them got worse."""
    study = reference_study("lab")
    found = checkpoints(study, Target.of(study.config.experiments[0], study))
    compared = compare_checkpoints(study, found.named, found, n=300)
    assert compared.epochs[compared.measure("parameter_error").best] == found.final
    assert compared.measure("parameter_error").beyond_chance
    for shares in compared.steps[0].shares.values():
        assert shares.worse.low > 20
    assert set(compared.steps[0].shares) == {"grid", "uniform"}
    json.dumps(compared.to_dict(), allow_nan=False)
