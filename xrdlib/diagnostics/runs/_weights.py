"""Networks as points: a path of weights, planes through it, and what networks on a plane predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from xrdlib.training import Network, Study, StudyError
from xrdlib.training.study import predict

__all__ = [
    "Laid",
    "Plane",
    "lay_plane",
    "path_of",
    "plane_through",
    "predict_at",
    "principal_plane",
    "share_of_random_walk",
]

FloatArray = NDArray[np.float64]


class Plane(NamedTuple):
    """``origin`` (n_weights,) and two orthonormal ``axes`` (2, n_weights)."""

    origin: FloatArray
    axes: FloatArray

    def place(self, weights: FloatArray) -> FloatArray:
        """Coordinates (..., 2) of the nearest points to weights (..., n_weights); distances are Euclidean."""
        return np.asarray((weights - self.origin) @ self.axes.T)

    def height(self, weights: FloatArray) -> FloatArray:
        """Distances (...) of weights (..., n_weights) from the plane."""
        return np.asarray(np.linalg.norm(weights - self.weights(self.place(weights)), axis=-1))

    def weights(self, places: FloatArray) -> FloatArray:
        """Weights (..., n_weights) at coordinates (..., 2)."""
        return np.asarray(self.origin + places @ self.axes)


class Laid(NamedTuple):
    """A plane with what it shall show, coordinates (m, 2), and how it was laid."""

    plane: Plane
    shown: FloatArray
    how: str
    explained: float
    walk: float | None


def lay_plane(study: Study, path: FloatArray, final: int, through: Sequence[int | Study] | None) -> Laid:
    """The principal plane of a path with its row ``final`` as origin, or the plane through three networks.

    Raises
    ------
    StudyError
        If three networks lie on a line, or do not belong to this study's kind.
    """
    if through is None:
        plane, explained = principal_plane(path, path[final])
        return Laid(plane, plane.place(path), "principal components of the path", explained, share_of_random_walk(path))
    if len(through) != 3:
        raise StudyError(f"through: {len(through)} networks given, three expected")
    networks = [_network(study, one) for one in through]
    corners = np.stack([weights_of(network) for network in networks])
    plane = plane_through(*corners)
    off = np.square(path - plane.origin).sum()
    explained = float(np.square(plane.place(path)).sum() / off) if off > 0 else 1.0
    names = [f"epoch {t}" if isinstance(t, int) else f"the final epoch of {t.config.name}" for t in through]
    return Laid(plane, plane.place(corners), f"{names[0]}, {names[1]} and {names[2]}", explained, None)


def _network(study: Study, one: int | Study) -> Network:
    if isinstance(one, int):
        return study.network(one)
    network, ours = one.network(one.final), study.network(study.checkpoints[-1])
    same = [b.shape for b in network.state_dict().values()] == [b.shape for b in ours.state_dict().values()]
    if not same or not all(torch.equal(a, b) for a, b in zip(network.buffers(), ours.buffers(), strict=True)):
        raise StudyError(f"{one.path}: another network, or another standardisation of its input, than {study.path}")
    return network


def weights_of(network: Network) -> FloatArray:
    """What training changes, shape (n_weights,): not the standardisation of the input."""
    return parameters_to_vector(network.parameters()).detach().numpy().astype(np.float64)


def path_of(study: Study, epochs: Sequence[int]) -> FloatArray:
    """Weights at epochs, shape (n_epochs, n_weights)."""
    return np.stack([weights_of(study.network(epoch)) for epoch in epochs])


def principal_plane(path: FloatArray, origin: FloatArray) -> tuple[Plane, float]:
    """The plane through ``origin`` that comes closest to a path, and its share of the squared distances from there.

    The principal components of the differences to the last network, as Li et al. (2018) take them.
    """
    if len(path) < 3:
        raise StudyError(f"a plane needs three stored epochs, {len(path)} given")
    _, singular, axes = np.linalg.svd(path - origin, full_matrices=False)
    squares = singular**2
    if not squares[1] > 1e-12 * squares[0]:
        raise StudyError("the path of the weights lies on a line: no plane is defined")
    # an axis may point either way: towards where the path came from is left
    signs = np.where((path[0] - origin) @ axes[:2].T > 0, -1.0, 1.0)
    return Plane(origin, axes[:2] * signs[:, None]), float(squares[:2].sum() / squares.sum())


def plane_through(origin: FloatArray, second: FloatArray, third: FloatArray) -> Plane:
    """The plane of three points; the second lies on its first axis."""
    one, two = second - origin, third - origin
    length = np.linalg.norm(one)
    if not length > 0:
        raise StudyError("the first two networks of the plane are the same")
    first = one / length
    rest = two - (two @ first) * first
    if not np.linalg.norm(rest) > 1e-6 * np.linalg.norm(two):
        raise StudyError("the three networks lie on a line: no plane is defined")
    return Plane(origin, np.stack([first, rest / np.linalg.norm(rest)]))


def share_of_random_walk(path: FloatArray) -> float:
    """What two principal directions would hold of a walk with steps as long, but each in a direction of its own."""
    steps = np.square(np.diff(path, axis=0)).sum(axis=1)
    left = np.append(np.cumsum(steps[::-1])[::-1], 0.0)  # squared distance of each point from the last
    n = np.arange(len(path))
    values = np.linalg.eigvalsh(left[np.maximum(n[:, None], n[None])])  # of the matrix of inner products
    return float(values[-2:].sum() / values.sum())


def predict_at(network: Network, weights: FloatArray, inputs: Tensor) -> FloatArray:
    """Fractions of range (n_networks, n, 7) that networks with weights (n_networks, n_weights) predict.

    ``network`` is changed: it serves as the mould.
    """
    found = []
    for vector in weights:
        vector_to_parameters(torch.from_numpy(vector.astype(np.float32)), network.parameters())
        found.append(predict(network, inputs))
    return np.stack(found).astype(np.float64)
