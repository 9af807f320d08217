"""Print docs/performance.md: every table measured here and now, on standard output; progress on standard error.

``python benchmarks/report.py [--quick] [--only SECTIONS] [--figures DIR] [--out PAGE]``; ``make bench``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: linear algebra does not share a core with the kernel

import of_commands
import of_data
import of_kernels
from measuring import ROOT, Effort, machine, say

HEAD = """# Performance

Printed by `make bench` (`python benchmarks/report.py`): every number was measured in one run, on the machine below. No
test asserts a time. One part alone is `python benchmarks/report.py --only kernel`, and `pytest benchmarks` has more.
Times are the lowest of some rounds after a warm-up unless it says otherwise. Core-milliseconds (core-ms) are those of
one core.

"""
SECTIONS = {
    "kernel": of_kernels.kernel,
    "scaling": of_kernels.scaling,
    "derivatives": of_kernels.derivatives,
    "start": of_commands.start,
    "data": of_data.data,
    "training": of_data.training,
    "diagnostics": of_data.diagnostics,
    "commands": of_commands.commands,
}


def main() -> None:
    """Measure the sections that are asked for, and print them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="next to nothing, to see that it runs; prints no page")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"of {', '.join(SECTIONS)}")
    parser.add_argument("--figures", type=Path, help="folder of the figures, by default docs/figures")
    parser.add_argument("--out", type=Path, help="file that is written beside printing")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := set(names) - set(SECTIONS):
        parser.error(f"--only {', '.join(sorted(unknown))}: {', '.join(SECTIONS)} expected")
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        default = Path(folder) if arguments.quick else ROOT / "docs" / "figures"
        effort = Effort(arguments.quick, arguments.figures or default)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = [machine(), *(SECTIONS[name](effort) for name in names)]
    page = HEAD + "\n".join(parts)
    page = re.sub(r"\n{3,}", "\n\n", page).rstrip() + "\n"
    sys.stdout.write(page)
    if arguments.out is not None:
        arguments.out.write_text(page, encoding="utf-8")
    say(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
