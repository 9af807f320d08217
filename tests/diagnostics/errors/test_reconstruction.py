"""Reconstruction on made-up predictions: errors that the curve shows, errors that it does not, and none at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from xrdlib.data import SPACE, DatasetConfig, sample
from xrdlib.diagnostics import Nuisances, Target, checkpoints, reconstruction
from xrdlib.diagnostics.checkpoints import Checkpoints
from xrdlib.diagnostics.errors._epochs import study_epochs
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, StudyConfig, StudyError, reference_study

N = 60
SAMPLE = DatasetConfig(sampling="uniform", scan_start=-80.0, scan_step=10.0, scan_points=120)


def parameter(name: str) -> np.ndarray:
    return np.array([float(p == name) for p in PARAMETERS])


def made_study(*shifts: np.ndarray, true: np.ndarray | None = None, **config: Any) -> Study:
    """A study whose k-th epoch predicts the truth plus a shift, (n, 7) in fractions of range; the loss falls."""
    true = sample(N, "uniform", seed=0) if true is None else true
    fractions = np.stack([SPACE.normalise(true) + shift for shift in shifts])
    loss = np.linspace(0.2, 0.1, len(shifts))
    history = pd.DataFrame({"epoch": np.arange(1, len(loss) + 1), "train_loss": loss - 0.01, "val_loss": loss})
    settings = {"dataset": SAMPLE, "experiments": (), "foreign": True} | config
    study = Study(Path("made"), StudyConfig("made", **settings), history)
    study.__dict__["predictions"] = xr.Dataset(
        {
            "prediction": (("epoch", "sample", "parameter"), np.tile(fractions, (1, 2, 1))),
            "truth": (("sample", "parameter"), np.tile(true, (2, 1))),
        },
        coords={"test_set": ("sample", ["uniform"] * len(true) + ["grid"] * len(true))},
    )
    return study


def alike() -> np.ndarray:
    """Nearly the same sample N times: then equal errors of a parameter give equal errors of the curve."""
    lab = SPACE.normalise([0.008, 0.001, 5200, 3500, 0.0026, 3000, -500])
    return SPACE.denormalise(lab + np.random.default_rng(0).uniform(0, 1e-4, (N, 7)))


def test_strong_where_the_curve_shows_the_error() -> None:
    shift = np.linspace(0.001, 0.02, N)[:, None] * parameter("Dmax1")
    found = reconstruction(made_study(shift, true=alike()), [1])
    assert found.verdict() == "strong"
    assert found.correlation("spearman").value > 0.95
    assert found.correlation("concordance").value > 90
    assert "strong by the note's threshold of 0.7" in found.sentences[0]
    np.testing.assert_allclose(found.errors.parameter[0], 100 * np.linspace(0.001, 0.02, N) / 7)


def test_weak_where_the_error_is_in_what_the_curve_does_not_show() -> None:
    """Errors of Rp2 far above the surface change hardly a curve; Dmax1's are small, decide it, and are independent."""
    rng = np.random.default_rng(1)
    true = alike()
    true[:, 6] = -5500
    shift = np.outer(rng.uniform(0, 0.15, N), parameter("Rp2")) + np.outer(rng.uniform(0, 0.01, N), parameter("Dmax1"))
    found = reconstruction(made_study(shift, true=true), [1])
    assert found.verdict() == "weak"
    assert not found.correlation("spearman").excludes(0)
    assert found.correlation("spearman", error="Dmax1").value > 0.9
    said = " ".join(found.sentences)
    assert "weak by the note's threshold of 0.5" in said
    assert "is Rp2's" in said
    assert "Dmax1's goes closest with it" in said
    assert "a coin gives 50, and cannot be told from this" in said


def test_undecided_where_the_interval_holds_a_threshold() -> None:
    shift = np.linspace(0.001, 0.02, N)[:, None] * parameter("Dmax1")
    study = made_study(shift, true=alike())
    r = reconstruction(study, [1]).correlation().value
    found = reconstruction(study, [1], strong=r, weak=0.1)
    assert found.verdict() == "undecided"
    assert "undecided" in found.sentences[0]
    assert reconstruction(study, [1], strong=1.0, weak=0.0).verdict() == "between"


def test_perfect_predictions_define_no_correlation() -> None:
    found = reconstruction(made_study(np.zeros((N, 7))), [1])
    assert found.verdict() == "not defined"
    assert "not defined" in found.sentences[0]
    np.testing.assert_allclose(found.errors.curve_mae, 0, atol=1e-12)
    text = found.to_text()
    assert "nan" not in text
    json.dumps(found.to_dict(), allow_nan=False)


def test_outside_is_counted() -> None:
    shift = np.zeros((2, N, 7))
    shift[1, :5] = 3.0
    found = reconstruction(made_study(*shift), [1, 2])
    assert found.outside.tolist() == [0, 5]
    assert any("0 at epoch 1 and 5 at epoch 2" in s for s in found.sentences)


def test_a_peak_beyond_the_scan_is_told() -> None:
    """The scan of these studies ends at 1110 arcsec."""
    true = np.concatenate([alike()[: N // 2], sample(N // 2, "uniform", seed=5)])
    true[N // 2 :, 0] = 0.03
    shift = np.linspace(0.001, 0.01, N)[:, None] * -parameter("Dmax1")
    found = reconstruction(made_study(shift, true=true), [1])
    assert found.in_scan.sum() == N // 2
    assert any("In 50 % of them the strained peak lies beyond the end of the scan" in s for s in found.sentences)
    assert found.correlation(samples="in scan").value > found.correlation().value
    everywhere = reconstruction(made_study(shift, true=alike()), [1])
    assert everywhere.in_scan.all()
    assert not any("beyond the end" in s for s in everywhere.sentences)


def test_frame_is_tidy_and_complete() -> None:
    rng = np.random.default_rng(2)
    found = reconstruction(made_study(*rng.normal(0, 0.02, (3, N, 7))), {"final": 3, "other": 1}, n=40)
    assert found.frame.shape[0] == 2 * 40
    assert found.frame["epoch"].unique().tolist() == [3, 1]
    assert (found.frame.groupby("epoch")["sample"].nunique() == 40).all()
    per_parameter = found.frame[[f"{p}_error" for p in PARAMETERS]].mean(axis=1)
    np.testing.assert_allclose(per_parameter, found.frame["parameter_error"])
    assert list(found.table.index[:2]) == ["parameter MAE, epoch 3", "curve MAE, epoch 3"]
    assert max(len(line) for line in found.table.to_string().splitlines()) <= 80


def test_seed_decides_the_samples_and_nothing_else_changes() -> None:
    study = made_study(np.random.default_rng(3).normal(0, 0.02, (N, 7)))
    a, b, c = (reconstruction(study, [1], n=30, seed=s) for s in (0, 0, 1))
    pd.testing.assert_frame_equal(a.frame, b.frame)
    pd.testing.assert_frame_equal(a.correlations, b.correlations)
    assert a.samples.tolist() != c.samples.tolist()
    assert reconstruction(study, [1], n=10_000).samples.tolist() == list(range(N))


def as_checkpoints(study: Study, true: np.ndarray | None, predicted: np.ndarray) -> Checkpoints:
    k = len(predicted)
    return Checkpoints(
        study="made",
        target="it",
        epochs=np.arange(1, k + 1),
        predictions=predicted,
        val_loss=study.history["val_loss"].to_numpy()[:k],
        errors=None if true is None else 100 * np.abs(predicted - true) / SPACE.range,
        curve_rmse=np.linspace(0.1, 0.2, k),
        curve_mae=np.linspace(0.1, 0.2, k),
        curves=np.ones((k, 3)),
        nuisances=Nuisances(),
        true=true,
        noise=0.0,
        n_trained=study.n_epochs,
        final=k,
    )


def test_an_experiment_like_the_samples_is_no_outlier_and_an_odd_one_is() -> None:
    rng = np.random.default_rng(4)
    true = alike()
    study = made_study(np.outer(rng.uniform(0.001, 0.02, N), parameter("Dmax1")), true=true)
    usual = true[0] + 0.01 * SPACE.range * parameter("Dmax1")
    # twice as wrong as any sample, in what the curve does not show
    hidden = true[0] + 0.1 * SPACE.range * parameter("Rp2") * -1
    for predicted, word in ((usual, "no outlier"), (hidden, "much better than its parameters")):
        found = reconstruction(study, [1], found=as_checkpoints(study, true[0], predicted[None]))
        assert any(s.startswith("The experiment is") and word in s for s in found.sentences), found.sentences


def test_without_a_truth_the_place_is_not_known() -> None:
    study = made_study(np.random.default_rng(5).normal(0, 0.02, (N, 7)))
    found = reconstruction(study, found=as_checkpoints(study, None, alike()[:1]))
    assert found.experiment is None
    assert any("cannot be known without its true parameters" in s for s in found.sentences)
    assert found.named == {"final, chosen": 1}
    unknown = reconstruction(
        made_study(*np.zeros((2, N, 7)) + 0.01), [2], found=as_checkpoints(study, *(alike()[:1],) * 2)
    )
    assert unknown.experiment_surprise is None
    assert any("its prediction at this epoch is not" in s for s in unknown.sentences)


def test_default_epochs() -> None:
    lab = reference_study("lab")
    found = checkpoints(lab, Target.of(lab.config.experiments[0], lab))
    assert study_epochs(lab, None) == {"final": lab.final, "ideal": found.ideal}
    assert study_epochs(lab, None, found) == found.named
    assert study_epochs(lab, {"a": 3, "b": 4, "c": 3}) == {"a, c": 3, "b": 4}
    assert study_epochs(made_study(np.zeros((N, 7))), None) == {"final": 1}


def test_bad_input() -> None:
    study = made_study(np.zeros((N, 7)))
    with pytest.raises(StudyError, match=r"epochs: 2 given, study made has 1 to 1"):
        reconstruction(study, [2])
    with pytest.raises(StudyError, match="none given"):
        reconstruction(study, [])
    with pytest.raises(ValueError, match="n = 2: at least 3"):
        reconstruction(study, n=2)
    with pytest.raises(ValueError, match=r"weak = 0.9, strong = 0.7"):
        reconstruction(study, weak=0.9)
    with pytest.raises(StudyError, match="test set 'other'"):
        reconstruction(study, test_set="other")
    with pytest.raises(ValueError, match="no kendall"):
        reconstruction(study).correlation("kendall")
    broken = np.zeros((2, N, 7))
    broken[1, 3, 2] = np.nan
    with pytest.raises(StudyError, match=r"1 of 60 uniform test predictions of epoch 2 are not numbers"):
        reconstruction(made_study(*broken))
    assert reconstruction(made_study(*broken), [1]).samples.size == N


def test_the_reference_study() -> None:
    """Check 3 as it is: in study lab a small parameter error says nothing about the curve."""
    found = reconstruction(reference_study("lab"), n=300)
    assert found.test_set == "grid"
    assert found.verdict() == "weak"
    assert found.correlation("spearman", error="Rp2").high < 0.3
    assert 0.6 < found.in_scan.mean() < 0.8
    json.dumps(found.to_dict(), allow_nan=False)
