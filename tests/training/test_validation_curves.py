"""Validation curves and training parameters without a dataset: the same as those of the study that had one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from xrdlib.data import Dataset
from xrdlib.data.build import simulate_rows
from xrdlib.data.dataset_config import DatasetError
from xrdlib.training import StudyError, reference_study
from xrdlib.training.curves import StudyCurves
from xrdlib.training.inputs import validation_curves


@pytest.mark.parametrize("kind", ["study", "random_study"])
def test_equal_those_of_the_training_bit_for_bit(kind, request):
    """Noise-free, and with disorder, resolution, background and counting noise drawn."""
    study = request.getfixturevalue(kind)
    theirs = StudyCurves(study.config, Dataset.open(study.path / "dataset.zarr"))
    inputs, targets = validation_curves(study.config)
    assert torch.equal(inputs, theirs.validation[0])
    assert torch.equal(targets, theirs.validation[1])
    np.testing.assert_array_equal(StudyCurves(study.config).training_parameters, theirs.training_parameters)


@pytest.mark.parametrize("kind", ["study", "random_study"])
def test_some_are_the_first_of_all(kind, request):
    config = request.getfixturevalue(kind).config
    inputs, targets = validation_curves(config, 2)
    everything = validation_curves(config)
    # a product of fewer rows may be summed in another order
    torch.testing.assert_close(inputs, everything[0][:2], rtol=0, atol=2e-6)
    assert torch.equal(targets, everything[1][:2])


def test_shipped_weights_have_the_shipped_validation_loss():
    study = reference_study("lab")
    inputs, targets = validation_curves(study.config)
    with torch.inference_mode():
        loss = (study.network(study.final)(inputs) - targets).abs().mean().item()
    assert loss == pytest.approx(study.val_loss(study.final), rel=1e-5)


def test_another_seed_has_other_curves(tiny):
    assert not torch.equal(validation_curves(tiny)[1], validation_curves(replace(tiny, seed=8))[1])


@pytest.mark.parametrize("n", [0, 7])
def test_too_many_or_none(tiny, n):
    with pytest.raises(StudyError, match=rf"n = {n}: 1 to 6 expected"):
        validation_curves(tiny, n)


def test_rows_are_those_of_the_dataset(random_study):
    """In any order, from several chunks, with their disorder."""
    dataset = Dataset.open(random_study.path / "dataset.zarr")
    rows = np.array([59, 0, 21, 20, 3])
    parameters, stored = simulate_rows(dataset.config, rows)
    np.testing.assert_array_equal(parameters, dataset.parameters[rows])
    np.testing.assert_array_equal(stored, dataset.reflectivity()[rows])
    assert np.unique(dataset.disorder).size == 60


def test_rows_that_are_not_there(tiny):
    with pytest.raises(DatasetError, match=r"rows: 5 to 60 given, within 0 to 59"):
        simulate_rows(tiny.dataset, [60, 5])
