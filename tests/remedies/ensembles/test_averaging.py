"""Averages of weights: equal networks give that network, unlike ones are refused, and two trainings have no mean."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from xrdlib import diagnose
from xrdlib.data import LAB, DatasetConfig
from xrdlib.remedies import (
    across,
    averaged_network,
    combine,
    greedy_soup,
    swa,
    write_average,
    write_ensemble,
)
from xrdlib.remedies.ensembles.averaging import late_epochs, validation_loss
from xrdlib.training import Network, NetworkConfig, Study, StudyConfig, StudyError, TrainingConfig, run_study
from xrdlib.training.inputs import validation_curves

POINTS = 120
SMALL = NetworkConfig(channels=(8,), kernels=(16,), strides=(8,), width=16, blocks=1)


def network(seed: int, config: NetworkConfig = SMALL, points: int = POINTS) -> Network:
    torch.manual_seed(seed)
    return Network(points, config).eval()


class Normed(nn.Module):
    """A small network with BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Eight epochs of a small network on 300 curves, all weights kept."""
    sample = DatasetConfig(size=300, scan_start=-80.0, scan_step=10.0, scan_points=POINTS)
    training = TrainingConfig(epochs=8, batch_size=32, test_size=40)
    config = StudyConfig("small", 3, sample, SMALL, training, None, (LAB,))
    return run_study(config, tmp_path_factory.mktemp("averaging") / "small", workers=1, progress=False)


class TestSwa:
    def test_of_identical_checkpoints_is_the_checkpoint(self, study: Study) -> None:
        one = study.network(5)
        averaged = swa([study.network(5) for _ in range(7)])
        assert type(averaged) is Network
        for name, values in averaged.state_dict().items():
            assert torch.equal(values, one.state_dict()[name]), name
        curves = torch.rand(20, POINTS)
        assert torch.equal(averaged(curves), one(curves))

    def test_is_the_mean_of_the_weights(self, study: Study) -> None:
        networks = [study.network(e) for e in (3, 5, 8)]
        averaged = swa(networks)
        for name, values in averaged.named_parameters():
            expected = torch.stack([dict(n.named_parameters())[name] for n in networks]).double().mean(0)
            torch.testing.assert_close(values.double(), expected, rtol=1e-5, atol=1e-7)

    def test_members_are_left_as_they_are(self, study: Study) -> None:
        first, second = study.network(2), study.network(8)
        before = {k: v.clone() for k, v in first.state_dict().items()}
        swa([first, second])
        assert all(torch.equal(v, before[k]) for k, v in first.state_dict().items())

    def test_ours_have_nothing_for_update_bn_to_do(self, study: Study) -> None:
        networks = [study.network(e) for e in (7, 8)]
        curves = torch.rand(50, POINTS)
        for one, other in zip(swa(networks).parameters(), swa(networks, curves).parameters(), strict=True):
            assert torch.equal(one, other)

    def test_batch_norm_is_taken_anew(self) -> None:
        modules = []
        for seed in (0, 1):
            torch.manual_seed(seed)
            modules.append(Normed().eval())
        curves = 3 + 2 * torch.randn(400, 5)
        averaged = swa(modules, curves)
        inside = averaged.get_submodule("layers.0")(curves)
        running = averaged.get_submodule("layers.1")
        torch.testing.assert_close(running.running_mean, inside.mean(0), rtol=0.05, atol=0.05)
        assert not averaged.training
        with pytest.raises(ValueError, match=r"curves: needed, .*BatchNorm"):
            swa(modules)

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            (
                network(1, replace(SMALL, width=24)),
                r"architecture",
            ),
            (network(1, points=130), r"architecture"),
            (Normed(), r"architecture"),
        ],
    )
    def test_checkpoints_of_different_networks(self, other: nn.Module, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            swa([network(0), other])

    def test_another_standardisation(self) -> None:
        other = network(1)
        other.standardise(torch.rand(10, POINTS))
        with pytest.raises(ValueError, match=r"number 2 has another input_mean than the first"):
            swa([network(0), other])

    def test_none(self) -> None:
        with pytest.raises(ValueError, match=r"networks: none given"):
            swa([])

    def test_two_trainings_have_no_mean(self, study: Study) -> None:
        """The same network with its hidden neurons in another order: the same function, and the mean is nonsense."""
        one, twin = study.network(8), study.network(8)
        order = torch.randperm(SMALL.channels[0])
        length = SMALL.features(POINTS) // SMALL.channels[0]
        with torch.no_grad():
            convolution, linear = twin.layers[0], twin.layers[4]
            convolution.weight.copy_(convolution.weight[order])
            convolution.bias.copy_(convolution.bias[order])
            columns = linear.weight.reshape(-1, SMALL.channels[0], length)[:, order]
            linear.weight.copy_(columns.reshape(linear.weight.shape))
        curves = validation_curves(study.config)
        torch.testing.assert_close(one(curves[0]), twin(curves[0]), rtol=1e-4, atol=1e-5)
        alone, together = validation_loss(one, study, curves), validation_loss(swa([one, twin]), study, curves)
        assert together > 1.05 * alone


class TestSoup:
    def test_never_worse_on_the_curves_that_chose_it(self, study: Study) -> None:
        soup = greedy_soup(study)
        curves = validation_curves(study.config)
        assert soup.first_loss == pytest.approx(study.history["val_loss"].min(), rel=1e-5)
        assert soup.val_loss <= soup.first_loss
        assert validation_loss(soup.network, study, curves) == soup.val_loss
        assert soup.epochs[0] == study.final == soup.tried[0]
        assert sorted(soup.tried) == list(range(1, 9))

    def test_each_ingredient_lowered_the_loss_or_left_it(self, study: Study) -> None:
        curves = validation_curves(study.config)
        soup = greedy_soup(study)
        losses = [
            validation_loss(swa([study.network(e) for e in soup.epochs[: i + 1]]), study, curves)
            for i in range(len(soup.epochs))
        ]
        assert all(later <= earlier for earlier, later in pairwise(losses))

    def test_candidates(self, study: Study) -> None:
        assert greedy_soup(study, [3]).epochs == (3,)
        assert set(greedy_soup(study, [1, 2]).tried) == {1, 2}
        with pytest.raises(StudyError, match=r"no weights of epoch 9"):
            greedy_soup(study, [9])
        with pytest.raises(StudyError, match=r"an average of weights needs them"):
            greedy_soup(study, [])

    def test_by_key(self, study: Study) -> None:
        averaged, epochs = averaged_network(study, "swa")
        assert epochs == late_epochs(study) == (7, 8)
        expected = swa([study.network(7), study.network(8)])
        assert all(torch.equal(a, b) for a, b in zip(averaged.parameters(), expected.parameters(), strict=True))
        assert averaged_network(study, "soup")[1] == greedy_soup(study).epochs
        with pytest.raises(ValueError, match=r"key = 'mean': swa or soup"):
            averaged_network(study, "mean")


class TestWritten:
    @pytest.mark.parametrize("how", ["mean", "median"])
    def test_an_ensemble_predicts_what_its_members_combined_do(self, study: Study, tmp_path: Path, how: str) -> None:
        written = Study.open(write_ensemble(study, [4, 6, 8], tmp_path / "ensemble", how=how).path)
        curves = validation_curves(study.config)[0].numpy()
        each = study.predict(curves, [4, 6, 8])
        np.testing.assert_allclose(written.predict(curves)[0], combine(each, how), rtol=1e-5, atol=1e-4)
        for name in study.test_sets:
            stored, _ = written.test_predictions(name)
            members = study.test_predictions(name)[0][[3, 5, 7]]
            np.testing.assert_allclose(stored[0], combine(members, how), atol=1.0)  # int16: 0.4 A
        assert written.config.parent is not None
        assert (written.config.parent.study, written.config.parent.epochs) == ("small", (4, 6, 8))

    def test_weights_are_kept(self, study: Study, tmp_path: Path) -> None:
        written = write_ensemble(study, [2, 8], tmp_path / "weighted", weights=[1, 3])
        curves = validation_curves(study.config)[0].numpy()
        np.testing.assert_allclose(
            written.predict(curves)[0], combine(study.predict(curves, [2, 8]), weights=[1, 3]), rtol=1e-5, atol=1e-4
        )
        by_curve = write_ensemble(study, [2, 8], tmp_path / "by_curve", weights="curve", target=LAB)
        assert by_curve.config.combination is not None
        assert sum(by_curve.config.combination.weights) == pytest.approx(1)

    def test_diagnostics_work_on_it(self, study: Study, tmp_path: Path) -> None:
        written = write_ensemble(study, [6, 8], tmp_path / "ensemble")
        found = diagnose(LAB, written, sections=()).checkpoints
        expected = combine(study.experiment_predictions("lab")[[5, 7]])
        np.testing.assert_allclose(found.predictions[0], expected, rtol=1e-3, atol=1.0)
        averaged = write_average(study, *averaged_network(study, "swa"), tmp_path / "average")
        assert diagnose(LAB, averaged, sections=()).checkpoints.final == 1
        assert averaged.config.parent is not None
        assert (averaged.config.parent.remedy, averaged.config.parent.epochs) == ("swa", (7, 8))

    def test_refused(self, study: Study, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"weights = 'curve': needs target"):
            write_ensemble(study, [6, 8], tmp_path / "x", weights="curve")
        with pytest.raises(ValueError, match=r"sum to 0"):
            write_ensemble(study, [6, 8], tmp_path / "x", weights=[0, 0])
        with pytest.raises(StudyError, match=r"epoch 9 given"):
            write_ensemble(study, [9], tmp_path / "x")
        other = Study(study.path, StudyConfig("other"), study.history)
        with pytest.raises(StudyError, match=r"another kind of network"):
            write_ensemble(study, across([(study, 8), (other, 8)]), tmp_path / "x")
        assert not (tmp_path / "x").exists()
