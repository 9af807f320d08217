"""Would looking up the nearest known curves do as well as the network?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import SPACE, Experiment, MeasuredCurve
from xrdlib.diagnostics.checkpoints import Checkpoints, checkpoints
from xrdlib.diagnostics.lookup._background import with_background
from xrdlib.diagnostics.lookup._library import (
    clean_curves,
    covered_by,
    fitted_background,
    library_nuisances,
    training_library,
)
from xrdlib.diagnostics.lookup._lookup import Inputs, Lookup, averages, nearest_curves
from xrdlib.diagnostics.lookup._neighbour_samples import DENSITY, neighbour_test
from xrdlib.diagnostics.lookup._neighbours import Neighbours
from xrdlib.diagnostics.target import Nuisances, Target
from xrdlib.training import Study, StudyConfig

__all__ = ["SPACES", "Neighbours", "neighbour_baseline"]

FloatArray = NDArray[np.float64]

SPACES = ("curve", "curve as trained", "parameters")
_KEPT = 50  # neighbours for which every answer is worked out
_FIRST = 7  # one in so many curves is for the fit of resolution and disorder
SPREAD = 20  # neighbours whose scatter is reported


def neighbour_baseline(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    *,
    k: int = 5,
    weighted: bool = False,
    found: Checkpoints | None = None,
    n_curves: int = 7000,
    n_test: int = 300,
    n_compared: int = 200,
    seed: int = 0,
) -> Neighbours:
    """Answer with the k nearest training samples, and compare with the network; for a target and over test samples.

    Nearest by parameters is the note's test: it needs the truth, or, that being unknown, stands around the chosen
    prediction. Nearest by curve (RMSE of log10 intensity, as the network sees curves) needs no truth. For the target
    the training curves are re-simulated with its own resolution, disorder and background (known, or fitted to the
    library curves that come closest, without the network): they know more of the instrument than the network does,
    which a second look-up among the training curves as the network saw them shows. For the test samples they are as
    they were in training, too.

    What misses a noise-free curve by much may do so where no diffractometer looks. For a virtual experiment with less
    background than 1e-3 of the peak the answers are compared again with that much.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    k : int
    weighted : bool
        Neighbours count by 1 / distance, and those at distance 0 alone.
    found : Checkpoints, optional
        Of the same study and target, where already known.
    n_curves : int
        Curves to simulate for the look-up; half each for target and test samples unless these need the same ones. Of a
        larger training set so many are drawn at random. Where resolution and disorder are unknown, a seventh of the
        number goes into their fit.
    n_test : int
        Test samples; 0 leaves this comparison out.
    n_compared : int
        So many of them take part in the note's comparison; each costs k + 1 curves more.
    seed : int
        Of both draws.

    Returns
    -------
    Neighbours

    Raises
    ------
    ValueError
        If there are fewer than ``k`` curves to look up, or a number is out of range.
    """
    target = Target.of(target, study)
    found = checkpoints(study, target) if found is None else found
    training = study.training_parameters
    for name, value, least in (
        ("k", k, 1),
        ("n_curves", n_curves, 2),
        ("n_test", n_test, 0),
        ("n_compared", n_compared, 1),
    ):
        if value < least:
            raise ValueError(f"{name} = {value}: at least {least} expected")
    shared = _as_in_training(study.config, target)
    n_first = n_curves // _FIRST if target.nuisances is None else 0
    n = min(n_curves if shared else (n_curves - n_first) // 2, len(training))
    if k > n:
        raise ValueError(f"k = {k}: 1 to {n} expected, the training curves that are looked up")
    rng = np.random.default_rng(seed)
    library = training[rng.permutation(len(training))[:n]]
    kept = min(max(k, _KEPT), n)
    nuisances = target.nuisances or library_nuisances(study, target, library[: max(n_first, k)])
    near, background, inputs = _by_curve(study, target, nuisances, library, kept)
    around = _by_parameters(study, target, found, max(kept, DENSITY))
    lookups = {"curve": near}
    if not shared:
        drawn = training_library(study, n, seed)
        inputs, rng = drawn.inputs, drawn.rng
        index, distance = nearest_curves(target.inputs(study)[0], inputs, kept)
        lookups["curve as trained"] = Lookup.of(library[index], distance, target, nuisances, study.config)
    lookups["parameters"] = around.first(kept)
    # around a prediction: with what was fitted to the network's predictions, or the network would be at a disadvantage
    instruments = {space: found.nuisances if space == "parameters" else nuisances for space in lookups}
    test = None
    if n_test > 0:
        test = neighbour_test(
            study, library, inputs, k=k, weighted=weighted, n_test=n_test, n_compared=n_compared, rng=rng
        )
    density = around.distance[:DENSITY][-1]
    return Neighbours(
        target=target,
        found=found,
        k=k,
        weighted=weighted,
        lookups=lookups,
        answers={
            (space, w): averages(lookups[space], target, instruments[space], study.config, weighted=w)
            for space in lookups
            for w in (False, True)
        },
        nuisances=nuisances,
        background=background,
        with_background=with_background(
            target,
            found,
            {space: (lookup.first(k), instruments[space]) for space, lookup in lookups.items()},
            study.config,
            weighted=weighted,
        ),
        n_library=n,
        n_training=len(training),
        spread=_spread(near.parameters[:SPREAD]),
        training_spread=_spread(training),
        test=test,
        sparser=None if test is None else float(100 * np.mean(test.density > density)),
    )


def _as_in_training(config: StudyConfig, target: Target) -> bool:
    """Whether the target's own library is the one the network was trained on."""
    plain, source = target.nuisances == Nuisances(), target.source
    return config.measurement is None and plain and isinstance(source, Experiment) and source.instrument.background == 0


def _by_curve(
    study: Study, target: Target, nuisances: Nuisances, library: FloatArray, k: int
) -> tuple[Lookup, float, Inputs]:
    """Nearest by curve, the background that was added to the library, and the library as the network would see it."""
    config, query = study.config, target.inputs(study)[0]
    curves, covered = clean_curves(library, nuisances, config), covered_by(target, config)
    if isinstance(target.source, Experiment):
        background = target.source.instrument.background
    else:
        background = fitted_background(target, query, nuisances, (library, curves), config)
    inputs = config.preprocess(curves + np.float32(background))
    index, distance = nearest_curves(query[covered], inputs[:, covered], k)
    return Lookup.of(library[index], distance, target, nuisances, config), background, inputs


def _by_parameters(study: Study, target: Target, found: Checkpoints, k: int) -> Lookup:
    training = study.training_parameters
    distance = np.sqrt(np.square(SPACE.normalise(training) - SPACE.normalise(found.point)).sum(axis=1))
    index = np.argsort(distance, kind="stable")[:k]
    return Lookup.of(training[index], distance[index], target, found.nuisances, study.config)


def _spread(parameters: FloatArray) -> FloatArray:
    return np.asarray(100 * SPACE.normalise(parameters).std(axis=0))
