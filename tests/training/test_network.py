"""The network: shapes, standardisation, dropout, and that it can learn."""

import pytest
import torch

from xrdlib.training import Network, NetworkConfig

TINY = NetworkConfig(channels=(4,), kernels=(16,), strides=(8,), width=8, blocks=1)


@pytest.mark.parametrize("n_points", [80, 101, 701])
@pytest.mark.parametrize("config", [NetworkConfig(), TINY, NetworkConfig((), (), (), 8, 0)])
def test_shapes(n_points, config):
    network = Network(n_points, config)
    assert network(torch.zeros(5, n_points)).shape == (5, 7)
    first = next(m for m in network.modules() if isinstance(m, torch.nn.Linear))
    assert first.in_features == config.features(n_points)


def test_features_by_hand():
    # 701: (701 - 16) // 4 + 1 = 172, (172 - 8) // 3 + 1 = 55, (55 - 4) // 2 + 1 = 26; 32 channels
    assert NetworkConfig().features(701) == 26 * 32


@pytest.mark.parametrize("n_points", [1, 15, 60])
def test_too_short_a_curve(n_points):
    with pytest.raises(ValueError, match=f"network: {n_points} points are too few for kernels"):
        Network(n_points, NetworkConfig())


@pytest.mark.parametrize(
    "change",
    [
        {"kernels": (16, 8)},
        {"strides": (4, 3, 0)},
        {"channels": (4, 0, 4)},
        {"width": 0},
        {"blocks": -1},
        {"dropout": 1.0},
        {"dropout": -0.1},
    ],
)
def test_impossible_configurations(change):
    with pytest.raises(ValueError, match=r"^network: "):
        NetworkConfig(**change)


def test_standardisation():
    """Offset and stretch of each point do not matter to a network that was standardised with them."""
    curves = torch.randn(200, 101)
    network = Network(101, TINY).eval()
    network.standardise(curves)
    before = network(curves)
    stretch, offset = torch.linspace(1, 5, 101), torch.linspace(-8, 3, 101)
    network.standardise(curves * stretch + offset)
    torch.testing.assert_close(network(curves * stretch + offset), before, atol=5e-3, rtol=0)
    assert {"input_mean", "input_scale"} <= set(network.state_dict())
    # a point that never varies, as the peak, is not divided by 0
    curves[:, 7] = 0.0
    network.standardise(curves)
    assert torch.isfinite(network(curves)).all()


def test_every_point_counts():
    """The gradient reaches all points but those that the strides leave over at the end."""
    network = Network(101, TINY)
    curves = torch.randn(3, 101, requires_grad=True)
    network(curves).sum().backward()
    used = (curves.grad.abs() > 0).any(dim=0)
    assert used[: 10 * 8 + 16].all()
    assert not used[10 * 8 + 16 :].any()


def test_dropout_only_while_training():
    curves = torch.randn(4, 101)
    network = Network(101, NetworkConfig(TINY.channels, TINY.kernels, TINY.strides, 32, 1, 0.5))
    assert not torch.equal(network.train()(curves), network(curves))
    assert torch.equal(network.eval()(curves), network(curves))
    without = Network(101, TINY).train()
    assert torch.equal(without(curves), without(curves))


def test_it_can_learn():
    curves = torch.randn(64, 101)
    targets = torch.sigmoid(curves[:, 10:80:10])
    network = Network(101, NetworkConfig((8,), (16,), (8,), 32, 1))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(100):
        loss = (network(curves) - targets).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
