"""Is a curve inside the distribution of a study's training curves, as a curve?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xrdlib.data import Experiment, MeasuredCurve
from xrdlib.diagnostics.gap._angles import stretches, z_scores
from xrdlib.diagnostics.gap._gap import DECIDING, Gap
from xrdlib.diagnostics.gap._novelty import Novelty, combined, extremes
from xrdlib.diagnostics.gap._properties import covered
from xrdlib.diagnostics.lookup._library import trained_inputs, training_library
from xrdlib.diagnostics.lookup._lookup import Inputs
from xrdlib.diagnostics.target import Target
from xrdlib.training import Study

__all__ = ["Gap", "held_out_curves", "measurement_gap"]

FloatArray = NDArray[np.float64]

_PER_INSTRUMENT = 4  # held-out curves that share a resolution: nearly independent
_AROUND = 150  # held-out curves near this one, whose differences at each angle are the yardstick
_SHOWN = 5


def measurement_gap(
    study: Study,
    target: Target | Experiment | MeasuredCurve,
    *,
    alpha: float = 0.05,
    n_library: int = 3000,
    n_held_out: int = 500,
    seed: int = 0,
) -> Gap:
    """Compare a curve with training curves, and its distance from them with that of held-out simulated curves.

    All curves are as the network sees them: log10 of intensity over the peak, on the study's scan, simulated through
    the study's own measurement model if it has one. Three distances decide, together: what principal components of
    the training curves leave of the curve, how far it is from the nearest training curve in eight properties that an
    instrument leaves on it (`PROPERTIES`), and the most extreme of these. Their p value counts held-out curves that are
    as far, the curve itself included: a curve that is drawn as they were is called outside in a share ``alpha`` of
    cases, whatever the distances are like. The network takes no part.

    Parameters
    ----------
    study : Study
    target : Target, Experiment or MeasuredCurve
    alpha : float
        Level below which p calls the curve outside.
    n_library : int
        Training curves to compare with, simulated anew; drawn at random.
    n_held_out : int
        Curves to calibrate with: other samples of the training set, at most a third of it.
    seed : int
        Of all draws.

    Returns
    -------
    Gap

    Raises
    ------
    ValueError
        If ``alpha`` is no level, a number is too small, or a measured curve does not cover what the network needs.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha = {alpha}: a level above 0 and below 1 expected")
    for name, value, least in (("n_library", n_library, 10), ("n_held_out", n_held_out, 10)):
        if value < least:
            raise ValueError(f"{name} = {value}: at least {least} expected")
    n_training = len(study.training_parameters)
    if n_training < 3:
        raise ValueError(f"study {study.config.name}: {n_training} training samples, 3 at least are needed")
    target = Target.of(target, study)
    curve = target.inputs(study)
    n_held = min(n_held_out, n_training // 3)
    library = training_library(study, min(n_library, n_training - n_held), seed)
    held = held_out_curves(study, library.others[:n_held], seed)
    angle = study.config.dataset.scan.angle
    novelty = Novelty(library.inputs, angle)
    own, theirs = novelty(curve), novelty(held)
    distances = {
        name: (float(getattr(own, name)[0]), getattr(theirs, name))
        for name in ("nearest", "density", "residual", "properties")
    }
    most, usual = (extremes(v, theirs.values) for v in (own.values, theirs.values))
    distances["extreme"] = (float(most[0]), usual)
    # noise-free curves have one instrument, which every new one has, too
    group = np.arange(n_held) // (1 if study.config.measurement is None else _PER_INSTRUMENT)
    pairs = [distances[name] for name in DECIDING]
    p_value, count = combined(np.array([v for v, _ in pairs]), np.column_stack([v for _, v in pairs]), group)
    off = curve[0] - library.inputs[own.index[0]].mean(axis=0)
    # those that look most like this curve: elsewhere fringes are different, and so is their spread
    close = np.argsort(np.square(held - curve).mean(axis=1), kind="stable")[:_AROUND]
    apart = held[close] - library.inputs[theirs.index[close]].mean(axis=1)
    z, others = z_scores(off.astype(np.float64), apart.astype(np.float64))
    found = Gap(
        study=study.config.name,
        target=target.name,
        measured=isinstance(target.source, MeasuredCurve),
        aware=study.config.measurement is not None,
        alpha=alpha,
        n_training=n_training,
        n_library=len(library.inputs),
        p_value=p_value,
        n_as_far=count,
        distances=distances,
        values=own.values[0],
        group=group,
        held_values=theirs.values,
        without=None,
        angle=angle,
        curve=curve[0].astype(np.float64),
        n_covered=int(covered(curve)[0]),
        nearest=library.inputs[own.index[0, :_SHOWN]].astype(np.float64),
        usual=curve[0] - off + np.quantile(apart, [0.05, 0.95], axis=0),
        z=z,
        stretches=tuple(stretches(curve[0], angle, z, others)),
    )
    outside = found.outside_properties
    if not outside.any():
        return found
    rest, usual = (novelty.apart(v, ~outside) for v in (own.values, theirs.values))
    return replace(found, without=float((1 + np.sum(usual >= rest[0])) / (1 + usual.size)))


def held_out_curves(study: Study, parameters: FloatArray, seed: int = 0) -> Inputs:
    """Curves of parameters (n, 7) as the network sees its own, each few with an instrument of their own."""
    config = study.config
    if config.measurement is not None:
        config = replace(config, measurement=replace(config.measurement, curves_per_instrument=_PER_INSTRUMENT))
    return trained_inputs(parameters, config, np.random.default_rng([seed, 1]))
