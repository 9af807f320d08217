"""The command: what it prints and writes, and one clear line with exit code 2 for everything it cannot use."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xrdlib
from xrdlib.cli.output import plain_warnings
from xrdlib.data import LAB_EXPERIMENT, VirtualExperiment, load_curve, virtual_experiment
from xrdlib.diagnostics import SECTIONS
from xrdlib.simulation import Instrument, Scan, simulate
from xrdlib.training import reference_study

LAB_CM = "0.008094 0.000943 5200e-8 3500e-8 0.00255 3000e-8 -50e-8"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def wide(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 120 columns."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture
def curve_file(tmp_path: Path) -> Path:
    """A measured-like curve of the lab's sample, one column."""
    curve = simulate(LAB_EXPERIMENT, scan=Scan(-280.0, 4.0, 400), instrument=Instrument(38, 0.2, background=2e-4))
    path = tmp_path / "curve.txt"
    np.savetxt(path, curve, fmt="%.5e")
    return path


def test_simulate_writes_what_simulate_returns(run: Run, tmp_path: Path) -> None:
    code, _, err = run("simulate", LAB_CM, "--cm", "--out", "curve.txt")
    assert (code, err) == (0, "")
    written = np.loadtxt(tmp_path / "curve.txt")
    np.testing.assert_allclose(written[:, 0], Scan().angle, atol=1e-6)
    np.testing.assert_allclose(written[:, 1], simulate(LAB_EXPERIMENT), rtol=1e-8)


def test_simulated_curve_read_from_its_file_is_the_same_curve(run: Run, tmp_path: Path) -> None:
    """The file keeps its zero: found again from the peak, it would move by a fraction of a step."""
    assert run("simulate", LAB_CM, "--cm", "--out", "curve.txt")[0] == 0
    assert run("diagnose", "--only", "bins", "curve.txt", "--study", "lab", "--json", "file.json")[0] == 0
    assert run("diagnose", "--only", "bins", "lab", "--json", "lab.json")[0] == 0
    by_file, by_name = (json.loads((tmp_path / f"{n}.json").read_text())["checkpoints"] for n in ("file", "lab"))
    assert by_file["final"]["epoch"] == by_name["final"]["epoch"]
    for name, value in by_name["final"]["parameters"].items():
        assert by_file["final"]["parameters"][name] == pytest.approx(value, rel=1e-3, abs=0.5)


def test_what_was_inferred_from_a_file_is_said(run: Run, curve_file: Path, tmp_path: Path) -> None:
    text = curve_file.read_text().splitlines()
    table = "\n".join(f"{i} {4.0 * i / 3600:.9f} {value}" for i, value in enumerate(text))
    (tmp_path / "table.txt").write_text(table)
    arguments = ["table.txt", "--columns", "1,2", "--unit", "degree", "--study", "lab", "--json", "r.json"]
    code, out, err = run("diagnose", "--only", "bins", *arguments)
    assert (code, err) == (0, "")
    assert "points 400" in out
    facts = json.loads((tmp_path / "r.json").read_text())["experiment"]["curve"]
    assert facts["n_points"] == 400
    assert facts["step"] == pytest.approx(4.0, rel=1e-3)
    assert facts["peak_index"] == pytest.approx(70, abs=0.5)


def test_simulate_with_damage(run: Run, tmp_path: Path) -> None:
    assert run("simulate", LAB_CM, "--cm", "--damage", "0.5", "--out", "curve.txt")[0] == 0
    np.testing.assert_allclose(
        np.loadtxt(tmp_path / "curve.txt")[:, 1], simulate(LAB_EXPERIMENT, damage=0.5), rtol=1e-8
    )
    code, _, err = run("simulate", LAB_CM, "--cm", "--damage", "-1")
    assert code == 2
    assert "damage: -1.0 given, zero or a positive number expected" in err


def test_a_virtual_measurement_keeps_its_truth(run: Run, tmp_path: Path) -> None:
    code, _, err = run("simulate", LAB_CM, "--cm", "--virtual", "3", "--out", "curve.txt")
    assert (code, err) == (0, "")
    known = VirtualExperiment.of(load_curve(tmp_path / "curve.txt"))
    assert (known.parameters, known.seed) == (LAB_EXPERIMENT, 3)
    again = virtual_experiment(LAB_EXPERIMENT, 3)
    np.testing.assert_array_equal(known.curve.intensity, again.curve.intensity)
    code, _, err = run("simulate", LAB_CM, "--cm", "--virtual", "3", "--fwhm", "40")
    assert code == 2
    assert "--virtual: it measures GGG and draws all else by its seed" in err


def test_simulate_to_standard_output_is_two_columns(run: Run) -> None:
    code, out, _ = run("simulate", "0.008 0.001 5200 3500 0.0025 3000 -50", "--fwhm", "0")
    assert code == 0
    assert len([line for line in out.splitlines() if not line.startswith("#")]) == 701


def test_diagnose_lab_prints_the_report(run: Run, tmp_path: Path) -> None:
    code, out, err = run("diagnose", "--json", "result.json")
    assert (code, err) == (0, "")
    study = reference_study("lab")
    assert f"Epoch {study.final} is final" in out
    for word in ("ideal", "Coverage", "within 0.5", "Spearman", "curve RMSE"):
        assert word in out
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["schema"] == "xrdlib.diagnose/1"
    assert result["xrdlib_version"] == xrdlib.__version__
    assert result["command"] == "xrdlib diagnose --json result.json"
    assert result["experiment"]["parameters"]["L1"] == 5200
    assert result["checkpoints"]["final"]["epoch"] == study.final
    assert set(SECTIONS) <= result.keys()
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    "text", [LAB_CM, "[0.008094, 0.000943, 5200e-8, 3500e-8, 0.00255, 3000e-8, -50e-8]", LAB_CM.replace(" ", "; ")]
)
def test_seven_numbers_of_the_lab_are_the_tracked_experiment(run: Run, text: str) -> None:
    code, out, _ = run("diagnose", "--only", "bins", text, "--cm")
    assert code == 0
    assert "lab against study lab" in out


def test_curve_file_is_seen_by_both_studies(run: Run, curve_file: Path, tmp_path: Path) -> None:
    code, out, err = run(
        "diagnose", "curve.txt", "--step", "4", "--only", "luck bins", "--json", "r.json", "--out", "report"
    )
    assert (code, err) == (0, "")
    assert "against study measured" in out
    assert "against study lab" in out
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["study"] == "measured"
    assert result["checkpoints"]["ideal"] is None
    assert [s["study"] for s in result["other_studies"]] == ["lab"]
    assert (tmp_path / "report" / "report.html").is_file()
    assert {p.suffix for p in (tmp_path / "report" / "figures").iterdir()} == {".png", ".pdf"}
    assert {"luck", "bins"} <= result.keys()
    assert "neighbours" not in result
    assert (tmp_path / "report" / "figures" / "measured_luck.png").is_file()


def test_paragraph_is_all_that_is_printed(run: Run, tmp_path: Path) -> None:
    code, out, err = run("diagnose", "--paragraph")
    assert (code, err) == (0, "")
    assert out.startswith("For the virtual experiment lab we selected the checkpoint of epoch")
    assert out.endswith(".\n")
    assert max(map(len, out.splitlines())) <= 80
    code, again, err = run("diagnose", "--paragraph", "--only", "decision", "--json", "r.json")
    assert (code, again, err) == (0, out, "JSON: r.json\n")
    result = json.loads((tmp_path / "r.json").read_text())
    assert " ".join(out.split()) == result["decision"]["paragraph"]
    assert "bins" not in result


def test_paragraph_of_a_curve_file_is_of_the_first_study(run: Run, curve_file: Path) -> None:
    code, out, _ = run("diagnose", "curve.txt", "--step", "4", "--paragraph")
    assert code == 0
    assert out.startswith("For the measured curve curve.txt we selected")
    assert "study measured" in " ".join(out.split())
    assert out.count("we selected") == 1


def test_answers_of_the_user_reach_the_decision(run: Run, tmp_path: Path) -> None:
    answers = ["--critical", "--no-several", "--publication"]
    assert run("diagnose", "--only", "decision", *answers, "--json", "r.json")[0] == 0
    found = json.loads((tmp_path / "r.json").read_text())["decision"]
    assert {step["question"]: step["answer"] for step in found["path"] if step["by"] == "you"} == {
        "critical": True,
        "several": False,
        "publication": True,
    }
    assert len(found["recommendations"]) == 1
    code, out, _ = run("diagnose", "--only", "decision")
    assert code == 0
    assert "What to do depends on what only you know" in out


def test_dataset_build_and_show(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("dataset", "build", "d", "--size", "60", "--sampling", "uniform", "--workers", "1")
    assert code == 0
    assert "60 curves" in out
    code, out, _ = run("dataset", "show", "d")
    assert code == 0
    assert "largest relative difference" in out
    code, _, err = run("dataset", "build", "d", "--size", "61")
    assert code == 2
    assert "size = 60 (asked: 61)" in err


def test_warnings_are_one_line_without_code(capsys: pytest.CaptureFixture[str]) -> None:
    before = warnings.showwarning
    with plain_warnings():
        warnings.simplefilter("always")
        warnings.warn("84 strata hold too few combinations", stacklevel=1)
    assert capsys.readouterr().err == "xrdlib: 84 strata hold too few combinations\n"
    assert warnings.showwarning is before


@pytest.mark.slow
def test_study_run_show_check_export(run: Run, tmp_path: Path) -> None:
    text = (reference_study("lab").path / "config.toml").read_text()
    text = text.replace("size = 10000", "size = 200").replace("test_size = 2000", "test_size = 20")
    (tmp_path / "tiny.toml").write_text(text.replace("epochs = 80", "epochs = 2"))
    code, out, _ = run("study", "run", "tiny.toml", "--out", "tiny", "--workers", "1")
    assert code == 0
    assert "2 of 2 epochs" in out
    assert run("study", "show", "tiny")[0] == 0
    code, out, _ = run("study", "check", "tiny")
    assert code == 0
    assert "2 checkpoints" in out
    assert run("study", "export", "tiny", "shipped", "--every", "2")[0] == 0
    assert run("diagnose", "--only", "bins", "--study", "shipped")[0] == 0
    code, _, err = run("study", "export", "tiny", "shipped")
    assert code == 2
    assert "exists already" in err
    code, out, _ = run(
        "study", "repeat", "tiny.toml", "--out", "again", "--seeds", "1", "--order", "1", "--workers", "1"
    )
    assert code == 0
    assert "base, all_1, order_1" in out


@pytest.mark.parametrize(
    ("stopped", "said"),
    [(1, "the curves built so far are kept"), (2, "1 of 3 epochs are kept"), (3, "2 of 3 epochs are kept")],
)
def test_an_interrupted_study_run_says_what_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: int, said: str
) -> None:
    from xrdlib.training import Study, loop

    text = (reference_study("lab").path / "config.toml").read_text()
    text = text.replace("size = 10000", "size = 20").replace("test_size = 2000", "test_size = 4")
    (tmp_path / "tiny.toml").write_text(text.replace("epochs = 80", "epochs = 3"))
    epoch = loop._epoch

    def interrupted(*args: Any) -> Any:
        if args[-1] == stopped:
            raise KeyboardInterrupt
        return epoch(*args)

    monkeypatch.setattr(loop, "_epoch", interrupted)
    command = ("study", "run", "tiny.toml", "--out", "s", "--workers", "1")
    code, out, err = run(*command)
    assert (code, err) == (130, f"xrdlib: interrupted; {said}; the same command goes on\n")
    assert "preparing curves" in out if stopped == 1 else "loss" in out
    assert Study.open(tmp_path / "s", complete=False).n_epochs == stopped - 1
    monkeypatch.setattr(loop, "_epoch", epoch)
    assert "3 of 3 epochs" in run(*command)[1]


def test_an_interrupt_before_there_is_a_study(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from xrdlib.training import loop

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_prepare", interrupted)
    code, _, err = run("study", "run", str(reference_study("lab").path / "config.toml"), "--out", "s")
    assert code == 130
    assert re.fullmatch(r"xrdlib: interrupted; asked again, .*\n", err)


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"xrdlib {xrdlib.__version__}\n", "")


def _bad_file(text: str) -> Callable[[Path], list[str]]:
    def write(folder: Path) -> list[str]:
        (folder / "bad.txt").write_text(text)
        return ["bad.txt", "--step", "4"]

    return write


def _lines(*special: str, n: int = 100) -> str:
    return "\n".join([*["1e-3"] * (n // 2), *special, *["2e-3"] * (n // 2)])


@pytest.mark.parametrize(
    ("arrange", "says"),
    [
        (lambda _: ["missing.txt", "--step", "4"], "no such file"),
        (_bad_file(""), "empty"),
        (_bad_file(_lines("abc")), "'abc'"),
        (_bad_file(_lines("nan")), "nan"),
        (_bad_file(_lines("-3")), "-3"),
        (_bad_file("\n".join(["0"] * 100)), "0"),
        (_bad_file(_lines(n=40)), "at least 50"),
        (lambda f: _bad_file(_lines("5e-3"))(f)[:1], "--step"),
        (lambda _: ["1 2 3 4 5 6"], "6 given"),
        (lambda _: ["1 2 3 4 5 6 7 8"], "8 given"),
        (lambda _: ["0.008 oops 5200 3500 0.0025 3000 -50"], "'oops'"),
        (lambda _: ["0.008 0.001 9200 3500 0.0025 3000 -50"], "L1 = 9200 A is above its maximum 7000 A by 2200 A"),
        (lambda _: ["0.008 0.009 5200 3500 0.0025 3000 -50"], "D01 = 0.009 exceeds Dmax1 = 0.008 by 0.001"),
        (lambda _: ["-0.008 0.001 5200 3500 0.0025 3000 -50"], "Dmax1 = -0.008"),
        (lambda _: ["nobody"], "named ones: lab"),
        (lambda _: ["lab", "--study", "missing"], "no such study folder"),
        (lambda _: ["lab", "--only", "bins,colour"], "sections: colour unknown; there are checkpoints"),
        (lambda _: ["lab", "--nonsense"], "--nonsense"),
        (
            lambda _: ["lab", "--only", "bins", "--no-critical"],
            "--critical: has no meaning without the section decision",
        ),
        (lambda _: ["lab", "--json", "missing/r.json"], "does not exist"),
        (lambda _: ["lab", "--cm"], "--cm: has no meaning for 'lab'"),
        (lambda _: ["lab", "--step", "4"], "--step: has no meaning for 'lab'"),
        (lambda f: [*_bad_file(_lines("5e-3"))(f), "--cm"], "--cm: has no meaning for a curve file"),
        (lambda f: [*_bad_file(_lines("5e-3"))(f), "--columns", "a"], "--columns a"),
        (lambda _: ["0.008 0.001 5200e-8 3500e-8 0.0025 3000e-8 -50e-8"], "for lengths in cm: --cm"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Run, tmp_path: Path, arrange: Callable[[Path], list[str]], says: str
) -> None:
    arguments = arrange(tmp_path)
    before = sorted(tmp_path.iterdir())
    more = [] if "--json" in arguments else ["--json", "result.json"]
    code, out, err = run("diagnose", *arguments, "--out", "report", *more)
    assert code == 2
    assert err.count("\n") == 1
    assert says in err
    assert out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_parameters_outside_go_on_when_asked(run: Run) -> None:
    code, out, _ = run("diagnose", "--only", "bins", "0.008 0.001 9200 3500 0.0025 3000 -50", "--allow-outside")
    assert code == 0
    assert "outside the parameter space" in out


def _damage_weights(folder: Path) -> None:
    epoch = reference_study("lab").final
    (folder / "checkpoints" / f"epoch_{epoch:04d}.safetensors").write_text("not weights")


def _replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))

    return edit


def _truncate(folder: Path) -> None:
    text = (folder / "history.csv").read_text()
    (folder / "history.csv").write_text(text[: len(text) // 2])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_truncate, "history"),
        (_damage_weights, "not a safetensors file"),
        (_replace("config.toml", "epochs = 80", "epochs = 90"), "unfinished"),
        (_replace("config.toml", "epochs = 80", "epochs = 70"), "80 epochs"),
        (_replace("config.toml", "width = 64", "width = 32"), "another configuration, network.width"),
        (_replace("config.toml", "seed = 1", "seeds = 1"), "unknown keys seeds"),
        (lambda folder: shutil.rmtree(folder / "predictions.zarr"), "predictions"),
        (lambda folder: (folder / "config.toml").unlink(), "no config.toml"),
    ],
)
def test_damaged_study_is_one_line(run: Run, tmp_path: Path, damage: Callable[[Path], None], says: str) -> None:
    folder = tmp_path / "study"
    shutil.copytree(reference_study("lab").path, folder)
    damage(folder)
    code, out, err = run("diagnose", "0.008 0.001 5200 3500 0.0025 3000 -50", "--study", "study")
    assert code == 2
    assert err.count("\n") == 1
    assert says in err
    assert out == ""


def test_help_has_an_example_for_every_command(run: Run) -> None:
    for command in (["simulate"], ["diagnose"], ["dataset", "build"], ["study", "run"], ["study", "repeat"]):
        code, out, _ = run(*command, "--help")
        assert code == 0
        assert f"xrdlib {' '.join(command)}" in " ".join(out.split())


def test_the_installed_module_runs() -> None:
    done = subprocess.run([sys.executable, "-m", "xrdlib", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "diagnose" in done.stdout


def test_help_does_not_import_torch() -> None:
    code = "import sys, xrdlib.cli; sys.exit(any(m in sys.modules for m in ('torch', 'numba', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
