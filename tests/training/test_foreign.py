"""Runs trained elsewhere: arrays and checkpoints in, a study that diagnostics read out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from xrdlib.data import LAB, LAB_EXPERIMENT, SPACE, DatasetConfig, Experiment, sample
from xrdlib.diagnostics import Target, checkpoints, coverage, parameter_bins, track
from xrdlib.simulation import Instrument, Scan, StrainParameters, simulate
from xrdlib.training import (
    NpzDataset,
    Study,
    StudyConfig,
    StudyError,
    export_study,
    load_npz_dataset,
    run_study,
    track_checkpoints,
)

FloatArray = NDArray[np.float64]
N_EPOCHS = 4
LAB_CM = [0.008094, 0.000943, 5200e-8, 3500e-8, 0.00255, 3000e-8, -50e-8]
CM = np.array([1, 1, 1e-8, 1e-8, 1, 1e-8, 1e-8])  # from A


def predictions(true: FloatArray, seed: int) -> FloatArray:
    """Of every epoch, the later the closer; shape (n_epochs, ..., 7)."""
    noise = np.random.default_rng(seed).normal(0, 0.1, (N_EPOCHS, *true.shape))
    return true + noise / np.arange(1, N_EPOCHS + 1).reshape(-1, *[1] * true.ndim) * SPACE.range


@pytest.fixture(scope="module")
def arrays() -> dict[str, Any]:
    grid, uniform = sample(60, "grid", seed=1), sample(40, "uniform", seed=2)
    lab = LAB_EXPERIMENT.to_array()
    return {
        "val_loss": [0.4, 0.2, 0.1, 0.15],
        "training": sample(300, "grid", seed=3),
        "grid": (predictions(grid, 4), grid),
        "uniform": (predictions(uniform, 5), uniform),
        "experiments": {"lab": (predictions(lab, 6), lab)},
    }


@pytest.fixture(scope="module")
def foreign(arrays: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study.from_predictions(tmp_path_factory.mktemp("foreign") / "theirs", **arrays)


class TestFromPredictions:
    def test_says_what_was_given(self, foreign: Study, arrays: dict[str, Any]) -> None:
        assert foreign.config.name == "theirs"
        assert foreign.n_epochs == N_EPOCHS
        assert foreign.final == 3
        assert foreign.test_sets == ("grid", "uniform")
        assert foreign.checkpoints == ()
        for name in foreign.test_sets:
            predicted, true = foreign.test_predictions(name)
            np.testing.assert_array_equal(true, arrays[name][1])
            np.testing.assert_allclose((predicted - arrays[name][0]) / SPACE.range, 0, atol=1e-6)
        np.testing.assert_allclose(foreign.training_parameters, arrays["training"], rtol=1e-6)
        found = foreign.experiment_predictions("lab")
        np.testing.assert_allclose((found - arrays["experiments"]["lab"][0]) / SPACE.range, 0, atol=1e-6)
        np.testing.assert_array_equal(foreign.history["val_loss"], arrays["val_loss"])
        assert foreign.history["train_loss"].isna().all()

    def test_opened_again(self, foreign: Study) -> None:
        opened = Study.open(foreign.path)
        assert opened.config == foreign.config
        assert opened.predictions.equals(foreign.predictions)
        assert not list(foreign.path.parent.glob("*.partial"))

    def test_the_file_says_nothing_that_is_not_known(self, foreign: Study) -> None:
        text = (foreign.path / "config.toml").read_text()
        assert "foreign = true" in text
        for unknown in ("network", "learning_rate", "batch_size", "loss"):
            assert unknown not in text

    def test_lengths_in_cm(self, arrays: dict[str, Any], foreign: Study, tmp_path: Path) -> None:
        scaled = {
            "val_loss": arrays["val_loss"],
            "training": arrays["training"] * CM,
            **{name: tuple(a * CM for a in arrays[name]) for name in ("grid", "uniform")},
            "experiments": {"lab": (arrays["experiments"]["lab"][0] * CM, LAB_CM)},
        }
        study = Study.from_predictions(tmp_path / "s", **scaled, cm=True)
        assert study.config.experiments == foreign.config.experiments == (LAB,)
        difference = study.predictions["prediction"] - foreign.predictions["prediction"]
        assert np.abs(difference).max() < 1e-6
        np.testing.assert_allclose(study.test_predictions("grid")[1], arrays["grid"][1], rtol=1e-12)
        with pytest.raises(StudyError, match=r"training: L1 is at most 7e-05 A; are lengths in cm\? Then say"):
            Study.from_predictions(tmp_path / "t", **scaled)
        with pytest.raises(StudyError, match=r"training: L1 is at most 7e\+11 A; are the arrays in A\? Then leave out"):
            Study.from_predictions(tmp_path / "t", **arrays, cm=True)
        assert [p.name for p in tmp_path.iterdir()] == ["s"]

    def test_diagnostics_of_predictions_work(self, foreign: Study) -> None:
        found = checkpoints(foreign, Target.of(LAB, foreign))
        assert found.epochs.tolist() == [1, 2, 3, 4]
        np.testing.assert_allclose(found.errors, foreign.experiment_errors("lab"))
        tracking = track(foreign, found)
        assert tracking.sample_regret.shape == (40,)
        assert tracking.other_regret.shape == (60,)
        assert tracking.test_set == "uniform"  # the lab's experiment lies between the points of the grid
        assert tracking.other_set == "grid"
        assert coverage(foreign, found.true).n_training == 300
        assert parameter_bins(foreign, found.true, other_epoch=1).overall_change.max() < 0

    def test_of_other_curves_it_says_that_there_are_no_weights(self, foreign: Study) -> None:
        other = Experiment("other", LAB_EXPERIMENT, Instrument(36.0))
        with pytest.raises(StudyError, match=r"no weights in this folder; without them only its own .*looked at: lab$"):
            checkpoints(foreign, Target.of(other, foreign))

    @pytest.mark.parametrize("name", ["uniform", "test"])
    def test_a_single_test_set(self, arrays: dict[str, Any], tmp_path: Path, name: str) -> None:
        kept = {k: v for k, v in arrays.items() if k not in ("grid", "uniform")}
        study = Study.from_predictions(tmp_path / "s", **kept, **{name: arrays["uniform"]})
        own = "uniform" if name == "uniform" else "grid"
        assert study.test_sets == (own,)
        assert study.config.dataset.sampling == own
        assert track(study, checkpoints(study, Target.of(LAB, study))).test_set == own
        with pytest.raises(StudyError, match=rf"test set 'x': '{own}' expected"):
            study.test_predictions("x")

    def test_the_test_set_that_resembles_training_is_needed(self, arrays: dict[str, Any], tmp_path: Path) -> None:
        kept = {k: v for k, v in arrays.items() if k != "grid"}
        with pytest.raises(StudyError, match=r"grid: missing, .* \(sampling: grid\); or give it as test"):
            Study.from_predictions(tmp_path / "s", **kept, dataset=DatasetConfig())
        with pytest.raises(StudyError, match=r"test: stands for grid"):
            Study.from_predictions(tmp_path / "s", **arrays, test=arrays["grid"])
        with pytest.raises(StudyError, match=r"grid: missing"):
            Study.from_predictions(tmp_path / "s", val_loss=[1.0], training=arrays["training"])

    def test_one_epoch_without_experiments(self, arrays: dict[str, Any], tmp_path: Path) -> None:
        predicted, true = arrays["grid"]
        study = Study.from_predictions(
            tmp_path / "s", val_loss=[0.3], train_loss=[0.2], training=arrays["training"], test=(predicted[:1], true)
        )
        assert study.config.experiments == ()
        assert study.history["train_loss"].tolist() == [0.2]
        assert Study.open(study.path).predictions.sizes["experiment"] == 0
        assert parameter_bins(study).epoch == 1
        with pytest.raises(StudyError, match=r"experiment 'lab': this study tracks none"):
            study.experiment_predictions("lab")
        with pytest.raises(StudyError, match=r"can be looked at: none"):
            checkpoints(study, Target.of(LAB, study))

    def test_experiments_of_any_kind(self, arrays: dict[str, Any], tmp_path: Path) -> None:
        noisy = Experiment("noisy", LAB_EXPERIMENT, Instrument(36.0, peak_counts=6e4), 0.94, seed=3)
        values = arrays["experiments"]["lab"][0]
        tracked = {"noisy": (values, noisy), "b": (values, LAB_EXPERIMENT), "c": (values, LAB_EXPERIMENT.to_array())}
        study = Study.from_predictions(tmp_path / "s", **{**arrays, "experiments": tracked})
        expected = (noisy, Experiment("b", LAB_EXPERIMENT), Experiment("c", LAB_EXPERIMENT))
        assert study.config.experiments == expected
        with pytest.raises(StudyError, match=r"experiment x: its Experiment is called noisy"):
            Study.from_predictions(tmp_path / "t", **{**arrays, "experiments": {"x": (values, noisy)}})

    def test_predictions_far_off_are_kept(self, arrays: dict[str, Any], tmp_path: Path) -> None:
        """Trained studies store -2 to 2 ranges; a foreign network may say anything."""
        predicted, true = arrays["grid"]
        far = predicted.copy()
        far[0, 0] = SPACE.denormalise(np.full(7, -30.0))
        study = Study.from_predictions(tmp_path / "s", **{**arrays, "grid": (far, true)})
        np.testing.assert_allclose(study.test_predictions("grid")[0][0, 0], far[0, 0], rtol=1e-5)

    def test_another_scan(self, arrays: dict[str, Any], tmp_path: Path) -> None:
        dataset = DatasetConfig(scan_start=-84.0, scan_step=12.0, scan_points=10, layer_thickness=400.0)
        study = Study.from_predictions(tmp_path / "s", **arrays, dataset=dataset, name="short")
        assert study.config.name == "short"
        assert study.config.dataset == replace(dataset, size=300)
        assert study.config.dataset.scan == Scan(-84.0, 12.0, 10)

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"val_loss": [[0.1] * 4]}, r"val_loss: shape \(1, 4\) given, one number per epoch"),
            ({"val_loss": []}, r"val_loss: shape \(0,\) given"),
            ({"val_loss": [0.1, np.nan, 0.1, 0.1]}, r"val_loss: nan at epoch 2; 1 of 4 are not finite"),
            ({"train_loss": [0.1]}, r"train_loss: shape \(1,\) given, \(4,\) expected, as val_loss has"),
            ({"val_loss": [0.1] * 3}, r"grid: predictions: shape \(4, 60, 7\) given, \(3, 60, 7\) expected"),
            ({"training": np.ones((0, 7))}, r"training: shape \(0, 7\) given, \(n, 7\) expected"),
            ({"training": np.ones((5, 6))}, r"training: shape \(5, 6\) given, \(n, 7\) expected"),
            ({"training": [["x"] * 7]}, r"training: numbers expected"),
            ({"experiments": {"lab": (np.ones((3, 7)), LAB)}}, r"experiment lab: shape \(3, 7\) given, \(4, 7\)"),
            ({"experiments": {"x": (np.ones((4, 7)), [1, 2])}}, r"experiment x: true parameters: shape \(2,\) given"),
        ],
    )  # fmt: skip
    def test_wrong_arrays(self, arrays: dict[str, Any], tmp_path: Path, change: dict[str, Any], text: str) -> None:
        with pytest.raises(StudyError, match=text):
            Study.from_predictions(tmp_path / "s", **{**arrays, **change})
        assert not list(tmp_path.iterdir())

    def test_a_prediction_that_is_no_number_is_named(self, arrays: dict[str, Any], tmp_path: Path) -> None:
        predicted, true = arrays["uniform"]
        bad = predicted.copy()
        bad[2, 17, 3] = np.nan
        with pytest.raises(StudyError, match=r"^uniform: predictions: nan at epoch 3, sample 17, Rp1; 1 of 1120"):
            Study.from_predictions(tmp_path / "s", **{**arrays, "uniform": (bad, true)})
        values = arrays["experiments"]["lab"][0].copy()
        values[1, 0] = np.inf
        with pytest.raises(StudyError, match=r"^experiment lab: inf at epoch 2, Dmax1"):
            Study.from_predictions(tmp_path / "s", **{**arrays, "experiments": {"lab": (values, LAB)}})

    def test_an_existing_folder_is_left_alone(self, foreign: Study, arrays: dict[str, Any]) -> None:
        with pytest.raises(StudyError, match=r"theirs: exists already; choose another folder"):
            Study.from_predictions(foreign.path, **arrays)

    def test_cannot_be_trained(self, foreign: Study, tmp_path: Path) -> None:
        for path in (foreign.path, tmp_path / "new"):
            with pytest.raises(StudyError, match=r"study theirs: was trained elsewhere"):
                run_study(foreign.config, path, progress=False)
        assert not (tmp_path / "new").exists()

    def test_can_be_exported(self, foreign: Study, tmp_path: Path) -> None:
        assert export_study(foreign, tmp_path / "copy").predictions.equals(foreign.predictions)

    @pytest.mark.parametrize("text", ["foreign = 1", 'foreign = "yes"'])
    def test_the_mark_is_true_or_false(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "c.toml").write_text(text)
        with pytest.raises(StudyError, match=r"foreign = .* given, true or false expected"):
            StudyConfig.load(tmp_path / "c.toml")

    def test_a_damaged_history_is_still_found(self, foreign: Study, arrays: dict[str, Any], tmp_path: Path) -> None:
        study = Study.from_predictions(tmp_path / "s", **arrays)
        file = study.path / "history.csv"
        file.write_text(file.read_text().replace(",0.2,", ",nan,"))
        with pytest.raises(StudyError, match=r"history is damaged in epoch 2"):
            Study.open(study.path)


class Theirs(nn.Module):
    """A network as a lab might have it: a channel axis, dropout, batch normalisation."""

    def __init__(self, n_points: int = 101) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(n_points, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))
        self.head = nn.Linear(8, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x))


def logs(curves: FloatArray) -> NDArray[np.float32]:
    """As (n, 1, n_points) of log10 intensity."""
    return np.log10(curves / curves.max(axis=1, keepdims=True))[:, None, :].astype(np.float32)


SCAN = Scan(-84.0, 12.0, 101)


@pytest.fixture(scope="module")
def curves() -> FloatArray:
    return simulate(sample(12, "uniform", seed=8), scan=SCAN, layer_thickness=400.0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[list[Path], list[Theirs]]:
    """Three checkpoints, saved in three ways, and the networks that they are of."""
    networks, paths = [], []
    for epoch in range(3):
        torch.manual_seed(epoch)
        network = Theirs().eval()
        network.body[2].running_mean += epoch  # type: ignore[union-attr, operator]
        state = network.state_dict()
        wrapped = {f"module.{k}": v for k, v in state.items()}
        content = [state, {"epoch": 1, "model_state_dict": state, "optimizer": {"lr": 0.1}}, {"state_dict": wrapped}]
        torch.save(content[epoch], tmp_path / f"epoch_{epoch}.pt")
        networks.append(network)
        paths.append(tmp_path / f"epoch_{epoch}.pt")
    return paths, networks


class TestTrackCheckpoints:
    def test_is_what_the_networks_say(self, files: tuple[list[Path], list[Theirs]], curves: FloatArray) -> None:
        paths, networks = files
        found = track_checkpoints(Theirs(), paths, curves, preprocess=logs, batch_size=5)
        assert found.shape == (3, 12, 7)
        for network, values in zip(networks, found, strict=True):
            with torch.no_grad():
                expected = SPACE.denormalise(network(torch.from_numpy(logs(curves))).numpy())
            np.testing.assert_allclose((values - expected) / SPACE.range, 0, atol=1e-6)

    def test_the_module_is_left_as_it_was(self, files: tuple[list[Path], list[Theirs]], curves: FloatArray) -> None:
        module = Theirs()
        module.train()
        module.body.eval()
        before = {k: v.clone() for k, v in module.state_dict().items()}
        modes = [part.training for part in module.modules()]
        track_checkpoints(module, files[0], curves, preprocess=logs)
        with pytest.raises(StudyError):
            track_checkpoints(module, [files[0][0], "absent.pt"], curves, preprocess=logs)
        assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())
        assert [part.training for part in module.modules()] == modes
        assert all(p.requires_grad for p in module.parameters())

    def test_their_own_normalisation(self, files: tuple[list[Path], list[Theirs]], curves: FloatArray) -> None:
        paths, low = files[0], np.asarray(SPACE.minimum) * CM
        theirs = track_checkpoints(
            Theirs(), paths, curves, preprocess=logs, denormalise=lambda y: low + y * SPACE.range * CM, cm=True
        )
        ours = track_checkpoints(Theirs(), paths, curves, preprocess=logs)
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-5)
        with pytest.raises(StudyError, match=r"without denormalise the network's output has no unit"):
            track_checkpoints(Theirs(), paths, curves, preprocess=logs, cm=True)

    def test_weights_of_another_network(self, files: tuple[list[Path], list[Theirs]], curves: FloatArray) -> None:
        class Other(Theirs):
            def __init__(self) -> None:
                super().__init__()
                self.head, self.extra = nn.Linear(8, 9), nn.Linear(2, 2)
                del self.body[2]

        text = (
            r"epoch_0.pt: weights of another network than module; the file lacks extra.bias, extra.weight; has besides "
            r"body.2.bias, body.2.num_batches_tracked, .*body.2.weight; has of another shape head.bias, head.weight$"
        )
        with pytest.raises(StudyError, match=text):
            track_checkpoints(Other(), files[0], curves, preprocess=logs)

    @pytest.mark.parametrize(
        ("save", "text"),
        [
            (lambda f: torch.save(Theirs(), f), r"holds Python objects \(.*Theirs\).*\(module.state_dict\(\), "),
            (lambda f: f.write_bytes(b""), r"not a checkpoint of torch|no checkpoint"),
            (lambda f: f.write_bytes(b"hello" * 100), r"not a checkpoint of torch|no checkpoint"),
            (lambda f: torch.save({"epoch": 3, "loss": 0.1}, f), r"no weights; it holds the keys epoch, loss, a"),
            (lambda f: torch.save(torch.ones(3), f), r"no weights; it holds a Tensor"),
            (lambda f: None, r"no such checkpoint"),
        ],
    )  # fmt: skip
    def test_files_that_cannot_be_used(
        self, tmp_path: Path, curves: FloatArray, save: Callable[[Path], None], text: str
    ) -> None:
        file = tmp_path / "x.pt"
        save(file)
        with pytest.raises(StudyError, match=rf"x.pt: .*({text})") as error:
            track_checkpoints(Theirs(), [file], curves, preprocess=logs)
        assert "\n" not in str(error.value)

    def test_outputs_that_cannot_be_used(self, files: tuple[list[Path], list[Theirs]], curves: FloatArray) -> None:
        class Six(Theirs):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return super().forward(x)[:, :6]

        class Two(Theirs):
            def forward(self, x: torch.Tensor) -> Any:
                return super().forward(x), x

        class Nan(Theirs):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return super().forward(x) * torch.where(torch.arange(7) == 2, torch.nan, 1.0)

        for module, text in (
            (Six(), r"epoch_0.pt: the module returned shape \(12, 6\) for 12 curves, \(12, 7\) expected"),
            (Two(), r"epoch_0.pt: the module returned a tuple, one tensor"),
            (Nan(), r"epoch_0.pt: predictions: nan at sample 0, L1; 12 of 84"),
        ):
            with pytest.raises(StudyError, match=text):
                track_checkpoints(module, files[0], curves, preprocess=logs)

    def test_arguments(self, files: tuple[list[Path], list[Theirs]], curves: FloatArray) -> None:
        for change, text in (
            ({"curves": curves[0]}, r"curves: shape \(n, n_points\) expected, \(101,\) given"),
            ({"files": []}, r"0 files: at least 1"),
            ({"batch_size": 0}, r"batch_size = 0"),
            ({"preprocess": lambda c: c[1:]}, r"preprocess: made 11 inputs of 12 curves"),
        ):
            given = {"files": files[0], "curves": curves, "preprocess": logs, **change}
            with pytest.raises(StudyError, match=text):
                track_checkpoints(Theirs(), **given)

    def test_through_to_the_diagnostics(self, files: tuple[list[Path], list[Theirs]], tmp_path: Path) -> None:
        training, test = sample(80, "uniform", seed=9), sample(100, "uniform", seed=10)
        experiment = Experiment("ours", StrainParameters(0.012, 0.004, 4300.0, 2600.0, 0.006, 2100.0, -900.0))
        dataset = DatasetConfig(
            sampling="uniform", scan_start=SCAN.start, scan_step=SCAN.step, scan_points=101, layer_thickness=400.0
        )
        both = np.concatenate([test, experiment.parameters.to_array()[None]])
        found = track_checkpoints(Theirs(), files[0], simulate(both, scan=SCAN, layer_thickness=400.0), preprocess=logs)
        study = Study.from_predictions(
            tmp_path / "s",
            val_loss=[0.3, 0.2, 0.25],
            training=training,
            test=(found[:, :-1], test),
            experiments={"ours": (found[:, -1], experiment)},
            dataset=dataset,
        )
        seen = checkpoints(study, Target.of(experiment, study))
        assert seen.final == 2
        np.testing.assert_allclose((seen.predictions - found[:, -1]) / SPACE.range, 0, atol=1e-6)
        tracking = track(study, seen)
        error = np.abs((found[:, :-1] - test) / SPACE.range).mean(axis=2) * 100
        np.testing.assert_allclose(tracking.sample_regret, error[1] - error.min(axis=0), atol=1e-4)
        bins = parameter_bins(study, experiment.parameters)
        np.testing.assert_allclose(
            bins.overall, np.abs((found[1, :-1] - test) / SPACE.range).mean(axis=0) * 100, atol=1e-4
        )


ROWS = np.full((3, 7), 500.0)


class TestNpz:
    def test_read(self, tmp_path: Path, curves: FloatArray) -> None:
        rows = sample(12, "uniform", seed=8)
        np.savez(tmp_path / "a.npz", parameters=rows, curves=curves)
        np.savez_compressed(tmp_path / "lab.npz", X=rows * CM, Y=curves, other=["notes"])
        np.savez(tmp_path / "named.npz", p=rows, c=curves)
        for found in (
            load_npz_dataset(tmp_path / "a.npz"),
            load_npz_dataset(tmp_path / "lab.npz", cm=True),
            load_npz_dataset(tmp_path / "named.npz", parameters="p", curves="c"),
        ):
            assert isinstance(found, NpzDataset)
            np.testing.assert_allclose(found.parameters, rows, atol=1e-6)
            np.testing.assert_array_equal(found.curves, curves)

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ({"X": np.ones((3, 7))}, r"no array curves or Y; it holds X"),
            ({"X": ROWS, "Y": np.ones((2, 5))}, r"curves have shape \(2, 5\), \(3, n_points\) expected"),
            ({"X": ROWS[:, :6], "Y": np.ones((3, 5))}, r"parameters: shape \(3, 6\) given"),
            ({"X": ROWS, "Y": np.array([[1, 2], [1, np.nan], [1, 2]])}, r"curves: nan at curve 1, point 1"),
            ({"X": ROWS * CM, "Y": np.ones((3, 5))}, r"parameters: L1 .* are lengths in cm\?"),
            ({"X": np.array([[{}]], dtype=object), "Y": ROWS}, r"not a .npz file of numbers \(Object arrays"),
        ],
    )  # fmt: skip
    def test_refused(self, tmp_path: Path, content: dict[str, Any], text: str) -> None:
        np.savez(tmp_path / "x.npz", **content)
        with pytest.raises(StudyError, match=rf"x.npz: .*{text}|x.npz: {text}"):
            load_npz_dataset(tmp_path / "x.npz")

    @pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken", b"\x80\x02}q\x00."])
    def test_no_npz_file(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(StudyError, match=r"x.npz: not a .npz file of numbers"):
            load_npz_dataset(tmp_path / "x.npz")

    def test_other_files(self, tmp_path: Path) -> None:
        np.save(tmp_path / "x.npy", np.ones(3))
        with pytest.raises(StudyError, match=r"x.npy: one array without names"):
            load_npz_dataset(tmp_path / "x.npy")
        with pytest.raises(StudyError, match=r"absent.npz: no such file"):
            load_npz_dataset(tmp_path / "absent.npz")


def test_the_example_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/own_runs.md as it stands, on a small foreign network with three saved checkpoints."""
    text = (Path(__file__).parents[2] / "docs" / "own_runs.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("runs").mkdir()
    for epoch in range(3):
        torch.manual_seed(epoch)
        torch.save({"model_state_dict": Theirs(701).state_dict(), "epoch": epoch}, f"runs/epoch_{epoch:02d}.pt")
    rows = sample(150, "grid", seed=12)
    np.savez("runs/dataset.npz", X=rows * CM, Y=simulate(rows))
    np.savetxt("runs/val_loss.txt", [0.3, 0.1, 0.2])
    names: dict[str, Any] = {"TheirNetwork": lambda: Theirs(701)}
    exec(compile(example, "own_runs.md", "exec"), names)
    study = Study.open("studies/ours")
    assert study.final == 2
    np.testing.assert_allclose(study.training_parameters, rows, rtol=1e-6, atol=1e-6)
    predicted, true = study.test_predictions("grid")
    assert predicted.shape == (3, 400, 7)
    np.testing.assert_array_equal(true, names["test"])
    np.testing.assert_allclose((names["found"].predictions - names["predicted"][:, -1]) / SPACE.range, 0, atol=1e-6)
