"""The third mechanism: validation loss and one target's error on a plane through the path of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xrdlib._section import Section, number
from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics._intervals import Interval, bootstrap
from xrdlib.diagnostics.runs._loss_plane_text import sentences
from xrdlib.diagnostics.runs._plane_values import evaluate
from xrdlib.diagnostics.runs._weights import lay_plane, path_of
from xrdlib.diagnostics.target import Target
from xrdlib.training import Study, StudyError

__all__ = ["LossPlane", "Lowest", "loss_plane"]

FloatArray = NDArray[np.float64]

_MARGIN = 0.25  # beyond the path, of its extent


class Lowest(NamedTuple):
    """Where something is lowest of what was computed on the plane: at its points, and where epochs are drawn.

    ``at_edge``: at the edge of the points, so that it is no minimum; ``epoch``: the one that is drawn there, or None.
    """

    x: float
    y: float
    value: float
    at_edge: bool
    epoch: int | None


@dataclass(frozen=True, repr=False)
class LossPlane(Section):
    """Three surfaces over one plane of weights; its origin is the final epoch, distances are Euclidean.

    Attributes
    ----------
    study, target : str
    through : str
        How the plane was laid.
    x, y : ndarray, shape (n,)
        Coordinates of the points.
    val_loss, error : ndarray, shape (n, n)
        First index y. ``val_loss`` over ``n_validation`` curves, fraction of range; ``error`` of the target: % of
        range, or (``measure`` says so) the curve's RMSE.
    neighbour_errors : ndarray, shape (n, n, k)
        Of the k test samples nearest to the target, recorded as it was, % of range.
    measure : str
    epochs : ndarray of int, shape (m,)
        Those with stored weights.
    path : ndarray, shape (m, 2)
        Where their weights are drawn: the nearest points of the plane.
    height : ndarray, shape (m,)
        Their distance from the plane.
    path_val_loss, path_error : ndarray, shape (m,)
        Of the checkpoints themselves.
    shadow_val_loss, shadow_error : ndarray, shape (m,)
        Of the networks where they are drawn.
    shadow_neighbours : ndarray, shape (m, k)
        Errors of the neighbours there, % of range.
    final_neighbours : ndarray, shape (k,)
        Errors of the neighbours at the final epoch, % of range.
    n_validation : int
    final, best : int
        Stored epoch with the lowest validation loss (of the study's history), and with the lowest error of the target.
    explained : float
        Share of the path's squared distance from the origin that lies in the plane.
    walk : float or None
        What a random walk's principal plane would hold; None for a plane laid otherwise.
    """

    study: str
    target: str
    through: str
    x: FloatArray
    y: FloatArray
    val_loss: FloatArray
    error: FloatArray
    neighbour_errors: FloatArray
    measure: str
    epochs: NDArray[np.int64]
    path: FloatArray
    height: FloatArray
    path_val_loss: FloatArray
    path_error: FloatArray
    shadow_val_loss: FloatArray
    shadow_error: FloatArray
    shadow_neighbours: FloatArray
    final_neighbours: FloatArray
    n_validation: int
    final: int
    best: int
    explained: float
    walk: float | None

    name = "loss_plane"
    title = "Validation loss and error on a plane of weights"

    @property
    def neighbours(self) -> FloatArray:
        """Mean error of the neighbours, shape (n, n)."""
        return np.asarray(self.neighbour_errors.mean(axis=2))

    @property
    def step(self) -> float:
        """Diagonal between two points of the plane: what is closer is not told apart."""
        return float(np.hypot(self.x[1] - self.x[0], self.y[1] - self.y[0]))

    def row(self, epoch: int) -> int:
        """Index of an epoch."""
        return int(np.flatnonzero(self.epochs == epoch)[0])

    @property
    def computed(self) -> pd.DataFrame:
        """Everything computed on the plane: its points, then the places of the stored epochs (column ``epoch``)."""
        x, y = self.path.T
        columns = {"x": x, "y": y, "val_loss": self.shadow_val_loss, "error": self.shadow_error}
        drawn = pd.DataFrame({**columns, "neighbours": self.shadow_neighbours.mean(axis=1), "epoch": self.epochs})
        return pd.concat([self.frame.assign(epoch=0), drawn], ignore_index=True)

    def lowest(self, what: str) -> Lowest:
        """Where ``val_loss``, ``error`` or ``neighbours`` is lowest of all that was computed on the plane."""
        row = self.computed.iloc[self._lowest(what)]
        edge = any(not axis[0] < row[name] < axis[-1] for name, axis in (("x", self.x), ("y", self.y)))
        return Lowest(float(row["x"]), float(row["y"]), float(row[what]), edge, int(row["epoch"]) or None)

    def _lowest(self, what: str) -> int:
        """Its row in ``computed``."""
        return int(self.computed[what].to_numpy().argmin())

    def neighbour_change(self, seed: int = 0) -> Interval:
        """Mean error of the neighbours where the target's is lowest, minus that at the final epoch, % of range."""
        there = np.concatenate([self.neighbour_errors.reshape(self.error.size, -1), self.shadow_neighbours])
        change = there[self._lowest("error")] - self.final_neighbours
        return bootstrap(lambda c: float(c.mean()), change, seed=seed)

    @property
    def path_frame(self) -> pd.DataFrame:
        """One row per stored epoch: place, distance from the plane, error, and that of the network drawn there."""
        x, y = self.path.T
        columns = {"epoch": self.epochs, "x": x, "y": y, "height": self.height, "val_loss": self.path_val_loss}
        return pd.DataFrame({**columns, "error": self.path_error, "drawn_error": self.shadow_error})

    @property
    def frame(self) -> pd.DataFrame:
        """One row per point of the plane."""
        x, y = np.meshgrid(self.x, self.y)
        columns = {"x": x, "y": y, "val_loss": self.val_loss, "error": self.error, "neighbours": self.neighbours}
        return pd.DataFrame({k: v.ravel() for k, v in columns.items()})

    @property
    def table(self) -> pd.DataFrame:
        """Stored epochs of note, and the lowest points of the plane."""
        f, b = self.row(self.final), self.row(self.best)
        cells = {
            f"final (epoch {self.final})": (*self.path[f], self.path_val_loss[f], self.path_error[f]),
            f"best (epoch {self.best})": (*self.path[b], self.path_val_loss[b], self.path_error[b]),
            "   drawn there": (*self.path[b], self.shadow_val_loss[b], self.shadow_error[b]),
        }
        for label, what in (("lowest loss", "val_loss"), ("lowest error", "error")):
            cells[f"{label} of the plane"] = tuple(
                self.computed.loc[self._lowest(what), ["x", "y", "val_loss", "error"]].astype(float)
            )
        columns = ["x", "y", "validation loss", self.measure]
        table = pd.DataFrame(cells, index=columns).T
        formats = ("{:z.2f}", "{:z.2f}", "{:.4f}", "{:.2f}" if self.measure == "error (%)" else "{:.3f}")
        return pd.DataFrame({c: table[c].map(f.format) for c, f in zip(columns, formats, strict=True)})

    def to_dict(self) -> dict[str, Any]:
        """Lowest points, path, and how good a picture the plane is."""
        return {
            "study": self.study,
            "target": self.target,
            "through": self.through,
            "measure": self.measure,
            "explained": self.explained,
            "random_walk": number(self.walk),
            "lowest": {what: self.lowest(what)._asdict() for what in ("val_loss", "error", "neighbours")},
            "neighbour_change": self.neighbour_change().to_dict(),
            "epochs": self.path_frame.to_dict("records"),
        }

    @property
    def sentences(self) -> list[str]:
        """What the plane shows of the path, where the lowest points are, and whether neighbours agree."""
        return sentences(self)


def loss_plane(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    *,
    through: Sequence[int | Study] | None = None,
    first: int = 1,
    n_points: int = 15,
    n_validation: int = 400,
    k: int = 50,
) -> LossPlane:
    """Lay a plane through the stored networks of a study and compute what networks on it would predict.

    Parameters
    ----------
    study : Study
        With weights of three epochs or more; needs no dataset: validation curves are simulated again.
    target : Target, Experiment or MeasuredCurve
    through : three epochs, or studies of the same network, optional
        The plane runs through these networks (of a study: its final one), the first is its origin. By default it is
        that of the first two principal components of the path, with the final epoch as origin.
    first : int
        First epoch of the path.
    n_points : int
        Along each axis.
    n_validation : int
        Curves of the validation set.
    k : int
        Test samples around the target.

    Returns
    -------
    LossPlane

    Raises
    ------
    StudyError
        If there are too few weights, or the networks do not belong together.
    """
    if n_points < 3:
        raise StudyError(f"n_points = {n_points}: at least 3 expected")
    target = Target.of(target, study)
    epochs = [epoch for epoch in study.checkpoints if epoch >= first]
    if len(epochs) < 3:
        raise StudyError(f"{study.path}: weights of {len(epochs)} epochs from {first} on; a plane needs three")
    losses = study.history["val_loss"].to_numpy()
    final = min(epochs, key=lambda epoch: float(losses[epoch - 1]))
    f, m, at = epochs.index(final), len(epochs), n_points**2
    path = path_of(study, epochs)
    laid = lay_plane(study, path, f, through)
    margin = _MARGIN * np.ptp(laid.shown, axis=0)
    x, y = np.linspace(laid.shown.min(axis=0) - margin, laid.shown.max(axis=0) + margin, n_points).T
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    places = laid.plane.place(path)
    weights = np.concatenate([laid.plane.weights(points), path, laid.plane.weights(places)])
    val_loss, error, near, measure = evaluate(study, target, study.network(final), weights, n_validation, k)
    shape = (n_points, n_points)
    return LossPlane(
        study=study.config.name,
        target=target.name,
        through=laid.how,
        x=x,
        y=y,
        val_loss=val_loss[:at].reshape(shape),
        error=error[:at].reshape(shape),
        neighbour_errors=near[:at].reshape(*shape, -1),
        measure=measure,
        epochs=np.array(epochs),
        path=places,
        height=laid.plane.height(path),
        path_val_loss=val_loss[at : at + m],
        path_error=error[at : at + m],
        shadow_val_loss=val_loss[at + m :],
        shadow_error=error[at + m :],
        shadow_neighbours=near[at + m :],
        final_neighbours=near[at + f],
        n_validation=n_validation,
        final=final,
        best=epochs[int(error[at : at + m].argmin())],
        explained=laid.explained,
        walk=laid.walk,
    )
