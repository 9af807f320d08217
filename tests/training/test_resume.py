"""A study that is killed goes on as if it had not been: history, weights and predictions, byte by byte."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from xrdlib.training import Study, StudyError, loop, run_study

WORK = """
import scipy.stats, torch._dynamo, xarray  # which the first step of an optimiser, and others, would import
from xrdlib.simulation import reflectivity
import xrdlib.training.loop
from xrdlib.training import StudyConfig, run_study
from xrdlib.data import LAB

reflectivity(LAB.parameters, [0.0])  # loads the kernel

config = StudyConfig.load({config!r})

def work():
    run_study(config, {path!r}, workers=1, progress=False)
"""
ARRAYS = ("prediction", "experiment_prediction", "truth", "training")


def contents(folder):
    """Every file of a study that says something, by its path."""
    files = [folder / name for name in ("config.toml", "history.csv", "resume.safetensors", "hashes.json")]
    files += sorted((folder / "checkpoints").glob("*.safetensors"))
    files += [f for name in ARRAYS for f in sorted((folder / "predictions.zarr" / name).rglob("*")) if f.is_file()]
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.suffix != ".partial"}


def differences(one, other):
    """Largest difference of every tensor that differs, beside its largest value."""
    mine, theirs = load(one), load(other)
    return {
        k: (float(abs(v - theirs[k]).max()), float(abs(v).max())) for k, v in mine.items() if (v != theirs[k]).any()
    }


def assert_identical(one, other):
    mine, theirs = contents(one.path), contents(other.path)
    assert mine.keys() == theirs.keys()
    bad = [name for name in mine if mine[name] != theirs[name]]
    assert bad == [], [differences(mine[name], theirs[name]) for name in bad if name.endswith(".safetensors")]
    assert len(one.checkpoints) == 3
    for name in ARRAYS:
        np.testing.assert_array_equal(one.predictions[name].to_numpy(), other.predictions[name].to_numpy())


@pytest.fixture(params=["study", "random_study"])
def undisturbed(request):
    """A noise-free study; one with augmentation, disorder, dropout and float16 weights."""
    return request.getfixturevalue(request.param)


def test_twice_is_the_same(undisturbed, tmp_path):
    assert_identical(run_study(undisturbed.config, tmp_path / "s", workers=1, progress=False), undisturbed)


def test_another_seed_is_not(undisturbed, tmp_path):
    """The comparison above would notice."""
    from dataclasses import replace

    other = run_study(replace(undisturbed.config, seed=8), tmp_path / "s", workers=1, progress=False)
    mine, theirs = contents(other.path), contents(undisturbed.path)
    assert all(mine[name] != theirs[name] for name in ("history.csv", "resume.safetensors"))


@pytest.mark.slow
def test_killed_at_random_moments(undisturbed, tmp_path, killed):
    """Twenty times in five folders, each killed four times and then finished."""
    config, rng = undisturbed.path / "config.toml", np.random.default_rng(23)
    # the first of a folder leave no configuration, no dataset, no predictions; four cannot finish its 49 files
    moments = [("commits", int(n)) for n in (0, 2, 5, 9, 14, *rng.integers(1, 12, 15))]
    moments += [("seconds", float(t)) for t in rng.uniform(0.1, 0.6, 5)]  # these can
    code = WORK.format(config=str(config), path=str(tmp_path / "s")).replace("/s'", "/s' + str(number % 5)")
    outcome = killed(code, moments)
    print(f"{outcome.count('killed')} of {len(outcome)} SIGKILLs hit a running study of {undisturbed.config.name}")
    assert outcome[:20] == ["killed"] * 20
    assert set(outcome[20:]) <= {"killed", "exit 0"}
    for n in range(5):
        assert_identical(run_study(undisturbed.config, tmp_path / f"s{n}", workers=1, progress=False), undisturbed)


@pytest.mark.slow
def test_killed_between_any_two_files_of_an_epoch(random_study, tmp_path, killed):
    """At each of the first 7 commits of training (an epoch is 5 files), each in a folder of its own."""
    config, start = random_study.path / "config.toml", tmp_path / "start"
    # stopped before the first epoch, with nothing but the dataset and the empty predictions
    code = WORK.format(config=str(config), path=str(start))
    assert killed(f"{code}\nxrdlib.training.loop._train = lambda *args: die()", [("seconds", 600.0)]) == ["killed"]
    assert not (start / "history.csv").exists()
    moments = [("commits", n) for n in range(7)]
    for _, n in moments:
        shutil.copytree(start, tmp_path / f"s{n}")
    code = code.replace(repr(str(start)), f"{str(tmp_path / 's')!r} + str(left)")
    assert killed(code, moments) == ["killed"] * 7
    for _, n in moments:
        path = tmp_path / f"s{n}"
        assert Study.open(path, complete=False).n_epochs == (n > 3)
        with pytest.raises(StudyError, match="unfinished"):
            Study.open(path)
        assert_identical(run_study(random_study.config, path, workers=1, progress=False), random_study)


def test_stopped_between_the_last_epoch_s_history_and_what_goes_on_from_it(study, tmp_path, monkeypatch):
    class Stop(BaseException):
        pass

    save = loop._save_resume

    def stopped(path, network, optimiser, epoch):
        if epoch == 3:
            raise Stop
        save(path, network, optimiser, epoch)

    monkeypatch.setattr(loop, "_save_resume", stopped)
    with pytest.raises(Stop):
        run_study(study.config, tmp_path / "s", workers=1, progress=False)
    assert len((tmp_path / "s" / "history.csv").read_text().splitlines()) == 4
    monkeypatch.undo()
    assert_identical(run_study(study.config, tmp_path / "s", workers=1, progress=False), study)


def test_killed_between_the_last_epoch_and_the_hashes(study, tmp_path):
    """All is there but ``hashes.json``; the same command writes it, for a study that was trained here."""
    folder = Path(shutil.copytree(study.path, tmp_path / "s"))
    (folder / "hashes.json").unlink()
    assert Study.open(folder).n_epochs == 3
    assert_identical(run_study(study.config, folder, workers=1, progress=False), study)
    (folder / "hashes.json").unlink()
    (folder / "resume.safetensors").unlink()  # as shipped ones are: what is not known to be whole gets no hashes
    run_study(study.config, folder, workers=1, progress=False)
    assert not (folder / "hashes.json").exists()


def test_an_unfinished_study_goes_on_and_says_how(undisturbed, tmp_path, monkeypatch):
    """Stopped by an exception in the second epoch, such as Ctrl-C."""
    from xrdlib.training import loop

    epoch = loop._epoch

    def stopped(*args):
        if args[-1] == 2:
            raise KeyboardInterrupt
        return epoch(*args)

    monkeypatch.setattr(loop, "_epoch", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_study(undisturbed.config, tmp_path / "s", workers=1, progress=False)
    text = f"the study is unfinished, 1 of 3 epochs; finish it with 'xrdlib study run {tmp_path}"
    with pytest.raises(StudyError, match=text):
        Study.open(tmp_path / "s")
    opened = Study.open(tmp_path / "s", complete=False)
    assert opened.n_epochs == 1
    assert opened.predictions.sizes["epoch"] == 1
    assert opened.experiment_predictions("lab").shape == (1, 7)
    monkeypatch.undo()
    assert_identical(run_study(undisturbed.config, tmp_path / "s", workers=1, progress=False), undisturbed)


def test_partial_files_are_no_part_of_a_study(undisturbed, tmp_path):
    folder = Path(shutil.copytree(undisturbed.path, tmp_path / "s"))
    (folder / "checkpoints" / "epoch_0004.safetensors.partial").write_bytes(b"half")
    (folder / "history.csv.partial").write_text("epoch,tr")
    assert Study.open(folder).checkpoints == (1, 2, 3)
