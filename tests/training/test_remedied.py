"""Trainings that differ from a plain one in their samples, weights or start; and studies put together from networks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from xrdlib.data import LAB, SPACE, DatasetConfig, Region
from xrdlib.diagnostics import Target, checkpoints
from xrdlib.training import (
    Combination,
    Focus,
    Network,
    Parent,
    Study,
    StudyConfig,
    StudyError,
    TrainingConfig,
    export_study,
    run_study,
    write_derived,
)
from xrdlib.training.curves import StudyCurves
from xrdlib.training.study import checkpoint_path

CENTRE = tuple(LAB.parameters.to_array())


def weights(study, epoch):
    return load_file(checkpoint_path(study.path, epoch))


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def train(config, path, **options):
    return run_study(config, path, workers=1, progress=False, **options)


class TestFocus:
    def test_uniform_weights_change_no_bit(self, study, tmp_path):
        again = train(replace(study.config, focus=Focus(CENTRE)), tmp_path / "s")
        assert all(same(weights(again, e), weights(study, e)) for e in study.checkpoints)
        np.testing.assert_array_equal(again.history, study.history)

    def test_weights_change_the_training_but_not_the_validation_set(self, study, tmp_path):
        config = replace(study.config, focus=Focus(CENTRE, temperature=0.1))
        weighted = train(config, tmp_path / "s")
        assert not same(weights(weighted, 1), weights(study, 1))
        for ours, theirs in zip(StudyCurves(config).validation, StudyCurves(study.config).validation, strict=True):
            assert torch.equal(ours, theirs)

    def test_the_nearest_sample_counts_most(self, tiny):
        config = replace(tiny, focus=Focus(CENTRE, temperature=0.05))
        curves = StudyCurves(config).epoch(1)
        assert float(curves.weights.mean()) == pytest.approx(1.0, rel=1e-5)
        near = Focus(CENTRE).distance(SPACE.denormalise(curves.targets.double().numpy()))
        assert int(curves.weights.argmax()) == int(near.argmin())

    def test_radius(self, study):
        distance = Focus(CENTRE).distance(study.training_parameters)
        radius = float(np.median(distance))
        inside = StudyCurves(replace(study.config, focus=Focus(CENTRE, radius=radius)))
        assert len(inside.training_parameters) == (distance <= radius).sum()
        assert len(inside.epoch(1).inputs) == len(inside.training_parameters)

    def test_no_sample_within(self, tiny, tmp_path):
        with pytest.raises(ValueError, match=r"no sample within 0\.0001"):
            train(replace(tiny, focus=Focus(CENTRE, radius=1e-4)), tmp_path / "s")


class TestExtra:
    def test_added_to_the_training_set_only(self, study):
        extra = replace(study.config.dataset, size=30, sampling="uniform", seed=5, region=Region(CENTRE, 5.0))
        curves = StudyCurves(replace(study.config, extra=extra))
        plain = StudyCurves(study.config)
        n = len(plain.training_parameters)
        np.testing.assert_array_equal(curves.training_parameters[:n], plain.training_parameters)
        np.testing.assert_array_equal(curves.training_parameters[n:], extra.parameters())
        assert torch.equal(curves.epoch(1).inputs[:n], plain.epoch(1).inputs)
        assert len(curves.epoch(1).inputs) == n + 30
        assert torch.equal(curves.validation[0], plain.validation[0])
        for ours, theirs in zip(curves.tests, plain.tests, strict=True):
            assert torch.equal(ours.inputs, theirs.inputs)

    def test_never_a_sample_that_is_held_out(self, study):
        """Of the test sets or of the validation set, however many grid points are drawn."""
        config = replace(
            study.config,
            dataset=replace(study.config.dataset, size=3000, sampling="grid"),
            training=replace(study.config.training, test_size=2000, validation_fraction=0.5),
        )
        many = replace(config.dataset, size=20_000, seed=9)
        curves = StudyCurves(replace(config, extra=many))
        drawn = {row.tobytes() for row in many.parameters().astype(np.float32)}
        trained = {row.tobytes() for row in curves.training_parameters.astype(np.float32)}
        for held in (curves._test_parameters[0], curves._parameters[curves._split[1]]):
            rows = [row.tobytes() for row in held.astype(np.float32)]
            assert any(row in drawn for row in rows)
            assert not any(row in trained for row in rows)

    def test_trained_resumed_and_opened(self, tiny, tmp_path):
        extra = replace(tiny.dataset, size=25, sampling="uniform", seed=5, region=Region(CENTRE, 5.0))
        config = replace(tiny, extra=extra)
        done = train(config, tmp_path / "s")
        assert Study.open(done.path).config == config
        assert len(done.training_parameters) == len(StudyCurves(config).training_parameters)

    def test_of_another_kind(self, tiny):
        with pytest.raises(StudyError, match=r"extra: .* film differ"):
            replace(tiny, extra=replace(tiny.dataset, film=True))


class TestFresh:
    def test_new_curves_every_epoch_and_the_same_again(self, tiny):
        config = replace(tiny, training=replace(tiny.training, fresh=True))
        curves, plain = StudyCurves(config), StudyCurves(tiny)
        assert torch.equal(curves.epoch(0).inputs, plain.epoch(0).inputs)
        first, second = curves.epoch(1), curves.epoch(2)
        assert len(first.inputs) == len(plain.epoch(1).inputs)
        assert not torch.equal(first.targets, second.targets)
        assert torch.equal(StudyCurves(config).epoch(2).inputs, second.inputs)
        known = {row.tobytes() for t in plain.tests for row in t.parameters.astype(np.float32)}
        seen = SPACE.denormalise(second.targets.double().numpy())
        assert SPACE.valid(seen).all()
        assert not any(row.tobytes() in known for row in seen.astype(np.float32))

    def test_inputs_belong_to_targets(self, tiny):
        """An epoch's curve is that of its parameters, as those of the dataset are."""
        config = replace(tiny, training=replace(tiny.training, fresh=True))
        epoch = StudyCurves(config).epoch(3)
        parameters = SPACE.denormalise(epoch.targets.double().numpy())
        experiments = tuple(
            replace(LAB, name=str(i), parameters=type(LAB.parameters).from_array(parameters[i])) for i in (0, 7)
        )
        theirs = StudyCurves(replace(config, experiments=experiments)).experiments
        np.testing.assert_allclose(theirs, epoch.inputs[[0, 7]], atol=2e-4)

    def test_trained(self, tiny, tmp_path):
        done = train(replace(tiny, training=replace(tiny.training, fresh=True)), tmp_path / "s")
        assert Study.open(done.path).config.training.fresh


class TestEpochSize:
    def test_all_of_them_is_a_plain_training(self, study, tmp_path):
        n = len(study.training_parameters)
        again = train(replace(study.config, training=replace(study.config.training, epoch_size=n)), tmp_path / "s")
        assert same(weights(again, study.n_epochs), weights(study, study.n_epochs))

    def test_fewer(self, study, tmp_path):
        config = replace(study.config, training=replace(study.config.training, epoch_size=4))
        assert not same(weights(train(config, tmp_path / "s"), 1), weights(study, 1))

    @pytest.mark.parametrize("size", [0, -3])
    def test_none(self, size):
        with pytest.raises(StudyError, match="epoch_size"):
            TrainingConfig(epoch_size=size)


class TestStart:
    def continued(self, study, **training):
        parent = Parent(study.config.name, "finetune", "0" * 16, (2,), trained=True)
        return replace(study.config, parent=parent, training=replace(study.config.training, **training))

    def test_a_rate_of_zero_leaves_the_weights(self, study, tmp_path):
        config = self.continued(study, learning_rate=0.0, epochs=2)
        still = train(config, tmp_path / "s", start=study.network(2))
        assert same(weights(still, 2), weights(study, 2))
        np.testing.assert_array_equal(still.test_predictions("grid")[0][1], study.test_predictions("grid")[0][1])

    def test_final_is_the_last_epoch(self, study, tmp_path):
        tuned = train(self.continued(study, epochs=3), tmp_path / "s", start=study.network(2))
        tuned = replace(tuned, history=tuned.history.assign(val_loss=[0.1, 0.2, 0.3]))
        assert tuned.final == 3
        assert tuned.final_among([1, 2]) == 2
        found = checkpoints(tuned, Target.of(LAB, tuned))
        assert found.final == 3
        assert "final is epoch 3 (the last of the fine-tuning)" in found.sentences[0]

    def test_goes_on_without_being_told_the_weights_again(self, study, tmp_path):
        config = self.continued(study, epochs=2)
        whole = train(config, tmp_path / "whole", start=study.network(2))
        begun = tmp_path / "begun"
        begun.mkdir()
        for name in ("config.toml", "start.safetensors"):
            (begun / name).write_bytes((whole.path / name).read_bytes())
        assert same(weights(train(config, begun), 2), weights(whole, 2))

    def test_weights_missing(self, study, tmp_path):
        config = self.continued(study)
        with pytest.raises(StudyError, match="the weights of its parent are expected to start from"):
            train(config, tmp_path / "s")
        train(config, tmp_path / "t", start=study.network(2))
        (tmp_path / "t" / "start.safetensors").unlink()
        (tmp_path / "t" / "history.csv").unlink()
        with pytest.raises(StudyError, match=r"start\.safetensors: missing"):
            train(config, tmp_path / "t")

    def test_weights_nobody_asked_for(self, study, tiny, tmp_path):
        with pytest.raises(StudyError, match="no weights are expected"):
            train(tiny, tmp_path / "s", start=study.network(2))

    def test_from_one_epoch_only(self):
        with pytest.raises(StudyError, match="of one epoch, 2 given"):
            Parent("s", "finetune", "", (1, 2), trained=True)


class TestDerived:
    def combined(self, study, path, how="mean", shares=(1.0, 3.0)):
        networks = [study.network(e) for e in (1, 2)]
        combination = Combination(how, shares)
        return write_derived(study, path, networks, remedy="ensemble", epochs=(1, 2), combination=combination)

    def test_a_mean_of_two_epochs(self, study, tmp_path):
        both = self.combined(study, tmp_path / "e")
        assert both.config.parent.study == study.config.name
        assert both.config.parent.epochs == (1, 2)
        assert (both.n_epochs, both.final, both.checkpoints) == (1, 1, (1,))
        for name in both.test_sets:
            predicted, true = both.test_predictions(name)
            theirs, same_true = study.test_predictions(name)
            np.testing.assert_array_equal(true, same_true)
            mean = 0.25 * theirs[0] + 0.75 * theirs[1]
            assert np.abs((predicted[0] - mean) / SPACE.range).max() < 2 / 16384
        curve = study.config.preprocess(study.config.curve(LAB)[None])
        members = study.predict(curve, (1, 2))
        np.testing.assert_allclose(
            both.predict(curve)[0] / SPACE.range, (0.25 * members[0] + 0.75 * members[1]) / SPACE.range, atol=1e-6
        )

    def test_a_median_of_two_lies_between_them(self, study, tmp_path):
        median = self.combined(study, tmp_path / "m", "median", (1.0, 1.0))
        mean = self.combined(study, tmp_path / "e", "mean", (1.0, 1.0))
        np.testing.assert_array_equal(median.test_predictions("grid")[0], mean.test_predictions("grid")[0])

    def test_one_network_is_its_epoch(self, study, tmp_path):
        alone = write_derived(study, tmp_path / "one", [study.network(2)], remedy="soup", epochs=(2,))
        assert same(weights(alone, 1), weights(study, 2))
        assert alone.val_loss(1) == pytest.approx(study.val_loss(2), rel=1e-6)
        np.testing.assert_array_equal(alone.test_predictions("uniform")[0][0], study.test_predictions("uniform")[0][1])

    def test_opened_and_exported_again(self, study, tmp_path):
        both = self.combined(study, tmp_path / "e")
        again = export_study(both, tmp_path / "f")
        assert again.config == both.config
        with pytest.raises(StudyError, match="an ensemble, not one network"):
            again.network(1)
        with pytest.raises(StudyError, match="not an ensemble"):
            study.combined(1)
        assert len(again.combined(1).members) == 2

    def test_cannot_be_trained(self, study, tmp_path):
        both = self.combined(study, tmp_path / "e")
        with pytest.raises(StudyError, match="put together by a remedy, not trained"):
            run_study(both.config, tmp_path / "f")

    def test_networks_of_another_kind(self, study, tmp_path):
        other = Network(study.config.dataset.scan_points, replace(study.config.network, width=9))
        with pytest.raises(StudyError, match="not of the kind"):
            write_derived(study, tmp_path / "x", [other], remedy="soup", epochs=(1,))
        assert not (tmp_path / "x").exists()

    def test_existing_folder(self, study, tmp_path):
        with pytest.raises(StudyError, match="exists already"):
            write_derived(study, tmp_path, [study.network(1)], remedy="soup", epochs=(1,))

    @pytest.mark.parametrize(
        ("how", "shares", "text"),
        [
            ("mode", (1.0,), "mean or median"),
            ("mean", (), "none negative, not all 0"),
            ("mean", (0.0, 0.0), "none negative, not all 0"),
            ("mean", (1.0, -1.0), "none negative, not all 0"),
            ("mean", (1.0, float("nan")), "none negative, not all 0"),
            ("median", (1.0, 2.0), "knows no weights"),
        ],
    )
    def test_bad_combinations(self, how, shares, text):
        with pytest.raises(StudyError, match=text):
            Combination(how, shares)


def test_configurations_with_everything_are_read_again(tmp_path):
    config = StudyConfig(
        dataset=DatasetConfig(size=100, sampling="uniform"),
        extra=DatasetConfig(size=10, sampling="sobol", seed=3, region=Region(CENTRE, 5.0)),
        training=TrainingConfig(epoch_size=50, fresh=True),
        focus=Focus(CENTRE, radius=1.5),
        parent=Parent("lab", "augment", "0123456789abcdef", (), trained=True),
    )
    (tmp_path / "c.toml").write_text(config.to_toml())
    assert StudyConfig.load(tmp_path / "c.toml") == config


def test_plain_configurations_are_as_before():
    plain = StudyConfig().to_dict()
    assert not {"extra", "focus", "parent", "combination"} & set(plain)
    assert not {"epoch_size", "fresh"} & set(plain["training"])
