"""Does coverage matter? On synthetic studies in which it does by construction, and in which it does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from xrdlib.data import SPACE
from xrdlib.diagnostics import density_effect
from xrdlib.training import Study, StudyConfig

N, EPOCHS = 600, 20
TRACES = {
    "healthy": lambda epoch, far: 20 - 0.5 * epoch + 0 * far,
    "sparse is harder": lambda epoch, far: 20 - 0.5 * epoch + 8 * far,
    # from epoch 11 on the sparse half gets worse by 0.6 an epoch, the dense one goes on improving
    "sparse gets worse late": lambda epoch, far: (
        20 - 0.5 * np.minimum(epoch, 10) + (np.maximum(epoch - 10, 0) * (1.1 * far - 0.5))
    ),
}


def synthetic(kind: str, *, epochs: int = EPOCHS, noise: float = 1.0) -> Study:
    """A study whose test samples lie half in a dense and half in a thin part of the training set."""
    rng = np.random.default_rng(0)
    training = np.concatenate([rng.uniform(0.0, 0.5, (2000, 7)), rng.uniform(0.5, 1.0, (60, 7))])
    far = (np.arange(N) >= N // 2).astype(float)
    true = rng.uniform(0.0, 0.5, (N, 7)) + 0.5 * far[:, None]
    epoch = np.arange(1, epochs + 1)
    error = TRACES[kind](epoch[:, None], far) + noise * rng.standard_normal((epochs, N))
    predicted = true + error[:, :, None] / 100
    history = pd.DataFrame({"epoch": epoch, "train_loss": 1.0, "val_loss": 1.0 / epoch})
    study = Study(Path("synthetic"), StudyConfig("synthetic"), history)
    study.__dict__["training_parameters"] = SPACE.denormalise(training)
    study.__dict__["predictions"] = xr.Dataset(
        {
            "prediction": (("epoch", "sample", "parameter"), predicted),
            "truth": (("sample", "parameter"), SPACE.denormalise(true)),
        },
        coords={"test_set": ("sample", np.full(N, "grid"))},
    )
    return study


def test_a_healthy_study_is_not_accused() -> None:
    found = density_effect(synthetic("healthy"))
    assert not found.correlations["error"].excludes(0)
    assert not found.correlations["regret"].excludes(0)
    assert found.changes["sparse"].value == pytest.approx(-5, abs=0.5)
    assert not found.changes["difference"].excludes(0)
    assert "gain as dense ones do, within the interval" in found.to_text()


def test_a_harder_sparse_region_is_found_but_not_called_late() -> None:
    found = density_effect(synthetic("sparse is harder"))
    assert found.correlations["error"].value > 0.7
    assert not found.correlations["regret"].excludes(0)
    assert found.changes["sparse"].high < 0
    text = found.to_text()
    assert "clearly tend to have a larger error" in text
    assert "next to nothing about a larger regret" in text
    assert "do not get worse late" in text
    assert "correlation" in text


def test_a_region_that_gets_worse_late_is_found() -> None:
    found = density_effect(synthetic("sparse gets worse late"))
    assert found.early == 10
    assert found.changes["sparse"].value == pytest.approx(6, abs=0.5)
    assert found.changes["dense"].value == pytest.approx(-5, abs=0.5)
    assert found.changes["difference"].low > 0
    assert found.correlations["regret"].low > 0.3
    assert "sparse regions do get worse late, and more so than dense ones" in found.to_text()
    assert found.lowest("sparse") == 10
    assert found.lowest("dense") == EPOCHS
    assert found.rises["sparse"].value == pytest.approx(6, abs=0.5)
    assert found.rises["dense"].value == 0


def test_few_samples_tell_little() -> None:
    study = synthetic("healthy")
    study.__dict__["predictions"] = study.predictions.isel(sample=slice(290, 310))
    found = density_effect(study)
    assert found.distance.size == 20
    assert "whether sparse samples have a larger error cannot be told" in found.to_text()


def test_numbers_against_scipy() -> None:
    from scipy.stats import spearmanr

    found = density_effect(synthetic("sparse is harder"), k=3, quarter=10)
    frame = found.frame
    assert found.correlations["error"].value == pytest.approx(spearmanr(frame["distance"], frame["error"]).statistic)
    assert found.correlations["regret"].value == pytest.approx(spearmanr(frame["distance"], frame["regret"]).statistic)
    assert frame["group"].value_counts()["dense"] == N // 10
    sparse = frame[frame["group"] == "sparse"]
    assert found.changes["sparse"].value == pytest.approx((sparse["error"] - sparse["error_early"]).mean())
    assert sparse["distance"].min() > frame[frame["group"] == "ordinary"]["distance"].max()


def test_one_epoch() -> None:
    found = density_effect(synthetic("healthy", epochs=1))
    assert found.early == found.final == 1
    assert np.isnan(found.correlations["regret"].value), "the regret of one epoch is 0 for everybody"
    assert any("cannot be said" in s for s in found.sentences)
    assert any("not defined" in s for s in found.sentences)
    json.dumps(found.to_dict(), allow_nan=False)


def test_equal_errors_everywhere() -> None:
    found = density_effect(synthetic("healthy", noise=0.0))
    assert np.isnan(found.correlations["regret"].value)
    json.dumps(found.to_dict(), allow_nan=False)


def test_table_fits_a_terminal() -> None:
    table = density_effect(synthetic("healthy")).table.to_string()
    assert max(len(line) for line in table.splitlines()) <= 80


def test_bad_input() -> None:
    study = synthetic("healthy")
    with pytest.raises(ValueError, match=r"k = 3000: .* 2060 training samples"):
        density_effect(study, k=3000)
    with pytest.raises(ValueError, match=r"early = 99: an epoch from 1 to 20"):
        density_effect(study, early=99)
    with pytest.raises(ValueError, match=r"quarter = 80"):
        density_effect(study, quarter=80)
    study.predictions["prediction"][3, 5, 2] = np.nan
    with pytest.raises(ValueError, match=r"study synthetic: .* not finite"):
        density_effect(study)
