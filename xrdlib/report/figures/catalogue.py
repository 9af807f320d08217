"""The list of the numbered figures: NN.k is the k-th figure of notebook NN."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from xrdlib.report.figures import networks, samples, trainings
from xrdlib.report.figures.material import Drawing, Material
from xrdlib.report.pictures import CAPTIONS

__all__ = ["CATALOGUE", "Numbered", "asked", "listed"]


@dataclass(frozen=True)
class Numbered:
    """A figure of the series.

    Attributes
    ----------
    number : str
        Such as "03.4".
    name : str
        Its own among all figures; part of the files' names.
    caption : str
        What is shown.
    make : callable
        Works out what is drawn; raises StudyError or ValueError where it is not defined.
    also : tuple of str
        Further numbers: notebooks that show the same figure again.
    """

    number: str
    name: str
    caption: str
    make: Callable[[Material], Drawing]
    also: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """Of its files' names."""
        return f"{self.number}_{self.name}"


_TRACES = (
    "Validation loss and the experiment's error (of a measured curve: the curve's) by epoch; marked: named epochs."
)
_FIT = (
    "The curve, where a network starts and where the refinement ends, their misfit; the strain profile with its 95 % "
    "band; the parameters with their intervals."
)
_FORGETTING = (
    "A fine-tuning around {}, epoch by epoch: the errors of the experiment and of both test sets, and what each test "
    "set loses."
)
_CHANGED = "Strain profile and curve of the lab's experiment, and with {}."

CATALOGUE = (
    Numbered("01.1", "profile", "The strain profile of the lab's experiment and its two parts.", samples.profile),
    Numbered("01.2", "profile_and_curve", "The same strain profile and the curve it gives.", samples.curve),
    Numbered("01.3", "bare_substrate", "The curve of the implanted crystal and that of the substrate.", samples.bare),
    Numbered("01.4", "weaker", _CHANGED.format("half its peak strain"), samples.weaker),
    Numbered("01.5", "thickness", "Curves of uniform layers of 2000 and 4000 Å: the fringes' period.", samples.layers),
    Numbered("01.6", "shallower", _CHANGED.format("a depth of 4000 Å"), samples.shallower),
    Numbered("01.7", "centre", _CHANGED.format("other centres of the decaying part"), samples.centre),
    Numbered(
        "01.8", "diffractometer", "The reflectivity, and what a diffractometer makes of it.", samples.diffractometer
    ),
    Numbered(
        "02.1",
        "bins",
        "Training samples in each third of each range; above the bars, the largest count over the smallest.",
        samples.bins,
    ),
    Numbered("02.2", "training_curves", "The first three training curves, noise-free.", samples.training_curves),
    Numbered("03.1", "small_losses", "The losses of a small study, trained for this figure.", trainings.small_losses),
    Numbered("03.2", "losses", "Training and validation loss by epoch; marked: the lowest.", networks.losses),
    Numbered("03.3", "checkpoints", CAPTIONS["checkpoints"], networks.checkpoints),
    Numbered("03.4", "traces", _TRACES, networks.traces, ("06.1",)),
    Numbered("03.5", "coverage", CAPTIONS["coverage"], networks.coverage, ("04.2",)),
    Numbered(
        "03.6", "traces_measured", f"The same sample through a diffractometer. {_TRACES}", networks.through, ("06.2",)
    ),
    Numbered(
        "03.7",
        "two_studies",
        "What a study of noise-free and one of measured-like curves make of a curve through a diffractometer, epoch "
        "by epoch. Filled: chosen, hollow: final. Grey: outside the parameter's range.",
        networks.two_studies,
    ),
    Numbered("04.1", "radii", CAPTIONS["radii"], networks.radii),
    Numbered(
        "04.3",
        "density",
        "Test samples in dense and in sparse parts of the training set: their errors by epoch and by distance.",
        networks.density,
    ),
    Numbered("04.4", "samplings", "Three ways to draw a training set: counts in thirds of the ranges.", samples.ways),
    Numbered("05.1", "parameter_bins", CAPTIONS["bins"], networks.parameter_bins),
    Numbered("05.2", "reconstruction", CAPTIONS["reconstruction"], networks.reconstruction),
    Numbered("05.3", "examples", CAPTIONS["examples"], networks.examples),
    Numbered("05.4", "comparison", CAPTIONS["comparison"], networks.comparison),
    Numbered("06.3", "regret", CAPTIONS["regret"], networks.regret),
    Numbered("06.4", "luck", CAPTIONS["luck"], networks.luck),
    Numbered(
        "07.1",
        "mechanisms",
        "Replicas that differ in chance alone: the experiment's error by epoch, and how far apart runs are by what "
        "differs between them; bias and variance.",
        trainings.mechanisms,
    ),
    Numbered(
        "07.2",
        "loss_plane",
        "Validation loss and the experiment's error on the plane of weights that holds most of the training's path.",
        trainings.loss_plane,
    ),
    Numbered(
        "07.3",
        "loss_plane_named",
        "The same on the plane through the final, the experiment's best and the first stored epoch.",
        trainings.named_plane,
    ),
    Numbered(
        "07.4",
        "data_map",
        "Test samples by the mean and the variability of their errors over the epochs, and the experiment among them.",
        trainings.data_map,
    ),
    Numbered("08.1", "sensitivity", CAPTIONS["sensitivity"], networks.sensitivity),
    Numbered(
        "08.2",
        "chi2_profile",
        "Of the same sample with Rp2 = -6000 Å: how badly other values of Rp2 must fit, the other parameters fitted "
        "again.",
        networks.chi2_profile,
    ),
    Numbered("08.3", "identifiability", CAPTIONS["identifiability"], networks.identifiability),
    Numbered(
        "09.1", "neighbours_by_parameters", f"Nearest by parameters. {CAPTIONS['neighbours']}", networks.by_parameters
    ),
    Numbered("09.2", "neighbours_by_curve", f"Nearest by curve. {CAPTIONS['neighbours']}", networks.by_curve),
    Numbered("10.1", "ensemble", "Members and mean of every 4th epoch of the second half.", trainings.ensemble),
    Numbered("10.2", "growth", "The error of means of epochs by their number, in three orders.", trainings.growth),
    Numbered("10.3", "seeds_or_epochs", "Means of trainings against means of epochs.", trainings.seeds_or_epochs),
    Numbered(
        "10.4", "spread", "Whether the spread of the epochs holds the truth as often as it should.", trainings.spread
    ),
    Numbered(
        "11.1", "selection", "Epochs that rules choose, and what they are worth on fresh draws.", trainings.selection
    ),
    Numbered("11.2", "region", "Training samples around the chosen prediction: what a region holds.", trainings.region),
    Numbered("11.3", "forgetting_told", _FORGETTING.format("the true parameters"), trainings.told),
    Numbered("11.4", "forgetting_not_told", _FORGETTING.format("the chosen prediction"), trainings.honest),
    Numbered(
        "11.5",
        "remedies",
        "What every remedy changes, on six trainings, with 95 % intervals.",
        trainings.remedies_worth,
    ),
    Numbered("12.1", "decision", CAPTIONS["decision"], networks.decision),
    Numbered(
        "12.2",
        "decision_answered",
        f"For a critical, single experiment that is to be published. {CAPTIONS['decision']}",
        networks.answered,
    ),
    Numbered(
        "12.3",
        "decision_measured",
        f"Through a diffractometer, of a study of measured-like curves. {CAPTIONS['decision']}",
        networks.decision_measured,
    ),
    Numbered("13.1", "measured_curve", "A measured curve: its peak, its layer, its background.", samples.measured),
    Numbered("13.2", "gap", CAPTIONS["gap"], samples.gap),
    Numbered("13.3", "fit", _FIT, samples.fit),
    Numbered("13.4", "fit_correlation", "Correlations of what is fitted.", samples.correlation),
    Numbered(
        "13.5",
        "fits_and_truth",
        "Strain profiles of the fits that different starts end in, and the true one.",
        samples.fits,
    ),
)


def listed(names: Sequence[str] | None = None) -> pd.DataFrame:
    """The figures that are meant, as of `asked`: number, other numbers, name, and what is shown."""
    rows = [(one.number, ", ".join(one.also), one.name, one.caption) for one in asked(names)]
    return pd.DataFrame(rows, columns=["figure", "also", "name", "shown"]).set_index("figure")


def asked(names: Sequence[str] | None = None) -> tuple[Numbered, ...]:
    """The figures that are meant: by number ("03.4"), notebook ("03") or name ("traces"); None means all.

    Raises
    ------
    ValueError
        For what is none of these.
    """
    if names is None:
        return CATALOGUE
    wanted = {name.strip(): re.sub(r"^(\d)(?=$|\.)", r"0\1", name.strip()) for name in names if name.strip()}
    for given, name in wanted.items():
        if not any(_is_meant(one, name) for one in CATALOGUE):
            last = CATALOGUE[-1].number
            raise ValueError(
                f"figure {given!r}: unknown; numbers from 01.1 to {last}, notebooks such as 03, or names expected"
            )
    found = tuple(one for one in CATALOGUE if any(_is_meant(one, name) for name in wanted.values()))
    if not found:
        raise ValueError("figures: none asked for")
    return found


def _is_meant(figure: Numbered, name: str) -> bool:
    numbers = (figure.number, *figure.also)
    return name in (figure.name, figure.stem, *numbers) or name in {number.split(".")[0] for number in numbers}
