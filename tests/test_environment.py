"""pyproject.toml, constraints.txt and environment.yml name the same packages in the same versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
IN_CONDA = ("lab", "test")  # extras that environment.yml covers
LOCKED = ("lab", "test", "cluster", "docs", "dev")  # extras that constraints.txt covers
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base", "seaborn": "seaborn-base"}

Files = dict[str, str]


@pytest.fixture
def files() -> Files:
    return {name: (ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "constraints.txt", "environment.yml")}


def requirements(pyproject: str, extras: tuple[str, ...]) -> dict[str, Requirement]:
    """Direct dependencies, those of ``extras`` included, by canonical name."""
    project = tomllib.loads(pyproject)["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def pins(constraints: str) -> tuple[dict[str, str], list[str]]:
    """Version of every pinned package by canonical name, and the lines that are not NAME==VERSION."""
    lines = [line for raw in constraints.splitlines() if (line := raw.split("#")[0].strip())]
    matches = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.]+)", line) for line in lines]
    strange = [line for line, match in zip(lines, matches, strict=True) if match is None]
    return {canonicalize_name(m[1]): m[2] for m in matches if m}, strange


def disagreements(files: Files) -> list[str]:
    """One line for everything in which the three files contradict each other."""
    locked, found = pins(files["constraints.txt"])
    found = [f"constraints.txt: {line!r} is not NAME==VERSION" for line in found]

    for name, requirement in requirements(files["pyproject.toml"], LOCKED).items():
        if name not in locked:
            found.append(f"constraints.txt: {name} is missing")
        elif locked[name] not in requirement.specifier:
            found.append(f"constraints.txt: {name} {locked[name]} is outside pyproject.toml's {requirement}")

    wanted = {CONDA_NAMES.get(name, name): locked.get(name) for name in requirements(files["pyproject.toml"], IN_CONDA)}
    conda = conda_pins(files["environment.yml"])
    for name in sorted(wanted.keys() | conda.keys()):
        if name not in conda:
            found.append(f"environment.yml: {name} is missing")
        elif name not in wanted:
            found.append(f"environment.yml: {name} is not among the dependencies of pyproject.toml")
        elif conda[name] != wanted[name]:
            found.append(f"environment.yml: {name} {conda[name]}, but {wanted[name]} in constraints.txt")
    return found


def conda_pins(environment: str) -> dict[str, str | None]:
    """Version (None without one) of every package in environment.yml but python, pip and xrdlib."""
    entries = yaml.safe_load(environment)["dependencies"]
    parts = [entry.partition("=") for entry in entries if isinstance(entry, str)]
    parts += [line.partition("==") for entry in entries if isinstance(entry, dict) for line in entry["pip"]]
    return {name: version or None for name, _, version in parts if name not in ("python", "pip", "-e .")}


def test_files_agree(files: Files) -> None:
    assert disagreements(files) == []


def test_conda_installs_the_package_itself_with_the_oldest_python(files: Files) -> None:
    entries = yaml.safe_load(files["environment.yml"])["dependencies"]
    oldest = tomllib.loads(files["pyproject.toml"])["project"]["requires-python"].removeprefix(">=")
    assert f"python={oldest}" in entries
    assert "-e ." in entries[-1]["pip"]


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("environment.yml", "- numpy=", "- numpy=1", "environment.yml: numpy"),
        ("environment.yml", "  - pytorch=", "  - torch=", "environment.yml: pytorch is missing"),
        ("environment.yml", "  - pip\n", "  - pip\n  - dask=1.0\n", "environment.yml: dask is not among"),
        ("environment.yml", "types-seaborn==", "types-seaborn==1", "environment.yml: types-seaborn"),
        ("constraints.txt", "torch==2", "torch==1", "constraints.txt: torch 1"),
        ("constraints.txt", "pre_commit==", "post_commit==", "constraints.txt: pre-commit is missing"),
        ("constraints.txt", "rich==", "rich>=", "constraints.txt: 'rich>="),
        ("pyproject.toml", '"typer>=', '"typer>=100', "constraints.txt: typer"),
        ("pyproject.toml", "lab = [", 'lab = ["bqplot", ', "environment.yml: bqplot is missing"),
        ("pyproject.toml", '"nbval>=0.11",', "", "environment.yml: nbval is not among"),
    ],
)
def test_a_disagreement_is_found(files: Files, name: str, old: str, new: str, expected: str) -> None:
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)
    assert any(line.startswith(expected) for line in disagreements(files))


def test_one_version() -> None:
    import xrdlib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert xrdlib.__version__ == declared
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"] == declared
