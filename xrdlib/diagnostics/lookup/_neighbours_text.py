"""What the comparison with nearest neighbours means, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xrdlib.data import SPACE
from xrdlib.diagnostics.lookup._background import REALISTIC
from xrdlib.diagnostics.lookup._lookup import MEANS
from xrdlib.metrics import parameter_error
from xrdlib.simulation import PARAMETERS

if TYPE_CHECKING:
    from xrdlib.diagnostics.lookup._neighbour_scores import NeighbourTest
    from xrdlib.diagnostics.lookup._neighbours import Neighbours
    from xrdlib.diagnostics.target import Nuisances

__all__ = ["sentences"]

_HARDLY = 0.8  # scatter of the nearest curves over that of all training samples

_NOTE = {
    "neighbours": "coverage is good and the model does not interpolate well",
    "network": "coverage is sparse and the model extrapolates",
}


def sentences(n: Neighbours) -> list[str]:
    """For `Neighbours.sentences`."""
    said = [_looked_up(n), *_fitted(n), _note(n), *_far_tail(n), _means(n), _parameters(n), *_as_trained(n)]
    if n.test is None:
        said.append("Too few test samples, or none asked for, to say what is usual.")
    else:
        said += [_place(n, n.test), _reading(n.test), *_usual(n.test)]
    return [*said, _spread(n)]


def _looked_up(n: Neighbours) -> str:
    some = "all" if n.n_library == n.n_training else f"{n.n_library} of"
    how = ", each counting by 1 / distance," if n.weighted and n.k > 1 else ""
    who = "the nearest training sample answers" if n.k == 1 else f"the {n.k} nearest training samples{how} answer"
    point = "around the chosen prediction, for the truth is unknown" if n.predicted else "found with the truth in hand"
    under = f", background {n.background:.1e} of the peak" if n.background > 0 else ""
    same = " The very point is in the training set." if n.lookups["parameters"].distance[0] == 0 else ""
    return (
        f"Instead of the network {who}: by curve (of {some} {n.n_training} training curves, re-simulated with this "
        f"one's resolution and disorder{under}), or by parameters ({point}).{same}"
    )


def _fitted(n: Neighbours) -> list[str]:
    """Where resolution and disorder come from, if they were not known."""
    one, theirs = n.nuisances, n.found.nuisances
    if not one.fitted:
        return []
    edge = f"; at the edge of what was tried: {', '.join(one.at_edge)}" if one.at_edge else ""
    return [
        f"They are fitted to the library curves that come closest, the network has no say in it: {_values(one)}{edge}. "
        f"Answers by parameters and the network's have {_values(theirs)}, fitted to the network's predictions."
    ]


def _values(n: Nuisances) -> str:
    return f"{n.fwhm:g} arcsec, Lorentz fraction {n.lorentz_fraction:g}, disorder {n.disorder:g}"


def _note(n: Neighbours) -> str:
    what = "the sample's curve" if n.k == 1 else f"the mean curve of the {n.k} nearest by parameters"
    word = "closer" if n.verdict == "neighbours" else "no closer"
    return (
        f"The note's comparison: {what} misses the curve by {n.note_error:.3f} (RMSE of log10 intensity), the network "
        f"at final by {n.network_error:.3f}. Neighbours come {word}; the note concludes that {_NOTE[n.verdict]}."
    )


def _far_tail(n: Neighbours) -> list[str]:
    seen = n.with_background
    if seen is None:
        return []
    ours, network = seen.nearest["parameters", MEANS[1]], seen.network["final"]
    others = ", ".join(f"{mean} {seen.nearest['parameters', mean]:.3f}" for mean in (MEANS[0], MEANS[2]))
    text = (
        f"A diffractometer does not see all of the tail: with a background of {seen.level:g} of the peak on the curve "
        f"(and fitted to all answers) it is {ours:.3f} against {network:.3f} ({others})."
    )
    word = "closer" if n.seen_verdict == "neighbours" else "no closer"
    if n.seen_verdict == n.verdict:
        return [f"{text} Neighbours come {word} with it, too."]
    return [
        f"{text} Neighbours then come {word}, so that the verdict depends on what lies below the background; from this "
        f"one the note would conclude that {_NOTE[n.seen_verdict]}."
    ]


def _means(n: Neighbours) -> str:
    rmse = {mean: float(n.answers["parameters", n.weighted].misfits[mean].rmse[n.k - 1]) for mean in MEANS}
    if n.k == 1:
        return "With one neighbour the mean curve and the curve of the mean parameters are the same."
    values = ", ".join(f"{mean} {value:.3f}" for mean, value in rmse.items())
    best = min(rmse, key=lambda mean: rmse[mean])
    verdicts = {value < n.network_error for value in rmse.values()}
    text = f"Averaging curves is not averaging parameters, for fringes of unequal samples do not add up: {values}; "
    return text + (
        f"the verdict depends on which is meant, the best is the {best}."
        if len(verdicts) > 1
        else f"the best is the {best}, and the verdict is the same for all three."
    )


def _parameters(n: Neighbours) -> str:
    answer, i = n.answers["curve", n.weighted], n.k - 1
    final = n.found.row(n.found.final)
    if answer.errors is None or n.found.errors is None:
        apart = parameter_error(answer.parameters[i], n.found.predictions[n.found.row(n.found.chosen)], SPACE.range)
        most = int(apart.argmax())
        return (
            f"The mean parameters of the nearest by curve differ from the chosen prediction by {apart.mean():.1f} % of "
            f"range on average, most in {PARAMETERS[most]} ({apart[most]:.0f} %); which is right cannot be said "
            "without the truth."
        )
    ours, theirs = answer.errors[i], n.found.errors[final]
    better = [p for p, a, b in zip(PARAMETERS, ours, theirs, strict=True) if a < b]
    which = f"they are better in {', '.join(better)}" if better else "they are better in none of the parameters"
    return (
        f"The mean parameters of the nearest by curve err by {ours.mean():.1f} % of range, the network at final by "
        f"{theirs.mean():.1f}: {which}. One curve, so this may be luck."
    )


def _as_trained(n: Neighbours) -> list[str]:
    """What the look-up owes to knowing the instrument."""
    if "curve as trained" not in n.lookups:
        return []
    matched, plain = (n.answers[space, n.weighted] for space in ("curve", "curve as trained"))
    i = n.k - 1
    text = (
        "The look-up has resolution, disorder and background fitted to this curve"
        if n.nuisances.fitted
        else "The look-up knows this curve's resolution, disorder and background"
    )
    text += "; among the training curves as the network"
    if matched.errors is None or plain.errors is None or n.found.errors is None:
        apart = parameter_error(matched.parameters[i], plain.parameters[i], SPACE.range).mean()
        return [f"{text} saw them its mean parameters are others, by {apart:.1f} % of range."]
    ours, unaided = matched.errors[i].mean(), plain.errors[i].mean()
    network = n.found.errors[n.found.row(n.found.final)].mean()
    text += f" saw them its parameters err by {unaided:.1f} instead of {ours:.1f} % of range"
    if ours < network <= unaided:
        what = "an instrument fitted to the curve" if n.nuisances.fitted else "knowing the instrument"
        return [f"{text}: what beats the network here is {what}, not a better interpolation."]
    if unaided < network:
        return [f"{text}, still less than the network's {network:.1f}."]
    return [f"{text} (network {network:.1f})."]


def _place(n: Neighbours, test: NeighbourTest) -> str:
    assert n.sparser is not None
    # the note's conclusion, held against the density itself
    place = "sparse" if n.sparser < 25 else "dense" if n.sparser > 75 else "ordinary"
    right, seen = ({"neighbours": "dense", "network": "sparse"}[v] == place for v in (n.verdict, n.seen_verdict))
    only = "" if right == seen else f" only {'without' if right else 'with'} a background"
    agrees = f"agrees with the note's conclusion{only}" if right or seen else "does not bear out the note's conclusion"
    here = "the chosen prediction" if n.predicted else "this point"
    return (
        f"The density itself: around {n.sparser:.0f} % of the {test.n} {test.test_set} test samples the training set "
        f"is sparser than around {here}, which makes it {place}. That {agrees}."
    )


def _reading(test: NeighbourTest) -> str:
    plain, seen = (_by_density(test, background=background) for background in (False, True))
    n_curves = test.mean_curve_better.size
    text = (
        f"Over {n_curves} test samples the note's mean curve beats the network in {plain}; with a background of "
        f"{REALISTIC:g} of the peak, in {seen}."
    )
    gaps = [test.contrast(note=True, background=background) for background in (False, True)]
    if np.isnan(gaps[0].value):
        return f"{text} These are too few to compare dense with sparse regions."
    undecided = f"undecided with {n_curves} samples (the difference may be chance)"
    first, second = (
        "supported" if gap.low > 0 else "the wrong way round" if gap.high < 0 else undecided for gap in gaps
    )
    judged = first if first == second else f"{first} without, {second} with the background"
    return f"{text} The note's reading is {judged}."


def _by_density(test: NeighbourTest, *, background: bool) -> str:
    which = {"note": True, "background": background}
    overall, gap = 100 * test.won(**which).mean(), test.contrast(**which)
    if np.isnan(gap.value):
        return f"{overall:.0f} %"
    dense, sparse = (test.share_of(third, **which) for third in (0, 2))
    return (
        f"{overall:.0f} % ({dense.value:.0f} % where the training set is densest, {sparse.value:.0f} % where it is "
        f"sparsest, a difference of {gap:.0f} points)"
    )


def _usual(test: NeighbourTest) -> list[str]:
    gap, share = test.advantage[-1], test.share
    network, tuned = test.network.mean(), test.tuned.mean()
    who = (
        "the network reads better" if gap.low > 0 else
        "the look-up reads better" if gap.high < 0 else
        "neither is better beyond chance"
    )  # fmt: skip
    ks = " and ".join(str(k) for k in sorted({k for k, _ in test.choices}))
    low, high = sorted((abs(gap.low), abs(gap.high)))
    by = f"by {abs(gap.value):.1f} ({low:.1f} to {high:.1f})" if gap.excludes(0) else f"the difference is {gap:.1f}"
    said = [
        f"Without the truth, over {test.n} {test.test_set} test samples: the nearest by curve err by {tuned:.1f} % of "
        f"range (number of neighbours, {ks}, chosen on the other half of them), the network by {network:.1f}; "
        f"{who}, {by}."
    ]
    by_name = list(zip(PARAMETERS, test.advantage[:-1], strict=True))
    wins = [name for name, interval in by_name if interval.high < 0]
    ties = [name for name, interval in by_name if not interval.excludes(0)]
    parts = [f"it is better in {', '.join(wins)}"] if wins else ["it is better in no parameter"]
    parts += [f"as good in {', '.join(ties)}"] if ties else []
    gap = test.contrast()
    density = (
        "dense and sparse regions cannot be compared"
        if np.isnan(gap.value)
        else f"in the densest third {test.share_of(0):.0f} %, in the sparsest {test.share_of(2):.0f} %"
    )
    said.append(f"The look-up wins on {share:.0f} % of them ({density}); {', '.join(parts)}.")
    if test.n_library < test.n_training:
        said.append(
            f"With all {test.n_training} training curves instead of {test.n_library} its error with k = {test.k} would "
            f"be about {test.full:.1f} instead of {test.by_curve.mean():.1f} (a power law, extrapolated)."
        )
    return said


def _spread(n: Neighbours) -> str:
    ratio = n.spread / np.maximum(n.training_spread, 1e-12)
    size = min(len(n.lookups["curve"].distance), 20)
    order = np.argsort(ratio)
    least, most = order[0], order[-1]
    hardly = [PARAMETERS[i] for i in range(len(PARAMETERS)) if ratio[i] > _HARDLY]
    text = (
        f"The {size} nearest by curve agree best on {PARAMETERS[least]} (scatter {n.spread[least]:.0f} % of range, "
        f"all training samples {n.training_spread[least]:.0f}) and least on {PARAMETERS[most]} ({n.spread[most]:.0f} "
        f"against {n.training_spread[most]:.0f})"
    )
    if hardly:
        return f"{text}: a look-up among so many curves hardly tells {', '.join(hardly)}."
    return f"{text}."
