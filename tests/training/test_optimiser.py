"""Which weights each optimiser moves, its steps against formulas, and going on from stored moments."""

from dataclasses import replace

import pytest
import torch

from xrdlib.training import NetworkConfig, StudyError, TrainingConfig, run_study
from xrdlib.training import loop as training_loop
from xrdlib.training.network import Network
from xrdlib.training.optimiser import Optimiser

SHAPE = NetworkConfig((4,), (16,), (8,), width=12, blocks=1)
MUON = TrainingConfig(muon=True, learning_rate=0.01)


@pytest.fixture
def network():
    torch.manual_seed(3)
    return Network(101, SHAPE)


def loss(network):
    return network(torch.linspace(-1, 1, 4 * 101).reshape(4, 101)).square().sum()


def moved(network, training, rate=0.01, steps=1):
    """By how much each weight moves, by name."""
    optimiser = Optimiser(network, training)
    before = {k: v.clone() for k, v in network.named_parameters()}
    for _ in range(steps):
        optimiser.step(loss(network), rate)
    return {k: (v - before[k]).detach() for k, v in network.named_parameters()}


def test_adamw_first_step_is_the_rate(network):
    """Adam's first step is the rate times the gradient's sign, wherever there is a gradient."""
    for name, step in moved(network, TrainingConfig()).items():
        assert step.abs().max() == pytest.approx(0.01, rel=1e-3), name


def test_muon_turns_matrices_orthogonal(network):
    """A hidden matrix's step is the orthogonal part of its gradient: 0.2 sqrt(larger side) times the rate."""
    before = {k: v.detach().clone() for k, v in network.named_parameters()}
    gradients = {k: torch.randn(v.shape) for k, v in before.items()}
    linear = sum((v * gradients[k]).sum() for k, v in network.named_parameters())
    Optimiser(network, MUON).step(linear, 0.01)
    hidden = 0
    for name, weight in network.named_parameters():
        step = weight.detach() - before[name]
        if weight.ndim != 2 or weight.shape[0] == 7:
            assert step.abs().max() == pytest.approx(0.01, rel=1e-3), name
            continue
        hidden += 1
        u, values, v = torch.linalg.svd(gradients[name], full_matrices=False)
        along = -(u.T @ step @ v.T).diagonal() / (0.01 * 0.2 * max(step.shape) ** 0.5)
        strong = values > 0.1 * values[0]  # the iteration has not lifted the others yet
        assert ((along[strong] > 0.6) & (along[strong] < 1.25)).all(), (name, along)
        assert values[strong][0] > 1.5 * values[strong][-1]  # the gradient itself is not orthogonal
    assert hidden == 3


@pytest.mark.parametrize("muon", [False, True])
def test_rate_zero_moves_nothing(network, muon):
    assert all((step == 0).all() for step in moved(network, TrainingConfig(muon=muon), rate=0.0, steps=2).values())


@pytest.mark.parametrize("muon", [False, True])
def test_going_on_from_moments(network, muon):
    training = TrainingConfig(muon=muon, weight_decay=0.1)
    optimiser = Optimiser(network, training)
    for _ in range(3):
        optimiser.step(loss(network), 0.01)
    moments, weights = optimiser.moments(), {k: v.clone() for k, v in network.state_dict().items()}
    optimiser.step(loss(network), 0.01)
    after = {k: v.clone() for k, v in network.state_dict().items()}
    again = Network(101, SHAPE)
    again.load_state_dict(weights)
    other = Optimiser(again, training)
    other.restore(moments)
    other.step(loss(again), 0.01)
    assert all(torch.equal(v, after[k]) for k, v in again.state_dict().items())
    fresh = Network(101, SHAPE)
    fresh.load_state_dict(weights)
    Optimiser(fresh, training).step(loss(fresh), 0.01)
    assert not all(torch.equal(v, after[k]) for k, v in fresh.state_dict().items())  # the comparison would notice


def test_moments_of_something_else(network):
    optimiser = Optimiser(network, MUON)
    with pytest.raises(KeyError):
        optimiser.restore({"0.exp_avg": torch.zeros(1)})


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_study_with_muon_goes_on_where_it_was(tiny, tmp_path, monkeypatch, bfloat16):
    config = replace(tiny, training=replace(tiny.training, muon=True, bfloat16=bfloat16))
    whole = run_study(config, tmp_path / "whole", workers=1, progress=False)
    save, calls = training_loop._save_resume, []

    def interrupted(*args):
        save(*args)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training_loop, "_save_resume", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_study(config, tmp_path / "s", workers=1, progress=False)
    run_study(config, tmp_path / "s", workers=1, progress=False)
    for name in ("history.csv", "resume.safetensors", "checkpoints/epoch_0003.safetensors"):
        assert (tmp_path / "s" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    plain = run_study(tiny, tmp_path / "plain", workers=1, progress=False)
    assert not plain.history["val_loss"].equals(whole.history["val_loss"])


def test_what_a_network_trained_in_bfloat16_says_is_float32(network):
    curves = torch.randn(64, 101)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = network(curves)
    assert rounded.dtype == torch.float32
    exact = network(curves)
    difference = (rounded - exact).abs().max()
    assert 0 < difference < 0.02 * exact.abs().max()
    assert not torch.equal(rounded, rounded.bfloat16().float())  # its last layer is not rounded to 8 bits


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ({"muon": "yes"}, "muon = yes given, true or false expected"),
        ({"bfloat16": 1}, "bfloat16 = 1 given, true or false expected"),
    ],
)
def test_unknown_ones(option, text):
    with pytest.raises(StudyError, match=text):
        TrainingConfig(**option)
