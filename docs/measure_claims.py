"""Measure what the lab's note claims, on the shipped studies: ``python docs/measure_claims.py > docs/claims.md``.

Every number in the table is computed here; the words beside it are ours, and `tests/test_claims.py` prints the page again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from xrdlib.data import LAB, LAB_EXPERIMENT, SPACE
from xrdlib.diagnostics import (
    Checkpoints,
    Target,
    bias_variance,
    checkpoints,
    compare_checkpoints,
    compare_samplings,
    compare_trainings,
    coverage,
    density_effect,
    identifiability,
    loss_plane,
    luck,
    neighbour_baseline,
    parameter_bins,
    perturb,
    reconstruction,
    sensitivity,
    track,
    variation,
)
from xrdlib.diagnostics._intervals import Interval
from xrdlib.simulation import PARAMETERS
from xrdlib.training import Study, reference_replicas, reference_study

HEAD = """# What the lab's note claims, and what we measured

One row for every check, test and sentence of *Why Model Performance Diverges on Specific Experiments* that can be tested.
Printed by `python docs/measure_claims.py` from the shipped studies (`lab`: 10 000 noise-free curves; `measured`: 64 000
measured-like ones) and the shipped replicas of `lab`; the experiment is the lab's. Errors are in % of a parameter's range,
intervals 95 %; what each means, and what it leaves out, is in the notebook named. The papers the note cites are in
[literature.md](literature.md); what its five solutions are worth is in [remedies.md](remedies.md), its decision tree in
notebook 12.

In one paragraph: the phenomenon is real and ordinary. Most test samples have an epoch that reads them better than the final
one, and the best of 80 wobbling numbers is better than the last by about as much as the lab saw. Which *training* one
happens to have matters far more than which late epoch of it. Neither coverage nor bins nor the loss landscape explains this
experiment's loss; the note's radii call every place well covered; its ranking of sensitivities is not found. What does
matter is what the network was trained on: noise-free curves do not teach it to read measured ones.
"""


class Row(NamedTuple):
    """A line of the table."""

    claim: str
    measured: str
    verdict: str
    notebook: str


def _i(interval: Interval, digits: int = 2, unit: str = "") -> str:
    return f"{interval:.{digits}f}{unit}"


def _percent(share: Interval) -> str:
    return _i(Interval(*(100 * value for value in share)), 0)


def _found(study: Study, name: str) -> Checkpoints:
    experiment = next(e for e in study.config.experiments if e.name == name)
    return checkpoints(study, Target.of(experiment, study))


def _phenomenon(lab: Study, measured: Study) -> Iterator[Row]:
    found = _found(lab, "lab")
    tracked = track(lab, found, Target.of(LAB, lab))
    chance = luck(lab, LAB, found)
    runs = variation(reference_replicas("lab"), "lab", study=lab)
    family = runs.sources["all"]
    assert found.error is not None
    assert tracked.regret is not None
    percentile = tracked.regret_rank
    assert percentile is not None
    yield Row(
        "Epoch N reads the experiment almost perfectly; epoch M has the lower validation loss and reads it worse",
        f"ideal (epoch {found.ideal}) {found.error.min():.2f}, final (epoch {found.final}) "
        f"{found.error[found.row(found.final)]:.2f}: a regret of {tracked.regret:.2f}, larger than that of "
        f"{_i(percentile, 0)} % of the {tracked.test_set} test samples and {_i(tracked.other_rank, 0)} % of the "
        f"{tracked.other_set} ones",
        "True, ordinary, and neither is almost perfect",
        "06",
    )
    drawn = np.percentile(chance.wobble.drawn, [2.5, 97.5])
    yield Row(
        "(not considered: luck)",
        f"an error that never rises but wobbles like this one has a regret of {chance.wobble.drawn.mean():.2f} "
        f"({drawn[0]:.2f} to {drawn[1]:.2f}) after 80 epochs; seen: {tracked.regret:.2f}",
        "The regret cannot be told from the best of 80",
        "06",
    )
    final = runs.final_error[family]
    yield Row(
        "(not considered: another training)",
        f"six seeds, same data: final errs by {final.min():.1f} to {final.max():.1f} on the experiment, at validation losses of "
        f"{runs.val_loss[family].min(axis=1).min():.4f} to {runs.val_loss[family].min(axis=1).max():.4f}; ideal is epoch "
        f"{', '.join(map(str, sorted(runs.ideal[family])))}",
        "Which training matters more than which epoch",
        "07",
    )
    blind, aware = (_found(study, "lab_measured_1") for study in (lab, measured))
    assert blind.error is not None
    assert aware.error is not None
    yield Row(
        '"This is NOT a dataset problem"',
        f"the same sample through a diffractometer (`lab_measured_1`): final errs by {blind.error[blind.row(blind.final)]:.1f} "
        f"in `lab`, by {aware.error[aware.row(aware.final)]:.1f} in `measured`, which was trained on measured-like curves "
        f"(and on more of them); best epochs {blind.error.min():.1f} and {aware.error.min():.1f}",
        "False for measured curves: what a network was trained on decides (kind and number of curves not told apart)",
        "06",
    )


def _averages(lab: Study) -> Iterator[Row]:
    found = _found(lab, "lab")
    comparison = compare_checkpoints(lab, found=found)
    step = comparison.steps[0]
    grid, uniform = step.shares["grid"], step.shares["uniform"]
    yield Row(
        "Final improves on 95 % of samples while getting worse on 5 %",
        f"from ideal ({step.before}) to final ({step.after}): grid {_i(grid.better, 0)} % better, {_i(grid.worse, 0)} % worse, "
        f"by more than 1 % of range {grid.clearly_better.value:.0f} and {grid.clearly_worse.value:.0f} %; uniform "
        f"{uniform.better.value:.0f} and {uniform.worse.value:.0f} %",
        "True in kind, not in number: a third gets worse",
        "05",
    )
    measures = {m.name: m for m in comparison.measures}

    def pair(name: str, digits: int) -> str:
        values = measures[name].values
        return f"{values[0]:.{digits}f} against {values[1]:.{digits}f}"

    curve, profile = measures["curve_mae"].lead, measures["profile_error"].lead
    assert curve is not None
    assert profile is not None
    yield Row(
        "Check 4: final has the better validation loss, parameter and curve MAE, ideal the better profile and experiment",
        f"final against ideal: validation loss {pair('val_loss', 4)}; test samples: parameters {pair('parameter_error', 2)}, "
        f"curves (MAE of log10) {pair('curve_mae', 3)} (difference {_i(curve, 3)}), profiles (1e-3) "
        f"{pair('profile_error', 2)} (difference {_i(profile)}); experiment: parameters {pair('experiment_error', 2)}",
        "Final wins everything measured on many samples, profiles too; the experiment's number was picked",
        "05",
    )
    yield Row(
        "Over-fitting to training data would show in the gap between training and validation loss",
        f"training minus validation loss: final {measures['loss_gap'].values[0]:+.4f}, ideal "
        f"{measures['loss_gap'].values[1]:+.4f}, with 20 % dropout in the training loss only",
        "No such gap, but this gap with dropout is no test",
        "05",
    )
    trainings = compare_trainings(
        reference_replicas("lab"), reference_replicas("lab_weighted"), names=("plain", "weighted")
    )
    d = trainings.differences
    yield Row(
        "Unweighted or weighted loss (its file names compare them)",
        f"weighted (D02, L2, Rp2 twice; our choice) minus plain, six seeds each: experiment at final "
        f"{d['lab, error at final']:+.2f}, its regret {d['lab, regret']:+.2f}, grid test samples "
        f"{d['grid test set, error near final']:+.2f}",
        "No effect on the experiment within the scatter of seeds; a little worse on average",
        "07",
    )


def _data(lab: Study, measured: Study) -> Iterator[Row]:
    samplings = compare_samplings()
    qualities = samplings.qualities
    ratios = {
        name: sorted((r.value, p) for r, p in zip(q.ratios, PARAMETERS, strict=True)) for name, q in qualities.items()
    }
    near = int((np.abs(samplings.definitions["value"] / 4.26 - 1) < 0.02).sum())
    yield Row(
        "Nested constraints give a 4.26x imbalance",
        "largest over smallest third, 10 000 samples: "
        + "; ".join(f"{name} {r[-1][1]} {r[-1][0]:.1f}, others at most {r[-2][0]:.1f}" for name, r in ratios.items())
        + f". Of {len(samplings.definitions)} ways to count, {near} come within 2 % of 4.26",
        "Imbalance true, the number not identified; over its strata the stratified grid is even",
        "04",
    )
    here = {study.config.name: coverage(study, LAB_EXPERIMENT) for study in (lab, measured)}
    yield Row(
        "The experiment is likely in a sparse or edge region",
        "; ".join(
            f"`{name}`: the 10th neighbour is nearer for {c.distance_percentile:.0f} % of test samples ({c.place})"
            for name, c in here.items()
        )
        + "; D01 and Rp2 are within 5 % of an end, as some parameter of "
        + " and ".join(f"{_i(c.edge_interval, 0)}" for c in here.values())
        + " % of test samples is",
        "Not in `lab`; in `measured`, yes, where its regret is small",
        "04",
    )
    edges = {study.config.name: density_effect(study).correlations["edge"] for study in (lab, measured)}
    yield Row(
        "Edge regions are typically sparse; the experiment might violate the dataset's assumptions",
        "Spearman of the distance to the nearest edge with that to the 10th neighbour "
        + " and ".join(f"{rho:+.2f}" for rho in edges.values())
        + f"; constraints and ranges that the experiment breaks: {len(SPACE.violations(LAB_EXPERIMENT))}",
        "Edges are sparser, yes; the experiment breaks nothing",
        "04",
    )
    within = {name: c.frame.set_index("radius") for name, c in here.items()}
    yield Row(
        "Nearest below 0.5 is good coverage; within 1.0, 100 and 500 samples are the thresholds",
        "nearest at "
        + " and ".join(f"{c.distance[0]:.2f}" for c in here.values())
        + "; within 1.0 lie "
        + " and ".join(f"{w.loc[1.0, 'share']:.0f} %" for w in within.values())
        + " of the training sets, around a typical test sample "
        + " and ".join(f"{w.loc[1.0, 'typical_share']:.0f} %" for w in within.values())
        + "; nearest at most "
        + " and ".join(f"{c.yardstick.nearest.max():.2f}" for c in here.values())
        + " for any test sample",
        "The thresholds call every place good and well covered",
        "04",
    )
    yield Row(
        "Its example: nearest sample at 0.847, and 42 samples within 0.5; 187 within 1.0",
        "if 42 lie within 0.5, the nearest is below 0.5; by the note's own thresholds 187 within 1.0 is moderate, its "
        "diagnosis says sparse",
        "Contradicts itself",
        "04",
    )
    effects = {study.config.name: density_effect(study) for study in (lab, measured)}
    yield Row(
        "Later epochs adapt to common patterns and get worse on rare cases",
        "; ".join(
            f"`{name}`, epoch {e.early} to {e.final}: sparse quarter {_i(e.changes['sparse'])}, dense {_i(e.changes['dense'])}"
            for name, e in effects.items()
        ),
        "False on average: sparse regions go on improving",
        "04",
    )
    yield Row(
        "Sparse regions: larger errors, hence the divergence",
        "Spearman of the distance to the 10th neighbour with the error "
        + " and ".join(f"{e.correlations['error']:+.2f}" for e in effects.values())
        + ", with the regret "
        + " and ".join(f"{e.correlations['regret']:+.2f}" for e in effects.values()),
        "Errors yes, regrets hardly",
        "04",
    )
    bins = parameter_bins(lab, LAB_EXPERIMENT, other_epoch=_found(lab, "lab").ideal)
    rows = bins.frame[bins.frame["here"]].set_index("parameter")
    high, low = ([p for p in PARAMETERS if test(rows.loc[p])] for test in (_clearly_high, _clearly_low))
    yield Row(
        "Check 2: if the experiment falls into bins of high error, that explains the divergence",
        f"bins of clearly high error in {', '.join(high)}, clearly low in {', '.join(low)}; over the test samples the number "
        f"of high bins goes with the error (Spearman {bins.with_error:+.2f}), with the regret {bins.with_regret:+.2f}",
        "Explains errors a little, divergence hardly",
        "05",
    )
    l1, rp2 = LAB_EXPERIMENT.L1 * 1e-8, LAB_EXPERIMENT.Rp2 * 1e-8
    yield Row(
        "Its example: L1 in MED [2.5e-5, 5.0e-5), Rp2 in LOW [-6.0e-5, -4.0e-5)",
        f"L1 = {l1:.1e} cm and Rp2 = {rp2:.1e} cm lie in its HIGH bins [5.0e-5, 7.0e-5) and [-2.0e-5, 0)",
        "Wrong for its own experiment, in both",
        "05",
    )


def _clearly_high(row: object) -> bool:
    return bool(row["ratio_low"] > 1)  # type: ignore[index]


def _clearly_low(row: object) -> bool:
    return bool(row["ratio_high"] < 1)  # type: ignore[index]


def _curves(lab: Study, measured: Study) -> Iterator[Row]:
    found = {study.config.name: _found(study, "lab") for study in (lab, measured)}
    r = {study.config.name: reconstruction(study, found=found[study.config.name]) for study in (lab, measured)}
    yield Row(
        "Check 3: parameter error and curve error correlate with r = 0.35 (elsewhere 0.41): weak",
        "; ".join(
            f"`{name}` r = {x.correlation():.2f}, with the profile error {x.correlation(against='profile_error'):.2f}"
            for name, x in r.items()
        ),
        "Weak is true; in `lab` there is none at all",
        "05",
    )
    predicted, true = lab.test_predictions("grid")
    off = np.abs(predicted[lab.final - 1] - true) * np.where(SPACE.range > 1, 1e-8, 1.0)  # cm, as the lab's
    share = 100 * off.mean(axis=0)[[0, 1, 4]].sum() / off.mean(axis=0).sum()
    yield Row(
        "Parameter MAE as one number of 1e-4 (strains and centimetres together)",
        f"of that mean over the seven, {share:.1f} % is the three strains' on the grid test samples",
        "Says nothing about depths; errors need a common yardstick",
        "05",
    )
    surprise = r["lab"].experiment_surprise
    assert surprise is not None
    yield Row(
        "The experiment is likely one of those whose curve error is out of proportion",
        f"{surprise[0]:.0f} % of test samples have a smaller parameter error, {surprise[1]:.0f} % a smaller curve error; the "
        f"two ranks part more in {100 - surprise[2]:.0f} % of samples",
        "No",
        "05",
    )
    step = next(s for s in compare_checkpoints(lab, found=found["lab"], reconstruction=r["lab"]).steps if s.agreement)
    yield Row(
        "A similar parameter MAE at both epochs, and yet a better curve at one",
        f"where a sample's parameter error changes by less than 1 % of range from epoch {step.before} to {step.after}, its "
        f"curve error changes by {step.settled:.0f} % (median)",
        "True",
        "05",
    )
    moved = perturb(lab, LAB_EXPERIMENT, "Rp2", -0.04, of="value")
    yield Row(
        "Rp2 of -48e-8 instead of -50e-8 cm shifts the peak by 5 arcsec",
        f"{abs(moved.peak_shift):.2f} arcsec, RMSE of log10 intensity {moved.rmse:.5f}",
        "False by two orders of magnitude",
        "08",
    )
    s = sensitivity(lab, LAB_EXPERIMENT)
    order = {k: ", ".join(np.array(PARAMETERS)[np.argsort(-s.rmse[k])]) for k in ("value", "range")}
    yield Row(
        "Test 2: a change of 1 % ranks Rp1, Rp2 HIGH, L1, L2 MEDIUM, D01, D02, Dmax1 LOWER",
        f"1 % of the value: {order['value']}; 1 % of the range: {order['range']}",
        "Not found by either yardstick; strains act most. 1 % of Rp2 = -50 A is 0.5 A: a relative step ranks numbers",
        "08",
    )
    final = found["lab"].predictions[found["lab"].row(found["lab"].final)]
    known = identifiability(lab, LAB_EXPERIMENT, prediction=final)
    assert known.error is not None
    bound = known.bounds[f"{known.case}_prior"]
    yield Row(
        "(not considered: what a curve can tell)",
        "1 sigma at 6e4 counts, and the network's error at final: "
        + ", ".join(f"{p} {b:.2g} and {e:.2g}" for p, b, e in zip(PARAMETERS, bound, known.error, strict=True)),
        "At 6e4 counts this experiment's curve could tell all but L2 to 1 %; of these the network reads only D01 so",
        "08",
    )


def _trainings(lab: Study) -> Iterator[Row]:
    replicas = reference_replicas("lab")
    runs = variation(replicas, "lab", study=lab)
    spreads = {s.source: s for s in runs.spreads}
    yield Row(
        "Mechanism 1: mini-batches, dropout and initial weights make epochs differ; early epochs explore, later converge",
        "SD of a grid test sample's error between runs that differ in "
        + ", ".join(f"{name} {_i(s.samples)}" for name, s in spreads.items())
        + f"; the experiment's error scatters by {_i(spreads['all'].late)} between runs over the late epochs, by "
        f"{_i(runs.within)} within one",
        "True, and rounding alone does it, too; runs come to rest, but at different errors",
        "07",
    )
    uniform = variation(replicas, "lab", study=lab, test_set="uniform")
    found = _found(lab, "lab")
    diverge = {name: track(lab, found, test_set=name).divergence.share for name in ("grid", "uniform")}
    yield Row(
        "Over-fitting to the distribution (not to the training data) as training goes on",
        f"test samples that all six seeds read worse late than midway: grid {_percent(runs.worse)} %, uniform "
        f"{_percent(uniform.worse)} %; that diverge in `lab`: grid {_i(diverge['grid'], 0)} %, uniform {_i(diverge['uniform'], 0)} "
        "%; both sets improve on average",
        "There is some: the lab's points lie on a grid, and samples between them can get worse",
        "06, 07",
    )
    shares = {
        "experiment": runs.transfer,
        "grid test samples": runs.sample_transfer,
        "uniform test samples": uniform.sample_transfer,
    }
    yield Row(
        "Some early epochs are accidentally perfect for the experiment",
        "the epoch that is ideal in one run recovers of another run's regret: "
        + ", ".join(f"{name} {_percent(share)} %" for name, share in shares.items()),
        "True, and mostly an accident: elsewhere worse than final, but for a small part between the grid's points",
        "07",
    )
    split = bias_variance(replicas, "lab")
    yield Row(
        "Mechanism 2: early epochs have high variance and low bias, later ones the reverse; early ones are better on edge cases",
        "; ".join(
            f"{name}: bias² {_i(change[0], 0)}, variance {_i(change[1], 1)}" for name, change in split.changes.items()
        )
        + " (change from early to late epochs, % of range squared)",
        "Variance right, bias wrong: both fall, in sparse regions too",
        "07",
    )
    plane = loss_plane(lab, LAB)
    lowest = plane.lowest
    yield Row(
        "Mechanism 3: the path passes near the experiment's optimum and settles in the dataset's centre",
        f"on the plane of the path (its grid is {plane.step:.2f} fine) the lowest validation loss is "
        f"{np.hypot(*lowest('val_loss')[:2]):.2f} from final, the experiment's lowest error {np.hypot(*lowest('error')[:2]):.2f}; "
        f"there its 50 neighbours change by {_i(plane.neighbour_change())}",
        "Second half true; the path does not pass near, and the place is good for this curve only",
        "07",
    )


def _tests(lab: Study, measured: Study) -> Iterator[Row]:
    for study, name in ((lab, "lab"), (lab, "lab_measured_1"), (measured, "lab_measured_1")):
        found = _found(study, name)
        experiment = next(e for e in study.config.experiments if e.name == name)
        t = track(study, found, Target.of(experiment, study))
        epoch = t.divergence.epoch
        yield Row(
            "Test 1: do they diverge, at which epoch, correlated or anti-correlated?"
            if (study, name) == (lab, "lab")
            else f"the same, `{name}` in study `{study.config.name}`",
            f"Spearman of levels {t.spearman:+.2f}, of changes {t.spearman_changes:+.2f}; "
            + (
                "no divergence epoch"
                if epoch is None
                else f"diverges at epoch {epoch} ({t.divergence.interval[0]} to {t.divergence.interval[1]})"
            )
            + f"; {_i(t.divergence.share, 0)} % of the {t.test_set} test samples diverge by the same test",
            "None that can be told from noise"
            if epoch is None
            else "Diverges: the network was not made for such curves",
            "06",
        )
    own = {m.name: m.values for m in compare_checkpoints(lab, found=_found(lab, "lab")).measures}
    yield Row(
        "Choosing the checkpoint by the experiment's own curve (its final recommendation)",
        "final, ideal, chosen by the curve: parameters "
        + ", ".join(f"{v:.2f}" for v in own["experiment_error"])
        + " % of range, profile "
        + ", ".join(f"{v:.2f}" for v in own["experiment_profile"])
        + " (1e-3 of strain), curve RMSE "
        + ", ".join(f"{v:.2f}" for v in own["experiment_curve_rmse"]),
        "Of this one experiment: the better curve has the better profile and the worse mean of parameters (Rp2, D02)",
        "05, 06",
    )
    kept = luck(lab, LAB, _found(lab, "lab")).frame.query("scored_on == 'test samples'").set_index("key")
    yield Row(
        '"Different checkpoints capture different aspects" of parameter space; task-specific selection is valid',
        "of a test sample's regret is kept if the epoch is chosen on "
        + ", ".join(
            f"{row.chosen_on} {row.share:.0f} ({row.share_low:.0f} to {row.share_high:.0f}) %"
            for row in kept.itertuples()
        ),
        "For samples within about 1 % of range, yes; beyond, little. A score on the curve that chose is no evidence",
        "06",
    )
    for study in (lab, measured):
        n = neighbour_baseline(study, LAB, found=_found(study, "lab"), n_test=1000, n_compared=1000)
        assert n.test is not None
        assert n.with_background is not None
        by_mean = n.with_background.nearest["parameters", "mean of intensities"]
        bare, seen = (n.test.contrast(note=True, background=on) for on in (False, True))
        yield Row(
            "Test 3: neighbours better than the model means good coverage, worse means sparse (extrapolation)"
            if study is lab
            else "the same, study `measured`",
            f"the mean curve of the 5 nearest misses the experiment's by {n.note_error:.3f}, the network by "
            f"{n.network_error:.3f}; above a background of {n.with_background.level:g} of the peak by {by_mean:.3f} and "
            f"{n.with_background.network['final']:.3f}; over "
            f"{n.test.mean_curve_better.size} test samples the share that neighbours win is in the dense third minus that "
            f"in the sparse {_i(bare, 0)} %, above the background {_i(seen, 0)} %; read off by curve, the network is better "
            f"by {_i(n.test.advantage[-1], 1)} % of range",
            "Not so: who wins hangs on the far tail (above a background it is a near tie) and does not tell dense from sparse",
            "09",
        )


def main() -> None:
    """Print the page."""
    lab, measured = reference_study("lab"), reference_study("measured")
    parts = {
        "The phenomenon": _phenomenon(lab, measured),
        "Averages": _averages(lab),
        "The data": _data(lab, measured),
        "Curves and parameters": _curves(lab, measured),
        "Mechanisms": _trainings(lab),
        "Tests": _tests(lab, measured),
    }
    print(HEAD)
    for title, rows in parts.items():
        print(f"## {title}\n\n| the note | measured | verdict | notebook |\n|---|---|---|---|")
        for row in rows:
            cells = (text.replace("|", "\\|") for text in row)
            print(f"| {' | '.join(cells)} |", flush=True)
        print()


if __name__ == "__main__":
    main()
