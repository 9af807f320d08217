"""How densely a training set surrounds a point of parameter space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xrdlib.data import SPACE
from xrdlib.diagnostics.comparable import like_training
from xrdlib.diagnostics.training_set._coverage import Coverage
from xrdlib.diagnostics.training_set._yardstick import ROUNDING, yardstick
from xrdlib.diagnostics.training_set.note_rule import NoteRule
from xrdlib.simulation import StrainParameters, as_parameters
from xrdlib.training import Study

__all__ = ["BOXES", "RADII", "Coverage", "coverage", "coverage_of"]

FloatArray = NDArray[np.float64]

RADII = (0.1, 0.25, 0.5, 1.0, 2.0)
BOXES = (5.0, 10.0, 25.0)  # % of range to either side
_NOTE = NoteRule()
_PAIRS = 200_000_000  # of training and test samples: half a second
_CALIBRATION = 500  # test samples however large the training set is: intervals of at most 9 percentage points


def coverage(
    study: Study,
    parameters: ArrayLike | StrainParameters,
    *,
    k: int = 10,
    radii: Sequence[float] = RADII,
    boxes: Sequence[float] = BOXES,
    edge: float = 5.0,
    rule: NoteRule = _NOTE,
    predicted: bool = False,
) -> Coverage:
    """Neighbourhood of a point in a study's training set, beside those of the study's test samples.

    Parameters
    ----------
    study : Study
    parameters : StrainParameters or array_like, shape (7,)
        Lengths in A.
    k, radii, boxes, edge, rule, predicted
        As of `coverage_of`.

    Returns
    -------
    Coverage
    """
    # the test set that resembles the training set is the fair yardstick
    name = like_training(study)
    training = study.training_parameters
    settings = study.config.training
    found = coverage_of(
        training,
        parameters,
        study.test_predictions(name)[1][: max(_CALIBRATION, _PAIRS // max(len(training), 1))],
        k=k,
        radii=radii,
        boxes=boxes,
        edge=edge,
        rule=rule,
        predicted=predicted,
        calibration=name,
    )
    return replace(found, n_fresh=study.n_epochs * (settings.epoch_size or len(training)) if settings.fresh else 0)


_FURTHEST = 1e6  # ranges from the space, where single precision still tells near from far


def coverage_of(
    training: ArrayLike,
    parameters: ArrayLike | StrainParameters,
    others: ArrayLike,
    *,
    k: int = 10,
    radii: Sequence[float] = RADII,
    boxes: Sequence[float] = BOXES,
    edge: float = 5.0,
    rule: NoteRule = _NOTE,
    predicted: bool = False,
    calibration: str = "test",
) -> Coverage:
    """Neighbourhood of a point in any set of training samples, beside those of other points.

    Parameters
    ----------
    training : array_like, shape (n, 7)
        Lengths in A.
    parameters : StrainParameters or array_like, shape (7,)
        The point; it may lie outside the parameter space, which is then said.
    others : array_like, shape (m, 7)
        Points to compare with, drawn like the training samples but none of them; some hundreds.
    k : int
        Neighbours to report, at most n; the distance of the k-th decides between dense and sparse.
    radii : sequence of float
        In units of the parameters' ranges.
    boxes : sequence of float
        Half sides in % of range.
    edge : float
        % of range from an end within which a parameter is said to be at the edge.
    rule : NoteRule
        Thresholds of the verdict by absolute distances and counts; its radii are added to ``radii``.
    predicted : bool
        Whether the point is a prediction; only said in the text.
    calibration : str
        What ``others`` are, for the text.

    Returns
    -------
    Coverage

    Raises
    ------
    ValueError
        For k < 1 or more than there are training samples, radii or boxes that are not positive, an edge that is no
        percentage, and anything but rows of seven finite numbers.
    """
    samples, rows, point = _rows("training", training), _rows("others", others), _rows("parameters", parameters)
    if len(point) != 1:
        raise ValueError(f"parameters: one point of seven numbers expected, {len(point)} given")
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= len(samples):
        raise ValueError(f"k = {k}: a whole number from 1 to the {len(samples)} training samples expected")
    if not 0 <= edge <= 50:
        raise ValueError(f"edge = {edge}: a percentage of the range from 0 to 50 expected")
    wanted = _ascending("radii", [*radii, rule.radius, rule.sparse_radius])
    sides = _ascending("boxes", boxes)
    fractions, here = SPACE.normalise(samples), SPACE.normalise(point[0])
    apart = np.abs(fractions - here)
    distance = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    order = _smallest(distance, int(k))
    furthest = apart.max(axis=1)
    return Coverage(
        parameters=point[0],
        predicted=predicted,
        n_training=len(samples),
        nearest=samples[order],
        rows=order,
        distance=distance[order],
        radii=wanted,
        counts=np.array([np.count_nonzero(distance <= r + ROUNDING) for r in wanted]),
        value_gap=100 * apart.min(axis=0),
        boxes=sides,
        box_counts=np.array([np.count_nonzero(furthest <= side / 100 + ROUNDING) for side in sides], dtype=np.int64),
        edge=float(edge),
        rule=rule,
        yardstick=yardstick(calibration, fractions, SPACE.normalise(rows), int(k), wanted),
        violations=SPACE.violations(point[0]),
    )


def _rows(argument: str, values: ArrayLike | StrainParameters) -> FloatArray:
    """Rows of seven finite numbers, or an error that names the argument."""
    try:
        rows = as_parameters(values)
    except ValueError as error:
        raise ValueError(f"{argument}: {str(error).removeprefix('parameters: ')}") from None
    if len(rows) == 0:
        raise ValueError(f"{argument}: at least one row expected")
    if (furthest := float(np.abs(SPACE.normalise(rows)).max())) > _FURTHEST:
        raise ValueError(f"{argument}: {furthest:.1e} times a parameter's range away; lengths are in angstrom")
    return rows


def _ascending(argument: str, values: Sequence[float]) -> tuple[float, ...]:
    if not all(np.isfinite(v) and v > 0 for v in values):
        raise ValueError(f"{argument} = {tuple(values)}: positive numbers expected")
    return tuple(sorted({float(v) for v in values}))


def _smallest(distance: FloatArray, k: int) -> NDArray[np.int64]:
    """Rows of the k smallest, ascending; of equal ones the first."""
    candidates = np.flatnonzero(distance <= np.partition(distance, k - 1)[k - 1])
    return candidates[np.argsort(distance[candidates], kind="stable")][:k]
