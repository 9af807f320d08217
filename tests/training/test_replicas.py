"""Replicas differ in exactly the source of randomness that their name says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xrdlib.data import SPACE
from xrdlib.training import Replicas, Seeds, Study, StudyConfig, StudyError, run_replicas
from xrdlib.training.replicas import collect_replicas, replica_configs

COUNTS = {"weights": 1, "order": 1, "dropout": 1, "all": 2, "data": 1}


@pytest.fixture(scope="module")
def replicas(tiny, tmp_path_factory):
    """Of a network without dropout."""
    short = replace(tiny, training=replace(tiny.training, epochs=2))
    return run_replicas(short, tmp_path_factory.mktemp("replicas") / "r", COUNTS, workers=1, progress=False)


def _study(replicas: Replicas, name: str) -> Study:
    return Study.open(replicas.path.parent / name)


class TestConfigs:
    def test_each_differs_in_its_own_source_only(self, tiny):
        configs = replica_configs(tiny, COUNTS)
        assert list(configs) == ["base", "weights_1", "order_1", "dropout_1", "all_1", "all_2", "data_1"]
        assert configs["order_1"] == replace(tiny, name="order_1", seeds=Seeds(order=tiny.seed + 1000))
        assert configs["all_2"].seeds == Seeds(tiny.seed + 2000, tiny.seed + 2000, tiny.seed + 2000)
        assert configs["data_1"].seeds == Seeds()
        assert configs["data_1"].dataset.seed != tiny.dataset.seed

    def test_seeds_go_through_toml(self, tiny, tmp_path):
        file = tmp_path / "c.toml"
        config = replace(tiny, seeds=Seeds(order=3))
        file.write_text(config.to_toml(), encoding="utf-8")
        assert StudyConfig.load(file) == config
        assert config.seed_of("order") == 3
        assert config.seed_of("weights") == config.seed
        assert "seeds" not in tiny.to_dict(), "a study of an older xrdlib must stay the same study"

    def test_a_bad_seed_is_refused(self):
        with pytest.raises(StudyError, match=r"seeds: order = -1 given, a whole number"):
            Seeds(order=-1)

    def test_what_cannot_be_varied_is_named(self, tiny):
        with pytest.raises(StudyError, match=r"replicas: colour cannot be varied; weights, order"):
            replica_configs(tiny, {"colour": 1})


def test_base_is_the_study_itself(replicas, tiny):
    assert replicas.runs[0] == "base"
    assert replicas.config == replace(tiny, name="base", training=replace(tiny.training, epochs=2))


def test_without_dropout_its_seed_changes_nothing_and_the_others_do(replicas):
    of = dict(zip(replicas.runs, replicas.val_loss, strict=True))
    assert np.array_equal(of["dropout_1"], of["base"])
    for name in ("weights_1", "order_1", "all_1", "all_2", "data_1"):
        assert not np.allclose(of[name], of["base"], rtol=1e-4), name


def test_initial_weights_follow_their_own_seed(replicas):
    # after one epoch of 4 batches weights are still near where they began
    first = {
        name: _study(replicas, name).network(1).state_dict()["layers.0.weight"].flatten()
        for name in ("base", "order_1", "weights_1")
    }
    assert (first["base"] - first["order_1"]).norm() < 0.5 * (first["base"] - first["weights_1"]).norm()


def test_predictions_are_those_of_the_studies(replicas, tiny):
    predicted, true = replicas.test_predictions("grid")
    assert predicted.shape == (7, 2, len(true), 7)
    assert 0 < len(true) <= tiny.training.test_size
    for run, name in enumerate(replicas.runs):
        theirs, theirs_true = _study(replicas, name).test_predictions("grid")
        place = {row.tobytes(): i for i, row in enumerate(theirs_true)}
        rows = [place[row.tobytes()] for row in true]
        np.testing.assert_allclose(predicted[run], theirs[:, rows], atol=1e-6 * SPACE.range.max())
        np.testing.assert_allclose(
            replicas.experiment_predictions("lab")[run],
            _study(replicas, name).experiment_predictions("lab"),
            atol=1e-6 * SPACE.range.max(),
        )


def test_varying_selects_base_and_its_family(replicas):
    assert [replicas.runs[i] for i in replicas.varying("all")] == ["base", "all_1", "all_2"]


def test_a_source_that_was_not_varied_is_named(tiny, replicas, tmp_path):
    few = collect_replicas([_study(replicas, n) for n in ("base", "order_1")], tmp_path / "few.zarr")
    with pytest.raises(StudyError, match=r"no replicas that differ in 'data'; these differ in order"):
        few.varying("data")
    with pytest.raises(StudyError, match=r"exists already"):
        collect_replicas([_study(replicas, "base")], tmp_path / "few.zarr")
    with pytest.raises(StudyError, match=r"these replicas track lab, measured"):
        few.experiment_predictions("other")
    with pytest.raises(StudyError, match=r"'grid' or 'uniform' expected"):
        few.test_predictions("other")


def test_opened_again(replicas):
    again = Replicas.open(replicas.path)
    assert again.config == replicas.config
    assert again.store.identical(replicas.store)


def test_another_study_is_no_replica(replicas, study, tmp_path):
    with pytest.raises(StudyError, match=r"no replica of .* they differ in training.epochs"):
        collect_replicas([_study(replicas, "base"), study], tmp_path / "x.zarr")


def test_missing_or_damaged_replicas_are_named(tmp_path):
    with pytest.raises(StudyError, match=r"nothing.zarr: replicas are missing or damaged"):
        Replicas.open(tmp_path / "nothing.zarr")
