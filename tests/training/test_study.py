"""Studies: three sets apart, every epoch kept, opened again as it was, and every damage named."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from safetensors.torch import load_file, save_file

from xrdlib.data import LAB, SPACE, Dataset, build_dataset
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS, Instrument, measure, reflectivity
from xrdlib.training import Network, Study, StudyConfig, StudyError, run_study
from xrdlib.training.curves import StudyCurves
from xrdlib.training.loop import _learning_rate

UNIT = 1 / 16384  # of the stored predictions, in fractions of range


def checkpoint(folder, epoch):
    return Path(folder) / "checkpoints" / f"epoch_{epoch:04d}.safetensors"


@pytest.fixture
def copy(study, tmp_path):
    """A copy that may be damaged."""
    return Path(shutil.copytree(study.path, tmp_path / "copy"))


@pytest.fixture(scope="module")
def curves(study):
    return StudyCurves(study.config, Dataset.open(study.path / "dataset.zarr"))


@pytest.fixture(scope="module")
def random_curves(random_study):
    return StudyCurves(random_study.config, Dataset.open(random_study.path / "dataset.zarr"))


def rows(parameters):
    return {row.tobytes() for row in np.round(SPACE.normalise(parameters), 6)}


class TestSets:
    @pytest.mark.parametrize("sampling", ["grid", "uniform"])
    def test_never_mixed(self, tiny, tmp_path, sampling):
        config = replace(tiny, dataset=replace(tiny.dataset, sampling=sampling, size=300))
        dataset = build_dataset(tmp_path / "d", config.dataset, workers=1, progress=False)
        sets = StudyCurves(config, dataset)
        training = rows(sets.training_parameters)
        validation = rows(SPACE.denormalise(sets.validation[1].double().numpy()))
        tests = [rows(t.parameters) for t in sets.tests]
        assert [len(s) for s in (training, validation, *tests)] == [270, 30, 20, 20]
        assert not training & validation
        assert training | validation == rows(dataset.parameters)
        for name in tests:
            assert not name & (training | validation)
        assert not tests[0] & tests[1]

    def test_grid_points_of_the_dataset_are_left_out_of_the_test_set(self, tiny, tmp_path):
        """A dataset that holds the first candidates: the test set takes the next ones."""
        dataset = build_dataset(tmp_path / "d", tiny.dataset, workers=1, progress=False)
        first = StudyCurves(tiny, dataset).tests[0].parameters
        zarr.open_array(dataset.path / "parameters", mode="r+")[:20] = first
        second = StudyCurves(tiny, Dataset.open(dataset.path)).tests[0].parameters
        assert len(second) == 20
        assert not rows(first) & rows(second)
        assert SPACE.valid(second).all()

    def test_test_sets_are_of_their_kind(self, curves):
        grid, uniform = curves.tests
        assert (grid.name, uniform.name) == ("grid", "uniform")
        places = (grid.parameters - SPACE.minimum) / SPACE.grid_step
        np.testing.assert_allclose(places, np.rint(places), atol=1e-9)
        places = (uniform.parameters - SPACE.minimum) / SPACE.grid_step
        assert np.abs(places - np.rint(places)).max() > 0.1
        assert SPACE.valid(uniform.parameters).all()

    def test_inputs_belong_to_their_parameters(self, study, curves):
        """Simulated again: training, validation, tests."""
        config = study.config
        grid, angle = config.dataset.grid, config.dataset.scan.angle
        for inputs, parameters in (
            (curves.epoch(1).inputs, curves.training_parameters),
            (curves.validation[0], SPACE.denormalise(curves.validation[1].double().numpy())),
            *((t.inputs, t.parameters) for t in curves.tests),
        ):
            stored = reflectivity(parameters, grid.angle, layer_thickness=400.0)
            expected = measure(stored, grid, angle, Instrument())
            np.testing.assert_allclose(inputs.numpy(), config.preprocess(expected), atol=1e-3)
        np.testing.assert_allclose(
            curves.epoch(1).targets.numpy(), SPACE.normalise(curves.training_parameters).astype(np.float32), atol=1e-7
        )

    def test_the_split_depends_on_the_seed(self, tiny, curves):
        other = StudyCurves(replace(tiny, seed=8), curves.dataset)
        assert rows(other.training_parameters) != rows(curves.training_parameters)
        again = StudyCurves(tiny, curves.dataset)
        np.testing.assert_array_equal(again.training_parameters, curves.training_parameters)

    def test_augmentation_is_drawn_afresh_for_each_epoch(self, random_study, random_curves):
        again = StudyCurves(random_study.config, random_curves.dataset)
        assert torch.equal(random_curves.epoch(2).inputs, again.epoch(2).inputs)
        assert not torch.equal(random_curves.epoch(2).inputs, again.epoch(3).inputs)
        assert torch.equal(random_curves.validation[0], again.validation[0])
        for one, two in zip(random_curves.tests, again.tests, strict=True):
            assert torch.equal(one.inputs, two.inputs)

    def test_without_augmentation_epochs_are_the_same(self, curves):
        assert curves.epoch(1) is curves.epoch(2)

    def test_more_grid_points_than_there_are(self, tiny, curves, monkeypatch):
        monkeypatch.setattr("xrdlib.training.curves.sample", lambda *args, **kwargs: curves.dataset.parameters)
        with pytest.raises(StudyError, match="test_size: the grid holds fewer than 20 points"):
            _ = StudyCurves(tiny, curves.dataset).tests


class TestTraining:
    def test_history(self, study):
        assert list(study.history["epoch"]) == [1, 2, 3]
        assert np.isfinite(study.history.to_numpy()).all()
        assert study.n_epochs == 3

    def test_losses_are_those_of_the_stored_weights(self, study, random_study, curves, random_curves):
        """Validation loss from reloaded weights, for float16 weights too."""
        for opened, sets in ((study, curves), (random_study, random_curves)):
            for epoch in opened.checkpoints:
                with torch.no_grad():
                    loss = (opened.network(epoch)(sets.validation[0]) - sets.validation[1]).abs().mean().item()
                assert opened.val_loss(epoch) == pytest.approx(loss, rel=1e-5)
            assert opened.final == int(np.argmin(opened.history["val_loss"])) + 1

    def test_stored_predictions_are_those_of_the_stored_weights(self, study, random_study, curves, random_curves):
        for opened, sets in ((study, curves), (random_study, random_curves)):
            for index, name in enumerate(("grid", "uniform")):
                again = opened.predict(sets.tests[index].inputs)
                predicted, true = opened.test_predictions(name)
                assert np.abs((predicted - again) / SPACE.range).max() <= 0.51 * UNIT
                np.testing.assert_array_equal(true, sets.tests[index].parameters)
            again = opened.predict(sets.experiments)
            for index, experiment in enumerate(opened.config.experiments):
                found = opened.experiment_predictions(experiment.name)
                assert np.abs((found - again[:, index]) / SPACE.range).max() <= 0.51 * UNIT

    def test_float16_weights(self, random_study, study):
        assert {v.dtype for v in load_file(checkpoint(random_study.path, 1)).values()} == {torch.float16}
        assert {v.dtype for v in load_file(checkpoint(study.path, 1)).values()} == {torch.float32}
        assert {p.dtype for p in random_study.network(1).state_dict().values()} == {torch.float32}
        assert not random_study.network(1).training

    def test_experiments_are_those_of_the_configuration(self, study, curves):
        expected = study.config.preprocess(np.stack([study.config.curve(e) for e in study.config.experiments]))
        np.testing.assert_array_equal(curves.experiments.numpy(), expected)
        errors = study.experiment_errors("lab")
        predicted = study.experiment_predictions("lab")
        np.testing.assert_array_equal(errors, parameter_error(predicted, LAB.parameters.to_array(), SPACE.range))

    def test_a_film_is_under_everything(self, tiny, tmp_path):
        config = replace(tiny, dataset=replace(tiny.dataset, film=True, size=4), experiments=(LAB,))
        dataset = build_dataset(tmp_path / "d", config.dataset, workers=1, progress=False)
        film = StudyCurves(config, dataset).experiments
        bare = config.preprocess(LAB.curve(config.dataset.scan, layer_thickness=400.0)[None])
        assert np.abs(film.numpy() - bare).max() > 0.1
        np.testing.assert_array_equal(film.numpy(), config.preprocess(config.curve(LAB)[None]))

    def test_the_learning_rate_rises_and_ends_near_zero(self, study, tiny):
        rates = [_learning_rate(tiny.training, p) for p in np.linspace(0, 1, 201)]
        assert rates[0] == pytest.approx(0.04 * 2e-3)
        assert max(rates) == pytest.approx(2e-3, rel=1e-3)
        assert np.argmax(rates) == pytest.approx(20, abs=1)
        assert rates[-1] < 1e-9
        assert (np.diff(rates[:20]) > 0).all()
        assert (np.diff(rates[21:]) < 0).all()
        # 54 curves in batches of 16, 3 epochs: the last of 12 steps
        assert study.history["learning_rate"].iloc[-1] == pytest.approx(
            _learning_rate(tiny.training, 11 / 12), rel=1e-6
        )
        assert study.history["learning_rate"].iloc[-1] < 0.03 * 2e-3

    def test_without_warmup(self, tiny):
        assert _learning_rate(replace(tiny.training, warmup=0.0), 0.0) == 2e-3

    def test_the_loss_decreases(self, tiny, tmp_path):
        """On training and validation set, and below that of a constant prediction; depths are read off new curves."""
        config = replace(
            tiny,
            dataset=replace(tiny.dataset, size=300, chunk_size=100, scan_step=28.0),
            network=replace(tiny.network, channels=(8,), width=32),
            training=replace(tiny.training, epochs=20, learning_rate=1e-2, test_size=100),
        )
        done = run_study(config, tmp_path / "s", workers=1, progress=False)
        sets = StudyCurves(config, Dataset.open(tmp_path / "s" / "dataset.zarr"))
        constant = (sets.epoch(1).targets - sets.epoch(1).targets.median(dim=0).values).abs().mean().item()
        losses = done.history
        assert losses["train_loss"].iloc[-1] < 0.75 * constant
        assert losses["val_loss"].iloc[-1] < 0.9 * constant
        assert losses["train_loss"].iloc[-1] < 0.6 * losses["train_loss"].iloc[0]
        predicted, true = done.test_predictions("uniform")
        depths = [PARAMETERS.index("L1"), PARAMETERS.index("Rp1")]
        error = parameter_error(predicted[-1], true, SPACE.range)[:, depths].mean()
        assert error < 0.75 * parameter_error(np.median(true, axis=0), true, SPACE.range)[:, depths].mean()

    def test_parameter_weights_act(self, tiny, study, tmp_path):
        """A parameter without weight is left where it started; the loss is the weighted mean."""
        weights = (1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 4.0)
        config = replace(tiny, training=replace(tiny.training, parameter_weights=weights))
        done = run_study(config, tmp_path / "s", workers=1, progress=False)
        last = "layers.7.weight"
        assert list(done.network(1).state_dict())[-2] == last
        change = [(s.network(3).state_dict()[last] - s.network(1).state_dict()[last]).abs() for s in (study, done)]
        assert (change[0] > 0).any(dim=1).all()
        assert (change[1] > 0).any(dim=1).tolist() == [w > 0 for w in weights]
        sets = StudyCurves(config, Dataset.open(tmp_path / "s" / "dataset.zarr"))
        with torch.no_grad():
            off = (done.network(3)(sets.validation[0]) - sets.validation[1]).abs()
        assert done.val_loss(3) == pytest.approx((off * torch.tensor(weights)).mean().item(), rel=1e-5)

    def test_squared_loss(self, tiny, tmp_path):
        config = replace(tiny, training=replace(tiny.training, loss="mse", epochs=1))
        done = run_study(config, tmp_path / "s", workers=1, progress=False)
        sets = StudyCurves(config, Dataset.open(tmp_path / "s" / "dataset.zarr"))
        with torch.no_grad():
            off = done.network(1)(sets.validation[0]) - sets.validation[1]
        assert done.val_loss(1) == pytest.approx(off.square().mean().item(), rel=1e-5)

    def test_a_loss_that_is_not_finite(self, tiny, tmp_path):
        config = replace(tiny, training=replace(tiny.training, learning_rate=1e30))
        with pytest.raises(StudyError, match=r"loss of epoch 1 is not finite .* take a learning_rate below 1e\+30"):
            run_study(config, tmp_path / "s", workers=1, progress=False)
        assert not (tmp_path / "s" / "history.csv").exists()

    def test_the_caller_s_generators_and_threads_are_left_alone(self, tiny, tmp_path):
        torch.manual_seed(5)
        before, threads = torch.get_rng_state(), torch.get_num_threads()
        config = replace(tiny, training=replace(tiny.training, epochs=1, threads=threads + 1))
        run_study(config, tmp_path / "s", workers=1, progress=False)
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.get_num_threads() == threads

    def test_nothing_is_pickled(self, random_study):
        suffixes = {p.suffix for p in random_study.path.rglob("*") if p.is_file()}
        assert suffixes <= {"", ".toml", ".csv", ".json", ".safetensors"}


class TestOpening:
    def test_opened_again(self, random_study):
        opened = Study.open(random_study.path)
        assert opened.config == random_study.config
        pd.testing.assert_frame_equal(opened.history, random_study.history)
        assert opened.predictions.equals(random_study.predictions)
        assert opened.checkpoints == random_study.checkpoints == (1, 2, 3)
        for one, two in zip(
            opened.network(2).state_dict().values(), random_study.network(2).state_dict().values(), strict=True
        ):
            assert torch.equal(one, two)
        np.testing.assert_array_equal(opened.training_parameters, random_study.training_parameters)
        assert opened != random_study  # two of them, and no error from comparing frames

    def test_predictions_have_names(self, study):
        predictions = study.predictions
        assert dict(predictions.sizes) == {
            "epoch": 3,
            "sample": 40,
            "parameter": 7,
            "experiment": 2,
            "training_sample": 54,
        }
        assert predictions["prediction"].dims == ("epoch", "sample", "parameter")
        assert predictions["experiment_prediction"].dims == ("epoch", "experiment", "parameter")
        assert list(predictions["epoch"].to_numpy()) == [1, 2, 3]
        chosen = predictions["experiment_prediction"].sel(epoch=2, experiment="measured", parameter="L1")
        found = study.experiment_predictions("measured")[1, 2]
        assert found == pytest.approx(500 + 6500 * chosen.item())

    def test_training_parameters(self, study, curves):
        off = (study.training_parameters - curves.training_parameters) / SPACE.range
        assert np.abs(off).max() <= 0.51 * UNIT

    def test_unknown_names(self, study):
        with pytest.raises(StudyError, match="test set 'other': 'grid' or 'uniform' expected"):
            study.test_predictions("other")
        for call in (study.experiment_predictions, study.experiment_errors):
            with pytest.raises(StudyError, match="experiment 'other': this study tracks lab, measured"):
                call("other")

    def test_a_finished_study_is_left_alone(self, copy, tiny, monkeypatch):
        """Also a shipped one, without dataset, optimiser and most of the weights."""
        shutil.rmtree(copy / "dataset.zarr")
        (copy / "resume.safetensors").unlink()
        checkpoint(copy, 2).unlink()
        before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
        assert run_study(tiny, copy, progress=False).checkpoints == (1, 3)
        assert {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()} == before

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"seed": 8}, r"seed = 7 \(asked: 8\); choose"),
            ({"name": "x"}, r"name = tiny \(asked: x\)"),
            ({"measurement": "random"}, r"measurement differ"),
            ({"experiments": (LAB,)}, r"experiments differ"),
            ({"training": {"epochs": 4, "loss": "mse"}}, r"training.epochs = 3 \(asked: 4\); training.loss = l1"),
            ({"training": {"parameter_weights": (2,) * 7}}, r"training.parameter_weights = \[1.0, 1.0"),
            ({"network": {"dropout": 0.5}}, r"network.dropout = 0.0 \(asked: 0.5\)"),
            ({"dataset": {"size": 61}}, r"dataset.size = 60 \(asked: 61\)"),
        ],
    )
    def test_another_configuration_is_refused_by_name(self, study, tiny, random_config, change, text):
        parts = {
            k: replace(getattr(tiny, k), **v)
            if isinstance(v, dict)
            else random_config.measurement
            if v == "random"
            else v
            for k, v in change.items()
        }
        with pytest.raises(StudyError, match=text) as error:
            run_study(replace(tiny, **parts), study.path, progress=False)
        assert str(error.value).startswith(f"{study.path}: holds a study of another configuration, ")
        assert "\n" not in str(error.value)

    def test_other_folders_are_refused_and_left_alone(self, tiny, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        for path in (tmp_path, tmp_path / "notes.txt"):
            with pytest.raises(StudyError, match=f"^{path}: exists and is not a study; choose another folder"):
                run_study(tiny, path, progress=False)
        assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def cut(file, keep):
    content = file.read_bytes()
    file.write_bytes(content[: keep(content)])


def edit_toml(folder, old, new):
    file = folder / "config.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def garble(file):
    file.write_bytes(b"\x00garbage" * 20)


class TestDamage:
    """Each a StudyError of one line that names the folder or file, and no half-opened study."""

    @staticmethod
    def error(call):
        with pytest.raises(StudyError) as error:
            call()
        text = str(error.value)
        assert "\n" not in text
        return text

    def test_no_folder(self, tmp_path):
        assert self.error(lambda: Study.open(tmp_path / "absent")) == f"{tmp_path / 'absent'}: no such study folder"

    def test_no_configuration(self, copy):
        (copy / "config.toml").unlink()
        assert self.error(lambda: Study.open(copy)) == f"{copy}: not a study, it has no config.toml"

    @pytest.mark.parametrize(
        ("damage", "text"),
        [
            (lambda d: cut(d / "config.toml", lambda c: c.index(b"[training]") + 5), "config.toml: "),
            (lambda d: edit_toml(d, 'loss = "l1"', 'loss = "l3"'), "config.toml: training: loss = l3 given"),
            (lambda d: edit_toml(d, "epochs = 3", "epochs = 2"), "history.csv has 3 epochs, config.toml asks for 2"),
            (lambda d: (d / "history.csv").unlink(), "the study is unfinished, 0 of 3 epochs; finish it with"),
            (lambda d: edit_toml(d, "epochs = 3", "epochs = 5"), "the study is unfinished, 3 of 5 epochs"),
            (lambda d: cut(d / "history.csv", lambda c: 0), "history.csv: history is damaged"),
            (lambda d: cut(d / "history.csv", lambda c: 9), "history.csv: history is damaged; columns epoch, train"),
            (lambda d: garble(d / "history.csv"), "history.csv: history is damaged"),
            (lambda d: shutil.rmtree(d / "predictions.zarr"), "predictions.zarr: predictions are missing"),
            (lambda d: (d / "predictions.zarr" / "zarr.json").unlink(), "predictions.zarr: predictions are missing"),
            (lambda d: garble(d / "predictions.zarr" / "zarr.json"), "predictions.zarr: predictions are missing or da"),
            (lambda d: garble(d / "predictions.zarr" / "truth" / "zarr.json"), "predictions.zarr: predictions are mis"),
            (lambda d: shutil.rmtree(d / "predictions.zarr" / "prediction"), "predictions.zarr: predictions are mis"),
            (
                lambda d: shutil.rmtree(d / "predictions.zarr" / "prediction" / "c" / "1"),
                "predictions.zarr: prediction lacks epoch 2, which history.csv has",
            ),
            (
                lambda d: shutil.rmtree(d / "predictions.zarr" / "experiment_prediction" / "c" / "2"),
                "predictions.zarr: experiment_prediction lacks epoch 3",
            ),
            (
                lambda d: garble(d / "predictions.zarr" / "prediction" / "c" / "1" / "0" / "0"),
                "predictions.zarr: predictions are missing or damaged",
            ),
            (
                lambda d: edit_toml(d, "test_size = 20", "test_size = 25"),
                "predictions.zarr: was written by a study of another configuration, training.test_size = 20 (ask",
            ),
        ],
    )
    def test_files(self, copy, damage, text):
        damage(copy)
        found = self.error(lambda: Study.open(copy))
        assert found.startswith(str(copy))
        assert text in found

    def test_history_cut_anywhere(self, copy):
        """At every byte after the header: an error, or (between lines) fewer epochs."""
        file = copy / "history.csv"
        whole = file.read_bytes()
        ends = [m.end() for m in re.finditer(b"\n", whole)]
        for length in range(len(whole)):
            file.write_bytes(whole[:length])
            if length in ends:
                assert Study.open(copy, complete=False).n_epochs == ends.index(length)
            assert str(copy) in self.error(lambda: Study.open(copy))
            if length not in ends:
                assert "history.csv: history is" in self.error(lambda: Study.open(copy, complete=False))

    def test_predictions_of_another_study(self, copy, tiny, tmp_path):
        config = replace(tiny, experiments=(LAB,), training=replace(tiny.training, epochs=1))
        other = run_study(config, tmp_path / "other", workers=1, progress=False)
        shutil.rmtree(copy / "predictions.zarr")
        shutil.copytree(other.path / "predictions.zarr", copy / "predictions.zarr")
        text = self.error(lambda: Study.open(copy))
        assert text.startswith(f"{copy / 'predictions.zarr'}: was written by a study of another configuration")

    def test_no_weights(self, copy):
        checkpoint(copy, 2).unlink()
        opened = Study.open(copy)
        assert opened.checkpoints == (1, 3)
        assert self.error(lambda: opened.network(2)) == (
            f"{checkpoint(copy, 2)}: no weights of epoch 2; epochs with weights: 1, 3"
        )
        assert opened.predict(np.zeros((2, 101))).shape == (2, 2, 7)
        shutil.rmtree(copy / "checkpoints")
        assert self.error(lambda: Study.open(copy).predict(np.zeros((2, 101)))) == f"{copy}: no weights in this folder"

    @pytest.mark.parametrize(
        "content",
        [b"", b"PK\x03\x04 a zip, as torch.save writes", b"\x80\x02}q\x00.", b"\x10" + b"\x00" * 7 + b"{" * 16],
    )
    def test_weights_that_are_not_safetensors(self, copy, content):
        checkpoint(copy, 2).write_bytes(content)
        text = self.error(lambda: Study.open(copy).network(2))
        assert text.startswith(f"{checkpoint(copy, 2)}: not a safetensors file")

    def test_truncated_weights(self, copy):
        cut(checkpoint(copy, 2), lambda c: len(c) - 4)
        assert "not a safetensors file" in self.error(lambda: Study.open(copy).network(2))

    @pytest.mark.parametrize(
        "change",
        [{"width": 16}, {"channels": (5,)}, {"blocks": 2}, {"blocks": 0}],
    )
    def test_weights_of_another_network(self, copy, tiny, change):
        other = Network(101, replace(tiny.network, **change))
        save_file(other.state_dict(), checkpoint(copy, 2))
        text = self.error(lambda: Study.open(copy).network(2))
        assert text.startswith(f"{checkpoint(copy, 2)}: weights of another network than config.toml describes (")

    def test_weights_for_another_scan(self, copy, tiny):
        save_file(Network(99, tiny.network).state_dict(), checkpoint(copy, 2))
        assert "weights of another network" in self.error(lambda: Study.open(copy).network(2))

    def test_a_resume_file_that_is_none(self, copy, tiny):
        cut(copy / "history.csv", lambda c: c.rindex(b"\n3,") + 1)
        for content in (b"", b"\x80\x02}q\x00."):
            (copy / "resume.safetensors").write_bytes(content)
            text = self.error(lambda: run_study(tiny, copy, workers=1, progress=False))
            assert text.startswith(f"{copy / 'resume.safetensors'}: cannot be resumed from")
        save_file({"a": torch.zeros(1)}, copy / "resume.safetensors")
        text = self.error(lambda: run_study(tiny, copy, workers=1, progress=False))
        assert text.startswith(f"{copy / 'resume.safetensors'}: cannot be resumed from")

    def test_history_shorter_than_the_resume_file(self, copy, tiny):
        cut(copy / "history.csv", lambda c: c.index(b"\n2,") + 1)
        text = self.error(lambda: run_study(tiny, copy, workers=1, progress=False))
        assert text == f"{copy}: history.csv has 1 epochs, resume.safetensors has 3; remove the folder"

    def test_configuration_is_the_file_s(self, study):
        assert StudyConfig.load(study.path / "config.toml") == study.config
        metadata = json.loads((study.path / "predictions.zarr" / "zarr.json").read_text())
        assert metadata["zarr_format"] == 3
