"""What is quick to start stays so: no heavy package is imported before it is wanted. No time is asserted."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "numba", "matplotlib", "pandas", "xarray", "zarr", "scipy", "seaborn", "ipywidgets")


def loaded_after(code: str) -> set[str]:
    """Packages that a fresh process has imported once it has run the code."""
    code += "\nprint('\\nLOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}"], capture_output=True, text=True, check=True)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("LOADED ")
    return set(last.split()[1:])


def test_the_package_alone() -> None:
    loaded = loaded_after("import xrdlib")
    assert {"xrdlib", "numpy"} <= loaded
    assert not loaded & {*HEAVY, "typer", "rich"}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["diagnose", "--help"], ["study", "run", "--help"]], ids=" ".join
)
def test_help(arguments: list[str]) -> None:
    code = (
        f"import xrdlib.cli\nsys.argv = {['xrdlib', *arguments]!r}\n"
        "try:\n    xrdlib.cli.main()\nexcept SystemExit as done:\n    assert not done.code"
    )
    assert not loaded_after(code) & set(HEAVY)


def test_a_curve_needs_numba_and_nothing_of_learning() -> None:
    loaded = loaded_after("import xrdlib\nxrdlib.simulate([0.008, 0.001, 5200, 3500, 0.0025, 3000, -50])")
    assert "numba" in loaded
    assert not loaded & {"torch", "pandas", "matplotlib", "zarr"}
