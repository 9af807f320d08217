"""Several networks whose predictions are combined, as one network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from xrdlib.training.network import Network, NetworkConfig, network_from
from xrdlib.training.parent import Combination

__all__ = ["Combined", "combined_from"]


class Combined(nn.Module):
    """Mean or median of what its members say.

    Parameters
    ----------
    members : sequence of Network
        One for each weight.
    combination : Combination
    """

    shares: Tensor

    def __init__(self, members: Sequence[Network], combination: Combination) -> None:
        super().__init__()
        if len(members) != len(combination.weights):
            raise ValueError(f"combination: {len(combination.weights)} weights for {len(members)} networks")
        self.members = nn.ModuleList(members)
        self.how = combination.how
        weights = torch.tensor(combination.weights)
        self.register_buffer("shares", weights / weights.sum(), persistent=False)

    def each(self, curves: Tensor) -> Tensor:
        """Fractions of range that every member says, shape (n_members, n, 7), for curves (n, n_points)."""
        return torch.stack([member(curves) for member in self.members])

    def forward(self, curves: Tensor) -> Tensor:
        """Curves of shape (n, n_points) to fractions of range, shape (n, 7)."""
        said = self.each(curves)
        if self.how == "median":
            return torch.quantile(said, 0.5, dim=0)  # between the two in the middle, where torch.median takes the lower
        return (self.shares[:, None, None] * said).sum(dim=0)


def combined_from(
    weights: dict[str, Tensor], n_points: int, config: NetworkConfig, combination: Combination
) -> Combined:
    """Members (of one configuration) from a `Combined`'s weights; RuntimeError if they do not fit."""
    n = len(combination.weights)
    parts: list[dict[str, Tensor]] = [{} for _ in range(n)]
    for key, value in weights.items():
        family, index, name = key.split(".", 2)
        if family != "members" or not index.isdigit() or int(index) >= n:
            raise RuntimeError(f"{key}: {n} members expected")
        parts[int(index)][name] = value
    return Combined([network_from(part, n_points, config) for part in parts], combination).eval()
