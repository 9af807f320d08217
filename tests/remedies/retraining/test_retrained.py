"""Remedies that train: what is trained on, where it starts from, what is written; and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from xrdlib.data import LAB, SPACE, Dataset, MeasuredCurve, Region
from xrdlib.diagnostics import Target, checkpoints
from xrdlib.remedies import augment, centre_of, fine_tune, fresh_curves, more_data, weight_region
from xrdlib.remedies.retraining.augmentation import usual_errors
from xrdlib.training import Focus, Study, StudyConfig, StudyError, effective_size, run_study, write_derived
from xrdlib.training.curves import StudyCurves
from xrdlib.training.parent import fingerprint
from xrdlib.training.study import checkpoint_path

TRUTH = LAB.parameters.to_array()
QUIET = {"workers": 1, "progress": False}


def weights(study: Study, epoch: int) -> dict[str, torch.Tensor]:
    return load_file(checkpoint_path(study.path, epoch))


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


@pytest.fixture(scope="module")
def curve(study: Study) -> Target:
    """The lab's experiment as a measured curve would come: without its parameters."""
    scan = study.config.dataset.scan
    return Target.from_curve(MeasuredCurve(scan.angle, study.config.curve(LAB), {}), "curve A")


@pytest.fixture(scope="module")
def augmented(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """40 curves around the truth added."""
    return augment(
        study, LAB, tmp_path_factory.mktemp("augmented") / "near", n=40, half_width=8.0, centre="truth", **QUIET
    )


@pytest.fixture(scope="module")
def not_trained(study: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Study]:
    """A study of somebody else's predictions, and one put together from epochs."""
    folder = tmp_path_factory.mktemp("not_trained")
    lab = TRUTH[None]
    foreign = Study.from_predictions(
        folder / "foreign",
        val_loss=[0.1],
        training=study.training_parameters,
        uniform=(np.repeat(lab, 5, axis=0)[None], np.repeat(lab, 5, axis=0)),
        experiments={"lab": (lab, TRUTH)},
    )
    derived = write_derived(study, folder / "soup", [study.network(2)], remedy="soup", epochs=(2,))
    return foreign, derived


def remedies(study: Study, path: Path) -> dict[str, Callable[..., Study]]:
    """Each, ready to be called."""
    return {
        "augment": lambda **o: augment(study, LAB, path, n=20, **o),
        "more_data": lambda **o: more_data(study, path, size=90, **o),
        "fresh": lambda **o: fresh_curves(study, path, **o),
        "weight": lambda **o: weight_region(study, LAB, path, **o),
        "finetune": lambda **o: fine_tune(study, LAB, path, radius=2.0, learning_rate=1e-3, epochs=2, **o),
    }


NAMES = ("augment", "more_data", "fresh", "weight", "finetune")


class TestCentre:
    def test_truth_and_what_the_network_says(self, study, curve):
        np.testing.assert_array_equal(centre_of(study, LAB, "truth"), TRUTH)
        found = checkpoints(study, curve)
        for word, epoch in (("final", found.final), ("chosen", found.chosen)):
            said = centre_of(study, curve, word)
            inside = np.clip(found.predictions[found.row(epoch)], SPACE.minimum, SPACE.maximum)
            np.testing.assert_array_equal(said, inside)

    def test_seven_numbers_are_brought_into_the_ranges(self, study):
        far = TRUTH.copy()
        far[2] = 9e4
        assert centre_of(study, LAB, far.tolist())[2] == SPACE.maximum[2]

    @pytest.mark.parametrize("centre", ["ideal", "", (1.0, 2.0), (*TRUTH[:6], np.nan)])
    def test_nothing_else(self, study, centre):
        with pytest.raises(ValueError, match=r"centre = .*seven"):
            centre_of(study, LAB, centre)

    def test_a_measured_curve_has_no_truth(self, study, curve, tmp_path):
        for remedy in (augment, weight_region, fine_tune):
            with pytest.raises(ValueError, match=r"the true parameters of curve A are unknown; take chosen or final"):
                remedy(study, curve, tmp_path / "s", centre="truth")
        assert not (tmp_path / "s").exists()

    def test_a_measured_curve_is_remedied_where_the_network_says(self, study, curve, tmp_path):
        done = weight_region(study, curve, tmp_path / "s", centre="final", **QUIET)
        assert done.config.focus == Focus(tuple(centre_of(study, curve, "final")), temperature=0.3)


class TestFolder:
    @pytest.mark.parametrize("name", NAMES)
    def test_parentage_is_written_and_read_again(self, study, tmp_path, name):
        done = remedies(study, tmp_path / "s")[name](**QUIET)
        opened = Study.open(tmp_path / "s")
        parent = opened.config.parent
        assert opened.config == done.config
        assert (parent.study, parent.remedy, parent.trained) == ("tiny", name, True)
        assert parent.fingerprint == fingerprint(study.path)
        lowest = min(study.checkpoints, key=study.val_loss)
        assert parent.epochs == ((lowest,) if name == "finetune" else ())
        assert "[parent]" in (tmp_path / "s" / "config.toml").read_text()
        # the parent's own validation and test sets
        for mine, theirs in zip(
            StudyCurves(opened.config).validation, StudyCurves(study.config).validation, strict=True
        ):
            assert torch.equal(mine, theirs)
        for test_set in study.test_sets:
            np.testing.assert_array_equal(opened.test_predictions(test_set)[1], study.test_predictions(test_set)[1])

    @pytest.mark.parametrize("name", NAMES)
    def test_interrupted_it_goes_on_to_the_same_bits(self, study, tmp_path, monkeypatch, name):
        from xrdlib.training import loop

        whole = remedies(study, tmp_path / "whole")[name](**QUIET)
        epoch = loop._epoch

        def stopped(*args):
            if args[-1] == 2:
                raise KeyboardInterrupt
            return epoch(*args)

        (tmp_path / "begun").mkdir()
        again = remedies(study, tmp_path / "begun" / "whole")[name]  # a study is named as its folder
        monkeypatch.setattr(loop, "_epoch", stopped)
        with pytest.raises(KeyboardInterrupt):
            again(**QUIET)
        monkeypatch.undo()
        assert Study.open(tmp_path / "begun" / "whole", complete=False).n_epochs == 1
        done = again(**QUIET)
        assert done.config == whole.config
        for file in ("history.csv", "resume.safetensors", "checkpoints/epoch_0002.safetensors"):
            assert (done.path / file).read_bytes() == (whole.path / file).read_bytes()
        np.testing.assert_array_equal(done.predictions["prediction"], whole.predictions["prediction"])

    def test_another_setting_is_not_continued(self, study, augmented):
        with pytest.raises(StudyError, match="another configuration"):
            augment(study, LAB, augmented.path, n=41, half_width=8.0, centre="truth", **QUIET)

    def test_the_parents_dataset_is_used_or_refused(self, study, tmp_path):
        own = Dataset.open(study.path / "dataset.zarr")
        done = weight_region(study, LAB, tmp_path / "s", dataset=own, **QUIET)
        assert not (done.path / "dataset.zarr").exists()
        other = replace(study.config, dataset=replace(study.config.dataset, seed=99))
        stranger = Study(study.path, other, study.history)
        with pytest.raises(StudyError, match="a dataset of another configuration"):
            fresh_curves(stranger, tmp_path / "t", dataset=own, **QUIET)

    @pytest.mark.parametrize("name", NAMES)
    def test_a_parent_that_was_not_trained_here(self, not_trained, tmp_path, name):
        for parent, text in zip(
            not_trained, ("was trained elsewhere", "was put together from several epochs"), strict=True
        ):
            with pytest.raises(StudyError, match=text):
                remedies(parent, tmp_path / "s")[name](**QUIET)
            assert not (tmp_path / "s").exists()

    def test_a_remedied_study_can_be_remedied(self, augmented, tmp_path):
        done = fine_tune(augmented, LAB, tmp_path / "s", radius=2.0, epochs=1, centre="truth", **QUIET)
        assert done.config.extra == augmented.config.extra
        assert done.config.parent.study == "near"


class TestAugmentation:
    def test_new_curves_obey_region_and_constraints(self, study, augmented):
        new = augmented.training_parameters[len(study.training_parameters) :]
        np.testing.assert_allclose(augmented.training_parameters[: -len(new)], study.training_parameters)
        assert new.shape == (40, 7)
        simulated = Dataset.open(augmented.path / "extra.zarr").parameters
        assert SPACE.valid(simulated).all()
        assert (100 * np.abs(simulated - TRUTH) / SPACE.range).max() <= 8.0 + 1e-9
        np.testing.assert_allclose(new, simulated, rtol=1e-6)

    def test_an_epoch_costs_as_much_or_more(self, study, augmented, tmp_path):
        n = len(study.training_parameters)
        assert augmented.config.training.epoch_size == n
        everything = augment(study, LAB, tmp_path / "s", n=40, centre="truth", equal_cost=False, **QUIET)
        assert everything.config.training.epoch_size is None

    def test_it_is_uniform_around_the_centre_even_where_the_dataset_is_a_grid(self, study, tmp_path):
        config = replace(study.config, dataset=replace(study.config.dataset, sampling="grid"))
        grid = run_study(config, tmp_path / "grid", **QUIET)
        done = augment(grid, LAB, tmp_path / "s", n=10, centre="truth", **QUIET)
        assert done.config.extra.sampling == "uniform"
        assert done.config.extra.seed != done.config.dataset.seed

    def test_an_empty_region(self, study, tmp_path):
        below = TRUTH.copy()
        below[:2] = 0.002, 0.02  # D01 far above Dmax1
        with pytest.raises(ValueError, match="meet the constraints"):
            augment(study, LAB, tmp_path / "s", half_width=5.0, centre=below.tolist(), **QUIET)
        assert not (tmp_path / "s").exists()

    @pytest.mark.parametrize("settings", [{"half_width": 0.0}, {"half_width": -3.0}, {"n": 0}])
    def test_bad_settings(self, study, tmp_path, settings):
        with pytest.raises(ValueError, match=r"half_width|size"):
            augment(study, LAB, tmp_path / "s", centre="truth", **settings, **QUIET)
        assert not (tmp_path / "s").exists()

    def test_as_wide_as_the_network_errs(self, study, tmp_path):
        predicted, true = study.test_predictions("uniform")  # the tiny study's training samples are uniform
        errors = 100 * np.abs(predicted[study.final - 1] - true) / SPACE.range
        widths = usual_errors(study)
        np.testing.assert_allclose((errors <= widths).mean(axis=0), 0.95)
        done = augment(study, LAB, tmp_path / "s", n=10, half_width="errors", **QUIET)
        assert done.config.extra.region.half_width == tuple(widths)
        with pytest.raises(ValueError, match=r"half_width = 'wide': percentages of range, or 'errors', expected"):
            augment(study, LAB, tmp_path / "t", half_width="wide", **QUIET)

    def test_more_data_everywhere(self, study, tmp_path):
        done = more_data(study, tmp_path / "s", size=100, **QUIET)
        assert len(done.training_parameters) == len(study.training_parameters) + 40
        assert done.config.training.epoch_size == len(study.training_parameters)
        with pytest.raises(ValueError, match=r"size = 60: above 60 expected"):
            more_data(study, tmp_path / "t", size=60, **QUIET)

    def test_fresh_curves(self, study, tmp_path):
        done = fresh_curves(study, tmp_path / "s", **QUIET)
        assert done.config == replace(
            study.config,
            name="s",
            parent=done.config.parent,
            training=replace(study.config.training, fresh=True),
        )
        assert not same(weights(done, 1), weights(study, 1))


class TestWeighting:
    def test_an_infinite_temperature_is_the_parents_training_to_the_last_bit(self, study, tmp_path):
        done = weight_region(study, LAB, tmp_path / "s", temperature=inf, centre="truth", **QUIET)
        assert all(same(weights(done, e), weights(study, e)) for e in study.checkpoints)
        np.testing.assert_array_equal(done.history, study.history)
        np.testing.assert_array_equal(done.predictions["prediction"], study.predictions["prediction"])

    def test_a_finite_one_is_not(self, study, tmp_path):
        done = weight_region(study, LAB, tmp_path / "s", temperature=0.1, centre="truth", **QUIET)
        assert not same(weights(done, 1), weights(study, 1))
        assert len(done.training_parameters) == len(study.training_parameters)
        assert effective_size(done.config.focus.weights(done.training_parameters)) < len(study.training_parameters) / 2

    @pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
    def test_bad_temperatures(self, study, tmp_path, temperature):
        with pytest.raises(ValueError, match=r"temperature = .*positive"):
            weight_region(study, LAB, tmp_path / "s", temperature=temperature, centre="truth", **QUIET)
        assert not (tmp_path / "s").exists()


class TestFineTuning:
    def test_a_rate_of_zero_leaves_the_network(self, study, tmp_path):
        start = min(study.checkpoints, key=study.val_loss)
        still = fine_tune(study, LAB, tmp_path / "s", radius=2.0, learning_rate=0.0, epochs=2, **QUIET)
        assert all(same(weights(still, e), weights(study, start)) for e in (1, 2))
        np.testing.assert_allclose(still.history["val_loss"], study.val_loss(start), rtol=1e-6)
        for name in study.test_sets:
            there, before = still.test_predictions(name)[0], study.test_predictions(name)[0]
            np.testing.assert_array_equal(there, np.repeat(before[start - 1][None], 2, axis=0))

    def test_samples_within_the_radius_from_the_epoch_asked_for(self, study, tmp_path):
        distance = Focus(tuple(TRUTH)).distance(study.training_parameters)
        radius = float(np.median(distance))
        done = fine_tune(study, LAB, tmp_path / "s", radius=radius, epochs=1, epoch=1, centre="truth", **QUIET)
        assert done.config.parent.epochs == (1,)
        assert len(done.training_parameters) == (distance <= radius).sum()
        assert done.n_epochs == 1
        assert not same(weights(done, 1), weights(study, 1))

    def test_no_sample_within(self, study, tmp_path):
        nearest = Focus(tuple(TRUTH)).distance(study.training_parameters).min()
        with pytest.raises(ValueError, match=rf"no sample within 0\.01 .* the nearest is at {nearest:.3f}"):
            fine_tune(study, LAB, tmp_path / "s", radius=0.01, centre="truth", **QUIET)
        assert not (tmp_path / "s").exists()

    def test_without_weights_to_start_from(self, study, tmp_path):
        bare = Study(tmp_path / "bare", study.config, study.history)
        bare.__dict__["predictions"] = study.predictions
        bare.path.mkdir()
        for name in ("config.toml", "history.csv"):
            (bare.path / name).write_bytes((study.path / name).read_bytes())
        for epoch in (None, 2):
            with pytest.raises(StudyError, match=r"no weights of epoch .*: none"):
                fine_tune(bare, LAB, tmp_path / "s", radius=2.0, epoch=epoch, centre="truth", **QUIET)
        assert not (tmp_path / "s").exists()

    @pytest.mark.parametrize("settings", [{"learning_rate": -1e-5}, {"epochs": 0}, {"radius": 0.0}])
    def test_bad_settings(self, study, tmp_path, settings):
        with pytest.raises(ValueError, match=r"learning_rate|epochs|radius"):
            fine_tune(study, LAB, tmp_path / "s", centre="truth", **{"radius": 2.0, **settings}, **QUIET)
        assert not (tmp_path / "s").exists()


def test_the_region_of_a_remedy_is_in_its_configuration(augmented):
    assert augmented.config.extra.region == Region(tuple(TRUTH), 8.0)
    assert StudyConfig.load(augmented.path / "config.toml").extra.region == Region(tuple(TRUTH), 8.0)
