"""``xrdlib remedy``: each writes a study that knows its parent, and refuses what it cannot use in one line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from xrdlib.data import LAB, SPACE, DatasetConfig
from xrdlib.training import NetworkConfig, Study, StudyConfig, TrainingConfig, effective_size, run_study

Run = Callable[..., tuple[int, str, str]]
SMALL = StudyConfig(
    name="small",
    seed=3,
    dataset=DatasetConfig(
        size=120, sampling="uniform", layer_thickness=400.0, scan_start=-84.0, scan_step=12.0, scan_points=101
    ),
    network=NetworkConfig(channels=(4,), kernels=(16,), strides=(8,), width=8, blocks=1),
    training=TrainingConfig(epochs=6, batch_size=16, test_size=30, learning_rate=1e-2),
    experiments=(LAB,),
)


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A finished study; not to be changed."""
    return run_study(SMALL, tmp_path_factory.mktemp("parent") / "small", workers=1, progress=False)


@pytest.fixture
def run(run: Run) -> Run:
    """Run ``xrdlib remedy``."""
    return partial(run, "remedy")


@pytest.mark.parametrize(
    ("arguments", "remedy", "epochs"),
    [
        (("ensemble", "--members", "2,4,5", "--how", "median"), "ensemble", {2, 4, 5}),
        (("ensemble", "--count", "2"), "ensemble", None),
        (("ensemble", "--members", "every", "--count", "2", "--weights", "curve"), "ensemble", {4, 6}),
        (("ensemble", "--members", "greedy"), "ensemble", None),
        (("ensemble", "--members", "note"), "ensemble", None),
        (("ensemble", "--members", "swa"), "swa", {5, 6}),
        (("ensemble", "--members", "soup"), "soup", None),
        (("augment", "--n", "20", "--workers", "1"), "augment", set()),
        (("augment", "--everywhere", "150", "--longer", "--workers", "1"), "more_data", set()),
        (("augment", "--fresh"), "fresh", set()),
        (("finetune", "--centre", "truth", "--epochs", "2"), "finetune", None),
        (("finetune", "--centre", "0.008 0.001 5200e-8 3500e-8 0.0025 3000e-8 -50e-8", "--cm"), "finetune", None),
        (("weight", "--temperature", "0.5", "--centre", "final"), "weight", set()),
    ],
)
def test_a_study_with_its_parentage(run: Run, parent: Study, arguments, remedy, epochs) -> None:
    code, out, err = run(*arguments, "--study", str(parent.path), "--out", "made")
    assert (code, err) == (0, "")
    made = Study.open("made")
    origin = made.config.parent
    assert origin is not None
    assert (origin.study, origin.remedy, len(origin.fingerprint)) == ("small", remedy, 16)
    if epochs is not None:
        assert set(origin.epochs) == epochs
    assert f"made by {remedy} from study small" in out
    assert ("Fine-tuning of study small" in out) == (remedy == "finetune")
    errors = []
    for study in (made, parent):
        predicted, true = study.test_predictions("grid")
        errors.append((100 * np.abs(predicted[study.final - 1] - true) / SPACE.range).mean())
    compared = "made errs by {:.2f} instead of {:.2f} % of range".format(*errors)
    # a soup that keeps the final epoch alone is that epoch
    assert compared in out or (errors[0] == errors[1] and "made predicts exactly what small does" in out)
    np.testing.assert_array_equal(made.test_predictions("grid")[1], parent.test_predictions("grid")[1])


def test_training_again_goes_on(run: Run, parent: Study) -> None:
    arguments = ("weight", "--study", str(parent.path), "--out", "made")
    code, out, _ = run(*arguments)
    assert code == 0
    opened = Study.open("made")
    size = effective_size(opened.config.focus.weights(opened.training_parameters))
    assert f"effective sample size: {size:.0f} of {len(opened.training_parameters)} (T = 0.3)" in out
    before = Path("made/history.csv").read_bytes()
    assert run(*arguments)[0] == 0
    assert Path("made/history.csv").read_bytes() == before
    code, _, err = run(*arguments, "--temperature", "0.7")
    assert code == 2
    assert "holds a study of another configuration, focus.temperature = 0.3 (asked: 0.7)" in err


def test_what_cannot_be_used_is_one_line(run: Run, parent: Study) -> None:
    study = ("--study", str(parent.path), "--out", "made")
    for arguments, message in (
        (("ensemble", "--members", "best"), "--members best: top, every, greedy, note, swa, soup or numbers of epochs"),
        (("ensemble", "--members", "2,99"), "99"),
        (("ensemble", "--how", "mode"), "mode"),
        (("ensemble", "--count", "7"), "k = 7: 1 to 6 expected"),
        (("augment", "--half-width", "0"), "half_width"),
        (("augment", "--centre", "0.008 0.001 5200 3500 0.0025 3000"), "seven"),
        (("augment", "--centre", "there"), "there"),
        (("augment", "--everywhere", "100"), "size = 100: above 120 expected"),
        (("augment", "--fresh", "--everywhere", "1000"), "--fresh: cannot be combined"),
        (("augment", "--fresh", "--longer"), "--longer: has no meaning with --fresh"),
        (("finetune", "--radius", "0.001", "--centre", "truth"), "no sample within 0.001"),
        (("finetune", "--rate", "-1"), "learning_rate"),
        (("finetune", "--epoch", "77"), "no weights of epoch 77"),
        (("weight", "--temperature", "0"), "temperature = 0.0 given, a positive number"),
        (("weight", "--step", "4"), "--step: has no meaning without an --experiment that is a curve file"),
        (("weight", "--experiment", "nobody"), "no experiment of that name"),
    ):
        code, _, err = run(*arguments, *study)
        assert code == 2, arguments
        assert message in err, err
        assert err.count("\n") == 1
        assert not Path("made").exists(), arguments
    code, _, err = run("summary", "nothing.csv")
    assert code == 2
    assert "nothing.csv: cannot be read as a table of remedies" in err
