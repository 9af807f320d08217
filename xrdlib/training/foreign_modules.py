"""What checkpoints of somebody's torch module read off curves."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from xrdlib._words import first_line
from xrdlib.data.space import SPACE
from xrdlib.training.config import StudyError
from xrdlib.training.foreign import in_angstrom

__all__ = ["track_checkpoints"]

FloatArray = NDArray[np.float64]

_NESTED = ("model_state_dict", "state_dict", "model", "net", "weights")
_WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and torch.compile


def track_checkpoints(
    module: nn.Module,
    files: Sequence[str | os.PathLike[str]],
    curves: ArrayLike,
    *,
    preprocess: Callable[[FloatArray], Any] | None = None,
    denormalise: Callable[[FloatArray], ArrayLike] | None = None,
    cm: bool = False,
    batch_size: int = 1024,
) -> FloatArray:
    """What each of several checkpoints of somebody's network reads off curves.

    Parameters
    ----------
    module : torch.nn.Module
        The network; its weights, and whether it is in training mode, are afterwards as they were.
    files : sequence of path
        Checkpoints as ``torch.save`` wrote them, of a ``state_dict`` or of a dict that holds one under
        ``model_state_dict``, ``state_dict``, ``model``, ``net`` or ``weights``. Read with ``weights_only=True``: a
        pickled module is refused.
    curves : array_like, shape (n, n_points)
        Intensities.
    preprocess : callable, optional
        Makes of the curves what the network takes, with the samples along the first axis; by default nothing is done.
    denormalise : callable, optional
        Makes of the network's output (n, 7) parameters; by default it is taken as fractions of `xrdlib.data.SPACE`.
    cm : bool
        Whether ``denormalise`` returns lengths in cm.
    batch_size : int
        Curves that the network reads at once.

    Returns
    -------
    ndarray, shape (n_files, n, 7)
        Lengths in A: as `Study.from_predictions` takes them, part by part.

    Raises
    ------
    StudyError
        If a file cannot be read or does not fit the module, or a prediction is not seven finite numbers.
    """
    rows = np.asarray(curves, dtype=np.float64)
    if rows.ndim != 2 or not len(rows):
        raise StudyError(f"curves: shape (n, n_points) expected, {rows.shape} given")
    if batch_size < 1 or not len(files):
        raise StudyError(f"batch_size = {batch_size}, {len(files)} files: at least 1 of each expected")
    if cm and denormalise is None:
        raise StudyError("cm = True: without denormalise the network's output has no unit")
    made = rows if preprocess is None else preprocess(rows)
    inputs = made if isinstance(made, Tensor) else torch.from_numpy(np.ascontiguousarray(made))
    if len(inputs) != len(rows):
        raise StudyError(f"preprocess: made {len(inputs)} inputs of {len(rows)} curves")
    like = next((p for p in module.parameters()), torch.zeros(0))
    inputs = inputs.to(like.device, like.dtype)
    predictions = []
    with _as_it_was(module):
        module.eval()
        for file in map(Path, files):
            _load_weights(module, file)
            with torch.no_grad():
                parts = [module(part) for part in torch.split(inputs, batch_size)]
            output = _output(parts, len(rows), file)
            values = SPACE.denormalise(output) if denormalise is None else np.asarray(denormalise(output), dtype=float)
            predictions.append(in_angstrom(values, f"{file}: predictions", (len(rows), 7), cm))
    return np.stack(predictions)


@contextmanager
def _as_it_was(module: nn.Module) -> Iterator[None]:
    weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
    modes = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        module.load_state_dict(weights)
        for part, mode in modes:
            part.training = mode


def _load_weights(module: nn.Module, file: Path) -> None:
    try:
        stored = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise StudyError(f"{file}: no such checkpoint") from None
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        raise StudyError(
            f"{file}: holds Python objects{f' ({named[1]})' if named else ''}, which may run any code when they are "
            "read, or is no checkpoint; save the weights alone: torch.save(module.state_dict(), path)"
        ) from None
    except Exception as error:
        raise StudyError(f"{file}: not a checkpoint of torch ({first_line(error)})") from None
    weights = _state_dict(stored, file)
    wanted = module.state_dict()
    both = wanted.keys() & weights.keys()
    problems = [
        f"{what} {', '.join(sorted(names)[:5])}{' ...' if len(names) > 5 else ''}"
        for what, names in (
            ("lacks", wanted.keys() - weights.keys()),
            ("has besides", weights.keys() - wanted.keys()),
            ("has of another shape", {k for k in both if wanted[k].shape != weights[k].shape}),
        )
        if names
    ]
    if problems:
        raise StudyError(f"{file}: weights of another network than module; the file {'; '.join(problems)}")
    module.load_state_dict(weights)


def _state_dict(stored: Any, file: Path) -> dict[str, Tensor]:
    """The weights in what a file holds, wherever they are."""
    found = stored
    while isinstance(found, Mapping) and (key := next((k for k in _NESTED if isinstance(found.get(k), Mapping)), None)):
        found = found[key]
    if not isinstance(found, Mapping) or not found or not all(isinstance(v, Tensor) for v in found.values()):
        held = f"the keys {', '.join(map(str, found))}" if isinstance(found, Mapping) else f"a {type(found).__name__}"
        raise StudyError(
            f"{file}: no weights; it holds {held}, a state_dict or one under {', '.join(_NESTED)} expected"
        )
    weights = dict(found)
    for prefix in _WRAPPERS:
        if all(k.startswith(prefix) for k in weights):
            weights = {k.removeprefix(prefix): v for k, v in weights.items()}
    return weights


def _output(parts: list[Any], n: int, file: Path) -> FloatArray:
    if not all(isinstance(part, Tensor) for part in parts):
        raise StudyError(f"{file}: the module returned a {type(parts[0]).__name__}, one tensor (n, 7) expected")
    output = torch.cat(parts).double().cpu().numpy()
    if output.shape != (n, 7):
        raise StudyError(f"{file}: the module returned shape {output.shape} for {n} curves, ({n}, 7) expected")
    return output
