"""``xrdlib fit``: what it prints and writes, the JSON's contract, and one clear line for what it cannot use."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest

import xrdlib
from xrdlib.cli import main
from xrdlib.data import LAB_EXPERIMENT, SPACE
from xrdlib.refinement import NUISANCES, Refinement
from xrdlib.simulation import PARAMETERS, Instrument, Scan, simulate

Run = Callable[..., tuple[int, str, str]]

# docs/json.md; a change that readers of it notice needs another schema number
KEYS = {
    "curve",
    "warnings",
    "parameters",
    "sigma",
    "nuisances",
    "nuisance_sigma",
    "at_bound",
    "unidentifiable",
    "not_converged",
    "log10_rmse",
    "log10_rmse_start",
    "start",
    "converged",
    "interrupted",
    "likelihood",
    "counts_per_unit",
    "n_evaluations",
    "seconds",
    "variables",
    "covariance",
    "covariance_white",
    "minima",
    "disorder_fits",
    "sample",
    "profile",
    "model",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the command in a folder of its own, in a terminal of 80 columns; gives code, output and errors."""
    folder = tmp_path_factory.mktemp("fit")

    def call(*arguments: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.chdir(folder)
            patch.setenv("COLUMNS", "80")
            patch.setattr(sys, "argv", ["xrdlib", *arguments])
            with pytest.raises(SystemExit) as stop:
                main()
        return int(stop.value.code or 0), out.getvalue(), err.getvalue()

    call.folder = folder  # type: ignore[attr-defined]
    return call


@pytest.fixture(scope="module")
def folder(run: Run) -> Path:
    """The folder in which the command runs, with the lab's experiment as counts of 240 points."""
    path: Path = run.folder  # type: ignore[attr-defined]
    scan = Scan(-280.0, 6.0, 240)
    counts = simulate(LAB_EXPERIMENT, scan=scan, instrument=Instrument(36.0, 0.2, scale=6e5, background=120.0))
    np.savetxt(path / "a [b].txt", np.c_[scan.angle, np.random.default_rng(0).poisson(counts)])
    return path


@pytest.fixture(scope="module")
def fitted(run: Run, folder: Path) -> tuple[str, str]:
    """What a whole fit prints, and the JSON it wrote."""
    options = ("--fix", "disorder=1", "--fix", "lorentz_fraction=0.2", "--json", "fit.json", "--out", "report")
    code, out, err = run("fit", "a [b].txt", *options)
    assert (code, err) == (0, "")
    return out, (folder / "fit.json").read_text()


def test_prints_reading_table_sentences_and_paths(fitted: tuple[str, str]) -> None:
    lines = fitted[0].splitlines()
    assert lines[0].startswith("MeasuredCurve(file a [b].txt, points 240, angle -28")
    assert "Fit of the curve" in lines
    table = lines[3 : next(i for i, line in enumerate(lines) if line.startswith("- "))]
    assert max(map(len, table)) <= 80
    rows = {line.split()[0]: line.split() for line in table if line.strip()}
    assert set(PARAMETERS) | set(NUISANCES) <= set(rows)
    assert rows["disorder"] == ["disorder", "1", "fixed"]
    assert any(line.startswith("- RMSE of log10 intensity 0.0") for line in lines)
    assert lines[-4:] == [
        "JSON: fit.json",
        "Report: report/report.html",
        "Fit: report/fit.json",
        "Figures: report/figures",
    ]


def test_json_holds_what_the_contract_says(fitted: tuple[str, str]) -> None:
    whole = json.loads(fitted[1], parse_constant=lambda name: pytest.fail(name))
    assert set(whole) == {"schema", "xrdlib_version", "command", "experiment", "fit"}
    assert whole["schema"] == "xrdlib.fit/1"
    assert whole["xrdlib_version"] == xrdlib.__version__
    assert whole["command"].startswith("xrdlib fit 'a [b].txt' --fix disorder=1")
    assert whole["experiment"] == "a [b].txt"
    fit = whole["fit"]
    assert set(fit) == KEYS
    assert list(fit["parameters"]) == list(fit["sigma"]) == list(PARAMETERS)
    assert list(fit["nuisances"]) == list(fit["nuisance_sigma"]) == list(NUISANCES)
    assert fit["variables"] == [*PARAMETERS, *NUISANCES]
    assert fit["converged"] is True
    assert fit["interrupted"] is False
    assert fit["nuisance_sigma"]["disorder"] is None
    assert fit["nuisances"]["lorentz_fraction"] == 0.2
    for key in ("covariance", "covariance_white"):
        matrix = np.array(fit[key], dtype=float)
        assert matrix.shape == (14, 14)
        diagonal = np.sqrt(np.diag(matrix))
        assert np.isnan(diagonal[fit["variables"].index("disorder")])
    sigma = np.sqrt(np.diag(np.array(fit["covariance"], dtype=float)))
    assert sigma[0] == pytest.approx(fit["sigma"]["Dmax1"])
    assert {len(fit["model"][key]) for key in ("angle", "intensity", "measured", "start")} == {240}
    assert set(fit["profile"]) == {"depth", "strain", "sigma"}
    assert set(fit["minima"][0]) == {"parameters", "log10_rmse", "reached_from"}
    assert fit["log10_rmse"] < fit["log10_rmse_start"]
    # what is left is counting noise
    noise = 1 / (np.log(10) * np.sqrt(np.array(fit["model"]["intensity"])))
    assert fit["log10_rmse"] == pytest.approx(np.sqrt(np.mean(noise**2)), rel=0.1)


def test_truth_of_a_counted_curve_is_found(fitted: tuple[str, str]) -> None:
    fit = json.loads(fitted[1])["fit"]
    assert fit["parameters"]["Dmax1"] == pytest.approx(LAB_EXPERIMENT.Dmax1, rel=0.02)
    assert fit["parameters"]["L1"] == pytest.approx(LAB_EXPERIMENT.L1, rel=0.02)
    assert fit["parameters"]["Rp1"] == pytest.approx(LAB_EXPERIMENT.Rp1, rel=0.02)
    assert fit["nuisances"]["fwhm"] == pytest.approx(36, abs=2)


def test_reopened_fit_is_the_same(fitted: tuple[str, str], folder: Path) -> None:
    again = Refinement.open(folder / "fit.json")
    assert again.to_dict() == json.loads(fitted[1])["fit"]
    for sentence in again.sentences:
        assert f"- {sentence}" in fitted[0].splitlines()
    again.save(folder / "again.json", command=json.loads(fitted[1])["command"])
    assert (folder / "again.json").read_text() == fitted[1]


def test_folder_holds_the_same_fit(fitted: tuple[str, str], folder: Path) -> None:
    names = {str(p.relative_to(folder / "report")) for p in (folder / "report").rglob("*") if p.is_file()}
    figures = {f"figures/{stem}.{kind}" for stem in ("fit", "fit_correlation") for kind in ("png", "pdf")}
    assert names == {"fit.json", "report.html"} | figures
    assert (folder / "report" / "fit.json").read_text() == fitted[1]


def test_not_converged_is_no_failure_and_marked(run: Run, folder: Path) -> None:
    code, out, err = run("fit", "a [b].txt", "--max-evaluations", "1", "--json", "short.json")
    assert (code, err) == (0, "")
    assert "Not converged after 1 evaluations: a partial result" in out
    assert json.loads((folder / "short.json").read_text())["fit"]["converged"] is False
    assert Refinement.open(folder / "short.json").converged is False


def test_warnings_of_the_reader_have_their_own_lines(run: Run, folder: Path) -> None:
    angle, counts = np.loadtxt(folder / "a [b].txt").T
    np.savetxt(folder / "flat.txt", np.c_[angle, np.minimum(counts, 2e4)])
    code, out, _ = run("fit", "flat.txt", "--max-evaluations", "1")
    assert code == 0
    assert "warning" not in out.splitlines()[0]
    assert out.splitlines()[1].startswith("warning: ")
    assert "saturated" in out.splitlines()[1]


def test_simulated_curve_is_a_check(run: Run) -> None:
    code, out, err = run("fit", "dense", "--max-evaluations", "2", "--study", "lab")
    assert (code, err) == (0, "")
    assert out.startswith("Simulated curve of dense, a check: 701 points\n")
    assert "- From the parameters that the curve was simulated with: " in out.splitlines()[-1]


def test_what_is_suspicious_about_the_curve_is_said_once_and_kept(run: Run, folder: Path) -> None:
    rows = np.loadtxt(folder / "a [b].txt")
    np.savetxt(folder / "omega.txt", rows[::-1] * (-1, 1))
    options = ("--study", "none", "--random", "1", "--disorder", "even", "--max-evaluations", "2", "--json", "odd.json")
    code, out, err = run("fit", "omega.txt", *options)
    assert (code, err) == (0, "")
    assert out.count("the layer seems to lie at negative angles") == 1
    assert "warning: the layer seems to lie at negative angles; if the axis is omega, give --reverse" in out
    (kept,) = json.loads((folder / "odd.json").read_text())["fit"]["warnings"]
    assert "give reverse=True" in kept
    code, _, err = run("fit", "omega.txt")
    assert (code, err.count("\n")) == (2, 1)
    assert "the axis seems to run the other way; if it is omega, give --reverse (2theta: --two-theta)" in err


def test_virtual_measurement_is_held_against_its_truth(run: Run, folder: Path) -> None:
    parameters = " ".join(map(str, LAB_EXPERIMENT.to_array()))
    assert run("simulate", parameters, "--virtual", "3", "--out", "virtual.txt")[0] == 0
    code, out, err = run("fit", "virtual.txt", "--json", "virtual.json", "--max-evaluations", "5")
    assert (code, err) == (0, "")
    found = Refinement.open(folder / "virtual.json").parameters
    error = 100 * np.abs(found - LAB_EXPERIMENT.to_array()) / SPACE.range
    said = f"{error.mean():.2f} % of range on average, at most {error.max():.2f} % ({PARAMETERS[error.argmax()]})."
    assert f"- From the parameters that the curve was simulated with: {said}" in out.splitlines()


def test_random_starts_and_poisson(run: Run, folder: Path) -> None:
    options = ("--random", "1", "--likelihood", "poisson", "--counts-per-unit", "1", "--max-evaluations", "1")
    code, _, err = run("fit", "a [b].txt", *options, "--json", "poisson.json")
    assert (code, err) == (0, "")
    fit = json.loads((folder / "poisson.json").read_text())["fit"]
    assert (fit["likelihood"], fit["counts_per_unit"]) == ("poisson", 1.0)
    assert "random 1" in fit["not_converged"]


def test_what_cannot_be_used_is_one_line(run: Run, folder: Path) -> None:
    name = "a [b].txt"
    before = (folder / name).read_bytes()
    np.savetxt(folder / "few.txt", np.loadtxt(folder / name)[40:70])
    np.savetxt(folder / "beyond.txt", np.c_[np.loadtxt(folder / name)[60:]])
    (folder / "text.txt").write_text("no curve")
    (folder / "a folder").mkdir()
    for arguments, message in (
        ((), "Missing argument"),
        (("nowhere.txt",), "nowhere.txt: no such file"),
        (("nowhere",), "no such file and no experiment of that name"),
        (("a folder",), "a folder; give the file"),
        (("text.txt",), "text.txt"),
        (("few.txt",), "30 points; at least 50 expected"),
        (("beyond.txt", "--peak", "80"), "does not contain the substrate peak"),
        ((name, "--study", "nowhere"), "nowhere: no such study folder"),
        ((name, "--likelihood", "least"), "'log' or 'poisson' expected"),
        ((name, "--likelihood", "poisson"), "counts_per_unit: the Poisson likelihood needs to know"),
        ((name, "--likelihood", "poisson", "--counts-per-unit", "-1"), "counts_per_unit"),
        ((name, "--disorder", "odd"), "one of even, growing, both, auto"),
        ((name, "--fix", "fwhm"), "NAME=VALUE expected"),
        ((name, "--fix", "fwhm=wide"), "NAME=VALUE expected"),
        ((name, "--fix", "L1=5000"), "L1 unknown; there are scale"),
        ((name, "--fix", "fwhm=nan"), "fwhm"),
        ((name, "--fix", "fwhm=30", "--fix", "fwhm=31"), "fixed twice"),
        ((name, "--max-evaluations", "0"), "max-evaluations"),
        ((name, "--random", "-1"), "random"),
        ((name, "--cm"), "--cm: has no meaning for a curve file"),
        (("lab", "--step", "4"), "--step: has no meaning for 'lab'"),
        ((name, "--json", "no/fit.json"), "the folder no does not exist"),
        ((name, "--json", name), "the curve's own file"),
        ((name, "--json", "a folder"), "a folder; a file expected"),
        ((name, "--out", name), "a file, not a folder"),
    ):
        code, _, err = run("fit", *arguments)
        assert code == 2, arguments
        assert message in err, arguments
        assert err.count("\n") == 1
    assert (folder / name).read_bytes() == before


def test_what_is_no_fit_is_not_opened(folder: Path) -> None:
    for text in ("", "[]", "{}", '{"schema": "xrdlib.show/1"}', '{"schema": "xrdlib.fit/1", "fit": {}}'):
        (folder / "other.json").write_text(text)
        with pytest.raises(ValueError, match=r"other\.json: no fit that xrdlib saved"):
            Refinement.open(folder / "other.json")
    with pytest.raises(ValueError, match="no fit that xrdlib saved"):
        Refinement.open(folder / "nowhere.json")


def test_without_a_network_and_beside_what_is_true(run: Run) -> None:
    options = ("--study", "none", "--random", "1", "--disorder", "even", "--max-evaluations", "40")
    code, out, err = run("fit", "lab", *options)
    assert (code, err) == (0, "")
    assert "of its start (random 1)" in out
    assert "Parameters that the curve was made of" in out
    assert [line.split()[1] for line in out.splitlines() if line.strip().startswith("Dmax1  ")] == ["8.094e-3"]
    code, _, err = run("fit", "lab", "--study", "none", "--random", "0")
    assert (code, "random: 0 given, one or more expected" in err) == (2, True)
